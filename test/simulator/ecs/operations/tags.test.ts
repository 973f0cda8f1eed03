import { describe, expect, it } from 'vitest';
import { code } from '../fault.ts';
import { clusterArn, groupArn, Scene } from '../scene.ts';

const prefix = 'arn:aws:ecs:eu-west-1:111122223333';
const tags = [{ key: 'stage', value: 'test' }];
const put = (scene: Scene, resourceArn: string, given: unknown = tags) =>
  scene.call('TagResource', { resourceArn, tags: given });
const listed = (scene: Scene, resourceArn: string) => scene.call('ListTagsForResource', { resourceArn }).tags;

/** One of everything that takes tags, by kind. */
function scene() {
  const one = new Scene();
  one.instance('i-1');
  const definition = one.definition('web');
  const service = one.service('web', { desiredCount: 1 });
  const task = one.tasksOf('service:web')[0]?.taskArn ?? '';
  const autoScalingGroupProvider = { autoScalingGroupArn: groupArn('blue') };
  const { capacityProvider } = one.call('CreateCapacityProvider', { name: 'blue', autoScalingGroupProvider });
  const provider = String(capacityProvider.capacityProviderArn);
  const controller = { deploymentController: { type: 'EXTERNAL' } };
  one.call('CreateService', { serviceName: 'external', desiredCount: 0, ...controller });
  const { taskSet } = one.call('CreateTaskSet', { service: 'external', taskDefinition: 'web' });
  one.pass(30);
  const arns = {
    cluster: clusterArn,
    'container instance': one.record('i-1').containerInstanceArn,
    service,
    task,
    'task definition': definition,
    'capacity provider': provider,
    'task set': taskSet.taskSetArn,
  };
  one.heard();
  return { one, arns };
}

const kinds = [
  'cluster',
  'container instance',
  'service',
  'task',
  'task definition',
  'capacity provider',
  'task set',
] as const;

describe('tags of a resource (D-9.63)', () => {
  it.each(kinds)('of a %s are given, replaced key by key, taken away and listed', (kind) => {
    const { one, arns } = scene();
    const arn = arns[kind];
    expect(listed(one, arn)).toEqual([]);
    put(one, arn, [{ key: 'a', value: '1' }, ...tags]);
    put(one, arn, [{ key: 'a', value: '2' }, { key: 'b' }]);
    expect(listed(one, arn)).toEqual([...tags, { key: 'a', value: '2' }, { key: 'b', value: '' }]);
    one.call('UntagResource', { resourceArn: arn, tagKeys: ['a', 'never-there', 'stage'] });
    expect(listed(one, arn)).toEqual([{ key: 'b', value: '' }]);
  });

  it.each(kinds)('of a %s have no event and move no version (D-1.13)', (kind) => {
    const { one, arns } = scene();
    const version = one.describe('i-1').version;
    put(one, arns[kind]);
    one.pass(5);
    expect(one.heard()).toEqual([]);
    expect(one.describe('i-1').version).toBe(version);
  });

  it('show where the resource is described with TAGS', () => {
    const { one, arns } = scene();
    for (const kind of kinds) put(one, arns[kind]);
    const include = ['TAGS'];
    expect(one.call('DescribeClusters', { clusters: ['demo'], include }).clusters).toMatchObject([{ tags }]);
    expect(one.call('DescribeServices', { services: ['web'], include }).services).toMatchObject([{ tags }]);
    expect(one.call('DescribeTasks', { tasks: [arns.task], include }).tasks).toMatchObject([{ tags }]);
    expect(one.call('DescribeTaskDefinition', { taskDefinition: 'web', include }).tags).toEqual(tags);
    const { containerInstances } = one.call('DescribeContainerInstances', {
      containerInstances: [arns['container instance']],
      include,
    });
    expect(containerInstances).toMatchObject([{ tags }]);
    const { capacityProviders } = one.call('DescribeCapacityProviders', {
      capacityProviders: ['blue'],
      include,
    });
    expect(capacityProviders).toMatchObject([{ tags }]);
    const input = { service: 'external', include };
    expect(one.call('DescribeTaskSets', input).taskSets).toMatchObject([{ tags }]);
  });

  it('of a task definition begin no deployment', () => {
    const { one, arns } = scene();
    put(one, arns['task definition']);
    const { service } = one.call('UpdateService', { service: 'web', taskDefinition: 'web', desiredCount: 2 });
    expect(service.deployments).toHaveLength(1);
  });

  it('are at most 50, those that are replaced counted once', () => {
    const { one, arns } = scene();
    const many = (count: number, name: string) =>
      Array.from({ length: count }, (_, number) => ({ key: `${name}-${number}`, value: '' }));
    put(one, arns.cluster, many(50, 'a'));
    put(one, arns.cluster, many(50, 'a'));
    expect(code(() => put(one, arns.cluster, tags))).toBe(
      'LimitExceededException: A resource can have at most 50 tags.',
    );
    expect(code(() => put(one, arns.service, many(51, 'a')))).toBe(
      'InvalidParameterException: tags can have at most 50 items.',
    );
  });

  it.each([
    [[{ key: '', value: 'a' }], 'key: expected text like'],
    [[{ value: 'a' }], 'key cannot be blank.'],
    [[{ key: 'aws:mine', value: 'a' }], 'key: expected text like'],
    [[{ key: 'AWS:mine', value: 'a' }], 'key: expected text like'],
    [[{ key: 'x'.repeat(129), value: 'a' }], 'key: expected text like'],
    [[{ key: 'a', value: 'x'.repeat(257) }], 'value: expected text like'],
    [[{ key: 'a;b', value: '' }], 'key: expected text like'],
    [[...tags, ...tags], 'tags: keys must be unique.'],
  ])('are refused when they are %j', (given, message) => {
    const { one, arns } = scene();
    expect(code(() => put(one, arns.cluster, given))).toContain(`InvalidParameterException: ${message}`);
    expect(listed(one, arns.cluster)).toEqual([]);
  });

  it('may have keys of 128 and values of 256 characters of any script, in their own case', () => {
    const { one, arns } = scene();
    const given = [
      { key: 'ü'.repeat(128), value: '名'.repeat(256) },
      { key: 'Stage', value: '+ -=._:/@' },
      { key: 'stage', value: '' },
    ];
    put(one, arns.cluster, given);
    expect(listed(one, arns.cluster)).toEqual(given);
  });

  it('with the prefix aws: cannot be taken away', () => {
    const { one, arns } = scene();
    const untag = () => one.call('UntagResource', { resourceArn: arns.cluster, tagKeys: ['aws:mine'] });
    expect(code(untag)).toContain('InvalidParameterException: key: expected text like');
  });
});

