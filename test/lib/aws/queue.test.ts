import { describe, expect, it } from 'vitest';
import { readEvent } from '../../../lib/events.ts';
import { at, clusterName, groupName, instanceId, noon } from '../fixtures.ts';
import { fleetOver, sent } from './network.ts';

const request = { autoScalingGroupName: groupName, clusterName, instanceId, because: 'empty' } as const;

describe('what the steward asks of itself', () => {
  it('goes to the lane, in its one message group, in a form that the lane reads', async () => {
    const { fleet, calls } = fleetOver({ SendMessage: sent });
    await fleet.askToAdmit(groupName, [instanceId], noon);
    expect(calls[0]?.input).toMatchObject({ MessageGroupId: 'lane' });
    expect(calls[0]?.input.QueueUrl).toMatch(/lane\.fifo$/);
    expect(readEvent(String(calls[0]?.input.MessageBody))).toEqual({
      kind: 'admit',
      at: noon,
      autoScalingGroupName: groupName,
      instanceIds: [instanceId],
    });
  });

  it('is another message a minute later: the lane drops equal ones for 5 minutes (D-13.5)', async () => {
    const { fleet, calls } = fleetOver({ SendMessage: sent });
    await fleet.askToAdmit(groupName, [instanceId], noon);
    await fleet.askToAdmit(groupName, [instanceId], at(60));
    expect(calls[0]?.input.MessageBody).not.toBe(calls[1]?.input.MessageBody);
  });

  it('goes to the release queue with a delay, in a form that the queue reads', async () => {
    const { fleet, calls } = fleetOver({ SendMessage: sent });
    await fleet.askToLook(request, noon, 15);
    expect(calls[0]?.input).toMatchObject({ DelaySeconds: 15 });
    expect(calls[0]?.input.QueueUrl).toMatch(/release$/);
    expect(calls[0]?.input).not.toHaveProperty('MessageGroupId');
    expect(readEvent(String(calls[0]?.input.MessageBody))).toEqual({ kind: 'look', at: noon, ...request });
  });

  it('goes to the queue of interruptions with a delay, and keeps the time of the notice', async () => {
    const { fleet, calls } = fleetOver({ SendMessage: sent });
    const notice = { kind: 'interruption', at: noon, instanceId, action: 'stop', isLook: false } as const;
    await fleet.askToInterrupt(notice, 75);
    expect(calls[0]?.input).toMatchObject({ DelaySeconds: 75 });
    expect(calls[0]?.input.QueueUrl).toMatch(/interrupt$/);
    expect(readEvent(String(calls[0]?.input.MessageBody))).toEqual({ ...notice, isLook: true });
  });
});
