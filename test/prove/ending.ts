import type { Sabotage } from './sabotage.ts';

const gone = ['test/scenarios/gone.test.ts'];
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
  {
    broken: 'an instance that EC2 has ended waits for tasks that never stop',
    file: 'lib/departure.ts',
    find: "if (departure.isGone) return release('instance-gone');",
    replace: '',
    tests: gone,
    by: 'is released within seconds of its end, not at the end of its hook',
  },
  {
    broken: 'a stopped instance counts as gone though its agent is there',
    file: 'lib/gone.ts',
    find: "if (registrations.every(({ agentConnected }) => !agentConnected)) return 'gone';",
    replace: "if (registrations.length > 0) return 'gone';",
    tests: ['test/lib/gone.test.ts'],
    by: 'was started again where ECS shows an agent five minutes later',
  },
  {
    broken: 'an end that Auto Scaling has not noticed yet is forgotten',
    file: 'lib/gone.ts',
    find: 'const mayBe = isLeaving(lifecycleState) || isStateBehind(lifecycleState, at, now());',
    replace: 'const mayBe = isLeaving(lifecycleState) && at <= now();',
    tests: gone,
    by: 'is released when Auto Scaling has noticed, within a minute or so',
  },
  {
    broken: 'the sweep takes no instance for gone',
    file: 'lib/gone.ts',
    find: 'return since !== undefined && now >= after(since, unreachableSeconds);',
    replace: 'return since !== undefined && now < since;',
    tests: gone,
    by: 'is released by sweeps alone, when every event is lost',
  },
  {
    broken: 'an instance whose agent is away counts as gone though Auto Scaling finds nothing wrong',
    file: 'lib/gone.ts',
    find: 'return isUnhealthy === true && isLeaving(lifecycleState) && isSilent;',
    replace: 'return isUnhealthy !== null && isLeaving(lifecycleState) && isSilent;',
    tests: gone,
    by: 'is not taken for gone, however long: its tasks may run',
  },
  {
    broken: 'the ordinary end of an instance costs a call',
    file: 'functions/release.ts',
    find: 'noteLetGo(letGo, departure.instanceId, deps.now());',
    replace: '',
    tests: gone,
    by: 'costs no call when EC2 says so, to the environment that let it go',
  },
];
