import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  admittedOf,
  type Claim,
  holdsSlot,
  inOrder,
  isHurried,
  type Slots,
  slotsOf,
} from '../../lib/budget.ts';
import type { Registration } from '../../lib/departure.ts';
import { enrolledGroup } from '../../lib/group.ts';
import { at, clusterName, group, noon, registration } from './fixtures.ts';

/** An enrolled group with so many instances in each lifecycle state. */
function enrolled(name: string, states: Readonly<Record<string, number>>, maxDraining?: string) {
  const instances = Object.entries(states).flatMap(([lifecycleState, count]) =>
    Array.from({ length: count }, (_, i) => ({
      instanceId: `${name}-${lifecycleState}-${i}`,
      lifecycleState,
    })),
  );
  const tags = {
    'ecs-steward:cluster': clusterName,
    ...(maxDraining === undefined ? {} : { 'ecs-steward:max-draining': maxDraining }),
  };
  const found = enrolledGroup(group({ autoScalingGroupName: name, instances, tags }));
  if (!found) throw new Error(`${name} is not enrolled`);
  return found;
}

const percent = (percent: number) => ({ kind: 'percent', percent }) as const;
const count = (count: number) => ({ kind: 'count', count }) as const;
const { POSITIVE_INFINITY: any } = Number;

describe('slots', () => {
  it('are none where neither cluster nor group has a limit', () => {
    expect(slotsOf(undefined, [enrolled('a', { InService: 4 }), enrolled('b', {}, 'none')])).toBeUndefined();
  });

  it('are those of the cluster and, beside, those of each group that has a limit', () => {
    const groups = [enrolled('a', { InService: 4 }, '2'), enrolled('b', { InService: 6 })];
    expect(slotsOf(undefined, groups)).toEqual({ cluster: any, groups: new Map([['a', 2]]) });
    expect(slotsOf(count(3), groups)).toEqual({ cluster: 3, groups: new Map([['a', 2]]) });
    expect(slotsOf(percent(50), groups)).toEqual({ cluster: 5, groups: new Map([['a', 2]]) });
  });

  it.each([
    [25, 100, 25],
    [25, 101, 26],
    [25, 4, 1],
    [25, 5, 2],
    [1, 1, 1],
    [33, 3, 1],
    [34, 3, 2],
    [7, 100, 7],
    [29, 100, 29],
    [100, 7, 7],
    [10, 0, 1],
  ])('at %d%% of %d instances are %d: rounded up, and at least one', (share, size, expected) => {
    const groups = [
      enrolled('a', { InService: Math.ceil(size / 2), 'Terminating:Wait': Math.floor(size / 2) }),
    ];
    expect(slotsOf(percent(share), groups)?.cluster).toBe(expected);
    expect(slotsOf(undefined, [enrolled('a', { InService: size }, `${share}%`)])?.groups.get('a')).toBe(
      expected,
    );
  });

  it('count who is in service or on the way to our hook, and nobody else', () => {
    const others = {
      Pending: 10,
      Standby: 10,
      'Terminating:Proceed': 10,
      'Warmed:Stopped': 10,
      Detaching: 10,
    };
    const own = { InService: 1, Terminating: 1, 'Terminating:Wait': 1 };
    expect(slotsOf(percent(100), [enrolled('a', { ...own, ...others })])?.cluster).toBe(3);
  });

  it('are one where nothing is left in service: a scale-in to zero goes on', () => {
    expect(slotsOf(percent(10), [enrolled('a', { 'Terminating:Wait': 3 })])?.cluster).toBe(1);
  });
});

describe('holdsSlot', () => {
  const mark = (cause: 'retention' | 'interruption') => ({ at: noon, cause });
  it.each<[string, Partial<Registration>[], boolean]>([
    ['a drain that we began', [{}], true],
    ['an instance marked and not yet DRAINING: the mark is its admission', [{ status: 'ACTIVE' }], true],
    ["an operator's DRAINING", [{ mark: undefined }], false],
    ['one that is about to be retained', [{ mark: mark('retention') }], true],
    ['an involuntary departure', [{ mark: mark('interruption') }], false],
    ['a registration that has ended', [{ status: 'DEREGISTERING' }], false],
    ['an instance that waits', [{ status: 'ACTIVE', mark: undefined, isWaiting: true }], false],
    ['an instance that is registered nowhere', [], false],
    ['the second of two registrations', [{ mark: undefined }, {}], true],
  ])('%s: %#', (_, own, expected) => {
    expect(holdsSlot(own.map(registration))).toBe(expected);
  });
});

