import type { CreateAutoScalingGroupType } from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

const demo = { AutoScalingGroupName: 'demo' };
const specification = { LaunchTemplateSpecification: { LaunchTemplateName: 'ecs' } };
const mixed = (more: object = {}, launch: object = {}) => ({
  LaunchTemplate: undefined,
  MixedInstancesPolicy: { LaunchTemplate: { ...specification, ...launch }, ...more },
});

const create = (scene: Scene, input: Record<string, unknown>) =>
  scene.group({ DesiredCapacity: 0, ...(input as Partial<CreateAutoScalingGroupType>) });

/** What a request holds, and what is said against it. */
const refusals: [string, Record<string, unknown>, string][] = [
  ['a cooldown below 0', { DefaultCooldown: -1 }, "'defaultCooldown'"],
  ['a grace period below 0', { HealthCheckGracePeriod: -1 }, "'healthCheckGracePeriod'"],
  ['a warm-up below -1', { DefaultInstanceWarmup: -2 }, "'defaultInstanceWarmup'"],
  ['a lifetime below a day (D-13.60)', { MaxInstanceLifetime: 86_399 }, '86400'],
  ['a lifetime above a year (D-13.60)', { MaxInstanceLifetime: 31_536_001 }, '31536000'],
  ['an unknown unit of capacity', { DesiredCapacityType: 'kilo' }, '[units, vcpu, memory-mib]'],
  ['an unknown health check', { HealthCheckType: 'EC2,DNS' }, '[EC2, EBS, ELB, VPC_LATTICE]'],
  ['an unknown termination policy', { TerminationPolicies: ['Default', 'Oldest'] }, "'Oldest' at"],
  ['one percentage alone', { InstanceMaintenancePolicy: { MinHealthyPercentage: 90 } }, 'specify both'],
  [
    'percentages too far apart (D-3.27)',
    { InstanceMaintenancePolicy: { MinHealthyPercentage: 50, MaxHealthyPercentage: 151 } },
    'cannot be greater than 100',
  ],
  [
    'a most below 100 (D-3.27)',
    { InstanceMaintenancePolicy: { MinHealthyPercentage: 0, MaxHealthyPercentage: 99 } },
    "'instanceMaintenancePolicy.maxHealthyPercentage'",
  ],
  [
    'half a clearing (D-3.27)',
    { InstanceMaintenancePolicy: { MinHealthyPercentage: -1, MaxHealthyPercentage: 110 } },
    'must both be -1',
  ],
  [
    'a launch configuration',
    { LaunchTemplate: undefined, LaunchConfigurationName: 'old' },
    'configuration old not found',
  ],
  ['two sources', { LaunchConfigurationName: 'old' }, 'must contain either LaunchTemplate'],
  ['a template without a name', { LaunchTemplate: {} }, 'either launchTemplateId or LaunchTemplateName'],
  [
    'a template with name and id',
    { LaunchTemplate: { LaunchTemplateName: 'ecs', LaunchTemplateId: 'lt-1' } },
    'either launchTemplateId or LaunchTemplateName',
  ],
  [
    'an unknown template id',
    { LaunchTemplate: { LaunchTemplateId: 'lt-1' } },
    'template ID lt-1, does not exist',
  ],
  [
    'a policy without a template',
    { LaunchTemplate: undefined, MixedInstancesPolicy: {} },
    'must contain a LaunchTemplate',
  ],
  ['a base below 0', mixed({ InstancesDistribution: { OnDemandBaseCapacity: -1 } }), 'onDemandBaseCapacity'],
  [
    'more than 100 percent On-Demand',
    mixed({ InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: 101 } }),
    'onDemandPercentageAboveBaseCapacity',
  ],
  ['21 Spot pools', mixed({ InstancesDistribution: { SpotInstancePools: 21 } }), 'spotInstancePools'],
  [
    'an unknown On-Demand strategy',
    mixed({ InstancesDistribution: { OnDemandAllocationStrategy: 'cheap' } }),
    'onDemandAllocationStrategy',
  ],
  [
    'an unknown Spot strategy',
    mixed({ InstancesDistribution: { SpotAllocationStrategy: 'cheap' } }),
    'spotAllocationStrategy',
  ],
  [
    '41 instance types',
    mixed({}, { Overrides: Array.from({ length: 41 }, () => ({ InstanceType: 'm6i.large' })) }),
    'up to 40 instance types',
  ],
  ['a weight of 0', mixed({}, { Overrides: [{ WeightedCapacity: '0' }] }), "'weightedCapacity'"],
  [
    'a type beside requirements',
    mixed(
      {},
      {
        Overrides: [
          {
            InstanceType: 'm6i.large',
            InstanceRequirements: { VCpuCount: { Min: 1 }, MemoryMiB: { Min: 1 } },
          },
        ],
      },
    ),
    "you can't specify InstanceType",
  ],
];

