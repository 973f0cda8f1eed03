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
  {
    broken: 'nobody hears of a departure whose tasks cannot be stopped',
    file: 'lib/overdue.ts',
    find: "const isFailing = outcome === 'failed' || decision.kind === 'stop-tasks';",
    replace: "const isFailing = outcome === 'failed';",
    tests: ['test/scenarios/alarms.test.ts'],
    by: 'hear of a departure that nothing ends, because its tasks cannot be stopped',
  },
  {
    broken: 'whoever waits for a budget beyond the deadline counts as stuck',
    file: 'lib/overdue.ts',
    find: 'budget: neverSeconds,',
    replace: 'budget: 900,',
    tests: ['test/lib/overdue.test.ts'],
    by: 'never while it waits for budget',
  },
  {
    broken: 'the last hours of a paused instance are not warned of',
    file: 'functions/sweep.ts',
    find: 'warnOfPausedEnds(deps, enrolled, starts, hookSeconds);',
    replace: '',
    tests: ['test/scenarios/alarms.test.ts'],
    by: 'hear of an instance of a paused group in the last hours of its hook',
  },
  {
    broken: 'throttled calls are failures like any other',
    file: 'lib/deps.ts',
    find: "if (isThrottling(error)) count('Throttled');",
    replace: '',
    tests: ['test/scenarios/alarms.test.ts'],
    by: 'hear of AWS that throttles every read',
  },
  {
    broken: 'an event of another account is looked into',
    file: 'lib/events.ts',
    find: 'if (account !== undefined && accountId !== undefined && account !== accountId)',
    replace: "if (account === '')",
    tests: ['test/scenarios/hostile.test.ts'],
    by: 'changes nothing, and why is logged: an empty container instance of another account',
  },
  {
    broken: 'a group that is not enrolled is served when an event names it',
    file: 'functions/admit.ts',
    find: "    deps.log.info('not enrolled', { autoScalingGroupName });\n    return [];",
    replace:
      "    const policy = Object.freeze({ state: 'active' }) as never;\n    return [{ named, enrolled: { group, clusterName: 'shop', policy } }];",
    tests: ['test/scenarios/hostile.test.ts'],
    by: 'changes nothing, and why is logged: a termination in a group that is not enrolled',
  },
  {
    broken: 'a role may do what its function never does',
    file: 'infra/roles.yml',
    find: 'Action: ecs:DescribeTasks\n                Resource: &tasks',
    replace: 'Action: [ecs:DescribeTasks, ecs:StopTask]\n                Resource: &tasks',
    tests: ['test/scenarios/grants.test.ts'],
    by: 'grant nothing, action by action and resource by resource, that no function uses',
  },
  {
    broken: 'a role reaches a queue that its function never sends to',
    file: 'infra/roles.yml',
    find: '                Action: sqs:SendMessage\n                Resource: !GetAtt ReleaseQueue.Arn',
    replace:
      '                Action: sqs:SendMessage\n                Resource: [!GetAtt ReleaseQueue.Arn, !GetAtt InterruptQueue.Arn]',
    tests: ['test/scenarios/grants.test.ts'],
    by: 'grant nothing, action by action and resource by resource, that no function uses',
  },
  {
    broken: 'a message to ourselves has another form, of which nothing is kept',
    file: 'lib/aws/queue.ts',
    find: 'MessageBody: body(lookType, now, look),',
    replace: 'MessageBody: body(lookType, now, { ...look, attempt: 1 }),',
    tests: ['test/scenarios/left-behind.test.ts'],
    by: 'is as the last file of test/left-behind says',
  },
  {
    broken: 'a look that an earlier version asked for is not understood',
    file: 'lib/events.ts',
    find: "const lookReasons: readonly LookReason[] = ['empty', ",
    replace: 'const lookReasons: readonly LookReason[] = [',
    tests: ['test/scenarios/left-behind.test.ts'],
    by: 'finishes 50 departures that version 1 has begun',
  },
  {
    broken: 'the alarm on stuck departures hears of another metric',
    file: 'infra/alarms.yml',
    find: 'MetricName: Stuck',
    replace: 'MetricName: Waiting',
    tests: ['test/scenarios/alarms.test.ts'],
    by: 'are silent while departures go well',
  },
];
