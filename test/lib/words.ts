import { textOf } from '../files.ts';

/** The words of a union that a file exports, those of the unions in it too: types are gone when tests run. */
export function wordsOf(path: string, type: string): string[] {
  const [, union] = new RegExp(`export type ${type} =([^;]+);`).exec(textOf(path)) ?? [];
  if (union === undefined) throw new Error(`${path} exports no union ${type}`);
  const own = [...union.matchAll(/'([\w-]+)'/g)].map(([, word = '']) => word);
  const inner = [...union.matchAll(/(?<!['\w-])([A-Z]\w+)/g)].map(([, name = '']) => name);
  return [...own, ...inner.flatMap((name) => wordsOf(path, name))];
}

/** The words in backticks of a row of a table on a page, the page from this heading on. */
export function wordsInRow(path: string, heading: string, row: string): string[] {
  const [, part = ''] = textOf(path).split(`\n${heading}\n`);
  const line = part.split('\n').find((one) => one.startsWith(`| \`${row}\` |`));
  if (line === undefined) throw new Error(`${path} has no row ${row} under ${heading}`);
  return [...line.matchAll(/`([\w-]+)`/g)].map(([, word = '']) => word);
}
