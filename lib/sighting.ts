import type { ContainerInstanceChange, Look, StewardEvent, TaskStopped } from './events.ts';
import { groupBy } from './grouping.ts';
import { newestPerArn } from './observe.ts';

/** What a message of the release queue may say. */
export type Hint = ContainerInstanceChange | TaskStopped | Look;

/** Whether an event is one for the release queue. */
export const isHint = (event: StewardEvent): event is Hint =>
  event.kind === 'container-instance' || event.kind === 'task-stopped' || event.kind === 'look';

/** A queue message that was read; `messageId` is SQS's. */
export interface Message<Event> {
  readonly messageId: string;
  readonly event: Event;
  /** How long it lay in the queue before it was received; undefined: it comes back. */
  readonly waitedMs?: number | undefined;
}

/** What a batch of messages says about one instance: what to look at, and how new an answer must be. */
export interface Sighting {
  readonly clusterName: string;
  readonly messageIds: readonly string[];
  /** When the last of the events happened. */
  readonly at: Date;
  /** The newest event of the container instance itself. */
  readonly change: ContainerInstanceChange | undefined;
  /** The container instance of the events; a look names the EC2 instance only. */
  readonly containerInstanceArn: string | undefined;
  /** Tasks that events showed STOPPED, with the version of the newest event of each. */
  readonly taskVersions: ReadonlyMap<string, number>;
  /** Our own requests to look again. */
  readonly looks: readonly Look[];
}

/** So long (milliseconds) a message may lie before it is late: then others are before it, more than can be asked about. */
const waitMaxMs = 20_000;

/**
 * Whether an event has lain so long that it is left to the sweep, which asks about all of them at once. Our own requests have
 * a delay, and what comes back was not left to the sweep when it came first.
 */
export function isOverdue({ event, waitedMs = 0 }: Message<Hint>): boolean {
  return event.kind !== 'look' && waitedMs > waitMaxMs;
}

/** Sorts a batch by instance. The newest event per ARN stands for the others, doubles and stragglers alike. */
export function sightingsIn(messages: readonly Message<Hint>[]): Sighting[] {
  const byInstance = groupBy(messages, ({ event }) =>
    event.kind === 'look' ? event.instanceId : event.containerInstanceArn,
  );
  return [...byInstance.values()].map((own) => {
    const events = own.map(({ event }) => event);
    const changes = events.filter((event) => event.kind === 'container-instance');
    const stops = newestPerArn(
      events.filter((event) => event.kind === 'task-stopped'),
      ({ taskArn }) => taskArn,
    );
    const first = own[0].event;
    return {
      clusterName: first.clusterName,
      messageIds: own.map(({ messageId }) => messageId),
      at: new Date(Math.max(...events.map(({ at }) => at.getTime()))),
      change: [...newestPerArn(changes, ({ containerInstanceArn }) => containerInstanceArn).values()][0],
      containerInstanceArn: first.kind === 'look' ? undefined : first.containerInstanceArn,
      taskVersions: new Map([...stops].map(([taskArn, { version }]) => [taskArn, version])),
      looks: events.filter((event) => event.kind === 'look'),
    };
  });
}

/**
 * Whether the events alone say that some task has not stopped: resources come back when a task is STOPPED, and its own
 * event says so then. Nothing needs to be read.
 */
export function isStillHeld({ change, taskVersions, looks }: Sighting): boolean {
  if (taskVersions.size > 0 || looks.length > 0) return false;
  return change?.status === 'DRAINING' && change.holdsResources;
}

/** When an earlier read found the instance registered nowhere. */
export function unregisteredSince({ looks }: Sighting): Date | undefined {
  const times = looks.filter(({ because }) => because === 'not-registered').map(({ at }) => at.getTime());
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}
