import { type Input, invalid, refuse, structures, text, whole } from '../input.ts';
import { placementConstraints, placementStrategy } from '../placement.ts';
import { primaryOf } from '../pools.ts';
import type { StrategyItem, TaskDefinition } from '../records.ts';
import type { Deployment, Infrastructure, Service } from '../service-records.ts';
import { launchTypeOf, strategyFor } from '../strategy.ts';
import { definitionOf } from './definitions.ts';
import { checkCompatible, checkPlacement, networkOf, platformOf } from './infrastructure.ts';
import {
  checkExternal,
  clusterIn,
  graceOf,
  inertOf,
  loadBalancersOf,
  percents,
  registriesOf,
  settingsOf,
  withinQuota,
} from './new-service.ts';
import type { Request } from './operation.ts';
import { rebalancingAfter } from './rebalancing.ts';

const countMax = 2_147_483_647;

/** What a deployment decides, and UpdateService cannot change for the other controllers, in words (D-9.42). */
const deploymentMembers: Readonly<Record<string, string>> = {
  taskDefinition: 'task definition',
  loadBalancers: 'load balancers',
  serviceRegistries: 'service registries',
  networkConfiguration: 'network configuration',
  platformVersion: 'platform version',
  capacityProviderStrategy: 'capacity provider strategy',
};

/** The service as UpdateService leaves it (D-9.42, D-9.43). Throws on what its controller does not allow. */
export function withUpdates(request: Request, service: Service): Service {
  return rebalancingAfter(request.input, changed(request, service));
}

function changed(request: Request, service: Service): Service {
  const { input } = request;
  refuse('UpdateService', input, ['deploymentController']);
  const desiredCount = whole(input, 'desiredCount', 0, countMax);
  if (desiredCount !== undefined && service.schedulingStrategy === 'DAEMON')
    throw invalid('desiredCount: a DAEMON service takes none, it runs one task on each instance.');
  const after: Service = {
    ...service,
    desiredCount: withinQuota(request.state, desiredCount ?? service.desiredCount),
    ...percents(input, service.schedulingStrategy, service.deploymentController, service),
    placementConstraints:
      input.placementConstraints === undefined ? service.placementConstraints : placementConstraints(input),
    placementStrategy:
      input.placementStrategy === undefined ? service.placementStrategy : placementStrategy(input),
    ...settingsOf(input, service),
  };
  if (service.deploymentController === 'ECS') return deployed(request, after);
  checkController(input, service);
  const { loadBalancers, healthCheckGracePeriodSeconds } = service;
  return {
    ...after,
    healthCheckGracePeriodSeconds: graceOf(input, loadBalancers, healthCheckGracePeriodSeconds),
  };
}

function checkController(input: Input, { deploymentController: type }: Service): void {
  const remedy =
    type === 'CODE_DEPLOY'
      ? 'Use AWS CodeDeploy to trigger a new deployment.'
      : 'Create a new task set to change it.';
  if (input.forceNewDeployment === true)
    throw invalid(
      `Cannot force a new deployment on services with a ${type} deployment controller. ${remedy}`,
    );
  for (const [name, words] of Object.entries(deploymentMembers))
    if (input[name] !== undefined)
      throw invalid(`Unable to update ${words} on services with a ${type} deployment controller. ${remedy}`);
  if (type === 'EXTERNAL' && input.deploymentConfiguration !== undefined)
    throw invalid(
      `Unable to update deployment configuration on services with a ${type} deployment controller.`,
    );
}

/** Another definition, network, platform, load balancer or registry, or force, begin a new deployment (D-9.43). */
function deployed(request: Request, service: Service): Service {
  const { now, input, state, scheduler } = request;
  const primary = primaryOf(service);
  const given = text(input, 'taskDefinition');
  const definition = given === undefined ? primary.definition : definitionOf(state, given);
  const infrastructure = infrastructureAfter(request, service, definition);
  checkPlacement(infrastructure, definition, service.placementConstraints, service.placementStrategy);
  checkExternal(infrastructure, input);
  const loadBalancers =
    input.loadBalancers === undefined ? service.loadBalancers : loadBalancersOf(state, input, definition);
  const registries = input.serviceRegistries !== undefined;
  if (registries) registriesOf(input, definition.networkMode);
  const begins =
    input.forceNewDeployment === true ||
    definition.taskDefinitionArn !== primary.definition.taskDefinitionArn ||
    registries ||
    ['networkConfiguration', 'platformVersion', 'loadBalancers'].some((name) => input[name] !== undefined);
  const launch = { ...infrastructure, definition, loadBalancers };
  const replaced = service.deployments.map((deployment) => ({ ...deployment, status: 'ACTIVE' as const }));
  const [, ...older] = service.deployments;
  // Without a new deployment only new tasks follow another strategy (D-4.41, D-10.14).
  const followed: Deployment = { ...primary, ...infrastructure };
  return {
    ...service,
    ...infrastructure,
    loadBalancers,
    healthCheckGracePeriodSeconds: graceOf(input, loadBalancers, service.healthCheckGracePeriodSeconds),
    inert: { ...service.inert, ...inertOf(input, definition, loadBalancers) },
    deployments: begins ? [scheduler.rollout.begin(now, launch), ...replaced] : [followed, ...older],
    isSteady: service.isSteady && !begins,
  };
}

function infrastructureAfter(request: Request, service: Service, definition: TaskDefinition): Infrastructure {
  const { input, state } = request;
  const capacityProviderStrategy = strategyAfter(request, service);
  const launchType = launchTypeOf(state, capacityProviderStrategy) ?? service.launchType;
  checkCompatible(definition, launchType);
  if (launchType === 'FARGATE' && service.schedulingStrategy === 'DAEMON')
    throw invalid('capacityProviderStrategy: a DAEMON service cannot run on FARGATE.');
  const { platformVersion = undefined, ...others } = input;
  const asked = platformVersion ?? (launchType === 'FARGATE' ? service.platformVersion : undefined);
  const network = { networkConfiguration: service.networkConfiguration, ...others };
  return {
    launchType,
    capacityProviderStrategy,
    platformVersion: platformOf({ platformVersion: asked }, launchType),
    networkConfiguration: networkOf(network, definition.networkMode, launchType),
  };
}

/**
 * The strategy that UpdateService leaves. Another one needs a new deployment (D-13.1); an empty one means the launch type,
 * or, as until 2025, is refused (D-4.40, D-9.45): both are switches.
 */
function strategyAfter(request: Request, service: Service): readonly StrategyItem[] {
  const { input, state } = request;
  const { capacityProviderStrategy: before } = service;
  if (input.capacityProviderStrategy === undefined) return before;
  const isRemoved = structures(input, 'capacityProviderStrategy').length === 0;
  if (isRemoved && before.length > 0 && !state.switches.strategyCanBeRemoved)
    throw invalid('capacityProviderStrategy: a service that uses one cannot go back to none.');
  const after = isRemoved ? [] : strategyFor(state, clusterIn(request), input);
  const isOther = JSON.stringify(after) !== JSON.stringify(before);
  if (isOther && state.switches.strategyNeedsForce && input.forceNewDeployment !== true)
    throw invalid(
      'When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.',
    );
  return after;
}
