import type { Sabotage } from './sabotage.ts';

const takenAway = ['test/scenarios/taken-away.test.ts'];

/** Rules of how departures end that nobody meant to end so. */
export const endingSabotages: readonly Sabotage[] = [
  {
    broken: 'what has drained is released although its group is not enrolled any more',
    file: 'functions/release.ts',
    find: 'if (!group) return leaveToAws(deps, one, decision.why);',
    replace:
      'if (!group) {\n    await completeDeparture(deps, departure, registrations, decision.why);\n    return true;\n  }',
    tests: takenAway,
    by: 'just before it is released is noticed by the release',
  },
  {
    broken: 'our marks stay on the instances of a group whose tag was taken away',
    file: 'lib/untagged.ts',
    find: "await contain(deps, 'take marks away', { autoScalingGroupName }, () => clean(deps, clusterName, group));",
    replace: '',
    tests: takenAway,
    by: 'leaves the hook to Auto Scaling, which is said once',
  },
  {
    broken: 'that a tag was taken away is said again and again',
    file: 'lib/untagged.ts',
    find: 'if (!isLeaving && !isUntagged) {',
    replace: 'if (!isLeaving) {',
    tests: takenAway,
    by: 'leaves the hook to Auto Scaling, which is said once',
  },
  {
    broken: 'nobody looks at an instance that had drained before its termination, until the sweep does',
    file: 'lib/verdict.ts',
    find: "return { ...nothing, looks: [{ ...leaver, because: 'drained' }] };",
    replace: 'return nothing;',
    tests: ['test/scenarios/drained.test.ts'],
    by: 'is released at once, empty: its operator had set it to DRAINING',
  },
];
