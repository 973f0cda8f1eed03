import { describe, expect, it } from 'vitest';
import { estateOver, Refusal } from './network.ts';

const gone = new Refusal('ResourceNotFoundException', 'Rule ecs-steward-prod-SweepRule-1ABC does not exist');

describe('the schedule of the sweep', () => {
  it('is switched off and on by the name of its rule', async () => {
    const { estate, calls } = estateOver({ DisableRule: () => ({}), EnableRule: () => ({}) });
    await estate.disableSweep();
    await estate.enableSweep();
    expect(calls).toEqual([
      { operation: 'DisableRule', input: { Name: 'ecs-steward-prod-SweepRule-1ABC' } },
      { operation: 'EnableRule', input: { Name: 'ecs-steward-prod-SweepRule-1ABC' } },
    ]);
  });

  it('is off when its rule is not there any more, and cannot be switched on', async () => {
    const { estate } = estateOver({ DisableRule: () => gone, EnableRule: () => gone });
    await expect(estate.disableSweep()).resolves.toBeUndefined();
    await expect(estate.enableSweep()).rejects.toThrow('does not exist');
  });

  it('is not taken for off where AWS refuses', async () => {
    const { estate } = estateOver({ DisableRule: () => new Refusal('AccessDeniedException') });
    await expect(estate.disableSweep()).rejects.toThrow('AccessDenied');
  });
});
