import { departureTimes } from './deadline.ts';
import type { Departure, Registration } from './departure.ts';
import { contain, type Deps } from './deps.ts';
import { UnknownCluster } from './errors.ts';
import { isGoneSince, noteUnreachable, type Unreachable } from './gone.ts';
import { type EnrolledGroup, isRetainable, leavingInstanceIds, reportUnknownCluster } from './group.ts';
import { groupBy } from './grouping.ts';
import { withoutRetention } from './retained.ts';
import { overBudgetOf } from './waiting.ts';

/** A group with leaving instances, and when the termination of each began, as far as it is known. */
export interface LeavingGroup {
  readonly enrolled: EnrolledGroup;
  readonly starts: ReadonlyMap<string, Date>;
  /** The longest that its hook holds an instance (seconds); undefined: as long as ours. */
  readonly hookSeconds: number | undefined;
}

/** What earlier visits found that a later one has to confirm. */
export interface Doubts {
  /** When the first of consecutive visits found an instance registered nowhere, by EC2 instance id. */
  readonly unregistered: Map<string, Date>;
  readonly unreachable: Unreachable;
}

/** One that leaves, as a visit found it. */
export interface Visit {
  readonly enrolled: EnrolledGroup;
  readonly departure: Departure;
  readonly registrations: readonly Registration[];
}

/**
 * The leaving instances of one cluster, as ECS has them now. `enrolled`: all enrolled groups of the cluster, by which its budget
 * goes.
 */
export async function readVisits(
  deps: Deps,
  clusterName: string,
  groups: readonly LeavingGroup[],
  enrolled: readonly EnrolledGroup[],
  doubts: Doubts,
): Promise<readonly Visit[]> {
  const registrations = await readRegistrations(deps, clusterName, groups);
  const byInstance = groupBy(registrations, ({ ec2InstanceId }) => ec2InstanceId);
  const now = deps.now();
  const read = groups.map((one) => one.enrolled.group);
  noteUnreachable(doubts.unreachable, read, registrations, now);
  const visits = groups.flatMap((group) => visitsOf(group, byInstance, doubts, now));
  return withinBudget(deps, clusterName, enrolled, groups, visits);
}

/** The container instances of a visit. */
export const arnsOf = ({ registrations }: Visit) => registrations.map((one) => one.containerInstanceArn);

/** The visits, with those that wait because no slot of a budget is free said to: asking for them would change nothing. */
async function withinBudget(
  deps: Deps,
  clusterName: string,
  enrolled: readonly EnrolledGroup[],
  groups: readonly LeavingGroup[],
  visits: readonly Visit[],
): Promise<readonly Visit[]> {
  const startOf = (name: string, instanceId: string) =>
    groups.find((one) => one.enrolled.group.autoScalingGroupName === name)?.starts.get(instanceId);
  // Where it cannot be told, the lane is asked, which decides anyway.
  const overBudget = await contain(deps, 'go by the budget', { clusterName }, () =>
    overBudgetOf(deps, clusterName, enrolled, visits, startOf),
  );
  return visits.map((visit) => {
    const isOverBudget = overBudget?.has(visit.departure.instanceId) ?? false;
    return { ...visit, departure: { ...visit.departure, isOverBudget } };
  });
}

async function readRegistrations(deps: Deps, clusterName: string, groups: readonly LeavingGroup[]) {
  const instanceIds = groups.flatMap(({ enrolled }) => leavingInstanceIds(enrolled.group));
  try {
    return await deps.fleet.registrations(clusterName, instanceIds);
  } catch (error) {
    if (!(error instanceof UnknownCluster)) throw error;
    for (const { enrolled } of groups) reportUnknownCluster(deps, enrolled);
    return [];
  }
}

function visitsOf(
  { enrolled, starts, hookSeconds }: LeavingGroup,
  byInstance: ReadonlyMap<string, readonly Registration[]>,
  { unregistered, unreachable }: Doubts,
  now: Date,
): Visit[] {
  const { autoScalingGroupName } = enrolled.group;
  return leavingInstanceIds(enrolled.group).map((instanceId) => {
    const registrations = byInstance.get(instanceId) ?? [];
    const marks = registrations.flatMap(({ mark }) => mark ?? []);
    const [mark] = marks.toSorted((a, b) => a.at.getTime() - b.at.getTime());
    const times = departureTimes(enrolled.policy, mark, starts.get(instanceId), hookSeconds);
    const isKept = isRetainable(enrolled.group, instanceId);
    const unregisteredSince = unregistered.get(instanceId);
    return {
      enrolled,
      registrations,
      departure: {
        clusterName: enrolled.clusterName,
        autoScalingGroupName,
        instanceId,
        unregisteredSince,
        isGone: isGoneSince(unreachable.get(instanceId), now),
        ...(isKept ? times : withoutRetention(times)),
      },
    };
  });
}
