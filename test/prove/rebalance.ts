import type { Sabotage } from './sabotage.ts';

const shifts = ['test/scenarios/on-demand-fallback.test.ts'];

/** Rules about when capacity is shifted, and given back. */
export const rebalanceSabotages: readonly Sabotage[] = [
  {
    broken: 'a signal that is told twice counts twice',
    file: 'lib/breaker.ts',
    find: 'return failedMinutes.includes(minute) ? failedMinutes :',
    replace: 'return failedMinutes.includes(-minute) ? failedMinutes :',
    tests: ['test/lib/breaker.test.ts'],
    by: 'after one failure told three times is closed',
  },
  {
    broken: 'what is older than the last transition counts',
    file: 'lib/breaker.ts',
    find: '.filter(({ at }) => at > breaker.since && at <= now)',
    replace: '.filter(({ at }) => at <= now)',
    tests: ['test/lib/breaker.test.ts'],
    by: 'ignores what is older than the return',
  },
  {
    broken: 'a breaker moves again before the dwell is over',
    file: 'lib/breaker.ts',
    find: 'if (!isSettled) return breaker;',
    replace: 'if (!isSettled && now < since) return breaker;',
    tests: ['test/lib/breaker.test.ts'],
    by: 'has no two transitions within a dwell',
  },
  {
    broken: 'capacity that comes and goes is tried as often as one that is gone',
    file: 'lib/breaker.ts',
    find: '(returnedAt === undefined || now >= after(returnedAt, returnsEverySeconds))',
    replace: '(returnedAt === undefined || now >= after(returnedAt, 0))',
    tests: ['test/lib/breaker.test.ts'],
    by: 'returns once a day at most where capacity comes and goes',
  },
  {
    broken: 'the base is raised to all that is wanted, whatever runs',
    file: 'lib/base.ts',
    find: 'return Math.min(presentCount, onDemandGoal) + Math.max(0, desiredCapacity - presentCount);',
    replace: 'return Math.max(onDemandGoal, desiredCapacity, presentCount);',
    tests: ['test/lib/base.test.ts'],
    by: 'covers what is missing, while some Spot instances run on',
  },
  {
    broken: 'what the user changed is changed back',
    file: 'lib/shift.ts',
    find: "if (before === undefined || !isSame(current, before)) return { kind: 'yield' };",
    replace: 'if (before === undefined || !isSame(current, before)) return apply(home, wanted);',
    tests: shifts,
    by: 'where an operator changes the base while it is shifted: it stays as it is',
  },
  {
    broken: 'a lost parameter is taken for the first day',
    file: 'lib/book.ts',
    find: 'if (ledger && !isLost) return',
    replace: 'if (ledger) return',
    tests: shifts,
    by: 'that is deleted while something is shifted holds everything, until somebody says what home is',
  },
  {
    broken: 'home is written down after the change',
    file: 'lib/rebalance.ts',
    find: 'await writeBook(deps, versions, cluster, book, withoutOld(plan.ledger, deps.now()));',
    replace:
      'for (const { run } of plan.acts) await run();\n  await writeBook(deps, versions, cluster, book, withoutOld(plan.ledger, deps.now()));',
    tests: shifts,
    by: 'writes home down before it changes anything',
  },
];
