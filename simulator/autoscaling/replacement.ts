import { secondsOf } from './ground.ts';
import { failedCheckOf } from './health.ts';
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
const words: Readonly<Record<Motive, (old: Instance) => { launch: string; leave: string }>> = {
  health: (old) => ({
    launch: 'launched in response to an unhealthy instance needing to be replaced',
    leave: `taken out of service in response to ${failedCheckOf(old)}`,
  }),
  risk: () => ({
    launch: 'launched in response to an EC2 instance rebalance recommendation',
    leave: 'taken out of service in response to an EC2 instance rebalance recommendation',
  }),
  lifetime: () => ({
    launch: 'launched in response to an instance reaching its maximum lifetime',
    leave: 'taken out of service in response to reaching its maximum instance lifetime',
  }),
};

/** Why the activity of a launch, and why that of the instance that leaves. */
export const causesOf = (now: number, motive: Motive, old: Instance): { launch: string; leave: string } => {
  const { launch, leave } = words[motive](old);
  const at = `At ${secondsOf(now)} an instance was`;
  return { launch: `${at} ${launch}.`, leave: `${at} ${leave}.` };
};

/** The instances that fill the places of the group: of two of which one replaces the other, the new one. */
export function stayingOf(members: readonly Instance[]): readonly Instance[] {
  const replaced = new Set(members.flatMap(({ replaces }) => replaces?.instanceId ?? []));
  return replaced.size === 0 ? members : members.filter(({ instanceId }) => !replaced.has(instanceId));
}

const isWorking = ({ state, isHealthy }: Instance) => state === 'InService' && isHealthy;

/** The group has all that it is to have, and nothing of it is under way. */
export const isQuiet = ({ group, members }: ReplacementView): boolean =>
  members.length === group.settings.DesiredCapacity &&
  members.every((instance) => isWorking(instance) && instance.replaces === undefined);

/** How many instances a maintenance policy allows; as many as are desired without one (D-3.27). */
export const mostOf = ({ settings }: Group): number =>
  Math.floor(
    (settings.DesiredCapacity * (settings.InstanceMaintenancePolicy?.MaxHealthyPercentage ?? 100)) / 100,
  );

/**
 * How many instances may be launched ahead. Without a maintenance policy (D-3.27) the lifetime launches none ahead, and the
 * others may exceed MaxSize by a tenth of the desired capacity or by one, whichever is more (D-3.20, D-13.61).
 */
export function roomAhead({ group, members }: ReplacementView, motive: Motive): number {
  const { DesiredCapacity, MaxSize, InstanceMaintenancePolicy: policy } = group.settings;
  if (policy) return mostOf(group) - members.length;
  if (motive === 'lifetime') return 0;
  return MaxSize + Math.max(1, Math.floor(DesiredCapacity / 10)) - members.length;
}

/**
 * How many instances may leave before others come: of those that work, a maintenance policy asks for a part, and one leaves
 * at a time where all are to stay and there may be no more of them (D-3.27). Without one, only the lifetime lets them (D-13.60).
 */
export function roomBehind({ group, members }: ReplacementView, motive: Motive): number {
  const { DesiredCapacity, InstanceMaintenancePolicy: policy } = group.settings;
  if (!policy) return motive === 'lifetime' ? members.length : 0;
  const least = Math.ceil((DesiredCapacity * (policy.MinHealthyPercentage ?? 100)) / 100);
  const working = members.filter(isWorking).length;
  const isAlone = mostOf(group) <= DesiredCapacity && working === members.length;
  return Math.max(isAlone ? 1 : 0, working - least);
}

/** When it works: in service, healthy, and warmed up. */
export const readyAt = ({ settings }: Group, instance: Instance): number =>
  isWorking(instance) && instance.inServiceAt !== undefined
    ? instance.inServiceAt + Math.max(0, settings.DefaultInstanceWarmup ?? 0) * 1000
    : Number.POSITIVE_INFINITY;

/** The group still grows, which goes before terminating what is replaced (D-3.20). */
export const isGrowing = ({ group, members }: ReplacementView): boolean => {
  const staying = stayingOf(members);
  const isArriving = (instance: Instance) =>
    instance.replaces === undefined && instance.state !== 'InService' && !isLeaving(instance);
  return staying.length < group.settings.DesiredCapacity || staying.some(isArriving);
};
