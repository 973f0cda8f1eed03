import { stewardHook } from '../../demo/cluster.ts';
import type { Account } from '../../simulator/account.ts';
import type { Scene } from './scene.ts';

/** How many of our voluntary drains there are, as the account itself has them, whatever the steward believes. */
export interface Drains {
  /** Of these groups, or of all. */
  now(...autoScalingGroupNames: string[]): number;
  /** The most there were at any time since the watch began, of the cluster and of each group. */
  readonly most: ReadonlyMap<string, number>;
  /** Each start of a drain: when, and how many there were with it. */
  readonly starts: readonly { readonly at: number; readonly instanceId: string; readonly drains: number }[];
}

/** The cluster in `most`, whose groups go by their names. */
export const wholeCluster = '*';

/**
 * Looks after everything that happens: whose container instance is DRAINING with our mark while Auto Scaling waits to
 * terminate it. `isVoluntary` says of whom it is known that it is not.
 */
export function watchDrains(scene: Scene): Drains {
  const { account } = scene;
  const most = new Map<string, number>();
  const starts: { at: number; instanceId: string; drains: number }[] = [];
  let before = new Set<string>();
  account.world.onRecord(({ kind, operation }) => {
    if (kind !== 'call' || !changes.has(String(operation))) return;
    const drains = voluntaryDrains(account);
    for (const name of [wholeCluster, ...drains.values()]) {
      const count =
        name === wholeCluster ? drains.size : [...drains.values()].filter((one) => one === name).length;
      most.set(name, Math.max(most.get(name) ?? 0, count));
    }
    for (const instanceId of drains.keys())
      if (!before.has(instanceId)) starts.push({ at: account.world.now, instanceId, drains: drains.size });
    before = new Set(drains.keys());
  });
  const now = (...names: string[]) =>
    [...voluntaryDrains(account).values()].filter((name) => names.length === 0 || names.includes(name))
      .length;
  return { now, most, starts };
}

/** What may begin or end a drain. */
const changes = new Set(['UpdateContainerInstancesState', 'CompleteLifecycleAction', 'PutAttributes']);

/** The group of each instance that we drain, by instance. */
function voluntaryDrains(account: Account): Map<string, string> {
  const held = new Map(
    account.autoscaling
      .lifecycleActions()
      .filter(({ lifecycleHookName, endedAt }) => lifecycleHookName === stewardHook && endedAt === undefined)
      .map(({ instanceId, autoScalingGroupName }) => [instanceId, autoScalingGroupName]),
  );
  const drains = new Map<string, string>();
  for (const { status, ec2InstanceId, customAttributes } of account.ecs.containerInstanceRecords()) {
    const group = held.get(ec2InstanceId);
    const mark = customAttributes.find(({ name }) => name === 'ecs-steward.departure')?.value ?? '';
    if (group !== undefined && status === 'DRAINING' && mark.endsWith('/termination'))
      drains.set(ec2InstanceId, group);
  }
  return drains;
}
