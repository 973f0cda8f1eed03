import { describe, expect, it } from 'vitest';
import { code } from '../fault.ts';
import { associate, fargateService, providers } from '../fleet.ts';
import { inVpc, Scene } from '../scene.ts';

const arn = (name: string) => `arn:aws:ecs:eu-west-1:111122223333:cluster/${name}`;

describe('CreateCluster', () => {
  it('creates a cluster once, `default` without a name (D-9.21)', () => {
    const scene = new Scene();
    expect(scene.call('CreateCluster').cluster).toMatchObject({ clusterName: 'default', status: 'ACTIVE' });
    expect(scene.call('CreateCluster').cluster).toMatchObject({ clusterName: 'default' });
    expect(scene.call('ListClusters').clusterArns).toEqual([arn('default'), arn('demo')]);
  });

  it('gives the cluster that is there, as it is, to whoever creates it again', () => {
    const scene = new Scene();
    scene.call('CreateCluster', { clusterName: 'a', tags: [{ key: 'first', value: '' }] });
    const { cluster } = scene.call('CreateCluster', {
      clusterName: 'a',
      tags: [{ key: 'second', value: '' }],
    });
    expect(cluster.tags).toEqual([{ key: 'first', value: '' }]);
  });

  it.each([
    [{ clusterName: 'a b' }, 'clusterName: expected text like'],
    [{ clusterName: 'x'.repeat(256) }, 'clusterName: expected text like'],
    [{ settings: [{ name: 'others', value: 'enabled' }] }, 'name should be one of [containerInsights]'],
    [
      { settings: [{ name: 'containerInsights', value: 'on' }] },
      'value should be one of [enabled, disabled, enhanced], got "on".',
    ],
    [{ settings: [{ name: 'containerInsights' }] }, 'settings: expected a name and a value.'],
    [
      { configuration: { executeCommandConfiguration: { logging: 'SOME' } } },
      'logging should be one of [NONE, DEFAULT, OVERRIDE], got "SOME".',
    ],
    [
      { configuration: { executeCommandConfiguration: { logging: 'OVERRIDE' } } },
      'logConfiguration must be provided with logging OVERRIDE.',
    ],
    [
      { configuration: { executeCommandConfiguration: { logConfiguration: { s3BucketName: 'b' } } } },
      'logConfiguration: expected none without logging OVERRIDE.',
    ],
    [{ serviceConnectDefaults: { namespace: 'a<b' } }, 'namespace: expected a name without'],
    [{ serviceConnectDefaults: { namespace: 'x'.repeat(1025) } }, 'namespace: expected text like'],
  ])('refuses %j', (input, message) => {
    const scene = new Scene();
    expect(code(() => scene.call('CreateCluster', input))).toContain(`InvalidParameterException: ${message}`);
    expect(scene.call('ListClusters').clusterArns).toEqual([arn('demo')]);
  });

  it('takes containerInsights from the account setting of its creator, unless it brings its own (D-9.22)', () => {
    const scene = new Scene();
    const name = 'containerInsights';
    scene.call('PutAccountSetting', { name, value: 'enhanced' });
    const settings = [{ name, value: 'disabled' }];
    expect(scene.call('CreateCluster', { clusterName: 'a' }).cluster.settings).toEqual([
      { name, value: 'enhanced' },
    ]);
    expect(scene.call('CreateCluster', { clusterName: 'b', settings }).cluster.settings).toEqual(settings);
  });
});