describe('a resource that cannot have tags', () => {
  const refusals = (one: Scene, resourceArn: string) => ({
    tag: code(() => put(one, resourceArn)),
    untag: code(() => one.call('UntagResource', { resourceArn, tagKeys: ['a'] })),
    list: code(() => listed(one, resourceArn)),
  });

  it.each([
    ['container-instance/demo/nowhere'],
    ['service/demo/nowhere'],
    ['task/demo/nowhere'],
    ['task-definition/nowhere:1'],
    ['task-definition/web'],
    ['capacity-provider/nowhere'],
    ['capacity-provider/FARGATE'],
    ['task-set/demo/external/ecs-svc/1234567890123456789'],
  ])('is not there: %s', (path) => {
    const { one } = scene();
    const { tag, untag, list } = refusals(one, `${prefix}:${path}`);
    const message = `The specified resource was not found: ${prefix}:${path}.`;
    expect([tag, untag]).toEqual(Array(2).fill(`ResourceNotFoundException: ${message}`));
    expect(list).toBe(`InvalidParameterException: ${message}`);
  });

  it.each(['cluster/other', 'service/other/web', 'task/other/a', 'task-set/other/web/ecs-svc/1'])(
    'is in no cluster: %s',
    (path) => {
      const { one } = scene();
      const message = 'ClusterNotFoundException: Cluster not found.';
      expect(Object.values(refusals(one, `${prefix}:${path}`))).toEqual(Array(3).fill(message));
    },
  );

  it.each([
    ['demo'],
    ['arn:aws:ecs:us-east-1:111122223333:cluster/demo'],
    [`${prefix}:container/demo/a/b`],
    [`${prefix}:cluster/`],
    [`${prefix}:toString/a`],
  ])('is none of these: %s', (arn) => {
    const { one } = scene();
    for (const refusal of Object.values(refusals(one, arn)))
      expect(refusal).toContain(
        'InvalidParameterException: resourceArn: expected the ARN of a capacity-provider, cluster,',
      );
  });

  it('is an INACTIVE cluster (D-13.43)', () => {
    const one = new Scene();
    one.call('DeleteCluster');
    const message = 'The specified cluster is inactive. Specify an active cluster and try again.';
    expect(refusals(one, clusterArn).list).toBe(`InvalidParameterException: ${message}`);
  });

  it('is a task that is told to stop, whose tags are gone (D-9.31)', () => {
    const { one, arns } = scene();
    one.call('StopTask', { task: arns.task });
    expect(refusals(one, arns.task).tag).toBe(
      'InvalidParameterException: The specified task is stopped. Specify a running task and try again.',
    );
  });

  it('has the short form of ARN, or is named by the long one that it does not have (D-9.56, D-13.43)', () => {
    const { one } = scene();
    one.call('PutAccountSetting', { name: 'serviceLongArnFormat', value: 'disabled' });
    const input = { serviceName: 'old', taskDefinition: 'web', desiredCount: 0 };
    const { serviceArn } = one.call('CreateService', input).service;
    expect(refusals(one, serviceArn).tag).toBe(
      'InvalidParameterException: Long arn format must be used for tagging operations',
    );
    expect(refusals(one, `${prefix}:service/demo/old`).tag).toContain(
      'The specified service does not have the longArn format.',
    );
  });
});
