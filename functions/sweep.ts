import { aws, connect } from '../lib/aws/connect.ts';
import { type Away, findReturned, noteAway } from '../lib/comeback.ts';
import { followCrowd } from '../lib/crowd.ts';
import { contain, type Deps } from '../lib/deps.ts';
import type { EmptySince } from '../lib/empty.ts';
import { type Explained, explain, freshExplained, type Waiting } from '../lib/explain.ts';
import type { Group } from '../lib/fleet.ts';
import { lookForGhosts, type Suspects } from '../lib/ghost.ts';
import {
  type EnrolledGroup,
  enrolledGroup,
  leavingInstanceIds,
  reportPaused,
  reportTagFaults,
} from '../lib/group.ts';
import { groupBy } from '../lib/grouping.ts';
import { isHeartbeatDue } from '../lib/heartbeat.ts';
import { globalSecondsOf, isHookCheckDue } from '../lib/hook.ts';
import { type HookWish, hookWishOf, keepHeartbeats, keepHook } from '../lib/keep.ts';
import { schedule, type Tick } from '../lib/lambda.ts';
import type { Doubts, LeavingGroup, Visit } from '../lib/leaving.ts';
import { warnOfPausedEnds } from '../lib/overdue.ts';
import { inParallel } from '../lib/parallel.ts';
import type { Platform } from '../lib/platform.ts';
import { withReturning } from '../lib/pool.ts';
import {
  clustersRetaining,
  countRetained,
  forgetRetained,
  type Retained,
  visitRetained,
} from '../lib/retained.ts';
import { sweepPeriodSeconds } from '../lib/rhythm.ts';
import { lookAtUntagged, noteServed, type ServedGroups } from '../lib/untagged.ts';
import { visitCluster } from '../lib/visit.ts';

/** What one execution environment remembers from sweep to sweep; without it a sweep only works more. */
export interface Memory {
  /** By ARN of the groups whose hook this environment has seen to: what their tags wanted of it. */
  readonly hooksSeen: Map<string, HookWish | undefined>;
  readonly served: ServedGroups;
  readonly doubts: Doubts;
  readonly retained: Retained;
  readonly emptySince: EmptySince;
  /** When the way out of an instance was begun, by EC2 instance id: it is asked for once. */
  readonly starts: Map<string, Date>;
  readonly explained: Explained;
  readonly away: Away;
  readonly suspects: Suspects;
  /** The sweep that last renewed every hook that was due; undefined: the last one did not. */
  renewedAt: Date | undefined;
}

/** It reads more than the others together, and nobody waits for it: admission and release keep a part of each bucket. */
const manners = { share: 0.75, patienceMs: Number.POSITIVE_INFINITY };
/** Groups and clusters worked on at the same time. */
const groupsAtOnce = 5;
const clustersAtOnce = 4;
/** With less time left than this (milliseconds) nothing more is begun: a call and its retries must end in time. */
const reserveMs = 15_000;
/** Explanations, which nothing waits for, end sooner. */
const explainReserveMs = 25_000;

/** The memory of a fresh execution environment. */
export function freshMemory(): Memory {
  return {
    hooksSeen: new Map(),
    served: new Map(),
    doubts: { unregistered: new Map(), unreachable: new Map() },
    retained: new Map(),
    emptySince: new Map(),
    starts: new Map(),
    away: new Set(),
    suspects: new Map(),
    explained: freshExplained(),
    renewedAt: undefined,
  };
}

/**
 * Does whatever a lost event left undone, for every enrolled group: heartbeats first, for a lost one may cost tasks, then
 * releases, drains and deadlines, then hooks. It rejects where the groups cannot be read; a fault in one part is logged
 * and counted, and the others go on.
 */
