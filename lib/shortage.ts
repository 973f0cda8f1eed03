import type { Breaker } from './breaker.ts';
import type { BuyingGroup, CapacityDeps, Launch } from './capacity.ts';
import { isShortage, isSpotShortage, type Signal } from './signal.ts';

/** What a group has of what it wants. */
export interface Stock {
  readonly presentCount: number;
  /** Fewer are there or on their way than wanted. */
  readonly isShort: boolean;
  /** It is short, and the last launch failed for want of Spot capacity, or of any. */
  readonly lacks: 'nothing' | 'spot' | 'on-demand';
}

/** Launches that are older (seconds) say nothing about now, unless nothing has come after them. */
const launchesSeconds = 600;
/** So long after a launch that found nothing (seconds) it counts as failing still: in another zone the next may work at once. */
const stillSeconds = 30;

/** Reads what a group lacks, and what its launches say: the same as their events, of which any may be lost (D-0.1). */
export async function readStock(
  { fleet, now }: Pick<CapacityDeps, 'fleet' | 'now'>,
  group: BuyingGroup,
  { state }: Breaker,
): Promise<{ readonly stock: Stock; readonly signals: readonly Signal[] }> {
  const presentCount = presentCountOf(group);
  const isShort = presentCount < group.desiredCapacity;
  // While nothing is missing launches matter only to a return: whether one has worked.
  const isAsked = isShort || state === 'half-open';
  const launches = isAsked ? await fleet.launches(group.autoScalingGroupName) : [];
  const lacks = isShort ? lackOf(launches) : 'nothing';
  const stock = { presentCount, isShort, lacks } as const;
  // With one market alone, whatever is missing is its own.
  const isOwn = group.distribution ? isSpotShortage : isShortage;
  return { stock, signals: signalsOf(group.autoScalingGroupName, stock, launches, isOwn, now()) };
}

/** In service, or on their way there. */
function presentCountOf({ instances }: BuyingGroup): number {
  return instances.filter(({ lifecycleState }) => /^(InService|Pending.*)$/.test(lifecycleState)).length;
}

function lackOf([last]: readonly Launch[]): Stock['lacks'] {
  if (!last || last.isSuccessful || !isShortage(last.statusMessage)) return 'nothing';
  return isSpotShortage(last.statusMessage) ? 'spot' : 'on-demand';
}

/**
 * What launches say of the capacity of a provider: their own ends, and, as long as instances are missing and the last launch found none,
 * that it fails now. Auto Scaling tries again ever more rarely.
 */
export function signalsOf(
  provider: string,
  { isShort, lacks }: Pick<Stock, 'isShort' | 'lacks'>,
  launches: readonly Launch[],
  isOwn: (statusMessage: string) => boolean,
  now: Date,
): Signal[] {
  const recent = launches.filter(({ endedAt }) => now.getTime() - endedAt.getTime() < launchesSeconds * 1000);
  const told = recent.flatMap(({ endedAt: at, isSuccessful, statusMessage }): Signal[] => {
    if (isSuccessful) return [{ provider, kind: 'worked', at }];
    return isOwn(statusMessage) ? [{ provider, kind: 'failed', at }] : [];
  });
  const [last] = launches;
  const isStill = last !== undefined && now.getTime() - last.endedAt.getTime() >= stillSeconds * 1000;
  if (lacks !== 'nothing' && isOwn(last?.statusMessage ?? ''))
    return isStill ? [...told, { provider, kind: 'failed', at: now }] : told;
  return isShort ? told : [...told, { provider, kind: 'satisfied', at: now }];
}
