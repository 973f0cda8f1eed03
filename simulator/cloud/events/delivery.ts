import type { Chance } from '../../chance.ts';
import { Fault } from '../../machine.ts';
import type { World } from '../../world.ts';
import type { Lambda } from '../lambda/lambda.ts';
import type { MessageAttributes } from '../sqs/message.ts';
import type { Sqs } from '../sqs/sqs.ts';
import { type BusEvent, inputOf, type RuleName, type Target } from './target.ts';

/** One event on its way to one target. */
interface Parcel {
  readonly rule: RuleName;
  readonly target: Target;
  readonly event: BusEvent;
  readonly acceptedAt: number;
  retries: number;
}

/** The error codes that a dead letter names. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html */
const errorCodes: Readonly<Record<string, string>> = {
  AccessDenied: 'NO_PERMISSIONS',
  AccessDeniedException: 'NO_PERMISSIONS',
  KmsAccessDenied: 'NO_PERMISSIONS',
  QueueDoesNotExist: 'NO_RESOURCE',
  ResourceNotFoundException: 'NO_RESOURCE',
  InvalidParameterValueException: 'INVALID_PARAMETER',
  InvalidJson: 'INVALID_JSON',
  ThrottlingException: 'THROTTLING',
};

/** How long EventBridge tries where the target does not say (D-5.20). */
export const defaultRetry = { attempts: 185, ageSeconds: 86_400 };

/** The first retry after a second, then twice as long each time up to ten minutes: 185 of them fill about a day. */
const backoffMs = { first: 1000, max: 600_000 };

/** EventBridge's way to the targets of a rule: tries, tries again where that can help, and keeps what it cannot deliver. */
export class Delivery {
  private readonly world: World;
  private readonly sqs: Sqs;
  private readonly lambda: Lambda;
  private readonly accountId: string;
  private readonly jitter: Chance;
  private readonly isUnavailable: (targetArn: string) => boolean;

  constructor(options: {
    world: World;
    sqs: Sqs;
    lambda: Lambda;
    accountId: string;
    /** A fault: the target throttles EventBridge at this moment. */
    isUnavailable: (targetArn: string) => boolean;
  }) {
    this.world = options.world;
    this.sqs = options.sqs;
    this.lambda = options.lambda;
    this.accountId = options.accountId;
    this.isUnavailable = options.isUnavailable;
    this.jitter = options.world.chance('bus/retry');
  }

  /** Brings an event to a target after a delay (milliseconds). */
  begin(rule: RuleName, target: Target, event: BusEvent, delayMs: number): void {
    const parcel: Parcel = { rule, target, event, acceptedAt: this.world.now, retries: 0 };
    this.world.at(this.world.now + delayMs, () => this.attempt(parcel));
  }

  private attempt(parcel: Parcel): void {
    try {
      const { isDuplicate } = this.hand(parcel);
      this.note('delivered', parcel, isDuplicate ? { deduplicated: true } : {});
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const isTransient = error.status === 429 || error.status >= 500;
      if (isTransient) this.retry(parcel, error);
      else this.fail(parcel, error, undefined);
    }
  }

  private hand({ rule, target, event }: Parcel): { isDuplicate: boolean } {
    const { now } = this.world;
    if (this.isUnavailable(target.arn))
      throw new Fault('ThrottlingException', `${target.arn} throttles.`, 429);
    const input = inputOf(target, event, rule, now);
    if (isQueue(target.arn)) {
      const draft = { body: input, messageGroupId: target.messageGroupId };
      return this.sqs.send(now, target.arn, draft, this.sender(rule));
    }
    this.lambda.invokeAsync(target.arn, input, `rule:${rule.name}`, this.sender(rule));
    return { isDuplicate: false };
  }

  /** Only throttling and faults of the target are worth another attempt (D-5.20). */
  private retry(parcel: Parcel, error: Fault): void {
    const { maximumRetryAttempts = defaultRetry.attempts, maximumEventAgeSeconds = defaultRetry.ageSeconds } =
      parcel.target;
    const waitMs = Math.min(backoffMs.first * 2 ** parcel.retries, backoffMs.max);
    const at = this.world.now + this.jitter.between(Math.ceil(waitMs / 2), waitMs);
    if (parcel.retries >= maximumRetryAttempts) this.fail(parcel, error, 'MaximumRetryAttempts');
    else if (at > parcel.acceptedAt + maximumEventAgeSeconds * 1000)
      this.fail(parcel, error, 'MaximumEventAgeInSeconds');
    else {
      parcel.retries++;
      this.world.at(at, () => this.attempt(parcel));
    }
  }

  /** To the dead-letter queue, with the reasons as message attributes (D-5.20); without one the event is lost. */
  private fail(parcel: Parcel, error: Fault, exhausted: string | undefined): void {
    const { rule, target, event } = parcel;
    const errorCode = errorCodes[error.code] ?? 'ERROR_FROM_TARGET';
    const why = { errorCode, errorMessage: error.message };
    if (target.deadLetterArn === undefined) {
      this.note('delivery-lost', parcel, why);
      return;
    }
    const attributes = attributesOf({
      RULE_ARN: rule.arn,
      TARGET_ARN: target.arn,
      ERROR_CODE: errorCode,
      ERROR_MESSAGE: error.message,
      RETRY_ATTEMPTS: String(parcel.retries),
      EXHAUSTED_RETRY_CONDITION: exhausted,
    });
    try {
      this.sqs.send(
        this.world.now,
        target.deadLetterArn,
        { body: JSON.stringify(event), attributes },
        this.sender(rule),
      );
      this.note('delivery-dead-lettered', parcel, { ...why, deadLetterArn: target.deadLetterArn });
    } catch (second) {
      if (!(second instanceof Fault)) throw second;
      this.note('delivery-lost', parcel, { ...why, deadLetterError: second.message });
    }
  }

  private sender(rule: RuleName) {
    return {
      principalService: 'events.amazonaws.com',
      context: { 'aws:SourceArn': rule.arn, 'aws:SourceAccount': this.accountId },
    };
  }

  private note(kind: string, { rule, target, event, retries }: Parcel, more: Record<string, unknown>): void {
    this.world.record(kind, { rule: rule.name, targetArn: target.arn, eventId: event.id, retries, ...more });
  }
}

/** Whether an ARN is one of a queue. */
export const isQueue = (arn: string) => arn.startsWith('arn:aws:sqs:');

function attributesOf(values: Readonly<Record<string, string | undefined>>): MessageAttributes {
  const attributes: Record<string, { DataType: string; StringValue: string }> = {};
  for (const [name, value] of Object.entries(values))
    if (value !== undefined) attributes[name] = { DataType: 'String', StringValue: value };
  return attributes;
}
