import { Fault } from '../../machine.ts';
import type { Queue, QueueSettings } from './queue.ts';

/** The attributes that a queue is created with, named as CloudFormation names them. Seconds and bytes. */
export interface QueueAttributes {
  readonly FifoQueue?: boolean;
  readonly ContentBasedDeduplication?: boolean;
  readonly DeduplicationScope?: string;
  readonly FifoThroughputLimit?: string;
  readonly DelaySeconds?: number;
  readonly VisibilityTimeout?: number;
  readonly MessageRetentionPeriod?: number;
  readonly MaximumMessageSize?: number;
  readonly ReceiveMessageWaitTimeSeconds?: number;
  readonly SqsManagedSseEnabled?: boolean;
  readonly KmsMasterKeyId?: string;
  readonly RedriveAllowPolicy?: {
    readonly redrivePermission?: string;
    readonly sourceQueueArns?: readonly string[];
  };
}

/** The key that AWS manages for SQS. Its policy cannot be changed, so no other service can use it (D-13.6). */
export const awsManagedKey = 'alias/aws/sqs';

/** Default, least and greatest value of each number (D-5.24). */
const numbers = {
  DelaySeconds: { default: 0, min: 0, max: 900 },
  VisibilityTimeout: { default: 30, min: 0, max: 43_200 },
  MessageRetentionPeriod: { default: 345_600, min: 60, max: 1_209_600 },
  MaximumMessageSize: { default: 1_048_576, min: 1024, max: 1_048_576 },
  ReceiveMessageWaitTimeSeconds: { default: 0, min: 0, max: 20 },
} as const;

const fifoOnly = ['ContentBasedDeduplication', 'DeduplicationScope', 'FifoThroughputLimit'] as const;

/**
 * The settings of a queue of this name, defaults filled in. Throws Fault as CreateQueue does.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
 */
export function queueSettings(name: string, attributes: QueueAttributes): QueueSettings {
  const isFifo = attributes.FifoQueue ?? false;
  checkName(name, isFifo);
  for (const attribute of fifoOnly)
    if (!isFifo && attributes[attribute] !== undefined)
      throw new Fault('InvalidAttributeName', `Unknown Attribute ${attribute}: ${name} is not a FIFO queue.`);
  const deduplicationScope = oneOf(attributes, 'DeduplicationScope', ['queue', 'messageGroup']);
  const fifoThroughputLimit = oneOf(attributes, 'FifoThroughputLimit', ['perQueue', 'perMessageGroupId']);
  if (fifoThroughputLimit === 'perMessageGroupId' && deduplicationScope !== 'messageGroup')
    throw invalidValue(
      'FifoThroughputLimit',
      'perMessageGroupId',
      'DeduplicationScope messageGroup beside it',
    );
  return {
    name,
    isFifo,
    contentBasedDeduplication: attributes.ContentBasedDeduplication ?? false,
    deduplicationScope,
    fifoThroughputLimit,
    delaySeconds: numberOf(attributes, 'DelaySeconds'),
    visibilityTimeoutSeconds: numberOf(attributes, 'VisibilityTimeout'),
    retentionSeconds: numberOf(attributes, 'MessageRetentionPeriod'),
    maximumMessageBytes: numberOf(attributes, 'MaximumMessageSize'),
    receiveWaitSeconds: numberOf(attributes, 'ReceiveMessageWaitTimeSeconds'),
    ...encryption(attributes),
    redriveAllow: redriveAllow(attributes),
  };
}

function checkName(name: string, isFifo: boolean): void {
  const stem = isFifo ? name.replace(/\.fifo$/, '') : name;
  const isValid = /^[\w-]+$/.test(stem) && name.length <= 80 && isFifo === name.endsWith('.fifo');
  if (isValid) return;
  const expected = `1 to 80 letters, digits, hyphens or underscores${isFifo ? ', ending in .fifo' : ''}`;
  throw invalidValue('QueueName', name, expected);
}

function numberOf(attributes: QueueAttributes, attribute: keyof typeof numbers): number {
  const { default: standard, min, max } = numbers[attribute];
  const value = attributes[attribute] ?? standard;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalidValue(attribute, value, `an integer from ${min} to ${max}`);
}

