import { describe, expect, it } from 'vitest';
import { setDesiredCapacity } from '../../demo/cluster.ts';
import { watchDrains } from './budget-scene.ts';
import { groupName, Scene, service } from './scene.ts';

/** All instances of a group leave at once, under this budget; `tasks` run on them, one on each as far as they go. */
async function allLeave(wish: {
  instances: number;
  tasks: number;
  limit: string;
  readLagSecondsMax?: number;
}) {
  const { instances, tasks, limit, readLagSecondsMax = 0 } = wish;
  const services = [
    service({ desiredCount: tasks, stopSeconds: 2, minimumHealthyPercent: 0, maximumPercent: 100 }),
  ];
  const scene = await Scene.open({ instances, services, tags: { 'ecs-steward:max-draining': limit } });
  scene.account.endpoint.faults.readLagSecondsMax = readLagSecondsMax;
  const drains = watchDrains(scene);
  setDesiredCapacity(scene.account, groupName, 0);
  const hasEnded = () =>
    scene.departures.length === instances &&
    scene.departures.every(({ completedAt }) => completedAt !== undefined);
  for (let passed = 0; passed < 3600 && !hasEnded(); passed += 10) await scene.account.advance(10);
  return { scene, drains };
}

describe('the budget of a group that leaves altogether', () => {
  it.each([
    [200, '20', 0],
    [200, '10%', 0],
    [60, '6', 4],
  ])('%i instances at once, %s of them draining, reads up to %i s old', async (instances, limit, lag) => {
    const wish = { instances, tasks: instances / 2, limit, readLagSecondsMax: lag };
    const { scene, drains } = await allLeave(wish);
    expect(drains.starts).toHaveLength(instances);
    expect(drains.most.get(groupName)).toBe(instances / 10);
    for (const departure of scene.departures)
      expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(scene.denied).toEqual([]);
    expect(scene.deadLetters).toBe(0);
  });

  it('1,000 at once, 100 of them draining, in no more than six calls of the lane for each', async () => {
    const { scene, drains } = await allLeave({ instances: 1000, tasks: 10, limit: '100' });
    expect(drains.starts).toHaveLength(1000);
    expect(drains.most.get(groupName)).toBe(100);
    for (const departure of scene.departures)
      expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    const ofLane = ({ functionName = '', service: name }: ReturnType<typeof scene.calls>[number]) =>
      functionName.endsWith('-admit') && (name === 'ecs' || name === 'autoscaling');
    expect(scene.calls().filter(ofLane).length).toBeLessThanOrEqual(6 * 1000);
  }, 240_000);
});
