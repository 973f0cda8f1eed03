import { describe, expect, it } from 'vitest';
import type { Target } from '../../../../simulator/cloud/events/target.ts';
import { wired } from './bus-fixture.ts';

describe('what the target gets in the place of the event', () => {
  it.each<{ target: Partial<Target>; body: string }>([
    { target: { input: '{"kind":"sweep"}' }, body: '{"kind":"sweep"}' },
    { target: { inputPath: '$.detail' }, body: '{"lastStatus":"STOPPED","version":3}' },
    { target: { inputPath: '$.resources[0]' }, body: '"arn:task"' },
    {
      target: {
        inputTransformer: {
          inputPathsMap: {
            status: '$.detail.lastStatus',
            version: '$.detail.version',
            none: '$.detail.none',
          },
          inputTemplate:
            '{"status": <status>, "text": "is <status>, v<version>", "version": <version>, "none": <none>}',
        },
      },
      body: '{"status": "STOPPED", "text": "is STOPPED, v3", "version": 3, "none": ""}',
    },
    {
      target: { inputTransformer: { inputPathsMap: {}, inputTemplate: '"<aws.events.rule-name>"' } },
      body: '"mine"',
    },
  ])('is $body', async ({ target, body }) => {
    const { publish, messages, pass } = wired({ target });
    publish();
    await pass(2);
    expect(messages().map(({ Body }) => Body)).toEqual([body]);
  });
});
