import { deadlinePassed } from './announce.ts';
import { attempt } from './attempt.ts';
import { completeDeparture } from './complete.ts';
import { departureTimes } from './deadline.ts';
import {
  type Departure,
  type DepartureDecision,
  decideDeparture,
  needsTasks,
  type Registration,
  reasonToLetGo,
  secondLookSeconds,
} from './departure.ts';
import { contain, type Deps } from './deps.ts';
import { UnknownCluster } from './errors.ts';
import type { Waiting } from './explain.ts';
import { isGoneSince, noteUnreachable, type Unreachable } from './gone.ts';
import { type EnrolledGroup, isRetainable, leavingInstanceIds, reportUnknownCluster } from './group.ts';
import { chunks, groupBy } from './grouping.ts';
import { stopTasks, withEndings } from './late.ts';
import { isStuck, reportStuck, warnOfHookEnd } from './overdue.ts';
import { inParallel } from './parallel.ts';
import { retain, withoutRetention } from './retained.ts';
import type { Task } from './task.ts';
import { readTasks, wholeClusterAbove } from './tasks.ts';
import { overBudgetOf, sayWaiting } from './waiting.ts';

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

interface Visit {
  readonly enrolled: EnrolledGroup;
  readonly departure: Departure;
  readonly registrations: readonly Registration[];
}

const visitsAtOnce = 5;
const readTogether = 10;

/**
 * Reads everything about the leaving instances of one cluster, decides about each and carries it out. `enrolled`: all
 * enrolled groups of the cluster, by which its budget goes. `hasTime` says whether another one may be begun. A fault with
 * one instance does not stop the others. Gives those that wait.
 */
