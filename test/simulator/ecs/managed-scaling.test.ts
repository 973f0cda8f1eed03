import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EcsSwitches } from '../../../simulator/ecs/ecs.ts';
import { instancesFor, reservation } from '../../../simulator/ecs/managed-scaling.ts';
import { messagesOf, refusal, strategy } from './fleet.ts';
import { groupArn, Scene } from './scene.ts';

/** A cluster with the provider `blue`, whose group ECS scales; `web` needs a quarter of an instance. */
function managed(
  scaling: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
  switches: Partial<EcsSwitches> = {},
) {
  const scene = new Scene(switches);
  scene.group('blue').isProtectedFromScaleIn = more.managedTerminationProtection === 'ENABLED';
  scene.call('CreateCapacityProvider', {
    name: 'blue',
    autoScalingGroupProvider: {
      autoScalingGroupArn: groupArn('blue'),
      managedScaling: { status: 'ENABLED', ...scaling },
      ...more,
    },
  });
  scene.call('PutClusterCapacityProviders', {
    capacityProviders: ['blue'],
    ...{ defaultCapacityProviderStrategy: strategy('blue:1').capacityProviderStrategy },
  });
  scene.pass(10);
  scene.group('blue').tagKeys.push('AmazonECSManaged');
  scene.definition('web', {}, { cpu: 512, memory: 512 });
  return scene;
}

/** So many instances of the group come into service and register. */
function grow(scene: Scene, count: number, isRegistered = true) {
  const group = scene.group('blue');
  for (let number = 1; number <= count; number++) {
    const instanceId = `i-${group.inService.length + 1}`;
    const launchedAt = Date.parse('2026-05-04T12:00:00Z') + scene.seconds * 1000;
    group.inService.push({ instanceId, isProtected: group.isProtectedFromScaleIn, launchedAt });
    if (isRegistered) scene.instance(instanceId, { autoScalingGroupName: 'blue' });
  }
  group.desiredCapacity = group.inService.length;
}

const run = (scene: Scene, count: number, more = {}) =>
  scene.call('RunTask', { taskDefinition: 'web', count, ...more });

/** The sizes that ECS asked for. */
const sizes = (scene: Scene) =>
  asks(scene, 'SetDesiredCapacity').map(({ DesiredCapacity }) => DesiredCapacity);

const asks = (scene: Scene, operation: string) =>
  scene.asked.filter((each) => each.operation === operation).map(({ input }) => input);

const metric = (scene: Scene) => scene.ecs.reservations('blue').at(-1)?.value;

