import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heartbeatPeriodSeconds, isHeartbeatDue } from '../../lib/heartbeat.ts';
import { terminateHook } from '../../lib/hook.ts';
import { at, instanceId, noon } from './fixtures.ts';

const instanceIds = fc.stringMatching(/^i-[0-9a-f]{17}$/);

/** Seconds from `startedAt` of every minute sweep of 48 hours in which a heartbeat is due. */
function beats(id: string, startedAt: Date | undefined, firstSweepSeconds: number): number[] {
  const found: number[] = [];
  for (let seconds = firstSweepSeconds; seconds <= 172_800; seconds += 60) {
    if (isHeartbeatDue(id, startedAt, at(seconds))) found.push(seconds);
  }
  return found;
}

describe('heartbeats', () => {
  it('come in quarters of the timeout', () => {
    expect(heartbeatPeriodSeconds).toBe(450);
    expect(heartbeatPeriodSeconds * 4).toBe(terminateHook.heartbeatTimeoutSeconds);
  });

  it('meet each quarter exactly once, whatever the second of the minute the sweeps run at', () => {
    fc.assert(
      fc.property(instanceIds, fc.integer({ min: 0, max: 59 }), fc.boolean(), (id, second, isKnown) => {
        const found = beats(id, isKnown ? noon : undefined, second);
        expect(found[0]).toBeLessThan(450 + 60);
        const beatAfter = (seconds: number | undefined) =>
          Math.floor(((seconds ?? 0) - (found[0] ?? 0) + 59) / 450);
        expect(found.map(beatAfter)).toEqual(found.map((_, i) => i));
        expect(found.at(-1)).toBeGreaterThan(172_800 - 510);
      }),
      { numRuns: 50 },
    );
  });

  it('leave at least two thirds of the timeout between sweeps that run late by up to 30 s', () => {
    const delays = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 200, maxLength: 200 });
    fc.assert(
      fc.property(instanceIds, delays, (id, late) => {
        const sent = late.flatMap((seconds, minute) =>
          isHeartbeatDue(id, noon, at(minute * 60)) ? [minute * 60 + seconds] : [],
        );
        for (let i = 1; i < sent.length; i++) expect((sent[i] ?? 0) - (sent[i - 1] ?? 0)).toBeLessThan(600);
      }),
      { numRuns: 50 },
    );
  });

  it('are not all due in the same minute', () => {
    const ids = Array.from({ length: 100 }, (_, i) => `i-0123456789abc${i.toString(16).padStart(4, '0')}`);
    const perSweep = Array.from(
      { length: 30 },
      (_, minute) => ids.filter((id) => isHeartbeatDue(id, noon, at(900 + minute * 60))).length,
    );
    expect(perSweep.reduce((sum, count) => sum + count, 0)).toBe(400);
    expect(Math.max(...perSweep)).toBeLessThan(30);
  });

  it('are not due before the departure began', () => {
    for (let seconds = -1200; seconds < 0; seconds += 60)
      expect(isHeartbeatDue(instanceId, noon, at(seconds))).toBe(false);
  });
});
