import type { Sabotage } from './sabotage.ts';

const lifecycle = ['test/scenarios/failure-modes-lifecycle.test.ts'];

/** Rules of operating the steward, and of what published drainers fail at. */
export const operationSabotages: readonly Sabotage[] = [
  {
    broken: 'our hook ends with ABANDON, which skips the hooks of others',
    file: 'lib/aws/autoscaling.ts',
    find: "LifecycleActionResult: 'CONTINUE'",
    replace: "LifecycleActionResult: 'ABANDON'",
    tests: lifecycle,
    by: 'F23: our hook of an instance that has drained ends with CONTINUE',
  },
  {
    broken: 'the second registration of an instance is not looked at',
    file: 'lib/visit.ts',
    find: 'const registrations = all.filter(({ ec2InstanceId }) => ec2InstanceId === instanceId);',
    replace:
      'const registrations = all.filter(({ ec2InstanceId }) => ec2InstanceId === instanceId).slice(0, 1);',
    tests: lifecycle,
    by: 'F34: an instance that registers anew, ACTIVE, while it drains is set to DRAINING again',
  },
  {
    broken: 'the deadline does not hold where an agent is gone',
    file: 'lib/deadline.ts',
    find: "return { kind: 'release', why: 'deadline' };",
    replace: "return { kind: 'wait', why: 'tasks-stopping' };",
    tests: lifecycle,
    by: 'F19: an agent that is gone freezes its tasks',
  },
];
