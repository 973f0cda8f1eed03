import type { Tag } from './records.ts';

/** Managed scaling of a provider (D-4.4). */
export interface ManagedScaling {
  readonly status: 'ENABLED' | 'DISABLED';
  readonly targetCapacity: number;
  readonly minimumScalingStepSize: number;
  readonly maximumScalingStepSize: number;
  readonly instanceWarmupPeriod: number;
}

/** The Auto Scaling group behind a provider, and how ECS is to manage it. */
export interface GroupProvider {
  readonly autoScalingGroupArn: string;
  readonly managedScaling: ManagedScaling;
  readonly managedTerminationProtection: 'ENABLED' | 'DISABLED';
  readonly managedDraining: 'ENABLED' | 'DISABLED';
}

/** Instances that ECS itself launches, in one cluster alone, and what it was told of them (D-4.45, D-14.52). */
export interface ManagedProvider {
  readonly clusterArn: string;
  /** As it was given, for whoever asks. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly subnets: readonly string[];
  readonly isSpot: boolean;
  /** Its instances have the provider's tags. */
  readonly propagatesTags: boolean;
  /** How long an instance may be idle; -1: for ever, undefined: as ECS likes (D-14.53). */
  readonly scaleInAfterSeconds: number | undefined;
  /** Which instances it may launch; undefined: any. */
  readonly requirements:
    | {
        readonly vCpuCount: { readonly min: number; readonly max: number };
        readonly memoryMib: { readonly min: number; readonly max: number };
        /** Names of instance types; none: any. */
        readonly only: readonly string[];
      }
    | undefined;
}

/** A type of EC2 instance that ECS may launch, with what its agent registers. */
export interface InstanceType {
  readonly name: string;
  readonly cpu: number;
  readonly memoryMib: number;
}

/** A capacity provider (D-4.8). */
export interface CapacityProvider {
  readonly capacityProviderArn: string;
  readonly name: string;
  readonly type: 'EC2_AUTOSCALING' | 'MANAGED_INSTANCES' | 'FARGATE' | 'FARGATE_SPOT';
  readonly status: 'PROVISIONING' | 'ACTIVE' | 'DEPROVISIONING' | 'INACTIVE';
  /** Undefined: it is none of an Auto Scaling group. */
  readonly group?: GroupProvider | undefined;
  /** Undefined: it is none of Managed Instances. */
  readonly managed?: ManagedProvider | undefined;
  readonly updateStatus?:
    | 'CREATE_IN_PROGRESS'
    | 'CREATE_COMPLETE'
    | 'DELETE_IN_PROGRESS'
    | 'DELETE_COMPLETE'
    | 'DELETE_FAILED'
    | 'UPDATE_IN_PROGRESS'
    | 'UPDATE_COMPLETE'
    | undefined;
  readonly updateStatusReason?: string | undefined;
  readonly tags: readonly Tag[];
}

/** An Auto Scaling group as ECS asks Auto Scaling for it. */
export interface AutoScalingGroup {
  readonly arn: string;
  readonly isProtectedFromScaleIn: boolean;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  readonly tagKeys: readonly string[];
  /** Its instances in service, and when they were launched (milliseconds). */
  readonly inService: readonly {
    readonly instanceId: string;
    readonly isProtected: boolean;
    readonly launchedAt: number;
  }[];
  /** What one of its instances has for tasks; undefined: nobody knows. */
  readonly instanceSize?: { readonly cpu: number; readonly memoryMib: number } | undefined;
}

/** The providers that every account has, and that can be neither created nor deleted (D-4.2). */
export const fargateProviders = ['FARGATE', 'FARGATE_SPOT'] as const;

/** The name of a provider of Fargate. */
export type FargateProvider = (typeof fargateProviders)[number];

/** The name of the group in its ARN; a name is its own. */
export function groupNameOf(nameOrArn: string): string {
  return nameOrArn.split('autoScalingGroupName/').at(-1) ?? nameOrArn;
}

/** Whether ECS scales the group behind a provider. */
export const isScaled = (provider: CapacityProvider | undefined): boolean =>
  provider?.group?.managedScaling.status === 'ENABLED';

/** The only providers whose tasks may wait for an instance: those for which ECS brings instances (D-4.32, D-4.46). */
export const isSupplied = (provider: CapacityProvider | undefined): boolean =>
  isScaled(provider) || provider?.managed !== undefined;

/** A strategy may use it: ACTIVE, and not being deleted (D-4.9, D-11.5). */
export const isUsable = ({ status, updateStatus }: CapacityProvider) =>
  status === 'ACTIVE' && updateStatus !== 'DELETE_IN_PROGRESS';
