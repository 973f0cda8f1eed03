import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A rule broken in a file. */
export interface Change {
  readonly file: string;
  /** Text that stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** Makes the changes in a copy of the project; gives what undoes them. Throws where a text does not stand there once. */
export function change(copy: string, changes: readonly Change[]): () => void {
  const originals = new Map<string, string>();
  const undo = () => {
    for (const [path, text] of originals) writeFileSync(path, text);
  };
  for (const { file, find, replace } of changes) {
    const path = join(copy, file);
    const text = readFileSync(path, 'utf8');
    if (!originals.has(path)) originals.set(path, text);
    const found = text.split(find).length - 1;
    if (found !== 1) {
      undo();
      throw new Error(`${file} holds the text to break ${found} times, not once: ${find}`);
    }
    writeFileSync(
      path,
      text.replace(find, () => replace),
    );
  }
  return undo;
}
