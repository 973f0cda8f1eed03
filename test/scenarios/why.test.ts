import { describe, expect, it } from 'vitest';
import { createService, registerWorkload } from '../../demo/cluster.ts';
import { Fault } from '../../simulator/machine.ts';
import { announcedIn } from './announced.ts';
import { clusterName, job, Scene, type SceneWish, service } from './scene.ts';

type Blockers = readonly Readonly<Record<string, unknown>>[];

/** Min = max = 100: it can neither stop nor start a task (D-2.24). */
const stuck = service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 });
/** Four fill two instances. */
const big = service({ cpu: 1024, memoryMib: 1024, desiredCount: 4 });

/** A scene in which the oldest instance leaves and has waited for six minutes. */
async function waited(wish: SceneWish, prepare: (scene: Scene) => void = () => {}) {
  const scene = await Scene.open(wish);
  prepare(scene);
  const instanceId = scene.terminate();
  await scene.account.advance(360);
  return { scene, instanceId };
}

/** What the bus was told last about why the instance waits. */
function told(scene: Scene, instanceId: string): Blockers {
  const events = announcedIn(scene, 'Drain Waiting').filter(({ detail }) => detail.instanceId === instanceId);
  return (events.at(-1)?.detail.blockers ?? []) as Blockers;
}

/** What the log says at level INFO of why the instance waits, newest last. */
const logged = (scene: Scene, instanceId: string) =>
  scene.logged.filter(
    (line) =>
      line.message === 'decided' &&
      line.level === 'INFO' &&
      line.instanceId === instanceId &&
      line.decision === 'wait',
  );

const kindsOf = (blockers: Blockers) => blockers.map(({ kind }) => kind);

const update = (scene: Scene, serviceName: string, input: Readonly<Record<string, unknown>>) =>
  scene.account.call('ecs', 'UpdateService', { cluster: clusterName, service: serviceName, ...input });

const tasksOn = (scene: Scene, instanceId: string) => {
  const { containerInstanceArn } = scene.registration(instanceId);
  return scene.account.ecs
    .taskRecords()
    .filter((task) => task.containerInstanceArn === containerInstanceArn && task.lastStatus !== 'STOPPED');
};

