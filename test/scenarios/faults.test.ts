import { describe, expect, it } from 'vitest';
import { createGroup, setDesiredCapacity, tagGroup } from '../../demo/cluster.ts';
import { Fault } from '../../simulator/machine.ts';
import { clusterName, groupName, job, Scene, service } from './scene.ts';

describe('a hook that somebody else completes', () => {
  it('F21: is success, also while the hook of another team still holds the instance (D-3.10, D-3.15)', async () => {
    const scene = await Scene.open({ services: [service({ stopSeconds: 30 })] });
    const group = { AutoScalingGroupName: groupName };
    scene.putHook('another-team', 900);
    const instanceId = scene.terminate();
    await scene.account.until('counts 0', () => scene.departures[0]?.countsZeroAt !== undefined, 300);
    scene.account.call('autoscaling', 'CompleteLifecycleAction', {
      ...group,
      LifecycleHookName: 'ecs-steward-terminate',
      InstanceId: instanceId,
      LifecycleActionResult: 'CONTINUE',
    });
    await scene.account.advance(1200);
    const outcomes = scene.calls('CompleteLifecycleAction').map(({ outcome }) => outcome);
    expect(outcomes.length).toBeGreaterThan(0);
    expect(new Set(outcomes)).toEqual(new Set(['ValidationError']));
    expect(scene.deadLetters).toBe(0);
    expect(scene.metric('Failures')).toBe(0);
    expect(scene.account.lambda.invocations.filter(({ outcome }) => outcome !== 'success')).toEqual([]);
    const others = scene.account.autoscaling
      .lifecycleActions()
      .filter(({ lifecycleHookName }) => lifecycleHookName === 'another-team');
    expect(others.map(({ endedBy }) => endedBy)).toEqual(['timeout']);
  });
});

describe('an instance that is registered nowhere', () => {
  it('F9: is released after two looks at least 15 s apart, in seconds and not the whole hook', async () => {
    const scene = await Scene.open({ services: [] });
    createNodesWithoutAgent(scene);
    await scene.account.advance(60);
    const silent = scene.account.ec2.all().at(-1)?.instanceId as string;
    const departure = await scene.ended(scene.terminate(silent), 120);
    const waitedSeconds = (Number(departure.completedAt) - departure.terminateAt) / 1000;
    expect(waitedSeconds).toBeGreaterThanOrEqual(15);
    expect(waitedSeconds).toBeLessThanOrEqual(30);
    const reads = scene.calls('ListContainerInstances').filter(({ at }) => at >= departure.terminateAt);
    expect(Number(reads.at(-1)?.at) - Number(reads[0]?.at)).toBeGreaterThanOrEqual(15_000);
  });

  it('is released by the sweep alone, when every rule is disabled', async () => {
    const scene = await Scene.open({ services: [] });
    createNodesWithoutAgent(scene);
    await scene.account.advance(60);
    scene.disable('events');
    const silent = scene.account.ec2.all().at(-1)?.instanceId as string;
    const departure = await scene.ended(scene.terminate(silent), 200);
    const waitedSeconds = (Number(departure.completedAt) - departure.terminateAt) / 1000;
    expect(waitedSeconds).toBeGreaterThanOrEqual(15);
  });
});

describe('a tag that names the wrong cluster', () => {
  it.each(['another', 'no-such-cluster'])(
    '(%s) never costs a task: the instance is held, and the tag reported',
    async (wrong) => {
      const scene = await Scene.open();
      scene.account.call('ecs', 'CreateCluster', { clusterName: 'another' });
      tagGroup(scene.account, groupName, { 'ecs-steward:cluster': wrong });
      const instanceId = scene.terminate();
      await scene.account.advance(3600);
      expect(scene.departure(instanceId)).toMatchObject({ completedAt: undefined, tasksKilled: 0 });
      expect(scene.metric('Misconfigured')).toBeGreaterThan(0);
      expect(scene.deadLetters).toBe(0);
      tagGroup(scene.account, groupName, { 'ecs-steward:cluster': clusterName });
      expect(await scene.ended(instanceId, 600)).toMatchObject({ isEarly: false, tasksKilled: 0 });
    },
  );
});

describe('an outage of the sweep', () => {
  it.each([1, 2, 3, 4, 5, 6])('of 20 minutes costs no hook (seed %i)', async (seed) => {
    const scene = await Scene.open({ seed, standalone: [job({ exitAfterSeconds: 3 * 3600 })] });
    const instanceId = scene.terminate();
    await scene.account.advance(500 + 97 * seed);
    scene.disable('schedules');
    await scene.account.advance(1200);
    scene.enable('schedules');
    expect(await scene.ended(instanceId)).toMatchObject({
      endedBy: 'complete',
      isEarly: false,
      tasksKilled: 0,
    });
  });
});

