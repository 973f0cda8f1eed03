import { createHash } from 'node:crypto';
import { Fault } from '../../machine.ts';

/** One attribute that a sender puts on a message; `StringValue` or `BinaryValue`, as `DataType` says. */
export interface MessageAttribute {
  readonly DataType?: string | undefined;
  readonly StringValue?: string | undefined;
  readonly BinaryValue?: Uint8Array | undefined;
}

/** Message attributes by name. */
export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** What a sender hands to a queue. */
export interface Draft {
  readonly body: string;
  readonly attributes?: MessageAttributes | undefined;
  /** Undefined: the queue's own delay. */
  readonly delaySeconds?: number | undefined;
  readonly messageGroupId?: string | undefined;
  readonly messageDeduplicationId?: string | undefined;
}

/** A message as a consumer received it. */
export interface Received {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly messageAttributes: MessageAttributes;
  /** The system attributes, all of them, as SQS names them. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** A sent message as SQS names it to its sender. */
export interface Sent {
  readonly messageId: string;
  readonly sequenceNumber: string | undefined;
  /** Not enqueued: the same deduplication id was accepted less than five minutes before. */
  readonly isDuplicate: boolean;
}

/** A message while it is in a queue. */
export interface Entry {
  readonly messageId: string;
  readonly draft: Draft;
  readonly senderId: string;
  readonly sentAt: number;
  /** Since when its retention counts. */
  readonly keptSince: number;
  readonly sequenceNumber: string | undefined;
  readonly deadLetterSourceArn: string | undefined;
  visibleAt: number;
  receiveCount: number;
  receivedAt: number;
  firstReceivedAt: number;
}

/** A message on its way to the dead-letter queue. */
export type DeadLetter = Readonly<Entry>;

const attributesMax = 10;
const md5 = (bytes: string | Uint8Array) => createHash('md5').update(bytes).digest('hex');

/** The digest of a body that the SDK checks on every send and receive. */
export function md5OfBody(body: string): string {
  return md5(body);
}

/**
 * The digest of the message attributes; undefined when there are none.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
 */
export function md5OfAttributes(attributes: MessageAttributes): string | undefined {
  const names = Object.keys(attributes).sort();
  if (names.length === 0) return undefined;
  const parts = names.flatMap((name) => {
    const { DataType = '', StringValue, BinaryValue } = attributes[name] ?? {};
    const value = BinaryValue ?? Buffer.from(StringValue ?? '');
    const kind = Buffer.from([BinaryValue ? 2 : 1]);
    return [measured(Buffer.from(name)), measured(Buffer.from(DataType)), kind, measured(value)];
  });
  return md5(Buffer.concat(parts));
}

/** Bytes after their length in four bytes, the highest first. */
function measured(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** The deduplication id of a FIFO queue with content-based deduplication: SHA-256 of the body, not of the attributes. */
export function contentDeduplicationId(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** What a message counts against the size limit: body, and names, types and values of the attributes (bytes). */
export function messageBytes({ body, attributes = {} }: Draft): number {
  let bytes = Buffer.byteLength(body);
  for (const [name, { DataType = '', StringValue = '', BinaryValue }] of Object.entries(attributes))
    bytes +=
      Buffer.byteLength(name + DataType) +
      (BinaryValue ? BinaryValue.length : Buffer.byteLength(StringValue));
  return bytes;
}

/**
 * Refuses a message that no queue takes: no body, characters outside XML 1.0, faulty or too many attributes. Throws
 * Fault.
 *
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
 */
export function checkDraft({ body, attributes = {} }: Draft): void {
  if (body === '')
    throw new Fault(
      'MissingRequiredParameterException',
      'The request must contain the parameter MessageBody.',
    );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that SQS refuses.
  if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(body))
    throw new Fault('InvalidMessageContents', 'The message contains characters outside the allowed set.');
  const names = Object.keys(attributes);
  if (names.length > attributesMax)
    throw invalidParameter(
      `Number of message attributes [${names.length}] exceeds the allowed maximum [${attributesMax}].`,
    );
  for (const name of names) checkAttribute(name, attributes[name] ?? {});
}

function checkAttribute(name: string, { DataType = '', StringValue, BinaryValue }: MessageAttribute): void {
  const refuse = (why: string) => invalidParameter(`The message attribute '${name}' ${why}`);
  if (!/^(?!aws\.|amazon\.|\.)[\w.-]{1,256}(?<!\.)$/i.test(name) || name.includes('..'))
    throw refuse(
      'has an invalid name: letters, digits, _ - and single inner periods, no AWS. or Amazon. prefix.',
    );
  const kind = /^(String|Number|Binary)(\..+)?$/.exec(DataType)?.[1];
  if (!kind)
    throw refuse(
      `has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    );
  const isEmpty = kind === 'Binary' ? !BinaryValue?.length : !StringValue;
  if (isEmpty)
    throw refuse(`must contain a non-empty message attribute value for message attribute type (${kind}).`);
}

/** The error for a parameter whose value no queue, or not this queue, takes. */
export function invalidParameter(message: string): Fault {
  return new Fault('InvalidParameterValueException', message);
}

/** The error for a parameter that only the other kind of queue takes. */
export function notForThisType(parameter: string, value: string | number): Fault {
  return invalidParameter(
    `Value ${value} for parameter ${parameter} is invalid. Reason: The request include parameter that is not valid for this queue type.`,
  );
}

/** What SQS says about a message when it hands it out. */
export function systemAttributes(entry: Entry): Record<string, string> {
  const { draft, sequenceNumber, deadLetterSourceArn } = entry;
  const optional = {
    SequenceNumber: sequenceNumber,
    MessageGroupId: draft.messageGroupId,
    MessageDeduplicationId: draft.messageDeduplicationId,
    DeadLetterQueueSourceArn: deadLetterSourceArn,
  };
  const attributes: Record<string, string> = {
    ApproximateReceiveCount: String(entry.receiveCount),
    SentTimestamp: String(entry.sentAt),
    SenderId: entry.senderId,
    ApproximateFirstReceiveTimestamp: String(entry.firstReceivedAt),
  };
  for (const [name, value] of Object.entries(optional)) if (value !== undefined) attributes[name] = value;
  return attributes;
}
