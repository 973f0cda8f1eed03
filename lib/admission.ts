import {
  admittedOf,
  type Claim,
  holdsSlot,
  inOrder,
  isHurried,
  type Leaver,
  leaversOf,
  type Slots,
} from './budget.ts';
import { departureTimes } from './deadline.ts';
import { decideDeparture, isOccupied, type Registration } from './departure.ts';
import { contain, type Deps } from './deps.ts';
import { type EnrolledGroup, isLeaving, isStateBehind } from './group.ts';
import { groupBy } from './grouping.ts';
import { globalTimeoutSeconds } from './hook.ts';

/**
 * What one execution environment of the lane remembers from batch to batch. The lane decides one batch at a time, nearly
 * always in the same environment, so that it knows its own drains before any read shows them.
 */
export interface LaneMemory {
  /** By EC2 instance id: when it was set to DRAINING, and of which group it is. */
  readonly attempts: Map<string, { readonly at: Date; readonly autoScalingGroupName: string }>;
  /** By name of the group: since when its instances leave. It does not change, so that it is read once for each. */
  readonly starts: Map<string, ReadonlyMap<string, Date>>;
  /** Groups in which nobody waits for a budget: that a drain has ended there concerns nobody. */
  readonly idle: Set<string>;
  /** By name of the cluster: which instance was last set to DRAINING for a recommendation, and when. */
  readonly recommended: Map<string, { readonly at: Date; readonly instanceId: string }>;
}

/** The memory of a fresh execution environment. */
export function freshLaneMemory(): LaneMemory {
  return { attempts: new Map(), starts: new Map(), idle: new Set(), recommended: new Map() };
}

/** Groups of one cluster that are decided about together, because they share a budget; or one group. */
export interface Scope {
  readonly clusterName: string;
  readonly groups: readonly EnrolledGroup[];
  /** Undefined: no budget is in force. */
  readonly slots: Slots | undefined;
  /** Instances to be looked at, each since when somebody said so. */
  readonly named: ReadonlyMap<string, Date>;
  /** Whether somebody may be in a hurry: the sweep, which knows all times, asks. */
  readonly isAsked: boolean;
}

/** What is known of the leaving instances of a scope. */
export interface Survey {
  /** By EC2 instance id; of an instance that is not in it nothing was read. */
  readonly known: ReadonlyMap<string, readonly Registration[]>;
  /** Instances that wait because no slot is free. */
  readonly overBudget: ReadonlySet<string>;
  /** An entry for each slot that is taken, or is about to be. */
  readonly taken: readonly Holder[];
}

/** Who takes a slot. */
type Holder = Pick<Claim, 'autoScalingGroupName'>;

/** So many leaving instances are read in two calls; of more, only those who hold slots and those who may be next. */
const readsMax = 80;
/** A read this young (seconds) that shows an instance ACTIVE which we have set to DRAINING is behind. */
const behindSeconds = 30;

/**
 * Reads as much of the leaving instances of a scope as it takes to say who may drain. Throws UnknownCluster.
 *
 * With a budget, who holds a slot is asked of ECS by our mark, which costs a call for each hundred of them, however many
 * wait; then those are read who would be next. One of them may turn out not to need a slot: then so is the one after.
 */
