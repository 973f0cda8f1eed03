/** How many of the oldest go at once when a journal is full: one in so many. */
const share = 10;

/** What happened, in order, from 1 up; a journal with a limit forgets the oldest. */
export class Journal<T> {
  /** What is remembered, oldest first. */
  readonly entries: T[] = [];
  /** How many were forgotten. */
  dropped = 0;
  private readonly max: number;

  /** `max`: so many are remembered at most; without it, everything. */
  constructor(max = Number.POSITIVE_INFINITY) {
    this.max = max;
  }

  /** Adds the newest. */
  add(entry: T): void {
    this.entries.push(entry);
    if (this.entries.length <= this.max) return;
    const excess = this.entries.length - this.max;
    const forgotten = Math.max(excess, Math.min(this.max, Math.floor(this.max / share)));
    this.entries.splice(0, forgotten);
    this.dropped += forgotten;
  }

  /** The number of the newest entry there ever was; 0: there was none. */
  get newest(): number {
    return this.dropped + this.entries.length;
  }

  /** Entries after that number, with their numbers, oldest first; `missed`: some of them are forgotten already. */
  after(number: number): { found: { readonly number: number; readonly entry: T }[]; missed: boolean } {
    const from = Math.max(0, number - this.dropped);
    const found = this.entries
      .slice(from)
      .map((entry, index) => ({ number: this.dropped + from + index + 1, entry }));
    return { found, missed: number < this.dropped };
  }
}
