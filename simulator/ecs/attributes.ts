import { externalAttribute } from './launch-types.ts';
import type { Attribute } from './records.ts';

/** What agents can do wherever they are (D-14.57). */
const usualCapabilities: readonly Attribute[] = [
  { name: 'ecs.capability.secrets.asm.environment-variables' },
  { name: 'ecs.capability.secrets.ssm.environment-variables' },
  { name: 'com.amazonaws.ecs.capability.logging-driver.awslogs' },
  { name: 'com.amazonaws.ecs.capability.privileged-container' },
  { name: 'com.amazonaws.ecs.capability.task-iam-role' },
  { name: 'com.amazonaws.ecs.capability.task-iam-role-network-host' },
];

/** Attributes that an instance has by its registration: those its agent names, or the usual ones of Amazon Linux (D-9.7). */
export function attributesOf({
  availabilityZone,
  instanceType,
  attributes,
  ec2InstanceId,
}: {
  readonly ec2InstanceId: string;
  readonly availabilityZone: string;
  readonly instanceType: string;
  readonly attributes?: readonly Attribute[];
}): Attribute[] {
  if (isExternalId(ec2InstanceId)) return externalAttributes(attributes);
  const own = [
    { name: 'ecs.availability-zone', value: availabilityZone },
    { name: 'ecs.instance-type', value: instanceType },
    { name: 'ecs.ami-id', value: 'ami-0fedcba9876543210' },
  ];
  const known = (name: string) => attributes?.some((attribute) => attribute.name === name) ?? false;
  if (attributes) return [...attributes, ...own.filter(({ name }) => !known(name))];
  return [
    ...usualCapabilities,
    { name: 'ecs.capability.task-eni' },
    ...own,
    { name: 'ecs.os-type', value: 'linux' },
    { name: 'ecs.cpu-architecture', value: 'x86_64' },
    { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.44' },
  ];
}

/** The id of a machine outside of EC2 is that of Systems Manager (D-9.1). */
export const isExternalId = (instanceId: string): boolean => instanceId.startsWith('mi-');

const usualExternal: readonly Attribute[] = [
  ...usualCapabilities,
  { name: 'ecs.os-type', value: 'linux' },
  { name: 'ecs.cpu-architecture', value: 'x86_64' },
  { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.44' },
];

/** No zone, no instance type, no image: EC2 knows nothing of the machine (D-14.50, D-14.51). */
function externalAttributes(attributes: readonly Attribute[] = usualExternal): Attribute[] {
  const others = attributes.filter(({ name }) => name !== externalAttribute);
  return [...others, { name: externalAttribute }];
}