function oneOf<T extends string>(
  attributes: QueueAttributes,
  attribute: 'DeduplicationScope' | 'FifoThroughputLimit',
  values: readonly [T, T],
): T {
  const value = attributes[attribute] ?? values[0];
  const found = values.find((candidate) => candidate === value);
  if (found) return found;
  throw invalidValue(attribute, value, values.join(' or '));
}

/** SSE-SQS unless KMS is chosen. A customer's key would need its key policy, which no stack here can hold. */
function encryption({ KmsMasterKeyId, SqsManagedSseEnabled }: QueueAttributes) {
  if (KmsMasterKeyId !== undefined && SqsManagedSseEnabled)
    throw invalidValue('SqsManagedSseEnabled', true, 'one kind of encryption, not KmsMasterKeyId beside it');
  if (KmsMasterKeyId !== undefined && KmsMasterKeyId !== awsManagedKey)
    throw invalidValue('KmsMasterKeyId', KmsMasterKeyId, `${awsManagedKey} or none`);
  return {
    kmsMasterKeyId: KmsMasterKeyId,
    sqsManagedSse: SqsManagedSseEnabled ?? KmsMasterKeyId === undefined,
  };
}

function redriveAllow({ RedriveAllowPolicy }: QueueAttributes): QueueSettings['redriveAllow'] {
  if (!RedriveAllowPolicy) return 'allowAll';
  const { redrivePermission = 'allowAll', sourceQueueArns } = RedriveAllowPolicy;
  if (
    redrivePermission === 'byQueue' &&
    sourceQueueArns &&
    sourceQueueArns.length > 0 &&
    sourceQueueArns.length <= 10
  )
    return sourceQueueArns;
  if ((redrivePermission === 'allowAll' || redrivePermission === 'denyAll') && !sourceQueueArns)
    return redrivePermission;
  throw invalidValue(
    'RedriveAllowPolicy',
    JSON.stringify(RedriveAllowPolicy),
    'allowAll, denyAll, or byQueue with 1 to 10 sourceQueueArns',
  );
}

/** The error for an attribute of a queue that has a value it cannot have. */
export function invalidValue(attribute: string, value: unknown, expected: string): Fault {
  return new Fault(
    'InvalidAttributeValue',
    `Invalid value for the parameter ${attribute}: expected ${expected}, got ${value}`,
  );
}

/** All that GetQueueAttributes can say of a queue, by attribute name. */
export function describeAttributes(now: number, queue: Queue): Record<string, string> {
  const { settings, redrive, policy, createdAt } = queue;
  const { visible, inFlight, delayed } = queue.counts(now);
  const seconds = (milliseconds: number) => String(Math.floor(milliseconds / 1000));
  const { redriveAllow: allow } = settings;
  const optional = {
    Policy: policy && JSON.stringify(policy),
    RedrivePolicy: redrive && JSON.stringify(redrive),
    RedriveAllowPolicy:
      allow === 'allowAll'
        ? undefined
        : JSON.stringify(
            allow === 'denyAll'
              ? { redrivePermission: allow }
              : { redrivePermission: 'byQueue', sourceQueueArns: allow },
          ),
    KmsMasterKeyId: settings.kmsMasterKeyId,
    FifoQueue: settings.isFifo ? 'true' : undefined,
    ContentBasedDeduplication: settings.isFifo ? String(settings.contentBasedDeduplication) : undefined,
    DeduplicationScope: settings.isFifo ? settings.deduplicationScope : undefined,
    FifoThroughputLimit: settings.isFifo ? settings.fifoThroughputLimit : undefined,
  };
  const described: Record<string, string> = {
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(inFlight),
    ApproximateNumberOfMessagesDelayed: String(delayed),
    CreatedTimestamp: seconds(createdAt),
    LastModifiedTimestamp: seconds(queue.modifiedAt),
    VisibilityTimeout: String(settings.visibilityTimeoutSeconds),
    MaximumMessageSize: String(settings.maximumMessageBytes),
    MessageRetentionPeriod: String(settings.retentionSeconds),
    DelaySeconds: String(settings.delaySeconds),
    ReceiveMessageWaitTimeSeconds: String(settings.receiveWaitSeconds),
    SqsManagedSseEnabled: String(settings.sqsManagedSse),
  };
  for (const [name, value] of Object.entries(optional)) if (value !== undefined) described[name] = value;
  return described;
}
