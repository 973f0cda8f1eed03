import { describe, expect, it } from 'vitest';
import { createService, isSteady, runTask, setDesiredCapacity } from '../../demo/cluster.ts';
import { answering } from '../../simulator/answered.ts';
import { clusterName, groupName, job, Scene, type SceneWish, service, withSetting } from './scene.ts';

/**
 * What instances can be in ECS beside registered once. Never registered, and in another cluster than the tag says:
 * test/scenarios/faults.test.ts.
 */
const registrationsOf = ({ account }: Scene, instanceId: string) =>
  account.ecs.containerInstanceRecords().filter(({ ec2InstanceId }) => ec2InstanceId === instanceId);
const statusesOf = (scene: Scene, instanceId: string) =>
  registrationsOf(scene, instanceId).map(({ status }) => status);

/** It drained before it went; nothing was cut off, denied, or given up. */
function isClean(scene: Scene, departure: Awaited<ReturnType<Scene['ended']>>): void {
  expect(departure).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
  expect([scene.denied, scene.deadLetters]).toEqual([[], 0]);
}

/** A scene in which the group has just got an instance that is REGISTERING (D-2.2). */
async function registering(tags: SceneWish['tags'] = {}, trunkFailure?: string) {
  const wish = { ...withSetting('awsvpcTrunking', 'enabled'), instances: 2, tags };
  const scene = await Scene.open(wish);
  const { ec2 } = scene.account;
  ec2.putLaunchTemplate({ ...ec2.launchTemplate(groupName), trunkFailure });
  const known = new Set(scene.account.ec2.all().map(({ instanceId }) => instanceId));
  setDesiredCapacity(scene.account, groupName, 3);
  const anew = () => scene.account.ec2.all().find((one) => !known.has(one.instanceId))?.instanceId ?? '';
  await scene.account.until('REGISTERING', () => statusesOf(scene, anew())[0] === 'REGISTERING', 300);
  return { scene, instanceId: anew() };
}

describe('an instance that is registered twice (D-2.8)', () => {
  it.each([
    ['with its events', false],
    ['by sweeps alone', true],
  ])(
    'is drained in both and leaves when both are done, not when the empty one is, %s',
    async (_, isSilent) => {
      const scene = await Scene.open({ services: [] });
      const instanceId = scene.oldestInstanceId;
      scene.account.forgetAgent(instanceId);
      const wish = service({ desiredCount: 6, stopSeconds: 50, stopTimeoutSeconds: 60 });
      createService(scene.account, clusterName, wish);
      await scene.account.until('steady', () => isSteady(scene.account, clusterName), 600);
      expect(statusesOf(scene, instanceId)).toEqual(['ACTIVE', 'ACTIVE']);
      if (isSilent) scene.disable('events');
      const departure = await scene.ended(scene.terminate(instanceId));
      expect(departure.tasks).toBeGreaterThan(0);
      isClean(scene, departure);
      expect(departure.latenessSeconds).toBeLessThanOrEqual(isSilent ? 62 : 2);
      expect(scene.calls('UpdateContainerInstancesState')).toHaveLength(1);
    },
  );
});

