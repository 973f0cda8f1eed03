import { describe, expect, it } from 'vitest';
import { activeInstances, isSteady, setDesiredCapacity } from '../../demo/cluster.ts';
import { markName } from '../../lib/mark.ts';
import { announcedIn } from './announced.ts';
import { clusterName, groupName, job, Scene, type SceneWish, service } from './scene.ts';

const wanted = { 'ecs-steward:rebalance-recommendation': 'on' };
const open = ({ tags = {}, ...wish }: SceneWish = {}) =>
  Scene.open({ ...wish, tags: { ...wanted, ...tags } });

/** EC2 recommends to replace an instance, the oldest unless it is named. */
function recommend(scene: Scene, instanceId = scene.oldestInstanceId): string {
  scene.account.hear(scene.account.ec2.recommendRebalance(instanceId));
  return instanceId;
}

const standing = (scene: Scene, instanceId: string) => {
  const { status, customAttributes } = scene.registration(instanceId);
  return { status, mark: customAttributes.find(({ name }) => name === markName)?.value?.split('/')[1] };
};
const reasons = (scene: Scene) =>
  scene.logged
    .filter(({ message }) => message === 'leaves a rebalance recommendation alone')
    .map(({ why }) => why);
const living = (scene: Scene, instanceId: string) =>
  scene.tasksOn(instanceId).filter(({ lastStatus }) => lastStatus !== 'STOPPED').length;
const isEmpty = (scene: Scene, instanceId: string, secondsMax = 300) =>
  scene.account.until(`${instanceId} is empty`, () => living(scene, instanceId) === 0, secondsMax);
const untouched = { status: 'ACTIVE', mark: undefined };
const drained = { status: 'DRAINING', mark: 'rebalance-recommendation' };
/** The stack's functions never had something denied, failed, or in a dead-letter queue. */
const isClean = (scene: Scene) =>
  expect([scene.denied, scene.deadLetters, scene.metric('Failures')]).toEqual([[], 0, 0]);
const others = (scene: Scene, instanceId: string) =>
  scene.account.ec2.all().flatMap((one) => (one.instanceId === instanceId ? [] : one.instanceId));

describe('EC2 recommends to replace an instance (D-1.30)', () => {
  it('which is drained within seconds: its tasks move, none is cut off, and Auto Scaling does not hear of it', async () => {
    const scene = await open();
    const instanceId = recommend(scene);
    const tasks = living(scene, instanceId);
    await scene.account.advance(5);
    expect(standing(scene, instanceId)).toEqual(drained);
    await isEmpty(scene, instanceId);
    expect(scene.tasksOn(instanceId).filter(({ cutOff }) => cutOff)).toEqual([]);
    expect(tasks).toBeGreaterThan(0);
    expect(isSteady(scene.account, clusterName)).toBe(true);
    expect(scene.departures).toEqual([]);
    expect(scene.calls('StopTask')).toEqual([]);
    expect(scene.metric('Recommendations')).toBe(1);
    expect(announcedIn(scene, 'Drain Started').map(({ detail }) => detail.cause)).toEqual([
      'rebalance-recommendation',
    ]);
    isClean(scene);
  });

  it('which is used again half an hour later, or at most a quarter more, when nothing has followed', async () => {
    const scene = await open();
    const instanceId = recommend(scene);
    await scene.account.advance(1800);
    expect(standing(scene, instanceId)).toEqual(drained);
    await scene.account.advance(960);
    expect(standing(scene, instanceId)).toEqual(untouched);
    expect(scene.metric('Restored')).toBe(1);
    isClean(scene);
  });

  it('which is used again soon where its group does not want that any more', async () => {
    const scene = await open();
    const instanceId = recommend(scene);
    await scene.account.advance(120);
    scene.tag({ 'ecs-steward:rebalance-recommendation': 'off' });
    await scene.account.advance(960);
    expect(standing(scene, instanceId)).toEqual(untouched);
  });

  it('which stays as it is where nothing asks for it: no tag is no wish', async () => {
    const scene = await Scene.open();
    const instanceId = recommend(scene);
    await scene.account.advance(60);
    expect(standing(scene, instanceId)).toEqual(untouched);
    expect(scene.writes).toEqual([]);
    expect(reasons(scene)).toEqual(['off']);
    isClean(scene);
  });

  it.each<[what: string, wish: SceneWish, why: string]>([
    [
      'tasks that fit nowhere else on what there is now',
      { instances: 2, services: [service({ cpu: 1100, desiredCount: 2 })] },
      'no-room',
    ],
    ['a standalone task', { standalone: [job()] }, 'standalone-tasks'],
    [
      'a service that can neither stop a task nor start another',
      { services: [service({ minimumHealthyPercent: 100, maximumPercent: 100 })] },
      'min-max',
    ],
    ['a pause', { tags: { 'ecs-steward:state': 'paused' } }, 'paused'],
  ])('which stays as it is because of %s', async (_, wish, why) => {
    const scene = await open(wish);
    const instanceId = recommend(scene);
    await scene.account.advance(60);
    expect(standing(scene, instanceId)).toEqual(untouched);
    expect(scene.writes.filter(({ service: name }) => name === 'ecs')).toEqual([]);
    expect(reasons(scene)).toEqual([why]);
    isClean(scene);
  });

  it('one after the other: the next one drains when the tasks of the first have moved', async () => {
    const scene = await open({ instances: 4 });
    const first = recommend(scene);
    const [second = ''] = others(scene, first);
    recommend(scene, second);
    await scene.account.advance(5);
    const both = [first, second].map((id) => standing(scene, id));
    expect(both).toContainEqual(drained);
    expect(both).toContainEqual(untouched);
    expect(reasons(scene)).toEqual(['another-drains']);
    const [done = '', next = ''] = both[0]?.mark ? [first, second] : [second, first];
    await isEmpty(scene, done);
    await scene.account.advance(65);
    recommend(scene, next);
    await scene.account.advance(5);
    expect(standing(scene, next)).toEqual(drained);
    isClean(scene);
  });

  it('and its group rebalances capacity itself: it alone does, and what it terminates drains by our hook (D-3.20)', async () => {
    const scene = await open();
    const instanceId = await rebalanced(scene);
    recommend(scene, instanceId);
    await scene.account.advance(5);
    expect(reasons(scene)).toEqual(['rebalances-itself']);
    expect(standing(scene, instanceId)).toEqual(untouched);
    expect(await scene.ended(instanceId, 900)).toMatchObject({
      endedBy: 'complete',
      isEarly: false,
      tasksKilled: 0,
    });
    expect(standing(scene, instanceId).mark).toBe('termination');
    isClean(scene);
  });
});

