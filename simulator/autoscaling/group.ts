import type {
  CreateAutoScalingGroupType,
  LaunchTemplateSpecification,
  UpdateAutoScalingGroupType,
} from '@aws-sdk/client-auto-scaling';
import type { Ids } from '../chance.ts';
import { withTags } from './group-tags.ts';
import type { Group, GroupSettings } from './state.ts';
import { checkLength, checkRange, validationError } from './validation.ts';

/**
 * Settings that a request may carry and a description repeats as they are. Acted on: sizes, launch template, cooldown,
 * grace period, protection of new instances, `NewestInstance`, load balancers, retention. The others change nothing here.
 */
const copied = new Set([
  'AvailabilityZoneDistribution',
  'AvailabilityZoneImpairmentPolicy',
  'CapacityRebalance',
  'CapacityReservationSpecification',
  'Context',
  'DefaultCooldown',
  'DefaultInstanceWarmup',
  'DeletionProtection',
  'DesiredCapacityType',
  'HealthCheckGracePeriod',
  'HealthCheckType',
  'InstanceLifecyclePolicy',
  'InstanceMaintenancePolicy',
  'LoadBalancerNames',
  'MaxInstanceLifetime',
  'MaxSize',
  'MinSize',
  'MixedInstancesPolicy',
  'NewInstancesProtectedFromScaleIn',
  'Operator',
  'PlacementGroup',
  'ServiceLinkedRoleARN',
  'TargetGroupARNs',
  'TerminationPolicies',
  'TrafficSources',
  'VPCZoneIdentifier',
]);

const copiedFrom = (input: object): Partial<GroupSettings> =>
  Object.fromEntries(Object.entries(input).filter(([key, value]) => value !== undefined && copied.has(key)));

/** Where a group is created. */
export interface Place {
  readonly region: string;
  readonly accountId: string;
  readonly ids: Ids;
  /** Whether EC2 knows a launch template of that name. */
  readonly hasLaunchTemplate: (name: string) => boolean;
}

/** A new group with AWS's defaults. Throws ValidationError on sizes, zones or a launch source that AWS refuses. */
export function newGroup(now: number, place: Place, input: CreateAutoScalingGroupType): Group {
  const name = input.AutoScalingGroupName ?? '';
  checkLength('autoScalingGroupName', name, 1, 255);
  const arn = `arn:aws:autoscaling:${place.region}:${place.accountId}:autoScalingGroup:${place.ids.uuid()}:autoScalingGroupName/${name}`;
  const { MinSize = 0, MaxSize = 0 } = input;
  const AvailabilityZones = zonesOf(place.region, input);
  const launchTemplate = launchTemplateOf(place, input);
  const settings: GroupSettings = {
    DefaultCooldown: 300,
    HealthCheckType: 'EC2',
    HealthCheckGracePeriod: 0,
    NewInstancesProtectedFromScaleIn: false,
    TerminationPolicies: ['Default'],
    LoadBalancerNames: [],
    TargetGroupARNs: [],
    SuspendedProcesses: [],
    EnabledMetrics: [],
    VPCZoneIdentifier: '',
    CreatedTime: new Date(now),
    ...copiedFrom(input),
    AutoScalingGroupName: name,
    AutoScalingGroupARN: arn,
    AvailabilityZones,
    MinSize,
    MaxSize,
    DesiredCapacity: input.DesiredCapacity ?? MinSize,
    ...(input.MixedInstancesPolicy ? {} : { LaunchTemplate: launchTemplate }),
  };
  checkSizes(settings);
  return {
    name,
    arn,
    settings,
    tags: withTags([], input.Tags ?? []),
    launchTemplate,
    subnets: subnetsOf(place.ids, AvailabilityZones, settings.VPCZoneIdentifier),
    isDeleting: false,
  };
}

