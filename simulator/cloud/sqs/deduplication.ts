import type { Draft, Sent } from './message.ts';

/** A FIFO queue takes a deduplication id once in this time (D-13.5). */
export const deduplicationMs = 300_000;

/** What a FIFO queue remembers of the deduplication ids that it accepted, also of messages that are deleted since. */
export class Deduplication {
  private readonly accepted = new Map<string, { at: number; sent: Sent }>();

  /** What was sent under this key less than five minutes ago. */
  find(now: number, key: string): Sent | undefined {
    this.forget(now);
    return this.accepted.get(key)?.sent;
  }

  /** Remembers what was sent under this key now. */
  note(now: number, key: string, sent: Sent): void {
    this.accepted.set(key, { at: now, sent });
  }

  /** The oldest stand first. */
  private forget(now: number): void {
    for (const [key, { at }] of this.accepted) {
      if (now < at + deduplicationMs) return;
      this.accepted.delete(key);
    }
  }
}

/** What two equal messages of a FIFO queue share. */
export function deduplicationKey(
  scope: 'queue' | 'messageGroup',
  { messageGroupId, messageDeduplicationId }: Draft,
): string {
  return scope === 'queue' ? `${messageDeduplicationId}` : `${messageGroupId}/${messageDeduplicationId}`;
}
