import { describe, expect, it } from 'vitest';
import { setDesiredCapacity } from '../../demo/cluster.ts';
import { groupName, Scene, service } from './scene.ts';

/** So many of a group leave in the same second, with the buckets of AWS; their tasks stop in the same second, too. */
async function manyLeave(leaving: number) {
  const instances = 2 * leaving;
  const services = [service({ desiredCount: 2 * instances, stopSeconds: 30 })];
  const scene = await Scene.open({ instances, services });
  scene.account.endpoint.faults.isThrottled = true;
  setDesiredCapacity(scene.account, groupName, leaving);
  const hasEnded = () =>
    scene.departures.length === leaving &&
    scene.departures.every(({ completedAt }) => completedAt !== undefined);
  for (let passed = 0; passed < 900 && !hasEnded(); passed += 10) await scene.account.advance(10);
  return scene;
}

describe('200 instances that drain in the same second, with the buckets of AWS (D-5.7, D-5.8, D-5.17)', () => {
  it('are let go by the next sweep, for few calls, and nothing ends in a dead-letter queue', async () => {
    const scene = await manyLeave(200);
    expect(scene.departures).toHaveLength(200);
    for (const departure of scene.departures)
      expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    const lateness = scene.departures.map(({ latenessSeconds }) => latenessSeconds ?? Infinity);
    expect(Math.max(...lateness)).toBeLessThanOrEqual(62);
    const isCounted = ({ functionName = '', service: name }: ReturnType<typeof scene.calls>[number]) =>
      !functionName.endsWith('-sweep') && (name === 'ecs' || name === 'autoscaling');
    expect(scene.calls().filter(isCounted).length).toBeLessThanOrEqual(4 * 200);
    expect(scene.metric('LeftToSweep')).toBeGreaterThan(0);
    expect(scene.denied).toEqual([]);
    expect(scene.deadLetters).toBe(0);
  }, 240_000);
});
