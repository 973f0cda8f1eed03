import { describe, expect, it } from 'vitest';
import { createGroup } from '../../../demo/cluster.ts';
import { Account } from '../../../simulator/account.ts';

const hookName = 'ecs-managed-draining-termination-hook';
const role = 'arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS';

/** An account with so many instances of the group `blue` behind a provider, and a task that runs until it is told to stop. */
async function account(provider: Record<string, unknown> = {}, stopSeconds = 30) {
  const one = new Account({ seed: 1 });
  const ecs = (operation: string, input: Record<string, unknown>) => one.call('ecs', operation, input);
  ecs('CreateCluster', { clusterName: 'demo' });
  createGroup(one, { clusterName: 'demo', autoScalingGroupName: 'blue', desiredCapacity: 0 });
  const autoScalingGroupProvider = { autoScalingGroupArn: 'blue', ...provider };
  ecs('CreateCapacityProvider', { name: 'blue', autoScalingGroupProvider });
  ecs('PutClusterCapacityProviders', {
    cluster: 'demo',
    capacityProviders: ['blue'],
    defaultCapacityProviderStrategy: [{ capacityProvider: 'blue', weight: 1 }],
  });
  size(one, 1);
  await one.advance(120);
  const dockerLabels = { 'simulator.stop-seconds': String(stopSeconds) };
  const containerDefinitions = [{ name: 'app', image: 'app:1', memory: 64, stopTimeout: 120, dockerLabels }];
  ecs('RegisterTaskDefinition', { family: 'web', containerDefinitions });
  return one;
}

const size = (one: Account, DesiredCapacity: number) =>
  one.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'blue', DesiredCapacity });

const runTask = (one: Account) => one.call('ecs', 'RunTask', { cluster: 'demo', taskDefinition: 'web' });

async function service(one: Account) {
  one.call('ecs', 'CreateService', {
    cluster: 'demo',
    serviceName: 'web',
    taskDefinition: 'web',
    desiredCount: 1,
    deploymentConfiguration: { minimumHealthyPercent: 0, maximumPercent: 100 },
  });
  await one.advance(60);
}

const hooks = (one: Account) =>
  one.call('autoscaling', 'DescribeLifecycleHooks', { AutoScalingGroupName: 'blue' })
    .LifecycleHooks as Record<string, unknown>[];

const statusOf = (one: Account) => one.ecs.containerInstanceRecords()[0]?.status;
const actions = (one: Account) => one.autoscaling.lifecycleActions();
const putHook = (one: Account) =>
  one.call('autoscaling', 'PutLifecycleHook', {
    AutoScalingGroupName: 'blue',
    LifecycleHookName: 'mine',
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    HeartbeatTimeout: 900,
    DefaultResult: 'CONTINUE',
  });

describe('the hook of managed draining', () => {
  it('is put on the group with its provider, terminating, an hour, CONTINUE (D-4.21, D-4.22)', async () => {
    expect(hooks(await account())).toMatchObject([
      {
        LifecycleHookName: hookName,
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        HeartbeatTimeout: 3600,
        DefaultResult: 'CONTINUE',
      },
    ]);
  });

  it('is not there where draining is off, goes when it is turned off and comes when it is turned on', async () => {
    const one = await account({ managedDraining: 'DISABLED' });
    expect(hooks(one)).toEqual([]);
    const turn = (managedDraining: string) =>
      one.call('ecs', 'UpdateCapacityProvider', {
        name: 'blue',
        autoScalingGroupProvider: { managedDraining },
      });
    turn('ENABLED');
    await one.advance(10);
    expect(hooks(one)).toMatchObject([{ LifecycleHookName: hookName }]);
    turn('DISABLED');
    await one.advance(10);
    expect(hooks(one)).toEqual([]);
  });

  it('stays when the provider is deleted; what leaves then hangs for an hour (D-4.23)', async () => {
    const one = await account();
    const none = { cluster: 'demo', capacityProviders: [], defaultCapacityProviderStrategy: [] };
    one.call('ecs', 'PutClusterCapacityProviders', none);
    await one.advance(10);
    one.call('ecs', 'DeleteCapacityProvider', { capacityProvider: 'blue' });
    await one.advance(10);
    expect(hooks(one)).toMatchObject([{ LifecycleHookName: hookName }]);
    size(one, 0);
    await one.advance(3500);
    expect([statusOf(one), actions(one)[0]?.endedAt]).toEqual(['ACTIVE', undefined]);
    await one.advance(120);
    expect(actions(one)).toMatchObject([{ endedBy: 'timeout', result: 'CONTINUE' }]);
  });
});

