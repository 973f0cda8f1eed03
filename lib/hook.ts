import { isDue } from './rhythm.ts';

/** A lifecycle hook as Auto Scaling has it, as far as we set it. `heartbeatTimeoutSeconds` is AWS's HeartbeatTimeout. */
export interface Hook {
  readonly lifecycleHookName: string;
  readonly lifecycleTransition: string;
  readonly heartbeatTimeoutSeconds: number;
  readonly defaultResult: string;
  /** Whether ECS has its own hook on the group, too; absent: it has not. */
  readonly isBesideManagedDraining?: boolean;
}

/** The hook of managed draining (D-4.22), which ECS puts, renews and completes by itself. */
export const managedHookName = 'ecs-managed-draining-termination-hook';

/**
 * The hook that every enrolled group has. 1800 s because 48 hours in all need at least 1728 s (D-3.7), and because the
 * instance then survives an outage of ours of 20 minutes. CONTINUE because the default, ABANDON, would skip the other
 * hooks of the group, ECS's own among them (D-3.6, D-3.12, D-4.25).
 */
export const terminateHook: Hook = {
  lifecycleHookName: 'ecs-steward-terminate',
  lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
  heartbeatTimeoutSeconds: 1800,
  defaultResult: 'CONTINUE',
};

/** The longest that a hook holds an instance, however often it is renewed (seconds; D-3.7). */
export const globalSecondsOf = ({ heartbeatTimeoutSeconds }: Pick<Hook, 'heartbeatTimeoutSeconds'>): number =>
  Math.min(172_800, 100 * heartbeatTimeoutSeconds);

/** The longest that the hook as we put it holds an instance (seconds). */
export const globalTimeoutSeconds = globalSecondsOf(terminateHook);

/** How far a group's hook is from ours. */
export type Drift =
  | { readonly kind: 'none' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'differs'; readonly members: readonly (keyof Hook)[] };

const members = ['lifecycleTransition', 'heartbeatTimeoutSeconds', 'defaultResult'] as const;

/**
 * Compares the group's hook of our name with ours. It is written only where they differ, and never deleted to be put
 * again: deleting a hook completes the actions under way (D-13.3).
 */
export function driftOf(hook: Hook | undefined): Drift {
  if (!hook) return { kind: 'missing' };
  const differing = members.filter((member) => hook[member] !== terminateHook[member]);
  return differing.length === 0 ? { kind: 'none' } : { kind: 'differs', members: differing };
}

const checkPeriodSeconds = 900;

/** Whether the sweep of `time` looks at this group's hook: every 15 minutes, each group at a minute of its own. */
export function isHookCheckDue(autoScalingGroupARN: string, time: Date): boolean {
  return isDue(autoScalingGroupARN, checkPeriodSeconds, time);
}