describe('an instance that registers anew while it drains', () => {
  it('under another ARN, its version that of a new one, is drained again and released when that is done', async () => {
    const scene = await Scene.open({
      instances: 1,
      services: [],
      standalone: [job({ exitAfterSeconds: 7200 })],
    });
    const instanceId = scene.terminate();
    await scene.account.advance(60);
    const { containerInstanceArn: containerInstance, version } = scene.registration(instanceId);
    const input = { cluster: clusterName, containerInstance, force: true };
    scene.account.forgetAgent(instanceId);
    runTask(scene.account, clusterName, job({ name: 'second', exitAfterSeconds: 400 }));
    scene.account.call('ecs', 'DeregisterContainerInstance', input);
    const anew = registrationsOf(scene, instanceId).at(-1);
    expect(anew?.version).toBeLessThan(version);
    const begunAt = scene.account.world.now;
    const departure = await scene.ended(instanceId, 900);
    expect((Number(departure.completedAt) - begunAt) / 1000).toBeGreaterThanOrEqual(400);
    expect((Number(departure.completedAt) - begunAt) / 1000).toBeLessThanOrEqual(400 + 62);
    expect(departure.endedBy).toBe('complete');
    expect([scene.denied, scene.deadLetters]).toEqual([[], 0]);
  });

  it('under its ARN, with a lower version than an event that comes late, is not waited for in a queue: a sweep releases it', async () => {
    const scene = await Scene.open({ standalone: [job({ exitAfterSeconds: 120 })] });
    const instanceId = scene.terminate();
    await scene.account.advance(30);
    const { containerInstanceArn, version } = scene.registration(instanceId);
    const { account } = scene;
    scene.send('release', {
      ...{ version: '0', id: 'a', account: account.accountId, region: account.region, resources: [] },
      ...{ source: 'aws.ecs', 'detail-type': 'ECS Container Instance State Change' },
      time: new Date(account.world.now).toISOString(),
      detail: {
        clusterArn: `arn:aws:ecs:${account.region}:${account.accountId}:cluster/${clusterName}`,
        ...{ containerInstanceArn, ec2InstanceId: instanceId, status: 'DRAINING', version: version + 5000 },
      },
    });
    const departure = await scene.ended(instanceId, 600);
    isClean(scene, departure);
    await account.advance(900);
    expect(scene.deadLetters).toBe(0);
    expect(scene.metric('Behind')).toBeGreaterThan(0);
  });
});

describe('an instance that is REGISTERING (D-2.2, D-2.13)', () => {
  it('is drained when it is ACTIVE', async () => {
    const { scene, instanceId } = await registering();
    isClean(scene, await scene.ended(scene.terminate(instanceId), 300));
  });

  it('and cannot be registered at last is released at once: REGISTRATION_FAILED (D-2.2)', async () => {
    const { scene, instanceId } = await registering({}, 'no network interface is left');
    const departure = await scene.ended(scene.terminate(instanceId), 60);
    expect(statusesOf(scene, instanceId)[0]).not.toBe('ACTIVE');
    isClean(scene, departure);
  });
});

describe('an ARN without the name of the cluster (D-9.2, D-13.12)', () => {
  it.each(['containerInstanceLongArnFormat', 'taskLongArnFormat'])(
    'is as good as another: %s is disabled',
    async (name) => {
      const scene = await Scene.open({
        ...withSetting(name, 'disabled'),
        services: [service({ minimumHealthyPercent: 100, maximumPercent: 100 })],
        tags: { 'ecs-steward:drain-deadline': '2m' },
      });
      const { containerInstanceArn } = scene.registration(scene.oldestInstanceId);
      const [task] = scene.tasksOn(scene.oldestInstanceId);
      const arn = name.startsWith('task') ? task?.taskArn : containerInstanceArn;
      expect(arn).toMatch(/^[^/]+\/[^/]+$/);
      isClean(scene, await scene.leave());
      expect(scene.metric('Failures')).toBe(0);
    },
  );
});

describe('many', () => {
  it('instances, more than a page of them, leave at once (D-5.14)', async () => {
    const scene = await Scene.open({ instances: 130, services: [service({ desiredCount: 40 })] });
    setDesiredCapacity(scene.account, groupName, 10);
    const ended = () => scene.departures.filter(({ completedAt }) => completedAt !== undefined).length;
    await scene.account.until('120 departures', () => ended() === 120, 1800);
    for (const departure of scene.departures) isClean(scene, departure);
  });

  it('tasks on one instance, more than a page of them, are all waited for (D-5.14)', async () => {
    const tasks = Array.from({ length: 130 }, (_, i) =>
      job({ cpu: 8, memoryMib: 16, exitAfterSeconds: 500 + (i === 120 ? 300 : 0) }),
    );
    const scene = await Scene.open({ services: [], standalone: tasks });
    const departure = await scene.leave();
    expect(departure.tasks).toBe(130);
    isClean(scene, departure);
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
  });

  it('tasks that have stopped within the hour are read page by page, and hold nothing up (D-5.18)', async () => {
    const scene = await Scene.open({ services: [], instances: 1 });
    const many = { cpu: 8, memoryMib: 16 };
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 110; i++)
        runTask(scene.account, clusterName, job({ ...many, exitAfterSeconds: 5 }));
      await scene.account.advance(60);
    }
    runTask(scene.account, clusterName, job({ exitAfterSeconds: 200 }));
    await scene.account.advance(10);
    const departure = await scene.leave();
    const listed = scene.calls('ListTasks').filter(({ input }) => input.desiredStatus === 'STOPPED');
    expect(listed.length).toBeGreaterThanOrEqual(4);
    isClean(scene, departure);
    expect(departure.latenessSeconds).toBeLessThanOrEqual(2);
  });
});