describe('why a departure waits is said', () => {
  it('a service with min = max = 100, in the log, on the bus and as a metric; it leaves when that is changed (D-2.24)', async () => {
    const { scene, instanceId } = await waited({ services: [stuck] });
    const blocker = { kind: 'min-max', serviceName: 'web', desiredCount: 3, least: 3, most: 3 };
    expect(told(scene, instanceId)).toMatchObject([blocker]);
    expect(logged(scene, instanceId)).toMatchObject([{ why: 'service-tasks', blockers: [blocker] }]);
    expect(scene.metric('WaitingMinMax')).toBeGreaterThanOrEqual(2);
    update(scene, 'web', { deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 200 } });
    const departure = await scene.ended(instanceId, 600);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(scene.denied).toEqual([]);
  });

  it('no room: which resource, how much is needed and what the rest of the cluster has (D-2.43)', async () => {
    const { scene, instanceId } = await waited({ instances: 2, services: [big] });
    expect(tasksOn(scene, instanceId)).toHaveLength(2);
    expect(told(scene, instanceId)).toMatchObject([
      {
        kind: 'no-room',
        serviceName: 'web',
        resource: 'CPU',
        needed: 1024,
        largestFree: 0,
        otherInstances: 1,
      },
    ]);
    expect(scene.metric('WaitingNoRoom')).toBeGreaterThan(0);
  });

  it('the change from one reason to another, once', async () => {
    const { scene, instanceId } = await waited({ instances: 2, services: [big] });
    await scene.account.advance(600);
    expect(logged(scene, instanceId)).toHaveLength(1);
    update(scene, 'web', {
      deploymentConfiguration: { minimumHealthyPercent: 100, maximumPercent: 100 },
      availabilityZoneRebalancing: 'DISABLED',
    });
    await scene.account.advance(660);
    expect(logged(scene, instanceId).map(({ blockers }) => kindsOf(blockers as Blockers))).toEqual([
      ['no-room'],
      ['min-max'],
    ]);
    const events = announcedIn(scene, 'Drain Waiting');
    expect(events.map(({ detail }) => kindsOf(detail.blockers as Blockers))).toEqual([
      ['no-room'],
      ['min-max'],
    ]);
    expect(new Set(events.map(({ detail }) => detail.id)).size).toBe(2);
  });

  it('a task that ECS cannot place although there is room: in the words of ECS (D-1.19)', async () => {
    const scene = await Scene.open({ services: [] });
    const instanceId = scene.oldestInstanceId;
    registerWorkload(scene.account, job({ name: 'pinned' }));
    scene.account.call('ecs', 'CreateService', {
      cluster: clusterName,
      serviceName: 'pinned',
      taskDefinition: 'pinned',
      desiredCount: 1,
      placementConstraints: [{ type: 'memberOf', expression: `ec2InstanceId == ${instanceId}` }],
    });
    await scene.account.advance(120);
    expect(tasksOn(scene, instanceId)).toHaveLength(1);
    scene.terminate();
    await scene.account.advance(360);
    expect(told(scene, instanceId)).toMatchObject([
      {
        kind: 'not-placed',
        serviceName: 'pinned',
        message: expect.stringContaining('was unable to place a task'),
      },
    ]);
  });

  it('a protected task, perhaps, until its protection ends (D-2.36)', async () => {
    const protect = (scene: Scene) => {
      const tasks = tasksOn(scene, scene.oldestInstanceId).map(({ taskArn }) => taskArn);
      const input = { cluster: clusterName, tasks, protectionEnabled: true, expiresInMinutes: 30 };
      scene.account.call('ecs', 'UpdateTaskProtection', input);
    };
    const { scene, instanceId } = await waited({ ecsSwitches: { protectionHoldsDraining: true } }, protect);
    const [blocker, ...more] = told(scene, instanceId);
    expect(more).toEqual([]);
    expect(blocker).toMatchObject({ kind: 'protected', serviceName: 'web' });
    expect(String(blocker?.says)).toMatch(/may be held by scale-in protection until/);
    const departure = await scene.ended(instanceId, 3600);
    const untilMs = Date.parse(String(blocker?.until));
    expect(departure.lastStoppedAt).toBeGreaterThanOrEqual(untilMs);
    expect(departure.completedAt).toBeLessThanOrEqual(untilMs + 120_000);
  });

  it('a standalone task, since it started (D-2.28)', async () => {
    const { scene, instanceId } = await waited({ standalone: [job({ exitAfterSeconds: 7200 })] });
    const [task] = tasksOn(scene, instanceId);
    expect(told(scene, instanceId)).toMatchObject([
      {
        kind: 'standalone',
        taskArns: [task?.taskArn],
        since: new Date(Number(task?.startedAt)).toISOString(),
      },
    ]);
    expect(scene.metric('WaitingStandalone')).toBeGreaterThan(0);
  });

  it('a daemon, which is stopped last, beside what it waits for (D-2.29)', async () => {
    const { desiredCount: _, ...daemon } = service({ name: 'log' });
    const { scene, instanceId } = await waited({ services: [stuck, daemon] });
    expect(told(scene, instanceId)).toMatchObject([
      { kind: 'min-max', serviceName: 'web' },
      { kind: 'daemon-last', serviceName: 'log', taskCount: 1 },
    ]);
  });

  it('tasks that are being stopped, since when, and how long that may take (D-2.31, D-2.35)', async () => {
    const slow = service({ stopSeconds: 600, stopTimeoutSeconds: 900 });
    const { scene, instanceId } = await waited({ services: [slow] });
    const stops = tasksOn(scene, instanceId).map(({ desiredStoppedAt }) => Number(desiredStoppedAt));
    expect(told(scene, instanceId)).toMatchObject([
      { kind: 'stopping', since: new Date(Math.min(...stops)).toISOString(), stopTimeoutSeconds: 900 },
    ]);
    expect(told(scene, instanceId)[0]?.says).toMatch(/may take 900 s from SIGTERM to SIGKILL/);
    expect(scene.denied).toEqual([]);
  });

  it('an agent that is not connected, since that was seen (D-2.44)', async () => {
    const scene = await Scene.open({ services: [stuck] });
    const instanceId = scene.terminate();
    await scene.account.advance(60);
    const { world } = scene.account;
    const disconnectedAt = world.now;
    scene.account.disconnectAgent(instanceId, 3600);
    await scene.account.advance(300);
    const [first] = told(scene, instanceId);
    expect(first).toMatchObject({ kind: 'agent-disconnected' });
    const seenAt = Date.parse(String(first?.since));
    expect(seenAt).toBeGreaterThanOrEqual(disconnectedAt);
    expect(seenAt).toBeLessThanOrEqual(disconnectedAt + 62_000);
  });

  it('a deployment in progress, which possibly comes first', async () => {
    const deploy = (scene: Scene) => {
      registerWorkload(scene.account, { ...big, startSeconds: 3600 });
      update(scene, 'web', { taskDefinition: 'web' });
    };
    const { scene, instanceId } = await waited({ instances: 2, services: [big] }, deploy);
    expect(told(scene, instanceId)).toMatchObject([
      { kind: 'not-placed', serviceName: 'web' },
      { kind: 'deployment-in-progress', serviceName: 'web', says: expect.stringContaining('possibly') },
    ]);
  });

  it('a budget, while another instance drains', async () => {
    const scene = await Scene.open({ services: [stuck], tags: { 'ecs-steward:max-draining': '1' } });
    const [first, second] = scene.account.ec2.all().map(({ instanceId }) => instanceId);
    scene.terminate(first);
    await scene.account.advance(20);
    scene.terminate(second);
    await scene.account.advance(360);
    expect(told(scene, String(first))).toMatchObject([{ kind: 'min-max' }]);
    expect(told(scene, String(second))).toMatchObject([{ kind: 'budget' }]);
    expect(scene.metric('WaitingBudget')).toBeGreaterThan(0);
  });

  it('that nothing was found, and what could not be read', async () => {
    const { scene, instanceId } = await waited({ services: [stuck] }, ({ account }) => {
      account.endpoint.faults.refuse = ({ operation }) => {
        if (operation === 'DescribeServices')
          throw new Fault('ServerException', 'This is a fault of the test.');
      };
    });
    expect(told(scene, instanceId)).toMatchObject([
      { kind: 'unknown', serviceName: 'web', unread: ['services'] },
    ]);
    expect(scene.metric('WaitingUnknown')).toBeGreaterThan(0);
  });
});