export async function visitCluster(
  deps: Deps,
  clusterName: string,
  groups: readonly LeavingGroup[],
  enrolled: readonly EnrolledGroup[],
  doubts: Doubts,
  hasTime: () => boolean,
): Promise<readonly Waiting[]> {
  const registrations = await readRegistrations(deps, clusterName, groups);
  const now = deps.now();
  const read = groups.map((one) => one.enrolled.group);
  noteUnreachable(doubts.unreachable, read, registrations, now);
  const seen = groups.flatMap((group) => visitsOf(group, registrations, doubts, now));
  const visits = await withinBudget(deps, clusterName, enrolled, groups, seen);
  const isStarting = ({ departure, registrations: own }: Visit) =>
    decideDeparture(departure, own, undefined, deps.now()).kind === 'start-draining';
  // Whoever admits also lets go what is not to be drained.
  const isLetGo = ({ enrolled, registrations: own }: Visit) =>
    reasonToLetGo(enrolled.policy, own) !== undefined;
  // First: reading the tasks of many instances may take all the time there is.
  const starting = new Set(visits.filter((visit) => isLetGo(visit) || isStarting(visit)));
  await askToAdmit(deps, [...starting]);
  for (const { departure, registrations: own } of starting)
    warnOfHookEnd(deps, departure, own, 'not-draining');
  const others = visits.filter((visit) => !starting.has(visit));
  const waiting = others.filter(({ departure }) => departure.isOverBudget);
  await sayWaiting(
    deps,
    clusterName,
    waiting.flatMap((visit) => visit.registrations),
  );
  const tasks = await readTasksOf(deps, clusterName, others, hasTime);
  const departures = await withEndings(deps, clusterName, others, (visit) => tasks.get(visit));
  const waits: Waiting[] = [];
  await inParallel(others, visitsAtOnce, async (visit) => {
    if (!hasTime()) return;
    const departure = departures.get(visit) ?? visit.departure;
    const { registrations: own } = visit;
    const decide = (it: Departure) => decideDeparture(it, own, tasks.get(visit), deps.now());
    const decision = decide(departure);
    if (decision.kind === 'wait') waits.push({ ...visit, why: decision.why, tasks: tasks.get(visit) });
    if (decision.kind === 'wait') warnOfHookEnd(deps, departure, own, decision.why);
    const act = async () => {
      if (decision.kind !== 'retain') await carryOut(deps, visit, decision, doubts);
      else if (!(await retain(deps, visit, decision.why)))
        await carryOut(deps, visit, decide(withoutRetention(departure)), doubts);
      return 'done' as const;
    };
    const outcome = await attempt(deps, 'carry out a decision', departure, own, act, { decision });
    if (isStuck(departure, decision, outcome ?? 'failed', deps.now())) reportStuck(deps, departure, decision);
  });
  return waits;
}

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
  all: readonly Registration[],
  { unregistered, unreachable }: Doubts,
  now: Date,
): Visit[] {
  const { autoScalingGroupName } = enrolled.group;
  return leavingInstanceIds(enrolled.group).map((instanceId) => {
    const registrations = all.filter(({ ec2InstanceId }) => ec2InstanceId === instanceId);
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

const arnsOf = ({ registrations }: Visit) => registrations.map((one) => one.containerInstanceArn);

/**
 * The tasks of each visit that needs them to decide; one whose tasks cannot be read has none here, and waits. A few
 * instances are read together, which saves calls, and fail together.
 */
async function readTasksOf(
  deps: Deps,
  clusterName: string,
  visits: readonly Visit[],
  hasTime: () => boolean,
): Promise<ReadonlyMap<Visit, readonly Task[]>> {
  const asking = visits.filter((visit) => needsTasks(visit.departure, visit.registrations, deps.now()));
  const found = new Map<Visit, readonly Task[]>();
  const size = asking.length > wholeClusterAbove ? asking.length : readTogether;
  await inParallel(chunks(asking, size), visitsAtOnce, async (some) => {
    if (!hasTime()) return;
    const tasks = await contain(deps, 'read tasks', { clusterName }, () =>
      readTasks(deps.fleet, clusterName, some.flatMap(arnsOf)),
    );
    if (!tasks) return;
    const byInstance = groupBy(tasks, ({ containerInstanceArn }) => containerInstanceArn);
    for (const visit of some)
      found.set(
        visit,
        arnsOf(visit).flatMap((arn) => byInstance.get(arn) ?? []),
      );
  });
  return found;
}

async function carryOut(
  deps: Deps,
  visit: Visit,
  decision: DepartureDecision,
  { unregistered }: Doubts,
): Promise<void> {
  const { departure, registrations } = visit;
  const { clusterName, autoScalingGroupName, instanceId } = departure;
  if (registrations.length > 0) unregistered.delete(instanceId);
  switch (decision.kind) {
    case 'start-draining':
      return askToAdmit(deps, [visit]);
    case 'release':
      if (decision.why === 'deadline' || decision.why === 'hook-ending')
        deps.announce(deadlinePassed(departure, registrations, 'release', decision.why, [], deps.now()));
      return completeDeparture(deps, departure, registrations, decision.why);
    case 'stop-tasks':
      return stopTasks(deps, visit, decision);
    case 'retain':
      throw new Error('What cannot be retained was to be retained');
    case 'wait':
      deps.log.debug('decided', {
        clusterName,
        autoScalingGroupName,
        instanceId,
        decision: 'wait',
        why: decision.why,
      });
      deps.count('Waiting');
      if (decision.why === 'not-registered') await lookAgain(deps, visit, unregistered);
      return;
    default:
      return decision satisfies never;
  }
}

/** One request per group: whoever admits looks at the whole group anyway. */
async function askToAdmit(deps: Deps, starting: readonly Visit[]): Promise<void> {
  const byGroup = groupBy(starting, ({ departure }) => departure.autoScalingGroupName);
  for (const [autoScalingGroupName, visits] of byGroup) {
    const instanceIds = visits.map(({ departure }) => departure.instanceId);
    deps.log.debug('asks to admit', { autoScalingGroupName, instanceIds });
    await contain(deps, 'ask to admit', { autoScalingGroupName }, () =>
      deps.fleet.askToAdmit(autoScalingGroupName, instanceIds, deps.now()),
    );
  }
}

/** The second look comes soon by way of `release`; should that fail, the next visit knows of this one. */
async function lookAgain(
  deps: Deps,
  { enrolled, departure }: Visit,
  unregistered: Doubts['unregistered'],
): Promise<void> {
  const { autoScalingGroupName, instanceId, unregisteredSince } = departure;
  if (unregisteredSince) return;
  unregistered.set(instanceId, deps.now());
  const request = { autoScalingGroupName, clusterName: enrolled.clusterName, instanceId } as const;
  await deps.fleet.askToLook({ ...request, because: 'not-registered' }, deps.now(), secondLookSeconds);
}
