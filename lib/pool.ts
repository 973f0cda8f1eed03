import type { Fleet, Group } from './fleet.ts';

/** In this state hooks of two transitions can hold an instance: that of its launch, too, on its first way into the pool. */
const doubtfulState = 'Warmed:Pending:Wait';

/**
 * The group with the instances of its warm pool, which nobody lists with it (D-3.28): our hook holds those that return to the
 * pool and those that are terminated in it.
 */
export async function withPool(fleet: Pick<Fleet, 'pool'>, group: Group): Promise<Group> {
  if (!group.hasWarmPool) return group;
  return { ...group, instances: [...group.instances, ...(await fleet.pool(group.autoScalingGroupName))] };
}

/**
 * The same without those that only the hooks of their launch hold, which are none of our business. No description says whose
 * hook it is, but a heartbeat does: Auto Scaling records it, or knows of no such action. `isKnown` says of whom it need not be
 * asked, because our hook is known to hold it.
 */
export async function withReturning(
  fleet: Pick<Fleet, 'pool' | 'heartbeat'>,
  group: Group,
  isKnown: (instanceId: string) => boolean = () => false,
): Promise<Group> {
  const whole = await withPool(fleet, group);
  const instances = [];
  for (const one of whole.instances) {
    const isClear = one.lifecycleState !== doubtfulState || isKnown(one.instanceId);
    if (isClear || (await fleet.heartbeat(group.autoScalingGroupName, one.instanceId)) === 'recorded')
      instances.push(one);
  }
  return { ...whole, instances };
}
