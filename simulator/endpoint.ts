import { answering } from './answered.ts';
import { Busy, type BusyFaults } from './busy.ts';
import type { Journal } from './journal.ts';
import {
  type Applied,
  type Call,
  type Caller,
  Fault,
  type Need,
  type Outcome,
  type Service,
  type ServiceName,
} from './machine.ts';
import { type ViewFaults, Views } from './views.ts';
import { accessDenied, checkReply } from './wire/check.ts';
import { copyOf } from './wire/copy.ts';
import { bytesOf, credentialOf, type HttpRequest, unsigned } from './wire/request.ts';
import {
  checkInput,
  type DecodedCall,
  decode,
  type Encoded,
  encodeFault,
  encodeRefusal,
  encodeReply,
  shownAs,
} from './wire/wire.ts';
import type { Activity, World } from './world.ts';

/** An HTTP request as an SDK client hands it to its request handler. */
export type WireRequest = Omit<HttpRequest, 'body'> & { readonly body?: unknown };

/** An HTTP response as an SDK client takes it from its request handler. */
export interface WireResponse {
  readonly statusCode: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** The answer to a call that is not on the wire: the reply, or the error as an SDK client knows it. */
export type Spoken =
  | { readonly reply: Readonly<Record<string, unknown>> }
  | { readonly fault: { readonly name: string; readonly status: number; readonly message: string } };

/** A function's execution environment as a caller. */
export interface FunctionCaller extends Caller {
  readonly functionName: string;
  readonly requestId: string;
}

/** One API call that was answered. */
export interface CallRecord {
  readonly at: number;
  readonly service: ServiceName;
  readonly operation: string;
  /** The function that called; undefined: somebody outside the stack. */
  readonly functionName: string | undefined;
  readonly requestId: string | undefined;
  readonly input: Readonly<Record<string, unknown>>;
  /** `ok` or the error code. */
  readonly outcome: string;
}

/** Faults of the API itself, settable at run time. */
export interface EndpointFaults extends BusyFaults, ViewFaults {
  /** May refuse a function's call, as AWS would: throws Fault. Asked after IAM, before the service. */
  refuse?: ((call: Call & { service: ServiceName; functionName: string | undefined }) => void) | undefined;
}

/** From the start of a call to its answer; the service acts halfway (milliseconds of virtual time). */
export const callMs = 30;

/** The API of the account: checks input and permissions, applies read lag, answers in virtual time, keeps the call log. */
export class Endpoint {
  readonly journal: Journal<CallRecord>;
  readonly faults: EndpointFaults = {
    ...{ readLagSecondsMax: 0, isThrottled: false, othersShare: 0, refusalProbability: 0 },
  };
  readonly services: Readonly<Record<ServiceName, Service>>;
  private readonly world: World;
  private readonly operator: Caller;
  private readonly signer: (accessKeyId: string) => Caller | undefined;
  private readonly isAllowed: (caller: Caller, need: Need) => boolean;
  private readonly onOutcome: (outcome: Outcome) => void;
  private readonly views: Views;
  private readonly busy: Busy;
  private readonly ids;
  private readonly doorIds;

  constructor(options: {
    world: World;
    services: Readonly<Record<ServiceName, Service>>;
    /** Who calls with an access key that is nobody else's. */
    operator: Caller;
    /** Whose an access key is; undefined: nobody's. */
    signer: (accessKeyId: string) => Caller | undefined;
    isAllowed: (caller: Caller, need: Need) => boolean;
    onOutcome: (outcome: Outcome) => void;
  }) {
    this.journal = options.world.newJournal();
    this.world = options.world;
    this.services = options.services;
    this.operator = options.operator;
    this.signer = options.signer;
    this.isAllowed = options.isAllowed;
    this.onOutcome = options.onOutcome;
    this.views = new Views(options.world, this.faults);
    this.busy = new Busy(options.world.chance('refusals'), this.faults);
    this.ids = options.world.ids('requests');
    this.doorIds = options.world.ids('operator-requests');
  }

  /** The calls that were answered, oldest first. */
  get calls(): readonly CallRecord[] {
    return this.journal.entries;
  }

  /**
   * Answers a function's SDK request: the service acts after half of `callMs`, the answer is there after all of it, or
   * when what was called has ended.
   */
  async handle(
    activity: Activity,
    caller: FunctionCaller,
    request: WireRequest,
  ): Promise<{ response: WireResponse }> {
    const whole = { ...request, body: bytesOf(request.body) };
    const response = await this.inTime<WireResponse>(activity, (onAnswer) =>
      this.answer(caller, whole, this.ids.uuid(), onAnswer),
    );
    return { response };
  }

  /**
   * The same for a call that is not on the wire: what the client would write and read is handed over as it is, and all
   * the rest (throttling, checks, permissions, faults, time, the log) is the same.
   */
  async ask(activity: Activity, caller: FunctionCaller, call: DecodedCall): Promise<Spoken> {
    return this.inTime<Spoken>(activity, (onAnswer) => {
      // A request on the wire takes an id.
      this.ids.uuid();
      this.speak(caller, copyOf(call), onAnswer);
    });
  }