/** The group with what the request changes; new bounds move the desired capacity inside them (D-3.32). */
export function changedGroup(group: Group, place: Place, input: UpdateAutoScalingGroupType): Group {
  const settings = { ...group.settings, ...copiedFrom(input) };
  const bounded = Math.min(Math.max(group.settings.DesiredCapacity, settings.MinSize), settings.MaxSize);
  const isRelaunched = input.LaunchTemplate !== undefined || input.MixedInstancesPolicy !== undefined;
  const launchTemplate = isRelaunched ? launchTemplateOf(place, input) : group.launchTemplate;
  const isRezoned = input.AvailabilityZones !== undefined || input.VPCZoneIdentifier !== undefined;
  const AvailabilityZones = isRezoned ? zonesOf(place.region, input) : settings.AvailabilityZones;
  const { LaunchTemplate, ...withoutTemplate } = settings;
  const changed: GroupSettings = {
    ...withoutTemplate,
    ...(settings.MixedInstancesPolicy ? {} : { LaunchTemplate: launchTemplate }),
    AvailabilityZones,
    DesiredCapacity: input.DesiredCapacity ?? bounded,
  };
  checkSizes(changed);
  const subnets = isRezoned
    ? subnetsOf(place.ids, AvailabilityZones, changed.VPCZoneIdentifier)
    : group.subnets;
  return { ...group, settings: changed, launchTemplate, subnets };
}

/** The error texts are AWS's (https://github.com/convox/praxis/pull/258 shows the last one). */
function checkSizes({ MinSize, MaxSize, DesiredCapacity }: GroupSettings): void {
  checkRange('minSize', MinSize, 0, Number.MAX_SAFE_INTEGER);
  if (MaxSize < MinSize)
    throw validationError(`Max bound, ${MaxSize}, must be greater than or equal to min bound, ${MinSize}`);
  if (DesiredCapacity < MinSize || DesiredCapacity > MaxSize)
    throw validationError(
      `Desired capacity:${DesiredCapacity} must be between the specified min size:${MinSize} and max size:${MaxSize}`,
    );
}

/** Zones as given; the simulator has no VPCs, so subnets alone are put into the Region's first zones in turn. */
function zonesOf(region: string, input: CreateAutoScalingGroupType | UpdateAutoScalingGroupType): string[] {
  const zones = input.AvailabilityZones ?? [];
  if (zones.length > 0) return zones;
  const subnets = subnetIds(input.VPCZoneIdentifier);
  if (subnets.length === 0)
    throw validationError('At least one Availability Zone or VPC Subnet is required.');
  return subnets.map((_, index) => `${region}${'abc'.charAt(index % 3)}`).filter(isFirst);
}

const isFirst = (zone: string, index: number, zones: readonly string[]) => zones.indexOf(zone) === index;

const subnetIds = (identifier = '') => identifier.split(',').flatMap((id) => id.trim() || []);

function subnetsOf(ids: Ids, zones: readonly string[], identifier?: string): Record<string, string> {
  const given = subnetIds(identifier);
  return Object.fromEntries(zones.map((zone, index) => [zone, given[index] ?? `subnet-${ids.hex(17)}`]));
}

/** Instances are launched from a launch template, given directly or in the policy, by its name. */
function launchTemplateOf(
  { ids, hasLaunchTemplate }: Place,
  input: CreateAutoScalingGroupType | UpdateAutoScalingGroupType,
): LaunchTemplateSpecification & { LaunchTemplateName: string } {
  const inPolicy = input.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
  const given = input.LaunchTemplate ?? inPolicy;
  if (input.LaunchConfigurationName !== undefined)
    throw validationError(
      `The simulator launches from launch templates only: got LaunchConfigurationName ${input.LaunchConfigurationName}`,
    );
  if (!given)
    throw validationError(
      'Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.',
    );
  if (given.LaunchTemplateName === undefined)
    throw validationError(
      'The simulator knows launch templates by name: expected LaunchTemplateName, got none',
    );
  if (!hasLaunchTemplate(given.LaunchTemplateName))
    throw validationError(
      `You must use a valid fully-formed launch template. The specified launch template, with template name ${given.LaunchTemplateName}, does not exist.`,
    );
  return {
    LaunchTemplateId: `lt-${ids.hex(17)}`,
    Version: '$Default',
    ...given,
    LaunchTemplateName: given.LaunchTemplateName,
  };
}
