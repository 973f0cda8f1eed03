import { freshMemory } from '../../functions/sweep.ts';
import type { Registration } from '../../lib/departure.ts';
import type { Fleet, Group } from '../../lib/fleet.ts';
import { isHeartbeatDue } from '../../lib/heartbeat.ts';
import { isHookCheckDue, terminateHook } from '../../lib/hook.ts';
import type { Task } from '../../lib/task.ts';
import { at, group, instanceId, noon, registration } from '../lib/fixtures.ts';

/** The group of the fixtures, with nothing leaving. */
export const idle = group({ instances: [{ instanceId, lifecycleState: 'InService' }] });
/** Since when the instance of the fixtures leaves: no heartbeat is due at noon. */
export const leavingSince =
  [-60, -120, -180].map(at).find((start) => !isHeartbeatDue(instanceId, start, noon)) ?? noon;
/** A sweep, with time enough unless told. */
export const tick = (time = noon, remainingMs = 55_000) => ({ time, remainingMs: () => remainingMs });

/** A fleet with these groups, the instance of the fixtures registered, these tasks on it, and every hook in place. */
export const answers = (
  groups: readonly Group[],
  registrations: readonly Registration[] = [],
  tasks: readonly Task[] = [],
  overrides: Partial<Fleet> = {},
): Partial<Fleet> => ({
  enrolledGroups: async () => groups,
  hook: async () => terminateHook,
  terminationStarts: async () => new Map([[instanceId, leavingSince]]),
  clusterTags: async () => ({}),
  registrations: async () => registrations,
  marked: async () => [],
  listTasks: async (_, desiredStatus) =>
    tasks.filter((one) => one.desiredStatus === desiredStatus).map((one) => one.taskArn),
  describeTasks: async () => tasks,
  complete: async () => 'completed',
  heartbeat: async () => 'recorded',
  services: async () => [],
  definition: async (taskDefinitionArn) => ({ taskDefinitionArn, stopTimeoutSeconds: 30 }),
  stopTask: async () => {},
  askToAdmit: async () => {},
  askToLook: async () => {},
  ...overrides,
});
/** A memory that has seen the hooks of these groups, and knows of no sweep that did not run. */
export const knowing = (...groups: Group[]) => ({
  ...freshMemory(),
  hooksSeen: new Map(groups.map((one) => [one.autoScalingGroupARN, 'keep'] as const)),
  renewedAt: at(86_400),
});
/** A minute at which the hook of the group is (not) due. */
export const minuteWhere = (isDue: boolean, one = idle) =>
  Array.from({ length: 15 }, (_, minute) => at(minute * 60)).find(
    (time) => isHookCheckDue(one.autoScalingGroupARN, time) === isDue,
  ) ?? noon;
/** A registration that we marked so many seconds from noon. */
export const marked = (seconds: number) => registration({ mark: { at: at(seconds), cause: 'termination' } });
