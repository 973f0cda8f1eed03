import {
  type ContainerDefinition,
  DescribeServicesCommand,
  DescribeTaskDefinitionCommand,
  type ECSClient,
  type Service as EcsService,
} from '@aws-sdk/client-ecs';
import type { Fleet } from '../fleet.ts';
import { chunks } from '../grouping.ts';
import { type Definition, type Service, stopTimeoutSecondsOf } from '../workload.ts';

/** D-5.14. */
const servicesPerDescribe = 10;
const definitionsKept = 1000;

/** What ECS says of services and task definitions. A revision never changes: each is read once. */
export function workloads(client: ECSClient): Pick<Fleet, 'services' | 'definition'> {
  const definitions = new Map<string, Definition>();
  return {
    services: async (cluster, serviceNames) => {
      const found: Service[] = [];
      for (const services of chunks(serviceNames, servicesPerDescribe)) {
        const answer = await client.send(new DescribeServicesCommand({ cluster, services }));
        found.push(...(answer.services ?? []).map(serviceOf));
      }
      return found;
    },
    definition: async (taskDefinition) => {
      const known = definitions.get(taskDefinition);
      if (known) return known;
      const answer = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
      const containers = answer.taskDefinition?.containerDefinitions ?? [];
      const stopTimeoutSeconds = stopTimeoutSecondsOf(containers.map(containerOf));
      const definition = { taskDefinitionArn: taskDefinition, stopTimeoutSeconds };
      if (definitions.size >= definitionsKept) definitions.clear();
      definitions.set(taskDefinition, definition);
      return definition;
    },
  };
}

/** Those of a service with task sets stand in its task sets. */
function serviceOf({ serviceName = '', loadBalancers = [], taskSets = [] }: EcsService): Service {
  const all = [...loadBalancers, ...taskSets.flatMap((taskSet) => taskSet.loadBalancers ?? [])];
  return { serviceName, isLoadBalanced: all.length > 0 };
}

function containerOf({ name = '', stopTimeout, dependsOn = [] }: ContainerDefinition) {
  return {
    name,
    stopTimeoutSeconds: stopTimeout,
    dependsOn: dependsOn.map(({ containerName = '' }) => containerName),
  };
}
