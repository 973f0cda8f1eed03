import { describe, expect, it } from 'vitest';
import { stewardHook, tagGroup } from '../../demo/cluster.ts';
import { announcedIn } from './announced.ts';
import { terminateEvent } from './messages.ts';
import { groupName, job, Scene, service } from './scene.ts';

/** A service that can neither stop nor start a task, so that its drains never end by themselves (D-2.24). */
const stuck = service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100, stopSeconds: 20 });

describe('the drain deadline', () => {
  it('stops the service tasks that are left, waits for STOPPED, and releases', async () => {
    const scene = await Scene.open({ services: [stuck], tags: { 'ecs-steward:drain-deadline': '10m' } });
    const departure = await scene.leave();
    const stops = scene.calls('StopTask');
    expect(stops.length).toBeGreaterThan(0);
    const drainedSeconds = (Number(stops[0]?.at) - Number(departure.drainingAt)) / 1000;
    expect(drainedSeconds).toBeGreaterThanOrEqual(600 - 1);
    expect(drainedSeconds).toBeLessThanOrEqual(600 + 62);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
  });

  it('releases at once where the group says `continue`', async () => {
    const tags = { 'ecs-steward:drain-deadline': '10m', 'ecs-steward:on-deadline': 'continue' };
    const scene = await Scene.open({ services: [stuck], tags });
    const departure = await scene.leave();
    const waitedSeconds = (Number(departure.completedAt) - Number(departure.drainingAt)) / 1000;
    expect(waitedSeconds).toBeGreaterThanOrEqual(600 - 1);
    expect(waitedSeconds).toBeLessThanOrEqual(600 + 62);
    expect(scene.calls('StopTask')).toEqual([]);
    expect(departure.isEarly).toBe(true);
  });

  it('never stops a standalone task, and waits for it beyond the deadline (D-2.28)', async () => {
    const scene = await Scene.open({
      services: [stuck],
      standalone: [job({ exitAfterSeconds: 3600 })],
      tags: { 'ecs-steward:drain-deadline': '5m', 'ecs-steward:on-deadline': 'continue' },
    });
    const departure = await scene.leave();
    const job1 = scene.account.ecs.taskRecords().find(({ serviceArn }) => serviceArn === undefined);
    expect(job1?.cutOff).toBe(false);
    expect(job1?.stop?.stopCode).toBe('EssentialContainerExited');
    expect(Number(departure.completedAt)).toBeGreaterThanOrEqual(Number(job1?.stoppedAt));
  });

  it('F17: stops a standalone task that never ends ten minutes before the hook does (D-3.7)', async () => {
    const scene = await Scene.open({ services: [], standalone: [job({ stopSeconds: 15 })] });
    const instanceId = scene.terminate();
    await scene.account.advance(120);
    await scene.pauseSweeps(47.5 * 3600);
    const departure = await scene.ended(instanceId, 3600);
    const [task] = scene.account.ecs.taskRecords();
    const stoppedAfterSeconds = (Number(task?.desiredStoppedAt) - departure.terminateAt) / 1000;
    expect(stoppedAfterSeconds).toBeGreaterThanOrEqual(48 * 3600 - 600 - 2);
    expect(stoppedAfterSeconds).toBeLessThanOrEqual(48 * 3600 - 600 + 62);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    const warned = scene.logged.filter(({ message }) =>
      /^the lifecycle action ends soon/.test(String(message)),
    );
    expect(warned[0]).toMatchObject({ level: 'WARN', instanceId, taskCount: 1, why: 'standalone-tasks' });
    expect(announcedIn(scene, 'Hook End Near')).toMatchObject([
      { detail: { instanceId, isPaused: false, taskCount: 1 } },
    ]);
  });

  it.each([
    ['stop', 0],
    ['stop-after:10m', 600],
  ])('stops standalone tasks at the time of `%s`, and waits for STOPPED', async (value, seconds) => {
    const scene = await Scene.open({
      standalone: [job({ stopSeconds: 15 })],
      tags: { 'ecs-steward:standalone-tasks': value },
    });
    const departure = await scene.leave();
    const stops = scene.calls('StopTask');
    expect(stops).toHaveLength(1);
    const waitedSeconds = (Number(stops[0]?.at) - Number(departure.drainingAt)) / 1000;
    expect(waitedSeconds).toBeGreaterThanOrEqual(seconds - 1);
    expect(waitedSeconds).toBeLessThanOrEqual(seconds + 62);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    const decided = scene.logged.filter(({ decision }) => decision === 'stop-tasks');
    expect(decided).toMatchObject([{ why: 'standalone-tasks', instanceId: departure.instanceId }]);
  });
});

describe('a malformed tag', () => {
  it('is reported with tag, value and what was expected, and the drain goes on with the default', async () => {
    const tags = { 'ecs-steward:drain-deadline': 'soon', 'ecs-steward:on-deadline': 'explode' };
    const scene = await Scene.open({ services: [stuck], tags });
    const departure = await scene.leave();
    const waitedSeconds = (Number(scene.calls('StopTask')[0]?.at) - Number(departure.drainingAt)) / 1000;
    expect(waitedSeconds).toBeGreaterThanOrEqual(3000 - 1);
    expect(waitedSeconds).toBeLessThanOrEqual(3000 + 62);
    const reports = scene.logged.filter(({ level }) => level === 'WARN').map((line) => JSON.stringify(line));
    expect(reports.some((line) => /drain-deadline.*soon.*50m|soon.*drain-deadline/.test(line))).toBe(true);
    expect(
      reports.some((line) => /on-deadline/.test(line) && /explode/.test(line) && /stop-tasks/.test(line)),
    ).toBe(true);
    expect(scene.metric('Misconfigured')).toBeGreaterThan(0);
  });
});

