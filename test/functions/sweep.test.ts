import { describe, expect, it } from 'vitest';
import { freshMemory, sweep } from '../../functions/sweep.ts';
import type { Registration, Task } from '../../lib/departure.ts';
import { UnknownCluster } from '../../lib/errors.ts';
import type { Fleet, Group } from '../../lib/fleet.ts';
import { isHeartbeatDue } from '../../lib/heartbeat.ts';
import { isHookCheckDue, terminateHook } from '../../lib/hook.ts';
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
  standalone,
  stopped,
  stopping,
  task,
  taskArn,
  total,
} from '../lib/fixtures.ts';

const idle = group({ instances: [{ instanceId, lifecycleState: 'InService' }] });
/** Since when the instance of the fixtures leaves: no heartbeat is due at noon. */
const leavingSince =
  [-60, -120, -180].map(at).find((start) => !isHeartbeatDue(instanceId, start, noon)) ?? noon;
const tick = (time = noon, remainingMs = 55_000) => ({ time, remainingMs: () => remainingMs });

/** A fleet with these groups, the instance of the fixtures registered, these tasks on it, and every hook in place. */
const answers = (
  groups: readonly Group[],
  registrations: readonly Registration[] = [],
  tasks: readonly Task[] = [],
  overrides: Partial<Fleet> = {},
): Partial<Fleet> => ({
  enrolledGroups: async () => groups,
  hook: async () => terminateHook,
  terminationStarts: async () => new Map([[instanceId, leavingSince]]),
  registrations: async () => registrations,
  listTasks: async (_, desiredStatus) =>
    tasks.filter((one) => one.desiredStatus === desiredStatus).map((one) => one.taskArn),
  describeTasks: async () => tasks,
  complete: async () => 'completed',
  heartbeat: async () => 'recorded',
  stopTask: async () => {},
  askToAdmit: async () => {},
  askToLook: async () => {},
  ...overrides,
});
/** A memory that has seen the hooks of these groups. */
const knowing = (...groups: Group[]) => ({
  ...freshMemory(),
  hooksSeen: new Set(groups.map((one) => one.autoScalingGroupARN)),
});
/** A minute at which the hook of the group is (not) due. */
const minuteWhere = (isDue: boolean, one = idle) =>
  Array.from({ length: 15 }, (_, minute) => at(minute * 60)).find(
    (time) => isHookCheckDue(one.autoScalingGroupARN, time) === isDue,
  ) ?? noon;
const marked = (seconds: number) => registration({ mark: { at: at(seconds), cause: 'termination' } });

describe('hooks', () => {
  it('are looked at when this environment sees a group first, and then every 15 minutes', async () => {
    const { deps, trace } = depsOf(answers([idle]));
    const memory = freshMemory();
    await sweep(deps, memory, tick(minuteWhere(false)));
    await sweep(deps, memory, tick(minuteWhere(false)));
    expect(namesOf(trace)).toEqual(['enrolledGroups', 'hook', 'enrolledGroups']);
    await sweep(deps, memory, tick(minuteWhere(true)));
    expect(namesOf(trace).at(-1)).toBe('hook');
  });

  it.each([
    ['is missing', undefined],
    ['has another timeout', { ...terminateHook, heartbeatTimeoutSeconds: 3600 }],
  ])('are put where one %s', async (_, hook) => {
    const { deps, trace } = depsOf(
      answers([idle], [], [], { hook: async () => hook, putHook: async () => {} }),
    );
    await sweep(deps, freshMemory(), tick());
    expect(trace.calls.at(-1)).toEqual(['putHook', groupName]);
    expect(total(trace, 'HooksPut')).toBe(1);
  });

  it('are looked at again in the next sweep where AWS failed', async () => {
    const hook = async () => {
      throw new Error('Throttling');
    };
    const { deps, trace } = depsOf(answers([idle], [], [], { hook }));
    const memory = freshMemory();
    await sweep(deps, memory, tick(minuteWhere(false)));
    await sweep(deps, memory, tick(minuteWhere(false)));
    expect(namesOf(trace)).toEqual(['enrolledGroups', 'hook', 'enrolledGroups', 'hook']);
    expect(total(trace, 'Failures')).toBe(2);
  });

  it('of a group that was enrolled anew are looked at anew', async () => {
    let groups = [idle];
    const { deps, trace } = depsOf(answers([], [], [], { enrolledGroups: async () => groups }));
    const memory = freshMemory();
    for (const now of [[idle], [], [idle]]) {
      groups = now;
      await sweep(deps, memory, tick(minuteWhere(false)));
    }
    expect(namesOf(trace).filter((name) => name === 'hook')).toHaveLength(2);
  });

  it('are not put where the cluster’s name is wrong, and the tag is named', async () => {
    const wrong = group({ tags: { 'ecs-steward:cluster': 'two words' } });
    const { deps, trace } = depsOf(answers([wrong]));
    await sweep(deps, freshMemory(), tick());
    expect(namesOf(trace)).toEqual(['enrolledGroups']);
    expect(trace.lines).toMatchObject([
      { level: 'warn', fields: { tag: 'ecs-steward:cluster', value: 'two words' } },
    ]);
  });
});

