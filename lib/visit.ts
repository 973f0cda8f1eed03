import { deadlinePassed } from './announce.ts';
import { attempt } from './attempt.ts';
import { completeDeparture } from './complete.ts';
import {
  type Departure,
  type DepartureDecision,
  decideDeparture,
  isEmptied,
  reasonToLetGo,
  secondLookSeconds,
} from './departure.ts';
import { contain, type Deps } from './deps.ts';
import { type EmptySince, noteEmpty, taskReadsOf } from './empty.ts';
import type { Waiting } from './explain.ts';
import type { EnrolledGroup } from './group.ts';
import { groupBy } from './grouping.ts';
import { stopTasks, withEndings } from './late.ts';
import { arnsOf, type Doubts, type LeavingGroup, readVisits, type Visit } from './leaving.ts';
import { isStuck, reportStuck, warnOfHookEnd } from './overdue.ts';
import { inParallel } from './parallel.ts';
import { retain, withoutRetention } from './retained.ts';
import type { Task } from './task.ts';
import { readTasks } from './tasks.ts';
import { sayWaiting } from './waiting.ts';

/** What the visits of one sweep have in common. `hasTime`: whether more may be begun. */
export interface Round {
  readonly doubts: Doubts;
  readonly emptySince: EmptySince;
  readonly hasTime: () => boolean;
}

/** What became of visits: those that wait, and those of them that have no task left which is meant to run. */
export interface Outcome {
  readonly waiting: readonly Waiting[];
  readonly ending: readonly Visit[];
}

const visitsAtOnce = 5;

/**
 * Reads everything about the leaving instances of one cluster, decides about each and carries it out. `enrolled`: all
 * enrolled groups of the cluster, by which its budget goes. A fault with one instance does not stop the others.
 */
export async function visitCluster(
  deps: Deps,
  clusterName: string,
  groups: readonly LeavingGroup[],
  enrolled: readonly EnrolledGroup[],
  round: Round,
): Promise<Outcome> {
  const visits = await readVisits(deps, clusterName, groups, enrolled, round.doubts);
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
  return decideAll(deps, clusterName, others, round);
}

/** Looks again, a little later, at those that were about to end. */
export async function visitEnding(
  deps: Deps,
  clusterName: string,
  ending: readonly Visit[],
  round: Round,
): Promise<Outcome> {
  const registrations = await deps.fleet.describe(clusterName, ending.flatMap(arnsOf));
  const byInstance = groupBy(registrations, ({ ec2InstanceId }) => ec2InstanceId);
  const visits = ending.flatMap((visit) => {
    const own = byInstance.get(visit.departure.instanceId);
    return own ? { ...visit, registrations: own } : [];
  });
  return decideAll(deps, clusterName, visits, round);
}

async function decideAll(
  deps: Deps,
  clusterName: string,
  visits: readonly Visit[],
  round: Round,
): Promise<Outcome> {
  noteEmpty(round.emptySince, visits, deps.now());
  const reads = taskReadsOf(visits, round.emptySince, deps.now());
  const read = new Set(reads.flatMap((one) => one.visits));
  const unread = visits.filter((visit) => !read.has(visit));
  const waiting = await decideOn(deps, clusterName, unread, undefined, round);
  for (const { visits: some, lists } of reads) {
    if (!round.hasTime()) break;
    const reading = () => readTasks(deps.fleet, clusterName, some.flatMap(arnsOf), [], lists);
    // Without their tasks they wait.
    const tasks = await contain(deps, 'read tasks', { clusterName }, reading);
    waiting.push(...(await decideOn(deps, clusterName, some, tasks, round)));
  }
  const instanceIds = new Set(waiting.map(({ departure }) => departure.instanceId));
  const ending = visits.filter(
    ({ departure, registrations }) => isEmptied(registrations) && instanceIds.has(departure.instanceId),
  );
  return { waiting, ending };
}

/** Decides about each, carries it out, and gives those that wait. `tasks`: undefined where they were not read. */
async function decideOn(
  deps: Deps,
  clusterName: string,
  visits: readonly Visit[],
  tasks: readonly Task[] | undefined,
  { doubts, hasTime }: Round,
): Promise<Waiting[]> {
  const byArn = tasks && groupBy(tasks, ({ containerInstanceArn }) => containerInstanceArn);
  const tasksOf = (visit: Visit) => byArn && arnsOf(visit).flatMap((arn) => byArn.get(arn) ?? []);
  const departures = await withEndings(deps, clusterName, visits, tasksOf);
  const waiting: Waiting[] = [];
  await inParallel(visits, visitsAtOnce, async (visit) => {
    if (!hasTime()) return;
    const { registrations } = visit;
    const departure = departures.get(visit) ?? visit.departure;
    const decide = (it: Departure) => decideDeparture(it, registrations, tasksOf(visit), deps.now());
    const decision = decide(departure);
    if (decision.kind === 'wait') waiting.push({ ...visit, why: decision.why, tasks: tasksOf(visit) });
    if (decision.kind === 'wait') warnOfHookEnd(deps, departure, registrations, decision.why);
    const act = async () => {
      if (decision.kind !== 'retain') await carryOut(deps, visit, decision, doubts);
      else if (!(await retain(deps, visit, decision.why)))
        await carryOut(deps, visit, decide(withoutRetention(departure)), doubts);
      return 'done' as const;
    };
    const outcome = await attempt(deps, 'carry out a decision', departure, registrations, act, { decision });
    if (isStuck(departure, decision, outcome ?? 'failed', deps.now())) reportStuck(deps, departure, decision);
  });
  return waiting;
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
