import { describe, expect, it } from 'vitest';
import { departureTimes } from '../../lib/deadline.ts';
import {
  type Departure,
  decideDeparture,
  isInDoubt,
  needsTasks,
  type Registration,
} from '../../lib/departure.ts';
import type { Task } from '../../lib/task.ts';
import {
  decide,
  hookEndsIn,
  late,
  other,
  type Row,
  release,
  startDraining,
  wait,
} from './departure-scene.ts';
import { arn, at, departure, noon, registration, standalone, stopped, stopping, task } from './fixtures.ts';

describe('row 1: EC2 has ended the instance', () => {
  it.each<Row>([
    {
      when: 'and its registration is ACTIVE still: nothing is drained any more',
      is: { isGone: true },
      has: [{ status: 'ACTIVE', taskCount: 1 }],
      runs: undefined,
      gives: release('instance-gone'),
    },
    {
      when: 'and tasks on it show as RUNNING',
      is: { isGone: true },
      has: [{ taskCount: 1, holdsResources: true, agentConnected: false }],
      runs: [standalone()],
      gives: release('instance-gone'),
    },
    {
      when: 'and it is registered nowhere, not twice seen so',
      is: { isGone: true },
      has: [],
      runs: undefined,
      gives: release('instance-gone'),
    },
    {
      when: 'and others drain before it',
      is: { isGone: true, isOverBudget: true },
      has: [{ status: 'ACTIVE' }],
      runs: undefined,
      gives: release('instance-gone'),
    },
  ])('releases when it has $when', (row) => expect(decide(row)).toEqual(row.gives));

  it('has no tasks read: what they show is from before', () => {
    const draining = registration({ holdsResources: true });
    expect(needsTasks(departure(), [draining], noon)).toBe(true);
    expect(needsTasks(departure({ isGone: true, ...late(1) }), [draining], noon)).toBe(false);
  });
});

describe('row 2: registered nowhere', () => {
  it.each<Row>([
    { when: 'seen so for the first time', is: {}, has: [], runs: undefined, gives: wait('not-registered') },
    {
      when: 'seen so 14.999 s ago',
      is: { unregisteredSince: at(-14.999) },
      has: [],
      runs: undefined,
      gives: wait('not-registered'),
    },
    {
      when: 'seen so 15 s ago',
      is: { unregisteredSince: at(-15) },
      has: [],
      runs: undefined,
      gives: release('not-registered'),
    },
  ])('$when', (row) => expect(decide(row)).toEqual(row.gives));
});

describe('row 3: not usable (D-2.1)', () => {
  it.each(['INACTIVE', 'DEREGISTERING', 'REGISTRATION_FAILED'])(
    'releases an instance that is %s',
    (status) => {
      expect(decideDeparture(departure(), [registration({ status })], undefined, noon)).toEqual(
        release('not-usable'),
      );
    },
  );

  it('goes by the usable one of two registrations (D-2.8)', () => {
    const both = [
      registration({ status: 'INACTIVE' }),
      registration({ status: 'ACTIVE', containerInstanceArn: other }),
    ];
    expect(decideDeparture(departure(), both, undefined, noon)).toEqual(startDraining(other));
  });
});

