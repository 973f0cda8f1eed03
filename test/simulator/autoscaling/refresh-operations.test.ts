import { describe, expect, it } from 'vitest';
import { demo, group, newest, refreshes, second, start, told, versions } from './refresh-scene.ts';
import { complete, drainHook, launchEvent, type Scene, terminateEvent } from './scene.ts';

const cancel = (scene: Scene, input: Record<string, unknown> = {}) =>
  scene.call<{ InstanceRefreshId: string }>('CancelInstanceRefresh', { ...demo, ...input });
const rollBack = (scene: Scene) => scene.call('RollbackInstanceRefresh', demo);

describe('StartInstanceRefresh', () => {
  const two = { LaunchTemplate: second.LaunchTemplate, MixedInstancesPolicy: {} };

  it.each([
    ['MinHealthyPercentage below 0', { MinHealthyPercentage: -1 }, "'preferences.minHealthyPercentage'"],
    ['MinHealthyPercentage above 100', { MinHealthyPercentage: 101 }, 'less than or equal to 100'],
    ['MaxHealthyPercentage below 100', { MinHealthyPercentage: 90, MaxHealthyPercentage: 99 }, 'to 100'],
    ['MaxHealthyPercentage above 200', { MinHealthyPercentage: 100, MaxHealthyPercentage: 201 }, 'to 200'],
    ['MaxHealthyPercentage alone', { MaxHealthyPercentage: 110 }, 'must specify MinHealthyPercentage'],
    ['a difference above 100', { MinHealthyPercentage: 90, MaxHealthyPercentage: 191 }, 'greater than 100'],
    ['InstanceWarmup below 0', { InstanceWarmup: -1 }, "'preferences.instanceWarmup'"],
    ['a checkpoint of 0 %', { CheckpointPercentages: [0] }, "'preferences.checkpointPercentages.1.member'"],
    ['checkpoints that go down', { CheckpointPercentages: [50, 20] }, 'in ascending order'],
    ['equal checkpoints', { CheckpointPercentages: [50, 50] }, 'be unique'],
    ['a delay without checkpoints', { CheckpointDelay: 60 }, 'must specify CheckpointPercentages'],
    ['a delay above two days', { CheckpointPercentages: [50], CheckpointDelay: 172_801 }, '172800'],
    ['a bake time above two days', { BakeTime: 172_801 }, "'preferences.bakeTime'"],
    ['an unknown way with protected ones', { ScaleInProtectedInstances: 'Kill' }, 'enum value set: [Ignore'],
    ['an unknown way with standby', { StandbyInstances: 'Refresh' }, 'enum value set: [Ignore'],
    ['AutoRollback without a desired configuration', { AutoRollback: true }, 'no desired configuration'],
  ])('refuses %s (D-3.25)', (_, preferences, message) => {
    const scene = group(1);
    expect(() => start(scene, preferences)).toThrow(expect.objectContaining({ code: 'ValidationError' }));
    expect(() => start(scene, preferences)).toThrow(message);
    expect(refreshes(scene)).toEqual([]);
  });

  it.each([
    ['an unknown strategy', { Strategy: 'Sudden' }, 'enum value set: [ReplaceRootVolume, Rolling]'],
    ['two sources', { DesiredConfiguration: two }, 'must contain either LaunchTemplate'],
    [
      'an unknown template id',
      { DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId: 'lt-0' } } },
      'lt-0',
    ],
    [
      'a root volume without a policy',
      { Strategy: 'ReplaceRootVolume' },
      'requires a group with a MixedInst',
    ],
    ['an unknown group', { AutoScalingGroupName: 'no' }, 'AutoScalingGroup name not found'],
  ])('refuses %s', (_, input, message) => {
    const scene = group(1);
    expect(() => start(scene, {}, input)).toThrow(expect.objectContaining({ code: 'ValidationError' }));
    expect(() => start(scene, {}, input)).toThrow(message);
  });

  it('refuses a second one, and changes of what the first is to bring about (D-3.26)', () => {
    const scene = group(2);
    start(scene, {}, { DesiredConfiguration: second });
    for (const seconds of [0, 5]) {
      scene.advance(seconds);
      expect(() => start(scene)).toThrow(
        expect.objectContaining({
          code: 'InstanceRefreshInProgress',
          message: expect.stringContaining('An Instance Refresh is already in progress'),
        }),
      );
    }
    const update = { ...demo, LaunchTemplate: { LaunchTemplateName: 'other' } };
    expect(() => scene.call('UpdateAutoScalingGroup', update)).toThrow(
      'An active instance refresh with a desired configuration exists.',
    );
    expect(() => scene.call('PutWarmPool', demo)).toThrow(
      expect.objectContaining({ code: 'InstanceRefreshInProgress' }),
    );
    scene.advance(300);
    start(scene);
    expect(refreshes(scene).map(({ Status }) => Status)).toEqual(['Pending', 'Successful']);
  });

  it('takes a launch template by the id that the group tells of it', () => {
    const scene = group(1);
    const LaunchTemplateId = scene.describe().LaunchTemplate?.LaunchTemplateId;
    start(scene, {}, { DesiredConfiguration: { LaunchTemplate: { LaunchTemplateId, Version: '7' } } });
    scene.advance(60);
    expect(scene.describe().LaunchTemplate).toEqual({
      LaunchTemplateId,
      LaunchTemplateName: 'ecs',
      Version: '7',
    });
  });

  it('is refused in a group that is being deleted', () => {
    const scene = group(1);
    scene.call('DeleteAutoScalingGroup', { ...demo, ForceDelete: true });
    expect(() => start(scene)).toThrow('is pending delete');
  });
});

