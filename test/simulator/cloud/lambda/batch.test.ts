import { describe, expect, it } from 'vitest';
import { mapped, noting, recordsOf } from './mapping-fixture.ts';

describe('an answer with batchItemFailures', () => {
  const answer = (of: (messageIds: string[]) => unknown) =>
    noting(async (event) => of(recordsOf(event).map(({ messageId }) => messageId)));
  const failures = (ids: unknown[]) => ({
    batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
  });

  it.each<{ what: string; of: (ids: string[]) => unknown; left: number }>([
    { what: 'names one', of: ([id]) => failures([id]), left: 1 },
    { what: 'names none', of: () => failures([]), left: 0 },
    { what: 'is null', of: () => null, left: 0 },
    { what: 'is nothing', of: () => undefined, left: 0 },
    { what: 'has no list', of: () => ({}), left: 0 },
    { what: 'has null for a list', of: () => ({ batchItemFailures: null }), left: 0 },
    { what: 'names an unknown id', of: () => failures(['other']), left: 3 },
    { what: 'names an empty id', of: () => failures(['']), left: 3 },
    { what: 'names null', of: () => failures([null]), left: 3 },
    { what: 'has another key', of: ([id]) => ({ batchItemFailures: [{ id }] }), left: 3 },
    { what: 'has no list of objects', of: ([id]) => ({ batchItemFailures: [id] }), left: 3 },
    { what: 'is a text', of: () => 'failed', left: 3 },
  ])('leaves $left of 3 in the queue when it $what', async ({ of, left }) => {
    const { runtime } = answer(of);
    const { send, pass, counts } = mapped({ runtime, mapping: { reportsBatchItemFailures: true } });
    for (const body of ['a', 'b', 'c']) send(body);
    await pass(5);
    expect(counts()).toEqual({ visible: 0, inFlight: left, delayed: 0 });
  });

  it('means nothing where the mapping does not ask for it', async () => {
    const { runtime } = answer((ids) => failures(ids));
    const { send, pass, counts } = mapped({ runtime });
    send('a');
    await pass(5);
    expect(counts()?.inFlight).toBe(0);
  });
});
