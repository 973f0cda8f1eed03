import type { Registration } from './departure.ts';
import { lackOf, type Room, type Shortage } from './room.ts';
import { leewayOf, type Service } from './service.ts';
import { isRunning, isServiceTask, isStopped, serviceNameOf, type Task } from './task.ts';
import { type Ending, secondsToStop } from './workload.ts';

/** One reason why a departure waits, with what is known about it. `says` is a sentence for whoever reads it. */
export type Blocker = Readonly<{ serviceName?: string; says: string }> &
  (
    | Readonly<{ kind: 'min-max'; serviceName: string; desiredCount: number; least: number; most: number }>
    | (Readonly<{ kind: 'no-room'; serviceName: string; otherInstances: number }> & Shortage)
    | Readonly<{ kind: 'not-placed'; serviceName: string; message: string; since: Date }>
    | Readonly<{ kind: 'start-impaired'; serviceName: string; message: string; since: Date }>
    | Readonly<{ kind: 'deployment-in-progress' | 'deployment-failed'; serviceName: string; since: Date }>
    | Readonly<{ kind: 'replacing'; serviceName: string; runningCount: number; pendingCount: number }>
    | Readonly<{
        kind: 'protected';
        serviceName: string;
        taskArns: readonly string[];
        until: Date | undefined;
      }>
    | Readonly<{ kind: 'daemon-last'; serviceName: string; taskCount: number }>
    | Readonly<{ kind: 'standalone'; taskArns: readonly string[]; since: Date | undefined }>
    | Readonly<{
        kind: 'stopping';
        taskArns: readonly string[];
        since: Date | undefined;
        stopTimeoutSeconds?: number;
        deregistrationDelaySeconds?: number;
      }>
    | Readonly<{ kind: 'agent-disconnected'; since: Date }>
    | Readonly<{ kind: 'budget' }>
    | Readonly<{ kind: 'unknown'; taskCount: number; unread: readonly string[] }>
  );

/** Every kind of reason. */
export type BlockerKind = Blocker['kind'];

/** From what stops everything to what only takes time: a reader, and an event of limited size, begin with the former. */
export const blockerOrder: readonly BlockerKind[] = [
  'budget',
  'agent-disconnected',
  'min-max',
  'no-room',
  'not-placed',
  'start-impaired',
  'deployment-failed',
  'protected',
  'deployment-in-progress',
  'standalone',
  'replacing',
  'stopping',
  'daemon-last',
  'unknown',
];

/** What was read about one departure that waits. */
export interface Findings {
  readonly registrations: readonly Registration[];
  /** The tasks on it; those that are STOPPED do not matter. */
  readonly tasks: readonly Task[];
  /** The services of these tasks, by name. */
  readonly services: ReadonlyMap<string, Service>;
  /** Until when tasks are protected, by ARN; the others are not. */
  readonly protections: ReadonlyMap<string, Date | undefined>;
  /** What the cluster's other ACTIVE instances have left; undefined: not read, or not all of them. */
  readonly rooms: readonly Room[] | undefined;
  /** When it was first seen that the agent of one of them is not connected. */
  readonly disconnectedSince: Date | undefined;
  /** How those of the tasks that are being stopped may end, by ARN, as far as it was read. */
  readonly endings: ReadonlyMap<string, Ending>;
  /** What could not be read. */
  readonly unread: readonly string[];
}

/**
 * Why the instance does not drain: what AWS says, or what follows from it. What does not follow is worded so ("possibly"),
 * and where nothing is found it is `unknown`.
 */
export function blockersOf(findings: Findings): Blocker[] {
  const live = findings.tasks.filter((task) => !isStopped(task));
  const running = live.filter(isRunning);
  const found = [
    ...agentBlockers(findings),
    ...serviceBlockers(findings, running.filter(isServiceTask)),
    ...standaloneBlockers(running.filter((task) => !isServiceTask(task))),
    ...stoppingBlockers(
      findings,
      live.filter((task) => !isRunning(task)),
    ),
  ];
  if (found.length === 0 && live.length > 0) return [unknown(live.length, findings.unread)];
  return found.toSorted(
    (a, b) =>
      blockerOrder.indexOf(a.kind) - blockerOrder.indexOf(b.kind) ||
      (a.serviceName ?? '').localeCompare(b.serviceName ?? ''),
  );
}

/** What keeps a departure whose drain has not begun because no slot of a budget is free. */
export const overBudget: Blocker = {
  kind: 'budget',
  says: 'as many drains of the group, or of the cluster, are under way as its budget allows',
};

