import type { Account } from '../simulator/account.ts';
import type { InvocationRecord } from '../simulator/cloud/lambda/lambda.ts';
import type { TaskRecord } from '../simulator/ecs/records.ts';
import type { CallRecord } from '../simulator/endpoint.ts';
import { stewardHook } from './cluster.ts';

/** One departure, from the simulator's own task and hook records; times in milliseconds since the epoch. */
export interface DepartureReport {
  readonly instanceId: string;
  readonly terminateAt: number;
  readonly drainingAt: number | undefined;
  /** When the last task was told to stop, so that the instance's counts were 0; undefined: it had no task. */
  readonly countsZeroAt: number | undefined;
  /** When the last task was really STOPPED; undefined: it had no task, or one never stopped. */
  readonly lastStoppedAt: number | undefined;
  readonly completedAt: number | undefined;
  readonly endedBy: string | undefined;
  readonly tasks: number;
  readonly isEarly: boolean;
  readonly tasksKilled: number;
  /**
   * The part of the lateness that is ours: from the first time that a function was told to look and looked, to the
   * completion. That first time is the start of the earliest invocation of `release` or the sweep that began at or after
   * the last task was STOPPED and asked ECS about this instance, whether it then completed, failed, or gave its message
   * back; it is the moment of STOPPED if the completing invocation had begun before. What never asked ECS cannot be seen
   * here: an invocation that died before its first call, and a message that itself shows a task that still holds
   * resources, which was sent before STOPPED. An instance without tasks includes our own wait before the second look.
   */
  readonly latenessOwnSeconds: number | undefined;
  /** From the last task's STOPPED to the completion of the hook. */
  readonly latenessSeconds: number | undefined;
}

/** The figures of one run, all from the records of the simulated services; nothing comes from what our functions log. */
export interface Report {
  readonly seed: number;
  /** From when on departures, invocations and calls are counted (milliseconds since the epoch). */
  readonly since: number;
  readonly departures: number;
  readonly departuresEnded: number;
  readonly releasedEarly: number;
  /** Instances that Auto Scaling says it has terminated, held by our hook or not. */
  readonly instancesTerminated: number;
  /** Tasks on any instance, held by our hook or not, that were not STOPPED when it ended. */
  readonly tasksKilled: number;
  readonly tasksStoppedByPolicy: number;
  readonly hooksTimedOut: number;
  readonly latenessOwnSecondsMax: number;
  readonly latenessSecondsMax: number;
  readonly invocations: number;
  readonly invocationsSweep: number;
  readonly billedSeconds: number;
  readonly billedSecondsSweep: number;
  /** ECS and Auto Scaling calls of the functions that events begin; those of `sweep` and `rebalance` apart. */
  readonly apiCalls: number;
  readonly apiCallsSweep: number;
  /** Calls of functions that were denied since the stack was installed: one before the scale-in may be its undoing. */
  readonly accessDenied: number;
  /** The first of them. */
  readonly firstDenied: string | undefined;
  readonly instances: readonly DepartureReport[];
}

/** What runs each minute, whether something leaves or not. */
const isScheduled = (functionName: string | undefined) => /-(sweep|rebalance)$/.test(functionName ?? '');
const most = (values: readonly (number | undefined)[]) => Math.max(0, ...values.map((value) => value ?? 0));
const latest = (values: readonly (number | undefined)[]): number | undefined =>
  values.length === 0 || values.includes(undefined) ? undefined : most(values);
const seconds = (milliseconds: number) => Math.round(milliseconds) / 1000;

