import { Fault } from '../../machine.ts';
import { clusterNamed, clusterOf } from '../arn.ts';
import { attachmentsOf } from '../attached.ts';
import { closeCluster, openCluster } from '../clusters.ts';
import { type Input, invalid, oneOf, requiredText, someOf, structures, text, texts } from '../input.ts';
import type { LaunchType } from '../launch-types.ts';
import { pageOf } from '../paging.ts';
import type { Cluster, TaskRecord } from '../records.ts';
import type { Service } from '../service-records.ts';
import type { State } from '../state.ts';
import { tagsOf } from '../tags.ts';
import { busy, clusterProviders } from './cluster-providers.ts';
import { configurationOf, namespaceOf } from './configuration.ts';
import type { Operations, Request } from './operation.ts';

/** D-5.14. */
const describesMax = 100;
const fields = ['ATTACHMENTS', 'CONFIGURATIONS', 'SETTINGS', 'STATISTICS', 'TAGS'] as const;
type Field = (typeof fields)[number];

/** The operations on clusters (D-9.21 to D-9.26). */
export const clusterOperations: Operations = {
  CreateCluster: {
    answer(request) {
      const { now, input, state, caller } = request;
      const clusterName = text(input, 'clusterName', /^[A-Za-z0-9_-]{1,255}$/) ?? 'default';
      const providers = clusterProviders(request, { clusterArn: state.arns.cluster(clusterName) });
      const given = { tags: tagsOf(input), ...providers, ...changesOf(request) };
      const cluster = openCluster(state, now, clusterName, caller.principalArn, given);
      return { cluster: clusterShape(state, cluster, now, ['CONFIGURATIONS', 'SETTINGS', 'TAGS']) };
    },
  },
  DescribeClusters: {
    reads: 'clusters',
    answer({ input, state, viewAt }) {
      const given = texts(input, 'clusters');
      if (given.length > describesMax) throw invalid(`clusters can have at most ${describesMax} items.`);
      const include = someOf(input, 'include', fields);
      const names = (given.length === 0 ? ['default'] : given).map(clusterNamed);
      const asked = [...new Set(names.map((name) => state.arns.cluster(name)))];
      const found = asked.flatMap((arn) => state.clusters.get(arn, viewAt) ?? []);
      const missing = asked.filter((arn) => state.clusters.get(arn, viewAt) === undefined);
      return {
        clusters: found.map((cluster) => clusterShape(state, cluster, viewAt, include)),
        failures: missing.map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  },
  ListClusters: {
    reads: 'clusters',
    answer(request) {
      const { state, viewAt } = request;
      const { entries, ...token } = pageOf(request, (after) => activeAfter(state, after, viewAt), {
        usualSize: 100,
      });
      return { clusterArns: entries, ...token };
    },
  },
  UpdateCluster: {
    answer: (request) => update(request, changesOf(request)),
  },
  UpdateClusterSettings: {
    answer(request) {
      const changes = changesOf(request);
      if (!changes.settings) throw invalid('settings cannot be empty.');
      return update(request, changes);
    },
  },
  DeleteCluster: {
    answer({ now, input, state }) {
      requiredText(input, 'cluster');
      const cluster = state.cluster(clusterOf(input));
      mayBeDeleted(state, cluster);
      return { cluster: clusterShape(state, closeCluster(state, now, cluster), now, []) };
    },
  },
};

function* activeAfter(state: State, after: string, at: number): Generator<string> {
  for (const arn of state.clusters.keysAfter(after))
    if (state.clusters.get(arn, at)?.status === 'ACTIVE') yield arn;
}

function update(request: Request, changes: Partial<Cluster>): Record<string, unknown> {
  const { now, input, state } = request;
  requiredText(input, 'cluster');
  const cluster: Cluster = { ...state.cluster(clusterOf(input)), ...changes };
  state.clusters.set(now, cluster.clusterArn, cluster);
  return { cluster: clusterShape(state, cluster, now, ['CONFIGURATIONS', 'SETTINGS', 'TAGS']) };
}

/** What a call changes of a cluster: settings that are given override the account's (D-9.22). */
function changesOf({ input, state }: Request): Partial<Cluster> {
  const configuration = configurationOf(input);
  const namespaceArn = namespaceOf(state, input);
  const settings = settingsOf(input);
  return {
    ...(settings.length > 0 && { settings }),
    ...(configuration && { configuration }),
    ...(namespaceArn !== undefined && { namespaceArn: namespaceArn || undefined }),
  };
}

const settingsOf = (input: Input) =>
  structures(input, 'settings').map((setting) => {
    const name = oneOf(setting, 'name', ['containerInsights']);
    const value = oneOf(setting, 'value', ['enabled', 'disabled', 'enhanced']);
    if (name && value) return { name, value };
    throw invalid('settings: expected a name and a value.');
  });

/** What must be gone before a cluster may be deleted, in AWS's words (D-4.20, D-9.26, D-13.42). */
function mayBeDeleted(state: State, { clusterArn, attachmentsStatus }: Cluster): void {
  const refused = (what: string, are: string) =>
    new Fault(
      `ClusterContains${what.replace(' ', '')}Exception`,
      `The Cluster cannot be deleted while ${what} are ${are}.`,
    );
  const instances = state.instancesOf(clusterArn);
  if (instances.length > 0) throw refused('Container Instances', 'active or draining');
  if (state.servicesOf(clusterArn).length > 0) throw refused('Services', 'active');
  const isAlive = state.tasks
    .values()
    .some((task) => task.clusterArn === clusterArn && task.lastStatus !== 'STOPPED');
  if (isAlive) throw refused('Tasks', 'active');
  const isManaged = state.providers
    .values()
    .some(({ managed, status }) => managed?.clusterArn === clusterArn && status !== 'INACTIVE');
  if (isManaged)
    throw new Fault(
      'ClusterContainsCapacityProviderException',
      'The Cluster cannot be deleted while Capacity Providers are active.',
    );
  // D-4.18, D-4.20.
  if (attachmentsStatus === 'UPDATE_IN_PROGRESS') throw busy();
}

/** Cluster as the API gives it; ACTIVE and DRAINING instances count as registered (D-2.11, D-9.24, D-9.25). */
export function clusterShape(
  state: State,
  cluster: Cluster,
  at: number,
  include: readonly Field[],
): Record<string, unknown> {
  const { clusterArn, clusterName, status, settings, tags, configuration, namespaceArn } = cluster;
  const own = <T extends { clusterArn: string }>(rows: readonly T[]) =>
    rows.filter((row) => row.clusterArn === clusterArn);
  const tasks = (lastStatus: TaskRecord['lastStatus']) =>
    own(state.tasks.values(at)).filter((task) => task.lastStatus === lastStatus);
  const services = (wanted: Service['status']) =>
    own(state.services.values(at)).filter((service) => service.status === wanted);
  const counts = {
    running: tasks('RUNNING'),
    pending: tasks('PENDING'),
    active: services('ACTIVE'),
    draining: services('DRAINING'),
  };
  return {
    clusterArn,
    clusterName,
    status,
    ...(include.includes('CONFIGURATIONS') && { configuration }),
    ...(namespaceArn !== undefined && { serviceConnectDefaults: { namespace: namespaceArn } }),
    registeredContainerInstancesCount: own(state.instances.values(at)).filter(
      (instance) => instance.status === 'ACTIVE' || instance.status === 'DRAINING',
    ).length,
    runningTasksCount: counts.running.length,
    pendingTasksCount: counts.pending.length,
    activeServicesCount: counts.active.length,
    statistics: include.includes('STATISTICS') ? statisticsOf(counts) : [],
    tags: include.includes('TAGS') ? tags : [],
    settings: include.includes('SETTINGS') ? settings : [],
    capacityProviders: cluster.capacityProviders ?? [],
    defaultCapacityProviderStrategy: cluster.defaultCapacityProviderStrategy ?? [],
    ...(include.includes('ATTACHMENTS') && {
      attachments: attachmentsOf(state, cluster, at),
      attachmentsStatus: cluster.attachmentsStatus,
    }),
  };
}

type ByLaunchType = readonly { readonly launchType: LaunchType }[];

/** The counts of a cluster by launch type; one of the names begins with a capital letter in AWS too (D-9.24). */
function statisticsOf(counts: Readonly<Record<'running' | 'pending' | 'active' | 'draining', ByLaunchType>>) {
  const of = (rows: ByLaunchType, wanted: 'EC2' | 'FARGATE') =>
    String(rows.filter(({ launchType }) => launchType === wanted).length);
  return [
    { name: 'runningEC2TasksCount', value: of(counts.running, 'EC2') },
    { name: 'RunningFargateTasksCount', value: of(counts.running, 'FARGATE') },
    { name: 'pendingEC2TasksCount', value: of(counts.pending, 'EC2') },
    { name: 'pendingFargateTasksCount', value: of(counts.pending, 'FARGATE') },
    { name: 'activeEC2ServiceCount', value: of(counts.active, 'EC2') },
    { name: 'activeFargateServiceCount', value: of(counts.active, 'FARGATE') },
    { name: 'drainingEC2ServiceCount', value: of(counts.draining, 'EC2') },
    { name: 'drainingFargateServiceCount', value: of(counts.draining, 'FARGATE') },
  ];
}
