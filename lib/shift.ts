import { after } from './deadline.ts';

/**
 * What the steward has put in the place of something of the user's. It is written down before it is done: `before` is what
 * stood there then, until what we put is seen to stand there.
 */
export interface Shift<T> {
  /** What the user had, and gets back to the letter. */
  readonly home: T;
  readonly applied: T;
  readonly before?: T | undefined;
  /** When it was written down. */
  readonly at: Date;
}

/** What to do about one thing that may be shifted. */
export type ShiftDecision<T> =
  /** Write `shift` down, then put `shift.applied` there. */
  | { readonly kind: 'apply'; readonly shift: Shift<T> }
  /** It stands there: write that down. */
  | { readonly kind: 'confirm'; readonly shift: Shift<T> }
  /** It is home again: nothing is left to be known. */
  | { readonly kind: 'forget' }
  /** Somebody else changed it: theirs is home from now on, and is left alone for a while. */
  | { readonly kind: 'yield' }
  | { readonly kind: 'wait'; readonly why: 'at-home' | 'in-place' | 'behind' | 'changed-by-user' };

/** What is to stand there in place of `home`; `home` itself where nothing is to be shifted (any more). */
export type Wish<T> = (home: T, shift: Shift<T> | undefined) => T;

/** So long after a write (seconds) a read that shows what was there before may be older than it. */
const behindSeconds = 60;

/**
 * What to do about something of which `current` stands there now. Whatever stands there that is neither what we put nor
 * what we found, the user put there, and the user wins; also home itself, once ours was seen in its place.
 */
export function decideShift<T>(
  shift: Shift<T> | undefined,
  current: T,
  wish: Wish<T>,
  { isSame, now, leftAloneUntil }: ShiftView<T>,
): ShiftDecision<T> {
  const apply = (home: T, applied: T): ShiftDecision<T> => ({
    kind: 'apply',
    shift: { home, applied, before: current, at: now },
  });
  if (!shift) {
    const wanted = wish(current, undefined);
    if (isSame(wanted, current)) return { kind: 'wait', why: 'at-home' };
    const isLeftAlone = leftAloneUntil !== undefined && now < leftAloneUntil;
    return isLeftAlone ? { kind: 'wait', why: 'changed-by-user' } : apply(current, wanted);
  }
  const { home, applied, before, at } = shift;
  const isYoung = now < after(at, behindSeconds);
  const wanted = wish(home, shift);
  if (isSame(current, applied)) {
    if (!isSame(wanted, applied)) return isYoung ? { kind: 'wait', why: 'behind' } : apply(home, wanted);
    if (isSame(applied, home)) return isYoung ? { kind: 'wait', why: 'behind' } : { kind: 'forget' };
    if (before === undefined || isYoung) return { kind: 'wait', why: 'in-place' };
    return { kind: 'confirm', shift: { home, applied, at } };
  }
  if (before === undefined || !isSame(current, before)) return { kind: 'yield' };
  if (isYoung) return { kind: 'wait', why: 'behind' };
  // It was written down and not done. By now something else may be wanted.
  if (!isSame(wanted, current)) return apply(home, wanted);
  return isSame(current, home)
    ? { kind: 'forget' }
    : { kind: 'confirm', shift: { home, applied: current, at } };
}

/** What a decision about a shift looks at beside the thing itself. */
export interface ShiftView<T> {
  readonly isSame: (one: T, other: T) => boolean;
  readonly now: Date;
  /** The end of the time for which what the user changed is left alone. */
  readonly leftAloneUntil?: Date | undefined;
}
