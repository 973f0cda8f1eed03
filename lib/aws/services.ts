import {
  type ContainerInstance,
  DescribeContainerInstancesCommand,
  DescribeServicesCommand,
  type ECSClient,
  type Service as EcsService,
  GetTaskProtectionCommand,
  ListContainerInstancesCommand,
  type Resource,
} from '@aws-sdk/client-ecs';
import type { Fleet } from '../fleet.ts';
import { chunks } from '../grouping.ts';
import type { Site } from '../placement.ts';
import type { Room } from '../room.ts';
import { complaintsOf, type Service } from '../service.ts';

/** D-5.14. */
const servicesPerDescribe = 10;
const tasksPerRead = 100;
const instancesPerDescribe = 100;
/** Pages of container instances looked at: beyond so many nobody says anything about all of them. */
const pagesOfSites = 5;

/** What ECS says about why tasks stay where they are. */
export function waits(client: ECSClient): Pick<Fleet, 'services' | 'protections' | 'sites'> {
  return {
    services: async (cluster, serviceNames) => {
      const found: Service[] = [];
      for (const services of chunks(serviceNames, servicesPerDescribe)) {
        const answer = await client.send(new DescribeServicesCommand({ cluster, services }));
        found.push(...(answer.services ?? []).map(serviceOf));
      }
      return found;
    },
    protections: async (cluster, taskArns) => {
      const found = new Map<string, Date | undefined>();
      for (const tasks of chunks(taskArns, tasksPerRead)) {
        const { protectedTasks = [] } = await client.send(new GetTaskProtectionCommand({ cluster, tasks }));
        for (const { taskArn = '', protectionEnabled, expirationDate } of protectedTasks)
          if (protectionEnabled) found.set(taskArn, expirationDate);
      }
      return found;
    },
    sites: (cluster) => sites(client, cluster),
  };
}

async function sites(client: ECSClient, cluster: string): Promise<Site[] | undefined> {
  const found: Site[] = [];
  let nextToken: string | undefined;
  for (let page = 0; page < pagesOfSites; page++) {
    const list = await client.send(
      new ListContainerInstancesCommand({
        cluster,
        status: 'ACTIVE',
        maxResults: instancesPerDescribe,
        nextToken,
      }),
    );
    const { containerInstanceArns: containerInstances = [] } = list;
    if (containerInstances.length > 0) {
      const answer = await client.send(
        new DescribeContainerInstancesCommand({ cluster, containerInstances }),
      );
      found.push(...(answer.containerInstances ?? []).map(siteOf));
    }
    nextToken = list.nextToken;
    if (!nextToken) return found;
  }
  return undefined;
}

function siteOf(instance: ContainerInstance): Site {
  const attributes = (instance.attributes ?? []).map(({ name = '', value }) => [name, value] as const);
  return {
    containerInstanceArn: instance.containerInstanceArn ?? '',
    ec2InstanceId: instance.ec2InstanceId ?? '',
    agentConnected: instance.agentConnected ?? false,
    capacityProvider: instance.capacityProviderName,
    attributes: new Map(attributes),
    ...leftOf(instance.remainingResources ?? []),
  };
}

/** Of ports those are listed that are in use, of GPUs those that are free (D-9.4). */
function leftOf(remaining: readonly Resource[]): Pick<Room, 'cpu' | 'memoryMib' | 'gpus' | 'usedPorts'> {
  const named = (name: string) => remaining.find((resource) => resource.name === name);
  const ports = ['PORTS', 'PORTS_UDP'].flatMap((name) => named(name)?.stringSetValue ?? []);
  return {
    cpu: named('CPU')?.integerValue ?? 0,
    memoryMib: named('MEMORY')?.integerValue ?? 0,
    gpus: named('GPU')?.stringSetValue?.length ?? 0,
    usedPorts: ports.map(Number),
  };
}

function serviceOf(service: EcsService): Service {
  const { deploymentConfiguration = {}, deployments = [], events = [] } = service;
  // Those of a service with task sets stand in its task sets.
  const { loadBalancers = [], taskSets = [] } = service;
  const balancers = [...loadBalancers, ...taskSets.flatMap((taskSet) => taskSet.loadBalancers ?? [])];
  const isDaemon = service.schedulingStrategy === 'DAEMON';
  const primary = deployments.find(({ status }) => status === 'PRIMARY');
  const messages = events.flatMap(({ createdAt: at, message: text = '' }) => (at ? [{ at, text }] : []));
  return {
    serviceName: service.serviceName ?? '',
    isLoadBalanced: balancers.length > 0,
    schedulingStrategy: isDaemon ? 'DAEMON' : 'REPLICA',
    taskDefinitionArn: service.taskDefinition,
    desiredCount: service.desiredCount ?? 0,
    runningCount: service.runningCount ?? 0,
    pendingCount: service.pendingCount ?? 0,
    isConstrained: (service.placementConstraints ?? []).length > 0,
    capacityProviders: (service.capacityProviderStrategy ?? []).flatMap(
      (item) => item.capacityProvider ?? [],
    ),
    minimumHealthyPercent: deploymentConfiguration.minimumHealthyPercent ?? (isDaemon ? 0 : 100),
    maximumPercent: deploymentConfiguration.maximumPercent ?? (isDaemon ? 100 : 200),
    deployment: primary?.createdAt && {
      rolloutState: primary.rolloutState ?? 'COMPLETED',
      since: primary.createdAt,
    },
    ...complaintsOf(messages),
  };
}
