import { meetsConstraints, type Requirement } from './placement.ts';
import { primaryOf } from './pools.ts';
import type { ContainerInstanceRecord, TaskRecord } from './records.ts';
import type { Service } from './service-records.ts';
import type { State } from './state.ts';
import { zonesOfSubnets } from './subnets.ts';

/** Tasks of a service that are meant to run. */
export function wantedTasks(state: State, { serviceArn }: Pick<Service, 'serviceArn'>): TaskRecord[] {
  return state.tasksOf(serviceArn).filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
}

/** What the next task of a service needs of its instance. */
export function requirementOf(state: State, service: Service): Requirement {
  const siblings = new Map<string, number>();
  for (const { containerInstanceArn = '' } of wantedTasks(state, service))
    siblings.set(containerInstanceArn, (siblings.get(containerInstanceArn) ?? 0) + 1);
  const { definition, networkConfiguration } = primaryOf(service);
  const zones = zonesOfSubnets(state, networkConfiguration);
  return {
    definition,
    reservation: definition.reservation,
    constraints: service.placementConstraints,
    siblings,
    zones,
  };
}

/** ACTIVE instances that the constraints of a service admit, whatever room they have and runs there (D-9.37). */
export function placeableInstances(state: State, service: Service): ContainerInstanceRecord[] {
  const requirement = { ...requirementOf(state, service), siblings: new Map<string, number>() };
  const { launchType, capacityProviderStrategy } = primaryOf(service);
  const providers = capacityProviderStrategy.map((item) => item.capacityProvider);
  const isAsked = ({ capacityProviderName = '', hosting }: ContainerInstanceRecord) =>
    providers.length === 0 ? hosting === launchType : providers.includes(capacityProviderName);
  return state
    .instancesOf(service.clusterArn)
    .filter((each) => each.status === 'ACTIVE' && isAsked(each) && meetsConstraints(each, requirement));
}