/** Reads from the account what became of every departure that began at or after `since` and waited on this hook. */
export function reportOf(account: Account, since: number, lifecycleHookName = stewardHook): Report {
  const records = recordsOf(account);
  const instances = account.autoscaling
    .lifecycleActions()
    .filter((action) => action.lifecycleHookName === lifecycleHookName && action.startedAt >= since)
    .map((action) => departureOf(records, action));
  const invocations = account.lambda.invocations.filter((invocation) => invocation.endedAt >= since);
  const own = invocations.filter(({ functionName }) => !isScheduled(functionName));
  const sweeps = invocations.filter(({ functionName }) => isScheduled(functionName));
  const allCalls = account.endpoint.calls.filter(({ functionName }) => functionName !== undefined);
  const calls = allCalls.filter(({ at }) => at >= since);
  const denied = allCalls.filter(({ outcome }) => outcome.startsWith('AccessDenied'));
  const counted = calls.filter(({ service }) => service === 'ecs' || service === 'autoscaling');
  const billed = (list: typeof invocations) => seconds(list.reduce((sum, { billedMs }) => sum + billedMs, 0));
  return {
    seed: account.world.seed,
    since,
    departures: instances.length,
    departuresEnded: instances.filter(({ completedAt }) => completedAt !== undefined).length,
    releasedEarly: instances.filter(({ isEarly }) => isEarly).length,
    instancesTerminated: terminatedInstanceIds(account, since).size,
    tasksKilled: account.ecs.taskRecords().filter((task) => task.cutOff && !isStoppedBefore(task, since))
      .length,
    tasksStoppedByPolicy: account.ecs.taskRecords().filter(isStoppedByPolicy).length,
    hooksTimedOut: instances.filter(({ endedBy }) => endedBy === 'timeout').length,
    latenessOwnSecondsMax: most(instances.map(({ latenessOwnSeconds }) => latenessOwnSeconds)),
    latenessSecondsMax: most(instances.map(({ latenessSeconds }) => latenessSeconds)),
    invocations: own.length,
    invocationsSweep: sweeps.length,
    billedSeconds: billed(own),
    billedSecondsSweep: billed(sweeps),
    apiCalls: counted.filter(({ functionName }) => !isScheduled(functionName)).length,
    apiCallsSweep: counted.filter(({ functionName }) => isScheduled(functionName)).length,
    accessDenied: denied.length,
    firstDenied: denied.map(nameOfCall)[0],
    instances,
  };
}

/** Whether a run shows what the steward is for: it held all `leaving` instances, and none was let go early or too late. */
export function isGood(report: Report, leaving: number): boolean {
  return (
    isHeld(report, leaving) &&
    report.departuresEnded === report.departures &&
    report.releasedEarly === 0 &&
    report.tasksKilled === 0 &&
    report.hooksTimedOut === 0 &&
    report.accessDenied === 0
  );
}

/** Whether all `leaving` instances were held by the hook, and no other one went. */
export const isHeld = ({ departures, instancesTerminated }: Report, leaving: number): boolean =>
  departures === leaving && instancesTerminated <= departures;

function terminatedInstanceIds({ world }: Account, since: number): ReadonlySet<string> {
  const ids = world.log
    .filter(({ kind, time }) => kind === 'event' && Date.parse(time) >= since)
    .map(({ event }) => event as { 'detail-type': string; detail: Readonly<Record<string, unknown>> })
    .filter((event) => event['detail-type'] === 'EC2 Instance Terminate Successful')
    .map(({ detail }) => String(detail.EC2InstanceId));
  return new Set(ids);
}

const isStoppedBefore = ({ stoppedAt }: TaskRecord, time: number) =>
  stoppedAt !== undefined && stoppedAt < time;

const nameOfCall = ({ service, operation, functionName, at }: CallRecord) =>
  `${service}:${operation} by ${functionName} at ${new Date(at).toISOString().slice(11, 21)}`;

/** Whether a task was stopped by StopTask; in a scenario where no operator stops any, that was the steward's policy. */
const isStoppedByPolicy = (task: TaskRecord) => task.stop?.stopCode === 'UserInitiated';

/** Whether the task was there and not STOPPED when the hook ended; one that was cut off at that moment was. */
function ranOn({ createdAt, stoppedAt, cutOff }: TaskRecord, endedAt: number): boolean {
  if (createdAt > endedAt) return false;
  return stoppedAt === undefined || stoppedAt > endedAt || (stoppedAt === endedAt && cutOff);
}

const lateness = (since: number | undefined, until: number | undefined) =>
  since === undefined || until === undefined ? undefined : seconds(until - since);

type Action = ReturnType<Account['autoscaling']['lifecycleActions']>[number];

/** What the account's records say, by the EC2 instance that it is about. */
interface Records {
  readonly tasks: ReadonlyMap<string, readonly TaskRecord[]>;
  readonly registrations: ReadonlyMap<string, readonly Registration[]>;
  readonly completions: ReadonlyMap<string, readonly CallRecord[]>;
  /** Calls of `release` and the sweep, or whatever else completes, that asked ECS about it. */
  readonly looks: ReadonlyMap<string, readonly CallRecord[]>;
  readonly invocations: ReadonlyMap<string, readonly InvocationRecord[]>;
}

type Registration = ReturnType<Account['ecs']['containerInstanceRecords']>[number];

