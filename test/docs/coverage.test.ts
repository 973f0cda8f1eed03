import { describe, expect, it } from 'vitest';
import { textOf, writtenFiles } from '../files.ts';

/** How many facts there are in each section that says how AWS behaves, and those whose number ends in a letter. */
const sections = { 1: 35, 2: 49, 3: 34, 4: 47, 6: 24, 7: 13, 8: 12, 9: 73 } as const;
const lettered = {
  '1.10': 'abcdefghi',
  '1.17': 'abcdefghijklmno',
  '2.15': 'bc',
  '2.41': 'ab',
  '2.42': 'a',
} as const;
const numbers = Object.entries(sections)
  .flatMap(([section, count]) => Array.from({ length: count }, (_, at) => `${section}.${at + 1}`))
  .concat(Object.entries(lettered).flatMap(([number, letters]) => [...letters].map((one) => number + one)));

/** `NUMBER | FILE | NAME`: a test shows the fact. */
interface Shown {
  readonly number: string;
  readonly file: string;
  readonly name: string;
}

const [, ...lines] = textOf('test/docs/coverage.txt')
  .trimEnd()
  .split(/\n+(?=\d)/);
const shown: readonly Shown[] = lines
  .filter((line) => line.includes(' | '))
  .map((line) => line.split(' | '))
  .map(([number = '', file = '', name = '']) => ({ number, file, name }));
const untold = lines
  .filter((line) => !line.includes(' | '))
  .map((line) => line.split(' - '))
  .map(([number = '', why = '']) => ({ number, why }));

const files = new Set(writtenFiles());
const facts = new Set([...textOf('docs/aws-facts.md').matchAll(/^\| D-(\S+) \|/gm)].map(([, id]) => id));

/** A test with its name and body, and the names of what it stands in. */
interface Block {
  readonly text: string;
  readonly within: readonly string[];
}

/** The tests of a file, by the indentation that the formatter gives them. */
function blocksOf(text: string): Block[] {
  const all = text.split('\n');
  const indent = (line: string) => line.length - line.trimStart().length;
  return all.flatMap((line, at) => {
    if (!/^ *it[.(]/.test(line)) return [];
    const length = all
      .slice(at)
      .findIndex((end, more) => more > 0 && indent(end) === indent(line) && /^ *[})]/.test(end));
    const before = all.slice(0, at);
    const within = before.filter((head, own) => {
      const isOpen = !before
        .slice(own + 1)
        .some((end) => end.trim() !== '' && indent(end) <= indent(head) && /^ *\}\)/.test(end));
      return /^ *describe[.(]/.test(head) && indent(head) < indent(line) && isOpen;
    });
    return [{ text: all.slice(at, at + Math.max(length, 0) + 1).join('\n'), within }];
  });
}

/** Why a test does not show a fact; undefined: it does. A name stands at the beginning of a line, behind `it(` or a bracket. */
function whyNot({ number, file, name }: Shown): string | undefined {
  if (!files.has(file)) return `there is no file ${file}`;
  const isName = (line: string) => /^ *(it(\.\w+)?\(|\]\)\(|\[|['"`])/.test(line) && line.includes(name);
  const named = blocksOf(textOf(file)).filter(({ text }) => text.split('\n').some(isName));
  if (name === '' || named.length === 0) return `${file} has no test "${name}"`;
  const cites = new RegExp(`\\bD-${number.replace('.', '\\.')}\\b`);
  const isCited = named.some(
    ({ text, within }) => cites.test(text) || within.some((head) => cites.test(head)),
  );
  return isCited ? undefined : `"${name}" in ${file} does not cite D-${number}`;
}

describe('every fact about how AWS behaves', () => {
  it('has a test, or a reason for none, and not both', () => {
    const named = [...shown, ...untold].map(({ number }) => number);
    expect(named.toSorted()).toEqual(numbers.toSorted());
  });

  it('lists every fact of these sections that docs/aws-facts.md has', () => {
    const named = new Set([...shown, ...untold].map(({ number }) => number));
    const inSections = [...facts].filter((id = '') => (id.split('.')[0] ?? '') in sections);
    expect(inSections.length).toBeGreaterThan(200);
    expect(inSections.filter((id = '') => !named.has(id))).toEqual([]);
  });

  it.each(shown)('D-$number is shown where the list says, and stands in docs/aws-facts.md', (row) => {
    expect(whyNot(row)).toBeUndefined();
    expect(facts.has(row.number)).toBe(true);
  });

  it.each(untold)('D-$number has a reason for being shown nowhere', ({ why }) => {
    expect(why.length).toBeGreaterThan(20);
  });
});

describe('a row of the list', () => {
  const good: Shown = {
    number: '2.31',
    file: 'test/simulator/ecs/operations/tasks.test.ts',
    name: 'never finds anything',
  };

  it('is right when its test is there and cites the fact', () => {
    expect(whyNot(good)).toBeUndefined();
  });

  it.each<[Partial<Shown>, string]>([
    [{ file: 'test/simulator/ecs/none.test.ts' }, 'there is no file'],
    [{ name: 'never finds nothing' }, 'has no test "never finds nothing"'],
    [{ name: "one.list('i-1', 'PENDING')" }, 'has no test'],
    [{ number: '2.30' }, 'does not cite D-2.30'],
    [{ number: '2.3' }, 'does not cite D-2.3'],
  ])('is found out with %j', (more, why) => {
    expect(whyNot({ ...good, ...more })).toContain(why);
  });
});
