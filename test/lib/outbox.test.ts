import { describe, expect, it } from 'vitest';
import { type Announcement, misconfigured, released } from '../../lib/announce.ts';
import { outbox, type Told } from '../../lib/outbox.ts';
import { at, departure, depsOf, groupName, noon, total } from './fixtures.ts';

const event = (instanceId: string) => released(departure({ instanceId }), [], 'drained', noon);
const idsOf = (calls: readonly (readonly Announcement[])[]) =>
  calls.map((events) => events.map(({ detail }) => detail.instanceId));

/** An outbox whose calls end one by one, when told. */
function slow(told: Told = new Map()) {
  const { deps, trace } = depsOf({});
  const calls: (readonly Announcement[])[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const out = outbox(deps, told, (events) => {
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

/** A tag of the group has a value that means nothing. */
const fault = (value: string, time = noon, tag = 'ecs-steward:state') =>
  misconfigured(
    { autoScalingGroupName: groupName, problem: 'a tag is not understood', tag, value, expected: 'active' },
    time,
  );

describe('a state that lasts', () => {
  /** What an outbox with this memory sends of these events, each call taken at once. */
  async function sent(told: Told, ...events: Announcement[]): Promise<readonly string[]> {
    const { deps } = depsOf({});
    const values: string[] = [];
    const out = outbox(deps, told, async (some) => {
      values.push(...some.map(({ detail }) => String(detail.value)));
    });
    for (const event of events) out.announce(event);
    await out.settled();
    return values;
  }

  it('is told when it changes, not each time it is seen', async () => {
    const told: Told = new Map();
    expect(await sent(told, fault('on'), fault('on', at(60)))).toEqual(['on']);
    expect(await sent(told, fault('on', at(120)))).toEqual([]);
    expect(await sent(told, fault('off', at(180)), fault('on', at(240)))).toEqual(['off', 'on']);
  });

  it('is another one for another tag', async () => {
    expect(await sent(new Map(), fault('on'), fault('on', noon, 'ecs-steward:hook'))).toEqual(['on', 'on']);
  });

  it('is told again after a day', async () => {
    const told: Told = new Map();
    await sent(told, fault('on'));
    expect(await sent(told, fault('on', at(24 * 3600 - 1)))).toEqual([]);
    expect(await sent(told, fault('on', at(24 * 3600)))).toEqual(['on']);
  });

  it('has the same id for whoever has forgotten that it was told', async () => {
    expect(fault('on').detail.id).toBe(fault('on', at(60)).detail.id);
    expect(fault('on').detail.id).not.toBe(fault('off').detail.id);
  });

  it('is told again where it could not be sent', async () => {
    const told: Told = new Map();
    const { out, ends } = slow(told);
    out.announce(fault('on'));
    ends[0]?.(new Error('InternalFailure'));
    await out.settled();
    expect(await sent(told, fault('on', at(60)))).toEqual(['on']);
  });
});
