import { describe, expect, it } from 'vitest';
import { inVpc, Scene } from './scene.ts';

/** Three instances: two in zone a, one with less memory left. */
function scene() {
  const one = new Scene();
  one.instance('i-1', { memoryMib: 4096 });
  one.instance('i-2', { memoryMib: 2048 });
  one.instance('i-3', { availabilityZone: 'eu-west-1b', instanceType: 'm6i.xlarge', cpu: 4096 });
  one.definition('job');
  return one;
}

function run(one: Scene, more: Record<string, unknown>) {
  const { tasks, failures } = one.call('RunTask', { taskDefinition: 'job', ...more });
  const names = new Map(
    one.ecs.containerInstanceRecords().map((each) => [each.containerInstanceArn, each.ec2InstanceId]),
  );
  return {
    places: tasks.map(({ containerInstanceArn }) => names.get(String(containerInstanceArn))),
    failures: failures.map(({ arn, reason }) => `${names.get(String(arn))} ${reason}`),
  };
}

const memberOf = (expression: string) => ({ placementConstraints: [{ type: 'memberOf', expression }] });

describe('placement strategies (D-9.28)', () => {
  it('binpack takes the instance with the least left that still fits', () => {
    const placementStrategy = [{ type: 'binpack', field: 'MEMORY' }];
    expect(run(scene(), { count: 5, placementStrategy }).places).toEqual(['i-2', 'i-2', 'i-2', 'i-2', 'i-1']);
  });

  it('spread over zones and then over instances takes the emptiest', () => {
    const placementStrategy = [
      { type: 'spread', field: 'attribute:ecs.availability-zone' },
      { type: 'spread', field: 'instanceId' },
    ];
    const { places } = run(scene(), { count: 4, placementStrategy });
    expect(places.filter((place) => place === 'i-3')).toHaveLength(2);
    expect(new Set(places)).toEqual(new Set(['i-1', 'i-2', 'i-3']));
  });

  it('random stays within what fits and is not always the same', () => {
    const placementStrategy = [{ type: 'random' }];
    const one = scene();
    const places = [1, 2].flatMap(() => run(one, { count: 8, placementStrategy }).places);
    expect(new Set(places).size).toBeGreaterThan(1);
  });

  it.each([
    [[{ type: 'random', field: 'memory' }], 'placementStrategy'],
    [[{ type: 'binpack', field: 'disk' }], 'binpack over disk'],
    [[{ type: 'spread' }], 'spread over'],
    [Array.from({ length: 6 }, () => ({ type: 'random' })), 'at most 5 items'],
  ])('refuse %j', (placementStrategy, message) => {
    expect(() => run(scene(), { placementStrategy })).toThrow(message);
  });
});

describe('placement constraints (D-9.28)', () => {
  it('memberOf takes instances that the expression selects', () => {
    expect(run(scene(), memberOf('attribute:ecs.instance-type == m6i.xlarge')).places).toEqual(['i-3']);
    expect(run(scene(), memberOf('ec2InstanceId == none')).failures).toEqual([
      'i-1 MemberOf placement constraint unsatisfied.',
      'i-2 MemberOf placement constraint unsatisfied.',
      'i-3 MemberOf placement constraint unsatisfied.',
    ]);
  });

  it('memberOf sees custom attributes and the groups of running tasks', () => {
    const one = scene();
    const target = { targetId: one.idOf('i-2'), targetType: 'container-instance' };
    one.call('PutAttributes', { attributes: [{ name: 'stack', value: 'blue', ...target }] });
    expect(run(one, { group: 'cache', ...memberOf('attribute:stack == blue') }).places).toEqual(['i-2']);
    expect(run(one, memberOf('task:group == cache')).places).toEqual(['i-2']);
  });

  it('distinctInstance takes each instance once', () => {
    const { places, failures } = run(scene(), {
      count: 4,
      placementConstraints: [{ type: 'distinctInstance' }],
    });
    expect(new Set(places).size).toBe(3);
    expect(failures).toHaveLength(3);
  });

  it('of the task definition hold as well', () => {
    const one = scene();
    one.definition('job', {}, {}, memberOf('ec2InstanceId == i-3'));
    expect(run(one, { count: 2 }).places).toEqual(['i-3', 'i-3']);
  });

  it.each([
    [[{ type: 'distinctInstance', expression: 'ec2InstanceId == i-1' }], 'takes none'],
    [[{ type: 'memberOf' }], 'needs an expression'],
    [[{ type: 'memberOf', expression: 'nonsense' }], 'Invalid expression'],
    [[{ type: 'memberOf', expression: `ec2InstanceId == ${'i'.repeat(2000)}` }], 'expression'],
    [Array.from({ length: 11 }, () => ({ type: 'distinctInstance' })), 'at most 10 items'],
  ])('refuse %j', (placementConstraints, message) => {
    expect(() => run(scene(), { placementConstraints })).toThrow(message);
  });
});

