import { describe, expect, it } from 'vitest';
import { announcedIn } from './announced.ts';
import { Removal } from './removal.ts';
import { groupName, job, Scene, type SceneWish, service } from './scene.ts';

/** Its drains never end by themselves (D-2.24). */
const stuck = service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100, stopSeconds: 20 });
const retainTags = { 'ecs-steward:drain-deadline': '5m', 'ecs-steward:on-deadline': 'retain' };

async function retaining(wish: SceneWish = {}, policy: 'retain' | 'terminate' = 'retain'): Promise<Scene> {
  const scene = await Scene.open({ services: [stuck], ...wish, tags: { ...retainTags, ...wish.tags } });
  scene.setRetention(policy);
  return scene;
}

const stateOf = (scene: Scene, instanceId: string) => {
  const { AutoScalingInstances } = scene.account.call('autoscaling', 'DescribeAutoScalingInstances', {
    InstanceIds: [instanceId],
  });
  return (AutoScalingInstances as { LifecycleState: string }[])[0]?.LifecycleState;
};

const setMaximum = (scene: Scene, maximumPercent: number) =>
  scene.account.call('ecs', 'UpdateService', {
    cluster: 'shop',
    service: 'web',
    deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent },
  });

const runningOn = (scene: Scene, instanceId: string) =>
  scene.tasksOn(instanceId).filter(({ desiredStatus }) => desiredStatus === 'RUNNING').length;

/** The oldest instance, retained at its drain deadline. */
async function retained(scene: Scene): Promise<string> {
  const instanceId = scene.terminate();
  await scene.account.until(
    'it is retained',
    () => stateOf(scene, instanceId) === 'Terminating:Retained',
    600,
  );
  return instanceId;
}

