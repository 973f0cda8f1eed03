import {
  type Activity,
  type AutoScalingClient,
  type AutoScalingGroup,
  DescribeAutoScalingGroupsCommand,
  type DescribeAutoScalingGroupsCommandInput,
  DescribeAutoScalingInstancesCommand,
  DescribeScalingActivitiesCommand,
  UpdateAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import type { BuyingGroup, CapacityFleet, Distribution, Launch } from '../capacity.ts';
import { chunks } from '../grouping.ts';
import { pages } from './paging.ts';

/** D-5.16. */
const namesPerCall = 50;
const instancesPerCall = 50;
const recordsPerPage = 100;
/** Enough to see the last minutes of a group that fails zone after zone. */
const activitiesRead = 20;

/** What Auto Scaling says of how groups buy instances. */
export function buying(
  client: AutoScalingClient,
): Pick<CapacityFleet, 'groupsTagged' | 'buyingGroups' | 'launches' | 'groupNamesOf' | 'distribute'> {
  return {
    groupsTagged: (tag) => describe(client, { Filters: [{ Name: 'tag-key', Values: [tag] }] }),
    buyingGroups: async (names) => {
      const found: BuyingGroup[] = [];
      // An empty list of names would mean all groups (D-6.12); there is no chunk of an empty list.
      for (const AutoScalingGroupNames of chunks(names, namesPerCall))
        found.push(...(await describe(client, { AutoScalingGroupNames })));
      return found;
    },
    launches: async (AutoScalingGroupName) => {
      const { Activities = [] } = await client.send(
        new DescribeScalingActivitiesCommand({ AutoScalingGroupName, MaxRecords: activitiesRead }),
      );
      return Activities.flatMap(launchOf).toSorted((a, b) => b.endedAt.getTime() - a.endedAt.getTime());
    },
    groupNamesOf: async (instanceIds) => {
      const found = new Map<string, string>();
      for (const InstanceIds of chunks(instanceIds, instancesPerCall)) {
        const { AutoScalingInstances = [] } = await client.send(
          new DescribeAutoScalingInstancesCommand({ InstanceIds }),
        );
        for (const { InstanceId = '', AutoScalingGroupName = '' } of AutoScalingInstances)
          found.set(InstanceId, AutoScalingGroupName);
      }
      return found;
    },
    // Without the launch template: it stays as it is (D-19.1), and who does not name one needs no permission to launch from it.
    distribute: async (AutoScalingGroupName, distribution) => {
      const MixedInstancesPolicy = { InstancesDistribution: inAwsWords(distribution) };
      await client.send(new UpdateAutoScalingGroupCommand({ AutoScalingGroupName, MixedInstancesPolicy }));
    },
  };
}

async function describe(
  client: AutoScalingClient,
  input: DescribeAutoScalingGroupsCommandInput,
): Promise<BuyingGroup[]> {
  const found = await pages(async (NextToken) => {
    const page = await client.send(
      new DescribeAutoScalingGroupsCommand({ ...input, MaxRecords: recordsPerPage, NextToken }),
    );
    return { items: page.AutoScalingGroups ?? [], nextToken: page.NextToken };
  });
  return found.map(groupOf);
}

function groupOf(group: AutoScalingGroup): BuyingGroup {
  const tags = (group.Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''] as const);
  const { MixedInstancesPolicy: policy } = group;
  const instances = (group.Instances ?? []).map(({ InstanceId = '', LifecycleState = '' }) => ({
    instanceId: InstanceId,
    lifecycleState: LifecycleState,
  }));
  return {
    autoScalingGroupName: group.AutoScalingGroupName ?? '',
    autoScalingGroupARN: group.AutoScalingGroupARN ?? '',
    tags: Object.fromEntries(tags),
    desiredCapacity: group.DesiredCapacity ?? 0,
    instances,
    distribution: policy && {
      // The defaults of InstancesDistribution.
      onDemandBaseCapacity: policy.InstancesDistribution?.OnDemandBaseCapacity ?? 0,
      onDemandPercentageAboveBaseCapacity:
        policy.InstancesDistribution?.OnDemandPercentageAboveBaseCapacity ?? 100,
      onDemandAllocationStrategy: policy.InstancesDistribution?.OnDemandAllocationStrategy,
      spotAllocationStrategy: policy.InstancesDistribution?.SpotAllocationStrategy,
      spotInstancePools: policy.InstancesDistribution?.SpotInstancePools,
      spotMaxPrice: policy.InstancesDistribution?.SpotMaxPrice,
    },
  };
}

/** Everything that was there before: what is left out takes its default (D-19.1). */
const inAwsWords = (distribution: Distribution) => ({
  OnDemandBaseCapacity: distribution.onDemandBaseCapacity,
  OnDemandPercentageAboveBaseCapacity: distribution.onDemandPercentageAboveBaseCapacity,
  OnDemandAllocationStrategy: distribution.onDemandAllocationStrategy,
  SpotAllocationStrategy: distribution.spotAllocationStrategy,
  SpotInstancePools: distribution.spotInstancePools,
  SpotMaxPrice: distribution.spotMaxPrice,
});

/** Launches and terminations differ in their texts alone (D-13.11). */
function launchOf({ Description = '', EndTime, StatusCode, StatusMessage = '' }: Activity): Launch[] {
  if (!EndTime || !/^Launching/.test(Description)) return [];
  return [{ endedAt: EndTime, isSuccessful: StatusCode === 'Successful', statusMessage: StatusMessage }];
}
