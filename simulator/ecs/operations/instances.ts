import { clusterOf } from '../arn.ts';
import { ids, invalid, oneOf, requiredText, someOf, text } from '../input.ts';
import { isThere } from '../instances.ts';
import { pageOf } from '../paging.ts';
import { partialFailures } from '../partial-failures.ts';
import { matches } from '../placement.ts';
import { compileQuery } from '../query.ts';
import type { ContainerInstanceRecord } from '../records.ts';
import { containerInstanceShape } from '../shapes.ts';
import type { Operations, Request } from './operation.ts';

const statuses = ['ACTIVE', 'DRAINING', 'REGISTERING', 'DEREGISTERING', 'REGISTRATION_FAILED'] as const;

/** D-5.14. */
const describesMax = 100;
const updatesMax = 10;

/** The operations on container instances. */
export const instanceOperations: Operations = {
  ListContainerInstances: {
    reads: 'container-instances',
    answer(request) {
      const { input, state } = request;
      const { clusterArn } = state.cluster(clusterOf(input));
      const status = oneOf(input, 'status', statuses);
      const filter = text(input, 'filter');
      const query = filter ? compileQuery(filter) : undefined;
      // Without a status: everything but INACTIVE (D-2.9).
      const isAsked = (instance: ContainerInstanceRecord) =>
        instance.clusterArn === clusterArn &&
        (status ? instance.status === status : instance.status !== 'INACTIVE') &&
        (query === undefined || matches(instance, query));
      const { entries, ...token } = pageOf(request, (after) => arnsAfter(request, after, isAsked), {
        usualSize: 100,
      });
      return { containerInstanceArns: entries, ...token };
    },
  },
  DescribeContainerInstances: {
    reads: 'container-instances',
    answer(request) {
      const { found, missing } = look(
        request,
        ids(request.input, 'containerInstances', describesMax),
        request.viewAt,
      );
      const include = someOf(request.input, 'include', ['TAGS', 'CONTAINER_INSTANCE_HEALTH']);
      return {
        containerInstances: found.map((instance) => ({
          ...containerInstanceShape(instance),
          ...(include.includes('TAGS') && { tags: instance.tags }),
          ...(include.includes('CONTAINER_INSTANCE_HEALTH') && {
            healthStatus: healthOf(instance, request.viewAt),
          }),
        })),
        failures: missing,
      };
    },
  },
  UpdateContainerInstancesState: {
    answer(request) {
      const { now, input, state, instances } = request;
      const { found, missing } = look(request, ids(input, 'containerInstances', updatesMax));
      const status = requiredText(input, 'status');
      if (status !== 'ACTIVE' && status !== 'DRAINING')
        throw invalid('Container instance status should be one of [ACTIVE, DRAINING]');
      for (const instance of found) mayBecome(request, instance, status);
      for (const { containerInstanceArn } of found) instances.setState(now, containerInstanceArn, status);
      const changed = found.map(({ containerInstanceArn }) => state.instance(containerInstanceArn));
      return { containerInstances: changed.map(containerInstanceShape), failures: missing };
    },
  },
  DeregisterContainerInstance: {
    answer(request) {
      const { now, input, state, instances, managed } = request;
      const { found } = look(request, [requiredText(input, 'containerInstance')]);
      const [instance] = found;
      if (!instance || !isThere(instance)) throw invalid('Container instance not found.');
      instances.deregister(now, instance.containerInstanceArn, input.force === true);
      // Of Managed Instances the machine goes as well (D-14.55).
      if (instance.hosting === 'MANAGED_INSTANCES') managed.terminate(instance);
      return { containerInstance: containerInstanceShape(state.instance(instance.containerInstanceArn)) };
    },
  },
};

function* arnsAfter(
  { state, viewAt }: Request,
  after: string,
  isAsked: (instance: ContainerInstanceRecord) => boolean,
): Generator<string> {
  for (const arn of state.instances.keysAfter(after)) {
    const instance = state.instances.get(arn, viewAt);
    if (instance && isAsked(instance)) yield arn;
  }
}

/** The instances of the call's cluster that the ids or ARNs name; what is not there is a failure (D-6.10, D-9.60). */
function look(request: Request, idsOrArns: readonly string[], at?: number) {
  const { input, state } = request;
  const { clusterArn } = state.cluster(clusterOf(input));
  const named = [...new Set(idsOrArns.map((id) => state.arns.containerInstance(clusterArn, id)))];
  const failed = partialFailures(request, named);
  const asked = named.filter((named) => !failed.some(({ arn }) => arn === named));
  const found = asked.flatMap((arn) => state.instanceIn(clusterArn, arn, at) ?? []);
  const missing = asked.filter((arn) => state.instanceIn(clusterArn, arn, at) === undefined);
  return { found, missing: [...failed, ...missing.map((arn) => ({ arn, reason: 'MISSING' }))] };
}

/** The one place that says how a change is refused: the whole call fails (D-2.13, D-2.15c, D-11.4, D-11.11). */
function mayBecome(
  { state }: Request,
  instance: ContainerInstanceRecord,
  status: 'ACTIVE' | 'DRAINING',
): void {
  const { containerInstanceArn: arn, status: before, hosting } = instance;
  if (hosting === 'MANAGED_INSTANCES' && !state.switches.managedInstancesCanBeDrained)
    throw invalid(`The container instance ${arn} is one of Managed Instances and cannot become ${status}.`);
  if (before !== 'ACTIVE' && before !== 'DRAINING')
    throw invalid(`The container instance ${arn} is ${before} and cannot become ${status}.`);
  if (before === status && state.switches.errorOnSameState)
    throw invalid(`The container instance ${arn} is already ${status}.`);
}

/** As far as ECS sees: the container runtime behind a connected agent is as that says, behind another one unknown (D-9.9). */
function healthOf({ agentConnected, connectionAt, runtime }: ContainerInstanceRecord, at: number) {
  const status = agentConnected ? runtime.status : 'INSUFFICIENT_DATA';
  const detail = {
    type: 'CONTAINER_RUNTIME',
    status,
    lastUpdated: new Date(at),
    lastStatusChange: new Date(agentConnected ? Math.max(connectionAt, runtime.since) : connectionAt),
  };
  return { overallStatus: status, details: [detail] };
}
