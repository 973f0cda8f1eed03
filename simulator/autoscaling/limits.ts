import {
  AcceleratorManufacturer,
  AcceleratorName,
  AcceleratorType,
  BareMetal,
  BurstablePerformance,
  CapacityDistributionStrategy,
  CapacityReservationPreference,
  CpuManufacturer,
  DeletionProtection,
  ImpairedZoneHealthCheckBehavior,
  InstanceGeneration,
  LocalStorage,
  LocalStorageType,
  RefreshStrategy,
  RetentionAction,
  ScaleInProtectedInstances,
  StandbyInstances,
  WarmPoolState,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../machine.ts';
import { refusal, violation } from './validation.ts';

/** What a member may hold: texts by their length, numbers by their value, lists by their count. */
interface Limit {
  readonly least?: number;
  readonly most?: number;
  readonly pattern?: string;
  readonly values?: readonly string[];
}

const within = (least: number, most: number, pattern?: string): Limit =>
  pattern === undefined ? { least, most } : { least, most, pattern };
const values = (enumeration: Readonly<Record<string, string>>): Limit => ({
  values: Object.values(enumeration),
});

const name = within(1, 255);
const hookName = within(1, 255, '[A-Za-z0-9\\-_\\/]+');
const instanceTypes = within(1, 30, '[a-zA-Z0-9\\.\\*\\-]+');
const whole: Limit = { least: 0 };

/**
 * The limits that the API reference gives, by member; `X[]` are the items of a list. A member that has other limits in
 * another place stands there with what holds it: the operation or the structure.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Operations.html
 */
const limits: Readonly<Record<string, Limit>> = {
  'AcceleratorManufacturers[]': values(AcceleratorManufacturer),
  'AcceleratorNames[]': values(AcceleratorName),
  'AcceleratorTypes[]': values(AcceleratorType),
  'Alarms[]': name,
  AllowedInstanceTypes: { most: 400 },
  'AllowedInstanceTypes[]': instanceTypes,
  AutoScalingGroupName: name,
  'CompleteLifecycleAction.AutoScalingGroupName': within(1, 1600),
  'RecordLifecycleActionHeartbeat.AutoScalingGroupName': within(1, 1600),
  'AutoScalingGroupNames[]': name,
  'AvailabilityZoneIds[]': name,
  'AvailabilityZones[]': name,
  BakeTime: within(0, 172_800),
  BareMetal: values(BareMetal),
  BurstablePerformance: values(BurstablePerformance),
  CapacityDistributionStrategy: values(CapacityDistributionStrategy),
  'CapacityReservationIds[]': hookName,
  CapacityReservationPreference: values(CapacityReservationPreference),
  'CapacityReservationResourceGroupArns[]': within(1, 1600),
  CheckpointDelay: within(0, 172_800),
  'CheckpointPercentages[]': within(1, 100),
  'CpuManufacturers[]': values(CpuManufacturer),
  DeletionProtection: values(DeletionProtection),
  DesiredCapacityType: name,
  ExcludedInstanceTypes: { most: 400 },
  'ExcludedInstanceTypes[]': instanceTypes,
  HealthCheckType: within(1, 32),
  HealthStatus: within(1, 32),
  Identifier: within(1, 511),
  ImageId: within(5, 21, 'ami-[a-z0-9]{1,17}'),
  ImpairedZoneHealthCheckBehavior: values(ImpairedZoneHealthCheckBehavior),
  'InstanceGenerations[]': values(InstanceGeneration),
  InstanceId: within(1, 19),
  'InstanceIds[]': within(1, 19),
  'InstanceRefreshIds[]': name,
  InstanceType: name,
  InstanceWarmup: whole,
  Key: within(1, 128),
  LaunchConfigurationName: name,
  LaunchTemplateId: name,
  LaunchTemplateName: within(3, 128, '[a-zA-Z0-9\\(\\)\\.\\-/_]+'),
  LifecycleActionToken: within(36, 36),
  LifecycleHookName: hookName,
  LifecycleHookNames: { most: 50 },
  'LifecycleHookNames[]': hookName,
  'LoadBalancerNames[]': name,
  LocalStorage: values(LocalStorage),
  'LocalStorageTypes[]': values(LocalStorageType),
  Max: whole,
  MaxGroupPreparedCapacity: { least: -1 },
  'InstanceMaintenancePolicy.MaxHealthyPercentage': within(-1, 200),
  'Preferences.MaxHealthyPercentage': within(100, 200),
  MaxSpotPriceAsPercentageOfOptimalOnDemandPrice: whole,
  Min: whole,
  'InstanceMaintenancePolicy.MinHealthyPercentage': within(-1, 100),
  'Preferences.MinHealthyPercentage': within(0, 100),
  'PutWarmPool.MinSize': whole,
  NotificationMetadata: within(1, 4000, '[\\u0009\\u000A\\u000D\\u0020-\\u007e]+'),
  NotificationTargetARN: within(0, 255),
  OnDemandMaxPricePercentageOverLowestPrice: whole,
  PlacementGroup: name,
  'UpdateAutoScalingGroup.PlacementGroup': within(0, 255),
  PoolState: values(WarmPoolState),
  Principal: within(1, 128),
  RoleARN: name,
  ScaleInProtectedInstances: values(ScaleInProtectedInstances),
  'ScalingProcesses[]': name,
  ServiceLinkedRoleARN: within(1, 1600),
  SpotMaxPrice: within(0, 255),
  SpotMaxPricePercentageOverLowestPrice: whole,
  StandbyInstances: values(StandbyInstances),
  Strategy: values(RefreshStrategy),
  'TargetGroupARNs[]': within(1, 511),
  TerminateHookAbandon: values(RetentionAction),
  'TerminationPolicies[]': within(1, 1600),
  Type: within(1, 511),
  Value: within(0, 256),
  Version: name,
  VPCZoneIdentifier: within(1, 5000),
  WeightedCapacity: within(1, 32),
};

/** Any text holds no control characters but these, and no lone surrogates; the pattern as AWS tells it. */
const textPattern = '[\\u0020-\\uD7FF\\uE000-\\uFFFD\\uD800\\uDC00-\\uDBFF\\uDFFF\\r\\n\\t]*';
const isText = /^[\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}\r\n\t]*$/u;

