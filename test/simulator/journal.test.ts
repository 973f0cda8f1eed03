import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Account } from '../../simulator/account.ts';
import { Journal } from '../../simulator/journal.ts';

const filled = (count: number, max?: number) => {
  const journal = new Journal<number>(max);
  for (let number = 1; number <= count; number++) journal.add(number);
  return journal;
};

describe('Journal', () => {
  it('keeps everything where nothing else is said', () => {
    const journal = filled(10_000);
    expect(journal.entries).toHaveLength(10_000);
    expect(journal.after(0)).toMatchObject({ missed: false });
    expect(journal.dropped).toBe(0);
  });

  it('never keeps more than its limit, always the newest, each under its own number', () => {
    fc.assert(
      fc.property(fc.nat(60), fc.integer({ min: 1, max: 25 }), fc.nat(60), (count, max, number) => {
        const journal = filled(count, max);
        expect(journal.entries.length).toBeLessThanOrEqual(max);
        expect(journal.entries.length).toBeGreaterThanOrEqual(Math.min(count, Math.floor(max * 0.9)));
        expect(journal.newest).toBe(count);
        const { found, missed } = journal.after(number);
        expect(found.map((each) => each.number)).toEqual(found.map((each) => each.entry));
        expect(found.at(-1)?.number ?? count).toBe(count);
        const expected = Math.max(0, count - number);
        expect(missed).toBe(found.length < expected);
      }),
    );
  });

  it('bounds the log and the calls of an account that is told to', () => {
    const account = new Account({ seed: 1, entriesMax: 20 });
    for (let index = 0; index < 200; index++) account.call('ecs', 'ListClusters', {});
    expect(account.world.log.length).toBeLessThanOrEqual(20);
    expect(account.endpoint.calls.length).toBeLessThanOrEqual(20);
    expect(account.endpoint.journal.newest).toBe(200);
    expect(account.lambda.journal.newest).toBe(0);
  });
});
