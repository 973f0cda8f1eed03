import { describe, expect, it } from 'vitest';
import { Account } from '../../../simulator/account.ts';
import { associate, refusal, strategy } from './fleet.ts';
import { groupArn, Scene } from './scene.ts';

const template = {
  ec2InstanceProfileArn: 'arn:aws:iam::111122223333:instance-profile/ecsInstanceRole',
  networkConfiguration: { subnets: ['subnet-1'], securityGroups: ['sg-1'] },
};
/** What a provider of Managed Instances is made of. */
const managed = (more: Record<string, unknown> = {}, ofTemplate: Record<string, unknown> = {}) => ({
  infrastructureRoleArn: 'arn:aws:iam::111122223333:role/ecsInfrastructureRole',
  instanceLaunchTemplate: { ...template, ...ofTemplate },
  ...more,
});
const create = (scene: Scene, more: Record<string, unknown> = {}) =>
  scene.call('CreateCapacityProvider', {
    name: 'own',
    cluster: 'demo',
    managedInstancesProvider: managed(),
    ...more,
  }).capacityProvider;
const seen = (scene: Scene, name = 'own') =>
  scene.call('DescribeCapacityProviders', { capacityProviders: [name] }).capacityProviders[0];
const cluster = (scene: Scene) => scene.call('DescribeClusters', { clusters: ['demo'] }).clusters[0];

/** The cluster `demo` with the provider `own` of Managed Instances and `blue` of an Auto Scaling group, both ACTIVE. */
function both(switches = {}) {
  const scene = new Scene(switches);
  create(scene);
  scene.call('CreateCapacityProvider', {
    name: 'blue',
    autoScalingGroupProvider: { autoScalingGroupArn: groupArn('blue') },
  });
  scene.pass(20);
  associate(scene, ['blue', 'FARGATE']);
  scene.pass(10);
  return scene;
}

