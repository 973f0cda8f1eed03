import { type Input, invalid, requiredText, structures, whole } from './input.ts';
import { type LaunchType, launchTypeBy } from './launch-types.ts';
import { isUsable } from './providers.ts';
import type { Cluster, StrategyItem } from './records.ts';
import type { State } from './state.ts';

/** D-4.36. */
const itemsMax = 20;
const weightMax = 1_000;
const baseMax = 100_000;

/**
 * Reads a strategy, and checks what holds for every one: limits, one base, no provider twice, providers that can be
 * used, that are among `associated`, and of one kind (D-4.33, D-4.34, D-4.36, D-4.37, D-4.39).
 */
export function readStrategy(
  state: State,
  input: Input,
  name: string,
  associated: readonly string[],
): StrategyItem[] {
  const items = structures(input, name).map((item) => ({
    // 2019 took an ARN as well.
    capacityProvider: state.arns.nameOf('capacity-provider', requiredText(item, 'capacityProvider')),
    weight: whole(item, 'weight', 0, weightMax) ?? 0,
    base: whole(item, 'base', 0, baseMax) ?? 0,
  }));
  if (items.length > itemsMax) throw invalid(`${name} can have at most ${itemsMax} items.`);
  if (new Set(items.map(({ capacityProvider }) => capacityProvider)).size < items.length)
    throw invalid(`${name}: a capacity provider can be in it only once.`);
  if (items.filter(({ base }) => base > 0).length > 1)
    throw invalid(`${name}: only one capacity provider can have a base.`);
  for (const { capacityProvider } of items) {
    const provider = state.provider(capacityProvider);
    if (!provider)
      throw invalid(
        'The specified capacity provider was not found. Specify a valid capacity provider and try again.',
      );
    if (!associated.includes(capacityProvider))
      throw invalid(
        'The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster. Associate the capacity provider with the cluster or specify a valid capacity provider and try again.',
      );
    if (!isUsable(provider)) throw invalid(notActive(capacityProvider));
  }
  checkKinds(state, items);
  return items;
}

/** In AWS's words: https://github.com/hashicorp/terraform-provider-aws/issues/45693 */
export const notActive = (name: string) =>
  `The specified capacity provider '${name}' is not in an ACTIVE state. Specify a valid capacity provider and try again.`;

/** AWS's words are known of Auto Scaling groups beside Fargate alone (D-4.37). */
function checkKinds(state: State, items: readonly StrategyItem[]): void {
  const kinds = new Set(items.map((item) => launchTypeOf(state, [item])));
  if (kinds.size < 2) return;
  const mix = kinds.has('MANAGED_INSTANCES')
    ? 'Managed Instances and other providers'
    : 'Auto Scaling groups and Fargate providers';
  throw invalid(
    `A capacity provider strategy cannot contain a mix of capacity providers using ${mix}. Specify one or the other and try again.`,
  );
}

/** The strategy of a call, or the default one of its cluster when it names neither that nor a launch type (D-4.38, D-13.2). */
export function strategyFor(state: State, cluster: Cluster, input: Input): readonly StrategyItem[] {
  const isGiven = structures(input, 'capacityProviderStrategy').length > 0;
  if (isGiven && input.launchType !== undefined)
    throw invalid('Specifying both a launch type and capacity provider strategy is not supported.');
  if (input.launchType !== undefined) return [];
  if (!isGiven) {
    const items = cluster.defaultCapacityProviderStrategy ?? [];
    if (items.length > 0) checkWeights(items, 'defined in the default', "Update the cluster's default");
    return items;
  }
  const items = readStrategy(state, input, 'capacityProviderStrategy', cluster.capacityProviders ?? []);
  checkWeights(items, 'in the specified', 'Update the');
  return items;
}

/** No task can be placed by a strategy whose weights are all zero (D-4.35). */
function checkWeights(items: readonly StrategyItem[], which: string, remedy: string): void {
  if (items.some(({ weight }) => weight > 0)) return;
  throw invalid(
    `There are no capacity providers with a weight value greater than zero ${which} capacity provider strategy. At least one capacity provider must have a weight value greater than zero specified. ${remedy} capacity provider strategy or specify a valid capacity provider strategy and try again.`,
  );
}

/** The launch type of tasks by a strategy, whose providers are all of one kind; undefined: it names none. */
export function launchTypeOf(state: State, [first]: readonly StrategyItem[]): LaunchType | undefined {
  const provider = first && state.provider(first.capacityProvider);
  return provider && launchTypeBy(provider);
}

/**
 * How early the newest task of a provider goes when a service scales in, given how many each has: the highest first, among
 * equals the last in the list, so that scale-in undoes what `nextProvider` did (D-4.44). What the strategy does not name
 * or gives no weight goes first, a base last.
 */
export function overload(
  items: readonly StrategyItem[],
  counts: ReadonlyMap<string, number>,
  provider: string,
): number {
  const item = items.find(({ capacityProvider }) => capacityProvider === provider);
  if (!item) return Number.POSITIVE_INFINITY;
  const beyondBase = (counts.get(provider) ?? 0) - item.base;
  if (beyondBase <= 0) return Number.NEGATIVE_INFINITY;
  return item.weight > 0 ? (beyondBase - 1) / item.weight : Number.POSITIVE_INFINITY;
}

/**
 * The provider whose turn it is, given how many tasks each has: first the base, whatever its weight (D-11.9), then the
 * one with the fewest tasks beyond its base for its weight, the first in the list among equals (D-4.44).
 */
export function nextProvider(items: readonly StrategyItem[], counts: ReadonlyMap<string, number>): string {
  const countOf = ({ capacityProvider }: StrategyItem) => counts.get(capacityProvider) ?? 0;
  const short = items.find((item) => countOf(item) < item.base);
  if (short) return short.capacityProvider;
  const share = (item: StrategyItem) => (countOf(item) - item.base) / item.weight;
  const [first, ...others] = items.filter(({ weight }) => weight > 0);
  if (!first) throw new Error('a strategy without a weight places nothing');
  return others.reduce((best, item) => (share(item) < share(best) ? item : best), first).capacityProvider;
}
