import { deadlinePassed } from './announce.ts';
import { attempt } from './attempt.ts';
import { completeDeparture } from './complete.ts';
import { after } from './deadline.ts';
import {
  type Departure,
  type DepartureDecision,
  decideDeparture,
  isUsable,
  needsTasks,
  type Registration,
} from './departure.ts';
import type { Deps } from './deps.ts';
import { UnknownCluster } from './errors.ts';
import type { Waiting } from './explain.ts';
import type { Group } from './fleet.ts';
import {
  type EnrolledGroup,
  isRetainable,
  reportFailures,
  reportUnknownCluster,
  retainedInstanceIds,
} from './group.ts';
import { groupBy } from './grouping.ts';
import { type Deciding, stopTasks } from './late.ts';
import { reportMisconfigured } from './misconfigured.ts';
import { inParallel } from './parallel.ts';
import { onDeadlineTag } from './policy.ts';
import type { Task } from './task.ts';
import { readTasks } from './tasks.ts';

/**
 * Instances that we have retained, as far as this environment has seen, by EC2 instance id; and since when they are
 * registered nowhere.
 */
export type Retained = Map<string, Date | undefined>;

const instancesAtOnce = 5;

/**
 * Has Auto Scaling keep an instance that has not drained in time; false: it cannot be, or could not be marked as ours to end.
 * The group is read once more just before: without its policy the instance would end with all that runs on it. The mark comes
 * first: whoever dies in between leaves an instance that is retained a minute later, and not one that nobody ends.
 */
export async function retain(
  deps: Deps,
  { enrolled, departure, registrations }: Deciding,
  why: 'deadline' | 'hook-ending',
): Promise<boolean> {
  const { fleet, log, count, now } = deps;
  const { clusterName, autoScalingGroupName, instanceId, drainStartedAt } = departure;
  const [group] = await fleet.groups([autoScalingGroupName]);
  if (!group || !isRetainable(group, instanceId)) {
    log.warn('cannot be retained', { clusterName, autoScalingGroupName, instanceId, why });
    return false;
  }
  const arns = registrations.filter(isUsable).map(({ containerInstanceArn }) => containerInstanceArn);
  const mark = { at: drainStartedAt ?? now(), cause: 'retention' } as const;
  const failures = await fleet.mark(enrolled.clusterName, arns, mark);
  reportFailures(deps, 'could not mark as retained', failures);
  if (failures.length > 0) return false;
  if ((await fleet.abandon(autoScalingGroupName, instanceId)) === 'already-completed') return true;
  log.info('decided', { clusterName, autoScalingGroupName, instanceId, decision: 'retain', why });
  deps.announce(deadlinePassed(departure, registrations, 'retain', why, [], now()));
  count('RetainedAtDeadline');
  return true;
}

/**
 * Looks after the retained instances of one cluster: those that we have retained go when they have drained, and their
 * standalone tasks are stopped in their time; all are counted. Gives those of ours that wait. `hasTime` says whether another
 * one may be begun.
 */
export async function visitRetained(
  deps: Deps,
  clusterName: string,
  groups: readonly EnrolledGroup[],
  memory: Retained,
  hasTime: () => boolean,
): Promise<readonly Waiting[]> {
  const instanceIds = groups.flatMap(({ group }) => retainedInstanceIds(group));
  const byInstance = await registrationsOf(deps, clusterName, groups, instanceIds);
  const all = groups.flatMap((enrolled) =>
    retainedInstanceIds(enrolled.group).map((instanceId) =>
      decidingOf(enrolled, instanceId, byInstance.get(instanceId) ?? [], memory),
    ),
  );
  for (const one of all) note(memory, one);
  const isOurs = ({ departure }: Deciding) => memory.has(departure.instanceId);
  const own = all.filter(isOurs);
  for (const one of all) if (!isOurs(one)) reportForeign(deps, one);
  const waits: Waiting[] = [];
  await inParallel(own, instancesAtOnce, async (one) => {
    if (!hasTime()) return;
    const { departure, registrations } = one;
    await attempt(deps, 'look after a retained instance', departure, registrations, async () => {
      const tasks = await tasksOf(deps, one);
      const decision = decideDeparture(departure, registrations, tasks, deps.now());
      if (decision.kind === 'wait') waits.push({ ...one, why: decision.why, tasks });
      await carryOut(deps, one, decision, memory);
    });
  });
  return waits;
}

async function registrationsOf(
  deps: Deps,
  clusterName: string,
  groups: readonly EnrolledGroup[],
  instanceIds: readonly string[],
): Promise<ReadonlyMap<string, readonly Registration[]>> {
  try {
    return groupBy(await deps.fleet.registrations(clusterName, instanceIds), (one) => one.ec2InstanceId);
  } catch (error) {
    if (!(error instanceof UnknownCluster)) throw error;
    for (const enrolled of groups) reportUnknownCluster(deps, enrolled);
    return new Map();
  }
}

