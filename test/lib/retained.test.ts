import { describe, expect, it } from 'vitest';
import type { Registration } from '../../lib/departure.ts';
import { UnknownCluster } from '../../lib/errors.ts';
import type { Fleet } from '../../lib/fleet.ts';
import { type EnrolledGroup, enrolledGroup, reportTagFaults } from '../../lib/group.ts';
import {
  clustersRetaining,
  countRetained,
  forgetRetained,
  type Retained,
  retain,
  visitRetained,
  withoutRetention,
} from '../../lib/retained.ts';
import type { Task } from '../../lib/task.ts';
import { late } from './departure-scene.ts';
import {
  arn,
  at,
  clusterName,
  departure,
  depsOf,
  group,
  groupName,
  instanceId,
  namesOf,
  noon,
  registration,
  standalone,
  stopped,
  stopping,
  task,
  taskArn,
  total,
} from './fixtures.ts';

/** The group of the fixtures, which retains, with its instance in this state. */
const retaining = (lifecycleState: string, tags: Record<string, string> = {}) =>
  group({
    retainsAbandoned: true,
    tags: { 'ecs-steward:cluster': clusterName, 'ecs-steward:on-deadline': 'retain', ...tags },
    instances: [{ instanceId, lifecycleState }],
  });
const enrol = (one: ReturnType<typeof group>): EnrolledGroup => {
  const enrolled = enrolledGroup(one);
  if (!enrolled) throw new Error('The group is not enrolled');
  return enrolled;
};
/** A registration that we have marked as retained, a day ago. */
const ours = (overrides: Partial<Registration> = {}) =>
  registration({ mark: { at: at(-86_400), cause: 'retention' }, ...overrides });

describe('a group that is tagged to retain', () => {
  it('is reported where it retains nothing itself, with what is expected', () => {
    const without = { ...retaining('InService'), retainsAbandoned: false };
    const { deps, trace } = depsOf({});
    reportTagFaults(deps, without);
    expect(trace.announced).toMatchObject([
      {
        detailType: 'Group Misconfigured',
        detail: {
          tag: 'ecs-steward:on-deadline',
          value: 'retain',
          expected: 'InstanceLifecyclePolicy.RetentionTriggers.TerminateHookAbandon = retain of the group',
        },
      },
    ]);
    expect(total(trace, 'Misconfigured')).toBe(1);
  });

  it('has nothing said of it where all is well', () => {
    const { deps, trace } = depsOf({});
    reportTagFaults(deps, retaining('InService'));
    expect(trace.lines).toEqual([]);
  });
});