describe('DescribeClusters', () => {
  it('counts ACTIVE and DRAINING instances as registered (D-2.11, D-9.24)', () => {
    const scene = new Scene();
    for (const id of ['i-1', 'i-2', 'i-3']) scene.instance(id);
    scene.definition('web');
    scene.service('web', { desiredCount: 2 });
    scene.drain('i-1');
    scene.terminate('i-3');
    const input = { clusters: ['demo', 'other'], include: ['STATISTICS'] };
    const { clusters, failures } = scene.call('DescribeClusters', input);
    expect(clusters).toMatchObject([
      {
        registeredContainerInstancesCount: 2,
        runningTasksCount: 2,
        pendingTasksCount: 0,
        activeServicesCount: 1,
      },
    ]);
    expect(clusters[0]?.statistics).toContainEqual({ name: 'runningEC2TasksCount', value: '2' });
    expect(failures).toEqual([{ arn: arn('other'), reason: 'MISSING' }]);
  });

  it('counts tasks and services by launch type in its statistics (D-9.24)', () => {
    const scene = providers({ blue: 1 });
    fargateService(scene, { launchType: 'FARGATE', desiredCount: 2 });
    scene.service('other', { desiredCount: 1 });
    const input = { clusters: ['demo'], include: ['STATISTICS'] };
    const rows = scene.call('DescribeClusters', input).clusters[0]?.statistics as {
      name: string;
      value: string;
    }[];
    expect(Object.fromEntries(rows.map(({ name, value }) => [name, value]))).toEqual({
      runningEC2TasksCount: '1',
      RunningFargateTasksCount: '2',
      pendingEC2TasksCount: '0',
      pendingFargateTasksCount: '0',
      activeEC2ServiceCount: '1',
      activeFargateServiceCount: '1',
      drainingEC2ServiceCount: '0',
      drainingFargateServiceCount: '0',
    });
  });

  it('shows configuration, settings, statistics, attachments and tags only when asked (D-9.25)', () => {
    const scene = new Scene();
    const tags = [{ key: 'a', value: 'b' }];
    const configuration = { executeCommandConfiguration: { logging: 'NONE' } };
    scene.call('CreateCluster', { clusterName: 'tagged', tags, configuration });
    const seen = (include?: string[]) =>
      scene.call('DescribeClusters', { clusters: ['tagged'], include }).clusters[0];
    const bare = seen();
    expect(bare).toMatchObject({ tags: [], settings: [], statistics: [] });
    for (const member of ['configuration', 'attachments']) expect(bare).not.toHaveProperty(member);
    expect(seen(['TAGS', 'SETTINGS'])).toMatchObject({ tags, settings: [{ name: 'containerInsights' }] });
    expect(seen(['CONFIGURATIONS', 'ATTACHMENTS'])).toMatchObject({ configuration, attachments: [] });
    expect(seen(['STATISTICS'])?.statistics).toHaveLength(8);
  });

  it('takes names and ARNs, each once, `default` without any, at most 100 (D-9.10, D-5.14)', () => {
    const scene = new Scene();
    const described = (clusters: string[]) => scene.call('DescribeClusters', { clusters });
    expect(described(['demo', arn('demo')]).clusters).toHaveLength(1);
    expect(described([]).failures).toEqual([{ arn: arn('default'), reason: 'MISSING' }]);
    const elsewhere = 'arn:aws:ecs:us-east-1:111122223333:cluster/demo';
    expect(described([elsewhere]).failures).toEqual([{ arn: elsewhere, reason: 'MISSING' }]);
    const many = Array.from({ length: 101 }, (_, number) => `c-${number}`);
    expect(described(many.slice(1)).failures).toHaveLength(100);
    expect(code(() => described(many))).toBe(
      'InvalidParameterException: clusters can have at most 100 items.',
    );
  });

  it.each([
    [{ include: ['EVERYTHING'] }, 'include should be one of [ATTACHMENTS, CONFIGURATIONS, SETTINGS,'],
    [{ clusters: ['a b'] }, 'Cluster must match ^[a-zA-Z0-9\\-_]{1,255}$, but was a b'],
    [{ clusters: ['arn:aws:ecs:eu-west-1:1:cluster/demo'] }, 'Cluster must match'],
    [{ clusters: ['arn:aws:ecs:eu-west-1:111122223333:task/demo'] }, 'Cluster must match'],
  ])('refuses %j (D-13.41)', (input, message) => {
    expect(code(() => new Scene().call('DescribeClusters', input))).toContain(
      `InvalidParameterException: ${message}`,
    );
  });
});

describe('ListClusters', () => {
  it('lists clusters in pages of 1 to 100, each once (D-9.66)', () => {
    const scene = new Scene();
    for (const clusterName of ['a', 'b', 'c']) scene.call('CreateCluster', { clusterName });
    const list = (input = {}) => scene.call('ListClusters', input);
    const first = list({ maxResults: 3 });
    scene.call('DeleteCluster', { cluster: 'a' });
    const second = list({ maxResults: 3, nextToken: first.nextToken });
    expect([first, second].map(({ clusterArns }) => clusterArns)).toEqual([
      ['a', 'b', 'c'].map(arn),
      [arn('demo')],
    ]);
    expect(second.nextToken).toBeUndefined();
    expect(list().clusterArns).toEqual(['b', 'c', 'demo'].map(arn));
  });

  it.each([
    [{ maxResults: 0 }, 'maxResults: expected a whole number from 1 to 100, got 0.'],
    [{ maxResults: 101 }, 'maxResults: expected a whole number from 1 to 100, got 101.'],
    [{ nextToken: 'made-up' }, 'nextToken: expected a token of an earlier page of this list'],
  ])('refuses %j', (input, message) => {
    expect(code(() => new Scene().call('ListClusters', input))).toContain(
      `InvalidParameterException: ${message}`,
    );
  });
});

