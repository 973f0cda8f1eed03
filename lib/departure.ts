import { after, decideDraining, isReleaseDue, isTimeUp } from './deadline.ts';
import type { Mark } from './mark.ts';
import type { OnDeadline, Policy } from './policy.ts';
import { isStopped, type Task } from './task.ts';

/** One EC2 instance that Auto Scaling waits to terminate, and what is known about its time. */
export interface Departure {
  readonly clusterName: string;
  readonly autoScalingGroupName: string;
  readonly instanceId: string;
  /** When an earlier read found it registered nowhere; undefined: no earlier read did. */
  readonly unregisteredSince?: Date | undefined;
  /** Auto Scaling keeps it after its lifecycle action was abandoned, until somebody ends it (D-3.14). */
  readonly isRetained?: boolean;
  /** When the drain began; undefined: not known, and then no deadline passes. */
  readonly drainStartedAt?: Date | undefined;
  /** What to do about service tasks, and when; undefined: whoever asks does not act on deadlines. */
  readonly deadline?: { readonly at: Date; readonly onDeadline: OnDeadline } | undefined;
  /** When standalone tasks are stopped; undefined: only at the end of the hook, or whoever asks does not act on it. */
  readonly standaloneStopAt?: Date | undefined;
  /** When Auto Scaling ends the hook, renewed or not (D-3.7). */
  readonly hookEndsAt?: Date | undefined;
  /** From when on it is said that the hook ends. */
  readonly hookEndNearAt?: Date | undefined;
  /** How long what is left on it may take to leave load balancers and to stop (seconds), as far as it is known. */
  readonly endingSeconds?: number | undefined;
  /** Whether EC2 has ended the instance, so that nothing on it runs any more, whatever ECS shows. */
  readonly isGone?: boolean;
  /** Whether no slot of a budget is free for it. */
  readonly isOverBudget?: boolean;
}

/**
 * A registration of an EC2 instance as a container instance. `taskCount`: tasks meant to run, and pending (D-2.12).
 * `holdsResources`: some CPU or memory of it is still taken by tasks.
 */
export interface Registration {
  readonly containerInstanceArn: string;
  readonly ec2InstanceId: string;
  readonly status: string;
  readonly version: number;
  readonly agentConnected: boolean;
  readonly taskCount: number;
  readonly holdsResources: boolean;
  readonly mark: Mark | undefined;
  /** Whether it carries the attribute by which services avoid it while it waits for a budget. */
  readonly isWaiting: boolean;
}

/** Why an instance is released. */
export type ReleaseReason =
  | 'drained'
  | 'instance-gone'
  | 'not-registered'
  | 'not-usable'
  | 'deadline'
  | 'hook-ending'
  | ReasonToLetGo;

/** Why an instance is released although it was never drained: its group leaves, or is there for a dry run. */
export type ReasonToLetGo = 'leaving' | 'dry-run';

/** Why nothing is done yet. `draining`: its tasks were not looked at. `settling`: no task is left in the lists, yet the instance does not look empty. */
export type WaitReason =
  | 'registering'
  | 'not-registered'
  | 'budget'
  | 'draining'
  | 'settling'
  | 'tasks-stopping'
  | 'service-tasks'
  | 'standalone-tasks';

/** Why tasks are stopped. */
export type StopReason = 'deadline' | 'standalone-tasks' | 'hook-ending';

/** Why an instance that has not drained is kept. */
export type RetainReason = 'deadline' | 'hook-ending';

/** What to do about one leaving instance. */
export type DepartureDecision =
  | { readonly kind: 'start-draining'; readonly containerInstanceArns: readonly string[] }
  | {
      readonly kind: 'stop-tasks';
      readonly why: StopReason;
      readonly taskArns: readonly string[];
    }
  | { readonly kind: 'retain'; readonly why: RetainReason }
  | { readonly kind: 'release'; readonly why: ReleaseReason }
  | { readonly kind: 'wait'; readonly why: WaitReason };

/** Two reads so far apart (seconds) must find an instance registered nowhere before it is taken for that. */
export const secondLookSeconds = 15;
/** So long after the drain began and the last task stopped (seconds) the task lists outweigh a record that looks busy. */
const settlingSeconds = 60;
const release = (why: ReleaseReason): DepartureDecision => ({ kind: 'release', why });
const wait = (why: WaitReason): DepartureDecision => ({ kind: 'wait', why });
/**
 * What to do about one leaving EC2 instance, given what is true now: all its registrations in the cluster (D-2.8: there
 * can be two; it leaves when all are done) and the tasks on them, undefined where nobody looked. The order is the policy.
 */
export function decideDeparture(
  departure: Departure,
  registrations: readonly Registration[],
  tasks: readonly Task[] | undefined,
  now: Date,
): DepartureDecision {
  if (departure.isGone) return release('instance-gone');
  if (registrations.length === 0) return decideUnregistered(departure, now);
  const usable = registrations.filter(isUsable);
  if (usable.length === 0) return release('not-usable');
  if (isDrained(departure, usable, tasks, now)) return release('drained');
  if (isReleaseDue(departure, now)) return decideEnding(departure, usable);
  const active = usable.filter(({ status }) => status === 'ACTIVE');
  if (active.length > 0 && departure.isOverBudget) return wait('budget');
  // Also one without tasks: an empty ACTIVE instance can still be given one.
  if (active.length > 0)
    return { kind: 'start-draining', containerInstanceArns: active.map((one) => one.containerInstanceArn) };
  // D-2.13: only an ACTIVE instance can be set to DRAINING.
  if (usable.some(({ status }) => status === 'REGISTERING')) return decideRegistering(departure, usable, now);
  if (!tasks) return wait('draining');
  return decideDraining(departure, tasks, now);
}

