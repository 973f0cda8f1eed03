import { Fault } from '../../machine.ts';
import { clusterOf } from '../arn.ts';
import { type Input, invalid, oneOf, requiredText, someOf, structure, text, texts, whole } from '../input.ts';
import { managedProvider } from '../managed-provider.ts';
import { page } from '../paging.ts';
import {
  type CapacityProvider,
  fargateProviders,
  type GroupProvider,
  isScaled,
  type ManagedProvider,
  type ManagedScaling,
} from '../providers.ts';
import type { Cluster } from '../records.ts';
import { providerShape } from '../service-shapes.ts';
import type { State } from '../state.ts';
import { notActive } from '../strategy.ts';
import { tagsOf } from '../tags.ts';
import { checkProvidersMax } from './cluster-providers.ts';
import type { Operations, Request } from './operation.ts';

/** D-4.10. */
const describesMax = 100;
const pageMax = 10;
/** Letters, digits, underscores and hyphens, up to 255; `aws`, `ecs` and `fargate` are ECS's own (D-4.1). */
const namePattern = /^(?!aws|ecs|fargate)[A-Za-z0-9_-]{1,255}$/i;
/** How long ECS works on a provider (milliseconds; our choice). */
const workMs = 5_000;
/** An INACTIVE provider stays describable so long (our choice; D-4.11). */
const forgottenAfterMs = 3_600_000;

/** The operations on capacity providers. */
export const providerOperations: Operations = {
  CreateCapacityProvider: {
    answer({ now, input, state, scaling, draining, managed }) {
      const name = requiredText(input, 'name');
      if (!namePattern.test(name))
        throw invalid(
          `name: expected up to 255 letters, digits, - and _, not beginning with aws, ecs or fargate, got "${name}".`,
        );
      const capacityProviderArn = state.arns.capacityProvider(name);
      if ((state.provider(name)?.status ?? 'INACTIVE') !== 'INACTIVE')
        throw clientError(
          'The specified capacity provider already exists. To change the configuration of an existing capacity provider, update the capacity provider.',
        );
      const tags = tagsOf(input);
      const given = { capacityProviderArn, name, tags };
      if (input.managedInstancesProvider !== undefined)
        return newManaged({ now, input, state, managed }, given);
      if (input.cluster !== undefined)
        throw invalid('cluster: only a provider of Managed Instances belongs to one.');
      const group = newGroup(state, structure(input.autoScalingGroupProvider, 'autoScalingGroupProvider'));
      const provider: CapacityProvider = { ...given, type: 'EC2_AUTOSCALING', status: 'ACTIVE', group };
      state.providers.set(now, capacityProviderArn, provider);
      scaling.tag(group);
      draining.set(group);
      scaling.begin(now, capacityProviderArn);
      return { capacityProvider: { ...providerShape(provider), tags } };
    },
  },
  DescribeCapacityProviders: {
    reads: 'capacity-providers',
    answer(request) {
      const { input, state, viewAt } = request;
      const given = texts(input, 'capacityProviders');
      if (given.length > describesMax)
        throw invalid(`capacityProviders can have at most ${describesMax} items.`);
      const inCluster = input.cluster === undefined ? undefined : state.cluster(clusterOf(input), viewAt);
      const isAsked = ({ name, managed }: CapacityProvider) =>
        inCluster === undefined ||
        managed?.clusterArn === inCluster.clusterArn ||
        (inCluster.capacityProviders ?? []).includes(name);
      const asked = [...new Set(given.map((name) => state.arns.capacityProvider(name)))];
      const all = state.providers.values(viewAt).map(({ capacityProviderArn }) => capacityProviderArn);
      const arns = (given.length > 0 ? asked : all).filter((arn) => {
        const provider = state.providers.get(arn, viewAt);
        return provider !== undefined && isAsked(provider);
      });
      const { entries, ...token } = page(request, arns, { usualSize: pageMax, sizeMax: pageMax });
      const wantsTags = someOf(input, 'include', ['TAGS']).includes('TAGS');
      const found = entries.flatMap((arn) => state.providers.get(arn, viewAt) ?? []);
      return {
        capacityProviders: found.map((provider) => ({
          ...providerShape(provider),
          ...(wantsTags && { tags: provider.tags }),
        })),
        failures: asked.filter((arn) => !arns.includes(arn)).map((arn) => ({ arn, reason: 'MISSING' })),
        ...token,
      };
    },
  },
  UpdateCapacityProvider: {
    answer({ now, input, state, scaling, draining }) {
      const provider = ownProvider(state, requiredText(input, 'name'), 'updated');
      const { group, managed, updateStatus } = provider;
      if (updateStatus === 'DELETE_IN_PROGRESS')
        throw clientError('The specified capacity provider is being deleted.');
      if (managed) {
        checkCluster(state, input, managed);
        return update(state, now, {
          ...provider,
          managed: managedProvider(managed.clusterArn, input, managed),
        });
      }
      if (!group || input.autoScalingGroupProvider === undefined)
        throw invalid('autoScalingGroupProvider can not be blank.');
      const changes = structure(input.autoScalingGroupProvider, 'autoScalingGroupProvider');
      const changed = { ...provider, group: withSettings(state, changes, group) };
      if (!isScaled(provider)) scaling.tag(changed.group);
      draining.set(changed.group, group);
      return update(state, now, changed);
    },
  },
  DeleteCapacityProvider: {
    answer({ now, input, state, managed }) {
      const provider = ownProvider(state, requiredText(input, 'capacityProvider'), 'deleted');
      if (provider.managed) checkCluster(state, input, provider.managed);
      if (provider.updateStatus === 'DELETE_IN_PROGRESS')
        throw new Fault('UpdateInProgressException', 'The capacity provider is being deleted already.');
      const updateStatusReason = whyKept(state, provider);
      const updateStatus = updateStatusReason === undefined ? 'DELETE_IN_PROGRESS' : 'DELETE_FAILED';
      const changed: CapacityProvider = { ...provider, updateStatus, updateStatusReason };
      if (provider.managed && updateStatus === 'DELETE_IN_PROGRESS') {
        managed.end(now, changed);
        return { capacityProvider: providerShape({ ...changed, status: 'DEPROVISIONING' }) };
      }
      put(state, now, changed);
      settle(state, now, provider, 'DELETE_IN_PROGRESS', {
        status: 'INACTIVE',
        updateStatus: 'DELETE_COMPLETE',
      });
      return { capacityProvider: providerShape(changed) };
    },
  },
};

