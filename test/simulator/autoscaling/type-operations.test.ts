import { describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

describe('what Auto Scaling says of itself', () => {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 0 });

  it.each([
    [
      'DescribeLifecycleHookTypes',
      { LifecycleHookTypes: ['autoscaling:EC2_INSTANCE_LAUNCHING', 'autoscaling:EC2_INSTANCE_TERMINATING'] },
    ],
    [
      'DescribeTerminationPolicyTypes',
      {
        TerminationPolicyTypes: [
          'AllocationStrategy',
          'ClosestToNextInstanceHour',
          'Default',
          'NewestInstance',
          'OldestInstance',
          'OldestLaunchConfiguration',
          'OldestLaunchTemplate',
        ],
      },
    ],
    [
      'DescribeAccountLimits',
      {
        MaxNumberOfAutoScalingGroups: 500,
        MaxNumberOfLaunchConfigurations: 200,
        NumberOfAutoScalingGroups: 1,
        NumberOfLaunchConfigurations: 0,
      },
    ],
  ])('is answered by %s (D-5.16)', (operation, expected) => {
    expect(scene.call(operation)).toEqual(expected);
  });

  it('names each process that can be suspended, and each name can be', () => {
    const { Processes } = scene.call<{ Processes: { ProcessName: string }[] }>('DescribeScalingProcessTypes');
    expect(Processes).toHaveLength(9);
    for (const { ProcessName } of Processes)
      scene.call('SuspendProcesses', { AutoScalingGroupName: 'demo', ScalingProcesses: [ProcessName] });
    expect(scene.describe().SuspendedProcesses).toHaveLength(9);
  });
});