describe('isHurried', () => {
  const policy = { drainDeadlineSeconds: 3000, deregistrationDelaySeconds: 300 };
  it('when what remains of the hook is the deadline and ten minutes, and not a millisecond before', () => {
    expect(isHurried(policy, at(3600), noon)).toBe(true);
    expect(isHurried(policy, at(3600.001), noon)).toBe(false);
    expect(isHurried(policy, undefined, noon)).toBe(false);
  });

  it('sooner where tasks take an hour to leave their load balancer, and 30 s to stop (D-13.8)', () => {
    const slow = { ...policy, deregistrationDelaySeconds: 3600 };
    expect(isHurried(slow, at(3000 + 3600 + 30 + 60 + 120), noon)).toBe(true);
    expect(isHurried(slow, at(3000 + 3600 + 30 + 60 + 120.001), noon)).toBe(false);
  });
});

const claim = (instanceId: string, overrides: Partial<Claim> = {}): Claim => ({
  autoScalingGroupName: 'a',
  instanceId,
  startedAt: noon,
  isHurried: false,
  ...overrides,
});
const ids = (claims: readonly Claim[]) => claims.map(({ instanceId }) => instanceId);

describe('the order', () => {
  it('is who cannot wait, then the oldest termination, then the instance id; an unknown time comes last', () => {
    const claims = [
      claim('i-5', { startedAt: undefined }),
      claim('i-4'),
      claim('i-3'),
      claim('i-2', { startedAt: at(-1) }),
      claim('i-1', { startedAt: at(9), isHurried: true }),
    ];
    expect(ids(inOrder(claims))).toEqual(['i-1', 'i-2', 'i-3', 'i-4', 'i-5']);
  });
});

describe('who is admitted', () => {
  const slots = (cluster: number, groups: Record<string, number> = {}): Slots => ({
    cluster,
    groups: new Map(Object.entries(groups)),
  });
  const of = (name: string) => ({ autoScalingGroupName: name });

  it('are as many as slots are free', () => {
    const claims = ['i-1', 'i-2', 'i-3'].map((id) => claim(id));
    expect(ids(admittedOf(slots(2), [], claims))).toEqual(['i-1', 'i-2']);
    expect(ids(admittedOf(slots(2), [of('a')], claims))).toEqual(['i-1']);
    expect(admittedOf(slots(2), [of('a'), of('b')], claims)).toEqual([]);
    expect(admittedOf(slots(2), [of('a'), of('b'), of('b')], claims)).toEqual([]);
  });

  it('are within both limits: a group without a slot does not keep another waiting', () => {
    const claims = [claim('i-1'), claim('i-2'), claim('i-3', of('b')), claim('i-4', of('b'))];
    expect(ids(admittedOf(slots(any, { a: 1 }), [], claims))).toEqual(['i-1', 'i-3', 'i-4']);
    expect(ids(admittedOf(slots(2, { a: 1 }), [], claims))).toEqual(['i-1', 'i-3']);
    expect(ids(admittedOf(slots(3, { a: 1 }), [of('a')], claims))).toEqual(['i-3', 'i-4']);
  });

  it('is whoever cannot wait, and takes the slot of another', () => {
    const claims = [claim('i-1'), claim('i-2', { isHurried: true }), claim('i-3', { isHurried: true })];
    expect(ids(admittedOf(slots(1), [], claims))).toEqual(['i-2', 'i-3']);
    expect(ids(admittedOf(slots(3), [], claims))).toEqual(['i-2', 'i-3', 'i-1']);
  });
});

