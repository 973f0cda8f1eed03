import { describe, expect, it } from 'vitest';
import { type Blocker, blockersOf } from '../../lib/blockers.ts';
import type { Room } from '../../lib/room.ts';
import { findings, service } from './blockers-scene.ts';
import { at, registration, standalone, stopped, stopping, task, taskArn } from './fixtures.ts';

const kindsOf = (blockers: readonly Blocker[]) => blockers.map(({ kind }) => kind);
const small: Room = {
  containerInstanceArn: 'other',
  agentConnected: true,
  cpu: 128,
  memoryMib: 4096,
  gpus: 0,
  usedPorts: [],
};
const daemon = service({ serviceName: 'log', schedulingStrategy: 'DAEMON', maximumPercent: 100 });
const daemonTask = task({ taskArn: taskArn('log'), group: 'service:log' });

describe('a replica service', () => {
  it.each([
    ['minimum and maximum at 100 (D-2.24)', 4, 100, 100, 4, 4],
    ['rounding (D-2.23)', 3, 100, 125, 3, 3],
    ['one task and less than another', 1, 100, 150, 1, 1],
    ['a minimum above 50 of one', 1, 60, 100, 1, 1],
  ])('can neither stop nor start a task, by %s', (_, desiredCount, min, max, least, most) => {
    const web = service({ desiredCount, minimumHealthyPercent: min, maximumPercent: max });
    expect(blockersOf(findings([web]))).toEqual([
      {
        kind: 'min-max',
        serviceName: 'web',
        desiredCount,
        least,
        most,
        says: expect.stringContaining(`minimumHealthyPercent ${min}, maximumPercent ${max}`),
      },
    ]);
  });

  it.each([
    [4, 50, 100],
    [4, 100, 200],
    [2, 100, 150],
  ])('that may move is not said to be stuck: %i tasks at %i and %i percent', (desiredCount, min, max) => {
    const web = service({ desiredCount, minimumHealthyPercent: min, maximumPercent: max });
    expect(kindsOf(blockersOf(findings([web])))).not.toContain('min-max');
  });

  it('has no room: which resource, how much it needs, and the most that is free elsewhere (D-2.43)', () => {
    expect(blockersOf(findings([service()], { rooms: [small, { ...small, cpu: 200 }] }))).toEqual([
      {
        kind: 'no-room',
        serviceName: 'web',
        otherInstances: 2,
        resource: 'CPU',
        needed: 256,
        largestFree: 200,
        says: 'a task of service web needs CPU 256, and the most that one of 2 other instances has free is 200',
      },
    ]);
  });

  it('has no room although each resource is free somewhere', () => {
    const rooms = [small, { ...small, cpu: 2048, memoryMib: 0 }];
    expect(blockersOf(findings([service()], { rooms }))).toMatchObject([
      { kind: 'no-room', resource: 'all together' },
    ]);
  });

  it.each<[string, Parameters<typeof findings>]>([
    [
      'it may stop a task before it starts another',
      [[service({ minimumHealthyPercent: 50 })], { rooms: [small] }],
    ],
    ['it starts tasks of another revision', [[service({ taskDefinitionArn: 'web:2' })], { rooms: [small] }]],
    ['a task of it is on its way', [[service({ pendingCount: 1 })], { rooms: [small] }]],
    ['not all other instances were looked at', [[service()], { rooms: undefined }]],
  ])('is not said to lack room where %s', (_, [services, overrides]) => {
    expect(kindsOf(blockersOf(findings(services, overrides)))).not.toContain('no-room');
  });

  it('has a task that ECS cannot place: in its own words, where the numbers do not show why (D-1.19)', () => {
    const unplaced = { at: at(-600), text: '(service web) was unable to place a task because ...' };
    const [blocker, ...more] = blockersOf(findings([service({ unplaced })]));
    expect(more).toEqual([]);
    expect(blocker).toMatchObject({ kind: 'not-placed', message: unplaced.text, since: unplaced.at });
    expect(blocker?.says).toBe(`ECS says since 2026-05-04T11:50:00Z: ${unplaced.text}`);
    const short = blockersOf(findings([service({ unplaced })], { rooms: [small] }));
    expect(kindsOf(short)).toEqual(['no-room']);
  });

  it('has tasks that do not start (D-2.39)', () => {
    const impaired = {
      at: at(-60),
      text: '(service web) is unable to consistently start tasks successfully.',
    };
    expect(blockersOf(findings([service({ impaired })]))).toMatchObject([
      { kind: 'start-impaired', serviceName: 'web', since: at(-60) },
    ]);
  });

  it.each([
    ['IN_PROGRESS', 'deployment-in-progress', 'possibly'],
    ['FAILED', 'deployment-failed', 'starts no more tasks'],
  ])('has a deployment that is %s (D-1.21)', (rolloutState, kind, words) => {
    const deployment = { rolloutState, since: at(-300) };
    expect(blockersOf(findings([service({ deployment })]))).toMatchObject([
      { kind, serviceName: 'web', since: at(-300), says: expect.stringContaining(words) },
    ]);
  });

  it('replaces its tasks, where the counts say so and nothing is in the way', () => {
    const deployment = { rolloutState: 'COMPLETED', since: at(-300) };
    const web = service({ pendingCount: 1, deployment });
    expect(blockersOf(findings([web]))).toEqual([
      {
        kind: 'replacing',
        serviceName: 'web',
        runningCount: 4,
        pendingCount: 1,
        says: 'ECS replaces tasks of service web: 4 running and 1 pending of 4',
      },
    ]);
  });

  it('is not explained where nothing is in the way: no guess is made', () => {
    expect(blockersOf(findings([service()]))).toEqual([
      {
        kind: 'unknown',
        serviceName: 'web',
        taskCount: 1,
        unread: [],
        says: 'nothing was found that keeps 1 task of service web',
      },
    ]);
  });

  it('is not explained where it could not be read, and that is said', () => {
    const [blocker] = blockersOf(findings([], { unread: ['services'] }));
    expect(blocker).toMatchObject({ kind: 'unknown', serviceName: 'web', unread: ['services'] });
    expect(blocker?.says).toContain('could not read services');
  });
});

