import { describe, expect, it } from 'vitest';
import { fargateService, fleet, messagesOf, providers, refusal, running, strategy } from './fleet.ts';
import { Scene } from './scene.ts';

const [a, b, c] = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'] as const;
/** From a steady state to the first move, and some seconds. */
const calmSeconds = 310;

/** All tasks of the service `web` are on `i-1` in zone a; then there is room on `i-2` in zone b. */
function uneven(desiredCount: number, more: Record<string, unknown> = {}) {
  const scene = fleet(1);
  scene.service('web', { desiredCount, ...more });
  scene.instance('i-2', { availabilityZone: b });
  scene.heard();
  return scene;
}

const spread = (scene: Scene, ...ids: readonly string[]) => ids.map((id) => running(scene, id));
const actions = (scene: Scene) =>
  scene.heard('ECS Service Action').map(({ detail }) => `${detail.eventType} ${detail.eventName}`);
const isOn = (scene: Scene) =>
  scene.call('DescribeServices', { services: ['web'] }).services[0]?.availabilityZoneRebalancing;
const idOf = (taskArn = '') => taskArn.split('/').at(-1);

/** A task that leaves no room for another one, which does not belong to the service. */
function occupy(scene: Scene, ec2InstanceId: string): string {
  scene.definition('filler', {}, { cpu: 2048 });
  const containerInstances = [scene.idOf(ec2InstanceId)];
  const { tasks } = scene.call('StartTask', { taskDefinition: 'filler', containerInstances });
  return tasks[0]?.taskArn ?? '';
}

