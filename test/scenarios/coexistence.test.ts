import { describe, expect, it } from 'vitest';
import { runTask, setDesiredCapacity, stewardHook } from '../../demo/cluster.ts';
import { managedHookName } from '../../lib/hook.ts';
import { watchDrains } from './budget-scene.ts';
import { clusterName, groupName, job, Scene, type SceneWish, service } from './scene.ts';

type Departure = Awaited<ReturnType<Scene['ended']>>;

/** It drained before it went, by our own hook; nothing was cut off, denied, or given up. */
function isClean(scene: Scene, departure: Departure): void {
  expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
  expect([scene.denied, scene.deadLetters, scene.metric('Failures')]).toEqual([[], 0, 0]);
}

const setStatus = (scene: Scene, instanceId: string, status: 'ACTIVE' | 'DRAINING') =>
  scene.account.call('ecs', 'UpdateContainerInstancesState', {
    cluster: clusterName,
    containerInstances: [scene.registration(instanceId).containerInstanceArn],
    status,
  });
const actionsOf = (scene: Scene, hookName: string) =>
  scene.account.autoscaling.lifecycleActions().filter((one) => one.lifecycleHookName === hookName);
const idsOf = ({ account }: Scene) => account.ec2.all().map(({ instanceId }) => instanceId);

describe('managed draining beside ours (D-4.22, D-4.25)', () => {
  async function managed(wish: SceneWish = {}): Promise<Scene> {
    const scene = await Scene.open(wish);
    scene.account.call('ecs', 'CreateCapacityProvider', {
      name: 'spare',
      autoScalingGroupProvider: { autoScalingGroupArn: groupName, managedDraining: 'ENABLED' },
    });
    scene.account.call('ecs', 'PutClusterCapacityProviders', {
      cluster: clusterName,
      capacityProviders: ['spare'],
      defaultCapacityProviderStrategy: [],
    });
    await scene.account.advance(60);
    return scene;
  }

  it('each completes its own hook, and the instance goes when both have', async () => {
    const scene = await managed({ services: [service({ stopSeconds: 30 })] });
    const departure = await scene.leave();
    isClean(scene, departure);
    await scene.account.advance(120);
    expect(actionsOf(scene, managedHookName).map(({ endedBy }) => endedBy)).toEqual(['complete']);
    const ours = scene.writes.filter(({ operation }) => operation === 'CompleteLifecycleAction');
    expect(ours.map(({ input }) => input.LifecycleHookName)).toEqual([stewardHook]);
  });

  it('has the group said that its budget does not hold, within a quarter of an hour', async () => {
    const scene = await managed({ tags: { 'ecs-steward:max-draining': '1' } });
    await scene.account.advance(920);
    const told = scene.logged.filter(({ message }) => /^a budget does not hold beside/.test(String(message)));
    expect(told[0]).toMatchObject({ level: 'WARN', autoScalingGroupName: groupName, budgetOf: 'group' });
    expect(scene.metric('Misconfigured')).toBe(0);
  });
});

describe('an agent that drains its instance by itself when Spot takes it back (D-7.2)', () => {
  it('and the steward do each other no harm: every task gets its SIGTERM in time', async () => {
    const scene = await Scene.open({ instances: 2, services: [] });
    const { ec2 } = scene.account;
    ec2.putLaunchTemplate({ ...ec2.launchTemplate(groupName), spotInstanceDraining: true });
    const known = new Set(idsOf(scene));
    setDesiredCapacity(scene.account, groupName, 3);
    await scene.account.advance(120);
    const instanceId = idsOf(scene).find((one) => !known.has(one)) ?? '';
    setStatus(scene, instanceId, 'ACTIVE');
    for (const other of known) setStatus(scene, other, 'DRAINING');
    for (let i = 0; i < 3; i++)
      runTask(scene.account, clusterName, job({ stopSeconds: 25, stopTimeoutSeconds: 30 }));
    await scene.account.advance(30);
    for (const other of known) setStatus(scene, other, 'ACTIVE');
    scene.interrupt(instanceId);
    await scene.account.advance(125);
    const tasks = scene.tasksOn(instanceId);
    expect(tasks).toHaveLength(3);
    for (const { cutOff } of tasks) expect(cutOff).toBe(false);
    isClean(scene, await scene.ended(instanceId, 600));
  });
});

describe("another team's hook on the same group (D-3.15)", () => {
  it.each([
    ['that is let go later', 1800],
    ['that times out first', 60],
  ])('%s is none of ours: ours is completed when the last task is STOPPED', async (_, HeartbeatTimeout) => {
    const scene = await Scene.open({ services: [service({ stopSeconds: 110, stopTimeoutSeconds: 120 })] });
    scene.putHook('another-team', HeartbeatTimeout);
    const instanceId = scene.terminate();
    const isReleased = () => actionsOf(scene, stewardHook)[0]?.endedAt !== undefined;
    await scene.account.until('our hook is completed', isReleased, 600);
    const departure = scene.departure(instanceId);
    isClean(scene, departure);
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
    await scene.account.advance(2000);
    expect(actionsOf(scene, 'another-team').map(({ endedBy }) => endedBy)).toEqual(['timeout']);
    const about = scene.writes.filter(({ input }) => input.LifecycleHookName === 'another-team');
    expect(about).toEqual([]);
    expect([scene.deadLetters, scene.metric('Failures')]).toEqual([0, 0]);
  });
});

describe("another team's drainer", () => {
  it('that sets it to DRAINING first leaves us nothing but to release it', async () => {
    const scene = await Scene.open({ services: [service({ stopSeconds: 20 })] });
    const instanceId = scene.terminate();
    setStatus(scene, instanceId, 'DRAINING');
    const departure = await scene.ended(instanceId);
    isClean(scene, departure);
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
    expect(scene.calls('UpdateContainerInstancesState')).toEqual([]);
  });

  it('that sets it to ACTIVE again is answered within a minute: it is drained once more, and nothing is cut off', async () => {
    const scene = await Scene.open({ services: [service({ stopSeconds: 50, stopTimeoutSeconds: 60 })] });
    const instanceId = scene.terminate();
    await scene.account.until('DRAINING', () => scene.registration(instanceId).status === 'DRAINING', 60);
    setStatus(scene, instanceId, 'ACTIVE');
    await scene.account.advance(100);
    isClean(scene, await scene.ended(instanceId));
    expect(scene.calls('UpdateContainerInstancesState').length).toBeGreaterThanOrEqual(2);
  });
});

describe("an operator's own DRAINING", () => {
  it('is never undone, marked or deregistered, and takes no slot of the budget', async () => {
    const scene = await Scene.open({
      instances: 4,
      services: [service({ desiredCount: 4, stopSeconds: 30 })],
      tags: { 'ecs-steward:max-draining': '1' },
    });
    const [kept = '', leaving] = idsOf(scene);
    setStatus(scene, kept, 'DRAINING');
    await scene.account.advance(120);
    const drains = watchDrains(scene);
    const departure = await scene.ended(scene.terminate(leaving), 600);
    isClean(scene, departure);
    expect(departure.drainingAt).toBeLessThanOrEqual(departure.terminateAt + 5000);
    expect(drains.starts).toHaveLength(1);
    await scene.account.advance(4 * 3600);
    expect(scene.registration(kept)).toMatchObject({ status: 'DRAINING', customAttributes: [] });
    const { containerInstanceArn } = scene.registration(kept);
    const about = scene.writes.filter(({ input }) => JSON.stringify(input).includes(containerInstanceArn));
    expect(about).toEqual([]);
  });
});
