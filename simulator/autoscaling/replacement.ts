import { secondsOf } from './ground.ts';
import { isLeaving } from './passage.ts';
import type { Market } from './purchase.ts';
import type { Group, Instance, Motive } from './state.ts';

/** One instance that another one is to replace. */
export interface Replacement {
  readonly old: Instance;
  readonly motive: Motive;
  /** Where the new one may be launched, the first choice first. */
  readonly zones: readonly string[];
  readonly market: Market;
}

/** What is looked at. */
export interface ReplacementView {
  readonly now: number;
  readonly group: Group;
  /** Every instance that is in the group's places, replaced ones too. */
  readonly members: readonly Instance[];
}

/** The words of activities, as far as they are known (D-13.64). */
const words: Readonly<Record<Motive, { launch: string; leave: string }>> = {
  risk: {
    launch: 'launched in response to an EC2 instance rebalance recommendation',
    leave: 'taken out of service in response to an EC2 instance rebalance recommendation',
  },
};

/** Why the activity of a launch, and why that of the instance that leaves after it. */
export const causesOf = (now: number, motive: Motive): { launch: string; leave: string } => {
  const { launch, leave } = words[motive];
  const at = `At ${secondsOf(now)} an instance was`;
  return { launch: `${at} ${launch}.`, leave: `${at} ${leave}.` };
};

/** The instances of those that another one is launched to replace. */
const replacedAmong = (members: readonly Instance[]): ReadonlySet<string> =>
  new Set(members.flatMap(({ replaces }) => replaces?.instanceId ?? []));

/** The instances that fill the places of the group: of two of which one replaces the other, the new one. */
export function stayingOf(members: readonly Instance[]): readonly Instance[] {
  const replaced = replacedAmong(members);
  return replaced.size === 0 ? members : members.filter(({ instanceId }) => !replaced.has(instanceId));
}

/** Spot instances that EC2 recommends to replace (D-3.20). Protection is from scale-in alone, and does not hold them. */
export function atRisk({ group, members }: ReplacementView): Instance[] {
  if (group.settings.CapacityRebalance !== true) return [];
  const replaced = replacedAmong(members);
  return members.filter(
    (instance) =>
      instance.isAtRisk === true &&
      instance.state === 'InService' &&
      instance.isHealthy &&
      !replaced.has(instance.instanceId),
  );
}

/**
 * How many instances may be launched ahead: MaxSize may be exceeded by a tenth of the desired capacity, or by one, whichever
 * is more (D-3.20, D-13.61); a maintenance policy has its own limit (D-3.27).
 */
export function roomAhead({ group, members }: ReplacementView): number {
  const { DesiredCapacity, MaxSize, InstanceMaintenancePolicy: policy } = group.settings;
  const limit = policy
    ? Math.floor((DesiredCapacity * (policy.MaxHealthyPercentage ?? 100)) / 100)
    : MaxSize + Math.max(1, Math.floor(DesiredCapacity / 10));
  return limit - members.length;
}

/**
 * How many instances may leave before others come: of those that work, a maintenance policy asks for a part, and one leaves
 * at a time where all are to stay and there may be no more of them (D-3.27).
 */
export function roomBehind({ group, members }: ReplacementView): number {
  const { DesiredCapacity, InstanceMaintenancePolicy: policy } = group.settings;
  if (!policy) return 0;
  const least = Math.ceil((DesiredCapacity * (policy.MinHealthyPercentage ?? 100)) / 100);
  const working = members.filter(({ state, isHealthy }) => state === 'InService' && isHealthy).length;
  const isAlone = (policy.MaxHealthyPercentage ?? 100) === 100 && working === members.length;
  return Math.max(isAlone ? 1 : 0, working - least);
}

/** When it works: in service, healthy, and warmed up. */
export const readyAt = ({ settings }: Group, { state, isHealthy, inServiceAt }: Instance): number =>
  state === 'InService' && isHealthy && inServiceAt !== undefined
    ? inServiceAt + Math.max(0, settings.DefaultInstanceWarmup ?? 0) * 1000
    : Number.POSITIVE_INFINITY;

/** The group still grows, which goes before terminating what is replaced (D-3.20). */
export const isGrowing = ({ group, members }: ReplacementView): boolean => {
  const staying = stayingOf(members);
  const isArriving = (instance: Instance) =>
    instance.replaces === undefined && instance.state !== 'InService' && !isLeaving(instance);
  return staying.length < group.settings.DesiredCapacity || staying.some(isArriving);
};
