import type { Sabotage } from './sabotage.ts';

/** Rules of container instances, their agents and EC2, in time. */
export const instanceSabotages: readonly Sabotage[] = [
  {
    broken: 'a trunk interface brings no room for tasks (D-9.67)',
    file: 'simulator/ecs/trunk.ts',
    find: 'of(trunkAttribute) === undefined ? plain : trunked',
    replace: 'of(trunkAttribute) === undefined ? plain : plain',
    tests: ['test/simulator/ecs/trunk.test.ts'],
    by: 'tasks in awsvpc mode find on',
  },
  {
    broken: 'a task gives its network interface back when its stop is decided',
    file: 'simulator/ecs/state.ts',
    find: 'awsvpcTasksCount: tasks.filter(({ definition })',
    replace: 'awsvpcTasksCount: meantToRun.filter(({ definition })',
    tests: ['test/simulator/ecs/trunk.test.ts'],
    by: 'tasks in awsvpc mode give their interface back when they are STOPPED, not before',
  },
];
