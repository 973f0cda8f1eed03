import { after } from './deadline.ts';
import type { Registration } from './departure.ts';
import { contain, type Deps } from './deps.ts';
import type { Group } from './fleet.ts';
import { type EnrolledGroup, reportFailures } from './group.ts';
import { groupBy } from './grouping.ts';
import type { Policy } from './policy.ts';
import { isDue } from './rhythm.ts';

/** Instances that this environment has seen on a way that leads back into service, by EC2 instance id. */
export type Away = Set<string>;

/**
 * So long after we marked an instance (seconds) a read that shows it back is believed: no read of Auto Scaling is so old that
 * it would show the instance as it was before it left.
 */
const settledSeconds = 60;
/** So long after the drain (seconds) an instance that EC2 recommended to replace, and nobody took, is used again. */
export const recommendationHoldsSeconds = 1800;
/** So long after its notice (seconds) an instance that Spot wanted back and did not take is used again: two minutes are an order. */
const interruptionHoldsSeconds = 1800;
/** So often (seconds) a cluster is asked for what no sweep of this environment saw leave. */
const checkPeriodSeconds = 900;

/** The ways that lead back, and the warm pool at the end of one of them. */
const awayState = /^(Warmed:(?!Terminating)|ReplacingRootVolume|RootVolumeReplaced)/;

/**
 * Whether an instance has come back. One that is stopped in its warm pool has: its agent takes no task before it is started
 * (D-2.10), and then it can be used at once. One that runs there would be given tasks in the pool.
 */
const isBack = (lifecycleState: string) =>
  ['InService', 'Warmed:Stopped', 'Warmed:Hibernated'].includes(lifecycleState);

const backIn = ({ instances }: Group) =>
  instances.filter(({ lifecycleState }) => isBack(lifecycleState)).map(({ instanceId }) => instanceId);

/**
 * Whether an instance that is in service again, or still, is to be used again as far as our mark tells: it has come back, or Spot
 * has said that it takes it, or EC2 recommended to replace it, and nothing followed (docs/decisions/0016, 0018). A group that wants no such drain any more, and one
 * that leaves, need not wait for that.
 */
function isOver({ mark }: Registration, { state, rebalanceRecommendation }: Policy, now: Date): boolean {
  if (mark?.cause === 'return') return now >= after(mark.at, settledSeconds);
  if (mark?.cause === 'interruption') return now >= after(mark.at, interruptionHoldsSeconds);
  if (mark?.cause !== 'rebalance-recommendation') return false;
  const isWanted = rebalanceRecommendation && state === 'active';
  return now >= after(mark.at, isWanted ? recommendationHoldsSeconds : settledSeconds);
}

/** Remembers which instances are away, and forgets those that are not there any more. */
export function noteAway(away: Away, groups: readonly Group[]): void {
  const seen = groups.flatMap(({ instances }) => instances);
  const known = new Set(seen.map(({ instanceId }) => instanceId));
  for (const instanceId of away) if (!known.has(instanceId)) away.delete(instanceId);
  for (const { instanceId, lifecycleState } of seen)
    if (awayState.test(lifecycleState) && !isBack(lifecycleState)) away.add(instanceId);
}

/**
 * Finds the instances that came back and are still DRAINING by us, and asks `admit` to set them right: at once in a cluster to
 * which something came back, everywhere after a gap, and every quarter of an hour.
 */
export async function findReturned(
  deps: Deps,
  groups: readonly EnrolledGroup[],
  away: Away,
  { time, isGap }: { readonly time: Date; readonly isGap: boolean },
  hasTime: () => boolean,
): Promise<void> {
  for (const [clusterName, own] of groupBy(groups, (one) => one.clusterName)) {
    const isSeen = own.some(({ group }) => backIn(group).some((instanceId) => away.has(instanceId)));
    if (!(isSeen || isGap || isDue(clusterName, checkPeriodSeconds, time)) || !hasTime()) continue;
    await contain(deps, 'look for what came back', { clusterName }, () =>
      askFor(deps, clusterName, own, away),
    );
  }
}

async function askFor(
  { fleet, now }: Deps,
  clusterName: string,
  groups: readonly EnrolledGroup[],
  away: Away,
): Promise<void> {
  const marked = await fleet.marked(clusterName, 'return', 'rebalance-recommendation', 'interruption');
  for (const { group, policy } of groups) {
    const over = marked.filter((one) => isOver(one, policy, now())).map((one) => one.ec2InstanceId);
    const instanceIds = backIn(group).filter((instanceId) => over.includes(instanceId));
    for (const instanceId of backIn(group)) away.delete(instanceId);
    // Looked for again until the mark is gone.
    for (const instanceId of instanceIds) away.add(instanceId);
    if (instanceIds.length > 0) await fleet.askToAdmit(group.autoScalingGroupName, instanceIds, now());
  }
}

/**
 * Sets those of the named instances ACTIVE again that came back, and takes our mark away. Only where our mark says that we
 * drained them: the DRAINING of an operator is never undone. The mark goes last: whoever finds it goes on where this died.
 */
export async function restoreReturned(
  deps: Deps,
  { group, clusterName, policy }: EnrolledGroup,
  named: readonly string[],
): Promise<void> {
  const { fleet, log, count, now } = deps;
  const back = backIn(group).filter((instanceId) => named.includes(instanceId));
  if (back.length === 0) return;
  const found = await fleet.registrations(clusterName, back);
  const ours = found.filter((one) => isOver(one, policy, now()));
  if (ours.length === 0) return;
  const { autoScalingGroupName } = group;
  for (const { ec2InstanceId: instanceId, mark } of ours) {
    const why = mark?.cause === 'return' ? 'came-back' : 'not-taken';
    log.info('decided', { clusterName, autoScalingGroupName, instanceId, decision: 'restore', why });
  }
  const draining = ours.filter(({ status }) => status === 'DRAINING');
  const { registrations, failures } = await fleet.activate(clusterName, draining.map(arnOf));
  reportFailures(deps, 'could not set to ACTIVE', failures);
  count('Restored', registrations.length);
  const failed = new Set(failures.map(({ arn }) => arn));
  const restored = ours.map(arnOf).filter((arn) => !failed.has(arn));
  reportFailures(deps, 'could not take the mark away', await fleet.unmark(clusterName, restored));
}

const arnOf = ({ containerInstanceArn }: Registration) => containerInstanceArn;
