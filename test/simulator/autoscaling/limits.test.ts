import { describe, expect, it } from 'vitest';
import { checkLimits } from '../../../simulator/autoscaling/limits.ts';

const refused = (operation: string, input: Record<string, unknown>) => {
  try {
    checkLimits(operation, input);
  } catch (error) {
    return (error as Error).message;
  }
  return undefined;
};

const nest = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight<unknown>((inner, name) => (name === '[]' ? [inner] : { [name]: inner }), value);

const text = (length: number) => 'x'.repeat(length);
const override = ['MixedInstancesPolicy', 'LaunchTemplate', 'Overrides', '[]'];

/** Operation, path, values that fit, values that do not and what is said of them. */
const cases: [string, string[], unknown[], [unknown, string][]][] = [
  [
    'CreateAutoScalingGroup',
    ['AutoScalingGroupName'],
    [text(1), text(255)],
    [
      ['', 'length greater than or equal to 1'],
      [text(256), '255'],
    ],
  ],
  ['CompleteLifecycleAction', ['AutoScalingGroupName'], [text(1600)], [[text(1601), '1600']]],
  ['RecordLifecycleActionHeartbeat', ['AutoScalingGroupName'], [text(1600)], [[text(1601), '1600']]],
  [
    'CreateAutoScalingGroup',
    ['LaunchTemplate', 'LaunchTemplateName'],
    ['ecs', text(128)],
    [
      ['ab', '3'],
      [text(129), '128'],
      ['a b c', '[a-zA-Z0-9'],
    ],
  ],
  ['CreateAutoScalingGroup', ['PlacementGroup'], ['p'], [['', '1']]],
  ['UpdateAutoScalingGroup', ['PlacementGroup'], ['', text(255)], [[text(256), '255']]],
  [
    'CreateAutoScalingGroup',
    ['VPCZoneIdentifier'],
    [text(5000)],
    [
      ['', '1'],
      [text(5001), '5000'],
    ],
  ],
  ['CreateAutoScalingGroup', ['HealthCheckType'], [text(32)], [[text(33), '32']]],
  ['CreateAutoScalingGroup', ['ServiceLinkedRoleARN'], [text(1600)], [[text(1601), '1600']]],
  ['CreateAutoScalingGroup', ['TargetGroupARNs', '[]'], [text(511)], [[text(512), '511']]],
  [
    'CreateAutoScalingGroup',
    ['DeletionProtection'],
    ['none', 'prevent-all-deletion'],
    [['all', 'enum value set: [none, prevent-all-deletion, prevent-force-deletion]']],
  ],
  [
    'CreateAutoScalingGroup',
    ['InstanceMaintenancePolicy', 'MinHealthyPercentage'],
    [-1, 100],
    [
      [-2, '-1'],
      [101, '100'],
    ],
  ],
  [
    'CreateAutoScalingGroup',
    ['InstanceMaintenancePolicy', 'MaxHealthyPercentage'],
    [-1, 200],
    [
      [-2, '-1'],
      [201, '200'],
    ],
  ],
  [
    'CreateAutoScalingGroup',
    ['InstanceLifecyclePolicy', 'RetentionTriggers', 'TerminateHookAbandon'],
    ['retain', 'terminate'],
    [['keep', 'enum value set']],
  ],
  [
    'CreateAutoScalingGroup',
    ['AvailabilityZoneDistribution', 'CapacityDistributionStrategy'],
    ['balanced-only'],
    [['some', 'enum value set']],
  ],
  [
    'CreateAutoScalingGroup',
    ['AvailabilityZoneImpairmentPolicy', 'ImpairedZoneHealthCheckBehavior'],
    ['IgnoreUnhealthy'],
    [['x', 'enum value set']],
  ],
  [
    'CreateAutoScalingGroup',
    ['CapacityReservationSpecification', 'CapacityReservationPreference'],
    ['none'],
    [['x', 'enum value set']],
  ],
  ['CreateAutoScalingGroup', ['Operator', 'Principal'], [text(128)], [[text(129), '128']]],
  [
    'CreateAutoScalingGroup',
    [...override, 'ImageId'],
    ['ami-0'],
    [
      ['ami', 'length greater than or equal to 5'],
      ['image-1', 'ami-'],
    ],
  ],
  ['CreateAutoScalingGroup', [...override, 'WeightedCapacity'], ['1'], [[text(33), '32']]],
  [
    'CreateAutoScalingGroup',
    [...override, 'InstanceRequirements', 'BareMetal'],
    ['included'],
    [['x', 'enum value set']],
  ],
  [
    'CreateAutoScalingGroup',
    [...override, 'InstanceRequirements', 'VCpuCount', 'Min'],
    [0],
    [[-1, 'value greater than or equal to 0']],
  ],
  [
    'CreateAutoScalingGroup',
    [...override, 'InstanceRequirements', 'ExcludedInstanceTypes'],
    [[text(30)]],
    [
      [Array(401).fill('m5'), '400'],
      [[text(31)], '30'],
      [['m5 large'], 'pattern'],
    ],
  ],
  [
    'CreateAutoScalingGroup',
    ['Tags', '[]', 'Key'],
    [text(128)],
    [
      ['', '1'],
      [text(129), '128'],
      ['a\u0000', 'pattern'],
    ],
  ],
  [
    'CreateAutoScalingGroup',
    ['Tags', '[]', 'Value'],
    ['', text(256), 'naïve 🚢'],
    [
      [text(257), '256'],
      ['\ud800', 'pattern'],
    ],
  ],
  [
    'DescribeLifecycleHooks',
    ['LifecycleHookNames'],
    [Array(50).fill('h')],
    [
      [Array(51).fill('h'), '50'],
      [['a b'], 'pattern'],
    ],
  ],
  ['PutLifecycleHook', ['RoleARN'], ['r'], [['', '1']]],
  ['PutLifecycleHook', ['NotificationTargetARN'], ['', text(255)], [[text(256), '255']]],
  [
    'CompleteLifecycleAction',
    ['LifecycleActionToken'],
    [text(36)],
    [
      [text(35), '36'],
      [text(37), '36'],
    ],
  ],
  [
    'SetInstanceHealth',
    ['InstanceId'],
    [text(19)],
    [
      ['', '1'],
      [text(20), '19'],
    ],
  ],
  [
    'SuspendProcesses',
    ['ScalingProcesses', '[]'],
    ['Launch'],
    [
      ['', '1'],
      [text(256), '255'],
    ],
  ],
  ['PutWarmPool', ['MinSize'], [0], [[-1, '0']]],
  ['PutWarmPool', ['MaxGroupPreparedCapacity'], [-1], [[-2, '-1']]],
  [
    'StartInstanceRefresh',
    ['Preferences', 'MinHealthyPercentage'],
    [0, 100],
    [
      [-1, '0'],
      [101, '100'],
    ],
  ],
  [
    'StartInstanceRefresh',
    ['Preferences', 'MaxHealthyPercentage'],
    [100, 200],
    [
      [99, '100'],
      [201, '200'],
    ],
  ],
  ['StartInstanceRefresh', ['Preferences', 'AlarmSpecification', 'Alarms', '[]'], ['a'], [['', '1']]],
];

