import type { Departure, Registration, ReleaseReason } from './departure.ts';
import type { Mark } from './mark.ts';

/** What is told, as the detail-type of an event. */
export type DetailType = 'Drain Started' | 'Instance Drained' | 'Instance Released';

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

/** One event for the default bus. `resources`: the ARNs it is about. */
export interface Announcement {
  readonly detailType: DetailType;
  readonly at: Date;
  readonly resources: readonly string[];
  readonly detail: Detail;
}

/** An instance was set to DRAINING, with these registrations. */
export function drainStarted(
  departure: Departure,
  registrations: readonly Registration[],
  { at, cause }: Mark,
): Announcement {
  const taskCount = registrations.reduce((sum, one) => sum + one.taskCount, 0);
  const fields = { cause, taskCount };
  return ofInstance('Drain Started', { ...departure, drainStartedAt: at }, arnsOf(registrations), fields, at);
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
  return ofInstance(detailType, departure, arnsOf(registrations), { why, cause, drainSeconds }, at);
}

const arnsOf = (registrations: readonly Registration[]) =>
  registrations.map(({ containerInstanceArn }) => containerInstanceArn);

/** `more` tells one fact of a departure from another of the same detail-type. */
function ofInstance(
  detailType: DetailType,
  departure: Departure,
  containerInstanceArns: readonly string[],
  fields: Readonly<Record<string, unknown>>,
  at: Date,
  more: readonly string[] = [],
): Announcement {
  const { clusterName, autoScalingGroupName, instanceId, drainStartedAt } = departure;
  const startedAt = drainStartedAt?.toISOString();
  return {
    detailType,
    at,
    resources: containerInstanceArns,
    detail: {
      version: detailVersion,
      id: idOf(detailType, autoScalingGroupName, instanceId, ...(startedAt ? [startedAt] : []), ...more),
      clusterName,
      autoScalingGroupName,
      instanceId,
      containerInstanceArns,
      drainStartedAt: startedAt,
      ...fields,
    },
  };
}

/** Readable, and made of nothing but what happened: an instance that comes back and leaves again drains at another time. */
function idOf(...parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(' ', '-')).join('/');
}
