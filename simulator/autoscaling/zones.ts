import type { Group, Instance } from './state.ts';

/** How many of the instances are in each Availability Zone. */
export function crowdsOf(instances: readonly Instance[]): Map<string, number> {
  const crowd = new Map<string, number>();
  for (const { availabilityZone } of instances)
    crowd.set(availabilityZone, (crowd.get(availabilityZone) ?? 0) + 1);
  return crowd;
}

/** The zones of the group, the one with the fewest instances first. */
export const emptiestFirst = (group: Group, crowd: ReadonlyMap<string, number>): string[] =>
  group.settings.AvailabilityZones.toSorted((a, b) => (crowd.get(a) ?? 0) - (crowd.get(b) ?? 0));

/** `balanced-only`: what a zone has no capacity for is launched in no other zone, and tried again in that one. */
export const isBalancedOnly = ({ settings }: Group): boolean =>
  settings.AvailabilityZoneDistribution?.CapacityDistributionStrategy === 'balanced-only';

/**
 * Where the next instance may be launched, the first choice first.
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-availability-zone-balanced.html
 */
export const launchZones = (group: Group, crowd: ReadonlyMap<string, number>): string[] =>
  emptiestFirst(group, crowd).slice(0, isBalancedOnly(group) ? 1 : undefined);

/** From when nothing is under way in a group whose zones are uneven to the first move (our choice: AWS does not say). */
export const unevenMs = 60_000;

/** Two zones of the group differ by two instances or more, or some are in a zone that is none of the group's (D-3.21). */
export function isUneven(zones: readonly string[], crowd: ReadonlyMap<string, number>): boolean {
  let within = 0;
  const sizes = zones.map((zone) => crowd.get(zone) ?? 0);
  for (const size of sizes) within += size;
  let all = 0;
  for (const size of crowd.values()) all += size;
  return all > within || Math.max(...sizes) - Math.min(...sizes) > 1;
}
