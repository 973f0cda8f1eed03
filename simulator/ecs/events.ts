import type { ServiceEvent } from '../machine.ts';
import { lastSegment } from './arn.ts';
import { remainingOthers } from './gpus.ts';
import type { Misfit } from './placement.ts';
import { closest, type Refusal } from './placer.ts';
import type { ContainerInstanceRecord, OtherResource, Resources, TaskRecord } from './records.ts';
import type { Deployment, Service } from './service-records.ts';
import { containerInstanceShape, resourceShapes, taskShape } from './shapes.ts';

/** What is uncertain about AWS, to be tried both ways. */
export interface EcsSwitches {
  /** A change to DRAINING or ACTIVE through UpdateContainerInstancesState has an event: not documented, seen (D-11.1, D-1.12). */
  readonly eventOnStateChange: boolean;
  /** Events of container instances carry runningTasksCount and pendingTasksCount (D-1.11). */
  readonly countsInEvents: boolean;
  /** The instance has an event when a task whose desired status was STOPPED has stopped: no cause of D-1.10 names it. */
  readonly instanceEventWhenTaskStopped: boolean;
  /** DRAINING on DRAINING and ACTIVE on ACTIVE are errors instead of doing nothing (D-2.15c, D-11.4). */
  readonly errorOnSameState: boolean;
  /** The resources of a task come back when its stop is decided, and not when it is STOPPED: AWS does not say which. */
  readonly resourcesReturnWhenStopDecided: boolean;
  /** A protected task is not stopped while its instance drains: no page says so, none excludes it (D-2.36, D-11.2). */
  readonly protectionHoldsDraining: boolean;
  /** A protected task that fails its health check stays until its protection ends: no page says so, none excludes it (D-2.36). */
  readonly protectionHoldsUnhealthy: boolean;
  /** UpdateService refuses another strategy without forceNewDeployment (D-13.1); else only new tasks follow (D-4.41). */
  readonly strategyNeedsForce: boolean;
  /** An empty strategy brings a service back to its launch type, as from 2025; before it was refused (D-4.40, D-9.45). */
  readonly strategyCanBeRemoved: boolean;
  /** An interrupted task of Fargate Spot has the stop code SpotInterruption; else TerminationNotice (D-7.8, D-11.8). */
  readonly spotInterruptionCode: boolean;
  /** The containers of a task end when its instance is deregistered by force; else they run on without ECS (D-11.3, D-9.20). */
  readonly forcedDeregistrationEndsContainers: boolean;
  /** The base of a strategy item without weight is honoured; else such an item gets no task (D-11.9, D-4.35). */
  readonly baseNeedsNoWeight: boolean;
  /** Managed scaling scales in by its smallest step at least, as in 2019; else that holds for scaling out alone (D-11.10). */
  readonly minimumStepHoldsScaleIn: boolean;
  /** The circuit breaker bounds its share by 10 from below, as until 2023; else by 3 (D-11.12). */
  readonly breakerMinimumIsTen: boolean;
  /** UpdateContainerInstancesState takes Managed Instances like any other: AWS documents no refusal (D-4.46). */
  readonly managedInstancesCanBeDrained: boolean;
  /** PutClusterCapacityProviders takes the cluster's own providers of Managed Instances; in 2025 it refused them (D-14.54). */
  readonly managedInstancesInPut: boolean;
}

/** The more likely side of every switch. */
export const usualSwitches: EcsSwitches = {
  eventOnStateChange: true,
  countsInEvents: true,
  instanceEventWhenTaskStopped: false,
  errorOnSameState: false,
  resourcesReturnWhenStopDecided: false,
  protectionHoldsDraining: false,
  protectionHoldsUnhealthy: false,
  strategyNeedsForce: true,
  strategyCanBeRemoved: true,
  spotInterruptionCode: true,
  forcedDeregistrationEndsContainers: false,
  baseNeedsNoWeight: true,
  minimumStepHoldsScaleIn: false,
  breakerMinimumIsTen: false,
  managedInstancesCanBeDrained: true,
  managedInstancesInPut: true,
};

/** `ECS Container Instance State Change` (D-1.10, D-1.11): resources carry only the value of their type. */
export function containerInstanceEvent(
  instance: ContainerInstanceRecord,
  { countsInEvents }: EcsSwitches,
): ServiceEvent {
  const shape = containerInstanceShape(instance);
  if (!countsInEvents) {
    delete shape.runningTasksCount;
    delete shape.pendingTasksCount;
  }
  const detail = {
    ...shape,
    clusterArn: instance.clusterArn,
    registeredResources: valuesOnly(instance.registeredResources, instance.otherResources),
    remainingResources: valuesOnly(instance.remainingResources, remainingOthers(instance)),
    updatedAt: new Date(instance.updatedAt),
  };
  return event('ECS Container Instance State Change', instance.containerInstanceArn, detail);
}

