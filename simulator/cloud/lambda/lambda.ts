import type { Ids } from '../../chance.ts';
import type { Journal } from '../../journal.ts';
import { Fault } from '../../machine.ts';
import type { World } from '../../world.ts';
import { isAllowed, type PolicyDocument, resourcePolicyAllows } from '../iam/iam.ts';
import type { Sqs } from '../sqs/sqs.ts';
import { Asynchronous, defaultInvokeConfig, type InvokeConfig } from './asynchronous.ts';
import {
  checkDefinition,
  type FunctionDefinition,
  inRange,
  invalid,
  type LambdaFunction,
  logGroupOf,
  nameOf,
  type Permission,
  runtimeEnvironment,
  statementOf,
} from './function.ts';
import {
  type Crash,
  type Ended,
  type Handle,
  type Handler,
  type Invocation,
  type InvocationError,
  type Platform,
  type Runtime,
  Sandbox,
} from './sandbox.ts';
import { Warm } from './warm.ts';

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

interface Deployed {
  settings: LambdaFunction;
  policy: PolicyDocument;
  readonly code: (platform: Platform) => Handler;
  warm: Warm;
  running: number;
  started: number;
}

/** Concurrent executions of an account, and how much of it reservations must leave to the others. */
export const accountConcurrency = 1000;
const unreservedMin = 100;

/** Lambda: functions, their execution environments and concurrency, synchronous and asynchronous invocation. */
export class Lambda {
  readonly journal: Journal<InvocationRecord>;
  /** The invocations that have ended, in order of their end. */
  readonly invocations: readonly InvocationRecord[];
  /** Faults of the platform, settable at run time. */
  readonly faults: { crash?: Crash | undefined } = {};
  /** Takes what functions put to presigned URLs; settable. Without it nothing is there. */
  put: (url: string, body: string) => number = () => 404;
  private readonly region: string;
  private readonly accountId: string;
  private readonly world: World;
  private readonly sqs: Sqs;
  private readonly handle: Handle;
  private readonly ids: Ids;
  private readonly keys: Ids;
  private readonly functions = new Map<string, Deployed>();
  private readonly asynchronous: Asynchronous;

  constructor(options: { region: string; accountId: string; world: World; sqs: Sqs; handle: Handle }) {
    const { world, sqs } = options;
    this.journal = world.newJournal();
    this.invocations = this.journal.entries;
    this.region = options.region;
    this.accountId = options.accountId;
    this.world = world;
    this.sqs = sqs;
    this.handle = options.handle;
    this.ids = world.ids('lambda');
    this.keys = world.ids('lambda/keys');
    this.asynchronous = new Asynchronous({
      world,
      sqs,
      invoke: ({ target, payload, trigger, requestId }, onEnd) =>
        this.run(this.find(target.functionName), payload, trigger, requestId, onEnd),
    });
  }

  /** Creates a function; `runtime` finds its code. Throws Fault as CreateFunction does. */
  createFunction(definition: FunctionDefinition, runtime: Runtime): LambdaFunction {
    const { functionName, reservedConcurrency = 0 } = definition;
    if (this.functions.has(functionName))
      throw new Fault('ResourceConflictException', `Function already exist: ${functionName}`, 409);
    checkDefinition(definition);
    if (definition.deadLetterArn !== undefined) this.checkDestination(definition, definition.deadLetterArn);
    if (this.reserved() + reservedConcurrency > accountConcurrency - unreservedMin)
      throw invalid(
        `ReservedConcurrentExecutions ${reservedConcurrency} for ${functionName} decreases account's UnreservedConcurrentExecution below its minimum value of [${unreservedMin}].`,
      );
    const functionArn = `arn:aws:lambda:${this.region}:${this.accountId}:function:${functionName}`;
    const settings: LambdaFunction = { ...definition, functionArn, invokeConfig: defaultInvokeConfig };
    this.functions.set(functionName, {
      settings,
      policy: { Statement: [] },
      code: runtime(definition.handler),
      warm: new Warm(),
      running: 0,
      started: 0,
    });
    return settings;
  }

  /** Lets a service invoke the function, as AWS::Lambda::Permission does. Throws Fault for an unknown function. */
  addPermission(nameOrArn: string, permission: Permission): void {
    const deployed = this.find(nameOrArn);
    const statement = statementOf(permission, deployed.settings.functionArn);
    deployed.policy = { Statement: [...[deployed.policy.Statement].flat(), statement] };
  }

