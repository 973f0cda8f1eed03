import type { Announcement } from './announce.ts';
import { contain, type Deps, type Tools } from './deps.ts';

/** Entries of one call (D-5.21). */
const eventsPerCall = 10;
/** A state that lasts is told again after a day: whoever fixed it and broke it again has been told by then. */
const toldAgainMs = 24 * 3600 * 1000;
/** So many states are remembered at most; without the memory they are told once more. */
const subjectsMax = 10_000;

/** What one execution environment has told of each state, and when. */
export type Told = Map<string, { readonly id: string; readonly at: number }>;

/** What is on its way to the bus. */
export interface Outbox {
  readonly announce: Deps['announce'];
  /** Ends when everything announced so far is sent, or given up. Never rejects. */
  settled(): Promise<void>;
}

/**
 * Sends what is announced at once, one call at a time, and in the next call together what came meanwhile. A state is told
 * when it changes. What cannot be sent is logged and counted, and lost: an event tells what is done already, and nothing
 * done depends on it.
 */
export function outbox(
  tools: Tools,
  told: Told,
  send: (events: readonly Announcement[]) => Promise<void>,
): Outbox {
  const waiting: Announcement[] = [];
  let sending: Promise<void> | undefined;
  const sendAll = async () => {
    while (waiting.length > 0) {
      const events = waiting.splice(0, eventsPerCall);
      const ids = events.map(({ detail }) => detail.id);
      const isSent = await contain(tools, 'announce', { ids }, () => send(events).then(() => true));
      if (!isSent) for (const { subject } of events) if (subject !== undefined) told.delete(subject);
    }
    sending = undefined;
  };
  return {
    announce: (event) => {
      if (isTold(told, event)) return;
      waiting.push(event);
      sending ??= sendAll();
    },
    settled: async () => {
      await sending;
    },
  };
}

/** Whether the state is the one told last; if not, it is from now on. */
function isTold(told: Told, { subject, detail, at }: Announcement): boolean {
  if (subject === undefined) return false;
  const last = told.get(subject);
  if (last?.id === detail.id && at.getTime() - last.at < toldAgainMs) return true;
  if (told.size >= subjectsMax) told.clear();
  told.set(subject, { id: detail.id, at: at.getTime() });
  return false;
}
