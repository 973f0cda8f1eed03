import { describe, expect, it } from 'vitest';
import { runTask } from '../../demo/cluster.ts';
import { envelope } from './messages.ts';
import { clusterName, groupName, job, Scene } from './scene.ts';

/** Ten attributes of somebody else leave no room for our mark (D-13.14). */
function fillAttributes(scene: Scene): void {
  const { containerInstanceArn } = scene.registration(scene.oldestInstanceId);
  scene.account.call('ecs', 'PutAttributes', {
    cluster: clusterName,
    attributes: Array.from({ length: 10 }, (_, i) => ({
      name: `mine-${i}`,
      value: 'x',
      targetId: containerInstanceArn,
    })),
  });
}

/**
 * An instance with a task that stops at once, and one that stops in 25 s and was placed just before the drain; both are told
 * to stop when it is DRAINING. `placedBefore` says when the second one was not there yet.
 */
async function drainedJustAfterPlacement(seed: number, isMarked: boolean) {
  const quick = job({ name: 'quick', stopSeconds: 1 });
  const scene = await Scene.open({ seed, instances: 1, services: [], standalone: [quick] });
  const { account } = scene;
  if (!isMarked) fillAttributes(scene);
  const first = account.ecs.taskRecords().find(({ definition }) => definition.family === 'quick');
  const placedBefore = account.world.now - 1;
  const slow = runTask(account, clusterName, job({ name: 'slow', stopSeconds: 25 }));
  const runs = () =>
    account.ecs.taskRecords().find(({ taskArn }) => taskArn === slow)?.lastStatus === 'RUNNING';
  await account.until('the task runs', runs, 10);
  const instanceId = scene.terminate();
  await account.until('DRAINING', () => scene.registration(instanceId).status === 'DRAINING', 6);
  for (const task of [slow, first?.taskArn]) account.call('ecs', 'StopTask', { cluster: clusterName, task });
  return { scene, instanceId, placedBefore };
}

describe('a task placed just before the drain', () => {
  it.each([
    ['with', true],
    ['without', false],
  ])('F12: is not cut off where the lists are older than it, %s the mark (D-1.4)', async (_, isMarked) => {
    const { scene, instanceId, placedBefore } = await drainedJustAfterPlacement(1, isMarked);
    const { account } = scene;
    const caughtUpAt = account.world.now + 9000;
    let listedOld = 0;
    account.endpoint.faults.viewAt = ({ operation }, now) => {
      if (operation !== 'ListTasks' || now >= caughtUpAt) return now;
      listedOld++;
      return placedBefore;
    };
    await account.advance(3);
    // The events alone would leave the lists unread, for the instance still holds what the second task takes.
    const detail = { autoScalingGroupName: groupName, clusterName, instanceId, because: 'empty' };
    scene.send('release', { ...envelope(scene, 'ecs-steward', 'Look'), detail });
    const departure = await scene.ended(instanceId, 120);
    expect(listedOld).toBeGreaterThanOrEqual(2);
    expect(departure).toMatchObject({ tasks: 2, isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
  });

  it.each(Array.from({ length: 12 }, (_, i) => i + 1))(
    'is not cut off with reads up to 12 s old (seed %i)',
    async (seed) => {
      const { scene, instanceId } = await drainedJustAfterPlacement(seed, seed % 2 === 0);
      scene.account.endpoint.faults.readLagSecondsMax = 12;
      const departure = await scene.ended(instanceId, 300);
      expect(departure).toMatchObject({ tasks: 2, isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    },
  );
});
