import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isShortage, readCapacityEvent } from '../../lib/signal.ts';

const sample = (name: string) =>
  JSON.parse(readFileSync(new URL(`../events/${name}.json`, import.meta.url), 'utf8')) as {
    time: string;
    detail: Record<string, unknown>;
  };
const read = (name: string, detail: Record<string, unknown> = {}, envelope: Record<string, unknown> = {}) => {
  const event = sample(name);
  return readCapacityEvent(JSON.stringify({ ...event, ...envelope, detail: { ...event.detail, ...detail } }));
};

const placement = 'ecs-service-action.SERVICE_TASK_PLACEMENT_FAILURE.fargate-spot';
const launch = 'asg-launch-unsuccessful.spot-capacity';

describe('readCapacityEvent', () => {
  it('takes a placement failure of Fargate Spot for a failure of that provider, when it happened', () => {
    const at = new Date('2026-05-04T12:10:00Z');
    expect(read(placement)).toEqual({
      kind: 'service',
      clusterName: 'demo',
      signals: [{ provider: 'FARGATE_SPOT', kind: 'failed', at }],
    });
  });

  it('counts from when it happened where that is long before it was told (D-1.18)', () => {
    const event = read(placement, { createdAt: '2026-04-21T12:00:00Z' });
    expect(event).toMatchObject({ signals: [{ at: new Date('2026-04-21T12:00:00Z') }] });
  });

  it('takes a steady state for a sign that each of its providers works (D-7.11)', () => {
    expect(read('ecs-service-action.CAPACITY_PROVIDER_STEADY_STATE')).toMatchObject({
      signals: [
        { provider: 'cp-spot', kind: 'worked' },
        { provider: 'cp-ondemand', kind: 'worked' },
      ],
    });
  });

  it.each(['RESOURCE:CPU', 'RESOURCE:MEMORY', 'AGENT', 'EMPTY CAPACITY PROVIDER', ''])(
    'drops a placement failure for %j: another provider need not help (D-7.13)',
    (reason) => {
      expect(() => read(placement, { reason })).toThrow('says nothing about capacity');
    },
  );

  it('takes a launch that found no Spot capacity for a failure of the group, when it ended (D-7.10)', () => {
    const at = new Date('2026-05-04T12:08:30.500Z');
    expect(read(launch)).toEqual({
      kind: 'group',
      autoScalingGroupName: 'demo-asg-spot',
      signals: [{ provider: 'demo-asg-spot', kind: 'failed', at }],
    });
  });

  it('drops a launch that failed for another reason, and names it', () => {
    const StatusMessage = 'The image id [ami-0] does not exist. Launching EC2 instance failed.';
    expect(() => read(launch, { StatusMessage })).toThrow(StatusMessage);
  });

  it('takes a notice of Spot for its instance, and the schedule for a minute', () => {
    expect(read('ec2-spot-interruption-warning')).toMatchObject({ kind: 'instance' });
    const envelope = { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} };
    expect(read(launch, {}, envelope)).toEqual({ kind: 'tick' });
  });

  it('drops what another account says, whose groups may have the names of ours', () => {
    const body = JSON.stringify(sample(launch));
    expect(readCapacityEvent(body, '111122223333').kind).toBe('group');
    expect(() => readCapacityEvent(body, '444455556666')).toThrow('another account');
  });

  it.each([
    ['not JSON', '{'],
    ['source: ', '{}'],
    ['no event about capacity', JSON.stringify({ ...sample(launch), source: 'aws.s3' })],
    ['AutoScalingGroupName', JSON.stringify({ ...sample(launch), detail: {} })],
  ])('drops what it cannot read, and says why: %s', (why, body) => {
    expect(() => readCapacityEvent(body)).toThrow(why);
  });
});

describe('isShortage', () => {
  it.each([
    ['There is no Spot capacity available that matches your request. Launching EC2 instance failed.', true],
    ['Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have', true],
    ['You have requested more vCPU capacity than your current vCPU limit of 32 allows', false],
    [undefined, false],
  ])('of %j is %s', (message, expected) => {
    expect(isShortage(message)).toBe(expected);
  });
});
