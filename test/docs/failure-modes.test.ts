import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { textOf, writtenFiles } from '../files.ts';

const page = 'docs/failure-modes.md';
/** Those of capacity (36 to 43) are not about instances that leave. */
const numbers = [...Array.from({ length: 35 }, (_, at) => at + 1), 44];

/** A test that a row names: its file, and how its name begins after the number. */
interface Shown {
  readonly file: string;
  readonly name: string;
}

const rows = textOf(page)
  .split('\n')
  .filter((line) => /^\| F\d/.test(line))
  .map((line) => line.split('|').map((cell) => cell.trim()))
  .map(([, number = '', wrong = '', here = '', shown = '']) => ({
    number: Number(number.slice(1)),
    wrong,
    here,
    shown: shown.split('<br>').map(shownBy),
  }));

function shownBy(text: string): Shown {
  const [, path = '', name = ''] = /^\[[\w-]+\]\((\S+)\): (.+)$/.exec(text) ?? [];
  return { file: posix.join('docs', path), name };
}

/** The tests of the project that carry a number, by `F7: ` at the beginning of their names. */
const tests = writtenFiles('test')
  .filter((path) => path.endsWith('.test.ts') && !path.startsWith('test/docs/'))
  .flatMap((file) =>
    [...textOf(file).matchAll(/(?<=['"`])F(\d+): ([^\n]*)/g)].map(([, number, name = '']) => ({
      number: Number(number),
      file,
      name,
    })),
  );

describe('docs/failure-modes.md', () => {
  it('has a row for every number, once, in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(numbers);
  });

  it.each(rows)('says of F$number what goes wrong and what happens here', ({ wrong, here }) => {
    expect(wrong).toMatch(/^[A-Z].{15,}\.$/);
    expect(here).toMatch(/^[A-Z`].{15,}\.$/);
  });

  it.each(rows)('names tests of F$number that there are', ({ number, shown }) => {
    expect(shown.length).toBeGreaterThan(0);
    const isThere = (one: Shown) =>
      one.name !== '' &&
      tests.some(
        (test) => test.number === number && test.file === one.file && test.name.startsWith(one.name),
      );
    expect(shown.filter((one) => !isThere(one))).toEqual([]);
  });

  it('names every test that has a number', () => {
    const isNamed = ({ number, file, name }: (typeof tests)[number]) =>
      rows.some(
        (row) =>
          row.number === number && row.shown.some((one) => one.file === file && name.startsWith(one.name)),
      );
    expect(tests.filter((test) => !isNamed(test))).toEqual([]);
  });
});
