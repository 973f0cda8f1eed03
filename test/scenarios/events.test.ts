import { describe, expect, it } from 'vitest';
import { stewardHook, tagGroup } from '../../demo/cluster.ts';
import { Fault } from '../../simulator/machine.ts';
import { announcedIn } from './announced.ts';
import { groupName, Scene, service } from './scene.ts';

const typesOf = (scene: Scene) => announcedIn(scene).map((event) => event['detail-type']);
const eventOf = (scene: Scene, detailType: string) => announcedIn(scene, detailType)[0];

describe('the events of a departure', () => {
  it('tell on the bus that the drain started, and that the instance drained, once the hook is completed', async () => {
    const scene = await Scene.open({ seed: 2 });
    const instanceId = scene.terminate();
    const { containerInstanceArn } = scene.registration(instanceId);
    const { completedAt, drainingAt } = await scene.ended(instanceId);
    await scene.account.advance(5);
    expect(typesOf(scene)).toEqual(['Drain Started', 'Instance Drained']);
    const departure = {
      clusterName: 'shop',
      autoScalingGroupName: 'shop-nodes',
      instanceId,
      containerInstanceArns: [containerInstanceArn],
      cause: 'termination',
    };
    const started = eventOf(scene, 'Drain Started');
    expect(started).toMatchObject({ resources: [containerInstanceArn], detail: departure });
    expect(started?.detail.taskCount).toBeGreaterThan(0);
    const drained = eventOf(scene, 'Instance Drained');
    expect(drained?.detail).toMatchObject({ ...departure, why: 'drained' });
    expect(drained?.detail.drainStartedAt).toBe(started?.detail.drainStartedAt);
    const drainSeconds = (Number(completedAt) - Number(drainingAt)) / 1000;
    expect(Math.abs(Number(drained?.detail.drainSeconds) - drainSeconds)).toBeLessThanOrEqual(2);
    expect(scene.denied).toEqual([]);
  });

  it('are not waited for before the hook is completed', async () => {
    const scene = await Scene.open();
    await scene.leave();
    await scene.account.advance(5);
    const calls = scene.calls().filter(({ functionName }) => functionName?.endsWith('-release'));
    const completed = calls.findIndex(({ operation }) => operation === 'CompleteLifecycleAction');
    const told = calls.findIndex(({ operation }) => operation === 'PutEvents');
    expect(completed).toBeGreaterThanOrEqual(0);
    expect(told).toBeGreaterThan(completed);
  });

  it('tell that an instance is released for another reason than that it drained', async () => {
    const scene = await Scene.open({ unenrolled: true });
    tagGroup(scene.account, groupName, { 'ecs-steward:cluster': 'shop', 'ecs-steward:dry-run': 'on' });
    scene.putHook(stewardHook, 1800);
    const instanceId = scene.terminate();
    await scene.ended(instanceId, 120);
    await scene.account.advance(5);
    expect(typesOf(scene)).toEqual(['Instance Released']);
    expect(announcedIn(scene)[0]?.detail).toMatchObject({ instanceId, why: 'dry-run' });
    expect(announcedIn(scene)[0]?.detail).not.toHaveProperty('drainSeconds');
  });

  it('are told once for each instance, though every event of ECS comes twice', async () => {
    const scene = await Scene.open({ instances: 4, services: [service({ desiredCount: 6 })] });
    scene.account.bus.faults.duplicate = 1;
    await scene.leave();
    await scene.account.advance(120);
    expect(typesOf(scene)).toEqual(['Drain Started', 'Instance Drained']);
    const ids = announcedIn(scene).map(({ detail }) => detail.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('never hold up a release: an instance leaves in time although no event is taken', async () => {
    const scene = await Scene.open({ seed: 2 });
    scene.account.endpoint.faults.refuse = ({ operation }) => {
      if (operation === 'PutEvents') throw new Fault('InternalException', 'This is a fault of the test.');
    };
    const departure = await scene.leave();
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
    await scene.account.advance(60);
    expect(announcedIn(scene)).toEqual([]);
    expect(scene.metric('Failures')).toBe(2);
    expect(scene.deadLetters).toBe(0);
  });
});
