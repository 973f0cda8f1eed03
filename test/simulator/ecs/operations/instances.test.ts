import { describe, expect, it } from 'vitest';
import { code } from '../fault.ts';
import { Scene, startAt } from '../scene.ts';

function fleet(count: number) {
  const scene = new Scene();
  for (let number = 1; number <= count; number++) scene.instance(`i-${number}`);
  return scene;
}

describe('ListContainerInstances', () => {
  it('lists everything but INACTIVE, and by status when one is asked for (D-2.9)', () => {
    const scene = fleet(3);
    scene.drain('i-2');
    scene.terminate('i-3');
    const listed = (input = {}) => scene.call('ListContainerInstances', input).containerInstanceArns;
    expect(listed()).toHaveLength(2);
    expect(listed({ status: 'DRAINING' })).toEqual([scene.record('i-2').containerInstanceArn]);
    expect(listed({ status: 'ACTIVE' })).toEqual([scene.record('i-1').containerInstanceArn]);
    expect(code(() => listed({ status: 'INACTIVE' }))).toContain(
      'InvalidParameterException: status should be one of',
    );
  });

  it('filters with the cluster query language', () => {
    const scene = fleet(3);
    const filter = 'ec2InstanceId in [i-1, i-3]';
    const { containerInstanceArns } = scene.call('ListContainerInstances', { filter });
    const expected = ['i-1', 'i-3'].map((id) => scene.record(id).containerInstanceArn);
    expect([...containerInstanceArns].sort()).toEqual(expected.sort());
    expect(code(() => scene.call('ListContainerInstances', { filter: 'x' }))).toContain(
      'InvalidParameterException',
    );
  });

  it('filters by the version of the agent that each instance has', () => {
    const scene = new Scene();
    scene.instance('i-1', { versionInfo: { agentVersion: '1.14.5' } });
    scene.instance('i-2');
    const { containerInstanceArns } = scene.call('ListContainerInstances', {
      filter: 'agentVersion < 1.15.0',
    });
    expect(containerInstanceArns).toEqual([scene.record('i-1').containerInstanceArn]);
  });

  it('gives pages of at most maxResults, each instance once, also when some go in between (D-5.15, D-9.66)', () => {
    const scene = fleet(12);
    const first = scene.call('ListContainerInstances', { maxResults: 5 });
    const gone = scene.ecs
      .containerInstanceRecords()
      .filter(({ containerInstanceArn }) => first.containerInstanceArns.includes(containerInstanceArn));
    for (const { ec2InstanceId } of gone) scene.terminate(ec2InstanceId);
    const second = scene.call('ListContainerInstances', { maxResults: 5, nextToken: first.nextToken });
    const third = scene.call('ListContainerInstances', { maxResults: 5, nextToken: second.nextToken });
    expect(third.nextToken).toBeUndefined();
    const all = [first, second, third].flatMap(({ containerInstanceArns }) => containerInstanceArns);
    expect(all).toHaveLength(12);
    expect(new Set(all).size).toBe(12);
  });

  it.each([
    [{ maxResults: 0 }, 'maxResults: expected a whole number from 1 to 100, got 0.'],
    [{ maxResults: 101 }, 'got 101.'],
    [{ nextToken: 'made-up' }, 'nextToken: expected a token of an earlier page of this list, got "made-up".'],
  ])('refuses %j', (input, message) => {
    expect(code(() => fleet(1).call('ListContainerInstances', input))).toContain(message);
  });
});

