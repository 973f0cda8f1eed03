import { describe, expect, it } from 'vitest';
import { createGroup } from '../../demo/cluster.ts';
import { Account } from '../../simulator/account.ts';

/** An account with the cluster `demo` and the group `blue` behind the capacity provider `blue`. */
async function account() {
  const one = new Account({ seed: 1 });
  const call = (operation: string, input: Record<string, unknown>) => one.call('ecs', operation, input);
  call('CreateCluster', { clusterName: 'demo' });
  createGroup(one, { clusterName: 'demo', autoScalingGroupName: 'blue', desiredCapacity: 0 });
  const autoScalingGroupProvider = { autoScalingGroupArn: 'blue' };
  const { capacityProvider } = call('CreateCapacityProvider', { name: 'blue', autoScalingGroupProvider });
  call('PutClusterCapacityProviders', {
    cluster: 'demo',
    capacityProviders: ['blue'],
    defaultCapacityProviderStrategy: [{ capacityProvider: 'blue', weight: 1 }],
  });
  await one.advance(10);
  return { one, call, capacityProvider: capacityProvider as Record<string, unknown> };
}

describe('the groups of Auto Scaling and the capacity providers of ECS', () => {
  it('know each other: instances that a group launches belong to its provider (D-4.3, D-4.12)', async () => {
    const { one, call, capacityProvider } = await account();
    expect(capacityProvider.autoScalingGroupProvider).toMatchObject({
      autoScalingGroupArn: expect.stringMatching(/^arn:aws:autoscaling:.*autoScalingGroupName\/blue$/),
    });
    createGroup(one, { clusterName: 'demo', autoScalingGroupName: 'other', desiredCapacity: 1 });
    one.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'blue', DesiredCapacity: 2 });
    await one.advance(120);
    const names = one.ecs.containerInstanceRecords().map(({ capacityProviderName }) => capacityProviderName);
    expect(names.map(String).sort()).toEqual(['blue', 'blue', 'undefined']);
    const containerDefinitions = [{ name: 'app', image: 'app:1', memory: 64 }];
    call('RegisterTaskDefinition', { family: 'web', containerDefinitions });
    const { tasks } = call('RunTask', { cluster: 'demo', taskDefinition: 'web', count: 5 });
    expect((tasks as { capacityProviderName?: string }[]).map((task) => task.capacityProviderName)).toEqual(
      Array(5).fill('blue'),
    );
  });

  it.each([
    ['red', {}, 'there is no Auto Scaling group "red"'],
    [
      'blue',
      { managedTerminationProtection: 'ENABLED' },
      'must have instance protection from scale in enabled',
    ],
  ])('are asked: a provider of %s with %j is refused (D-4.6)', (autoScalingGroupArn, more, expected) => {
    const one = new Account({ seed: 1 });
    createGroup(one, { clusterName: 'demo', autoScalingGroupName: 'blue', desiredCapacity: 0 });
    const create = () =>
      one.call('ecs', 'CreateCapacityProvider', {
        name: 'mine',
        autoScalingGroupProvider: { autoScalingGroupArn, ...more },
      });
    expect(create).toThrow(expected);
  });
});

describe('EC2 and the warm pool of a group', () => {
  it('stop what rests there and start what leaves it, whose agent then registers (D-3.28)', async () => {
    const one = new Account({ seed: 1 });
    one.call('ecs', 'CreateCluster', { clusterName: 'demo' });
    createGroup(one, { clusterName: 'demo', autoScalingGroupName: 'blue', desiredCapacity: 0 });
    const demo = { AutoScalingGroupName: 'blue' };
    one.call('autoscaling', 'PutWarmPool', { ...demo, MaxGroupPreparedCapacity: 1 });
    await one.advance(60);
    const { Instances } = one.call('autoscaling', 'DescribeWarmPool', demo) as {
      Instances: { InstanceId: string; LifecycleState: string }[];
    };
    expect(Instances.map(({ LifecycleState }) => LifecycleState)).toEqual(['Warmed:Stopped']);
    const instanceId = Instances[0]?.InstanceId ?? '';
    expect(one.ec2.instance(instanceId).state).toBe('stopped');
    one.call('autoscaling', 'SetDesiredCapacity', { ...demo, DesiredCapacity: 1 });
    await one.advance(300);
    expect(one.ec2.instance(instanceId).state).toBe('running');
    const registered = one.ecs.containerInstanceRecords().map(({ ec2InstanceId }) => ec2InstanceId);
    expect(registered).toContain(instanceId);
    one.call('autoscaling', 'DetachInstances', {
      ...demo,
      InstanceIds: [instanceId],
      ShouldDecrementDesiredCapacity: true,
    });
    await one.advance(5);
    one.call('autoscaling', 'AttachInstances', { ...demo, InstanceIds: [instanceId] });
    await one.advance(5);
    const described = one.call('autoscaling', 'DescribeAutoScalingInstances', { InstanceIds: [instanceId] });
    expect(described.AutoScalingInstances).toMatchObject([{ LifecycleState: 'InService' }]);
  });
});