export async function sweep(deps: Deps, memory: Memory, tick: Tick): Promise<void> {
  const startedAt = deps.now();
  const groups = await withPools(deps, rotated(await deps.fleet.enrolledGroups(), tick.time));
  forgetOthers(memory, groups);
  noteAway(memory.away, groups);
  noteServed(memory.served, groups);
  let isCutShort = false;
  const hasTime = () => {
    const has = tick.remainingMs() > reserveMs;
    isCutShort ||= !has;
    return has;
  };
  const isGap = isSweepMissing(memory, tick.time);
  // Whoever stopped the sweeps may have deleted hooks, as an uninstall that ends in a refusal does.
  if (isGap) memory.hooksSeen.clear();
  const isDue = isGap ? () => true : isHeartbeatDue;
  const leaving: LeavingGroup[] = [];
  let areAllRenewed = true;
  await inParallel(groups.filter(isLeft), groupsAtOnce, async (group) => {
    const kept = hasTime() ? await keepAlive(deps, memory, group, tick.time, isDue) : undefined;
    leaving.push(...(kept?.leaving ?? []));
    areAllRenewed &&= kept?.areAllRenewed ?? false;
  });
  // A beat that failed is not made up for by its rhythm: after a gap the next one may come too late (docs/decisions/0006).
  memory.renewedAt = areAllRenewed ? tick.time : undefined;
  const isPaused = ({ enrolled }: LeavingGroup) => !isActing(enrolled);
  for (const { enrolled, starts, hookSeconds } of leaving.filter(isPaused)) {
    reportPaused(deps, enrolled);
    warnOfPausedEnds(deps, enrolled, starts, hookSeconds);
  }
  const served = leaving.filter((one) => !isPaused(one));
  const all = groupBy(
    groups.flatMap((group) => enrolledGroup(group) ?? []),
    (one) => one.clusterName,
  );
  const enrolledIn = (clusterName: string) => all.get(clusterName) ?? [];
  const clusters = groupBy(served, ({ enrolled }) => enrolled.clusterName);
  const waiting: Waiting[] = [];
  const ending: Visit[] = [];
  const round = { doubts: memory.doubts, emptySince: memory.emptySince, hasTime };
  await inParallel([...clusters], clustersAtOnce, async ([clusterName, own]) => {
    if (!hasTime()) return;
    const visit = () => visitCluster(deps, clusterName, own, enrolledIn(clusterName), round);
    const outcome = await contain(deps, 'visit a cluster', { clusterName }, visit);
    waiting.push(...(outcome?.waiting ?? []));
    ending.push(...(outcome?.ending ?? []));
  });
  waiting.push(...(await visitAllRetained(deps, [...all.values()].flat(), memory, hasTime)));
  await inParallel(groups, groupsAtOnce, async (group) => {
    if (isHookDue(memory, group, tick.time) && hasTime()) await keepGroup(deps, memory, group);
  });
  const enrolled = groups.flatMap((group) => enrolledGroup(group) ?? []);
  const acting = enrolled.filter(isActing);
  await findReturned(deps, acting, memory.away, { time: tick.time, isGap }, hasTime);
  await lookForGhosts(deps, enrolled, memory.suspects, tick.time, hasTime);
  if (hasTime()) await lookAtUntagged(deps, memory.served, groups, tick.time);
  const mayRead = () => tick.remainingMs() > explainReserveMs;
  await explain(deps, waiting, memory.explained, tick.time, mayRead);
  await followCrowd(deps, ending, round, (milliseconds) => tick.remainingMs() > reserveMs + milliseconds);
  reportSweep(deps, groups, startedAt, isCutShort);
}

/** After everything that a hook waits for. */
async function visitAllRetained(
  deps: Deps,
  groups: readonly EnrolledGroup[],
  { retained }: Memory,
  hasTime: () => boolean,
): Promise<readonly Waiting[]> {
  const waiting: Waiting[] = [];
  for (const [clusterName, own] of clustersRetaining(groups)) {
    const visit = () => visitRetained(deps, clusterName, own, retained, hasTime);
    const doing = 'look after retained instances';
    if (hasTime()) waiting.push(...((await contain(deps, doing, { clusterName }, visit)) ?? []));
  }
  return waiting;
}

const isActing = ({ policy }: EnrolledGroup) => policy.state !== 'paused';

/** The groups with what is in their warm pools; one whose pool cannot be read is taken without. */
async function withPools(deps: Deps, groups: readonly Group[]): Promise<readonly Group[]> {
  const whole = new Map<Group, Group>();
  const pooled = groups.filter(({ hasWarmPool }) => hasWarmPool);
  await inParallel(pooled, groupsAtOnce, async (group) => {
    const { autoScalingGroupName } = group;
    const read = () => withReturning(deps.fleet, group);
    const found = await contain(deps, 'read a warm pool', { autoScalingGroupName }, read);
    if (found) whole.set(group, found);
  });
  return groups.map((group) => whole.get(group) ?? group);
}

const isLeft = (group: Group) => leavingInstanceIds(group).length > 0;

/** Starts at another group each time, so that what a sweep had no time for is not always the same. */
function rotated(groups: readonly Group[], time: Date): Group[] {
  const sorted = groups.toSorted((a, b) => (a.autoScalingGroupARN < b.autoScalingGroupARN ? -1 : 1));
  const start = Math.floor(time.getTime() / 1000 / sweepPeriodSeconds) % Math.max(1, sorted.length);
  return [...sorted.slice(start), ...sorted.slice(0, start)];
}