describe('DescribeContainerInstances', () => {
  it('knows an instance by id, long ARN and old short ARN (D-6.10)', () => {
    const scene = fleet(1);
    const id = scene.idOf('i-1');
    const long = scene.record('i-1').containerInstanceArn;
    const short = `arn:aws:ecs:eu-west-1:111122223333:container-instance/${id}`;
    for (const name of [id, long, short]) {
      const { containerInstances } = scene.call('DescribeContainerInstances', { containerInstances: [name] });
      expect(containerInstances).toMatchObject([{ containerInstanceArn: long, ec2InstanceId: 'i-1' }]);
    }
    const cluster = 'arn:aws:ecs:eu-west-1:111122223333:cluster/demo';
    expect(scene.call('DescribeContainerInstances', { cluster, containerInstances: [id] }).failures).toEqual(
      [],
    );
  });

  it('answers with failures MISSING for what is not there (D-9.59, D-9.60)', () => {
    const scene = fleet(1);
    const { containerInstances, failures } = scene.call('DescribeContainerInstances', {
      containerInstances: ['0'.repeat(32), scene.idOf('i-1')],
    });
    expect(containerInstances).toHaveLength(1);
    const arn = 'arn:aws:ecs:eu-west-1:111122223333:container-instance/demo/00000000000000000000000000000000';
    expect(failures).toEqual([{ arn, reason: 'MISSING' }]);
  });

  it('takes 1 to 100 ids of a cluster that exists (D-5.14, D-6.7)', () => {
    const scene = fleet(1);
    const describeThese = (count: number, cluster = 'demo') =>
      code(() =>
        scene.call('DescribeContainerInstances', {
          cluster,
          containerInstances: Array.from({ length: count }, (_, number) => `${number}`.padStart(32, '0')),
        }),
      );
    expect(describeThese(100)).toBeUndefined();
    expect(describeThese(101)).toBe('InvalidParameterException: instanceIds can have at most 100 items.');
    expect(describeThese(0)).toBe('InvalidParameterException: containerInstances cannot be empty.');
    expect(describeThese(1, 'other')).toBe('ClusterNotFoundException: Cluster not found.');
  });
});

describe('what DescribeContainerInstances includes', () => {
  it('is tags and health when asked for, and nothing else (D-9.9, D-9.63)', () => {
    const scene = fleet(1);
    const containerInstances = [scene.idOf('i-1')];
    const tags = [{ key: 'stage', value: 'test' }];
    scene.call('TagResource', { resourceArn: scene.record('i-1').containerInstanceArn, tags });
    scene.pass(60);
    scene.connection('i-1', false);
    scene.pass(60);
    const seen = (include?: string[]) =>
      scene.call('DescribeContainerInstances', { containerInstances, include }).containerInstances[0];
    for (const member of ['tags', 'healthStatus']) expect(seen()).not.toHaveProperty(member);
    expect(seen(['TAGS'])?.tags).toEqual(tags);
    expect(seen(['CONTAINER_INSTANCE_HEALTH'])?.healthStatus).toEqual({
      overallStatus: 'INSUFFICIENT_DATA',
      details: [
        {
          type: 'CONTAINER_RUNTIME',
          status: 'INSUFFICIENT_DATA',
          lastUpdated: new Date(startAt + 120_000),
          lastStatusChange: new Date(startAt + 60_000),
        },
      ],
    });
    expect(code(() => seen(['HEALTH']))).toBe(
      'InvalidParameterException: include should be one of [TAGS, CONTAINER_INSTANCE_HEALTH], got "HEALTH".',
    );
  });
});

describe('the identifiers of a call (D-13.40)', () => {
  const prefix = 'arn:aws:ecs:eu-west-1:111122223333';

  it.each([
    [`${prefix}:container-instance/other/a`, 'Identifier is for cluster other. Your cluster is demo'],
    [`${prefix}:container-instance/demo/a/b`, 'Unexpected number of separators'],
    ['demo/a', 'Unexpected number of separators'],
    [`${prefix}:task/demo/a`, `expected an ARN like ${prefix}:container-instance/...`],
    ['arn:aws:ecs:us-east-1:111122223333:container-instance/demo/a', 'expected an ARN like'],
    ['arn:aws:ecs:eu-west-1:999999999999:container-instance/demo/a', 'expected an ARN like'],
    ['arn:nonsense', 'expected an ARN like'],
  ])('are refused when they cannot be: %s', (id, message) => {
    const expected = `InvalidParameterException: Invalid identifier: ${message}`;
    const scene = fleet(1);
    for (const [operation, input] of [
      ['DescribeContainerInstances', { containerInstances: [id] }],
      ['UpdateContainerInstancesState', { containerInstances: [id], status: 'DRAINING' }],
      ['DeregisterContainerInstance', { containerInstance: id }],
      ['UpdateContainerAgent', { containerInstance: id }],
    ] as const)
      expect(code(() => scene.call(operation, input))).toContain(expected);
  });
});

