import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's own directory. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** What is made from the project, or fetched for it, and not written by anybody. */
const made = new Set(['node_modules', 'dist', '.git', '.serverless', '.demo', 'coverage']);

/** Every file of the project that somebody wrote, as a path from its root, sorted. */
export function writtenFiles(under = ''): string[] {
  return readdirSync(join(root, under), { withFileTypes: true })
    .filter((entry) => !made.has(entry.name))
    .flatMap((entry) => {
      const path = under === '' ? entry.name : `${under}/${entry.name}`;
      return entry.isDirectory() ? writtenFiles(path) : [path];
    })
    .sort();
}

/** The text of a file of the project. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}