describe('a protected task', () => {
  const protections = new Map([
    [taskArn('web'), at(3600)],
    [taskArn('web2'), at(7200)],
  ]);

  it('may be held, until its protection ends: AWS does not say whether it is (D-2.36)', () => {
    const [blocker] = blockersOf(findings([service()], { protections }));
    expect(blocker).toMatchObject({ kind: 'protected', taskArns: [taskArn('web')], until: at(3600) });
    expect(blocker?.says).toBe(
      '1 task of service web may be held by scale-in protection until 2026-05-04T13:00:00Z; AWS does not say whether it holds a drain',
    );
  });

  it('is told with the last end of several, and without one that is not known', () => {
    const tasks = [task(), task({ taskArn: taskArn('web2') })];
    const until = (map: ReadonlyMap<string, Date | undefined>) =>
      blockersOf(findings([service()], { tasks, protections: map }))[0];
    expect(until(protections)).toMatchObject({ until: at(7200) });
    expect(until(new Map([[taskArn('web'), undefined]]))).toMatchObject({ until: undefined });
  });

  it('does not hide that the service is stuck besides', () => {
    const stuck = service({ maximumPercent: 100 });
    expect(kindsOf(blockersOf(findings([stuck], { protections })))).toEqual(['min-max', 'protected']);
  });
});

describe('a daemon', () => {
  it('is last, while tasks of other services are left (D-2.29)', () => {
    const blockers = blockersOf(
      findings([service({ maximumPercent: 100 }), daemon], { tasks: [task(), daemonTask] }),
    );
    expect(kindsOf(blockers)).toEqual(['min-max', 'daemon-last']);
    expect(blockers[1]?.says).toBe(
      'service log is a daemon: its task is stopped last, after 1 of other services',
    );
  });

  it('is not explained by that where none is left, standalone tasks or not', () => {
    for (const tasks of [[daemonTask], [daemonTask, standalone()]])
      expect(kindsOf(blockersOf(findings([daemon], { tasks })))).not.toContain('daemon-last');
  });
});

