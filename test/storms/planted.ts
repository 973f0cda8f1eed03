import { enrolmentTag } from '../../demo/cluster.ts';
import { both, bug, type Planted, where } from './bug.ts';
import type { PlannedGroup, Timed } from './plan.ts';

const tagged =
  (tag: string, ...values: readonly string[]) =>
  ({ tags }: PlannedGroup) =>
    tags[tag] !== undefined && values.some((value) => tags[tag]?.startsWith(value));
const isPause = (act: Timed) => act.act === 'tag' && act.value === 'paused';
const isLeaving = (act: Timed) => act.act === 'tag' && act.value === 'leaving';

const recordNotAsked = bug(
  'the record of the instance is not asked whether tasks hold something of it',
  'lib/departure.ts',
  'return isFree(usable) || isSettled(departure, tasks, now);',
  'return true;',
);

/** When an instance is released. */
const releases: readonly Planted[] = [
  both(
    'a task counts as STOPPED when its stop is decided',
    recordNotAsked,
    bug('', 'lib/task.ts', "task.lastStatus === 'STOPPED'", "task.desiredStatus === 'STOPPED'"),
  ),
  bug(
    'all tasks but one must be STOPPED',
    'lib/departure.ts',
    'return isEmptied(usable) && tasks.every(isStopped);',
    'return isEmptied(usable) && tasks.filter((task) => !isStopped(task)).length <= 1;',
  ),
  both(
    'counts are taken for statuses: none is meant to run, so all have stopped',
    recordNotAsked,
    bug(
      '',
      'lib/departure.ts',
      'return isEmptied(usable) && tasks.every(isStopped);',
      'return isEmptied(usable);',
    ),
  ),
  both(
    'RUNNING is listed after STOPPED, and the record is not asked',
    recordNotAsked,
    bug(
      '',
      'lib/tasks.ts',
      "bothLists: Lists = { desiredStatuses: ['RUNNING', 'STOPPED']",
      "bothLists: Lists = { desiredStatuses: ['STOPPED', 'RUNNING']",
    ),
  ),
  both(
    'only tasks that are meant to run are listed, and the record is not asked',
    recordNotAsked,
    bug(
      '',
      'lib/tasks.ts',
      "bothLists: Lists = { desiredStatuses: ['RUNNING', 'STOPPED']",
      "bothLists: Lists = { desiredStatuses: ['RUNNING']",
    ),
  ),
  where(
    bug(
      'an instance that is registered twice is judged by the registration that an event named',
      'functions/release.ts',
      'if (isSole && registrations[0]?.agentConnected) return [one];',
      'if (isSole || registrations.length > 0) return [one];',
    ),
    { act: ({ act }) => act === 'forget-agent' },
  ),
  bug(
    'the grace after a stop is forgotten',
    'lib/deadline.ts',
    "if (now < graceEndsAt(departure, deadline.at, late)) return { kind: 'wait', why: 'tasks-stopping' };",
    '',
  ),
  where(
    bug(
      'standalone tasks are cut off at the deadline of services',
      'lib/deadline.ts',
      "if (late.length < live.length) return { kind: 'wait', why: 'standalone-tasks' };",
      '',
    ),
    { act: ({ act }) => act === 'run' },
  ),
  bug(
    'who is registered nowhere at the first look is released without a second one',
    'lib/departure.ts',
    'if (unregisteredSince && now >= after(unregisteredSince, secondLookSeconds))',
    'if (now >= after(unregisteredSince ?? now, 0))',
  ),
  bug(
    'whoever leaves is let go at once, as if its group left',
    'functions/admit.ts',
    "const why = policy.state === 'paused' ? undefined : reasonToLetGo(policy, registrations);",
    "const why = policy.state === 'paused' ? undefined : 'leaving';",
  ),
  where(
    bug(
      'the hook of a group that leaves is deleted although it holds instances',
      'lib/keep.ts',
      'heldInstanceIds(group).length > 0 || retainedInstanceIds(group).length > 0;',
      'retainedInstanceIds(group).length > 0;',
    ),
    { act: isLeaving },
  ),
];

/** When tasks are stopped. */
const stops: readonly Planted[] = [
  bug(
    'the deadline comes before the drain has had its time',
    'lib/deadline.ts',
    'at: after(drainStartedAt, policy.drainDeadlineSeconds),',
    'at: after(drainStartedAt, policy.drainDeadlineSeconds / 2),',
  ),
  bug(
    'the deadline counts from the termination, not from the drain',
    'lib/deadline.ts',
    'const drainStartedAt = mark?.at ?? startedAt;',
    'const drainStartedAt = startedAt ?? mark?.at;',
  ),
  where(
    bug(
      'standalone tasks are stopped with the others at the deadline',
      'lib/deadline.ts',
      'const late = live.filter(isServiceTask);',
      'const late = live;',
    ),
    { act: ({ act }) => act === 'run' },
  ),
  where(
    bug(
      'standalone tasks are stopped before their time',
      'lib/deadline.ts',
      'after(drainStartedAt, policy.standaloneStopSeconds)',
      'after(drainStartedAt, policy.standaloneStopSeconds / 3)',
    ),
    { group: tagged('ecs-steward:standalone-tasks', 'stop-after') },
  ),
  where(
    bug(
      'tasks are stopped where the policy says to go on',
      'lib/policy.ts',
      "oneOf('stop-tasks', 'continue', 'retain'), 'stop-tasks')",
      "(_: string) => ({ value: 'stop-tasks' as const }), 'stop-tasks')",
    ),
    { group: tagged('ecs-steward:on-deadline', 'continue') },
  ),
];

