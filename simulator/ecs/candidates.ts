import type { Candidate } from './passes.ts';
import type { Pool } from './pools.ts';
import type { TaskRecord } from './records.ts';
import type { Service } from './service-records.ts';
import type { State } from './state.ts';
import { isPending } from './tasks.ts';

/**
 * The tasks of a service as the scheduler looks at them. Of a task set only its own, which are all of the primary kind:
 * each set is kept at its number alone (D-9.51).
 */
export function candidatesOf(state: State, now: number, service: Service, pool?: Pool): Candidate[] {
  const tasks = state.tasksOf(service.serviceArn);
  const isOfTaskSet = pool !== undefined && service.deploymentController !== 'ECS';
  const primary = isOfTaskSet ? pool.launch.id : service.deployments[0]?.id;
  return tasks
    .filter(({ startedBy }) => !isOfTaskSet || startedBy === primary)
    .map((task) => candidate(state, now, service, task, task.startedBy === primary));
}

function candidate(
  state: State,
  now: number,
  service: Service,
  task: TaskRecord,
  isPrimary: boolean,
): Candidate {
  const { taskArn, containerInstanceArn, availabilityZone } = task;
  // A service that is being deleted protects nothing.
  const isProtected = service.status === 'ACTIVE' && (task.protectedUntil ?? 0) > now;
  return {
    taskArn,
    containerInstanceArn: containerInstanceArn ?? taskArn,
    availabilityZone,
    isWanted: task.desiredStatus === 'RUNNING',
    isPending: isPending(task),
    isHealthy: task.healthyAt !== undefined && task.healthyAt <= now,
    isPrimary,
    isDraining: state.isDraining(task),
    isUnhealthy: isUnhealthy(service, now, task),
    isProtected,
    isHeldWhileDraining: isProtected && state.switches.protectionHoldsDraining,
    isHeldWhileUnhealthy: isProtected && state.switches.protectionHoldsUnhealthy,
  };
}

function isUnhealthy(service: Service, now: number, task: TaskRecord): boolean {
  return task.failedCheck === 'target' ? now >= graceEndOf(service, task) : task.failedCheck !== undefined;
}

/** From when the checks of its load balancer count against a task (milliseconds; D-9.40). */
export function graceEndOf(
  service: Pick<Service, 'healthCheckGracePeriodSeconds'> | undefined,
  { startedAt = 0 }: TaskRecord,
): number {
  return startedAt + (service?.healthCheckGracePeriodSeconds ?? 0) * 1000;
}
