import { enrolmentTag, registerWorkload, tagGroup } from '../../demo/cluster.ts';
import { functionsFromSource, packagedTemplate } from '../../demo/install.ts';
import { Account } from '../../simulator/account.ts';

export const clusterName = 'shop';
/** The group that buys Spot, and the capacity provider before it. */
export const spotGroup = 'shop-spot';
export const spotProvider = 'shop-spot-provider';

/** A cluster on a group that buys Spot. */
export interface CapacityWish {
  readonly seed?: number;
  readonly desiredCount?: number;
  /** Of the group, beside the enrolment. */
  readonly tags?: Readonly<Record<string, string>>;
  readonly onDemandBase?: number;
  readonly onDemandPercent?: number;
  readonly isSingleMarket?: boolean;
}

/** A task fills an instance but for a little. */
const workload = { name: 'web', cpu: 1024, memoryMib: 4096, stopSeconds: 5 };

/** A cluster with a Spot group behind a capacity provider with managed scaling, and a service on it in a steady state. */
export class CapacityScene {
  readonly account: Account;
  readonly desiredCount: number;
  /** Task-minutes that the service had fewer than it wants. */
  taskMinutesShort = 0;

  private constructor(account: Account, desiredCount: number) {
    this.account = account;
    this.desiredCount = desiredCount;
  }

  static async open(wish: CapacityWish = {}): Promise<CapacityScene> {
    const { seed = 1, desiredCount = 6, tags = {} } = wish;
    const source = await functionsFromSource();
    const account = new Account({ seed, codeOf: (_zip: Uint8Array, handler: string) => source(handler) });
    account.install(packagedTemplate(), source);
    account.call('ecs', 'CreateCluster', { clusterName });
    createSpotGroup(account, wish);
    const scene = new CapacityScene(account, desiredCount);
    account.call('ecs', 'CreateService', {
      cluster: clusterName,
      serviceName: 'web',
      taskDefinition: 'web',
      desiredCount,
      capacityProviderStrategy: [{ capacityProvider: spotProvider, weight: 1 }],
    });
    await account.until('a steady service', () => scene.running() === desiredCount, 1800);
    tagGroup(account, spotGroup, { [enrolmentTag]: clusterName, ...tags });
    return scene;
  }

  /** The service as ECS describes it. */
  service(serviceName = 'web') {
    const { services } = this.account.call('ecs', 'DescribeServices', {
      cluster: clusterName,
      services: [serviceName],
    });
    const [found] = services as Record<string, unknown>[];
    return found as { runningCount: number; desiredCount: number; deployments: { id: string }[] };
  }

  running(): number {
    return this.service().runningCount;
  }

  group() {
    const { AutoScalingGroups } = this.account.call('autoscaling', 'DescribeAutoScalingGroups', {
      AutoScalingGroupNames: [spotGroup],
    });
    const [found] = AutoScalingGroups as {
      MixedInstancesPolicy?: { InstancesDistribution: { OnDemandBaseCapacity: number } };
    }[];
    if (!found) throw new Error('There is no group');
    return found;
  }

  get base(): number | undefined {
    return this.group().MixedInstancesPolicy?.InstancesDistribution.OnDemandBaseCapacity;
  }

  setBase(OnDemandBaseCapacity: number): void {
    const { InstancesDistribution } = this.group().MixedInstancesPolicy ?? {};
    this.account.call('autoscaling', 'UpdateAutoScalingGroup', {
      AutoScalingGroupName: spotGroup,
      MixedInstancesPolicy: { InstancesDistribution: { ...InstancesDistribution, OnDemandBaseCapacity } },
    });
  }

  /** Spot takes all its instances back, and has no others; or has some again. */
  spot(available: boolean): void {
    const { account } = this;
    account.setCapacity(spotGroup, available, { market: 'spot' });
    if (available) return;
    for (const { instanceId, market } of account.autoscaling.instancesOf(spotGroup))
      if (market === 'spot') account.hear(account.ec2.interrupt(account.world.now, instanceId));
  }

