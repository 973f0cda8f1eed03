import { attempt } from './attempt.ts';
import { completeDeparture } from './complete.ts';
import { after } from './deadline.ts';
import { decideDeparture, isUsable, type Registration } from './departure.ts';
import { contain, type Deps } from './deps.ts';
import type { InstanceEnd, StewardEvent } from './events.ts';
import { inCluster } from './evidence.ts';
import type { Group, GroupInstance, InstanceState } from './fleet.ts';
import { type EnrolledGroup, enrolledGroup, isLeaving, isStateBehind } from './group.ts';
import { groupBy } from './grouping.ts';
import { isLetGo, type LetGo } from './let-go.ts';
import type { Message } from './sighting.ts';

/** Two looks so far apart (seconds) must find that an instance cannot be reached before it is taken for gone. */
const unreachableSeconds = 300;
/** So long (seconds) ECS may show the agent of a stopped instance as connected (D-2.6). */
const agentLossSeconds = 300;

/** Whether an event is one of an instance that EC2 has ended. */
export const isInstanceEnd = (event: StewardEvent): event is InstanceEnd => event.kind === 'instance-end';

/** What several messages say of the end of one instance: the last thing that EC2 said. */
interface End {
  readonly instanceId: string;
  readonly state: InstanceEnd['state'];
  readonly at: Date;
  readonly messageIds: readonly string[];
}

/** An end of which Auto Scaling says where it has the instance. */
interface Placed extends End {
  readonly lifecycleState: string;
}

/**
 * Completes our hook for those instances that EC2 has ended: nothing runs on them any more, and where their agent was not
 * connected nobody will ever tell ECS (D-2.7). Returns the ids of the messages that must come back.
 */
export async function releaseGone(
  deps: Deps,
  messages: readonly Message<InstanceEnd>[],
  letGo: LetGo,
): Promise<readonly string[]> {
  const ends = endsIn(messages).filter(({ instanceId }) => !isLetGo(letGo, instanceId, deps.now()));
  if (ends.length === 0) return [];
  const run = () => releaseThose(deps, ends);
  const comeBack = (await contain(deps, 'look at instances that EC2 has ended', {}, run)) ?? ends;
  return comeBack.flatMap(({ messageIds }) => messageIds);
}

/** A terminated instance stays so; one that was stopped may have been started again. */
function endsIn(messages: readonly Message<InstanceEnd>[]): End[] {
  const byInstance = groupBy(messages, ({ event }) => event.instanceId);
  return [...byInstance].map(([instanceId, own]) => {
    const newestFirst = own.map(({ event }) => event).toSorted((a, b) => b.at.getTime() - a.at.getTime());
    const { state, at } =
      newestFirst.find((event) => event.state === 'terminated') ?? newestFirst[0] ?? own[0].event;
    return { instanceId, state, at, messageIds: own.map(({ messageId }) => messageId) };
  });
}

async function releaseThose(deps: Deps, ends: readonly End[]): Promise<readonly End[]> {
  const { fleet } = deps;
  const states = await fleet.instanceStates(ends.map(({ instanceId }) => instanceId));
  const byGroup = groupBy(
    states.filter((state) => mayBeHeld(deps, ends, state)),
    (state) => state.autoScalingGroupName,
  );
  if (byGroup.size === 0) return [];
  const groups = (await fleet.groups([...byGroup.keys()])).flatMap((group) => enrolledGroup(group) ?? []);
  const comeBack: End[] = [];
  for (const enrolled of groups) {
    const { autoScalingGroupName } = enrolled.group;
    const placed = (byGroup.get(autoScalingGroupName) ?? []).flatMap(({ instanceId, lifecycleState }) =>
      ends.filter((end) => end.instanceId === instanceId).map((end) => ({ ...end, lifecycleState })),
    );
    const run = () => releaseIn(deps, enrolled, placed);
    comeBack.push(...((await contain(deps, 'release', { autoScalingGroupName }, run)) ?? placed));
  }
  return comeBack;
}

