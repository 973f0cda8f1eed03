import { describe, expect, it } from 'vitest';
import { envelope, Scene, service } from './scene.ts';

/** What the event says of the version, compared with what the API says of it. */
const below = -1;

/** A drained instance of which no rule told anybody: only the message under test brings `release` to look. */
async function drainedUnseen() {
  const scene = await Scene.open({ services: [service({ stopSeconds: 5 })] });
  const instanceId = scene.terminate();
  await scene.account.until('DRAINING', () => scene.registration(instanceId).status === 'DRAINING', 90);
  scene.disable('events');
  // The sweep is kept away too, so that nothing but the message can release.
  scene.disable('schedules');
  const tasks = () => scene.account.ecs.taskRecords().filter((task) => task.ec2InstanceId === instanceId);
  await scene.account.until('drained', () => tasks().every((task) => task.lastStatus === 'STOPPED'), 600);
  await scene.account.advance(3);
  expect(scene.departure(instanceId).completedAt).toBeUndefined();
  const last = tasks()
    .toSorted((a, b) => Number(a.stoppedAt) - Number(b.stoppedAt))
    .at(-1);
  if (!last) throw new Error('The instance had no task');
  return { scene, instanceId, last };
}

const instanceEvent = (scene: Scene, instanceId: string, version: number) => {
  const instance = scene.registration(instanceId);
  const resources = [
    { name: 'CPU', type: 'INTEGER', integerValue: instance.registeredResources.cpu },
    { name: 'MEMORY', type: 'INTEGER', integerValue: instance.registeredResources.memoryMib },
  ];
  return {
    ...envelope(scene, 'aws.ecs', 'ECS Container Instance State Change'),
    resources: [instance.containerInstanceArn],
    detail: {
      agentConnected: true,
      clusterArn: instance.clusterArn,
      containerInstanceArn: instance.containerInstanceArn,
      ec2InstanceId: instanceId,
      registeredResources: resources,
      remainingResources: resources,
      runningTasksCount: 0,
      pendingTasksCount: 0,
      status: 'DRAINING',
      version: instance.version + version,
      updatedAt: '2026-05-04T12:06:55.870Z',
    },
  };
};

const taskEvent = (
  scene: Scene,
  task: Awaited<ReturnType<typeof drainedUnseen>>['last'],
  version: number,
) => ({
  ...envelope(scene, 'aws.ecs', 'ECS Task State Change'),
  resources: [task.taskArn],
  detail: {
    clusterArn: task.clusterArn,
    containerInstanceArn: task.containerInstanceArn,
    taskArn: task.taskArn,
    launchType: 'EC2',
    desiredStatus: 'STOPPED',
    lastStatus: 'STOPPED',
    version: task.version + version,
    updatedAt: '2026-05-04T12:05:44.700Z',
  },
});

describe.each(['container-instance', 'task'] as const)('a %s event', (kind) => {
  const send = ({ scene, instanceId, last }: Awaited<ReturnType<typeof drainedUnseen>>, version: number) =>
    scene.send(
      'release',
      kind === 'task' ? taskEvent(scene, last, version) : instanceEvent(scene, instanceId, version),
    );

  it('below the version of the API is old news: the API decides, and releases (D-1.3)', async () => {
    const drained = await drainedUnseen();
    send(drained, below);
    expect(await drained.scene.ended(drained.instanceId, 5)).toMatchObject({
      isEarly: false,
      endedBy: 'complete',
    });
  });

  it('equal to the version of the API releases (D-1.3)', async () => {
    const drained = await drainedUnseen();
    send(drained, 0);
    expect(await drained.scene.ended(drained.instanceId, 5)).toMatchObject({
      isEarly: false,
      endedBy: 'complete',
    });
  });

  it('above the version of the API does not release, comes back, and releases when the API has caught up', async () => {
    const drained = await drainedUnseen();
    const { scene, instanceId, last } = drained;
    const changedAt = kind === 'task' ? Number(last.stoppedAt) : scene.registration(instanceId).updatedAt;
    const caughtUpAt = scene.account.world.now + 30_000;
    scene.account.endpoint.faults.viewAt = (_read, now) => (now < caughtUpAt ? changedAt - 1 : now);
    send(drained, 0);
    await scene.account.advance(29);
    expect(scene.calls('CompleteLifecycleAction')).toEqual([]);
    expect(scene.metric('Behind')).toBeGreaterThan(0);
    expect(await scene.ended(instanceId, 120)).toMatchObject({ isEarly: false, endedBy: 'complete' });
    expect(scene.deadLetters).toBe(0);
  });
});