function recordsOf({ ecs, endpoint, lambda }: Account): Records {
  const registrations = ecs.containerInstanceRecords();
  const instanceIds = new Map(registrations.map((one) => [one.containerInstanceArn, one.ec2InstanceId]));
  const looks = endpoint.calls.filter(isLook).flatMap((call) => {
    const names = JSON.stringify(call.input).match(
      /arn:aws:ecs:[^"]*:container-instance\/[^"]*|i-[0-9a-f]+/g,
    );
    const ids = (names ?? []).map((name) => instanceIds.get(name) ?? name);
    return [...new Set(ids)].map((instanceId) => ({ instanceId, call }));
  });
  const completions = endpoint.calls.filter(
    ({ operation, outcome }) => operation === 'CompleteLifecycleAction' && outcome === 'ok',
  );
  return {
    tasks: groupedBy(ecs.taskRecords(), ({ ec2InstanceId }) => ec2InstanceId),
    registrations: groupedBy(registrations, ({ ec2InstanceId }) => ec2InstanceId),
    completions: groupedBy(completions, ({ input }) =>
      String(input.InstanceId ?? input.LifecycleActionToken),
    ),
    looks: new Map(
      [...groupedBy(looks, ({ instanceId }) => instanceId)].map(([id, own]) => [
        id,
        own.map(({ call }) => call),
      ]),
    ),
    invocations: groupedBy(lambda.invocations, ({ requestId }) => requestId),
  };
}

/** Only these look at drained instances: what admits asks ECS too, before. */
const isLook = ({ service, functionName }: CallRecord) =>
  service === 'ecs' && functionName !== undefined && !functionName.endsWith('-admit');

function groupedBy<Value>(values: readonly Value[], key: (value: Value) => string | undefined) {
  const groups = new Map<string, Value[]>();
  for (const value of values) {
    const name = key(value);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group) group.push(value);
    else groups.set(name, [value]);
  }
  return groups;
}

function departureOf(records: Records, action: Action): DepartureReport {
  const { instanceId, startedAt: terminateAt, endedAt: completedAt, endedBy } = action;
  const registration = records.registrations.get(instanceId)?.[0];
  const tasks = (records.tasks.get(instanceId) ?? []).filter(
    (task) => (task.stoppedAt ?? terminateAt) >= terminateAt,
  );
  const lastStoppedAt = latest(tasks.map(({ stoppedAt }) => stoppedAt));
  const drainedAt = Math.max(lastStoppedAt ?? registration?.drainingAt ?? terminateAt, terminateAt);
  return {
    instanceId,
    terminateAt,
    drainingAt: registration?.drainingAt,
    countsZeroAt: latest(tasks.map(({ desiredStoppedAt }) => desiredStoppedAt)),
    lastStoppedAt,
    completedAt,
    endedBy,
    tasks: tasks.length,
    isEarly: completedAt !== undefined && tasks.some((task) => ranOn(task, completedAt)),
    tasksKilled: tasks.filter(({ cutOff }) => cutOff).length,
    latenessOwnSeconds: lateness(firstReceiptAt(records, action, drainedAt), completedAt),
    latenessSeconds: lateness(drainedAt, completedAt),
  };
}

/**
 * When a function was first told to look at a drained instance, and did; undefined: no function ended the action. One
 * request may have been tried more than once, so a call belongs to the try that it was made in.
 */
function firstReceiptAt(records: Records, action: Action, drainedAt: number): number | undefined {
  const { instanceId, lifecycleActionToken, endedAt } = action;
  const madeIn = (call: CallRecord) =>
    (records.invocations.get(String(call.requestId)) ?? []).find(
      ({ startedAt, endedAt }) => startedAt <= call.at && call.at <= endedAt,
    );
  const completing = [instanceId, String(lifecycleActionToken)]
    .flatMap((name) => records.completions.get(name) ?? [])
    .find(({ at }) => at === endedAt);
  const completingInvocation = completing && madeIn(completing);
  if (!completingInvocation) return undefined;
  const looks = (records.looks.get(instanceId) ?? [])
    .filter(({ at }) => at >= drainedAt && at <= Number(endedAt))
    .flatMap((call) => madeIn(call) ?? []);
  const startsAt = [completingInvocation, ...looks].map(({ startedAt }) => startedAt);
  const first = Math.min(...startsAt.filter((startedAt) => startedAt >= drainedAt));
  return completingInvocation.startedAt < drainedAt ? drainedAt : first;
}
