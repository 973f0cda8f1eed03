import { describe, expect, it } from 'vitest';
import { createService } from '../../demo/cluster.ts';
import { envelope } from './messages.ts';
import { clusterName, Scene, service } from './scene.ts';

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

  it('F2: below the version of the API is old news: the API decides, and releases (D-1.3)', async () => {
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

  it('F4: above the version of the API does not release, comes back, and releases when the API has caught up', async () => {
    const drained = await drainedUnseen();
    const { scene, instanceId, last } = drained;
    const changedAt = kind === 'task' ? Number(last.stoppedAt) : scene.registration(instanceId).updatedAt;
    const caughtUpAt = scene.account.world.now + 30_000;
    scene.account.endpoint.faults.viewAt = (_read, now) => (now < caughtUpAt ? changedAt - 1 : now);
    send(drained, 0);
    await scene.account.advance(29);
    expect(scene.calls('CompleteLifecycleAction')).toEqual([]);
    // Nothing else is left that could release: had the message been used up on the old state, it would never end. For a
    // task event that is all the harm there is. An older state of its task is not STOPPED, and so never releases; one
    // from before the task was placed has no version to compare (D-5.18), and is what the settling time is for.
    expect(await scene.ended(instanceId, 60)).toMatchObject({ isEarly: false, endedBy: 'complete' });
    expect(scene.metric('Behind')).toBeGreaterThan(0);
    expect(scene.deadLetters).toBe(0);
  });
});

/** An instance that ECS showed with counts 0 and DRAINING, before it was deregistered, registered again, and given a task. */
async function registeredAgain() {
  const scene = await Scene.open({ services: [service({ stopSeconds: 20 })] });
  const { account } = scene;
  const instanceId = scene.terminate();
  await account.until('counts 0', () => scene.departures[0]?.countsZeroAt !== undefined, 300);
  scene.disable('events');
  scene.disable('schedules');
  // Long enough for the last task to be STOPPED: the instance is free, and nobody releases it.
  await account.advance(25);
  const shownAt = account.world.now;
  await account.advance(1);
  const { containerInstanceArn } = scene.registration(instanceId);
  account.call('ecs', 'DeregisterContainerInstance', {
    cluster: clusterName,
    containerInstance: containerInstanceArn,
    force: true,
  });
  account.ecs.agentRegisters(account.world.now, account.ec2.registration(instanceId));
  createService(account, clusterName, { name: 'agent', cpu: 32, memoryMib: 64, stopSeconds: 4 });
  const isGiven = () =>
    account.ecs
      .taskRecords()
      .some(
        ({ ec2InstanceId, lastStatus, definition }) =>
          [ec2InstanceId, lastStatus, definition.family].join() === [instanceId, 'RUNNING', 'agent'].join(),
      );
  await account.until('it has a task again', isGiven, 30);
  const ended = account.world.log
    .map(({ event }) => event as { readonly detail: Record<string, unknown> } | undefined)
    .find(
      (event) =>
        event?.detail.containerInstanceArn === containerInstanceArn && event.detail.status === 'INACTIVE',
    );
  if (!ended) throw new Error('The registration did not end');
  return { scene, instanceId, shownAt, ended };
}

describe('a container-instance event of an instance whose agent has registered again', () => {
  // With trunk network interfaces a registration ends by way of DEREGISTERING.
  it.each(['DEREGISTERING', 'INACTIVE'])(
    '(%s) releases nothing while the API shows it as it was when it had drained (D-1.3, D-9.16)',
    async (status) => {
      const { scene, instanceId, shownAt, ended } = await registeredAgain();
      const caughtUpAt = scene.account.world.now + 15_000;
      scene.account.endpoint.faults.viewAt = ({ operation }, now) =>
        /ContainerInstances/.test(operation) && now < caughtUpAt ? shownAt : now;
      // Without our mark, of which the end of a registration is left to the sweep.
      scene.send('release', { ...ended, detail: { ...ended.detail, status, attributes: [] } });
      await scene.account.advance(100);
      expect(scene.departure(instanceId)).toMatchObject({ completedAt: undefined, isEarly: false });
      expect(scene.metric('Behind')).toBeGreaterThan(0);
      scene.enable('events');
      scene.enable('schedules');
      expect(await scene.ended(instanceId, 300)).toMatchObject({ isEarly: false, endedBy: 'complete' });
    },
  );
});
