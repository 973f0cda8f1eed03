import type { Chance } from '../../chance.ts';
import {
  callMs,
  type FunctionCaller,
  type Spoken,
  type WireRequest,
  type WireResponse,
} from '../../endpoint.ts';
import type { DecodedCall } from '../../wire/wire.ts';
import type { Activity, World } from '../../world.ts';

/** What a function needs from outside itself; the same in AWS and here. */
export interface Platform {
  readonly environment: Readonly<Record<string, string>>;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
  /** From 0 up to, but not including, 1. */
  random(): number;
  readonly requestHandler: {
    handle(request: WireRequest): Promise<{ response: WireResponse }>;
    /** Answers a call without the wire; only for who knows that there is a simulation. */
    ask(call: DecodedCall): Promise<Spoken>;
  };
  /** Puts a text to a presigned URL; gives the HTTP status. */
  put(url: string, body: string): Promise<number>;
  write(line: string): void;
}

/** A function's code as the Lambda runtime calls it. */
export interface Handler {
  (event: unknown, context: Record<string, unknown>): Promise<unknown>;
  /** Where the code runs in a process of its own, which ends with its environment. */
  readonly process?: { readonly isAlive: boolean; stop(): void };
}

/** Finds the code of a function by the Handler of the template; each execution environment calls the result once. */
export type Runtime = (handler: string) => (platform: Platform) => Handler;

/** Answers an SDK request of a function. */
export type Handle = (
  activity: Activity,
  caller: FunctionCaller,
  request: WireRequest,
) => Promise<{ response: WireResponse }>;

/** Answers a call of a function that is not on the wire. */
export type Ask = (activity: Activity, caller: FunctionCaller, call: DecodedCall) => Promise<Spoken>;

/** Takes what a function puts to a presigned URL, and gives the HTTP status. */
export type Put = (url: string, body: string) => number;

/** One run of a function. `cold`: it began with the start of an execution environment. */
export interface Invocation {
  readonly functionName: string;
  readonly requestId: string;
  readonly trigger: string;
  readonly startedAt: number;
  readonly cold: boolean;
}

/** An error as Lambda reports it. */
export interface InvocationError {
  readonly errorType: string;
  readonly errorMessage: string;
}

/** How an invocation ended. `payload` is what the function returned, as JSON. */
export type Ended =
  | { readonly outcome: 'success'; readonly payload: string }
  | { readonly outcome: 'error' | 'timeout' | 'crashed'; readonly error: InvocationError };

/** Decides whether the environment dies just before or just after its n-th API call (from 1) of this invocation. */
export type Crash = (invocation: Invocation, callNumber: number, when: 'before' | 'after') => boolean;

/** What an execution environment is made of. */
export interface SandboxOptions {
  readonly world: World;
  readonly client: string;
  readonly chance: Chance;
  readonly functionName: string;
  readonly functionArn: string;
  readonly roleArn: string;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly logGroupName: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly code: (platform: Platform) => Handler;
  readonly handle: Handle;
  readonly ask: Ask;
  readonly put: Put;
  readonly crash: Crash;
}

/** The start of an environment and of the code in it; billed like the rest (our choice: between 150 and 400 ms are usual). */
export const coldStartMs = 250;

/** The handler's own computing: once per invocation, and once more per API call (our choice; measured with real handlers). */
export const invocationComputeMs = 5;
export const callComputeMs = 1;

/** What is going on in an environment. */
interface Run {
  readonly activity: Activity;
  readonly invocation: Invocation;
  readonly deadline: number;
  readonly finish: (ended: Ended) => void;
  calls: number;
  busyUntil: number;
}

const never = <T>() => new Promise<T>(() => {});

/**
 * One execution environment of a function: runs one invocation at a time, keeps its memory from one to the next, and
 * dies of a timeout or a crash. What a handler leaves running when it returns never goes on, unless it has a process of its
 * own: that is frozen, and goes on with the next invocation.
 */
export class Sandbox {
  /** Until when it was busy (milliseconds). */
  idleSince = 0;
  private readonly options: SandboxOptions;
  private handler: Handler | undefined;
  private run: Run | undefined;
  private isDead = false;

  constructor(options: SandboxOptions) {
    this.options = options;
  }

  /** Whether it can run another invocation. */
  get isAlive(): boolean {
    return !this.isDead && this.handler?.process?.isAlive !== false;
  }

  /** Ends it, and its process where it has one. What runs in it never ends. */
  stop(): void {
    this.isDead = true;
    this.handler?.process?.stop();
  }

  /** Runs one invocation; `onEnd` is told once how it ended, at the virtual time of the end. */
  start(invocation: Invocation, payload: string, onEnd: (ended: Ended) => void): void {
    const { world, timeoutSeconds } = this.options;
    const readyAt = invocation.startedAt + (invocation.cold ? coldStartMs : 0);
    const deadline = readyAt + timeoutSeconds * 1000;
    world.begin(async (activity) => {
      const cancelTimeout = world.at(deadline, () => this.timeOut(run));
      const finish = (ended: Ended) => {
        if (this.run !== run) return;
        this.run = undefined;
        this.idleSince = world.now;
        cancelTimeout();
        world.end(activity);
        onEnd(ended);
      };
      const run: Run = { activity, invocation, deadline, finish, calls: 0, busyUntil: readyAt };
      this.run = run;
      finish(await this.execute(run, readyAt, payload));
    });
  }

