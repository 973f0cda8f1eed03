import { describe, expect, it } from 'vitest';
import type { Departure, DepartureDecision, StopReason, WaitReason } from '../../lib/departure.ts';
import { isStuck, warnOfPausedEnds } from '../../lib/overdue.ts';
import { readEnrolment } from '../../lib/policy.ts';
import { at, clusterName, departure, depsOf, group, groupName, instanceId, noon } from './fixtures.ts';

const waits = (why: WaitReason): DepartureDecision => ({ kind: 'wait', why });
const stops = (why: StopReason): DepartureDecision => ({ kind: 'stop-tasks', why, taskArns: ['one'] });
const releases: DepartureDecision = { kind: 'release', why: 'deadline' };
const starts: DepartureDecision = { kind: 'start-draining', containerInstanceArns: ['one'] };

/** The deadline passed so many seconds ago. */
const late = (seconds: number): Partial<Departure> => ({
  deadline: { at: at(-seconds), onDeadline: 'stop-tasks' },
});
const stuckWith = (
  is: Partial<Departure>,
  decision: DepartureDecision,
  outcome: 'done' | 'failed' = 'done',
) => isStuck(departure(is), decision, outcome, noon);

describe('a departure is stuck', () => {
  it.each<[WaitReason, number]>([
    ['service-tasks', 900],
    ['registering', 900],
    ['not-registered', 900],
    ['draining', 900],
    ['settling', 900],
    ['tasks-stopping', 7200],
  ])('that waits for %s %i s after its deadline, and not a second earlier', (why, seconds) => {
    expect(stuckWith(late(seconds), waits(why))).toBe(true);
    expect(stuckWith(late(seconds - 1), waits(why))).toBe(false);
  });

  it.each<WaitReason>(['budget', 'standalone-tasks'])('never while it waits for %s', (why) => {
    expect(stuckWith(late(100_000), waits(why))).toBe(false);
  });

  it.each<[string, DepartureDecision]>([
    ['released', releases],
    ['drained', starts],
  ])('that cannot be %s a quarter of an hour after its deadline, and not where it can', (_, decision) => {
    expect(stuckWith(late(900), decision, 'failed')).toBe(true);
    expect(stuckWith(late(899), decision, 'failed')).toBe(false);
    expect(stuckWith(late(900), decision, 'done')).toBe(false);
  });

  it('that is still told to stop tasks a quarter of an hour after its deadline, though every call is taken', () => {
    expect(stuckWith(late(900), stops('deadline'))).toBe(true);
    expect(stuckWith(late(899), stops('deadline'))).toBe(false);
  });

  it('from the time of its standalone tasks on, where that comes after the deadline', () => {
    const later = { ...late(10_000), standaloneStopAt: at(-900) };
    expect(stuckWith(later, stops('standalone-tasks'))).toBe(true);
    expect(stuckWith({ ...later, standaloneStopAt: at(-899) }, stops('standalone-tasks'))).toBe(false);
    expect(stuckWith({ ...late(900), standaloneStopAt: at(-10_000) }, waits('service-tasks'))).toBe(true);
    expect(stuckWith({ ...late(900), standaloneStopAt: at(1) }, waits('service-tasks'))).toBe(true);
  });

  it('never before its deadline, without one, or when the hook ends at once, which is told otherwise', () => {
    const decision = waits('service-tasks');
    expect(stuckWith({ ...late(-1), standaloneStopAt: at(-10_000) }, decision)).toBe(false);
    expect(stuckWith({}, decision)).toBe(false);
    expect(stuckWith({ ...late(10_000), hookEndsAt: at(600) }, decision)).toBe(false);
    expect(stuckWith({ ...late(10_000), hookEndsAt: at(601) }, decision)).toBe(true);
  });
});

describe('the end of the hook of an instance in a paused group', () => {
  const warned = (startedSecondsAgo: number | undefined, hookSeconds?: number) => {
    const { deps, trace } = depsOf({});
    const policy = readEnrolment({
      'ecs-steward:cluster': clusterName,
      'ecs-steward:state': 'paused',
    })?.policy;
    if (!policy) throw new Error('The group is not enrolled');
    const starts = new Map(startedSecondsAgo === undefined ? [] : [[instanceId, at(-startedSecondsAgo)]]);
    warnOfPausedEnds(deps, { group: group(), clusterName, policy }, starts, hookSeconds);
    return trace;
  };

  it('is warned of from six hours before, counted, and told the account', () => {
    const { lines, counts, announced } = warned(42 * 3600);
    const hookEndsAt = at(6 * 3600);
    expect(lines).toMatchObject([
      { level: 'warn', fields: { autoScalingGroupName: groupName, instanceId, hookEndsAt, why: 'paused' } },
    ]);
    expect(counts.get('HookEndNear')).toEqual([1]);
    expect(announced).toMatchObject([
      {
        detailType: 'Hook End Near',
        detail: {
          instanceId,
          isPaused: true,
          hookEndsAt: hookEndsAt.toISOString(),
          containerInstanceArns: [],
        },
      },
    ]);
  });

  it('is warned of sooner where the hook of a template holds it for less long', () => {
    expect(warned(8749, 10_000).lines).toEqual([]);
    expect(warned(8750, 10_000).lines).toMatchObject([{ fields: { hookEndsAt: at(1250) } }]);
  });

  it.each([42 * 3600 - 1, undefined])('is not warned of when the instance leaves since %s s', (seconds) => {
    const { lines, counts } = warned(seconds);
    expect([lines, counts.size]).toEqual([[], 0]);
  });
});
