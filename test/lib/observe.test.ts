import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newestPerArn, observe, readUntilCurrent, rereadAfterMs } from '../../lib/observe.ts';

describe('observe', () => {
  it.each([
    { event: 5, api: 4, is: 'behind' },
    { event: 5, api: 5, is: 'current' },
    { event: 5, api: 6, is: 'current' },
    { event: 5, api: undefined, is: 'current' },
    { event: undefined, api: 1, is: 'current' },
  ])('an event of version $event and a read of version $api: $is (D-1.3)', ({ event, api, is }) => {
    expect(observe(event, api)).toBe(is);
  });

  it('never calls a read current that is older than its event', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (event, api) => {
        expect(observe(event, api) === 'current').toBe(event <= api);
      }),
    );
  });
});

describe('newestPerArn', () => {
  it('keeps the highest version of each ARN, whatever the order (D-1.5)', () => {
    const event = fc.record({ arn: fc.constantFrom('a', 'b', 'c'), version: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const newest = newestPerArn(events, ({ arn }) => arn);
        expect([...newest.keys()].sort()).toEqual([...new Set(events.map(({ arn }) => arn))].sort());
        for (const [arn, { version }] of newest) {
          const versions = events.filter((one) => one.arn === arn).map((one) => one.version);
          expect(version).toBe(Math.max(...versions));
        }
      }),
    );
  });
});

describe('readUntilCurrent', () => {
  /** Subjects whose n-th read is current; what was read of which subject, and the pauses. */
  async function run(currentAtRead: Record<string, number>) {
    const reads: string[][] = [];
    const slept: number[] = [];
    const counts = new Map<string, number>();
    const sleep = async (milliseconds: number) => void slept.push(milliseconds);
    const read = async (pending: readonly string[]) => {
      reads.push([...pending]);
      for (const subject of pending) counts.set(subject, (counts.get(subject) ?? 0) + 1);
      return (subject: string) => counts.get(subject) ?? 0;
    };
    const { current, behind } = await readUntilCurrent(
      sleep,
      Object.keys(currentAtRead),
      read,
      (subject, count) => (count >= (currentAtRead[subject] ?? 0) ? 'current' : 'behind'),
    );
    return { current: [...current], behind: [...behind], reads, slept };
  }

  it('reads once where everything is current', async () => {
    expect(await run({ a: 1, b: 1 })).toMatchObject({ reads: [['a', 'b']], slept: [], behind: [] });
  });

  it('reads again only about what was behind, after 0.2, 0.4, 0.8 and 1.6 s', async () => {
    const { current, behind, reads, slept } = await run({ a: 1, b: 3, c: 99 });
    expect(reads).toEqual([['a', 'b', 'c'], ['b', 'c'], ['b', 'c'], ['c'], ['c']]);
    expect(slept).toEqual([200, 400, 800, 1600]);
    expect(current).toEqual([
      ['a', 1],
      ['b', 3],
    ]);
    expect(behind).toEqual([['c', 5]]);
    expect(rereadAfterMs).toEqual(slept);
  });

  it('reads nothing about nothing', async () => {
    expect(await run({})).toMatchObject({ reads: [], slept: [] });
  });
});