describe('heartbeats', () => {
  const due = Array.from({ length: 10 }, (_, minute) => at(-minute * 60)).find((start) =>
    isHeartbeatDue(instanceId, start, noon),
  );

  it('are sent beside a wait, when due', async () => {
    const starts = { terminationStarts: async () => new Map(due ? [[instanceId, due]] : []) };
    const { deps, trace } = depsOf(answers([group()], [registration({ taskCount: 1 })], [], starts));
    await sweep(deps, knowing(group()), tick(minuteWhere(false)));
    expect(trace.calls).toContainEqual(['heartbeat', groupName, instanceId]);
    expect(total(trace, 'Heartbeats')).toBe(1);
  });

  it('are not sent when not due', async () => {
    const { deps, trace } = depsOf(answers([group()], [registration({ taskCount: 1 })]));
    await sweep(deps, knowing(group()), tick());
    expect(namesOf(trace)).not.toContain('heartbeat');
  });

  it('are sent though ECS and the activities cannot be read', async () => {
    const fails = async () => {
      throw new Error('ServerException');
    };
    const { deps, trace } = depsOf(
      answers([group()], [], [], { terminationStarts: fails, registrations: fails }),
    );
    for (let minute = 0; minute < 10; minute++) await sweep(deps, knowing(group()), tick(at(minute * 60)));
    expect(namesOf(trace).filter((name) => name === 'heartbeat')).toHaveLength(1);
  });
});

