import { describe, expect, it } from 'vitest';
import { Account } from '../../../../simulator/account.ts';

type Message = { readonly Body: string; readonly ReceiptHandle: string };

function queueOf(attributes: Record<string, string> = {}) {
  const account = new Account({ seed: 1 });
  const { now } = account.world;
  const isFifo = attributes.FifoQueue === 'true';
  const name = isFifo ? 'work.fifo' : 'work';
  const { url: QueueUrl } = account.sqs.createQueue(
    now,
    name,
    isFifo ? { FifoQueue: true, ContentBasedDeduplication: true } : {},
  );
  const send = (MessageBody: string) =>
    account.call('sqs', 'SendMessage', {
      QueueUrl,
      MessageBody,
      ...(isFifo ? { MessageGroupId: 'one' } : {}),
    });
  const receive = (MaxNumberOfMessages = 10) =>
    (account.call('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages }).Messages ?? []) as Message[];
  const remove = ({ ReceiptHandle }: Message) =>
    account.call('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
  return { account, send, receive, remove };
}

const bodies = (messages: readonly Message[]) => messages.map(({ Body }) => Body);

describe('a standard queue at its worst', () => {
  it('gives a message out a second time while it is in flight, and only once more each time', async () => {
    const { account, send, receive } = queueOf();
    account.sqs.faults.redeliverProbability = 1;
    send('a');
    expect(bodies(receive())).toEqual(['a']);
    await account.advance(0.5);
    expect(bodies(receive())).toEqual(['a']);
    account.sqs.faults.redeliverProbability = 0;
    await account.advance(0.5);
    expect(bodies(receive())).toEqual(['a']);
    await account.advance(1);
    expect(receive()).toEqual([]);
  });

  it('does not bring back what was deleted before', async () => {
    const { account, send, receive, remove } = queueOf();
    account.sqs.faults.redeliverProbability = 1;
    send('a');
    for (const message of receive()) remove(message);
    await account.advance(60);
    expect(receive()).toEqual([]);
  });

  it('gives the newest first', () => {
    const { account, send, receive } = queueOf();
    account.sqs.faults.reorderProbability = 1;
    for (const body of ['a', 'b', 'c']) send(body);
    expect(bodies(receive(2))).toEqual(['c', 'b']);
    expect(bodies(receive())).toEqual(['a']);
  });
});

it('keeps the order of a FIFO queue, and what is in flight there in flight', async () => {
  const { account, send, receive } = queueOf({ FifoQueue: 'true' });
  account.sqs.faults.redeliverProbability = 1;
  account.sqs.faults.reorderProbability = 1;
  for (const body of ['a', 'b', 'c']) send(body);
  expect(bodies(receive())).toEqual(['a', 'b', 'c']);
  await account.advance(10);
  expect(receive()).toEqual([]);
});
