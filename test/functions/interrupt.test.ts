import { describe, expect, it } from 'vitest';
import { interrupt } from '../../functions/interrupt.ts';
import type { Registration } from '../../lib/departure.ts';
import { UnknownCluster } from '../../lib/errors.ts';
import type { Interruption } from '../../lib/events.ts';
import type { Fleet } from '../../lib/fleet.ts';
import type { Task } from '../../lib/task.ts';
import { service } from '../lib/blockers-scene.ts';
import {
  arn,
  at,
  clusterName,
  depsOf,
  group,
  groupName,
  instanceId,
  namesOf,
  noon,
  registration,
  stopping,
  task,
  taskArn,
  total,
} from '../lib/fixtures.ts';

const notice = (overrides: Partial<Interruption> = {}): Interruption => ({
  kind: 'interruption',
  at: noon,
  instanceId,
  action: 'terminate',
  isLook: false,
  ...overrides,
});
const messages = (...events: Interruption[]) => events.map((event, i) => ({ messageId: `m${i}`, event }));
const active = (overrides: Partial<Registration> = {}) =>
  registration({ status: 'ACTIVE', taskCount: 2, mark: undefined, ...overrides });
const tagged = (tags: Record<string, string>) => [
  group({ tags: { 'ecs-steward:cluster': clusterName, ...tags } }),
];

/** A fleet in which Spot takes the instance of the fixtures back while Auto Scaling has it in service. */
const answers = (
  registrations: readonly Registration[],
  tasks: readonly Task[],
  overrides: Partial<Fleet> = {},
): Partial<Fleet> => ({
  instanceStates: async (ids) =>
    ids.map((id) => ({ instanceId: id, autoScalingGroupName: groupName, lifecycleState: 'InService' })),
  groups: async () => [group()],
  registrations: async () => registrations,
  mark: async () => [],
  drain: async (_, arns) => ({
    registrations: registrations.filter((one) => arns.includes(one.containerInstanceArn)),
    failures: [],
  }),
  listTasks: async (_, desiredStatus) =>
    tasks.filter((one) => one.desiredStatus === desiredStatus).map((one) => one.taskArn),
  describeTasks: async (_, arns) => tasks.filter((one) => arns.includes(one.taskArn)),
  services: async () => [service()],
  definition: async (taskDefinitionArn) => ({ taskDefinitionArn, stopTimeoutSeconds: 30 }),
  stopTask: async () => {},
  askToInterrupt: async () => {},
  ...overrides,
});
const callsOf = (trace: { calls: readonly (readonly unknown[])[] }, name: string) =>
  trace.calls.filter(([called]) => called === name).map(([, ...input]) => input);
const linesOf = (trace: { lines: readonly { message: string }[] }, message: string) =>
  trace.lines.filter((line) => line.message === message);

