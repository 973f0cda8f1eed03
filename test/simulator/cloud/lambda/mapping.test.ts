import { describe, expect, it } from 'vitest';
import type { MappingDefinition } from '../../../../simulator/cloud/lambda/mapping.ts';
import type { QueueAttributes } from '../../../../simulator/cloud/sqs/attributes.ts';
import { accountId, handles, queueArn, queueRole, queueUrl, region, runs } from '../fixture.ts';
import { bodiesOf, fifo, mapped, noting } from './mapping-fixture.ts';

describe('an event source mapping', () => {
  it('hands the function records as SQS and Lambda make them', async () => {
    const seen: unknown[] = [];
    const { call, pass } = mapped({ runtime: handles(async (event) => seen.push(event)) });
    call('SendMessage', {
      QueueUrl: queueUrl('work'),
      MessageBody: '{"n":1}',
      MessageAttributes: {
        text: { DataType: 'String', StringValue: 'v' },
        bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) },
      },
    });
    await pass(2);
    expect(seen).toEqual([
      {
        Records: [
          {
            messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
            receiptHandle: expect.any(String),
            body: '{"n":1}',
            attributes: {
              ApproximateReceiveCount: '1',
              SentTimestamp: String(Date.parse('2026-05-04T12:00:00Z')),
              SenderId: `arn:aws:iam::${accountId}:root`,
              ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
            },
            messageAttributes: {
              text: { stringValue: 'v', stringListValues: [], binaryListValues: [], dataType: 'String' },
              bytes: { binaryValue: 'AQI=', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
            },
            md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
            md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
            eventSource: 'aws:sqs',
            eventSourceARN: queueArn('work'),
            awsRegion: region,
          },
        ],
      },
    ]);
  });

  it('notices a message within half a second and deletes it when the function succeeded', async () => {
    const noticed: number[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const { send, pass, lambda, counts, world } = mapped({ runtime: noting().runtime, seed });
      await pass(10);
      const sentAt = world.now;
      send('a');
      await pass(2);
      noticed.push((lambda.invocations[0]?.startedAt ?? Number.NaN) - sentAt);
      expect(counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
    }
    expect(Math.min(...noticed)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...noticed)).toBeLessThanOrEqual(500);
    expect(new Set(noticed).size).toBeGreaterThan(10);
  });

  it('finds what was in the queue before, and what becomes visible later', async () => {
    const { batches, runtime } = noting();
    const { call, pass } = mapped({ runtime });
    call('SendMessage', { QueueUrl: queueUrl('work'), MessageBody: 'late', DelaySeconds: 100 });
    call('SendMessage', { QueueUrl: queueUrl('work'), MessageBody: 'soon', DelaySeconds: 10 });
    await pass(12);
    expect(batches).toEqual([['soon']]);
    await pass(90);
    expect(batches).toEqual([['soon'], ['late']]);
  });

  it.each([
    { mapping: {}, sizes: [10, 10, 5] },
    { mapping: { batchSize: 1 }, sizes: Array.from({ length: 25 }, () => 1) },
    { mapping: { batchSize: 25, maximumBatchingWindowSeconds: 1 }, sizes: [25] },
  ])('gathers batches of at most its size: $mapping', async ({ mapping, sizes }) => {
    const { batches, runtime } = noting();
    const { send, pass } = mapped({ runtime, mapping });
    for (let n = 0; n < 25; n++) send(String(n));
    await pass(10);
    expect(batches.map(({ length }) => length)).toEqual(sizes);
  });

  it('waits for its window to be over before it hands over a batch that is not full', async () => {
    const { batches, runtime } = noting();
    const { send, pass } = mapped({ runtime, mapping: { maximumBatchingWindowSeconds: 20 } });
    send('a');
    await pass(15);
    send('b');
    await pass(4);
    expect(batches).toEqual([]);
    await pass(3);
    expect(batches).toEqual([['a', 'b']]);
  });

  it('leaves a disabled one alone', async () => {
    const { batches, runtime } = noting();
    const { send, pass, counts } = mapped({ runtime, mapping: { enabled: false } });
    send('a');
    await pass(60);
    expect(batches).toEqual([]);
    expect(counts()?.visible).toBe(1);
  });

  it('deletes unread what no pattern wants', async () => {
    const { batches, runtime } = noting();
    const { send, pass, counts, records } = mapped({
      runtime,
      mapping: { filterPatterns: ['{"body":{"kind":["a"]}}', '{"body":["plain"]}'] },
    });
    for (const body of ['{"kind":"a"}', '{"kind":"b"}', 'plain', 'other']) send(body);
    await pass(5);
    expect(batches.flat().sort()).toEqual(['plain', '{"kind":"a"}']);
    expect(records('filtered-out').length).toBe(2);
    expect(counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });
});

