/** An item of a capacity provider strategy (D-4.33). */
export interface StrategyItem {
  readonly capacityProvider: string;
  readonly weight: number;
  readonly base: number;
}

export type Strategy = readonly StrategyItem[];

/** What a strategy may be made of. */
export interface Offer {
  /** The providers that are associated with the cluster and may be used, and whether they are Fargate's (D-4.37, D-4.39). */
  readonly usable: ReadonlyMap<string, 'fargate' | 'group'>;
  /** Of what a provider has at home, the part that it is to have (percent); one that is not in it has all. */
  readonly sharePercents: ReadonlyMap<string, number>;
  /** Who stands in, the first first. */
  readonly fallbacks: readonly string[];
}

/** Why nobody stands in: nobody is healthy, one of home's may not be used any more, or there would be too many (D-4.36). */
export type HoldReason = 'no-healthy-provider' | 'provider-not-usable' | 'too-many-providers';

/** The strategy to have, or that nobody can stand in. */
export type StrategyDecision =
  | { readonly kind: 'strategy'; readonly strategy: Strategy }
  | { readonly kind: 'hold'; readonly why: HoldReason };

/** D-4.33, D-4.36. */
const limits = { weight: 1000, base: 100_000, items: 20 };

/**
 * The strategy in place of home's while some of its providers lack capacity: what they are not to have, weight and base, goes
 * to the first fallback that lacks nothing, else to the first such item of home. With all their share, home to the letter. Every
 * rule of the API holds for what is returned if it held for home (D-4.33 to D-4.37, D-4.39).
 */
export function decideStrategy(home: Strategy, offer: Offer): StrategyDecision {
  const shareOf = (name: string) => offer.sharePercents.get(name) ?? 100;
  const isUsed = ({ weight, base }: StrategyItem) => weight > 0 || base > 0;
  const lacking = home.filter((item) => isUsed(item) && shareOf(item.capacityProvider) < 100);
  if (lacking.length === 0) return { kind: 'strategy', strategy: home };
  const standIn = standInFor(home, offer, shareOf);
  if (standIn === undefined) return { kind: 'hold', why: 'no-healthy-provider' };
  const kept = home.flatMap((item) => {
    const percent = lacking.includes(item) ? shareOf(item.capacityProvider) : 100;
    if (percent === 0) return [];
    // A base goes whole: it is a number that is to be there whatever comes.
    return { ...item, weight: item.weight * percent, base: percent < 100 ? 0 : item.base };
  });
  if (!kept.every((item) => offer.usable.has(item.capacityProvider)))
    return { kind: 'hold', why: 'provider-not-usable' };
  const weight = sum(lacking.map((item) => item.weight * (100 - shareOf(item.capacityProvider))));
  const base = sum(lacking.map((item) => item.base));
  const strategy = within(withMore(kept, { capacityProvider: standIn, weight, base }));
  if (strategy.length > limits.items) return { kind: 'hold', why: 'too-many-providers' };
  return { kind: 'strategy', strategy };
}

/** Whether two strategies are the same one, in whatever order. */
export function isSameStrategy(one: Strategy, other: Strategy): boolean {
  const sorted = (strategy: Strategy) =>
    strategy
      .map(({ capacityProvider, weight, base }) => `${capacityProvider} ${weight} ${base}`)
      .toSorted()
      .join();
  return sorted(one) === sorted(other);
}

/** One that is named first, then those of home; of Fargate Spot, Fargate where nobody else is named. */
function standInFor(
  home: Strategy,
  { usable, fallbacks }: Offer,
  shareOf: (name: string) => number,
): string | undefined {
  const names = home.map(({ capacityProvider }) => capacityProvider);
  const kind = names.map((name) => usable.get(name)).find((one) => one !== undefined);
  const usual = kind === 'fargate' ? ['FARGATE'] : [];
  const candidates = [...fallbacks, ...names, ...usual];
  return candidates.find((name) => kind !== undefined && usable.get(name) === kind && shareOf(name) === 100);
}

function withMore(items: Strategy, more: StrategyItem): Strategy {
  const { capacityProvider, weight, base } = more;
  const own = items.find((item) => item.capacityProvider === capacityProvider);
  if (!own) return [...items, more];
  const grown = { capacityProvider, weight: own.weight + weight, base: own.base + base };
  return items.map((item) => (item === own ? grown : item));
}

/** The same proportions in the smallest whole numbers, within what a weight may be; what had some keeps at least 1. */
function within(items: Strategy): Strategy {
  const most = Math.max(...items.map(({ weight }) => weight));
  const divisor = greatestDivisor(items.map(({ weight }) => weight));
  const scaled = (weight: number) => {
    if (weight === 0) return 0;
    if (most / divisor <= limits.weight) return weight / divisor;
    return Math.max(1, Math.round((weight * limits.weight) / most));
  };
  return items.map(({ weight, base, ...item }) => ({
    ...item,
    weight: scaled(weight),
    base: Math.min(base, limits.base),
  }));
}

function greatestDivisor(numbers: readonly number[]): number {
  const divisor = numbers.reduce((a, b) => {
    let [x, y] = [a, b];
    while (y > 0) [x, y] = [y, x % y];
    return x;
  }, 0);
  return divisor === 0 ? 1 : divisor;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
