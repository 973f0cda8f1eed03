import {
  ClusterNotFoundException,
  type ContainerInstance,
  type ContainerInstanceStatus,
  DeregisterContainerInstanceCommand,
  DescribeClustersCommand,
  DescribeContainerInstancesCommand,
  type ECSClient,
  ListClustersCommand,
  ListContainerInstancesCommand,
  ListTasksCommand,
  StopTaskCommand,
  UpdateContainerInstancesStateCommand,
} from '@aws-sdk/client-ecs';
import type { Registration } from '../departure.ts';
import { UnknownCluster } from '../errors.ts';
import type { Failure, Fleet, StateChange } from '../fleet.ts';
import { chunks } from '../grouping.ts';
import { type DepartureCause, markName, parseMark, waitingName } from '../mark.ts';
import { areHeld } from '../resources.ts';
import { attributes, failuresOf } from './attributes.ts';
import { pages, pagesUpTo } from './paging.ts';
import { describeTasks } from './tasks.ts';

/** The part of the fleet that ECS answers for. */
type EcsPart = Pick<
  Fleet,
  | 'registrations'
  | 'marked'
  | 'draining'
  | 'clusterTags'
  | 'clustersOf'
  | 'describe'
  | 'mark'
  | 'unmark'
  | 'setWaiting'
  | 'clearWaiting'
  | 'drain'
  | 'activate'
  | 'deregister'
  | 'listTasks'
  | 'listAllTasks'
  | 'describeTasks'
  | 'stopTask'
>;

/** D-5.14, D-13.14. */
const instancesPerDescribe = 100;
const instancesPerUpdate = 10;
/** Keeps an expression of the cluster query language under 2000 characters, the limit for those of placement constraints. */
const idsPerFilter = 80;

/** What the steward knows and does through ECS. Clusters go by name. */
export function ecs(client: ECSClient): EcsPart {
  return {
    registrations: (cluster, instanceIds) => within(cluster, registrations(client, cluster, instanceIds)),
    marked: (cluster, ...causes) => within(cluster, marked(client, cluster, causes)),
    draining: (cluster) => within(cluster, draining(client, cluster)),
    clusterTags: async (cluster) => {
      const { clusters = [] } = await client.send(
        new DescribeClustersCommand({ clusters: [cluster], include: ['TAGS'] }),
      );
      return Object.fromEntries((clusters[0]?.tags ?? []).map(({ key = '', value = '' }) => [key, value]));
    },
    clustersOf: (instanceId) => clustersOf(client, instanceId),
    describe: (cluster, arns) => within(cluster, describe(client, cluster, arns)),
    ...attributes(client),
    drain: (cluster, arns) => setState(client, cluster, arns, 'DRAINING'),
    deregister: async (cluster, containerInstance) => {
      await client.send(new DeregisterContainerInstanceCommand({ cluster, containerInstance, force: true }));
    },
    activate: (cluster, arns) => setState(client, cluster, arns, 'ACTIVE'),
    listTasks: (cluster, desiredStatus, containerInstance) =>
      pages(async (nextToken) => {
        const page = await client.send(
          new ListTasksCommand({ cluster, containerInstance, desiredStatus, nextToken }),
        );
        return { items: page.taskArns ?? [], nextToken: page.nextToken };
      }),
    listAllTasks: (cluster, desiredStatus, pagesMost) =>
      pagesUpTo(pagesMost, async (nextToken) => {
        const page = await client.send(new ListTasksCommand({ cluster, desiredStatus, nextToken }));
        return { items: page.taskArns ?? [], nextToken: page.nextToken };
      }),
    describeTasks: (cluster, taskArns) => describeTasks(client, cluster, taskArns),
    stopTask: async (cluster, task, reason) => {
      await client.send(new StopTaskCommand({ cluster, task, reason }));
    },
  };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html */
async function registrations(client: ECSClient, cluster: string, instanceIds: readonly string[]) {
  const arns: string[] = [];
  for (const ids of chunks(instanceIds, idsPerFilter)) {
    const filter = `ec2InstanceId in [${ids.map((id) => `'${id}'`).join(', ')}]`;
    arns.push(...(await list(client, cluster, filter)));
  }
  return describe(client, cluster, arns);
}

async function marked(client: ECSClient, cluster: string, causes: readonly DepartureCause[]) {
  const ways = causes.length === 0 ? ['exists'] : causes.map((cause) => `=~ .*/${cause}`);
  const filter = ways.map((holds) => `attribute:${markName} ${holds}`).join(' or ');
  return describe(client, cluster, await list(client, cluster, filter));
}

async function draining(client: ECSClient, cluster: string) {
  return describe(client, cluster, await list(client, cluster, undefined, 'DRAINING'));
}

/** Every page: with a filter one may be short, or empty, and not the last (D-5.15). */
function list(
  client: ECSClient,
  cluster: string,
  filter: string | undefined,
  status?: ContainerInstanceStatus,
): Promise<string[]> {
  return pages(async (nextToken) => {
    const page = await client.send(new ListContainerInstancesCommand({ cluster, filter, status, nextToken }));
    return { items: page.containerInstanceArns ?? [], nextToken: page.nextToken };
  });
}

/** Says UnknownCluster where ECS says that there is none. */
async function within<T>(cluster: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof ClusterNotFoundException)) throw error;
    throw new UnknownCluster(`There is no cluster "${cluster}"`, { cause: error });
  }
}

