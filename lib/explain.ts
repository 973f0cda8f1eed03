import { drainWaiting } from './announce.ts';
import { type Blocker, type BlockerKind, blockersOf, type Findings, overBudget } from './blockers.ts';
import { whyWaiting } from './deadline.ts';
import type { Departure, Registration, WaitReason } from './departure.ts';
import { contain, type Deps, type Metric } from './deps.ts';
import type { EnrolledGroup } from './group.ts';
import { groupBy } from './grouping.ts';
import { inParallel } from './parallel.ts';
import { isDue } from './rhythm.ts';
import { isRunning, isServiceTask, isStopped, serviceNameOf, type Task } from './task.ts';
import { readTasks } from './tasks.ts';
import { type Ending, type EndingOf, readEndings } from './workload.ts';

/** A departure that a sweep found waiting. `tasks`: those on it, where they were read to decide. */
export interface Waiting {
  readonly enrolled: Pick<EnrolledGroup, 'policy'>;
  readonly departure: Departure;
  readonly registrations: readonly Registration[];
  readonly why: WaitReason;
  readonly tasks: readonly Task[] | undefined;
}

/** What was found out about one that waits. */
interface Explanation {
  readonly at: Date;
  /** What the decision said, which need not have looked at the tasks. */
  readonly decided: WaitReason;
  readonly blockers: readonly Blocker[];
  readonly id: string;
}

/** What one execution environment has found out, by EC2 instance id; without it, it is found out again. */
export interface Explained {
  readonly explanations: Map<string, Explanation>;
  /** When an agent was first seen not to be connected. */
  readonly disconnected: Map<string, Date>;
}

/** Most drains end sooner (seconds), and need no explanation. */
const explainedAfterSeconds = 180;
/** So often an explanation is looked at again (seconds). */
const explainedEverySeconds = 300;
/** Explanations of one sweep: with a thousand departures they must not cost more calls than the departures. */
const explainedAtOnce = 20;
const clustersAtOnce = 4;

const metricOf: Readonly<Record<BlockerKind, Metric>> = {
  'min-max': 'WaitingMinMax',
  'no-room': 'WaitingNoRoom',
  'not-placed': 'WaitingNotPlaced',
  'start-impaired': 'WaitingStartImpaired',
  'deployment-in-progress': 'WaitingDeployment',
  'deployment-failed': 'WaitingDeploymentFailed',
  replacing: 'WaitingReplacing',
  protected: 'WaitingProtected',
  'daemon-last': 'WaitingDaemonLast',
  standalone: 'WaitingStandalone',
  stopping: 'WaitingStopping',
  'agent-disconnected': 'WaitingAgentDisconnected',
  budget: 'WaitingBudget',
  unknown: 'WaitingUnknown',
};

/** The memory of a fresh execution environment. */
export const freshExplained = (): Explained => ({ explanations: new Map(), disconnected: new Map() });

/**
 * Says why departures wait: in the log and on the bus when it changes, as metrics in each sweep. It comes last in a sweep and
 * reads only while `hasTime`: nothing is released later for it. What cannot be read is left out of the explanation.
 */
export async function explain(
  deps: Deps,
  waiting: readonly Waiting[],
  explained: Explained,
  time: Date,
  hasTime: () => boolean,
): Promise<void> {
  forgetOthers(explained, waiting);
  noteAgents(deps, explained, waiting);
  const due = dueOf(explained, waiting, deps.now(), time).slice(0, explainedAtOnce);
  const clusters = [...groupBy(due, ({ departure }) => departure.clusterName)];
  await inParallel(clusters, clustersAtOnce, async ([clusterName, own]) => {
    if (!hasTime()) return;
    const findings = await contain(deps, 'explain departures', { clusterName }, () =>
      read(deps, clusterName, own, explained),
    );
    for (const one of own) if (findings) tell(deps, explained, one, findings(one));
  });
  for (const { departure } of waiting)
    for (const { kind } of explained.explanations.get(departure.instanceId)?.blockers ?? [])
      deps.count(metricOf[kind]);
}

function forgetOthers({ explanations, disconnected }: Explained, waiting: readonly Waiting[]): void {
  const ids = new Set(waiting.map(({ departure }) => departure.instanceId));
  for (const memory of [explanations, disconnected])
    for (const id of memory.keys()) if (!ids.has(id)) memory.delete(id);
}

/** No API says since when an agent is not connected, only that it is not. */
function noteAgents({ now }: Deps, { disconnected }: Explained, waiting: readonly Waiting[]): void {
  for (const { departure, registrations } of waiting) {
    const isConnected = registrations.every(({ agentConnected }) => agentConnected);
    if (isConnected) disconnected.delete(departure.instanceId);
    else if (!disconnected.has(departure.instanceId)) disconnected.set(departure.instanceId, now());
  }
}

