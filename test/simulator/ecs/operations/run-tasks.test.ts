import { describe, expect, it } from 'vitest';
import { fleet, onFargate, providers, refusal, shares, strategy } from '../fleet.ts';
import { inVpc, Scene } from '../scene.ts';

const run = (scene: Scene, more: Record<string, unknown> = {}) =>
  scene.call('RunTask', { taskDefinition: 'web', ...more });
const start = (scene: Scene, containerInstances: readonly string[], more: Record<string, unknown> = {}) =>
  scene.call('StartTask', { taskDefinition: 'web', containerInstances, ...more });
const arnOf = (scene: Scene, ec2InstanceId: string) => scene.record(ec2InstanceId).containerInstanceArn;
const provider = (name: string) => `arn:aws:ecs:eu-west-1:111122223333:capacity-provider/${name}`;

describe('RunTask', () => {
  it('splits one call by base and weight; other calls do not count (D-4.34, D-4.44)', () => {
    const scene = providers({ blue: 2, green: 2 });
    const split = strategy('blue:1:1', 'green:4');
    for (let call = 0; call < 2; call++) expect(run(scene, { ...split, count: 6 }).failures).toEqual([]);
    expect(shares(scene)).toEqual({ blue: 4, green: 8 });
  });

  it.each([
    ['RESOURCE:CPU', { cpu: 4096 }],
    ['RESOURCE:MEMORY', { memory: 20_000 }],
    ['RESOURCE:PORTS', { portMappings: [{ containerPort: 22, hostPort: 22 }] }],
  ])('names the instances that lack room: %s (D-9.60, D-7.13)', (reason, container) => {
    const scene = fleet(2);
    scene.definition('web', {}, container);
    const { tasks, failures } = run(scene);
    expect(tasks).toEqual([]);
    expect(failures).toEqual(['i-1', 'i-2'].map((id) => ({ arn: arnOf(scene, id), reason })));
  });

  it('names instances whose agent is away or that constraints exclude (D-9.60, D-14.58)', () => {
    const scene = fleet(2);
    scene.connection('i-1', false);
    const placementConstraints = [
      { type: 'memberOf', expression: 'attribute:ecs.availability-zone == eu-west-1c' },
    ];
    expect(run(scene, { placementConstraints }).failures).toEqual([
      { arn: arnOf(scene, 'i-1'), reason: 'AGENT' },
      { arn: arnOf(scene, 'i-2'), reason: 'MemberOf placement constraint unsatisfied.' },
    ]);
  });

  it.each<[string, (scene: Scene) => void, string]>([
    ['has no instances', () => {}, 'EMPTY CAPACITY PROVIDER'],
    [
      'has none that is ACTIVE',
      (scene) => {
        scene.instance('i-green', { autoScalingGroupName: 'green' });
        scene.drain('i-green');
      },
      'NO ACTIVE INSTANCES',
    ],
    [
      'has too little',
      (scene) => scene.instance('i-green', { autoScalingGroupName: 'green', cpu: 128 }),
      'RESOURCE:CPU',
    ],
    [
      'has nobody to reach',
      (scene) => {
        scene.instance('i-green', { autoScalingGroupName: 'green' });
        scene.connection('i-green', false);
      },
      'AGENT',
    ],
    [
      'lacks an attribute',
      (scene) => scene.instance('i-green', { autoScalingGroupName: 'green', attributes: [] }),
      'ATTRIBUTE',
    ],
  ])(
    'fails as a task where the provider %s; the others have their share (D-9.61, D-7.10)',
    (_, make, reason) => {
      const scene = providers({ blue: 1 });
      make(scene);
      scene.definition('web', {}, { privileged: true });
      const { tasks, failures } = run(scene, { ...strategy('blue:1', 'green:1'), count: 4 });
      expect(failures).toEqual([]);
      expect(tasks.map((task) => `${task.capacityProviderName} ${task.lastStatus}`)).toEqual([
        'blue PENDING',
        'blue PENDING',
        'green PROVISIONING',
        'green PROVISIONING',
      ]);
      scene.heard();
      scene.pass(5);
      const stopped = scene
        .call('DescribeTasks', { tasks: tasks.map(({ taskArn }) => taskArn) })
        .tasks.slice(2);
      const failed = { stopCode: 'TaskFailedToStart', stoppedReason: `TaskFailedToStart: ${reason}` };
      expect(stopped).toMatchObject(
        Array(2).fill({ lastStatus: 'STOPPED', desiredStatus: 'STOPPED', ...failed }),
      );
      const events = scene.taskEvents().filter(({ detail }) => detail.lastStatus === 'STOPPED');
      expect(events.map(({ detail }) => detail.stoppedReason)).toEqual(Array(2).fill(failed.stoppedReason));
    },
  );

  it('names a provider of Fargate that has no capacity (D-10.17)', () => {
    const scene = providers({ blue: 1 });
    scene.setFargate('FARGATE_SPOT', false);
    const more = { taskDefinition: 'fargate', ...inVpc, ...strategy('FARGATE_SPOT:1') };
    expect(run(scene, more)).toMatchObject({
      tasks: [],
      failures: [{ arn: provider('FARGATE_SPOT'), reason: 'RESOURCE:FARGATE' }],
    });
  });

  it('places no two tasks of a group on an instance where that is asked (D-9.28, D-14.58)', () => {
    const scene = fleet(3);
    const placementConstraints = [{ type: 'distinctInstance' }];
    const { tasks, failures } = run(scene, { placementConstraints, count: 4, group: 'mine' });
    expect(new Set(tasks.map(({ containerInstanceArn }) => containerInstanceArn)).size).toBe(3);
    expect(failures.map(({ reason }) => reason)).toEqual(
      Array(3).fill('DistinctInstance placement constraint unsatisfied.'),
    );
    expect(tasks[0]).toMatchObject({ group: 'mine' });
  });

  it("gives tasks their own tags, those of their definition, and ECS's own (D-9.29, D-9.71)", () => {
    const scene = fleet(1);
    scene.definition(
      'web',
      {},
      {},
      {
        tags: [
          { key: 'a', value: 'definition' },
          { key: 'b', value: 'x' },
        ],
      },
    );
    const tags = [{ key: 'a', value: 'own' }];
    const more = { tags, propagateTags: 'TASK_DEFINITION', enableECSManagedTags: true };
    const [task] = run(scene, more).tasks;
    const [seen] = scene.call('DescribeTasks', { tasks: [task?.taskArn], include: ['TAGS'] }).tasks;
    expect(seen?.tags).toEqual([
      { key: 'a', value: 'own' },
      { key: 'b', value: 'x' },
      { key: 'aws:ecs:clusterName', value: 'demo' },
    ]);
  });

  it('keeps overrides and takes the resources that they ask for (D-9.68)', () => {
    const scene = fleet(1);
    const overrides = { containerOverrides: [{ name: 'app', cpu: 1024, command: ['true'] }, {}] };
    const [task] = run(scene, { overrides, enableExecuteCommand: true }).tasks;
    expect(task).toMatchObject({ overrides, cpu: '1024', enableExecuteCommand: true });
    expect(scene.record('i-1').remainingResources.cpu).toBe(1024);
  });

  it.each([
    [{ count: 0 }, 'InvalidParameterException: count: expected a whole number from 1 to 10, got 0.'],
    [{ startedBy: 'x'.repeat(129) }, 'InvalidParameterException: startedBy: expected text like'],
    [{ group: 'service:web' }, 'InvalidParameterException: group: expected text like'],
    [{ overrides: { containerOverrides: [{ cpu: 1 }] } }, 'InvalidParameterException: name cannot be blank.'],
    [
      { overrides: { containerOverrides: [{ name: 'sidecar' }] } },
      'InvalidParameterException: Override for container named sidecar is not a container in the TaskDefinition.',
    ],
    [
      { overrides: { containerOverrides: [{ name: 'app', command: ['x'.repeat(8192)] }] } },
      'InvalidParameterException: overrides: expected at most 8192 characters of JSON, got',
    ],
    [
      { placementStrategy: Array(6).fill({ type: 'random' }) },
      'InvalidParameterException: placementStrategy can have at most 5 items.',
    ],
    [
      { ...strategy('blue:1'), launchType: 'EC2' },
      'InvalidParameterException: Specifying both a launch type and capacity provider strategy',
    ],
    [
      strategy('blue', 'green'),
      'InvalidParameterException: There are no capacity providers with a weight value greater than zero in the specified',
    ],
    [
      { launchType: 'MANAGED_INSTANCES' },
      'InvalidParameterException: launchType: MANAGED_INSTANCES is only possible with a capacityProviderStrategy.',
    ],
    [
      { volumeConfigurations: [{ name: 'v' }] },
      'ClientException: The simulated RunTask does not know volumeConfigurations',
    ],
    [{ taskDefinition: 'fargate' }, 'InvalidParameterException: Network Configuration must be provided'],
    [{ cluster: 'other' }, 'ClusterNotFoundException: Cluster not found.'],
  ])('refuses %j (D-4.35, D-4.38, D-9.27, D-9.28, D-9.35)', (more, expected) => {
    const scene = providers({ blue: 1 });
    expect(refusal(() => run(scene, more))).toContain(expected);
    expect(scene.live()).toEqual([]);
  });

  it('counts the constraints of the definition and its own together: ten (D-9.28)', () => {
    const scene = fleet(1);
    const memberOf = { type: 'memberOf', expression: 'attribute:ecs.os-type == linux' };
    scene.definition('web', {}, {}, { placementConstraints: Array(6).fill(memberOf) });
    expect(run(scene, { placementConstraints: Array(4).fill(memberOf) }).tasks).toHaveLength(1);
    expect(refusal(() => run(scene, { placementConstraints: Array(5).fill(memberOf) }))).toContain(
      'placementConstraints can have at most 10 items',
    );
  });

  it('refuses a token that was used for something else by ConflictException', () => {
    const scene = fleet(1);
    run(scene, { clientToken: 'token' });
    expect(refusal(() => run(scene, { clientToken: 'token', count: 2 }))).toContain('ConflictException: ');
  });
});