/** Nothing has a time any more but standalone tasks. */
function decidingOf(
  enrolled: EnrolledGroup,
  instanceId: string,
  registrations: readonly Registration[],
  memory: Retained,
): Deciding {
  const { clusterName, group, policy } = enrolled;
  const drainStartedAt = registrations.flatMap(({ mark }) => mark?.at ?? [])[0];
  const { standaloneStopSeconds } = policy;
  const departure: Departure = {
    clusterName,
    autoScalingGroupName: group.autoScalingGroupName,
    instanceId,
    isRetained: true,
    unregisteredSince: memory.get(instanceId),
    drainStartedAt,
    standaloneStopAt:
      standaloneStopSeconds === undefined
        ? undefined
        : drainStartedAt && after(drainStartedAt, standaloneStopSeconds),
  };
  return { enrolled, departure, registrations };
}

/** Ours is what we have marked. Whom another hook's owner, or a time-out, has retained is theirs to look at and to end. */
function note(memory: Retained, { departure: { instanceId }, registrations }: Deciding): void {
  if (registrations.length === 0) return;
  if (registrations.some(({ mark }) => mark?.cause === 'retention')) memory.set(instanceId, undefined);
  else memory.delete(instanceId);
}

function reportForeign({ log }: Deps, { departure }: Deciding): void {
  const { clusterName, autoScalingGroupName, instanceId } = departure;
  const fields = { clusterName, autoScalingGroupName, instanceId };
  log.info('an instance is retained, and not by the steward: it is not ended', fields);
}

async function tasksOf(
  deps: Deps,
  { departure, registrations }: Deciding,
): Promise<readonly Task[] | undefined> {
  if (!needsTasks(departure, registrations, deps.now())) return undefined;
  const arns = registrations.map(({ containerInstanceArn }) => containerInstanceArn);
  const tasks = await readTasks(deps.fleet, departure.clusterName, arns);
  return tasks.filter(({ containerInstanceArn }) => arns.includes(containerInstanceArn));
}

async function carryOut(
  deps: Deps,
  one: Deciding,
  decision: DepartureDecision,
  memory: Retained,
): Promise<void> {
  const { departure, registrations } = one;
  const { clusterName, autoScalingGroupName, instanceId } = departure;
  switch (decision.kind) {
    case 'release':
      if (isEndable(deps, one)) await completeDeparture(deps, departure, registrations, decision.why);
      return;
    case 'stop-tasks':
      return stopTasks(deps, one, decision);
    case 'start-draining':
    case 'wait': {
      // Whoever set it to ACTIVE has plans with it; it is ended when it drains again.
      const why = decision.kind === 'wait' ? decision.why : 'active';
      const fields = { clusterName, autoScalingGroupName, instanceId };
      deps.log.debug('decided', { ...fields, decision: 'wait', why });
      deps.count('Waiting');
      if (why === 'not-registered' && !memory.get(instanceId)) memory.set(instanceId, deps.now());
      return;
    }
    case 'retain':
      throw new Error('What is retained already was to be retained');
    default:
      return decision satisfies never;
  }
}

/** The roles may end instances only where the tag of their group says that they are retained (infra/roles.yml). */
function isEndable(deps: Deps, { enrolled, departure }: Deciding): boolean {
  const { autoScalingGroupName, tags } = enrolled.group;
  const value = tags[onDeadlineTag];
  if (value === 'retain') return true;
  reportMisconfigured(deps, {
    problem: 'a retained instance has drained, and can be ended only while its group is tagged for that',
    autoScalingGroupName,
    instanceId: departure.instanceId,
    tag: onDeadlineTag,
    ...(value === undefined ? {} : { value }),
    expected: 'retain, until the retained instances of the group are gone',
  });
  return false;
}

/** Forgets whoever is retained no more. */
export function forgetRetained(memory: Retained, groups: readonly Group[]): void {
  const ids = new Set(groups.flatMap(retainedInstanceIds));
  for (const id of memory.keys()) if (!ids.has(id)) memory.delete(id);
}

/** The clusters in which the steward acts on retained instances, each with the groups that have some. */
export function clustersRetaining(
  groups: readonly EnrolledGroup[],
): ReadonlyMap<string, readonly EnrolledGroup[]> {
  const acting = groups.filter(({ policy }) => policy.state !== 'paused' && !policy.isDryRun);
  return groupBy(
    acting.filter(({ group }) => retainedInstanceIds(group).length > 0),
    ({ clusterName }) => clusterName,
  );
}

/** Counts every retained instance, whoever retained it: it runs, and costs, until somebody ends it. */
export function countRetained({ count }: Pick<Deps, 'count'>, groups: readonly Group[]): void {
  count('Retained', groups.flatMap(retainedInstanceIds).length);
}

/** The departure of an instance that cannot be retained: as if its group said `stop-tasks`. */
export function withoutRetention<One extends Pick<Departure, 'deadline'>>(one: One): One {
  const { deadline } = one;
  if (deadline?.onDeadline !== 'retain') return one;
  return { ...one, deadline: { ...deadline, onDeadline: 'stop-tasks' } };
}