describe('the hook of an enrolled group', () => {
  it('is put within a minute of the tag, with the values that survive an outage (D-3.7, D-3.12)', async () => {
    const scene = await Scene.open({ services: [], unenrolled: true });
    tagGroup(scene.account, groupName, { 'ecs-steward:cluster': 'shop' });
    await scene.account.advance(62);
    const { LifecycleHooks } = scene.account.call('autoscaling', 'DescribeLifecycleHooks', {
      AutoScalingGroupName: groupName,
    });
    expect(LifecycleHooks).toMatchObject([
      {
        LifecycleHookName: 'ecs-steward-terminate',
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        HeartbeatTimeout: 1800,
        DefaultResult: 'CONTINUE',
        GlobalTimeout: 172_800,
      },
    ]);
  });

  it('is corrected within a quarter of an hour when somebody changes or deletes it, and otherwise left alone', async () => {
    const scene = await Scene.open({ services: [] });
    await scene.account.advance(1000);
    expect(scene.calls('PutLifecycleHook')).toEqual([]);
    const hook = { AutoScalingGroupName: groupName, LifecycleHookName: 'ecs-steward-terminate' };
    scene.account.call('autoscaling', 'PutLifecycleHook', {
      ...hook,
      HeartbeatTimeout: 60,
      DefaultResult: 'ABANDON',
    });
    await scene.account.advance(920);
    const read = () =>
      scene.account.call('autoscaling', 'DescribeLifecycleHooks', { AutoScalingGroupName: groupName })
        .LifecycleHooks;
    expect(read()).toMatchObject([{ HeartbeatTimeout: 1800, DefaultResult: 'CONTINUE' }]);
    scene.account.call('autoscaling', 'DeleteLifecycleHook', hook);
    await scene.account.advance(920);
    expect(read()).toHaveLength(1);
    expect(scene.calls('DeleteLifecycleHook')).toEqual([]);
  });
});

describe('what is not ours', () => {
  it('a group without the tag is never written to, whatever events say of it', async () => {
    const scene = await Scene.open({ unenrolled: true });
    const instanceId = scene.oldestInstanceId;
    scene.putHook(stewardHook, 300);
    scene.terminate(instanceId);
    await scene.account.advance(280);
    expect(scene.writes).toEqual([]);
    expect(scene.deadLetters).toBe(0);
  });

  it.each([
    ['enrolled', false],
    ['not enrolled', true],
  ])(
    'F22: the event of the hook of another team is dropped, although it really holds the instance, in a group that is %s',
    async (_which, unenrolled) => {
      const scene = await Scene.open({ unenrolled });
      // The sweep drains whatever leaves an enrolled group, whoever holds it.
      scene.disable('schedules');
      const group = { AutoScalingGroupName: groupName };
      if (!unenrolled)
        scene.account.call('autoscaling', 'DeleteLifecycleHook', {
          ...group,
          LifecycleHookName: stewardHook,
        });
      scene.putHook('another-team', 900);
      const instanceId = scene.terminate();
      await scene.account.advance(5);
      const { AutoScalingInstances } = scene.account.call('autoscaling', 'DescribeAutoScalingInstances', {
        InstanceIds: [instanceId],
      });
      expect(AutoScalingInstances).toMatchObject([{ LifecycleState: 'Terminating:Wait' }]);
      scene.send('lane', terminateEvent(scene, instanceId, { LifecycleHookName: 'another-team' }));
      await scene.account.advance(300);
      expect(scene.writes).toEqual([]);
      expect(scene.registration(instanceId).status).toBe('ACTIVE');
      expect(scene.metric('Unwanted')).toBe(1);
      expect(scene.deadLetters).toBe(0);
    },
  );

  it.each([
    ['an instance that does not leave', {}],
    ['an instance that is not in the group', { EC2InstanceId: 'i-0123456789abcdef0' }],
    ['a group that does not exist', { AutoScalingGroupName: 'no-such-group' }],
  ])('an event of %s changes nothing, even when it reached the lane', async (_what, detail) => {
    const scene = await Scene.open();
    const before = scene.registration(scene.oldestInstanceId);
    scene.send('lane', terminateEvent(scene, scene.oldestInstanceId, detail));
    await scene.account.advance(300);
    expect(scene.calls('DescribeAutoScalingGroups').map(({ functionName }) => functionName)).toContainEqual(
      expect.stringMatching(/-admit$/),
    );
    expect(scene.writes).toEqual([]);
    expect(scene.registration(scene.oldestInstanceId)).toEqual(before);
    expect(scene.metric('Unwanted')).toBe(0);
    expect(scene.deadLetters).toBe(0);
  });

  it('messages that mean nothing are counted one by one, and never come back', async () => {
    const scene = await Scene.open();
    scene.send('lane', 'not even an event');
    scene.send('release', { hello: 'world' });
    scene.send('release', terminateEvent(scene, scene.oldestInstanceId));
    await scene.account.advance(300);
    expect(scene.writes).toEqual([]);
    expect(scene.metric('Unwanted')).toBe(3);
    expect(scene.deadLetters).toBe(0);
  });

  it("an operator's own DRAINING is left as it is", async () => {
    const scene = await Scene.open({ services: [] });
    const { containerInstanceArn, ec2InstanceId } = scene.registration(scene.oldestInstanceId);
    scene.account.call('ecs', 'UpdateContainerInstancesState', {
      cluster: 'shop',
      containerInstances: [containerInstanceArn],
      status: 'DRAINING',
    });
    await scene.account.advance(300);
    expect(scene.writes).toEqual([]);
    expect(scene.registration(ec2InstanceId).status).toBe('DRAINING');
  });
});