describe('a mapping is refused', () => {
  const allow = (...Action: string[]) => ({
    ...queueRole,
    policies: [{ Statement: [{ Effect: 'Allow' as const, Action, Resource: queueArn('work') }] }],
  });

  it.each([
    {
      role: allow('sqs:DeleteMessage', 'sqs:GetQueueAttributes'),
      why: 'permissions to call ReceiveMessage on SQS',
    },
    {
      role: allow('sqs:ReceiveMessage', 'sqs:GetQueueAttributes'),
      why: 'permissions to call DeleteMessage on SQS',
    },
    {
      role: allow('sqs:ReceiveMessage', 'sqs:DeleteMessage'),
      why: 'permissions to call GetQueueAttributes on SQS',
    },
  ])('when the role lacks $why', ({ role, why }) => {
    expect(() => mapped({ runtime: noting().runtime, function: { role } })).toThrow(why);
  });

  it('not, when the role has just these three', () => {
    const role = allow('sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes');
    expect(() => mapped({ runtime: noting().runtime, function: { role } })).not.toThrow();
  });

  it.each<{ queue?: QueueAttributes; mapping?: Partial<MappingDefinition>; why: string }>([
    {
      queue: { VisibilityTimeout: 9 },
      why: 'Queue visibility timeout: 9 seconds is less than Function timeout: 10 seconds',
    },
    { mapping: { batchSize: 0 }, why: 'BatchSize: expected an integer from 1 to 10000, got 0' },
    { mapping: { batchSize: 11 }, why: 'MaximumBatchingWindowInSeconds: expected at least 1' },
    { mapping: { maximumBatchingWindowSeconds: 301 }, why: 'MaximumBatchingWindowInSeconds' },
    {
      mapping: { maximumConcurrency: 1 },
      why: 'MaximumConcurrency: expected an integer from 2 to 1000, got 1',
    },
    {
      queue: fifo,
      mapping: { batchSize: 11, maximumBatchingWindowSeconds: 1 },
      why: 'BatchSize: expected an integer from 1 to 10',
    },
    {
      queue: fifo,
      mapping: { maximumBatchingWindowSeconds: 1 },
      why: 'MaximumBatchingWindowInSeconds: expected an integer from 0 to 0',
    },
    { mapping: { eventSourceArn: queueArn('none') }, why: 'does not exist' },
    { mapping: { functionName: 'none' }, why: 'Function not found: none' },
    { mapping: { filterPatterns: ['no'] }, why: 'FilterCriteria' },
    { mapping: { filterPatterns: ['{"body":"no"}'] }, why: 'Event pattern is not valid' },
  ])('with $queue $mapping: $why (D-5.24, D-13.5)', ({ queue, mapping, why }) => {
    expect(() =>
      mapped({ runtime: noting().runtime, ...(queue ? { queue } : {}), ...(mapping ? { mapping } : {}) }),
    ).toThrow(why);
  });

  it('for a function and queue that have one', () => {
    const { mappings } = mapped({ runtime: noting().runtime });
    expect(() => mappings.create({ eventSourceArn: queueArn('work'), functionName: 'work' })).toThrow(
      'already exists',
    );
  });
});

describe('a mapping that ends', () => {
  it('takes no batch any more, and deletes the one under way when it succeeds', async () => {
    const batches: string[][] = [];
    const runtime = runs(({ sleep }) => async (event) => {
      batches.push(bodiesOf(event));
      await sleep(2000);
    });
    const { mappings, send, pass, counts } = mapped({ runtime, mapping: { batchSize: 1 } });
    const [uuid = ''] = mappings.ids();
    send('under way');
    await pass(1.5);
    mappings.delete(uuid);
    send('left');
    await pass(60);
    expect(batches).toEqual([['under way']]);
    expect(counts()).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
    expect(() => mappings.delete(uuid)).toThrow(
      expect.objectContaining({ code: 'ResourceNotFoundException' }),
    );
  });

  it('ends with its queue, and does not read another one of that name', async () => {
    const { batches, runtime } = noting();
    const { sqs, world, send, pass } = mapped({ runtime });
    sqs.deleteQueue(world.now, queueArn('work'));
    await pass(60);
    sqs.createQueue(world.now, 'work');
    send('for somebody else');
    await pass(60);
    expect(batches).toEqual([]);
  });

  it('leaves messages in the queue while its function is gone', async () => {
    const { runtime, batches } = noting();
    const { lambda, send, pass, counts, records } = mapped({ runtime });
    lambda.deleteFunction('work');
    send('a');
    await pass(5);
    expect(batches).toEqual([]);
    expect(counts()).toMatchObject({ inFlight: 1 });
    expect(records('batch')).toMatchObject([{ outcome: 'ResourceNotFoundException' }]);
  });
});

describe('a mapping that changes', () => {
  it('reads as it says now', async () => {
    const { batches, runtime } = noting();
    const { mappings, send, pass } = mapped({ runtime, mapping: { enabled: false } });
    const [uuid = ''] = mappings.ids();
    send('a');
    send('b');
    await pass(5);
    const definition = { eventSourceArn: queueArn('work'), functionName: 'work', batchSize: 1 };
    mappings.change(uuid, definition);
    await pass(5);
    expect(batches.flat().sort()).toEqual(['a', 'b']);
    expect(batches).toHaveLength(2);
    expect(() => mappings.change(uuid, { ...definition, batchSize: 0 })).toThrow(/BatchSize/);
    send('c');
    await pass(5);
    expect(batches).toHaveLength(3);
  });
});