describe('CancelInstanceRefresh', () => {
  it('waits for what is under way, keeps what is done, and rolls nothing back (D-3.26)', () => {
    const scene = group(4);
    start(scene, {}, { DesiredConfiguration: second });
    scene.advance(20);
    cancel(scene);
    expect(newest(scene).Status).toBe('Cancelling');
    expect(() => start(scene)).toThrow(expect.objectContaining({ code: 'InstanceRefreshInProgress' }));
    scene.advance(40);
    expect(newest(scene)).toMatchObject({ Status: 'Cancelled', EndTime: expect.any(Date) });
    expect(versions(scene).filter((version) => version === '2')).toHaveLength(2);
    expect(scene.describe().LaunchTemplate?.Version).toBe('1');
    expect(told(scene)).toEqual(['Started', 'Cancelled']);
    scene.advance(300);
    expect(versions(scene).filter((version) => version === '2')).toHaveLength(2);
  });

  it('waits for nothing when told so', () => {
    const scene = group(4);
    start(scene);
    scene.advance(5);
    cancel(scene, { WaitForTransitioningInstances: false });
    expect(newest(scene).Status).toBe('Cancelled');
  });

  it('takes back what was launched ahead', () => {
    const scene = group(4);
    start(scene, { MinHealthyPercentage: 100, MaxHealthyPercentage: 200 });
    scene.advance(1);
    expect(Object.keys(scene.states())).toHaveLength(8);
    cancel(scene, { WaitForTransitioningInstances: false });
    scene.advance(60);
    expect(scene.in('InService')).toHaveLength(4);
  });

  it.each(['CancelInstanceRefresh', 'RollbackInstanceRefresh'])(
    '%s finds none where none is active (D-3.26)',
    (operation) => {
      const scene = group(1);
      const call = () => scene.call(operation, demo);
      expect(call).toThrow(expect.objectContaining({ code: 'ActiveInstanceRefreshNotFound' }));
      start(scene);
      scene.advance(300);
      expect(call).toThrow(expect.objectContaining({ code: 'ActiveInstanceRefreshNotFound' }));
      expect(() => scene.call(operation, { AutoScalingGroupName: 'no' })).toThrow('name not found');
    },
  );
});

