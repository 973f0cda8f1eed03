import { describe, expect, it } from 'vitest';
import { released } from '../../../lib/announce.ts';
import { departure, noon, registration } from '../fixtures.ts';
import { fleetOver, Refusal } from './network.ts';

const events = ['i-1', 'i-2', 'i-3'].map((instanceId) =>
  released(departure({ instanceId }), [registration()], 'drained', noon),
);
const taken = { EventId: 'e' };
const failed = { ErrorCode: 'InternalFailure', ErrorMessage: 'try again' };
const entriesOf = (input: Record<string, unknown> | undefined) => input?.Entries as Record<string, unknown>[];
const instancesOf = (input: Record<string, unknown> | undefined) =>
  entriesOf(input).map(({ Detail }) => JSON.parse(String(Detail)).instanceId);

describe('announce', () => {
  it('puts the events on the default bus in one call, as ours, with their detail as JSON', async () => {
    const { fleet, calls } = fleetOver({
      PutEvents: () => ({ FailedEntryCount: 0, Entries: [taken, taken, taken] }),
    });
    await fleet.announce(events);
    expect(calls).toHaveLength(1);
    expect(entriesOf(calls[0]?.input)[0]).toEqual({
      Source: 'ecs-steward',
      DetailType: 'Instance Drained',
      Time: noon.getTime() / 1000,
      Resources: events[0]?.resources,
      Detail: JSON.stringify(events[0]?.detail),
    });
    expect(instancesOf(calls[0]?.input)).toEqual(['i-1', 'i-2', 'i-3']);
  });

  it('puts again, after a pause, only the entries that were not taken: the call itself succeeds (D-5.21)', async () => {
    const answers = [[taken, failed, taken], [taken]];
    const { fleet, calls, slept } = fleetOver({
      PutEvents: () => ({ FailedEntryCount: 1, Entries: answers.shift() }),
    });
    await fleet.announce(events);
    expect(calls.map(({ input }) => instancesOf(input))).toEqual([['i-1', 'i-2', 'i-3'], ['i-2']]);
    expect(slept).toEqual([100]);
  });

  it('throws, naming the event and the reason, where an entry is not taken in three calls', async () => {
    const { fleet, calls } = fleetOver({ PutEvents: () => ({ FailedEntryCount: 1, Entries: [failed] }) });
    await expect(fleet.announce(events.slice(0, 1))).rejects.toThrow(
      'EventBridge did not take 1 events: Instance Drained: InternalFailure: try again',
    );
    expect(calls).toHaveLength(3);
  });

  it('lets a refusal of the whole call through', async () => {
    const { fleet, calls } = fleetOver({ PutEvents: () => new Refusal('AccessDeniedException') });
    await expect(fleet.announce(events)).rejects.toThrow('AccessDenied');
    expect(calls).toHaveLength(1);
  });
});
