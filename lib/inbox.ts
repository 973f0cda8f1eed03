import * as v from 'valibot';
import type { Tools } from './deps.ts';
import { Unwanted } from './errors.ts';
import { type LaneEvent, readEvent, type StewardEvent } from './events.ts';
import type { Message } from './sighting.ts';

const sqsEvent = v.object({ Records: v.array(v.object({ messageId: v.string(), body: v.string() })) });

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

/** The messages of an SQS batch that this queue is for; the others are logged, counted and dropped. */
export function inbox<Event>(
  { log, count }: Tools,
  batch: unknown,
  { invokedFunctionArn }: { readonly invokedFunctionArn?: string },
  read: (body: string, accountId?: string) => Event,
): Message<Event>[] {
  const accountId = invokedFunctionArn?.split(':')[4];
  const messages: Message<Event>[] = [];
  for (const { messageId, body } of v.parse(sqsEvent, batch).Records) {
    try {
      messages.push({ messageId, event: read(body, accountId) });
    } catch (error) {
      if (!(error instanceof Unwanted)) throw error;
      log.warn('unwanted', { messageId, why: error.message });
      count('Unwanted');
    }
  }
  return messages;
}
