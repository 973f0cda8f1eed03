import { after } from './deadline.ts';
import type { Interruption, StewardEvent } from './events.ts';
import type { Group } from './fleet.ts';
import { enrolledGroup } from './group.ts';
import { isRunning, isStopped } from './task.ts';
import { type Ending, secondsToStop } from './workload.ts';

/** Nothing holds an instance longer than this after the notice (seconds; D-3.19). */
const noticeSeconds = 120;
/** By then, counted from the notice (seconds), a task should have ended: events and orders take their part of the two minutes. */
export const leadSeconds = 105;
/** Looks are so far apart at least (seconds): Lambda ends a chain of more than about 16 of them (D-13.13). */
const lookEverySeconds = 10;

/** Why nothing is done about what EC2 says of an instance. */
export type LeftAlone =
  | 'too-late'
  | 'in-no-group'
  | 'not-enrolled'
  | 'paused'
  | 'off'
  | 'leaving'
  | 'dry-run'
  | 'not-usable';

/** What to do about the tasks of an instance that Spot takes back. `nextAt`: when the next one has to be stopped. */
export interface LastCalls {
  readonly stop: readonly Ending[];
  readonly nextAt: Date | undefined;
}

/** Whether an event is one for the queue of interruptions. */
export const isInterruption = (event: StewardEvent): event is Interruption => event.kind === 'interruption';

/** Why an instance that Spot takes back is left alone, as far as its group tells; undefined: it is not. */
export function whyLeftAlone(
  { at }: Interruption,
  group: Group | undefined,
  now: Date,
): LeftAlone | undefined {
  if (now >= after(at, noticeSeconds)) return 'too-late';
  if (!group) return 'in-no-group';
  const policy = enrolledGroup(group)?.policy;
  if (!policy) return 'not-enrolled';
  if (policy.state === 'paused') return 'paused';
  return policy.interrupt ? undefined : 'off';
}

/**
 * Which tasks are to be stopped now. ECS stops a task when its service allows; one that has not begun to stop at its last
 * call is stopped by us, so that it leaves its load balancer and gets SIGTERM, and is not cut off by the end of the instance.
 */
export function decideLastCalls(notice: Interruption, endings: readonly Ending[], now: Date): LastCalls {
  const running = endings.filter(({ task }) => isRunning(task) && !isStopped(task));
  const times = running.map((ending) => ({ ending, at: lastCallAt(notice, ending) }));
  const later = times.filter(({ at }) => at > now).map(({ at }) => at.getTime());
  return {
    stop: times.filter(({ at }) => at <= now).map(({ ending }) => ending),
    nextAt: later.length > 0 ? new Date(Math.min(...later)) : undefined,
  };
}

/** A hibernation begins with its notice (D-1.29). Last calls are up to ten seconds early, so that several share a look. */
function lastCallAt({ at, action }: Interruption, ending: Ending): Date {
  if (action === 'hibernate') return at;
  const seconds = Math.max(0, leadSeconds - secondsToStop(ending));
  return after(at, Math.floor(seconds / lookEverySeconds) * lookEverySeconds);
}

/** Whether there is no time for all of it: what is left of the task is cut off by the end of its instance. */
export const isTooSlow = (ending: Ending): boolean => secondsToStop(ending) > leadSeconds;

/** When to look again although no task waits for its last call: a list may lack one that was placed just before the drain. */
export const doubtSeconds = lookEverySeconds;
