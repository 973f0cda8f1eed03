import type { FunctionDefinition } from '../../../../simulator/cloud/lambda/function.ts';
import type { Handler, Runtime } from '../../../../simulator/cloud/lambda/lambda.ts';
import type { MappingDefinition } from '../../../../simulator/cloud/lambda/mapping.ts';
import type { QueueAttributes } from '../../../../simulator/cloud/sqs/attributes.ts';
import { cloud, definition, handles, queueArn, queueUrl } from '../fixture.ts';

export interface SqsRecord {
  messageId: string;
  body: string;
  attributes: Record<string, string>;
}

export const recordsOf = (event: unknown) => (event as { Records: SqsRecord[] }).Records;
export const bodiesOf = (event: unknown) => recordsOf(event).map(({ body }) => body);
export const fifo = { FifoQueue: true, ContentBasedDeduplication: true };

export interface Options {
  runtime: Runtime;
  queue?: QueueAttributes;
  function?: Partial<FunctionDefinition>;
  mapping?: Partial<MappingDefinition>;
  maxReceiveCount?: number;
  seed?: number;
}

/** A function `work` that reads a queue `work`, with a dead-letter queue where `maxReceiveCount` says so. */
export function mapped(options: Options) {
  const here = cloud(options.seed);
  const { sqs, world, lambda, mappings, call } = here;
  const end = options.queue?.FifoQueue ? '.fifo' : '';
  const arn = queueArn(`work${end}`);
  sqs.createQueue(world.now, `work${end}`, options.queue);
  sqs.createQueue(world.now, `dead${end}`, end ? { FifoQueue: true } : {});
  if (options.maxReceiveCount)
    sqs.setRedrive(arn, {
      deadLetterTargetArn: queueArn(`dead${end}`),
      maxReceiveCount: options.maxReceiveCount,
    });
  lambda.createFunction(definition(options.function), options.runtime);
  mappings.create({ eventSourceArn: arn, functionName: 'work', ...options.mapping });
  const send = (MessageBody: string, MessageGroupId?: string) =>
    call('SendMessage', {
      QueueUrl: queueUrl(`work${end}`),
      MessageBody,
      ...(MessageGroupId ? { MessageGroupId } : {}),
    });
  const counts = (name = 'work') => {
    const found = sqs.queue(queueArn(`${name}${end}`))?.counts(world.now);
    return found && { visible: found.visible, inFlight: found.inFlight, delayed: found.delayed };
  };
  return { ...here, send, counts, pass: (seconds: number) => world.advance(seconds) };
}

/** A handler that notes the bodies of each batch, at which second, and goes on with `then`. */
export function noting(then: Handler = async () => undefined) {
  const batches: string[][] = [];
  const handler: Handler = async (event, context) => {
    batches.push(bodiesOf(event));
    return then(event, context);
  };
  return { batches, runtime: handles(handler) };
}

export const fail: Handler = async () => Promise.reject(new Error('no'));
