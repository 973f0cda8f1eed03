import { describe, expect, it } from 'vitest';
import { release } from '../../functions/release.ts';
import { UnknownCluster } from '../../lib/errors.ts';
import type { Fleet } from '../../lib/fleet.ts';
import type { Hint } from '../../lib/sighting.ts';
import {
  arn,
  at,
  clusterName,
  depsOf,
  group,
  groupName,
  instanceId,
  namesOf,
  registration,
  stopped,
  stopping,
  taskArn,
  total,
} from '../lib/fixtures.ts';
import { answers, change, inState, look, messages, stop } from './release-scene.ts';

describe('the last task is STOPPED', () => {
  it('completes the hook, in seven calls', async () => {
    const { deps, trace } = depsOf(answers([stopped()]));
    expect(await release(deps, messages(stop()))).toEqual([]);
    expect(trace.calls).toEqual([
      ['describe', clusterName, [arn]],
      ['instanceStates', [instanceId]],
      ['groups', [groupName]],
      ['listTasks', clusterName, 'RUNNING', arn],
      ['listTasks', clusterName, 'STOPPED', arn],
      ['describeTasks', clusterName, [taskArn('web')]],
      ['complete', groupName, instanceId],
    ]);
    expect(trace.counts.get('DrainSeconds')).toEqual([120]);
  });

  it('completes it once for a whole batch of its events', async () => {
    const other = stopped({ taskArn: taskArn('job') });
    const { deps, trace } = depsOf(answers([stopped(), other]));
    await release(deps, messages(stop(), stop({ taskArn: taskArn('job') }), stop(), change()));
    expect(namesOf(trace)).toHaveLength(7);
  });

  it('waits while another one is stopping, though all counts are 0 (D-2.12)', async () => {
    const { deps, trace } = depsOf(answers([stopped(), stopping({ taskArn: taskArn('job') })]));
    expect(await release(deps, messages(stop()))).toEqual([]);
    expect(namesOf(trace)).not.toContain('complete');
    expect(total(trace, 'Waiting')).toBe(1);
  });

  it('takes a task that ECS has forgotten for STOPPED (D-5.18)', async () => {
    const { deps, trace } = depsOf(answers([]));
    await release(deps, messages(stop()));
    expect(trace.calls.slice(-2)).toEqual([
      ['describeTasks', clusterName, [taskArn('web')]],
      ['complete', groupName, instanceId],
    ]);
  });

  it('treats an instance that AWS fails on alone', async () => {
    const arns = [arn, `${arn}2`];
    const ids = [instanceId, 'i-2'];
    const { deps, trace } = depsOf(
      answers([], {
        describe: async () =>
          arns.map((one, i) => registration({ containerInstanceArn: one, ec2InstanceId: ids[i] ?? '' })),
        instanceStates: async () =>
          ids.map((id) => ({
            instanceId: id,
            autoScalingGroupName: groupName,
            lifecycleState: 'Terminating:Wait',
          })),
        complete: async (_, id) => {
          if (id === instanceId) throw new Error('Throttling');
          return 'completed';
        },
      }),
    );
    const batch = messages(change(), change({ containerInstanceArn: `${arn}2`, instanceId: 'i-2' }));
    expect(await release(deps, batch)).toEqual(['m0']);
    expect([total(trace, 'Released'), total(trace, 'Failures')]).toEqual([1, 1]);
  });
});