describe('row 4: drained means STOPPED (D-2.12, D-2.30)', () => {
  it.each<Row>([
    { when: 'no task is known', is: {}, has: [{}], runs: [], gives: release('drained') },
    {
      when: 'every task is STOPPED',
      is: {},
      has: [{}],
      runs: [stopped(), stopped()],
      gives: release('drained'),
    },
    {
      when: 'one of two is still stopping',
      is: {},
      has: [{}],
      runs: [stopped(), stopping()],
      gives: wait('tasks-stopping'),
    },
    { when: 'the tasks were not looked at', is: {}, has: [{}], runs: undefined, gives: wait('draining') },
    {
      when: 'a count is not 0 although every listed task is STOPPED',
      is: {},
      has: [{ taskCount: 1 }],
      runs: [stopped()],
      gives: wait('settling'),
    },
    {
      when: 'the other registration still has a task (D-2.8)',
      is: {},
      has: [{}, { containerInstanceArn: other }],
      runs: [stopped(), stopping({ containerInstanceArn: other })],
      gives: wait('tasks-stopping'),
    },
    {
      when: 'the hook is about to end as well',
      is: hookEndsIn(60),
      has: [{}],
      runs: [stopped()],
      gives: release('drained'),
    },
  ])('$when', (row) => expect(decide(row)).toEqual(row.gives));

  it.each<Row>([
    {
      when: 'believes empty lists at once where nothing of the instance is held',
      is: { drainStartedAt: at(-0.1) },
      has: [{}],
      runs: [],
      gives: release('drained'),
    },
    {
      when: 'does not believe empty lists while something is held',
      is: { drainStartedAt: at(-59.999) },
      has: [{ holdsResources: true }],
      runs: [],
      gives: wait('settling'),
    },
    {
      when: 'does not take a stop for a sign of new lists: it is read later than they are',
      is: { drainStartedAt: at(-5) },
      has: [{ holdsResources: true }],
      runs: [stopped({ stoppedAt: at(-4) })],
      gives: wait('settling'),
    },
    {
      when: 'waits for the other registration to hold nothing (D-2.8)',
      is: { drainStartedAt: at(-5) },
      has: [{}, { containerInstanceArn: other, holdsResources: true }],
      runs: [],
      gives: wait('settling'),
    },
    {
      when: 'never believes the lists alone where it is not known when the drain began',
      is: {},
      has: [{ holdsResources: true }],
      runs: [stopped({ stoppedAt: at(-3600) })],
      gives: wait('settling'),
    },
    {
      when: 'ends a drain whose record never looks empty, 60 s after its begin',
      is: { drainStartedAt: at(-60) },
      has: [{ holdsResources: true }],
      runs: [stopped({ stoppedAt: at(-60) })],
      gives: release('drained'),
    },
    {
      when: 'ends a drain whose record never looks empty no earlier than 60 s after the last stop',
      is: { drainStartedAt: at(-600) },
      has: [{ holdsResources: true }],
      runs: [stopped({ stoppedAt: at(-59.999) }), stopped({ stoppedAt: at(-500) })],
      gives: wait('settling'),
    },
  ])('$when (D-1.4)', (row) => expect(decide(row)).toEqual(row.gives));
});

describe('isInDoubt', () => {
  it.each<[string, Partial<Registration>[], Task[], boolean]>([
    ['every task is STOPPED and something is held', [{ holdsResources: true }], [stopped()], true],
    ['no task is listed and something is held', [{ holdsResources: true }], [], true],
    ['nothing is held', [{}], [stopped()], false],
    ['a task still stops', [{ holdsResources: true }], [stopping()], false],
    ['tasks are meant to run', [{ holdsResources: true, taskCount: 1 }], [stopped()], false],
    ['the instance is not DRAINING', [{ holdsResources: true, status: 'ACTIVE' }], [], false],
    ['only an INACTIVE registration looks busy', [{ holdsResources: true, status: 'INACTIVE' }], [], false],
  ])('where %s', (_, has, runs, expected) => {
    expect(isInDoubt(has.map(registration), runs)).toBe(expected);
  });
});

describe('rows 5 to 7: before the drain', () => {
  it.each<Row>([
    {
      when: 'waits for a budget while ACTIVE',
      is: { isOverBudget: true },
      has: [{ status: 'ACTIVE', taskCount: 3 }],
      runs: undefined,
      gives: wait('budget'),
    },
    {
      when: 'does not wait for a budget when it is DRAINING already',
      is: { isOverBudget: true },
      has: [{ taskCount: 1 }],
      runs: undefined,
      gives: wait('draining'),
    },
    {
      when: 'does not wait for a budget when it cannot be used any more',
      is: { isOverBudget: true },
      has: [{ status: 'DEREGISTERING' }],
      runs: undefined,
      gives: release('not-usable'),
    },
    {
      when: 'does not wait for a budget in the last two minutes of its hook',
      is: { isOverBudget: true, ...hookEndsIn(120) },
      has: [{ status: 'ACTIVE', taskCount: 3 }],
      runs: undefined,
      gives: release('hook-ending'),
    },
    {
      when: 'waits while REGISTERING and its deadline is to come',
      is: late(-1),
      has: [{ status: 'REGISTERING' }],
      runs: undefined,
      gives: wait('registering'),
    },
    {
      when: 'is released when it is REGISTERING still at its deadline: no task was ever placed on it (D-2.2)',
      is: late(0),
      has: [{ status: 'REGISTERING' }],
      runs: undefined,
      gives: release('deadline'),
    },
    {
      when: 'waits while REGISTERING at its deadline where something is held of it all the same',
      is: late(0),
      has: [{ status: 'REGISTERING', holdsResources: true }],
      runs: undefined,
      gives: wait('registering'),
    },
    {
      when: 'waits while REGISTERING (D-2.13)',
      is: {},
      has: [{ status: 'REGISTERING' }],
      runs: undefined,
      gives: wait('registering'),
    },
    {
      when: 'drains an ACTIVE instance',
      is: {},
      has: [{ status: 'ACTIVE', taskCount: 3 }],
      runs: undefined,
      gives: startDraining(arn),
    },
    {
      when: 'drains an ACTIVE instance without tasks: it can still be given one',
      is: {},
      has: [{ status: 'ACTIVE', taskCount: 0 }],
      runs: undefined,
      gives: startDraining(arn),
    },
    {
      when: 'drains the ACTIVE one beside a registration that has drained (D-2.8)',
      is: {},
      has: [{}, { status: 'ACTIVE', containerInstanceArn: other }],
      runs: [],
      gives: startDraining(other),
    },
  ])('$when', (row) => expect(decide(row)).toEqual(row.gives));
});

