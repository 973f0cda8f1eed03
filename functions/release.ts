import { attempt } from '../lib/attempt.ts';
import { aws, connect } from '../lib/aws/connect.ts';
import { completeDeparture } from '../lib/complete.ts';
import { after } from '../lib/deadline.ts';
import {
  type Departure,
  decideDeparture,
  isStopping,
  needsTasks,
  type Registration,
} from '../lib/departure.ts';
import { contain, type Deps, type LogFields } from '../lib/deps.ts';
import { Throttled } from '../lib/errors.ts';
import type { InstanceEnd, StewardEvent } from '../lib/events.ts';
import {
  type Candidate,
  type GroupOf,
  readGroups,
  readRegistrations,
  readStates,
  readTasksOf,
  type Seen,
} from '../lib/evidence.ts';
import type { InstanceState } from '../lib/fleet.ts';
import { isInstanceEnd, releaseGone } from '../lib/gone.ts';
import { isLeaving } from '../lib/group.ts';
import { groupBy } from '../lib/grouping.ts';
import { queue } from '../lib/lambda.ts';
import { isLetGo, type LetGo, noteLetGo } from '../lib/let-go.ts';
import { isOfSole } from '../lib/mark.ts';
import { inParallel } from '../lib/parallel.ts';
import type { Platform } from '../lib/platform.ts';
import {
  type Hint,
  isHint,
  isOverdue,
  isStillHeld,
  type Message,
  type Sighting,
  sightingsIn,
  unregisteredSince,
} from '../lib/sighting.ts';

/** One of the two environments that there are; what cannot be asked soon is left to the sweep, which asks for many at once. */
const manners = { share: 0.5, patienceMs: 8000 };
/** A batch has ten messages; one cluster whose reads are behind does not hold up the others. */
const clustersAtOnce = 10;
/** So long (seconds) a message comes back because the API is behind it. */
const behindSecondsMax = 300;
/** Of a batch of ten messages, all: one instance does not wait for another. */
const instancesAtOnce = 10;

/**
 * Completes our hook for those of the instances that `messages` are about that have drained. Returns the ids of the
 * messages that must come back, because AWS failed or is still behind them.
 */
export async function release(
  deps: Deps,
  messages: readonly Message<Hint | InstanceEnd>[],
  letGo: LetGo = new Map(),
): Promise<readonly string[]> {
  const comeBack: Sighting[] = [];
  const hints = messages.flatMap(({ event, ...rest }) => (isHint(event) ? [{ ...rest, event }] : []));
  const ends = messages.flatMap(({ event, ...rest }) => (isInstanceEnd(event) ? [{ ...rest, event }] : []));
  const inTime = hints.filter((hint) => !isOverdue(hint));
  if (inTime.length < hints.length) leave(deps, { messages: hints.length - inTime.length });
  const clusters = [...groupBy(sightingsIn(inTime), (one) => one.clusterName)];
  await inParallel(clusters, clustersAtOnce, async ([clusterName, own]) => {
    const looking = () => releaseIn(deps, clusterName, own, letGo);
    const doing = () => unlessThrottled(deps, { clusterName }, looking, []);
    comeBack.push(...((await contain(deps, 'look at instances', { clusterName }, doing)) ?? own));
  });
  const late = await releaseGone(deps, ends, letGo);
  return [...comeBack.flatMap(({ messageIds }) => messageIds), ...late];
}

/** Whether an event is one for the release queue. */
const isForRelease = (event: StewardEvent): event is Hint | InstanceEnd =>
  isHint(event) || isInstanceEnd(event);

/** Where AWS asks to slow down, coming back would be asking again. */
async function unlessThrottled<T>(
  deps: Deps,
  fields: LogFields,
  run: () => Promise<T>,
  otherwise: T,
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Throttled)) throw error;
    leave(deps, { ...fields, error });
    return otherwise;
  }
}

/** The sweep asks about all instances of a cluster at once. */
function leave({ log, count }: Deps, fields: LogFields): void {
  log.info('left to the sweep: there is too much to ask', fields);
  count('LeftToSweep');
}

