import { crc32 } from 'node:zlib';

/**
 * A zip archive of these files, stored as they are.
 *
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function zipOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const name = Buffer.from(path);
    const content = Buffer.from(text);
    // Version, flags, method 0, time and date, checksum, sizes, length of the name, of the extra field.
    const facts = Buffer.concat([
      halves(20, 0, 0, 0, 0x21),
      words(crc32(content), content.length, content.length),
      halves(name.length, 0),
    ]);
    const body = Buffer.concat([words(0x04034b50), facts, name, content]);
    bodies.push(body);
    directory.push(words(0x02014b50), halves(20), facts, halves(0, 0, 0), words(0, offset), name);
    offset += body.length;
  }
  const entries = Buffer.concat(directory);
  const count = bodies.length;
  const end = [words(0x06054b50), halves(0, 0, count, count), words(entries.length, offset), halves(0)];
  return Buffer.concat([...bodies, entries, ...end]);
}

const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
const halves = (...values: number[]) => Buffer.from(Uint16Array.from(values).buffer);
