import { describe, expect, it } from 'vitest';
import { hasHook, setDesiredCapacity, stewardHook, tagGroup } from '../../demo/cluster.ts';
import { announcedIn } from './announced.ts';
import { groupName, job, Scene, service } from './scene.ts';

const tag = (scene: Scene, name: string, value: string) =>
  tagGroup(scene.account, groupName, { [`ecs-steward:${name}`]: value });
const lines = (scene: Scene, fields: Record<string, unknown>) =>
  scene.logged.filter((line) => Object.entries(fields).every(([name, value]) => line[name] === value));
const endings = (scene: Scene) => scene.departures.map(({ endedBy }) => endedBy);

describe('ecs-steward:state = paused', () => {
  it('admits nothing and keeps what waits alive; without it the drain begins within a sweep', async () => {
    const scene = await Scene.open({ tags: { 'ecs-steward:state': 'paused' } });
    const instanceId = scene.terminate();
    await scene.account.advance(4000);
    expect(new Set(scene.writes.map(({ operation }) => operation))).toEqual(
      new Set(['RecordLifecycleActionHeartbeat']),
    );
    expect(scene.departure(instanceId)).toMatchObject({ drainingAt: undefined, completedAt: undefined });
    expect(lines(scene, { decision: 'wait', why: 'paused' }).length).toBeGreaterThan(0);
    expect(scene.metric('Paused')).toBeGreaterThan(0);
    expect(hasHook(scene.account, groupName)).toBe(true);
    tag(scene, 'state', 'active');
    await scene.account.advance(62);
    expect(scene.departure(instanceId).drainingAt).toBeDefined();
    expect(await scene.ended(instanceId)).toMatchObject({ endedBy: 'complete', tasksKilled: 0 });
    expect(scene.denied).toEqual([]);
  });

  it('releases nothing that has drained meanwhile, and stops no task at the deadline', async () => {
    const scene = await Scene.open({
      services: [service({ minimumHealthyPercent: 100, maximumPercent: 100, stopSeconds: 90 })],
      tags: { 'ecs-steward:drain-deadline': '5m' },
    });
    const stuck = scene.terminate();
    await scene.account.advance(30);
    expect(scene.departure(stuck).drainingAt).toBeDefined();
    tag(scene, 'state', 'paused');
    await scene.account.advance(600);
    expect(scene.calls('StopTask')).toEqual([]);
    expect(scene.calls('CompleteLifecycleAction')).toEqual([]);
    tag(scene, 'state', 'active');
    await scene.account.until('a task is stopped', () => scene.calls('StopTask').length > 0, 62);
    tag(scene, 'state', 'paused');
    await scene.account.advance(300);
    expect(scene.departure(stuck)).toMatchObject({ completedAt: undefined });
    expect(scene.calls('CompleteLifecycleAction')).toEqual([]);
    tag(scene, 'state', 'active');
    expect(await scene.ended(stuck)).toMatchObject({ endedBy: 'complete', tasksKilled: 0 });
  });
});

describe('ecs-steward:state = leaving', () => {
  it('lets the departure under way finish, lets a new one go at once, then deletes the hook and says Unenrolled', async () => {
    const scene = await Scene.open({ standalone: [job({ exitAfterSeconds: 1500 })] });
    const begun = scene.terminate();
    await scene.account.advance(30);
    expect(scene.departure(begun).drainingAt).toBeDefined();
    tag(scene, 'state', 'leaving');
    await scene.account.advance(62);
    const other = scene.account.ec2.all().find(({ instanceId }) => instanceId !== begun)?.instanceId ?? '';
    scene.terminate(other);
    expect(await scene.ended(other, 20)).toMatchObject({ drainingAt: undefined, endedBy: 'complete' });
    // The call is answered, and its line written, a moment after Auto Scaling has gone on.
    await scene.account.advance(1);
    expect(lines(scene, { instanceId: other, decision: 'release', why: 'leaving' })).toHaveLength(1);
    expect(hasHook(scene.account, groupName)).toBe(true);
    expect(scene.metric('Unenrolled')).toBe(0);
    expect(await scene.ended(begun)).toMatchObject({ endedBy: 'complete', tasksKilled: 0 });
    // Until the instance is gone from the group, and a sweep sees that.
    await scene.account.advance(300);
    expect(hasHook(scene.account, groupName)).toBe(false);
    expect(scene.metric('Unenrolled')).toBe(1);
    expect(scene.metric('ReleasedLeaving')).toBe(1);
    await scene.account.advance(1000);
    expect(scene.calls('DeleteLifecycleHook')).toHaveLength(1);
    expect(scene.calls('PutLifecycleHook')).toEqual([]);
    expect(scene.denied).toEqual([]);
  });

  it('is taken back by another value: the hook is there again within a sweep', async () => {
    const scene = await Scene.open({ services: [] });
    tag(scene, 'state', 'leaving');
    await scene.account.advance(62);
    expect(hasHook(scene.account, groupName)).toBe(false);
    tag(scene, 'state', 'active');
    await scene.account.advance(62);
    expect(hasHook(scene.account, groupName)).toBe(true);
  });
});

