import { released } from './announce.ts';
import type { Departure, Registration, ReleaseReason } from './departure.ts';
import type { Deps, Metric } from './deps.ts';
import { reportMisconfigured } from './misconfigured.ts';
import { enrolmentTag } from './policy.ts';

const metricOf: Readonly<Record<ReleaseReason, Metric>> = {
  drained: 'ReleasedDrained',
  'instance-gone': 'ReleasedInstanceGone',
  'not-registered': 'ReleasedNotRegistered',
  'not-usable': 'ReleasedNotUsable',
  deadline: 'ReleasedAtDeadline',
  'hook-ending': 'ReleasedAtHookEnd',
  leaving: 'ReleasedLeaving',
  'dry-run': 'ReleasedDryRun',
};

/**
 * Lets Auto Scaling go on with an instance: by the end of our hook, or of what is retained by name. Doing it twice, or at once with somebody else, does no harm: the second one
 * finds no active action (D-3.10).
 */
export async function completeDeparture(
  deps: Deps,
  departure: Departure,
  registrations: readonly Registration[],
  why: ReleaseReason,
): Promise<void> {
  const { fleet, log, count, now } = deps;
  const { clusterName, autoScalingGroupName, instanceId, drainStartedAt } = departure;
  if (why === 'not-registered' && (await isElsewhere(deps, departure))) return;
  const result = departure.isRetained
    ? await fleet.terminate(instanceId)
    : await fleet.complete(autoScalingGroupName, instanceId);
  if (result === 'already-completed' || result === 'not-there') {
    log.debug('already completed', { autoScalingGroupName, instanceId, why });
    return;
  }
  log.info('decided', { clusterName, autoScalingGroupName, instanceId, decision: 'release', why });
  deps.announce(released(departure, registrations, why, now()));
  count('Released');
  count(metricOf[why]);
  if (drainStartedAt) count('DrainSeconds', (now().getTime() - drainStartedAt.getTime()) / 1000);
}

/**
 * Whether an instance that is not in the cluster of its group's tag is in another: then the tag is wrong, its tasks run,
 * and it is held. Rejects where clusters cannot be read; nothing is released then.
 */
async function isElsewhere(deps: Deps, { clusterName, autoScalingGroupName, instanceId }: Departure) {
  const clusters = await deps.fleet.clustersOf(instanceId);
  if (clusters.length === 0) return false;
  reportMisconfigured(deps, {
    problem: 'a tag names another cluster than the instance is in',
    autoScalingGroupName,
    instanceId,
    tag: enrolmentTag,
    value: clusterName,
    expected: clusters.join(', '),
  });
  return true;
}
