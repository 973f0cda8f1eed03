import type { WireRequest, WireResponse } from '../../endpoint.ts';
import type { Platform } from './sandbox.ts';
import { type RuntimeProcess, type Said, startRuntime, withoutPlaces } from './spawn.ts';

/** Runs `run` after so many milliseconds of real time; the returned function takes it back. */
export type After = (milliseconds: number, run: () => void) => () => void;

/** The header that says when, in virtual time, an answer was given (milliseconds since the epoch). */
export const nowHeader = 'x-simulator-now';

/** What a process is made of. */
export interface ChildOptions {
  readonly platform: Platform;
  readonly handlerName: string;
  /** Where the code lies, once it is unpacked. */
  readonly folder: Promise<string>;
  readonly endpointUrl: string;
  /** How long (real time) it may compute without a sign of life. */
  readonly silenceMsMax: number;
  readonly after: After;
  /** Something was given to it: it computes until `onRest`. */
  readonly onBusy: (child: Child) => void;
  /** It has nothing more to do without the outside, and all that it sent has arrived. */
  readonly onRest: (child: Child) => void;
  /** The process is gone. */
  readonly onExit: () => void;
}

/** A request that arrived. */
interface Arrival {
  readonly request: WireRequest;
  readonly resolve: (response: WireResponse) => void;
  readonly reject: (error: unknown) => void;
  isHandedOn: boolean;
  isAnswered: boolean;
}

/** An invocation that has not ended. */
interface Invocation {
  readonly requestId: string;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The Node.js process of one execution environment. What it says is collected while it computes, and handed on when it is at
 * rest: how long it took, and in which order things came, is the real machine's affair and leaves no trace.
 */
export class Child {
  isAlive = true;
  private readonly options: ChildOptions;
  private readonly lines: string[] = [];
  private readonly arrivals = new Map<number, Arrival>();
  private runtime: RuntimeProcess | undefined;
  /** Its own folder, which texts are not to show; until it is known, there is nothing to hide. */
  private folder = '/var/task';
  private told = 0;
  private idle: (Said & { say: 'idle' }) | undefined;
  private outcome: (Said & { say: 'result' | 'error' }) | undefined;
  private exit: string | undefined;
  private invocation: Invocation | undefined;
  private isBusy = false;
  private endSilence = () => {};

  /** Starts the process: the code is imported at once. */
  constructor(options: ChildOptions) {
    this.options = options;
    this.begin();
    options.folder.then(
      (folder) => this.start(folder),
      (error) => this.fail(`The code cannot be unpacked: ${error instanceof Error ? error.message : error}`),
    );
  }

  /** When its next timer is due (virtual milliseconds); undefined while it is frozen between two invocations. */
  get nextAt(): number | undefined {
    return this.invocation && !this.isBusy ? this.idle?.nextAt : undefined;
  }

  /** Runs one invocation. Rejects with the error that Lambda would report. */
  invoke(event: unknown, context: Record<string, unknown>): Promise<unknown> {
    const { getRemainingTimeInMillis, ...data } = context;
    const deadline = this.now + (getRemainingTimeInMillis as () => number)();
    return new Promise((resolve, reject) => {
      this.invocation = { requestId: String(context.awsRequestId), resolve, reject };
      // What it left running when it was frozen goes on.
      for (const arrival of this.arrivals.values()) arrival.isHandedOn = false;
      if (this.isAlive) this.tell({ tell: 'invoke', event, context: data, deadline });
      else this.conclude();
    });
  }

  /** Tells it that a timer is due. */
  fireTimers(): void {
    this.tell({ tell: 'due' });
  }

  /** Takes a request of this process; its answer comes once the world has given it. */
  arrive(number: number, request: WireRequest): Promise<WireResponse> {
    return new Promise((resolve, reject) => {
      this.arrivals.set(number, { request, resolve, reject, isHandedOn: false, isAnswered: false });
      this.noteSign();
    });
  }

  /** Hands on what it said since the last time: its lines, then its requests as it made them, then its result. */
  handOn(): void {
    const { platform } = this.options;
    for (const line of this.lines.splice(0)) platform.write(withoutPlaces(line, this.folder));
    if (this.outcome || !this.isAlive) this.conclude();
    else this.handOnRequests();
  }

  private handOnRequests(): void {
    const { platform } = this.options;
    for (const number of this.idle?.awaiting ?? []) {
      const arrival = this.arrivals.get(number);
      if (!arrival || arrival.isHandedOn) continue;
      arrival.isHandedOn = true;
      platform.requestHandler.handle(arrival.request).then(
        ({ response }) => this.answer(number, () => arrival.resolve(this.stamped(response))),
        (error) => this.answer(number, () => arrival.reject(error)),
      );
    }
  }