export async function survey(deps: Deps, memory: LaneMemory, scope: Scope): Promise<Survey> {
  const { clusterName, slots } = scope;
  const leavers = leaversOf(scope.groups);
  const known = new Map<string, readonly Registration[]>();
  const read = async (instanceIds: readonly string[]) => {
    if (instanceIds.length === 0) return;
    const found = await deps.fleet.registrations(clusterName, instanceIds);
    const byInstance = groupBy(found, ({ ec2InstanceId }) => ec2InstanceId);
    for (const id of instanceIds) known.set(id, byInstance.get(id) ?? []);
  };
  forget(memory, scope, deps.now());
  const isFew = !slots || leavers.length <= readsMax;
  if (!isFew) for (const [id, own] of await marked(deps, clusterName, leavers)) known.set(id, own);
  const wanted = leavers.filter((one) => isFew || scope.named.has(one.instanceId) || !drains(one));
  const unread = wanted.filter((one) => !known.has(one.instanceId) && !isDone(memory, scope, one));
  await read(unread.map(({ instanceId }) => instanceId));
  if (!slots) return { known, overBudget: new Set(), taken: [] };
  const recommended = await recommendedHolders(deps, memory, scope, leavers);
  const holders = () => [...recommended, ...holdersOf(memory, scope, leavers, known)];
  const claims = (starts: Starts) => claimsOf(deps, memory, scope, leavers, known, starts);
  const starts = await startsFor(
    deps,
    memory,
    scope,
    admittedOf(slots, holders(), claims(none)),
    claims(none),
  );
  for (;;) {
    const all = claims(starts);
    const admitted = admittedOf(slots, holders(), all);
    const unread = admitted.filter(({ instanceId }) => !known.has(instanceId));
    if (unread.length === 0)
      return { known, overBudget: without(all, admitted), taken: [...holders(), ...admitted] };
    const next = inOrder(all).filter((one) => !known.has(one.instanceId) && !unread.includes(one));
    await read([...unread, ...next].slice(0, Math.max(readsMax, unread.length)).map((one) => one.instanceId));
  }
}

/**
 * Whether this environment has drained it after everything that somebody said of it: with a thousand leaving, each batch
 * would read them all again. What did not work the sweep asks for.
 */
function isDone({ attempts }: LaneMemory, { named }: Scope, leaver: Leaver): boolean {
  const attempt = attempts.get(leaver.instanceId);
  const saidAt = named.get(leaver.instanceId);
  return drains(leaver) && attempt !== undefined && (saidAt === undefined || saidAt <= attempt.at);
}

type Starts = (leaver: Leaver) => Date | undefined;
const none: Starts = () => undefined;

const without = (all: readonly Claim[], admitted: readonly Claim[]) => {
  const ids = new Set(all.map(({ instanceId }) => instanceId));
  for (const { instanceId } of admitted) ids.delete(instanceId);
  return ids;
};

/** Whether instances of the group are drained before they go, paused or not. */
const drains = ({ enrolled: { policy } }: Leaver) => policy.state !== 'leaving' && !policy.isDryRun;

async function marked({ fleet }: Deps, clusterName: string, leavers: readonly Leaver[]) {
  const ids = new Set(leavers.map(({ instanceId }) => instanceId));
  const found = (await fleet.marked(clusterName)).filter(({ ec2InstanceId }) => ids.has(ec2InstanceId));
  return groupBy(found, ({ ec2InstanceId }) => ec2InstanceId);
}

/** Whatever is over needs no memory. */
function forget({ attempts }: LaneMemory, { groups }: Scope, now: Date): void {
  const here = new Map(groups.map(({ group }) => [group.autoScalingGroupName, group]));
  for (const [instanceId, { at, autoScalingGroupName }] of attempts) {
    const instances = here.get(autoScalingGroupName)?.instances;
    const state = instances?.find((one) => one.instanceId === instanceId)?.lifecycleState;
    // It may have come back, too: that it is in service is an old read for some minutes only.
    const isGone = instances && !isLeaving(state) && !isStateBehind(state, at, now);
    const isOld = now.getTime() - at.getTime() > globalTimeoutSeconds * 1000;
    if (isGone || isOld) attempts.delete(instanceId);
  }
}

/** An entry for each instance that takes a slot: as ECS shows it, or as we know it from having done it. */
function holdersOf(
  { attempts }: LaneMemory,
  { groups }: Scope,
  leavers: readonly Leaver[],
  known: Survey['known'],
): Holder[] {
  const here = new Set(groups.map(({ group }) => group.autoScalingGroupName));
  const remembered = [...attempts].filter(([, { autoScalingGroupName }]) => here.has(autoScalingGroupName));
  const shown = leavers.filter(
    (one) => !attempts.has(one.instanceId) && holdsSlot(known.get(one.instanceId) ?? []),
  );
  return [
    ...remembered.map(([, { autoScalingGroupName }]) => ({ autoScalingGroupName })),
    ...shown.map(({ enrolled }) => ({ autoScalingGroupName: enrolled.group.autoScalingGroupName })),
  ];
}

