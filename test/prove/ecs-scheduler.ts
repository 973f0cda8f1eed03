import type { Sabotage } from './sabotage.ts';

/** Rules of where the simulated ECS has the tasks of services, and which it takes away. */
export const ecsSchedulerSabotages: readonly Sabotage[] = [
  {
    broken: 'a rebalancing stops a task before its replacement is healthy (D-2.41)',
    file: 'simulator/ecs/rebalancing.ts',
    find: 'tasks.get(started)?.isHealthy === true',
    replace: 'tasks.has(started)',
    tests: ['test/simulator/ecs/rebalancing.test.ts'],
    by: 'wait in the fuller zone until the task in the emptier one is healthy (D-2.41)',
  },
  {
    broken: 'a rebalancing looks at no maximum (D-2.41)',
    file: 'simulator/ecs/rebalancing.ts',
    find: 'while (moves.length < room && ',
    replace: 'while (',
    tests: ['test/simulator/ecs/rebalancing.test.ts'],
    by: 'go on one by one where the maximum leaves room for one (D-2.41)',
  },
  {
    broken: 'the scheduler stops what a rebalancing has started as too many (D-2.41)',
    file: 'simulator/ecs/passes.ts',
    find: 'limits.desiredCount + (limits.surplusCount ?? 0)',
    replace: 'limits.desiredCount',
    tests: ['test/simulator/ecs/rebalancing.test.ts'],
    by: 'are made even: first starts in the emptier one, then stops in the fuller one (D-2.41)',
  },
  {
    broken: 'scale-in looks at no base and no weight (D-4.44)',
    file: 'simulator/ecs/scheduler.ts',
    find: '[...byProvider, ...scaleInRanks(this.state, strategy)]',
    replace: 'scaleInRanks(this.state, strategy)',
    tests: ['test/simulator/ecs/scale-in.test.ts'],
    by: 'keeps the base even alone (D-4.44)',
  },
  {
    broken: 'protection holds an unhealthy task whatever the switch says (D-2.36)',
    file: 'simulator/ecs/candidates.ts',
    find: 'isHeldWhileUnhealthy: isProtected && state.switches.protectionHoldsUnhealthy',
    replace: 'isHeldWhileUnhealthy: isProtected',
    tests: ['test/simulator/ecs/operations/protection.test.ts'],
    by: 'is stopped all the same',
  },
  {
    broken: 'a GPU is given to two tasks (D-9.72)',
    file: 'simulator/ecs/gpus.ts',
    find: '.filter((id) => !heldGpuIds.includes(id))',
    replace: '.filter(() => heldGpuIds.length < 9)',
    tests: ['test/simulator/ecs/gpus.test.ts'],
    by: 'are never of two tasks, nor lost, whatever starts and stops (D-9.72)',
  },
  {
    broken: 'a task goes where none of its subnets is (D-9.60)',
    file: 'simulator/ecs/placement.ts',
    find: "=== false) return 'LOCATION';",
    replace: "=== undefined) return 'LOCATION';",
    tests: ['test/simulator/ecs/subnets.test.ts'],
    by: 'goes only to instances in the zones of its subnets, and RunTask names the others (D-9.60)',
  },
];
