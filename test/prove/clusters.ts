import type { Sabotage } from './sabotage.ts';

const managed = ['test/simulator/ecs/managed-instances.test.ts'];

/** Rules of clusters that mix instances of several kinds, of what refuses tasks, and of what a cluster may have. */
export const clusterSabotages: readonly Sabotage[] = [
  {
    broken: 'Managed Instances take the tasks of EC2 (D-4.46)',
    file: 'simulator/ecs/launch-types.ts',
    find: "return provider?.type === 'MANAGED_INSTANCES' ? 'MANAGED_INSTANCES' : 'EC2';",
    replace: "return provider ? 'EC2' : 'EC2';",
    tests: managed,
    by: 'take no tasks of launch type EC2, nor does an instance of EC2 take theirs (D-4.46)',
  },
  {
    broken: 'external machines take the tasks of EC2 (D-14.50)',
    file: 'simulator/ecs/launch-types.ts',
    find: "if (attributes.some(({ name }) => name === externalAttribute)) return 'EXTERNAL';",
    replace: "if (attributes.length < 0) return 'EXTERNAL';",
    tests: ['test/simulator/ecs/external.test.ts'],
    by: 'is no instance for tasks of EC2: without one RunTask finds none (D-14.50)',
  },
  {
    broken: 'a strategy may mix Managed Instances and Fargate (D-4.37)',
    file: 'simulator/ecs/strategy.ts',
    find: 'if (kinds.size < 2) return;',
    replace: "if (kinds.size < 2 || kinds.has('MANAGED_INSTANCES')) return;",
    tests: managed,
    by: 'has no strategy of both kinds',
  },
  {
    broken: 'Managed Instances never grow old (D-14.55)',
    file: 'simulator/ecs/managed-instances.ts',
    find: 'now >= registeredAt + ageMaxMs)',
    replace: 'now < registeredAt)',
    tests: managed,
    by: 'drain at 14 days, and end a week later, whatever runs there (D-4.46, D-14.55)',
  },
  {
    broken: 'the machine of Managed Instances stays when it is deregistered (D-14.55)',
    file: 'simulator/ecs/operations/instances.ts',
    find: "if (instance.hosting === 'MANAGED_INSTANCES') managed.terminate(instance);",
    replace: "if (instance.hosting === 'EXTERNAL') managed.terminate(instance);",
    tests: managed,
    by: 'go with their machine when they are deregistered by force, unlike those of a group (D-9.14, D-14.55)',
  },
  {
    broken: 'a load balancer may stand before a port that nobody maps (D-14.59)',
    file: 'simulator/ecs/operations/new-service.ts',
    find: 'return mappings.some((mapping) => mapping.containerPort === containerPort);',
    replace: 'return mappings.length >= 0 || containerPort > 0;',
    tests: ['test/simulator/ecs/operations/services.test.ts'],
    by: 'refuses a load balancer before a port that no container maps',
  },
  {
    broken: 'a task that its provider has no instance for waits for ever (D-9.61)',
    file: 'simulator/ecs/operations/run-tasks.ts',
    find: 'tasks.giveUp(then, task.taskArn, reason)',
    replace: 'tasks.giveUp(then, reason, reason)',
    tests: ['test/simulator/ecs/operations/run-tasks.test.ts'],
    by: 'fails as a task where the provider',
  },
  {
    broken: 'tasks go where the agent cannot run them (D-14.57)',
    file: 'simulator/ecs/placement.ts',
    find: "if (!hasAttributes(instance, requirement.definition.requiresAttributes)) return 'ATTRIBUTE';",
    replace: "if (!hasAttributes(instance, [])) return 'ATTRIBUTE';",
    tests: ['test/simulator/ecs/placement.test.ts'],
    by: 'is a failure ATTRIBUTE where the agent cannot do what the definition asks for',
  },
  {
    broken: 'a cluster takes container instances without end (D-14.60)',
    file: 'simulator/ecs/instances.ts',
    find: 'return this.state.instancesOf(clusterArn).length >= this.state.quotas.instancesPerCluster;',
    replace: 'return this.state.instancesOf(clusterArn).length < 0;',
    tests: ['test/simulator/ecs/quotas.test.ts'],
    by: 'hold for container instances: DRAINING ones count, and whoever registers again is let in',
  },
];