describe('a capacity provider of Managed Instances', () => {
  it('is PROVISIONING at first and then one of its cluster, without a group (D-4.8, D-4.45, D-14.52)', () => {
    const scene = new Scene();
    expect(create(scene)).toMatchObject({
      type: 'MANAGED_INSTANCES',
      status: 'PROVISIONING',
      updateStatus: 'CREATE_IN_PROGRESS',
      cluster: 'demo',
      managedInstancesProvider: managed(),
      autoScalingGroupProvider: undefined,
    });
    expect(cluster(scene)?.capacityProviders).toEqual([]);
    scene.pass(20);
    expect(seen(scene)).toMatchObject({ status: 'ACTIVE', updateStatus: 'CREATE_COMPLETE' });
    expect(cluster(scene)?.capacityProviders).toEqual(['own']);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ cluster: undefined }, 'cluster cannot be blank.'],
    [{ cluster: 'nowhere' }, 'ClusterNotFoundException'],
    [
      { autoScalingGroupProvider: { autoScalingGroupArn: groupArn('blue') } },
      'autoScalingGroupProvider: not',
    ],
    [{ managedInstancesProvider: {} }, 'infrastructureRoleArn cannot be blank.'],
    [
      { managedInstancesProvider: managed({ infrastructureRoleArn: 'role' }) },
      'infrastructureRoleArn: expected text like',
    ],
    [
      { managedInstancesProvider: managed({ instanceLaunchTemplate: {} }) },
      'ec2InstanceProfileArn cannot be blank.',
    ],
    [
      { managedInstancesProvider: managed({}, { networkConfiguration: {} }) },
      'networkConfiguration: expected at least one subnet, got none.',
    ],
    [
      { managedInstancesProvider: managed({ infrastructureOptimization: { scaleInAfter: -2 } }) },
      'scaleInAfter: expected a whole number from -1 to 3600, got -2.',
    ],
    [
      { managedInstancesProvider: managed({ infrastructureOptimization: { scaleInAfter: 3601 } }) },
      'scaleInAfter: expected a whole number from -1 to 3600, got 3601.',
    ],
    [
      { managedInstancesProvider: managed({}, { capacityOptionType: 'CHEAP' }) },
      'capacityOptionType should be one of',
    ],
    [
      { managedInstancesProvider: managed({}, { instanceRequirements: { vCpuCount: {} } }) },
      'vCpuCount.min cannot be blank.',
    ],
  ])('refuses %j (D-14.52, D-14.53)', (more, expected) => {
    const scene = new Scene();
    expect(refusal(() => create(scene, { cluster: 'demo', ...more }))).toContain(expected);
    expect(seen(scene)).toBeUndefined();
  });

  it('is changed in its own cluster alone, and keeps of its template what nobody names (D-14.52)', () => {
    const scene = both();
    const update = (more: Record<string, unknown>) =>
      scene.call('UpdateCapacityProvider', { name: 'own', ...more }).capacityProvider;
    const change = managed({ infrastructureOptimization: { scaleInAfter: 60 } });
    scene.call('CreateCluster', { clusterName: 'other' });
    expect(refusal(() => update({ cluster: 'other', managedInstancesProvider: change }))).toContain(
      'the capacity provider belongs to',
    );
    const instanceLaunchTemplate = { monitoring: 'DETAILED' };
    expect(
      update({ cluster: 'demo', managedInstancesProvider: { ...change, instanceLaunchTemplate } }),
    ).toMatchObject({
      status: 'ACTIVE',
      updateStatus: 'UPDATE_IN_PROGRESS',
      managedInstancesProvider: {
        infrastructureOptimization: { scaleInAfter: 60 },
        instanceLaunchTemplate: { ...template, monitoring: 'DETAILED' },
      },
    });
  });

  it('keeps its cluster from being deleted (D-4.20)', () => {
    const scene = both();
    const remove = () => scene.call('DeleteCluster', { cluster: 'demo' });
    expect(refusal(remove)).toContain('ClusterContainsCapacityProviderException');
    scene.call('DeleteCapacityProvider', { capacityProvider: 'own', cluster: 'demo' });
    expect(seen(scene)).toMatchObject({ status: 'DEPROVISIONING', updateStatus: 'DELETE_IN_PROGRESS' });
    scene.pass(120);
    expect(seen(scene)).toMatchObject({ status: 'INACTIVE', updateStatus: 'DELETE_COMPLETE' });
    expect(cluster(scene)?.capacityProviders).toEqual(['blue', 'FARGATE']);
    remove();
  });

  it('is kept while a default strategy names it (D-4.11)', () => {
    const scene = both();
    associate(scene, ['own'], [{ capacityProvider: 'own', weight: 1 }]);
    expect(scene.call('DeleteCapacityProvider', { capacityProvider: 'own' }).capacityProvider).toMatchObject({
      status: 'ACTIVE',
      updateStatus: 'DELETE_FAILED',
    });
  });
});

describe('a cluster with Managed Instances and other providers', () => {
  it('keeps its own when PutClusterCapacityProviders leaves it out (D-14.54)', () => {
    const scene = both();
    expect(cluster(scene)?.capacityProviders).toEqual(['blue', 'FARGATE', 'own']);
    associate(scene, []);
    expect(cluster(scene)?.capacityProviders).toEqual(['own']);
  });

  it('takes it by name once it is ACTIVE, and into the default strategy (D-14.54)', () => {
    const scene = new Scene();
    create(scene);
    const put = () => associate(scene, ['own'], [{ capacityProvider: 'own', weight: 1 }]);
    expect(refusal(put)).toBe(
      "InvalidParameterException: The specified capacity provider 'own' is not in an ACTIVE state. Specify a valid capacity provider and try again.",
    );
    scene.pass(20);
    expect(put()).toMatchObject({ capacityProviders: ['own'] });
  });

  it('refuses it by name as in 2025 where a switch says so (D-14.54)', () => {
    const scene = both({ managedInstancesInPut: false });
    expect(refusal(() => associate(scene, ['own']))).toContain(
      'Cannot associate Managed Instances capacity provider to clusters using this API.',
    );
  });

  it('has at most 20, whichever way they come (D-14.56)', () => {
    const scene = both();
    const tooMany =
      'InvalidParameterException: The maximum number of capacity providers per cluster has been exceeded.';
    for (let number = 0; number < 17; number++) create(scene, { name: `own-${number}` });
    expect(refusal(() => create(scene, { name: 'own-17' }))).toBe(tooMany);
    scene.pass(20);
    expect(refusal(() => associate(scene, ['blue', 'FARGATE', 'FARGATE_SPOT']))).toBe(tooMany);
    associate(scene, ['FARGATE', 'FARGATE_SPOT']);
    expect(cluster(scene)?.capacityProviders).toHaveLength(20);
  });

  it('is the only one that can have it (D-14.52)', () => {
    const scene = both();
    scene.call('CreateCluster', { clusterName: 'other' });
    const more = { cluster: 'other', capacityProviders: ['own'], defaultCapacityProviderStrategy: [] };
    expect(refusal(() => scene.call('PutClusterCapacityProviders', more))).toContain('was not found');
  });

  it.each([[['blue:1', 'own:1']], [['own:1', 'FARGATE:1']]])(
    'has no strategy of both kinds: %j (D-4.37, D-4.45)',
    (items) => {
      const scene = both();
      scene.definition('web', {}, {}, { networkMode: 'host' });
      expect(refusal(() => scene.service('web', strategy(...items)))).toContain(
        'cannot contain a mix of capacity providers using Managed Instances and other providers.',
      );
    },
  );
});

