import { freshLaneMemory, type LaneMemory, type Scope, survey } from '../lib/admission.ts';
import { attempt } from '../lib/attempt.ts';
import { aws, connect } from '../lib/aws/connect.ts';
import { leaversOf, slotsOf } from '../lib/budget.ts';
import { restoreReturned } from '../lib/comeback.ts';
import { completeDeparture } from '../lib/complete.ts';
import { decideDeparture, reasonToLetGo } from '../lib/departure.ts';
import { contain, type Deps } from '../lib/deps.ts';
import { UnknownCluster } from '../lib/errors.ts';
import type { GroupEvent, LaneEvent, Recommendation } from '../lib/events.ts';
import type { Group } from '../lib/fleet.ts';
import {
  type EnrolledGroup,
  enrolledGroup,
  isHoldBehind,
  isStateBehind,
  leavingInstanceIds,
  reportPaused,
  reportTagFaults,
  reportUnknownCluster,
} from '../lib/group.ts';
import { groupBy } from '../lib/grouping.ts';
import { lane } from '../lib/lambda.ts';
import { readLimit } from '../lib/limit.ts';
import { type Freshness, readUntilCurrent } from '../lib/observe.ts';
import { inParallel } from '../lib/parallel.ts';
import type { Platform } from '../lib/platform.ts';
import { withReturning } from '../lib/pool.ts';
import { drainRecommended } from '../lib/recommendation.ts';
import { drainAdmitted } from '../lib/verdict.ts';

/** A group that events named, with when they said that our hook holds which instance, or that we have let which one go. */
interface Named {
  readonly autoScalingGroupName: string;
  readonly heldSince: ReadonlyMap<string, Date>;
  readonly departedAt: ReadonlyMap<string, Date>;
  /** Who named it: Auto Scaling, the sweep, or we. */
  readonly by: ReadonlySet<GroupEvent['kind']>;
}

const letGoAtOnce = 5;

/**
 * Sets the leaving instances of the groups that `events` name to DRAINING, as many as budgets allow, named or not: an event
 * says where to look. One that only says that an instance has left is looked into where somebody may wait for its slot. It
 * throws only where nothing could be read at all; whatever else goes wrong is logged, and the sweep asks again.
 */
export async function admit(deps: Deps, memory: LaneMemory, events: readonly LaneEvent[]): Promise<void> {
  const isRecommendation = (event: LaneEvent): event is Recommendation =>
    event.kind === 'rebalance-recommendation';
  const isOfGroup = (event: LaneEvent): event is GroupEvent => !isRecommendation(event);
  const ofGroups = events.filter(isOfGroup);
  if (ofGroups.length > 0) await admitGroups(deps, memory, ofGroups);
  // Last: who must leave comes before who had better.
  await drainRecommended(deps, memory, events.filter(isRecommendation));
}

async function admitGroups(deps: Deps, memory: LaneMemory, events: readonly GroupEvent[]): Promise<void> {
  const { current, behind } = await readUntilCurrent(
    deps.sleep,
    namedBy(events.filter((event) => isConcern(memory, event))),
    (pending) => readGroups(deps, memory, pending),
    (named, group) => freshnessOf(named, group, deps.now()),
  );
  for (const [named, group] of [...current, ...behind]) await restore(deps, named, group);
  const leaving = [...current, ...behind].flatMap(([named, group]) => leavingOf(deps, named, group));
  for (const [clusterName, own] of groupBy(leaving, ({ enrolled }) => enrolled.clusterName))
    await contain(deps, 'admit', { clusterName }, () => admitIn(deps, memory, clusterName, own));
  for (const { autoScalingGroupName } of behind.keys()) {
    deps.log.warn('left to the sweep: Auto Scaling is behind the event', { autoScalingGroupName });
    deps.count('Behind');
  }
}

function isConcern({ idle }: LaneMemory, { kind, autoScalingGroupName }: GroupEvent): boolean {
  return kind !== 'departed' || !idle.has(autoScalingGroupName);
}