describe('the settings of a group', () => {
  it.each(refusals)('are refused on creation: %s', (_, input, message) => {
    const scene = new Scene();
    expect(() => create(scene, input)).toThrow(expect.objectContaining({ code: 'ValidationError' }));
    expect(() => create(scene, input)).toThrow(message);
    expect(scene.describe()).toBeUndefined();
  });

  it.each(refusals.filter(([, input]) => !('LaunchTemplate' in input) || input.LaunchTemplate !== undefined))(
    'are refused on a change, which then changes nothing: %s',
    (_, input, message) => {
      const scene = new Scene();
      create(scene, {});
      const before = scene.describe();
      const withSource =
        'LaunchConfigurationName' in input
          ? { LaunchTemplate: specification.LaunchTemplateSpecification }
          : {};
      const update = () =>
        scene.call('UpdateAutoScalingGroup', { ...demo, ...withSource, ...input, MaxSize: 50 });
      expect(update).toThrow(message);
      expect(scene.describe()).toEqual(before);
    },
  );

  it.each(['a:b', 'a b', 'ä'])('have a name without %j (CreateAutoScalingGroup)', (AutoScalingGroupName) => {
    const scene = new Scene();
    expect(() => create(scene, { AutoScalingGroupName })).toThrow("at 'autoScalingGroupName'");
  });

  it.each([
    { MaxInstanceLifetime: 0 },
    { MaxInstanceLifetime: 86_400 },
    { MaxInstanceLifetime: 31_536_000 },
    { HealthCheckType: 'EC2,EBS,ELB,VPC_LATTICE' },
    { TerminationPolicies: ['OldestInstance', 'arn:aws:lambda:us-east-1:111122223333:function:choose:live'] },
    { DefaultInstanceWarmup: -1 },
    { CapacityRebalance: true },
    { NewInstancesProtectedFromScaleIn: true },
    { InstanceMaintenancePolicy: { MinHealthyPercentage: 100, MaxHealthyPercentage: 200 } },
    { InstanceLifecyclePolicy: { RetentionTriggers: { TerminateHookAbandon: 'retain' } } },
    { DeletionProtection: 'prevent-force-deletion' },
    { Context: 'reserved' },
  ])('are described as they were given: %j', (input) => {
    const scene = new Scene();
    create(scene, input);
    expect(scene.describe()).toMatchObject(input);
    const other = new Scene();
    create(other, {});
    other.call('UpdateAutoScalingGroup', { ...demo, ...input });
    expect(other.describe()).toMatchObject(input);
  });

  it('have the defaults of the distribution filled in, and the base and percentage as given (D-13.9)', () => {
    const scene = new Scene();
    create(
      scene,
      mixed({ InstancesDistribution: { OnDemandBaseCapacity: 2, OnDemandPercentageAboveBaseCapacity: 25 } }),
    );
    expect(scene.describe().MixedInstancesPolicy?.InstancesDistribution).toEqual({
      OnDemandAllocationStrategy: 'prioritized',
      OnDemandBaseCapacity: 2,
      OnDemandPercentageAboveBaseCapacity: 25,
      SpotAllocationStrategy: 'lowest-price',
      SpotInstancePools: 2,
    });
    const SpotAllocationStrategy = 'price-capacity-optimized';
    scene.call('UpdateAutoScalingGroup', {
      ...demo,
      ...mixed({ InstancesDistribution: { SpotAllocationStrategy } }),
    });
    const changed = scene.describe().MixedInstancesPolicy?.InstancesDistribution;
    expect(changed).toMatchObject({ OnDemandBaseCapacity: 0, SpotAllocationStrategy });
    expect(changed).not.toHaveProperty('SpotInstancePools');
  });

  it('change between a launch template and a policy, and have one of them at a time', () => {
    const scene = new Scene();
    create(scene, {});
    scene.call('UpdateAutoScalingGroup', { ...demo, ...mixed() });
    expect(scene.describe().LaunchTemplate).toBeUndefined();
    scene.call('UpdateAutoScalingGroup', { ...demo, MaxSize: 7 });
    expect(scene.describe().MixedInstancesPolicy).toBeDefined();
    scene.call('UpdateAutoScalingGroup', {
      ...demo,
      LaunchTemplate: { LaunchTemplateName: 'ecs', Version: '3' },
    });
    expect(scene.describe()).toMatchObject({ LaunchTemplate: { Version: '3' }, MaxSize: 7 });
    expect(scene.describe().MixedInstancesPolicy).toBeUndefined();
  });

  it('lose their maintenance policy with -1 and keep it otherwise (D-3.27)', () => {
    const scene = new Scene();
    const policy = { MinHealthyPercentage: 90, MaxHealthyPercentage: 110 };
    create(scene, { InstanceMaintenancePolicy: policy });
    scene.call('UpdateAutoScalingGroup', { ...demo, MaxSize: 7 });
    expect(scene.describe().InstanceMaintenancePolicy).toEqual(policy);
    const InstanceMaintenancePolicy = { MinHealthyPercentage: -1, MaxHealthyPercentage: -1 };
    scene.call('UpdateAutoScalingGroup', { ...demo, InstanceMaintenancePolicy });
    expect(scene.describe().InstanceMaintenancePolicy).toBeUndefined();
  });

  it('name zones by name or by id, not by both', () => {
    const scene = new Scene();
    create(scene, { AvailabilityZones: undefined, AvailabilityZoneIds: ['use1-az2', 'use1-az1'] });
    expect(scene.describe().AvailabilityZones).toEqual(['us-east-1b', 'us-east-1a']);
    const both = { AvailabilityZones: ['us-east-1a'], AvailabilityZoneIds: ['use1-az1'] };
    expect(() => create(scene, { AutoScalingGroupName: 'other', ...both })).toThrow('both AvailabilityZones');
    const update = (AvailabilityZoneIds: string[]) =>
      scene.call('UpdateAutoScalingGroup', { ...demo, AvailabilityZoneIds });
    expect(() => update(['b'])).toThrow('The availability zone ID b is not valid.');
    update(['use1-az3']);
    expect(scene.describe().AvailabilityZones).toEqual(['us-east-1c']);
  });
});
