import {
  DescribeClustersCommand,
  type ECSClient,
  type Cluster as EcsCluster,
  ListClustersCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-ecs';
import type { CapacityFleet, Cluster } from '../capacity.ts';
import { chunks } from '../grouping.ts';
import { parameterNameOf, shiftedTag } from '../ledger.ts';
import { pages } from './paging.ts';
import { strategyOf } from './strategies.ts';

/** D-5.14. */
const clustersPerDescribe = 100;

/** What ECS says of clusters. `namesAllowed`: which the deployment may touch, a name in which `*` is anything. */
export function clusters(
  client: ECSClient,
  namesAllowed: string,
): Pick<CapacityFleet, 'cluster' | 'clusters' | 'setShifted' | 'clearShifted'> {
  const allowed = new RegExp(`^${namesAllowed.replaceAll('*', '.*')}$`);
  return {
    clusters: async () => {
      const arns = await pages(async (nextToken) => {
        const page = await client.send(new ListClustersCommand({ nextToken }));
        return { items: page.clusterArns ?? [], nextToken: page.nextToken };
      });
      const own = arns.filter((arn) => allowed.test(arn.slice(arn.lastIndexOf('/') + 1)));
      const found: Cluster[] = [];
      for (const names of chunks(own, clustersPerDescribe)) {
        const answer = await client.send(new DescribeClustersCommand({ clusters: names, include: ['TAGS'] }));
        found.push(...(answer.clusters ?? []).map(clusterOf));
      }
      return found;
    },
    cluster: async (clusterName) => {
      const { clusters: found = [] } = await client.send(
        new DescribeClustersCommand({ clusters: [clusterName], include: ['TAGS'] }),
      );
      return found.map(clusterOf)[0];
    },
    setShifted: async (resourceArn, clusterName) => {
      const tags = [{ key: shiftedTag, value: parameterNameOf(clusterName) }];
      await client.send(new TagResourceCommand({ resourceArn, tags }));
    },
    clearShifted: async (resourceArn) => {
      await client.send(new UntagResourceCommand({ resourceArn, tagKeys: [shiftedTag] }));
    },
  };
}

function clusterOf(cluster: EcsCluster): Cluster {
  return {
    clusterName: cluster.clusterName ?? '',
    clusterArn: cluster.clusterArn ?? '',
    tags: Object.fromEntries((cluster.tags ?? []).map(({ key = '', value = '' }) => [key, value])),
    capacityProviders: cluster.capacityProviders ?? [],
    defaultStrategy: strategyOf(cluster.defaultCapacityProviderStrategy),
    isBusy: cluster.attachmentsStatus === 'UPDATE_IN_PROGRESS',
  };
}