/** A provider of Managed Instances, which has a cluster from the beginning and no Auto Scaling group (D-4.45, D-14.52). */
function newManaged(
  { now, input, state, managed }: Pick<Request, 'now' | 'input' | 'state' | 'managed'>,
  named: Pick<CapacityProvider, 'capacityProviderArn' | 'name' | 'tags'>,
): Record<string, unknown> {
  if (input.autoScalingGroupProvider !== undefined)
    throw invalid('autoScalingGroupProvider: not possible together with managedInstancesProvider.');
  const { clusterArn } = state.cluster(requiredText(input, 'cluster'));
  const settings = managedProvider(clusterArn, input);
  const status = { status: 'PROVISIONING', updateStatus: 'CREATE_IN_PROGRESS' } as const;
  const provider: CapacityProvider = { ...named, type: 'MANAGED_INSTANCES', ...status, managed: settings };
  checkProvidersMax(state, clusterArn);
  put(state, now, provider);
  managed.begin(now, provider, settings);
  return { capacityProvider: { ...providerShape(provider), tags: named.tags } };
}

/** A provider of Managed Instances is changed and deleted in its own cluster alone (D-14.52). */
function checkCluster(state: State, input: Input, { clusterArn }: ManagedProvider): void {
  const given = text(input, 'cluster');
  if (given === undefined || state.cluster(given).clusterArn === clusterArn) return;
  throw invalid(`cluster: the capacity provider belongs to ${clusterArn}, got "${given}".`);
}

/** A changed provider, for a while with its update in progress; it can be used meanwhile (D-4.9). */
function update(state: State, now: number, changed: CapacityProvider): Record<string, unknown> {
  const updating: CapacityProvider = { ...changed, updateStatus: 'UPDATE_IN_PROGRESS' };
  put(state, now, updating);
  settle(state, now, changed, 'UPDATE_IN_PROGRESS', { updateStatus: 'UPDATE_COMPLETE' });
  return { capacityProvider: providerShape(updating) };
}

/** A provider of the account's own. Throws on those of Fargate, which nobody can change (D-4.2), and on unknown ones. */
function ownProvider(state: State, nameOrArn: string, what: string): CapacityProvider {
  const provider = state.provider(nameOrArn);
  if (fargateProviders.some((name) => name === provider?.name))
    throw invalid(`The capacity provider ${provider?.name} is reserved and can not be ${what}.`);
  if (provider?.status === 'ACTIVE' || provider?.status === 'DEPROVISIONING') return provider;
  if (provider?.status === 'PROVISIONING') throw invalid(notActive(provider.name));
  throw invalid(
    'The specified capacity provider was not found. Specify a valid capacity provider and try again.',
  );
}

