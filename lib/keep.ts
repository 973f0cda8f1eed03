import { contain, type Deps } from './deps.ts';
import type { EnrolledGroup } from './group.ts';
import { leavingInstanceIds } from './group.ts';
import { driftOf } from './hook.ts';
import { inParallel } from './parallel.ts';

const heartbeatsAtOnce = 5;

/** Puts our hook on the group where it is missing or differs. */
export async function keepHook({ fleet, log, count }: Deps, { group }: EnrolledGroup): Promise<void> {
  const { autoScalingGroupName } = group;
  const drift = driftOf(await fleet.hook(autoScalingGroupName));
  if (drift.kind === 'none') return;
  log.info('puts the lifecycle hook', { autoScalingGroupName, drift });
  await fleet.putHook(autoScalingGroupName);
  count('HooksPut');
}

/**
 * Renews our hook for the leaving instances of the group that are due, and says whether each of them was. It asks nothing of
 * ECS: an instance must not be lost because ECS does not answer.
 */
export async function keepHeartbeats(
  deps: Deps,
  { group }: EnrolledGroup,
  starts: ReadonlyMap<string, Date>,
  isDue: (instanceId: string, startedAt: Date | undefined) => boolean,
): Promise<boolean> {
  const { autoScalingGroupName } = group;
  const due = leavingInstanceIds(group).filter((instanceId) => isDue(instanceId, starts.get(instanceId)));
  let areAllRenewed = true;
  await inParallel(due, heartbeatsAtOnce, async (instanceId) => {
    const renewing = () => deps.fleet.heartbeat(autoScalingGroupName, instanceId);
    const result = await contain(
      deps,
      'renew the lifecycle hook',
      { autoScalingGroupName, instanceId },
      renewing,
    );
    if (result === 'recorded') deps.count('Heartbeats');
    areAllRenewed &&= result !== undefined;
  });
  return areAllRenewed;
}
