import type { StopWhy } from './passes.ts';
import type { StopCause, TaskRecord } from './records.ts';
import type { Service } from './service-records.ts';

/** Its image could not be pulled: without the rest of what the container runtime says. */
export const imageMissing: StopCause = {
  stopCode: 'TaskFailedToStart',
  stoppedReason: 'CannotPullContainerError: the image was not found.',
};

/** A container that it cannot do without ended by itself (D-7.9). */
const containerExited: StopCause = {
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
};

/** Its container instance was deregistered by force (D-9.16). */
const deregistered: StopCause = {
  stopCode: 'UserInitiated',
  stoppedReason: 'Container instance deregistered.',
};

/** A task as it is when its containers have ended; one that nobody told to stop says so. */
export function withEnd(now: number, task: TaskRecord): TaskRecord {
  const { stop = containerExited, desiredStoppedAt = now } = task;
  const containers = task.containers.map((container) => ({ ...container, lastStatus: 'STOPPED' as const }));
  return { ...task, containers, desiredStatus: 'STOPPED', desiredStoppedAt, stop };
}

/** A task whose instance was deregistered: its containers run on as orphans, or end now (D-9.16, D-9.20, D-11.3). */
export function withoutInstance(now: number, task: TaskRecord, endsContainers: boolean): TaskRecord {
  const { stop = deregistered, executionStoppedAt } = task;
  const endedAt = executionStoppedAt ?? (endsContainers ? now : undefined);
  return {
    ...task,
    stop,
    ...(endedAt === undefined ? { orphanedAt: now } : { executionStoppedAt: endedAt }),
  };
}

/** Whether a task ended without anybody having asked for it: no scheduler, no caller, nor what became of its host. */
export function endedByItself({ stop }: Pick<TaskRecord, 'stop'>): boolean {
  return stop?.stopCode === 'EssentialContainerExited' || stop?.stopCode === 'TaskFailedToStart';
}

/** What the tasks that the scheduler stops say of it (D-2.16, D-7.9, D-14.3). */
export function causeOf(
  service: Service,
  why: StopWhy,
  { failedCheck, startedBy, targetGroupArns }: TaskRecord,
): StopCause {
  const id = service.deployments[0]?.id ?? startedBy;
  const reasons: Readonly<Record<StopWhy, string>> = {
    draining: 'Task stopped during instance draining',
    deployment: `Scaling activity initiated by (deployment ${id})`,
    scaling: `Scaling activity initiated by (deployment ${id})`,
    rebalancing: `Availability-zone rebalancing initiated by (deployment ${id})`,
    misplaced: `Scaling activity initiated by (deployment ${id})`,
    unhealthy:
      failedCheck === 'target'
        ? `Task failed ELB health checks in (target-group ${targetGroupArns[0]})`
        : 'Task failed container health checks',
  };
  return { stopCode: 'ServiceSchedulerInitiated', stoppedReason: reasons[why] };
}
