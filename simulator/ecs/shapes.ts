import type { Container, ContainerInstanceRecord, Resources, TaskDefinition, TaskRecord } from './records.ts';

type Shape = Record<string, unknown>;

/** The agent that every simulated instance runs. */
export const versionInfo = {
  agentVersion: '1.105.1',
  agentHash: '8dfceca6',
  dockerVersion: 'DockerVersion: 25.0.14',
} as const;

/** ContainerInstance as the API gives it. */
export function containerInstanceShape(instance: ContainerInstanceRecord): Shape {
  const { containerInstanceArn, ec2InstanceId, version, status, agentConnected } = instance;
  return {
    containerInstanceArn,
    ec2InstanceId,
    version,
    versionInfo,
    remainingResources: withZeros(instance.remainingResources),
    registeredResources: withZeros(instance.registeredResources),
    status,
    agentConnected,
    runningTasksCount: instance.runningTasksCount,
    pendingTasksCount: instance.pendingTasksCount,
    attributes: [...instance.agentAttributes, ...instance.customAttributes],
    capacityProviderName: instance.capacityProviderName,
    registeredAt: new Date(instance.registeredAt),
    attachments: [],
  };
}

/** The API fills the members of the other types with zeros, events do not (D-1.10). */
const withZeros = ({ cpu, memoryMib, ports, udpPorts }: Resources) => [
  resource('CPU', 'INTEGER', { integerValue: cpu }),
  resource('MEMORY', 'INTEGER', { integerValue: memoryMib }),
  resource('PORTS', 'STRINGSET', { stringSetValue: ports.map(String) }),
  resource('PORTS_UDP', 'STRINGSET', { stringSetValue: udpPorts.map(String) }),
];

const resource = (name: string, type: string, value: Shape): Shape => ({
  name,
  type,
  doubleValue: 0,
  longValue: 0,
  integerValue: 0,
  ...value,
});

const date = (time: number | undefined) => (time === undefined ? undefined : new Date(time));

/** Task as the API gives it, without its tags. */
export function taskShape(task: TaskRecord): Shape {
  const isGone = task.lastStatus === 'STOPPED' && task.startedAt === undefined;
  return {
    attachments: [],
    attributes: [{ name: 'ecs.cpu-architecture', value: 'x86_64' }],
    availabilityZone: task.availabilityZone,
    capacityProviderName: task.capacityProviderName,
    clusterArn: task.clusterArn,
    connectivity: isGone ? undefined : 'CONNECTED',
    connectivityAt: isGone ? undefined : date(task.createdAt),
    containerInstanceArn: task.containerInstanceArn,
    containers: task.containers.map((container) => containerShape(task, container)),
    cpu: String(task.reservation.cpu),
    memory: String(task.reservation.memoryMib),
    createdAt: date(task.createdAt),
    desiredStatus: task.desiredStatus,
    enableExecuteCommand: task.enableExecuteCommand,
    // What the host knows earlier than ECS is not shown before the task is STOPPED in ECS.
    executionStoppedAt:
      task.lastStatus === 'STOPPED' && task.startedAt !== undefined
        ? date(task.executionStoppedAt)
        : undefined,
    group: task.group,
    healthStatus: task.healthStatus,
    lastStatus: task.lastStatus,
    launchType: task.launchType,
    overrides: task.overrides,
    platformFamily: task.platformVersion && 'Linux',
    platformVersion: task.platformVersion,
    pullStartedAt: date(task.pullStartedAt),
    pullStoppedAt: date(task.pullStoppedAt),
    startedAt: date(task.startedAt),
    startedBy: task.startedBy,
    stopCode: task.stop?.stopCode,
    stoppedReason: task.stop?.stoppedReason,
    stoppingAt: date(task.desiredStoppedAt),
    stoppedAt: date(task.stoppedAt),
    taskArn: task.taskArn,
    taskDefinitionArn: task.definition.taskDefinitionArn,
    version: task.version,
  };
}

function containerShape(task: TaskRecord, container: Container): Shape {
  const definition = definitionsOf(task.definition).find(({ name }) => name === container.name) ?? {};
  const { cpu = 0, memory, memoryReservation, healthCheck } = definition;
  return {
    containerArn: container.containerArn,
    taskArn: task.taskArn,
    name: container.name,
    image: definition.image,
    runtimeId: container.runtimeId,
    lastStatus: container.lastStatus,
    exitCode: container.lastStatus === 'STOPPED' ? container.exitCode : undefined,
    reason: container.reason,
    networkBindings: container.lastStatus === 'PENDING' ? [] : container.networkBindings,
    networkInterfaces: [],
    healthStatus: healthCheck ? task.healthStatus : 'UNKNOWN',
    cpu: String(cpu),
    memory: memory === undefined ? undefined : String(memory),
    memoryReservation: memoryReservation === undefined ? undefined : String(memoryReservation),
  };
}

const definitionsOf = ({ input }: TaskDefinition) => input.containerDefinitions as readonly Shape[];

/** TaskDefinition as the API gives it. */
export function taskDefinitionShape(definition: TaskDefinition): Shape {
  const { tags: _, ...registered } = definition.input;
  return {
    ...registered,
    volumes: registered.volumes ?? [],
    placementConstraints: definition.placementConstraints,
    networkMode: definition.networkMode,
    taskDefinitionArn: definition.taskDefinitionArn,
    revision: definition.revision,
    status: definition.status,
    compatibilities: definition.compatibilities,
    registeredAt: new Date(definition.registeredAt),
    registeredBy: definition.registeredBy,
    deregisteredAt: date(definition.deregisteredAt),
    deleteRequestedAt: date(definition.deleteRequestedAt),
  };
}
