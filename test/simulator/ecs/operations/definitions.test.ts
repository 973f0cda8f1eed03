import { describe, expect, it } from 'vitest';
import { onFargate, refusal } from '../fleet.ts';
import { Scene } from '../scene.ts';

const arnOf = (name: string) => `arn:aws:ecs:eu-west-1:111122223333:task-definition/${name}`;
const app = { name: 'app', image: 'app:1', memory: 512 };
const register = (scene: Scene, more: Record<string, unknown> = {}) =>
  scene.call('RegisterTaskDefinition', { family: 'web', containerDefinitions: [app], ...more })
    .taskDefinition;
const deregister = (scene: Scene, taskDefinition: string) =>
  scene.call('DeregisterTaskDefinition', { taskDefinition }).taskDefinition;
const remove = (scene: Scene, ...taskDefinitions: string[]) =>
  scene.call('DeleteTaskDefinitions', { taskDefinitions });
const list = (scene: Scene, more: Record<string, unknown> = {}) =>
  scene.call('ListTaskDefinitions', more).taskDefinitionArns.map((arn) => arn.split('/').at(-1));

/** The revisions web:1 to web:3 and job:1; web:3 is INACTIVE. */
function scene() {
  const one = new Scene();
  for (const family of ['web', 'web', 'web', 'job']) register(one, { family });
  deregister(one, 'web:3');
  return one;
}

describe('RegisterTaskDefinition', () => {
  it('counts revisions up, says who registered it and what it can run on (D-9.34)', () => {
    const one = new Scene();
    register(one);
    expect(register(one)).toMatchObject({
      taskDefinitionArn: arnOf('web:2'),
      revision: 2,
      status: 'ACTIVE',
      registeredBy: 'arn:aws:iam::111122223333:root',
      compatibilities: ['EXTERNAL', 'EC2'],
    });
    expect(register(one, onFargate)).toMatchObject({
      compatibilities: ['EC2', 'MANAGED_INSTANCES', 'FARGATE'],
    });
  });

  it.each([
    ['256', '512'],
    ['256', '2048'],
    ['512', '4096'],
    ['1024', '8192'],
    ['2048', '16384'],
    ['4096', '30720'],
    ['8192', '20480'],
    ['16384', '122880'],
    ['1 vCPU', '2 GB'],
  ])('takes %s CPU units with %s MiB for Fargate (D-9.34)', (cpu, memory) => {
    const more = { networkMode: 'awsvpc', cpu, memory, requiresCompatibilities: ['FARGATE'] };
    expect(register(new Scene(), more)).toMatchObject({
      compatibilities: ['EC2', 'MANAGED_INSTANCES', 'FARGATE'],
    });
  });

  it.each([
    [{ cpu: '256', memory: '4096' }, 'No Fargate configuration exists for given values.'],
    [{ cpu: '512', memory: '512' }, 'No Fargate configuration exists for given values.'],
    [{ cpu: '8192', memory: '17408' }, 'No Fargate configuration exists for given values.'],
    [{ cpu: '300', memory: '1024' }, 'No Fargate configuration exists for given values.'],
    [{ cpu: undefined }, "Fargate requires task definition to have 'cpu' set."],
    [{ memory: undefined }, "Fargate requires task definition to have 'memory' set."],
    [{ networkMode: 'bridge' }, "Fargate only supports network mode 'awsvpc'."],
    [
      { placementConstraints: [{ type: 'memberOf', expression: 'attribute:a == b' }] },
      'Placement constraints are not supported with FARGATE.',
    ],
    [{ requiresCompatibilities: ['FARGATE', 'MOON'] }, 'requiresCompatibilities should be some of'],
    [
      { requiresCompatibilities: ['FARGATE', 'EXTERNAL'] },
      "EXTERNAL does not support network mode 'awsvpc'.",
    ],
  ])('refuses %j where Fargate is required (D-9.28, D-9.34)', (more, expected) => {
    const input = { ...onFargate, requiresCompatibilities: ['FARGATE'], ...more };
    expect(refusal(() => register(new Scene(), input))).toBe(
      `ClientException: ${expected}`.concat(
        expected.endsWith('some of') ? ' [EC2, FARGATE, EXTERNAL, MANAGED_INSTANCES], got "MOON".' : '',
      ),
    );
  });

  it.each([
    [{ family: 'not a family' }, 'InvalidParameterException: family: expected text like'],
    [{ family: 'x'.repeat(256) }, 'InvalidParameterException: family: expected text like'],
    [{ cpu: '127' }, "ClientException: Invalid 'cpu' setting for task: expected 128 to 196608, got 127."],
    [{ cpu: '196609' }, "ClientException: Invalid 'cpu' setting"],
    [{ networkMode: 'mesh' }, 'InvalidParameterException: networkMode should be one of'],
    [
      { networkMode: 'none', containerDefinitions: [{ ...app, portMappings: [{ containerPort: 80 }] }] },
      'ClientException: Links and port mappings are not supported when networkMode=none.',
    ],
    [{ containerDefinitions: [] }, 'ClientException: Container definitions cannot be empty.'],
    [{ containerDefinitions: [app, app] }, 'ClientException: Container names must be unique.'],
    [
      {
        networkMode: 'awsvpc',
        containerDefinitions: [{ ...app, portMappings: [{ containerPort: 80, hostPort: 8080 }] }],
      },
      'ClientException: When networkMode=awsvpc, the host ports and container ports in port mappings must match.',
    ],
    [
      { cpu: '128', containerDefinitions: [{ ...app, cpu: 129 }] },
      "ClientException: The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
    ],
    [
      { placementConstraints: [{ type: 'distinctInstance' }] },
      'InvalidParameterException: placementConstraints: type should be one of [memberOf]',
    ],
    [{ tags: [{ key: 'aws:a', value: '' }] }, 'InvalidParameterException: key: expected text like'],
  ])('refuses %j (D-9.28, D-9.34, D-9.63)', (more, expected) => {
    const one = new Scene();
    expect(refusal(() => register(one, more))).toContain(expected);
    expect(list(one)).toEqual([]);
  });
});

