import type { World } from './world.ts';

/** How virtual time moves: with real time, or only when somebody moves it. `speed`: virtual seconds in a real one. */
export interface ClockSettings {
  readonly kind: 'real' | 'virtual';
  readonly speed: number;
}

/** Real work on one catching up takes at most so long; beyond that the world falls behind real time instead. */
const patienceMs = 1000;
/** One stretch of virtual time between two looks at the real clock, at speed 1. */
const stretchMs = 1000;
/** The longest sleep that a timer of Node.js takes. */
const sleepMsMax = 2 ** 31 - 1;
/** After an error in the world nothing is tried again sooner, unless somebody asks. */
const pauseMs = 1000;

/** The real date, for a world that begins today. */
export const today = () => new Date();

/**
 * Who lets a world live. All that moves it goes through `alone`, one after the other, for `World.run` is not
 * re-entrant; requests of functions for which the world stands still must not.
 */
export class Clock {
  readonly settings: ClockSettings;
  /** By how much the world fell behind because it could not keep up with real time (virtual milliseconds). */
  slippedMs = 0;
  private world: World;
  private readonly onError: (error: unknown) => void;
  private anchor: { readonly real: number; readonly virtual: number };
  private turn: Promise<unknown> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;

  /** `onError` hears what fails while nobody waits for it. */
  constructor(options: { world: World; settings: ClockSettings; onError: (error: unknown) => void }) {
    this.world = options.world;
    this.settings = options.settings;
    this.onError = options.onError;
    this.anchor = { real: performance.now(), virtual: options.world.now };
    this.plan(0);
  }

  /** Does `act` alone, after everything that is due by now. Rejects with what it throws, or when the clock is stopped. */
  alone<T>(act: () => T | Promise<T>): Promise<T> {
    const turn = this.turn.then(async () => {
      if (this.isStopped) throw new Error('The clock is stopped.');
      let restMs = pauseMs;
      try {
        await this.catchUp();
        restMs = 0;
        return await act();
      } finally {
        this.plan(restMs);
      }
    });
    this.turn = turn.catch(() => undefined);
    return turn;
  }

  /** Lets the world live for so many virtual seconds at once; to be called inside `alone`. */
  async pass(seconds: number): Promise<void> {
    try {
      await this.world.advance(seconds);
    } finally {
      this.anchor = { real: performance.now(), virtual: this.world.now };
    }
  }

  /**
   * Lets time pass until nothing but routine is due, at most so long; to be called inside `alone`. Answers when the next
   * thing is due that did not fit; undefined: all has settled.
   */
  async settle(secondsMax: number): Promise<number | undefined> {
    const limit = this.world.now + secondsMax * 1000;
    try {
      for (;;) {
        const at = this.world.busyAt;
        if (at === undefined) return undefined;
        await this.world.run(Math.min(at, limit));
        if (at > limit) return at;
      }
    } finally {
      this.anchor = { real: performance.now(), virtual: this.world.now };
    }
  }

  /** Goes on with another world; to be called inside `alone`. */
  enter(world: World): void {
    this.world = world;
    this.anchor = { real: performance.now(), virtual: world.now };
    this.slippedMs = 0;
  }

  /** Lets nothing happen any more; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.turn;
  }

  /** What virtual time should be now (milliseconds). */
  private wanted(): number {
    if (this.settings.kind === 'virtual') return this.world.now;
    return this.anchor.virtual + (performance.now() - this.anchor.real) * this.settings.speed;
  }

  private async catchUp(): Promise<void> {
    const startedAt = performance.now();
    const { world, settings } = this;
    for (;;) {
      const wanted = Math.floor(this.wanted());
      const next = world.nextAt ?? Number.POSITIVE_INFINITY;
      await world.run(Math.min(wanted, Math.max(next, world.now) + stretchMs * settings.speed));
      if (next > wanted) return;
      if (settings.kind === 'real' && performance.now() - startedAt > patienceMs) {
        this.slip();
        return;
      }
    }
  }

  private slip(): void {
    this.slippedMs += Math.max(0, this.wanted() - this.world.now);
    this.anchor = { real: performance.now(), virtual: this.world.now };
  }

  /** Sleeps until something is due, at least `restMs`. */
  private plan(restMs: number): void {
    clearTimeout(this.timer);
    const next = this.world.nextAt;
    if (this.settings.kind === 'virtual' || this.isStopped || next === undefined) return;
    const sleepMs = Math.max(restMs, Math.ceil((next - this.wanted()) / this.settings.speed));
    this.timer = setTimeout(
      () => {
        this.alone(() => undefined).catch((error: unknown) => this.isStopped || this.onError(error));
      },
      Math.min(sleepMs, sleepMsMax),
    );
    this.timer.unref();
  }
}