  /** Sets how asynchronous invocations are treated. Throws Fault as PutFunctionEventInvokeConfig does. */
  setInvokeConfig(nameOrArn: string, config: Partial<InvokeConfig>): void {
    const deployed = this.find(nameOrArn);
    const invokeConfig = { ...defaultInvokeConfig, ...config };
    inRange('MaximumRetryAttempts', invokeConfig.maximumRetryAttempts, 0, 2);
    inRange('MaximumEventAgeInSeconds', invokeConfig.maximumEventAgeSeconds, 60, 21_600);
    for (const queueArn of [invokeConfig.onFailureArn, invokeConfig.onSuccessArn])
      if (queueArn !== undefined) this.checkDestination(deployed.settings, queueArn);
    deployed.settings = { ...deployed.settings, invokeConfig };
  }

  /** The function of this name or ARN; undefined when there is none. */
  function(nameOrArn: string): LambdaFunction | undefined {
    return this.functions.get(nameOf(nameOrArn) ?? '')?.settings;
  }

  /** Ends the function's execution environments, as new code does: idle ones now, the others with their invocation. */
  retire(nameOrArn: string): void {
    const deployed = this.find(nameOrArn);
    deployed.warm.retire();
    deployed.warm = new Warm();
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
    this.asynchronous.accept(settings, payload, trigger, this.ids.uuid());
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

  /** A reservation is the function's limit and is taken from what the others share. */
  private checkConcurrency({ settings, running }: Deployed): void {
    const { reservedConcurrency, functionName } = settings;
    const limit = reservedConcurrency ?? accountConcurrency - this.reserved();
    const used = reservedConcurrency === undefined ? this.runningUnreserved() : running;
    if (used < limit) return;
    this.world.record('throttled', { functionName, running: used, limit });
    throw new Fault(
      'TooManyRequestsException',
      `Rate Exceeded. ${functionName} has ${used} of ${limit} concurrent executions.`,
      429,
    );
  }

  private reserved(): number {
    return [...this.functions.values()].reduce(
      (sum, { settings }) => sum + (settings.reservedConcurrency ?? 0),
      0,
    );
  }

  private runningUnreserved(): number {
    return [...this.functions.values()].reduce(
      (sum, { settings, running }) => sum + (settings.reservedConcurrency === undefined ? running : 0),
      0,
    );
  }

  private startSandbox(deployed: Deployed): Sandbox {
    const { settings, code } = deployed;
    const client = `${settings.functionName}/${++deployed.started}`;
    return new Sandbox({
      world: this.world,
      client,
      chance: this.world.chance(`sandbox/${client}`),
      functionName: settings.functionName,
      functionArn: settings.functionArn,
      roleArn: settings.role.arn,
      timeoutSeconds: settings.timeoutSeconds,
      memoryMb: settings.memoryMb,
      logGroupName: logGroupOf(settings),
      environment: {
        ...settings.environment,
        ...runtimeEnvironment(settings, {
          region: this.region,
          now: this.world.now,
          logStreamId: this.ids.hex(32),
          accessKeyId: `ASIA${this.keys.hex(16).toUpperCase()}`,
        }),
      },
      code,
      handle: this.handle,
      put: (...what) => this.put(...what),
      crash: (...where) => this.faults.crash?.(...where) ?? false,
    });
  }

  /** A queue for what was given up: standard, there, and the function's role may send to it. */
  private checkDestination({ functionName, role }: FunctionDefinition, queueArn: string): void {
    const queue = this.sqs.queue(queueArn);
    if (!queue)
      throw invalid(`The destination ${queueArn} of ${functionName} is not an SQS queue that exists.`);
    if (queue.settings.isFifo)
      throw invalid(
        `The destination ${queueArn} of ${functionName} is a FIFO queue; expected a standard queue.`,
      );
    if (!isAllowed(role.policies, { action: 'sqs:SendMessage', resource: queueArn, context: {} }))
      throw invalid(
        `The provided execution role does not have permissions to call SendMessage on SQS: ${role.arn} on ${queueArn}`,
      );
  }

  private find(nameOrArn: string): Deployed {
    const deployed = this.functions.get(nameOf(nameOrArn) ?? '');
    if (!deployed) throw new Fault('ResourceNotFoundException', `Function not found: ${nameOrArn}`, 404);
    return deployed;
  }
}
