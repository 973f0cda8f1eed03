import { describe, expect, it } from 'vitest';
import { freshMemory, sweep } from '../../functions/sweep.ts';
import type { Registration } from '../../lib/departure.ts';
import { UnknownCluster } from '../../lib/errors.ts';
import { isHeartbeatDue } from '../../lib/heartbeat.ts';
import { terminateHook } from '../../lib/hook.ts';
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
import { answers, idle, knowing, marked, minuteWhere, tick } from './sweep-scene.ts';

describe('hooks', () => {
  it('are looked at when this environment sees a group first, and then every 15 minutes', async () => {
    const { deps, trace } = depsOf(answers([idle]));
    const memory = freshMemory();
    await sweep(deps, memory, tick(minuteWhere(false)));
    await sweep(deps, memory, tick(minuteWhere(false)));
    expect(namesOf(trace).filter((name) => name === 'hook')).toHaveLength(1);
    await sweep(deps, memory, tick(minuteWhere(true)));
    expect(namesOf(trace).filter((name) => name === 'hook')).toHaveLength(2);
  });

  it.each([
    ['is missing', undefined],
    ['has another timeout', { ...terminateHook, heartbeatTimeoutSeconds: 3600 }],
  ])('are put where one %s', async (_, hook) => {
    const { deps, trace } = depsOf(
      answers([idle], [], [], { hook: async () => hook, putHook: async () => {} }),
    );
    await sweep(deps, freshMemory(), tick());
    expect(trace.calls).toContainEqual(['putHook', groupName]);
    expect(total(trace, 'HooksPut')).toBe(1);
  });

  it.each([
    [60, 0],
    [120, 1],
  ])(
    '%d s after the last sweep are looked at %d times: who stops sweeps may delete hooks',
    async (seconds, looks) => {
      const { deps, trace } = depsOf(answers([idle]));
      const time = minuteWhere(false);
      const renewedAt = new Date(time.getTime() - seconds * 1000);
      await sweep(deps, { ...knowing(idle), renewedAt }, tick(time));
      expect(namesOf(trace).filter((name) => name === 'hook')).toHaveLength(looks);
    },
  );

  it('are looked at again in the next sweep where AWS failed', async () => {
    const hook = async () => {
      throw new Error('Throttling');
    };
    const { deps, trace } = depsOf(answers([idle], [], [], { hook }));
    const memory = freshMemory();
    await sweep(deps, memory, tick(minuteWhere(false)));
    await sweep(deps, memory, tick(minuteWhere(false)));
    expect(namesOf(trace).filter((name) => name === 'hook')).toHaveLength(2);
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

  it('are sent for every instance by a new environment, and after a minute without a sweep', async () => {
    const { deps, trace } = depsOf(answers([group()], [registration({ taskCount: 1 })]));
    const memory = { ...knowing(group()), renewedAt: undefined };
    const sent = async (seconds: number) => {
      await sweep(deps, memory, tick(at(seconds)));
      return namesOf(trace).filter((name) => name === 'heartbeat').length;
    };
    expect(await sent(0)).toBe(1);
    expect(await sent(60)).toBe(1);
    expect(await sent(180)).toBe(2);
    expect(await sent(240)).toBe(2);
  });

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
    for (let minute = 0; minute < 15; minute++) await sweep(deps, knowing(group()), tick(at(minute * 60)));
    expect(namesOf(trace).filter((name) => name === 'heartbeat')).toHaveLength(2);
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
    const { deps, trace } = depsOf(answers([group()], [], [], { clustersOf: async () => [] }));
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
