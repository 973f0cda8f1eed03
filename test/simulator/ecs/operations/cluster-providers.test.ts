import { describe, expect, it } from 'vitest';
import { associate, fargateService, providers, refusal, strategy } from '../fleet.ts';
import { inVpc, type Scene } from '../scene.ts';

const seen = (scene: Scene, cluster = 'demo') =>
  scene.call('DescribeClusters', { clusters: [cluster], include: ['ATTACHMENTS'] }).clusters[0];
const item = (text: string) => strategy(text).capacityProviderStrategy;

describe('PutClusterCapacityProviders', () => {
  it('replaces providers and default strategy: what is left out is gone (D-4.16, D-9.65)', () => {
    const scene = providers();
    associate(scene, ['blue', 'green'], item('blue:1'));
    scene.pass(10);
    associate(scene, ['green']);
    expect(seen(scene)).toMatchObject({ capacityProviders: ['green'], defaultCapacityProviderStrategy: [] });
  });

  it('is in progress for a while, in which another call fails (D-4.18, D-4.19, D-10.16)', () => {
    const scene = providers();
    expect(associate(scene, ['blue'])).toMatchObject({
      attachmentsStatus: 'UPDATE_IN_PROGRESS',
      capacityProviders: ['blue'],
    });
    expect(refusal(() => associate(scene, ['green']))).toBe(
      'UpdateInProgressException: The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED state before they can be updated.',
    );
    expect(seen(scene)).toMatchObject({ attachmentsStatus: 'UPDATE_IN_PROGRESS' });
    scene.pass(6);
    expect(seen(scene)).toMatchObject({ attachmentsStatus: 'UPDATE_COMPLETE' });
    associate(scene, ['green']);
  });

  it('keeps a provider that a task uses, until the task has stopped (D-4.17)', () => {
    const scene = providers({ blue: 1 });
    scene.definition('web', { 'stop-seconds': 20 });
    const [task] = scene.call('RunTask', { taskDefinition: 'web', ...strategy('blue:1') }).tasks;
    scene.pass(10);
    const used = 'ResourceInUseException: The specified capacity provider is in use and cannot be removed.';
    expect(refusal(() => associate(scene, ['green']))).toBe(used);
    expect(seen(scene)).toMatchObject({ capacityProviders: ['blue', 'green', 'FARGATE', 'FARGATE_SPOT'] });
    scene.call('StopTask', { task: task?.taskArn });
    scene.pass(5);
    expect(refusal(() => associate(scene, ['green']))).toBe(used);
    scene.pass(60);
    associate(scene, ['green']);
  });

  it.each([
    [['red'], [], 'InvalidParameterException: The specified capacity provider was not found.'],
    [
      ['blue'],
      item('green:1'),
      'cannot contain a capacity provider that is not associated with the cluster.',
    ],
    [['blue', 'FARGATE'], [...item('blue:1'), ...item('FARGATE:1')], 'cannot contain a mix of'],
    [
      ['blue', 'green'],
      [...item('blue:1:1'), ...item('green:1:1')],
      'only one capacity provider can have a base',
    ],
    [['blue'], [...item('blue:1'), ...item('blue:1')], 'a capacity provider can be in it only once'],
    [['blue'], item('blue:1001'), 'weight: expected a whole number from 0 to 1000, got 1001.'],
    [['blue'], item('blue:1:100001'), 'base: expected a whole number from 0 to 100000, got 100001.'],
    [['blue'], [{}], 'capacityProvider cannot be blank.'],
    [
      ['blue'],
      Array.from({ length: 21 }, (_, n) => ({ capacityProvider: `p${n}` })),
      'can have at most 20 items.',
    ],
  ])('refuses %j with the default %j (D-4.33, D-4.34, D-4.36, D-4.37, D-4.39)', (names, items, expected) => {
    const scene = providers();
    expect(refusal(() => associate(scene, names, items))).toContain(expected);
    expect(seen(scene)).toMatchObject({ attachmentsStatus: 'UPDATE_COMPLETE' });
  });

  it('lets a cluster have both kinds of providers, and a strategy without weights until it is used (D-4.35, D-4.37)', () => {
    const scene = providers({ blue: 1 });
    associate(scene, ['blue', 'FARGATE'], item('blue'));
    expect(refusal(() => scene.service('web', {}, 0))).toContain(
      'InvalidParameterException: There are no capacity providers with a weight value greater than zero defined in the default capacity provider strategy.',
    );
  });

  it('gives a provider with managed scaling to one cluster, and without it to several (D-4.13)', () => {
    const scene = providers();
    scene.call('CreateCluster', { clusterName: 'other' });
    const put = () =>
      scene.call('PutClusterCapacityProviders', {
        cluster: 'other',
        capacityProviders: ['blue'],
        defaultCapacityProviderStrategy: [],
      });
    scene.call('UpdateCapacityProvider', {
      name: 'blue',
      autoScalingGroupProvider: { managedScaling: { status: 'ENABLED' } },
    });
    expect(refusal(put)).toContain(
      'blue has managed scaling and is associated with the cluster demo already.',
    );
    scene.call('UpdateCapacityProvider', {
      name: 'blue',
      autoScalingGroupProvider: { managedScaling: { status: 'DISABLED' } },
    });
    put();
  });

  it('moves nothing that is there: a service keeps the default that it was created with (D-13.2)', () => {
    const scene = providers();
    associate(scene, ['FARGATE', 'FARGATE_SPOT'], item('FARGATE:1'));
    fargateService(scene);
    associate(scene, ['FARGATE', 'FARGATE_SPOT'], item('FARGATE_SPOT:1'));
    scene.pass(60);
    const [service] = scene.call('DescribeServices', { services: ['web'] }).services;
    expect(service).toMatchObject(strategy('FARGATE:1'));
    expect(service?.deployments).toHaveLength(1);
    const { tasks } = scene.call('RunTask', { taskDefinition: 'fargate', ...inVpc });
    expect(tasks).toMatchObject([{ capacityProviderName: 'FARGATE_SPOT' }]);
  });
});

describe('CreateCluster', () => {
  it('takes providers and a default strategy, under the same rules (D-4.13, D-4.39, D-9.23)', () => {
    const scene = providers();
    const create = (capacityProviders: string[], defaultCapacityProviderStrategy: unknown[] = []) =>
      scene.call('CreateCluster', { clusterName: 'new', capacityProviders, defaultCapacityProviderStrategy });
    expect(refusal(() => create(['blue'], item('green:1')))).toContain('not associated with the cluster');
    expect(create(['blue'], item('blue:1')).cluster).toMatchObject({
      capacityProviders: ['blue'],
      defaultCapacityProviderStrategy: item('blue:1'),
    });
  });
});
