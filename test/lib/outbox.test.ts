import { describe, expect, it } from 'vitest';
import { type Announcement, released } from '../../lib/announce.ts';
import { outbox } from '../../lib/outbox.ts';
import { departure, depsOf, noon, total } from './fixtures.ts';

const event = (instanceId: string) => released(departure({ instanceId }), [], 'drained', noon);
const idsOf = (calls: readonly (readonly Announcement[])[]) =>
  calls.map((events) => events.map(({ detail }) => detail.instanceId));

/** An outbox whose calls end one by one, when told. */
function slow() {
  const { deps, trace } = depsOf({});
  const calls: (readonly Announcement[])[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const out = outbox(deps, (events) => {
    calls.push(events);
    return new Promise((resolve, reject) => {
      ends.push((error) => (error ? reject(error) : resolve()));
    });
  });
  return { out, calls, ends, trace };
}

describe('outbox', () => {
  it('sends the first event at once', () => {
    const { out, calls } = slow();
    out.announce(event('i-1'));
    expect(idsOf(calls)).toEqual([['i-1']]);
  });

  it('sends what came during a call together, ten at a time (D-5.21)', async () => {
    const { out, calls, ends } = slow();
    for (let i = 0; i < 13; i++) out.announce(event(`i-${i}`));
    const settled = out.settled();
    for (let call = 0; call < 3; call++) {
      expect(calls).toHaveLength(call + 1);
      ends[call]?.();
      await new Promise(setImmediate);
    }
    await settled;
    expect(calls.map((events) => events.length)).toEqual([1, 10, 2]);
  });

  it('is settled only when everything is sent, and at once where there is nothing', async () => {
    const { out, ends } = slow();
    await out.settled();
    let isSettled = false;
    out.announce(event('i-1'));
    const settled = out.settled().then(() => {
      isSettled = true;
    });
    await new Promise(setImmediate);
    expect(isSettled).toBe(false);
    ends[0]?.();
    await settled;
  });

  it('logs and counts what cannot be sent, and goes on with what comes next', async () => {
    const { out, calls, ends, trace } = slow();
    out.announce(event('i-1'));
    out.announce(event('i-2'));
    ends[0]?.(new Error('AccessDenied'));
    await new Promise(setImmediate);
    ends[1]?.();
    await out.settled();
    expect(idsOf(calls)).toEqual([['i-1'], ['i-2']]);
    expect(trace.lines).toMatchObject([
      { level: 'error', message: 'could not announce', fields: { ids: [event('i-1').detail.id] } },
    ]);
    expect(total(trace, 'Failures')).toBe(1);
    out.announce(event('i-3'));
    expect(idsOf(calls)).toEqual([['i-1'], ['i-2'], ['i-3']]);
    ends[2]?.();
    await out.settled();
  });
});
