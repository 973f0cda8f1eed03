import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pace } from '../../../lib/aws/pace.ts';
import { Throttled } from '../../../lib/errors.ts';
import { noon } from '../fixtures.ts';

/** A clock that is moved by hand, and how long turns made somebody wait. */
function clock() {
  let now = noon.getTime();
  const slept: number[] = [];
  return {
    platform: {
      now: () => new Date(now),
      sleep: async (milliseconds: number) => void slept.push(milliseconds),
    },
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    slept,
  };
}

const allowance = { burst: 3, perSecond: 10 };

describe('a pace', () => {
  it('lets the burst pass at once, and spaces out what comes after it', async () => {
    const { platform, slept } = clock();
    const pace = new Pace(platform, allowance, 1000);
    for (let call = 0; call < 6; call++) await pace.turn();
    expect(slept).toEqual([100, 200, 300]);
  });

  it('has its burst again after a time without calls, and no more than that', async () => {
    const { platform, slept, pass } = clock();
    const pace = new Pace(platform, allowance, 1000);
    for (let call = 0; call < 3; call++) await pace.turn();
    pass(3600);
    for (let call = 0; call < 4; call++) await pace.turn();
    expect(slept).toEqual([100]);
  });

  it('refuses at once what would have to wait for longer than its patience, and that takes no turn', async () => {
    const { platform, slept } = clock();
    const pace = new Pace(platform, allowance, 150);
    for (let call = 0; call < 4; call++) await pace.turn();
    await expect(pace.turn()).rejects.toThrow(Throttled);
    await expect(pace.turn()).rejects.toThrow(Throttled);
    expect(slept).toEqual([100]);
  });

  it('has no burst and half of the rate when AWS throttles, once a second at most', async () => {
    const { platform, slept } = clock();
    const pace = new Pace(platform, allowance, 10_000);
    pace.slowDown();
    pace.slowDown();
    await pace.turn();
    expect(slept).toEqual([200]);
  });

  it('becomes faster again by a call a second each second, as fast as before', async () => {
    const { platform, slept, pass } = clock();
    const pace = new Pace(platform, { burst: 0, perSecond: 10 }, 10_000);
    pace.slowDown();
    pass(2.5);
    await pace.turn();
    expect(slept).toEqual([Math.ceil(1000 / 7.5)]);
    pass(60);
    pace.slowDown();
    pass(60);
    await pace.turn();
    expect(slept.at(-1)).toBe(100);
  });

  it('never comes to a stop', async () => {
    const { platform, slept, pass } = clock();
    const pace = new Pace(platform, { burst: 0, perSecond: 10 }, 10_000);
    for (let second = 0; second < 60; second++) {
      pace.slowDown();
      pass(0.999);
    }
    await pace.turn();
    expect(slept.at(-1)).toBeLessThanOrEqual(1000);
  });

  it('never lets more calls begin than its bucket holds, whenever they are asked for', async () => {
    const pauses = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(pauses, async (list) => {
        const { platform, slept, pass } = clock();
        const pace = new Pace(platform, allowance, Number.POSITIVE_INFINITY);
        const begins: number[] = [];
        for (const milliseconds of list) {
          pass(milliseconds / 1000);
          const before = slept.length;
          await pace.turn();
          begins.push(platform.now().getTime() + (slept.length > before ? (slept.at(-1) ?? 0) : 0));
        }
        for (const [i, from] of begins.entries())
          for (const [j, to] of begins.slice(i).entries())
            expect(j + 1).toBeLessThanOrEqual(
              allowance.burst + (allowance.perSecond * (to - from)) / 1000 + 1e-6,
            );
      }),
    );
  });
});
