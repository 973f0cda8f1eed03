import type { InstanceRequirements } from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import { satisfying } from '../../../simulator/autoscaling/requirements.ts';
import { offeredTypes } from '../../../simulator/ec2/instance.ts';
import { Scene } from './scene.ts';

const any: InstanceRequirements = { VCpuCount: { Min: 1 }, MemoryMiB: { Min: 1 } };

describe('the types that satisfy requirements', () => {
  it.each<[Partial<InstanceRequirements>, string[]]>([
    [{}, ['c5.large', 'm5.large', 'm6i.large', 'm6i.xlarge']],
    [{ VCpuCount: { Min: 4 } }, ['m6i.xlarge']],
    [{ VCpuCount: { Min: 1, Max: 2 } }, ['c5.large', 'm5.large', 'm6i.large']],
    [{ MemoryMiB: { Min: 8192, Max: 8192 } }, ['m5.large', 'm6i.large']],
    [{ MemoryGiBPerVCpu: { Max: 2 } }, ['c5.large']],
    [{ BurstablePerformance: 'included' }, ['t3.medium', 'c5.large', 'm5.large', 'm6i.large', 'm6i.xlarge']],
    [{ BurstablePerformance: 'required' }, ['t3.medium']],
    [{ AllowedInstanceTypes: ['m*.large'] }, ['m5.large', 'm6i.large']],
    [{ ExcludedInstanceTypes: ['m6i.*', 'c5.large'] }, ['m5.large']],
    [{ AllowedInstanceTypes: ['m5xlarge'] }, []],
    [{ CpuManufacturers: ['amd'] }, []],
    [{ CpuManufacturers: ['amd', 'intel'], VCpuCount: { Min: 4 } }, ['m6i.xlarge']],
    [{ InstanceGenerations: ['previous'] }, []],
    [{ BareMetal: 'required' }, []],
    [{ LocalStorage: 'required' }, []],
    [{ AcceleratorCount: { Min: 1 } }, []],
    [{ AcceleratorCount: { Max: 0 }, VCpuCount: { Min: 4 } }, ['m6i.xlarge']],
  ])('of %j are %j', (asked, names) => {
    expect(satisfying(offeredTypes, { ...any, ...asked }).map(({ name }) => name)).toEqual(names);
  });
});

describe('a policy with requirements', () => {
  const policy = (InstanceRequirements: InstanceRequirements) => ({
    LaunchTemplate: undefined,
    MixedInstancesPolicy: {
      LaunchTemplate: {
        LaunchTemplateSpecification: { LaunchTemplateName: 'ecs' },
        Overrides: [{ InstanceRequirements }],
      },
      InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: 0 },
    },
  });
  const typesIn = (scene: Scene) => scene.describe().Instances?.map(({ InstanceType }) => InstanceType);

  it('launches the first type that satisfies them, and the next where that has no capacity', () => {
    const scene = new Scene({ offeredTypes });
    scene.group({ DesiredCapacity: 1, ...policy({ ...any, MemoryMiB: { Min: 8192 } }) });
    expect(typesIn(scene)).toEqual(['m5.large']);
    scene.autoscaling.setCapacity('demo', false, { instanceType: 'm5.large' });
    scene.desired(2);
    expect(typesIn(scene)).toEqual(['m5.large', 'm6i.large']);
  });

  it('is refused where no type does', () => {
    const scene = new Scene({ offeredTypes });
    expect(() => scene.group(policy({ ...any, VCpuCount: { Min: 64 } }))).toThrow(
      'EC2 here has no instances of a type that satisfies the InstanceRequirements.',
    );
  });
});