describe('tasks of a provider that ECS scales', () => {
  it('wait in PROVISIONING without an instance, and start as soon as one registers (D-4.32)', () => {
    const scene = managed();
    scene.heard();
    const { tasks, failures } = run(scene, 2);
    expect(failures).toEqual([]);
    expect(tasks.map(({ lastStatus, capacityProviderName }) => [lastStatus, capacityProviderName])).toEqual(
      Array(2).fill(['PROVISIONING', 'blue']),
    );
    expect(tasks.map(({ containerInstanceArn }) => containerInstanceArn)).toEqual([undefined, undefined]);
    expect(scene.taskEvents().map(({ detail }) => detail.lastStatus)).toEqual([
      'PROVISIONING',
      'PROVISIONING',
    ]);
    scene.pass(3600);
    expect(scene.live().map(({ lastStatus }) => lastStatus)).toEqual(['PROVISIONING', 'PROVISIONING']);
    grow(scene, 1);
    scene.pass(2);
    expect(scene.tasksOn('i-1').map(({ lastStatus }) => lastStatus)).toEqual(['PENDING', 'PENDING']);
    scene.pass(30);
    expect(scene.tasksOn('i-1').map(({ lastStatus }) => lastStatus)).toEqual(['RUNNING', 'RUNNING']);
    expect(scene.record('i-1').remainingResources.cpu).toBe(1024);
  });

  it('fail at once where ECS does not scale the provider (D-4.32)', () => {
    const scene = managed({ status: 'DISABLED' });
    const [task] = run(scene, 1).tasks;
    scene.pass(1);
    expect(scene.live()).toEqual([]);
    expect(scene.call('DescribeTasks', { tasks: [task?.taskArn] }).tasks[0]?.stoppedReason).toBe(
      'TaskFailedToStart: EMPTY CAPACITY PROVIDER',
    );
  });

  it('wait for room as well, the oldest first', () => {
    const scene = managed();
    grow(scene, 1);
    const first = run(scene, 4).tasks;
    const [second, third] = run(scene, 2).tasks;
    scene.pass(30);
    expect(scene.tasksOn('i-1')).toHaveLength(4);
    scene.call('StopTask', { task: first[0]?.taskArn });
    scene.pass(60);
    expect(scene.tasksOn('i-1').map(({ taskArn }) => taskArn)).toContain(second?.taskArn);
    expect(scene.tasksOn('i-1').map(({ taskArn }) => taskArn)).not.toContain(third?.taskArn);
  });

  it('of a service wait like any other, and no more of them than it wants', () => {
    const scene = managed();
    scene.service('web', { desiredCount: 3 });
    scene.pass(600);
    expect(scene.live().map(({ lastStatus }) => lastStatus)).toEqual(Array(3).fill('PROVISIONING'));
    expect(messagesOf(scene).filter((text) => text.includes('unable to place'))).toEqual([]);
    scene.call('UpdateService', { service: 'web', desiredCount: 1 });
    scene.pass(60);
    expect(scene.live()).toHaveLength(1);
    grow(scene, 1);
    scene.pass(60);
    expect(scene.tasksOn('i-1').map(({ lastStatus }) => lastStatus)).toEqual(['RUNNING']);
  });

  it('are at most 500 of a cluster; RunTask is refused then (D-4.32)', () => {
    const scene = managed();
    for (let call = 0; call < 50; call++) run(scene, 10);
    expect(refusal(() => run(scene, 1))).toContain('ClientException: The cluster has as many tasks');
    expect(scene.live()).toHaveLength(500);
  });
});