/** `ECS Task State Change` (D-1.14 to D-1.16). */
export function taskEvent(task: TaskRecord): ServiceEvent {
  const detail = { ...taskShape(task), updatedAt: new Date(task.updatedAt) };
  return event('ECS Task State Change', task.taskArn, detail);
}

/** `ECS Service Action` (D-1.17): no version. */
export function serviceAction(
  now: number,
  service: Service,
  eventType: 'INFO' | 'WARN' | 'ERROR',
  eventName: string,
  more: Readonly<Record<string, unknown>> = {},
): ServiceEvent {
  const { clusterArn } = service;
  const detail = { eventType, eventName, clusterArn, createdAt: new Date(now), ...more };
  return event('ECS Service Action', service.shortArn ?? service.serviceArn, detail);
}

/** `ECS Deployment State Change` (D-1.20): no clusterArn in it; a rollback is told by its reason alone. */
export function deploymentEvent(now: number, service: Service, deployment: Deployment): ServiceEvent {
  const { id, rolloutState } = deployment;
  return event('ECS Deployment State Change', service.shortArn ?? service.serviceArn, {
    eventType: rolloutState === 'FAILED' ? 'ERROR' : 'INFO',
    eventName: `SERVICE_DEPLOYMENT_${rolloutState}`,
    deploymentId: id,
    updatedAt: new Date(now),
    // The documented sample has one task where the API has several.
    reason: rolloutReason(deployment).replace('tasks failed to start', 'task failed to start'),
  });
}

/** Why a deployment is in its state, as DescribeServices words it. */
export function rolloutReason({ id, rolloutState, rolloutReason: reason }: Deployment): string {
  return reason ?? `ECS deployment ${id} ${rolloutState === 'COMPLETED' ? 'completed' : 'in progress'}.`;
}

/** Who speaks: a service, or one of its task sets. */
export type Speaker = Pick<Service, 'serviceName'> & { readonly taskSetId?: string | undefined };

const speaks = ({ serviceName, taskSetId }: Speaker) =>
  taskSetId === undefined ? `(service ${serviceName})` : `(service ${serviceName}, taskSet ${taskSetId})`;