  /** Lets minutes pass, and counts what the service lacks in each. */
  async minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      await this.account.advance(60);
      this.taskMinutesShort += Math.max(0, this.desiredCount - this.running());
    }
  }

  tag(tags: Readonly<Record<string, string>>): void {
    tagGroup(this.account, spotGroup, tags);
  }

  untag(Key: string): void {
    const tag = { ResourceId: spotGroup, ResourceType: 'auto-scaling-group', Key };
    this.account.call('autoscaling', 'DeleteTags', { Tags: [tag] });
  }

  /** What the ledger of the cluster says; undefined: there is none. */
  ledger(): Record<string, unknown> | undefined {
    try {
      const { Parameter } = this.account.call('ssm', 'GetParameter', { Name: `/ecs-steward/${clusterName}` });
      return JSON.parse(String((Parameter as { Value: string }).Value)) as Record<string, unknown>;
    } catch {
      return undefined;
    }
  }

  /** The tags of the cluster. */
  clusterTags(): Record<string, string> {
    const { clusters } = this.account.call('ecs', 'DescribeClusters', {
      clusters: [clusterName],
      include: ['TAGS'],
    });
    const [found] = clusters as { tags?: { key: string; value: string }[] }[];
    return Object.fromEntries((found?.tags ?? []).map(({ key, value }) => [key, value]));
  }

  /** Calls of rebalance that change something of the user's: each one is a shift. */
  get shifts() {
    const names = ['UpdateAutoScalingGroup', 'UpdateService', 'PutClusterCapacityProviders'];
    return this.calls.filter(({ operation }) => names.includes(operation));
  }

  get calls() {
    return this.account.endpoint.calls.filter(({ functionName }) => functionName?.endsWith('-rebalance'));
  }

  /** Calls that no policy allowed. */
  get denied(): readonly string[] {
    return this.calls
      .filter(({ outcome }) => outcome.startsWith('AccessDenied'))
      .map(({ operation }) => operation);
  }

  /** What rebalance logged, as objects. */
  get logged(): readonly Record<string, unknown>[] {
    return this.account.world.log
      .filter(({ kind }) => kind === 'log')
      .map(({ line }) => JSON.parse(String(line)) as Record<string, unknown>)
      .filter((line) => String(line.function_name).endsWith('-rebalance'));
  }

  /** Why something was held back, each reason once. */
  get heldBack(): readonly unknown[] {
    return [...new Set(this.logged.filter(({ message }) => message === 'held back').map(({ why }) => why))];
  }
}

function createSpotGroup(account: Account, wish: CapacityWish): void {
  const { onDemandBase = 0, onDemandPercent = 0, isSingleMarket = false } = wish;
  registerWorkload(account, workload);
  account.ec2.putLaunchTemplate({
    launchTemplateName: spotGroup,
    instanceType: 'm6i.large',
    clusterName,
    agentSeconds: 25,
  });
  const template = { LaunchTemplateName: spotGroup, Version: '$Latest' };
  account.call('autoscaling', 'CreateAutoScalingGroup', {
    AutoScalingGroupName: spotGroup,
    ...(isSingleMarket
      ? { LaunchTemplate: template }
      : {
          MixedInstancesPolicy: {
            LaunchTemplate: { LaunchTemplateSpecification: template },
            InstancesDistribution: {
              OnDemandBaseCapacity: onDemandBase,
              OnDemandPercentageAboveBaseCapacity: onDemandPercent,
              SpotAllocationStrategy: 'capacity-optimized',
            },
          },
        }),
    MinSize: 0,
    MaxSize: 20,
    DesiredCapacity: 0,
    AvailabilityZones: ['a', 'b'].map((zone) => `${account.region}${zone}`),
  });
  account.call('ecs', 'CreateCapacityProvider', {
    name: spotProvider,
    autoScalingGroupProvider: {
      autoScalingGroupArn: spotGroup,
      managedScaling: { status: 'ENABLED', targetCapacity: 100 },
      managedTerminationProtection: 'DISABLED',
      managedDraining: 'DISABLED',
    },
  });
  account.call('ecs', 'PutClusterCapacityProviders', {
    cluster: clusterName,
    capacityProviders: [spotProvider],
    defaultCapacityProviderStrategy: [],
  });
}
