import { describe, expect, it } from 'vitest';
import { textOf, writtenFiles } from '../files.ts';

const page = 'docs/aws-facts.md';
const idPattern = /\bD-\d+\.\d+[a-z]?\b/g;
const sureness = ['documented', 'observed by others', 'from memory', 'our choice'];

/** Rows of the table: id, fact, how sure, source. */
const rows = textOf(page)
  .split('\n')
  .filter((line) => /^\| D-/.test(line))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()))
  .map(([, id = '', fact = '', sure = '', source = '']) => ({ id, fact, sure, source }));

const ids = rows.map(({ id }) => id);

/** Where each id is cited, the page itself apart. */
const citations = new Map<string, string[]>();
for (const path of writtenFiles().filter((name) => /\.(ts|mjs|md|ya?ml|txt)$/.test(name) && name !== page))
  for (const [id] of textOf(path).matchAll(idPattern))
    citations.set(id, [...new Set([...(citations.get(id) ?? []), path])]);

describe('docs/aws-facts.md', () => {
  it('has every fact that is cited', () => {
    const missing = [...citations].filter(([id]) => !ids.includes(id));
    expect(missing.map(([id, paths]) => `${id} is cited in ${paths.join(', ')}`).sort()).toEqual([]);
  });

  it('has no fact that nobody cites', () => {
    expect(ids.filter((id) => !citations.has(id))).toEqual([]);
  });

  it('has each fact once, in order', () => {
    const number = (id: string) => /^D-(\d+)\.(\d+)([a-z]?)$/.exec(id)?.slice(1) ?? [];
    const sorted = [...new Set(ids)].sort((one, other) => {
      const [a = '', b = '', c = ''] = number(one);
      const [x = '', y = '', z = ''] = number(other);
      return Number(a) - Number(x) || Number(b) - Number(y) || c.localeCompare(z);
    });
    expect(ids).toEqual(sorted);
  });

  it.each(rows)('says of $id what it is, how sure it is and where that is from', ({ fact, sure, source }) => {
    expect(fact).toMatch(/^.{20,}\.$/);
    expect(sureness).toContain(sure);
    expect(source).toMatch(/^<https:\/\/\S+>$/);
  });
});
