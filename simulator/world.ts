import { Agenda } from './agenda.ts';
import { type Chance, chance, Ids } from './chance.ts';
import { Journal } from './journal.ts';
import type { Machine, Outcome } from './machine.ts';

/** Real code under virtual time: one function invocation. It is at rest while it waits for something virtual. */
export interface Activity {
  waitingFor: number;
  done: boolean;
}

/** One line of the log: what happened, when (ISO 8601, virtual). */
export type LogEntry = { readonly time: string; readonly kind: string } & Readonly<Record<string, unknown>>;

/** Real code that neither ends nor waits for anything virtual is given this many turns of the event loop. */
const turnsMax = 200_000;

/**
 * Virtual time, seeded chance and the log of one simulated account. Nothing under it reads the wall clock: machines
 * move when their time has come, real code runs in between, one continuation at a time, the seed picks which.
 */
export class World {
  readonly seed: number;
  now: number;
  readonly journal: Journal<LogEntry>;
  private readonly entriesMax: number | undefined;
  private readonly agenda = new Agenda<() => void>();
  private readonly hosted: { machine: Machine; onOutcome: (outcome: Outcome) => void }[] = [];
  private readonly activities = new Set<Activity>();
  private readonly ties: Chance;
  private readonly listeners: ((entry: LogEntry) => void)[] = [];
  private scheduled = 0;
  private mayRun = false;
  private held = 0;
  private onReleased = () => {};

  /** `entriesMax`: how much of each journal is kept; without it, everything. */
  constructor(seed: number, startAt: Date = new Date('2026-05-04T12:00:00Z'), entriesMax?: number) {
    this.seed = seed;
    this.now = startAt.getTime();
    this.entriesMax = entriesMax;
    this.journal = this.newJournal();
    this.ties = chance(seed, 'ties');
  }

  /** What happened, oldest first. */
  get log(): readonly LogEntry[] {
    return this.journal.entries;
  }

  /** A journal that keeps as much as the log does. */
  newJournal<T>(): Journal<T> {
    return new Journal(this.entriesMax);
  }

  /** A stream of chance of its own for whoever asks under this label. */
  chance(label: string): Chance {
    return chance(this.seed, label);
  }

  /** Identifiers of their own for whoever asks under this label. */
  ids(label: string): Ids {
    return new Ids(this.seed, label);
  }

  /** Runs `run` at `time` (not before now); equal times in an order that the seed picks. */
  at(time: number, run: () => void): () => void {
    this.scheduled++;
    return this.agenda.add(Math.max(time, this.now), run, this.ties.between(0, 0x3fffffff));
  }

  /** The same for what repeats for ever, as schedules do: nobody waits for it. */
  atRoutine(time: number, run: () => void): () => void {
    this.scheduled++;
    return this.agenda.addRoutine(Math.max(time, this.now), run, this.ties.between(0, 0x3fffffff));
  }

  /** Lets a machine live in this world; what it says goes to `onOutcome`. */
  host(machine: Machine, onOutcome: (outcome: Outcome) => void): void {
    this.hosted.push({ machine, onOutcome });
  }

  /** Writes a line of the log. */
  record(kind: string, fields: Record<string, unknown>): void {
    const entry = { time: new Date(this.now).toISOString(), kind, ...fields };
    this.journal.add(entry);
    for (const listener of this.listeners) listener(entry);
  }

  /** Tells `listener` of every line of the log from now on. */
  onRecord(listener: (entry: LogEntry) => void): void {
    this.listeners.push(listener);
  }

  /** Starts real code as an activity of this world. */
  begin(run: (activity: Activity) => Promise<void>): Activity {
    const activity: Activity = { waitingFor: 0, done: false };
    this.activities.add(activity);
    this.mayRun = true;
    void run(activity).finally(() => this.end(activity));
    return activity;
  }

