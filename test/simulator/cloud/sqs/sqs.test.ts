import { describe, expect, it } from 'vitest';
import type { QueueAttributes } from '../../../../simulator/cloud/sqs/attributes.ts';
import { cloud, queueArn, queueUrl } from '../fixture.ts';
import { first, QueueUrl, queue } from './queue-fixture.ts';

describe('a batch', () => {
  it('answers for each entry alone', () => {
    const { call } = queue();
    const Entries = [
      { Id: 'good', MessageBody: 'a' },
      { Id: 'bad', MessageBody: 'b', DelaySeconds: 901 },
    ];
    const { Successful, Failed } = call('SendMessageBatch', { QueueUrl, Entries });
    expect(Successful).toMatchObject([{ Id: 'good', MD5OfMessageBody: expect.any(String) }]);
    expect(Failed).toMatchObject([{ Id: 'bad', SenderFault: true, Code: 'InvalidParameterValueException' }]);
  });

  it.each([
    { Entries: [], code: 'EmptyBatchRequest' },
    {
      Entries: Array.from({ length: 11 }, (_, n) => ({ Id: `${n}`, MessageBody: 'a' })),
      code: 'TooManyEntriesInBatchRequest',
    },
    {
      Entries: [
        { Id: 'a', MessageBody: 'a' },
        { Id: 'a', MessageBody: 'b' },
      ],
      code: 'BatchEntryIdsNotDistinct',
    },
    { Entries: [{ Id: 'a b', MessageBody: 'a' }], code: 'InvalidBatchEntryId' },
    {
      Entries: ['1', '2'].map((Id) => ({ Id, MessageBody: 'x'.repeat(600_000) })),
      code: 'BatchRequestTooLong',
    },
  ])('is refused whole: $code', ({ Entries, code }) => {
    const { call } = queue();
    expect(() => call('SendMessageBatch', { QueueUrl, Entries })).toThrow(expect.objectContaining({ code }));
  });

  it('deletes what it names', () => {
    const { call, send, receive } = queue();
    send('a');
    const { ReceiptHandle } = first(receive());
    const Entries = [
      { Id: 'good', ReceiptHandle },
      { Id: 'bad', ReceiptHandle: 'nonsense' },
    ];
    expect(call('DeleteMessageBatch', { QueueUrl, Entries })).toMatchObject({
      Successful: [{ Id: 'good' }],
      Failed: [{ Id: 'bad', Code: 'ReceiptHandleIsInvalid' }],
    });
    expect(
      call('GetQueueAttributes', { QueueUrl, AttributeNames: ['ApproximateNumberOfMessagesNotVisible'] }),
    ).toEqual({
      Attributes: { ApproximateNumberOfMessagesNotVisible: '0' },
    });
  });
});

