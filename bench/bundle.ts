import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Row } from './departures.ts';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Bytes of a module and of all that it imports statically. */
export function closureBytes(path: string, seen = new Set<string>()): number {
  if (seen.has(path)) return 0;
  seen.add(path);
  const source = readFileSync(path, 'utf8');
  const imported = [...source.matchAll(/(?:from|import)"(\.[^"]+)"/g)].map(([, to = '']) =>
    join(dirname(path), to),
  );
  return imported.reduce((sum, one) => sum + closureBytes(one, seen), Buffer.byteLength(source));
}

/** What each function loads before its handler can run. */
export async function bundle(onProgress: (text: string) => void): Promise<Row[]> {
  onProgress('bundling');
  execFileSync(process.execPath, [join(root, 'infra/build.mjs')], { cwd: root });
  return readdirSync(join(root, 'dist')).map((name) => ({
    figure: `static closure of ${name}`,
    value: Math.round(closureBytes(join(root, 'dist', name, 'index.mjs')) / 1024),
    unit: 'KB',
  }));
}
