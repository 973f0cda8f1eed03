import { needsSlot } from './admission.ts';
import { admittedOf, holdsSlot, isHurried, slotsOf } from './budget.ts';
import { type Departure, type Registration, reasonToLetGo } from './departure.ts';
import { contain, type Deps } from './deps.ts';
import type { Failure } from './fleet.ts';
import { type EnrolledGroup, leavingInstanceIds } from './group.ts';
import { groupBy } from './grouping.ts';
import { readLimit } from './limit.ts';

/** A leaving instance as the sweep sees it. */
interface Seen {
  readonly enrolled: EnrolledGroup;
  readonly departure: Departure;
  readonly registrations: readonly Registration[];
}

/** The start of a termination, by group and instance. */
type Start = (autoScalingGroupName: string, instanceId: string) => Date | undefined;

/**
 * Those of a cluster's leaving instances that wait because no slot is free: to ask the lane for them would change nothing.
 * `groups`: all enrolled groups of the cluster. It reads the cluster's tags where somebody would begin to drain, and otherwise
 * nothing.
 */
export async function overBudgetOf(
  deps: Deps,
  clusterName: string,
  groups: readonly EnrolledGroup[],
  seen: readonly Seen[],
  startOf: Start,
): Promise<ReadonlySet<string>> {
  const now = deps.now();
  const isAsking = ({ enrolled, departure, registrations }: Seen) =>
    reasonToLetGo(enrolled.policy, registrations) === undefined && needsSlot(departure, registrations, now);
  const asking = seen.filter(isAsking);
  if (asking.length === 0) return new Set();
  const slots = slotsOf(await readLimit(deps, clusterName), groups);
  if (!slots) return new Set();
  const held = seen.filter(({ registrations }) => holdsSlot(registrations)).map(({ departure }) => departure);
  const holders = [...held, ...(await pausedHolders(deps, clusterName, groups))];
  const claims = asking.map(({ enrolled, departure: { autoScalingGroupName, instanceId, hookEndsAt } }) => ({
    autoScalingGroupName,
    instanceId,
    startedAt: startOf(autoScalingGroupName, instanceId),
    isHurried: isHurried(enrolled.policy, hookEndsAt, now),
  }));
  const admitted = new Set(admittedOf(slots, holders, claims));
  return new Set(claims.filter((claim) => !admitted.has(claim)).map(({ instanceId }) => instanceId));
}

/** Whoever drains in a paused group, which the sweep does not look at, takes a slot of the cluster still. */
async function pausedHolders({ fleet }: Deps, clusterName: string, groups: readonly EnrolledGroup[]) {
  const paused = groups.filter(({ policy }) => policy.state === 'paused').map(({ group }) => group);
  const instanceIds = paused.flatMap(leavingInstanceIds);
  if (instanceIds.length === 0) return [];
  const found = await fleet.registrations(clusterName, instanceIds);
  const byInstance = groupBy(found, ({ ec2InstanceId }) => ec2InstanceId);
  return paused.flatMap((group) =>
    leavingInstanceIds(group)
      .filter((id) => holdsSlot(byInstance.get(id) ?? []))
      .map(() => ({ autoScalingGroupName: group.autoScalingGroupName })),
  );
}

/**
 * Puts the attribute by which services avoid them on those of the registrations, ACTIVE and waiting for a budget, that do not
 * have it. That it cannot be put is logged and never stops anything.
 */
export async function sayWaiting(
  deps: Deps,
  clusterName: string,
  registrations: readonly Registration[],
): Promise<void> {
  const asked = registrations.filter(({ status, isWaiting }) => status === 'ACTIVE' && !isWaiting);
  await change(deps, 'say that it waits for a budget', clusterName, asked, (arns) =>
    deps.fleet.setWaiting(clusterName, arns, deps.now()),
  );
}

/** Takes the attribute from those that have it. That it cannot be taken is logged and never stops anything. */
export async function unsayWaiting(
  deps: Deps,
  clusterName: string,
  registrations: readonly Registration[],
): Promise<void> {
  const waiting = registrations.filter(({ isWaiting }) => isWaiting);
  await change(deps, 'say that it waits no longer', clusterName, waiting, (arns) =>
    deps.fleet.clearWaiting(clusterName, arns),
  );
}

async function change(
  deps: Deps,
  what: string,
  clusterName: string,
  registrations: readonly Registration[],
  call: (containerInstanceArns: readonly string[]) => Promise<readonly Failure[]>,
): Promise<void> {
  if (registrations.length === 0) return;
  const arns = registrations.map(({ containerInstanceArn }) => containerInstanceArn);
  const failures = await contain(deps, what, { clusterName }, () => call(arns));
  for (const failure of failures ?? []) deps.log.warn(`could not ${what}`, { clusterName, ...failure });
}