  private async execute(run: Run, readyAt: number, payload: string): Promise<Ended> {
    const { world } = this.options;
    try {
      await world.wait(run.activity, readyAt, () => undefined);
      const handler: Handler = this.handler ?? this.boot();
      this.handler = handler;
      await world.wait(run.activity, readyAt + invocationComputeMs, () => undefined);
      const running = handler(JSON.parse(payload), this.context(run));
      const result: unknown = await (handler.process ? world.outside(run.activity, running) : running);
      return { outcome: 'success', payload: marshal(result) };
    } catch (error) {
      const isGone = this.handler?.process?.isAlive === false;
      return { outcome: isGone ? 'crashed' : 'error', error: describe(error) };
    }
  }

  /** Starts the code. An environment whose code does not start is of no further use. */
  private boot(): Handler {
    try {
      return this.options.code(this.platform());
    } catch (error) {
      this.isDead = true;
      throw error;
    }
  }

  private timeOut(run: Run): void {
    const { requestId } = run.invocation;
    const errorMessage = `${requestId} Task timed out after ${this.options.timeoutSeconds.toFixed(2)} seconds`;
    this.die(run, { outcome: 'timeout', error: { errorType: 'Sandbox.Timedout', errorMessage } });
  }

  private die(run: Run, ended: Ended): void {
    this.stop();
    run.finish(ended);
  }

  private platform(): Platform {
    const { world, environment, chance } = this.options;
    return {
      environment,
      now: () => new Date(world.now),
      // A timer of Node.js takes a millisecond at least.
      sleep: (milliseconds) => this.wait(world.now + Math.max(1, milliseconds)),
      random: () => chance.between(0, 2 ** 31 - 1) / 2 ** 31,
      requestHandler: {
        handle: (request) => this.send(this.options.handle, request),
        ask: (call) => this.send(this.options.ask, call),
      },
      put: (url, body) => this.put(url, body),
      write: (line) => {
        const run = this.run;
        if (!run) return;
        const { functionName, requestId } = run.invocation;
        world.record('log', { functionName, requestId, line });
      },
    };
  }

  private wait(time: number): Promise<void> {
    return this.run ? this.options.world.wait(this.run.activity, time, () => undefined) : never();
  }

  private send<What, Answer>(
    carry: (activity: Activity, caller: FunctionCaller, what: What) => Promise<Answer>,
    what: What,
  ): Promise<Answer> {
    const { roleArn: principalArn, client } = this.options;
    return this.call(({ activity, invocation: { functionName, requestId } }) =>
      carry(activity, { principalArn, client, functionName, requestId }, what),
    );
  }

  private put(url: string, body: string): Promise<number> {
    const { world, put } = this.options;
    return this.call(({ activity, invocation: { functionName, requestId } }) =>
      world.wait(activity, world.now + callMs, () => {
        const status = put(url, body);
        world.record('put', { functionName, requestId, url, body, status });
        return status;
      }),
    );
  }

  /** Calls begun at the same time leave one after the other: a function has one thread. */
  private async call<T>(send: (run: Run) => Promise<T>): Promise<T> {
    const { run } = this;
    if (!run) return never();
    const number = ++run.calls;
    run.busyUntil = Math.max(this.options.world.now, run.busyUntil) + callComputeMs;
    await this.wait(run.busyUntil);
    if (this.crashes(run, number, 'before')) return never();
    const answer = await send(run);
    return this.crashes(run, number, 'after') ? never() : answer;
  }

  private crashes(run: Run, callNumber: number, when: 'before' | 'after'): boolean {
    if (!this.options.crash(run.invocation, callNumber, when)) return false;
    const errorMessage = `RequestId: ${run.invocation.requestId} Error: Runtime exited with error: signal: killed`;
    this.die(run, { outcome: 'crashed', error: { errorType: 'Runtime.ExitError', errorMessage } });
    return true;
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
  private context({ invocation, deadline }: Run): Record<string, unknown> {
    const { world, functionName, functionArn, memoryMb, logGroupName, environment } = this.options;
    return {
      functionName,
      functionVersion: '$LATEST',
      invokedFunctionArn: functionArn,
      memoryLimitInMB: String(memoryMb),
      awsRequestId: invocation.requestId,
      logGroupName,
      logStreamName: environment.AWS_LAMBDA_LOG_STREAM_NAME,
      callbackWaitsForEmptyEventLoop: true,
      getRemainingTimeInMillis: () => Math.max(0, deadline - world.now),
    };
  }
}

/** What a handler returns leaves it as JSON. */
function marshal(result: unknown): string {
  try {
    return JSON.stringify(result) ?? 'null';
  } catch (error) {
    throw Object.assign(new Error(`Unable to stringify response body: ${error}`), {
      name: 'Runtime.MarshalError',
    });
  }
}

function describe(error: unknown): InvocationError {
  if (error instanceof Error) return { errorType: error.name, errorMessage: error.message };
  return { errorType: typeof error, errorMessage: String(error) };
}
