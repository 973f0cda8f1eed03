import { describe, expect, it } from 'vitest';
import { createService, isSteady, runTask, setDesiredCapacity } from '../../demo/cluster.ts';
import { setFaults } from '../../simulator/control/faults.ts';
import { watchDrains } from './budget-scene.ts';
import { clusterName, groupName, job, Scene, service } from './scene.ts';

const good = { isEarly: false, tasksKilled: 0, endedBy: 'complete' };

/** Lets time pass until so many departures have ended, every one of them in good order. */
async function allLeft(scene: Scene, count: number, secondsMax = 3600): Promise<void> {
  const ended = () => scene.departures.filter(({ completedAt }) => completedAt !== undefined);
  await scene.account.until(`${count} departures end`, () => ended().length === count, secondsMax);
  for (const departure of scene.departures) expect(departure).toMatchObject(good);
}

/** Small enough for more than a hundred of them on one instance. */
const tiny = { cpu: 2, memoryMib: 8 };

describe('more than one page or one call holds', () => {
  it('F14: more than a hundred instances that leave at once are all drained, none early', async () => {
    const web = service({ desiredCount: 130, ...tiny });
    const scene = await Scene.open({ instances: 115, services: [web] });
    setDesiredCapacity(scene.account, groupName, 5);
    await allLeft(scene, 110);
    expect(scene.deadLetters).toBe(0);
  });

  it('F14: an instance with more than a hundred tasks is released when the last of all has STOPPED', async () => {
    const web = service({ desiredCount: 130, stopSeconds: 30, ...tiny, minimumHealthyPercent: 0 });
    const scene = await Scene.open({ instances: 1, services: [web] });
    const departure = await scene.leave();
    expect(departure).toMatchObject({ tasks: 130, ...good });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
  });

  it('F15: hundreds of tasks that have STOPPED within the hour, listed still, hold nothing up', async () => {
    const scene = await Scene.open({ instances: 1, services: [] });
    const short = job({ ...tiny, stopSeconds: 1, exitAfterSeconds: 5 });
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 60; i++) runTask(scene.account, clusterName, short);
      await scene.account.advance(60);
    }
    createService(scene.account, clusterName, service({ minimumHealthyPercent: 0 }));
    await scene.account.until('steady', () => isSteady(scene.account, clusterName), 300);
    const instanceId = scene.oldestInstanceId;
    const departure = await scene.leave(900);
    expect(scene.tasksOn(instanceId)).toHaveLength(304);
    expect(departure).toMatchObject(good);
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
  });
});

describe('what an instance can meet on its way out', () => {
  it('F19: an agent that is gone freezes its tasks; the deadline ends the wait, and meanwhile the reason is said', async () => {
    const tags = { 'ecs-steward:drain-deadline': '10m' };
    const scene = await Scene.open({ services: [service({ stopSeconds: 20 })], tags });
    const instanceId = scene.terminate();
    await scene.account.until('DRAINING', () => scene.departures[0]?.drainingAt !== undefined, 60);
    const { account } = scene;
    account.hear(account.ecs.agentConnection(account.world.now, instanceId, false));
    const departure = await scene.ended(instanceId, 1800);
    expect(scene.metric('WaitingAgentDisconnected')).toBeGreaterThan(0);
    expect(departure).toMatchObject({ endedBy: 'complete' });
    const drainSeconds = (Number(departure.completedAt) - Number(departure.drainingAt)) / 1000;
    expect(drainSeconds).toBeGreaterThanOrEqual(600);
    expect(drainSeconds).toBeLessThanOrEqual(600 + 600 + 125);
    expect(scene.deadLetters).toBe(0);
  });

  it('F24: an instance that is terminated in EC2 itself, under its tasks, is let go in seconds', async () => {
    const scene = await Scene.open({ services: [service({ stopSeconds: 60, stopTimeoutSeconds: 90 })] });
    const instanceId = scene.oldestInstanceId;
    scene.account.hear([{ kind: 'terminate-instance', instanceId }]);
    const departure = await scene.ended(instanceId, 1800);
    expect(departure).toMatchObject({ endedBy: 'complete' });
    const heldSeconds = (Number(departure.completedAt) - departure.terminateAt) / 1000;
    expect(heldSeconds).toBeLessThanOrEqual(62);
    await scene.account.advance(1200);
    expect(scene.deadLetters).toBe(0);
    expect(scene.metric('Failures')).toBe(0);
  });

  it('F34: an instance whose agent is away and registers again under its ARN drains to its end', async () => {
    const { scene, instanceId } = await draining();
    const { account } = scene;
    account.hear(account.ecs.agentReconnects(account.world.now, instanceId, 10_000));
    expect(await scene.ended(instanceId, 1800)).toMatchObject(good);
  });

  it('F34: an instance that registers anew, ACTIVE, while it drains is set to DRAINING again and ends at its deadline', async () => {
    const { scene, instanceId } = await draining();
    scene.account.forgetAgent(instanceId);
    const standing = () =>
      scene.account.ecs
        .containerInstanceRecords()
        .filter(({ ec2InstanceId }) => ec2InstanceId === instanceId)
        .map(({ status }) => status);
    expect(standing()).toEqual(['DRAINING', 'ACTIVE']);
    await scene.account.advance(70);
    expect(standing()).not.toContain('ACTIVE');
    const departure = await scene.ended(instanceId, 2 * 3600);
    // What the forgotten registration says of its tasks does not change any more.
    const drainSeconds = (Number(departure.completedAt) - Number(departure.drainingAt)) / 1000;
    expect(drainSeconds).toBeLessThanOrEqual(3000 + 600 + 65);
    expect(scene.deadLetters).toBe(0);
  });
});

