import { isSuspended } from './ground.ts';
import { turnsOf } from './lifetime.ts';
import { isQuiet, mostOf, type Replacement, type ReplacementView, stayingOf } from './replacement.ts';
import type { Group, Instance, Motive } from './state.ts';
import type { Tally } from './tally.ts';
import { crowdsOf, emptiestFirst } from './zones.ts';

/** What is to be replaced now for each motive, in the order in which the motives are looked at. */
export const wanted: Readonly<Record<Motive, (view: ReplacementView) => Replacement[]>> = {
  health: unhealthy,
  risk: atRisk,
  lifetime: expired,
};

/** Whether there may be something to replace at all: without it nobody looks at every instance of the group. */
export const mayWant = ({ settings }: Group, tally: Pick<Tally, 'atRisk' | 'unhealthy'>): boolean =>
  (settings.CapacityRebalance === true && tally.atRisk > 0) ||
  (settings.InstanceMaintenancePolicy !== undefined && tally.unhealthy > 0) ||
  (settings.MaxInstanceLifetime ?? 0) > 0;

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
  const most = Math.max(1, Math.floor(members.length / 10));
  return due.slice(0, most).map(({ instance }) => likewise(view, instance, 'lifetime'));
}

/** By another one of the same market, wherever it keeps the zones even. */
function likewise({ group, members }: ReplacementView, old: Instance, motive: Motive): Replacement {
  const others = members.filter((one) => one !== old);
  return { old, motive, zones: emptiestFirst(group, crowdsOf(others)), market: old.market };
}
