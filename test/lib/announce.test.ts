import { describe, expect, it } from 'vitest';
import { drainStarted, released } from '../../lib/announce.ts';
import type { ReleaseReason } from '../../lib/departure.ts';
import { arn, at, clusterName, departure, groupName, instanceId, noon, registration } from './fixtures.ts';

const leaving = departure({ drainStartedAt: at(-120) });
const idOf = (drainStartedAt: Date | undefined, why: ReleaseReason = 'drained', now = noon) =>
  released(departure({ drainStartedAt }), [registration()], why, now).detail.id;

describe('Drain Started', () => {
  it('names the instance, its registrations, the cause and how many tasks there are', () => {
    const registrations = [
      registration({ taskCount: 3 }),
      registration({ containerInstanceArn: 'arn2', taskCount: 1 }),
    ];
    expect(drainStarted(departure(), registrations, { at: noon, cause: 'termination' })).toEqual({
      detailType: 'Drain Started',
      at: noon,
      resources: [arn, 'arn2'],
      detail: {
        version: '1',
        id: `Drain-Started/${groupName}/${instanceId}/${noon.toISOString()}`,
        clusterName,
        autoScalingGroupName: groupName,
        instanceId,
        containerInstanceArns: [arn, 'arn2'],
        drainStartedAt: noon.toISOString(),
        cause: 'termination',
        taskCount: 4,
      },
    });
  });
});

describe('the end of a departure', () => {
  it('is Instance Drained, with how long it took, where the tasks were STOPPED', () => {
    const event = released(leaving, [registration()], 'drained', noon);
    expect(event).toMatchObject({ detailType: 'Instance Drained', resources: [arn] });
    expect(event.detail).toMatchObject({
      why: 'drained',
      cause: 'termination',
      drainSeconds: 120,
      instanceId,
    });
  });

  it.each<ReleaseReason>(['not-registered', 'not-usable', 'deadline', 'hook-ending', 'leaving', 'dry-run'])(
    'is Instance Released for another reason: %s',
    (why) => {
      const event = released(leaving, [], why, noon);
      expect(event).toMatchObject({
        detailType: 'Instance Released',
        detail: { why, containerInstanceArns: [] },
      });
    },
  );

  it('has no time of a drain that never began', () => {
    const { detail } = released(departure(), [registration({ mark: undefined })], 'dry-run', noon);
    expect(JSON.parse(JSON.stringify(detail))).toEqual({
      version: '1',
      id: `Instance-Released/${groupName}/${instanceId}`,
      clusterName,
      autoScalingGroupName: groupName,
      instanceId,
      containerInstanceArns: [arn],
      why: 'dry-run',
    });
  });

  it('has the same id whenever it is told, and another one for another drain of the instance', () => {
    expect(idOf(at(-120), 'drained', noon)).toBe(idOf(at(-120), 'drained', at(60)));
    expect(idOf(at(-120))).not.toBe(idOf(at(-60)));
    expect(idOf(at(-120))).not.toBe(idOf(at(-120), 'deadline'));
    expect(idOf(undefined)).not.toBe(idOf(at(-120)));
  });
});
