import type { MixedInstancesPolicy } from '@aws-sdk/client-auto-scaling';
import { type Market, onDemandGoal } from './purchase.ts';
import type { Group, Instance } from './state.ts';

/** What a choice looks at. */
export interface TerminationView {
  readonly now: number;
  readonly group: Group;
  readonly policy: MixedInstancesPolicy | undefined;
  /** The instances that fill the desired capacity. */
  readonly filling: readonly Instance[];
}

/** Of two instances the one with the lower number leaves. */
type Rank = (instance: Instance) => number;

const hourMs = 3_600_000;

/**
 * The instances that leave in a scale-in of `count`: each from the Availability Zone with the most instances that has an
 * unprotected one, whatever the policies, and there by the group's termination policies in turn. Protected instances stay,
 * the group then stays larger (D-3.24).
 * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
 */
export function leaversOf(view: TerminationView, count: number): Instance[] {
  const leavers: Instance[] = [];
  const zones = zonesOf(view.filling);
  let onDemand = view.filling.filter(({ market }) => market === 'on-demand').length;
  while (leavers.length < count) {
    const open = zones.filter(({ candidates }) => candidates.size > 0);
    const fullest = Math.max(...open.map(({ size }) => size));
    const fullestZones = open.filter(({ size }) => size === fullest);
    const sizeAfter = view.filling.length - leavers.length - 1;
    const surplus = surplusOf(view.policy, onDemand, sizeAfter);
    const chosen = firstOf(
      view,
      surplus,
      fullestZones.flatMap(({ candidates }) => [...candidates]),
    );
    if (!chosen) break;
    leavers.push(chosen);
    if (chosen.market === 'on-demand') onDemand--;
    for (const zone of fullestZones) if (zone.candidates.delete(chosen)) zone.size--;
  }
  return leavers;
}

/** Which of these instances a termination takes first, whatever zones they are in: where another one of its kind has come. */
export function firstToLeave(view: TerminationView, candidates: readonly Instance[]): Instance | undefined {
  const onDemand = view.filling.filter(({ market }) => market === 'on-demand').length;
  return firstOf(view, surplusOf(view.policy, onDemand, view.filling.length), candidates);
}

function firstOf(
  view: TerminationView,
  surplus: Market,
  [first, ...others]: readonly Instance[],
): Instance | undefined {
  const ranks = ranksOf(view, ({ market }) => (market === surplus ? 0 : 1));
  return first && others.reduce((best, one) => (goesBefore(ranks, one, best) ? one : best), first);
}

/** How many instances each zone has, and which of them may leave. */
function zonesOf(filling: readonly Instance[]): { size: number; candidates: Set<Instance> }[] {
  const zones = new Map<string, { size: number; candidates: Set<Instance> }>();
  for (const instance of filling) {
    const zone = zones.get(instance.availabilityZone) ?? { size: 0, candidates: new Set() };
    zones.set(instance.availabilityZone, zone);
    zone.size++;
    if (mayLeave(instance)) zone.candidates.add(instance);
  }
  return [...zones.values()];
}

/** In service, and not protected from scale-in. */
export const mayLeave = ({ state, isProtected }: Instance) => state === 'InService' && !isProtected;

function goesBefore(ranks: readonly Rank[], one: Instance, other: Instance): boolean {
  const rank = ranks.find((of) => of(one) !== of(other));
  return rank !== undefined && rank(one) < rank(other);
}

/** What each policy looks at; the hour is the one that used to be billed, AWS's last word where all else is equal. */
function ranksOf(view: TerminationView, market: Rank): Rank[] {
  const { now, group, policy } = view;
  const oldest: Rank = ({ launchedAt }) => launchedAt;
  const hour: Rank = ({ launchedAt }) => hourMs - ((now - launchedAt) % hourMs);
  const template: Rank = (instance) => ageOfTemplate(group, instance);
  const types = (policy?.LaunchTemplate?.Overrides ?? []).map(({ InstanceType }) => InstanceType);
  const leastWanted: Rank = ({ instanceType }) => -types.indexOf(instanceType);
  const usual = [market, template, hour, oldest];
  const byPolicy: Readonly<Record<string, Rank[]>> = {
    AllocationStrategy: [market, leastWanted],
    ClosestToNextInstanceHour: [hour],
    Default: usual,
    NewestInstance: [({ launchedAt }) => -launchedAt],
    OldestInstance: [oldest],
    OldestLaunchTemplate: [template],
  };
  return (group.settings.TerminationPolicies ?? ['Default']).flatMap((name) => byPolicy[name] ?? usual);
}

/** The market of which there is more than the purchase options want, which leaves first. */
const surplusOf = (policy: TerminationView['policy'], onDemand: number, sizeAfter: number): Market =>
  onDemand > onDemandGoal(policy, sizeAfter) ? 'on-demand' : 'spot';

/** Another launch template first, then lower versions of the group's, its present version last. */
function ageOfTemplate({ launchTemplate: present }: Group, { launchTemplate: own }: Instance): number {
  if (own.LaunchTemplateName !== present.LaunchTemplateName) return -1;
  if (own.Version === present.Version) return Number.POSITIVE_INFINITY;
  return Number(own.Version) || 0;
}
