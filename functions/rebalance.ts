import { aws, connectCapacity } from '../lib/aws/connect.ts';
import type { Versions } from '../lib/book.ts';
import type { CapacityDeps, Cluster } from '../lib/capacity.ts';
import { contain } from '../lib/deps.ts';
import { groupBy } from '../lib/grouping.ts';
import { capacityLane } from '../lib/lambda.ts';
import { shiftedTag } from '../lib/ledger.ts';
import { inParallel } from '../lib/parallel.ts';
import type { Platform } from '../lib/platform.ts';
import { defaultStrategyTag, enrolmentTag, fallbackTag, rebalanceTag } from '../lib/policy.ts';
import { type Estate, visit } from '../lib/rebalance.ts';
import { type CapacityEvent, readCapacityEvent, type Signal } from '../lib/signal.ts';

const clustersAtOnce = 4;

/**
 * Shifts away from capacity that is not there, and back when it returns. An event only says what to look at, and sooner than
 * the next minute would; a cluster is decided about from what AWS says of it now.
 */
export async function rebalance(
  deps: CapacityDeps,
  versions: Versions,
  events: readonly CapacityEvent[],
): Promise<void> {
  const { fleet } = deps;
  const [clusters, groups] = await Promise.all([fleet.clusters(), fleet.groupsTagged(fallbackTag)]);
  const byCluster = groupBy(groups, ({ tags }) => tags[enrolmentTag]);
  const told = await signalsIn(deps, events);
  const isTick = events.some(({ kind }) => kind === 'tick');
  const estates = clusters
    .map((cluster): Estate => ({ cluster, groups: byCluster.get(cluster.clusterName) ?? [] }))
    .filter(({ cluster, groups: own }) => own.length > 0 || saysSomething(cluster))
    .filter((estate) => isTick || told.some((signal) => isOf(estate, signal)));
  await inParallel(estates, clustersAtOnce, async (estate) => {
    const { clusterName } = estate.cluster;
    const own = told.filter((signal) => isOf(estate, signal));
    await contain(deps, 'rebalance a cluster', { clusterName }, () => visit(deps, versions, estate, own));
  });
}

const clusterTags = [shiftedTag, rebalanceTag, defaultStrategyTag];
const saysSomething = ({ tags }: Cluster) => clusterTags.some((tag) => tags[tag] !== undefined);

/** What events say, those about instances by the group that each is in. */
async function signalsIn(deps: CapacityDeps, events: readonly CapacityEvent[]): Promise<readonly Told[]> {
  const interrupted = events.flatMap((event) => (event.kind === 'instance' ? event : []));
  const instanceIds = [...new Set(interrupted.map(({ instanceId }) => instanceId))];
  const read = () => deps.fleet.groupNamesOf(instanceIds);
  const names = await contain(deps, 'find the groups of instances', { instanceIds }, read);
  return events.flatMap((event): Told[] => {
    switch (event.kind) {
      case 'tick':
        return [];
      case 'service':
        return event.signals.map((signal) => ({ ...signal, clusterName: event.clusterName }));
      case 'group':
        return [...event.signals];
      case 'instance': {
        const provider = names?.get(event.instanceId);
        return provider === undefined ? [] : [{ provider, kind: 'interrupted', at: event.at }];
      }
      default:
        return event satisfies never;
    }
  });
}

/** A signal, and the cluster that it is from; undefined: a group's, which is in one cluster alone. */
type Told = Signal & { readonly clusterName?: string };

function isOf({ cluster, groups }: Estate, { provider, clusterName }: Told): boolean {
  if (clusterName !== undefined) return clusterName === cluster.clusterName;
  return groups.some(({ autoScalingGroupName }) => autoScalingGroupName === provider);
}

/** `rebalance` for one execution environment. */
export const on = (platform: Platform) =>
  capacityLane(platform, connectCapacity, (): Versions => new Map(), readCapacityEvent, rebalance);

/** The handler that Lambda calls. */
export const handler = on(aws);