/** An account whose cluster `demo` has the provider `own`, and definitions `web` and `big` for it. */
async function account(more: Record<string, unknown> = {}, ofTemplate: Record<string, unknown> = {}) {
  const one = new Account({ seed: 3 });
  const call = (operation: string, input: Record<string, unknown>) => one.call('ecs', operation, input);
  call('CreateCluster', { clusterName: 'demo' });
  call('CreateCapacityProvider', {
    name: 'own',
    cluster: 'demo',
    managedInstancesProvider: managed(more, ofTemplate),
    tags: [{ key: 'team', value: 'a' }],
  });
  for (const [family, memory] of [
    ['web', 512],
    ['big', 12_000],
  ] as const)
    call('RegisterTaskDefinition', {
      family,
      networkMode: 'host',
      containerDefinitions: [{ name: 'app', image: 'app:1', cpu: 128, memory }],
    });
  await one.advance(20);
  const run = (taskDefinition: string, count = 1) =>
    call('RunTask', { cluster: 'demo', taskDefinition, count, ...strategy('own:1') });
  const instances = () => one.ecs.containerInstanceRecords();
  const machines = () =>
    one.ec2.all().map(({ state, template: { instanceType } }) => `${instanceType} ${state}`);
  const live = () => one.ecs.taskRecords().filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  const idOf = () => instances()[0]?.containerInstanceArn ?? '';
  return { one, call, run, instances, machines, live, idOf };
}

