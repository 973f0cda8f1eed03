import { type ContainerDefinition, DescribeTaskDefinitionCommand, type ECSClient } from '@aws-sdk/client-ecs';
import type { Fleet } from '../fleet.ts';
import { type Definition, stopTimeoutSecondsOf } from '../workload.ts';

const definitionsKept = 1000;

/** What ECS says of task definitions. A revision never changes: each is read once. */
export function workloads(client: ECSClient): Pick<Fleet, 'definition'> {
  const definitions = new Map<string, Definition>();
  return {
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

function containerOf({ name = '', stopTimeout, dependsOn = [] }: ContainerDefinition) {
  return {
    name,
    stopTimeoutSeconds: stopTimeout,
    dependsOn: dependsOn.map(({ containerName = '' }) => containerName),
  };
}