describe('nothing waits for what it does not need', () => {
  /** A promise, and what resolves it. */
  const gate = () => {
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    return { open, opened };
  };

  it('reads the group while it reads the tasks', async () => {
    const { open, opened } = gate();
    const { deps, trace } = depsOf(
      answers([], {
        groups: () => opened.then(() => [group()]),
        listTasks: async () => {
          open();
          return [];
        },
      }),
    );
    await release(deps, messages(change()));
    expect(namesOf(trace).at(-1)).toBe('complete');
  });

  it('reads the group of all instances of a batch once, and completes them at once', async () => {
    const { open, opened } = gate();
    const ids = Array.from({ length: 10 }, (_, i) => `i-${i}`);
    let completing = 0;
    const { deps, trace } = depsOf(
      answers([], {
        describe: async () =>
          ids.map((id) => registration({ containerInstanceArn: arn + id, ec2InstanceId: id })),
        instanceStates: async () =>
          ids.map((id) => ({
            instanceId: id,
            autoScalingGroupName: groupName,
            lifecycleState: 'Terminating:Wait',
          })),
        complete: async () => {
          completing++;
          if (completing === ids.length) open();
          await opened;
          return 'completed';
        },
      }),
    );
    const batch = ids.map((id) => change({ containerInstanceArn: arn + id, instanceId: id }));
    expect(await release(deps, messages(...batch))).toEqual([]);
    expect(namesOf(trace).filter((name) => name === 'groups')).toHaveLength(1);
    expect(total(trace, 'Released')).toBe(10);
  });

  it('gives the messages back where the group cannot be read', async () => {
    const groups = async () => {
      throw new Error('ServerException');
    };
    const { deps, trace } = depsOf(answers([stopped()], { groups }));
    expect(await release(deps, messages(stop()))).toEqual(['m0']);
    expect(namesOf(trace)).not.toContain('complete');
  });
});

describe('little is asked where little is needed', () => {
  it.each<[string, Hint[], Partial<Fleet>, string[]]>([
    ['nothing while the event shows resources still held', [change({ holdsResources: true })], {}, []],
    [
      'one call while tasks are meant to run',
      [stop()],
      { describe: async () => [registration({ taskCount: 1 })] },
      ['describe'],
    ],
    [
      'two calls while another task still holds resources',
      [stop()],
      { describe: async () => [registration({ holdsResources: true })] },
      ['describe', 'describeTasks'],
    ],
    [
      'one call where the instance is not DRAINING',
      [stop()],
      { describe: async () => [registration({ status: 'ACTIVE' })] },
      ['describe'],
    ],
    ['one call where ECS has forgotten the instance', [stop()], { describe: async () => [] }, ['describe']],
    [
      'two calls after the hook was completed',
      [stop()],
      inState('Terminating:Proceed'),
      ['describe', 'instanceStates'],
    ],
    [
      'two calls after the instance has gone',
      [stop()],
      { instanceStates: async () => [] },
      ['describe', 'instanceStates'],
    ],
    [
      'two calls where an operator drains an instance that stays',
      [stop()],
      { ...inState('InService'), describe: async () => [registration({ mark: undefined })] },
      ['describe', 'instanceStates'],
    ],
  ])('%s', async (_, events, overrides, names) => {
    const { deps, trace } = depsOf(answers([stopped()], overrides));
    expect(await release(deps, messages(...events))).toEqual([]);
    expect(namesOf(trace)).toEqual(names);
    expect(trace.slept).toEqual([]);
  });
});

describe('an instance that cannot be used any more', () => {
  it.each(['INACTIVE', 'DEREGISTERING', 'REGISTRATION_FAILED'])('is released: %s', async (status) => {
    const gone = registration({ status, agentConnected: false });
    const { deps, trace } = depsOf(
      answers([], {
        describe: async () => [gone],
        registrations: async () => [],
        groups: async () => [group()],
      }),
    );
    await release(deps, messages(change({ status })));
    expect(trace.calls.at(-1)).toEqual(['complete', groupName, instanceId]);
    expect(total(trace, 'ReleasedNotUsable')).toBe(1);
  });

  it('costs one call where INACTIVE is only the end of an instance that was released (D-2.5)', async () => {
    const { deps, trace } = depsOf(answers([], { instanceStates: async () => [] }));
    await release(deps, messages(change({ status: 'INACTIVE' })));
    expect(namesOf(trace)).toEqual(['instanceStates']);
  });

  it.each(['INACTIVE', 'DEREGISTERING'])('costs none where we marked it: %s', async (status) => {
    const { deps, trace } = depsOf({});
    expect(await release(deps, messages(change({ status, isMarked: true })))).toEqual([]);
    expect(trace.calls).toEqual([]);
    expect(total(trace, 'Waiting')).toBe(1);
  });

  it('is not released where it has registered anew', async () => {
    const gone = registration({ status: 'INACTIVE', agentConnected: false });
    const anew = registration({ containerInstanceArn: `${arn}2`, status: 'ACTIVE' });
    const { deps, trace } = depsOf(
      answers([], { describe: async () => [gone], registrations: async () => [anew] }),
    );
    await release(deps, messages(change({ status: 'INACTIVE' })));
    expect(namesOf(trace)).not.toContain('complete');
  });
});

