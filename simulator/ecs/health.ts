import type { TargetGroup, TaskRecord } from './records.ts';
import type { State } from './state.ts';

/** A service task without load balancer and health check counts as healthy so long after RUNNING (D-2.21). */
const settledMs = 40_000;

/** The target groups that a task is registered in: those of the deployment or task set it was started from. */
export function targetGroupsOf(state: State, { targetGroupArns }: TaskRecord): TargetGroup[] {
  return targetGroupArns.flatMap((targetGroupArn) => state.targetGroups.get(targetGroupArn) ?? []);
}

/** How long a task's targets take to be unused before SIGTERM (D-2.34, D-13.8); 0 without a load balancer. */
export function deregistrationDelaySeconds(state: State, task: TaskRecord): number {
  const delays = targetGroupsOf(state, task).map((group) => group.deregistrationDelaySeconds);
  return Math.max(0, ...delays);
}

/**
 * From when a RUNNING task counts as healthy (milliseconds): with a load balancer its check, with a container check
 * that one, with both both, else 40 s after RUNNING (D-2.20, D-2.21). Undefined while the container check is open.
 */
export function healthyAt(state: State, now: number, task: TaskRecord): number | undefined {
  const groups = targetGroupsOf(state, task);
  const isChecked = task.definition.behaviour.healthMs !== undefined;
  if (isChecked && task.healthStatus !== 'HEALTHY') return undefined;
  const startedAt = task.startedAt ?? now;
  if (groups.length === 0) return isChecked ? now : startedAt + settledMs;
  const seconds = Math.max(...groups.map(({ healthySeconds }) => healthySeconds));
  return Math.max(now, startedAt + seconds * 1000);
}
