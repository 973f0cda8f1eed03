import { unenrolled } from './announce.ts';
import { contain, type Deps } from './deps.ts';
import { inCluster } from './evidence.ts';
import type { Group } from './fleet.ts';
import { enrolledGroup, leavingInstanceIds } from './group.ts';
import { isHookCheckDue, terminateHook } from './hook.ts';
import { reportMisconfigured } from './misconfigured.ts';
import { inParallel } from './parallel.ts';
import { enrolmentTag } from './policy.ts';
import { unsayWaiting } from './waiting.ts';

/** A group that this environment has seen enrolled. */
interface Served {
  readonly clusterName: string;
  /** It was told to leave: that it is not enrolled any more is said by whoever deletes its hook. */
  readonly isLeaving: boolean;
  /** Its tag is gone, which was said. */
  readonly isUntagged: boolean;
}

/** The groups that one environment has served, by ARN. */
export type ServedGroups = Map<string, Served>;

const groupsAtOnce = 5;

/** Remembers which groups are served now. */
export function noteServed(served: ServedGroups, groups: readonly Group[]): void {
  for (const group of groups) {
    const enrolled = enrolledGroup(group);
    if (!enrolled) continue;
    const { clusterName, policy } = enrolled;
    const isLeaving = policy.state === 'leaving';
    served.set(group.autoScalingGroupARN, { clusterName, isLeaving, isUntagged: false });
  }
}

/**
 * Looks at groups that were served and whose tag is gone: once when it is noticed, and then as often as a hook as long as they
 * have ours. `groups`: all that carry the tag.
 */
export async function lookAtUntagged(
  deps: Deps,
  served: ServedGroups,
  groups: readonly Group[],
  time: Date,
): Promise<void> {
  const tagged = new Set(groups.map((group) => group.autoScalingGroupARN));
  const untagged = [...served].filter(([arn]) => !tagged.has(arn));
  const due = untagged.filter(([arn, { isUntagged }]) => !isUntagged || isHookCheckDue(arn, time));
  await inParallel(due, groupsAtOnce, async ([arn, before]) => {
    const autoScalingGroupName = arn.slice(arn.indexOf(nameMarker) + nameMarker.length);
    const isOver = await contain(deps, 'look at an untagged group', { autoScalingGroupName }, () =>
      lookAt(deps, autoScalingGroupName, before),
    );
    if (isOver === true) served.delete(arn);
    if (isOver === false) served.set(arn, { ...before, isUntagged: true });
  });
}

/** What stands before the name in the ARN of a group. */
const nameMarker = 'autoScalingGroupName/';

/** Whether there is nothing more to look at: the group is gone, tagged again, or without our hook. */
async function lookAt(
  deps: Deps,
  autoScalingGroupName: string,
  { clusterName, isLeaving, isUntagged }: Served,
): Promise<boolean> {
  const { fleet, log, count, announce, now } = deps;
  const [group] = await fleet.groups([autoScalingGroupName]);
  if (!group || group.tags[enrolmentTag] !== undefined) return true;
  if (!isLeaving && !isUntagged) {
    const why = 'tag-removed';
    log.warn('Unenrolled: the tag is gone, and nothing of the group is touched any more', {
      ...{ clusterName, autoScalingGroupName, why, instanceIds: leavingInstanceIds(group) },
    });
    count('Unenrolled');
    announce(unenrolled(autoScalingGroupName, clusterName, why, now()));
    await contain(deps, 'say that nobody waits', { autoScalingGroupName }, () =>
      clean(deps, clusterName, group),
    );
  }
  if (!(await fleet.hook(autoScalingGroupName))) return true;
  reportLeftBehind(deps, autoScalingGroupName);
  return false;
}

/** It holds every instance that leaves until it times out, and nobody drains them. */
function reportLeftBehind(deps: Deps, autoScalingGroupName: string): void {
  reportMisconfigured(deps, {
    problem: 'a group without our tag has our lifecycle hook',
    autoScalingGroupName,
    tag: enrolmentTag,
    expected: `the tag, or no hook ${terminateHook.lifecycleHookName}`,
  });
  deps.count('HooksLeftBehind');
}

/**
 * Takes the attribute away by which services avoid instances that wait for the budget: they wait for nobody any more. Our marks
 * stay: should the group be enrolled again, only by them the drains are known to be ours, to count in the budget and to undo.
 */
async function clean(deps: Deps, clusterName: string, group: Group): Promise<void> {
  const ids = leavingInstanceIds(group);
  const registrations = await inCluster(ids, () => deps.fleet.registrations(clusterName, ids));
  await unsayWaiting(deps, clusterName, registrations);
}