/** A scene whose oldest instance has begun to drain tasks that take their time to stop. */
async function draining() {
  const web = service({ desiredCount: 6, stopSeconds: 50, stopTimeoutSeconds: 90 });
  const scene = await Scene.open({ services: [web] });
  const instanceId = scene.terminate();
  await scene.account.until('DRAINING', () => scene.departures[0]?.drainingAt !== undefined, 60);
  await scene.account.advance(5);
  return { scene, instanceId };
}

describe('what other hooks there are', () => {
  it.each([
    ['that has drained', service({ stopSeconds: 20 }), {}],
    [
      'whose deadline has passed',
      service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 }),
      { 'ecs-steward:drain-deadline': '2m' },
    ],
  ])(
    'F23: our hook of an instance %s ends with CONTINUE, which leaves the hooks of others their time',
    async (_, web, tags) => {
      const scene = await Scene.open({ services: [web], tags });
      scene.putHook('another-team', 900);
      const instanceId = scene.terminate();
      await scene.account.advance(890);
      const results = scene.calls('CompleteLifecycleAction').map(({ input }) => input.LifecycleActionResult);
      expect(new Set(results)).toEqual(new Set(['CONTINUE']));
      const isHeld = () =>
        scene.account.autoscaling
          .lifecycleActions()
          .some((one) => one.instanceId === instanceId && one.endedAt === undefined);
      expect(isHeld()).toBe(true);
      await scene.account.advance(30);
      expect(isHeld()).toBe(false);
    },
  );

  it('F26: the hook of managed draining beside ours is never completed by us, and neither ends early', async () => {
    const scene = await Scene.open({ services: [service({ stopSeconds: 30 })] });
    const [group] = scene.account.call('autoscaling', 'DescribeAutoScalingGroups', {
      AutoScalingGroupNames: [groupName],
    }).AutoScalingGroups as { AutoScalingGroupARN: string }[];
    scene.account.call('ecs', 'CreateCapacityProvider', {
      name: 'nodes',
      autoScalingGroupProvider: {
        autoScalingGroupArn: group?.AutoScalingGroupARN,
        managedDraining: 'ENABLED',
      },
    });
    scene.account.call('ecs', 'PutClusterCapacityProviders', {
      cluster: clusterName,
      capacityProviders: ['nodes'],
      defaultCapacityProviderStrategy: [],
    });
    await scene.account.advance(60);
    const instanceId = scene.terminate();
    await scene.account.advance(600);
    const actions = scene.account.autoscaling
      .lifecycleActions()
      .filter((one) => one.instanceId === instanceId);
    expect(actions.map(({ lifecycleHookName, endedBy }) => [lifecycleHookName, endedBy]).sort()).toEqual([
      ['ecs-managed-draining-termination-hook', 'complete'],
      ['ecs-steward-terminate', 'complete'],
    ]);
    const completed = scene.calls('CompleteLifecycleAction').map(({ input }) => input.LifecycleHookName);
    expect(new Set(completed)).toEqual(new Set(['ecs-steward-terminate']));
    expect(scene.departure(instanceId)).toMatchObject(good);
    expect(scene.metric('Failures')).toBe(0);
  });
});

describe('everything at once', () => {
  it('F29: a mass scale-in that AWS throttles ends, late perhaps, without a dead letter or a task cut off', async () => {
    const web = service({ desiredCount: 60, stopSeconds: 20 });
    const scene = await Scene.open({ instances: 60, services: [web] });
    // Alone it keeps to the buckets of AWS; it does not know what others in the account take from them.
    setFaults(scene.account, { throttle: true, othersShare: 0.9 });
    setDesiredCapacity(scene.account, groupName, 10);
    await allLeft(scene, 50, 2 * 3600);
    const throttled = scene.calls().filter(({ outcome }) => outcome.startsWith('Throttling'));
    expect(throttled.length).toBeGreaterThan(0);
    expect(scene.deadLetters).toBe(0);
  });

  it('F44: a group that leaves altogether drains as many at once as its tag says, and ends all the same', async () => {
    const web = service({ desiredCount: 8, stopSeconds: 20 });
    const scene = await Scene.open({
      instances: 8,
      services: [web],
      tags: { 'ecs-steward:max-draining': '2' },
    });
    const drains = watchDrains(scene);
    setDesiredCapacity(scene.account, groupName, 1);
    await allLeft(scene, 7);
    expect(drains.most.get(groupName)).toBe(2);
  });
});