describe('DeregisterTaskDefinition', () => {
  it('makes a revision INACTIVE: it is shown, and starts nothing new', () => {
    const one = scene();
    one.instance('i-1');
    const [shown] = [one.call('DescribeTaskDefinition', { taskDefinition: 'web:3' }).taskDefinition];
    expect(shown).toMatchObject({ status: 'INACTIVE', deregisteredAt: expect.any(Date) });
    const inactive = 'ClientException: TaskDefinition is inactive';
    expect(refusal(() => one.call('RunTask', { taskDefinition: 'web:3' }))).toBe(inactive);
    expect(refusal(() => one.service('web', { taskDefinition: 'web:3' }))).toBe(inactive);
    one.service('web', {}, 0);
    expect(refusal(() => one.call('UpdateService', { service: 'web', taskDefinition: 'web:3' }))).toBe(
      inactive,
    );
  });

  it('leaves the latest ACTIVE revision to the family, and the next number free for a new one (D-9.36)', () => {
    const one = scene();
    const latest = () =>
      one.call('DescribeTaskDefinition', { taskDefinition: 'web' }).taskDefinition.revision;
    expect(latest()).toBe(2);
    expect(register(one).revision).toBe(4);
    expect(latest()).toBe(4);
    for (const revision of [1, 2, 4]) deregister(one, `web:${revision}`);
    expect(refusal(latest)).toBe('ClientException: Unable to describe task definition.');
  });

  it('lets services that use the revision go on and scale', () => {
    const one = scene();
    one.instance('i-1');
    one.service('web', { desiredCount: 1 });
    deregister(one, 'web:2');
    one.call('UpdateService', { service: 'web', desiredCount: 2 });
    one.pass(60);
    expect(one.live().map(({ definition }) => definition.revision)).toEqual([2, 2]);
  });

  it.each([
    ['web', 'InvalidParameterException: taskDefinition: expected family:revision, got "web".'],
    ['web:9', 'ClientException: Unable to describe task definition.'],
    ['other:1', 'ClientException: Unable to describe task definition.'],
  ])('refuses %s', (name, expected) => {
    expect(refusal(() => deregister(scene(), name))).toBe(expected);
  });

  it('does nothing the second time', () => {
    const one = scene();
    const before = one.call('DescribeTaskDefinition', { taskDefinition: 'web:3' }).taskDefinition;
    one.pass(60);
    expect(deregister(one, arnOf('web:3'))).toEqual(before);
  });
});

