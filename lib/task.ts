import type { Needs } from './room.ts';

/** A task on a container instance. */
export interface Task {
  readonly taskArn: string;
  readonly containerInstanceArn: string;
  readonly lastStatus: string;
  readonly desiredStatus: string;
  readonly startedBy: string | undefined;
  /** `service:<name>` for a task of a service (D-14.31). */
  readonly group: string;
  readonly taskDefinitionArn: string;
  readonly needs: Needs;
  readonly startedAt: Date | undefined;
  readonly version: number;
  readonly stoppingAt: Date | undefined;
  readonly stoppedAt: Date | undefined;
}

/** Whether ECS means it to run on. */
export const isRunning = (task: Task) => task.desiredStatus === 'RUNNING';

/** Whether its containers have ended; a stop that is only decided is not that (D-2.31). */
export const isStopped = (task: Task) => task.lastStatus === 'STOPPED';

/** The service that a task belongs to; undefined: it is a standalone task. */
export function serviceNameOf(task: Task): string | undefined {
  return isServiceTask(task) && task.group.startsWith(servicePrefix)
    ? task.group.slice(servicePrefix.length)
    : undefined;
}

const servicePrefix = 'service:';

/** The scheduler writes itself into startedBy; what anybody else started is a standalone task (D-9.27). */
export const isServiceTask = (task: Task) => task.startedBy?.startsWith('ecs-svc/') === true;
