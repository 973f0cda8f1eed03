import * as v from 'valibot';
import type { Tools } from './deps.ts';
import { Unwanted } from './errors.ts';
import { type LaneEvent, readEvent, type StewardEvent } from './events.ts';
import type { Message } from './sighting.ts';

const attributes = v.object({ SentTimestamp: v.string(), ApproximateReceiveCount: v.string() });
const record = v.object({ messageId: v.string(), body: v.string(), attributes: v.optional(attributes) });
const sqsEvent = v.object({ Records: v.array(record) });

const laneKinds: ReadonlySet<StewardEvent['kind']> = new Set([
  'terminate-action',
  'admit',
  'departed',
  'rebalance-recommendation',
]);

/** Whether an event is one that the lane of admission decides about. */
export const isLaneEvent = (event: StewardEvent): event is LaneEvent => laneKinds.has(event.kind);

/** Reads an event that is for a queue. Throws Unwanted for another. */
export const readerFor =
  <Event extends StewardEvent>(isFor: (event: StewardEvent) => event is Event) =>
  (body: string, accountId?: string): Event => {
    const event = readEvent(body, accountId);
    if (isFor(event)) return event;
    throw new Unwanted(`a message of another queue: ${event.kind}`);
  };

/** How long a message lay in the queue before it was received the first time (milliseconds). */
function waitedMs(now: Date, given: v.InferOutput<typeof attributes> | undefined): number | undefined {
  return given?.ApproximateReceiveCount === '1' ? now.getTime() - Number(given.SentTimestamp) : undefined;
}

/** The messages of an SQS batch that this queue is for; the others are logged, counted and dropped. */
export function inbox<Event>(
  { log, count, now }: Tools,
  batch: unknown,
  { invokedFunctionArn }: { readonly invokedFunctionArn?: string },
  read: (body: string, accountId?: string) => Event,
): Message<Event>[] {
  const accountId = invokedFunctionArn?.split(':')[4];
  const messages: Message<Event>[] = [];
  for (const { messageId, body, attributes } of v.parse(sqsEvent, batch).Records) {
    try {
      messages.push({ messageId, event: read(body, accountId), waitedMs: waitedMs(now(), attributes) });
    } catch (error) {
      if (!(error instanceof Unwanted)) throw error;
      log.warn('unwanted', { messageId, why: error.message });
      count('Unwanted');
    }
  }
  return messages;
}