/** Why a provider cannot be deleted: a cluster or a service has it (D-4.11). */
function whyKept(state: State, { name, managed }: CapacityProvider): string | undefined {
  const namesIt = (each: Cluster) =>
    managed
      ? each.defaultCapacityProviderStrategy?.some(({ capacityProvider }) => capacityProvider === name)
      : each.capacityProviders?.includes(name);
  const cluster = state.clusters.values().find(namesIt);
  if (cluster)
    return `The capacity provider cannot be deleted because it is associated with cluster: ${cluster.clusterName}. Remove the capacity provider from the cluster and try again.`;
  const service = state.services
    .values()
    .find(
      ({ status, capacityProviderStrategy }) =>
        status !== 'INACTIVE' && capacityProviderStrategy.some((item) => item.capacityProvider === name),
    );
  return (
    service &&
    `The capacity provider cannot be deleted because it is in the strategy of the service ${service.serviceName}.`
  );
}

/** After a while what was in progress is done. */
function settle(
  state: State,
  now: number,
  { capacityProviderArn: arn }: CapacityProvider,
  whileStatus: CapacityProvider['updateStatus'],
  done: Partial<CapacityProvider>,
): void {
  state.after(now, workMs, (then) => {
    const current = state.providers.get(arn);
    if (!current || current.updateStatus !== whileStatus) return;
    put(state, then, { ...current, ...done });
    if (done.status !== 'INACTIVE') return;
    state.routinely(then, forgottenAfterMs, (later) => {
      if (state.providers.get(arn)?.status === 'INACTIVE') state.providers.delete(later, arn);
    });
  });
}

function put(state: State, now: number, provider: CapacityProvider): void {
  state.providers.set(now, provider.capacityProviderArn, provider);
}

/** D-4.3, D-4.4, D-4.14, D-4.21. */
function newGroup(state: State, input: Input): GroupProvider {
  const named = requiredText(input, 'autoScalingGroupArn');
  const group = state.group(named);
  if (!group) throw clientError(`autoScalingGroupArn: there is no Auto Scaling group "${named}".`);
  if (state.providerOfGroup(group.arn))
    throw clientError(
      'The specified Auto Scaling group ARN is already being used by another capacity provider. Specify a unique Auto Scaling group ARN and try again.',
    );
  return withSettings(state, input, {
    autoScalingGroupArn: group.arn,
    managedScaling: usualScaling,
    managedTerminationProtection: 'DISABLED',
    managedDraining: 'ENABLED',
  });
}

const usualScaling: ManagedScaling = {
  status: 'DISABLED',
  targetCapacity: 100,
  minimumScalingStepSize: 1,
  maximumScalingStepSize: 10_000,
  instanceWarmupPeriod: 300,
};

function withSettings(state: State, input: Input, before: GroupProvider): GroupProvider {
  const given = structure(input.managedScaling, 'managedScaling');
  const scaling = before.managedScaling;
  const switched = (name: string) => oneOf(input, name, ['ENABLED', 'DISABLED']);
  const { autoScalingGroupArn } = before;
  const managedTerminationProtection =
    switched('managedTerminationProtection') ?? before.managedTerminationProtection;
  // D-4.6.
  if (managedTerminationProtection === 'ENABLED' && !state.group(autoScalingGroupArn)?.isProtectedFromScaleIn)
    throw clientError(
      'The managed termination protection setting for the capacity provider is invalid. To enable managed termination protection for a capacity provider, the Auto Scaling group must have instance protection from scale in enabled.',
    );
  const managedScaling: ManagedScaling = {
    status: oneOf(given, 'status', ['ENABLED', 'DISABLED']) ?? scaling.status,
    targetCapacity: whole(given, 'targetCapacity', 1, 100) ?? scaling.targetCapacity,
    minimumScalingStepSize:
      whole(given, 'minimumScalingStepSize', 1, 10_000) ?? scaling.minimumScalingStepSize,
    maximumScalingStepSize:
      whole(given, 'maximumScalingStepSize', 1, 10_000) ?? scaling.maximumScalingStepSize,
    instanceWarmupPeriod: whole(given, 'instanceWarmupPeriod', 0, 10_000) ?? scaling.instanceWarmupPeriod,
  };
  if (managedScaling.minimumScalingStepSize > managedScaling.maximumScalingStepSize)
    throw invalid(
      `minimumScalingStepSize: expected at most maximumScalingStepSize, ${managedScaling.maximumScalingStepSize}, got ${managedScaling.minimumScalingStepSize}.`,
    );
  const managedDraining = switched('managedDraining') ?? before.managedDraining;
  return { autoScalingGroupArn, managedScaling, managedTerminationProtection, managedDraining };
}

const clientError = (message: string) => new Fault('ClientException', message);
