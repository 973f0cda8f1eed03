import type { MixedInstancesPolicy } from '@aws-sdk/client-auto-scaling';
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
  /** The mixed instances policy that it obeys. */
  readonly policy: MixedInstancesPolicy | undefined;
  /** Since when nothing is under way in it while its zones are uneven. */
  readonly unevenSince: number | undefined;
  /** Launches for the sake of a zone may be tried there: none has failed lately. */
  readonly isOpen: (market: Market, availabilityZone: string) => boolean;
}

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
 * others may exceed MaxSize: by a tenth of it, of the desired capacity where Spot takes instances back, or by one, whichever
 * is more (D-3.20, D-3.21, D-13.61).
 */
export function roomAhead({ group, members }: ReplacementView, motive: Motive): number {
  const { DesiredCapacity, MaxSize, InstanceMaintenancePolicy: policy } = group.settings;
  if (policy) return mostOf(group) - members.length;
  if (motive === 'lifetime') return 0;
  const whole = motive === 'risk' ? DesiredCapacity : MaxSize;
  return MaxSize + Math.max(1, Math.floor(whole / 10)) - members.length;
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
