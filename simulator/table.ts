interface Version<T> {
  readonly since: number;
  readonly value: T | undefined;
}

/** How long the past is remembered; reads may lag by at most as much (milliseconds). */
export const memoryMs = 60_000;

/** So many keys may come, or be gone, before all are sorted anew. */
const insertedMax = 100;

/** How many sorted keys are not after one. */
function placeOf(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A table for those who only read it. */
export type ReadonlyTable<T> = Pick<Table<T>, 'get' | 'values' | 'keysAfter' | 'size'>;

/**
 * A keyed table that remembers its recent past, so that an eventually consistent read can be answered from a
 * state some seconds old. Values are replaced, never changed in place: a value read once stays as it was.
 */
export class Table<T> {
  private readonly rows = new Map<string, Version<T>[]>();
  /** In their order; keys that are gone are among them until all are sorted anew. */
  private sorted: string[] = [];
  private goneCount = 0;
  /** Not in `sorted` yet; undefined: all are to be sorted anew. */
  private newKeys: string[] | undefined = [];
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

  /** Keys that come after one, in order; among them may be keys whose row is gone. Costs little for each page. */
  *keysAfter(key: string): Generator<string> {
    const keys = this.sortedKeys();
    for (let at = placeOf(keys, key); at < keys.length; at++) yield keys[at] as string;
  }

  private sortedKeys(): readonly string[] {
    if (this.newKeys === undefined) this.sorted = [...this.rows.keys()].sort();
    else
      for (const key of this.newKeys) {
        const place = placeOf(this.sorted, key);
        if (this.sorted[place - 1] !== key) this.sorted.splice(place, 0, key);
      }
    this.newKeys = [];
    return this.sorted;
  }

  /** Few new keys are worth a place each; nothing is kept about many, which nobody may ever read in order. */
  private noteNew(key: string): void {
    if (this.newKeys !== undefined && this.newKeys.push(key) > insertedMax) this.sortAnew();
  }

  /** Keys that are gone cost less than sorting, until they are as many as the others. */
  private noteGone(): void {
    if (++this.goneCount > insertedMax && 2 * this.goneCount > this.sorted.length) this.sortAnew();
  }

  private sortAnew(): void {
    this.sorted = [];
    this.newKeys = undefined;
    this.goneCount = 0;
  }

  private write(now: number, key: string, value: T | undefined): void {
    if (!this.rows.has(key)) this.noteNew(key);
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
      if (this.get(first.key) === undefined && this.rows.delete(first.key)) this.noteGone();
    }
  }
}
