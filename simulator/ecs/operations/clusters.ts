import { type Input, invalid, oneOf, page, refuse, structures, text, texts } from '../input.ts';
import type { Cluster, Tag } from '../records.ts';
import type { State } from '../state.ts';
import { clusterProviders } from './cluster-providers.ts';
import type { Operations } from './operation.ts';

const describesMax = 100;

/** Tags as they were given, checked (D-9.63). */
export function tagsOf(input: Input): Tag[] {
  const tags = structures(input, 'tags').map((tag) => ({
    key: text(tag, 'key', /^(?!aws:)[\p{L}\p{N}\s+\-=._:/@]{1,128}$/iu) ?? '',
    value: text(tag, 'value', /^[\p{L}\p{N}\s+\-=._:/@]{0,256}$/u) ?? '',
  }));
  if (tags.length > 50) throw invalid('tags can have at most 50 items.');
  if (new Set(tags.map(({ key }) => key)).size < tags.length) throw invalid('tags: keys must be unique.');
  return tags;
}

/** CreateCluster, DescribeClusters, ListClusters (D-9.21 to D-9.25). */
export const clusterOperations: Operations = {
  CreateCluster: {
    answer(request) {
      const { now, input, state } = request;
      refuse('CreateCluster', input, ['configuration']);
      const clusterName = text(input, 'clusterName', /^[A-Za-z][A-Za-z0-9_-]{0,254}$/) ?? 'default';
      const settings = structures(input, 'settings').map((setting) => ({
        name: oneOf(setting, 'name', ['containerInsights']) ?? 'containerInsights',
        value: oneOf(setting, 'value', ['enabled', 'disabled', 'enhanced']) ?? 'disabled',
      }));
      const clusterArn = state.arns.cluster(clusterName);
      const providers = clusterProviders(request, { clusterArn });
      const given = { tags: tagsOf(input), ...providers, ...(settings.length > 0 && { settings }) };
      const cluster = state.openCluster(now, clusterName, given);
      return { cluster: clusterShape(state, cluster, now, ['SETTINGS', 'TAGS']) };
    },
  },
  DescribeClusters: {
    reads: 'clusters',
    answer({ input, state, viewAt }) {
      const given = texts(input, 'clusters');
      if (given.length > describesMax) throw invalid(`clusters can have at most ${describesMax} items.`);
      const asked = (given.length === 0 ? ['default'] : given).map((name) => state.arns.cluster(name));
      const found = asked.flatMap((arn) => state.clusters.get(arn, viewAt) ?? []);
      const missing = asked.filter((arn) => state.clusters.get(arn, viewAt) === undefined);
      const include = texts(input, 'include');
      return {
        clusters: found.map((cluster) => clusterShape(state, cluster, viewAt, include)),
        failures: missing.map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  },
  ListClusters: {
    reads: 'clusters',
    answer({ input, state, viewAt }) {
      const all = state.clusters.values(viewAt).map(({ clusterArn }) => clusterArn);
      const { entries, ...token } = page(input, all, 100);
      return { clusterArns: entries, ...token };
    },
  },
};

/** Cluster as the API gives it; ACTIVE and DRAINING instances count as registered (D-2.11, D-9.24). */
export function clusterShape(
  state: State,
  cluster: Cluster,
  at: number,
  include: readonly string[],
): Record<string, unknown> {
  const { clusterArn, clusterName, settings, tags } = cluster;
  const own = <T extends { clusterArn: string }>(rows: readonly T[]) =>
    rows.filter((row) => row.clusterArn === clusterArn);
  const tasks = own(state.tasks.values(at));
  const services = own(state.services.values(at));
  const running = tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING').length;
  const pending = tasks.filter(({ lastStatus }) => lastStatus === 'PENDING').length;
  const active = services.filter(({ status }) => status === 'ACTIVE').length;
  const statistics: Readonly<Record<string, number>> = {
    runningEC2TasksCount: running,
    RunningFargateTasksCount: 0,
    pendingEC2TasksCount: pending,
    PendingFargateTasksCount: 0,
    activeEC2ServiceCount: active,
    activeFargateServiceCount: 0,
    drainingEC2ServiceCount: services.filter(({ status }) => status === 'DRAINING').length,
    drainingFargateServiceCount: 0,
  };
  const asStatistic = ([name, value]: [string, number]) => ({ name, value: String(value) });
  return {
    clusterArn,
    clusterName,
    status: 'ACTIVE',
    registeredContainerInstancesCount: own(state.instances.values(at)).filter(
      ({ status }) => status !== 'INACTIVE',
    ).length,
    runningTasksCount: running,
    pendingTasksCount: pending,
    activeServicesCount: active,
    statistics: include.includes('STATISTICS') ? Object.entries(statistics).map(asStatistic) : [],
    tags: include.includes('TAGS') ? tags : [],
    settings: include.includes('SETTINGS') ? settings : [],
    capacityProviders: cluster.capacityProviders ?? [],
    defaultCapacityProviderStrategy: cluster.defaultCapacityProviderStrategy ?? [],
    ...(include.includes('ATTACHMENTS') && { attachments: [], attachmentsStatus: cluster.attachmentsStatus }),
  };
}
