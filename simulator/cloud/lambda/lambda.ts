import type { Chance, Ids } from '../../chance.ts';
import type { Journal } from '../../journal.ts';
import { Fault } from '../../machine.ts';
import type { World } from '../../world.ts';
import { resourcePolicyAllows } from '../iam/iam.ts';
import type { Sqs } from '../sqs/sqs.ts';
import { Asynchronous } from './asynchronous.ts';
import { concurrencyOf, throttled } from './concurrency.ts';
import { logGroupOf, runtimeEnvironment } from './function.ts';
import { type Deployed, Functions } from './functions.ts';
import {
  type Ask,
  type Crash,
  type Ended,
  type Handle,
  type Invocation,
  type InvocationError,
  Sandbox,
} from './sandbox.ts';
import { type Signer, Signers } from './signers.ts';

export type { Handler, Platform, Runtime } from './sandbox.ts';

/** One invocation that has ended. Times in milliseconds since the epoch. */
export interface InvocationRecord extends Invocation {
  readonly endedAt: number;
  /** From the start of the environment, where there was one, to the end; rounded up to a millisecond. */
  readonly billedMs: number;
  readonly outcome: Ended['outcome'];
  readonly error?: InvocationError;
}

/** A service that invokes a function, and what its permission may be bound to. */
export interface Invoker {
  readonly principalService: string;
  readonly context: Readonly<Record<string, string>>;
}

/** Lambda: functions, their execution environments and concurrency, synchronous and asynchronous invocation. */
export class Lambda extends Functions {
  readonly journal: Journal<InvocationRecord>;
  /** The invocations that have ended, in order of their end. */
  readonly invocations: readonly InvocationRecord[];
  /** Faults of the platform, settable at run time. */
  readonly faults: {
    crash?: Crash | undefined;
    /** How likely an environment dies just before a call of its, and as likely just after it, 0 to 1. */
    crashProbability: number;
  } = { crashProbability: 0 };
  /** Takes what functions put to presigned URLs; settable. Without it nothing is there. */
  put: (url: string, body: string) => number = () => 404;
  private readonly handle: Handle;
  private readonly ask: Ask;
  private readonly ids: Ids;
  private readonly keys: Ids;
  private readonly luck: Chance;
  private readonly started = new Map<string, number>();
  private readonly signers = new Signers();
  private readonly asynchronous: Asynchronous;

  constructor(options: {
    region: string;
    accountId: string;
    world: World;
    sqs: Sqs;
    handle: Handle;
    ask: Ask;
  }) {
    super(options);
    const { world, sqs } = options;
    this.journal = world.newJournal();
    this.invocations = this.journal.entries;
    this.handle = options.handle;
    this.ask = options.ask;
    this.ids = world.ids('lambda');
    this.keys = world.ids('lambda/keys');
    this.luck = world.chance('lambda/faults');
    this.asynchronous = new Asynchronous({
      world,
      sqs,
      find: (functionName) => this.function(functionName),
      invoke: ({ target, payload, trigger, requestId }, onEnd) =>
        this.run(this.find(target.functionName), payload, trigger, requestId, onEnd),
    });
  }

  /** Whose environment an access key belongs to; undefined: nobody's here. */
  signer(accessKeyId: string): Signer | undefined {
    return this.signers.find(accessKeyId);
  }

  /** Environments that run at this moment, of one function or of all. */
  running(functionName?: string): number {
    const all = [...this.functions].filter(([name]) => !functionName || name === functionName);
    return all.reduce((sum, [, { running }]) => sum + running, 0);
  }

  /**
   * Invokes and tells `onEnd` how it ended. `payload` is JSON. Throws Fault: `ResourceNotFoundException`, or
   * `TooManyRequestsException` when the function or the account has no concurrency left.
   */
  invoke(nameOrArn: string, payload: string, trigger: string, onEnd: (ended: Ended) => void): void {
    this.run(this.find(nameOrArn), payload, trigger, this.ids.uuid(), onEnd);
  }

