import { Fault } from '../../machine.ts';
import type { World } from '../../world.ts';
import type { MessageAttributes } from '../sqs/message.ts';
import type { Sqs } from '../sqs/sqs.ts';
import type { LambdaFunction } from './function.ts';
import type { Ended } from './sandbox.ts';

/** How Lambda treats asynchronous invocations of a function (D-5.23). */
export interface InvokeConfig {
  /** 0 to 2. */
  readonly maximumRetryAttempts: number;
  /** 60 to 21,600. */
  readonly maximumEventAgeSeconds: number;
  /** A standard SQS queue for the record of an event that was given up. */
  readonly onFailureArn?: string | undefined;
  /** A standard SQS queue for the record of an event that was processed. */
  readonly onSuccessArn?: string | undefined;
}

/** Two retries within six hours, no destinations (D-5.23). */
export const defaultInvokeConfig: InvokeConfig = {
  maximumRetryAttempts: 2,
  maximumEventAgeSeconds: 21_600,
};

/** An event that Lambda has accepted and answers for from then on. */
interface AcceptedEvent {
  /** As it was set up when it was last looked at. */
  target: LambdaFunction;
  readonly payload: string;
  readonly trigger: string;
  readonly requestId: string;
  readonly acceptedAt: number;
  failures: number;
  throttles: number;
  last?: Ended;
}

type Condition = 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency' | 'FunctionDeleted';

/** Waits before the first and the second retry of a function that failed (D-5.23). */
const retryAfterMs = [60_000, 120_000];

/** A throttled event waits 1 s, twice as long each time, up to 5 minutes: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const throttledMs = { first: 1000, max: 300_000 };

const errorMessageBytesMax = 1024;

/** Lambda's queue of asynchronous invocations: tries again, gives up, and says so where the function's settings ask for it. */
export class Asynchronous {
  private readonly world: World;
  private readonly sqs: Sqs;
  private readonly find: (functionName: string) => LambdaFunction | undefined;
  private readonly invoke: (event: AcceptedEvent, onEnd: (ended: Ended) => void) => void;

  constructor(options: {
    world: World;
    sqs: Sqs;
    /** The function as it is set up now; undefined when it is gone. */
    find: (functionName: string) => LambdaFunction | undefined;
    /** Runs it now; throws Fault when Lambda has no concurrency left for it. */
    invoke: (event: AcceptedEvent, onEnd: (ended: Ended) => void) => void;
  }) {
    this.world = options.world;
    this.sqs = options.sqs;
    this.find = options.find;
    this.invoke = options.invoke;
  }

  /** Takes an event; it is tried at once. */
  accept(target: LambdaFunction, payload: string, trigger: string, requestId: string): void {
    const { now } = this.world;
    this.attempt({ target, payload, trigger, requestId, acceptedAt: now, failures: 0, throttles: 0 });
  }

  /** Events of a function that is deleted go with it: nothing is left that says where else they should go. */
  private isGone(event: AcceptedEvent): boolean {
    const target = this.find(event.target.functionName);
    if (target) event.target = target;
    else this.noteGivenUp(event, 'FunctionDeleted');
    return target === undefined;
  }

  private noteGivenUp({ target, requestId, trigger }: AcceptedEvent, condition: Condition): void {
    this.world.record('event-given-up', {
      functionName: target.functionName,
      requestId,
      trigger,
      condition,
    });
  }

  private attempt(event: AcceptedEvent): void {
    if (this.isGone(event)) return;
    if (event.target.reservedConcurrency === 0) {
      this.giveUp(event, 'ZeroReservedConcurrency');
      return;
    }
    try {
      this.invoke(event, (ended) => this.ended(event, ended));
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'TooManyRequestsException')) throw error;
      this.later(event, Math.min(throttledMs.first * 2 ** event.throttles++, throttledMs.max));
    }
  }

  private ended(event: AcceptedEvent, ended: Ended): void {
    if (this.isGone(event)) return;
    const { maximumRetryAttempts, onSuccessArn } = event.target.invokeConfig;
    event.last = ended;
    if (ended.outcome === 'success') {
      if (onSuccessArn) this.tell(event, onSuccessArn, this.recordOf(event, 'Success'), {});
      return;
    }
    const wait = retryAfterMs[event.failures++];
    if (wait === undefined || event.failures > maximumRetryAttempts) this.giveUp(event, 'RetriesExhausted');
    else this.later(event, wait);
  }

  private later(event: AcceptedEvent, waitMs: number): void {
    const expiresAt = event.acceptedAt + event.target.invokeConfig.maximumEventAgeSeconds * 1000;
    const at = this.world.now + waitMs;
    if (at > expiresAt)
      this.world.at(expiresAt, () => this.isGone(event) || this.giveUp(event, 'EventAgeExceeded'));
    else this.world.at(at, () => this.attempt(event));
  }

  private giveUp(event: AcceptedEvent, condition: Condition): void {
    const { deadLetterArn, invokeConfig } = event.target;
    const { requestId, last } = event;
    this.noteGivenUp(event, condition);
    const { errorMessage } = errorOf(last) ?? { errorMessage: condition };
    const attributes: MessageAttributes = {
      RequestID: { DataType: 'String', StringValue: requestId },
      ErrorCode: { DataType: 'Number', StringValue: last ? '200' : '429' },
      ErrorMessage: {
        DataType: 'String',
        StringValue: errorMessage.slice(0, errorMessageBytesMax) || condition,
      },
    };
    if (deadLetterArn) this.tell(event, deadLetterArn, event.payload, attributes);
    if (invokeConfig.onFailureArn)
      this.tell(event, invokeConfig.onFailureArn, this.recordOf(event, condition), {});
  }

  /** Lambda sends in the name of the function's role, which may: `Lambda` has made sure of that. */
  private tell(event: AcceptedEvent, queueArn: string, body: string, attributes: MessageAttributes): void {
    const { functionName, role } = event.target;
    const { requestId } = event;
    try {
      this.sqs.send(this.world.now, queueArn, { body, attributes }, { principalArn: role.arn });
      this.world.record('destination', { functionName, requestId, queueArn });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.world.record('destination-lost', { functionName, requestId, queueArn, error: error.code });
    }
  }

  /** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html */
  private recordOf(event: AcceptedEvent, condition: Condition | 'Success'): string {
    const { requestId, target, payload, last, failures } = event;
    const error = errorOf(last);
    const ran = last && {
      responseContext: {
        statusCode: 200,
        executedVersion: '$LATEST',
        ...(error ? { functionError: 'Unhandled' } : {}),
      },
      responsePayload: last.outcome === 'success' ? JSON.parse(last.payload) : { ...error, trace: [] },
    };
    return JSON.stringify({
      version: '1.0',
      timestamp: new Date(this.world.now).toISOString(),
      requestContext: {
        requestId,
        functionArn: `${target.functionArn}:$LATEST`,
        condition,
        approximateInvokeCount: failures + (last?.outcome === 'success' ? 1 : 0),
      },
      requestPayload: JSON.parse(payload),
      ...ran,
    });
  }
}

function errorOf(ended: Ended | undefined) {
  return ended && ended.outcome !== 'success' ? ended.error : undefined;
}
