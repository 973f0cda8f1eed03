import { describe, expect, it } from 'vitest';
import { answering } from '../../../simulator/answered.ts';
import { AutoScaling } from '../../../simulator/autoscaling/autoscaling.ts';
import { Ids } from '../../../simulator/chance.ts';
import { drainHook, Scene } from './scene.ts';

describe('reads', () => {
  it('answer from the state at the time they are given, groups and instances alike', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 }, {});
    const before = scene.now;
    const seen = {
      groups: scene.call('DescribeAutoScalingGroups'),
      hooks: scene.hooks(),
      activities: scene.activities(),
    };
    scene.advance(1);
    scene.desired(0);
    scene.call('DeleteLifecycleHook', { AutoScalingGroupName: 'demo', LifecycleHookName: drainHook });
    scene.advance(40);
    const demo = { AutoScalingGroupName: 'demo' };
    expect(scene.call('DescribeAutoScalingGroups', {}, before)).toEqual(seen.groups);
    expect(scene.call('DescribeLifecycleHooks', demo, before)).toEqual({ LifecycleHooks: seen.hooks });
    expect(scene.call('DescribeScalingActivities', demo, before)).toMatchObject({
      Activities: seen.activities,
    });
    expect(scene.call('DescribeAutoScalingInstances', {}, before).AutoScalingInstances).toHaveLength(1);
    expect(scene.states()).toEqual({});
  });

  it('look at the table that their views are kept by', () => {
    const { autoscaling } = new Scene();
    expect(
      [
        'DescribeAutoScalingGroups',
        'DescribeAutoScalingInstances',
        'DescribeTags',
        'DescribeLifecycleHooks',
      ].map((operation) => autoscaling.tableRead(operation)),
    ).toEqual(['groups', 'groups', 'groups', 'hooks']);
    expect(autoscaling.tableRead('DescribeScalingActivities')).toBe('activities');
    expect(autoscaling.tableRead('CompleteLifecycleAction')).toBeUndefined();
  });
});

describe('an operation that the simulator does not have', () => {
  it('is refused', () => {
    const start = () => new Scene().call('ExecutePolicy', { PolicyName: 'grow' });
    expect(start).toThrow(expect.objectContaining({ code: 'InvalidAction' }));
  });
});

describe('the machine', () => {
  it('has nothing to do until it is called, then says when', () => {
    const scene = new Scene();
    expect(scene.autoscaling.nextAt).toBeUndefined();
    scene.group({ DesiredCapacity: 1 });
    expect(scene.autoscaling.nextAt).toBeUndefined();
    scene.desired(0);
    expect(scene.autoscaling.nextAt).toBe(scene.now + 1000);
  });

  it('gives the same ids for the same seed', () => {
    const first = (seed: number) => {
      const autoscaling = new AutoScaling({ region: 'eu-west-1', accountId: 'a', ids: new Ids(seed, 'x') });
      const input = {
        AutoScalingGroupName: 'g',
        MinSize: 1,
        MaxSize: 1,
        AvailabilityZones: ['eu-west-1a'],
        LaunchTemplate: { LaunchTemplateName: 'ecs' },
      };
      const caller = { principalArn: 'x', client: 'x' };
      const call = { operation: 'CreateAutoScalingGroup', input, caller, viewAt: 0 };
      return answering('autoscaling', call, () => autoscaling.apply(0, call)).outcomes;
    };
    expect(first(1)).toEqual(first(1));
    expect(first(1)).not.toEqual(first(2));
  });
});
