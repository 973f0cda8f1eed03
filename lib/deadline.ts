import type { Departure, DepartureDecision, StopReason, WaitReason } from './departure.ts';
import { globalTimeoutSeconds } from './hook.ts';
import type { Mark } from './mark.ts';
import type { Policy } from './policy.ts';
import { isRunning, isServiceTask, isStopped, type Task } from './task.ts';
import { usualStopTimeoutSeconds } from './workload.ts';

/** In this part of all the time that a hook may hold an instance, the last, it is warned of its end: 6 hours of 48. */
const warnPart = 1 / 8;
/** Tasks told to stop have so long (seconds) to become STOPPED, however short their delays are ... */
const leastGraceSeconds = 600;
/** ... and so much longer (seconds) than the longest of them needs: for the order to the agent, and its report. */
const reportSeconds = 60;
/** So long before the hook ends (seconds) the instance is released, so that no hook of ours ever times out. */
const lastReleaseSeconds = 120;

/** How long tasks told to stop are waited for (seconds), given what the slowest of them may take. */
const graceSeconds = ({ endingSeconds = 0 }: Departure): number =>
  Math.max(leastGraceSeconds, endingSeconds + reportSeconds);

/**
 * So long before the hook ends (seconds) everything left is stopped, so that it can take the time it needs. It is ten minutes
 * where nothing needs more than seven of them.
 */
export const lastStopSeconds = (endingSeconds = 0): number =>
  Math.max(leastGraceSeconds, endingSeconds + reportSeconds + lastReleaseSeconds);

/** What is known of the time of a departure. */
type TimeOfDeparture =
  | 'drainStartedAt'
  | 'deadline'
  | 'standaloneStopAt'
  | 'hookEndsAt'
  | 'hookEndNearAt'
  | 'endingSeconds';

/** What a policy says about times. */
type TimesPolicy = Pick<
  Policy,
  'drainDeadlineSeconds' | 'onDeadline' | 'standaloneStopSeconds' | 'deregistrationDelaySeconds'
>;

/**
 * The times of a departure, from what Auto Scaling, the mark and the policy say of it. Until its tasks are known, each is
 * taken for one behind a load balancer with the usual stopTimeout. `hookSeconds`: the longest that its hook holds an instance.
 */
export function departureTimes(
  policy: TimesPolicy,
  mark: Mark | undefined,
  startedAt: Date | undefined,
  hookSeconds = globalTimeoutSeconds,
): Pick<Departure, TimeOfDeparture> {
  const drainStartedAt = mark?.at ?? startedAt;
  const hookStartedAt = startedAt ?? mark?.at;
  return {
    drainStartedAt,
    deadline: drainStartedAt && {
      at: after(drainStartedAt, policy.drainDeadlineSeconds),
      onDeadline: policy.onDeadline,
    },
    standaloneStopAt:
      policy.standaloneStopSeconds === undefined
        ? undefined
        : drainStartedAt && after(drainStartedAt, policy.standaloneStopSeconds),
    hookEndsAt: hookStartedAt && after(hookStartedAt, hookSeconds),
    hookEndNearAt: hookStartedAt && after(hookStartedAt, hookSeconds * (1 - warnPart)),
    endingSeconds: policy.deregistrationDelaySeconds + usualStopTimeoutSeconds,
  };
}

/** Whether it is to be said that the hook ends: what runs longer will be stopped, or cut off in a paused group (D-3.7). */
export function isHookEndNear({ hookEndNearAt }: Pick<Departure, 'hookEndNearAt'>, now: Date): boolean {
  return hookEndNearAt !== undefined && now >= hookEndNearAt;
}

/** Whether it matters how long tasks take to stop: they are stopped, or are about to be, in a given time. */
export function isGraceNeeded(departure: Departure, now: Date): boolean {
  const { deadline } = departure;
  return (deadline !== undefined && now >= deadline.at) || isHookEndNear(departure, now);
}

