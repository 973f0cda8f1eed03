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