/** What a cluster is like: who leaves, since when, of which group, and which limits hold. */
const clusters = fc.record({
  cluster: fc.oneof(fc.constant(any), fc.integer({ min: 1, max: 4 })),
  groups: fc.dictionary(fc.constantFrom('a', 'b'), fc.integer({ min: 1, max: 3 })),
  leavers: fc.uniqueArray(
    fc.record({
      instanceId: fc.integer({ min: 1, max: 12 }).map((n) => `i-${n}`),
      autoScalingGroupName: fc.constantFrom('a', 'b', 'c'),
      startedAt: fc.integer({ min: 0, max: 4 }).map(at),
      isHurried: fc.constant(false),
    }),
    { selector: ({ instanceId }) => instanceId, minLength: 1, maxLength: 12 },
  ),
});

const slotsIn = (cluster: number, groups: Record<string, number>): Slots => ({
  cluster,
  groups: new Map(Object.entries(groups)),
});
const fits = ({ cluster, groups }: Slots, drains: readonly Claim[]) =>
  drains.length <= cluster &&
  [...groups].every(
    ([name, most]) => drains.filter((one) => one.autoScalingGroupName === name).length <= most,
  );

describe('a budget', () => {
  it('is never exceeded, and no slot is left free that somebody could take', () => {
    fc.assert(
      fc.property(clusters, fc.array(fc.nat(), { maxLength: 20 }), ({ cluster, groups, leavers }, ends) => {
        const slots = slotsIn(cluster, groups);
        let waiting: Claim[] = leavers;
        let draining: Claim[] = [];
        for (const end of [0, ...ends]) {
          draining = draining.filter((_, i) => i !== end % Math.max(1, draining.length));
          const admitted = admittedOf(slots, draining, waiting);
          waiting = waiting.filter((one) => !admitted.includes(one));
          draining = [...draining, ...admitted];
          expect(fits(slots, draining)).toBe(true);
          for (const one of waiting) expect(fits(slots, [...draining, one])).toBe(false);
        }
      }),
    );
  });

  it('is not exceeded by who decides on an old read, remembering nothing: the same ones are admitted again', () => {
    fc.assert(
      fc.property(clusters, fc.array(fc.tuple(fc.nat(), fc.nat())), ({ cluster, groups, leavers }, steps) => {
        const slots = slotsIn(cluster, groups);
        const draining = new Set<Claim>();
        const gone = new Set<Claim>();
        // What each read may show: the drains as they were once. Auto Scaling shows who is gone.
        const past: (readonly Claim[])[] = [[]];
        for (const [age, end] of steps) {
          const shown = past.slice(-3)[age % Math.min(3, past.length)] ?? [];
          const seen = shown.filter((one) => !gone.has(one));
          const waiting = leavers.filter((one) => !gone.has(one) && !seen.includes(one));
          for (const one of admittedOf(slots, seen, waiting)) draining.add(one);
          expect(fits(slots, [...draining])).toBe(true);
          past.push([...draining]);
          const ended = [...draining][end % (draining.size + 1)];
          if (!ended) continue;
          draining.delete(ended);
          gone.add(ended);
        }
      }),
    );
  });

  it('is exceeded by those alone who cannot wait', () => {
    fc.assert(
      fc.property(clusters, fc.array(fc.boolean()), ({ cluster, groups, leavers }, hurried) => {
        const slots = slotsIn(cluster, groups);
        const claims = leavers.map((one, i) => ({ ...one, isHurried: hurried[i] ?? false }));
        const admitted = admittedOf(slots, [], claims);
        for (const one of claims.filter(({ isHurried }) => isHurried)) expect(admitted).toContain(one);
        if (admitted.some(({ isHurried }) => !isHurried)) {
          const last = admitted.findLast(({ isHurried }) => !isHurried);
          expect(last && (slots.groups.get(last.autoScalingGroupName) ?? any)).toBeGreaterThanOrEqual(
            admitted.filter(({ autoScalingGroupName }) => autoScalingGroupName === last?.autoScalingGroupName)
              .length,
          );
          expect(admitted.length).toBeLessThanOrEqual(slots.cluster);
        }
      }),
    );
  });
});
