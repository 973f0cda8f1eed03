import { type Input, structure, structures, text } from './input.ts';
import type { Attribute, ContainerInstanceRecord } from './records.ts';

const capability = (name: string): Attribute => ({ name: `ecs.capability.${name}` });
const olderCapability = (name: string): Attribute => ({ name: `com.amazonaws.ecs.capability.${name}` });

/** Log drivers that every agent has. */
const usualLogDrivers = ['json-file', 'none'];

/**
 * What parameters of a definition ask of an instance, as far as agents differ in it: network interfaces of its own,
 * secrets, log drivers, a role, privileges, and a platform with its value (D-14.57).
 */
export function requiredAttributes(input: Input, networkMode: string): Attribute[] {
  const containers = structures(input, 'containerDefinitions');
  const needed = [
    ...(networkMode === 'awsvpc' ? [capability('task-eni')] : []),
    ...(text(input, 'taskRoleArn')
      ? [olderCapability(networkMode === 'host' ? 'task-iam-role-network-host' : 'task-iam-role')]
      : []),
    ...containers.flatMap(ofContainer),
    ...platformAttributes(input),
  ];
  return [...new Map(needed.map((attribute) => [attribute.name, attribute])).values()];
}

function ofContainer(container: Input): Attribute[] {
  const driver = text(structure(container.logConfiguration, 'logConfiguration'), 'logDriver');
  const secrets = structures(container, 'secrets').map(({ valueFrom }) =>
    String(valueFrom).includes(':secretsmanager:') ? 'asm' : 'ssm',
  );
  return [
    ...(driver === undefined || usualLogDrivers.includes(driver)
      ? []
      : [olderCapability(`logging-driver.${driver}`)]),
    ...secrets.map((from) => capability(`secrets.${from}.environment-variables`)),
    ...(container.privileged === true ? [olderCapability('privileged-container')] : []),
  ];
}

/** The platform that a definition names; undefined: any, as nobody said (D-14.57). */
function platformAttributes(input: Input): Attribute[] {
  const { cpuArchitecture, operatingSystemFamily } = structure(input.runtimePlatform, 'runtimePlatform');
  const system = operatingSystemFamily === 'LINUX' ? 'linux' : 'windows';
  return [
    ...(cpuArchitecture === undefined
      ? []
      : [{ name: 'ecs.cpu-architecture', value: String(cpuArchitecture).toLowerCase() }]),
    ...(operatingSystemFamily === undefined ? [] : [{ name: 'ecs.os-type', value: system }]),
  ];
}

/** Whether an instance has the attributes, with the values that are given. */
export function hasAttributes(
  { agentAttributes, customAttributes }: ContainerInstanceRecord,
  wanted: readonly Attribute[],
): boolean {
  return wanted.every(({ name, value }) =>
    [agentAttributes, customAttributes].some((own) =>
      own.some((each) => each.name === name && (value === undefined || each.value === value)),
    ),
  );
}
