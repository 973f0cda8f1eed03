import { describe, expect, it } from 'vitest';
import { createGroup, enrolmentTag, hasHook, setDesiredCapacity, tagGroup } from '../../demo/cluster.ts';
import { watchDrains, wholeCluster } from './budget-scene.ts';
import { clusterName, groupName, Scene, service } from './scene.ts';

const limit = (value: string) => ({ 'ecs-steward:max-draining': value });
const web = (desiredCount: number) => service({ desiredCount, stopSeconds: 10 });

function tagCluster(scene: Scene, value: string): void {
  scene.account.call('ecs', 'TagResource', {
    resourceArn: `arn:aws:ecs:${scene.account.region}:${scene.account.accountId}:cluster/${clusterName}`,
    tags: [{ key: 'ecs-steward:max-draining', value }],
  });
}

/** Lets time pass until so many departures have ended, none of them with a task cut off. */
async function allLeft(scene: Scene, count: number, secondsMax = 3600): Promise<void> {
  const hasEnded = () =>
    scene.departures.length === count &&
    scene.departures.every(({ completedAt }) => completedAt !== undefined);
  await scene.account.until(`${count} departures end`, hasEnded, secondsMax);
  for (const departure of scene.departures)
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
  expect(scene.denied).toEqual([]);
  expect(scene.deadLetters).toBe(0);
}

/** Another enrolled group of the cluster, with its hook. */
async function openSecondGroup(scene: Scene, name: string, desiredCapacity: number): Promise<void> {
  createGroup(scene.account, { clusterName, autoScalingGroupName: name, desiredCapacity });
  tagGroup(scene.account, name, { [enrolmentTag]: clusterName });
  const isThere = () =>
    hasHook(scene.account, name) &&
    scene.account.ecs.containerInstanceRecords().filter(({ status }) => status === 'ACTIVE').length >=
      2 * desiredCapacity;
  await scene.account.until('the second group', isThere, 300);
}

describe('ecs-steward:max-draining', () => {
  it.each([
    ['1', 1],
    ['2', 2],
    ['34%', 3],
    ['none', 6],
  ])('= %s of 8 instances lets %i of the 6 that leave drain at once', async (value, expected) => {
    const scene = await Scene.open({ instances: 8, services: [web(8)], tags: limit(value) });
    const drains = watchDrains(scene);
    setDesiredCapacity(scene.account, groupName, 2);
    await allLeft(scene, 6);
    expect(drains.most.get(groupName)).toBe(expected);
  });

  it('lets the next one drain within seconds of the end of the last', async () => {
    // Slower than a minute, so that no sweep comes just when a drain ends.
    const slow = service({ desiredCount: 6, stopSeconds: 29 });
    const scene = await Scene.open({ instances: 6, services: [slow], tags: limit('1') });
    const drains = watchDrains(scene);
    setDesiredCapacity(scene.account, groupName, 2);
    await allLeft(scene, 4);
    expect(drains.most.get(groupName)).toBe(1);
    const ends = scene.departures.map(({ completedAt }) => Number(completedAt)).toSorted((a, b) => a - b);
    const begins = drains.starts.map(({ at }) => at).slice(1);
    const waitedSeconds = begins.map((at, i) => (at - Number(ends[i])) / 1000);
    expect(waitedSeconds).toHaveLength(3);
    expect(Math.min(...waitedSeconds)).toBeGreaterThan(0);
    expect(Math.max(...waitedSeconds)).toBeLessThanOrEqual(4);
  });

  it('lets the whole group leave: of what is nothing is one', async () => {
    const scene = await Scene.open({ instances: 4, services: [], tags: limit('1%') });
    const drains = watchDrains(scene);
    setDesiredCapacity(scene.account, groupName, 0);
    await allLeft(scene, 4);
    expect(drains.most.get(groupName)).toBe(1);
  });

  it('of the cluster holds for all its groups together, beside the limit of each: the tighter wins', async () => {
    const scene = await Scene.open({ instances: 5, services: [web(5)], tags: limit('1') });
    await openSecondGroup(scene, 'other-nodes', 5);
    tagCluster(scene, '3');
    const drains = watchDrains(scene);
    setDesiredCapacity(scene.account, groupName, 1);
    setDesiredCapacity(scene.account, 'other-nodes', 1);
    await allLeft(scene, 8);
    expect(Object.fromEntries(drains.most)).toMatchObject({ [wholeCluster]: 3, [groupName]: 1 });
  });

  it('holds when every event is lost: the sweep admits as many, and wakes nobody for the others', async () => {
    const scene = await Scene.open({ instances: 6, services: [web(6)], tags: limit('2') });
    scene.disable('events');
    const drains = watchDrains(scene);
    setDesiredCapacity(scene.account, groupName, 2);
    await scene.account.until('two drain', () => drains.now() === 2, 62);
    const asked = scene.calls('SendMessage').length;
    await allLeft(scene, 4);
    expect(drains.most.get(groupName)).toBe(2);
    const asksOf = (name: string) =>
      scene.calls('SendMessage').filter((one) => JSON.stringify(one.input).includes(name));
    expect(asksOf('Admit').length).toBeLessThanOrEqual(asked + 2);
  });
});