describe('a notice of Spot', () => {
  it('marks and drains at once, then asks for a look in ten seconds: a list may lack a task', async () => {
    const { deps, trace } = depsOf(answers([active()], [task()]));
    expect(await interrupt(deps, messages(notice()))).toEqual([]);
    expect(namesOf(trace)).toEqual([
      'instanceStates',
      'groups',
      'registrations',
      'mark',
      'drain',
      'listTasks',
      'listTasks',
      'describeTasks',
      'services',
      'definition',
      'askToInterrupt',
    ]);
    expect(callsOf(trace, 'mark')).toEqual([[clusterName, [arn], { at: noon, cause: 'interruption' }]]);
    expect(callsOf(trace, 'drain')).toEqual([[clusterName, [arn]]]);
    expect(callsOf(trace, 'askToInterrupt')).toEqual([[notice(), 10]]);
    expect(total(trace, 'Interruptions')).toBe(1);
  });

  it('that comes twice in a batch counts from the earlier one, and is served once', async () => {
    const { deps, trace } = depsOf(answers([active()], [task()]), at(8));
    await interrupt(deps, messages(notice({ at: at(5) }), notice()));
    expect(callsOf(trace, 'drain')).toHaveLength(1);
    expect(callsOf(trace, 'askToInterrupt')).toEqual([[notice(), 10]]);
  });

  it('that comes again leaves the mark and the drain as they are', async () => {
    const mark = { at: at(-20), cause: 'interruption' } as const;
    const { deps, trace } = depsOf(answers([registration({ taskCount: 1, mark })], [task()]));
    await interrupt(deps, messages(notice()));
    expect(namesOf(trace)).not.toContain('mark');
    expect(namesOf(trace)).not.toContain('drain');
  });

  it('stops at once what could not stop in time otherwise', async () => {
    const slow = {
      definition: async (taskDefinitionArn: string) => ({ taskDefinitionArn, stopTimeoutSeconds: 100 }),
    };
    const { deps, trace } = depsOf(
      answers([active()], [task(), stopping({ taskArn: taskArn('other') })], slow),
    );
    await interrupt(deps, messages(notice()));
    expect(callsOf(trace, 'stopTask')).toEqual([
      [clusterName, taskArn('web'), expect.stringMatching(/^ecs-steward: Spot/)],
    ]);
    expect(total(trace, 'TasksStopped')).toBe(1);
    expect(linesOf(trace, 'tasks take longer to stop than Spot gives them')).toEqual([]);
  });

  it('names the service whose delays do not fit into two minutes', async () => {
    const services = async () => [service({ isLoadBalanced: true })];
    const { deps, trace } = depsOf(answers([active()], [task()], { services }));
    await interrupt(deps, messages(notice()));
    expect(linesOf(trace, 'tasks take longer to stop than Spot gives them')).toMatchObject([
      {
        level: 'warn',
        fields: {
          taskGroup: 'service:web',
          deregistrationDelaySeconds: 300,
          stopTimeoutSeconds: 30,
          instanceId,
        },
      },
    ]);
    expect(total(trace, 'InterruptedTooSlow')).toBe(1);
    expect(callsOf(trace, 'stopTask')).toHaveLength(1);
  });

  it('goes by the deregistration delay in the tag of the group', async () => {
    const services = async () => [service({ isLoadBalanced: true })];
    const groups = async () => tagged({ 'ecs-steward:deregistration-delay': '20s' });
    const { deps, trace } = depsOf(answers([active()], [task()], { services, groups }), at(49));
    await interrupt(deps, messages(notice({ isLook: true })));
    expect(callsOf(trace, 'stopTask')).toEqual([]);
    expect(callsOf(trace, 'askToInterrupt')).toEqual([[notice({ isLook: true }), 1]]);
  });

  it('makes a drain for a recommendation one that is not taken back', async () => {
    const mark = { at: at(-600), cause: 'rebalance-recommendation' } as const;
    const { deps, trace } = depsOf(answers([registration({ taskCount: 1, mark })], [task()]));
    await interrupt(deps, messages(notice()));
    expect(callsOf(trace, 'mark')).toEqual([[clusterName, [arn], { at: noon, cause: 'interruption' }]]);
    expect(namesOf(trace)).not.toContain('drain');
  });
});

describe('a look again', () => {
  it('stops what has not begun to stop at its last call, and asks no more', async () => {
    const { deps, trace } = depsOf(answers([registration({ taskCount: 1 })], [task()]), at(70));
    await interrupt(deps, messages(notice({ isLook: true })));
    expect(callsOf(trace, 'stopTask')).toHaveLength(1);
    expect(namesOf(trace)).not.toContain('askToInterrupt');
    expect(total(trace, 'Interruptions')).toBe(0);
  });

  it('asks for the next last call', async () => {
    const { deps, trace } = depsOf(answers([registration({ taskCount: 1 })], [task()]), at(12));
    await interrupt(deps, messages(notice({ isLook: true })));
    expect(callsOf(trace, 'askToInterrupt')).toEqual([[notice({ isLook: true }), 58]]);
  });

  it('is made once more in ten seconds where a task could not be stopped', async () => {
    const stopTask = async () => Promise.reject(new Error('throttled'));
    const { deps, trace } = depsOf(answers([registration({ taskCount: 1 })], [task()], { stopTask }), at(70));
    expect(await interrupt(deps, messages(notice({ isLook: true })))).toEqual([]);
    expect(callsOf(trace, 'askToInterrupt')).toEqual([[notice({ isLook: true }), 10]]);
  });

  it('drains what was not ACTIVE before', async () => {
    const { deps, trace } = depsOf(answers([active()], [task()]), at(12));
    await interrupt(deps, messages(notice({ isLook: true })));
    expect(namesOf(trace)).toContain('drain');
  });
});

