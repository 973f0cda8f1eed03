import { type Book, openBook, type Versions, writeBook } from './book.ts';
import { advance, type Breaker, freshBreaker } from './breaker.ts';
import { planPurchase } from './buy.ts';
import type { BuyingGroup, CapacityDeps, Cluster } from './capacity.ts';
import { contain } from './deps.ts';
import { type Ledger, withEntry } from './ledger.ts';
import { inParallel } from './parallel.ts';
import type { Plan } from './plan.ts';
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
  const groups = await withShifted(deps, estate, book);
  const { stocks, signals } = await readStocks(deps, groups, book.ledger);
  let plan: Plan = { ledger: withSignals(deps, clusterName, book.ledger, [...told, ...signals]), acts: [] };
  for (const [group, stock] of stocks) plan = planPurchase(deps, plan, group, stock);
  await writeBook(deps, versions, cluster, book, withoutOld(plan.ledger, deps.now()));
  await inParallel(plan.acts, actsAtOnce, async ({ about, run }) => {
    await contain(deps, 'shift', { clusterName, ...about }, run);
  });
  reportOpen(deps, plan.ledger);
}

/** The groups that are tagged, and those that are not any more and are still shifted. */
async function withShifted({ fleet }: CapacityDeps, { groups }: Estate, { ledger }: Book) {
  const names = new Set(groups.map(({ autoScalingGroupName }) => autoScalingGroupName));
  const others = Object.keys(ledger.bases).filter((name) => !names.has(name));
  return others.length === 0 ? groups : [...groups, ...(await fleet.buyingGroups(others))];
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
