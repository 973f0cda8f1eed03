import { clusterOf } from '../arn.ts';
import { breakerOf, noBreaker } from '../breaker.ts';
import {
  flag,
  type Input,
  invalid,
  oneOf,
  refuse,
  requiredText,
  structure,
  structures,
  text,
  whole,
} from '../input.ts';
import { placementConstraints, placementStrategy } from '../placement.ts';
import type { Cluster, TaskDefinition } from '../records.ts';
import type { LoadBalancer, Service } from '../service-records.ts';
import type { State } from '../state.ts';
import { tagsOf } from '../tags.ts';
import { definitionOf } from './definitions.ts';
import { checkPlacement, infrastructureOf } from './infrastructure.ts';
import type { Request } from './operation.ts';
import { newRebalancing } from './rebalancing.ts';

const countMax = 2_147_483_647;

/** What would change how tasks are placed or replaced and is not simulated. */
export const unknownMembers = [
  'serviceConnectConfiguration',
  'volumeConfigurations',
  'vpcLatticeConfigurations',
];

/** What a service with the EXTERNAL controller leaves to its task sets (D-9.49). */
const taskSetMembers = [
  'taskDefinition',
  'loadBalancers',
  'serviceRegistries',
  'launchType',
  'capacityProviderStrategy',
  'platformVersion',
  'networkConfiguration',
];

type Controller = Service['deploymentController'];

/** The service that CreateService asks for, checked (D-9.36 to D-9.40, D-9.49). */
export function newService(
  request: Request,
  cluster: Cluster,
  named: Pick<Service, 'serviceArn' | 'shortArn' | 'serviceName'>,
): Service {
  const { now, input, state, caller } = request;
  const schedulingStrategy = oneOf(input, 'schedulingStrategy', ['REPLICA', 'DAEMON']) ?? 'REPLICA';
  const controller = controllerOf(input, schedulingStrategy);
  const strategy = placementStrategy(input);
  if (schedulingStrategy === 'DAEMON' && strategy.length > 0)
    throw invalid('placementStrategy: a DAEMON service takes none.');
  const usual = schedulingStrategy === 'DAEMON' ? usualDaemon : usualReplica;
  const wanted: Omit<Service, 'availabilityZoneRebalancing'> = {
    ...named,
    ...inClusterAlone,
    clusterArn: cluster.clusterArn,
    schedulingStrategy,
    deploymentController: controller,
    desiredCount: withinQuota(state, desiredCountOf(input, schedulingStrategy, controller)),
    ...percents(input, schedulingStrategy, controller, usual),
    placementConstraints: placementConstraints(input),
    placementStrategy: strategy,
    tags: tagsOf(input),
    ...settingsOf(input, taskTagsOff),
    createdBy: caller.principalArn,
    createdAt: now,
  };
  if (controller === 'EXTERNAL') {
    const service: Service = {
      ...wanted,
      availabilityZoneRebalancing: newRebalancing(input, wanted, undefined),
    };
    const given = taskSetMembers.find((name) => isGiven(input[name]));
    if (given) throw invalid(`${given}: with the EXTERNAL deployment controller it belongs to a task set.`);
    return { ...service, healthCheckGracePeriodSeconds: graceOf(input, undefined) };
  }
  const definition = definitionOf(state, requiredText(input, 'taskDefinition'));
  return launched(request, cluster, wanted, definition);
}

/** With its first deployment; with CodeDeploy's controller, with its first task set (D-9.38). */
function launched(
  request: Request,
  cluster: Cluster,
  service: Omit<Service, 'availabilityZoneRebalancing'>,
  definition: TaskDefinition,
): Service {
  const { now, input, state, scheduler } = request;
  const infrastructure = infrastructureOf(state, cluster, input, definition);
  if (service.schedulingStrategy === 'DAEMON' && infrastructure.launchType === 'FARGATE')
    throw invalid('schedulingStrategy: DAEMON is not possible on FARGATE.');
  checkPlacement(infrastructure, definition, service.placementConstraints, service.placementStrategy);
  const loadBalancers = loadBalancersOf(state, input, definition);
  if (service.deploymentController === 'CODE_DEPLOY' && loadBalancers.length === 0)
    throw invalid('loadBalancers: the CODE_DEPLOY deployment controller needs one.');
  checkExternal(infrastructure, input);
  const launch = { ...infrastructure, definition, loadBalancers };
  const complete: Service = {
    ...service,
    ...infrastructure,
    availabilityZoneRebalancing: newRebalancing(input, { ...service, ...infrastructure }, definition),
    loadBalancers,
    healthCheckGracePeriodSeconds: graceOf(input, loadBalancers),
    inert: { ...service.inert, ...inertOf(input, definition, loadBalancers) },
  };
  const { rollout } = scheduler;
  if (service.deploymentController === 'ECS')
    return { ...complete, deployments: [rollout.begin(now, launch)] };
  const startedBy = 'CODE_DEPLOY';
  return { ...complete, taskSets: [rollout.beginTaskSet(now, service.serviceArn, launch, { startedBy })] };
}

