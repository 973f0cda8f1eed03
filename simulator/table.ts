interface Version<T> {
  readonly since: number;
  readonly value: T | undefined;
}

/** How long the past is remembered; reads may lag by at most as much (milliseconds). */
export const memoryMs = 60_000;

/**
 * A keyed table that remembers its recent past, so that an eventually consistent read can be answered from a
 * state some seconds old. Values are replaced, never changed in place: a value read once stays as it was.
 */
export class Table<T> {
  private readonly rows = new Map<string, Version<T>[]>();

  private readonly deleted: { readonly at: number; readonly key: string }[] = [];
  private readonly memoryMs: number;

  constructor(remembersMs = memoryMs) {
    this.memoryMs = remembersMs;
  }

  /** Sets the row as of `now`. */
  set(now: number, key: string, value: T): void {
    this.write(now, key, value);
  }

  /** Removes the row as of `now`. */
  delete(now: number, key: string): void {
    if (this.get(key) !== undefined) this.write(now, key, undefined);
  }

  /** How many keys are remembered, deleted ones of the recent past among them. */
  get size(): number {
    return this.rows.size;
  }

  /** The row as it is (no `at`), or as it was at that time. */
  get(key: string, at?: number): T | undefined {
    const versions = this.rows.get(key);
    if (!versions) return undefined;
    if (at === undefined) return versions.at(-1)?.value;
    return versions.findLast((version) => version.since <= at)?.value;
  }

  /** Every row as it is (no `at`), or as it was at that time, in the order in which the keys were first set. */
  values(at?: number): T[] {
    const found: T[] = [];
    for (const key of this.rows.keys()) {
      const value = this.get(key, at);
      if (value !== undefined) found.push(value);
    }
    return found;
  }

  private write(now: number, key: string, value: T | undefined): void {
    const versions = (this.rows.get(key) ?? []).filter((version) => version.since !== now);
    versions.push({ since: now, value });
    const oldest = versions.findLastIndex((version) => version.since <= now - this.memoryMs);
    this.rows.set(key, oldest > 0 ? versions.slice(oldest) : versions);
    if (value === undefined) this.deleted.push({ at: now, key });
    this.forgetDeleted(now);
  }

  /** Drops the rows whose deletion every read can see by now. */
  private forgetDeleted(now: number): void {
    for (let first = this.deleted[0]; first && first.at <= now - this.memoryMs; first = this.deleted[0]) {
      this.deleted.shift();
      if (this.get(first.key) === undefined) this.rows.delete(first.key);
    }
  }
}
