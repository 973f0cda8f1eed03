import type {
  InstancesDistribution,
  LaunchTemplateSpecification,
  MixedInstancesPolicy,
} from '@aws-sdk/client-auto-scaling';
import { satisfying } from './requirements.ts';
import type { LaunchTemplate, State } from './state.ts';
import { checkRange, constraint, oneOf, validationError } from './validation.ts';

/** What a request says about where instances come from. */
export interface LaunchSource {
  readonly LaunchTemplate?: LaunchTemplateSpecification | undefined;
  readonly MixedInstancesPolicy?: MixedInstancesPolicy | undefined;
  readonly LaunchConfigurationName?: string | undefined;
  readonly InstanceId?: string | undefined;
}

/** AWS's words for no source, and for more than one. */
const oneSource =
  'Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.';

const instanceTypesMax = 40;

/**
 * The launch template that a request names, directly or in its policy. Throws ValidationError on none, on several, and
 * on launch configurations, of which a new account cannot make any.
 */
export function launchTemplateIn(state: State, source: LaunchSource): LaunchTemplate {
  const { LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName, InstanceId } = source;
  const given = [LaunchTemplate, MixedInstancesPolicy, LaunchConfigurationName, InstanceId];
  if (given.filter((one) => one !== undefined).length !== 1) throw validationError(oneSource);
  const configuration = LaunchConfigurationName ?? InstanceId;
  if (configuration !== undefined)
    throw validationError(
      `Launch configuration name not found - Launch configuration ${configuration} not found`,
    );
  if (MixedInstancesPolicy) checkPolicy(MixedInstancesPolicy, state);
  const specified = LaunchTemplate ?? MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
  if (!specified)
    throw validationError(
      'MixedInstancesPolicy must contain a LaunchTemplate with a LaunchTemplateSpecification.',
    );
  return fullyNamed(state, specified);
}

function fullyNamed(state: State, specified: LaunchTemplateSpecification): LaunchTemplate {
  const { LaunchTemplateId: id, LaunchTemplateName: name, Version = '$Default' } = specified;
  if ((id === undefined) === (name === undefined))
    throw validationError('Valid requests must contain either launchTemplateId or LaunchTemplateName');
  const LaunchTemplateName = name ?? state.launchTemplateName(id ?? '');
  if (LaunchTemplateName === undefined)
    throw validationError(
      `You must use a valid fully-formed launch template. The specified launch template, with template ID ${id}, does not exist.`,
    );
  if (!state.hasLaunchTemplate(LaunchTemplateName))
    throw validationError(
      `You must use a valid fully-formed launch template. The specified launch template, with template name ${LaunchTemplateName}, does not exist.`,
    );
  return { LaunchTemplateId: state.launchTemplateId(LaunchTemplateName), Version, LaunchTemplateName };
}

/** A policy that changes another one: without a launch template it keeps the one that is there (D-19.1). */
export function policyAfter(
  before: MixedInstancesPolicy | undefined,
  changes: MixedInstancesPolicy | undefined,
): MixedInstancesPolicy | undefined {
  return changes && { ...changes, LaunchTemplate: changes.LaunchTemplate ?? before?.LaunchTemplate };
}

/** The policy as it is described: with the defaults of its distribution (MixedInstancesPolicy). */
export function mixedWithDefaults(policy: MixedInstancesPolicy): MixedInstancesPolicy {
  const distribution: InstancesDistribution = {
    OnDemandAllocationStrategy: 'prioritized',
    OnDemandBaseCapacity: 0,
    OnDemandPercentageAboveBaseCapacity: 100,
    SpotAllocationStrategy: 'lowest-price',
    ...policy.InstancesDistribution,
  };
  const isCheapest = distribution.SpotAllocationStrategy === 'lowest-price';
  return {
    ...policy,
    InstancesDistribution: { ...(isCheapest ? { SpotInstancePools: 2 } : {}), ...distribution },
  };
}

function checkPolicy(
  { LaunchTemplate, InstancesDistribution: distribution = {} }: MixedInstancesPolicy,
  state: State,
): void {
  const at = 'mixedInstancesPolicy.instancesDistribution';
  checkRange(`${at}.onDemandBaseCapacity`, distribution.OnDemandBaseCapacity, 0, Number.MAX_SAFE_INTEGER);
  checkRange(
    `${at}.onDemandPercentageAboveBaseCapacity`,
    distribution.OnDemandPercentageAboveBaseCapacity,
    0,
    100,
  );
  checkRange(`${at}.spotInstancePools`, distribution.SpotInstancePools, 1, 20);
  const { OnDemandAllocationStrategy, SpotAllocationStrategy } = distribution;
  if (OnDemandAllocationStrategy !== undefined)
    oneOf(`${at}.onDemandAllocationStrategy`, OnDemandAllocationStrategy, ['lowest-price', 'prioritized']);
  if (SpotAllocationStrategy !== undefined)
    oneOf(`${at}.spotAllocationStrategy`, SpotAllocationStrategy, [
      'lowest-price',
      'capacity-optimized',
      'capacity-optimized-prioritized',
      'price-capacity-optimized',
    ]);
  const overrides = LaunchTemplate?.Overrides ?? [];
  if (overrides.length > instanceTypesMax)
    throw validationError(`You can specify up to ${instanceTypesMax} instance types per Auto Scaling group.`);
  for (const { InstanceType, InstanceRequirements, WeightedCapacity } of overrides) {
    if (InstanceType !== undefined && InstanceRequirements !== undefined)
      throw validationError("If you specify InstanceRequirements, you can't specify InstanceType.");
    const { offeredTypes } = state;
    if (InstanceType !== undefined && offeredTypes?.every(({ name }) => name !== InstanceType))
      throw validationError(`EC2 here has no instances of the type ${InstanceType}.`);
    if (InstanceRequirements && offeredTypes && satisfying(offeredTypes, InstanceRequirements).length === 0)
      throw validationError('EC2 here has no instances of a type that satisfies the InstanceRequirements.');
    if (WeightedCapacity !== undefined && !/^[1-9]\d{0,2}$/.test(WeightedCapacity))
      throw constraint('weightedCapacity', WeightedCapacity, 'be a number between 1 and 999');
  }
}