describe('departures', () => {
  it('that still run tasks cost three calls a cluster', async () => {
    const { deps, trace } = depsOf(answers([group()], [registration({ taskCount: 3 })]));
    await sweep(deps, knowing(group()), tick(minuteWhere(false)));
    expect(namesOf(trace)).toEqual(['enrolledGroups', 'terminationStarts', 'registrations']);
    expect(total(trace, 'Leaving')).toBe(1);
  });

  it('are started through the lane, one request a group', async () => {
    const ids = [instanceId, 'i-2'];
    const both = group({
      instances: ids.map((id) => ({ instanceId: id, lifecycleState: 'Terminating:Wait' })),
    });
    const { deps, trace } = depsOf(
      answers(
        [both],
        ids.map((id) => registration({ ec2InstanceId: id, status: 'ACTIVE' })),
      ),
    );
    await sweep(deps, knowing(both), tick());
    expect(trace.calls.filter(([name]) => name === 'askToAdmit')).toEqual([
      ['askToAdmit', groupName, ids, noon],
    ]);
  });

  it('are released when drained', async () => {
    const { deps, trace } = depsOf(answers([group()], [registration()], [stopped()]));
    await sweep(deps, knowing(group()), tick());
    expect(trace.calls.at(-1)).toEqual(['complete', groupName, instanceId]);
    expect(total(trace, 'ReleasedDrained')).toBe(1);
  });

  it('wait while a task is stopping', async () => {
    const { deps, trace } = depsOf(answers([group()], [registration()], [stopping()]));
    await sweep(deps, knowing(group()), tick());
    expect(namesOf(trace)).not.toContain('complete');
    expect(trace.lines).toMatchObject([
      { level: 'debug', fields: { decision: 'wait', why: 'tasks-stopping' } },
    ]);
  });

  it('have their service tasks stopped at the deadline, counted from the mark', async () => {
    const late = answers([group()], [{ ...marked(-3000), taskCount: 2 }], [task(), standalone()]);
    const { deps, trace } = depsOf(late);
    await sweep(deps, knowing(group()), tick());
    expect(trace.calls.filter(([name]) => name === 'stopTask')).toEqual([
      ['stopTask', clusterName, taskArn('web'), expect.stringMatching(/deadline/)],
    ]);
    expect(total(trace, 'TasksStopped')).toBe(1);
  });

  it('are not stopped a second before the deadline', async () => {
    const { deps, trace } = depsOf(answers([group()], [{ ...marked(-2999), taskCount: 1 }], [task()]));
    await sweep(deps, knowing(group()), tick());
    expect(namesOf(trace)).not.toContain('stopTask');
  });

  it('have the other tasks stopped where one cannot be', async () => {
    const stopTask = async (_: string, name: string) => {
      if (name === taskArn('web')) throw new Error('AccessDeniedException');
    };
    const tasks = [task(), task({ taskArn: taskArn('api') })];
    const { deps, trace } = depsOf(
      answers([group()], [{ ...marked(-3000), taskCount: 2 }], tasks, { stopTask }),
    );
    await sweep(deps, knowing(group()), tick());
    expect([total(trace, 'TasksStopped'), total(trace, 'Failures')]).toEqual([1, 1]);
  });

  it('that are registered nowhere are looked at soon, and released by the next sweep at the latest', async () => {
    const { deps, trace } = depsOf(answers([group()]));
    const memory = knowing(group());
    await sweep(deps, memory, tick());
    expect(trace.calls.at(-1)).toEqual([
      'askToLook',
      { autoScalingGroupName: groupName, clusterName, instanceId, because: 'not-registered' },
      noon,
      15,
    ]);
    await deps.sleep(60_000);
    await sweep(deps, memory, tick(at(60)));
    expect(trace.calls.at(-1)).toEqual(['complete', groupName, instanceId]);
  });

  it('that were registered in between begin anew', async () => {
    let found: Registration[] = [];
    const { deps, trace } = depsOf(answers([group()], [], [], { registrations: async () => found }));
    const memory = knowing(group());
    for (const now of [[], [registration({ taskCount: 1 })], []]) {
      found = now;
      await sweep(deps, memory, tick());
      await deps.sleep(60_000);
    }
    expect(namesOf(trace)).not.toContain('complete');
  });

  it('that were not leaving in between begin anew', async () => {
    let groups = [group()];
    const { deps, trace } = depsOf(answers([], [], [], { enrolledGroups: async () => groups }));
    const memory = knowing(group());
    for (const now of [[group()], [idle], [group()]]) {
      groups = now;
      await sweep(deps, memory, tick());
      await deps.sleep(60_000);
    }
    expect(namesOf(trace)).not.toContain('complete');
  });

  it('began to drain with the first mark where two registrations have one (D-2.8)', async () => {
    const second = { ...marked(-2900), containerInstanceArn: `${arn}2`, taskCount: 1 };
    const { deps, trace } = depsOf(
      answers([group()], [second, { ...marked(-3000), taskCount: 1 }], [task()]),
    );
    await sweep(deps, knowing(group()), tick());
    expect(namesOf(trace)).toContain('stopTask');
  });

  it('of a cluster that does not exist wait, and the tag is named', async () => {
    const registrations = async () => {
      throw new UnknownCluster('none');
    };
    const { deps, trace } = depsOf(answers([group()], [], [], { registrations }));
    const memory = knowing(group());
    await sweep(deps, memory, tick());
    await deps.sleep(60_000);
    await sweep(deps, memory, tick(at(60)));
    expect(namesOf(trace)).not.toContain('complete');
    expect(total(trace, 'Misconfigured')).toBe(2);
  });
});

