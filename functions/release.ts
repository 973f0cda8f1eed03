import { aws, connect } from '../lib/aws/connect.ts';
import { completeDeparture } from '../lib/complete.ts';
import {
  type Departure,
  decideDeparture,
  isInDoubt,
  needsTasks,
  type Registration,
} from '../lib/departure.ts';
import { contain, type Deps } from '../lib/deps.ts';
import { UnknownCluster } from '../lib/errors.ts';
import type { InstanceState } from '../lib/fleet.ts';
import { enrolledGroup, isStateBehind, leavingState } from '../lib/group.ts';
import { groupBy } from '../lib/grouping.ts';
import { queue } from '../lib/lambda.ts';
import { type Observation, observe, readUntilCurrent } from '../lib/observe.ts';
import { inParallel } from '../lib/parallel.ts';
import type { Platform } from '../lib/platform.ts';
import {
  type Hint,
  isStillHeld,
  type Message,
  type Sighting,
  sightingsIn,
  unregisteredSince,
} from '../lib/sighting.ts';
import type { Task } from '../lib/task.ts';
import { readTasks } from '../lib/tasks.ts';

/** A batch has ten messages; one cluster whose reads are behind does not hold up the others. */
const clustersAtOnce = 10;

/** An instance that may have drained, with what ECS says of it. */
interface Candidate {
  readonly sighting: Sighting;
  readonly departure: Departure;
  readonly registrations: readonly Registration[];
}

/** What ECS says of a candidate when the tasks on it were read. */
interface Seen {
  readonly registrations: readonly Registration[];
  readonly tasks: readonly Task[];
}

/**
 * Completes our hook for those of the instances that `messages` are about that have drained. Returns the ids of the
 * messages that must come back, because AWS failed or is still behind them.
 */
export async function release(deps: Deps, messages: readonly Message<Hint>[]): Promise<readonly string[]> {
  const comeBack: Sighting[] = [];
  const clusters = [...groupBy(sightingsIn(messages), (one) => one.clusterName)];
  await inParallel(clusters, clustersAtOnce, async ([clusterName, own]) => {
    const doing = () => releaseIn(deps, clusterName, own);
    comeBack.push(...((await contain(deps, 'look at instances', { clusterName }, doing)) ?? own));
  });
  return comeBack.flatMap(({ messageIds }) => messageIds);
}

/**
 * Narrows down, cheapest read first: most messages are about instances that still run tasks, and end after one call; those
 * that come after the hook was completed end after two. Returns what must come back.
 */
async function releaseIn(
  deps: Deps,
  clusterName: string,
  sightings: readonly Sighting[],
): Promise<Sighting[]> {
  const unclear = sightings.filter((sighting) => !isStillHeld(sighting));
  const registered = await readRegistrations(deps, clusterName, await withoutEnded(deps, unclear));
  const candidates = [...registered.current].flatMap(([sighting, own]) => candidatesOf(deps, sighting, own));
  const placed = await readStates(deps, candidates);
  const leaving = [...placed.current].flatMap(([one, state]) => leavingOf(deps, one, state));
  const vouched: Candidate[] = [];
  for (const one of leaving) vouched.push(...(await vouchFor(deps, clusterName, one)));
  const looked = await readTasksOf(deps, clusterName, vouched);
  const failed: Candidate[] = [];
  for (const [one, seen] of looked.current) {
    if (!(await carryOut(deps, one, seen))) failed.push(one);
  }
  const behind = [...placed.behind.keys(), ...looked.behind.keys()].map(({ sighting }) => sighting);
  return [
    ...failed.map(({ sighting }) => sighting),
    ...reportBehind(deps, [...registered.behind.keys(), ...behind]),
  ];
}

/**
 * Every instance that was released ends with an INACTIVE event (D-2.5). Auto Scaling says in one call for all of them that
 * it does not hold them any more, and ECS need not be asked.
 */