describe('Managed Instances', () => {
  it('are launched for tasks that wait, the smallest they fit on, and belong to no group (D-4.46, D-14.55)', async () => {
    const { one, run, instances, machines, live } = await account();
    run('web', 4);
    run('big');
    expect(live().map(({ lastStatus }) => lastStatus)).toEqual(Array(5).fill('PROVISIONING'));
    await one.advance(90);
    expect(machines()).toEqual(['c5.large running', 'm6i.xlarge running']);
    expect(live().map((task) => `${task.launchType} ${task.lastStatus}`)).toEqual(
      Array(5).fill('MANAGED_INSTANCES RUNNING'),
    );
    expect(instances().map(({ capacityProviderName }) => capacityProviderName)).toEqual(['own', 'own']);
    expect(one.call('autoscaling', 'DescribeAutoScalingInstances', {}).AutoScalingInstances).toEqual([]);
  });

  it('take what their provider may launch, with its market and its tags (D-14.52)', async () => {
    const requirements = { vCpuCount: { min: 4 }, memoryMiB: { min: 1 } };
    const { one, run, instances, machines } = await account(
      { propagateTags: 'CAPACITY_PROVIDER' },
      { instanceRequirements: requirements, capacityOptionType: 'SPOT' },
    );
    run('web');
    await one.advance(90);
    expect(machines()).toEqual(['m6i.xlarge running']);
    expect(one.ec2.all()[0]?.instanceLifecycle).toBe('spot');
    expect(instances()[0]?.tags).toEqual([{ key: 'team', value: 'a' }]);
  });

  it('take no tasks of launch type EC2, nor does an instance of EC2 take theirs (D-4.46)', async () => {
    const { one, call, run } = await account();
    run('web');
    await one.advance(90);
    expect(() => call('RunTask', { cluster: 'demo', taskDefinition: 'web' })).toThrow(
      'No Container Instances were found in your cluster.',
    );
  });

  it.each([
    [0, 60],
    [600, 660],
    [undefined, 360],
  ])(
    'end when they have been idle for scaleInAfter %s, after %i s (D-14.53, D-14.55)',
    async (seconds, until) => {
      const more = seconds === undefined ? {} : { infrastructureOptimization: { scaleInAfter: seconds } };
      const { one, call, run, machines, live } = await account(more);
      run('web');
      await one.advance(90);
      call('StopTask', { cluster: 'demo', task: live()[0]?.taskArn });
      await one.advance(Math.max(until - 120, 1));
      expect(machines()).toEqual(['c5.large running']);
      await one.advance(180);
      expect(machines()).toEqual(['c5.large terminated']);
    },
  );

  it('stay idle for ever with scaleInAfter -1 (D-14.53)', async () => {
    const { one, call, run, machines, live } = await account({
      infrastructureOptimization: { scaleInAfter: -1 },
    });
    run('web');
    await one.advance(90);
    call('StopTask', { cluster: 'demo', task: live()[0]?.taskArn });
    await one.advance(7200);
    expect(machines()).toEqual(['c5.large running']);
  });

  it('go with their machine when they are deregistered by force, unlike those of a group (D-9.14, D-14.55)', async () => {
    const { one, call, run, machines, live, idOf } = await account();
    run('web');
    await one.advance(90);
    const deregister = (force: boolean) =>
      call('DeregisterContainerInstance', { cluster: 'demo', containerInstance: idOf(), force });
    expect(() => deregister(false)).toThrow('Found running tasks on the instance.');
    deregister(true);
    await one.advance(60);
    expect(machines()).toEqual(['c5.large terminated']);
    expect(live()).toEqual([]);
  });

  it('drain at 14 days, and end a week later, whatever runs there (D-4.46, D-14.55)', async () => {
    const { one, call, run, instances, machines } = await account();
    run('web');
    call('CreateService', {
      cluster: 'demo',
      serviceName: 'web',
      taskDefinition: 'web',
      desiredCount: 1,
      ...strategy('own:1'),
    });
    await one.advance(14 * 86_400 - 3600);
    expect(instances().map(({ status }) => status)).toEqual(['ACTIVE']);
    await one.advance(7200);
    // The service has moved to a new one; the standalone task stays.
    expect(instances().map(({ status, runningTasksCount }) => `${status} ${runningTasksCount}`)).toEqual([
      'DRAINING 1',
      'ACTIVE 1',
    ]);
    await one.advance(7 * 86_400);
    expect(machines()).toEqual(['c5.large terminated', 'c5.large running']);
  });

  it('can be drained by the call like any other, unless a switch says otherwise (D-4.46)', async () => {
    const { one, call, run, idOf } = await account();
    run('web');
    await one.advance(90);
    const drain = { cluster: 'demo', containerInstances: [idOf()], status: 'DRAINING' };
    expect(call('UpdateContainerInstancesState', drain).failures).toEqual([]);
    const scene = both({ managedInstancesCanBeDrained: false });
    scene.definition('web', {}, {}, { networkMode: 'host' });
    scene.call('RunTask', { taskDefinition: 'web', ...strategy('own:1') });
    scene.pass(5);
    const [order] = scene.ordered;
    if (order?.kind !== 'launch-managed-instance') throw new Error('ECS launched nothing');
    scene.instance(order.instanceId);
    expect(refusal(() => scene.drain(order.instanceId))).toContain('is one of Managed Instances');
  });

  it('are drained when Spot takes them back (D-7.2, D-14.55)', async () => {
    const { one, run, instances } = await account({}, { capacityOptionType: 'SPOT' });
    run('web');
    await one.advance(90);
    one.hear(one.ec2.interrupt(one.world.now, instances()[0]?.ec2InstanceId ?? '', 'terminate'));
    await one.advance(5);
    expect(instances()[0]?.status).toBe('DRAINING');
  });
});