function namedBy(events: readonly GroupEvent[]): Named[] {
  const groups = groupBy(events, ({ autoScalingGroupName }) => autoScalingGroupName);
  return [...groups].map(([autoScalingGroupName, own]) => ({
    autoScalingGroupName,
    heldSince: new Map(
      own.flatMap((one) =>
        one.kind === 'departed' ? [] : one.instanceIds.map((id) => [id, one.at] as const),
      ),
    ),
    departedAt: new Map(own.flatMap((one) => (one.kind === 'departed' ? [[one.instanceId, one.at]] : []))),
    by: new Set(own.map(({ kind }) => kind)),
  }));
}

/** Whether somebody is to drain, and not only to take the slot of who has left. */
const isToAdmit = ({ by }: Named) => by.has('terminate-action') || by.has('admit');

async function readGroups({ fleet }: Deps, { attempts }: LaneMemory, pending: readonly Named[]) {
  const groups = await fleet.groups(pending.map(({ autoScalingGroupName }) => autoScalingGroupName));
  const named = new Set(pending.flatMap(({ heldSince }) => [...heldSince.keys()]));
  const isKnown = (instanceId: string) => named.has(instanceId) || attempts.has(instanceId);
  const read = (group: Group) => (enrolledGroup(group) ? withReturning(fleet, group, isKnown) : group);
  const whole = await Promise.all(groups.map(read));
  const byName = new Map(whole.map((group) => [group.autoScalingGroupName, group]));
  return ({ autoScalingGroupName }: Named) => byName.get(autoScalingGroupName);
}

function freshnessOf({ heldSince, departedAt }: Named, group: Group | undefined, now: Date): Freshness {
  if (!group || !enrolledGroup(group)) return 'current';
  const isBehind = group.instances.some(({ instanceId, lifecycleState }) => {
    const since = heldSince.get(instanceId);
    if (since !== undefined && isStateBehind(lifecycleState, since, now)) return true;
    const gone = departedAt.get(instanceId);
    return gone !== undefined && isHoldBehind(lifecycleState, gone, now);
  });
  return isBehind ? 'behind' : 'current';
}

/** A group that events named, as it is now. */
interface Leaving {
  readonly named: Named;
  readonly enrolled: EnrolledGroup;
}

/** The group, or nothing where there is nothing to do in it. */
function leavingOf(deps: Deps, named: Named, group: Group | undefined): Leaving[] {
  const { autoScalingGroupName } = named;
  if (!group) {
    deps.log.info('no such group', { autoScalingGroupName });
    return [];
  }
  const enrolled = enrolledGroup(group);
  const isNamed = isToAdmit(named);
  if (isNamed) reportTagFaults(deps, group);
  if (!enrolled) {
    deps.log.info('not enrolled', { autoScalingGroupName });
    return [];
  }
  const isLeft = leavingInstanceIds(group).length > 0;
  const isPaused = enrolled.policy.state === 'paused';
  if (isNamed && !isLeft) deps.log.debug('nothing leaves', { autoScalingGroupName });
  if (isNamed && isLeft && isPaused) reportPaused(deps, enrolled);
  return (isNamed && isLeft && !isPaused) || named.by.has('departed') ? [{ named, enrolled }] : [];
}

/** What came back comes first: whoever is drained next needs a place for its tasks. */
async function restore(deps: Deps, { heldSince }: Named, group: Group | undefined): Promise<void> {
  const enrolled = group && enrolledGroup(group);
  if (!enrolled || enrolled.policy.state === 'paused') return;
  const { autoScalingGroupName } = group;
  await contain(deps, 'restore what came back', { autoScalingGroupName }, () =>
    restoreReturned(deps, enrolled, [...heldSince.keys()]),
  );
}

