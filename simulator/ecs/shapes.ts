import { remainingOthers } from './gpus.ts';
import type {
  Container,
  ContainerInstanceRecord,
  OtherResource,
  Resources,
  TaskDefinition,
  TaskRecord,
} from './records.ts';
import { isWaiting } from './task-order.ts';

type Shape = Record<string, unknown>;

/** ContainerInstance as the API gives it, without tags and health. */
export function containerInstanceShape(instance: ContainerInstanceRecord): Shape {
  const { containerInstanceArn, ec2InstanceId, version, status, agentConnected } = instance;
  return {
    containerInstanceArn,
    ec2InstanceId,
    version,
    versionInfo: instance.versionInfo,
    remainingResources: withZeros(instance.remainingResources, remainingOthers(instance)),
    registeredResources: withZeros(instance.registeredResources, instance.otherResources),
    status,
    statusReason: instance.statusReason,
    agentConnected,
    runningTasksCount: instance.runningTasksCount,
    pendingTasksCount: instance.pendingTasksCount,
    agentUpdateStatus: instance.agentUpdateStatus,
    attributes: [...instance.agentAttributes, ...instance.customAttributes],
    capacityProviderName: instance.capacityProviderName,
    registeredAt: new Date(instance.registeredAt),
    attachments: instance.attachments.map((each) => ({ ...each, type: 'ElasticNetworkInterface' })),
  };
}

/** The four resources that every instance has, then its others, each with the value of its type (D-9.4, D-9.5). */
export function resourceShapes(
  { cpu, memoryMib, ports, udpPorts }: Resources,
  others: readonly OtherResource[],
) {
  const all: readonly OtherResource[] = [
    { name: 'CPU', type: 'INTEGER', value: cpu },
    { name: 'MEMORY', type: 'INTEGER', value: memoryMib },
    { name: 'PORTS', type: 'STRINGSET', value: ports.map(String) },
    { name: 'PORTS_UDP', type: 'STRINGSET', value: udpPorts.map(String) },
    ...others,
  ];
  return all.map(({ name, type, value }) => ({ name, type, value: { [valueMembers[type]]: value } }));
}

/** The member in which the value of a resource stands (D-9.5). */
export const valueMembers = {
  INTEGER: 'integerValue',
  DOUBLE: 'doubleValue',
  LONG: 'longValue',
  STRINGSET: 'stringSetValue',
} as const satisfies Readonly<Record<OtherResource['type'], string>>;

/** The API fills the members of the other types with zeros, events do not (D-1.10). */
const withZeros = (resources: Resources, others: readonly OtherResource[]) =>
  resourceShapes(resources, others).map(({ name, type, value }) => ({
    name,
    type,
    doubleValue: 0,
    longValue: 0,
    integerValue: 0,
    ...value,
  }));

const date = (time: number | undefined) => (time === undefined ? undefined : new Date(time));

/** Task as the API gives it, without its tags. */
export function taskShape(task: TaskRecord): Shape {
  const isGone = (task.lastStatus === 'STOPPED' && task.startedAt === undefined) || isWaiting(task);
  return {
    attachments: [],
    attributes: [{ name: 'ecs.cpu-architecture', value: 'x86_64' }],
    availabilityZone: task.availabilityZone || undefined,
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
    gpuIds: container.gpuIds.length > 0 ? container.gpuIds : undefined,
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
    // A platform is not among them: it is in runtimePlatform.
    requiresAttributes: definition.requiresAttributes.filter(({ value }) => value === undefined),
    registeredAt: new Date(definition.registeredAt),
    registeredBy: definition.registeredBy,
    deregisteredAt: date(definition.deregisteredAt),
    deleteRequestedAt: date(definition.deleteRequestedAt),
  };
}
