import { isRecord } from '../events/matcher.ts';
import { type MessageAttributes, md5OfAttributes, md5OfBody, type Received } from '../sqs/message.ts';
import type { Ended } from './sandbox.ts';

/**
 * A message as a function gets it.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
 */
export function sqsRecord(message: Received, queueArn: string, region: string): Record<string, unknown> {
  const md5OfMessageAttributes = md5OfAttributes(message.messageAttributes);
  return {
    messageId: message.messageId,
    receiptHandle: message.receiptHandle,
    body: message.body,
    attributes: message.attributes,
    messageAttributes: recordAttributes(message.messageAttributes),
    ...(md5OfMessageAttributes === undefined ? {} : { md5OfMessageAttributes }),
    md5OfBody: md5OfBody(message.body),
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}

function recordAttributes(attributes: MessageAttributes): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => [
      name,
      {
        ...(BinaryValue
          ? { binaryValue: Buffer.from(BinaryValue).toString('base64') }
          : { stringValue: StringValue }),
        stringListValues: [],
        binaryListValues: [],
        dataType: DataType,
      },
    ]),
  );
}

/**
 * A record as the filter of a mapping sees it: a body that is JSON is looked into.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
 */
export function filterable(record: Record<string, unknown>): Record<string, unknown> {
  try {
    return { ...record, body: JSON.parse(String(record.body)) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return record;
  }
}

/**
 * Which messages of a batch come back. Without ReportBatchItemFailures all or none; with it those that the function
 * named, and all of them when its answer cannot be understood or names something that was not in the batch.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function failedMessageIds(
  batch: readonly Received[],
  ended: Ended,
  reportsBatchItemFailures: boolean,
): ReadonlySet<string> {
  const all = new Set(batch.map(({ messageId }) => messageId));
  if (ended.outcome !== 'success') return all;
  if (!reportsBatchItemFailures) return new Set();
  const response: unknown = JSON.parse(ended.payload);
  if (response === null) return new Set();
  if (!isRecord(response)) return all;
  const failures = response.batchItemFailures ?? [];
  if (!Array.isArray(failures)) return all;
  const named = new Set<string>();
  for (const failure of failures) {
    const id: unknown = isRecord(failure) ? failure.itemIdentifier : undefined;
    if (typeof id !== 'string' || !all.has(id)) return all;
    named.add(id);
  }
  return named;
}
