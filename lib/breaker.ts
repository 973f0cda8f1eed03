import { after } from './deadline.ts';
import type { Signal } from './signal.ts';

/**
 * What is known of a capacity provider over time. `closed`: it has capacity. `open`: it has none, and others stand in for
 * it. `half-open`: a part of what it had is given back, to see whether it has again.
 */
export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open';
  /** The last transition. What is older than it has been decided about. */
  readonly since: Date;
  /** The minutes since then in which it failed; in `closed` those after the last sign that it works. */
  readonly failedMinutes: readonly number[];
  /** The last minute since then in which Spot took some of it back. */
  readonly interruptedMinute?: number | undefined;
  /** In `closed`: when failures were made up for. */
  readonly recoveredAt?: Date | undefined;
  /** In `half-open`: something was seen to work. */
  readonly hasWorked: boolean;
  /** Returns in a row that met no capacity at all. */
  readonly barrenCount: number;
  /** The last return that met some, in the end or for a while. */
  readonly returnedAt?: Date | undefined;
}

/** No two transitions are nearer than this (seconds). */
export const dwellSeconds = 600;
/** From opening to the first return (seconds), twice as long after each one that met nothing, up to the longest. */
export const patienceSeconds = { first: 3600, longest: 8 * 3600 };
/** Between two returns that met capacity (seconds): it flaps, or there is an outage a day. */
export const returnsEverySeconds = 86_400;
/** In so many minutes, the first at most so long ago, it must have failed: one alone may be a zone or a moment. */
const failures = { count: 2, windowMinutes: 10 };
/** More than these decide nothing. */
const minutesKept = 10;

/** A provider of which nothing is known. */
export const freshBreaker: Breaker = {
  state: 'closed',
  since: new Date(0),
  failedMinutes: [],
  hasWorked: false,
  barrenCount: 0,
};

/** The minute that a time lies in: what is told several times in it is told once (D-7.12). */
const minuteOf = (at: Date) => Math.floor(at.getTime() / 60_000);

/**
 * The breaker after these signals, now. Signals have no counter (D-1.2): one that is told twice lies in the same minute and
 * counts once, one from before the last transition is history. At most one transition.
 */
export function advance(breaker: Breaker, signals: readonly Signal[], now: Date): Breaker {
  const inOrder = signals
    .filter(({ at }) => at > breaker.since && at <= now)
    .toSorted((a, b) => a.at.getTime() - b.at.getTime());
  return decide(inOrder.reduce(note, breaker), now);
}

/** Of what it had at home, the part that a provider is to have (percent). */
export function sharePercentOf({ state }: Pick<Breaker, 'state'>): number {
  return { closed: 100, 'half-open': 25, open: 0 }[state];
}

function note(breaker: Breaker, { kind, at }: Signal): Breaker {
  if (breaker.state === 'open') return breaker;
  const isMadeUpFor = breaker.recoveredAt !== undefined && at <= breaker.recoveredAt;
  switch (kind) {
    case 'failed':
      return isMadeUpFor ? breaker : { ...breaker, failedMinutes: withMinute(breaker, minuteOf(at)) };
    case 'interrupted':
      return isMadeUpFor ? breaker : { ...breaker, interruptedMinute: minuteOf(at) };
    case 'worked':
    case 'satisfied':
      return breaker.state === 'closed'
        ? recovered(breaker, at)
        : { ...breaker, hasWorked: breaker.hasWorked || kind === 'worked' };
    default:
      return kind satisfies never;
  }
}

function withMinute({ failedMinutes }: Breaker, minute: number): readonly number[] {
  return failedMinutes.includes(minute) ? failedMinutes : [...failedMinutes, minute].slice(-minutesKept);
}

/**
 * What failed up to that minute is made up for. Where nothing had failed, nothing changes: what repeats for ever is not to be
 * written for ever.
 */
function recovered(breaker: Breaker, at: Date): Breaker {
  const isLater = (minute: number) => minute > minuteOf(at);
  const { failedMinutes, interruptedMinute } = breaker;
  const left = failedMinutes.filter(isLater);
  const isInterrupted = interruptedMinute !== undefined && isLater(interruptedMinute);
  if (left.length === failedMinutes.length && isInterrupted === (interruptedMinute !== undefined))
    return breaker;
  return {
    ...breaker,
    failedMinutes: left,
    interruptedMinute: isInterrupted ? interruptedMinute : undefined,
    recoveredAt: at,
  };
}

function decide(breaker: Breaker, now: Date): Breaker {
  const { state, since, barrenCount, returnedAt, hasWorked } = breaker;
  const isSettled = now >= after(since, dwellSeconds);
  const to = (next: Breaker['state'], more: Partial<Breaker> = {}): Breaker => ({
    ...{ state: next, since: now, failedMinutes: [], hasWorked: false, barrenCount, returnedAt },
    ...more,
  });
  if (!isSettled) return breaker;
  if (state === 'closed') return isFailing(breaker, now) ? to('open') : breaker;
  if (state === 'open') return isReturnDue(breaker, now) ? to('half-open') : breaker;
  if (!isFailing(breaker, now)) return to('closed', { barrenCount: 0, returnedAt: now });
  return hasWorked
    ? to('open', { barrenCount: 0, returnedAt: now })
    : to('open', { barrenCount: barrenCount + 1 });
}

/** Interruptions alone say nothing about what can be had; beside one failure they are as good as another. */
function isFailing({ state, failedMinutes, interruptedMinute }: Breaker, now: Date): boolean {
  const from = state === 'half-open' ? 0 : minuteOf(now) - failures.windowMinutes;
  const failed = failedMinutes.filter((minute) => minute >= from);
  const isInterrupted =
    interruptedMinute !== undefined && interruptedMinute >= from && !failed.includes(interruptedMinute);
  return failed.length > 0 && failed.length + (isInterrupted ? 1 : 0) >= failures.count;
}

function isReturnDue({ since, barrenCount, returnedAt }: Breaker, now: Date): boolean {
  const { first, longest } = patienceSeconds;
  const isPatient = now >= after(since, Math.min(first * 2 ** barrenCount, longest));
  return isPatient && (returnedAt === undefined || now >= after(returnedAt, returnsEverySeconds));
}