describe('retain', () => {
  const keep = async (answers: Partial<Fleet> = {}, lifecycleState = 'Terminating:Wait') => {
    const enrolled = enrol(retaining(lifecycleState));
    const { deps, trace } = depsOf({
      groups: async () => [enrolled.group],
      mark: async () => [],
      abandon: async () => 'completed',
      ...answers,
    });
    const one = {
      enrolled,
      departure: departure({ drainStartedAt: at(-3000) }),
      registrations: [registration()],
    };
    return { isKept: await retain(deps, one, 'deadline'), trace };
  };

  it('marks, then abandons, and says so', async () => {
    const { isKept, trace } = await keep();
    expect(isKept).toBe(true);
    expect(trace.calls).toEqual([
      ['groups', [groupName]],
      ['mark', clusterName, [arn], { at: at(-3000), cause: 'retention' }],
      ['abandon', groupName, instanceId],
    ]);
    expect(trace.announced).toMatchObject([
      { detailType: 'Drain Deadline', detail: { decision: 'retain', why: 'deadline' } },
    ]);
    expect(total(trace, 'RetainedAtDeadline')).toBe(1);
  });

  it.each<[string, Partial<Fleet>, string]>([
    ['its group does not retain any more', { groups: async () => [group()] }, 'Terminating:Wait'],
    ['its group has gone', { groups: async () => [] }, 'Terminating:Wait'],
    ['it returns to its warm pool', {}, 'Warmed:Pending:Wait'],
    ['it is terminated in its warm pool', {}, 'Warmed:Terminating:Wait'],
    ['its root volume is replaced', {}, 'ReplacingRootVolume:Wait'],
    ['its hook has ended', {}, 'Terminating:Proceed'],
  ])('does nothing where %s, although the sweep read otherwise', async (_what, answers, lifecycleState) => {
    const { isKept, trace } = await keep(answers, lifecycleState);
    expect(isKept).toBe(false);
    expect(namesOf(trace)).toEqual(['groups']);
  });

  it('does not abandon what it could not mark: nobody would end it', async () => {
    const mark = async () => [{ arn, reason: 'TargetNotFoundException' }];
    const { isKept, trace } = await keep({ mark });
    expect(isKept).toBe(false);
    expect(namesOf(trace)).not.toContain('abandon');
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('says nothing where the hook was completed meanwhile', async () => {
    const { isKept, trace } = await keep({ abandon: async () => 'already-completed' });
    expect(isKept).toBe(true);
    expect([trace.announced, total(trace, 'RetainedAtDeadline')]).toEqual([[], 0]);
  });
});

describe('what is retained', () => {
  const visit = async (
    registrations: readonly Registration[],
    tasks: readonly Task[] = [],
    wish: { tags?: Record<string, string>; memory?: Retained; answers?: Partial<Fleet> } = {},
  ) => {
    const { deps, trace } = depsOf({
      registrations: async () => registrations,
      listTasks: async (_, desiredStatus) =>
        tasks.filter((one) => one.desiredStatus === desiredStatus).map((one) => one.taskArn),
      describeTasks: async () => tasks,
      terminate: async () => 'terminating',
      clustersOf: async () => [],
      stopTask: async () => {},
      ...wish.answers,
    });
    const memory: Retained = wish.memory ?? new Map();
    const groups = [enrol(retaining('Terminating:Retained', wish.tags))];
    const waits = await visitRetained(deps, clusterName, groups, memory, () => true);
    return { trace, memory, whys: waits.map(({ why }) => why) };
  };

  it('by us is ended when it has drained', async () => {
    const { trace } = await visit([ours()], [stopped()]);
    expect(trace.calls.at(-1)).toEqual(['terminate', instanceId]);
    expect(total(trace, 'ReleasedDrained')).toBe(1);
    expect(trace.announced).toMatchObject([
      {
        detailType: 'Instance Drained',
        detail: { why: 'drained', cause: 'retention', drainSeconds: 86_400 },
      },
    ]);
  });

  it.each([
    ['a task runs', [ours({ taskCount: 1 })], [task()], 'draining'],
    ['a task is being stopped', [ours()], [stopping()], 'tasks-stopping'],
    ['it does not look empty', [ours({ holdsResources: true })], [], 'settling'],
  ])('by us waits while %s, and is explained', async (_what, registrations, tasks, why) => {
    // A drain without a beginning never settles by time alone.
    const recent = registrations.map((one) => ({
      ...one,
      mark: { at: at(-30), cause: 'retention' as const },
    }));
    const { trace, whys } = await visit(recent, tasks);
    expect(namesOf(trace)).not.toContain('terminate');
    expect(whys).toEqual([why]);
    expect(total(trace, 'Waiting')).toBe(1);
  });

  it('by somebody else is left to them, drained or not', async () => {
    for (const mark of [undefined, { at: at(-3000), cause: 'termination' as const }]) {
      const { trace, whys } = await visit([registration({ mark })], [stopped()]);
      expect(namesOf(trace)).toEqual(['registrations']);
      expect(whys).toEqual([]);
      expect(trace.lines.map(({ message }) => message)).toEqual([
        'an instance is retained, and not by the steward: it is not ended',
      ]);
    }
  });

  it('has its standalone tasks stopped in their time', async () => {
    const tags = { 'ecs-steward:standalone-tasks': 'stop-after:2h' };
    const { trace } = await visit([ours({ taskCount: 2 })], [task(), standalone()], { tags });
    expect(trace.calls.filter(([name]) => name === 'stopTask')).toEqual([
      ['stopTask', clusterName, taskArn('job'), expect.stringMatching(/standalone/)],
    ]);
  });

  it('never has a task stopped for a deadline: that has passed', async () => {
    const { trace } = await visit([ours({ taskCount: 1 })], [task()]);
    expect(namesOf(trace)).toEqual(['registrations']);
  });

  it('and was registered is ended at the second look that finds it nowhere', async () => {
    const { memory } = await visit([ours({ taskCount: 1 })], [task()]);
    const first = await visit([], [], { memory });
    expect([namesOf(first.trace), first.whys]).toEqual([['registrations'], ['not-registered']]);
    memory.set(instanceId, at(-15));
    const second = await visit([], [], { memory });
    expect(second.trace.calls.at(-1)).toEqual(['terminate', instanceId]);
  });

  it('and was never seen registered is left alone: nobody knows whose it is', async () => {
    const { trace } = await visit([]);
    expect(namesOf(trace)).toEqual(['registrations']);
  });

  it('is left ACTIVE by whoever set it so', async () => {
    const { trace } = await visit([ours({ status: 'ACTIVE' })]);
    expect(namesOf(trace)).toEqual(['registrations']);
    expect(trace.lines).toMatchObject([{ fields: { decision: 'wait', why: 'active' } }]);
  });

  it('is ended only while the tag is there by which the role may: else that is said', async () => {
    const tags = { 'ecs-steward:on-deadline': 'stop-tasks' };
    const { trace } = await visit([ours()], [stopped()], { tags });
    expect(namesOf(trace)).not.toContain('terminate');
    expect(trace.announced).toMatchObject([
      {
        detailType: 'Group Misconfigured',
        detail: { value: 'stop-tasks', expected: expect.stringMatching(/^retain/) },
      },
    ]);
  });

  it('is nothing new where somebody has ended it meanwhile', async () => {
    const answers = { terminate: async () => 'not-there' as const };
    const { trace } = await visit([ours()], [stopped()], { answers });
    expect(total(trace, 'Released')).toBe(0);
  });

  it('in a cluster that does not exist is left alone, and the tag is named', async () => {
    const registrations = async () => {
      throw new UnknownCluster('none');
    };
    const { trace } = await visit([], [], { answers: { registrations } });
    expect(total(trace, 'Misconfigured')).toBe(1);
  });

  it.each([
    [{}, 1],
    [{ 'ecs-steward:state': 'paused' }, 0],
    [{ 'ecs-steward:state': 'leaving' }, 1],
    [{ 'ecs-steward:dry-run': 'on' }, 0],
  ])('is looked after in a group tagged %o: %d, and counted in each', (tags, count) => {
    const one = retaining('Terminating:Retained', tags);
    expect(clustersRetaining([enrol(one)]).size).toBe(count);
    const { deps, trace } = depsOf({});
    countRetained(deps, [one, group()]);
    expect(total(trace, 'Retained')).toBe(1);
  });

  it('is forgotten when it is gone', () => {
    const memory: Retained = new Map([[instanceId, noon]]);
    forgetRetained(memory, [retaining('Terminating:Retained')]);
    expect(memory.size).toBe(1);
    forgetRetained(memory, [retaining('Terminating:Proceed')]);
    expect(memory.size).toBe(0);
  });
});

it('what cannot be retained is decided about as with stop-tasks, and nothing else is changed by that', () => {
  expect(withoutRetention(late(5, 'retain'))).toEqual(late(5, 'stop-tasks'));
  expect(withoutRetention(late(5, 'continue'))).toEqual(late(5, 'continue'));
  expect(withoutRetention(departure())).toEqual(departure());
});
