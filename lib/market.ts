import { freshBreaker, sharePercentOf } from './breaker.ts';
import type { PlacedService, Provider } from './capacity.ts';
import type { Ledger } from './ledger.ts';
import type { Signal } from './signal.ts';
import type { Offer } from './strategy.ts';

/** The capacity providers of a cluster. */
export interface Market {
  readonly providers: readonly Provider[];
  /** Groups that buy On-Demand themselves while Spot is gone: their providers never lack anything. */
  readonly buyingGroups: ReadonlySet<string>;
}

/** By which name a provider is known to the breakers: that of its group, which is what lacks capacity, or its own. */
export const breakerNameOf = ({ name, autoScalingGroupName }: Provider): string =>
  autoScalingGroupName ?? name;

/** What strategies may be made of, given the breakers. */
export function offerOf(
  { breakers }: Ledger,
  { providers, buyingGroups }: Market,
  fallbacks: readonly string[],
): Offer {
  const usable = providers.flatMap(({ name, kind, isUsable }) =>
    isUsable && kind !== 'managed' ? [[name, kind] as const] : [],
  );
  const sharePercents = providers.map((provider) => {
    const breaker = breakers[breakerNameOf(provider)] ?? freshBreaker;
    const isBuying = buyingGroups.has(provider.autoScalingGroupName ?? '');
    return [provider.name, isBuying ? 100 : sharePercentOf(breaker)] as const;
  });
  return { usable: new Map(usable), sharePercents: new Map(sharePercents), fallbacks };
}

/** Signals that name providers, by the names that the breakers know; those of others' providers are left out. */
export function byBreakerName(signals: readonly Signal[], { providers }: Market): Signal[] {
  const names = new Map(providers.map((provider) => [provider.name, breakerNameOf(provider)]));
  const groups = new Set(names.values());
  return signals.flatMap((signal) => {
    const provider =
      names.get(signal.provider) ?? (groups.has(signal.provider) ? signal.provider : undefined);
    return provider === undefined ? [] : [{ ...signal, provider }];
  });
}

/**
 * What services on Fargate say of their providers: ECS tells once in six hours that a task finds no place (D-1.19), so that as long
 * as tasks are missing, what failed before fails still. Of the providers of groups the groups tell.
 */
export function signalsOfServices(
  services: readonly PlacedService[],
  { breakers }: Ledger,
  { providers }: Market,
  now: Date,
): Signal[] {
  const isFargate = new Set(providers.flatMap(({ name, kind }) => (kind === 'fargate' ? name : [])));
  return services.flatMap(({ strategy, missingCount, deployingSince }): Signal[] => {
    const used = strategy
      .filter(({ weight, base }) => weight > 0 || base > 0)
      .map(({ capacityProvider }) => capacityProvider)
      .filter((name) => isFargate.has(name));
    if (missingCount === 0 && !deployingSince)
      return used.map((provider) => ({ provider, kind: 'worked', at: now }));
    const hasFailed = (provider: string) => (breakers[provider]?.failedMinutes.length ?? 0) > 0;
    return used
      .filter((provider) => missingCount > 0 && hasFailed(provider))
      .map((provider) => ({ provider, kind: 'failed', at: now }));
  });
}