/** Most instances that end are none of ours, or were released before. */
function mayBeHeld({ log, now }: Deps, ends: readonly End[], state: InstanceState): boolean {
  const { instanceId, lifecycleState } = state;
  const at = ends.find((end) => end.instanceId === instanceId)?.at ?? now();
  const mayBe = isLeaving(lifecycleState) || isStateBehind(lifecycleState, at, now());
  if (!mayBe) log.debug('decided', { instanceId, decision: 'wait', why: `not held: ${lifecycleState}` });
  return mayBe;
}

/** Returns what comes back: Auto Scaling has not noticed the end yet, ECS does not show it yet, or something failed. */
async function releaseIn(
  deps: Deps,
  { group, clusterName, policy }: EnrolledGroup,
  placed: readonly Placed[],
): Promise<readonly End[]> {
  const { fleet, log, now } = deps;
  const { autoScalingGroupName } = group;
  const held = placed.filter(({ lifecycleState }) => isLeaving(lifecycleState));
  const comeBack: End[] = placed.filter((end) => !held.includes(end));
  const instanceIds = held.map(({ instanceId }) => instanceId);
  const all = await inCluster(instanceIds, () => fleet.registrations(clusterName, instanceIds));
  for (const end of held) {
    const { instanceId } = end;
    const registrations = all.filter(({ ec2InstanceId }) => ec2InstanceId === instanceId);
    const standing = standingOf(end, registrations, now());
    const drainStartedAt = registrations.flatMap(({ mark }) => mark?.at ?? [])[0];
    const departure = { clusterName, autoScalingGroupName, instanceId, drainStartedAt };
    const decision = decideDeparture(
      { ...departure, isGone: standing === 'gone' },
      registrations,
      undefined,
      now(),
    );
    const isGone = decision.kind === 'release' && decision.why === 'instance-gone';
    if (isGone && policy.state !== 'paused') {
      const run = () => completeDeparture(deps, departure, registrations, decision.why).then(() => true);
      if (!(await attempt(deps, 'release', departure, registrations, run))) comeBack.push(end);
      continue;
    }
    const why = isGone ? 'paused' : standing;
    log.info('decided', { clusterName, autoScalingGroupName, instanceId, decision: 'wait', why });
    if (standing === 'agent-still-connected') comeBack.push(end);
  }
  for (const { instanceId } of comeBack) log.info('comes back', { autoScalingGroupName, instanceId });
  deps.count('Behind', comeBack.length);
  return comeBack;
}

/** What the event of an end means by now, as far as the registrations tell. */
type Standing = 'gone' | 'agent-still-connected' | 'started-again' | 'not-registered';

function standingOf({ state, at }: End, registrations: readonly Registration[], now: Date): Standing {
  if (state === 'terminated') return 'gone';
  if (registrations.length === 0) return 'not-registered';
  if (registrations.every(({ agentConnected }) => !agentConnected)) return 'gone';
  return now < after(at, agentLossSeconds) ? 'agent-still-connected' : 'started-again';
}

/** When the first of consecutive sweeps found that an instance cannot be reached, by EC2 instance id. */
export type Unreachable = Map<string, Date>;

/**
 * Remembers since when leaving instances cannot be reached: Auto Scaling takes them for unhealthy, and no agent of them is
 * connected. `registrations`: those of all of them.
 */
export function noteUnreachable(
  unreachable: Unreachable,
  groups: readonly Group[],
  registrations: readonly Registration[],
  now: Date,
): void {
  const byInstance = groupBy(registrations, ({ ec2InstanceId }) => ec2InstanceId);
  for (const instance of groups.flatMap(({ instances }) => instances)) {
    const { instanceId } = instance;
    if (!isUnreachable(instance, byInstance.get(instanceId) ?? [])) unreachable.delete(instanceId);
    else if (!unreachable.has(instanceId)) unreachable.set(instanceId, now);
  }
}

function isUnreachable(
  { lifecycleState, isUnhealthy }: GroupInstance,
  registrations: readonly Registration[],
) {
  const usable = registrations.filter(isUsable);
  const isSilent = usable.length > 0 && usable.every(({ agentConnected }) => !agentConnected);
  return isUnhealthy === true && isLeaving(lifecycleState) && isSilent;
}

/** Whether an instance is taken for gone, given since when it cannot be reached. */
export function isGoneSince(since: Date | undefined, now: Date): boolean {
  return since !== undefined && now >= after(since, unreachableSeconds);
}