describe('the order', () => {
  it('is from what stops everything to what only takes time, and does not depend on that of the tasks', () => {
    const tasks = [
      daemonTask,
      stopping({ taskArn: taskArn('old') }),
      task({ taskArn: taskArn('api'), group: 'service:api' }),
      standalone(),
      task(),
    ];
    const all = [
      daemon,
      service({ maximumPercent: 100 }),
      service({ serviceName: 'api', maximumPercent: 100 }),
    ];
    const blockers = blockersOf(findings(all, { tasks }));
    expect(blockers.map(({ kind, serviceName }) => [kind, serviceName])).toEqual([
      ['min-max', 'api'],
      ['min-max', 'web'],
      ['standalone', undefined],
      ['stopping', undefined],
      ['daemon-last', 'log'],
    ]);
    expect(blockersOf(findings(all.toReversed(), { tasks: tasks.toReversed() }))).toEqual(blockers);
  });
});

describe('what else is left', () => {
  it('is standalone tasks, since the oldest of them started (D-2.28)', () => {
    const tasks = [standalone(), standalone({ taskArn: taskArn('job2'), startedAt: at(-7200) })];
    expect(blockersOf(findings([], { tasks }))).toEqual([
      {
        kind: 'standalone',
        taskArns: [taskArn('job'), taskArn('job2')],
        since: at(-7200),
        says: '2 standalone tasks run, the oldest since 2026-05-04T10:00:00Z; ECS leaves them alone',
      },
    ]);
  });

  it('is tasks that are being stopped, since the first of them was told to (D-2.31)', () => {
    const tasks = [stopping(), stopping({ taskArn: taskArn('b'), stoppingAt: at(-90) }), stopped()];
    expect(blockersOf(findings([], { tasks }))).toEqual([
      {
        kind: 'stopping',
        taskArns: [taskArn('b'), taskArn('web')],
        since: at(-90),
        says: '2 tasks are being stopped since 2026-05-04T11:58:30Z',
      },
    ]);
  });

  it.each([
    [0, '; they may take 90 s from SIGTERM to SIGKILL (stopTimeout)'],
    [
      20,
      '; they may take 90 s from SIGTERM to SIGKILL (stopTimeout) after up to 20 s in which they leave their load balancer',
    ],
  ])('says how long the slowest of them may take (D-2.35, D-13.8): %i s of delay', (delay, words) => {
    const slow = stopping({ taskArn: taskArn('slow') });
    const endings = new Map([
      [taskArn('slow'), { task: slow, stopTimeoutSeconds: 90, deregistrationDelaySeconds: delay }],
      [taskArn('web'), { task: stopping(), stopTimeoutSeconds: 30, deregistrationDelaySeconds: 0 }],
    ]);
    const [found] = blockersOf(findings([], { tasks: [stopping(), slow], endings }));
    expect(found).toEqual({
      kind: 'stopping',
      taskArns: [taskArn('slow'), taskArn('web')],
      since: at(-20),
      stopTimeoutSeconds: 90,
      deregistrationDelaySeconds: delay,
      says: `2 tasks are being stopped since 2026-05-04T11:59:40Z${words}`,
    });
  });

  it('is told beside an agent that is not connected: nothing can be stopped there (D-2.44)', () => {
    const registrations = [registration({ agentConnected: false })];
    const since = at(-60);
    expect(
      blockersOf(findings([], { registrations, disconnectedSince: since, tasks: [stopping()] })),
    ).toMatchObject([{ kind: 'agent-disconnected', since }, { kind: 'stopping' }]);
    expect(kindsOf(blockersOf(findings([], { disconnectedSince: since, tasks: [stopping()] })))).toEqual([
      'stopping',
    ]);
  });

  it('is nothing where every task is STOPPED', () => {
    expect(blockersOf(findings([service()], { tasks: [stopped()] }))).toEqual([]);
  });
});
