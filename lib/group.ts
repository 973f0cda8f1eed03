import type { Deps } from './deps.ts';
import type { Failure, Group } from './fleet.ts';
import { reportMisconfigured } from './misconfigured.ts';
import { enrolmentTag, onDeadlineTag, type Policy, readEnrolment } from './policy.ts';

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

/** Says which tags of a group mean nothing to us, or ask for what the group itself does not allow. */
export function reportTagFaults(deps: Deps, group: Group): void {
  const { autoScalingGroupName, tags } = group;
  const enrolment = readEnrolment(tags);
  for (const fault of enrolment?.faults ?? [])
    reportMisconfigured(deps, { problem: 'a tag is not understood', autoScalingGroupName, ...fault });
  if (enrolment?.policy.onDeadline !== 'retain' || group.retainsAbandoned) return;
  reportMisconfigured(deps, {
    problem: 'the group retains no instance: at the drain deadline tasks are stopped',
    autoScalingGroupName,
    tag: onDeadlineTag,
    value: 'retain',
    expected: 'InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon = retain of the group',
  });
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

/** The instances that Auto Scaling holds for hooks on their way out of service (D-3.2), some of them to come back. */
export function leavingInstanceIds({ instances }: Group): string[] {
  return instances
    .filter(({ lifecycleState }) => isLeaving(lifecycleState))
    .map(({ instanceId }) => instanceId);
}

/** The ways on which our hook can hold an instance: two end it, the others lead back (D-3.28, D-1.23, D-1.25). */
const way = '((Warmed:)?Terminating|Warmed:Pending|ReplacingRootVolume)';
const leaving = new RegExp(`^${way}:Wait$`);
/** Just before that. No API says which of several hooks holds an instance. */
const beforeLeaving = new RegExp(`^${way}$`);

/** Whether an instance in this state waits for hooks through which ours can hold it. */
export function isLeaving(lifecycleState: string | undefined): boolean {
  return lifecycleState !== undefined && leaving.test(lifecycleState);
}

/** Whether an instance in this state waits so, or does in a moment. */
export function isOnItsWay(lifecycleState: string): boolean {
  return leaving.test(lifecycleState) || beforeLeaving.test(lifecycleState);
}

/** The instances that Auto Scaling keeps because a lifecycle action was abandoned, ours or another one (D-3.14). */
export function retainedInstanceIds({ instances }: Group): string[] {
  return instances
    .filter(({ lifecycleState }) => lifecycleState.endsWith(':Retained'))
    .map(({ instanceId }) => instanceId);
}

/**
 * Whether Auto Scaling keeps this instance when its action is abandoned. In a group that does not, that would end it with all
 * that runs on it, and the tasks are stopped instead. The other ways lead back into service, or out of a
 * warm pool, where nothing runs.
 */
export function isRetainable({ retainsAbandoned, instances }: Group, instanceId: string): boolean {
  const state = instances.find((one) => one.instanceId === instanceId)?.lifecycleState;
  return retainsAbandoned && state === 'Terminating:Wait';
}

/** Why an instance leaves that waits in this state: to end, or to come back. */
export function causeIn(lifecycleState: string | undefined): 'termination' | 'return' {
  const isReturn = lifecycleState === 'Warmed:Pending:Wait' || lifecycleState === 'ReplacingRootVolume:Wait';
  return isReturn ? 'return' : 'termination';
}

/** The instances that our hook holds, or may hold in a moment. */
export function heldInstanceIds({ instances }: Group): string[] {
  return instances
    .filter(({ lifecycleState }) => isOnItsWay(lifecycleState))
    .map(({ instanceId }) => instanceId);
}

/** Says that leaving instances are left as they are, because the group is paused. */
export function reportPaused({ log, count }: Deps, { group, clusterName }: EnrolledGroup): void {
  const { autoScalingGroupName } = group;
  const instanceIds = leavingInstanceIds(group);
  log.info('decided', { clusterName, autoScalingGroupName, instanceIds, decision: 'wait', why: 'paused' });
  count('Paused', instanceIds.length);
}

/**
 * Whether Auto Scaling's answer about an instance is older than what we know: that our hook holds it since `knownAt`.
 * Older than five minutes, the knowledge is history, and the answer is the truth.
 */
export function isStateBehind(lifecycleState: string | undefined, knownAt: Date, now: Date): boolean {
  const isBefore = lifecycleState !== undefined && beforeLeaving.test(lifecycleState);
  return isYoung(knownAt, now) && (lifecycleState === 'InService' || isBefore);
}

/** Whether Auto Scaling's answer is older than what we know: that since `knownAt` our hook does not hold the instance. */
export function isHoldBehind(lifecycleState: string, knownAt: Date, now: Date): boolean {
  return isYoung(knownAt, now) && isLeaving(lifecycleState);
}

const isYoung = (knownAt: Date, now: Date) => now.getTime() - knownAt.getTime() < youngSeconds * 1000;
const youngSeconds = 300;

/** Says what a call did not do its work for. */
export function reportFailures({ log, count }: Deps, message: string, failures: readonly Failure[]): void {
  for (const failure of failures) {
    log.error(message, { ...failure });
    count('Failures');
  }
}
