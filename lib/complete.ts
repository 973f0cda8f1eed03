import type { Departure, ReleaseReason } from './departure.ts';
import type { Deps, Metric } from './deps.ts';

const metricOf: Readonly<Record<ReleaseReason, Metric>> = {
  drained: 'ReleasedDrained',
  'not-registered': 'ReleasedNotRegistered',
  'not-usable': 'ReleasedNotUsable',
  deadline: 'ReleasedAtDeadline',
  'hook-ending': 'ReleasedAtHookEnd',
};

/**
 * Lets Auto Scaling go on with an instance. Doing it twice, or at once with somebody else, does no harm: the second one
 * finds no active action (D-3.10).
 */
export async function completeDeparture(
  { fleet, log, count, now }: Deps,
  departure: Departure,
  why: ReleaseReason,
): Promise<void> {
  const { autoScalingGroupName, instanceId, drainStartedAt } = departure;
  log.info('decided', { autoScalingGroupName, instanceId, decision: 'release', why });
  const result = await fleet.complete(autoScalingGroupName, instanceId);
  if (result === 'already-completed') {
    log.debug('already completed', { autoScalingGroupName, instanceId });
    return;
  }
  count('Released');
  count(metricOf[why]);
  if (drainStartedAt) count('DrainSeconds', (now().getTime() - drainStartedAt.getTime()) / 1000);
}