describe('an instance is left alone, and why is said,', () => {
  const nowhere = { instanceStates: async () => [] };
  it.each<[what: string, overrides: Partial<Fleet>, registrations: Registration[], why: string]>([
    ['where Auto Scaling does not know it', nowhere, [], 'in-no-group'],
    ['in a group that is not enrolled', { groups: async () => [group({ tags: {} })] }, [], 'not-enrolled'],
    [
      'in a paused group',
      { groups: async () => tagged({ 'ecs-steward:state': 'paused' }) },
      [active()],
      'paused',
    ],
    [
      'in a group without interruptions',
      { groups: async () => tagged({ 'ecs-steward:interrupt': 'off' }) },
      [active()],
      'off',
    ],
    ['in a dry run', { groups: async () => tagged({ 'ecs-steward:dry-run': 'on' }) }, [active()], 'dry-run'],
    [
      'in a group that leaves',
      { groups: async () => tagged({ 'ecs-steward:state': 'leaving' }) },
      [active()],
      'leaving',
    ],
    ['that is not registered', {}, [], 'not-usable'],
    ['that has ended for ECS', {}, [registration({ status: 'DEREGISTERING' })], 'not-usable'],
    [
      'whose cluster is not there',
      { registrations: async () => Promise.reject(new UnknownCluster('none')) },
      [],
      'not-usable',
    ],
  ])('%s', async (_, overrides, registrations, why) => {
    const { deps, trace } = depsOf(answers(registrations, [], overrides));
    expect(await interrupt(deps, messages(notice()))).toEqual([]);
    expect(linesOf(trace, 'leaves an interruption alone')).toMatchObject([
      { level: 'info', fields: { instanceId, why } },
    ]);
    for (const write of ['mark', 'drain', 'stopTask', 'askToInterrupt'])
      expect(namesOf(trace)).not.toContain(write);
  });

  it('after its two minutes', async () => {
    const { deps, trace } = depsOf(answers([active()], [task()]), at(120));
    await interrupt(deps, messages(notice()));
    expect(namesOf(trace)).not.toContain('drain');
    expect(linesOf(trace, 'leaves an interruption alone')).toMatchObject([{ fields: { why: 'too-late' } }]);
  });

  it('but not in a group that leaves while it drains: its tasks are stopped in time', async () => {
    const groups = async () => tagged({ 'ecs-steward:state': 'leaving' });
    const { deps, trace } = depsOf(answers([registration({ taskCount: 1 })], [task()], { groups }), at(70));
    await interrupt(deps, messages(notice({ isLook: true })));
    expect(callsOf(trace, 'stopTask')).toHaveLength(1);
  });
});

describe('what fails', () => {
  it('comes back, and does not stop other instances', async () => {
    const both = [active(), active({ ec2InstanceId: 'i-2', containerInstanceArn: 'arn:2' })];
    const listTasks = async (_: string, desiredStatus: string, containerInstanceArn?: string) => {
      if (containerInstanceArn === arn) throw new Error('throttled');
      return desiredStatus === 'RUNNING' ? [taskArn('web')] : [];
    };
    const tasks = [task({ containerInstanceArn: 'arn:2' })];
    const { deps, trace } = depsOf(answers(both, tasks, { listTasks }));
    expect(await interrupt(deps, messages(notice(), notice({ instanceId: 'i-2' })))).toEqual(['m0']);
    expect(callsOf(trace, 'askToInterrupt')).toHaveLength(1);
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('in one group does not stop another', async () => {
    const other = group({ autoScalingGroupName: 'other' });
    const { deps } = depsOf(
      answers([active()], [task()], {
        instanceStates: async () => [
          { instanceId: 'i-2', autoScalingGroupName: 'other', lifecycleState: 'InService' },
          { instanceId, autoScalingGroupName: groupName, lifecycleState: 'InService' },
        ],
        groups: async () => [other, group()],
        registrations: async (_, ids) => (ids.includes('i-2') ? Promise.reject(new Error('no')) : [active()]),
      }),
    );
    expect(await interrupt(deps, messages(notice({ instanceId: 'i-2' }), notice()))).toEqual(['m0']);
  });
});
