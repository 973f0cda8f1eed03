import type { Fleet } from './fleet.ts';
import { inParallel } from './parallel.ts';
import type { Task } from './task.ts';

/** Container instances whose tasks are listed at the same time. */
const listsAtOnce = 10;

/** Which tasks are listed, and of how many container instances it costs less to list those of the whole cluster. */
export interface Lists {
  readonly desiredStatuses: readonly ('RUNNING' | 'STOPPED')[];
  readonly wholeClusterAbove: number;
}

/**
 * RUNNING is listed first, then STOPPED, never at the same time: in the other order a task that moves between the two is in
 * neither. The default list alone would hide every task that is being stopped (D-2.31).
 */
export const bothLists: Lists = { desiredStatuses: ['RUNNING', 'STOPPED'], wholeClusterAbove: 50 };
/**
 * Enough where no task has been meant to run for so long that no list is older than that (lib/empty.ts). Few tasks of a cluster
 * are in it: those that stop, and those of the last hour.
 */
export const stoppedList: Lists = { desiredStatuses: ['STOPPED'], wholeClusterAbove: 3 };

/**
 * Every task on these container instances that ECS still knows, and `known` ones beside; perhaps others of the cluster
 * too. A task that ECS has forgotten is STOPPED (D-5.18). Throws where one that is meant to run is listed and not known: a
 * read was too old.
 */
export async function readTasks(
  fleet: Fleet,
  clusterName: string,
  containerInstanceArns: readonly string[],
  known: readonly string[] = [],
  lists: Lists = bothLists,
): Promise<readonly Task[]> {
  const listed =
    (await listWhole(fleet, clusterName, containerInstanceArns.length, lists)) ??
    (await listEach(fleet, clusterName, containerInstanceArns, lists));
  const taskArns = new Set([...known, ...listed.flatMap((one) => one.taskArns)]);
  if (taskArns.size === 0) return [];
  const tasks = await fleet.describeTasks(clusterName, [...taskArns]);
  const described = new Set(tasks.map(({ taskArn }) => taskArn));
  const meantToRun = listed.filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
  const missing = meantToRun.flatMap((one) => one.taskArns).filter((taskArn) => !described.has(taskArn));
  if (missing.length > 0)
    throw new Error(`ECS lists tasks to run that it cannot describe: ${missing.join(', ')}`);
  return tasks;
}

interface Listed {
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  readonly taskArns: readonly string[];
}

/** Pages of 100 of the whole cluster; undefined where that is not worth it: a list for each instance costs less. */
async function listWhole(
  fleet: Fleet,
  clusterName: string,
  instances: number,
  { desiredStatuses, wholeClusterAbove }: Lists,
): Promise<Listed[] | undefined> {
  if (instances <= wholeClusterAbove) return undefined;
  const listed: Listed[] = [];
  for (const desiredStatus of desiredStatuses) {
    const taskArns = await fleet.listAllTasks(clusterName, desiredStatus, instances);
    if (!taskArns) return undefined;
    listed.push({ desiredStatus, taskArns });
  }
  return listed;
}

async function listEach(
  fleet: Fleet,
  clusterName: string,
  containerInstanceArns: readonly string[],
  { desiredStatuses }: Lists,
): Promise<Listed[]> {
  const listed: Listed[] = [];
  await inParallel(containerInstanceArns, listsAtOnce, async (containerInstanceArn) => {
    for (const desiredStatus of desiredStatuses) {
      const taskArns = await fleet.listTasks(clusterName, desiredStatus, containerInstanceArn);
      listed.push({ desiredStatus, taskArns });
    }
  });
  return listed;
}