describe('the queue itself', () => {
  it('tells its attributes as text', () => {
    const { call, send } = queue({ VisibilityTimeout: 40, DelaySeconds: 0 });
    send('a');
    send('b', { DelaySeconds: 5 });
    const { Attributes } = call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] });
    expect(Attributes).toMatchObject({
      QueueArn: queueArn('work'),
      ApproximateNumberOfMessages: '1',
      ApproximateNumberOfMessagesDelayed: '1',
      VisibilityTimeout: '40',
      MaximumMessageSize: '1048576',
      SqsManagedSseEnabled: 'true',
    });
    expect(call('GetQueueAttributes', { QueueUrl })).toEqual({});
  });

  it('is found by name and unknown under another', () => {
    const { call } = queue();
    expect(call('GetQueueUrl', { QueueName: 'work' })).toEqual({ QueueUrl });
    for (const [operation, input] of [
      ['GetQueueUrl', { QueueName: 'other' }],
      ['SendMessage', { QueueUrl: queueUrl('other'), MessageBody: 'a' }],
      ['SendMessage', { QueueUrl: 'work', MessageBody: 'a' }],
    ] as const)
      expect(() => call(operation, input)).toThrow(expect.objectContaining({ code: 'QueueDoesNotExist' }));
  });

  it('is emptied by a purge, once in a minute', async () => {
    const { call, send, bodies, pass } = queue();
    send('a');
    call('PurgeQueue', { QueueUrl });
    expect(bodies()).toEqual([]);
    await pass(59);
    expect(() => call('PurgeQueue', { QueueUrl })).toThrow(
      expect.objectContaining({ code: 'PurgeQueueInProgress' }),
    );
    await pass(1);
    call('PurgeQueue', { QueueUrl });
  });

  it.each<{ name: string; attributes: QueueAttributes; why: string }>([
    { name: 'a b', attributes: {}, why: 'QueueName' },
    { name: 'a.fifo', attributes: {}, why: 'QueueName' },
    { name: 'a', attributes: { FifoQueue: true }, why: 'ending in .fifo' },
    { name: 'a', attributes: { ContentBasedDeduplication: true }, why: 'ContentBasedDeduplication' },
    {
      name: 'a',
      attributes: { VisibilityTimeout: 43_201 },
      why: 'VisibilityTimeout: expected an integer from 0 to 43200, got 43201',
    },
    { name: 'a', attributes: { DelaySeconds: 901 }, why: 'DelaySeconds' },
    { name: 'a', attributes: { MessageRetentionPeriod: 59 }, why: 'MessageRetentionPeriod' },
    { name: 'a', attributes: { MaximumMessageSize: 1_048_577 }, why: 'MaximumMessageSize' },
    { name: 'a', attributes: { KmsMasterKeyId: 'some-key' }, why: 'KmsMasterKeyId' },
    {
      name: 'a',
      attributes: { KmsMasterKeyId: 'alias/aws/sqs', SqsManagedSseEnabled: true },
      why: 'one kind of encryption',
    },
    {
      name: 'a.fifo',
      attributes: { FifoQueue: true, FifoThroughputLimit: 'perMessageGroupId' },
      why: 'DeduplicationScope messageGroup',
    },
    {
      name: 'a',
      attributes: { RedriveAllowPolicy: { redrivePermission: 'byQueue' } },
      why: 'sourceQueueArns',
    },
  ])('is not created as $name with $attributes (D-5.24)', ({ name, attributes, why }) => {
    const { sqs, world } = cloud();
    expect(() => sqs.createQueue(world.now, name, attributes)).toThrow(why);
  });

  it.each([
    ['SendMessage', { MessageBody: '' }, 'MessageBody'],
    ['SendMessage', { MessageBody: 'a\u0000' }, 'characters'],
    ['SendMessage', { MessageBody: 'a', DelaySeconds: 901 }, 'DelaySeconds'],
    [
      'SendMessage',
      { MessageBody: 'a', MessageAttributes: { 'aws.x': { DataType: 'String', StringValue: 'v' } } },
      'aws.x',
    ],
    [
      'SendMessage',
      { MessageBody: 'a', MessageAttributes: { x: { DataType: 'Text', StringValue: 'v' } } },
      'type',
    ],
    [
      'SendMessage',
      { MessageBody: 'a', MessageAttributes: { x: { DataType: 'String', StringValue: '' } } },
      'non-empty',
    ],
    ['ReceiveMessage', { MaxNumberOfMessages: 11 }, 'between 1 and 10'],
    ['ReceiveMessage', { VisibilityTimeout: 43_201 }, 'VisibilityTimeout'],
    ['ReceiveMessage', { WaitTimeSeconds: 21 }, 'WaitTimeSeconds'],
    ['DeleteMessage', { ReceiptHandle: 'nonsense' }, 'nonsense'],
    ['TagQueue', {}, 'TagQueue'],
  ])('refuses %s of %j', (operation, input, why) => {
    expect(() => queue().call(operation, { QueueUrl, ...input })).toThrow(why);
  });
});
