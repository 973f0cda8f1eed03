import type { CapacityDeps, Cluster } from './capacity.ts';
import {
  freshLedger,
  isShifted,
  type Ledger,
  parameterNameOf,
  readLedger,
  shiftedTag,
  writeLedger,
} from './ledger.ts';

/** The ledger of a cluster as it was read. `version` 0: there is no parameter. */
export interface Book {
  readonly ledger: Ledger;
  readonly version: number;
}

/** By cluster, the version of its parameter that this execution environment wrote last. */
export type Versions = Map<string, number>;

/**
 * Reads the ledger of a cluster. Undefined, and said, where nothing may be done: it was lost while something was shifted, or
 * it cannot be read, and then nobody knows what home was; or the read is older than what we wrote.
 */
export async function openBook(
  { fleet, log, count }: CapacityDeps,
  versions: Versions,
  { clusterName, tags }: Cluster,
): Promise<Book | undefined> {
  const parameterName = parameterNameOf(clusterName);
  const written = await fleet.read(clusterName);
  const version = written?.version ?? 0;
  if (version < (versions.get(clusterName) ?? 0) && written) {
    log.warn('behind: the parameter is older than what was written', { clusterName, parameterName, version });
    count('Behind');
    return undefined;
  }
  const isLost = !written && tags[shiftedTag] !== undefined;
  const { ledger, fault } = written ? readLedger(written.text) : { ledger: freshLedger, fault: undefined };
  if (ledger && !isLost) return { ledger, version };
  const why = isLost ? 'ledger-lost' : 'ledger-unreadable';
  const remedy = isLost
    ? `set strategies and groups of the cluster as you want them, then take the tag ${shiftedTag} away from it`
    : 'put an earlier version back: aws ssm get-parameter-history shows them';
  log.error('held back', { clusterName, parameterName, decision: 'wait', why, fault, remedy });
  count('HeldBack');
  count('LedgerFaults');
  return undefined;
}

/**
 * Writes the ledger down where it changed, before anything is done; and says on the cluster that something is shifted, so that
 * a parameter that is deleted then is missed.
 */
export async function writeBook(
  { fleet }: Pick<CapacityDeps, 'fleet'>,
  versions: Versions,
  { clusterName, clusterArn, tags }: Cluster,
  before: Book,
  ledger: Ledger,
): Promise<void> {
  const text = writeLedger(ledger);
  if (text !== writeLedger(before.ledger)) versions.set(clusterName, await fleet.write(clusterName, text));
  const isMarked = tags[shiftedTag] !== undefined;
  if (isShifted(ledger) && !isMarked) await fleet.setShifted(clusterArn, clusterName);
  if (!isShifted(ledger) && isMarked) await fleet.clearShifted(clusterArn);
}
