import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StrategyItem } from '../../../simulator/ecs/records.ts';
import { nextProvider } from '../../../simulator/ecs/strategy.ts';
import { strategy } from './fleet.ts';

/** How many of `count` tasks each provider gets, beginning from what it has. */
function split(items: readonly StrategyItem[], count: number, has: Record<string, number> = {}) {
  const counts = new Map(Object.entries(has));
  for (let number = 0; number < count; number++) {
    const provider = nextProvider(items, counts);
    counts.set(provider, (counts.get(provider) ?? 0) + 1);
  }
  return Object.fromEntries(counts);
}

const itemsOf = (...items: readonly string[]) =>
  strategy(...items).capacityProviderStrategy as StrategyItem[];

describe('a strategy over capacity providers (D-4.44)', () => {
  it.each([
    [['a:1', 'b:1'], 10, { a: 5, b: 5 }],
    [['a:1', 'b:4'], 10, { a: 2, b: 8 }],
    [['a:1', 'b:4'], 5, { a: 1, b: 4 }],
    [['a:1:3', 'b:1'], 3, { a: 3 }],
    [['a:1:2', 'b:1'], 10, { a: 6, b: 4 }],
    [['a:0:2', 'b:1'], 5, { a: 2, b: 3 }],
    [['a:0', 'b:1'], 4, { b: 4 }],
    [['a:1'], 3, { a: 3 }],
  ])('%j gives %i tasks to %j (D-4.34, D-4.35, D-11.9)', (items, count, expected) => {
    expect(split(itemsOf(...items), count)).toEqual(expected);
  });

  it('fills up what a provider lacks of its base and of its share', () => {
    expect(split(itemsOf('a:1:2', 'b:1'), 3, { b: 4 })).toEqual({ a: 3, b: 4 });
    expect(split(itemsOf('a:1', 'b:1'), 2, { a: 4, b: 1 })).toEqual({ a: 4, b: 3 });
  });

  it('gives every task away, the base first, and strays from a fair share by no more than the weight (D-10.13)', () => {
    const weight = fc.integer({ min: 0, max: 5 });
    const item = fc.record({ weight, base: fc.constant(0) });
    const anyItems = fc
      .tuple(fc.array(item, { minLength: 1, maxLength: 4 }), fc.nat(3), fc.integer({ min: 0, max: 6 }))
      .map(([all, at, base]) =>
        all.map((each, index) => ({
          capacityProvider: `p${index}`,
          weight: each.weight,
          base: index === at % all.length ? base : 0,
        })),
      )
      .filter((items) => items.some((each) => each.weight > 0));
    fc.assert(
      fc.property(anyItems, fc.nat(40), (items, count) => {
        const counts = split(items, count);
        const total = Object.values(counts).reduce((sum, each) => sum + each, 0);
        expect(total).toBe(count);
        const weights = items.reduce((sum, each) => sum + each.weight, 0);
        const base = items.find((each) => each.base > 0);
        const based = Math.min(base?.base ?? 0, count);
        if (base) expect(counts[base.capacityProvider] ?? 0).toBeGreaterThanOrEqual(based);
        for (const each of items) {
          const own = (counts[each.capacityProvider] ?? 0) - (each === base ? based : 0);
          const fair = ((count - based) * each.weight) / weights;
          expect(Math.abs(own - fair)).toBeLessThanOrEqual(Math.max(1, each.weight));
        }
      }),
    );
  });
});