  /** Ends an activity from outside: whatever it still waits for never comes. */
  end(activity: Activity): void {
    activity.done = true;
    this.activities.delete(activity);
  }

  /** A promise for real code: settles when `time` has come, with what `answer` returns or throws then. */
  wait<T>(activity: Activity, time: number, answer: () => T): Promise<T> {
    activity.waitingFor++;
    return new Promise<T>((resolve, reject) => {
      this.at(time, () => {
        if (activity.done) return;
        activity.waitingFor--;
        this.mayRun = true;
        try {
          resolve(answer());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  /**
   * Real code outside this process computes: the world stands still until the returned function is called. Whoever holds
   * it makes sure that it is called.
   */
  hold(): () => void {
    let isHeld = true;
    this.held++;
    this.mayRun = true;
    return () => {
      if (isHeld && --this.held === 0) this.onReleased();
      isHeld = false;
    };
  }

  /** An activity whose code runs outside this process: it is at rest whenever nothing holds the world. */
  async outside<T>(activity: Activity, run: Promise<T>): Promise<T> {
    activity.waitingFor++;
    try {
      return await run;
    } finally {
      activity.waitingFor--;
    }
  }

  /** When something next happens by itself (milliseconds); undefined: never. Real code may still have to run now. */
  get nextAt(): number | undefined {
    const times = [this.nextHost()?.machine.nextAt, this.agenda.nextAt].filter((at) => at !== undefined);
    if (this.mayRun) times.push(this.now);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** When something next happens that is no routine; undefined: all has settled. */
  get busyAt(): number | undefined {
    const times = this.hosted.map(({ machine }) => ('busyAt' in machine ? machine.busyAt : machine.nextAt));
    const known = [...times, this.agenda.busyAt].filter((at) => at !== undefined);
    if (this.mayRun) known.push(this.now);
    return known.length > 0 ? Math.max(this.now, Math.min(...known)) : undefined;
  }

  /** Lets the world live until `until` (milliseconds since the epoch). */
  async run(until: number): Promise<void> {
    for (;;) {
      if (this.mayRun) await this.settle();
      const host = this.nextHost();
      const machineAt = host?.machine.nextAt ?? Number.POSITIVE_INFINITY;
      const ownAt = this.agenda.nextAt ?? Number.POSITIVE_INFINITY;
      if (Math.min(machineAt, ownAt) > until) break;
      this.now = Math.max(this.now, Math.min(machineAt, ownAt));
      if (host && machineAt <= ownAt)
        for (const outcome of host.machine.advance(this.now)) host.onOutcome(outcome);
      else this.agenda.take(this.now)?.value();
    }
    this.now = Math.max(this.now, until);
  }

  /** Lets the world live for so many seconds. */
  async advance(seconds: number): Promise<void> {
    await this.run(this.now + seconds * 1000);
  }

  private nextHost() {
    let first: (typeof this.hosted)[number] | undefined;
    for (const host of this.hosted) {
      const at = host.machine.nextAt;
      if (at !== undefined && (first?.machine.nextAt === undefined || at < first.machine.nextAt))
        first = host;
    }
    return first;
  }

  /** Gives real code the event loop until all of it is at rest: finished, or waiting for something virtual. */
  private async settle(): Promise<void> {
    let quiet = 0;
    let seen = -1;
    for (let turn = 0; quiet < 2; turn++) {
      if (turn > turnsMax)
        throw new Error('A function waits for something outside virtual time (a timer, a socket?)');
      if (this.held > 0) {
        await this.released();
        quiet = 0;
      }
      await new Promise(setImmediate);
      const atRest = [...this.activities].every((activity) => activity.waitingFor > 0);
      quiet = atRest && this.scheduled === seen ? quiet + 1 : 0;
      seen = this.scheduled;
    }
    this.mayRun = false;
  }

  private released(): Promise<void> {
    return new Promise((resolve) => {
      this.onReleased = resolve;
    });
  }
}
