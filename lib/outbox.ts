import type { Announcement } from './announce.ts';
import { contain, type Deps, type Tools } from './deps.ts';

/** Entries of one call (D-5.21). */
const eventsPerCall = 10;

/** What is on its way to the bus. */
export interface Outbox {
  readonly announce: Deps['announce'];
  /** Ends when everything announced so far is sent, or given up. Never rejects. */
  settled(): Promise<void>;
}

/**
 * Sends what is announced at once, one call at a time, and in the next call together what came meanwhile. What cannot be sent
 * is logged and counted, and lost: an event tells what is done already, and nothing done depends on it.
 */
export function outbox(tools: Tools, send: (events: readonly Announcement[]) => Promise<void>): Outbox {
  const waiting: Announcement[] = [];
  let sending: Promise<void> | undefined;
  const sendAll = async () => {
    while (waiting.length > 0) {
      const events = waiting.splice(0, eventsPerCall);
      const ids = events.map(({ detail }) => detail.id);
      await contain(tools, 'announce', { ids }, () => send(events));
    }
    sending = undefined;
  };
  return {
    announce: (event) => {
      waiting.push(event);
      sending ??= sendAll();
    },
    settled: async () => {
      await sending;
    },
  };
}
