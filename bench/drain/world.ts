import { createGroup, createService, isSteady, setDesiredCapacity } from '../../demo/cluster.ts';
import type { Account } from '../../simulator/account.ts';

/** How long a drain takes, how many at once, in a cluster of what size. */
export interface Case {
  readonly drainSeconds: number;
  readonly simultaneous: number;
  readonly instances: number;
  readonly events: Events;
}

/**
 * What becomes of events: `lost, late`: those of Auto Scaling are lost, all of them, and those of ECS come up to five minutes
 * late; `rules off`: none comes.
 */
export type Events = 'delivered' | 'lost, late' | 'rules off';

export const clusterName = 'bench';
export const groupName = 'bench-nodes';
const tasksPerInstance = 4;
/** The end of every drain: leaving the load balancer, then from SIGTERM to exit. Peers were measured with 30 s of it. */
const deregistrationDelaySeconds = 20;
const stopSeconds = 10;
/** What passes in a drain before replacements start, and until they are healthy. */
const healthySeconds = 15;
const lateSecondsMax = 300;

/**
 * A cluster whose oldest instances, which leave first, have four tasks each and take about `drainSeconds` to lose them: a
 * hundred of them, or as many as will leave. In a larger cluster the others are empty, and cost no time to build.
 */
export async function buildCluster(account: Account, one: Case): Promise<void> {
  const { drainSeconds, instances, simultaneous } = one;
  const busy = Math.min(instances, Math.max(simultaneous, 100));
  account.call('ecs', 'CreateCluster', { clusterName });
  createGroup(account, { clusterName, autoScalingGroupName: groupName, desiredCapacity: busy });
  await registered(account, busy);
  createService(account, clusterName, {
    name: 'web',
    cpu: 128,
    memoryMib: 256,
    desiredCount: tasksPerInstance * busy,
    startSeconds: drainSeconds - deregistrationDelaySeconds - stopSeconds - healthySeconds,
    stopSeconds,
    deregistrationDelaySeconds,
  });
  await account.until('the service is steady', () => isSteady(account, clusterName), drainSeconds + 3600);
  const MaxSize = Math.max(instances, 1000);
  account.call('autoscaling', 'UpdateAutoScalingGroup', { AutoScalingGroupName: groupName, MaxSize });
  setDesiredCapacity(account, groupName, instances);
  await registered(account, instances);
}

/** Lets time pass until so many instances are ACTIVE. */
async function registered(account: Account, count: number): Promise<void> {
  const areThere = () => {
    const records = account.ecs.containerInstanceRecords();
    return records.filter(({ status }) => status === 'ACTIVE').length === count;
  };
  await account.until('all instances register', areThere, 900);
}

/** Breaks the delivery of events, as the case says. `ruleNames`: those that are not a schedule. */
export function breakEvents(account: Account, events: Events, ruleNames: readonly string[]): void {
  if (events === 'lost, late') {
    account.bus.faults.loseBestEffort = 1;
    account.bus.faults.lateProbability = 1;
    account.bus.faults.lateSecondsMax = lateSecondsMax;
  }
  if (events === 'rules off') for (const Name of ruleNames) account.call('events', 'DisableRule', { Name });
}

/** Scales in, and lets time pass until every departure has ended; since when they are counted. */
export async function scaleIn(
  account: Account,
  { instances, simultaneous, drainSeconds }: Case,
  hookName: string,
): Promise<number> {
  const since = account.world.now;
  setDesiredCapacity(account, groupName, instances - simultaneous);
  const ended = () => {
    const own = account.autoscaling
      .lifecycleActions()
      .filter((action) => action.lifecycleHookName === hookName && action.startedAt >= since);
    return own.length === simultaneous && own.every(({ endedAt }) => endedAt !== undefined);
  };
  const secondsMax = 2 * drainSeconds + 7200;
  for (let passed = 0; passed < secondsMax && !ended(); passed += 10) await account.advance(10);
  // What still comes after the last completion belongs to its cost.
  await account.advance(120);
  return since;
}
