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

/** A capacity provider (D-4.8). */
export interface CapacityProvider {
  readonly capacityProviderArn: string;
  readonly name: string;
  readonly type: 'EC2_AUTOSCALING' | 'FARGATE' | 'FARGATE_SPOT';
  readonly status: 'ACTIVE' | 'INACTIVE';
  /** Undefined: Fargate. */
  readonly group?: GroupProvider | undefined;
  readonly updateStatus?:
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

/** The only providers whose tasks may wait for an instance: those that ECS scales itself (D-4.32). */
export const isScaled = (provider: CapacityProvider | undefined): boolean =>
  provider?.group?.managedScaling.status === 'ENABLED';

/** A strategy may use it: ACTIVE, and not being deleted (D-4.9, D-11.5). */
export const isUsable = ({ status, updateStatus }: CapacityProvider) =>
  status === 'ACTIVE' && updateStatus !== 'DELETE_IN_PROGRESS';