describe('what finds no place', () => {
  it.each([
    ['RESOURCE:CPU', { cpu: 5000 }],
    ['RESOURCE:MEMORY', { memory: 9000 }],
    ['RESOURCE:PORTS', { portMappings: [{ containerPort: 22, hostPort: 22 }] }],
  ])('is a failure with reason %s for each instance (D-9.60)', (reason, container) => {
    const one = scene();
    one.definition('job', {}, container);
    expect(run(one, {}).failures).toEqual([`i-1 ${reason}`, `i-2 ${reason}`, `i-3 ${reason}`]);
  });

  it.each<[string, object, object, string]>([
    [
      'secrets',
      { secrets: [{ name: 'A', valueFrom: 'a' }] },
      {},
      'ecs.capability.secrets.ssm.environment-variables',
    ],
    [
      'a log driver',
      { logConfiguration: { logDriver: 'awslogs' } },
      {},
      'com.amazonaws.ecs.capability.logging-driver.awslogs',
    ],
    ['privileges', { privileged: true }, {}, 'com.amazonaws.ecs.capability.privileged-container'],
    ['a role', {}, { taskRoleArn: 'arn:r' }, 'com.amazonaws.ecs.capability.task-iam-role'],
    ['a network interface', {}, { networkMode: 'awsvpc' }, 'ecs.capability.task-eni'],
  ])(
    'is a failure ATTRIBUTE where the agent cannot do what the definition asks for: %s (D-9.60, D-14.57)',
    (_, container, more, name) => {
      const one = scene();
      one.definition('job', {}, { cpu: 1, memory: 8, ...container }, { ...more });
      const { requiresAttributes } = one.call('DescribeTaskDefinition', {
        taskDefinition: 'job',
      }).taskDefinition;
      expect(requiresAttributes).toEqual([{ name }]);
      one.instance('i-4', { attributes: [] });
      const inVpcToo = 'networkMode' in more ? inVpc : {};
      expect(run(one, { ...memberOf('ec2InstanceId == i-4'), ...inVpcToo }).failures).toContain(
        'i-4 ATTRIBUTE',
      );
      one.instance('i-5', { attributes: [{ name }] });
      expect(run(one, { ...memberOf('ec2InstanceId == i-5'), ...inVpcToo }).places).toEqual(['i-5']);
    },
  );

  it('is a failure ATTRIBUTE where the platform is another one (D-14.57)', () => {
    const one = scene();
    const runtimePlatform = { cpuArchitecture: 'ARM64', operatingSystemFamily: 'LINUX' };
    one.definition('job', {}, {}, { runtimePlatform });
    expect(run(one, {}).failures).toEqual(['i-1 ATTRIBUTE', 'i-2 ATTRIBUTE', 'i-3 ATTRIBUTE']);
    const attributes = [
      { name: 'ecs.os-type', value: 'linux' },
      { name: 'ecs.cpu-architecture', value: 'arm64' },
    ];
    one.instance('i-4', { attributes });
    expect(run(one, {}).places).toEqual(['i-4']);
  });

  it.each([
    [{ privileged: true }, {}, ' is missing an attribute required by your task.'],
    [
      {},
      memberOf('ec2InstanceId == none'),
      ' encountered error "MemberOf placement constraint unsatisfied.".',
    ],
  ])('is told in a message of the service: %j %j (D-2.43, D-14.58)', (container, more, expected) => {
    const one = new Scene();
    one.instance('i-1', { attributes: [] });
    one.definition('web', {}, container);
    one.service('web', more);
    const { services } = one.call('DescribeServices', { services: ['web'] });
    expect(services[0]?.events[0]?.message).toContain(`(container-instance ${one.idOf('i-1')})${expected}`);
  });

  it('is a failure AGENT where the agent is disconnected (D-9.60, D-2.10)', () => {
    const one = scene();
    one.connection('i-1', false);
    expect(run(one, memberOf('ec2InstanceId == i-1')).failures).toContain('i-1 AGENT');
  });
});