describe('explaining', () => {
  it('costs a few reads every five minutes, and nothing where drains end in time', async () => {
    const quick = await Scene.open();
    await quick.leave();
    expect([...quick.calls('DescribeServices'), ...quick.calls('GetTaskProtection')]).toEqual([]);
    const { scene } = await waited({ services: [stuck] });
    await scene.account.advance(1500);
    const reads = scene.calls('DescribeServices').length;
    expect(reads).toBeGreaterThanOrEqual(5);
    expect(reads).toBeLessThanOrEqual(8);
  });

  it('reads once for several instances of a cluster', async () => {
    const scene = await Scene.open({ instances: 4, services: [{ ...stuck, desiredCount: 8 }] });
    const [first, second] = scene.account.ec2.all();
    for (const one of [first, second]) scene.terminate(one?.instanceId);
    await scene.account.advance(300);
    const explained = new Set(announcedIn(scene, 'Drain Waiting').map(({ detail }) => detail.instanceId));
    expect(explained.size).toBe(2);
    expect(scene.calls('DescribeServices').length).toBeLessThanOrEqual(3);
  });

  it('never holds up a release: one instance waits, another leaves in time', async () => {
    const scene = await Scene.open({ instances: 4, services: [stuck] });
    const stuckId = scene.terminate();
    await scene.account.advance(180);
    createService(scene.account, clusterName, service({ name: 'api', desiredCount: 4 }));
    await scene.account.advance(120);
    const other = scene.account.ec2.all().find(({ instanceId }) => {
      const names = instanceId === stuckId ? [] : tasksOn(scene, instanceId).map(({ group }) => group);
      return names.includes('service:api') && !names.includes('service:web');
    });
    const departure = await scene.ended(scene.terminate(other?.instanceId), 900);
    expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
    expect(scene.departure(stuckId).completedAt).toBeUndefined();
  });
});
