import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fromBufferPromise } from 'yauzl';

/** What the files of a deployment package may take together (bytes): https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const unzippedBytesMax = 262_144_000;

/**
 * Unpacks a deployment package into `folder`, which exists. Rejects with the reason where it is not an archive that Lambda
 * takes: not a zip, a name that leads out of the folder, too large.
 */
export async function unzip(archive: Uint8Array, folder: string): Promise<void> {
  const zip = await fromBufferPromise(Buffer.from(archive.buffer, archive.byteOffset, archive.byteLength), {
    lazyEntries: true,
  });
  let bytes = 0;
  for await (const entry of zip.eachEntry()) {
    bytes += entry.uncompressedSize;
    if (bytes > unzippedBytesMax)
      throw new Error(`Unzipped size must be smaller than ${unzippedBytesMax} bytes`);
    const path = join(folder, entry.fileName);
    if (entry.fileName.endsWith('/')) {
      await mkdir(path, { recursive: true });
      continue;
    }
    await mkdir(dirname(path), { recursive: true });
    // The upper half are the file's Unix permissions, where the archive has them.
    const mode = (entry.externalFileAttributes >>> 16) & 0o777;
    await pipeline(
      await zip.openReadStreamPromise(entry),
      createWriteStream(path, { mode: mode === 0 ? 0o644 : mode | 0o400 }),
    );
  }
}