describe('an id of a call (D-13.46)', () => {
  const calls: readonly [operation: string, name: string, of: (id: string) => Record<string, unknown>][] = [
    ['DescribeContainerInstances', 'instanceId', (id) => ({ containerInstances: [id] })],
    ['UpdateContainerInstancesState', 'instanceId', (id) => ({ containerInstances: [id], status: 'ACTIVE' })],
    ['DeregisterContainerInstance', 'instanceId', (id) => ({ containerInstance: id })],
    ['UpdateContainerAgent', 'instanceId', (id) => ({ containerInstance: id })],
    ['ListTasks', 'instanceId', (id) => ({ containerInstance: id })],
    ['DescribeTasks', 'taskId', (id) => ({ tasks: [id] })],
    ['StopTask', 'taskId', (id) => ({ task: id })],
    ['GetTaskProtection', 'taskId', (id) => ({ tasks: [id] })],
    ['UpdateTaskProtection', 'taskId', (id) => ({ tasks: [id], protectionEnabled: true })],
  ];

  it.each(calls)('has 32 or 36 characters for %s, or is refused', (operation, name, of) => {
    const refusal = `InvalidParameterException: ${name} length should be one of [32,36]`;
    const scene = fleet(1);
    const asked = (id: string) => code(() => scene.call(operation, of(id)));
    for (const length of [1, 31, 33, 37]) expect(asked('a'.repeat(length))).toBe(refusal);
    for (const length of [32, 36]) expect(asked('a'.repeat(length))).not.toBe(refusal);
  });

  it.each([
    ['DescribeContainerInstances', 'containerInstances'],
    ['DescribeTasks', 'tasks'],
    ['DescribeServices', 'services'],
  ])('is refused by %s when it is blank, with the name of %s', (operation, member) => {
    expect(code(() => fleet(1).call(operation, { [member]: [''] }))).toBe(
      `InvalidParameterException: ${member} cannot hold a blank entry.`,
    );
  });
});

describe('UpdateContainerInstancesState', () => {
  it('takes at most ten instances (D-2.14)', () => {
    const scene = fleet(11);
    const update = (count: number) =>
      code(() =>
        scene.call('UpdateContainerInstancesState', {
          containerInstances: Array.from({ length: count }, (_, number) => scene.idOf(`i-${number + 1}`)),
          status: 'DRAINING',
        }),
      );
    expect(update(11)).toBe('InvalidParameterException: instanceIds can have at most 10 items.');
    expect(scene.describe('i-1').status).toBe('ACTIVE');
    expect(update(10)).toBeUndefined();
  });

  it('takes no other status than ACTIVE and DRAINING (D-2.13, D-2.15)', () => {
    const scene = fleet(1);
    expect(code(() => scene.drain('i-1', 'INACTIVE'))).toBe(
      'InvalidParameterException: Container instance status should be one of [ACTIVE, DRAINING]',
    );
  });

  it('changes what it knows and names the rest in failures (D-2.15b)', () => {
    const scene = fleet(1);
    const { containerInstances, failures } = scene.call('UpdateContainerInstancesState', {
      containerInstances: ['0'.repeat(32), scene.idOf('i-1')],
      status: 'DRAINING',
    });
    expect(containerInstances).toMatchObject([{ status: 'DRAINING', version: 3 }]);
    expect(failures).toMatchObject([{ reason: 'MISSING' }]);
  });

  it('does nothing, without event or version, where the status is that already (D-2.15c, D-11.4)', () => {
    const scene = fleet(1);
    scene.drain('i-1');
    scene.heard();
    expect(scene.drain('i-1').containerInstances).toMatchObject([{ status: 'DRAINING', version: 3 }]);
    expect(scene.heard()).toEqual([]);
  });

  it('is an error then when the switch says so (D-11.4)', () => {
    const scene = new Scene({ errorOnSameState: true });
    scene.instance('i-1');
    expect(code(() => scene.drain('i-1', 'ACTIVE'))).toContain('InvalidParameterException');
  });

  it('is refused as a whole for an instance that is INACTIVE (D-2.13, D-11.11)', () => {
    const scene = fleet(2);
    const containerInstances = [scene.idOf('i-1'), scene.idOf('i-2')];
    scene.terminate('i-2');
    const update = () =>
      scene.call('UpdateContainerInstancesState', { containerInstances, status: 'DRAINING' });
    expect(code(update)).toContain('is INACTIVE and cannot become DRAINING');
    expect(scene.describe('i-1').status).toBe('ACTIVE');
  });
});
