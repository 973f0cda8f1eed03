/** After a line there is something to see for so long, and after so long without any there is nothing (virtual seconds). */
const busySeconds = 20;
const idleSeconds = 900;
/** What a virtual second takes while there is something to see, and while one waits for it (milliseconds of real time). */
const pauseMs = { busy: 60, quiet: 4, idle: 0 };

/**
 * How long to rest after each virtual second so that a drain can be watched: slowly where something happens, quickly where
 * everybody waits. It only says for how long: what happens does not depend on it.
 */
export class Pace {
  private lineAt = Number.NEGATIVE_INFINITY;

  /** A line of the timeline appeared; virtual milliseconds since the epoch. */
  noteLine(now: number): void {
    this.lineAt = now;
  }

  /** How long to rest now; milliseconds of real time. */
  restMs(now: number): number {
    const seconds = (now - this.lineAt) / 1000;
    if (seconds < busySeconds) return pauseMs.busy;
    return seconds < idleSeconds ? pauseMs.quiet : pauseMs.idle;
  }
}
