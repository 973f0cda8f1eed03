import { describe, expect, it } from 'vitest';
import { queueArn, runs } from '../fixture.ts';
import { bodiesOf, fail, fifo, mapped, noting, recordsOf } from './mapping-fixture.ts';

describe('a batch that fails', () => {
  it('comes back as a whole after the visibility timeout, and ends in the dead-letter queue (D-13.6)', async () => {
    const { batches, runtime } = noting(fail);
    const { send, pass, counts, records } = mapped({
      runtime,
      queue: { VisibilityTimeout: 30 },
      maxReceiveCount: 3,
    });
    send('a');
    send('b');
    await pass(29);
    expect(batches).toEqual([['a', 'b']]);
    await pass(200);
    expect(batches).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      ['a', 'b'],
    ]);
    expect(counts('dead')?.visible).toBe(2);
    expect(records('dead-lettered')).toMatchObject([
      {
        queueArn: queueArn('work'),
        deadLetterArn: queueArn('dead'),
        messageIds: [expect.any(String), expect.any(String)],
      },
    ]);
  });

  it('comes back when the function times out or crashes', async () => {
    const { send, pass, lambda, counts } = mapped({
      runtime: runs(
        ({ sleep }) =>
          async () =>
            sleep(60_000),
      ),
    });
    send('a');
    await pass(35);
    expect(lambda.invocations.map(({ outcome }) => outcome)).toEqual(['timeout']);
    await pass(30);
    expect(lambda.invocations.length).toBe(2);
    expect(counts()?.inFlight).toBe(1);
  });

  it('does not stop the batches behind it in a standard queue', async () => {
    const { runtime, batches } = noting(async (event) =>
      bodiesOf(event).includes('bad') ? fail(event, {}) : undefined,
    );
    const { send, pass } = mapped({ runtime, mapping: { batchSize: 1 } });
    for (const body of ['bad', 'a', 'b']) send(body);
    await pass(5);
    expect(batches.flat().sort()).toEqual(['a', 'b', 'bad']);
  });
});

describe('how many batches are under way', () => {
  /** Takes five seconds and notes the most invocations at a time. */
  function counting() {
    let now = 0;
    let most = 0;
    const runtime = runs(({ sleep }) => async () => {
      most = Math.max(most, ++now);
      await sleep(5000);
      now--;
    });
    return { runtime, most: () => most };
  }

  it.each([
    { mapping: { batchSize: 1, maximumConcurrency: 2 }, most: 2 },
    { mapping: { batchSize: 1, maximumConcurrency: 4 }, most: 4 },
  ])('is never more than $mapping.maximumConcurrency', async ({ mapping, most }) => {
    const counted = counting();
    const { send, pass, counts } = mapped({ runtime: counted.runtime, mapping });
    for (let n = 0; n < 20; n++) send(String(n));
    await pass(120);
    expect(counted.most()).toBe(most);
    expect(counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('begins with five, grows by 300 a minute while messages are left, and begins anew after that', async () => {
    const counted = counting();
    const { send, pass, lambda } = mapped({ runtime: counted.runtime, mapping: { batchSize: 1 } });
    for (let n = 0; n < 500; n++) send(String(n));
    await pass(0.9);
    expect(lambda.running()).toBe(5);
    await pass(3);
    expect(lambda.running()).toBeGreaterThanOrEqual(15);
    expect(lambda.running()).toBeLessThanOrEqual(25);
    await pass(120);
    expect(lambda.invocations.length).toBe(500);
    for (let n = 0; n < 100; n++) send(`again ${n}`);
    await pass(0.9);
    expect(lambda.running()).toBe(5);
  });

  it('is one per message group of a FIFO queue, in the order of the group (D-13.5)', async () => {
    const running = new Set<string>();
    const seen: string[] = [];
    const runtime = runs(({ sleep }) => async (event) => {
      const groups = new Set(recordsOf(event).map(({ attributes }) => attributes.MessageGroupId ?? ''));
      for (const group of groups) {
        expect(running.has(group)).toBe(false);
        running.add(group);
      }
      seen.push(...bodiesOf(event));
      await sleep(1000);
      for (const group of groups) running.delete(group);
    });
    const { send, pass } = mapped({ runtime, queue: fifo, mapping: { batchSize: 2 } });
    for (let n = 0; n < 20; n++) send(`a${n}`, 'a');
    await pass(3);
    for (let n = 0; n < 10; n++) send(`b${n}`, 'b');
    await pass(60);
    for (const [group, count] of [
      ['a', 20],
      ['b', 10],
    ] as const)
      expect(seen.filter((body) => body.startsWith(group))).toEqual(
        Array.from({ length: count }, (_, n) => `${group}${n}`),
      );
  });

  it('waits behind a failed message of the group until it is dead-lettered, while other groups go on (D-13.5)', async () => {
    const { runtime, batches } = noting(async (event) =>
      bodiesOf(event).includes('bad') ? fail(event, {}) : undefined,
    );
    const { send, pass, counts } = mapped({
      runtime,
      queue: { ...fifo, VisibilityTimeout: 30 },
      mapping: { batchSize: 1 },
      maxReceiveCount: 2,
    });
    send('bad', 'a');
    send('good', 'a');
    send('other', 'b');
    await pass(10);
    expect(batches.flat().sort()).toEqual(['bad', 'other']);
    await pass(45);
    expect(batches.flat().sort()).toEqual(['bad', 'bad', 'other']);
    await pass(10);
    expect(batches.flat().sort()).toEqual(['bad', 'bad', 'good', 'other']);
    expect(counts('dead')?.visible).toBe(1);
  });

  it('is bounded by the concurrency of the function: a throttled batch is tried again while it is invisible', async () => {
    const counted = counting();
    const { send, pass, counts, lambda, records } = mapped({
      runtime: counted.runtime,
      function: { reservedConcurrency: 1 },
      queue: { VisibilityTimeout: 60 },
      mapping: { batchSize: 1 },
    });
    for (let n = 0; n < 3; n++) send(String(n));
    await pass(40);
    expect(counted.most()).toBe(1);
    expect(records('throttled').length).toBeGreaterThan(0);
    expect(lambda.invocations.length).toBe(3);
    expect(counts()).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('lets go of a batch that stays throttled until its messages are visible again', async () => {
    const { runtime, batches } = noting();
    const { send, pass, counts, records } = mapped({
      runtime,
      function: { reservedConcurrency: 0 },
      queue: { VisibilityTimeout: 30 },
      maxReceiveCount: 2,
    });
    send('a');
    await pass(100);
    expect(batches).toEqual([]);
    expect(records('batch')).toMatchObject([{ outcome: 'throttled' }, { outcome: 'throttled' }]);
    expect(counts('dead')?.visible).toBe(1);
  });
});