/**
 * Narrows down, cheapest read first: most messages are about instances that still run tasks, and end after one call; those
 * that come after the hook was completed end after two. Returns what must come back.
 */
async function releaseIn(
  deps: Deps,
  clusterName: string,
  sightings: readonly Sighting[],
  letGo: LetGo,
): Promise<Sighting[]> {
  const unclear = sightings.filter((sighting) => !isStillHeld(sighting));
  const registered = await readRegistrations(deps, clusterName, await withoutEnded(deps, unclear, letGo));
  const candidates = [...registered.current].flatMap(([sighting, seen]) =>
    candidatesOf(deps, sighting, seen.registrations),
  );
  const placed = await readStates(deps, candidates);
  const leaving = [...placed.current].flatMap(([one, state]) => leavingOf(deps, one, state));
  // Asked for beside the tasks. It is awaited, but perhaps not before something else has failed.
  const groups = readGroups(deps, leaving);
  groups.catch(() => undefined);
  const vouched: Candidate[] = [];
  await inParallel(leaving, instancesAtOnce, async (one) => {
    vouched.push(...(await vouchFor(deps, clusterName, one, groups)));
  });
  const [looked, groupOf] = await Promise.all([readTasksOf(deps, clusterName, vouched), groups]);
  const failed: Candidate[] = [];
  await inParallel([...looked.current], instancesAtOnce, async ([one, seen]) => {
    if (!(await carryOut(deps, one, seen, groupOf, letGo))) failed.push(one);
  });
  const behind = [...placed.behind.keys(), ...looked.behind.keys()].map(({ sighting }) => sighting);
  return [
    ...failed.map(({ sighting }) => sighting),
    ...reportBehind(deps, [...registered.behind.keys(), ...behind]),
  ];
}

/**
 * Every instance that was released ends with events of its registration (D-2.3, D-2.5). One that we mark ends because we
 * released it; should somebody have deregistered it, the sweep finds out. Of the others Auto Scaling says in one call for all
 * that it does not hold them any more, and ECS need not be asked.
 */
async function withoutEnded(deps: Deps, sightings: readonly Sighting[], letGo: LetGo): Promise<Sighting[]> {
  const isEnd = ({ change, looks }: Sighting) => change?.status === 'INACTIVE' && looks.length === 0;
  const isOurs = ({ change, looks }: Sighting) =>
    change?.isMarked === true && looks.length === 0 && ['INACTIVE', 'DEREGISTERING'].includes(change.status);
  const isDone = ({ change }: Sighting) => isLetGo(letGo, change?.instanceId, deps.now());
  const asked = sightings.filter((one) => isEnd(one) && !isOurs(one) && !isDone(one));
  const instanceIds = asked.flatMap(({ change }) => change?.instanceId ?? []);
  const states = instanceIds.length > 0 ? await deps.fleet.instanceStates([...new Set(instanceIds)]) : [];
  const held = new Set(states.filter((one) => isLeaving(one.lifecycleState)).map((one) => one.instanceId));
  return sightings.filter((sighting) => {
    const isOver = isOurs(sighting) || (isEnd(sighting) && !held.has(sighting.change?.instanceId ?? ''));
    if (isOver) nothing(deps, sighting, 'not held: its registration has ended');
    return !isOver;
  });
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
  if (looks.length === 0 && isStopping(registrations)) return nothing(deps, sighting, 'tasks-stopping');
  const decision = decideDeparture(departure, registrations, undefined, now);
  if (decision.kind === 'release' || needsTasks(departure, registrations, now))
    return [{ sighting, departure, registrations }];
  return nothing(deps, sighting, decision.kind === 'wait' ? decision.why : 'not draining');
}

function leavingOf(deps: Deps, one: Candidate, state: InstanceState | undefined): Candidate[] {
  if (!state || !isLeaving(state.lifecycleState))
    return nothing(deps, one.sighting, `not held: ${state?.lifecycleState ?? 'unknown to Auto Scaling'}`);
  const { autoScalingGroupName } = state;
  return [{ ...one, departure: { ...one.departure, autoScalingGroupName } }];
}

