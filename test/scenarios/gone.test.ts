import { describe, expect, it } from 'vitest';
import { announcedIn } from './announced.ts';
import { clusterName, job, Scene, service } from './scene.ts';

const day = 24 * 3600;

/** A scene with a standalone task that runs for a day on the oldest instance, whose agent is away from now on. */
async function frozen() {
  const scene = await Scene.open({ standalone: [job({ exitAfterSeconds: day })] });
  const instanceId = scene.oldestInstanceId;
  return { scene, instanceId, away: () => scene.account.disconnectAgent(instanceId, 2 * day) };
}

const kill = ({ account }: Scene, instanceId: string) =>
  account.hear(account.ec2.terminate(account.world.now, instanceId));
const stop = ({ account }: Scene, instanceId: string) =>
  account.hear(account.ec2.stop(account.world.now, instanceId));
const start = ({ account }: Scene, instanceId: string) =>
  account.hear(account.ec2.start(account.world.now, { instanceId, agentDelayMs: 0 }));

/** How long after a time the hook was completed (seconds). */
const after = (time: number, { completedAt }: { readonly completedAt: number | undefined }) =>
  (Number(completedAt) - time) / 1000;

function isClean(scene: Scene): void {
  expect([scene.denied, scene.deadLetters, scene.metric('Failures')]).toEqual([[], 0, 0]);
}

describe('an instance that EC2 has ended while it waits, its agent away, a task frozen in RUNNING (D-2.7, D-2.45)', () => {
  it('is released within seconds of its end, not at the end of its hook', async () => {
    const { scene, instanceId, away } = await frozen();
    scene.terminate(instanceId);
    await scene.account.advance(120);
    away();
    kill(scene, instanceId);
    const killedAt = scene.account.world.now;
    const departure = await scene.ended(instanceId, 300);
    expect(departure.endedBy).toBe('complete');
    // EC2 takes half a minute to end it.
    expect(after(killedAt, departure)).toBeLessThanOrEqual(30 + 3);
    await scene.account.advance(5);
    expect(announcedIn(scene, 'Instance Released').map(({ detail }) => detail)).toMatchObject([
      { instanceId, why: 'instance-gone', cause: 'termination' },
    ]);
    expect(scene.metric('ReleasedInstanceGone')).toBe(1);
    isClean(scene);
  });

  it('is released when it was stopped, and not where it is started again before that shows', async () => {
    for (const isStarted of [false, true]) {
      const { scene, instanceId, away } = await frozen();
      scene.terminate(instanceId);
      await scene.account.advance(120);
      if (!isStarted) away();
      stop(scene, instanceId);
      if (isStarted) scene.account.bus.faults.lateProbability = 1;
      await scene.account.advance(25);
      if (isStarted) start(scene, instanceId);
      const departure = await scene.ended(instanceId, 600);
      expect(departure.endedBy).toBe('complete');
      expect(scene.metric('ReleasedInstanceGone')).toBe(isStarted ? 0 : 1);
      isClean(scene);
    }
  });

  it('stays as it is while its group is paused, and is released by a sweep when it goes on', async () => {
    const { scene, instanceId, away } = await frozen();
    away();
    kill(scene, instanceId);
    scene.tag({ 'ecs-steward:state': 'paused' });
    await scene.account.advance(900);
    expect(scene.departure(instanceId).completedAt).toBeUndefined();
    scene.tag({ 'ecs-steward:state': 'active' });
    const goesOnAt = scene.account.world.now;
    expect(after(goesOnAt, await scene.ended(instanceId, 600))).toBeLessThanOrEqual(300 + 62 + 60);
    isClean(scene);
  });
});

describe('an instance that EC2 ends while it is in service, its agent away', () => {
  it('is released when Auto Scaling has noticed, within a minute or so', async () => {
    const { scene, instanceId, away } = await frozen();
    away();
    kill(scene, instanceId);
    const departure = await scene.ended(instanceId, 900);
    expect(departure.endedBy).toBe('complete');
    expect(after(departure.terminateAt, departure)).toBeLessThanOrEqual(62);
    isClean(scene);
  });

  it('is released by sweeps alone, when every event is lost: unhealthy and away in two looks five minutes apart', async () => {
    const { scene, instanceId, away } = await frozen();
    scene.disable('events');
    away();
    kill(scene, instanceId);
    const departure = await scene.ended(instanceId, 900);
    expect(departure.endedBy).toBe('complete');
    expect(after(departure.terminateAt, departure)).toBeGreaterThanOrEqual(300);
    expect(after(departure.terminateAt, departure)).toBeLessThanOrEqual(300 + 2 * 62);
    expect(scene.metric('ReleasedInstanceGone')).toBe(1);
    isClean(scene);
  });
});

