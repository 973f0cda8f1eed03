import type { CapacityProvider } from './providers.ts';
import type { Attribute } from './records.ts';

/** What tasks run on. */
export const launchTypes = ['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES'] as const;

/** A launch type, or that of the providers of a strategy (D-4.45). */
export type LaunchType = (typeof launchTypes)[number];

/** The launch type whose tasks a container instance takes: it takes no others. */
export type Hosting = Exclude<LaunchType, 'FARGATE'>;

/** By this attribute ECS knows a machine that is none of EC2 (D-14.50). */
export const externalAttribute = 'ecs.capability.external';

/** The launch type of tasks whose strategy names the provider. */
export function launchTypeBy({ type }: Pick<CapacityProvider, 'type'>): Exclude<LaunchType, 'EXTERNAL'> {
  if (type === 'EC2_AUTOSCALING') return 'EC2';
  return type === 'MANAGED_INSTANCES' ? type : 'FARGATE';
}

/** Which tasks an instance takes, by its attributes and its provider (D-4.46, D-14.50). */
export function hostingOf(attributes: readonly Attribute[], provider: CapacityProvider | undefined): Hosting {
  if (attributes.some(({ name }) => name === externalAttribute)) return 'EXTERNAL';
  return provider?.type === 'MANAGED_INSTANCES' ? 'MANAGED_INSTANCES' : 'EC2';
}
