import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actsProperty, bodies, bodyProperty, eventIn, tagsProperty } from './door.ts';

describe('whatever comes in at the door', () => {
  it('is an event that we accept, or is refused with a reason', () => {
    fc.assert(bodyProperty, { numRuns: 20_000 });
  });

  it('as tags is a policy, and what means nothing is told', () => {
    fc.assert(tagsProperty, { numRuns: 20_000 });
  });

  it('acts on nothing that is not ours', async () => {
    await fc.assert(actsProperty, { numRuns: 2000 });
  });

  it('is not all refused: what is made up here gets through often enough to show something', () => {
    const kinds = fc.sample(bodies, { numRuns: 5000, seed: 1 }).map((body) => eventIn(body)?.kind);
    for (const kind of ['container-instance', 'task-stopped', 'terminate-action'])
      expect(kinds.filter((one) => one === kind).length).toBeGreaterThan(50);
    expect(kinds.filter((one) => one === undefined).length).toBeGreaterThan(1000);
  });
});