describe('managed scaling', () => {
  it('tags the group, and stops when somebody takes the tag away (D-4.15)', () => {
    const scene = managed();
    expect(asks(scene, 'CreateOrUpdateTags')).toMatchObject([
      { Tags: [{ ResourceId: 'blue', Key: 'AmazonECSManaged', PropagateAtLaunch: true }] },
    ]);
    scene.group('blue').tagKeys.pop();
    run(scene, 2);
    scene.pass(600);
    expect(sizes(scene)).toEqual([]);
    scene.group('blue').tagKeys.push('AmazonECSManaged');
    scene.pass(60);
    expect(sizes(scene)).toEqual([2]);
  });

  it('does nothing about a provider where it is off, or that no cluster has', () => {
    const off = managed({ status: 'DISABLED' });
    grow(off, 3);
    off.pass(3600);
    expect(off.asked.map(({ operation }) => operation)).toEqual(['PutLifecycleHook']);
    const alone = managed();
    run(alone, 1);
    alone.call('StopTask', { task: alone.live()[0]?.taskArn });
    alone.pass(10);
    alone.call('PutClusterCapacityProviders', { capacityProviders: [], defaultCapacityProviderStrategy: [] });
    alone.pass(3600);
    expect(sizes(alone)).toEqual([]);
  });

  it.each([
    [0, 0, 100],
    [0, 3, 200],
    [4, 4, 100],
    [4, 6, 150],
    [4, 3, 75],
    [4, 0, 0],
  ])(
    'has for %i instances of which tasks need %i a reservation of %i percent (D-4.28)',
    (running, needed, value) => {
      expect(reservation({ running, needed })).toBe(value);
    },
  );

  it('launches two from nothing, and as many as the waiting tasks need of a size (D-4.28, D-4.30)', () => {
    const scene = managed();
    scene.pass(60);
    expect([metric(scene), sizes(scene)]).toEqual([100, []]);
    run(scene, 1);
    scene.pass(60);
    expect([metric(scene), sizes(scene)]).toEqual([200, [2]]);
    run(scene, 10);
    scene.pass(60);
    expect(sizes(scene).at(-1)).toBe(3);
  });

  it('asks for no more while new instances come up, before they are warm (D-4.30)', () => {
    const scene = managed();
    grow(scene, 1);
    run(scene, 5);
    scene.pass(60);
    expect(sizes(scene)).toEqual([2]);
    grow(scene, 1, false);
    scene.pass(240);
    expect(sizes(scene)).toEqual([2]);
    scene.pass(120);
    expect(sizes(scene).at(-1)).toBe(3);
  });

  it.each([
    [{ minimumScalingStepSize: 4 }, 5, 5],
    [{ maximumScalingStepSize: 1 }, 10, 2],
    [{}, 10, 3],
  ])('takes with %j for %i tasks a step to %i instances (D-4.4, D-4.30)', (scaling, count, size) => {
    const scene = managed(scaling);
    grow(scene, 1);
    run(scene, 4);
    scene.pass(30);
    for (let left = count - 4; left > 0; left -= 10) run(scene, Math.min(left, 10));
    scene.pass(60);
    expect(sizes(scene)[0]).toBe(size);
  });

  it('never asks for more than the group may have', () => {
    const scene = managed();
    scene.group('blue').maxSize = 1;
    run(scene, 10);
    scene.pass(300);
    expect(sizes(scene)).toEqual(Array(sizes(scene).length).fill(1));
  });

  it('launches nothing for a task that no instance of the group could take (D-4.30)', () => {
    const scene = managed();
    scene.definition('big', {}, { cpu: 4096, memory: 512 });
    run(scene, 1, { taskDefinition: 'big' });
    scene.pass(600);
    expect(sizes(scene)).toEqual([]);
    expect(scene.live().map(({ lastStatus }) => lastStatus)).toEqual(['PROVISIONING']);
  });

  it('keeps a tenth spare where the target is 90 percent (D-4.4)', () => {
    const scene = managed({ targetCapacity: 90 });
    grow(scene, 9);
    for (let call = 0; call < 4; call++) run(scene, 9);
    scene.pass(60);
    expect([metric(scene), sizes(scene)[0]]).toEqual([100, 10]);
    grow(scene, 1);
    scene.pass(3600);
    expect([metric(scene), sizes(scene).at(-1)]).toEqual([90, 10]);
  });

  it.each([
    [6, 4, 3],
    [6, 16, 4],
    [6, 24, undefined],
    [1, 0, 0],
  ])(
    'of %i instances with %i tasks scales in to %s after 15 low data points: the empty ones, at most half (D-4.31)',
    (count, taskCount, size) => {
      const scene = managed();
      grow(scene, count);
      for (let left = taskCount; left > 0; left -= 4)
        run(scene, 4, { placementStrategy: [{ type: 'binpack', field: 'cpu' }] });
      scene.pass(14 * 60);
      expect(sizes(scene)).toEqual([]);
      scene.pass(120);
      expect(sizes(scene)[0]).toBe(size);
    },
  );

  it.each([
    [false, [3]],
    [true, []],
  ])(
    'scales in by less than the smallest step, unless a switch says otherwise: %s (D-11.10)',
    (minimumStepHoldsScaleIn, expected) => {
      const scene = managed({ minimumScalingStepSize: 2 }, {}, { minimumStepHoldsScaleIn });
      grow(scene, 4);
      run(scene, 10, { placementStrategy: [{ type: 'binpack', field: 'cpu' }] });
      scene.pass(16 * 60);
      expect(sizes(scene).slice(0, 1)).toEqual(expected);
    },
  );

  it('keeps the smallest size of the group', () => {
    const scene = managed();
    scene.group('blue').minSize = 2;
    grow(scene, 3);
    scene.pass(20 * 60);
    expect([...new Set(sizes(scene))]).toEqual([2]);
  });

  it('begins to count anew when tasks need more in between (D-4.31)', () => {
    const scene = managed();
    grow(scene, 2);
    scene.pass(13 * 60);
    run(scene, 8);
    run(scene, 1);
    scene.pass(120);
    for (const { taskArn } of scene.live()) scene.call('StopTask', { task: taskArn });
    scene.asked.length = 0;
    scene.pass(13 * 60);
    expect(sizes(scene)).toEqual([]);
    scene.pass(4 * 60);
    expect(sizes(scene)[0]).toBe(1);
  });

  it('takes an instance with nothing but daemons for empty (D-4.29)', () => {
    const scene = managed();
    grow(scene, 1);
    scene.service('log', { schedulingStrategy: 'DAEMON', desiredCount: undefined });
    expect(scene.tasksOn('i-1')).toHaveLength(1);
    scene.pass(60);
    expect(metric(scene)).toBe(0);
  });
});