/** D-2.44. */
function agentBlockers({ registrations, disconnectedSince }: Findings): Blocker[] {
  if (!disconnectedSince || registrations.every(({ agentConnected }) => agentConnected)) return [];
  const says = `the ECS agent is not connected, at least since ${time(disconnectedSince)}: ECS can stop nothing on the instance`;
  return [{ kind: 'agent-disconnected', since: disconnectedSince, says }];
}

function serviceBlockers(findings: Findings, running: readonly Task[]): Blocker[] {
  const names = [...new Set(running.flatMap((task) => serviceNameOf(task) ?? []))];
  const isReplica = (name: string) => findings.services.get(name)?.schedulingStrategy === 'REPLICA';
  const replicasLeft = running.filter((task) => isReplica(serviceNameOf(task) ?? ''));
  return names.flatMap((name) => {
    const service = findings.services.get(name);
    const own = running.filter((task) => serviceNameOf(task) === name);
    if (!service) return [unknown(own.length, findings.unread, name)];
    if (service.schedulingStrategy === 'DAEMON') return daemonBlockers(name, own, replicasLeft.length);
    const found = [...protectedBlockers(findings, name, own), ...replicaBlockers(findings, service, own)];
    if (found.length > 0) return found;
    return replacingBlocker(service) ?? unknown(own.length, findings.unread, name);
  });
}

/** D-2.29. Where no replica task is left, daemons are to stop, and that they have not is not explained by this. */
function daemonBlockers(serviceName: string, own: readonly Task[], replicasLeft: number): Blocker[] {
  if (replicasLeft === 0) return [unknown(own.length, [], serviceName)];
  const says = `service ${serviceName} is a daemon: its task is stopped last, after ${replicasLeft} of other services`;
  return [{ kind: 'daemon-last', serviceName, taskCount: own.length, says }];
}

/** Whether protection holds a task while its instance drains is not documented (D-2.36). */
function protectedBlockers({ protections }: Findings, serviceName: string, own: readonly Task[]): Blocker[] {
  const taskArns = arnsOf(own).filter((arn) => protections.has(arn));
  if (taskArns.length === 0) return [];
  const ends = taskArns.flatMap((arn) => protections.get(arn) ?? []).map((end) => end.getTime());
  const until = ends.length > 0 ? new Date(Math.max(...ends)) : undefined;
  const end = until ? ` until ${time(until)}` : '';
  const says = `${count(taskArns.length, 'task')} of service ${serviceName} may be held by scale-in protection${end}; AWS does not say whether it holds a drain`;
  return [{ kind: 'protected', serviceName, taskArns, until, says }];
}

function replicaBlockers(findings: Findings, service: Service, own: readonly Task[]): Blocker[] {
  const { serviceName, desiredCount } = service;
  const { least, most } = leewayOf(service);
  const deployment = deploymentBlockers(service);
  if (least >= desiredCount && most <= desiredCount) {
    const { minimumHealthyPercent: min, maximumPercent: max } = service;
    const says = `service ${serviceName} may have neither fewer nor more than its ${count(desiredCount, 'task')} (minimumHealthyPercent ${min}, maximumPercent ${max}): it can neither stop one nor start another`;
    return [{ kind: 'min-max', serviceName, desiredCount, least, most, says }, ...deployment];
  }
  const mustStartFirst = least >= desiredCount;
  const lacking = mustStartFirst ? roomBlockers(findings, service, own) : [];
  const said = lacking.length > 0 ? [] : saidBlockers(service);
  return [...lacking, ...said, ...deployment];
}

/** What the tasks need is known of their own revision; a service that starts another one may need something else. */
function roomBlockers({ rooms }: Findings, service: Service, own: readonly Task[]): Blocker[] {
  const { serviceName, taskDefinitionArn, pendingCount } = service;
  const task = own.find((one) => one.taskDefinitionArn === taskDefinitionArn);
  if (!rooms || !task || pendingCount > 0) return [];
  const shortage = lackOf(task.needs, rooms);
  if (!shortage) return [];
  const { resource, needed, largestFree } = shortage;
  const others = count(rooms.length, 'other instance');
  const says =
    resource === 'all together'
      ? `a task of service ${serviceName} fits on none of ${others}, though each thing it needs is free somewhere`
      : `a task of service ${serviceName} needs ${resource} ${needed}, and the most that one of ${others} has free is ${largestFree}`;
  return [{ kind: 'no-room', serviceName, otherInstances: rooms.length, ...shortage, says }];
}