describe('zones of a service that is steady and uneven', () => {
  it('are made even: first starts in the emptier one, then stops in the fuller one (D-2.41)', () => {
    const scene = uneven(4);
    const before = scene.live().map(({ taskArn }) => taskArn);
    scene.pass(290);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([4, 0]);
    scene.pass(20);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([4, 2]);
    scene.pass(60);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([2, 2]);
    expect(before.slice(2)).toEqual(scene.tasksOn('i-1').map(({ taskArn }) => taskArn));
  });

  it('say so in messages and events, and the tasks why they stop (D-2.41a)', () => {
    const scene = uneven(2);
    scene.pass(400);
    const [stopped, , started] = scene.ecs.taskRecords();
    expect(messagesOf(scene).slice(0, 5)).toEqual([
      `(service web) is AZ balanced with 1 tasks in ${a}, 1 tasks in ${b}.`,
      '(service web) has reached a steady state.',
      `(service web) has stopped 1 running tasks in ${a} due to AZ rebalancing: (task ${idOf(stopped?.taskArn)}).`,
      `(service web) has started 1 tasks in ${b} to AZ Rebalance: (task ${idOf(started?.taskArn)}).`,
      `(service web) is not AZ balanced with 2 tasks in ${a}, 0 tasks in ${b}. AZ Rebalancing in progress.`,
    ]);
    expect(stopped?.stop).toEqual({
      stopCode: 'ServiceSchedulerInitiated',
      stoppedReason: `Availability-zone rebalancing initiated by (deployment ${stopped?.startedBy})`,
    });
    expect(actions(scene)).toEqual([
      'INFO SERVICE_REBALANCING_STARTED',
      'INFO TASKS_STARTED',
      'INFO TASKS_STOPPED',
      'INFO SERVICE_STEADY_STATE',
      'INFO SERVICE_REBALANCING_COMPLETED',
    ]);
  });

  it('wait in the fuller zone until the task in the emptier one is healthy (D-2.41)', () => {
    const scene = fleet(1);
    scene.definition('web', { 'health-seconds': 200 }, { healthCheck: { command: ['CMD', 'true'] } });
    scene.service('web', { desiredCount: 2 }, 300);
    scene.instance('i-2', { availabilityZone: b });
    scene.pass(calmSeconds + 180);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([2, 1]);
    scene.pass(60);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([1, 1]);
  });

  it('go on one by one where the maximum leaves room for one (D-2.41)', () => {
    const scene = uneven(4, fleet(1).percents(100, 125));
    let most = 0;
    let fewest = 4;
    scene.onStep = () => {
      most = Math.max(most, scene.live().length);
      fewest = Math.min(fewest, scene.live().filter(({ lastStatus }) => lastStatus === 'RUNNING').length);
    };
    scene.pass(600);
    expect([most, fewest]).toEqual([5, 4]);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([2, 2]);
    const all = actions(scene);
    expect(all.filter((each) => each.includes('REBALANCING'))).toEqual([
      'INFO SERVICE_REBALANCING_STARTED',
      'INFO SERVICE_REBALANCING_COMPLETED',
    ]);
    expect(all.filter((each) => each.includes('TASKS_STARTED')).length).toBe(2);
  });

  it.each([
    ['divide as they can', 5, [2, 2, 1]],
    ['have one task each where there are enough', 3, [1, 1, 1]],
    ['stay as they are where no task would make them more even', 1, [1, 0, 0]],
  ])('%s (D-2.41)', (_, desiredCount, expected) => {
    const scene = uneven(desiredCount);
    scene.instance('i-3', { availabilityZone: c });
    scene.pass(calmSeconds + 100);
    expect(spread(scene, 'i-1', 'i-2', 'i-3')).toEqual(expected);
  });

  it.each<[string, number, (scene: Scene) => Record<string, unknown>]>([
    ['it is off', 4, () => ({ availabilityZoneRebalancing: 'DISABLED' })],
    ['the maximum, rounded down, leaves no room', 2, (scene) => scene.percents(100, 149)],
    [
      'the constraints admit nothing in the other zone',
      4,
      () => ({ placementConstraints: [{ type: 'memberOf', expression: 'attribute:rack == x' }] }),
    ],
  ])('stay uneven where %s, and nothing is said (D-2.41)', (_, desiredCount, more) => {
    const scene = fleet(1);
    const rack = { name: 'rack', value: 'x', targetType: 'container-instance', targetId: scene.idOf('i-1') };
    scene.call('PutAttributes', { attributes: [rack] });
    scene.service('web', { desiredCount, ...more(scene) });
    scene.instance('i-2', { availabilityZone: b });
    scene.heard();
    scene.pass(3_600);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([desiredCount, 0]);
    expect(actions(scene)).toEqual([]);
  });

  it('are left alone while the service is not steady (D-2.41)', () => {
    const scene = uneven(4);
    scene.pass(200);
    scene.exit(scene.live()[0]?.taskArn ?? '', 1);
    scene.pass(200);
    expect(actions(scene)).not.toContain('INFO SERVICE_REBALANCING_STARTED');
    scene.pass(200);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([2, 2]);
  });

  it('are those of Fargate by the subnets (D-2.41)', () => {
    const scene = new Scene();
    scene.definition('fargate', {}, {}, { networkMode: 'awsvpc', cpu: '256', memory: '512' });
    const subnets = { awsvpcConfiguration: { subnets: ['subnet-1', 'subnet-2'] } };
    const more = { launchType: 'FARGATE', desiredCount: 4, networkConfiguration: subnets };
    fargateService(scene, more);
    const inA = scene.live().filter(({ availabilityZone }) => availabilityZone === a);
    const tasks = inA.map(({ taskArn }) => taskArn);
    scene.call('UpdateTaskProtection', { tasks, protectionEnabled: true });
    scene.call('UpdateService', { service: 'web', desiredCount: 2 });
    scene.pass(60);
    const zones = () => scene.live().map(({ availabilityZone }) => availabilityZone);
    expect(zones()).toEqual([a, a]);
    scene.call('UpdateTaskProtection', { tasks, protectionEnabled: false });
    scene.pass(calmSeconds + 100);
    expect(zones().toSorted()).toEqual([a, b]);
  });

  it('get tasks of the same provider, which launches nothing for it (D-2.41)', () => {
    const scene = providers();
    const scaled = { name: 'blue', autoScalingGroupProvider: { managedScaling: { status: 'ENABLED' } } };
    scene.call('UpdateCapacityProvider', scaled);
    scene.pass(10);
    scene.instance('i-1', { autoScalingGroupName: 'blue' });
    scene.service('web', { desiredCount: 2, ...strategy('blue:1', 'green:0') });
    scene.instance('i-2', { autoScalingGroupName: 'green', availabilityZone: b });
    scene.pass(calmSeconds);
    expect(scene.live().every(({ lastStatus }) => lastStatus === 'RUNNING')).toBe(true);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([2, 0]);
    scene.instance('i-3', { autoScalingGroupName: 'blue', availabilityZone: b });
    scene.pass(calmSeconds + 100);
    expect(spread(scene, 'i-1', 'i-2', 'i-3')).toEqual([1, 0, 1]);
  });
});