describe('what is in no Auto Scaling group', () => {
  const ecsOf = ({ account }: Scene) => {
    return (operation: string, input: Record<string, unknown>) =>
      account.call('ecs', operation, { cluster: clusterName, ...input });
  };
  const drain = (scene: Scene, containerInstanceArn: string) =>
    ecsOf(scene)('UpdateContainerInstancesState', {
      containerInstances: [containerInstanceArn],
      status: 'DRAINING',
    });
  /** Somebody drains it, it stays so for an hour, while an instance of the group leaves beside it. */
  async function isLeftAlone(scene: Scene, ec2InstanceId: string): Promise<void> {
    const { containerInstanceArn } = scene.registration(ec2InstanceId);
    drain(scene, containerInstanceArn);
    isClean(scene, await scene.leave());
    await scene.account.advance(1800);
    expect(scene.registration(ec2InstanceId).customAttributes).toEqual([]);
    const about = scene.writes.filter(({ input }) => JSON.stringify(input).includes(containerInstanceArn));
    expect(about).toEqual([]);
    expect([scene.denied, scene.deadLetters, scene.metric('Failures')]).toEqual([[], 0, 0]);
  }

  it('an external machine, as of ECS Anywhere, is left alone when it drains and is empty (D-14.50)', async () => {
    const scene = await Scene.open();
    const { account } = scene;
    const machine = 'mi-0123456789abcdef0';
    const totalResources = [
      { name: 'CPU', type: 'INTEGER', integerValue: 4096 },
      { name: 'MEMORY', type: 'INTEGER', integerValue: 8000 },
    ];
    const principalArn = `arn:aws:sts::${account.accountId}:assumed-role/ecsAnywhereRole/${machine}`;
    const call = {
      operation: 'RegisterContainerInstance',
      input: { cluster: clusterName, totalResources },
      caller: { principalArn, client: 'agent' },
      viewAt: account.world.now,
    };
    const { outcomes } = answering('ecs', call, () => account.ecs.apply(account.world.now, call));
    account.hear(outcomes);
    await isLeftAlone(scene, machine);
  });

  it('a Managed Instance is left alone when somebody drains it (D-4.46, D-14.55)', async () => {
    const scene = await Scene.open();
    const call = ecsOf(scene);
    call('CreateCapacityProvider', {
      name: 'own',
      managedInstancesProvider: {
        infrastructureRoleArn: 'arn:aws:iam::111122223333:role/ecsInfrastructureRole',
        instanceLaunchTemplate: {
          ec2InstanceProfileArn: 'arn:aws:iam::111122223333:instance-profile/ecsInstanceRole',
          networkConfiguration: { subnets: ['subnet-1'], securityGroups: ['sg-1'] },
        },
      },
    });
    scene.account.call('ecs', 'RegisterTaskDefinition', {
      family: 'managed',
      networkMode: 'host',
      containerDefinitions: [{ name: 'app', image: 'app:1', cpu: 128, memory: 256 }],
    });
    await scene.account.advance(20);
    const known = new Set(scene.account.ec2.all().map(({ instanceId }) => instanceId));
    const own = [{ capacityProvider: 'own', weight: 1 }];
    call('RunTask', { taskDefinition: 'managed', capacityProviderStrategy: own });
    const launched = () =>
      scene.account.ec2.all().find(({ instanceId }) => !known.has(instanceId))?.instanceId;
    const isThere = () => registrationsOf(scene, launched() ?? '').length === 1;
    await scene.account.until('a Managed Instance', isThere, 300);
    await isLeftAlone(scene, launched() ?? '');
  });
});
