import type {
  ChangeMessageVisibilityRequest,
  DeleteMessageBatchRequest,
  DeleteMessageRequest,
  GetQueueAttributesRequest,
  ReceiveMessageRequest,
  SendMessageBatchRequest,
  SendMessageRequest,
} from '@aws-sdk/client-sqs';
import { type Call, Fault, type Need, type Outcome, type Service } from '../../machine.ts';
import { describeAttributes } from './attributes.ts';
import {
  type Draft,
  invalidParameter,
  md5OfAttributes,
  md5OfBody,
  messageBytes,
  type Received,
} from './message.ts';
import { type Queue, visibilitySecondsMax } from './queue.ts';
import { Queues, secondsOf } from './queues.ts';

type Operation = (
  now: number,
  queue: Queue,
  input: Record<string, unknown>,
  senderId: string,
) => Record<string, unknown>;

const batchMax = 10;
const batchBytesMax = 1_048_576;

/** SQS: the queues of the account, and the API to them. */
export class Sqs extends Queues implements Service {
  /** Messages come back, expire and move when somebody looks; nothing happens by itself. */
  readonly nextAt = undefined;

  advance(): Outcome[] {
    return [];
  }

  get operationNames(): readonly string[] {
    return ['GetQueueUrl', 'ListQueues', ...Object.keys(this.operations)];
  }

  apply(now: number, call: Call): { reply: Record<string, unknown>; outcomes: Outcome[] } {
    const { operation, input, caller } = call;
    if (operation === 'GetQueueUrl') {
      const { url } = this.find(this.arnOf(String(input.QueueName)));
      return { reply: { QueueUrl: url }, outcomes: [] };
    }
    if (operation === 'ListQueues') return { reply: this.listQueues(input), outcomes: [] };
    const run = this.operations[operation];
    if (!run) throw new Fault('UnsupportedOperation', `The simulator does not know sqs:${operation}.`);
    const queue = this.find(this.arnOfUrl(input.QueueUrl));
    this.authorize(queue, actionOf(operation), caller);
    return { reply: run(now, queue, input, caller.principalArn), outcomes: [] };
  }

  /** SQS answers from the newest state: its counts are approximate in AWS, never a basis for a decision. */
  tableRead(): undefined {
    return undefined;
  }

  needs({ operation, input }: Call): Need[] {
    if (operation === 'ListQueues') return [];
    const resource =
      operation === 'GetQueueUrl' ? this.arnOf(String(input.QueueName)) : this.arnOfUrl(input.QueueUrl);
    return [{ action: actionOf(operation), resource, context: { 'aws:SecureTransport': 'true' } }];
  }

  private readonly operations: Readonly<Record<string, Operation>> = {
    SendMessage: (now, queue, input, senderId) =>
      this.sendOne(now, queue, input as Partial<SendMessageRequest>, senderId),
    SendMessageBatch: (now, queue, input, senderId) => {
      const { Entries } = input as Partial<SendMessageBatchRequest>;
      const total = (Entries ?? []).reduce((sum, entry) => sum + messageBytes(draftOf(entry)), 0);
      if (total > batchBytesMax)
        throw new Fault(
          'BatchRequestTooLong',
          `Batch requests cannot be longer than ${batchBytesMax} bytes. You have sent ${total} bytes.`,
        );
      return batch(Entries, (entry) => this.sendOne(now, queue, entry, senderId));
    },
    ReceiveMessage: (now, queue, input) =>
      this.receiveMessage(now, queue, input as Partial<ReceiveMessageRequest>),
    DeleteMessage: (now, queue, input) => this.deleteOne(now, queue, input as Partial<DeleteMessageRequest>),
    DeleteMessageBatch: (now, queue, input) =>
      batch((input as Partial<DeleteMessageBatchRequest>).Entries, (entry) =>
        this.deleteOne(now, queue, entry),
      ),
    ChangeMessageVisibility: (now, queue, input) => {
      const { ReceiptHandle = '', VisibilityTimeout = 0 } = input as Partial<ChangeMessageVisibilityRequest>;
      queue.changeVisibility(
        now,
        ReceiptHandle,
        secondsOf('VisibilityTimeout', VisibilityTimeout, visibilitySecondsMax),
      );
      this.tell(queue);
      return {};
    },
    GetQueueAttributes: (now, queue, input) => {
      const { AttributeNames = [] } = input as Partial<GetQueueAttributesRequest>;
      const all = describeAttributes(now, queue);
      const Attributes = select(all, AttributeNames);
      return Object.keys(Attributes).length > 0 ? { Attributes } : {};
    },
    DeleteQueue: (now, queue) => {
      this.deleteQueue(now, queue.arn);
      return {};
    },
    PurgeQueue: (now, queue) => {
      queue.purge(now);
      return {};
    },
  };

  /** All of them at once: an account here has few. */
  private listQueues({ QueueNamePrefix = '' }: { QueueNamePrefix?: string }): Record<string, unknown> {
    const found = this.all().filter(({ settings }) => settings.name.startsWith(QueueNamePrefix));
    return found.length > 0 ? { QueueUrls: found.map(({ url }) => url) } : {};
  }

