import { describe, expect, it } from 'vitest';
import { sweep } from '../../functions/sweep.ts';
import { type Registration, reasonToLetGo } from '../../lib/departure.ts';
import type { Group } from '../../lib/fleet.ts';
import type { Task } from '../../lib/task.ts';
import { answers, knowing, tick } from '../functions/sweep-scene.ts';
import { decide, hookEndsIn, late, type Row } from './departure-scene.ts';
import {
  arn,
  at,
  clusterName,
  depsOf,
  group,
  instanceId,
  noon,
  policyOf,
  registration,
  standalone,
  stopped,
  stopping,
  task,
  total,
} from './fixtures.ts';
import { wordsInRow, wordsOf } from './words.ts';

const table = 'lib/departure.ts';
const letGo = wordsOf(table, 'ReasonToLetGo');
const waits = wordsOf(table, 'WaitReason');
const releases = wordsOf(table, 'ReleaseReason');
const stops = wordsOf(table, 'StopReason');
const retentions = wordsOf(table, 'RetainReason');

/** Everything that can be decided about a leaving instance, as `kind why`. */
const outcomes = [
  'start-draining',
  ...releases.filter((why) => !letGo.includes(why)).map((why) => `release ${why}`),
  ...stops.map((why) => `stop-tasks ${why}`),
  ...retentions.map((why) => `retain ${why}`),
  ...waits.map((why) => `wait ${why}`),
];

/** A case for each outcome, with the row of the table that gives it (docs of lib/departure.ts: the order is the policy). */
interface Case extends Omit<Row, 'when' | 'gives'> {
  readonly row: number;
}

const cases: Readonly<Record<string, Case>> = {
  'release instance-gone': {
    row: 1,
    is: { isGone: true },
    has: [{ taskCount: 1 }],
    runs: [standalone()],
  },
  'wait not-registered': { row: 2, is: {}, has: [], runs: undefined },
  'release not-registered': { row: 2, is: { unregisteredSince: at(-15) }, has: [], runs: undefined },
  'release not-usable': { row: 3, is: {}, has: [{ status: 'INACTIVE' }], runs: undefined },
  'release drained': { row: 4, is: {}, has: [{}], runs: [stopped()] },
  'wait registering': { row: 5, is: {}, has: [{ status: 'REGISTERING' }], runs: undefined },
  'wait budget': { row: 6, is: { isOverBudget: true }, has: [{ status: 'ACTIVE' }], runs: undefined },
  'start-draining': { row: 7, is: {}, has: [{ status: 'ACTIVE' }], runs: undefined },
  'stop-tasks deadline': { row: 8, is: late(0), has: [{}], runs: [task()] },
  'release deadline': { row: 8, is: late(0, 'continue'), has: [{}], runs: [task()] },
  'retain deadline': { row: 8, is: late(0, 'retain'), has: [{}], runs: [task()] },
  'stop-tasks hook-ending': { row: 8, is: hookEndsIn(600), has: [{}], runs: [standalone()] },
  'retain hook-ending': {
    row: 8,
    is: { ...hookEndsIn(600), ...late(-1, 'retain') },
    has: [{}],
    runs: [standalone()],
  },
  'release hook-ending': { row: 8, is: hookEndsIn(120), has: [{}], runs: [standalone()] },
  'stop-tasks standalone-tasks': {
    row: 9,
    is: { standaloneStopAt: noon },
    has: [{}],
    runs: [task(), standalone()],
  },
  'wait draining': { row: 10, is: {}, has: [{ taskCount: 1 }], runs: undefined },
  'wait settling': { row: 10, is: {}, has: [{ holdsResources: true }], runs: [] },
  'wait tasks-stopping': { row: 10, is: {}, has: [{}], runs: [stopping()] },
  'wait service-tasks': { row: 10, is: {}, has: [{ taskCount: 2 }], runs: [task(), standalone()] },
  'wait standalone-tasks': { row: 10, is: {}, has: [{ taskCount: 1 }], runs: [standalone()] },
};

