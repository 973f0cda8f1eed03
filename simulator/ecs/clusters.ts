import { Fault } from '../machine.ts';
import type { Cluster } from './records.ts';
import { roleOf } from './settings.ts';
import { forgottenAfterMs, type State } from './state.ts';

/** Creates a cluster, also where one was deleted, or gives the one that is there (D-9.21). Throws where there are too many (D-14.60). */
export function openCluster(
  state: State,
  now: number,
  clusterName: string,
  principalArn: string,
  more: Partial<Cluster> = {},
): Cluster {
  const clusterArn = state.arns.cluster(clusterName);
  const before = state.clusters.get(clusterArn);
  if (before?.status === 'ACTIVE') return before;
  const active = state.clusters.values().filter(({ status }) => status === 'ACTIVE');
  if (active.length >= state.quotas.clusters)
    throw new Fault('ClientException', 'The maximum number of clusters per account has been exceeded.');
  const name = 'containerInsights';
  const settings = [{ name, value: state.settings.effective(roleOf(principalArn), name).value }];
  const cluster: Cluster = { settings, tags: [], ...more, clusterArn, clusterName, status: 'ACTIVE' };
  state.clusters.set(now, clusterArn, cluster);
  return cluster;
}

/** Makes a cluster INACTIVE; it stays describable for a while, unless it is created again (D-4.20). */
export function closeCluster(state: State, now: number, cluster: Cluster): Cluster {
  const { clusterArn } = cluster;
  const nothing = { tags: [], capacityProviders: [], defaultCapacityProviderStrategy: [] };
  const closed: Cluster = { ...cluster, ...nothing, status: 'INACTIVE' };
  state.clusters.set(now, clusterArn, closed);
  state.routinely(now, forgottenAfterMs, (then) => {
    if (state.clusters.get(clusterArn) === closed) state.clusters.delete(then, clusterArn);
  });
  return closed;
}
