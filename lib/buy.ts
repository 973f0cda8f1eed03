import { wishForBase } from './base.ts';
import { type Breaker, freshBreaker } from './breaker.ts';
import type { BuyingGroup, CapacityDeps, Distribution } from './capacity.ts';
import { withEntry } from './ledger.ts';
import { holdBack, type Plan, withTarget } from './plan.ts';
import { readFallback } from './policy.ts';
import type { Stock } from './shortage.ts';

/**
 * Adds to the plan what is to be done about how a group buys: On-Demand in the place of Spot while that is gone, and back. No
 * service is touched, and no strategy.
 */
export function planPurchase(deps: CapacityDeps, plan: Plan, group: BuyingGroup, stock: Stock): Plan {
  const { autoScalingGroupName, distribution } = group;
  const shift = plan.ledger.bases[autoScalingGroupName];
  const breaker = plan.ledger.breakers[autoScalingGroupName] ?? freshBreaker;
  const about = { autoScalingGroupName, state: breaker.state };
  const { isOn, isPaused, isDryRun } = readFallback(group.tags);
  if (isPaused) return plan;
  const why = isOn ? whyNot(distribution, breaker, stock) : undefined;
  if (why !== undefined) holdBack(deps, about, why, { lacks: stock.lacks });
  if (!distribution) return plan;
  const purchase = {
    base: distribution.onDemandBaseCapacity,
    percentAboveBase: distribution.onDemandPercentageAboveBaseCapacity,
    desiredCapacity: group.desiredCapacity,
    presentCount: stock.presentCount,
    lacksSpot: stock.lacks === 'spot',
  };
  const act = (onDemandBaseCapacity: number) =>
    distribute(deps, group, { ...distribution, onDemandBaseCapacity });
  return withTarget<number>(deps, plan, {
    key: `group/${autoScalingGroupName}`,
    about,
    current: distribution.onDemandBaseCapacity,
    shift,
    // Who takes the tag away wants home back.
    wish: wishForBase(purchase, isOn ? breaker : freshBreaker),
    isSame: (one, other) => one === other,
    isDryRun,
    put: (ledger, next) => ({ ...ledger, bases: withEntry(ledger.bases, autoScalingGroupName, next) }),
    act,
  });
}

async function distribute({ fleet, count }: CapacityDeps, group: BuyingGroup, distribution: Distribution) {
  await fleet.distribute(group.autoScalingGroupName, distribution);
  count('Shifts');
}

/** Why On-Demand cannot stand in for what is missing. */
function whyNot(
  distribution: Distribution | undefined,
  breaker: Breaker,
  { lacks }: Stock,
): string | undefined {
  if (!distribution) return 'no-mixed-instances-policy';
  return breaker.state === 'open' && lacks === 'on-demand' ? 'no-healthy-market' : undefined;
}
