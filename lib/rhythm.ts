/** The time from one sweep to the next (seconds). */
export const sweepPeriodSeconds = 60;

/**
 * Whether a beat lies in (time - 60 s, time]. Beats come every `periodSeconds` from `since` on, shifted by a part of
 * the period that depends on the key, so that not everything is due in the same minute. Nothing is remembered: whoever
 * asks every minute meets each beat once. The first beat comes within one period of `since`.
 */
export function isDue(key: string, periodSeconds: number, time: Date, since: Date = new Date(0)): boolean {
  const shiftSeconds = hash(key) % periodSeconds;
  const elapsedSeconds = (time.getTime() - since.getTime()) / 1000 - shiftSeconds;
  const lastBeatSeconds = Math.floor(elapsedSeconds / periodSeconds) * periodSeconds;
  return lastBeatSeconds >= 0 && elapsedSeconds - lastBeatSeconds < sweepPeriodSeconds;
}

/** FNV-1a, 32 bits: spreads similar instance ids well, and is the same in every execution environment. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  }
  return value >>> 0;
}

/** The time of a scheduled event; undefined where it has none, as when somebody runs the function by hand. */
export function readTick(event: unknown): Date | undefined {
  const text = typeof event === 'object' && event !== null && 'time' in event ? event.time : undefined;
  const time = new Date(typeof text === 'string' ? text : Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
