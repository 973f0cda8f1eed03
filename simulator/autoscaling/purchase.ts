import type { LaunchTemplateOverrides, MixedInstancesPolicy } from '@aws-sdk/client-auto-scaling';
import { satisfying } from './requirements.ts';
import type { Group, LaunchTemplate, State } from './state.ts';

/** How an instance is bought. */
export const markets = ['on-demand', 'spot'] as const;

export type Market = (typeof markets)[number];

/** What a launch may be made from, the first choice first. */
export interface LaunchChoice {
  readonly launchTemplate: LaunchTemplate;
  /** Another type than the launch template has. */
  readonly overridingType?: string | undefined;
  /** The type in the end; undefined where EC2 was not asked. */
  readonly instanceType: string | undefined;
}

/** The mixed instances policy that new instances of the group obey: while it is refreshed, the desired one (D-3.25). */
export function policyOf(state: State, group: Group): MixedInstancesPolicy | undefined {
  const desired = state.activeRefresh(group.name)?.desiredConfiguration;
  if (desired?.MixedInstancesPolicy) return desired.MixedInstancesPolicy;
  return desired?.LaunchTemplate ? undefined : group.settings.MixedInstancesPolicy;
}

/**
 * How many of so many instances are to be On-Demand: the base, and of what is above it the percentage (D-13.9), rounded up
 * (our choice: AWS does not say).
 */
export function onDemandGoal(policy: MixedInstancesPolicy | undefined, size: number): number {
  if (!policy) return size;
  const distribution = policy.InstancesDistribution ?? {};
  const { OnDemandBaseCapacity: base = 0, OnDemandPercentageAboveBaseCapacity: percent = 100 } = distribution;
  return Math.min(size, base + Math.ceil((Math.max(0, size - base) * percent) / 100));
}

/**
 * The market of each of `count` launches that bring a group with so many On-Demand instances to `goal`: On-Demand first,
 * none in place of the other.
 */
export function marketsOf(
  policy: MixedInstancesPolicy | undefined,
  { onDemand, count, goal }: { readonly onDemand: number; readonly count: number; readonly goal: number },
): Market[] {
  const missing = Math.max(0, onDemandGoal(policy, goal) - onDemand);
  return Array.from({ length: count }, (_, index) => (index < missing ? 'on-demand' : 'spot'));
}

/**
 * The overrides of the policy in their order, which stands for every allocation strategy, one with requirements for each type
 * that satisfies them; else the launch template.
 */
export function choicesOf(state: State, group: Group): LaunchChoice[] {
  const usual = state.launchTemplateOf(group);
  const overrides = policyOf(state, group)?.LaunchTemplate?.Overrides ?? [];
  const given = overrides.length > 0 ? overrides.flatMap((one) => typesOf(state, one)) : [{}];
  return given.map(({ InstanceType: overridingType, LaunchTemplateSpecification: own }) => {
    const name = own?.LaunchTemplateName ?? state.launchTemplateName(own?.LaunchTemplateId ?? '');
    const launchTemplate = name
      ? {
          LaunchTemplateId: state.launchTemplateId(name),
          Version: '$Default',
          ...own,
          LaunchTemplateName: name,
        }
      : usual;
    const instanceType = overridingType ?? state.instanceTypeOf(launchTemplate.LaunchTemplateName);
    return { launchTemplate, overridingType, instanceType };
  });
}

function typesOf({ offeredTypes }: State, override: LaunchTemplateOverrides): LaunchTemplateOverrides[] {
  const { InstanceRequirements: asked } = override;
  if (!asked || !offeredTypes) return [override];
  return satisfying(offeredTypes, asked).map(({ name }) => ({ ...override, InstanceType: name }));
}
