import { describe, expect, it } from 'vitest';
import {
  deadlinePassed,
  drainFailed,
  drainStarted,
  drainWaiting,
  misconfigured,
  released,
  unenrolled,
} from '../../lib/announce.ts';
import { type Blocker, overBudget } from '../../lib/blockers.ts';
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

describe('Drain Waiting', () => {
  const waiting = (blockers: readonly Blocker[], now = noon) =>
    drainWaiting(leaving, [registration()], 'service-tasks', blockers, now);
  const stuck: Blocker = {
    kind: 'min-max',
    serviceName: 'web',
    desiredCount: 4,
    least: 4,
    most: 4,
    says: 'web is stuck',
  };

  it('tells why, and each blocker with what is known of it', () => {
    const { detail, resources } = waiting([stuck]);
    expect(resources).toEqual([arn]);
    expect(detail).toMatchObject({ instanceId, why: 'service-tasks', blockers: [stuck], blockerCount: 1 });
  });

  it('has another id for another reason or service, and the same for other numbers', () => {
    const ids = [[stuck], [{ ...stuck, serviceName: 'api' }], [overBudget], []].map(
      (blockers) => waiting(blockers).detail.id,
    );
    expect(new Set(ids).size).toBe(4);
    expect(waiting([{ ...stuck, desiredCount: 5 }], at(60)).detail.id).toBe(ids[0]);
    expect(waiting([stuck]).subject).toBe(waiting([overBudget]).subject);
  });

  it('names ten blockers at most, and how many there are', () => {
    const many = Array.from({ length: 12 }, (_, i) => ({ ...stuck, serviceName: `web-${i}` }));
    const { detail } = waiting(many);
    expect(detail.blockers).toHaveLength(10);
    expect(detail.blockerCount).toBe(12);
  });
});

describe('Drain Deadline', () => {
  it('names the tasks that are stopped, twenty at most, and is told once for each kind of end', () => {
    const arns = Array.from({ length: 25 }, (_, i) => `task-${i}`);
    const stop = deadlinePassed(leaving, [registration()], 'stop-tasks', 'deadline', arns, noon);
    expect(stop.detail).toMatchObject({ decision: 'stop-tasks', why: 'deadline', taskCount: 25 });
    expect(stop.detail.taskArns).toHaveLength(20);
    const again = deadlinePassed(leaving, [registration()], 'stop-tasks', 'deadline', ['task-1'], at(60));
    expect([again.detail.id, again.subject]).toEqual([stop.detail.id, stop.subject]);
    const end = deadlinePassed(leaving, [registration()], 'release', 'deadline', [], at(600));
    expect(end.detail.id).not.toBe(stop.detail.id);
    expect(end.subject).not.toBe(stop.subject);
  });
});

describe('Drain Failed', () => {
  const failed = (error: unknown) => drainFailed(leaving, [arn], 'release', error, noon);

  it('tells what was tried and the error, whose words do not make it another fact', () => {
    const error = Object.assign(new Error('request 1 is refused'), { name: 'AccessDenied' });
    const other = Object.assign(new Error('request 2 is refused'), { name: 'AccessDenied' });
    expect(failed(error).detail).toMatchObject({
      doing: 'release',
      reason: 'AccessDenied: request 1 is refused',
    });
    expect(failed(other).detail.id).toBe(failed(error).detail.id);
    expect(failed(new Error('x')).detail.id).not.toBe(failed(error).detail.id);
  });

  it('names the container instance where the EC2 instance is not known, with the reason of AWS', () => {
    const { clusterName: cluster, autoScalingGroupName } = leaving;
    const where = { clusterName: cluster, autoScalingGroupName };
    const { detail, subject } = drainFailed(where, [arn], 'set to DRAINING', 'MISSING', noon);
    expect(detail).toMatchObject({ containerInstanceArns: [arn], reason: 'MISSING', instanceId: undefined });
    expect(detail.id).toContain(arn);
    expect(subject).toContain(arn);
  });
});

describe('what is told of a group', () => {
  it('is what is wrong with it: the tag, its value and what was expected', () => {
    const fault = {
      autoScalingGroupName: groupName,
      problem: 'a tag is not understood',
      tag: 'ecs-steward:state',
      value: 'on',
      expected: 'active, paused or leaving',
    };
    expect(misconfigured(fault, noon)).toMatchObject({ detailType: 'Group Misconfigured', detail: fault });
  });

  it('is that it is not served any more', () => {
    expect(unenrolled(groupName, clusterName, 'leaving', noon)).toMatchObject({
      detailType: 'Group Unenrolled',
      detail: { autoScalingGroupName: groupName, clusterName, why: 'leaving' },
    });
  });
});
