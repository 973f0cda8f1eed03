import { Fault } from '../../machine.ts';
import { clusterOf } from '../arn.ts';
import { invalid, texts } from '../input.ts';
import type { CapacityProvider } from '../providers.ts';
import type { Cluster } from '../records.ts';
import type { State } from '../state.ts';
import { notActive, readStrategy } from '../strategy.ts';
import { clusterShape } from './clusters.ts';
import type { Operations, Request } from './operation.ts';

/** How long ECS works on an association (milliseconds; D-10.16). */
const workMs = 5_000;

/** Which capacity providers a cluster has. */
export const clusterProviderOperations: Operations = {
  PutClusterCapacityProviders: {
    answer(request) {
      const { now, input, state } = request;
      const cluster = state.cluster(clusterOf(input));
      if (cluster.attachmentsStatus === 'UPDATE_IN_PROGRESS') throw busy();
      const changed: Cluster = {
        ...cluster,
        ...clusterProviders(request, cluster),
        attachmentsStatus: 'UPDATE_IN_PROGRESS',
      };
      const { clusterArn } = cluster;
      state.clusters.set(now, clusterArn, changed);
      state.after(now, workMs, (then) => {
        const current = state.clusters.get(clusterArn);
        if (current)
          state.clusters.set(then, clusterArn, { ...current, attachmentsStatus: 'UPDATE_COMPLETE' });
      });
      return { cluster: clusterShape(state, changed, now, ['ATTACHMENTS', 'SETTINGS', 'TAGS']) };
    },
  },
};

/** What a cluster answers while its providers change (D-4.18). */
export const busy = () =>
  new Fault(
    'UpdateInProgressException',
    'The specified cluster is in a busy state. Cluster attachments must be in UPDATE_COMPLETE or UPDATE_FAILED state before they can be updated.',
  );

/**
 * The providers and the default strategy that a call gives a cluster, in place of those it has: what is left out is
 * disassociated, unless a task uses it (D-4.13, D-4.16, D-4.17).
 */
export function clusterProviders(
  { input, state }: Request,
  cluster: Pick<Cluster, 'clusterArn' | 'capacityProviders'>,
): Required<Pick<Cluster, 'capacityProviders' | 'defaultCapacityProviderStrategy'>> {
  const { clusterArn } = cluster;
  const names = texts(input, 'capacityProviders').map((name) => state.provider(name)?.name ?? name);
  const given = [...new Set(names)];
  for (const name of given) checkAssociable(state, name, clusterArn);
  // What is left out here stays the cluster's own: it has no other (D-14.54).
  const managed = managedOf(state, clusterArn).filter((name) => !given.includes(name));
  const capacityProviders = [...given, ...managed];
  if (capacityProviders.length > state.quotas.providersPerCluster) throw tooMany();
  const removed = (cluster.capacityProviders ?? []).filter((name) => !capacityProviders.includes(name));
  const isUsed = state.tasks
    .values()
    .some(
      (task) =>
        task.clusterArn === clusterArn &&
        task.lastStatus !== 'STOPPED' &&
        removed.includes(task.capacityProviderName ?? ''),
    );
  if (isUsed)
    throw new Fault(
      'ResourceInUseException',
      'The specified capacity provider is in use and cannot be removed.',
    );
  const member = 'defaultCapacityProviderStrategy';
  return {
    capacityProviders,
    defaultCapacityProviderStrategy: readStrategy(state, input, member, capacityProviders),
  };
}

/** In AWS's words: https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1086 */
const tooMany = () => invalid('The maximum number of capacity providers per cluster has been exceeded.');

/** Throws where a cluster has as many providers as it may have, in AWS's words (D-14.56). */
export function checkProvidersMax(state: State, clusterArn: string): void {
  const own = state.clusters.get(clusterArn)?.capacityProviders ?? [];
  const all = new Set([...own, ...managedOf(state, clusterArn, ['PROVISIONING'])]);
  if (all.size >= state.quotas.providersPerCluster) throw tooMany();
}

/** Names of the providers of Managed Instances of a cluster. */
function managedOf(
  state: State,
  clusterArn: string,
  statuses: readonly CapacityProvider['status'][] = ['ACTIVE', 'DEPROVISIONING'],
): string[] {
  return state.providers
    .values()
    .filter(({ managed, status }) => managed?.clusterArn === clusterArn && statuses.includes(status))
    .map(({ name }) => name);
}

/** With managed scaling a provider belongs to one cluster at a time (D-4.13); a managed one always (D-14.52). */
function checkAssociable(state: State, name: string, clusterArn: string): void {
  const provider = state.provider(name);
  const isElsewhere = provider?.managed !== undefined && provider.managed.clusterArn !== clusterArn;
  if (provider?.managed && !state.switches.managedInstancesInPut)
    // The beginning is AWS's: https://github.com/hashicorp/terraform-provider-aws/issues/44783
    throw invalid(
      'Cannot associate Managed Instances capacity provider to clusters using this API. Managed Instances capacity providers are already in their cluster.',
    );
  if (provider && provider.status !== 'INACTIVE' && provider.status !== 'ACTIVE' && !isElsewhere)
    throw invalid(notActive(name));
  if (provider?.status !== 'ACTIVE' || isElsewhere)
    throw invalid(
      'The specified capacity provider was not found. Specify a valid capacity provider and try again.',
    );
  if (provider.updateStatus === 'DELETE_IN_PROGRESS')
    throw invalid(`capacityProviders: ${name} is being deleted.`);
  if (provider.group?.managedScaling.status !== 'ENABLED') return;
  const other = state.clusters
    .values()
    .find((each) => each.clusterArn !== clusterArn && (each.capacityProviders ?? []).includes(name));
  if (other)
    throw invalid(
      `capacityProviders: ${name} has managed scaling and is associated with the cluster ${other.clusterName} already.`,
    );
}
