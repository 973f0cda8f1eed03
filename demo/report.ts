import type { Account } from '../simulator/account.ts';
import type { TaskRecord } from '../simulator/ecs/records.ts';
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
  /** From the start of the invocation that completed the hook to its completion. */
  readonly latenessOwnSeconds: number | undefined;
  /** From the last task's STOPPED to the completion of the hook. */
  readonly latenessSeconds: number | undefined;
}

/** The figures of one run. Everything but the last six comes from task and hook records, nothing from our log. */
export interface Report {
  readonly seed: number;
  /** From when on departures, invocations and calls are counted (milliseconds since the epoch). */
  readonly since: number;
  readonly departures: number;
  readonly departuresEnded: number;
  readonly releasedEarly: number;
  readonly tasksKilled: number;
  readonly tasksStoppedByPolicy: number;
  readonly hooksTimedOut: number;
  readonly latenessOwnSecondsMax: number;
  readonly latenessSecondsMax: number;
  readonly invocations: number;
  readonly invocationsSweep: number;
  readonly billedSeconds: number;
  readonly billedSecondsSweep: number;
  /** ECS and Auto Scaling calls of `admit` and `release`. */
  readonly apiCalls: number;
  readonly apiCallsSweep: number;
  readonly accessDenied: number;
  readonly instances: readonly DepartureReport[];
}

const isSweep = (functionName: string | undefined) => functionName?.endsWith('-sweep') ?? false;
const most = (values: readonly (number | undefined)[]) => Math.max(0, ...values.map((value) => value ?? 0));
const latest = (values: readonly (number | undefined)[]): number | undefined =>
  values.length === 0 || values.includes(undefined) ? undefined : most(values);
const seconds = (milliseconds: number) => Math.round(milliseconds) / 1000;

/** Reads from the account what became of every departure that began at or after `since`. */
export function reportOf(account: Account, since: number): Report {
  const instances = account.autoscaling
    .lifecycleActions()
    .filter((action) => action.lifecycleHookName === stewardHook && action.startedAt >= since)
    .map((action) => departureOf(account, action));
  const invocations = account.lambda.invocations.filter((invocation) => invocation.endedAt >= since);
  const own = invocations.filter(({ functionName }) => !isSweep(functionName));
  const sweeps = invocations.filter(({ functionName }) => isSweep(functionName));
  const calls = account.endpoint.calls.filter((call) => call.at >= since && call.functionName !== undefined);
  const counted = calls.filter(({ service }) => service === 'ecs' || service === 'autoscaling');
  const billed = (list: typeof invocations) => seconds(list.reduce((sum, { billedMs }) => sum + billedMs, 0));
  return {
    seed: account.world.seed,
    since,
    departures: instances.length,
    departuresEnded: instances.filter(({ completedAt }) => completedAt !== undefined).length,
    releasedEarly: instances.filter(({ isEarly }) => isEarly).length,
    tasksKilled: instances.reduce((sum, { tasksKilled }) => sum + tasksKilled, 0),
    tasksStoppedByPolicy: account.ecs.taskRecords().filter(isStoppedByPolicy).length,
    hooksTimedOut: instances.filter(({ endedBy }) => endedBy === 'timeout').length,
    latenessOwnSecondsMax: most(instances.map(({ latenessOwnSeconds }) => latenessOwnSeconds)),
    latenessSecondsMax: most(instances.map(({ latenessSeconds }) => latenessSeconds)),
    invocations: own.length,
    invocationsSweep: sweeps.length,
    billedSeconds: billed(own),
    billedSecondsSweep: billed(sweeps),
    apiCalls: counted.filter(({ functionName }) => !isSweep(functionName)).length,
    apiCallsSweep: counted.filter(({ functionName }) => isSweep(functionName)).length,
    accessDenied: calls.filter(({ outcome }) => outcome.startsWith('AccessDenied')).length,
    instances,
  };
}

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

function departureOf(account: Account, action: Action): DepartureReport {
  const { instanceId, startedAt: terminateAt, endedAt: completedAt, endedBy } = action;
  const registration = account.ecs
    .containerInstanceRecords()
    .find(({ ec2InstanceId }) => ec2InstanceId === instanceId);
  const tasks = account.ecs
    .taskRecords()
    .filter((task) => task.ec2InstanceId === instanceId && (task.stoppedAt ?? terminateAt) >= terminateAt);
  const lastStoppedAt = latest(tasks.map(({ stoppedAt }) => stoppedAt));
  const drainedAt = Math.max(lastStoppedAt ?? registration?.drainingAt ?? terminateAt, terminateAt);
  const completing = completingInvocation(account, action);
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
    latenessOwnSeconds: lateness(completing?.startedAt, completedAt),
    latenessSeconds: lateness(drainedAt, completedAt),
  };
}

/** The invocation whose call ended the lifecycle action; undefined: no function did, or it has not ended yet. */
function completingInvocation(account: Account, action: Action) {
  const call = account.endpoint.calls.find(
    ({ at, operation, outcome, input }) =>
      at === action.endedAt &&
      operation === 'CompleteLifecycleAction' &&
      outcome === 'ok' &&
      (input.InstanceId === action.instanceId || input.LifecycleActionToken === action.lifecycleActionToken),
  );
  return account.lambda.invocations.find(({ requestId }) => requestId === call?.requestId);
}