/** Has the group rebalance capacity, and buy on the Spot market from now on; gives an instance that it bought there. */
async function rebalanced(scene: Scene): Promise<string> {
  const LaunchTemplateSpecification = { LaunchTemplateName: groupName, Version: '$Latest' };
  scene.account.call('autoscaling', 'UpdateAutoScalingGroup', {
    AutoScalingGroupName: groupName,
    CapacityRebalance: true,
    MixedInstancesPolicy: {
      LaunchTemplate: { LaunchTemplateSpecification },
      InstancesDistribution: { OnDemandBaseCapacity: 3, OnDemandPercentageAboveBaseCapacity: 0 },
    },
  });
  setDesiredCapacity(scene.account, groupName, 4);
  await scene.account.until('the fourth', () => activeInstances(scene.account, clusterName) === 4, 300);
  const bought = scene.account.ec2.all().find(({ instanceLifecycle }) => instanceLifecycle === 'spot');
  return bought?.instanceId ?? '';
}

describe('an instance that drains for a recommendation', () => {
  it('is a matter of the interruption from the notice of Spot on', async () => {
    const scene = await open({ services: [service({ stopSeconds: 29, desiredCount: 6 })] });
    const instanceId = recommend(scene);
    await scene.account.advance(10);
    scene.interrupt(instanceId);
    await scene.account.advance(10);
    expect(standing(scene, instanceId)).toEqual({ status: 'DRAINING', mark: 'interruption' });
    expect((await scene.ended(instanceId, 600)).endedBy).toBe('complete');
    expect(scene.tasksOn(instanceId).filter(({ cutOff }) => cutOff)).toEqual([]);
    isClean(scene);
  });

  it('is released as any other when Auto Scaling terminates it: at once where it is empty', async () => {
    const scene = await open();
    const instanceId = recommend(scene);
    await isEmpty(scene, instanceId);
    scene.terminate(instanceId);
    expect(await scene.ended(instanceId, 90)).toMatchObject({
      endedBy: 'complete',
      isEarly: false,
      tasksKilled: 0,
    });
    isClean(scene);
  });

  it('takes a slot of the budget while tasks are on it: who leaves waits', async () => {
    const scene = await open({
      instances: 4,
      services: [service({ stopSeconds: 100, desiredCount: 8 })],
      tags: { 'ecs-steward:max-draining': '1' },
    });
    const instanceId = recommend(scene);
    await scene.account.advance(5);
    expect(standing(scene, instanceId)).toEqual(drained);
    const [leaving = ''] = others(scene, instanceId);
    scene.terminate(leaving);
    await scene.account.advance(60);
    expect(living(scene, instanceId)).toBeGreaterThan(0);
    expect(scene.registration(leaving).status).toBe('ACTIVE');
    await isEmpty(scene, instanceId);
    await scene.account.advance(65);
    expect(scene.registration(leaving).status).toBe('DRAINING');
    isClean(scene);
  });

  it('does not begin to where an instance that leaves has the only slot', async () => {
    const scene = await open({
      instances: 4,
      services: [service({ stopSeconds: 100, desiredCount: 8 })],
      tags: { 'ecs-steward:max-draining': '1' },
    });
    const leaving = scene.terminate();
    await scene.account.advance(10);
    const [instanceId = ''] = others(scene, leaving);
    recommend(scene, instanceId);
    await scene.account.advance(5);
    expect(standing(scene, instanceId)).toEqual(untouched);
    expect(reasons(scene)).toEqual(['over-budget']);
    isClean(scene);
  });
});
