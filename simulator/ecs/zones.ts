import type { Candidate } from './passes.ts';
import type { TaskDefinition } from './records.ts';
import type { Service } from './service-records.ts';

const zoneAttribute = 'attribute:ecs.availability-zone';

/**
 * Why a service cannot have its zones rebalanced, as the end of a sentence; undefined: it can. AWS's list, with its words
 * where they are known (D-2.41b).
 */
export function whyUneven(
  service: Pick<
    Service,
    'schedulingStrategy' | 'maximumPercent' | 'placementStrategy' | 'placementConstraints'
  >,
  definition: Pick<TaskDefinition, 'placementConstraints'> | undefined,
): string | undefined {
  const { schedulingStrategy, maximumPercent, placementStrategy } = service;
  if (schedulingStrategy === 'DAEMON') return 'the DAEMON scheduling strategy';
  if (maximumPercent <= 100) return 'maximumPercent <= 100 % as deployment configuration';
  const [first] = placementStrategy;
  if (first && (first.type !== 'spread' || first.field !== zoneAttribute))
    return `a placement strategy that does not begin with spread over ${zoneAttribute}`;
  const constraints = [...service.placementConstraints, ...(definition?.placementConstraints ?? [])];
  if (constraints.some(({ expression = '' }) => expression.includes(zoneAttribute)))
    return `placement constraints on ${zoneAttribute}`;
  return undefined;
}

/** How many wanted tasks there are in each of the zones; tasks elsewhere count for nothing. */
export function countZones(zones: readonly string[], tasks: readonly Candidate[]): Map<string, number> {
  const counts = new Map(zones.map((zone) => [zone, 0]));
  for (const { availabilityZone, isWanted } of tasks) {
    const count = counts.get(availabilityZone);
    if (isWanted && count !== undefined) counts.set(availabilityZone, count + 1);
  }
  return counts;
}

/** Tasks that do not divide evenly leave some zones with one more than others, and no zone with two more (D-2.41). */
export function areEven(counts: ReadonlyMap<string, number>): boolean {
  const all = [...counts.values()];
  return all.length === 0 || Math.max(...all) - Math.min(...all) < 2;
}

/** The zones from which a task could go to `to` and make the spread more even, the fullest first. */
export function fullerThan(counts: ReadonlyMap<string, number>, to: string): string[] {
  const least = counts.get(to) ?? 0;
  return zonesBy(counts, -1).filter((zone) => (counts.get(zone) ?? 0) - least >= 2);
}

/** The zones, the emptiest first, or with -1 the fullest; among equals in the order of their names. */
export function zonesBy(counts: ReadonlyMap<string, number>, direction: 1 | -1): string[] {
  const count = (zone: string) => counts.get(zone) ?? 0;
  return [...counts.keys()].sort((a, b) => direction * (count(a) - count(b)) || (a < b ? -1 : 1));
}

/** `2 tasks in eu-west-1a, 1 tasks in eu-west-1b`, the fullest first, as ECS words it. */
export function zonesInWords(counts: ReadonlyMap<string, number>): string {
  return zonesBy(counts, -1)
    .map((zone) => `${counts.get(zone)} tasks in ${zone}`)
    .join(', ');
}

/** The ARNs of tasks in each zone. */
export function byZone(tasks: readonly Candidate[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { availabilityZone, taskArn } of tasks)
    found.set(availabilityZone, [...(found.get(availabilityZone) ?? []), taskArn]);
  return found;
}