/** What is drained, and when. */
const drains: readonly Planted[] = [
  bug(
    'an instance in service counts as one that leaves',
    'lib/group.ts',
    'return lifecycleState !== undefined && leaving.test(lifecycleState);',
    "return lifecycleState !== undefined && (leaving.test(lifecycleState) || lifecycleState === 'InService');",
  ),
  bug(
    'the budget of a cluster is off by one',
    'lib/budget.ts',
    'inCluster < slots.cluster &&',
    'inCluster <= slots.cluster &&',
  ),
  where(
    bug(
      'the budget of a group is off by one',
      'lib/budget.ts',
      '(taken.get(name) ?? 0) < (slots.groups.get(name) ?? Number.POSITIVE_INFINITY);',
      '(taken.get(name) ?? 0) <= (slots.groups.get(name) ?? Number.POSITIVE_INFINITY);',
    ),
    { group: tagged('ecs-steward:max-draining', '1', '2', '3', '5') },
  ),
  bug(
    'whoever drains holds no slot',
    'lib/admission.ts',
    'const holders = () => [...recommended, ...holdersOf(memory, scope, leavers, known)];',
    'const holders = () => holdersOf(memory, scope, leavers, known).slice(0, 0);',
  ),
  bug(
    'nothing remembers a drain that no read shows yet',
    'lib/verdict.ts',
    'attempts.set(leaver.instanceId, { at: deps.now(), autoScalingGroupName });',
    'void autoScalingGroupName;',
  ),
  bug(
    'the mark is put after DRAINING',
    'lib/drain.ts',
    'const marking = () => fleet.mark(clusterName, own, mark);',
    'const marking = async () => {\n    await fleet.drain(clusterName, ten);\n    return fleet.mark(clusterName, own, mark);\n  };',
  ),
  bug(
    'nobody is ever drained that a lost event has named',
    'lib/visit.ts',
    'await askToAdmit(deps, [...starting]);',
    '',
  ),
  where(
    bug(
      'a pause is ignored by the sweep',
      'functions/sweep.ts',
      "const isActing = ({ policy }: EnrolledGroup) => policy.state !== 'paused';",
      'const isActing = (_: EnrolledGroup) => true;',
    ),
    { act: isPause },
  ),
  where(
    bug(
      'a pause is ignored when the last task has stopped',
      'functions/release.ts',
      "if (group.policy.state === 'paused') {",
      "if (group.policy.state === ('never' as string)) {",
    ),
    { act: isPause },
  ),
  where(bug('a dry run drains', 'lib/departure.ts', "if (isDryRun) return 'dry-run';", ''), {
    group: tagged('ecs-steward:dry-run', 'on'),
  }),
  where(
    both(
      'a group without the tag is taken for one of ours',
      bug('', 'lib/policy.ts', 'if (tags[enrolmentTag] === undefined) return undefined;', ''),
      bug('', 'lib/policy.ts', "('cluster', clusterName, undefined)", "('cluster', clusterName, 'storm')"),
    ),
    { group: ({ tags }) => tags[enrolmentTag] === undefined, act: ({ act }) => act === 'tag' },
  ),
  where(
    both(
      'the drain of an operator is undone',
      bug(
        '',
        'lib/comeback.ts',
        "await fleet.marked(clusterName, 'return', 'rebalance-recommendation', 'interruption')",
        'await fleet.draining(clusterName)',
      ),
      bug(
        '',
        'lib/comeback.ts',
        "if (mark?.cause !== 'rebalance-recommendation') return false;",
        'if (mark === undefined) return true;',
      ),
    ),
    { act: ({ act }) => act === 'drain' },
  ),
  where(
    bug(
      'a notice of Spot drains whoever it names, wished for or not',
      'lib/interrupt.ts',
      "return policy.interrupt ? undefined : 'off';",
      'return undefined;',
    ),
    { group: tagged('ecs-steward:interrupt', 'off') },
  ),
];

/** What holds an instance. */
const hooks: readonly Planted[] = [
  where(
    bug(
      'a second hook is completed as well',
      'lib/aws/autoscaling.ts',
      '    LifecycleHookName,\n    InstanceId,\n    LifecycleActionResult,',
      "    LifecycleHookName: 'another-team',\n    InstanceId,\n    LifecycleActionResult,",
    ),
    { group: ({ otherHookSeconds }) => otherHookSeconds !== undefined },
  ),
  bug(
    'heartbeats come late',
    'lib/heartbeat.ts',
    'terminateHook.heartbeatTimeoutSeconds / 4;',
    'terminateHook.heartbeatTimeoutSeconds * 3;',
  ),
  bug('the hook is never put', 'lib/keep.ts', 'await fleet.putHook(autoScalingGroupName);', ''),
];

/** How messages and reads are taken. */
const doors: readonly Planted[] = [
  bug(
    'versions are compared the wrong way round',
    'lib/observe.ts',
    "return eventVersion <= apiVersion ? 'current' : 'behind';",
    "return eventVersion >= apiVersion ? 'current' : 'behind';",
  ),
  bug(
    'the lane fails, and its messages come back',
    'lib/lambda.ts',
    'return lambda(platform, withFleet(platform, connect, body), { swallowsErrors: true });',
    "const failing: Body<Deps> = async (deps, event, context) => {\n    await body(deps, event, context);\n    throw new Error('the lane fails');\n  };\n  return lambda(platform, withFleet(platform, connect, failing), { swallowsErrors: false });",
  ),
  bug(
    'whoever has drained waits for the hook to end',
    'lib/departure.ts',
    "if (isDrained(departure, usable, tasks, now)) return release('drained');",
    '',
  ),
];

/** Every bug that the storms must find. */
export const planted: readonly Planted[] = [...releases, ...stops, ...drains, ...hooks, ...doors];
