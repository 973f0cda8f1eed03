import { cpSync, mkdtempSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's own directory. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** What is made from the project, or fetched for it, and not written by anybody. */
const made = new Set(['node_modules', 'dist', '.git', '.serverless', '.demo', 'release', 'coverage']);

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

/** A copy of the project in a new directory, the installed packages linked in; whoever asks removes it. */
export function copyOfProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'ecs-steward-copy-'));
  for (const file of writtenFiles()) cpSync(join(root, file), join(copy, file));
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  return copy;
}