describe('an instance whose agent alone is away', () => {
  it('is not taken for gone, however long: its tasks may run', async () => {
    const { scene, instanceId, away } = await frozen();
    scene.terminate(instanceId);
    await scene.account.advance(60);
    away();
    await scene.account.advance(3600);
    expect(scene.departure(instanceId)).toMatchObject({ completedAt: undefined, tasksKilled: 0 });
    expect(scene.metric('ReleasedInstanceGone')).toBe(0);
  });
});

describe('an instance that ends as ever', () => {
  it('costs no call when EC2 says so, to the environment that let it go', async () => {
    // Under this seed the same one of the two environments hears of it.
    const scene = await Scene.open({ seed: 2, services: [service()] });
    await scene.leave();
    await scene.account.advance(5);
    const before = scene.calls().filter(({ functionName }) => functionName?.endsWith('-release')).length;
    const invocations = scene.account.lambda.invocations.length;
    scene.disable('schedules');
    await scene.account.advance(300);
    expect(scene.account.lambda.invocations.length).toBeGreaterThan(invocations);
    const own = scene.calls().filter(({ functionName }) => functionName?.endsWith('-release'));
    expect(own.slice(before).map(({ operation }) => operation)).not.toContain('DescribeAutoScalingInstances');
    isClean(scene);
  });
});

describe('what ECS has still of an instance that EC2 has ended, its agent away (D-2.7)', () => {
  /** The oldest instance drains, loses its agent and is ended with service tasks that nobody will ever see STOPPED. */
  async function ghost(wish: Parameters<typeof Scene.open>[0] = {}, isOperator = false) {
    const scene = await Scene.open({
      services: [service({ minimumHealthyPercent: 100, maximumPercent: 100, desiredCount: 6 })],
      ...wish,
    });
    const instanceId = scene.oldestInstanceId;
    const registration = scene.registration(instanceId);
    if (isOperator)
      scene.account.call('ecs', 'UpdateContainerInstancesState', {
        cluster: clusterName,
        containerInstances: [registration.containerInstanceArn],
        status: 'DRAINING',
      });
    scene.terminate(instanceId);
    await scene.account.advance(30);
    scene.account.disconnectAgent(instanceId, 2 * day);
    kill(scene, instanceId);
    await scene.ended(instanceId, 300);
    return { scene, instanceId, tasks: scene.tasksOn(instanceId).length };
  }
  const liveTasks = (scene: Scene) =>
    scene.account.ecs.taskRecords().filter(({ cutOff, lastStatus }) => lastStatus === 'RUNNING' && !cutOff);

  it('is deregistered within 20 minutes or so, and its service has all of its tasks again (D-9.17)', async () => {
    const { scene, instanceId, tasks } = await ghost();
    expect(tasks).toBeGreaterThan(0);
    await scene.account.advance(240);
    expect(liveTasks(scene)).toHaveLength(6 - tasks);
    await scene.account.advance(900 + 300);
    expect(scene.registration(instanceId).status).toBe('INACTIVE');
    expect(liveTasks(scene)).toHaveLength(6);
    expect(scene.metric('GhostsDeregistered')).toBe(1);
    await scene.account.advance(1800);
    expect(scene.calls('DeregisterContainerInstance')).toHaveLength(1);
    isClean(scene);
  });

  it('is never touched where an operator had drained it', async () => {
    const { scene, instanceId } = await ghost({}, true);
    await scene.account.advance(2400);
    expect(scene.registration(instanceId).status).toBe('DRAINING');
    expect(scene.calls('DeregisterContainerInstance')).toEqual([]);
    isClean(scene);
  });

  it('is not touched while the group is paused', async () => {
    const { scene, instanceId } = await ghost();
    scene.tag({ 'ecs-steward:state': 'paused' });
    await scene.account.advance(2400);
    expect(scene.registration(instanceId).status).toBe('DRAINING');
    scene.tag({ 'ecs-steward:state': 'active' });
    await scene.account.advance(1200 + 62);
    expect(scene.registration(instanceId).status).toBe('INACTIVE');
    isClean(scene);
  });
});
