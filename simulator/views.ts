import type { Chance } from './chance.ts';
import { memoryMs } from './table.ts';
import type { World } from './world.ts';

/** How old what a function reads may be. */
export interface ViewFaults {
  /** Reads answer from a state up to this many seconds old (0: always the newest). */
  readLagSecondsMax: number;
  /** Says which state (milliseconds) a function's read sees, instead of chance; at most a minute ago. */
  viewAt?: ((read: { readonly operation: string }, now: number) => number) | undefined;
}

/** From so many views on, the old ones are looked for and forgotten. */
const viewsMax = 1000;

/** Which state each client sees: at most the lag ago, never before what it saw of the same table. */
export class Views {
  private readonly world: World;
  private readonly faults: Readonly<ViewFaults>;
  private readonly lag: Chance;
  private readonly seen = new Map<string, number>();

  constructor(world: World, faults: Readonly<ViewFaults>) {
    this.world = world;
    this.faults = faults;
    this.lag = world.chance('read-lag');
  }

  /** The time whose state a read sees; `key` names the client and the table. Throws for one that nobody remembers. */
  at(key: string, operation: string): number {
    const { now } = this.world;
    const wanted = this.faults.viewAt?.({ operation }, now) ?? now - this.lagMs();
    if (wanted > now || wanted < now - memoryMs)
      throw new Error(
        `${operation} cannot see the state of ${(now - wanted) / 1000} s ago: expected 0 to ${memoryMs / 1000} s`,
      );
    const view = Math.max(wanted, this.seen.get(key) ?? 0);
    this.seen.set(key, view);
    if (this.seen.size > viewsMax) this.forget(now);
    return view;
  }

  /** A view older than any read can be says nothing. */
  private forget(now: number): void {
    for (const [key, view] of this.seen) if (view <= now - memoryMs) this.seen.delete(key);
  }

  private lagMs(): number {
    const { readLagSecondsMax } = this.faults;
    return readLagSecondsMax === 0 ? 0 : this.lag.between(0, readLagSecondsMax * 1000);
  }
}
