import { describe, expect, it } from 'vitest';
import { inParallel } from '../../lib/parallel.ts';

describe('inParallel', () => {
  it('works on every item, never on more at once than allowed', async () => {
    const done: number[] = [];
    let working = 0;
    let most = 0;
    await inParallel([1, 2, 3, 4, 5, 6, 7], 3, async (item) => {
      most = Math.max(most, ++working);
      await Promise.resolve();
      working--;
      done.push(item);
    });
    expect(done.toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(most).toBe(3);
  });

  it('rejects with the first error and begins nothing more', async () => {
    const begun: number[] = [];
    const run = inParallel([1, 2, 3, 4], 1, async (item) => {
      begun.push(item);
      if (item === 2) throw new Error('two');
    });
    await expect(run).rejects.toThrow('two');
    expect(begun).toEqual([1, 2]);
  });

  it('lets what was begun end, and begins nothing more, after an error elsewhere', async () => {
    const begun: number[] = [];
    const run = inParallel([1, 2, 3, 4], 2, async (item) => {
      begun.push(item);
      if (item === 1) throw new Error('one');
      await Promise.resolve();
      await Promise.resolve();
    });
    await expect(run).rejects.toThrow('one');
    await new Promise(setImmediate);
    expect(begun).toEqual([1, 2]);
  });

  it('has nothing to do for nothing', async () => {
    await expect(inParallel([], 5, async () => {})).resolves.toBeUndefined();
  });
});
