import { type Departure, isInDoubt, isStopping, needsTasks, type Registration } from './departure.ts';
import type { Deps } from './deps.ts';
import { UnknownCluster } from './errors.ts';
import type { InstanceState } from './fleet.ts';
import { type EnrolledGroup, enrolledGroup, isStateBehind } from './group.ts';
import { type Observation, observe, readUntilCurrent } from './observe.ts';
import type { Sighting } from './sighting.ts';
import type { Task } from './task.ts';
import { readTasks } from './tasks.ts';

/** An instance that may have drained, with what ECS says of it. */
export interface Candidate {
  readonly sighting: Sighting;
  readonly departure: Departure;
  readonly registrations: readonly Registration[];
}

/** A departure's group; undefined: it is gone, or not enrolled. */
export type GroupOf = (departure: Departure) => EnrolledGroup | undefined;

/** What ECS says of a candidate when the tasks on it were read. */
export interface Seen {
  readonly registrations: readonly Registration[];
  readonly tasks: readonly Task[];
}

/**
 * ECS's view: by ARN where an event gave it, which also finds INACTIVE ones (D-2.5), else by EC2 instance id. Where it says
 * that some task has not stopped, the tasks that events showed STOPPED tell whether it is as new as they are.
 */
export function readRegistrations(
  { fleet, sleep }: Deps,
  clusterName: string,
  sightings: readonly Sighting[],
) {
  const read = async (pending: readonly Sighting[]) => {
    const arns = pending.flatMap(({ containerInstanceArn }) => containerInstanceArn ?? []);
    const instanceIds = pending.flatMap(({ looks }) => looks[0]?.instanceId ?? []);
    const found = await inCluster(arns, () => fleet.describe(clusterName, arns));
    const looked = await inCluster(instanceIds, () => fleet.registrations(clusterName, instanceIds));
    const registrationsOf = ({ containerInstanceArn, looks }: Sighting) =>
      containerInstanceArn === undefined
        ? looked.filter((one) => one.ec2InstanceId === looks[0]?.instanceId)
        : found.filter((one) => one.containerInstanceArn === containerInstanceArn);
    const stopping = pending.filter((one) => isStopping(registrationsOf(one)));
    const taskArns = stopping.flatMap(({ taskVersions }) => [...taskVersions.keys()]);
    const tasks = taskArns.length > 0 ? await fleet.describeTasks(clusterName, taskArns) : [];
    return (one: Sighting): Seen => ({ registrations: registrationsOf(one), tasks });
  };
  return readUntilCurrent(sleep, sightings, read, ({ change, taskVersions }, { registrations, tasks }) =>
    areBehind(taskVersions, tasks) ? 'behind' : observe(change?.version, registrations[0]?.version),
  );
}

/** Whether one of the tasks that events showed is older in the API. */
function areBehind(taskVersions: Sighting['taskVersions'], tasks: readonly Task[]): boolean {
  return tasks.some(({ taskArn, version }) => observe(taskVersions.get(taskArn), version) === 'behind');
}

/** What is read; nothing where nothing is asked for, or the cluster is not there (any more). */
export async function inCluster(asked: readonly string[], read: () => Promise<readonly Registration[]>) {
  try {
    return asked.length > 0 ? await read() : [];
  } catch (error) {
    if (error instanceof UnknownCluster) return [];
    throw error;
  }
}

/**
 * Auto Scaling's view. That the instance leaves is known where we marked it for that or asked for this look. One that Spot takes
 * back is InService until it ends.
 */
export function readStates(
  { fleet, sleep, now }: Deps,
  candidates: readonly Candidate[],
): Promise<Observation<Candidate, InstanceState | undefined>> {
  const read = async (pending: readonly Candidate[]) => {
    const instanceIds = new Set(pending.map(({ departure }) => departure.instanceId));
    const states = await fleet.instanceStates([...instanceIds]);
    return ({ departure }: Candidate) => states.find((state) => state.instanceId === departure.instanceId);
  };
  return readUntilCurrent(sleep, candidates, read, ({ sighting, registrations }, state) => {
    const mark = registrations[0]?.mark;
    const isHookOurs = mark?.cause === 'termination' || mark?.cause === 'return';
    const knownAt = sighting.looks[0]?.at ?? (isHookOurs ? mark.at : undefined);
    return knownAt && isStateBehind(state?.lifecycleState, knownAt, now()) ? 'behind' : 'current';
  });
}

/** The groups of these candidates, as far as they are enrolled, in one call; it looks at their tags as they are now. */
export async function readGroups({ fleet }: Deps, candidates: readonly Candidate[]): Promise<GroupOf> {
  if (candidates.length === 0) return () => undefined;
  const names = new Set(candidates.map(({ departure }) => departure.autoScalingGroupName));
  const enrolled = (await fleet.groups([...names])).flatMap((group) => enrolledGroup(group) ?? []);
  const byName = new Map(enrolled.map((one) => [one.group.autoScalingGroupName, one]));
  return ({ autoScalingGroupName }) => byName.get(autoScalingGroupName);
}

/**
 * The tasks of each candidate, at least as new as the events showed them, and its registrations as they were just before:
 * read again where the two do not agree that the instance is empty.
 */
export function readTasksOf(
  { fleet, sleep, now }: Deps,
  clusterName: string,
  candidates: readonly Candidate[],
) {
  let known: readonly Registration[] | undefined = candidates.flatMap(({ registrations }) => registrations);
  const read = async (pending: readonly Candidate[]) => {
    const registered = known ?? (await fleet.describe(clusterName, pending.flatMap(arnsOf)));
    known = undefined;
    const registrationsOf = (one: Candidate) =>
      registered.filter(({ containerInstanceArn }) => arnsOf(one).includes(containerInstanceArn));
    const asking = pending.filter((one) => needsTasks(one.departure, registrationsOf(one), now()));
    const stopped = asking.flatMap(({ sighting }) => [...sighting.taskVersions.keys()]);
    const tasks = await readTasks(fleet, clusterName, asking.flatMap(arnsOf), stopped);
    return (one: Candidate): Seen => ({
      registrations: registrationsOf(one),
      tasks: tasks.filter((task) => arnsOf(one).includes(task.containerInstanceArn)),
    });
  };
  return readUntilCurrent(sleep, candidates, read, ({ sighting }, { registrations, tasks }) => {
    return areBehind(sighting.taskVersions, tasks) || isInDoubt(registrations, tasks) ? 'behind' : 'current';
  });
}

const arnsOf = ({ registrations }: Candidate) => registrations.map((one) => one.containerInstanceArn);
