import { unenrolled } from './announce.ts';
import { contain, type Deps } from './deps.ts';
import type { Group } from './fleet.ts';
import {
  type EnrolledGroup,
  enrolledGroup,
  heldInstanceIds,
  leavingInstanceIds,
  retainedInstanceIds,
} from './group.ts';
import { type Drift, driftOf, type Hook, terminateHook } from './hook.ts';
import { readLimit } from './limit.ts';
import { reportMisconfigured } from './misconfigured.ts';
import { inParallel } from './parallel.ts';
import { hookTag, type Policy } from './policy.ts';
import { withPool } from './pool.ts';

const heartbeatsAtOnce = 5;

/** What becomes of a group's hook of our name: kept, only compared, taken away when nothing is held, or left alone. */
export type HookWish = 'keep' | 'compare' | 'delete' | 'leave-alone';

/** What the policy of a group wants of the hook. Somebody else's template is never written over, nor its hook deleted. */
export function hookWishOf({ state, hook, isDryRun }: Policy): HookWish {
  if (hook === 'external') return state === 'leaving' || isDryRun ? 'leave-alone' : 'compare';
  if (state === 'leaving') return 'delete';
  return isDryRun ? 'leave-alone' : 'keep';
}

/**
 * Sees to the group's hook; says whether that is all there is to do for now. Deleting comes when no instance is held: it
 * would let it go (D-13.3).
 */
export async function keepHook(deps: Deps, enrolled: EnrolledGroup): Promise<boolean> {
  const { log } = deps;
  const { autoScalingGroupName } = enrolled.group;
  const wish = hookWishOf(enrolled.policy);
  if (wish === 'delete') return unenrol(deps, enrolled);
  const hook = await deps.fleet.hook(autoScalingGroupName);
  const drift = driftOf(hook);
  switch (wish) {
    case 'keep':
      if (drift.kind !== 'none') await putHook(deps, autoScalingGroupName, drift);
      await hintAtManagedDraining(deps, enrolled, hook);
      return true;
    case 'compare':
      if (drift.kind !== 'none') reportExternalHook(deps, autoScalingGroupName, drift);
      await hintAtManagedDraining(deps, enrolled, hook);
      return true;
    case 'leave-alone':
      if (enrolled.policy.state === 'leaving') return leave(deps, enrolled, drift);
      log.info('leaves the lifecycle hook as it is', { autoScalingGroupName, why: 'dry-run', drift });
      return true;
    default:
      return wish satisfies never;
  }
}

async function putHook({ fleet, log, count }: Deps, autoScalingGroupName: string, drift: Drift) {
  log.info('puts the lifecycle hook', { autoScalingGroupName, drift });
  await fleet.putHook(autoScalingGroupName);
  count('HooksPut');
}

/** Managed draining sets whatever leaves to DRAINING at once, so that no budget holds beside it. `hook`: ours, if it was there. */
async function hintAtManagedDraining(
  deps: Deps,
  { group, clusterName, policy }: EnrolledGroup,
  hook: Hook | undefined,
): Promise<void> {
  const { fleet, log } = deps;
  const { autoScalingGroupName } = group;
  const isOwn = policy.maxDraining !== undefined;
  const found = hook ?? (isOwn ? await fleet.hook(autoScalingGroupName) : undefined);
  if (!found?.isBesideManagedDraining) return;
  if (!isOwn && !(await readLimit(deps, clusterName))) return;
  log.warn('a budget does not hold beside managed draining, which drains everything at once', {
    ...{ clusterName, autoScalingGroupName, budgetOf: isOwn ? 'group' : 'cluster' },
    expected: 'a capacity provider whose managedDraining is DISABLED, or no budget',
  });
}

function reportExternalHook(deps: Deps, autoScalingGroupName: string, drift: Drift): void {
  reportMisconfigured(deps, {
    problem: 'the lifecycle hook is not as the steward needs it, and is not ours to change',
    autoScalingGroupName,
    tag: hookTag,
    value: drift.kind === 'differs' ? `another ${drift.members.join(', ')}` : drift.kind,
    expected: JSON.stringify(terminateHook),
  });
}

/** Whether instances wait on our hook, or for us to end them: without the tags nobody would. */
const isBound = (group: Group) => heldInstanceIds(group).length > 0 || retainedInstanceIds(group).length > 0;

/** The group is read anew: a drain may have begun, or the tag have changed, since the sweep read it. */
async function unenrol(
  { fleet, log, count, announce, now }: Deps,
  { group, clusterName }: EnrolledGroup,
): Promise<boolean> {
  const { autoScalingGroupName } = group;
  if (isBound(group)) return false;
  if (!(await fleet.hook(autoScalingGroupName))) return true;
  const [read] = await fleet.groups([autoScalingGroupName]);
  const fresh = read && (await withPool(fleet, read));
  const policy = fresh && enrolledGroup(fresh)?.policy;
  if (!policy || hookWishOf(policy) !== 'delete' || isBound(fresh)) return false;
  if ((await fleet.deleteHook(autoScalingGroupName)) === 'not-there') return true;
  log.info('Unenrolled: the lifecycle hook is deleted, the tags can go', {
    clusterName,
    autoScalingGroupName,
    why: 'leaving',
  });
  count('HooksDeleted');
  count('Unenrolled');
  announce(unenrolled(autoScalingGroupName, clusterName, 'leaving', now()));
  return true;
}

/** The hook of somebody else's template is theirs to delete. It is said as long as they leave the tags, too. */
function leave(
  { log, count, announce, now }: Deps,
  { group, clusterName }: EnrolledGroup,
  { kind: drift }: Drift,
): boolean {
  if (isBound(group)) return false;
  const { autoScalingGroupName } = group;
  log.info('Unenrolled: the lifecycle hook is yours to delete, the tags can go', {
    clusterName,
    autoScalingGroupName,
    why: 'hook-external',
    drift,
  });
  count('Unenrolled');
  announce(unenrolled(autoScalingGroupName, clusterName, 'hook-external', now()));
  return true;
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
