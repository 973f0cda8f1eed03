import { breakerShape } from './breaker.ts';
import { rolloutReason } from './events.ts';
import { computedDesiredCount } from './pools.ts';
import type { CapacityProvider } from './providers.ts';
import type { TaskRecord } from './records.ts';
import type { Deployment, Infrastructure, Service, TaskSet } from './service-records.ts';

type Shape = Record<string, unknown>;

/** Service as the API gives it, counted from `tasks`, the service's tasks that are not STOPPED. No tags. */
export function serviceShape(
  service: Service,
  tasks: readonly TaskRecord[],
  taskSets: readonly Shape[],
): Shape {
  const isEcs = service.deploymentController === 'ECS';
  const launch = service.deployments[0] ?? service.taskSets.find(({ status }) => status === 'PRIMARY');
  return {
    serviceArn: service.shortArn ?? service.serviceArn,
    serviceName: service.serviceName,
    clusterArn: service.clusterArn,
    loadBalancers: service.loadBalancers,
    serviceRegistries: [],
    status: service.status,
    desiredCount: service.desiredCount,
    ...countsOf(tasks),
    ...infrastructureShape(service),
    taskDefinition: launch?.definition.taskDefinitionArn,
    deploymentConfiguration: {
      maximumPercent: service.maximumPercent,
      minimumHealthyPercent: service.minimumHealthyPercent,
      ...(isEcs && { deploymentCircuitBreaker: breakerShape(service.breaker) }),
    },
    // With the ECS controller the other two are left out, with another one there are no deployments (D-9.38).
    ...(isEcs ? {} : { deploymentController: { type: service.deploymentController }, taskSets }),
    deployments: service.deployments.flatMap((deployment) =>
      deploymentShapes(deployment, service.desiredCount, tasks),
    ),
    events: service.events.map(({ id, createdAt, message }) => ({
      id,
      createdAt: new Date(createdAt),
      message,
    })),
    createdAt: new Date(service.createdAt),
    placementConstraints: service.placementConstraints,
    placementStrategy: service.placementStrategy,
    healthCheckGracePeriodSeconds: service.healthCheckGracePeriodSeconds,
    schedulingStrategy: service.schedulingStrategy,
    createdBy: service.createdBy,
    enableECSManagedTags: service.enableECSManagedTags,
    propagateTags: service.propagateTags,
    enableExecuteCommand: service.enableExecuteCommand,
    availabilityZoneRebalancing: service.availabilityZoneRebalancing,
    ...service.inert,
  };
}

/**
 * A deployment that is being replaced wants no more than the tasks it still has, and is INACTIVE, which is not shown any
 * more, when the last of them has stopped (D-9.41).
 */
function deploymentShapes(deployment: Deployment, desiredCount: number, tasks: readonly TaskRecord[]) {
  const own = tasks.filter(({ startedBy }) => startedBy === deployment.id);
  const isPrimary = deployment.status === 'PRIMARY';
  if (!isPrimary && own.length === 0) return [];
  const live = own.filter(({ desiredStatus }) => desiredStatus === 'RUNNING').length;
  const shape = {
    id: deployment.id,
    status: deployment.status,
    taskDefinition: deployment.definition.taskDefinitionArn,
    desiredCount: isPrimary ? desiredCount : live,
    ...countsOf(own),
    failedTasks: deployment.failedTasks,
    createdAt: new Date(deployment.createdAt),
    updatedAt: new Date(deployment.updatedAt),
    ...infrastructureShape(deployment),
    rolloutState: deployment.rolloutState,
    rolloutStateReason: rolloutReason(deployment),
  };
  return [shape];
}

/** TaskSet as the API gives it at a time, counted from `tasks`, those of the set that are not STOPPED. No tags. */
export function taskSetShape(
  service: Service,
  taskSet: TaskSet,
  seen: { readonly at: number; readonly tasks: readonly TaskRecord[]; readonly isSteady: boolean },
): Shape {
  return {
    id: taskSet.id,
    taskSetArn: taskSet.taskSetArn,
    serviceArn: service.shortArn ?? service.serviceArn,
    clusterArn: service.clusterArn,
    startedBy: taskSet.startedBy,
    externalId: taskSet.externalId,
    status: taskSet.status,
    taskDefinition: taskSet.definition.taskDefinitionArn,
    computedDesiredCount: computedDesiredCount(service, taskSet),
    ...countsOf(seen.tasks),
    createdAt: new Date(taskSet.createdAt),
    updatedAt: new Date(taskSet.updatedAt),
    ...infrastructureShape(taskSet),
    loadBalancers: taskSet.loadBalancers,
    serviceRegistries: taskSet.serviceRegistries,
    scale: { value: taskSet.scalePercent, unit: 'PERCENT' },
    stabilityStatus: seen.isSteady ? 'STEADY_STATE' : 'STABILIZING',
    stabilityStatusAt: new Date(seen.at),
  };
}

/** Either the launch type or the strategy is shown (D-4.43). */
function infrastructureShape(infrastructure: Infrastructure): Shape {
  const { launchType, capacityProviderStrategy, platformVersion, networkConfiguration } = infrastructure;
  return {
    ...(capacityProviderStrategy.length > 0 ? { capacityProviderStrategy } : { launchType }),
    ...(launchType === 'FARGATE' && { platformVersion, platformFamily: 'Linux' }),
    networkConfiguration,
  };
}

/** CapacityProvider as the API gives it, without its tags. */
export function providerShape(provider: CapacityProvider): Shape {
  return {
    capacityProviderArn: provider.capacityProviderArn,
    name: provider.name,
    type: provider.type,
    status: provider.status,
    cluster: provider.managed?.clusterArn.split('/').at(-1),
    autoScalingGroupProvider: provider.group,
    managedInstancesProvider: provider.managed?.given,
    updateStatus: provider.updateStatus,
    updateStatusReason: provider.updateStatusReason,
  };
}

const countsOf = (tasks: readonly TaskRecord[]) => ({
  runningCount: tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING').length,
  pendingCount: tasks.filter(({ lastStatus }) => lastStatus === 'PENDING').length,
});
