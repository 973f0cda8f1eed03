import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Candidate,
  daemonPass,
  type Limits,
  maximumTasks,
  minimumHealthy,
  replicaPass,
} from '../../../simulator/ecs/passes.ts';

const candidate = (more: Partial<Candidate> = {}): Candidate => ({
  taskArn: 'task',
  containerInstanceArn: 'a',
  availabilityZone: 'zone-a',
  isWanted: true,
  isPending: false,
  isHealthy: true,
  isPrimary: true,
  isDraining: false,
  ...more,
});
const several = (count: number, more: Partial<Candidate> = {}, name = 'task') =>
  Array.from({ length: count }, (_, number) => candidate({ ...more, taskArn: `${name}-${number}` }));
const limits = (desiredCount: number, minimumHealthyPercent = 100, maximumPercent = 200): Limits => ({
  desiredCount,
  minimumHealthyPercent,
  maximumPercent,
});

describe('the limits of a service', () => {
  it.each([
    [4, 50, 200, 2, 8],
    [2, 75, 150, 2, 3],
    [3, 100, 125, 3, 3],
    [3, 34, 134, 2, 4],
    [1, 100, 199, 1, 1],
    [0, 100, 200, 0, 0],
  ])('of %i tasks, %i %% and %i %% are %i and %i (D-2.23)', (desired, low, high, fewest, most) => {
    expect(minimumHealthy(limits(desired, low, high))).toBe(fewest);
    expect(maximumTasks(limits(desired, low, high))).toBe(most);
  });
});

describe('replicaPass on unhealthy tasks (D-14.3)', () => {
  const unhealthy = (count: number) => several(count, { isUnhealthy: true, isHealthy: false }, 'ill');
  const fresh = (count: number) => several(count, { isHealthy: false }, 'fresh');

  it.each([
    ['starts replacements before it stops anything', limits(3), [...several(1), ...unhealthy(2)], 0, 2],
    ['waits until a replacement is healthy', limits(2), [...several(1), ...unhealthy(1), ...fresh(1)], 0, 0],
    ['stops one for each healthy replacement', limits(2), [...several(2), ...unhealthy(1)], 1, 0],
    [
      'stops one where the maximum leaves no room',
      limits(3, 100, 100),
      [...several(1), ...unhealthy(2)],
      1,
      0,
    ],
    [
      'stops no second one while the first is stopping',
      limits(3, 0, 100),
      [...several(1), ...unhealthy(1), ...several(1, { isWanted: false }, 'stopping')],
      0,
      0,
    ],
    [
      'stops no second one while the replacement of the first is not healthy',
      limits(3, 0, 100),
      [...several(1), ...unhealthy(1), ...fresh(1)],
      0,
      0,
    ],
    ['starts what the stopped one made room for', limits(2, 100, 100), unhealthy(1), 0, 1],
    ['keeps none beyond the desired count', limits(1), [...several(1), ...unhealthy(2)], 2, 0],
  ])('%s', (_, given, tasks, stopCount, startCount) => {
    const pass = replicaPass(given, tasks);
    expect(pass.stop.map(({ why }) => why)).toEqual(Array(stopCount).fill('unhealthy'));
    expect(pass.stop.every(({ taskArn }) => taskArn.startsWith('ill'))).toBe(true);
    expect(pass.startCount).toBe(startCount);
  });
});

describe('replicaPass on draining tasks', () => {
  const draining = several(4, { isDraining: true });

  it.each([
    ['stops two of four at 50 % and starts four (D-2.19)', limits(4, 50), 2, 4],
    ['stops none at 100 % before replacements are healthy (D-2.18)', limits(4), 0, 4],
    ['stops none and starts none at 100 and 100 (D-2.24)', limits(4, 100, 100), 0, 0],
    ['starts as many as the maximum leaves room for (D-2.22)', limits(4, 100, 150), 0, 2],
    ['stops all at 0 %', limits(4, 0), 4, 4],
    ['may stop none of two at 75 % (D-2.23)', limits(4, 76), 0, 4],
  ])('%s', (_, given, stopCount, startCount) => {
    const pass = replicaPass(given, draining);
    expect(pass.stop.length).toBe(stopCount);
    expect(pass.startCount).toBe(startCount);
    expect(pass.stop.every(({ why }) => why === 'draining')).toBe(true);
  });

  it('stops the drained ones once as many others are healthy', () => {
    const replaced = [...draining, ...several(4, {}, 'new')];
    expect(replicaPass(limits(4), replaced).stop.length).toBe(4);
    const settling = [...draining, ...several(4, { isHealthy: false }, 'new')];
    expect(replicaPass(limits(4), settling).stop).toEqual([]);
  });

  it('stops what is not up yet at once, whatever the limits (D-2.17)', () => {
    const starting = several(2, { isDraining: true, isPending: true, isHealthy: false });
    expect(replicaPass(limits(2), starting).stop.length).toBe(2);
  });

  it('counts stopping tasks against the maximum (D-2.27)', () => {
    const stopping = several(2, { isWanted: false, isDraining: true, isHealthy: false }, 'stopping');
    expect(replicaPass(limits(2, 0, 100), stopping).startCount).toBe(0);
    expect(replicaPass(limits(2, 0, 200), stopping).startCount).toBe(2);
  });
});