  /**
   * Takes an event from a service and answers for it from then on (D-5.23). Throws Fault: `ResourceNotFoundException`,
   * or `AccessDeniedException` when no permission of the function lets the service in.
   */
  invokeAsync(nameOrArn: string, payload: string, trigger: string, invoker: Invoker): void {
    const { settings, policy } = this.find(nameOrArn);
    const request = { ...invoker, action: 'lambda:InvokeFunction', resource: settings.functionArn };
    if (!resourcePolicyAllows(policy, request))
      throw new Fault(
        'AccessDeniedException',
        `${invoker.principalService} is not authorized to perform: lambda:InvokeFunction on resource: ${settings.functionArn}`,
        403,
      );
    this.accept(settings.functionArn, payload, trigger);
  }

  /**
   * Takes an event from whoever may invoke the function, and answers for it from then on (D-5.23); answers the id of
   * the request. Throws Fault: `ResourceNotFoundException`.
   */
  accept(nameOrArn: string, payload: string, trigger: string): string {
    const requestId = this.ids.uuid();
    this.asynchronous.accept(this.find(nameOrArn).settings, payload, trigger, requestId);
    return requestId;
  }

  private run(
    deployed: Deployed,
    payload: string,
    trigger: string,
    requestId: string,
    onEnd: (ended: Ended) => void,
  ): void {
    this.checkConcurrency(deployed);
    const { now } = this.world;
    const { warm, settings } = deployed;
    const found = warm.take(now);
    const sandbox = found ?? this.startSandbox(deployed);
    const invocation: Invocation = {
      functionName: settings.functionName,
      requestId,
      trigger,
      startedAt: now,
      cold: found === undefined,
    };
    deployed.running++;
    sandbox.start(invocation, payload, (ended) => {
      deployed.running--;
      warm.add(sandbox);
      this.note(invocation, ended);
      onEnd(ended);
    });
  }

  private note(invocation: Invocation, ended: Ended): void {
    const { now } = this.world;
    const billedMs = Math.ceil(now - invocation.startedAt);
    const error = ended.outcome === 'success' ? {} : { error: ended.error };
    const record = { ...invocation, endedAt: now, billedMs, outcome: ended.outcome, ...error };
    this.journal.add(record);
    this.world.record('invocation', record);
  }

  private checkConcurrency({ settings, running }: Deployed): void {
    const concurrency = concurrencyOf({ ...settings, running }, this.shares());
    if (concurrency.used < concurrency.limit) return;
    const { functionName } = settings;
    this.world.record('throttled', { functionName, running: concurrency.used, limit: concurrency.limit });
    throw throttled(functionName, concurrency);
  }

  private crashesByChance(): boolean {
    const { crashProbability } = this.faults;
    return crashProbability > 0 && this.luck.happens(crashProbability);
  }

  private startSandbox({ settings, code }: Deployed): Sandbox {
    const { functionName, functionArn, timeoutSeconds, memoryMb } = settings;
    const started = (this.started.get(functionName) ?? 0) + 1;
    this.started.set(functionName, started);
    const client = `${functionName}/${started}`;
    const accessKeyId = `ASIA${this.keys.hex(16).toUpperCase()}`;
    const principalArn = settings.role.arn;
    const { region, world } = this;
    const place = { region, now: world.now, logStreamId: this.ids.hex(32), accessKeyId };
    const sandbox = new Sandbox({
      world,
      client,
      chance: world.chance(`sandbox/${client}`),
      functionName,
      functionArn,
      roleArn: principalArn,
      timeoutSeconds,
      memoryMb,
      logGroupName: logGroupOf(settings),
      environment: { ...settings.environment, ...runtimeEnvironment(settings, place) },
      code,
      handle: this.handle,
      ask: this.ask,
      put: (...what) => this.put(...what),
      crash: (...where) => this.faults.crash?.(...where) || this.crashesByChance(),
    });
    this.signers.add(accessKeyId, sandbox, { principalArn, client, functionName });
    return sandbox;
  }
}