describe('the attachments of a cluster', () => {
  const attached = (scene: Scene) => {
    const [cluster] = scene.call('DescribeClusters', {
      clusters: ['demo'],
      include: ['ATTACHMENTS'],
    }).clusters;
    const attachments = (cluster?.attachments ?? []) as { type: string; status: string }[];
    return attachments.map(({ type, status }) => [type, status]);
  };

  it.each([
    [
      'ENABLED',
      'ENABLED',
      [
        ['as_policy', 'CREATED'],
        ['managed_draining', 'CREATED'],
      ],
    ],
    ['DISABLED', 'ENABLED', [['managed_draining', 'CREATED']]],
    ['DISABLED', 'DISABLED', []],
  ])(
    'are what ECS has made for its providers: scaling %s, draining %s (D-4.19)',
    (status, managedDraining, expected) => {
      expect(attached(managed({ status }, { managedDraining }))).toEqual(expected);
    },
  );

  it('are none of a provider that the cluster has no more (D-4.19)', () => {
    const scene = managed();
    scene.call('PutClusterCapacityProviders', { capacityProviders: [], defaultCapacityProviderStrategy: [] });
    expect(attached(scene)).toEqual([]);
  });
});

describe('managed termination protection (D-4.5)', () => {
  const protection = (scene: Scene) => asks(scene, 'SetInstanceProtection');

  it('protects instances with tasks, not those with daemons alone, and lets empty ones go (D-4.7, D-4.31)', () => {
    const scene = managed({}, { managedTerminationProtection: 'ENABLED' });
    grow(scene, 3);
    for (const each of scene.group('blue').inService) each.isProtected = false;
    scene.service('log', { schedulingStrategy: 'DAEMON', desiredCount: undefined }, 0);
    run(scene, 1, { placementStrategy: [{ type: 'binpack', field: 'cpu' }] });
    scene.pass(120);
    const busy = scene.live().find(({ serviceArn }) => serviceArn === undefined)?.ec2InstanceId;
    expect(protection(scene)[0]).toEqual({
      AutoScalingGroupName: 'blue',
      InstanceIds: [busy],
      ProtectedFromScaleIn: true,
    });
    scene.pass(15 * 60);
    const released = protection(scene).filter((each) => each.ProtectedFromScaleIn === false);
    expect(released.length).toBeGreaterThan(0);
    expect(released.flatMap((each) => each.InstanceIds)).not.toContain(busy);
  });

  it('touches nothing where it is off', () => {
    const scene = managed();
    grow(scene, 3);
    run(scene, 1);
    scene.pass(3600);
    expect(protection(scene)).toEqual([]);
  });
});

describe('the estimate of instances (D-4.30)', () => {
  const size = { cpu: 1000, memoryMib: 1000 };
  const task = fc.record({
    cpu: fc.integer({ min: 1, max: 1200 }),
    memoryMib: fc.integer({ min: 1, max: 1200 }),
  });
  const fits = (each: { cpu: number; memoryMib: number }) => each.cpu <= 1000 && each.memoryMib <= 1000;

  it('is never below what the resources ask for, nor above one each', () => {
    fc.assert(
      fc.property(fc.array(task, { maxLength: 30 }), (tasks) => {
        const some = tasks.filter(fits);
        const sum = (of: (each: (typeof some)[number]) => number) =>
          some.reduce((all, each) => all + of(each), 0);
        const least = Math.ceil(
          Math.max(
            sum(({ cpu }) => cpu),
            sum(({ memoryMib }) => memoryMib),
          ) / 1000,
        );
        const count = instancesFor(tasks, size);
        expect(count).toBeGreaterThanOrEqual(least);
        expect(count).toBeLessThanOrEqual(some.length);
      }),
    );
  });
});
