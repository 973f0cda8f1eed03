import { describe, expect, it } from 'vitest';
import { attempt } from '../../lib/attempt.ts';
import { departure, depsOf, instanceId, registration, total } from './fixtures.ts';

describe('attempt', () => {
  it('gives what was done, and tells nobody', async () => {
    const { deps, trace } = depsOf({});
    expect(await attempt(deps, 'release', departure(), [registration()], async () => 'done')).toBe('done');
    expect(trace.announced).toEqual([]);
  });

  it('logs, counts and tells what could not be done', async () => {
    const { deps, trace } = depsOf({});
    const fail = async () => {
      throw new Error('AccessDenied');
    };
    const done = await attempt(deps, 'release', departure(), [registration()], fail, { more: 1 });
    expect(done).toBeUndefined();
    expect(trace.lines).toMatchObject([
      { level: 'error', message: 'could not release', fields: { instanceId, more: 1 } },
    ]);
    expect(total(trace, 'Failures')).toBe(1);
    expect(trace.announced).toMatchObject([
      { detailType: 'Drain Failed', detail: { instanceId, doing: 'release', reason: 'Error: AccessDenied' } },
    ]);
  });
});