describe('managed draining', () => {
  it('drains what leaves the group and lets it go once its tasks have stopped, as ECS itself (D-4.22, D-4.24)', async () => {
    const one = await account();
    await service(one);
    size(one, 0);
    await one.advance(10);
    expect(statusOf(one)).toBe('DRAINING');
    await one.until('the action to end', () => actions(one)[0]?.endedAt !== undefined, 120);
    expect(actions(one)).toMatchObject([
      { lifecycleHookName: hookName, endedBy: 'complete', result: 'CONTINUE', completedByPrincipalArn: role },
    ]);
    const [task] = one.ecs.taskRecords();
    expect(task).toMatchObject({ lastStatus: 'STOPPED', cutOff: false });
  });

  it('lets an empty instance go at once', async () => {
    const one = await account();
    size(one, 0);
    await one.advance(5);
    expect(actions(one)).toMatchObject([{ endedBy: 'complete', heartbeats: 0 }]);
  });

  it('keeps an instance with heartbeats while a task runs, and gives up after 48 hours (D-4.22)', async () => {
    const one = await account();
    runTask(one);
    await one.advance(30);
    size(one, 0);
    await one.advance(47.9 * 3600);
    const [held] = actions(one);
    expect(held?.endedAt).toBeUndefined();
    expect(held?.heartbeats).toBeGreaterThan(90);
    await one.advance(720);
    expect(actions(one)[0]?.result).toBe('CONTINUE');
    await one.advance(120);
    expect(one.ecs.taskRecords()[0]).toMatchObject({ lastStatus: 'STOPPED', cutOff: true });
  });

  it('drains an instance that Spot takes back, at the warning (D-4.24)', async () => {
    const one = await account();
    const interrupt = (other: Account) => {
      const [instance] = other.ec2.all();
      other.hear(other.ec2.interrupt(other.world.now, instance?.instanceId ?? '', 'terminate'));
    };
    interrupt(one);
    expect(statusOf(one)).toBe('DRAINING');
    const off = await account({ managedDraining: 'DISABLED' });
    interrupt(off);
    expect(statusOf(off)).toBe('ACTIVE');
  });

  it("stands beside a hook of one's own: two events with a token each, and the instance goes after both (D-4.25)", async () => {
    const one = await account();
    putHook(one);
    await service(one);
    size(one, 0);
    await one.advance(10);
    const [managed, mine] = actions(one);
    expect([managed?.lifecycleHookName, mine?.lifecycleHookName].sort()).toEqual([hookName, 'mine']);
    expect(managed?.lifecycleActionToken).not.toBe(mine?.lifecycleActionToken);
    const said = one.world.log.filter(({ kind, event }) => {
      const type = (event as Record<string, unknown> | undefined)?.['detail-type'];
      return kind === 'event' && type === 'EC2 Instance-terminate Lifecycle Action';
    });
    expect(said).toHaveLength(2);
    await one.advance(120);
    const ended = (name: string) => actions(one).find((each) => each.lifecycleHookName === name)?.endedAt;
    expect([typeof ended(hookName), ended('mine')]).toEqual(['number', undefined]);
    expect(one.ec2.all().map(({ state }) => state)).toEqual(['running']);
    one.call('autoscaling', 'CompleteLifecycleAction', {
      AutoScalingGroupName: 'blue',
      LifecycleHookName: 'mine',
      LifecycleActionResult: 'CONTINUE',
      InstanceId: mine?.instanceId,
    });
    await one.advance(60);
    expect(one.ec2.all().map(({ state }) => state)).toEqual(['terminated']);
  });

  it('does nothing about a group without a provider', async () => {
    const one = new Account({ seed: 1 });
    one.call('ecs', 'CreateCluster', { clusterName: 'demo' });
    createGroup(one, { clusterName: 'demo', autoScalingGroupName: 'blue', desiredCapacity: 1 });
    await one.advance(120);
    expect(hooks(one)).toEqual([]);
    putHook(one);
    size(one, 0);
    await one.advance(60);
    expect([statusOf(one), actions(one).map(({ lifecycleHookName }) => lifecycleHookName)]).toEqual([
      'ACTIVE',
      ['mine'],
    ]);
  });
});

describe('managed scaling and a real group', () => {
  it.each([
    ['ENABLED', 'ENABLED'],
    ['ENABLED', 'DISABLED'],
    ['DISABLED', 'ENABLED'],
  ])(
    'grow with the tasks and shrink with them, protection %s, draining %s (D-4.26)',
    async (managedTerminationProtection, managedDraining) => {
      const one = new Account({ seed: 1 });
      const ecs = (operation: string, input: Record<string, unknown>) => one.call('ecs', operation, input);
      ecs('CreateCluster', { clusterName: 'demo' });
      createGroup(one, { clusterName: 'demo', autoScalingGroupName: 'blue', desiredCapacity: 0 });
      const isProtected = managedTerminationProtection === 'ENABLED';
      one.call('autoscaling', 'UpdateAutoScalingGroup', {
        AutoScalingGroupName: 'blue',
        NewInstancesProtectedFromScaleIn: isProtected,
      });
      const managedScaling = { status: 'ENABLED' };
      const settings = {
        autoScalingGroupArn: 'blue',
        managedScaling,
        managedTerminationProtection,
        managedDraining,
      };
      ecs('CreateCapacityProvider', { name: 'blue', autoScalingGroupProvider: settings });
      const capacityProviderStrategy = [{ capacityProvider: 'blue', weight: 1 }];
      ecs('PutClusterCapacityProviders', {
        cluster: 'demo',
        capacityProviders: ['blue'],
        defaultCapacityProviderStrategy: capacityProviderStrategy,
      });
      ecs('RegisterTaskDefinition', {
        family: 'web',
        containerDefinitions: [{ name: 'app', image: 'app:1', cpu: 1024, memory: 64 }],
      });
      await one.advance(10);
      ecs('CreateService', { cluster: 'demo', serviceName: 'web', taskDefinition: 'web', desiredCount: 6 });
      await one.advance(600);
      const inService = () => one.autoscaling.group('blue')?.inService ?? [];
      expect(inService()).toHaveLength(3);
      expect(inService().map((each) => each.isProtected)).toEqual(Array(3).fill(isProtected));
      const live = () => one.ecs.taskRecords().filter(({ lastStatus }) => lastStatus !== 'STOPPED');
      expect(live().map(({ lastStatus }) => lastStatus)).toEqual(Array(6).fill('RUNNING'));
      ecs('UpdateService', { cluster: 'demo', service: 'web', desiredCount: 0 });
      await one.advance(3600);
      expect(inService()).toEqual([]);
      expect(one.ecs.containerInstanceRecords().map(({ status }) => status)).toEqual(
        Array(3).fill('INACTIVE'),
      );
    },
  );
});