describe('UpdateCluster and UpdateClusterSettings', () => {
  const insights = (value: string) => [{ name: 'containerInsights', value }];

  it('change the settings and nothing else (D-9.22)', () => {
    const scene = new Scene();
    const input = { settings: insights('enabled') };
    expect(scene.call('UpdateClusterSettings', input).cluster.settings).toEqual(insights('enabled'));
    const configuration = { managedStorageConfiguration: { kmsKeyId: 'key' } };
    const { cluster } = scene.call('UpdateCluster', { configuration });
    expect(cluster).toMatchObject({ settings: insights('enabled'), configuration });
  });

  it('set a Service Connect namespace by name or ARN, and take it away with an empty name', () => {
    const scene = new Scene();
    const put = (namespace: string) =>
      scene.call('UpdateCluster', { serviceConnectDefaults: { namespace } }).cluster.serviceConnectDefaults;
    const namespaceArn = 'arn:aws:servicediscovery:eu-west-1:111122223333:namespace/ns-abc';
    expect(put(namespaceArn)).toEqual({ namespace: namespaceArn });
    expect(put('internal')).toEqual({
      namespace: expect.stringMatching(/^arn:aws:servicediscovery:.*:namespace\/ns-[0-9a-f]{16}$/),
    });
    expect(put('')).toBeUndefined();
  });

  it.each([
    ['UpdateClusterSettings', { settings: [] }, 'InvalidParameterException: settings cannot be empty.'],
    [
      'UpdateClusterSettings',
      { cluster: 'other', settings: insights('enabled') },
      'ClusterNotFoundException',
    ],
    ['UpdateCluster', { cluster: 'other' }, 'ClusterNotFoundException: Cluster not found.'],
    ['UpdateCluster', { cluster: '' }, 'InvalidParameterException: cluster cannot be blank.'],
    ['UpdateCluster', { settings: insights('some') }, 'InvalidParameterException: value should be one of'],
  ])('%s refuses %j', (operation, input, message) => {
    expect(code(() => new Scene().call(operation, input))).toContain(message);
  });
});

describe('DeleteCluster', () => {
  it('is refused while there are container instances, services or tasks (D-9.26, D-13.42)', () => {
    const scene = new Scene();
    const refusal = () => code(() => scene.call('DeleteCluster'));
    scene.instance('i-1');
    scene.definition('web');
    scene.service('web', { desiredCount: 1 });
    scene.drain('i-1');
    expect(refusal()).toBe(
      'ClusterContainsContainerInstancesException: The Cluster cannot be deleted while Container Instances are active or draining.',
    );
    scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf('i-1'), force: true });
    expect(refusal()).toBe(
      'ClusterContainsServicesException: The Cluster cannot be deleted while Services are active.',
    );
    scene.call('DeleteService', { service: 'web', force: true });
    scene.pass(2);
    expect(refusal()).toBeUndefined();
  });

  it('is refused while a task has not stopped, also one that is on no container instance (D-4.20, D-13.42)', () => {
    const scene = providers();
    const input = { taskDefinition: 'fargate', launchType: 'FARGATE', ...inVpc };
    const [task] = scene.call('RunTask', input).tasks;
    scene.pass(10);
    const refusal = () => code(() => scene.call('DeleteCluster'));
    expect(refusal()).toBe(
      'ClusterContainsTasksException: The Cluster cannot be deleted while Tasks are active.',
    );
    scene.call('StopTask', { task: task?.taskArn });
    scene.pass(60);
    expect(refusal()).toBeUndefined();
  });

  it('is refused while the capacity providers of the cluster change (D-4.18, D-4.20)', () => {
    const scene = providers();
    associate(scene, ['FARGATE']);
    expect(code(() => scene.call('DeleteCluster'))).toContain('UpdateInProgressException');
    scene.pass(10);
    expect(scene.call('DeleteCluster').cluster).toMatchObject({ status: 'INACTIVE', capacityProviders: [] });
  });

  it('makes the cluster INACTIVE: described for an hour, not listed, and unknown to everything else (D-4.20)', () => {
    const scene = new Scene();
    scene.call('TagResource', { resourceArn: arn('demo'), tags: [{ key: 'a', value: '' }] });
    expect(scene.call('DeleteCluster').cluster).toMatchObject({ clusterName: 'demo', status: 'INACTIVE' });
    expect(scene.call('ListClusters').clusterArns).toEqual([]);
    const described = () => scene.call('DescribeClusters', { clusters: ['demo'], include: ['TAGS'] });
    expect(described().clusters).toMatchObject([{ status: 'INACTIVE', tags: [] }]);
    for (const operation of ['ListContainerInstances', 'DeleteCluster', 'UpdateCluster'])
      expect(code(() => scene.call(operation))).toBe('ClusterNotFoundException: Cluster not found.');
    scene.pass(3600);
    expect(described().failures).toEqual([{ arn: arn('demo'), reason: 'MISSING' }]);
  });

  it('leaves room for a new cluster of the same name, which is not forgotten with the old one', () => {
    const scene = new Scene();
    scene.call('DeleteCluster');
    scene.pass(1800);
    expect(scene.call('CreateCluster', { clusterName: 'demo' }).cluster.status).toBe('ACTIVE');
    scene.pass(3600);
    expect(scene.call('ListClusters').clusterArns).toEqual([arn('demo')]);
  });

  it.each([
    [{ cluster: '' }, 'InvalidParameterException: cluster cannot be blank.'],
    [{ cluster: 'other' }, 'ClusterNotFoundException: Cluster not found.'],
  ])('refuses %j', (input, message) => {
    expect(code(() => new Scene().call('DeleteCluster', input))).toBe(message);
  });
});

it('a cluster of another Region or account is not found by its ARN (D-6.7)', () => {
  const cluster = 'arn:aws:ecs:eu-west-1:999999999999:cluster/demo';
  expect(code(() => new Scene().call('ListContainerInstances', { cluster }))).toBe(
    'ClusterNotFoundException: Cluster not found.',
  );
});