async function withoutEnded(deps: Deps, sightings: readonly Sighting[]): Promise<Sighting[]> {
  const isEnd = ({ change, looks }: Sighting) => change?.status === 'INACTIVE' && looks.length === 0;
  const instanceIds = sightings.filter(isEnd).flatMap(({ change }) => change?.instanceId ?? []);
  if (instanceIds.length === 0) return [...sightings];
  const states = await deps.fleet.instanceStates([...new Set(instanceIds)]);
  const held = new Set(
    states.filter((one) => one.lifecycleState === leavingState).map((one) => one.instanceId),
  );
  return sightings.filter((sighting) => {
    const isOver = isEnd(sighting) && !held.has(sighting.change?.instanceId ?? '');
    if (isOver) nothing(deps, sighting, 'not held: its registration has ended');
    return !isOver;
  });
}

/** ECS's view: by ARN where an event gave it, which also finds INACTIVE ones (D-2.5), else by EC2 instance id. */
function readRegistrations({ fleet, sleep }: Deps, clusterName: string, sightings: readonly Sighting[]) {
  const read = async (pending: readonly Sighting[]) => {
    const arns = pending.flatMap(({ containerInstanceArn }) => containerInstanceArn ?? []);
    const instanceIds = pending.flatMap(({ looks }) => looks[0]?.instanceId ?? []);
    const found = await inCluster(arns, () => fleet.describe(clusterName, arns));
    const looked = await inCluster(instanceIds, () => fleet.registrations(clusterName, instanceIds));
    return ({ containerInstanceArn, looks }: Sighting) =>
      containerInstanceArn === undefined
        ? looked.filter((one) => one.ec2InstanceId === looks[0]?.instanceId)
        : found.filter((one) => one.containerInstanceArn === containerInstanceArn);
  };
  return readUntilCurrent(sleep, sightings, read, ({ change }, own) =>
    observe(change?.version, own[0]?.version),
  );
}

/** Nothing where nothing is asked for, or the cluster is not there (any more). */
async function inCluster(asked: readonly string[], read: () => Promise<readonly Registration[]>) {
  try {
    return asked.length > 0 ? await read() : [];
  } catch (error) {
    if (error instanceof UnknownCluster) return [];
    throw error;
  }
}

/** The sighting as a candidate, or nothing where ECS's view alone says that there is nothing to release. */
function candidatesOf(deps: Deps, sighting: Sighting, registrations: readonly Registration[]): Candidate[] {
  const { change, looks } = sighting;
  const instanceId = registrations[0]?.ec2InstanceId ?? change?.instanceId ?? looks[0]?.instanceId;
  if (instanceId === undefined) return nothing(deps, sighting, 'unknown to ECS');
  const departure: Departure = {
    clusterName: sighting.clusterName,
    // ECS does not know the group; Auto Scaling's view gives it.
    autoScalingGroupName: '',
    instanceId,
    unregisteredSince: unregisteredSince(sighting),
    drainStartedAt: registrations[0]?.mark?.at,
  };
  const now = deps.now();
  const decision = decideDeparture(departure, registrations, undefined, now);
  if (decision.kind === 'release' || needsTasks(departure, registrations, now))
    return [{ sighting, departure, registrations }];
  return nothing(deps, sighting, decision.kind === 'wait' ? decision.why : 'not draining');
}

/**
 * Auto Scaling's view. That the instance leaves is known where we marked it for that or asked for this look. One that Spot takes
 * back is InService until it ends.
 */
function readStates(
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
    const knownAt = sighting.looks[0]?.at ?? (mark?.cause === 'termination' ? mark.at : undefined);
    return knownAt && isStateBehind(state?.lifecycleState, knownAt, now()) ? 'behind' : 'current';
  });
}

function leavingOf(deps: Deps, one: Candidate, state: InstanceState | undefined): Candidate[] {
  if (state?.lifecycleState !== leavingState)
    return nothing(deps, one.sighting, `not held: ${state?.lifecycleState ?? 'unknown to Auto Scaling'}`);
  const { autoScalingGroupName } = state;
  return [{ ...one, departure: { ...one.departure, autoScalingGroupName } }];
}

