import { describe, expect, it } from 'vitest';
import { decide, hookEndsIn, late, type Row, release, retain, stopTasks, wait } from './departure-scene.ts';
import { at, noon, standalone, stopping, task, taskArn } from './fixtures.ts';

describe('row 8: the drain deadline of service tasks', () => {
  it.each<Row>([
    {
      when: 'a millisecond before: waits',
      is: late(-0.001),
      has: [{}],
      runs: [task()],
      gives: wait('service-tasks'),
    },
    {
      when: 'exactly gives: stops what still runs',
      is: late(0),
      has: [{}],
      runs: [task(), stopping({ taskArn: taskArn('other') })],
      gives: stopTasks('deadline', taskArn('web')),
    },
    {
      when: 'standalone tasks are not stopped with them',
      is: late(0),
      has: [{}],
      runs: [task(), standalone()],
      gives: stopTasks('deadline', taskArn('web')),
    },
    {
      when: 'told to stop: waits for STOPPED',
      is: late(30),
      has: [{}],
      runs: [stopping()],
      gives: wait('tasks-stopping'),
    },
    {
      when: 'the grace is not over',
      is: late(599.999),
      has: [{}],
      runs: [stopping({ stoppingAt: at(-700) })],
      gives: wait('tasks-stopping'),
    },
    {
      when: 'the grace is over',
      is: late(600),
      has: [{}],
      runs: [stopping({ stoppingAt: at(-700) })],
      gives: release('deadline'),
    },
    {
      when: 'the grace counts from a stop after the deadline',
      is: late(7200),
      has: [{}],
      runs: [stopping({ stoppingAt: at(-599.999) })],
      gives: wait('tasks-stopping'),
    },
    {
      when: 'the grace from such a stop is over',
      is: late(7200),
      has: [{}],
      runs: [stopping({ stoppingAt: at(-600) })],
      gives: release('deadline'),
    },
    {
      when: 'the grace is a minute longer than the slowest task needs, where that is more (D-2.35, D-13.8)',
      is: { ...late(1559.999), endingSeconds: 1500 },
      has: [{}],
      runs: [stopping({ stoppingAt: at(-1600) })],
      gives: wait('tasks-stopping'),
    },
    {
      when: 'that grace is over',
      is: { ...late(1560), endingSeconds: 1500 },
      has: [{}],
      runs: [stopping({ stoppingAt: at(-1600) })],
      gives: release('deadline'),
    },
    {
      when: 'the grace is never shorter than ten minutes',
      is: { ...late(599.999), endingSeconds: 2 },
      has: [{}],
      runs: [stopping({ stoppingAt: at(-700) })],
      gives: wait('tasks-stopping'),
    },
    {
      when: 'long after it, a task that was never told is stopped first',
      is: late(7200),
      has: [{}],
      runs: [task()],
      gives: stopTasks('deadline', taskArn('web')),
    },
    {
      when: 'never while a standalone task lives',
      is: late(7200),
      has: [{}],
      runs: [stopping({ stoppingAt: at(-7000) }), standalone()],
      gives: wait('standalone-tasks'),
    },
    {
      when: 'not for standalone tasks alone',
      is: late(7200),
      has: [{}],
      runs: [standalone()],
      gives: wait('standalone-tasks'),
    },
    {
      when: 'continue: releases at once',
      is: late(0, 'continue'),
      has: [{}],
      runs: [task()],
      gives: release('deadline'),
    },
    {
      when: 'continue: not while a standalone task lives',
      is: late(0, 'continue'),
      has: [{}],
      runs: [task(), standalone()],
      gives: wait('standalone-tasks'),
    },
    {
      when: 'retain: keeps the instance at once, with all that runs on it (D-3.14)',
      is: late(0, 'retain'),
      has: [{}],
      runs: [task(), standalone()],
      gives: retain('deadline'),
    },
    {
      when: 'retain: not before the deadline',
      is: late(-0.001, 'retain'),
      has: [{}],
      runs: [task()],
      gives: wait('service-tasks'),
    },
    {
      when: 'retain: also what is being stopped',
      is: late(0, 'retain'),
      has: [{}],
      runs: [stopping()],
      gives: retain('deadline'),
    },
    {
      when: 'retain: not for standalone tasks alone, whose time is the end of the hook',
      is: late(0, 'retain'),
      has: [{}],
      runs: [standalone()],
      gives: wait('standalone-tasks'),
    },
    { when: 'not known: never passes', is: {}, has: [{}], runs: [task()], gives: wait('service-tasks') },
  ])('$when', (row) => expect(decide(row)).toEqual(row.gives));
});

