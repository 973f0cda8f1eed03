import { describe, expect, it } from 'vitest';
import { accountId, region } from '../fixture.ts';
import { wired } from './bus-fixture.ts';

describe('PutEvents', () => {
  const entry = { Source: 'ecs-steward', DetailType: 'Drained', Detail: '{"instanceId":"i-1"}' };

  it('answers for each entry alone and puts the good ones on the bus (D-5.21)', async () => {
    const { events, messages, pass } = wired();
    const reply = events('PutEvents', {
      Entries: [
        { ...entry, Time: new Date('2026-01-02T03:04:05.678Z'), Resources: ['r'] },
        { ...entry, Source: 'aws.ecs' },
        { ...entry, Detail: '[1]' },
        { ...entry, Detail: 'no' },
        { Source: 'x', Detail: '{}' },
        { ...entry, EventBusName: 'other' },
      ],
    });
    expect(reply).toMatchObject({
      FailedEntryCount: 5,
      Entries: [
        { EventId: expect.any(String) },
        { ErrorCode: 'NotAuthorizedForSourceException' },
        { ErrorCode: 'MalformedDetail' },
        { ErrorCode: 'MalformedDetail' },
        { ErrorCode: 'InvalidArgument' },
        { ErrorCode: 'ResourceNotFoundException' },
      ],
    });
    await pass(2);
    expect(messages().map(({ Body }) => JSON.parse(Body))).toMatchObject([
      {
        source: 'ecs-steward',
        time: '2026-01-02T03:04:05Z',
        resources: ['r'],
        detail: { instanceId: 'i-1' },
      },
    ]);
  });

  it.each([
    { Entries: [], why: 'expected 1 to 10, got 0' },
    { Entries: Array.from({ length: 11 }, () => entry), why: 'expected 1 to 10, got 11' },
    { Entries: [{ ...entry, Detail: JSON.stringify('x'.repeat(262_144)) }], why: 'over the limit' },
  ])('refuses a call: $why (D-5.21)', ({ Entries, why }) => {
    expect(() => wired().events('PutEvents', { Entries })).toThrow(why);
  });

  it('needs events:PutEvents on the bus, once per entry, with source and detail type', () => {
    const { bus, world } = wired();
    const needs = bus.needs({
      operation: 'PutEvents',
      input: { Entries: [entry] },
      caller: { principalArn: 'x', client: 'x' },
      viewAt: world.now,
    });
    expect(needs).toEqual([
      {
        action: 'events:PutEvents',
        resource: `arn:aws:events:${region}:${accountId}:event-bus/default`,
        context: { 'events:source': 'ecs-steward', 'events:detail-type': 'Drained' },
      },
    ]);
  });
});
