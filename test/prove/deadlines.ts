import type { Sabotage } from './sabotage.ts';

/** Rules about deadlines, about what comes back, and about odd registrations. */
export const deadlineSabotages: readonly Sabotage[] = [
  {
    broken: 'an instance on its way back into its warm pool is not seen to leave',
    file: 'lib/group.ts',
    find: "const way = '((Warmed:)?Terminating|Warmed:Pending|ReplacingRootVolume)';",
    replace: "const way = '((Warmed:)?Terminating|ReplacingRootVolume)';",
    tests: ['test/scenarios/comeback.test.ts'],
    by: 'drains, is released when its tasks are STOPPED, and is ACTIVE without our mark while it is Stopped',
  },
  {
    broken: 'an instance whose root volume is replaced is not seen to leave',
    file: 'lib/group.ts',
    find: "const way = '((Warmed:)?Terminating|Warmed:Pending|ReplacingRootVolume)';",
    replace: "const way = '((Warmed:)?Terminating|Warmed:Pending)';",
    tests: ['test/scenarios/comeback.test.ts'],
    by: 'nothing stays DRAINING by us when the refresh is done, by sweeps alone',
  },
  {
    broken: 'what came back is not set to ACTIVE',
    file: 'lib/comeback.ts',
    find: 'await fleet.activate(clusterName, draining.map(arnOf))',
    replace: 'await fleet.activate(clusterName, [])',
    tests: ['test/scenarios/comeback.test.ts'],
    by: 'by sweeps alone',
  },
  {
    broken: 'the DRAINING of an operator is undone',
    file: 'lib/comeback.ts',
    find: "mark?.cause === 'return' && now() >= after(mark.at, settledSeconds)",
    replace: "mark?.cause !== 'termination'",
    tests: ['test/functions/comeback.test.ts'],
    by: 'has no mark of ours: it is an operator who drains it',
  },
  {
    broken: 'an instance that runs in its warm pool is given tasks',
    file: 'lib/comeback.ts',
    find: "['InService', 'Warmed:Stopped', 'Warmed:Hibernated'].includes",
    replace: "['InService', 'Warmed:Running', 'Warmed:Stopped', 'Warmed:Hibernated'].includes",
    tests: ['test/scenarios/comeback.test.ts'],
    by: 'stays DRAINING while it runs in the pool',
  },
  {
    broken: 'an instance that is launched into the warm pool is drained',
    file: 'lib/pool.ts',
    find: "one.instanceId)) === 'recorded')",
    replace: 'one.instanceId)) !== undefined)',
    tests: ['test/scenarios/comeback.test.ts'],
    by: 'is not taken for one that is launched into the pool',
  },
  {
    broken: 'the mark is taken away before the instance is ACTIVE',
    file: 'lib/comeback.ts',
    find: 'const restored = ours.map(arnOf).filter((arn) => !failed.has(arn));',
    replace: 'const restored = failed.size >= 0 ? ours.map(arnOf) : [];',
    tests: ['test/functions/comeback.test.ts'],
    by: 'keeps the mark where it could not be set to ACTIVE',
  },
];
