import * as v from 'valibot';
import type { Breaker } from './breaker.ts';
import type { Shift } from './shift.ts';
import type { Strategy } from './strategy.ts';

/**
 * What the steward must know of a cluster to give back what it has shifted: home and what was put in its place, the breakers,
 * and what the user changed meanwhile. Everything else is read from AWS each time.
 */
export interface Ledger {
  /** By capacity provider, or Auto Scaling group; one that is not in it is closed, and nothing was ever known of it. */
  readonly breakers: Readonly<Record<string, Breaker>>;
  /** OnDemandBaseCapacity, by Auto Scaling group. */
  readonly bases: Readonly<Record<string, Shift<number>>>;
  /** Strategies, by service. */
  readonly strategies: Readonly<Record<string, Shift<Strategy>>>;
  /** The cluster's default strategy. */
  readonly defaultStrategy?: Shift<Strategy> | undefined;
  /** Until when what a user changed is left alone: by `group/NAME`, `service/NAME`, and `cluster`. */
  readonly leftAloneUntil: Readonly<Record<string, Date>>;
}

/** The name of the parameter that holds the ledger of a cluster. */
export const parameterNameOf = (clusterName: string) => `/ecs-steward/${clusterName}`;

/** The tag of a cluster that says that something is shifted in it: a ledger that is not there then was lost. */
export const shiftedTag = 'ecs-steward:shifted';

/** Where nothing was ever written. */
export const freshLedger: Ledger = { breakers: {}, bases: {}, strategies: {}, leftAloneUntil: {} };

/** The longest value of a parameter of the standard tier (characters): https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html */
export const ledgerLengthMax = 4096;

/** The form: another one where a field means something else. */
const formVersion = 1;

const time = v.pipe(
  v.string(),
  v.check((value) => !Number.isNaN(Date.parse(value)), 'expected an ISO 8601 time'),
  v.transform((value) => new Date(value)),
);
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const breaker = v.strictObject({
  state: v.picklist(['closed', 'open', 'half-open']),
  since: time,
  failedMinutes: v.array(count),
  interruptedMinute: v.optional(count),
  recoveredAt: v.optional(time),
  hasWorked: v.boolean(),
  barrenCount: count,
  returnedAt: v.optional(time),
});
/** An item as a list: provider, weight, base. A name of 255 characters leaves little room for words. */
const strategy = v.pipe(
  v.array(v.strictTuple([v.string(), count, count])),
  v.transform(
    (items): Strategy =>
      items.map(([capacityProvider, weight, base]) => ({ capacityProvider, weight, base })),
  ),
);
const shiftOf = <const Value extends v.GenericSchema>(value: Value) =>
  v.strictObject({ home: value, applied: value, before: v.optional(value), at: time });
const ledger = v.strictObject({
  version: v.literal(formVersion),
  breakers: v.record(v.string(), breaker),
  bases: v.record(v.string(), shiftOf(count)),
  strategies: v.record(v.string(), shiftOf(strategy)),
  defaultStrategy: v.optional(shiftOf(strategy)),
  leftAloneUntil: v.record(v.string(), time),
});

/** Reads what `writeLedger` wrote. Undefined, with the faults, where it is anything else: then nobody knows what home was. */
export function readLedger(text: string): { readonly ledger?: Ledger; readonly fault?: string } {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), ledger), text);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    return { fault: `${v.getDotPath(issue) ?? 'the value'}: ${issue.message}` };
  }
  const { version: _, ...found } = parsed.output;
  return { ledger: found };
}

/** The value of the parameter. The same text for the same ledger. */
export function writeLedger({
  breakers,
  bases,
  strategies,
  defaultStrategy,
  leftAloneUntil,
}: Ledger): string {
  return JSON.stringify({
    version: formVersion,
    breakers: sorted(breakers),
    bases: sorted(bases),
    strategies: sorted(mapped(strategies, withLists)),
    ...(defaultStrategy && { defaultStrategy: withLists(defaultStrategy) }),
    leftAloneUntil: sorted(leftAloneUntil),
  });
}

/** Whether something of the user's stands elsewhere than at home, or may. */
export function isShifted({ bases, strategies, defaultStrategy }: Ledger): boolean {
  const count = Object.keys(bases).length + Object.keys(strategies).length;
  return count > 0 || defaultStrategy !== undefined;
}

/** The entries with this one, or without it. */
export function withEntry<T>(
  entries: Readonly<Record<string, T>>,
  key: string,
  entry: T | undefined,
): Readonly<Record<string, T>> {
  const { [key]: _, ...others } = entries;
  return entry ? { ...others, [key]: entry } : others;
}

const lists = (items: Strategy) =>
  items.map(({ capacityProvider, weight, base }) => [capacityProvider, weight, base] as const);

const withLists = ({ home, applied, before, at }: Shift<Strategy>) => ({
  home: lists(home),
  applied: lists(applied),
  ...(before && { before: lists(before) }),
  at,
});

const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1)));

const mapped = <T, U>(record: Readonly<Record<string, T>>, change: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
