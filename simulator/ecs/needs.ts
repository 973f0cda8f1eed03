import type { Call, Need } from '../machine.ts';
import { clusterOf } from './arn.ts';
import { structures } from './input.ts';
import type { State } from './state.ts';

/** The members that name what an action is about, one Need for each name (D-13.12). */
const targets: Readonly<
  Partial<
    Record<string, { readonly kind: 'container-instance' | 'task' | 'service'; readonly member: string }>
  >
> = {
  DescribeContainerInstances: { kind: 'container-instance', member: 'containerInstances' },
  UpdateContainerInstancesState: { kind: 'container-instance', member: 'containerInstances' },
  UpdateContainerAgent: { kind: 'container-instance', member: 'containerInstance' },
  StopTask: { kind: 'task', member: 'task' },
  DescribeTasks: { kind: 'task', member: 'tasks' },
  CreateService: { kind: 'service', member: 'serviceName' },
  UpdateService: { kind: 'service', member: 'service' },
  DeleteService: { kind: 'service', member: 'service' },
  DescribeServices: { kind: 'service', member: 'services' },
  UpdateServicePrimaryTaskSet: { kind: 'service', member: 'service' },
  UpdateTaskProtection: { kind: 'task', member: 'tasks' },
  GetTaskProtection: { kind: 'task', member: 'tasks' },
};

/** Actions on capacity providers, by the member that names them; they know no cluster. */
const onProviders: Readonly<Partial<Record<string, string>>> = {
  CreateCapacityProvider: 'name',
  UpdateCapacityProvider: 'name',
  DeleteCapacityProvider: 'capacityProvider',
  DescribeCapacityProviders: 'capacityProviders',
};

/** Actions on task sets, by the member that names them; a new one has no id yet. */
const onTaskSets: Readonly<Partial<Record<string, string>>> = {
  CreateTaskSet: '',
  UpdateTaskSet: 'taskSet',
  DeleteTaskSet: 'taskSet',
  DescribeTaskSets: 'taskSets',
};

/** Actions on the cluster; none of them knows `ecs:cluster`. */
const onCluster = [
  'DeleteCluster',
  'DeregisterContainerInstance',
  'ListAttributes',
  'ListContainerInstances',
  'PutClusterCapacityProviders',
  'RegisterContainerInstance',
  'SubmitAttachmentStateChanges',
  'SubmitTaskStateChange',
  'SubmitContainerStateChange',
  'UpdateCluster',
  'UpdateClusterSettings',
];

/** Actions on an account setting, which has no ARN. */
const onSetting = ['PutAccountSetting', 'PutAccountSettingDefault', 'DeleteAccountSetting'];

/**
 * What a caller must be allowed to do, as the IAM data has it: action, resource ARNs, `ecs:cluster` (D-13.12). Whoever
 * tags what it creates must also be allowed to tag, unless the account setting says otherwise.
 */
export function needsOf(state: State, call: Call): Need[] {
  const { operation, input, caller } = call;
  const own = ownNeedsOf(state, call);
  const isTagged = structures(input, 'tags').length > 0;
  if (!isTagged || !state.settings.isOn(caller.principalArn, 'tagResourceAuthorization')) return own;
  const created = createdBy(state, call);
  const context = { 'ecs:CreateAction': operation };
  return created === undefined ? own : [...own, { action: 'ecs:TagResource', resource: created, context }];
}

/** The ARN of what an operation creates and tags; `*` stands for an id that is not known yet. */
function createdBy(state: State, call: Call): string | undefined {
  const { arns } = state;
  const clusterArn = arns.cluster(clusterOf(call.input));
  switch (call.operation) {
    case 'RegisterContainerInstance':
      return arns.inCluster('container-instance', clusterArn, '*');
    case 'RunTask':
    case 'StartTask':
      return arns.inCluster('task', clusterArn, '*');
    case 'CreateCapacityProvider':
    case 'CreateCluster':
    case 'CreateService':
    case 'CreateTaskSet':
    case 'RegisterTaskDefinition':
      return ownNeedsOf(state, call)[0]?.resource;
    default:
      return undefined;
  }
}

function ownNeedsOf(state: State, { operation, input }: Call): Need[] {
  const { arns } = state;
  const clusterArn = arns.cluster(clusterOf(input));
  const inCluster = { 'ecs:cluster': clusterArn };
  const need = (resource: string, context: Need['context'] = {}): Need => ({
    action: `ecs:${operation}`,
    resource,
    context,
  });
  const target = targets[operation];
  if (target)
    return named(input[target.member]).map((name) =>
      need(arns.inCluster(target.kind, clusterArn, name), inCluster),
    );
  if (onCluster.includes(operation)) return [need(clusterArn)];
  if (onSetting.includes(operation)) return [need('*', { 'ecs:account-setting': String(input.name) })];
  const provider = onProviders[operation];
  if (provider !== undefined)
    return named(input[provider] ?? '*').map((name) => need(arns.capacityProvider(name)));
  const taskSet = onTaskSets[operation];
  if (taskSet !== undefined) {
    const serviceArn = arns.service(clusterArn, String(input.service));
    const inService = { ...inCluster, 'ecs:service': serviceArn };
    return named(input[taskSet] ?? '*').map((id) => need(arns.taskSet(serviceArn, id), inService));
  }
  switch (operation) {
    case 'CreateCluster':
      return [need(arns.cluster(String(input.clusterName ?? 'default')))];
    case 'DescribeClusters':
      return named(input.clusters ?? 'default').map((name) => need(arns.cluster(name)));
    case 'RegisterTaskDefinition':
      return [need(arns.taskDefinition(String(input.family)))];
    case 'DeleteTaskDefinitions':
      return named(input.taskDefinitions).map((name) => need(arns.taskDefinition(name)));
    case 'RunTask':
    case 'StartTask':
      return [need(definitionArn(state, String(input.taskDefinition)), inCluster)];
    case 'ListTasks':
      return [need(listedInstance(state, clusterArn, input.containerInstance), inCluster)];
    case 'TagResource':
    case 'UntagResource':
    case 'ListTagsForResource':
      return [need(String(input.resourceArn))];
    case 'ListServices':
      return [need('*', inCluster)];
    case 'PutAttributes':
    case 'DeleteAttributes':
      return targetIds(input.attributes).map((id) =>
        need(arns.inCluster('container-instance', clusterArn, id), inCluster),
      );
    default:
      return [need('*')];
  }
}

/** Without a container instance the call names no resource. */
const listedInstance = ({ arns }: State, clusterArn: string, instance: unknown) =>
  typeof instance === 'string' ? arns.inCluster('container-instance', clusterArn, instance) : '*';

/** The names in a member that holds one or a list of them, each once. */
const named = (value: unknown): string[] => [
  ...new Set((Array.isArray(value) ? value : [value]).map(String)),
];

function targetIds(attributes: unknown): string[] {
  const given = Array.isArray(attributes) ? (attributes as readonly { targetId?: unknown }[]) : [];
  return named(given.map(({ targetId }) => targetId ?? '*'));
}

/** The revision that runs: a family alone means its latest one. */
const definitionArn = (state: State, nameOrArn: string) =>
  state.families.find(state.arns.nameOf('task-definition', nameOrArn))?.taskDefinitionArn ??
  state.arns.taskDefinition(nameOrArn);
