import { describe, expect, it } from 'vitest';
import { completeDeparture } from '../../lib/complete.ts';
import { at, departure, depsOf, groupName, instanceId, registration, total } from './fixtures.ts';

describe('completeDeparture', () => {
  it('says what it decided, completes, and counts the drain', async () => {
    const { deps, trace } = depsOf({ complete: async () => 'completed' });
    await completeDeparture(deps, departure({ drainStartedAt: at(-90) }), [registration()], 'drained');
    expect(trace.calls).toEqual([['complete', groupName, instanceId]]);
    expect(trace.lines).toMatchObject([
      { level: 'info', message: 'decided', fields: { instanceId, decision: 'release', why: 'drained' } },
    ]);
    expect([total(trace, 'Released'), total(trace, 'ReleasedDrained')]).toEqual([1, 1]);
    expect(trace.counts.get('DrainSeconds')).toEqual([90]);
    expect(trace.announced).toMatchObject([{ detailType: 'Instance Drained', detail: { instanceId } }]);
  });

  it('counts nothing where somebody else was first (D-3.10)', async () => {
    const { deps, trace } = depsOf({ complete: async () => 'already-completed' });
    await completeDeparture(deps, departure(), [], 'deadline');
    expect(trace.counts.size).toBe(0);
    expect(trace.announced).toEqual([]);
  });

  it('lets errors through', async () => {
    const { deps } = depsOf({
      complete: async () => {
        throw new Error('AccessDenied');
      },
    });
    await expect(completeDeparture(deps, departure(), [], 'drained')).rejects.toThrow('AccessDenied');
  });
});
