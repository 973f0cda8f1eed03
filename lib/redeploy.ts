import type { CapacityDeps, Cluster, PlacedService, Provider } from './capacity.ts';
import { after } from './deadline.ts';
import { withEntry } from './ledger.ts';
import { type Market, offerOf } from './market.ts';
import { holdBack, type Plan, withTarget } from './plan.ts';
import { readServiceRebalancing } from './policy.ts';
import type { Shift } from './shift.ts';
import { decideStrategy, isSameStrategy, type Strategy } from './strategy.ts';

/** So many services of a cluster are redeployed in one look at most; the others follow in the next ones. */
const redeploysAtOnce = 3;
/** So long (seconds) somebody else's deployment is waited for: one that lacks capacity never ends by itself. */
const deploymentSeconds = 900;

/** Adds to the plan what is to be done about the strategy of a service. Nothing is, unless its tags say so. */
export function planService(
  deps: CapacityDeps,
  plan: Plan,
  cluster: Cluster,
  service: PlacedService,
  market: Market,
): Plan {
  const { serviceName, strategy: current } = service;
  const { isOn, isPaused, isDryRun, fallbacks } = readServiceRebalancing(cluster.tags, service.tags);
  const written = plan.ledger.strategies[serviceName];
  if (isPaused || (!isOn && !written)) return plan;
  const shift = written ?? inherited(service, plan.ledger.defaultStrategy);
  const home = shift?.home ?? current;
  const offer = offerOf(plan.ledger, market, fallbacks);
  const decision = isOn ? decideStrategy(home, offer) : ({ kind: 'strategy', strategy: home } as const);
  const about = { clusterName: cluster.clusterName, serviceName };
  if (decision.kind === 'hold') holdBack(deps, about, decision.why);
  const wanted = decision.kind === 'strategy' ? decision.strategy : (shift?.applied ?? home);
  if (!shift && isSameStrategy(wanted, current)) return plan;
  const isWanting = !isSameStrategy(wanted, current);
  if (isWanting && plan.acts.filter((act) => 'serviceName' in act.about).length >= redeploysAtOnce)
    return plan;
  const put = (ledger: Plan['ledger'], next: Shift<Strategy> | undefined) => ({
    ...ledger,
    strategies: withEntry(ledger.strategies, serviceName, next),
  });
  return withTarget<Strategy>(deps, written || !shift ? plan : { ...plan, ledger: put(plan.ledger, shift) }, {
    key: `service/${serviceName}`,
    about,
    current,
    shift,
    wish: () => wanted,
    isSame: isSameStrategy,
    isDryRun,
    heldBy: whyLeftAlone(service, market.providers, shift, deps.now()),
    put,
    act: async (strategy) => {
      await deps.fleet.redeploy(cluster.clusterName, serviceName, strategy);
      deps.count('Shifts');
    },
  });
}

/**
 * A service that was created while the default strategy of its cluster was shifted has ours for its own (D-13.2): its home is
 * the cluster's.
 */
function inherited(
  { strategy, createdAt }: PlacedService,
  byDefault: Shift<Strategy> | undefined,
): Shift<Strategy> | undefined {
  if (!byDefault || !createdAt || createdAt < byDefault.at) return undefined;
  const { home, applied, at } = byDefault;
  return isSameStrategy(strategy, applied) ? { home, applied, at } : undefined;
}

/** Why a service is not redeployed. */
function whyLeftAlone(
  service: PlacedService,
  providers: readonly Provider[],
  shift: Shift<Strategy> | undefined,
  now: Date,
): string | undefined {
  const { strategy, schedulingStrategy, deploymentController, deployingSince, isActive } = service;
  if (!isActive) return 'not-active';
  if (schedulingStrategy !== 'REPLICA') return 'daemon';
  if (deploymentController !== 'ECS') return `controller-${deploymentController}`;
  if (strategy.length === 0) return 'launch-type';
  const kindOf = (name: string) => providers.find((provider) => provider.name === name)?.kind;
  if (strategy.some(({ capacityProvider }) => kindOf(capacityProvider) === 'managed'))
    return 'managed-instances';
  const isOurs = shift !== undefined && isSameStrategy(strategy, shift.applied);
  const isYoung = deployingSince !== undefined && now < after(deployingSince, deploymentSeconds);
  return isYoung && !isOurs ? 'deployment-in-progress' : undefined;
}