  /** Lets the service act after half of `callMs`, and gives the answer after all of it, or when it is there. */
  private async inTime<Answer>(
    activity: Activity,
    act: (onAnswer: (answer: Answer) => void) => void,
  ): Promise<Answer> {
    const startedAt = this.world.now;
    let given: { readonly answer: Answer } | undefined;
    this.world.at(startedAt + callMs / 2, () => {
      if (!activity.done) act((answer) => (given = { answer }));
    });
    await this.world.wait(activity, startedAt + callMs, () => undefined);
    while (!given) await this.world.wait(activity, this.world.now + callMs, () => undefined);
    return given.answer;
  }

  private speak(caller: FunctionCaller, call: DecodedCall, onAnswer: (answer: Spoken) => void): void {
    const { service, operation, input } = call;
    const tell = (reply: Record<string, unknown>) => {
      checkReply(service, operation, reply);
      onAnswer({ reply: copyOf(reply) });
    };
    try {
      const { reply, later } = this.apply(caller, service, operation, input, true);
      if (later) later(tell);
      else tell(reply);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const { name, status } = shownAs(service, error);
      onAnswer({ fault: { name, status, message: error.message } });
    }
  }

  /**
   * Answers a request of whoever its access key belongs to: an execution environment, or else the account's operator.
   * `onAnswer` is told at once, unless what is called takes time, as a synchronous invocation does. Whatever is wrong
   * with the request is answered as AWS would; throws only what is a fault of the simulator's own.
   */
  serve(request: WireRequest, onAnswer: (response: WireResponse) => void): void {
    const whole = { ...request, body: bytesOf(request.body) };
    const requestId = this.doorIds.uuid();
    const credential = credentialOf(whole);
    if (credential === undefined) {
      onAnswer(wireResponse(encodeRefusal(whole, unsigned(whole), requestId)));
      return;
    }
    this.answer(this.signer(credential.accessKeyId) ?? this.operator, whole, requestId, onAnswer);
  }

  /** A call that does not come over the wire, answered at once. Throws Fault. */
  call(
    caller: Caller,
    service: ServiceName,
    operation: string,
    input: Record<string, unknown>,
  ): Record<string, unknown> {
    const { reply, later } = this.apply(caller, service, operation, input);
    if (later) throw new Error(`${service} ${operation} takes time and cannot be answered at once.`);
    return reply;
  }

  private answer(
    caller: Caller,
    request: HttpRequest,
    requestId: string,
    onAnswer: (response: WireResponse) => void,
  ): void {
    let call: DecodedCall | undefined;
    const say = (encode: (call: DecodedCall) => Encoded) => {
      if (call) onAnswer(wireResponse(encode(call)));
    };
    const tell = (reply: Record<string, unknown>) =>
      say(({ service, operation }) => encodeReply(service, operation, reply, requestId));
    try {
      call = decode(request);
      const { reply, later } = this.apply(caller, call.service, call.operation, call.input, true);
      if (later) later(tell);
      else tell(reply);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (call) say(({ service }) => encodeFault(service, error, requestId, request.method));
      else onAnswer(wireResponse(encodeRefusal(request, error, requestId)));
    }
  }

  private apply(
    caller: Caller & { functionName?: string; requestId?: string },
    service: ServiceName,
    operation: string,
    input: Record<string, unknown>,
    isOnWire = false,
  ): Applied {
    const { functionName, requestId } = caller;
    const note = (outcome: string) => {
      this.journal.add({ at: this.world.now, service, operation, functionName, requestId, input, outcome });
      this.world.record('call', {
        service,
        operation,
        caller: functionName ?? caller.client,
        requestId,
        outcome,
        input,
      });
    };
    try {
      const applied = answering(service, { operation, input }, () => {
        if (isOnWire) this.busy.take(this.world.now, service, operation, functionName !== undefined);
        checkInput(service, operation, input);
        const call = { operation, input, caller, viewAt: this.viewAt(caller, service, operation) };
        this.authorize(service, call);
        this.faults.refuse?.({ ...call, service, functionName });
        return this.services[service].apply(this.world.now, call);
      });
      note('ok');
      for (const outcome of applied.outcomes) this.onOutcome(outcome);
      return applied;
    } catch (error) {
      if (error instanceof Fault) note(error.code);
      throw error;
    }
  }

  private viewAt(
    caller: Caller & { functionName?: string },
    service: ServiceName,
    operation: string,
  ): number {
    const table = this.services[service].tableRead(operation);
    if (table === undefined || !caller.functionName) return this.world.now;
    return this.views.at(`${caller.client}/${service}/${table}`, operation);
  }

  private authorize(service: ServiceName, call: Call): void {
    const needs = this.services[service].needs(call);
    if (!needs) return;
    // A call that names nothing needs the action all the same.
    const something = { action: `${service}:${call.operation}`, resource: '*', context: {} };
    for (const need of needs.length > 0 ? needs : [something]) {
      if (this.isAllowed(call.caller, need)) continue;
      const text = `User: ${call.caller.principalArn} is not authorized to perform: ${need.action} on resource: ${need.resource}`;
      throw accessDenied(
        service,
        `${text} because no identity-based policy allows the ${need.action} action`,
      );
    }
  }
}

/** The same as an SDK client takes it. */
export const wireResponse = (encoded: Encoded): WireResponse => ({
  statusCode: encoded.status,
  headers: encoded.headers,
  body: encoded.body,
});
