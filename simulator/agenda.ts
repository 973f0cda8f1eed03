/** What is due at one time; among equals the lower `tie` goes first, then the one entered first. */
interface Entry<T> {
  readonly time: number;
  readonly tie: number;
  readonly order: number;
  readonly value: T;
  readonly isRoutine: boolean;
  cancelled: boolean;
}

/** A time-ordered agenda (binary heap). Times are milliseconds since the epoch. */
export class Agenda<T> {
  private readonly heap: Entry<T>[] = [];
  private entered = 0;

  /** Enters `value` at `time`; the returned function takes it back. */
  add(time: number, value: T, tie = 0): () => void {
    return this.enter(time, value, tie, false);
  }

  /** Enters what repeats for ever or only tidies up: nobody waits for it. */
  addRoutine(time: number, value: T, tie = 0): () => void {
    return this.enter(time, value, tie, true);
  }

  private enter(time: number, value: T, tie: number, isRoutine: boolean): () => void {
    const entry: Entry<T> = { time, tie, order: this.entered++, value, isRoutine, cancelled: false };
    this.heap.push(entry);
    this.rise(this.heap.length - 1);
    return () => {
      entry.cancelled = true;
    };
  }

  /** When the next entry is due; undefined when there is none. */
  get nextAt(): number | undefined {
    this.dropCancelled();
    return this.heap[0]?.time;
  }

  /** When the next entry is due that is no routine; undefined when there is none. */
  get busyAt(): number | undefined {
    let first: number | undefined;
    for (const { time, isRoutine, cancelled } of this.heap)
      if (!isRoutine && !cancelled && (first === undefined || time < first)) first = time;
    return first;
  }

  /** Takes the next entry due at or before `time`. */
  take(time: number): { time: number; value: T } | undefined {
    this.dropCancelled();
    const top = this.heap[0];
    if (!top || top.time > time) return undefined;
    this.removeTop();
    return { time: top.time, value: top.value };
  }

  private dropCancelled(): void {
    while (this.heap[0]?.cancelled) this.removeTop();
  }

  private removeTop(): void {
    const last = this.heap.pop();
    if (last && this.heap.length > 0) {
      this.heap[0] = last;
      this.sink(0);
    }
  }

  private before(a: number, b: number): boolean {
    const x = this.heap[a] as Entry<T>;
    const y = this.heap[b] as Entry<T>;
    return x.time - y.time < 0 || (x.time === y.time && (x.tie - y.tie || x.order - y.order) < 0);
  }

  private swap(a: number, b: number): void {
    const entry = this.heap[a] as Entry<T>;
    this.heap[a] = this.heap[b] as Entry<T>;
    this.heap[b] = entry;
  }

  private rise(from: number): void {
    let child = from;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (!this.before(child, parent)) return;
      this.swap(child, parent);
      child = parent;
    }
  }

  private sink(from: number): void {
    let parent = from;
    for (;;) {
      let least = parent;
      for (const child of [2 * parent + 1, 2 * parent + 2]) {
        if (child < this.heap.length && this.before(child, least)) least = child;
      }
      if (least === parent) return;
      this.swap(parent, least);
      parent = least;
    }
  }
}
