import { describe, expect, it } from 'vitest';
import { aws, connect } from '../../../lib/aws/connect.ts';
import type { Platform } from '../../../lib/platform.ts';

const environment = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_SESSION_TOKEN: 'test',
  LANE_URL: 'https://lane',
  RELEASE_QUEUE_URL: 'https://release',
};
const platform = (changes: Record<string, string | undefined>): Platform => ({
  ...aws,
  environment: { ...environment, ...changes },
});

describe('connect', () => {
  it('makes a fleet without calling anybody', () => {
    expect(Object.keys(connect(platform({})))).toHaveLength(18);
  });

  it.each(Object.keys(environment))('names the variable that is missing: %s', (name) => {
    expect(() => connect(platform({ [name]: undefined }))).toThrow(
      `The environment variable ${name} is undefined; it must be set`,
    );
    expect(() => connect(platform({ [name]: '' }))).toThrow(`${name} is ""`);
  });
});