describe('row 9: the time of standalone tasks', () => {
  const due = { standaloneStopAt: noon };
  it.each<Row>([
    {
      when: 'a millisecond before: waits',
      is: { standaloneStopAt: at(0.001) },
      has: [{}],
      runs: [standalone()],
      gives: wait('standalone-tasks'),
    },
    {
      when: 'has come: stops them and no service task',
      is: due,
      has: [{}],
      runs: [task(), standalone()],
      gives: stopTasks('standalone-tasks', taskArn('job')),
    },
    {
      when: 'has come for them although service tasks are in their grace',
      is: { ...due, ...late(30) },
      has: [{}],
      runs: [stopping(), standalone()],
      gives: stopTasks('standalone-tasks', taskArn('job')),
    },
    {
      when: 'told to stop: waits for STOPPED, however long',
      is: due,
      has: [{}],
      runs: [standalone({ desiredStatus: 'STOPPED', stoppingAt: at(-7000) })],
      gives: wait('tasks-stopping'),
    },
    {
      when: 'is not for service tasks',
      is: due,
      has: [{}],
      runs: [task()],
      gives: wait('service-tasks'),
    },
  ])('$when', (row) => expect(decide(row)).toEqual(row.gives));
});

describe('the end of the hook (D-3.7)', () => {
  it.each<Row>([
    {
      when: '600.001 s before: waits for a standalone task',
      is: hookEndsIn(600.001),
      has: [{}],
      runs: [standalone()],
      gives: wait('standalone-tasks'),
    },
    {
      when: '600 s before: stops everything left',
      is: hookEndsIn(600),
      has: [{}],
      runs: [standalone(), task()],
      gives: stopTasks('hook-ending', taskArn('job'), taskArn('web')),
    },
    {
      when: 'stops everything as much sooner as the slowest task needs to end before the release',
      is: { ...hookEndsIn(1500 + 60 + 120), endingSeconds: 1500 },
      has: [{}],
      runs: [standalone()],
      gives: stopTasks('hook-ending', taskArn('job')),
    },
    {
      when: 'not a millisecond sooner than that',
      is: { ...hookEndsIn(1500 + 60 + 120.001), endingSeconds: 1500 },
      has: [{}],
      runs: [standalone()],
      gives: wait('standalone-tasks'),
    },
    {
      when: 'told to stop: waits',
      is: hookEndsIn(300),
      has: [{}],
      runs: [stopping()],
      gives: wait('tasks-stopping'),
    },
    {
      when: '120.001 s before: still waits',
      is: hookEndsIn(120.001),
      has: [{}],
      runs: [stopping()],
      gives: wait('tasks-stopping'),
    },
    {
      when: '120 s before: releases, whatever lives',
      is: hookEndsIn(120),
      has: [{}],
      runs: [standalone()],
      gives: release('hook-ending'),
    },
    {
      when: '600 s before: keeps the instance where its group retains, and stops nothing (D-3.14)',
      is: { ...hookEndsIn(600), ...late(-3600, 'retain') },
      has: [{}],
      runs: [standalone(), task()],
      gives: retain('hook-ending'),
    },
    {
      when: '120 s before: keeps it though nobody looked at its tasks',
      is: { ...hookEndsIn(120), ...late(-3600, 'retain') },
      has: [{ taskCount: 1 }],
      runs: undefined,
      gives: retain('hook-ending'),
    },
    {
      when: '120 s before: releases what never drained: kept, it would only be given more tasks',
      is: { ...hookEndsIn(120), ...late(-3600, 'retain') },
      has: [{ status: 'ACTIVE', taskCount: 1 }],
      runs: undefined,
      gives: release('hook-ending'),
    },
    {
      when: '120 s before: also an instance that is REGISTERING',
      is: hookEndsIn(120),
      has: [{ status: 'REGISTERING' }],
      runs: undefined,
      gives: release('hook-ending'),
    },
    {
      when: '120 s before: also one that could not be drained',
      is: hookEndsIn(120),
      has: [{ status: 'ACTIVE' }],
      runs: undefined,
      gives: release('hook-ending'),
    },
  ])('$when', (row) => expect(decide(row)).toEqual(row.gives));
});
