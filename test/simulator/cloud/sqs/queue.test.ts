import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { md5OfAttributes } from '../../../../simulator/cloud/sqs/message.ts';
import { day, fifo, first, queue, type Reply } from './queue-fixture.ts';

describe('a standard queue', () => {
  it('gives a message out once per visibility timeout and counts how often', async () => {
    const { send, receive, bodies, pass } = queue({ VisibilityTimeout: 30 });
    send('a');
    expect(first(receive()).Attributes.ApproximateReceiveCount).toBe('1');
    await pass(29.999);
    expect(bodies()).toEqual([]);
    await pass(0.001);
    const { Attributes } = first(receive());
    expect(Attributes.ApproximateReceiveCount).toBe('2');
    expect(Number(Attributes.ApproximateFirstReceiveTimestamp)).toBe(Number(Attributes.SentTimestamp));
  });

  it('never gives a deleted message out again', async () => {
    const { send, receive, bodies, remove, pass } = queue();
    send('a');
    remove(first(receive()));
    await pass(60);
    expect(bodies()).toEqual([]);
  });

  it('keeps a message that somebody else received since, when it is deleted with the old handle', async () => {
    const { send, receive, bodies, remove, pass } = queue();
    send('a');
    const old = first(receive());
    await pass(30);
    receive();
    remove(old);
    await pass(30);
    expect(bodies()).toEqual(['a']);
  });

  it('deletes with the newest handle also after the visibility timeout', async () => {
    const { send, receive, bodies, remove, pass } = queue();
    send('a');
    const message = first(receive());
    await pass(31);
    remove(message);
    expect(bodies()).toEqual([]);
  });

  it.each([
    { attributes: { DelaySeconds: 5 }, more: {}, seconds: 5 },
    { attributes: {}, more: { DelaySeconds: 7 }, seconds: 7 },
    { attributes: { DelaySeconds: 5 }, more: { DelaySeconds: 0 }, seconds: 0 },
    { attributes: {}, more: { DelaySeconds: 900 }, seconds: 900 },
  ])('shows a message only after its delay: $attributes $more', async ({ attributes, more, seconds }) => {
    const { send, bodies, pass } = queue(attributes);
    send('a', more);
    if (seconds > 0) {
      await pass(seconds - 0.001);
      expect(bodies()).toEqual([]);
      await pass(0.001);
    }
    expect(bodies()).toEqual(['a']);
  });

  it('forgets a message when its retention is over, four days by default (D-5.24)', async () => {
    const { send, bodies, pass } = queue();
    send('a');
    await pass(4 * day - 1);
    expect(bodies({ VisibilityTimeout: 0 })).toEqual(['a']);
    await pass(1);
    expect(bodies()).toEqual([]);
  });

  it('makes a message visible when a consumer says so, up to twelve hours after it was received (D-5.24)', async () => {
    const { call, send, receive, bodies, pass, QueueUrl } = queue();
    send('a');
    const { ReceiptHandle } = first(receive());
    call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 60 });
    await pass(59);
    expect(bodies()).toEqual([]);
    expect(() =>
      call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 43_200 }),
    ).toThrow('beyond the limit');
    call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    expect(() => call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 9 })).toThrow(
      expect.objectContaining({ code: 'MessageNotInflight' }),
    );
    expect(bodies()).toEqual(['a']);
  });

  it('takes a message of exactly 1 MiB, attributes counted, and none larger (D-5.24)', () => {
    const { send } = queue();
    const attribute = { name: { DataType: 'String', StringValue: 'value' } };
    const attributeBytes = 'nameStringvalue'.length;
    send('x'.repeat(1_048_576));
    send('x'.repeat(1_048_576 - attributeBytes), { MessageAttributes: attribute });
    expect(() => send('x'.repeat(1_048_577 - attributeBytes), { MessageAttributes: attribute })).toThrow(
      '1048576',
    );
  });

  it('answers with the digests that the SDK checks', () => {
    const { send, receive } = queue();
    const md5 = createHash('md5').update('añ').digest('hex');
    expect(send('añ').MD5OfMessageBody).toBe(md5);
    expect(first(receive())).toMatchObject({ Body: 'añ', MD5OfBody: md5 });
  });

  it('digests message attributes as SQS does', () => {
    const timestamp = { DataType: 'Number', StringValue: '1493147359900' };
    expect(md5OfAttributes({ timestamp })).toBe('235c5c510d26fb653d073faed50ae77c');
  });

  it.each([
    { asked: [], given: undefined },
    { asked: ['All'], given: ['a.x', 'a.y', 'b'] },
    { asked: ['a.*'], given: ['a.x', 'a.y'] },
    { asked: ['b'], given: ['b'] },
  ])('hands out the message attributes that are asked for: $asked', ({ asked, given }) => {
    const { send, receive } = queue();
    const value = { DataType: 'String', StringValue: 'v' };
    send('a', { MessageAttributes: { 'a.x': value, 'a.y': value, b: value } });
    const message = first(receive({ MessageAttributeNames: asked })) as Reply & {
      MessageAttributes?: object;
    };
    expect(message.MessageAttributes && Object.keys(message.MessageAttributes)).toEqual(given);
  });
});