describe('a look that we asked for', () => {
  it('finds the instance by its EC2 id, and releases it where it is empty', async () => {
    const { deps, trace } = depsOf(answers([]));
    await release(deps, messages(look()));
    expect(namesOf(trace)).toEqual([
      'registrations',
      'instanceStates',
      'groups',
      'listTasks',
      'listTasks',
      'complete',
    ]);
  });

  it('releases an instance that is still registered nowhere', async () => {
    const { deps, trace } = depsOf(
      answers([], { registrations: async () => [], clustersOf: async () => [] }),
    );
    await release(deps, messages(look({ because: 'not-registered', at: at(-15) })));
    expect(namesOf(trace)).toEqual(['registrations', 'instanceStates', 'groups', 'clustersOf', 'complete']);
    expect(total(trace, 'ReleasedNotRegistered')).toBe(1);
  });

  it('releases none that is registered in another cluster than the tag names, and says so', async () => {
    const elsewhere = { registrations: async () => [], clustersOf: async () => ['another'] };
    const { deps, trace } = depsOf(answers([], elsewhere));
    await release(deps, messages(look({ because: 'not-registered', at: at(-15) })));
    expect(namesOf(trace)).not.toContain('complete');
    expect(total(trace, 'Misconfigured')).toBe(1);
  });

  it('drops a look at an instance whose cluster is gone, when it is registered nowhere by then', async () => {
    const gone = async () => {
      throw new UnknownCluster('There is no cluster "demo"');
    };
    const { deps, trace } = depsOf(answers([], { registrations: gone, clustersOf: async () => [] }));
    expect(await release(deps, messages(look({ because: 'not-registered', at: at(-15) })))).toEqual([]);
    expect(namesOf(trace)).toContain('complete');
  });

  it.each([
    ['the first look is not 15 s old', look({ because: 'not-registered', at: at(-14.9) })],
    ['the first look was for another reason', look({ because: 'empty' })],
  ])('releases nothing where %s', async (_, event) => {
    const { deps, trace } = depsOf(answers([], { registrations: async () => [] }));
    await release(deps, messages(event));
    expect(namesOf(trace)).toEqual(['registrations']);
  });

  it('does not believe that the instance is InService: the message comes back', async () => {
    const { deps } = depsOf(answers([], inState('InService')));
    expect(await release(deps, messages(look()))).toEqual(['m0']);
  });

  it('does not release on empty lists while the instance looks busy: reads again, and comes back', async () => {
    const busy = async () => [registration({ holdsResources: true })];
    const { deps, trace } = depsOf(answers([], { registrations: busy, describe: busy }));
    expect(await release(deps, messages(look()))).toEqual(['m0']);
    expect(namesOf(trace)).not.toContain('complete');
    expect(trace.slept).toEqual([200, 400, 800, 1600]);
    expect(total(trace, 'Behind')).toBe(1);
  });

  it('releases as soon as the instance looks empty', async () => {
    const { deps, trace } = depsOf(
      answers([stopped()], { registrations: async () => [registration({ holdsResources: true })] }),
    );
    expect(await release(deps, messages(look()))).toEqual([]);
    expect(namesOf(trace).at(-1)).toBe('complete');
    expect(trace.slept).toEqual([200]);
  });
});

it('gives back the messages of a cluster that cannot be read, and does the others', async () => {
  const { deps, trace } = depsOf(
    answers([stopped()], {
      describe: async (name) => {
        if (name === 'bad') throw new Error('ServerException');
        return [registration()];
      },
    }),
  );
  expect(
    await release(deps, messages(stop({ clusterName: 'bad', containerInstanceArn: 'x' }), stop())),
  ).toEqual(['m0']);
  expect(namesOf(trace).at(-1)).toBe('complete');
  expect(total(trace, 'Failures')).toBe(1);
});
