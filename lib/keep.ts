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
 * Renews our hook for the leaving instances of the group that are due. It asks nothing of ECS: an
 * instance must not be lost because ECS does not answer.
 */
export async function keepHeartbeats(
  deps: Deps,
  { group }: EnrolledGroup,
  starts: ReadonlyMap<string, Date>,
  isDue: (instanceId: string, startedAt: Date | undefined) => boolean,
): Promise<void> {
  const { autoScalingGroupName } = group;
  const due = leavingInstanceIds(group).filter((instanceId) => isDue(instanceId, starts.get(instanceId)));
  await inParallel(due, heartbeatsAtOnce, async (instanceId) => {
    await contain(deps, 'renew the lifecycle hook', { autoScalingGroupName, instanceId }, async () => {
      const result = await deps.fleet.heartbeat(autoScalingGroupName, instanceId);
      if (result === 'recorded') deps.count('Heartbeats');
    });
  });
}