describe('a tag that is taken away', () => {
  const untag = (scene: Scene) =>
    scene.account.call('autoscaling', 'DeleteTags', {
      Tags: [{ ResourceId: groupName, ResourceType: 'auto-scaling-group', Key: 'ecs-steward:cluster' }],
    });

  it('is noticed within a sweep, and again each quarter of an hour, while the hook is there', async () => {
    const scene = await Scene.open({ services: [] });
    untag(scene);
    await scene.account.advance(62);
    expect(scene.metric('HooksLeftBehind')).toBe(1);
    expect(scene.metric('Misconfigured')).toBe(1);
    expect(lines(scene, { message: 'a group without our tag has our lifecycle hook' })).toMatchObject([
      { level: 'WARN', autoScalingGroupName: groupName },
    ]);
    await scene.account.advance(2 * 900);
    expect(scene.metric('HooksLeftBehind')).toBe(3);
    scene.account.call('autoscaling', 'DeleteLifecycleHook', {
      AutoScalingGroupName: groupName,
      LifecycleHookName: stewardHook,
    });
    await scene.account.advance(2 * 900);
    expect(scene.metric('HooksLeftBehind')).toBe(3);
    expect(scene.writes).toEqual([]);
  });

  it('is nothing to report once the group has left', async () => {
    const scene = await Scene.open({ services: [] });
    tag(scene, 'state', 'leaving');
    await scene.account.advance(62);
    untag(scene);
    await scene.account.advance(1000);
    expect(scene.metric('HooksLeftBehind')).toBe(0);
    expect(scene.metric('Misconfigured')).toBe(0);
  });
});

describe('ecs-steward:hook = external', () => {
  it('leaves a hook that differs, or is missing, as it is, and reports it', async () => {
    const scene = await Scene.open({ services: [] });
    tag(scene, 'hook', 'external');
    await scene.account.advance(62);
    expect(scene.metric('Misconfigured')).toBe(0);
    scene.putHook(stewardHook, 600);
    await scene.account.advance(920);
    expect(scene.metric('Misconfigured')).toBeGreaterThan(0);
    const [report] = scene.logged.filter(({ level }) => level === 'WARN');
    expect(report).toMatchObject({ value: 'another heartbeatTimeoutSeconds' });
    scene.account.call('autoscaling', 'DeleteLifecycleHook', {
      AutoScalingGroupName: groupName,
      LifecycleHookName: stewardHook,
    });
    await scene.account.advance(920);
    expect(scene.logged).toContainEqual(
      expect.objectContaining({ value: 'missing', tag: 'ecs-steward:hook' }),
    );
    tag(scene, 'state', 'leaving');
    scene.putHook(stewardHook, 1800);
    await scene.account.advance(920);
    expect(hasHook(scene.account, groupName)).toBe(true);
    expect(scene.writes).toEqual([]);
    const said = lines(scene, { why: 'hook-external' });
    expect(said[0]?.message).toMatch(/^Unenrolled: the lifecycle hook is yours to delete/);
    // The state lasts, and is told once.
    expect(announcedIn(scene, 'Group Unenrolled')).toMatchObject([{ detail: { why: 'hook-external' } }]);
  });

  it('drains as ever', async () => {
    const scene = await Scene.open();
    tag(scene, 'hook', 'external');
    expect(await scene.leave()).toMatchObject({ endedBy: 'complete', tasksKilled: 0 });
    expect(scene.calls('UpdateContainerInstancesState')).toHaveLength(1);
  });
});

describe('ecs-steward:dry-run = on', () => {
  it('puts no hook, and says how what is there differs from what would be', async () => {
    const scene = await Scene.open({ services: [], unenrolled: true });
    tagGroup(scene.account, groupName, { 'ecs-steward:cluster': 'shop', 'ecs-steward:dry-run': 'on' });
    await scene.account.advance(920);
    expect(scene.writes).toEqual([]);
    expect(lines(scene, { message: 'leaves the lifecycle hook as it is', why: 'dry-run' })[0]).toMatchObject({
      drift: { kind: 'missing' },
    });
  });

  it.each(['events', 'sweep'])(
    'completes a hook that is there at once, by %s, and says what it would have done',
    async (by) => {
      const scene = await Scene.open();
      tag(scene, 'dry-run', 'on');
      if (by === 'sweep') scene.disable('events');
      setDesiredCapacity(scene.account, groupName, 1);
      await scene.account.advance(by === 'events' ? 20 : 75);
      expect(endings(scene)).toEqual(['complete', 'complete']);
      expect(scene.calls('UpdateContainerInstancesState')).toEqual([]);
      expect(scene.calls('PutAttributes')).toEqual([]);
      const told = lines(scene, { message: 'lets go without a drain', why: 'dry-run' });
      expect(new Set(told.map(({ instanceId }) => instanceId)).size).toBe(2);
      expect(told[0]).toMatchObject({ would: 'start-draining', taskCount: expect.any(Number) });
      expect(scene.metric('ReleasedDryRun')).toBe(2);
      expect(scene.denied).toEqual([]);
    },
  );
});
