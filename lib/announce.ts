import type { Blocker } from './blockers.ts';
import type { Departure, Registration, ReleaseReason, StopReason, WaitReason } from './departure.ts';
import type { Mark } from './mark.ts';

/** What is told, as the detail-type of an event. */
export type DetailType =
  | 'Drain Started'
  | 'Drain Waiting'
  | 'Drain Deadline'
  | 'Drain Failed'
  | 'Hook End Near'
  | 'Instance Drained'
  | 'Instance Released'
  | 'Group Misconfigured'
  | 'Group Unenrolled';

/** The version of everything under `detail`: another one where a field is taken away or means something else. */
export const detailVersion = '1';

/** What stands in the detail of every event; each detail-type adds its own (docs/events.md). */
export interface Detail {
  readonly version: typeof detailVersion;
  /** The same for the same fact, however often it is told: who has seen it has seen the event. */
  readonly id: string;
  readonly autoScalingGroupName: string;
  readonly [field: string]: unknown;
}

/** One event for the default bus. */
export interface Announcement {
  readonly detailType: DetailType;
  readonly at: Date;
  /** The ARNs that it is about. */
  readonly resources: readonly string[];
  /** Of a state that lasts: what it is the state of. It is told when it changes, not each time it is seen. */
  readonly subject?: string;
  readonly detail: Detail;
}

/** What a group says of itself wrongly. `problem` is the sentence of the log. */
export interface Misconfiguration {
  readonly autoScalingGroupName: string;
  readonly problem: string;
  readonly tag: string;
  readonly value?: string;
  readonly expected: string;
  readonly instanceId?: string;
}

/** A departure, or what is known of one. */
type Known = Omit<Departure, 'instanceId'> & { readonly instanceId?: string | undefined };

/** So many blockers are told at most: an event has its limit (D-5.21), and a reader too. */
const blockersTold = 10;
/** So many tasks are named at most. */
const tasksTold = 20;

/** An instance was set to DRAINING, with these registrations. */
export function drainStarted(
  departure: Departure,
  registrations: readonly Registration[],
  { at, cause }: Mark,
): Announcement {
  const taskCount = registrations.reduce((sum, one) => sum + one.taskCount, 0);
  const fields = { cause, taskCount };
  return ofInstance('Drain Started', { ...departure, drainStartedAt: at }, registrations, fields, at);
}

/** A departure waits, and why. Another id: another reason, or another service in it. */
export function drainWaiting(
  departure: Departure,
  registrations: readonly Registration[],
  why: WaitReason,
  blockers: readonly Blocker[],
  at: Date,
): Announcement {
  const told = blockers.slice(0, blockersTold);
  const fields = { why, blockers: told, blockerCount: blockers.length };
  const event = ofInstance('Drain Waiting', departure, registrations, fields, at, [
    why,
    ...told.map(({ kind, serviceName }) => (serviceName === undefined ? kind : `${kind}:${serviceName}`)),
  ]);
  return { ...event, subject: subjectOf('Drain Waiting', departure) };
}

/** A time of the departure has come: tasks are stopped, or the instance is retained with them, or let go in spite of them. */
export function deadlinePassed(
  departure: Departure,
  registrations: readonly Registration[],
  decision: 'stop-tasks' | 'retain' | 'release',
  why: StopReason,
  taskArns: readonly string[],
  at: Date,
): Announcement {
  const fields = { decision, why, taskArns: taskArns.slice(0, tasksTold), taskCount: taskArns.length };
  const event = ofInstance('Drain Deadline', departure, registrations, fields, at, [decision, why]);
  return { ...event, subject: subjectOf(`Drain Deadline ${decision} ${why}`, departure) };
}

/** Auto Scaling ends the wait of an instance soon. `taskCount`: undefined where nobody looked, as in a paused group. */
export function hookEndNear(
  departure: Departure,
  registrations: readonly Registration[],
  { isPaused, taskCount }: { readonly isPaused: boolean; readonly taskCount: number | undefined },
  at: Date,
): Announcement {
  const { hookEndsAt } = departure;
  const fields = { hookEndsAt: hookEndsAt?.toISOString(), isPaused, taskCount };
  // The time of the hook's end tells one departure of an instance from another, also where no drain has begun.
  const more = [fields.hookEndsAt ?? '', ...(isPaused ? ['paused'] : [])];
  const event = ofInstance('Hook End Near', departure, registrations, fields, at, more);
  return { ...event, subject: subjectOf('Hook End Near', departure) };
}

