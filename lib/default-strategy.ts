import type { CapacityDeps, Cluster } from './capacity.ts';
import { type Market, offerOf } from './market.ts';
import { holdBack, type Plan, withTarget } from './plan.ts';
import { readDefaultRebalancing } from './policy.ts';
import { decideStrategy, isSameStrategy, type Strategy } from './strategy.ts';

/**
 * Adds to the plan what is to be done about the default strategy of a cluster. It is for new services and for tasks that are run
 * without a strategy: nothing that runs is moved (D-13.2).
 */
export function planDefault(deps: CapacityDeps, plan: Plan, cluster: Cluster, market: Market): Plan {
  const { isOn, isPaused, isDryRun, fallbacks } = readDefaultRebalancing(cluster.tags);
  const shift = plan.ledger.defaultStrategy;
  if (isPaused || (!isOn && !shift)) return plan;
  const { clusterName, defaultStrategy: current } = cluster;
  const about = { clusterName };
  const home = shift?.home ?? current;
  const offer = offerOf(plan.ledger, market, fallbacks);
  const decision = isOn ? decideStrategy(home, offer) : ({ kind: 'strategy', strategy: home } as const);
  if (decision.kind === 'hold') holdBack(deps, about, decision.why);
  const wanted = decision.kind === 'strategy' ? decision.strategy : (shift?.applied ?? home);
  if (!shift && isSameStrategy(wanted, current)) return plan;
  return withTarget<Strategy>(deps, plan, {
    key: 'cluster',
    about,
    current,
    shift,
    wish: () => wanted,
    isSame: isSameStrategy,
    isDryRun,
    heldBy: whyLeftAlone(cluster, market),
    put: ({ defaultStrategy: _, ...ledger }, next) => (next ? { ...ledger, defaultStrategy: next } : ledger),
    act: (strategy) => put(deps, clusterName, strategy),
  });
}

/** Managed Instances' providers cannot be named in the call that changes the default strategy everywhere (D-14.54). */
function whyLeftAlone({ isBusy }: Cluster, { providers }: Market): string | undefined {
  if (providers.some(({ kind }) => kind === 'managed')) return 'managed-instances';
  return isBusy ? 'cluster-busy' : undefined;
}

/**
 * The call replaces the list of providers (D-4.16), so the list is read just before. Whoever adds one in between makes the cluster
 * busy for seconds, and then ECS refuses ours (D-4.18): it is made again a minute later.
 */
async function put(deps: CapacityDeps, clusterName: string, strategy: Strategy): Promise<void> {
  const cluster = await deps.fleet.cluster(clusterName);
  if (!cluster) return;
  const answer = await deps.fleet.putDefaultStrategy(cluster, strategy);
  if (answer === 'busy') holdBack(deps, { clusterName }, 'cluster-busy');
  else deps.count('Shifts');
}
