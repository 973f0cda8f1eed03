import { describe, expect, it } from 'vitest';
import { setDesiredCapacity } from '../../demo/cluster.ts';
import { groupName, Scene, service } from './scene.ts';

/** Fifteen instances of forty leave at once; their tasks stop within the same seconds. */
async function scaleIn(seed: number, readLagSecondsMax: number) {
  const services = [service({ desiredCount: 80, stopSeconds: 5 }), { name: 'agent', cpu: 16, memoryMib: 32 }];
  const scene = await Scene.open({ seed, instances: 40, services });
  scene.account.endpoint.faults.readLagSecondsMax = readLagSecondsMax;
  setDesiredCapacity(scene.account, groupName, 25);
  const hasEnded = () =>
    scene.departures.length === 15 && scene.departures.every(({ completedAt }) => completedAt !== undefined);
  await scene.account.until('all departures end', hasEnded, 3600);
  return scene;
}

/** How often a call of one invocation stands between two calls of another. */
function alternations(scene: Scene): number {
  const begun = new Set<string>();
  let count = 0;
  let last: string | undefined;
  for (const { requestId = '' } of scene.calls()) {
    if (requestId !== last && begun.has(requestId)) count++;
    begun.add(requestId);
    last = requestId;
  }
  return count;
}

describe('many instances that leave at once', () => {
  it.each([0, 2])(
    'F32: are all released in time by invocations that run among each other, reads up to %i s old',
    async (lag) => {
      const scene = await scaleIn(3, lag);
      expect(alternations(scene)).toBeGreaterThan(0);
      for (const departure of scene.departures) {
        expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
      }
      expect(scene.calls().filter(({ outcome }) => outcome.startsWith('AccessDenied'))).toEqual([]);
      expect(scene.deadLetters).toBe(0);
    },
  );

  it('run the same way for the same seed, and in another way for another', async () => {
    const logOf = async (seed: number) => JSON.stringify((await scaleIn(seed, 2)).account.world.log);
    const first = await logOf(5);
    expect((await logOf(5)) === first).toBe(true);
    expect((await logOf(6)) === first).toBe(false);
  });
});