describe('a FIFO queue', () => {
  it('gives nothing of a group while something of it is in flight, and other groups meanwhile (D-13.5)', async () => {
    const { send, receive, bodies, remove, pass } = queue(fifo);
    send('a1', { MessageGroupId: 'a' });
    const a1 = first(receive());
    send('a2', { MessageGroupId: 'a' });
    send('b1', { MessageGroupId: 'b' });
    expect(bodies()).toEqual(['b1']);
    remove(a1);
    expect(bodies()).toEqual(['a2']);
    await pass(30);
    expect(bodies({ MaxNumberOfMessages: 1 })).toEqual(['a2']);
  });

  it('holds a group back while any one of a batch is in flight', () => {
    const { call, send, receive, bodies, QueueUrl } = queue(fifo);
    for (const body of ['1', '2', '3']) send(body, { MessageGroupId: 'a' });
    const { ReceiptHandle } = first(receive({ MaxNumberOfMessages: 2 }));
    call('ChangeMessageVisibility', { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
    expect(bodies()).toEqual([]);
  });

  it('swallows an equal body for five minutes, also after the first one is deleted (D-13.5)', async () => {
    const { send, receive, bodies, remove, pass } = queue(fifo);
    const { MessageId, SequenceNumber } = send('tick', { MessageGroupId: 'a' });
    remove(first(receive()));
    await pass(299.999);
    expect(send('tick', { MessageGroupId: 'b' })).toMatchObject({ MessageId, SequenceNumber });
    expect(bodies()).toEqual([]);
    await pass(0.001);
    expect(send('tick', { MessageGroupId: 'a' }).MessageId).not.toBe(MessageId);
    expect(bodies()).toEqual(['tick']);
  });

  it('does not prolong the five minutes by copies', async () => {
    const { send, bodies, pass } = queue(fifo);
    send('tick', { MessageGroupId: 'a' });
    await pass(200);
    send('tick', { MessageGroupId: 'a' });
    await pass(100);
    send('tick', { MessageGroupId: 'a' });
    expect(bodies()).toEqual(['tick', 'tick']);
  });

  it('compares ids where given, and only within a group where the queue says so', () => {
    const { send, bodies } = queue({ ...fifo, DeduplicationScope: 'messageGroup' });
    send('a', { MessageGroupId: 'a', MessageDeduplicationId: '1' });
    send('b', { MessageGroupId: 'a', MessageDeduplicationId: '1' });
    send('c', { MessageGroupId: 'b', MessageDeduplicationId: '1' });
    expect(bodies()).toEqual(['a', 'c']);
  });

  it.each([
    { attributes: fifo, more: {}, why: 'MessageGroupId' },
    { attributes: { FifoQueue: true }, more: { MessageGroupId: 'a' }, why: 'ContentBasedDeduplication' },
    {
      attributes: fifo,
      more: { MessageGroupId: 'a', DelaySeconds: 1 },
      why: 'not valid for this queue type',
    },
    { attributes: {}, more: { MessageDeduplicationId: '1' }, why: 'not valid for this queue type' },
  ])('refuses what its kind does not take: $attributes $more', ({ attributes, more, why }) => {
    expect(() => queue(attributes).send('x', more)).toThrow(why);
  });

  it('refuses to delete with a handle whose time is over', async () => {
    const { send, receive, remove, pass } = queue(fifo);
    send('a', { MessageGroupId: 'a' });
    const message = first(receive());
    await pass(30);
    expect(() => remove(message)).toThrow('The receipt handle has expired');
  });

  it('keeps the order of every group, whatever is received, deleted and left to time out', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('send' as const), group: fc.constantFrom('a', 'b') }),
      fc.record({
        kind: fc.constant('receive' as const),
        max: fc.integer({ min: 1, max: 3 }),
        remove: fc.integer({ min: 0, max: 3 }),
      }),
      fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(1, 10, 30) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { send, receive, remove, pass } = queue(fifo);
        const waiting: Record<string, string[]> = { a: [], b: [] };
        let sent = 0;
        for (const now of steps) {
          if (now.kind === 'send') {
            send(String(sent), { MessageGroupId: now.group });
            waiting[now.group]?.push(String(sent++));
          } else if (now.kind === 'wait') await pass(now.seconds);
          else {
            const batch = receive({ MaxNumberOfMessages: now.max });
            for (const group of ['a', 'b']) {
              const bodies = batch
                .filter(({ Attributes }) => Attributes.MessageGroupId === group)
                .map(({ Body }) => Body);
              expect(bodies).toEqual(waiting[group]?.slice(0, bodies.length));
            }
            for (const message of batch.slice(0, now.remove)) {
              remove(message);
              waiting[message.Attributes.MessageGroupId ?? '']?.shift();
            }
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});