describe('StartTask', () => {
  it('places a task on each instance that is named, by id or ARN, each once (D-9.30)', () => {
    const scene = fleet(3);
    const named = [scene.idOf('i-1'), arnOf(scene, 'i-2'), scene.idOf('i-1')];
    const { tasks, failures } = start(scene, named, { startedBy: 'me', group: 'mine' });
    expect(tasks).toMatchObject([
      { containerInstanceArn: arnOf(scene, 'i-1'), startedBy: 'me', group: 'mine', launchType: 'EC2' },
      { containerInstanceArn: arnOf(scene, 'i-2') },
    ]);
    expect(failures).toEqual([]);
    scene.pass(10);
    expect(scene.live().map(({ lastStatus }) => lastStatus)).toEqual(['RUNNING', 'RUNNING']);
  });

  it('says of each instance why it has none: MISSING, INACTIVE, AGENT, RESOURCE (D-9.59, D-9.60)', () => {
    const scene = fleet(5);
    scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf('i-1') });
    scene.connection('i-2', false);
    scene.definition('big', {}, { cpu: 2048 });
    start(scene, [scene.idOf('i-3')], { taskDefinition: 'big' });
    scene.drain('i-4');
    const named = ['0'.repeat(32), ...['i-1', 'i-2', 'i-3', 'i-4', 'i-5'].map((id) => arnOf(scene, id))];
    const { tasks, failures } = start(scene, named);
    expect(tasks).toMatchObject([{ containerInstanceArn: arnOf(scene, 'i-5') }]);
    expect(failures.map(({ reason }) => reason)).toEqual([
      'MISSING',
      'INACTIVE',
      'AGENT',
      'RESOURCE:CPU',
      'INACTIVE',
    ]);
    expect(failures[4]).toMatchObject({ detail: 'The container instance is DRAINING.' });
  });

  it.each([
    [[], {}, 'InvalidParameterException: containerInstances cannot be empty.'],
    [
      Array.from({ length: 11 }, (_, n) => `${n}`),
      {},
      'InvalidParameterException: containerInstances can have at most 10 items.',
    ],
    [
      ['0'.repeat(32)],
      { startedBy: 'x'.repeat(37) },
      'InvalidParameterException: startedBy: expected text like',
    ],
    [
      ['0'.repeat(32)],
      { propagateTags: 'SERVICE' },
      'InvalidParameterException: propagateTags: SERVICE is only possible for a service.',
    ],
    [['0'.repeat(32)], { taskDefinition: 'other' }, 'ClientException: Unable to describe task definition.'],
    [
      ['0'.repeat(32)],
      { taskDefinition: 'own' },
      'InvalidParameterException: Network Configuration must be provided',
    ],
    [
      ['0'.repeat(32)],
      { networkConfiguration: inVpc.networkConfiguration },
      'InvalidParameterException: Network Configuration is not valid',
    ],
    [['0'.repeat(32)], { cluster: 'other' }, 'ClusterNotFoundException: Cluster not found.'],
  ])('refuses %j %j (D-5.14, D-9.27, D-9.29, D-9.35)', (named, more, expected) => {
    const scene = fleet(1);
    scene.definition('own', {}, {}, onFargate);
    expect(refusal(() => start(scene, named, more))).toContain(expected);
  });
});