describe('An ARN of a task definition', () => {
  it.each([
    ['arn:aws:ecs:eu-west-1:999999999999:task-definition/web:1', 'expected an ARN like'],
    ['arn:aws:ecs:us-east-1:111122223333:task-definition/web:1', 'expected an ARN like'],
    ['arn:aws:ecs:eu-west-1:111122223333:service/web:1', 'expected an ARN like'],
    ['arn:aws:ecs:eu-west-1:111122223333:task-definition/of/web:1', 'Unexpected number of separators'],
    ['of/web:1', 'Unexpected number of separators'],
  ])('is none of the account: %s (D-13.40)', (name, expected) => {
    const attempts: readonly (readonly [string, Record<string, unknown>])[] = [
      ['DescribeTaskDefinition', { taskDefinition: name }],
      ['DeregisterTaskDefinition', { taskDefinition: name }],
      ['DeleteTaskDefinitions', { taskDefinitions: [name] }],
      ['RunTask', { taskDefinition: name }],
      ['StartTask', { taskDefinition: name, containerInstances: ['0'.repeat(32)] }],
      ['CreateService', { serviceName: 'web', taskDefinition: name, desiredCount: 1 }],
    ];
    const one = scene();
    for (const [operation, input] of attempts)
      expect([operation, refusal(() => one.call(operation, input))]).toEqual([
        operation,
        expect.stringContaining(`InvalidParameterException: Invalid identifier: ${expected}`),
      ]);
  });

  it('has one revision at most', () => {
    const describe = () => scene().call('DescribeTaskDefinition', { taskDefinition: 'web:1:2' });
    expect(refusal(describe)).toBe('ClientException: Unable to describe task definition.');
  });
});

describe('DeleteTaskDefinitions', () => {
  it('deletes INACTIVE revisions; others are failures', () => {
    const one = scene();
    const { taskDefinitions, failures } = remove(one, 'web:3', arnOf('web:1'), 'web:9');
    expect(taskDefinitions).toMatchObject([
      {
        taskDefinitionArn: arnOf('web:3'),
        status: 'DELETE_IN_PROGRESS',
        deleteRequestedAt: expect.any(Date),
      },
    ]);
    expect(failures).toEqual([
      { arn: arnOf('web:1'), reason: 'ACTIVE' },
      { arn: arnOf('web:9'), reason: 'MISSING' },
    ]);
    expect(refusal(() => one.call('DescribeTaskDefinition', { taskDefinition: 'web:3' }))).toContain(
      'ClientException',
    );
    expect(register(one).revision).toBe(4);
  });

  it('keeps a revision in progress as long as a task or a service uses it', () => {
    const one = scene();
    one.instance('i-1');
    one.service('web', { taskDefinition: 'web:2', desiredCount: 1 });
    deregister(one, 'web:2');
    remove(one, 'web:2');
    const inProgress = () => list(one, { status: 'DELETE_IN_PROGRESS' });
    expect(inProgress()).toEqual(['web:2']);
    one.call('UpdateService', { service: 'web', taskDefinition: 'web:1' });
    one.pass(30);
    expect(inProgress()).toEqual(['web:2']);
    one.pass(120);
    expect(inProgress()).toEqual([]);
  });

  it('takes ten at most, with their revision (D-5.14)', () => {
    const eleven = Array.from({ length: 11 }, (_, number) => `web:${number + 1}`);
    expect(refusal(() => remove(scene(), ...eleven))).toContain('taskDefinitions can have at most 10 items.');
    expect(refusal(() => remove(scene()))).toContain('taskDefinitions cannot be empty.');
    expect(refusal(() => remove(scene(), 'web'))).toContain('expected family:revision, got "web".');
  });
});

