import { describe, expect, it } from 'vitest';
import { isSteady, setDesiredCapacity, stewardHook } from '../../demo/cluster.ts';
import { markName } from '../../lib/mark.ts';
import { clusterName, groupName, Scene, type SceneWish, service } from './scene.ts';

const named = { AutoScalingGroupName: groupName };
const container = (scene: Scene, instanceId: string) =>
  scene.account.ecs.containerInstanceRecords().findLast((one) => one.ec2InstanceId === instanceId);
/** The status of the newest registration, and whether it has our mark. */
const standing = (scene: Scene, instanceId: string) => {
  const found = container(scene, instanceId);
  return { status: found?.status, isMarked: found?.customAttributes.some(({ name }) => name === markName) };
};
const stateOf = (scene: Scene, instanceId: string) => {
  const reply = scene.account.call('autoscaling', 'DescribeAutoScalingInstances', {
    InstanceIds: [instanceId],
  });
  return (reply.AutoScalingInstances as { LifecycleState: string }[])[0]?.LifecycleState;
};
const reaches = (scene: Scene, instanceId: string, state: string, secondsMax = 600) =>
  scene.account.until(`${instanceId} is ${state}`, () => stateOf(scene, instanceId) === state, secondsMax);
const restored = (scene: Scene, instanceId: string, secondsMax = 130) =>
  scene.account.until(
    `${instanceId} is ACTIVE without our mark`,
    () => standing(scene, instanceId).status === 'ACTIVE' && standing(scene, instanceId).isMarked === false,
    secondsMax,
  );

/** A scene whose group has a warm pool that takes instances back. */
async function withPool(
  PoolState: 'Stopped' | 'Running' | 'Hibernated',
  wish: SceneWish = {},
): Promise<Scene> {
  const scene = await Scene.open(wish);
  const pool = { PoolState, MinSize: 0, MaxGroupPreparedCapacity: 0 };
  scene.account.call('autoscaling', 'PutWarmPool', {
    ...named,
    ...pool,
    InstanceReusePolicy: { ReuseOnScaleIn: true },
  });
  scene.account.call('autoscaling', 'PutWarmPool', { ...named, MaxGroupPreparedCapacity: 3 });
  await scene.account.advance(70);
  return scene;
}

/** Scales in by one; gives the instance that returns to the pool. */
async function returning(scene: Scene, size = 2): Promise<string> {
  setDesiredCapacity(scene.account, groupName, size);
  let instanceId = '';
  const waits = () => {
    const reply = scene.account.call('autoscaling', 'DescribeWarmPool', named);
    const found = (reply.Instances as { InstanceId: string; LifecycleState: string }[]).find(
      ({ LifecycleState }) => LifecycleState === 'Warmed:Pending:Wait',
    );
    instanceId = found?.InstanceId ?? '';
    return found !== undefined;
  };
  await scene.account.until('an instance on its way back into the pool', waits, 30);
  return instanceId;
}

/** The stack's functions never had something denied, failed, or in a dead-letter queue. */
const isClean = (scene: Scene) =>
  expect([scene.denied, scene.deadLetters, scene.metric('Failures')]).toEqual([[], 0, 0]);