/** What is outside of AWS has neither load balancers nor service discovery (D-14.50). */
export function checkExternal({ launchType }: Pick<Service, 'launchType'>, input: Input): void {
  const given = ['loadBalancers', 'serviceRegistries'].find((name) => isGiven(input[name]));
  if (launchType === 'EXTERNAL' && given) throw invalid(`${given}: not supported with EXTERNAL.`);
}

/** What every new service begins with. */
const inClusterAlone = {
  status: 'ACTIVE',
  launchType: 'EC2',
  capacityProviderStrategy: [],
  platformVersion: undefined,
  networkConfiguration: undefined,
  loadBalancers: [],
  healthCheckGracePeriodSeconds: undefined,
  deployments: [],
  taskSets: [],
  events: [],
  inert: {},
  isSteady: false,
} satisfies Partial<Service>;

const taskTagsOff = {
  propagateTags: 'NONE',
  enableECSManagedTags: false,
  enableExecuteCommand: false,
} as const;

/** DAEMON needs the ECS controller (D-9.37). */
function controllerOf(input: Input, schedulingStrategy: Service['schedulingStrategy']): Controller {
  const given = structure(input.deploymentController, 'deploymentController');
  const controller = oneOf(given, 'type', ['ECS', 'CODE_DEPLOY', 'EXTERNAL']) ?? 'ECS';
  if (schedulingStrategy === 'DAEMON' && controller !== 'ECS')
    throw invalid(`schedulingStrategy: ${controller} needs REPLICA, got DAEMON.`);
  return controller;
}

function desiredCountOf(
  input: Input,
  schedulingStrategy: Service['schedulingStrategy'],
  controller: Controller,
): number {
  const desiredCount = whole(input, 'desiredCount', 0, countMax);
  if (schedulingStrategy === 'DAEMON' && desiredCount !== undefined)
    throw invalid('desiredCount: a DAEMON service takes none, it runs one task on each instance.');
  const isNeeded = schedulingStrategy === 'REPLICA' && controller !== 'EXTERNAL';
  if (isNeeded && desiredCount === undefined)
    throw invalid('desiredCount cannot be blank for a REPLICA service.');
  return desiredCount ?? 0;
}

/** In AWS's words (D-14.60): https://github.com/aws/containers-roadmap/issues/768 */
export function withinQuota({ quotas }: State, desiredCount: number): number {
  if (desiredCount <= quotas.tasksPerService) return desiredCount;
  throw invalid('Desired count exceeds limit.');
}

/** D-2.25. */
const usualReplica = { minimumHealthyPercent: 100, maximumPercent: 200, breaker: noBreaker };
const usualDaemon = { minimumHealthyPercent: 0, maximumPercent: 100, breaker: noBreaker };

/** The percentages and circuit breaker of a service; with a controller other than ECS they cannot be chosen (D-2.25, D-2.26). */
export function percents(
  input: Input,
  schedulingStrategy: Service['schedulingStrategy'],
  controller: Controller,
  before: typeof usualReplica,
) {
  const configuration = structure(input.deploymentConfiguration, 'deploymentConfiguration');
  const breaker = breakerOf(configuration, before.breaker);
  if (breaker.enable && controller !== 'ECS')
    throw invalid(`deploymentCircuitBreaker: with ${controller} there is none, only with ECS.`);
  refuse('deploymentConfiguration', configuration, ['alarms', 'lifecycleHooks', 'bakeTimeInMinutes']);
  oneOf(configuration, 'strategy', ['ROLLING']);
  const minimum = whole(configuration, 'minimumHealthyPercent', 0, 100) ?? before.minimumHealthyPercent;
  const maximum = whole(configuration, 'maximumPercent', 0, 1_000) ?? before.maximumPercent;
  if (schedulingStrategy === 'DAEMON' && maximum !== 100)
    throw invalid(`maximumPercent: a DAEMON service must have 100, got ${maximum}.`);
  if (maximum < minimum || maximum === 0)
    throw invalid(`maximumPercent: expected more than 0 and at least ${minimum}, got ${maximum}.`);
  const isChosen = minimum !== before.minimumHealthyPercent || maximum !== before.maximumPercent;
  if (controller !== 'ECS' && isChosen)
    throw invalid(`deploymentConfiguration: with ${controller} the percentages are 100 and 200.`);
  return { minimumHealthyPercent: minimum, maximumPercent: maximum, breaker };
}

