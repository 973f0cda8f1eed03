import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Members } from '../../../simulator/autoscaling/members.ts';
import { isWarm } from '../../../simulator/autoscaling/passage.ts';
import type { Instance } from '../../../simulator/autoscaling/state.ts';
import { isPooled, takesPlace } from '../../../simulator/autoscaling/tally.ts';

const instance = fc.record({
  instanceId: fc.constantFrom('i-1', 'i-2', 'i-3', 'i-4', 'i-5'),
  groupName: fc.constantFrom('blue', 'green'),
  availabilityZone: fc.constantFrom('us-east-1a', 'us-east-1b'),
  market: fc.constantFrom('on-demand', 'spot'),
  holdsCapacity: fc.boolean(),
  replaces: fc.constantFrom(undefined, { instanceId: 'i-1', motive: 'risk' }),
  isAtRisk: fc.constantFrom(undefined, true),
  isHealthy: fc.boolean(),
  state: fc.constantFrom(
    'Pending',
    'InService',
    'Standby',
    'Detaching',
    'Terminating:Wait',
    'Terminating:Retained',
    'Warmed:Pending',
    'Warmed:Stopped',
    'Warmed:Terminating',
  ),
}) as unknown as fc.Arbitrary<Instance>;

const zonesOf = (instances: readonly Instance[]) => {
  const zones = new Map<string, number>();
  for (const { availabilityZone: zone } of instances) zones.set(zone, (zones.get(zone) ?? 0) + 1);
  return zones;
};

describe('the counts of a group', () => {
  it('are what counting them one by one gives, whatever comes, changes and goes', () => {
    const step = fc.record({ instance, isGone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const members = new Members(60_000);
        steps.forEach(({ instance: one, isGone }, index) => {
          const now = index * 20_000;
          const known = members.rows.get(one.instanceId);
          if (known && isGone) members.remove(now, known);
          // One that is there stays in its group.
          else members.set(now, { ...one, groupName: known?.groupName ?? one.groupName });
        });
        for (const groupName of ['blue', 'green']) {
          const all = members.rows.values().filter((one) => one.groupName === groupName);
          const placed = all.filter(takesPlace);
          const tally = members.tallyOf(groupName);
          const counted = { ...tally, placesIn: tally.crowd(), pooledIn: tally.poolCrowd() };
          expect(new Set(members.of(groupName))).toEqual(new Set(all));
          expect(counted).toEqual({
            present: all.length,
            warm: all.filter(isWarm).length,
            places: placed.length,
            onDemand: placed.filter(({ market }) => market === 'on-demand').length,
            replacing: placed.filter(({ replaces }) => replaces).length,
            atRisk: placed.filter(({ isAtRisk }) => isAtRisk).length,
            unhealthy: placed.filter(({ isHealthy }) => !isHealthy).length,
            pooled: all.filter(isPooled).length,
            placesIn: zonesOf(placed),
            pooledIn: zonesOf(all.filter(isPooled)),
          });
        }
      }),
    );
  });
});