describe('a rebalancing', () => {
  it('that finds no room says so once, stops, and begins again when there is some (D-2.41a)', () => {
    const scene = uneven(2);
    const filler = occupy(scene, 'i-2');
    scene.pass(7_200);
    expect(spread(scene, 'i-1')).toEqual([2]);
    expect(messagesOf(scene).slice(0, 3)).toEqual([
      '(service web) stopped AZ Rebalancing.',
      `(service web) is unable to place a task in ${b} because no container instance met all of its requirements.`,
      `(service web) is not AZ balanced with 2 tasks in ${a}, 0 tasks in ${b}. AZ Rebalancing in progress.`,
    ]);
    expect(actions(scene)).toEqual([
      'INFO SERVICE_REBALANCING_STARTED',
      'ERROR SERVICE_TASK_PLACEMENT_FAILURE',
      'INFO SERVICE_REBALANCING_STOPPED',
    ]);
    scene.call('StopTask', { task: filler });
    scene.pass(calmSeconds + 120);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([1, 1]);
  });

  it('stops no protected task, says so, and begins again when one is free (D-2.41a)', () => {
    const scene = uneven(2);
    const tasks = scene.live().map(({ taskArn }) => taskArn);
    scene.call('UpdateTaskProtection', { tasks, protectionEnabled: true, expiresInMinutes: 30 });
    scene.pass(1_500);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([2, 0]);
    const [primary] = scene.call('DescribeServices', { services: ['web'] }).services[0]?.deployments ?? [];
    expect(messagesOf(scene)[1]).toBe(
      `(service web) was unable to AZ Rebalance because (taskSet ${primary?.id}) was unable to scale in due to (reason 2 tasks under protection).`,
    );
    expect(actions(scene)).toEqual([
      'INFO SERVICE_REBALANCING_STARTED',
      'INFO TASKSET_SCALE_IN_FAILURE_BY_TASK_PROTECTION',
      'INFO SERVICE_REBALANCING_STOPPED',
    ]);
    scene.pass(300 + calmSeconds + 100);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([1, 1]);
  });

  it.each<[string, (scene: Scene) => void, number]>([
    ['a deployment', (scene) => scene.call('UpdateService', { service: 'web', forceNewDeployment: true }), 4],
    ['a drain', (scene) => scene.drain('i-2'), 4],
    ['another desired count', (scene) => scene.call('UpdateService', { service: 'web', desiredCount: 3 }), 3],
    ['a task that ends', (scene) => scene.exit(scene.tasksOn('i-2')[0]?.taskArn ?? '', 1), 4],
    [
      'being turned off',
      (scene) => scene.call('UpdateService', { service: 'web', availabilityZoneRebalancing: 'DISABLED' }),
      4,
    ],
    [
      'a protection of what was to leave',
      (scene) => {
        const tasks = scene.tasksOn('i-1').map(({ taskArn }) => taskArn);
        scene.call('UpdateTaskProtection', { tasks, protectionEnabled: true });
      },
      4,
    ],
  ])('is ended by %s, and leaves the service at its desired count (D-2.41a)', (_, disturb, count) => {
    const scene = uneven(4);
    scene.pass(calmSeconds + 10);
    expect(spread(scene, 'i-1', 'i-2')).toEqual([4, 2]);
    disturb(scene);
    scene.pass(120);
    expect(actions(scene)).toContain('INFO SERVICE_REBALANCING_STOPPED');
    expect(scene.live().length).toBe(count);
  });
});

