import type { Sabotage } from './sabotage.ts';

/** Rules of the budget. */
export const budgetSabotages: readonly Sabotage[] = [
  {
    broken: 'everybody is admitted whatever the budget',
    file: 'lib/budget.ts',
    find: 'const isAdmitted = claim.isHurried || hasSlot(claim);',
    replace: 'const isAdmitted = claim.isHurried || hasSlot(claim) || true;',
    tests: ['test/scenarios/budget.test.ts'],
    by: '= 1 of 8 instances lets 1 of the 6 that leave drain at once',
  },
  {
    broken: 'a percentage is rounded down',
    file: 'lib/budget.ts',
    find: 'Math.ceil((size * limit.percent) / 100)',
    replace: 'Math.floor((size * limit.percent) / 100)',
    tests: ['test/scenarios/budget.test.ts'],
    by: '= 34% of 8 instances lets 3 of the 6 that leave drain at once',
  },
  {
    broken: 'the lane forgets its own drains',
    file: 'lib/verdict.ts',
    find: 'for (const { leaver } of admitted)',
    replace: 'for (const { leaver } of [...admitted].slice(0, 0))',
    tests: ['test/functions/admit-budget.test.ts'],
    by: 'admit nobody a second time in the same environment',
  },
  {
    broken: 'that an instance has left wakes nobody',
    file: 'functions/admit.ts',
    find: "return kind !== 'departed' || !idle.has(autoScalingGroupName);",
    replace: "return kind !== 'departed' && !idle.has(`${autoScalingGroupName}?`);",
    tests: ['test/scenarios/budget.test.ts'],
    by: 'lets the next one drain within seconds of the end of the last',
  },
  {
    broken: 'who cannot wait any longer waits',
    file: 'lib/budget.ts',
    find: 'return hookEndsAt !== undefined && now >= after(',
    replace: 'return hookEndsAt !== undefined && now < new Date(0) && now >= after(',
    tests: ['test/functions/admit-budget.test.ts'],
    by: 'is admitted although no slot is free, when the sweep asks',
  },
];
