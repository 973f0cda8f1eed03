import type { TaskRecord } from './records.ts';

/** Who wants to know of changes: the service scheduler. */
export interface Watcher {
  /** A task of a service came, moved on or went. */
  taskChanged(now: number, task: TaskRecord): void;
  /** Somewhere in the cluster a task may fit that did not fit before. */
  capacityChanged(now: number, clusterArn: string): void;
}
