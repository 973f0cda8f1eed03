import { after, lastStopSeconds } from './deadline.ts';
import type { Registration } from './departure.ts';
import type { Group } from './fleet.ts';
import { type EnrolledGroup, isOnItsWay, leavingInstanceIds } from './group.ts';
import type { Mark } from './mark.ts';
import type { DrainLimit, Policy } from './policy.ts';
import { usualStopTimeoutSeconds } from './workload.ts';

/** How many instances of a cluster, and of each of its groups, may drain at once. Infinity: any number. */
export interface Slots {
  readonly cluster: number;
  /** By name of the group; one that is not in it has no limit of its own. */
  readonly groups: ReadonlyMap<string, number>;
}

/** A leaving instance that would drain if there is a slot for it. */
export interface Claim {
  readonly autoScalingGroupName: string;
  readonly instanceId: string;
  /** When its termination began, as far as it is known. */
  readonly startedAt: Date | undefined;
  /** Its hook ends so soon that it cannot wait for a slot. */
  readonly isHurried: boolean;
}

/**
 * The slots of a cluster, given its own limit and all its enrolled groups; or of a group, where the cluster has no limit.
 * Undefined: no budget is in force. Both limits hold, so the tighter one wins.
 */
export function slotsOf(
  clusterLimit: DrainLimit | undefined,
  groups: readonly EnrolledGroup[],
): Slots | undefined {
  const limited = groups.flatMap(({ group, policy: { maxDraining } }) =>
    maxDraining ? [[group.autoScalingGroupName, slotCount(maxDraining, [group])] as const] : [],
  );
  if (!clusterLimit && limited.length === 0) return undefined;
  const cluster = clusterLimit
    ? slotCount(
        clusterLimit,
        groups.map(({ group }) => group),
      )
    : Number.POSITIVE_INFINITY;
  return { cluster, groups: new Map(limited) };
}

/** A percentage is of the instances in service and those that leave, rounded up, and at least one: also the last one goes. */
function slotCount(limit: DrainLimit, groups: readonly Group[]): number {
  if (limit.kind === 'count') return limit.count;
  const instances = groups.flatMap((group) => group.instances);
  const isCounted = (state: string) => state === 'InService' || isOnItsWay(state);
  const size = instances.filter(({ lifecycleState }) => isCounted(lifecycleState)).length;
  return Math.max(1, Math.ceil((size * limit.percent) / 100));
}

/**
 * Whether a leaving instance takes a slot, given its registrations: we began to drain it and could have waited.
 * The mark is set before DRAINING and is the admission: whoever is marked and ACTIVE still is about to drain. An operator's
 * DRAINING has no mark, and an involuntary departure another cause.
 */
export function holdsSlot(registrations: readonly Registration[]): boolean {
  return registrations.some(
    ({ status, mark }) => isVoluntary(mark) && (status === 'DRAINING' || status === 'ACTIVE'),
  );
}

const isVoluntary = (mark: Mark | undefined) => mark !== undefined && mark.cause !== 'interruption';

/**
 * Whether a drain must begin now to have its whole deadline before the hook ends, slot or not. What is left then is stopped:
 * behind a load balancer and with the usual stopTimeout, as far as anybody knows before tasks are read.
 */
export function isHurried(
  { drainDeadlineSeconds, deregistrationDelaySeconds }: HurryPolicy,
  hookEndsAt: Date | undefined,
  now: Date,
): boolean {
  const stopSeconds = lastStopSeconds(deregistrationDelaySeconds + usualStopTimeoutSeconds);
  return hookEndsAt !== undefined && now >= after(hookEndsAt, -drainDeadlineSeconds - stopSeconds);
}

type HurryPolicy = Pick<Policy, 'drainDeadlineSeconds' | 'deregistrationDelaySeconds'>;

/**
 * Who of the waiting may begin to drain, in that order, while others (`holders`, an entry for each) hold slots. Whoever cannot
 * wait is admitted without a slot to spare, and takes one all the same. The order of claims depends on nothing that changes:
 * who decides on an old read, in which somebody admitted waits still, admits the same one again and not another.
 */
export function admittedOf<One extends Claim>(
  slots: Slots,
  holders: readonly Pick<Claim, 'autoScalingGroupName'>[],
  claims: readonly One[],
): One[] {
  const taken = new Map<string, number>();
  let inCluster = 0;
  const take = ({ autoScalingGroupName: name }: Pick<Claim, 'autoScalingGroupName'>) => {
    taken.set(name, (taken.get(name) ?? 0) + 1);
    inCluster++;
  };
  const hasSlot = ({ autoScalingGroupName: name }: Claim) =>
    inCluster < slots.cluster &&
    (taken.get(name) ?? 0) < (slots.groups.get(name) ?? Number.POSITIVE_INFINITY);
  for (const holder of holders) take(holder);
  return inOrder(claims).filter((claim) => {
    const isAdmitted = claim.isHurried || hasSlot(claim);
    if (isAdmitted) take(claim);
    return isAdmitted;
  });
}

/** Who cannot wait, then the oldest termination; where that is not known or the same, by instance id. */
export function inOrder<One extends Claim>(claims: readonly One[]): One[] {
  const startOf = ({ startedAt }: Claim) => startedAt?.getTime() ?? Number.POSITIVE_INFINITY;
  return claims.toSorted((a, b) => {
    if (a.isHurried !== b.isHurried) return a.isHurried ? -1 : 1;
    if (startOf(a) !== startOf(b)) return startOf(a) < startOf(b) ? -1 : 1;
    return a.instanceId < b.instanceId ? -1 : 1;
  });
}

/** The leaving instances of groups, each with its group. */
export function leaversOf(groups: readonly EnrolledGroup[]): Leaver[] {
  return groups.flatMap((enrolled) =>
    leavingInstanceIds(enrolled.group).map((instanceId) => ({ enrolled, instanceId })),
  );
}

/** A leaving instance, and its group. */
export interface Leaver {
  readonly enrolled: EnrolledGroup;
  readonly instanceId: string;
}
