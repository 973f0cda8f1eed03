import { openBook, type Versions, writeBook } from './book.ts';
import { advance, type Breaker, freshBreaker } from './breaker.ts';
import { planPurchase } from './buy.ts';
import type { BuyingGroup, CapacityDeps, Cluster, PlacedService, Provider } from './capacity.ts';
import { planDefault } from './default-strategy.ts';
import { contain } from './deps.ts';
import { type Ledger, withEntry } from './ledger.ts';
import { byBreakerName, signalsOfServices } from './market.ts';
import { inParallel } from './parallel.ts';
import type { Plan } from './plan.ts';
import { defaultStrategyTag, readFallback, rebalanceTag } from './policy.ts';
import { planService } from './redeploy.ts';
import { readStock, type Stock } from './shortage.ts';
import type { Signal } from './signal.ts';

/** A cluster, and the groups in it that may buy On-Demand in the place of Spot. */
export interface Estate {
  readonly cluster: Cluster;
  readonly groups: readonly BuyingGroup[];
}

const groupsAtOnce = 5;
const actsAtOnce = 5;

/**
 * Looks at what a cluster has and lacks, moves its breakers, and shifts and gives back what they say. What is to be done is
 * written down first: whoever comes after a crash goes on from there.
 */
export async function visit(
  deps: CapacityDeps,
  versions: Versions,
  estate: Estate,
  told: readonly Signal[],
): Promise<void> {
  const { cluster } = estate;
  const { clusterName } = cluster;
  const book = await openBook(deps, versions, cluster);
  if (!book) return;
  const providers = isPlaced(cluster, book.ledger)
    ? await deps.fleet.providers(cluster.capacityProviders)
    : [];
  const groups = await readGroups(deps, estate, book.ledger, providers);
  const market = { providers, buyingGroups: new Set(groups.filter(isBuying).map(nameOf)) };
  const { stocks, signals } = await readStocks(deps, groups, book.ledger);
  const heard = [...told.filter(isOfGroup(groups)), ...byBreakerName(told, market), ...signals];
  const seen = withSignals(deps, clusterName, book.ledger, heard);
  const services = await readServices(deps, cluster, seen);
  const ledger = withSignals(deps, clusterName, seen, signalsOfServices(services, seen, market, deps.now()));
  let plan: Plan = { ledger: withoutGone(deps, ledger, groups, services), acts: [] };
  for (const [group, stock] of stocks) plan = planPurchase(deps, plan, group, stock);
  for (const service of services) plan = planService(deps, plan, cluster, service, market);
  if (providers.length > 0) plan = planDefault(deps, plan, cluster, market);
  await writeBook(deps, versions, cluster, book, withoutOld(plan.ledger, deps.now()));
  await inParallel(plan.acts, actsAtOnce, async ({ about, run }) => {
    await contain(deps, 'shift', { clusterName, ...about }, run);
  });
  reportOpen(deps, plan.ledger);
}

const nameOf = ({ autoScalingGroupName }: BuyingGroup) => autoScalingGroupName;

const isOfGroup = (groups: readonly BuyingGroup[]) => {
  const names = new Set(groups.map(nameOf));
  return ({ provider }: Signal) => names.has(provider);
};

/** Whether On-Demand stands in for Spot in the group itself. */
function isBuying({ tags, distribution }: BuyingGroup): boolean {
  const { isOn, isPaused } = readFallback(tags);
  return isOn && !isPaused && distribution !== undefined;
}

/** Whether strategies of the cluster are looked at: its tags say so, or one is shifted still. */
function isPlaced({ tags }: Cluster, { strategies, defaultStrategy }: Ledger): boolean {
  const isTagged = tags[rebalanceTag] !== undefined || tags[defaultStrategyTag] !== undefined;
  return isTagged || defaultStrategy !== undefined || Object.keys(strategies).length > 0;
}

/** The groups that are tagged, those that are not any more and are still shifted, and those behind providers. */
async function readGroups(
  { fleet }: CapacityDeps,
  { groups }: Estate,
  { bases }: Ledger,
  providers: readonly Provider[],
): Promise<readonly BuyingGroup[]> {
  const behind = providers.flatMap(({ autoScalingGroupName }) => autoScalingGroupName ?? []);
  const known = new Set(groups.map(nameOf));
  const others = [...new Set([...Object.keys(bases), ...behind])].filter((name) => !known.has(name));
  return others.length === 0 ? groups : [...groups, ...(await fleet.buyingGroups(others))];
}