/** A message of the service's own list, as ECS words them. */
export const messages = {
  started: (speaker: Speaker, taskArns: readonly string[]) =>
    `${speaks(speaker)} has started ${taskArns.length} tasks: ${named(taskArns)}.`,
  stopped: (speaker: Speaker, taskArns: readonly string[]) =>
    `${speaks(speaker)} has stopped ${taskArns.length} running tasks: ${named(taskArns)}.`,
  stoppedPending: (speaker: Speaker, taskArns: readonly string[]) =>
    `${speaks(speaker)} stopped ${taskArns.length} pending tasks.`,
  steady: (service: Speaker) => `${speaks(service)} has reached a steady state.`,
  impaired: (service: Speaker) => `${speaks(service)} is unable to consistently start tasks successfully.`,
  throttled: (service: Speaker) => `${speaks(service)} operations are being throttled. Will try again later.`,
  misconfigured: (service: Speaker, reason: string) =>
    `${speaks(service)} failed to launch a task with (error ${reason}).`,
  registered: (service: Speaker, targetGroupArn: string, count: number) =>
    `${speaks(service)} registered ${count} targets in (target-group ${targetGroupArn})`,
  deregistered: (service: Speaker, targetGroupArn: string, count: number) =>
    `${speaks(service)} deregistered ${count} targets in (target-group ${targetGroupArn})`,
  drainingConnections: ({ serviceName }: Speaker, taskSetId: string, count: number) =>
    `${speaks({ serviceName, taskSetId })} has begun draining connections on ${count} tasks.`,
  unhealthy: (service: Speaker, taskArn: string, target: { arn: string; port: number } | undefined) =>
    `${speaks(service)} ${named([taskArn])} ${
      target
        ? `(port ${target.port}) is unhealthy in (target-group ${target.arn}) due to (reason Health checks failed)`
        : 'failed container health checks.'
    }`,
  unplaced: (service: Speaker, { capacityProvider, reason, misfits }: Refusal) => {
    const words = `${speaks(service)} was unable to place a task`;
    if (reason === 'RESOURCE:FARGATE')
      return `${words}. Reason: Capacity is unavailable at this time. Please try again later or in a different availability zone.`;
    const misfit = closest(misfits);
    const whose = capacityProvider === undefined ? 'cluster' : 'capacity provider';
    const why = misfit
      ? `The closest matching ${misfitWords(misfit)}`
      : `Reason: No Container Instances were found in your ${whose}.`;
    return `${words} because no container instance met all of its requirements. ${why}`;
  },
  uneven: (service: Speaker, zones: string) =>
    `${speaks(service)} is not AZ balanced with ${zones}. AZ Rebalancing in progress.`,
  even: (service: Speaker, zones: string) => `${speaks(service)} is AZ balanced with ${zones}.`,
  movedTo: (service: Speaker, zone: string, taskArns: readonly string[]) =>
    `${speaks(service)} has started ${taskArns.length} tasks in ${zone} to AZ Rebalance: ${named(taskArns)}.`,
  movedFrom: (service: Speaker, zone: string, taskArns: readonly string[]) =>
    `${speaks(service)} has stopped ${taskArns.length} running tasks in ${zone} due to AZ rebalancing: ${named(taskArns)}.`,
  unplacedIn: (service: Speaker, launchType: string, zone: string) => {
    const words = `${speaks(service)} is unable to place a task in ${zone}`;
    const why = ' because no container instance met all of its requirements';
    return `${words}${launchType === 'FARGATE' ? '' : why}.`;
  },
  unevenByProtection: (service: Speaker, taskSetId: string, count: number) =>
    `${speaks(service)} was unable to AZ Rebalance because (taskSet ${taskSetId}) was unable to scale in due to (reason ${count} tasks under protection).`,
  stoppedRebalancing: (service: Speaker) => `${speaks(service)} stopped AZ Rebalancing.`,
  held: (service: Speaker) =>
    `${speaks(service)} was unable to scale in to desired count because number of protected tasks is more than the desired count of tasks.`,
  deployed: (service: Speaker, deploymentId: string) =>
    `${speaks(service)} (deployment ${deploymentId}) deployment completed.`,
  deploymentFailed: (service: Speaker, deploymentId: string) =>
    `${speaks(service)} (deployment ${deploymentId}) deployment failed: tasks failed to start.`,
  rollingBack: (service: Speaker, deploymentId: string) =>
    `${speaks(service)} rolling back to deployment ${deploymentId}.`,
};

function misfitWords({ instance, reason }: { instance: ContainerInstanceRecord; reason: Misfit }): string {
  const name = `(container-instance ${lastSegment(instance.containerInstanceArn)})`;
  switch (reason) {
    case 'RESOURCE:CPU':
      return `${name} has insufficient CPU units available.`;
    case 'RESOURCE:MEMORY':
      return `${name} has insufficient memory available.`;
    case 'RESOURCE:PORTS':
      return `${name} is already using a port required by your task.`;
    case 'ATTRIBUTE':
      return `${name} is missing an attribute required by your task.`;
    case 'RESOURCE:GPU':
      return `${name} has insufficient GPU resource available.`;
    case 'AGENT':
    case 'LOCATION':
    case 'RESOURCE:ENI':
    case 'MemberOf placement constraint unsatisfied.':
    case 'DistinctInstance placement constraint unsatisfied.':
      return `${name} encountered error "${reason}".`;
  }
}

const named = (taskArns: readonly string[]) =>
  taskArns.map((taskArn) => `(task ${lastSegment(taskArn)})`).join(' ');

function event(detailType: string, arn: string, detail: Record<string, unknown>): ServiceEvent {
  return { source: 'aws.ecs', detailType, resources: [arn], detail: structureWithDates(detail) };
}

/** Times are ISO strings in events, numbers on the API's wire (D-1.15); members without a value are left out. */
function withDates(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(withDates);
  if (typeof value === 'object' && value !== null) return structureWithDates(value);
  return value;
}

function structureWithDates(value: object): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  // Attributes hold no time, and there are many of them.
  for (const [name, member] of Object.entries(value))
    if (member !== undefined) found[name] = name === 'attributes' ? member : withDates(member);
  return found;
}

const valuesOnly = (resources: Resources, others: readonly OtherResource[]) =>
  resourceShapes(resources, others).map(({ name, type, value }) => ({ name, type, ...value }));