describe('an instance that returns to its warm pool (D-1.23, D-3.28)', () => {
  it.each(['Stopped', 'Hibernated'] as const)(
    'F8: drains, is released when its tasks are STOPPED, and is ACTIVE without our mark while it is %s',
    async (PoolState) => {
      const scene = await withPool(PoolState);
      const instanceId = await returning(scene);
      const departure = await scene.ended(instanceId, 600);
      expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
      expect(departure.tasks).toBeGreaterThan(0);
      expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
      expect(standing(scene, instanceId)).toEqual({ status: 'DRAINING', isMarked: true });
      await reaches(scene, instanceId, `Warmed:${PoolState}`);
      await restored(scene, instanceId);
      setDesiredCapacity(scene.account, groupName, 3);
      await reaches(scene, instanceId, 'InService');
      await scene.account.advance(120);
      expect(standing(scene, instanceId)).toEqual({ status: 'ACTIVE', isMarked: false });
      expect(isSteady(scene.account, clusterName)).toBe(true);
      isClean(scene);
    },
  );

  it('stays DRAINING while it runs in the pool, where it would be given tasks, and is ACTIVE within two sweeps in service', async () => {
    const scene = await withPool('Running');
    const instanceId = await returning(scene);
    await scene.ended(instanceId, 600);
    await reaches(scene, instanceId, 'Warmed:Running');
    await scene.account.advance(300);
    expect(standing(scene, instanceId)).toEqual({ status: 'DRAINING', isMarked: true });
    setDesiredCapacity(scene.account, groupName, 3);
    await reaches(scene, instanceId, 'InService');
    await restored(scene, instanceId);
    isClean(scene);
  });

  it('drains and comes back when every rule is disabled', async () => {
    const scene = await withPool('Stopped');
    scene.disable('events');
    const instanceId = await returning(scene);
    expect(await scene.ended(instanceId, 600)).toMatchObject({ isEarly: false, tasksKilled: 0 });
    await reaches(scene, instanceId, 'Warmed:Stopped');
    await restored(scene, instanceId);
    isClean(scene);
  });

  it('is found by a sweep that has never seen it leave', async () => {
    const scene = await withPool('Stopped');
    const instanceId = await returning(scene);
    await scene.account.advance(5);
    scene.disable('schedules');
    await scene.ended(instanceId, 600);
    await reaches(scene, instanceId, 'Warmed:Stopped');
    setDesiredCapacity(scene.account, groupName, 3);
    await reaches(scene, instanceId, 'InService');
    await scene.account.advance(900);
    expect(standing(scene, instanceId)).toEqual({ status: 'DRAINING', isMarked: true });
    scene.enable('schedules');
    await restored(scene, instanceId, 70);
  });

  it('keeps the DRAINING that an operator gave it', async () => {
    const scene = await withPool('Stopped');
    for (const { containerInstanceArn } of scene.account.ecs.containerInstanceRecords())
      scene.account.call('ecs', 'UpdateContainerInstancesState', {
        cluster: clusterName,
        containerInstances: [containerInstanceArn],
        status: 'DRAINING',
      });
    const instanceId = await returning(scene);
    expect(await scene.ended(instanceId, 3 * 3600)).toMatchObject({ endedBy: 'complete' });
    await reaches(scene, instanceId, 'Warmed:Stopped');
    setDesiredCapacity(scene.account, groupName, 3);
    await reaches(scene, instanceId, 'InService');
    await scene.account.advance(1200);
    expect(standing(scene, instanceId)).toEqual({ status: 'DRAINING', isMarked: false });
    expect(scene.metric('Restored')).toBe(0);
  });

  it('is not taken for one that is launched into the pool, which the hook of another team holds', async () => {
    const scene = await Scene.open();
    scene.account.call('autoscaling', 'PutLifecycleHook', {
      ...named,
      LifecycleHookName: 'prepare',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
      HeartbeatTimeout: 900,
    });
    scene.account.call('autoscaling', 'PutWarmPool', {
      ...named,
      PoolState: 'Running',
      MaxGroupPreparedCapacity: 4,
    });
    await scene.account.advance(400);
    const launched = scene.account.ec2.all().at(-1)?.instanceId as string;
    expect(stateOf(scene, launched)).toBe('Warmed:Pending:Wait');
    expect(standing(scene, launched)).toEqual({ status: 'ACTIVE', isMarked: false });
    expect(scene.writes.filter(({ outcome }) => outcome === 'ok')).toEqual([]);
    expect(scene.metric('Failures')).toBe(0);
  });
});

describe('an instance that ends in its warm pool (Warmed:Terminating:Wait)', () => {
  it('is released in seconds: it runs no task', async () => {
    const scene = await withPool('Stopped', { services: [] });
    const instanceId = await returning(scene);
    await scene.ended(instanceId, 600);
    await reaches(scene, instanceId, 'Warmed:Stopped');
    await scene.account.advance(130);
    scene.account.call('autoscaling', 'PutWarmPool', { ...named, MaxGroupPreparedCapacity: 0 });
    const ended = () =>
      scene.account.autoscaling
        .lifecycleActions()
        .filter((action) => action.instanceId === instanceId && action.lifecycleHookName === stewardHook)
        .map(({ endedBy }) => endedBy);
    await scene.account.until('its second action ends', () => ended()[1] !== undefined, 120);
    expect(ended()).toEqual(['complete', 'complete']);
    isClean(scene);
  });
});

describe('an instance whose root volume is replaced (D-1.25)', () => {
  async function refreshed(scene: Scene): Promise<void> {
    const policy = (ImageId: string) => ({
      LaunchTemplate: {
        LaunchTemplateSpecification: { LaunchTemplateName: groupName, Version: '$Latest' },
        Overrides: [{ InstanceType: 'm6i.large', ImageId }],
      },
    });
    scene.account.call('autoscaling', 'UpdateAutoScalingGroup', {
      ...named,
      MixedInstancesPolicy: policy('ami-old'),
    });
    scene.account.call('autoscaling', 'StartInstanceRefresh', {
      ...named,
      Strategy: 'ReplaceRootVolume',
      DesiredConfiguration: { MixedInstancesPolicy: policy('ami-new') },
      Preferences: { MinHealthyPercentage: 66, InstanceWarmup: 60 },
    });
    const status = () => {
      const reply = scene.account.call('autoscaling', 'DescribeInstanceRefreshes', named);
      return (reply.InstanceRefreshes as { Status: string }[])[0]?.Status;
    };
    await scene.account.until('the refresh has ended', () => status() === 'Successful', 2 * 3600);
  }

  it.each([
    ['with its events', false],
    ['by sweeps alone', true],
  ])('drains before, and nothing stays DRAINING by us when the refresh is done, %s', async (_, isSilent) => {
    const scene = await Scene.open({ services: [service({ desiredCount: 6 })] });
    if (isSilent) scene.disable('events');
    await refreshed(scene);
    await scene.account.advance(130);
    expect(scene.departures).toHaveLength(3);
    for (const departure of scene.departures)
      expect(departure).toMatchObject({ isEarly: false, endedBy: 'complete' });
    expect(scene.account.ecs.taskRecords().filter(({ cutOff }) => cutOff)).toEqual([]);
    const left = scene.account.ecs.containerInstanceRecords();
    expect(left.filter(({ status }) => status === 'DRAINING')).toEqual([]);
    expect(left.flatMap(({ customAttributes }) => customAttributes)).toEqual([]);
    expect(isSteady(scene.account, clusterName)).toBe(true);
    isClean(scene);
  });
});
