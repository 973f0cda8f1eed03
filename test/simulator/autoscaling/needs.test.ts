import { describe, expect, it } from 'vitest';
import { Scene, tagged } from './scene.ts';

describe('needs (D-13.12)', () => {
  const scene = tagged({ demo: { 'ecs-steward:cluster': 'blue' } });
  const needs = (operation: string, input: Record<string, unknown>) =>
    scene.autoscaling.needs({
      operation,
      input,
      caller: { principalArn: 'x', client: 'x' },
      viewAt: scene.now,
    });

  it.each([
    'DescribeAutoScalingGroups',
    'DescribeLifecycleHooks',
    'DescribeScalingActivities',
    'DescribeTags',
  ])('lets %s be allowed on * only', (operation) => {
    expect(needs(operation, { AutoScalingGroupName: 'demo' })).toEqual([
      { action: `autoscaling:${operation}`, resource: '*', context: {} },
    ]);
  });

  it.each([
    'CompleteLifecycleAction',
    'RecordLifecycleActionHeartbeat',
    'PutLifecycleHook',
    'DeleteLifecycleHook',
  ])('names the group and its tags for %s', (operation) => {
    expect(needs(operation, { AutoScalingGroupName: 'demo' })).toEqual([
      {
        action: `autoscaling:${operation}`,
        resource: scene.describe().AutoScalingGroupARN,
        context: {
          'autoscaling:ResourceTag/ecs-steward:cluster': 'blue',
          'aws:ResourceTag/ecs-steward:cluster': 'blue',
        },
      },
    ]);
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
