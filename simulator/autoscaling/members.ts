import { type ReadonlyTable, Table } from '../table.ts';
import type { Instance } from './state.ts';
import { Tally } from './tally.ts';

/** The instances of every group: their rows, whose they are, and what is counted of each group's. */
export class Members {
  private readonly table: Table<Instance>;
  private readonly memoryMs: number;
  private readonly idsByGroup = new Map<string, Set<string>>();
  private readonly tallies = new Map<string, Tally>();
  /** Gone, and still listed for reads that lag; the first to go first. */
  private readonly removed: { instanceId: string; groupName: string; at: number }[] = [];

  /** Reads may lag by `memoryMs`. */
  constructor(memoryMs: number) {
    this.memoryMs = memoryMs;
    this.table = new Table<Instance>(memoryMs);
  }

  /** The rows, by the ids of the instances. */
  get rows(): ReadonlyTable<Instance> {
    return this.table;
  }

  /** A group's instances in the order in which they were launched, as they are (no `at`) or were at that time. */
  of(groupName: string, at?: number): Instance[] {
    const found: Instance[] = [];
    for (const id of this.idsByGroup.get(groupName) ?? []) {
      const instance = this.table.get(id, at);
      // One that was detached may be in another group by now.
      if (instance?.groupName === groupName) found.push(instance);
    }
    return found;
  }

  /** What is counted of a group's instances. */
  tallyOf(groupName: string): Readonly<Tally> {
    return this.tallies.get(groupName) ?? new Tally();
  }

  /** Enters a new instance or replaces its row. */
  set(now: number, instance: Instance): Instance {
    const ids = this.idsByGroup.get(instance.groupName) ?? new Set();
    this.idsByGroup.set(instance.groupName, ids.add(instance.instanceId));
    this.recount(instance.instanceId, instance);
    this.table.set(now, instance.instanceId, instance);
    return instance;
  }

  /** Removes an instance; reads that lag still find it. */
  remove(now: number, { instanceId, groupName }: Instance): void {
    this.recount(instanceId, undefined);
    this.table.delete(now, instanceId);
    this.removed.push({ instanceId, groupName, at: now });
    const isForgotten = ({ at }: { at: number }) => at < now - this.memoryMs;
    while (this.removed[0] && isForgotten(this.removed[0])) {
      const old = this.removed.shift();
      // One that was detached may be back.
      if (old && this.table.get(old.instanceId)?.groupName !== old.groupName)
        this.idsByGroup.get(old.groupName)?.delete(old.instanceId);
    }
  }

  /** Counts an instance out as it was and in as it is from now on, where it still is. */
  private recount(instanceId: string, after: Instance | undefined): void {
    const before = this.table.get(instanceId);
    if (before) this.count(before, -1);
    if (after) this.count(after, 1);
  }

  private count(instance: Instance, by: 1 | -1): void {
    const tally = this.tallies.get(instance.groupName) ?? new Tally();
    tally.count(instance, by);
    if (tally.present === 0) this.tallies.delete(instance.groupName);
    else this.tallies.set(instance.groupName, tally);
  }
}
