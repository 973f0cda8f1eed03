import { describe, expect, it } from 'vitest';
import { textOf } from '../files.ts';
import { planOf } from './plan.ts';
import { planted } from './planted.ts';

describe('what `npm run storms -- --planted` breaks', () => {
  it('is twenty-five things at least, each another', () => {
    expect(new Set(planted.map(({ broken }) => broken)).size).toBeGreaterThanOrEqual(25);
    expect(new Set(planted.map(({ changes }) => JSON.stringify(changes))).size).toBe(planted.length);
  });

  it.each(planted.map((bug) => [bug.broken, bug] as const))(
    'is written once where it says, and makes a difference to some storm: %s',
    (_, { changes, matters }) => {
      for (const { file, find, replace } of changes) {
        expect(textOf(file).split(find)).toHaveLength(2);
        expect(replace).not.toBe(find);
      }
      const plans = Array.from({ length: 200 }, (_, i) => planOf(i + 1, 'small'));
      expect(plans.some((plan) => matters?.(plan) ?? true)).toBe(true);
    },
  );

  it('stands in docs/storms.md, one row each', () => {
    const rows = [
      ...textOf('docs/storms.md').matchAll(/^\| ([A-Za-z].*?) \| (?:\d+|more than \d+|not yet) \|/gm),
    ];
    expect(rows.map(([, broken]) => broken).sort()).toEqual(planted.map(({ broken }) => broken).sort());
  });
});
