import { describe, expect, it } from 'vitest';
import { associate, providers, refusal, strategy } from '../fleet.ts';
import { groupArn, newGroup, Scene } from '../scene.ts';

const arnOf = (name: string) => `arn:aws:ecs:eu-west-1:111122223333:capacity-provider/${name}`;
const grouped = (more: Record<string, unknown> = {}) => ({
  autoScalingGroupProvider: { autoScalingGroupArn: groupArn('blue'), ...more },
});
const describeOne = (scene: Scene, name = 'blue', more = {}) =>
  scene.call('DescribeCapacityProviders', { capacityProviders: [name], ...more }).capacityProviders[0];

describe('CreateCapacityProvider', () => {
  it('is ACTIVE at once, with the defaults of managed scaling and managed draining (D-4.4, D-4.8, D-4.21)', () => {
    const scene = new Scene();
    const tags = [{ key: 'team', value: 'a' }];
    expect(
      scene.call('CreateCapacityProvider', { name: 'blue', tags, ...grouped() }).capacityProvider,
    ).toEqual({
      capacityProviderArn: arnOf('blue'),
      name: 'blue',
      type: 'EC2_AUTOSCALING',
      status: 'ACTIVE',
      tags,
      autoScalingGroupProvider: {
        autoScalingGroupArn: groupArn('blue'),
        managedScaling: {
          status: 'DISABLED',
          targetCapacity: 100,
          minimumScalingStepSize: 1,
          maximumScalingStepSize: 10_000,
          instanceWarmupPeriod: 300,
        },
        managedTerminationProtection: 'DISABLED',
        managedDraining: 'ENABLED',
      },
      updateStatus: undefined,
      updateStatusReason: undefined,
    });
  });

  it('takes the name of a group for its ARN (D-4.3)', () => {
    const { capacityProvider } = new Scene().call('CreateCapacityProvider', {
      name: 'blue',
      autoScalingGroupProvider: { autoScalingGroupArn: 'blue' },
    });
    expect(capacityProvider.autoScalingGroupProvider).toMatchObject({
      autoScalingGroupArn: groupArn('blue'),
    });
  });

  it.each([
    [{ name: 'aws-blue' }, 'InvalidParameterException: name: expected'],
    [{ name: 'ECSblue' }, 'InvalidParameterException: name: expected'],
    [{ name: 'FARGATE' }, 'InvalidParameterException: name: expected'],
    [{ name: 'b lue' }, 'InvalidParameterException: name: expected'],
    [{ name: 'b'.repeat(256) }, 'InvalidParameterException: name: expected'],
    [{ name: undefined }, 'InvalidParameterException: name cannot be blank.'],
    [
      { autoScalingGroupProvider: undefined },
      'InvalidParameterException: autoScalingGroupArn cannot be blank.',
    ],
    [
      { autoScalingGroupProvider: { autoScalingGroupArn: groupArn('red') } },
      'ClientException: autoScalingGroupArn: there is no Auto Scaling group',
    ],
    [
      grouped({ managedScaling: { targetCapacity: 0 } }),
      'InvalidParameterException: targetCapacity: expected a whole number from 1 to 100, got 0.',
    ],
    [grouped({ managedScaling: { targetCapacity: 101 } }), 'InvalidParameterException: targetCapacity'],
    [
      grouped({ managedScaling: { minimumScalingStepSize: 0 } }),
      'InvalidParameterException: minimumScalingStepSize',
    ],
    [
      grouped({ managedScaling: { maximumScalingStepSize: 10_001 } }),
      'InvalidParameterException: maximumScalingStepSize',
    ],
    [
      grouped({ managedScaling: { minimumScalingStepSize: 5, maximumScalingStepSize: 4 } }),
      'InvalidParameterException: minimumScalingStepSize: expected at most',
    ],
    [
      grouped({ managedScaling: { instanceWarmupPeriod: 10_001 } }),
      'InvalidParameterException: instanceWarmupPeriod',
    ],
    [grouped({ managedScaling: { status: 'ON' } }), 'InvalidParameterException: status should be one of'],
    [grouped({ managedDraining: 'ON' }), 'InvalidParameterException: managedDraining should be one of'],
    [
      grouped({ managedTerminationProtection: 'ENABLED' }),
      'ClientException: The managed termination protection setting for the capacity provider is invalid.',
    ],
    [{ tags: [{ key: 'aws:a', value: '' }] }, 'InvalidParameterException: key: expected'],
    [{ cluster: 'demo' }, 'InvalidParameterException: cluster: only a provider of Managed Instances belongs'],
  ])('refuses %j (D-4.1, D-4.3, D-4.4, D-4.6, D-9.63)', (more, expected) => {
    const scene = new Scene();
    const input = { name: 'blue', ...grouped(), ...more };
    expect(refusal(() => scene.call('CreateCapacityProvider', input))).toContain(expected);
    expect(describeOne(scene)).toBeUndefined();
  });

  it('takes managed termination protection when the group protects new instances (D-4.6)', () => {
    const scene = new Scene();
    for (const group of scene.groups) group.isProtectedFromScaleIn = true;
    const input = { name: 'blue', ...grouped({ managedTerminationProtection: 'ENABLED' }) };
    expect(
      scene.call('CreateCapacityProvider', input).capacityProvider.autoScalingGroupProvider,
    ).toMatchObject({
      managedTerminationProtection: 'ENABLED',
    });
  });

  it('refuses a name and a group that are taken (D-4.14)', () => {
    const scene = providers();
    const again = { name: 'blue', autoScalingGroupProvider: { autoScalingGroupArn: groupArn('green') } };
    expect(refusal(() => scene.call('CreateCapacityProvider', again))).toContain(
      'ClientException: The specified capacity provider already exists.',
    );
    expect(refusal(() => scene.call('CreateCapacityProvider', { name: 'other', ...grouped() }))).toContain(
      'ClientException: The specified Auto Scaling group ARN is already being used by another capacity provider.',
    );
  });
});