/** The load balancers of a service or task set: target groups only, before containers that the definition has. */
export function loadBalancersOf(state: State, input: Input, definition: TaskDefinition): LoadBalancer[] {
  const given = structures(input, 'loadBalancers');
  const { targetGroupsPerService } = state.quotas;
  if (given.length > targetGroupsPerService)
    throw invalid(`loadBalancers can have at most ${targetGroupsPerService} items.`);
  return given.map((loadBalancer) => {
    refuse('loadBalancers', loadBalancer, ['loadBalancerName', 'advancedConfiguration']);
    const targetGroupArn = requiredText(loadBalancer, 'targetGroupArn');
    if (!state.targetGroups.has(targetGroupArn))
      throw invalid(`The target group with targetGroupArn ${targetGroupArn} does not exist.`);
    const containerName = requiredText(loadBalancer, 'containerName');
    // In AWS's words: https://github.com/aws/amazon-ecs-agent/issues/1276
    if (!definition.behaviour.exitCodes.has(containerName))
      throw invalid(`The container ${containerName} does not exist in the task definition.`);
    const containerPort = whole(loadBalancer, 'containerPort', 0, 65_535) ?? 0;
    // In AWS's words: https://github.com/pulumi/pulumi-aws/issues/3095
    if (!hasPort(definition, containerName, containerPort))
      throw invalid(`The container ${containerName} did not have a container port ${containerPort} defined.`);
    return { targetGroupArn, containerName, containerPort };
  });
}

/** Whether a container of the definition maps the port (D-14.59). */
function hasPort({ input }: TaskDefinition, containerName: string, containerPort: number): boolean {
  const container = structures(input, 'containerDefinitions').find(({ name }) => name === containerName);
  const mappings = structures(container ?? {}, 'portMappings');
  return mappings.some((mapping) => mapping.containerPort === containerPort);
}

/** D-9.40. `loadBalancers` undefined: whether there are some is not known yet. */
export function graceOf(
  input: Input,
  loadBalancers: readonly LoadBalancer[] | undefined,
  before = loadBalancers && loadBalancers.length > 0 ? 0 : undefined,
): number | undefined {
  const seconds = whole(input, 'healthCheckGracePeriodSeconds', 0, countMax);
  if (seconds !== undefined && loadBalancers?.length === 0)
    throw invalid('Health check grace period is only valid for services configured to use load balancers.');
  return seconds ?? before;
}

/** What a service passes on to its tasks (D-9.48, D-9.71). */
export function settingsOf(
  input: Input,
  before: Pick<Service, 'propagateTags' | 'enableECSManagedTags' | 'enableExecuteCommand'>,
) {
  return {
    propagateTags:
      oneOf(input, 'propagateTags', ['TASK_DEFINITION', 'SERVICE', 'NONE']) ?? before.propagateTags,
    enableECSManagedTags: flag(input, 'enableECSManagedTags') ?? before.enableECSManagedTags,
    enableExecuteCommand: flag(input, 'enableExecuteCommand') ?? before.enableExecuteCommand,
  };
}

/** A role and registries are checked and shown; nothing acts on them (D-9.39, D-9.47). */
export function inertOf(
  input: Input,
  { networkMode }: TaskDefinition,
  loadBalancers: readonly LoadBalancer[],
): Record<string, unknown> {
  const role = text(input, 'role');
  if (role !== undefined && (loadBalancers.length === 0 || networkMode === 'awsvpc'))
    throw invalid('role: only with a load balancer, and not with networkMode awsvpc.');
  const registries = registriesOf(input, networkMode);
  return {
    ...(role !== undefined && { roleArn: role }),
    ...(isGiven(input.serviceRegistries) && { serviceRegistries: registries }),
  };
}

/** A container and its port, for awsvpc alternatively a port (D-9.47). */
export function registriesOf(input: Input, networkMode: string): Input[] {
  return structures(input, 'serviceRegistries').map((registry) => {
    requiredText(registry, 'registryArn');
    const port = whole(registry, 'port', 0, 65_535);
    const containerPort = whole(registry, 'containerPort', 0, 65_535);
    const hasContainer = text(registry, 'containerName') !== undefined;
    if (hasContainer !== (containerPort !== undefined))
      throw invalid('serviceRegistries: containerName and containerPort are only possible together.');
    if (hasContainer && port !== undefined)
      throw invalid('serviceRegistries: expected either a container with its port or a port, got both.');
    if (networkMode !== 'awsvpc' && !hasContainer)
      throw invalid(`serviceRegistries: ${networkMode} needs containerName and containerPort.`);
    return registry;
  });
}

/** Given, and not an empty list. */
export const isGiven = (value: unknown) =>
  value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);

/** The cluster of a call. */
export const clusterIn = ({ state, input }: Request) => state.cluster(clusterOf(input));
