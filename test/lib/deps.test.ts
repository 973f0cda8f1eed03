import { describe, expect, it } from 'vitest';
import { contain } from '../../lib/deps.ts';
import { depsOf, total } from './fixtures.ts';

/** What `contain` counts when this is thrown. */
async function countsOf(name: string) {
  const { deps, trace } = depsOf({});
  const fail = async () => {
    throw Object.assign(new Error('no'), { name });
  };
  expect(await contain(deps, 'read tasks', { clusterName: 'demo' }, fail)).toBeUndefined();
  expect(trace.lines).toMatchObject([
    { level: 'error', message: 'could not read tasks', fields: { clusterName: 'demo' } },
  ]);
  return { failures: total(trace, 'Failures'), throttled: total(trace, 'Throttled') };
}

describe('contain', () => {
  it.each([
    'Throttling',
    'ThrottlingException',
    'ThrottledException',
    'RequestThrottled',
    'RequestThrottledException',
    'TooManyRequestsException',
    'RequestLimitExceeded',
  ])('counts %s as a failure and as throttled (D-5.17)', async (name) => {
    expect(await countsOf(name)).toEqual({ failures: 1, throttled: 1 });
  });

  it.each(['AccessDeniedException', 'ServerException', 'ResourceContention', 'Error'])(
    'counts %s as a failure and nothing else',
    async (name) => {
      expect(await countsOf(name)).toEqual({ failures: 1, throttled: 0 });
    },
  );
});