describe('DescribeCapacityProviders', () => {
  it('knows the providers of Fargate without anybody having made them (D-4.2)', () => {
    const { capacityProviders, failures } = new Scene().call('DescribeCapacityProviders');
    expect(capacityProviders).toMatchObject([
      { name: 'FARGATE', type: 'FARGATE', status: 'ACTIVE', capacityProviderArn: arnOf('FARGATE') },
      { name: 'FARGATE_SPOT', type: 'FARGATE_SPOT', status: 'ACTIVE' },
    ]);
    expect(failures).toEqual([]);
  });

  it('takes names and ARNs, shows tags when asked, and names unknown ones as failures (D-4.10)', () => {
    const scene = providers();
    const asked = ['blue', arnOf('green'), 'red', 'blue'];
    const { capacityProviders, failures } = scene.call('DescribeCapacityProviders', {
      capacityProviders: asked,
    });
    expect(capacityProviders.map(({ name }) => name)).toEqual(['blue', 'green']);
    expect(capacityProviders[0]).not.toHaveProperty('tags');
    expect(failures).toEqual([{ arn: arnOf('red'), reason: 'MISSING' }]);
    expect(describeOne(scene, 'blue', { include: ['TAGS'] })?.tags).toEqual([]);
  });

  it.each([
    ['arn:aws:ecs:eu-west-1:999999999999:capacity-provider/blue', 'expected an ARN like'],
    ['arn:aws:ecs:us-east-1:111122223333:capacity-provider/blue', 'expected an ARN like'],
    ['arn:aws:ecs:eu-west-1:111122223333:cluster/blue', 'expected an ARN like'],
    ['arn:aws:ecs:eu-west-1:111122223333:capacity-provider/of/blue', 'Unexpected number of separators'],
    ['of/blue', 'Unexpected number of separators'],
  ])('takes %s for no provider of the account, as the other operations do (D-13.40)', (name, expected) => {
    const scene = providers();
    const attempts: readonly (readonly [string, Record<string, unknown>])[] = [
      ['DescribeCapacityProviders', { capacityProviders: [name] }],
      ['UpdateCapacityProvider', { name, autoScalingGroupProvider: {} }],
      ['DeleteCapacityProvider', { capacityProvider: name }],
      ['PutClusterCapacityProviders', { capacityProviders: [name], defaultCapacityProviderStrategy: [] }],
      [
        'RunTask',
        { taskDefinition: 'web', capacityProviderStrategy: [{ capacityProvider: name, weight: 1 }] },
      ],
    ];
    for (const [operation, input] of attempts)
      expect([operation, refusal(() => scene.call(operation, input))]).toEqual([
        operation,
        expect.stringContaining(`InvalidParameterException: Invalid identifier: ${expected}`),
      ]);
    expect(describeOne(scene)).toMatchObject({ status: 'ACTIVE' });
    expect(describeOne(scene)?.updateStatus).toBeUndefined();
  });

  it('gives ten a page, at most ten, and everything once (D-4.10)', () => {
    const scene = new Scene();
    const names = Array.from({ length: 23 }, (_, number) => `p${number}`);
    scene.groups.push(...names.map(newGroup));
    for (const name of names)
      scene.call('CreateCapacityProvider', {
        name,
        autoScalingGroupProvider: { autoScalingGroupArn: groupArn(name) },
      });
    const pages: (readonly Record<string, unknown>[])[] = [];
    let nextToken: string | undefined;
    do {
      const reply = scene.call('DescribeCapacityProviders', { nextToken });
      pages.push(reply.capacityProviders);
      nextToken = reply.nextToken;
    } while (nextToken);
    expect(pages.map(({ length }) => length)).toEqual([10, 10, 5]);
    expect(new Set(pages.flat().map(({ name }) => name)).size).toBe(25);
    const call = (input: object) => () => scene.call('DescribeCapacityProviders', { ...input });
    expect(refusal(call({ maxResults: 11 }))).toContain('maxResults: expected a whole number from 1 to 10');
    expect(refusal(call({ nextToken: 'strange' }))).toContain(
      'nextToken: expected a token of an earlier page',
    );
    expect(refusal(call({ include: ['TASKS'] }))).toContain('include should be one of [TAGS]');
    const many = Array.from({ length: 101 }, (_, number) => `p${number}`);
    expect(refusal(call({ capacityProviders: many }))).toContain(
      'capacityProviders can have at most 100 items.',
    );
  });

  it('shows only those of a cluster when it is asked about one', () => {
    const scene = providers();
    associate(scene, ['green', 'FARGATE']);
    const { capacityProviders } = scene.call('DescribeCapacityProviders', { cluster: 'demo' });
    expect(capacityProviders.map(({ name }) => name)).toEqual(['FARGATE', 'green']);
    expect(refusal(() => scene.call('DescribeCapacityProviders', { cluster: 'other' }))).toBe(
      'ClusterNotFoundException: Cluster not found.',
    );
  });
});