/** A cluster with a limit is decided about as a whole, of another each group by itself: one that fails stops no other. */
async function admitIn(deps: Deps, memory: LaneMemory, clusterName: string, own: readonly Leaving[]) {
  const limit = await readLimit(deps, clusterName);
  const scopeOf = (some: readonly Leaving[], groups: readonly EnrolledGroup[]): Scope => ({
    clusterName,
    groups,
    slots: slotsOf(limit, groups),
    named: new Map(some.flatMap(({ named }) => [...named.heldSince])),
    isAsked: some.some(({ named }) => named.by.has('admit')),
  });
  if (limit) return admitScope(deps, memory, scopeOf(own, await groupsOf(deps, memory, clusterName, own)));
  for (const one of own) {
    const { autoScalingGroupName } = one.named;
    const scope = scopeOf([one], [one.enrolled]);
    if (!scope.slots && !isToAdmit(one.named)) memory.idle.add(autoScalingGroupName);
    else await contain(deps, 'admit', { autoScalingGroupName }, () => admitScope(deps, memory, scope));
  }
}

/** All enrolled groups of the cluster; those that events named are as new as these. */
async function groupsOf(
  { fleet }: Deps,
  { attempts }: LaneMemory,
  clusterName: string,
  own: readonly Leaving[],
): Promise<EnrolledGroup[]> {
  const named = new Map(own.map(({ enrolled }) => [enrolled.group.autoScalingGroupName, enrolled]));
  const all = await fleet.groupsOf(clusterName);
  const others = all.filter(({ autoScalingGroupName }) => !named.has(autoScalingGroupName));
  const isKnown = (instanceId: string) => attempts.has(instanceId);
  const whole = await Promise.all(others.map((group) => withReturning(fleet, group, isKnown)));
  return [...named.values(), ...whole.flatMap((group) => enrolledGroup(group) ?? [])];
}

async function admitScope(deps: Deps, memory: LaneMemory, scope: Scope): Promise<void> {
  const names = scope.groups.map(({ group }) => group.autoScalingGroupName);
  for (const name of names) memory.idle.delete(name);
  const seen = await surveyed(deps, memory, scope);
  const letGo = await letGoOf(deps, scope, seen?.known ?? new Map());
  if (!seen) return;
  await drainAdmitted(deps, memory, scope, seen, letGo);
  if (seen.overBudget.size === 0) for (const name of names) memory.idle.add(name);
}

async function surveyed(deps: Deps, memory: LaneMemory, scope: Scope) {
  try {
    return await survey(deps, memory, scope);
  } catch (error) {
    if (!(error instanceof UnknownCluster)) throw error;
    for (const enrolled of scope.groups) reportUnknownCluster(deps, enrolled);
    return undefined;
  }
}

/** Releases at once what the policy of its group does not want drained; gives those instances. */
async function letGoOf(
  deps: Deps,
  { clusterName, groups }: Scope,
  known: ReadonlyMap<string, Parameters<typeof decideDeparture>[1]>,
): Promise<ReadonlySet<string>> {
  const letGo = new Set<string>();
  await inParallel(leaversOf(groups), letGoAtOnce, async ({ enrolled, instanceId }) => {
    const registrations = known.get(instanceId) ?? [];
    const { policy, group } = enrolled;
    const why = policy.state === 'paused' ? undefined : reasonToLetGo(policy, registrations);
    if (why === undefined) return;
    letGo.add(instanceId);
    const { autoScalingGroupName } = group;
    const departure = { clusterName, autoScalingGroupName, instanceId };
    const { kind: would } = decideDeparture(departure, registrations, undefined, deps.now());
    const taskCount = registrations.reduce((sum, one) => sum + one.taskCount, 0);
    deps.log.info('lets go without a drain', { ...departure, why, would, taskCount });
    await attempt(deps, 'let an instance go', departure, registrations, () =>
      completeDeparture(deps, departure, registrations, why),
    );
  });
  return letGo;
}

/** `admit` for one execution environment. */
export const on = (platform: Platform) => lane(platform, connect, freshLaneMemory, admit);

/** The handler that Lambda calls. */
export const handler = on(aws);