  private sendOne(now: number, queue: Queue, request: Partial<SendMessageRequest>, senderId: string) {
    const draft = draftOf(request);
    const { messageId, sequenceNumber } = this.accept(now, queue, draft, senderId);
    return {
      MessageId: messageId,
      MD5OfMessageBody: md5OfBody(draft.body),
      MD5OfMessageAttributes: md5OfAttributes(draft.attributes ?? {}),
      SequenceNumber: sequenceNumber,
    };
  }

  /** A long poll does not wait here: it answers with what there is at its time, as a short poll of all servers would. */
  private receiveMessage(
    now: number,
    queue: Queue,
    request: Partial<ReceiveMessageRequest>,
  ): Record<string, unknown> {
    const {
      MaxNumberOfMessages: max = 1,
      VisibilityTimeout: visibility,
      WaitTimeSeconds: wait = 0,
    } = request;
    if (!Number.isInteger(max) || max < 1 || max > batchMax)
      throw invalidParameter(
        `Value ${max} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`,
      );
    secondsOf('WaitTimeSeconds', wait, 20);
    const seconds =
      visibility === undefined ? undefined : secondsOf('VisibilityTimeout', visibility, visibilitySecondsMax);
    const { messages } = this.handOut(now, queue, max, seconds);
    if (messages.length === 0) return {};
    const system = [...(request.AttributeNames ?? []), ...(request.MessageSystemAttributeNames ?? [])];
    return {
      Messages: messages.map((message) => replyOf(message, system, request.MessageAttributeNames ?? [])),
    };
  }

  private deleteOne(
    now: number,
    queue: Queue,
    { ReceiptHandle = '' }: Partial<DeleteMessageRequest>,
  ): Record<string, unknown> {
    queue.delete(now, ReceiptHandle);
    this.tell(queue);
    return {};
  }
}

/** A batch call needs the permission of the single one. */
const actionOf = (operation: string) => `sqs:${operation.replace(/Batch$/, '')}`;

function draftOf(request: Partial<SendMessageRequest>): Draft {
  return {
    body: request.MessageBody ?? '',
    attributes: request.MessageAttributes,
    delaySeconds: request.DelaySeconds,
    messageGroupId: request.MessageGroupId,
    messageDeduplicationId: request.MessageDeduplicationId,
  };
}

/** Carries a batch out entry by entry; one that fails does not stop the others. Throws Fault on a faulty batch. */
function batch<T extends { Id?: string | undefined }>(
  entries: readonly T[] | undefined,
  run: (entry: T) => Record<string, unknown>,
): Record<string, unknown> {
  if (!entries || entries.length === 0)
    throw new Fault('EmptyBatchRequest', 'There should be at least one entry in the request.');
  if (entries.length > batchMax)
    throw new Fault(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are ${batchMax}. You have sent ${entries.length}.`,
    );
  const ids = entries.map(({ Id = '' }) => Id);
  const invalid = ids.find((id) => !/^[\w-]{1,80}$/.test(id));
  if (invalid !== undefined)
    throw new Fault(
      'InvalidBatchEntryId',
      `A batch entry id can only contain alphanumeric characters, hyphens and underscores, 1 to 80 of them; got "${invalid}".`,
    );
  if (new Set(ids).size < ids.length)
    throw new Fault(
      'BatchEntryIdsNotDistinct',
      `Two or more batch entries have the same Id: ${ids.join(', ')}.`,
    );
  const Successful: Record<string, unknown>[] = [];
  const Failed: Record<string, unknown>[] = [];
  for (const entry of entries) {
    try {
      Successful.push({ Id: entry.Id, ...run(entry) });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      Failed.push({ Id: entry.Id, SenderFault: true, Code: error.code, Message: error.message });
    }
  }
  return { Successful, Failed };
}

function replyOf(
  message: Received,
  system: readonly string[],
  names: readonly string[],
): Record<string, unknown> {
  const { messageId, receiptHandle, body, attributes, messageAttributes } = message;
  const Attributes = select(attributes, system);
  const MessageAttributes = select(messageAttributes, names);
  return {
    MessageId: messageId,
    ReceiptHandle: receiptHandle,
    Body: body,
    MD5OfBody: md5OfBody(body),
    ...(Object.keys(Attributes).length > 0 ? { Attributes } : {}),
    ...(Object.keys(MessageAttributes).length > 0
      ? { MessageAttributes, MD5OfMessageAttributes: md5OfAttributes(MessageAttributes) }
      : {}),
  };
}

/** The attributes asked for: by name, all of them (`All`, `.*`), or those with a prefix (`foo.*`). */
function select<T>(all: Readonly<Record<string, T>>, asked: readonly string[]): Record<string, T> {
  const isAsked = (name: string) =>
    asked.some(
      (wish) =>
        wish === 'All' || wish === name || (wish.endsWith('.*') && name.startsWith(wish.slice(0, -2))),
    );
  return Object.fromEntries(Object.entries(all).filter(([name]) => isAsked(name)));
}
