import type { Attribute } from './records.ts';

/** Attributes that an instance has by its registration: those its agent names, or the usual ones of Amazon Linux (D-9.7). */
export function attributesOf({
  availabilityZone,
  instanceType,
  attributes,
}: {
  readonly availabilityZone: string;
  readonly instanceType: string;
  readonly attributes?: readonly Attribute[];
}): Attribute[] {
  const own = [
    { name: 'ecs.availability-zone', value: availabilityZone },
    { name: 'ecs.instance-type', value: instanceType },
    { name: 'ecs.ami-id', value: 'ami-0fedcba9876543210' },
  ];
  const known = (name: string) => attributes?.some((attribute) => attribute.name === name) ?? false;
  if (attributes) return [...attributes, ...own.filter(({ name }) => !known(name))];
  return [
    { name: 'ecs.capability.secrets.asm.environment-variables' },
    { name: 'ecs.capability.task-eni' },
    ...own,
    { name: 'ecs.os-type', value: 'linux' },
    { name: 'ecs.cpu-architecture', value: 'x86_64' },
    { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.44' },
  ];
}
