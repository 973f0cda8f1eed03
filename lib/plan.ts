import { dwellSeconds } from './breaker.ts';
import type { CapacityDeps } from './capacity.ts';
import { after } from './deadline.ts';
import type { LogFields } from './deps.ts';
import { type Ledger, ledgerLengthMax, writeLedger } from './ledger.ts';
import { decideShift, type Shift, type ShiftDecision, type Wish } from './shift.ts';

/** Something of the user's that may be shifted. */
export interface Target<T> {
  /** What it is called in the ledger, and in the log. */
  readonly key: string;
  readonly about: LogFields;
  readonly current: T;
  readonly shift: Shift<T> | undefined;
  readonly wish: Wish<T>;
  readonly isSame: (one: T, other: T) => boolean;
  /** What would be done is said and not done. */
  readonly isDryRun: boolean;
  /** Why nothing may be put there now; what was put there before is looked after all the same. */
  readonly heldBy?: string | undefined;
  readonly put: (ledger: Ledger, shift: Shift<T> | undefined) => Ledger;
  readonly act: (value: T) => Promise<void>;
}

/** What is to be written down, and then to be done. */
export interface Plan {
  readonly ledger: Ledger;
  readonly acts: readonly Act[];
}

/** One call that changes something of the user's. */
export interface Act {
  readonly about: LogFields;
  readonly run: () => Promise<void>;
}

/** The plan with what is decided about one more thing. Says what is decided, where that is to do something. */
export function withTarget<T>(deps: CapacityDeps, plan: Plan, target: Target<T>): Plan {
  const { current, shift, wish, isSame, key, about } = target;
  const now = deps.now();
  const leftAloneUntil = plan.ledger.leftAloneUntil[key];
  const decision = decideShift(shift, current, wish, { isSame, now, leftAloneUntil });
  if (decision.kind === 'wait') {
    if (decision.why === 'changed-by-user') holdBack(deps, about, decision.why);
    return plan;
  }
  if (decision.kind === 'apply' && target.heldBy !== undefined) {
    holdBack(deps, about, target.heldBy);
    return plan;
  }
  const ledger = ledgerAfter(plan.ledger, target, decision, now);
  if (decision.kind !== 'apply') {
    deps.log.info('decided', { ...about, decision: decision.kind, current });
    if (decision.kind === 'yield') deps.count('Yielded');
    return { ...plan, ledger };
  }
  const { home, applied } = decision.shift;
  if (target.isDryRun) {
    deps.log.info('decided', { ...about, decision: 'wait', why: 'dry-run', current, home, applied });
    return plan;
  }
  if (writeLedger(ledger).length > ledgerLengthMax) {
    holdBack(deps, about, 'ledger-full');
    return plan;
  }
  const isReturn = isSame(home, applied);
  const fields = { ...about, decision: isReturn ? 'return' : 'shift', current, home, applied };
  deps.log.info('decided', fields);
  return { ledger, acts: [...plan.acts, { about, run: () => target.act(applied) }] };
}

/** Says that something is left as it is although capacity is missing. */
export function holdBack({ log, count }: CapacityDeps, about: LogFields, why: string, more: LogFields = {}) {
  log.warn('held back', { ...about, decision: 'wait', why, ...more });
  count('HeldBack');
}

function ledgerAfter<T>(
  ledger: Ledger,
  { key, put }: Target<T>,
  decision: Exclude<ShiftDecision<T>, { kind: 'wait' }>,
  now: Date,
): Ledger {
  if (decision.kind === 'apply' || decision.kind === 'confirm') return put(ledger, decision.shift);
  const without = put(ledger, undefined);
  if (decision.kind === 'forget') return without;
  const leftAloneUntil = { ...without.leftAloneUntil, [key]: after(now, dwellSeconds) };
  return { ...without, leftAloneUntil };
}
