import { describe, expect, it } from 'vitest';
import { running } from './fleet.ts';
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
