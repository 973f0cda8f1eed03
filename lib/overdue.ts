import { hookEndNear } from './announce.ts';
import { after, departureTimes, isHookEndNear, isStopDue } from './deadline.ts';
import type { Departure, DepartureDecision, Registration, WaitReason } from './departure.ts';
import type { Deps } from './deps.ts';
import { type EnrolledGroup, leavingInstanceIds } from './group.ts';

const neverSeconds = Number.POSITIVE_INFINITY;

/**
 * How long after the last of its times (seconds) a departure may wait for this reason before somebody has to look at it. A
 * task that stops has its delays, which may take an hour; budgets and standalone tasks may wait as long as the hook.
 */
const patienceSeconds: Readonly<Record<WaitReason, number>> = {
  registering: 900,
  'not-registered': 900,
  budget: neverSeconds,
  draining: 900,
  settling: 900,
  'tasks-stopping': 7200,
  'service-tasks': 900,
  'standalone-tasks': neverSeconds,
};

/** How long what is decided then may fail (seconds). */
const failingSeconds = 900;

/** What became of a decision: `failed`, and it will be made again. */
type Outcome = 'done' | 'failed';

/** Whether a departure goes on although its deadline is over, and the time of its standalone tasks where that has come. */
export function isStuck(
  departure: Departure,
  decision: DepartureDecision,
  outcome: Outcome,
  now: Date,
): boolean {
  const last = lastTime(departure, now);
  if (!last) return false;
  if (decision.kind === 'wait') return now >= after(last, patienceSeconds[decision.why]);
  // What was told to stop is not decided about again.
  const isFailing = outcome === 'failed' || decision.kind === 'stop-tasks';
  return isFailing && now >= after(last, failingSeconds);
}

/** The last of the departure's times; undefined: its deadline is yet to come, or not known, or the end of the hook is there. */
function lastTime(departure: Departure, now: Date): Date | undefined {
  const { deadline, standaloneStopAt } = departure;
  if (!deadline || now < deadline.at || isStopDue(departure, now)) return undefined;
  return standaloneStopAt && standaloneStopAt <= now && standaloneStopAt > deadline.at
    ? standaloneStopAt
    : deadline.at;
}

/** Says that a departure is stuck, in each sweep that finds it so. */
export function reportStuck({ log, count }: Deps, departure: Departure, decision: DepartureDecision): void {
  const { clusterName, autoScalingGroupName, instanceId, deadline, hookEndsAt } = departure;
  const why = 'why' in decision ? decision.why : undefined;
  log.warn('stuck: the times of the departure are over, and it goes on', {
    ...{ clusterName, autoScalingGroupName, instanceId, decision: decision.kind, why },
    ...{ deadlineAt: deadline?.at, hookEndsAt },
  });
  count('Stuck');
}

/**
 * Says, in each sweep of its last hours, that the hook of an instance ends: somebody may still have the time to save what a
 * task has done, or to end a pause. `registrations`: undefined where ECS was not asked. `why`: what is decided about it now.
 */
export function warnOfHookEnd(
  { log, count, announce, now }: Deps,
  departure: Departure,
  registrations: readonly Registration[] | undefined,
  why: string,
): void {
  if (!isHookEndNear(departure, now())) return;
  const { clusterName, autoScalingGroupName, instanceId, hookEndsAt } = departure;
  const taskCount = registrations?.reduce((sum, one) => sum + one.taskCount, 0);
  const fields = { clusterName, autoScalingGroupName, instanceId, hookEndsAt, taskCount, why };
  log.warn('the lifecycle action ends soon, and cannot be renewed any more', fields);
  count('HookEndNear');
  announce(hookEndNear(departure, registrations ?? [], { isPaused: why === 'paused', taskCount }, now()));
}

/** The same for the instances of a paused group, which go with the tasks on them. `hookSeconds`: how long its hook holds them. */
export function warnOfPausedEnds(
  deps: Deps,
  { group, clusterName, policy }: EnrolledGroup,
  starts: ReadonlyMap<string, Date>,
  hookSeconds?: number,
): void {
  const { autoScalingGroupName } = group;
  for (const instanceId of leavingInstanceIds(group)) {
    const times = departureTimes(policy, undefined, starts.get(instanceId), hookSeconds);
    // When its drain began ECS would have to be asked.
    const departure = { clusterName, autoScalingGroupName, instanceId, ...times, drainStartedAt: undefined };
    warnOfHookEnd(deps, departure, undefined, 'paused');
  }
}