describe('replicaPass', () => {
  it('replaces tasks of an older deployment under the same limits (D-9.44)', () => {
    const old = several(2, { isPrimary: false }, 'old');
    expect(replicaPass(limits(2), old)).toEqual({ stop: [], startCount: 2, heldCount: 0 });
    const { stop } = replicaPass(limits(2), [...old, ...several(2)]);
    expect(stop.map(({ why }) => why)).toEqual(['deployment', 'deployment']);
  });

  it('scales in from the zone, then the instance, with the most tasks (D-2.42)', () => {
    const tasks = [
      candidate({ taskArn: 'a-1', containerInstanceArn: 'a' }),
      candidate({ taskArn: 'b-1', availabilityZone: 'zone-b', containerInstanceArn: 'b' }),
      candidate({ taskArn: 'b-2', availabilityZone: 'zone-b', containerInstanceArn: 'c' }),
      candidate({ taskArn: 'b-3', availabilityZone: 'zone-b', containerInstanceArn: 'c' }),
    ];
    const stopped = replicaPass(limits(2), tasks).stop;
    expect(stopped).toEqual([
      { taskArn: 'b-2', why: 'scaling' },
      { taskArn: 'b-1', why: 'scaling' },
    ]);
  });

  it('scales in unhealthy tasks first and in any number', () => {
    const tasks = [...several(2), ...several(2, { isHealthy: false }, 'unhealthy')];
    const { stop } = replicaPass(limits(2), tasks);
    expect(stop.map(({ taskArn }) => taskArn)).toEqual(['unhealthy-0', 'unhealthy-1']);
  });

  const state = fc.record({
    isWanted: fc.boolean(),
    isPending: fc.boolean(),
    isHealthy: fc.boolean(),
    isPrimary: fc.boolean(),
    isDraining: fc.boolean(),
    zone: fc.nat(2),
    instance: fc.nat(3),
  });

  it('never leaves fewer healthy tasks than the minimum, nor starts beyond the maximum (D-2.23, D-10.5)', () => {
    fc.assert(
      fc.property(
        fc.array(state, { maxLength: 12 }),
        fc.nat(6),
        fc.nat(100),
        fc.integer({ min: 100, max: 250 }),
        (states, desired, low, high) => {
          const tasks = states.map((each, number) =>
            candidate({
              ...each,
              taskArn: `${number}`,
              availabilityZone: `zone-${each.zone}`,
              containerInstanceArn: `instance-${each.instance}`,
              isHealthy: each.isHealthy && each.isWanted && !each.isPending,
            }),
          );
          const given = limits(desired, low, high);
          const { stop, startCount } = replicaPass(given, tasks);
          const gone = new Set(stop.map(({ taskArn }) => taskArn));
          const healthy = tasks.filter(({ isHealthy }) => isHealthy);
          const left = healthy.filter(({ taskArn }) => !gone.has(taskArn));
          if (left.length < healthy.length) expect(left.length).toBeGreaterThanOrEqual(minimumHealthy(given));
          if (startCount > 0) expect(tasks.length + startCount).toBeLessThanOrEqual(maximumTasks(given));
          expect(gone.size).toBe(stop.length);
          const kept = tasks.filter((task) => task.isWanted && task.isPrimary && !task.isDraining);
          expect(kept.length + startCount).toBeLessThanOrEqual(Math.max(desired, kept.length));
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('daemonPass', () => {
  const drained = candidate({ isDraining: true });

  it('stops a daemon on a draining instance only after every replica task there (D-2.29)', () => {
    expect(daemonPass(limits(1, 100, 100), [drained], () => true)).toEqual([]);
    expect(daemonPass(limits(1, 100, 100), [drained], () => false)).toEqual([
      { taskArn: 'task', why: 'draining' },
    ]);
  });

  it('stops a daemon that is not up yet at once (D-2.17)', () => {
    const starting = { ...drained, isPending: true, isHealthy: false };
    expect(daemonPass(limits(1), [starting], () => true).length).toBe(1);
  });

  it('replaces old daemons under the minimum (D-2.25)', () => {
    const old = several(4, { isPrimary: false });
    expect(daemonPass(limits(4, 50, 100), old, () => true).length).toBe(2);
    expect(daemonPass(limits(4, 0, 100), old, () => true).length).toBe(4);
  });
});
