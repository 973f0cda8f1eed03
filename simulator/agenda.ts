/** What is due at one time; among equals the lower `tie` goes first, then the one entered first. */
interface Entry<T> {
  readonly time: number;
  readonly tie: number;
  readonly order: number;
  readonly value: T;
  /** Taken out or taken back. */
  isOver: boolean;
}

/** A time-ordered agenda. Times are milliseconds since the epoch. */
export class Agenda<T> {
  private readonly all = new Heap<T>();
  /** What is no routine. */
  private readonly busy = new Heap<T>();
  private entered = 0;

  /** Enters `value` at `time`; the returned function takes it back. */
  add(time: number, value: T, tie = 0): () => void {
    return this.enter(time, value, tie, false);
  }

  /** Enters what repeats for ever or only tidies up: nobody waits for it. */
  addRoutine(time: number, value: T, tie = 0): () => void {
    return this.enter(time, value, tie, true);
  }

  /** When the next entry is due; undefined when there is none. */
  get nextAt(): number | undefined {
    return this.all.first?.time;
  }

  /** When the next entry is due that is no routine; undefined when there is none. */
  get busyAt(): number | undefined {
    return this.busy.first?.time;
  }

  /** Takes the next entry due at or before `time`. */
  take(time: number): { time: number; value: T } | undefined {
    const { first } = this.all;
    if (!first || first.time > time) return undefined;
    first.isOver = true;
    this.dropOver();
    return { time: first.time, value: first.value };
  }

  private enter(time: number, value: T, tie: number, isRoutine: boolean): () => void {
    const entry: Entry<T> = { time, tie, order: this.entered++, value, isOver: false };
    this.all.add(entry);
    if (!isRoutine) this.busy.add(entry);
    return () => {
      entry.isOver = true;
      this.dropOver();
    };
  }

  private dropOver(): void {
    this.all.dropOver();
    this.busy.dropOver();
  }
}

/** A binary heap of entries; what is over goes when it comes to the top. */
class Heap<T> {
  private readonly heap: Entry<T>[] = [];

  /** The entry that is due next. */
  get first(): Entry<T> | undefined {
    return this.heap[0];
  }

  add(entry: Entry<T>): void {
    this.heap.push(entry);
    this.rise(this.heap.length - 1);
  }

  dropOver(): void {
    while (this.heap[0]?.isOver) this.removeTop();
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