describe('UpdateCapacityProvider', () => {
  const update = (scene: Scene, more: object, name = 'blue') =>
    scene.call('UpdateCapacityProvider', { name, autoScalingGroupProvider: more });

  it('changes what is given and keeps the rest, over a while in which it stays usable (D-4.8, D-4.9, D-11.5)', () => {
    const scene = providers({ blue: 1 });
    const { capacityProvider } = update(scene, {
      managedScaling: { status: 'ENABLED' },
      managedDraining: 'DISABLED',
    });
    expect(capacityProvider).toMatchObject({ status: 'ACTIVE', updateStatus: 'UPDATE_IN_PROGRESS' });
    scene.service('web', strategy('blue:1'), 0);
    scene.pass(60);
    expect(describeOne(scene)).toMatchObject({
      updateStatus: 'UPDATE_COMPLETE',
      autoScalingGroupProvider: {
        autoScalingGroupArn: groupArn('blue'),
        managedScaling: { status: 'ENABLED', targetCapacity: 100 },
        managedDraining: 'DISABLED',
      },
    });
  });

  it.each([
    ['FARGATE', {}, 'InvalidParameterException: The capacity provider FARGATE is reserved'],
    ['red', {}, 'InvalidParameterException: The specified capacity provider was not found.'],
    ['blue', { managedScaling: { targetCapacity: 101 } }, 'InvalidParameterException: targetCapacity'],
    ['blue', undefined, 'InvalidParameterException: autoScalingGroupProvider can not be blank.'],
  ])('refuses for %s %j (D-4.2, D-4.4)', (name, more, expected) => {
    expect(refusal(() => update(providers(), more as object, name))).toContain(expected);
  });
});

describe('DeleteCapacityProvider', () => {
  const remove = (scene: Scene, capacityProvider = 'blue') =>
    scene.call('DeleteCapacityProvider', { capacityProvider }).capacityProvider;

  it('fails in the status, not in the call, while a cluster has it (D-4.11)', () => {
    const scene = providers();
    expect(remove(scene)).toMatchObject({
      status: 'ACTIVE',
      updateStatus: 'DELETE_FAILED',
      updateStatusReason:
        'The capacity provider cannot be deleted because it is associated with cluster: demo. Remove the capacity provider from the cluster and try again.',
    });
    scene.pass(60);
    expect(describeOne(scene)).toMatchObject({ status: 'ACTIVE', updateStatus: 'DELETE_FAILED' });
  });

  it('fails while the strategy of a service names it (D-4.11)', () => {
    const scene = providers();
    scene.service('web', { ...strategy('blue:1'), desiredCount: 0 });
    associate(scene, []);
    scene.pass(10);
    expect(remove(scene)).toMatchObject({
      updateStatus: 'DELETE_FAILED',
      updateStatusReason: expect.stringContaining('the service web'),
    });
  });

  it('makes it INACTIVE after a while, describable for an hour, its group free for another one (D-4.8, D-4.11)', () => {
    const scene = providers();
    associate(scene, []);
    scene.pass(10);
    expect(remove(scene)).toMatchObject({ status: 'ACTIVE', updateStatus: 'DELETE_IN_PROGRESS' });
    expect(refusal(() => remove(scene))).toContain('UpdateInProgressException');
    expect(refusal(() => associate(scene, ['blue']))).toContain('is being deleted');
    scene.pass(6);
    expect(describeOne(scene)).toMatchObject({ status: 'INACTIVE', updateStatus: 'DELETE_COMPLETE' });
    expect(refusal(() => associate(scene, ['blue']))).toContain('was not found');
    scene.call('CreateCapacityProvider', { name: 'new', ...grouped() });
    scene.pass(3600);
    expect(describeOne(scene)).toBeUndefined();
  });

  it.each(['FARGATE', 'FARGATE_SPOT'])('refuses %s (D-4.2)', (name) => {
    expect(refusal(() => remove(new Scene(), name))).toBe(
      `InvalidParameterException: The capacity provider ${name} is reserved and can not be deleted.`,
    );
  });
});