describe('a throttled API after an outage of the sweep', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'costs no hook: what could not be renewed is due again (seed %i)',
    async (seed) => {
      const scene = await Scene.open({ seed, standalone: [job({ exitAfterSeconds: 3 * 3600 })] });
      const { account } = scene;
      const instanceId = scene.terminate();
      await account.advance(500 + 97 * seed);
      scene.disable('schedules');
      await account.advance(1200);
      const throttledUntil = account.world.now + 62_000;
      account.endpoint.faults.refuse = ({ operation }) => {
        if (operation === 'RecordLifecycleActionHeartbeat' && account.world.now < throttledUntil)
          throw new Fault('Throttling', 'Rate exceeded');
      };
      scene.enable('schedules');
      const departure = await scene.ended(instanceId);
      const heartbeats = scene.calls('RecordLifecycleActionHeartbeat');
      expect(heartbeats.filter(({ outcome }) => outcome === 'Throttling').length).toBeGreaterThan(0);
      expect(departure).toMatchObject({ endedBy: 'complete', isEarly: false, tasksKilled: 0 });
    },
  );
});

describe('a mark that is refused', () => {
  it('never stops a drain: the instance has ten attributes of its own (D-13.14)', async () => {
    const scene = await Scene.open();
    const { containerInstanceArn, ec2InstanceId } = scene.registration(scene.oldestInstanceId);
    scene.account.call('ecs', 'PutAttributes', {
      cluster: clusterName,
      attributes: Array.from({ length: 10 }, (_, i) => ({
        name: `mine-${i}`,
        value: 'x',
        targetId: containerInstanceArn,
      })),
    });
    const departure = await scene.leave();
    expect(scene.calls('PutAttributes').map(({ outcome }) => outcome)).not.toContain('ok');
    expect(scene.registration(ec2InstanceId).customAttributes).toHaveLength(10);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
  });
});

describe('a crash of the function', () => {
  /** Kills `admit` once, just after its call of this operation was answered, before it can go on. */
  function crashOnceAfter(scene: Scene, operation: string): () => boolean {
    let crashed = false;
    scene.account.lambda.faults.crash = (invocation, callNumber, moment) => {
      if (crashed || !invocation.functionName.endsWith('-admit') || moment !== 'after') return false;
      const done = scene.calls().filter(({ requestId }) => requestId === invocation.requestId);
      crashed = done.length === callNumber && done.at(-1)?.operation === operation;
      return crashed;
    };
    return () => crashed;
  }

  it('between the mark and DRAINING is made good: a mark alone drains nothing', async () => {
    const scene = await Scene.open();
    const hasCrashed = crashOnceAfter(scene, 'PutAttributes');
    const departure = await scene.leave(1200);
    expect(hasCrashed()).toBe(true);
    expect(scene.account.lambda.invocations.map(({ outcome }) => outcome)).toContain('crashed');
    expect(departure.drainingAt).toBeLessThanOrEqual(departure.terminateAt + 100_000);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
  });

  it('between DRAINING and its reply is made good: nobody was asked to look at the empty instance again', async () => {
    // Its own event would have it looked at (D-11.1).
    const scene = await Scene.open({ services: [], ecsSwitches: { eventOnStateChange: false } });
    const hasCrashed = crashOnceAfter(scene, 'UpdateContainerInstancesState');
    const departure = await scene.leave(300);
    expect(hasCrashed()).toBe(true);
    expect(departure).toMatchObject({ tasks: 0, isEarly: false, endedBy: 'complete' });
    const waitedSeconds = (Number(departure.completedAt) - Number(departure.drainingAt)) / 1000;
    expect(waitedSeconds).toBeLessThanOrEqual(60 + 10 + 2);
  });
});

/** Another enrolled group of the cluster, whose only instance never starts an agent. */
function createNodesWithoutAgent(scene: Scene): void {
  createGroup(scene.account, {
    clusterName,
    autoScalingGroupName: 'silent-nodes',
    desiredCapacity: 0,
    agentSeconds: null,
  });
  scene.account.call('autoscaling', 'CreateOrUpdateTags', {
    Tags: [
      {
        ResourceId: 'silent-nodes',
        ResourceType: 'auto-scaling-group',
        Key: 'ecs-steward:cluster',
        Value: clusterName,
        PropagateAtLaunch: false,
      },
    ],
  });
  setDesiredCapacity(scene.account, 'silent-nodes', 1);
}
