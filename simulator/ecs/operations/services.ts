import { Fault } from '../../machine.ts';
import { clusterOf } from '../arn.ts';
import { ids, invalid, oneOf, refuse, requiredText, someOf, text } from '../input.ts';
import { launchTypes } from '../launch-types.ts';
import { page } from '../paging.ts';
import { partialFailures } from '../partial-failures.ts';
import type { Service } from '../service-records.ts';
import { serviceShape } from '../service-shapes.ts';
import { newService, unknownMembers } from './new-service.ts';
import type { Operations, Request } from './operation.ts';
import { taskSetSeen } from './task-sets.ts';
import { withUpdates } from './updated-service.ts';

/** D-5.14. */
const describesMax = 10;
const namePattern = /^[A-Za-z0-9_-]{1,255}$/;

/** The operations on services. */
export const serviceOperations: Operations = {
  CreateService: {
    answer(request) {
      const { input, state } = request;
      refuse('CreateService', input, unknownMembers);
      const { clusterArn } = state.cluster(clusterOf(input));
      const token = text(input, 'clientToken', /^[!-~]{1,36}$/);
      return state.tokens.once(
        token === undefined ? undefined : `${clusterArn} service ${token}`,
        input,
        () => create(request),
        invalid('Creation of service was not idempotent.'),
      );
    },
  },
  UpdateService: {
    answer(request) {
      const { now, input, state, scheduler } = request;
      refuse('UpdateService', input, unknownMembers);
      const service = activeService(request);
      const updated = withUpdates(request, service);
      state.putService(now, updated);
      if (updated.deployments[0]?.id !== service.deployments[0]?.id) scheduler.rollout.announce(now, updated);
      scheduler.touch(now, service.serviceArn);
      return { service: described(request, updated, now) };
    },
  },
  DescribeServices: {
    reads: 'services',
    answer(request) {
      const { input, state, viewAt } = request;
      const { clusterArn } = state.cluster(clusterOf(input));
      const given = ids(input, 'services', describesMax, 'service names');
      const named = [...new Set(given.map((id) => state.arns.service(clusterArn, id)))];
      const failed = partialFailures(request, named);
      const asked = named.filter((each) => !failed.some(({ arn }) => arn === each));
      const found = asked.flatMap((arn) => state.services.get(arn, viewAt) ?? []);
      const missing = asked.filter((arn) => state.services.get(arn, viewAt) === undefined);
      const wantsTags = someOf(input, 'include', ['TAGS']).includes('TAGS');
      return {
        services: found.map((service) => ({
          ...described(request, service, viewAt),
          ...(wantsTags && { tags: service.tags }),
        })),
        failures: [...failed, ...missing.map((arn) => ({ arn, reason: 'MISSING' }))],
      };
    },
  },
  ListServices: {
    reads: 'services',
    answer(request) {
      const { input, state, viewAt } = request;
      const { clusterArn } = state.cluster(clusterOf(input));
      const strategy = oneOf(input, 'schedulingStrategy', ['REPLICA', 'DAEMON']);
      const launchType = oneOf(input, 'launchType', launchTypes);
      const manager = oneOf(input, 'resourceManagementType', ['CUSTOMER', 'ECS']);
      const listed = state.services
        .values(viewAt)
        // DRAINING services are hidden (D-9.46).
        .filter((service) => service.clusterArn === clusterArn && service.status === 'ACTIVE')
        .filter((service) => strategy === undefined || service.schedulingStrategy === strategy)
        .filter((service) => launchType === undefined || shownLaunchType(service) === launchType)
        // What ECS itself manages is not simulated.
        .filter(() => manager !== 'ECS');
      const { entries, ...token } = page(
        request,
        listed.map(({ serviceArn, shortArn }) => shortArn ?? serviceArn),
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
export function serviceOf({ input, state }: Request): Service {
  const { clusterArn } = state.cluster(clusterOf(input));
  const service = state.services.get(state.arns.service(clusterArn, requiredText(input, 'service')));
  if (!service || service.status === 'INACTIVE')
    throw new Fault('ServiceNotFoundException', 'Service not found.');
  return service;
}

/** The service that a call names and that can be changed. Throws ServiceNotActiveException (D-6.6). */
export function activeService(request: Request): Service {
  const service = serviceOf(request);
  if (service.status !== 'ACTIVE') throw new Fault('ServiceNotActiveException', 'Service was not ACTIVE.');
  return service;
}

/** A service by strategy shows no launch type, and is listed under none (D-4.43). */
const shownLaunchType = ({ launchType, capacityProviderStrategy }: Service) =>
  capacityProviderStrategy.length > 0 ? undefined : launchType;

function create(request: Request): Record<string, unknown> {
  const { now, input, state, scheduler } = request;
  const cluster = state.cluster(clusterOf(input));
  const serviceName = requiredText(input, 'serviceName', namePattern);
  const serviceArn = state.arns.service(cluster.clusterArn, serviceName);
  const before = state.services.get(serviceArn);
  if (before && before.status !== 'INACTIVE')
    throw invalid(
      before.status === 'DRAINING'
        ? 'Unable to Start a service that is still Draining.'
        : 'Creation of service was not idempotent.',
    );
  if (state.servicesOf(cluster.clusterArn).length >= state.quotas.servicesPerCluster)
    throw invalid('The maximum number of services per cluster has been exceeded.');
  const isLong = state.settings.isOn(request.caller.principalArn, 'serviceLongArnFormat');
  const shortArn = isLong ? undefined : state.arns.shortService(serviceName);
  const service = newService(request, cluster, { serviceArn, shortArn, serviceName });
  // In AWS's words: https://developer.harness.io/docs/first-gen/continuous-delivery/aws-deployments/ecs-deployment/ecs-troubleshooting
  if (!isLong && service.tags.length > 0)
    throw invalid(
      'The new ARN and resource ID format must be enabled to add tags to the service. Opt in to the new format and try again.',
    );
  state.putService(now, service);
  scheduler.rollout.announce(now, service);
  scheduler.touch(now, serviceArn);
  return { service: described(request, service, now) };
}

function described({ state }: Request, service: Service, at: number): Record<string, unknown> {
  const tasks = state.tasksSeenOf(service.serviceArn, at);
  const taskSets = service.taskSets.map((taskSet) => taskSetSeen(state, service, taskSet, tasks, at));
  return serviceShape(service, tasks, taskSets);
}
