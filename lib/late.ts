import { deadlinePassed } from './announce.ts';
import { isGraceNeeded } from './deadline.ts';
import type { Departure, DepartureDecision, Registration, StopReason } from './departure.ts';
import { contain, type Deps } from './deps.ts';
import type { EnrolledGroup } from './group.ts';
import { isStopped, type Task } from './task.ts';
import { readEndings, secondsToStop } from './workload.ts';

/** A departure about which somebody decides. */
export interface Deciding {
  readonly enrolled: EnrolledGroup;
  readonly departure: Departure;
  readonly registrations: readonly Registration[];
}

/** What the task says of why it was stopped. */
const stopReasons: Readonly<Record<StopReason, string>> = {
  deadline: 'ecs-steward: the drain deadline of the Auto Scaling group has passed',
  'standalone-tasks': 'ecs-steward: the time of the Auto Scaling group for standalone tasks has passed',
  'hook-ending': 'ecs-steward: Auto Scaling is about to terminate the instance',
};

/**
 * The departures of a cluster, those whose tasks have to stop in a given time with how long these may take: by their services
 * and task definitions. Where that cannot be read, what is usual holds.
 */
export async function withEndings<One extends Deciding>(
  deps: Deps,
  clusterName: string,
  all: readonly One[],
  tasksOf: (one: One) => readonly Task[] | undefined,
): Promise<ReadonlyMap<One, Departure>> {
  const now = deps.now();
  const leftOn = (one: One) => (tasksOf(one) ?? []).filter((task) => !isStopped(task));
  const late = all.filter((one) => isGraceNeeded(one.departure, now) && leftOn(one).length > 0);
  const reading = () => readEndings(deps.fleet, clusterName, late.flatMap(leftOn));
  const endingOf =
    late.length > 0
      ? await contain(deps, 'read how long tasks take to stop', { clusterName }, reading)
      : undefined;
  const isLate = new Set(late);
  const timed = (one: One): Departure => {
    if (!endingOf || !isLate.has(one)) return one.departure;
    const delay = one.enrolled.policy.deregistrationDelaySeconds;
    const endingSeconds = Math.max(...leftOn(one).map((task) => secondsToStop(endingOf(task, delay))));
    return { ...one.departure, endingSeconds };
  };
  return new Map(all.map((one) => [one, timed(one)]));
}

/** Tells tasks to stop, because a time has come for them; one that cannot be told does not spare the others. */
export async function stopTasks(
  deps: Deps,
  { departure, registrations }: Deciding,
  { why, taskArns }: Extract<DepartureDecision, { kind: 'stop-tasks' }>,
): Promise<void> {
  const { clusterName, autoScalingGroupName, instanceId } = departure;
  const fields = { clusterName, autoScalingGroupName, instanceId };
  deps.log.info('decided', { ...fields, decision: 'stop-tasks', why, taskArns });
  deps.announce(deadlinePassed(departure, registrations, 'stop-tasks', why, taskArns, deps.now()));
  for (const taskArn of taskArns) {
    await contain(deps, 'stop a task', { instanceId, taskArn }, async () => {
      await deps.fleet.stopTask(clusterName, taskArn, stopReasons[why]);
      deps.count('TasksStopped');
    });
  }
}
