import { describe, expect, it } from 'vitest';
import { enrolmentTag, hasHook, setDesiredCapacity, stewardHook, tagGroup } from '../../demo/cluster.ts';
import { announcedIn } from './announced.ts';
import { clusterName, groupName, Scene, service } from './scene.ts';

const untag = ({ account }: Scene) =>
  account.call('autoscaling', 'DeleteTags', {
    Tags: [{ ResourceId: groupName, ResourceType: 'auto-scaling-group', Key: enrolmentTag }],
  });
const unhook = ({ account }: Scene) =>
  account.call('autoscaling', 'DeleteLifecycleHook', {
    AutoScalingGroupName: groupName,
    LifecycleHookName: stewardHook,
  });
const marksIn = ({ account }: Scene) =>
  account.ecs.containerInstanceRecords().flatMap(({ customAttributes }) => customAttributes);
const unmark = (scene: Scene) => {
  for (const { containerInstanceArn, customAttributes } of scene.account.ecs.containerInstanceRecords())
    for (const { name } of customAttributes)
      scene.account.call('ecs', 'DeleteAttributes', {
        cluster: clusterName,
        attributes: [{ name, targetType: 'container-instance', targetId: containerInstanceArn }],
      });
};

/** A scene whose oldest instance drains, with tasks that take a minute to stop. */
async function draining(wish: Parameters<typeof Scene.open>[0] = {}) {
  const scene = await Scene.open({
    services: [service({ stopSeconds: 60, stopTimeoutSeconds: 90 })],
    ...wish,
  });
  const instanceId = scene.terminate();
  await scene.account.until('DRAINING', () => scene.departures[0]?.drainingAt !== undefined, 60);
  return { scene, instanceId };
}

/** Whatever was taken away: nothing failed again and again, was denied, or ended in a dead-letter queue. */
function isQuiet(scene: Scene, failuresMax = 0): void {
  expect(scene.deadLetters).toBe(0);
  expect(scene.metric('Failures')).toBeLessThanOrEqual(failuresMax);
  expect(scene.denied.length).toBeLessThanOrEqual(failuresMax);
}

describe('the enrolment tag, taken away while an instance drains', () => {
  it('leaves the hook to Auto Scaling, which is said once; nothing is denied, and nothing is written any more', async () => {
    const { scene, instanceId } = await draining();
    const untaggedAt = scene.account.world.now;
    untag(scene);
    const departure = await scene.ended(instanceId, 2000);
    expect(departure).toMatchObject({ endedBy: 'timeout', isEarly: false, tasksKilled: 0 });
    await scene.account.advance(900);
    isQuiet(scene);
    expect(scene.metric('Unenrolled')).toBe(1);
    expect(announcedIn(scene, 'Group Unenrolled').map(({ detail }) => detail)).toMatchObject([
      { autoScalingGroupName: groupName, clusterName, why: 'tag-removed' },
    ]);
    expect(scene.writes.filter(({ at }) => at >= untaggedAt)).toEqual([]);
  });

  it('just before it is released is noticed by the release: it does nothing, says why, and its message does not come back', async () => {
    const { scene, instanceId } = await draining();
    scene.disable('schedules');
    untag(scene);
    await scene.account.advance(1500);
    expect(scene.departure(instanceId)).toMatchObject({ completedAt: undefined, tasksKilled: 0 });
    expect(scene.calls('CompleteLifecycleAction')).toEqual([]);
    const told = scene.logged.filter(({ why }) => why === 'not-enrolled');
    expect(told[0]).toMatchObject({ level: 'INFO', instanceId, decision: 'wait', would: 'drained' });
    isQuiet(scene);
  });

  it('between its read of the group and its release is denied once, and then it is the same', async () => {
    const { scene, instanceId } = await draining();
    scene.disable('schedules');
    let isListed = false;
    scene.account.endpoint.faults.refuse = ({ operation }) => {
      isListed ||= operation === 'ListTasks';
      if (isListed && operation === 'DescribeTasks') untag(scene);
    };
    await scene.account.advance(1500);
    expect(scene.denied).toEqual(['release CompleteLifecycleAction']);
    expect(scene.departure(instanceId)).toMatchObject({ completedAt: undefined, tasksKilled: 0 });
    isQuiet(scene, 1);
  });

  it('and put back is as if nothing had been: the departure ends as ever', async () => {
    const { scene, instanceId } = await draining();
    untag(scene);
    await scene.account.advance(200);
    tagGroup(scene.account, groupName, { [enrolmentTag]: clusterName });
    expect(await scene.ended(instanceId, 120)).toMatchObject({
      endedBy: 'complete',
      isEarly: false,
      tasksKilled: 0,
    });
    isQuiet(scene);
  });

  it('while others wait for the budget takes the attribute from them by which services avoid them', async () => {
    const scene = await Scene.open({
      services: [service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 })],
      tags: { 'ecs-steward:max-draining': '1' },
    });
    setDesiredCapacity(scene.account, groupName, 1);
    await scene.account.advance(130);
    expect(
      marksIn(scene)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['ecs-steward.departure', 'ecs-steward.waiting']);
    untag(scene);
    await scene.account.advance(62);
    expect(marksIn(scene).map(({ name }) => name)).toEqual(['ecs-steward.departure']);
    isQuiet(scene);
  });

  it('and put back counts what drains in the budget, as before', async () => {
    const scene = await Scene.open({
      services: [service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 })],
      tags: { 'ecs-steward:max-draining': '1' },
    });
    setDesiredCapacity(scene.account, groupName, 1);
    await scene.account.advance(130);
    untag(scene);
    await scene.account.advance(130);
    tagGroup(scene.account, groupName, { [enrolmentTag]: clusterName });
    await scene.account.advance(300);
    const drained = scene.departures.filter(({ drainingAt }) => drainingAt !== undefined);
    expect([scene.departures.length, drained.length]).toEqual([2, 1]);
    isQuiet(scene);
  });
});

describe('the hook, taken away while an instance drains', () => {
  it('ends the wait (D-13.3), which is nothing to complain of, and is put back for the next one', async () => {
    const { scene, instanceId } = await draining();
    unhook(scene);
    expect(scene.departure(instanceId).endedBy).toBe('hook-deleted');
    await scene.account.advance(960);
    expect(hasHook(scene.account, groupName)).toBe(true);
    isQuiet(scene);
    const next = scene.terminate(scene.account.ec2.all()[1]?.instanceId);
    expect(await scene.ended(next)).toMatchObject({ endedBy: 'complete', isEarly: false, tasksKilled: 0 });
  });

  it('with the tag, as by a template that knows neither, is said and leaves nothing behind', async () => {
    const { scene } = await draining();
    untag(scene);
    unhook(scene);
    await scene.account.advance(1000);
    isQuiet(scene);
    expect(hasHook(scene.account, groupName)).toBe(false);
    expect(scene.metric('Unenrolled')).toBe(1);
    expect(scene.metric('HooksLeftBehind')).toBe(0);
  });
});

describe('our mark, taken away while an instance drains', () => {
  it.each([
    ['with its events', false],
    ['by sweeps alone', true],
  ])('changes nothing: it is released when its last task is STOPPED, %s', async (_, isSilent) => {
    const { scene, instanceId } = await draining();
    if (isSilent) scene.disable('events');
    unmark(scene);
    const departure = await scene.ended(instanceId, 300);
    expect(departure).toMatchObject({ endedBy: 'complete', isEarly: false, tasksKilled: 0 });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(isSilent ? 62 : 2);
    expect(scene.metric('Unenrolled')).toBe(0);
    isQuiet(scene);
  });
});
