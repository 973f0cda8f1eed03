import { Fault } from '../../machine.ts';
import { clusterOf } from '../arn.ts';
import {
  type Input,
  ids,
  invalid,
  oneOf,
  page,
  refuse,
  requiredText,
  structure,
  structures,
  text,
  texts,
  whole,
} from '../input.ts';
import { placementConstraints, placementStrategy } from '../placement.ts';
import type { Service } from '../records.ts';
import { serviceShape } from '../shapes.ts';
import type { State } from '../state.ts';
import { tagsOf } from './clusters.ts';
import { definitionOf } from './definitions.ts';
import type { Operations, Request } from './operation.ts';

/** D-5.14. */
const describesMax = 10;
const countMax = 2_147_483_647;
const namePattern = /^[A-Za-z0-9_-]{1,255}$/;

/** What would change how tasks are placed or replaced and is not simulated. */
const unknownMembers = [
  'capacityProviderStrategy',
  'serviceRegistries',
  'serviceConnectConfiguration',
  'volumeConfigurations',
  'vpcLatticeConfigurations',
  'platformVersion',
];

/** The operations on services. */
export const serviceOperations: Operations = {
  CreateService: {
    answer(request) {
      const { now, input, state, scheduler } = request;
      refuse('CreateService', input, unknownMembers);
      oneOf(input, 'launchType', ['EC2']);
      const { clusterArn } = state.cluster(clusterOf(input));
      const serviceName = requiredText(input, 'serviceName', namePattern);
      const serviceArn = state.arns.service(clusterArn, serviceName);
      const before = state.services.get(serviceArn);
      if (before && before.status !== 'INACTIVE')
        throw invalid(
          before.status === 'DRAINING'
            ? 'Unable to Start a service that is still Draining.'
            : 'Creation of service was not idempotent.',
        );
      const service = { ...newService(request, clusterArn), serviceArn, serviceName };
      state.putService(now, service);
      scheduler.rollout.announce(now, service);
      scheduler.touch(now, serviceArn);
      return { service: described(request, service, now) };
    },
  },
  UpdateService: {
    answer(request) {
      const { now, input, state, scheduler } = request;
      refuse('UpdateService', input, [...unknownMembers, 'loadBalancers', 'deploymentController']);
      const service = serviceOf(request);
      if (service.status !== 'ACTIVE')
        throw new Fault('ServiceNotActiveException', 'Service was not ACTIVE.');
      const updated = withUpdates(request, service);
      state.putService(now, updated);
      if (updated.deployments[0] !== service.deployments[0]) scheduler.rollout.announce(now, updated);
      scheduler.touch(now, service.serviceArn);
      return { service: described(request, updated, now) };
    },
  },
  DescribeServices: {
    reads: 'services',
    answer(request) {
      const { input, state, viewAt } = request;
      const { clusterArn } = state.cluster(clusterOf(input));
      const asked = ids(input, 'services', describesMax, 'services').map((id) =>
        state.arns.service(clusterArn, id),
      );
      const found = asked.flatMap((arn) => state.services.get(arn, viewAt) ?? []);
      const missing = asked.filter((arn) => state.services.get(arn, viewAt) === undefined);
      const wantsTags = texts(input, 'include').includes('TAGS');
      return {
        services: found.map((service) => ({
          ...described(request, service, viewAt),
          ...(wantsTags && { tags: service.tags }),
        })),
        failures: missing.map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  },
  ListServices: {
    reads: 'services',
    answer({ input, state, viewAt }) {
      const { clusterArn } = state.cluster(clusterOf(input));
      const strategy = oneOf(input, 'schedulingStrategy', ['REPLICA', 'DAEMON']);
      const launchType = oneOf(input, 'launchType', ['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']);
      const listed = state.services
        .values(viewAt)
        // DRAINING services are hidden (D-9.46).
        .filter((service) => service.clusterArn === clusterArn && service.status === 'ACTIVE')
        .filter((service) => strategy === undefined || service.schedulingStrategy === strategy)
        .filter(() => launchType === undefined || launchType === 'EC2');
      const { entries, ...token } = page(
        input,
        listed.map(({ serviceArn }) => serviceArn),
        10,
      );
      return { serviceArns: entries, ...token };
    },
  },
  DeleteService: {
    answer(request) {
      const { now, input, state, scheduler } = request;
      const service = serviceOf(request);
      if (service.status !== 'ACTIVE') throw new Fault('ServiceNotFoundException', 'Service not found.');
      const isReplica = service.schedulingStrategy === 'REPLICA';
      const isScaled = service.desiredCount > 0 || state.tasksOf(service.serviceArn).length > 0;
      if (isReplica && isScaled && input.force !== true)
        throw invalid('The service cannot be stopped while it is scaled above 0.');
      const draining: Service = { ...service, status: 'DRAINING', desiredCount: 0 };
      state.putService(now, draining);
      scheduler.touch(now, service.serviceArn);
      return { service: described(request, draining, now) };
    },
  },
};

/** The service that a call names. Throws ServiceNotFoundException (D-6.7). */
function serviceOf({ input, state }: Request): Service {
  const { clusterArn } = state.cluster(clusterOf(input));
  const service = state.services.get(state.arns.service(clusterArn, requiredText(input, 'service')));
  if (!service || service.status === 'INACTIVE')
    throw new Fault('ServiceNotFoundException', 'Service not found.');
  return service;
}

function described({ state }: Request, service: Service, at: number): Record<string, unknown> {
  const tasks = state.tasks
    .values(at)
    .filter(({ serviceArn, lastStatus }) => serviceArn === service.serviceArn && lastStatus !== 'STOPPED');
  return serviceShape(service, tasks);
}

function newService({ now, input, state, scheduler, caller }: Request, clusterArn: string) {
  const schedulingStrategy = oneOf(input, 'schedulingStrategy', ['REPLICA', 'DAEMON']) ?? 'REPLICA';
  const isDaemon = schedulingStrategy === 'DAEMON';
  const definition = definitionOf(state, requiredText(input, 'taskDefinition'));
  const desiredCount = whole(input, 'desiredCount', 0, countMax);
  if (isDaemon && desiredCount !== undefined)
    throw invalid('desiredCount: a DAEMON service takes none, it runs one task on each instance.');
  if (!isDaemon && desiredCount === undefined)
    throw invalid('desiredCount cannot be blank for a REPLICA service.');
  const strategy = placementStrategy(input);
  if (isDaemon && strategy.length > 0) throw invalid('placementStrategy: a DAEMON service takes none.');
  checkController(input);
  const loadBalancers = loadBalancersOf(state, input);
  return {
    clusterArn,
    status: 'ACTIVE' as const,
    schedulingStrategy,
    desiredCount: desiredCount ?? 0,
    ...percents(input, schedulingStrategy, isDaemon ? usualDaemon : usualReplica),
    loadBalancers,
    healthCheckGracePeriodSeconds: graceOf(input, loadBalancers),
    networkConfiguration: networkOf(input, definition.networkMode),
    placementConstraints: placementConstraints(input),
    placementStrategy: strategy,
    tags: tagsOf(input),
    createdBy: caller.principalArn,
    createdAt: now,
    deployments: [scheduler.rollout.begin(now, definition)],
    events: [],
    isSteady: false,
  };
}

/** What UpdateService changes; another definition, another network or force begin a new deployment (D-9.43). */
function withUpdates({ now, input, state, scheduler }: Request, service: Service): Service {
  const [primary] = service.deployments;
  const given = text(input, 'taskDefinition');
  const definition = given === undefined ? primary?.definition : definitionOf(state, given);
  if (!definition) throw new Error(`${service.serviceArn} has no deployment`);
  const desiredCount = whole(input, 'desiredCount', 0, countMax);
  if (desiredCount !== undefined && service.schedulingStrategy === 'DAEMON')
    throw invalid('desiredCount: a DAEMON service takes none, it runs one task on each instance.');
  const begins =
    definition !== primary?.definition ||
    input.forceNewDeployment === true ||
    input.networkConfiguration !== undefined;
  const replaced = service.deployments.map((deployment) => ({ ...deployment, status: 'ACTIVE' as const }));
  return {
    ...service,
    desiredCount: desiredCount ?? service.desiredCount,
    ...percents(input, service.schedulingStrategy, service),
    deployments: begins ? [scheduler.rollout.begin(now, definition), ...replaced] : service.deployments,
    networkConfiguration: networkOf(
      { networkConfiguration: service.networkConfiguration, ...input },
      definition.networkMode,
    ),
    placementConstraints:
      input.placementConstraints === undefined ? service.placementConstraints : placementConstraints(input),
    placementStrategy:
      input.placementStrategy === undefined ? service.placementStrategy : placementStrategy(input),
    healthCheckGracePeriodSeconds: graceOf(
      input,
      service.loadBalancers,
      service.healthCheckGracePeriodSeconds,
    ),
    isSteady: service.isSteady && !begins,
  };
}

/** D-2.25. */
const usualReplica = { minimumHealthyPercent: 100, maximumPercent: 200 };
const usualDaemon = { minimumHealthyPercent: 0, maximumPercent: 100 };

function percents(
  input: Input,
  schedulingStrategy: Service['schedulingStrategy'],
  before: typeof usualReplica,
) {
  const configuration = structure(input.deploymentConfiguration, 'deploymentConfiguration');
  const breaker = structure(configuration.deploymentCircuitBreaker, 'deploymentCircuitBreaker');
  if (breaker.enable === true) refuse('deploymentConfiguration', configuration, ['deploymentCircuitBreaker']);
  refuse('deploymentConfiguration', configuration, ['alarms', 'lifecycleHooks', 'bakeTimeInMinutes']);
  oneOf(configuration, 'strategy', ['ROLLING']);
  const minimum = whole(configuration, 'minimumHealthyPercent', 0, 100) ?? before.minimumHealthyPercent;
  const maximum = whole(configuration, 'maximumPercent', 0, 1_000) ?? before.maximumPercent;
  if (schedulingStrategy === 'DAEMON' && maximum !== 100)
    throw invalid(`maximumPercent: a DAEMON service must have 100, got ${maximum}.`);
  if (maximum < minimum || maximum === 0)
    throw invalid(`maximumPercent: expected more than 0 and at least ${minimum}, got ${maximum}.`);
  return { minimumHealthyPercent: minimum, maximumPercent: maximum };
}

function checkController(input: Input): void {
  const { type = 'ECS' } = structure(input.deploymentController, 'deploymentController');
  if (type !== 'ECS') refuse('CreateService', input, ['deploymentController']);
}

function loadBalancersOf(state: State, input: Input): Service['loadBalancers'] {
  return structures(input, 'loadBalancers').map((loadBalancer) => {
    refuse('CreateService', loadBalancer, ['loadBalancerName', 'advancedConfiguration']);
    const targetGroupArn = requiredText(loadBalancer, 'targetGroupArn');
    if (!state.targetGroups.has(targetGroupArn))
      throw invalid(`The target group with targetGroupArn ${targetGroupArn} does not exist.`);
    return {
      targetGroupArn,
      containerName: requiredText(loadBalancer, 'containerName'),
      containerPort: whole(loadBalancer, 'containerPort', 0, 65_535) ?? 0,
    };
  });
}

/** D-9.40. */
function graceOf(
  input: Input,
  loadBalancers: Service['loadBalancers'],
  before = loadBalancers.length > 0 ? 0 : undefined,
): number | undefined {
  const seconds = whole(input, 'healthCheckGracePeriodSeconds', 0, countMax);
  if (seconds !== undefined && loadBalancers.length === 0)
    throw invalid('Health check grace period is only valid for services configured to use load balancers.');
  return seconds ?? before;
}

/** D-9.35: required for awsvpc, refused for the other modes. */
function networkOf(input: Input, networkMode: string): unknown {
  const isGiven = input.networkConfiguration !== undefined;
  if (isGiven && networkMode !== 'awsvpc')
    throw invalid(
      `Network Configuration is not valid for the given networkMode ${networkMode} of this task definition.`,
    );
  if (!isGiven && networkMode === 'awsvpc')
    throw invalid('Network Configuration must be provided when networkMode awsvpc is specified.');
  return input.networkConfiguration;
}