/**
 * Makes sure that the group is enrolled, and that all registrations of the instance are known (D-2.8). A look says both, and
 * so does our mark: it is set only after both were read. The mark cannot know of a later registration, but then the agent is
 * connected to that one and no longer to this. So the usual release needs no further call for this.
 */
async function vouchFor(
  deps: Deps,
  clusterName: string,
  one: Candidate,
  groups: Promise<GroupOf>,
): Promise<Candidate[]> {
  const { sighting, departure, registrations } = one;
  if (sighting.looks.length > 0) return [one];
  const isMarked = departure.drainStartedAt !== undefined;
  if (!isMarked && (await groups)(departure)?.clusterName !== clusterName)
    return nothing(deps, sighting, 'not enrolled');
  const mark = registrations[0]?.mark;
  const isSole = mark !== undefined && isOfSole(mark);
  if (isSole && registrations[0]?.agentConnected) return [one];
  const others = await deps.fleet.registrations(clusterName, [departure.instanceId]);
  const isOther = (other: Registration) => other.containerInstanceArn !== sighting.containerInstanceArn;
  return [{ ...one, registrations: [...registrations, ...others.filter(isOther)] }];
}

/**
 * Returns false where it failed; the message comes back then. What its operator has paused is not released now; the sweep
 * does that when the group goes on.
 */
async function carryOut(
  deps: Deps,
  one: Candidate,
  { registrations, tasks }: Seen,
  groupOf: GroupOf,
  letGo: LetGo,
): Promise<boolean> {
  const { departure, sighting } = one;
  const decision = decideDeparture(departure, registrations, tasks, deps.now());
  if (decision.kind !== 'release') {
    nothing(deps, sighting, decision.kind === 'wait' ? decision.why : 'not draining');
    return true;
  }
  const group = groupOf(departure);
  if (!group) return leaveToAws(deps, one, decision.why);
  if (group.policy.state === 'paused') {
    nothing(deps, sighting, 'paused');
    return true;
  }
  const { autoScalingGroupName, instanceId } = departure;
  const complete = async () => {
    await completeDeparture(deps, departure, registrations, decision.why);
    noteLetGo(letGo, instanceId, deps.now());
  };
  const done = await attempt(deps, 'release', departure, registrations, async () => {
    await unlessThrottled(deps, { autoScalingGroupName, instanceId }, complete, undefined);
    return true;
  });
  return done ?? false;
}

/** Its tag was taken away after we began: nothing of the group may be touched, and Auto Scaling ends the wait by itself. */
function leaveToAws({ log, count }: Deps, { departure }: Candidate, would: string): true {
  const { clusterName, autoScalingGroupName, instanceId } = departure;
  const which = { clusterName, autoScalingGroupName, instanceId };
  log.info('decided', { ...which, decision: 'wait', why: 'not-enrolled', would });
  count('Waiting');
  return true;
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

/** What comes back: no read is minutes old, so that it is the API that counts anew, and the sweep that needs no event. */
function reportBehind({ log, count, now }: Deps, sightings: readonly Sighting[]): readonly Sighting[] {
  const isYoung = ({ at }: Sighting) => now() < after(at, behindSecondsMax);
  for (const sighting of sightings) {
    const { clusterName, containerInstanceArn, looks } = sighting;
    const what = isYoung(sighting) ? 'comes back' : 'left to the sweep';
    const instanceId = looks[0]?.instanceId;
    log.warn(`${what}: the API is behind`, { clusterName, containerInstanceArn, instanceId });
    count('Behind');
  }
  return sightings.filter(isYoung);
}

/** `release` for one execution environment. */
export const on = (platform: Platform) => {
  const letGo: LetGo = new Map();
  return queue(
    platform,
    (own) => connect(own, manners),
    isForRelease,
    (deps, messages) => release(deps, messages, letGo),
  );
};

/** The handler that Lambda calls. */
export const handler = on(aws);