describe('a fault', () => {
  const other = group({
    autoScalingGroupName: 'other-asg',
    autoScalingGroupARN: 'arn:other',
    tags: { 'ecs-steward:cluster': 'other' },
    instances: [{ instanceId: 'i-2', lifecycleState: 'Terminating:Wait' }],
  });

  it('in one cluster does not stop the others', async () => {
    const registrations = async (name: string) => {
      if (name === 'other') throw new Error('ServerException');
      return [registration()];
    };
    const { deps, trace } = depsOf(answers([other, group()], [], [stopped()], { registrations }));
    await sweep(deps, knowing(other, group()), tick());
    expect(trace.calls).toContainEqual(['complete', groupName, instanceId]);
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('with one instance does not stop the others', async () => {
    const ids = [instanceId, 'i-2'];
    const both = group({
      instances: ids.map((id) => ({ instanceId: id, lifecycleState: 'Terminating:Wait' })),
    });
    const registrations = ids.map((id) =>
      registration({ ec2InstanceId: id, containerInstanceArn: `${arn}/${id}` }),
    );
    const complete = async (_: string, id: string) => {
      if (id === instanceId) throw new Error('ResourceContention');
      return 'completed' as const;
    };
    const { deps, trace } = depsOf(answers([both], registrations, [], { complete }));
    await sweep(deps, knowing(both), tick());
    expect([total(trace, 'Released'), total(trace, 'Failures')]).toEqual([1, 1]);
  });

  it('in reading the tasks leaves those instances waiting, and no more than ten', async () => {
    const ids = Array.from({ length: 11 }, (_, i) => `i-${i}`);
    const eleven = group({
      instances: ids.map((id) => ({ instanceId: id, lifecycleState: 'Terminating:Wait' })),
    });
    const registrations = ids.map((id) =>
      registration({ ec2InstanceId: id, containerInstanceArn: `${arn}/${id}` }),
    );
    const listTasks = async (_: string, __: string, containerInstanceArn = '') => {
      if (containerInstanceArn.endsWith('i-3')) throw new Error('AccessDeniedException');
      return [];
    };
    const { deps, trace } = depsOf(answers([eleven], registrations, [], { listTasks }));
    await sweep(deps, knowing(eleven), tick());
    expect(trace.calls.filter(([name]) => name === 'complete')).toEqual([['complete', groupName, 'i-10']]);
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('does not come of many instances: their tasks are listed by cluster, and told apart', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `i-${i}`);
    const many = group({
      instances: ids.map((id) => ({ instanceId: id, lifecycleState: 'Terminating:Wait' })),
    });
    const registrations = ids.map((id) =>
      registration({ ec2InstanceId: id, containerInstanceArn: `${arn}/${id}` }),
    );
    const living = stopping({ containerInstanceArn: `${arn}/i-7` });
    const { deps, trace } = depsOf(answers([many], registrations, [living]));
    await sweep(deps, knowing(many), tick());
    expect(namesOf(trace).filter((name) => name === 'listTasks')).toHaveLength(2);
    const completed = trace.calls.filter(([name]) => name === 'complete').map((call) => call[2]);
    expect(completed).toHaveLength(59);
    expect(completed).not.toContain('i-7');
  });

  it('in reading the groups fails the sweep, so that it is seen', async () => {
    const enrolledGroups = async () => {
      throw new Error('Throttling');
    };
    const { deps } = depsOf({ enrolledGroups });
    await expect(sweep(deps, freshMemory(), tick())).rejects.toThrow('Throttling');
  });
});

describe('time', () => {
  it('that runs out ends the sweep, and that is counted', async () => {
    const { deps, trace } = depsOf(answers([group()], [registration()], [stopped()]));
    await sweep(deps, freshMemory(), tick(noon, 15_000));
    expect(namesOf(trace)).toEqual(['enrolledGroups']);
    expect(total(trace, 'SweepCutShort')).toBe(1);
  });

  it('is given first to another group each minute', async () => {
    const groups = ['a', 'b', 'c'].map((name) =>
      group({ autoScalingGroupName: name, autoScalingGroupARN: `arn:${name}`, instances: [] }),
    );
    const { deps, trace } = depsOf(answers(groups));
    for (let minute = 0; minute < 3; minute++) await sweep(deps, freshMemory(), tick(at(minute * 60)));
    const first = trace.calls.flatMap(([name], i) =>
      name === 'enrolledGroups' ? [trace.calls[i + 1]?.[1]] : [],
    );
    expect(first.toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('taken is told', async () => {
    const { deps, trace } = depsOf(answers([]));
    await sweep(deps, freshMemory(), tick());
    expect(trace.counts.get('SweepSeconds')).toEqual([0]);
    expect(trace.counts.get('Leaving')).toEqual([0]);
  });
});
