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