describe('ListTaskDefinitions and ListTaskDefinitionFamilies', () => {
  it('list ACTIVE revisions by family and number, 9 before 10, backwards when asked', () => {
    const one = new Scene();
    for (let number = 0; number < 11; number++) register(one);
    register(one, { family: 'job' });
    expect(list(one)).toEqual(['job:1', ...Array.from({ length: 11 }, (_, number) => `web:${number + 1}`)]);
    expect(list(one, { sort: 'DESC', maxResults: 3 })).toEqual(['web:11', 'web:10', 'web:9']);
    expect(list(one, { familyPrefix: 'we' })).toEqual([]);
    expect(list(one, { familyPrefix: 'job' })).toEqual(['job:1']);
    deregister(one, 'web:2');
    expect(list(one, { status: 'INACTIVE' })).toEqual(['web:2']);
    expect(refusal(() => list(one, { status: 'OLD' }))).toContain('status should be one of');
    expect(refusal(() => list(one, { sort: 'UP' }))).toContain('sort should be one of [ASC, DESC]');
  });

  it.each(['ASC', 'DESC'])(
    'page in order %s, completely and once, while revisions come and go (D-9.66)',
    (sort) => {
      const one = new Scene();
      for (let number = 0; number < 25; number++) register(one);
      const found: (string | undefined)[] = [];
      let nextToken: string | undefined;
      do {
        const reply = one.call('ListTaskDefinitions', { sort, maxResults: 4, nextToken });
        found.push(...reply.taskDefinitionArns.map((arn) => arn.split('/').at(-1)));
        nextToken = reply.nextToken;
        // The last one given goes, and others at either end come.
        deregister(one, found.at(-1) ?? '');
        register(one, { family: 'a' });
      } while (nextToken);
      const own = found.filter((name) => name?.startsWith('web:'));
      expect(new Set(found).size).toBe(found.length);
      expect(own).toHaveLength(25);
    },
  );

  it('list families by prefix and by whether a revision of them is ACTIVE', () => {
    const one = scene();
    deregister(one, 'job:1');
    const families = (more: object = {}) => one.call('ListTaskDefinitionFamilies', { ...more }).families;
    expect(families()).toEqual(['job', 'web']);
    expect(families({ status: 'ACTIVE' })).toEqual(['web']);
    expect(families({ status: 'INACTIVE' })).toEqual(['job']);
    expect(families({ familyPrefix: 'j' })).toEqual(['job']);
    expect(families({ maxResults: 1 })).toEqual(['job']);
    expect(refusal(() => families({ maxResults: 0 }))).toContain('maxResults: expected a whole number');
    remove(one, 'job:1');
    expect(families()).toEqual(['web']);
  });

  it('describe shows the tags a revision was registered with, when asked (D-9.63)', () => {
    const one = new Scene();
    const tags = [{ key: 'team', value: 'a' }];
    register(one, { tags });
    const describeWith = (include?: string[]) =>
      (one.call('DescribeTaskDefinition', { taskDefinition: 'web', include }) as { tags?: unknown }).tags;
    expect([describeWith(), describeWith(['TAGS'])]).toEqual([undefined, tags]);
    expect(refusal(() => describeWith(['OWNER']))).toContain('include should be one of [TAGS]');
  });
});