/** What instances must have may be given in parts of a gibibyte or gigabit; every other number is an integer. */
const fractional = /(^|\.)(memoryGiBPerVCpu|networkBandwidthGbps|totalLocalStorageGB)\.(min|max)$/;

/** The protocol layer refuses what it cannot read as an integer, before the service looks at it. */
const malformed = (path: string, value: number) =>
  new Fault('MalformedInput', `${path}: expected an integer, got ${value}`);

/** Throws the ValidationError of AWS's common validator when a member is outside its limits; it names all of them. */
export function checkLimits(operation: string, input: Readonly<Record<string, unknown>>): void {
  const found = inMembers(operation, input, '');
  if (found.length > 0) throw refusal(found);
}

function inMembers(holder: string, members: Readonly<Record<string, unknown>>, path: string): string[] {
  return Object.entries(members).flatMap(([member, value]) => {
    const lower = `${member.charAt(0).toLowerCase()}${member.slice(1)}`;
    return inValue(holder, member, value, path === '' ? lower : `${path}.${lower}`);
  });
}

function inValue(holder: string, member: string, value: unknown, path: string): string[] {
  const own = broken(limits[`${holder}.${member}`] ?? limits[member], value, path);
  if (Array.isArray(value))
    return [
      ...own,
      ...value.flatMap((item, index) => inValue(holder, `${member}[]`, item, `${path}.${index + 1}.member`)),
    ];
  const isStructure = typeof value === 'object' && value !== null && !(value instanceof Date);
  return isStructure ? [...own, ...inMembers(member, value as Record<string, unknown>, path)] : own;
}

function broken(
  { least, most, pattern, values: allowed }: Limit = {},
  value: unknown,
  path: string,
): string[] {
  const found: string[] = [];
  const say = (rule: string) => found.push(violation(path, value, rule));
  const size = typeof value === 'string' || Array.isArray(value) ? value.length : value;
  const what = size === value ? 'value' : 'length';
  if (typeof size === 'number') {
    if (what === 'value' && !fractional.test(path) && !Number.isInteger(size)) throw malformed(path, size);
    if (least !== undefined && size < least) say(`have ${what} greater than or equal to ${least}`);
    if (most !== undefined && size > most) say(`have ${what} less than or equal to ${most}`);
  }
  if (typeof value !== 'string') return found;
  if (allowed && !allowed.includes(value)) say(`satisfy enum value set: [${allowed.join(', ')}]`);
  const isFitting = pattern === undefined ? isText.test(value) : new RegExp(`^(?:${pattern})$`).test(value);
  if (!isFitting) say(`satisfy regular expression pattern: ${pattern ?? textPattern}`);
  return found;
}