describe('ecs-steward:on-deadline = retain', () => {
  it('keeps the instance with all that runs on it, stops nothing, and ends it when it has drained (D-3.14)', async () => {
    const scene = await retaining();
    const instanceId = await retained(scene);
    const { drainingAt = NaN, completedAt = NaN } = scene.departure(instanceId);
    expect((completedAt - drainingAt) / 1000).toBeGreaterThanOrEqual(299);
    expect((completedAt - drainingAt) / 1000).toBeLessThanOrEqual(362);
    // Days are long with a sweep each minute, and nothing happens in them.
    scene.disable('schedules');
    await scene.account.advance(3 * 86_400);
    scene.enable('schedules');
    await scene.account.advance(600);
    expect(stateOf(scene, instanceId)).toBe('Terminating:Retained');
    expect(runningOn(scene, instanceId)).toBeGreaterThan(0);
    expect(scene.calls('StopTask')).toEqual([]);
    setMaximum(scene, 200);
    await scene.account.until('it ends', () => stateOf(scene, instanceId) === undefined, 600);
    expect(scene.tasksOn(instanceId).filter(({ cutOff }) => cutOff)).toEqual([]);
    expect(scene.calls('TerminateInstanceInAutoScalingGroup')).toHaveLength(1);
    const { AutoScalingGroups } = scene.account.call('autoscaling', 'DescribeAutoScalingGroups', {
      AutoScalingGroupNames: [groupName],
    });
    // It did not count any more, and nothing replaces it: the scale-in stays what it was.
    expect(AutoScalingGroups).toMatchObject([{ DesiredCapacity: 2, Instances: { length: 2 } }]);
    expect(scene.denied).toEqual([]);
    expect(scene.deadLetters).toBe(0);
    expect(scene.metric('Failures')).toBe(0);
  });

  it('is told: the deadline, why it still waits, a metric while it lasts, and the end', async () => {
    const scene = await retaining();
    const instanceId = await retained(scene);
    await scene.account.advance(600);
    const gauge = scene.metric('Retained');
    expect(gauge).toBeGreaterThanOrEqual(9);
    setMaximum(scene, 200);
    await scene.account.until('it ends', () => stateOf(scene, instanceId) === undefined, 600);
    await scene.account.advance(120);
    const atEnd = scene.metric('Retained');
    await scene.account.advance(300);
    expect(scene.metric('Retained')).toBe(atEnd);
    const told = announcedIn(scene).filter(({ detail }) => detail.instanceId === instanceId);
    expect(told).toContainEqual(
      expect.objectContaining({
        'detail-type': 'Drain Deadline',
        detail: expect.objectContaining({ decision: 'retain', why: 'deadline', taskCount: 0 }),
      }),
    );
    expect(told.at(-1)).toMatchObject({
      'detail-type': 'Instance Drained',
      detail: { why: 'drained', cause: 'retention' },
    });
    const waits = scene.logged.filter((line) => line.decision === 'wait' && line.blockers !== undefined);
    expect(waits.at(-1)).toMatchObject({ instanceId });
  });

  it('is not heeded in a group that retains nothing: tasks are stopped, and that is said', async () => {
    const scene = await retaining({}, 'terminate');
    const departure = await scene.leave();
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(scene.calls('StopTask').length).toBeGreaterThan(0);
    expect(scene.logged).toContainEqual(
      expect.objectContaining({ level: 'WARN', tag: 'ecs-steward:on-deadline', value: 'retain' }),
    );
    expect(scene.metric('RetainedAtDeadline')).toBe(0);
  });

  it('keeps standalone tasks beyond the end of the hook, which stops them in other groups (D-3.7)', async () => {
    const scene = await retaining({ services: [], standalone: [job({ exitAfterSeconds: 50 * 3600 })] });
    const instanceId = scene.terminate();
    await scene.account.advance(120);
    await scene.pauseSweeps(47.5 * 3600);
    await scene.account.advance(2000);
    expect(stateOf(scene, instanceId)).toBe('Terminating:Retained');
    expect(scene.calls('StopTask')).toEqual([]);
    await scene.account.until('it ends', () => stateOf(scene, instanceId) === undefined, 3 * 3600);
    expect(scene.account.ecs.taskRecords()[0]).toMatchObject({
      cutOff: false,
      stop: { stopCode: 'EssentialContainerExited' },
    });
    expect(scene.denied).toEqual([]);
  });

  it('leaves what another hook has had retained to whoever wants to look at it', async () => {
    const scene = await retaining({ services: [service()] });
    scene.putHook('another-team', 7200);
    const instanceId = scene.terminate();
    await scene.account.advance(5);
    scene.account.call('autoscaling', 'CompleteLifecycleAction', {
      AutoScalingGroupName: groupName,
      LifecycleHookName: 'another-team',
      InstanceId: instanceId,
      LifecycleActionResult: 'ABANDON',
    });
    await scene.account.advance(3600);
    expect(stateOf(scene, instanceId)).toBe('Terminating:Retained');
    expect(scene.calls('TerminateInstanceInAutoScalingGroup')).toEqual([]);
    expect(scene.metric('Retained')).toBeGreaterThan(0);
  });

  it('finds what it has retained in a new environment, by its mark, and ends it', async () => {
    const scene = await retaining();
    const instanceId = await retained(scene);
    scene.disable('schedules');
    // Lambda takes an environment away that is idle for long.
    await scene.account.advance(3 * 3600);
    setMaximum(scene, 200);
    await scene.account.advance(600);
    expect(stateOf(scene, instanceId)).toBe('Terminating:Retained');
    scene.enable('schedules');
    await scene.account.until('it ends', () => stateOf(scene, instanceId) === undefined, 200);
  });

  it('frees its slot of a budget: Auto Scaling has gone on with it', async () => {
    const scene = await retaining({ tags: { 'ecs-steward:max-draining': '1' } });
    const both = scene.account.ec2.all().slice(0, 2);
    const ids = both.map(({ instanceId }) => scene.terminate(instanceId));
    const kept = () => ids.filter((id) => stateOf(scene, id) === 'Terminating:Retained');
    await scene.account.until('one is retained', () => kept().length === 1, 600);
    const other = ids.find((id) => !kept().includes(id)) ?? '';
    expect(scene.departure(other).drainingAt).toBeUndefined();
    await scene.account.advance(125);
    expect(scene.departure(other).drainingAt).toBeDefined();
    expect(kept()).toHaveLength(1);
  });

  it('refuses to be uninstalled while an instance is retained, which nobody would end then', async () => {
    const scene = await retaining();
    const instanceId = await retained(scene);
    const removal = new Removal(scene);
    const answer = await removal.run();
    expect(answer).toMatchObject({ Status: 'FAILED' });
    expect(String(answer.Reason)).toMatch(/^1 instance is retained until drained\./);
    expect(String(answer.Reason)).toContain(`${instanceId} in ${groupName}`);
    expect(removal.isSweepOn).toBe(true);
  });

  it('sees a group that leaves through to the end of its retained instance, and says Unenrolled then', async () => {
    const scene = await retaining();
    const instanceId = await retained(scene);
    scene.tag({ 'ecs-steward:state': 'leaving' });
    await scene.account.advance(1000);
    expect(scene.metric('Unenrolled')).toBe(0);
    setMaximum(scene, 200);
    await scene.account.until('it ends', () => stateOf(scene, instanceId) === undefined, 600);
    await scene.account.advance(1000);
    expect(scene.metric('Unenrolled')).toBe(1);
    expect(scene.denied).toEqual([]);
  });
});
