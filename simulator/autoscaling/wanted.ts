import { isSuspended } from './ground.ts';
import { turnsOf } from './lifetime.ts';
import { onDemandGoal } from './purchase.ts';
import { isQuiet, mostOf, type Replacement, type ReplacementView, stayingOf } from './replacement.ts';
import type { Group, Instance, Motive } from './state.ts';
import type { Tally } from './tally.ts';
import { firstToLeave, mayLeave } from './termination.ts';
import { crowdsOf, emptiestFirst, isUneven, launchZones, unevenMs } from './zones.ts';

/** What is to be replaced now for each motive, in the order in which the motives are looked at. */
export const wanted: Readonly<Record<Motive, (view: ReplacementView) => Replacement[]>> = {
  health: unhealthy,
  risk: atRisk,
  lifetime: expired,
  zones: uneven,
  purchase: boughtOtherwise,
};

/** Whether there may be something to replace at all: without it nobody looks at every instance of the group. */
export const mayWant = ({ settings, isRepurchasing }: Group, tally: Readonly<Tally>): boolean =>
  isRepurchasing === true ||
  (settings.CapacityRebalance === true && tally.atRisk > 0) ||
  (settings.InstanceMaintenancePolicy !== undefined && tally.unhealthy > 0) ||
  (settings.MaxInstanceLifetime ?? 0) > 0 ||
  tally.isUneven(settings.AvailabilityZones);

/** Unhealthy instances that run, where others come first (D-3.27); elsewhere they left when they were found. */
function unhealthy(view: ReplacementView): Replacement[] {
  const { settings } = view.group;
  const isHeld = isSuspended(view.group, 'ReplaceUnhealthy');
  if (isHeld || mostOf(view.group) <= settings.DesiredCapacity) return [];
  const chosen = stayingOf(view.members).filter(
    ({ state, isHealthy, isDown }) => state === 'InService' && !isHealthy && !isDown,
  );
  return chosen.map((old) => likewise(view, old, 'health'));
}

/** Spot instances that EC2 recommends to replace (D-3.20). Protection is from scale-in alone, and does not hold them. */
function atRisk(view: ReplacementView): Replacement[] {
  if (view.group.settings.CapacityRebalance !== true) return [];
  const staying = stayingOf(view.members);
  const chosen = staying.filter(
    (instance) => instance.isAtRisk === true && instance.state === 'InService' && instance.isHealthy,
  );
  return chosen.map((old) => likewise(view, old, 'risk'));
}

/** Instances whose turn has come, a tenth of the group at most, while nothing else is under way in it (D-13.60). */
function expired(view: ReplacementView): Replacement[] {
  const { now, group, members } = view;
  if (!isQuiet(view)) return [];
  const due = turnsOf(group, members).filter(({ at }) => at <= now);
  return due.slice(0, tenthOf(members)).map(({ instance }) => likewise(view, instance, 'lifetime'));
}

/**
 * As many instances as make the zones even again by going from the fullest to the emptiest, or out of a zone that is none of
 * the group's any more; when nothing has been under way in it for a while (D-3.21). Protected ones stay (our choice, AWS does not say).
 */
function uneven(view: ReplacementView): Replacement[] {
  const { now, group, members, unevenSince = now, isOpen } = view;
  if (isSuspended(group, 'AZRebalance') || now < unevenSince + unevenMs || !isQuiet(view)) return [];
  const { AvailabilityZones: zones } = group.settings;
  const crowd = crowdsOf(members);
  const sizeOf = (zone: string) => (zones.includes(zone) ? (crowd.get(zone) ?? 0) : Number.POSITIVE_INFINITY);
  const moves: Replacement[] = [];
  const free = new Set(members.filter(mayLeave));
  while (isUneven(zones, crowd)) {
    const fullest = Math.max(...[...free].map(({ availabilityZone }) => sizeOf(availabilityZone)));
    const candidates = [...free].filter(({ availabilityZone }) => sizeOf(availabilityZone) === fullest);
    const old = firstToLeave({ ...view, filling: members }, candidates);
    if (!old) break;
    free.delete(old);
    const { availabilityZone: from, market } = old;
    const to = emptiestFirst(group, crowd).find((zone) => isOpen(market, zone));
    if (to === undefined || sizeOf(from) - sizeOf(to) < 2) continue;
    moves.push({ old, motive: 'zones', zones: [to], market });
    crowd.set(from, (crowd.get(from) ?? 0) - 1).set(to, (crowd.get(to) ?? 0) + 1);
  }
  return moves;
}

/** How many instances are On-Demand beyond those that the purchase options want; negative: so many are missing (D-13.9). */
export const surplusOnDemand = ({ members, policy }: ReplacementView): number =>
  members.filter(({ market }) => market === 'on-demand').length - onDemandGoal(policy, members.length);

/**
 * Instances of the market of which there is too much since the purchase options have changed, by some of the other: a tenth
 * of the group at once (our choice: AWS says gradually), while nothing else is under way in it (D-13.9, D-13.61).
 */
function boughtOtherwise(view: ReplacementView): Replacement[] {
  const { group, members } = view;
  if (!group.isRepurchasing || !isQuiet(view)) return [];
  const surplus = surplusOnDemand(view);
  const [from, market] = surplus > 0 ? (['on-demand', 'spot'] as const) : (['spot', 'on-demand'] as const);
  const free = new Set(members.filter((instance) => instance.market === from && mayLeave(instance)));
  const chosen: Replacement[] = [];
  const most = Math.min(Math.abs(surplus), tenthOf(members));
  while (chosen.length < most) {
    const old = firstToLeave({ ...view, filling: members }, [...free]);
    if (!old) break;
    free.delete(old);
    chosen.push({ ...likewise(view, old, 'purchase'), market });
  }
  return chosen;
}

const tenthOf = (members: readonly Instance[]) => Math.max(1, Math.floor(members.length / 10));

/** By another one of the same market, wherever it keeps the zones even. */
function likewise({ group, members }: ReplacementView, old: Instance, motive: Motive): Replacement {
  const others = members.filter((one) => one !== old);
  return { old, motive, zones: launchZones(group, crowdsOf(others)), market: old.market };
}