describe('row 10: why it waits', () => {
  it.each<{ runs: Task[]; why: string }>([
    { runs: [task(), standalone(), stopping()], why: 'service-tasks' },
    { runs: [standalone(), stopping()], why: 'standalone-tasks' },
    { runs: [stopping(), stopped()], why: 'tasks-stopping' },
    { runs: [standalone({ desiredStatus: 'STOPPED', lastStatus: 'STOPPING' })], why: 'tasks-stopping' },
    { runs: [task({ lastStatus: 'PENDING' })], why: 'service-tasks' },
    { runs: [standalone({ startedBy: 'my-ecs-svc/runner' })], why: 'standalone-tasks' },
  ])('for $why', ({ runs, why }) => {
    expect(decideDeparture(departure(), [registration()], runs, noon)).toEqual(wait(why));
  });
});

describe('needsTasks', () => {
  it.each<[string, Partial<Departure>, Partial<Registration>[], boolean]>([
    ['not while tasks are meant to run', {}, [{ taskCount: 2 }], false],
    ['when the counts are 0', {}, [{}], true],
    ['not when only one of two registrations is empty', {}, [{}, { taskCount: 1 }], false],
    ['when the deadline has passed', late(0), [{ taskCount: 2 }], true],
    ['not just before', late(-0.001), [{ taskCount: 2 }], false],
    ['when the end of the hook is near', { hookEndNearAt: noon }, [{ taskCount: 2 }], true],
    ['not before it', { hookEndNearAt: at(0.001) }, [{ taskCount: 2 }], false],
    ['not while ACTIVE', late(0), [{ status: 'ACTIVE' }], false],
    ['when the time of standalone tasks has come', { standaloneStopAt: noon }, [{ taskCount: 1 }], true],
    ['not a millisecond before', { standaloneStopAt: at(0.001) }, [{ taskCount: 1 }], false],
    ['not where nothing is registered', {}, [], false],
    ['not where nothing is usable', {}, [{ status: 'INACTIVE' }], false],
  ])('%s', (_, is, has, expected) => {
    expect(needsTasks(departure(is), has.map(registration), noon)).toBe(expected);
  });
});

describe('departureTimes', () => {
  const policy = {
    drainDeadlineSeconds: 3000,
    onDeadline: 'continue',
    standaloneStopSeconds: 600,
    deregistrationDelaySeconds: 20,
  } as const;

  it('counts the deadline from the mark and the hook from the activity', () => {
    expect(departureTimes(policy, { at: at(100), cause: 'termination' }, noon)).toEqual({
      drainStartedAt: at(100),
      deadline: { at: at(3100), onDeadline: 'continue' },
      standaloneStopAt: at(700),
      hookEndsAt: at(172_800),
      hookEndNearAt: at(151_200),
      endingSeconds: 50,
    });
  });

  it('takes each for the other where one is not known', () => {
    const marked = departureTimes(policy, { at: noon, cause: 'termination' }, undefined);
    expect(marked).toEqual(departureTimes(policy, undefined, noon));
    expect(marked.hookEndsAt).toEqual(at(172_800));
  });

  it('knows no deadline where neither is known', () => {
    expect(departureTimes(policy, undefined, undefined)).toEqual({
      drainStartedAt: undefined,
      deadline: undefined,
      standaloneStopAt: undefined,
      hookEndsAt: undefined,
      hookEndNearAt: undefined,
      endingSeconds: 50,
    });
  });

  it('ends the hook as soon as the hook that is there does, and warns an eighth of that before (D-3.7)', () => {
    expect(departureTimes(policy, undefined, noon, 40_000)).toMatchObject({
      hookEndsAt: at(40_000),
      hookEndNearAt: at(35_000),
    });
  });
});