function forgetOthers(memory: Memory, groups: readonly Group[]): void {
  const leavingIds = new Set(groups.flatMap(leavingInstanceIds));
  forgetRetained(memory.retained, groups);
  for (const memories of Object.values(memory.doubts))
    for (const id of memories.keys()) if (!leavingIds.has(id)) memories.delete(id);
  for (const known of [memory.emptySince, memory.starts])
    for (const id of known.keys()) if (!leavingIds.has(id)) known.delete(id);
  const arns = new Set(groups.map(({ autoScalingGroupARN }) => autoScalingGroupARN));
  for (const arn of memory.hooksSeen.keys()) if (!arns.has(arn)) memory.hooksSeen.delete(arn);
}

/** Whether the sweep before this one renewed what was due, as far as this environment knows; else all are renewed at once. */
function isSweepMissing({ renewedAt }: Memory, time: Date): boolean {
  return !renewedAt || time.getTime() - renewedAt.getTime() > 1.5 * sweepPeriodSeconds * 1000;
}

/**
 * Renews what is due in a group that instances leave. Its activities are read while the start of one is not known; without
 * them it goes on, only without deadlines.
 */
async function keepAlive(
  deps: Deps,
  { starts }: Memory,
  group: Group,
  time: Date,
  isDue: typeof isHeartbeatDue,
): Promise<{ readonly leaving: readonly LeavingGroup[]; readonly areAllRenewed: boolean }> {
  const enrolled = enrolledGroup(group);
  if (!enrolled) return { leaving: [], areAllRenewed: true };
  const { autoScalingGroupName } = group;
  const isKnown = leavingInstanceIds(group).every((instanceId) => starts.has(instanceId));
  const read = () => deps.fleet.terminationStarts(autoScalingGroupName);
  const found = isKnown ? [] : await contain(deps, 'read activities', { autoScalingGroupName }, read);
  for (const [instanceId, startedAt] of found ?? []) starts.set(instanceId, startedAt);
  const areAllRenewed = await keepHeartbeats(deps, enrolled, starts, (instanceId, startedAt) =>
    isDue(instanceId, startedAt, time),
  );
  return { leaving: [{ enrolled, starts, hookSeconds: await hookSecondsOf(deps, enrolled) }], areAllRenewed };
}

/** Somebody else's template may have given the hook less time than ours has. */
async function hookSecondsOf(deps: Deps, { group, policy }: EnrolledGroup): Promise<number | undefined> {
  if (policy.hook === 'own') return undefined;
  const { autoScalingGroupName } = group;
  const read = () => deps.fleet.hook(autoScalingGroupName);
  const hook = await contain(deps, 'read the lifecycle hook', { autoScalingGroupName }, read);
  return hook && globalSecondsOf(hook);
}

/** A tag that wants something else of the hook is heeded at once. */
function isHookDue({ hooksSeen }: Memory, group: Group, time: Date): boolean {
  const { autoScalingGroupARN } = group;
  const isSeen = hooksSeen.has(autoScalingGroupARN) && hooksSeen.get(autoScalingGroupARN) === wishOf(group);
  return !isSeen || isHookCheckDue(autoScalingGroupARN, time);
}

function wishOf(group: Group): HookWish | undefined {
  const enrolled = enrolledGroup(group);
  return enrolled && hookWishOf(enrolled.policy);
}

/** Looks at the group's tags and hook. A hook that could not be looked at is due again in the next sweep. */
async function keepGroup(deps: Deps, { hooksSeen }: Memory, group: Group): Promise<void> {
  reportTagFaults(deps, group);
  const { autoScalingGroupName, autoScalingGroupARN } = group;
  const enrolled = enrolledGroup(group);
  hooksSeen.set(autoScalingGroupARN, undefined);
  if (!enrolled) return;
  hooksSeen.delete(autoScalingGroupARN);
  await contain(deps, 'keep the lifecycle hook', { autoScalingGroupName }, async () => {
    if (await keepHook(deps, enrolled)) hooksSeen.set(autoScalingGroupARN, hookWishOf(enrolled.policy));
  });
}

function reportSweep(
  { log, count, now }: Deps,
  groups: readonly Group[],
  startedAt: Date,
  isCutShort: boolean,
) {
  const sweepSeconds = (now().getTime() - startedAt.getTime()) / 1000;
  if (isCutShort) {
    log.warn('out of time: the next sweep begins at another group', { groups: groups.length, sweepSeconds });
    count('SweepCutShort');
  }
  countRetained({ count }, groups);
  count('Leaving', groups.flatMap(leavingInstanceIds).length);
  count('SweepSeconds', sweepSeconds);
}

/** `sweep` for one execution environment. */
export const on = (platform: Platform) =>
  schedule(platform, (own) => connect(own, manners), freshMemory, sweep);

/** The handler that Lambda calls. */
export const handler = on(aws);