/** What drains for a recommendation takes a slot as long as tasks are on it; nobody waits for one that is empty. */
async function recommendedHolders(
  { fleet, now }: Deps,
  memory: LaneMemory,
  { clusterName, groups }: Scope,
  leavers: readonly Leaver[],
): Promise<Holder[]> {
  if (!groups.some(({ policy }) => policy.rebalanceRecommendation)) return [];
  const shown = (await fleet.marked(clusterName, 'rebalance-recommendation')).filter(isOccupied);
  const ids = new Set(shown.map(({ ec2InstanceId }) => ec2InstanceId));
  const last = justRecommended(memory, clusterName, now());
  if (last !== undefined) ids.add(last);
  for (const { instanceId } of leavers) ids.delete(instanceId);
  return groups.flatMap(({ group: { autoScalingGroupName, instances } }) =>
    instances.filter(({ instanceId }) => ids.has(instanceId)).map(() => ({ autoScalingGroupName })),
  );
}

/** Who waits for a slot; of whom nothing was read is taken for one who does. */
function claimsOf(
  deps: Deps,
  { attempts }: LaneMemory,
  { clusterName }: Scope,
  leavers: readonly Leaver[],
  known: Survey['known'],
  startOf: Starts,
): Claim[] {
  const now = deps.now();
  return leavers.flatMap((leaver) => {
    const { instanceId, enrolled } = leaver;
    const registrations = known.get(instanceId);
    if (enrolled.policy.state === 'paused' || !drains(leaver) || attempts.has(instanceId)) return [];
    const { autoScalingGroupName } = enrolled.group;
    const departure = { clusterName, autoScalingGroupName, instanceId };
    if (registrations && !needsSlot(departure, registrations, now)) return [];
    const startedAt = startOf(leaver);
    const { hookEndsAt } = departureTimes(enrolled.policy, undefined, startedAt);
    return { ...departure, startedAt, isHurried: isHurried(enrolled.policy, hookEndsAt, now) };
  });
}

/** Whether it is about to drain and has no slot yet. Who was marked has one, or leaves for a cause that needs none. */
export function needsSlot(
  departure: Parameters<typeof decideDeparture>[0],
  registrations: readonly Registration[],
  now: Date,
): boolean {
  if (registrations.some(({ mark }) => mark !== undefined)) return false;
  return decideDeparture(departure, registrations, undefined, now).kind === 'start-draining';
}

/** When the terminations began, where the order matters: some are admitted and some are not, or the sweep asks. */
async function startsFor(
  deps: Deps,
  memory: LaneMemory,
  { groups, isAsked }: Scope,
  admitted: readonly Claim[],
  claims: readonly Claim[],
): Promise<Starts> {
  if (admitted.length === claims.length || (admitted.length === 0 && !isAsked)) return none;
  for (const [autoScalingGroupName, own] of groupBy(claims, (claim) => claim.autoScalingGroupName)) {
    const before = memory.starts.get(autoScalingGroupName);
    if (own.every(({ instanceId }) => before?.has(instanceId))) continue;
    const read = () => deps.fleet.terminationStarts(autoScalingGroupName);
    const starts = await contain(deps, 'read activities', { autoScalingGroupName }, read);
    if (starts) memory.starts.set(autoScalingGroupName, starts);
  }
  const here = new Map(groups.map(({ group }) => [group, memory.starts.get(group.autoScalingGroupName)]));
  return ({ enrolled, instanceId }) => here.get(enrolled.group)?.get(instanceId);
}

/** The instance of the cluster that drains for a recommendation since so short that no read need show it. */
export function justRecommended(
  { recommended }: LaneMemory,
  clusterName: string,
  now: Date,
): string | undefined {
  const last = recommended.get(clusterName);
  const isYoung = last !== undefined && now.getTime() - last.at.getTime() < behindSeconds * 1000;
  return isYoung ? last.instanceId : undefined;
}

/** Whether we have just set it to DRAINING, so that a read which shows it ACTIVE is behind. */
export function isJustAttempted({ attempts }: LaneMemory, instanceId: string, now: Date): boolean {
  const attempt = attempts.get(instanceId);
  return attempt !== undefined && now.getTime() - attempt.at.getTime() < behindSeconds * 1000;
}