/** The services that may be redeployed, or are shifted, where anything is amiss; else nobody asks. */
async function readServices(
  { fleet }: CapacityDeps,
  { clusterName, tags }: Cluster,
  { breakers, strategies, defaultStrategy }: Ledger,
): Promise<readonly PlacedService[]> {
  const isAmiss = Object.values(breakers).some(
    ({ state, failedMinutes }) => state !== 'closed' || failedMinutes.length > 0,
  );
  const shifted = Object.keys(strategies);
  const isAsked = tags[rebalanceTag] !== undefined && (isAmiss || shifted.length > 0 || defaultStrategy);
  const names = isAsked ? await fleet.serviceNames(clusterName) : [];
  return fleet.placedServices(clusterName, [...new Set([...names, ...shifted])]);
}

/** What is gone needs no home. */
function withoutGone(
  { log }: CapacityDeps,
  ledger: Ledger,
  groups: readonly BuyingGroup[],
  services: readonly PlacedService[],
): Ledger {
  let { bases, strategies } = ledger;
  for (const name of Object.keys(bases).filter((one) => !groups.some((group) => nameOf(group) === one))) {
    log.info('a group that was shifted is gone', { autoScalingGroupName: name });
    bases = withEntry(bases, name, undefined);
  }
  const isThere = (name: string) => services.some((one) => one.serviceName === name && one.isActive);
  for (const serviceName of Object.keys(strategies).filter((name) => !isThere(name))) {
    log.info('a service that was shifted is gone', { serviceName });
    strategies = withEntry(strategies, serviceName, undefined);
  }
  return { ...ledger, bases, strategies };
}

async function readStocks(deps: CapacityDeps, groups: readonly BuyingGroup[], { breakers }: Ledger) {
  const stocks = new Map<BuyingGroup, Stock>();
  const signals: Signal[] = [];
  await inParallel(groups, groupsAtOnce, async (group) => {
    const { autoScalingGroupName } = group;
    const read = () => readStock(deps, group, breakers[autoScalingGroupName] ?? freshBreaker);
    const found = await contain(deps, 'read launches', { autoScalingGroupName }, read);
    if (!found) return;
    stocks.set(group, found.stock);
    signals.push(...found.signals);
  });
  return { stocks, signals };
}

/** The ledger with every breaker that was told of, or that time moves on. */
function withSignals(
  deps: CapacityDeps,
  clusterName: string,
  ledger: Ledger,
  signals: readonly Signal[],
): Ledger {
  const providers = new Set([...Object.keys(ledger.breakers), ...signals.map(({ provider }) => provider)]);
  const entries = [...providers].flatMap((provider): [string, Breaker][] => {
    const before = ledger.breakers[provider] ?? freshBreaker;
    const own = signals.filter((signal) => signal.provider === provider);
    const breaker = advance(before, own, deps.now());
    if (breaker.state !== before.state) reportTransition(deps, clusterName, provider, before, breaker);
    return breaker === freshBreaker ? [] : [[provider, breaker]];
  });
  return { ...ledger, breakers: Object.fromEntries(entries) };
}

const transitionMetrics = {
  open: 'ProvidersOpened',
  'half-open': 'ProvidersProbed',
  closed: 'ProvidersClosed',
} as const;

function reportTransition(
  { log, count }: CapacityDeps,
  clusterName: string,
  provider: string,
  before: Breaker,
  { state, barrenCount, returnedAt }: Breaker,
): void {
  const message = {
    open: 'a capacity provider lacks capacity',
    'half-open': 'a part is given back to a capacity provider',
    closed: 'a capacity provider has capacity again',
  }[state];
  const fields = { clusterName, provider, from: before.state, to: state, barrenCount, returnedAt };
  if (state === 'open') log.warn(message, fields);
  else log.info(message, fields);
  count(transitionMetrics[state]);
}

/** What a user changed is left alone for a while, and then nothing needs to be known of it. */
function withoutOld(ledger: Ledger, now: Date): Ledger {
  let { leftAloneUntil } = ledger;
  for (const [key, until] of Object.entries(leftAloneUntil))
    if (until <= now) leftAloneUntil = withEntry(leftAloneUntil, key, undefined);
  return { ...ledger, leftAloneUntil };
}

/** How many providers are not what they are at home. */
function reportOpen({ count }: CapacityDeps, { breakers }: Ledger): void {
  const open = Object.values(breakers).filter(({ state }) => state !== 'closed').length;
  if (open > 0) count('ProvidersOpen', open);
}