describe('StopTask, DescribeTasks and ListTasks', () => {
  it('know tasks on Fargate as well', () => {
    const scene = providers({ blue: 1 });
    const more = { taskDefinition: 'fargate', ...inVpc, launchType: 'FARGATE' };
    const [task] = run(scene, more).tasks;
    run(scene, { launchType: 'EC2' });
    scene.pass(30);
    const list = (launchType: string) => scene.call('ListTasks', { launchType }).taskArns;
    expect(list('FARGATE')).toEqual([task?.taskArn]);
    expect(list('EC2')).toHaveLength(1);
    scene.call('StopTask', { task: task?.taskArn, reason: 'enough' });
    scene.pass(30);
    expect(scene.call('DescribeTasks', { tasks: [task?.taskArn] }).tasks).toMatchObject([
      { lastStatus: 'STOPPED', stoppedReason: 'enough', stopCode: 'UserInitiated' },
    ]);
  });

  it.each([
    ['DescribeTasks', { tasks: ['0'.repeat(32)], include: ['OWNER'] }, 'include should be one of [TAGS]'],
    ['ListTasks', { desiredStatus: 'DEAD' }, 'desiredStatus should be one of'],
    ['ListTasks', { launchType: 'MOON' }, 'launchType should be one of'],
    ['ListTasks', { maxResults: 101 }, 'maxResults: expected a whole number from 1 to 100, got 101.'],
    ['ListTasks', { nextToken: 'strange' }, 'nextToken: expected a token of an earlier page'],
    ['ListTasks', { daemonName: 'log' }, 'does not know daemonName'],
  ])('%s refuses %j (D-5.15)', (operation, input, expected) => {
    expect(refusal(() => fleet(1).call(operation, input))).toContain(expected);
  });

  it('go on listing after a task that a token names has gone', () => {
    const scene = new Scene();
    scene.instance('i-1', { cpu: 10_000, memoryMib: 100_000 });
    scene.definition('web', { 'stop-seconds': 0 });
    run(scene, { count: 6 });
    scene.pass(10);
    const first = scene.call('ListTasks', { maxResults: 3 });
    for (const task of first.taskArns) scene.call('StopTask', { task });
    scene.pass(2 * 3600);
    const second = scene.call('ListTasks', { maxResults: 3, nextToken: first.nextToken });
    expect(new Set([...first.taskArns, ...second.taskArns]).size).toBe(6);
    expect(second.nextToken).toBeUndefined();
  });
});
