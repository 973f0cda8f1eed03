import type { Fleet } from './fleet.ts';
import { inParallel } from './parallel.ts';
import type { Task } from './task.ts';

/** Container instances whose tasks are listed at the same time. */
const listsAtOnce = 10;
/** With more container instances than this the tasks of the whole cluster are listed: pages of 100 cost less (D-5.8). */
export const wholeClusterAbove = 50;

/**
 * Every task on these container instances that ECS still knows, and `known` ones beside; perhaps others of the cluster
 * too. RUNNING is listed first, then STOPPED, never at the same time: in the other order a task that moves between the
 * two is in neither. The default list alone would hide every task that is being stopped (D-2.31). A task that ECS has
 * forgotten is STOPPED (D-5.18). Throws where one that is meant to run is listed and not known: a read was too old.
 */
export async function readTasks(
  fleet: Fleet,
  clusterName: string,
  containerInstanceArns: readonly string[],
  known: readonly string[] = [],
): Promise<readonly Task[]> {
  const taskArns = new Set(known);
  const meantToRun = new Set<string>();
  const places = containerInstanceArns.length > wholeClusterAbove ? [undefined] : containerInstanceArns;
  await inParallel(places, listsAtOnce, async (containerInstanceArn) => {
    for (const desiredStatus of ['RUNNING', 'STOPPED'] as const) {
      const listed = await fleet.listTasks(clusterName, desiredStatus, containerInstanceArn);
      for (const taskArn of listed) taskArns.add(taskArn);
      if (desiredStatus === 'RUNNING') for (const taskArn of listed) meantToRun.add(taskArn);
    }
  });
  if (taskArns.size === 0) return [];
  const tasks = await fleet.describeTasks(clusterName, [...taskArns]);
  const described = new Set(tasks.map(({ taskArn }) => taskArn));
  const missing = [...meantToRun].filter((taskArn) => !described.has(taskArn));
  if (missing.length > 0)
    throw new Error(`ECS lists tasks to run that it cannot describe: ${missing.join(', ')}`);
  return tasks;
}