/**
 * Why an instance is not even drained, by the policy of its group; undefined: it is, or is left to its end. While a group
 * leaves, what has begun to drain goes on, and what comes anew would be held for nothing: it is let go at once.
 */
export function reasonToLetGo(
  { state, isDryRun }: Policy,
  registrations: readonly Registration[],
): ReasonToLetGo | undefined {
  if (isDryRun) return 'dry-run';
  const isUnderWay = registrations.some(({ status }) => status === 'DRAINING');
  return state === 'leaving' && !isUnderWay ? 'leaving' : undefined;
}

/**
 * Whether the tasks must be read to decide. With tasks still meant to run, and no time to stop any, they need not. How long
 * before the end of the hook they are stopped depends on what they are, so they are read from when that end is near.
 */
export function needsTasks(departure: Departure, registrations: readonly Registration[], now: Date): boolean {
  const usable = registrations.filter(isUsable);
  if (departure.isGone || usable.length === 0) return false;
  if (usable.some(({ status }) => status !== 'DRAINING')) return false;
  return isTimeUp(departure, now) || usable.every(({ taskCount }) => taskCount === 0);
}

/** Whether it can take or run tasks. D-2.1 to D-2.3: these three no longer take or run tasks, and cannot be drained (D-2.13). */
export function isUsable({ status }: Registration): boolean {
  return status !== 'INACTIVE' && status !== 'DEREGISTERING' && status !== 'REGISTRATION_FAILED';
}

/** What has not drained is kept where its group says so; one that was never drained would only be given more tasks. */
function decideEnding({ deadline }: Departure, usable: readonly Registration[]): DepartureDecision {
  const isDraining = usable.every(({ status }) => status === 'DRAINING');
  if (isDraining && deadline?.onDeadline === 'retain') return { kind: 'retain', why: 'hook-ending' };
  return release('hook-ending');
}

function decideUnregistered(departure: Departure, now: Date): DepartureDecision {
  const { unregisteredSince } = departure;
  if (isReleaseDue(departure, now)) return release('hook-ending');
  if (unregisteredSince && now >= after(unregisteredSince, secondLookSeconds))
    return release('not-registered');
  return wait('not-registered');
}

/** No task is placed on it before it is ACTIVE (D-2.2): one that never is need not be waited for longer than a drain is. */
function decideRegistering({ deadline }: Departure, usable: readonly Registration[], now: Date) {
  const isEmpty = usable.every(({ taskCount, holdsResources }) => taskCount === 0 && !holdsResources);
  return isEmpty && deadline && now >= deadline.at ? release('deadline') : wait('registering');
}

/** Drained means STOPPED: counts fall when a stop is decided, while containers still run (D-2.12, D-2.30). */
function isDrained(
  departure: Departure,
  usable: readonly Registration[],
  tasks: readonly Task[] | undefined,
  now: Date,
): boolean {
  if (!tasks || !hasStopped(usable, tasks)) return false;
  return isFree(usable) || isSettled(departure, tasks, now);
}

function hasStopped(usable: readonly Registration[], tasks: readonly Task[]): boolean {
  return isEmptied(usable) && tasks.every(isStopped);
}

/** Whether no task is meant to run on any of them, or will be: those that are left are told to stop. */
export function isEmptied(registrations: readonly Registration[]): boolean {
  const usable = registrations.filter(isUsable);
  if (usable.length === 0) return false;
  return usable.every(({ status, taskCount }) => status === 'DRAINING' && taskCount === 0);
}

/**
 * Whether no task holds anything of the instance. The record that says so is DRAINING: no task is placed after it, and one
 * placed just before, which a list of the same time may lack, holds its memory in it. No list can show as much.
 */
function isFree(usable: readonly Registration[]): boolean {
  return usable.every(({ holdsResources }) => !holdsResources);
}

/** Should the record never look empty although every task is STOPPED, the drain must end all the same. */
function isSettled({ drainStartedAt }: Departure, tasks: readonly Task[], now: Date): boolean {
  if (!drainStartedAt) return false;
  const stops = tasks.map(({ stoppedAt }) => stoppedAt?.getTime() ?? 0);
  return now >= after(new Date(Math.max(drainStartedAt.getTime(), ...stops)), settlingSeconds);
}

/** Whether tasks run or stop on it, or their end is not seen yet. */
export const isOccupied = ({ taskCount, holdsResources }: Registration) => taskCount > 0 || holdsResources;

/**
 * Whether the record alone says that some task has not stopped: none is meant to run, and something is held. Its end is told
 * by an event of the instance itself, whose version says how new a record must be (docs/decisions/0002).
 */
export function isStopping(registrations: readonly Registration[]): boolean {
  const usable = registrations.filter(isUsable);
  return isEmptied(usable) && !isFree(usable);
}

/** Whether every task is STOPPED and the record still looks busy: one of the two reads may be older than the other. */
export function isInDoubt(registrations: readonly Registration[], tasks: readonly Task[]): boolean {
  const usable = registrations.filter(isUsable);
  return usable.length > 0 && hasStopped(usable, tasks) && !isFree(usable);
}