describe('the decision table', () => {
  it('has a case for everything that can be decided', () => {
    expect(Object.keys(cases).sort()).toEqual([...outcomes].sort());
  });

  it('has a case for each of its rows', () => {
    const rows = new Set(Object.values(cases).map(({ row }) => row));
    expect([...rows].sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it.each(Object.entries(cases))('decides: %s', (outcome, { is, has, runs }) => {
    const decision = decide({ when: outcome, is, has, runs, gives: outcome });
    expect('why' in decision ? `${decision.kind} ${decision.why}` : decision.kind).toBe(outcome);
  });

  it('goes by the guard that comes first, where more than one holds', () => {
    const order = [
      'release drained',
      'release hook-ending',
      'wait budget',
      'start-draining',
      'wait registering',
    ];
    const all = { ...hookEndsIn(120), isOverBudget: true, ...late(1) };
    const active: Partial<Registration> = { status: 'ACTIVE', containerInstanceArn: `${arn}2` };
    const pending: Partial<Registration> = { status: 'REGISTERING', containerInstanceArn: `${arn}3` };
    const steps: Omit<Row, 'when' | 'gives'>[] = [
      { is: all, has: [{}], runs: [stopped()] },
      { is: all, has: [active, pending], runs: undefined },
      { is: { ...all, hookEndsAt: undefined }, has: [active, pending], runs: undefined },
      { is: late(1), has: [active, pending], runs: undefined },
      { is: late(1), has: [{ taskCount: 1 }, pending], runs: undefined },
    ];
    const given = steps.map((step) => decide({ when: '', gives: '', ...step }));
    expect(given.map((one) => ('why' in one ? `${one.kind} ${one.why}` : one.kind))).toEqual(order);
  });
});

describe('why an instance is let go that never drained', () => {
  const reasons: Readonly<Record<string, Record<string, string>>> = {
    leaving: { state: 'leaving' },
    'dry-run': { 'dry-run': 'on' },
  };

  it('has a case for each reason', () => {
    expect(Object.keys(reasons).sort()).toEqual([...letGo].sort());
  });

  it.each(Object.entries(reasons))('can be %s', (why, tags) => {
    const active = [registration({ status: 'ACTIVE' })];
    expect(reasonToLetGo(policyOf(tags), active)).toBe(why);
    expect(reasonToLetGo(policyOf(), active)).toBeUndefined();
  });
});

/** A group whose instance a sweep finds waiting for this reason. */
interface Found {
  readonly tags?: Readonly<Record<string, string>>;
  readonly has: readonly Registration[];
  readonly runs?: readonly Task[];
  readonly others?: readonly string[];
}

/** When the drain of these began, in seconds before noon: after the usual deadline. */
const overdue = { mark: { at: at(-4000), cause: 'termination' as const } };
const recent = { mark: { at: at(-30), cause: 'termination' as const } };
const waiting: Readonly<Record<string, Found>> = {
  'not-registered': { has: [] },
  registering: { has: [registration({ status: 'REGISTERING', mark: undefined })] },
  budget: {
    tags: { 'max-draining': '1' },
    others: ['i-2'],
    has: [
      registration({ status: 'ACTIVE', mark: undefined }),
      registration({ ec2InstanceId: 'i-2', containerInstanceArn: `${arn}2`, taskCount: 1 }),
    ],
  },
  draining: { has: [registration({ taskCount: 1 })] },
  settling: { has: [registration({ ...recent, holdsResources: true })] },
  'tasks-stopping': { has: [registration()], runs: [stopping()] },
  'service-tasks': {
    tags: { 'standalone-tasks': 'stop' },
    has: [registration({ taskCount: 1 })],
    runs: [task()],
  },
  'standalone-tasks': { has: [registration({ ...overdue, taskCount: 1 })], runs: [standalone()] },
};

function groupOf({ tags = {}, others = [] }: Found): Group {
  const named = Object.entries(tags).map(([name, value]) => [`ecs-steward:${name}`, value]);
  return group({
    tags: { 'ecs-steward:cluster': clusterName, ...Object.fromEntries(named) },
    instances: [instanceId, ...others].map((id) => ({ instanceId: id, lifecycleState: 'Terminating:Wait' })),
  });
}

describe('why an instance waits', () => {
  it('has a case for each reason', () => {
    expect(Object.keys(waiting).sort()).toEqual([...waits].sort());
  });

  it.each(Object.entries(waiting))('is logged and counted by the sweep: %s', async (why, found) => {
    const one = groupOf(found);
    const { deps, trace } = depsOf(
      answers([one], found.has, found.runs, {
        setWaiting: async () => [],
        protections: async () => new Map(),
        sites: async () => [],
      }),
    );
    // Tasks that seem to stop are looked at after five minutes.
    const emptySince = new Map([[instanceId, at(-301)]]);
    await sweep(deps, { ...knowing(one), emptySince }, tick());
    const lines = trace.lines.filter(({ fields }) => fields.instanceId === instanceId && fields.why === why);
    expect(lines).toContainEqual(
      expect.objectContaining({ message: 'decided', fields: expect.objectContaining({ decision: 'wait' }) }),
    );
    expect(total(trace, 'Waiting')).toBeGreaterThan(0);
    expect(total(trace, 'Failures')).toBe(0);
    expect(trace.calls.map(([name]) => name)).not.toContain('complete');
  });
});

describe('what is told the account', () => {
  it.each([
    ['## Drain Waiting', waits],
    ['## Instance Released', releases.filter((why) => why !== 'drained')],
    ['## Instance Drained', ['drained']],
    ['## Drain Deadline', [...stops, ...retentions]],
  ])('has each reason on its page: %s', (heading, words) => {
    const known = wordsInRow('docs/events.md', heading, 'why');
    expect([...words].filter((word) => !known.includes(word))).toEqual([]);
  });

  it('has each decision that a time brings on its page', () => {
    const known = wordsInRow('docs/events.md', '## Drain Deadline', 'decision');
    expect(known).toEqual(expect.arrayContaining(['stop-tasks', 'retain', 'release']));
  });
});

it('the words of a union are found, and a union that is not there is missed', () => {
  expect(waits).toContain('budget');
  expect(releases).toEqual(expect.arrayContaining(['drained', ...letGo]));
  expect(() => wordsOf(table, 'NoSuchReason')).toThrow('exports no union NoSuchReason');
});