/** Something about a departure could not be done; it is tried again. `error`: what was thrown, or AWS's reason. */
export function drainFailed(
  departure: Known,
  containerInstanceArns: readonly string[],
  doing: string,
  error: unknown,
  at: Date,
): Announcement {
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  // Without the words after it, which may differ from one attempt to the next.
  const [name = ''] = reason.split(':');
  const fields = { doing, reason };
  const event = ofArns('Drain Failed', departure, containerInstanceArns, fields, at, [doing, name]);
  return { ...event, subject: idOf('Drain Failed', doing, whoOf(departure, containerInstanceArns)) };
}

/**
 * Auto Scaling goes on with an instance: `Instance Drained` where its tasks were STOPPED before, `Instance Released` where it
 * was let go for another reason.
 */
export function released(
  departure: Departure,
  registrations: readonly Registration[],
  why: ReleaseReason,
  at: Date,
): Announcement {
  const { drainStartedAt } = departure;
  const drainSeconds = drainStartedAt && Math.round((at.getTime() - drainStartedAt.getTime()) / 1000);
  const cause = registrations.flatMap(({ mark }) => mark?.cause ?? [])[0];
  const detailType = why === 'drained' ? 'Instance Drained' : 'Instance Released';
  return ofInstance(detailType, departure, registrations, { why, cause, drainSeconds }, at);
}

/** A group says something of itself that the steward cannot follow. */
export function misconfigured(fault: Misconfiguration, at: Date): Announcement {
  const { autoScalingGroupName, problem, tag, value, instanceId } = fault;
  const about = [autoScalingGroupName, tag, problem, ...(instanceId === undefined ? [] : [instanceId])];
  return {
    detailType: 'Group Misconfigured',
    at,
    resources: [],
    subject: idOf('Group Misconfigured', ...about),
    detail: {
      version: detailVersion,
      id: idOf('Group Misconfigured', ...about, ...(value === undefined ? [] : [value])),
      ...fault,
    },
  };
}

/**
 * A group is not served any more: it left, and its hook is deleted, which whoever deleted it tells once; or its tag is gone, and
 * since when no API says.
 */
export function unenrolled(
  autoScalingGroupName: string,
  clusterName: string,
  why: 'leaving' | 'hook-external' | 'tag-removed',
  at: Date,
): Announcement {
  const which = why === 'leaving' ? at.toISOString() : why;
  const id = idOf('Group Unenrolled', autoScalingGroupName, which);
  // A hook that somebody else deletes may stay for long, and so does the state.
  const subject = why === 'hook-external' ? idOf('Group Unenrolled', autoScalingGroupName) : undefined;
  return {
    detailType: 'Group Unenrolled',
    at,
    resources: [],
    ...(subject === undefined ? {} : { subject }),
    detail: { version: detailVersion, id, autoScalingGroupName, clusterName, why },
  };
}

function ofInstance(
  detailType: DetailType,
  departure: Departure,
  registrations: readonly Registration[],
  fields: Readonly<Record<string, unknown>>,
  at: Date,
  more: readonly string[] = [],
): Announcement {
  const arns = registrations.map(({ containerInstanceArn }) => containerInstanceArn);
  return ofArns(detailType, departure, arns, fields, at, more);
}

/** `more` tells one fact of a departure from another of the same detail-type. */
function ofArns(
  detailType: DetailType,
  departure: Known,
  containerInstanceArns: readonly string[],
  fields: Readonly<Record<string, unknown>>,
  at: Date,
  more: readonly string[],
): Announcement {
  const { clusterName, autoScalingGroupName, instanceId, drainStartedAt } = departure;
  const who = whoOf(departure, containerInstanceArns);
  const startedAt = drainStartedAt?.toISOString();
  return {
    detailType,
    at,
    resources: containerInstanceArns,
    detail: {
      version: detailVersion,
      id: idOf(detailType, autoScalingGroupName, who, ...(startedAt ? [startedAt] : []), ...more),
      clusterName,
      autoScalingGroupName,
      instanceId,
      containerInstanceArns,
      drainStartedAt: startedAt,
      ...fields,
    },
  };
}

const whoOf = ({ instanceId }: Known, [arn = '']: readonly string[]) => instanceId ?? arn;

const subjectOf = (what: string, { autoScalingGroupName, instanceId }: Departure) =>
  idOf(what, autoScalingGroupName, instanceId);

/** Readable, and made of nothing but what happened: an instance that comes back and leaves again drains at another time. */
function idOf(...parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(' ', '-')).join('/');
}
