import type { Sabotage } from './sabotage.ts';

/** Rules of capacity in time: waiting tasks, managed scaling, protection and draining, Fargate Spot. */
export const capacitySabotages: readonly Sabotage[] = [
  {
    broken: 'tasks wait for a provider that ECS does not scale (D-4.32)',
    file: 'simulator/ecs/providers.ts',
    find: "provider?.group?.managedScaling.status === 'ENABLED'",
    replace: 'provider?.group?.managedScaling !== undefined',
    tests: ['test/simulator/ecs/managed-scaling.test.ts'],
    by: 'tasks of a provider that ECS scales fail at once where ECS does not scale the provider',
  },
  {
    broken: 'managed scaling goes on without its tag (D-4.15)',
    file: 'simulator/ecs/managed-scaling.ts',
    find: ' || !group.tagKeys.includes(managedTag)',
    replace: '',
    tests: ['test/simulator/ecs/managed-scaling.test.ts'],
    by: 'managed scaling tags the group, and stops when somebody takes the tag away',
  },
  {
    broken: 'a scale-in needs one low data point (D-4.31)',
    file: 'simulator/ecs/managed-scaling.ts',
    find: 'const lowPointsMin = 15;',
    replace: 'const lowPointsMin = 1;',
    tests: ['test/simulator/ecs/managed-scaling.test.ts'],
    by: 'managed scaling begins to count anew when tasks need more in between',
  },
  {
    broken: 'daemons keep an instance busy (D-4.29)',
    file: 'simulator/ecs/managed-scaling.ts',
    find: "schedulingStrategy !== 'DAEMON'",
    replace: "schedulingStrategy !== 'NONE'",
    tests: ['test/simulator/ecs/managed-scaling.test.ts'],
    by: 'managed scaling takes an instance with nothing but daemons for empty',
  },
  {
    broken: 'new instances count before they are warm (D-4.30)',
    file: 'simulator/ecs/managed-scaling.ts',
    find: 'launchedAt + warmMs <= now',
    replace: 'launchedAt <= now',
    tests: ['test/simulator/ecs/managed-scaling.test.ts'],
    by: 'managed scaling asks for no more while new instances come up, before they are warm',
  },
  {
    broken: 'managed draining lets an instance go with its tasks (D-4.22)',
    file: 'simulator/ecs/managed-draining.ts',
    find: 'if (!hasTasks || ',
    replace: 'if (hasTasks || !hasTasks || ',
    tests: ['test/simulator/ecs/managed-draining.test.ts'],
    by: 'managed draining drains what leaves the group and lets it go once its tasks have stopped',
  },
  {
    broken: 'managed draining is too slow with its heartbeats (D-4.22)',
    file: 'simulator/ecs/managed-draining.ts',
    find: 'const heartbeatMs = 1_800_000;',
    replace: 'const heartbeatMs = 18_000_000;',
    tests: ['test/simulator/ecs/managed-draining.test.ts'],
    by: 'managed draining keeps an instance with heartbeats while a task runs',
  },
  {
    broken: 'an interrupted task of Fargate Spot may take its time (D-7.7)',
    file: 'simulator/ecs/mishaps.ts',
    find: 'const interruptionMs = 120_000;',
    replace: 'const interruptionMs = 600_000;',
    tests: ['test/simulator/ecs/fargate-spot.test.ts'],
    by: 'an interruption of Fargate Spot kills after two minutes what has not ended',
  },
];
