import type { CreateAutoScalingGroupType, UpdateAutoScalingGroupType } from '@aws-sdk/client-auto-scaling';
import type { Ids } from '../chance.ts';
import { checkSettings, maintenanceOf } from './group-settings.ts';
import { withTags } from './group-tags.ts';
import { launchTemplateIn, mixedWithDefaults, policyAfter } from './launch-source.ts';
import type { Group, GroupSettings, State } from './state.ts';
import { checkPattern, checkRange, validationError } from './validation.ts';

/**
 * Settings that a request may carry and a description repeats. Acted on: sizes, launch template, mixed instances policy,
 * cooldown, grace period, warm-up, protection of new instances, termination policies, load balancers, maintenance policy in
 * replacements, capacity rebalancing, maximum lifetime, retention, deletion protection. The others change nothing here.
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

/** A group's name is made of printable ASCII characters without the colon (CreateAutoScalingGroup). */
const namePattern = '[!-9;-~]+';

/** A new group with AWS's defaults. Throws ValidationError on sizes, zones or a launch source that AWS refuses. */
export function newGroup(now: number, place: State, input: CreateAutoScalingGroupType): Group {
  const name = input.AutoScalingGroupName ?? '';
  checkPattern('autoScalingGroupName', name, namePattern);
  checkSettings(input);
  const arn = `arn:aws:autoscaling:${place.region}:${place.accountId}:autoScalingGroup:${place.ids.uuid()}:autoScalingGroupName/${name}`;
  const { MinSize = 0, MaxSize = 0 } = input;
  const AvailabilityZones = zonesOf(place.region, input);
  const launchTemplate = launchTemplateIn(place, input);
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
    ...maintenanceOf(input),
    AutoScalingGroupName: name,
    AutoScalingGroupARN: arn,
    AvailabilityZones,
    MinSize,
    MaxSize,
    DesiredCapacity: input.DesiredCapacity ?? MinSize,
    ...launchSettings(input, launchTemplate),
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
export function changedGroup(group: Group, place: State, asked: UpdateAutoScalingGroupType): Group {
  const { MixedInstancesPolicy: before } = group.settings;
  const policy = policyAfter(before, asked.MixedInstancesPolicy);
  const input = policy ? { ...asked, MixedInstancesPolicy: policy } : asked;
  checkSettings(input);
  const { InstanceMaintenancePolicy, ...kept } = { ...group.settings, ...copiedFrom(input) };
  const settings = { ...kept, ...maintenanceOf({ ...group.settings, ...input }) };
  const bounded = Math.min(Math.max(group.settings.DesiredCapacity, settings.MinSize), settings.MaxSize);
  const isRelaunched = ['LaunchTemplate', 'MixedInstancesPolicy', 'LaunchConfigurationName'].some(
    (source) => input[source as keyof typeof input] !== undefined,
  );
  const launchTemplate = isRelaunched ? launchTemplateIn(place, input) : group.launchTemplate;
  const { LaunchTemplate, MixedInstancesPolicy, ...unlaunched } = settings;
  const launched = isRelaunched
    ? launchSettings(input, launchTemplate)
    : launchSettings(group.settings, launchTemplate);
  const isRezoned =
    (input.AvailabilityZones ?? input.AvailabilityZoneIds ?? input.VPCZoneIdentifier) !== undefined;
  const AvailabilityZones = isRezoned ? zonesOf(place.region, input) : settings.AvailabilityZones;
  const changed: GroupSettings = {
    ...unlaunched,
    ...launched,
    AvailabilityZones,
    DesiredCapacity: input.DesiredCapacity ?? bounded,
  };
  checkSizes(changed);
  const subnets = isRezoned
    ? subnetsOf(place.ids, AvailabilityZones, changed.VPCZoneIdentifier)
    : group.subnets;
  const isRepurchasing = group.isRepurchasing || isBoughtOtherwise(group.settings, changed, place);
  return { ...group, settings: changed, launchTemplate, subnets, isRepurchasing };
}

/** Whether instances in service are to be replaced, as the purchase options of the policy are others now (D-13.9). */
function isBoughtOtherwise(before: GroupSettings, after: GroupSettings, { switches }: State): boolean {
  const [old, present] = [before, after].map(
    ({ MixedInstancesPolicy: policy }) => policy?.InstancesDistribution,
  );
  if (!old || !present) return false;
  const isOther = (option: 'OnDemandBaseCapacity' | 'OnDemandPercentageAboveBaseCapacity') =>
    old[option] !== present[option];
  return (
    isOther('OnDemandPercentageAboveBaseCapacity') ||
    (switches.baseReplaces && isOther('OnDemandBaseCapacity'))
  );
}

/** A group is described by its launch template or by its policy, never by both. */
function launchSettings(
  source: Pick<GroupSettings, 'MixedInstancesPolicy'>,
  launchTemplate: Group['launchTemplate'],
): Partial<GroupSettings> {
  const { MixedInstancesPolicy: policy } = source;
  return policy ? { MixedInstancesPolicy: mixedWithDefaults(policy) } : { LaunchTemplate: launchTemplate };
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
  const zoneIds = input.AvailabilityZoneIds ?? [];
  if (zones.length > 0 && zoneIds.length > 0)
    throw validationError(
      'You cannot specify both AvailabilityZones and AvailabilityZoneIds in the same request.',
    );
  const strange = zones.find((zone) => !isZoneOf(region, zone));
  if (strange !== undefined) throw validationError(`The availability zone ${strange} is not valid.`);
  if (zones.length > 0) return zones;
  if (zoneIds.length > 0) return zoneIds.map((id) => zoneOfId(region, id));
  const subnets = subnetIds(input.VPCZoneIdentifier);
  if (subnets.length === 0)
    throw validationError('At least one Availability Zone or VPC Subnet is required.');
  return subnets.map((_, index) => `${region}${'abc'.charAt(index % 3)}`).filter(isFirst);
}

/** Zones of a Region have its name and a letter, Local Zones a place in between: `us-west-2-lax-1a`. */
const isZoneOf = (region: string, zone: string): boolean =>
  zone.startsWith(region) && /^(-[a-z]{3}-\d)?[a-z]$/.test(zone.slice(region.length));

/** Here every account has the zones in the same order: `use1-az2` is the second. */
function zoneOfId(region: string, id: string): string {
  const place = Number(/^[a-z]{2,4}\d-az([1-6])$/.exec(id)?.[1]);
  if (Number.isNaN(place)) throw validationError(`The availability zone ID ${id} is not valid.`);
  return `${region}${'abcdef'.charAt(place - 1)}`;
}

const isFirst = (zone: string, index: number, zones: readonly string[]) => zones.indexOf(zone) === index;

const subnetIds = (identifier = '') => identifier.split(',').flatMap((id) => id.trim() || []);

function subnetsOf(ids: Ids, zones: readonly string[], identifier?: string): Record<string, string> {
  const given = subnetIds(identifier);
  return Object.fromEntries(zones.map((zone, index) => [zone, given[index] ?? `subnet-${ids.hex(17)}`]));
}