/** What ECS itself says of the service (D-1.19, D-2.39, D-2.43), in its own words. */
function saidBlockers({ serviceName, unplaced, impaired }: Service): Blocker[] {
  const found: Blocker[] = [];
  const words = (since: Date, message: string) => `ECS says since ${time(since)}: ${message}`;
  if (unplaced) {
    const says = words(unplaced.at, unplaced.text);
    found.push({ kind: 'not-placed', serviceName, message: unplaced.text, since: unplaced.at, says });
  }
  if (impaired) {
    const says = words(impaired.at, impaired.text);
    found.push({ kind: 'start-impaired', serviceName, message: impaired.text, since: impaired.at, says });
  }
  return found;
}

/** D-1.21: a deployment that has FAILED starts no task. */
function deploymentBlockers({ serviceName, deployment }: Service): Blocker[] {
  if (!deployment || deployment.rolloutState === 'COMPLETED') return [];
  const { rolloutState, since } = deployment;
  if (rolloutState === 'FAILED') {
    const says = `the deployment of service ${serviceName} has failed, and starts no more tasks`;
    return [{ kind: 'deployment-failed', serviceName, since, says }];
  }
  const says = `a deployment of service ${serviceName} is in progress since ${time(since)}, and possibly comes first`;
  return [{ kind: 'deployment-in-progress', serviceName, since, says }];
}

/** The counts alone say that something is under way, not that it comes to an end. */
function replacingBlocker(service: Service): Blocker | undefined {
  const { serviceName, desiredCount, runningCount, pendingCount } = service;
  if (pendingCount === 0 && runningCount === desiredCount) return undefined;
  const counts = `${runningCount} running and ${pendingCount} pending of ${desiredCount}`;
  const says = `ECS replaces tasks of service ${serviceName}: ${counts}`;
  return { kind: 'replacing', serviceName, runningCount, pendingCount, says };
}

function standaloneBlockers(tasks: readonly Task[]): Blocker[] {
  if (tasks.length === 0) return [];
  const since = earliest(tasks.map(({ startedAt }) => startedAt));
  const start = since ? `, the oldest since ${time(since)}` : '';
  const says = `${count(tasks.length, 'standalone task')} run${tasks.length === 1 ? 's' : ''}${start}; ECS leaves them alone`;
  return [{ kind: 'standalone', taskArns: arnsOf(tasks), since, says }];
}

/** How long it may last is what the task definitions and the group's tag allow; an agent may go by other times (D-2.35). */
function stoppingBlockers({ endings }: Findings, tasks: readonly Task[]): Blocker[] {
  if (tasks.length === 0) return [];
  const since = earliest(tasks.map(({ stoppingAt }) => stoppingAt));
  const start = since ? ` since ${time(since)}` : '';
  const known = tasks.flatMap(({ taskArn }) => endings.get(taskArn) ?? []);
  const longest = known.toSorted((a, b) => secondsToStop(b) - secondsToStop(a))[0];
  const are = tasks.length === 1 ? 'is' : 'are';
  const says = `${count(tasks.length, 'task')} ${are} being stopped${start}${longest ? allowed(longest) : ''}`;
  const { task: _, ...times } = longest ?? {};
  return [{ kind: 'stopping', taskArns: arnsOf(tasks), since, ...times, says }];
}

function allowed({ stopTimeoutSeconds, deregistrationDelaySeconds }: Ending): string {
  const leaving =
    deregistrationDelaySeconds > 0
      ? ` after up to ${deregistrationDelaySeconds} s in which they leave their load balancer`
      : '';
  return `; they may take ${stopTimeoutSeconds} s from SIGTERM to SIGKILL (stopTimeout)${leaving}`;
}

function unknown(taskCount: number, unread: readonly string[], serviceName?: string): Blocker {
  const whose = serviceName === undefined ? '' : ` of service ${serviceName}`;
  const missing = unread.length > 0 ? `; could not read ${unread.join(', ')}` : '';
  const says = `nothing was found that keeps ${count(taskCount, 'task')}${whose}${missing}`;
  return { kind: 'unknown', taskCount, unread, says, ...(serviceName === undefined ? {} : { serviceName }) };
}

const arnsOf = (tasks: readonly Task[]) => tasks.map(({ taskArn }) => taskArn).toSorted();

function earliest(times: readonly (Date | undefined)[]): Date | undefined {
  const known = times.flatMap((one) => one?.getTime() ?? []);
  return known.length > 0 ? new Date(Math.min(...known)) : undefined;
}

const time = (at: Date) => at.toISOString().replace(/\.\d+Z$/, 'Z');
const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? '' : 's'}`;
