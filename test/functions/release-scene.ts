import type { ContainerInstanceChange, Look, TaskStopped } from '../../lib/events.ts';
import type { Fleet } from '../../lib/fleet.ts';
import type { Hint } from '../../lib/sighting.ts';
import type { Task } from '../../lib/task.ts';
import {
  arn,
  at,
  clusterName,
  group,
  groupName,
  instanceId,
  noon,
  registration,
  taskArn,
} from '../lib/fixtures.ts';

/** The task `web` is STOPPED. */
export const stop = (overrides: Partial<TaskStopped> = {}): TaskStopped => ({
  kind: 'task-stopped',
  at: noon,
  clusterName,
  containerInstanceArn: arn,
  taskArn: taskArn('web'),
  version: 3,
  ...overrides,
});
/** The container instance changed: DRAINING and empty. */
export const change = (overrides: Partial<ContainerInstanceChange> = {}): ContainerInstanceChange => ({
  kind: 'container-instance',
  at: noon,
  clusterName,
  containerInstanceArn: arn,
  instanceId,
  status: 'DRAINING',
  version: 10,
  holdsResources: false,
  isMarked: false,
  ...overrides,
});
/** We asked for a look 15 s ago. */
export const look = (overrides: Partial<Look> = {}): Look => ({
  kind: 'look',
  at: at(-15),
  autoScalingGroupName: groupName,
  clusterName,
  instanceId,
  because: 'empty',
  ...overrides,
});
/** The messages m0, m1 and so on. */
export const messages = (...events: Hint[]) => events.map((event, i) => ({ messageId: `m${i}`, event }));

/** A fleet in which the instance of the fixtures waits for our hook, with these tasks on it. */
export const answers = (tasks: readonly Task[], overrides: Partial<Fleet> = {}): Partial<Fleet> => ({
  describe: async () => [registration()],
  registrations: async () => [registration()],
  instanceStates: async () => [
    { instanceId, autoScalingGroupName: groupName, lifecycleState: 'Terminating:Wait' },
  ],
  listTasks: async (_, desiredStatus) =>
    tasks.filter((task) => task.desiredStatus === desiredStatus).map((task) => task.taskArn),
  describeTasks: async (_, taskArns) => tasks.filter((task) => taskArns.includes(task.taskArn)),
  groups: async () => [group()],
  complete: async () => 'completed',
  ...overrides,
});
/** Auto Scaling has the instance in this state. */
export const inState = (lifecycleState: string): Partial<Fleet> => ({
  instanceStates: async () => [{ instanceId, autoScalingGroupName: groupName, lifecycleState }],
});
