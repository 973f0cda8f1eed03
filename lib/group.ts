import type { Deps } from './deps.ts';
import type { Group } from './fleet.ts';
import { reportMisconfigured } from './misconfigured.ts';
import { enrolmentTag, type Policy, readEnrolment } from './policy.ts';

/** A group that the steward serves. */
export interface EnrolledGroup {
  readonly group: Group;
  readonly clusterName: string;
  readonly policy: Policy;
}

/** The group as the steward serves it; undefined: it does not, because no tag says so or the tag names no cluster. */
export function enrolledGroup(group: Group): EnrolledGroup | undefined {
  const enrolment = readEnrolment(group.tags);
  if (enrolment?.clusterName === undefined) return undefined;
  return { group, clusterName: enrolment.clusterName, policy: enrolment.policy };
}

/** Says which tags of a group mean nothing to us. */
export function reportTagFaults(deps: Deps, { autoScalingGroupName, tags }: Group): void {
  for (const fault of readEnrolment(tags)?.faults ?? [])
    reportMisconfigured(deps, { problem: 'a tag is not understood', autoScalingGroupName, ...fault });
}

/**
 * Says that the cluster in the tag does not exist. Its instances are registered elsewhere, and then held, or nowhere, and
 * then released at the second look (lib/complete.ts).
 */
export function reportUnknownCluster(deps: Deps, { group, clusterName }: EnrolledGroup): void {
  reportMisconfigured(deps, {
    problem: 'a tag names no cluster',
    autoScalingGroupName: group.autoScalingGroupName,
    tag: enrolmentTag,
    value: clusterName,
    expected: 'the name of an existing ECS cluster',
  });
}

/** The instances that Auto Scaling holds for hooks on their way to termination (D-3.2). */
export function leavingInstanceIds({ instances }: Group): string[] {
  return instances
    .filter(({ lifecycleState }) => lifecycleState === leavingState)
    .map(({ instanceId }) => instanceId);
}

/**
 * Waiting for a hook, or just before it (D-3.2); the way back into a warm pool and the replacement of a root volume go
 * through our hook too (D-1.23, D-1.25). No API says which of several hooks holds an instance.
 */
const heldState = /^((Warmed:)?Terminating|ReplacingRootVolume)(:Wait)?$/;

/** The instances that our hook holds, or may hold in a moment. */
export function heldInstanceIds({ instances }: Group): string[] {
  return instances
    .filter(({ lifecycleState }) => heldState.test(lifecycleState))
    .map(({ instanceId }) => instanceId);
}

/** Says that leaving instances are left as they are, because the group is paused. */
export function reportPaused({ log, count }: Deps, { group, clusterName }: EnrolledGroup): void {
  const { autoScalingGroupName } = group;
  const instanceIds = leavingInstanceIds(group);
  log.info('decided', { clusterName, autoScalingGroupName, instanceIds, decision: 'wait', why: 'paused' });
  count('Paused', instanceIds.length);
}

/** The lifecycle state of an instance that waits for hooks before it is terminated. */
export const leavingState = 'Terminating:Wait';

/**
 * Whether Auto Scaling's answer about an instance is older than what we know: that our hook holds it since `knownAt`.
 * Older than five minutes, the knowledge is history, and the answer is the truth.
 */
export function isStateBehind(lifecycleState: string | undefined, knownAt: Date, now: Date): boolean {
  const isYoung = now.getTime() - knownAt.getTime() < youngSeconds * 1000;
  return isYoung && (lifecycleState === 'InService' || lifecycleState === 'Terminating');
}

const youngSeconds = 300;