describe('the limits of the API reference', () => {
  it.each(
    cases.flatMap(([operation, path, fitting]) => fitting.map((value) => [operation, path, value] as const)),
  )('%s takes %j of %j', (operation, path, value) => {
    expect(refused(operation, nest(path, value) as Record<string, unknown>)).toBeUndefined();
  });

  it.each(
    cases.flatMap(([operation, path, , wrong]) =>
      wrong.map(([value, said]) => [operation, path, value, said] as const),
    ),
  )('%s refuses %j of %j: %s', (operation, path, value, said) => {
    const message = refused(operation, nest(path, value) as Record<string, unknown>);
    expect(message).toMatch(/^\d+ validation errors? detected: Value '/);
    expect(message).toContain(said);
  });

  it.each([
    ['CreateAutoScalingGroup', { MinSize: 1.5 }, 'minSize: expected an integer, got 1.5'],
    ['SetDesiredCapacity', { DesiredCapacity: 0.5 }, 'desiredCapacity: expected an integer, got 0.5'],
    ['DescribeTags', { MaxRecords: 2.5 }, 'maxRecords: expected an integer, got 2.5'],
  ])('%s refuses the fraction in %j', (operation, input, said) => {
    expect(refused(operation, input)).toBe(said);
  });

  it('leave fractions to what is measured', () => {
    const InstanceRequirements = { MemoryGiBPerVCpu: { Min: 0.5, Max: 1.5 } };
    expect(refused('CreateAutoScalingGroup', { InstanceRequirements })).toBeUndefined();
  });

  it('are all told at once, with the place of each (common validator)', () => {
    const Tags = [{ Key: 'a' }, { Key: '', Value: text(257) }];
    const message = refused('CreateAutoScalingGroup', { AutoScalingGroupName: '', Tags });
    expect(message).toMatch(/^3 validation errors detected: /);
    expect(message).toContain("Value '' at 'autoScalingGroupName' failed to satisfy constraint: Member must");
    expect(message).toContain("Value '' at 'tags.2.member.key'");
    expect(message).toContain("at 'tags.2.member.value'");
  });
});
