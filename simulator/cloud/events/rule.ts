import { Fault } from '../../machine.ts';
import type { Queue } from '../sqs/queue.ts';
import { defaultRetry, isQueue } from './delivery.ts';
import { compilePattern } from './pattern.ts';
import { parseSchedule, type Schedule } from './schedule.ts';
import { checkInput, invalid, type Target } from './target.ts';

/** How a rule is set up: a pattern, a schedule, or both. */
export interface RuleDefinition {
  readonly name: string;
  readonly description?: string | undefined;
  readonly eventPattern?: unknown;
  readonly scheduleExpression?: string | undefined;
  readonly isEnabled: boolean;
  readonly targets: readonly Target[];
}

/** A rule of the bus. */
export interface Rule extends RuleDefinition {
  readonly arn: string;
  /** Undefined for a rule that only has a schedule. */
  readonly matches: ((event: Record<string, unknown>) => boolean) | undefined;
  readonly schedule: Schedule | undefined;
}

/** Targets that a rule may have (D-5.22). */
const targetsMax = 5;

/** Compiles a rule. Throws Fault as PutRule and PutTargets do; `queue` finds a queue by ARN. */
export function compileRule(
  definition: RuleDefinition,
  arn: string,
  queue: (arn: string) => Queue | undefined,
): Rule {
  const { name, eventPattern, scheduleExpression, targets } = definition;
  if (!/^[\w.-]{1,64}$/.test(name))
    throw new Fault(
      'ValidationException',
      `Rule name: expected 1 to 64 letters, digits, . - or _, got ${name}`,
    );
  if (eventPattern === undefined && scheduleExpression === undefined)
    throw new Fault(
      'ValidationException',
      'Parameter(s) EventPattern or ScheduleExpression must be specified.',
    );
  if (targets.length > targetsMax)
    throw new Fault(
      'LimitExceededException',
      `The requested resource exceeds the maximum number allowed: ${targetsMax} targets of rule ${name}.`,
    );
  if (new Set(targets.map(({ id }) => id)).size < targets.length)
    throw new Fault('ValidationException', `Rule ${name}: expected different target ids.`);
  for (const target of targets) checkTarget(target, queue);
  return {
    ...definition,
    arn,
    matches: eventPattern === undefined ? undefined : compilePattern(eventPattern),
    schedule: scheduleExpression === undefined ? undefined : parseSchedule(scheduleExpression),
  };
}

/** A target that does not exist is taken, as in AWS: its events fail one by one. A faulty dead-letter queue is refused. */
function checkTarget(target: Target, queue: (arn: string) => Queue | undefined): void {
  const { id, arn, messageGroupId, deadLetterArn } = target;
  if (!isQueue(arn) && !/^arn:aws:lambda:[^:]+:\d{12}:function:/.test(arn))
    throw invalid(id, 'the ARN of an SQS queue or a Lambda function', arn);
  if (isQueue(arn) && arn.endsWith('.fifo') && messageGroupId === undefined)
    throw invalid(id, 'SqsParameters.MessageGroupId for a FIFO queue (D-13.4)', 'none');
  if (!isQueue(arn) && messageGroupId !== undefined)
    throw invalid(id, 'no SqsParameters for a Lambda function', messageGroupId);
  checkInput(target);
  inRange(id, 'MaximumRetryAttempts', target.maximumRetryAttempts ?? 0, 0, defaultRetry.attempts);
  inRange(id, 'MaximumEventAgeInSeconds', target.maximumEventAgeSeconds ?? 60, 60, defaultRetry.ageSeconds);
  if (deadLetterArn === undefined) return;
  const deadLetters = queue(deadLetterArn);
  if (!deadLetters) throw invalid(id, 'a dead-letter queue that exists', deadLetterArn);
  if (deadLetters.settings.isFifo) throw invalid(id, 'a standard dead-letter queue (D-13.6)', deadLetterArn);
}

function inRange(id: string, name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw invalid(id, `${name} from ${min} to ${max}`, value);
}

/** What DescribeRule and ListRules say of a rule. */
export function describeRule(rule: Rule): Record<string, unknown> {
  return {
    Name: rule.name,
    Arn: rule.arn,
    EventPattern: rule.eventPattern === undefined ? undefined : JSON.stringify(rule.eventPattern),
    ScheduleExpression: rule.scheduleExpression,
    State: rule.isEnabled ? 'ENABLED' : 'DISABLED',
    Description: rule.description,
    EventBusName: 'default',
  };
}

/** What ListTargetsByRule says of a target. */
export function describeTarget(target: Target): Record<string, unknown> {
  const { maximumRetryAttempts, maximumEventAgeSeconds, inputTransformer, messageGroupId, deadLetterArn } =
    target;
  const hasRetryPolicy = maximumRetryAttempts !== undefined || maximumEventAgeSeconds !== undefined;
  return {
    Id: target.id,
    Arn: target.arn,
    Input: target.input,
    InputPath: target.inputPath,
    InputTransformer: inputTransformer && {
      InputPathsMap: inputTransformer.inputPathsMap,
      InputTemplate: inputTransformer.inputTemplate,
    },
    SqsParameters: messageGroupId === undefined ? undefined : { MessageGroupId: messageGroupId },
    DeadLetterConfig: deadLetterArn === undefined ? undefined : { Arn: deadLetterArn },
    RetryPolicy: hasRetryPolicy
      ? { MaximumRetryAttempts: maximumRetryAttempts, MaximumEventAgeInSeconds: maximumEventAgeSeconds }
      : undefined,
  };
}