describe('RollbackInstanceRefresh', () => {
  it('replaces what was replaced by what the group had before (D-3.26, D-1.28)', () => {
    const scene = group(4);
    const kept = scene.in('InService');
    start(scene, { MinHealthyPercentage: 50, InstanceWarmup: 60 }, { DesiredConfiguration: second });
    scene.advance(20);
    rollBack(scene);
    expect(newest(scene)).toMatchObject({
      Status: 'RollbackInProgress',
      InstancesToUpdate: 4,
      RollbackDetails: { PercentageCompleteOnRollback: 0, InstancesToUpdateOnRollback: 4 },
    });
    scene.advance(300);
    expect(newest(scene)).toMatchObject({ Status: 'RollbackSuccessful', PercentageComplete: 0 });
    expect(versions(scene)).toEqual(['1', '1', '1', '1']);
    expect(scene.in('InService').filter((id) => kept.includes(id))).toHaveLength(2);
    expect(told(scene)).toEqual(['Started', 'Rollback Started', 'Rollback Succeeded']);
  });

  it.each([
    ['without a desired configuration', '1', {}],
    ['of a group on $Latest', '$Latest', { DesiredConfiguration: second }],
    ['of a group on $Default', '$Default', { DesiredConfiguration: second }],
  ])('is refused %s (D-3.26)', (_, Version, input) => {
    const scene = group(2, { LaunchTemplate: { LaunchTemplateName: 'ecs', Version } });
    start(scene, {}, input);
    scene.advance(2);
    expect(() => rollBack(scene)).toThrow(expect.objectContaining({ code: 'IrreversibleInstanceRefresh' }));
    expect(newest(scene).Status).toBe('InProgress');
  });

  it('is refused a second time, but can be cancelled', () => {
    const scene = group(2);
    start(scene, {}, { DesiredConfiguration: second });
    scene.advance(20);
    rollBack(scene);
    expect(() => rollBack(scene)).toThrow(expect.objectContaining({ code: 'IrreversibleInstanceRefresh' }));
    cancel(scene);
    scene.advance(60);
    expect(newest(scene).Status).toBe('Cancelled');
  });

  it('happens by itself after a failure with AutoRollback', () => {
    const scene = group(2);
    const [, InstanceId = ''] = scene.in('InService');
    scene.call('SetInstanceProtection', { ...demo, InstanceIds: [InstanceId], ProtectedFromScaleIn: true });
    start(scene, { AutoRollback: true }, { DesiredConfiguration: second });
    scene.advance(3600 + 120);
    expect(newest(scene)).toMatchObject({
      Status: 'RollbackSuccessful',
      RollbackDetails: { RollbackReason: expect.stringContaining('no progress for one hour') },
    });
    expect(versions(scene)).toEqual(['1', '1']);
  });

  it('fails after an hour without progress too', () => {
    const scene = group(1);
    start(scene, {}, { DesiredConfiguration: second });
    scene.advance(5);
    scene.hook({ LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING', HeartbeatTimeout: 7200 });
    rollBack(scene);
    scene.advance(3700);
    expect(newest(scene).Status).toBe('RollbackFailed');
    expect(told(scene)).toEqual(['Started', 'Rollback Started', 'Rollback Failed']);
  });
});

describe('the strategy ReplaceRootVolume (D-1.25)', () => {
  const policy = (ImageId?: string) => ({
    LaunchTemplate: {
      LaunchTemplateSpecification: { LaunchTemplateName: 'ecs', Version: '1' },
      Overrides: [{ InstanceType: 'm6i.large', ...(ImageId ? { ImageId } : {}) }],
    },
  });
  const mixed = (count: number) =>
    group(count, { LaunchTemplate: undefined, MixedInstancesPolicy: policy('ami-old') });
  const replaceVolumes = (scene: Scene, preferences: Record<string, unknown> = {}) =>
    start(scene, preferences, {
      Strategy: 'ReplaceRootVolume',
      DesiredConfiguration: { MixedInstancesPolicy: policy('ami-new') },
    });

  it('keeps the instances, and holds each in its hooks twice with the Action in the events', () => {
    const scene = mixed(1);
    scene.hook();
    scene.hook({ LifecycleHookName: 'launch', LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
    const [instanceId = ''] = scene.in('InService');
    replaceVolumes(scene);
    scene.advance(1);
    expect(scene.states()).toEqual({ [instanceId]: 'ReplacingRootVolume' });
    scene.advance(1);
    expect(scene.states()).toEqual({ [instanceId]: 'ReplacingRootVolume:Wait' });
    const path = { Origin: 'AutoScalingGroup', Destination: 'AutoScalingGroup', Action: 'ReplaceRootVolume' };
    expect(scene.events(terminateEvent)[0]?.detail).toMatchObject({ EC2InstanceId: instanceId, ...path });
    complete(scene, { InstanceId: instanceId });
    expect(scene.states()).toEqual({ [instanceId]: 'ReplacingRootVolume:Proceed' });
    scene.advance(60);
    expect(scene.states()).toEqual({ [instanceId]: 'RootVolumeReplaced' });
    scene.advance(1);
    expect(scene.states()).toEqual({ [instanceId]: 'Pending:Wait' });
    expect(scene.events(launchEvent)[0]?.detail).toMatchObject({ EC2InstanceId: instanceId, ...path });
    complete(scene, { InstanceId: instanceId, LifecycleHookName: 'launch' });
    scene.advance(1);
    expect(scene.states()).toEqual({ [instanceId]: 'InService' });
    expect(newest(scene)).toMatchObject({ Status: 'Successful', Strategy: 'ReplaceRootVolume' });
    expect(scene.describe().Instances?.[0]).toMatchObject({ ImageId: 'ami-new' });
    expect(scene.describe().MixedInstancesPolicy?.LaunchTemplate?.Overrides?.[0]?.ImageId).toBe('ami-new');
    expect(scene.ordered('terminate-instance')).toEqual([]);
    expect(scene.ordered('launch-instance')).toHaveLength(1);
  });

  it('lets no ABANDON of a termination hook stop it, and replaces the instance after one of a launch hook', () => {
    const scene = mixed(1);
    scene.hook();
    scene.hook({ LifecycleHookName: 'launch', LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
    const [InstanceId = ''] = scene.in('InService');
    replaceVolumes(scene);
    scene.advance(2);
    complete(scene, { InstanceId, LifecycleHookName: drainHook, LifecycleActionResult: 'ABANDON' });
    scene.advance(61);
    expect(scene.states()[InstanceId]).toBe('Pending:Wait');
    complete(scene, { InstanceId, LifecycleHookName: 'launch', LifecycleActionResult: 'ABANDON' });
    expect(scene.states()[InstanceId]).toBe('Terminating');
    expect(scene.in('Pending')).toHaveLength(1);
  });

  it('keeps as many in service as a rolling one, and launches none ahead', () => {
    const scene = mixed(4);
    replaceVolumes(scene, { MinHealthyPercentage: 50 });
    scene.advance(1);
    expect(scene.in('InService')).toHaveLength(2);
    scene.advance(200);
    expect(newest(scene).Status).toBe('Successful');
    expect(scene.ordered('launch-instance')).toHaveLength(4);
  });

  it.each([
    ['a desired configuration without a policy', { LaunchTemplate: second.LaunchTemplate }],
    ['an override without an image', { MixedInstancesPolicy: policy() }],
    ['no desired configuration', undefined],
  ])('refuses %s', (_, DesiredConfiguration) => {
    const scene = mixed(1);
    const begin = () => start(scene, {}, { Strategy: 'ReplaceRootVolume', DesiredConfiguration });
    expect(begin).toThrow('whose Overrides all specify an ImageId');
  });

  it('gives an instance up that dies while its volume is replaced', () => {
    const scene = mixed(1);
    const [instanceId = ''] = scene.in('InService');
    replaceVolumes(scene);
    scene.advance(10);
    scene.kill(instanceId);
    scene.advance(60);
    expect(scene.states()).not.toHaveProperty(instanceId);
    expect(scene.in('InService')).toHaveLength(1);
  });
});

describe('DescribeInstanceRefreshes', () => {
  it('gives the newest first, by id, in pages that stay complete while another one starts', () => {
    const scene = group(0);
    const ids = Array.from({ length: 4 }, () => {
      const id = start(scene);
      scene.advance(1);
      return id;
    });
    const page = scene.call<{ NextToken: string }>('DescribeInstanceRefreshes', { ...demo, MaxRecords: 2 });
    start(scene);
    const rest = refreshes(scene, { NextToken: page.NextToken });
    expect(rest.map(({ InstanceRefreshId }) => InstanceRefreshId)).toEqual([ids[1], ids[0]]);
    expect(refreshes(scene, { InstanceRefreshIds: [ids[2]] })).toHaveLength(1);
    expect(() => refreshes(scene, { MaxRecords: 101 })).toThrow("'maxRecords'");
    expect(() => refreshes(scene, { NextToken: 'x' })).toThrow(
      expect.objectContaining({ code: 'InvalidNextToken' }),
    );
    scene.advance(42 * 86_400);
    expect(refreshes(scene)).toEqual([]);
  });
});
