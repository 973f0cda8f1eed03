import { contain, type Deps } from './deps.ts';
import { type DrainLimit, readClusterLimit } from './policy.ts';

/** As long as the tags of a cluster cannot be read, only who cannot wait is admitted. */
const unread: DrainLimit = { kind: 'count', count: 0 };

/** The limit of a cluster by its own tag, with a fault in it reported; undefined: it has none. */
export async function readLimit(deps: Deps, clusterName: string): Promise<DrainLimit | undefined> {
  const { fleet, log, count } = deps;
  const tags = await contain(deps, 'read the tags of a cluster', { clusterName }, () =>
    fleet.clusterTags(clusterName),
  );
  if (!tags) return unread;
  const { limit, faults } = readClusterLimit(tags);
  for (const fault of faults) {
    log.warn('a tag of the cluster is not understood', { clusterName, ...fault });
    count('Misconfigured');
  }
  return limit;
}
