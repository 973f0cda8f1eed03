import type { Tools } from './deps.ts';
import type { GroupInstance } from './fleet.ts';
import type { Strategy } from './strategy.ts';

/** How a group with a mixed instances policy divides its instances between On-Demand and Spot: InstancesDistribution. */
export interface Distribution {
  readonly onDemandBaseCapacity: number;
  readonly onDemandPercentageAboveBaseCapacity: number;
  readonly onDemandAllocationStrategy?: string | undefined;
  readonly spotAllocationStrategy?: string | undefined;
  readonly spotInstancePools?: number | undefined;
  readonly spotMaxPrice?: string | undefined;
}

/** An Auto Scaling group, as far as it says what it buys and what it lacks. */
export interface BuyingGroup {
  readonly autoScalingGroupName: string;
  readonly autoScalingGroupARN: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly desiredCapacity: number;
  /** Without those of its warm pool. */
  readonly instances: readonly GroupInstance[];
  /** Undefined: it has no mixed instances policy, and buys in one market alone. */
  readonly distribution: Distribution | undefined;
}

/** A launch that has ended, well or not. */
export interface Launch {
  readonly endedAt: Date;
  readonly isSuccessful: boolean;
  readonly statusMessage: string;
}

/** A cluster, as far as it says what its tasks run on. */
export interface Cluster {
  readonly clusterName: string;
  readonly clusterArn: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly capacityProviders: readonly string[];
  readonly defaultStrategy: Strategy;
  /** ECS works on the providers of the cluster and takes no other change of them (D-4.18). */
  readonly isBusy: boolean;
}

/** A capacity provider (D-4.8). */
export interface Provider {
  readonly name: string;
  /** `managed`: of ECS Managed Instances, which are left alone. */
  readonly kind: 'fargate' | 'group' | 'managed';
  /** The Auto Scaling group behind it. */
  readonly autoScalingGroupName: string | undefined;
  /** A strategy may name it (D-4.9). */
  readonly isUsable: boolean;
}

/** A service, as far as it says what its tasks run on. */
export interface PlacedService {
  readonly serviceName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly isActive: boolean;
  readonly schedulingStrategy: string;
  /** ECS where it is the service's own rolling update. */
  readonly deploymentController: string;
  /** Empty: it has a launch type. */
  readonly strategy: Strategy;
  readonly createdAt: Date | undefined;
  /** When the deployment that is in progress began; undefined: none is. */
  readonly deployingSince: Date | undefined;
  /** Tasks of its newest deployment that are neither there nor on their way. */
  readonly missingCount: number;
}

/** What was written down of a cluster, and the version of the parameter that it stands in. */
export interface Written {
  readonly text: string;
  readonly version: number;
}

/**
 * What the steward needs to know and do in AWS to shift capacity. Every write may be made twice. Errors of AWS come through as
 * the SDK throws them, after its retries, but for what is named here.
 */
export interface CapacityFleet {
  /** Every cluster that the deployment may touch. */
  clusters(): Promise<readonly Cluster[]>;
  /** Every group that carries this tag. */
  groupsTagged(tag: string): Promise<readonly BuyingGroup[]>;
  /** The groups of these names; those that do not exist are left out. */
  buyingGroups(autoScalingGroupNames: readonly string[]): Promise<readonly BuyingGroup[]>;
  /** The last launches of a group that have ended, newest first. */
  launches(autoScalingGroupName: string): Promise<readonly Launch[]>;
  /** The group of each of these instances that is in one. */
  groupNamesOf(instanceIds: readonly string[]): Promise<ReadonlyMap<string, string>>;
  /** Gives the mixed instances policy of a group this distribution. */
  distribute(autoScalingGroupName: string, distribution: Distribution): Promise<void>;

  /** A cluster as it is now; undefined: there is none. */
  cluster(clusterName: string): Promise<Cluster | undefined>;
  /** These capacity providers; those that do not exist are left out. */
  providers(names: readonly string[]): Promise<readonly Provider[]>;
  /** The names of the ACTIVE services of a cluster. */
  serviceNames(clusterName: string): Promise<readonly string[]>;
  /** These services of a cluster; those that it does not know are left out. */
  placedServices(clusterName: string, serviceNames: readonly string[]): Promise<readonly PlacedService[]>;
  /** Gives a service another strategy, and has all its tasks replaced (D-13.1). */
  redeploy(clusterName: string, serviceName: string, strategy: Strategy): Promise<void>;
  /** Gives a cluster another default strategy; `busy`: it takes no change at the moment (D-4.18). */
  putDefaultStrategy(cluster: Cluster, strategy: Strategy): Promise<'put' | 'busy'>;

  /** What is written down of a cluster; undefined: nothing is. */
  read(clusterName: string): Promise<Written | undefined>;
  /** Writes it down anew; the version that it has then. */
  write(clusterName: string, text: string): Promise<number>;
  /** Says of a cluster that something is shifted in it, and where that is written down. */
  setShifted(clusterArn: string, clusterName: string): Promise<void>;
  /** Takes that back. */
  clearShifted(clusterArn: string): Promise<void>;
}

/** What the behaviours about capacity work with. */
export interface CapacityDeps extends Tools {
  readonly fleet: CapacityFleet;
}