async function clustersOf(client: ECSClient, instanceId: string): Promise<string[]> {
  const clusterArns = await pages(async (nextToken) => {
    const page = await client.send(new ListClustersCommand({ nextToken }));
    return { items: page.clusterArns ?? [], nextToken: page.nextToken };
  });
  const found: string[] = [];
  for (const cluster of clusterArns) {
    const containerInstanceArns = await list(client, cluster, `ec2InstanceId == '${instanceId}'`);
    if (containerInstanceArns.length > 0) found.push(cluster.slice(cluster.lastIndexOf('/') + 1));
  }
  return found;
}

async function describe(
  client: ECSClient,
  cluster: string,
  arns: readonly string[],
): Promise<Registration[]> {
  const found: Registration[] = [];
  for (const containerInstances of chunks(arns, instancesPerDescribe)) {
    const answer = await client.send(new DescribeContainerInstancesCommand({ cluster, containerInstances }));
    found.push(...(answer.containerInstances ?? []).map(registrationOf));
  }
  return found;
}

/** A call that is refused gives a failure for each of its ten; the other tens go on. */
async function setState(
  client: ECSClient,
  cluster: string,
  arns: readonly string[],
  status: ContainerInstanceStatus,
): Promise<StateChange> {
  const changed: Registration[] = [];
  const failures: Failure[] = [];
  for (const containerInstances of chunks(arns, instancesPerUpdate)) {
    try {
      const answer = await client.send(
        new UpdateContainerInstancesStateCommand({ cluster, containerInstances, status }),
      );
      changed.push(...(answer.containerInstances ?? []).map(registrationOf));
      for (const { arn = '', reason = '' } of answer.failures ?? []) failures.push({ arn, reason });
    } catch (error) {
      failures.push(...failuresOf(containerInstances, error));
    }
  }
  return { registrations: changed, failures };
}

function registrationOf(instance: ContainerInstance): Registration {
  const { attributes: own = [] } = instance;
  const value = own.find(({ name }) => name === markName)?.value;
  return {
    containerInstanceArn: instance.containerInstanceArn ?? '',
    ec2InstanceId: instance.ec2InstanceId ?? '',
    status: instance.status ?? '',
    version: instance.version ?? 0,
    agentConnected: instance.agentConnected ?? false,
    holdsResources: areHeld(instance.registeredResources ?? [], instance.remainingResources ?? []),
    taskCount: (instance.runningTasksCount ?? 0) + (instance.pendingTasksCount ?? 0),
    mark: value === undefined ? undefined : parseMark(value),
    isWaiting: own.some(({ name }) => name === waitingName),
  };
}
