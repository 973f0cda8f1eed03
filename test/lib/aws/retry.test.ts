import { describe, expect, it } from 'vitest';
import { PlatformRetryStrategy } from '../../../lib/aws/retry.ts';
import { groupName, instanceId, noon } from '../fixtures.ts';
import { type Answer, fleetOver, Refusal } from './network.ts';

/** Refuses the first calls, then completes. */
const after = (refusals: readonly Refusal[]): Answer => {
  const left = [...refusals];
  return () => left.shift() ?? '';
};
const complete = async (refusals: Refusal[], random?: number) => {
  const { fleet, calls, slept } = fleetOver({ CompleteLifecycleAction: after(refusals) }, random);
  const result = await fleet.complete(groupName, instanceId).catch((error: Error) => error.name);
  return { result, calls: calls.length, slept };
};

const throttling = new Refusal('Throttling', 'Rate exceeded');
const contention = new Refusal('ResourceContention', 'busy', 500);

describe('retries', () => {
  it('pauses longer where AWS throttles, twice as long at most the second time, and then waits for a turn (D-6.21)', async () => {
    expect(await complete([throttling, throttling])).toEqual({
      result: 'completed',
      calls: 3,
      slept: [250, 40, 500, 80],
    });
  });

  it('tries again after a fault of AWS (D-6.21)', async () => {
    expect(await complete([contention, contention])).toEqual({
      result: 'completed',
      calls: 3,
      slept: [50, 100],
    });
  });

  it('gives up after three attempts, with the error of AWS', async () => {
    expect(await complete([throttling, throttling, throttling])).toEqual({
      result: 'Throttling',
      calls: 3,
      slept: [250, 40, 500, 80],
    });
  });

  it('does not repeat what AWS refused (D-6.8)', async () => {
    expect(await complete([new Refusal('ValidationError', 'wrong')])).toEqual({
      result: 'ValidationError',
      calls: 1,
      slept: [],
    });
  });

  it.each([
    [0, [0, 40, 0, 80]],
    [0.999, [499, 40, 999, 80]],
  ])('takes its pauses from chance: %d', async (random, slept) => {
    expect(await complete([throttling, throttling], random)).toMatchObject({ slept });
  });

  it('leaves no pause to the SDK, whose timers are not the platform’s', async () => {
    const strategy = new PlatformRetryStrategy({
      environment: {},
      now: () => noon,
      sleep: async () => {},
      random: () => 0.5,
      put: async () => 200,
      write: () => {},
    });
    const first = await strategy.acquireInitialRetryToken();
    const second = await strategy.refreshRetryTokenForRetry(first, { errorType: 'THROTTLING' });
    expect([first.getRetryDelay(), second.getRetryDelay()]).toEqual([0, 0]);
    expect([first.getRetryCount(), second.getRetryCount()]).toEqual([0, 1]);
  });
});
