import { type Breaker, sharePercentOf } from './breaker.ts';
import type { Wish } from './shift.ts';

/** How a group with a mixed instances policy buys, and what of it is there. */
export interface Purchase {
  /** OnDemandBaseCapacity. */
  readonly base: number;
  /** OnDemandPercentageAboveBaseCapacity. */
  readonly percentAboveBase: number;
  readonly desiredCapacity: number;
  /** Instances in service or on their way there. */
  readonly presentCount: number;
  /** Some of what is missing could not be launched, and the last launch failed for want of Spot capacity. */
  readonly lacksSpot: boolean;
}

/**
 * The OnDemandBaseCapacity to put in the place of home's, given the breaker of its Spot capacity. While that is open, so many
 * that all which is missing is launched On-Demand, and no more: a base that what runs does not fulfil may have instances
 * replaced (D-13.9). Raised further where more becomes missing, never lowered before a return begins.
 */
export function wishForBase(purchase: Purchase, breaker: Breaker): Wish<number> {
  const sharePercent = sharePercentOf(breaker);
  return (home, shift) => {
    if (sharePercent === 100) return home;
    const applied = shift?.applied ?? home;
    if (sharePercent === 0) return purchase.lacksSpot ? Math.max(applied, baseFor(purchase)) : applied;
    // A part of what was raised is given back, once in this return.
    const isGivenBack = !shift || shift.at >= breaker.since;
    return isGivenBack ? applied : home + Math.floor(((applied - home) * (100 - sharePercent)) / 100);
  };
}

/**
 * What is On-Demand by the policy, and all that is missing. No API that we may ask tells which instance is Spot; Auto Scaling
 * launches On-Demand first (D-13.9), so as many of those present are On-Demand as the policy asks for.
 */
function baseFor({ base, percentAboveBase, desiredCapacity, presentCount }: Purchase): number {
  const aboveBase = Math.max(0, desiredCapacity - base);
  const onDemandGoal = Math.min(desiredCapacity, base + Math.ceil((aboveBase * percentAboveBase) / 100));
  return Math.min(presentCount, onDemandGoal) + Math.max(0, desiredCapacity - presentCount);
}