describe('availabilityZoneRebalancing', () => {
  const zone = 'attribute:ecs.availability-zone';
  const impossible: [Record<string, unknown>, string][] = [
    [
      { deploymentConfiguration: { maximumPercent: 100, minimumHealthyPercent: 0 } },
      'maximumPercent <= 100 % as deployment configuration',
    ],
    [{ placementStrategy: [{ type: 'binpack', field: 'cpu' }] }, 'a placement strategy that does not begin'],
    [
      {
        placementStrategy: [
          { type: 'spread', field: 'instanceId' },
          { type: 'spread', field: zone },
        ],
      },
      'a placement strategy that does not begin',
    ],
    [
      { placementConstraints: [{ type: 'memberOf', expression: `${zone} == ${a}` }] },
      `placement constraints on ${zone}`,
    ],
    [{ schedulingStrategy: 'DAEMON', desiredCount: undefined }, 'the DAEMON scheduling strategy'],
  ];

  it.each(impossible)('is DISABLED for a service with %j, and cannot be ENABLED (D-2.41b)', (more, why) => {
    const scene = fleet(1);
    const enabled = { availabilityZoneRebalancing: 'ENABLED' };
    const words = `Availability Zone Rebalancing does not support ${why}`;
    expect(refusal(() => scene.service('web', { ...more, ...enabled }))).toContain(
      `InvalidParameterException: The service couldn't be created because ${words}`,
    );
    scene.service('web', more);
    expect(isOn(scene)).toBe('DISABLED');
    expect(refusal(() => scene.call('UpdateService', { service: 'web', ...enabled }))).toContain(
      `InvalidParameterException: The service couldn't be updated because ${words}`,
    );
  });

  it('is ENABLED for every other one that does not say otherwise, and stays until it is changed (D-2.41)', () => {
    const scene = fleet(1);
    const placementStrategy = [
      { type: 'spread', field: zone },
      { type: 'binpack', field: 'memory' },
    ];
    scene.service('web', { placementStrategy });
    expect(isOn(scene)).toBe('ENABLED');
    for (const availabilityZoneRebalancing of ['DISABLED', undefined]) {
      scene.call('UpdateService', { service: 'web', desiredCount: 1, availabilityZoneRebalancing });
      expect(isOn(scene)).toBe('DISABLED');
    }
    expect(refusal(() => scene.service('api', { availabilityZoneRebalancing: 'ON' }))).toContain(
      'availabilityZoneRebalancing should be one of [ENABLED, DISABLED], got "ON".',
    );
  });

  it('keeps a service from changes that it does not support (D-2.41b)', () => {
    const scene = fleet(1);
    scene.service('web');
    const change = { service: 'web', ...scene.percents(50, 100) };
    expect(refusal(() => scene.call('UpdateService', change))).toBe(
      "InvalidParameterException: The service couldn't be updated because Availability Zone Rebalancing does not support maximumPercent <= 100 % as deployment configuration.",
    );
    scene.call('UpdateService', { ...change, availabilityZoneRebalancing: 'DISABLED' });
    expect(isOn(scene)).toBe('DISABLED');
  });

  it('is only simulated with the ECS deployment controller', () => {
    const scene = fleet(1);
    const external = { serviceName: 'web', desiredCount: 1, deploymentController: { type: 'EXTERNAL' } };
    const enabled = { ...external, availabilityZoneRebalancing: 'ENABLED' };
    expect(refusal(() => scene.call('CreateService', enabled))).toContain('got EXTERNAL');
    scene.call('CreateService', external);
    expect(isOn(scene)).toBe('DISABLED');
  });
});
