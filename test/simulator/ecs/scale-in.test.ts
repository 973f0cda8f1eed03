import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextProvider, overload } from '../../../simulator/ecs/strategy.ts';
import { fargateService, providers, running, shares, strategy } from './fleet.ts';
import { Scene } from './scene.ts';

const ids = ['i-1', 'i-2', 'i-3'] as const;
const zone = { type: 'spread', field: 'attribute:ecs.availability-zone' };
const rack = { type: 'spread', field: 'attribute:rack' };
const instance = { type: 'spread', field: 'instanceId' };

/**
 * `i-1` and `i-2` are in zone a, `i-3` in zone b; `i-2` is in rack x, the others in rack y; they have 4,096, 2,560 and 3,584 MiB.
 * The service `web` has as many tasks of 512 MiB on each as told: only one at a time is open to new tasks.
 */
function scene(places: readonly number[], placementStrategy: readonly object[]) {
  const one = new Scene();
  one.instance('i-1', { memoryMib: 4096 });
  one.instance('i-2', { memoryMib: 2560 });
  one.instance('i-3', { memoryMib: 3584, availabilityZone: 'eu-west-1b' });
  const attribute = (id: string, name: string, value?: string) => ({
    attributes: [{ targetType: 'container-instance', targetId: one.idOf(id), name, value }],
  });
  for (const id of ids) one.call('PutAttributes', attribute(id, 'rack', id === 'i-2' ? 'x' : 'y'));
  one.definition('web');
  const placementConstraints = [{ type: 'memberOf', expression: 'attribute:open exists' }];
  one.service('web', { desiredCount: 0, placementConstraints, placementStrategy });
  let desiredCount = 0;
  for (const [index, id] of ids.entries()) {
    desiredCount += places[index] ?? 0;
    one.call('PutAttributes', attribute(id, 'open'));
    scale(one, desiredCount);
    one.call('DeleteAttributes', attribute(id, 'open'));
  }
  expect(left(one)).toEqual(places);
  return one;
}

function scale(one: Scene, desiredCount: number): void {
  one.call('UpdateService', { service: 'web', desiredCount });
  one.pass(60);
}

const left = (one: Scene) => ids.map((id) => running(one, id));

describe('scaling in', () => {
  it.each([
    ['no strategy takes from the fullest zone, then the fullest instance (D-2.42)', [], [1, 2, 2], [1, 1, 2]],
    [
      'binpack over memory takes from the instance with the most left after it (D-2.42a)',
      [{ type: 'binpack', field: 'memory' }],
      [1, 1, 3],
      [0, 1, 3],
    ],
    [
      'spread over an attribute takes from its fullest value, then by the next strategy (D-2.42a)',
      [rack, instance],
      [1, 2, 2],
      [1, 2, 1],
    ],
    ['spread over instances looks at no zone (D-2.42a)', [instance], [2, 2, 3], [2, 2, 2]],
    [
      'spread over zones, then binpack over CPU takes the least used of the fullest zone (D-2.42a)',
      [zone, { type: 'binpack', field: 'cpu' }],
      [1, 2, 2],
      [0, 2, 2],
    ],
  ])('with %s', (_, strategy, places, expected) => {
    const one = scene(places, strategy);
    scale(one, places.reduce((sum, count) => sum + count, 0) - 1);
    expect(left(one)).toEqual(expected);
  });

  it('with random takes now from here, now from there (D-2.42a)', () => {
    const one = scene([3, 3, 3], [{ type: 'random' }]);
    scale(one, 6);
    expect(left(one)).not.toContain(0);
  });

  it('binpack empties one instance before it takes from the next (D-2.42a)', () => {
    const one = scene([2, 2, 2], [{ type: 'binpack', field: 'memory' }]);
    scale(one, 3);
    expect(left(one)).toEqual([0, 2, 1]);
  });
});

describe('scaling in a service with a capacity provider strategy', () => {
  it.each([
    ['keeps the weights', ['blue:1', 'green:4'], 10, 5, { blue: 1, green: 4 }],
    ['keeps the base to the last', ['blue:0:2', 'green:1'], 6, 3, { blue: 2, green: 1 }],
    ['keeps the base even alone', ['blue:0:2', 'green:1'], 6, 2, { blue: 2 }],
    ['counts weights beyond the base', ['blue:1:2', 'green:1'], 8, 4, { blue: 3, green: 1 }],
  ])('%s (D-4.44)', (_, items, from, to, expected) => {
    const scene = providers({ blue: 2, green: 2 });
    scene.service('web', { ...strategy(...items), desiredCount: from });
    scale(scene, to);
    expect(shares(scene)).toEqual(expected);
  });

  it('takes first from providers that the strategy no longer names (D-4.44)', () => {
    const scene = providers({ blue: 2, green: 2 }, { strategyNeedsForce: false });
    scene.service('web', { ...strategy('blue:1'), desiredCount: 3 });
    scene.call('UpdateService', { service: 'web', ...strategy('green:1'), desiredCount: 5 });
    scene.pass(60);
    expect(shares(scene)).toEqual({ blue: 3, green: 2 });
    scale(scene, 3);
    expect(shares(scene)).toEqual({ blue: 1, green: 2 });
  });

  it('keeps the weights on Fargate, and the zones even within them (D-2.42, D-4.44)', () => {
    const scene = providers();
    const networkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-1', 'subnet-2'] } };
    const more = { ...strategy('FARGATE:1:1', 'FARGATE_SPOT:3'), networkConfiguration, desiredCount: 9 };
    fargateService(scene, more);
    expect(shares(scene)).toEqual({ FARGATE: 3, FARGATE_SPOT: 6 });
    scale(scene, 5);
    expect(shares(scene)).toEqual({ FARGATE: 2, FARGATE_SPOT: 3 });
    const inA = scene.live().filter(({ availabilityZone }) => availabilityZone.endsWith('a')).length;
    expect([2, 3]).toContain(inA);
  });

  it('undoes scaling out, step by step (D-4.44)', () => {
    const item = fc.record({ weight: fc.integer({ min: 1, max: 5 }), base: fc.constant(0) });
    const given = fc.array(item, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        given,
        fc.nat(4),
        fc.integer({ min: 1, max: 30 }),
        fc.nat(29),
        (weights, base, from, less) => {
          const items = weights.map((each, at) => ({
            ...each,
            capacityProvider: `p${at}`,
            base: at ? 0 : base,
          }));
          const out = (count: number) => {
            const counts = new Map<string, number>();
            for (let number = 0; number < count; number++) {
              const next = nextProvider(items, counts);
              counts.set(next, (counts.get(next) ?? 0) + 1);
            }
            return counts;
          };
          const counts = out(from);
          const to = Math.max(1, from - less);
          for (let number = from; number > to; number--) {
            const there = [...counts.keys()].filter((name) => (counts.get(name) ?? 0) > 0);
            const rank = (name: string) => overload(items, counts, name);
            const last = there.toSorted().reduce((best, name) => (rank(name) >= rank(best) ? name : best));
            counts.set(last, (counts.get(last) ?? 0) - 1);
          }
          const ideal = out(to);
          for (const { capacityProvider: name } of items)
            expect(counts.get(name) ?? 0).toBe(ideal.get(name) ?? 0);
        },
      ),
      { numRuns: 500 },
    );
  });
});