/** Those never explained first, then those whose explanation is the oldest; whoever waits for a budget comes last, the reason is known. */
function dueOf({ explanations }: Explained, waiting: readonly Waiting[], now: Date, time: Date): Waiting[] {
  const lastOf = ({ departure }: Waiting) => explanations.get(departure.instanceId);
  const isAsked = (one: Waiting) => {
    const last = lastOf(one);
    const { drainStartedAt, instanceId } = one.departure;
    if (last) return last.decided !== one.why || isDue(instanceId, explainedEverySeconds, time);
    return !drainStartedAt || now.getTime() - drainStartedAt.getTime() >= explainedAfterSeconds * 1000;
  };
  const age = (one: Waiting) => lastOf(one)?.at.getTime() ?? 0;
  const rank = ({ why }: Waiting) => (why === 'budget' ? 1 : 0);
  return waiting.filter(isAsked).toSorted((a, b) => rank(a) - rank(b) || age(a) - age(b));
}

/** Reads what the departures of one cluster share; tasks first, as they say which services matter. */
async function read(
  deps: Deps,
  clusterName: string,
  own: readonly Waiting[],
  { disconnected }: Explained,
): Promise<(one: Waiting) => Findings> {
  const { fleet, log } = deps;
  const unread: string[] = [];
  const reading = async <T>(what: string, usual: T, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      log.warn(`could not read ${what} to explain departures`, { clusterName, error });
      unread.push(what);
      return usual;
    }
  };
  const missing = own.filter((one) => !one.tasks && one.why !== 'budget').flatMap(arnsOf);
  const read = missing.length > 0 ? await readTasks(fleet, clusterName, missing) : [];
  const tasks = [...read, ...own.flatMap((one) => one.tasks ?? [])];
  const mine = new Set(own.flatMap(arnsOf));
  const live = tasks.filter((task) => mine.has(task.containerInstanceArn) && !isStopped(task));
  const running = live.filter((task) => isServiceTask(task) && isRunning(task));
  const stopping = live.filter((task) => !isRunning(task));
  const names = [...new Set(live.flatMap((task) => serviceNameOf(task) ?? []))];
  const isAny = running.length > 0;
  const taskArns = running.map(({ taskArn }) => taskArn);
  const services =
    names.length > 0 ? await reading('services', [], () => fleet.services(clusterName, names)) : [];
  const endingOf = await reading<EndingOf | undefined>('task definitions', undefined, () =>
    readEndings(fleet, clusterName, stopping, services),
  );
  const protections: Findings['protections'] = isAny
    ? await reading('task protection', new Map(), () => fleet.protections(clusterName, taskArns))
    : new Map();
  const rooms = isAny ? await reading('instances', undefined, () => fleet.sites(clusterName)) : undefined;
  const byName = new Map(services.map((service) => [service.serviceName, service]));
  const endingsOf = (one: Waiting): [string, Ending][] =>
    stopping.flatMap((task) => {
      const delay = one.enrolled.policy.deregistrationDelaySeconds;
      return endingOf ? [[task.taskArn, endingOf(task, delay)]] : [];
    });
  return (one) => ({
    registrations: one.registrations,
    tasks: live.filter(({ containerInstanceArn }) => arnsOf(one).includes(containerInstanceArn)),
    endings: new Map(endingsOf(one)),
    services: byName,
    protections,
    rooms,
    disconnectedSince: disconnected.get(one.departure.instanceId),
    unread,
  });
}

const arnsOf = ({ registrations }: Waiting) =>
  registrations.map(({ containerInstanceArn }) => containerInstanceArn);

function tell(deps: Deps, { explanations }: Explained, one: Waiting, findings: Findings): void {
  const { registrations, why: decided } = one;
  const isBegun = decided !== 'budget';
  const departure = isBegun ? one.departure : { ...one.departure, drainStartedAt: undefined };
  const why = isBegun && findings.tasks.length > 0 ? whyWaiting(findings.tasks) : decided;
  const at = deps.now();
  const blockers = isBegun ? blockersOf(findings) : [overBudget];
  const event = drainWaiting(departure, registrations, why, blockers, at);
  const { id } = event.detail;
  const isNew = explanations.get(departure.instanceId)?.id !== id;
  explanations.set(departure.instanceId, { at, decided, blockers, id });
  deps.announce(event);
  const { clusterName, autoScalingGroupName, instanceId } = departure;
  const line = { clusterName, autoScalingGroupName, instanceId, decision: 'wait', why, blockers };
  deps.log[isNew ? 'info' : 'debug']('decided', line);
}
