import {
  type ContainerDefinition,
  DescribeTaskDefinitionCommand,
  type ECSClient,
  type RuntimePlatform,
  type TaskDefinition,
} from '@aws-sdk/client-ecs';
import type { Fleet } from '../fleet.ts';
import type { Attribute, Blueprint } from '../placement.ts';

const blueprintsKept = 1000;

/** What ECS says that tasks ask of an instance. A revision never changes: each is read once. */
export function placement(client: ECSClient): Pick<Fleet, 'blueprint'> {
  const blueprints = new Map<string, Blueprint>();
  return {
    blueprint: async (taskDefinition) => {
      const known = blueprints.get(taskDefinition);
      if (known) return known;
      const answer = await client.send(new DescribeTaskDefinitionCommand({ taskDefinition }));
      const blueprint = blueprintOf(answer.taskDefinition ?? {});
      if (blueprints.size >= blueprintsKept) blueprints.clear();
      blueprints.set(taskDefinition, blueprint);
      return blueprint;
    },
  };
}

/** The size of the task is what ECS reserves where it has one, and the sum over its containers where not. */
function blueprintOf(definition: TaskDefinition): Blueprint {
  const { containerDefinitions: containers = [], networkMode, requiresAttributes = [] } = definition;
  const sum = (of: (container: ContainerDefinition) => number | undefined) =>
    containers.reduce((total, container) => total + (of(container) ?? 0), 0);
  const own = requiresAttributes.map(({ name = '', value }) => ({ name, value }));
  return {
    cpu: definition.cpu === undefined ? sum((one) => one.cpu) : Number(definition.cpu),
    memoryMib:
      definition.memory === undefined
        ? sum((one) => one.memoryReservation ?? one.memory)
        : Number(definition.memory),
    gpus: sum((one) => gpusOf(one)),
    ports: containers.flatMap((one) => portsOf(one, networkMode === 'host')),
    attributes: [...own, ...platformOf(definition.runtimePlatform)],
    unknown: unknownOf(definition),
  };
}

const gpusOf = ({ resourceRequirements = [] }: ContainerDefinition) =>
  resourceRequirements.reduce((total, { type, value }) => total + (type === 'GPU' ? Number(value) : 0), 0);

/** Those asked for by number; on the network of the host a container has its own ports there. */
const portsOf = ({ portMappings = [] }: ContainerDefinition, isHost: boolean) =>
  portMappings.flatMap(({ hostPort = 0, containerPort = 0 }) => hostPort || (isHost && containerPort) || []);

/** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html */
function platformOf({ cpuArchitecture, operatingSystemFamily }: RuntimePlatform = {}): Attribute[] {
  const architecture = cpuArchitecture && {
    name: 'ecs.cpu-architecture',
    value: cpuArchitecture.toLowerCase(),
  };
  const system = operatingSystemFamily && {
    name: 'ecs.os-type',
    value: operatingSystemFamily === 'LINUX' ? 'linux' : 'windows',
  };
  return [architecture, system].flatMap((one) => one ?? []);
}

/** How many network interfaces, accelerators or volumes an instance may still have, no container instance shows. */
function unknownOf(definition: TaskDefinition): string | undefined {
  const { networkMode, placementConstraints = [], volumes = [], containerDefinitions = [] } = definition;
  if (networkMode === 'awsvpc') return 'how many network interfaces other instances have left (awsvpc)';
  if (placementConstraints.length > 0) return 'which instances the constraints of its task definition allow';
  const needed = containerDefinitions.flatMap(({ resourceRequirements = [] }) => resourceRequirements);
  if ((definition.inferenceAccelerators ?? []).length > 0 || needed.some(({ type }) => type !== 'GPU'))
    return 'how many accelerators other instances have left';
  if (volumes.some(({ configuredAtLaunch }) => configuredAtLaunch))
    return 'how many volumes other instances may have attached';
  const isWindows = definition.runtimePlatform?.operatingSystemFamily?.startsWith('WINDOWS');
  return isWindows ? 'which release of Windows other instances run' : undefined;
}