  /** Ends the process; whatever it was doing never comes to an end. */
  stop(): void {
    this.isAlive = false;
    this.invocation = undefined;
    if (this.runtime) this.runtime.kill();
    else this.options.onExit();
    this.rest();
  }

  private get now(): number {
    return this.options.platform.now().getTime();
  }

  /** The answer with the virtual time; SDK clients compare their clock with the date of AWS. */
  private stamped({ headers, ...response }: WireResponse): WireResponse {
    const date = new Date(this.now).toUTCString();
    return { ...response, headers: { ...headers, date, [nowHeader]: String(this.now) } };
  }

  private start(folder: string): void {
    if (!this.isAlive) return;
    const { platform, handlerName, endpointUrl } = this.options;
    this.folder = folder;
    this.runtime = startRuntime({
      folder,
      environment: { ...platform.environment, LAMBDA_TASK_ROOT: folder },
      onSaid: (said) => this.hear(said),
      onText: (text) => this.hear({ say: 'line', line: text }),
      onExit: (text) => this.fail(text),
    });
    const seed = [0, 0, 0, 0].map(() => Math.floor(platform.random() * 2 ** 32));
    const { AWS_ACCESS_KEY_ID: accessKeyId } = platform.environment;
    this.tell({ tell: 'start', seed, endpointUrl, accessKeyId, root: folder, handlerName });
  }

  private tell(message: Record<string, unknown>): void {
    this.told++;
    this.begin();
    this.runtime?.send({ ...message, now: this.now });
  }

  private hear(said: Said): void {
    if (said.say === 'line') this.lines.push(said.line);
    else if (said.say === 'idle') {
      // Also when nobody asked: something of its own woke it.
      this.begin();
      this.idle = said;
      for (const number of this.arrivals.keys())
        if (!said.awaiting.includes(number)) this.arrivals.delete(number);
    } else this.outcome = said;
    this.noteSign();
  }

  /** Gives the answer; a process that still waits for it computes from here on. */
  private answer(number: number, give: () => void): void {
    const arrival = this.arrivals.get(number);
    if (this.isAlive && arrival) {
      arrival.isAnswered = true;
      this.begin();
    }
    give();
  }

  private begin(): void {
    if (this.isBusy) return;
    this.isBusy = true;
    this.options.onBusy(this);
    this.awaitSign();
  }

  private rest(): void {
    if (!this.isBusy) return;
    this.isBusy = false;
    this.endSilence();
    this.options.onRest(this);
  }

  /** It lives: looks whether it is at rest, and else waits for the next sign. */
  private noteSign(): void {
    if (!this.isBusy) return;
    if (!this.isAlive || this.isAtRest()) this.rest();
    else this.awaitSign();
  }

  private awaitSign(): void {
    const { after, silenceMsMax } = this.options;
    this.endSilence();
    this.endSilence = after(silenceMsMax, () => this.silence());
  }

  private isAtRest(): boolean {
    const { idle } = this;
    if (idle?.heard !== this.told) return false;
    return idle.awaiting.every((number) => this.arrivals.get(number)?.isAnswered === false);
  }

  /** It computes without end, as far as anybody can tell. In Lambda too the timeout would end its invocation. */
  private silence(): void {
    const { silenceMsMax, platform } = this.options;
    platform.write(`The process gave no sign for ${silenceMsMax / 1000} s of real time and was ended`);
    this.stop();
  }

  /** The process is gone, for this reason. */
  private fail(text: string): void {
    this.options.onExit();
    if (!this.isAlive) return;
    this.isAlive = false;
    this.exit = text;
    this.begin();
    this.rest();
  }

  /** Ends the invocation under way, if its end is known. */
  private conclude(): void {
    const { invocation, outcome, exit } = this;
    if (!invocation || !(outcome || exit)) return;
    this.invocation = undefined;
    if (this.isAlive) this.outcome = undefined;
    if (outcome?.say === 'result') invocation.resolve(JSON.parse(outcome.payload));
    else if (outcome)
      invocation.reject(errorOf(outcome.errorType, withoutPlaces(outcome.errorMessage, this.folder)));
    else invocation.reject(errorOf('Runtime.ExitError', `RequestId: ${invocation.requestId} Error: ${exit}`));
  }
}

const errorOf = (name: string, message: string) => Object.assign(new Error(message), { name });
