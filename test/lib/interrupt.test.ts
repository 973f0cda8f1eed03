import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Interruption } from '../../lib/events.ts';
import { decideLastCalls, isTooSlow, whyLeftAlone } from '../../lib/interrupt.ts';
import type { Ending } from '../../lib/workload.ts';
import { at, group, instanceId, noon, stopped, stopping, task, taskArn } from './fixtures.ts';

const notice = (overrides: Partial<Interruption> = {}): Interruption => ({
  kind: 'interruption',
  at: noon,
  instanceId,
  action: 'terminate',
  isLook: false,
  ...overrides,
});
const ending = (stopTimeoutSeconds: number, overrides: Partial<Ending> = {}): Ending => ({
  task: task(),
  deregistrationDelaySeconds: 0,
  stopTimeoutSeconds,
  ...overrides,
});
const tagged = (tags: Record<string, string>) => group({ tags: { 'ecs-steward:cluster': 'demo', ...tags } });

describe('an instance that Spot takes back', () => {
  it.each([
    ['is drained, in a group that is enrolled', group(), 0, undefined],
    ['is drained to the last second', group(), 119, undefined],
    [
      'is not judged by its group that leaves, before its registrations are read',
      tagged({ 'ecs-steward:state': 'leaving' }),
      0,
      undefined,
    ],
    ['is gone after two minutes: too late (D-3.19)', group(), 120, 'too-late'],
    ['is in no group', undefined, 0, 'in-no-group'],
    ['is in a group that is not enrolled', group({ tags: {} }), 0, 'not-enrolled'],
    ['is in a group whose tag names no cluster', tagged({ 'ecs-steward:cluster': 'a/b' }), 0, 'not-enrolled'],
    ['is in a group that is paused', tagged({ 'ecs-steward:state': 'paused' }), 0, 'paused'],
    ['is in a group that does not want it', tagged({ 'ecs-steward:interrupt': 'off' }), 0, 'off'],
  ])('%s', (_, own, seconds, why) => {
    expect(whyLeftAlone(notice(), own, at(seconds))).toBe(why);
  });
});

describe('the last call of a task', () => {
  it.each<[what: string, of: Ending, seconds: number]>([
    ['comes 105 s after the notice less its stopTimeout, in steps of ten', ending(30), 70],
    ['comes early for a long stopTimeout', ending(90), 10],
    ['comes at once where there is no time to lose', ending(105), 0],
    ['comes at once where there is no time for all of it', ending(120), 0],
    ['counts the time to leave the load balancer', ending(30, { deregistrationDelaySeconds: 20 }), 50],
    ['comes at once for the usual deregistration delay', ending(30, { deregistrationDelaySeconds: 300 }), 0],
  ])('%s', (_, one, seconds) => {
    expect(decideLastCalls(notice(), [one], at(seconds))).toEqual({ stop: [one], nextAt: undefined });
    if (seconds > 0)
      expect(decideLastCalls(notice(), [one], at(seconds - 1))).toEqual({ stop: [], nextAt: at(seconds) });
  });

  it('is no call for a task that has begun to stop: ECS stops it in its own way', () => {
    const others = [stopping(), stopped()].map((one) => ending(90, { task: one }));
    expect(decideLastCalls(notice(), others, at(100))).toEqual({ stop: [], nextAt: undefined });
  });

  it('comes at once before a hibernation, which begins with its notice (D-1.29)', () => {
    const one = ending(2);
    expect(decideLastCalls(notice({ action: 'hibernate' }), [one], noon).stop).toEqual([one]);
  });

  it('leaves every task that can end in time the time to, in at most twelve looks (D-13.13)', () => {
    const seconds = fc.integer({ min: 0, max: 200 });
    fc.assert(
      fc.property(fc.array(fc.tuple(seconds, seconds), { maxLength: 30 }), (delays) => {
        let left = delays.map(([deregistrationDelaySeconds, stopTimeoutSeconds], i) =>
          ending(stopTimeoutSeconds, {
            deregistrationDelaySeconds,
            task: task({ taskArn: taskArn(`${i}`) }),
          }),
        );
        let looks = 0;
        for (let now: Date | undefined = noon; now; looks++) {
          const { stop, nextAt } = decideLastCalls(notice(), left, now);
          for (const { deregistrationDelaySeconds, stopTimeoutSeconds } of stop) {
            const endsAt =
              (now.getTime() - noon.getTime()) / 1000 + deregistrationDelaySeconds + stopTimeoutSeconds;
            if (now > noon) expect(endsAt).toBeLessThanOrEqual(105);
          }
          left = left.filter((one) => !stop.includes(one));
          now = nextAt;
        }
        expect(left).toEqual([]);
        expect(looks).toBeLessThanOrEqual(12);
      }),
    );
  });

  it.each([
    [ending(105), false],
    [ending(106), true],
    [ending(30, { deregistrationDelaySeconds: 75 }), false],
    [ending(30, { deregistrationDelaySeconds: 76 }), true],
  ])('comes too late where %o is more than there is', (one, expected) => {
    expect(isTooSlow(one)).toBe(expected);
  });
});