/** Whether everything that is left is to be stopped, because the hook ends soon. */
export function isStopDue(departure: Departure, now: Date): boolean {
  return isHookEnding(departure, now, lastStopSeconds(departure.endingSeconds));
}

/** Whether it may be time to stop some of its tasks: which are left says when. */
export function isTimeUp(departure: Departure, now: Date): boolean {
  const { deadline, standaloneStopAt } = departure;
  const hasPassed = [deadline?.at, standaloneStopAt].some((time) => time && now >= time);
  return hasPassed || isHookEndNear(departure, now);
}

/** Whether the instance is to be released whatever is left, because the hook ends at once. */
export function isReleaseDue(departure: Departure, now: Date): boolean {
  return isHookEnding(departure, now, lastReleaseSeconds);
}

function isHookEnding({ hookEndsAt }: Departure, now: Date, seconds: number): boolean {
  return hookEndsAt !== undefined && now >= after(hookEndsAt, -seconds);
}

/** What to do about a DRAINING instance of which tasks are left: the deadline, the end of the hook, or why it waits. */
export function decideDraining(departure: Departure, tasks: readonly Task[], now: Date): DepartureDecision {
  const live = tasks.filter((task) => !isStopped(task));
  if (live.length === 0) return { kind: 'wait', why: 'settling' };
  const { deadline, standaloneStopAt } = departure;
  if (isStopDue(departure, now)) {
    if (deadline?.onDeadline === 'retain') return { kind: 'retain', why: 'hook-ending' };
    return stopLeft(live, 'hook-ending');
  }
  const standalone = live.filter((task) => !isServiceTask(task));
  if (standaloneStopAt && now >= standaloneStopAt && standalone.some(isRunning))
    return stopLeft(standalone, 'standalone-tasks');
  if (deadline && now >= deadline.at && live.some(isServiceTask))
    return decideLate(departure, deadline, live, now);
  return { kind: 'wait', why: whyWaiting(live) };
}

/** The deadline is for service tasks; a standalone task lives until it ends, its own time has come or the hook ends. */
function decideLate(
  departure: Departure,
  deadline: NonNullable<Departure['deadline']>,
  live: readonly Task[],
  now: Date,
): DepartureDecision {
  if (deadline.onDeadline === 'retain') return { kind: 'retain', why: 'deadline' };
  const late = live.filter(isServiceTask);
  if (deadline.onDeadline === 'stop-tasks') {
    if (late.some(isRunning)) return stopLeft(late, 'deadline');
    if (now < graceEndsAt(departure, deadline.at, late)) return { kind: 'wait', why: 'tasks-stopping' };
  }
  if (late.length < live.length) return { kind: 'wait', why: 'standalone-tasks' };
  return { kind: 'release', why: 'deadline' };
}

/** The grace runs from the deadline, or from a later stop: after an outage of ours tasks are told to stop late. */
function graceEndsAt(departure: Departure, deadlineAt: Date, tasks: readonly Task[]): Date {
  const stops = tasks.map(({ stoppingAt }) => stoppingAt?.getTime() ?? 0);
  return after(new Date(Math.max(deadlineAt.getTime(), ...stops)), graceSeconds(departure));
}

function stopLeft(tasks: readonly Task[], why: StopReason): DepartureDecision {
  const taskArns = tasks.filter(isRunning).map(({ taskArn }) => taskArn);
  return taskArns.length > 0
    ? { kind: 'stop-tasks', why, taskArns }
    : { kind: 'wait', why: 'tasks-stopping' };
}

/** Why an instance of which these tasks are left waits. */
export function whyWaiting(live: readonly Task[]): WaitReason {
  const running = live.filter(isRunning);
  if (running.some(isServiceTask)) return 'service-tasks';
  return running.length > 0 ? 'standalone-tasks' : 'tasks-stopping';
}

/** The time so many seconds after another. */
export function after(time: Date, seconds: number): Date {
  return new Date(time.getTime() + seconds * 1000);
}
