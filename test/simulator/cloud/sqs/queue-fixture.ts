import type { QueueAttributes } from '../../../../simulator/cloud/sqs/attributes.ts';
import { cloud, queueUrl } from '../fixture.ts';

export const QueueUrl = queueUrl('work');
export const fifo = { FifoQueue: true, ContentBasedDeduplication: true };
export const day = 86_400;

export interface Reply {
  MessageId: string;
  ReceiptHandle: string;
  Body: string;
  Attributes: Record<string, string>;
}

/** One queue named `work` (`work.fifo`), and what a consumer sees of it. */
export function queue(attributes: QueueAttributes = {}) {
  const name = attributes.FifoQueue ? 'work.fifo' : 'work';
  const here = cloud();
  here.sqs.createQueue(here.world.now, name, attributes);
  const QueueUrl = queueUrl(name);
  const send = (MessageBody: string, more: Record<string, unknown> = {}) =>
    here.call('SendMessage', { QueueUrl, MessageBody, ...more });
  const receive = (more: Record<string, unknown> = {}) =>
    (here.call('ReceiveMessage', {
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ['All'],
      ...more,
    }).Messages ?? []) as Reply[];
  const bodies = (more: Record<string, unknown> = {}) => receive(more).map(({ Body }) => Body);
  const remove = ({ ReceiptHandle }: Pick<Reply, 'ReceiptHandle'>) =>
    here.call('DeleteMessage', { QueueUrl, ReceiptHandle });
  const pass = (seconds: number) => here.world.advance(seconds);
  return { ...here, QueueUrl, send, receive, bodies, remove, pass };
}

export const first = <T>(list: readonly T[]): T => {
  const [item] = list;
  if (item === undefined) throw new Error('expected something');
  return item;
};