/**
 * Makes sure that the group is enrolled, and that all registrations of the instance are known (D-2.8). A look says both, and
 * so does our mark: it is set only after both were read. The mark cannot know of a later registration, but then the agent is
 * connected to that one and no longer to this. So the usual release needs no further call for this.
 */
async function vouchFor(deps: Deps, clusterName: string, one: Candidate): Promise<Candidate[]> {
  const { sighting, departure, registrations } = one;
  if (sighting.looks.length > 0) return [one];
  const isMarked = departure.drainStartedAt !== undefined;
  if (!isMarked && !(await isServed(deps, departure.autoScalingGroupName, clusterName)))
    return nothing(deps, sighting, 'not enrolled');
  if (isMarked && registrations[0]?.agentConnected) return [one];
  const others = await deps.fleet.registrations(clusterName, [departure.instanceId]);
  const isOther = (other: Registration) => other.containerInstanceArn !== sighting.containerInstanceArn;
  return [{ ...one, registrations: [...registrations, ...others.filter(isOther)] }];
}

async function isServed(
  { fleet }: Deps,
  autoScalingGroupName: string,
  clusterName: string,
): Promise<boolean> {
  const [group] = await fleet.groups([autoScalingGroupName]);
  return group !== undefined && enrolledGroup(group)?.clusterName === clusterName;
}

/**
 * The tasks of each candidate, at least as new as the events showed them, and its registrations as they were just before:
 * read again where the two do not agree that the instance is empty.
 */
function readTasksOf({ fleet, sleep, now }: Deps, clusterName: string, candidates: readonly Candidate[]) {
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
    const isBehind = tasks.some(
      (task) => observe(sighting.taskVersions.get(task.taskArn), task.version) === 'behind',
    );
    return isBehind || isInDoubt(registrations, tasks) ? 'behind' : 'current';
  });
}

const arnsOf = ({ registrations }: Candidate) => registrations.map((one) => one.containerInstanceArn);

/** Returns false where it failed; the message comes back then. */
async function carryOut(deps: Deps, one: Candidate, { registrations, tasks }: Seen): Promise<boolean> {
  const { departure, sighting } = one;
  const decision = decideDeparture(departure, registrations, tasks, deps.now());
  if (decision.kind !== 'release') {
    nothing(deps, sighting, decision.kind === 'wait' ? decision.why : 'not draining');
    return true;
  }
  const { autoScalingGroupName, instanceId } = departure;
  const done = await contain(deps, 'release', { autoScalingGroupName, instanceId }, async () => {
    if (await isPaused(deps, autoScalingGroupName)) nothing(deps, sighting, 'paused');
    else await completeDeparture(deps, departure, registrations, decision.why);
    return true;
  });
  return done ?? false;
}

/** Read last, so that only a release costs this call; what is not released now, the sweep releases when it goes on. */
async function isPaused({ fleet }: Deps, autoScalingGroupName: string): Promise<boolean> {
  const [group] = await fleet.groups([autoScalingGroupName]);
  return group !== undefined && enrolledGroup(group)?.policy.state === 'paused';
}

function nothing({ log, count }: Deps, sighting: Sighting, why: string): [] {
  const { clusterName, containerInstanceArn, looks } = sighting;
  log.debug('decided', {
    clusterName,
    containerInstanceArn,
    instanceId: looks[0]?.instanceId,
    decision: 'wait',
    why,
  });
  count('Waiting');
  return [];
}

function reportBehind({ log, count }: Deps, sightings: readonly Sighting[]): readonly Sighting[] {
  for (const { clusterName, containerInstanceArn, looks } of sightings) {
    const instanceId = looks[0]?.instanceId;
    log.warn('comes back: the API is behind', { clusterName, containerInstanceArn, instanceId });
    count('Behind');
  }
  return sightings;
}

/** `release` for one execution environment. */
export const on = (platform: Platform) => queue(platform, connect, release);

/** The handler that Lambda calls. */
export const handler = on(aws);
