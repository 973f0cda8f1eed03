import { describe, expect, it } from 'vitest';
import { admit } from '../../functions/admit.ts';
import { sweep } from '../../functions/sweep.ts';
import { freshLaneMemory } from '../../lib/admission.ts';
import type { Registration } from '../../lib/departure.ts';
import type { Fleet, Group } from '../../lib/fleet.ts';
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
  total,
} from '../lib/fixtures.ts';
import { answers, knowing, tick } from './sweep-scene.ts';

const inState = (lifecycleState: string, tags: Record<string, string> = {}): Group =>
  group({
    instances: [{ instanceId, lifecycleState }],
    tags: { 'ecs-steward:cluster': clusterName, ...tags },
  });
const returned = (overrides: Partial<Registration> = {}) =>
  registration({ mark: { at: at(-60), cause: 'return' }, ...overrides });
const asked = {
  kind: 'admit',
  at: noon,
  autoScalingGroupName: groupName,
  instanceIds: [instanceId],
} as const;

/** `admit` asked about the instance in this state, with these registrations. */
async function admitted(read: Group, registrations: readonly Registration[], overrides: Partial<Fleet> = {}) {
  const { deps, trace } = depsOf({
    groups: async () => [read],
    clusterTags: async () => ({}),
    registrations: async () => registrations,
    activate: async (_, arns) => ({
      registrations: registrations.filter((one) => arns.includes(one.containerInstanceArn)),
      failures: [],
    }),
    unmark: async () => [],
    ...overrides,
  });
  await admit(deps, freshLaneMemory(), [{ ...asked, at: at(-600) }]);
  return trace;
}

describe('an instance that came back', () => {
  it.each(['InService', 'Warmed:Stopped', 'Warmed:Hibernated'])(
    'and is %s is set to ACTIVE, and then our mark is taken away',
    async (lifecycleState) => {
      const trace = await admitted(inState(lifecycleState), [returned()]);
      expect(trace.calls.slice(2)).toEqual([
        ['activate', clusterName, [arn]],
        ['unmark', clusterName, [arn]],
      ]);
      expect(trace.lines[0]).toMatchObject({ fields: { decision: 'restore', why: 'came-back', instanceId } });
      expect(total(trace, 'Restored')).toBe(1);
    },
  );

  it.each(['Warmed:Running', 'Pending:Wait', 'RootVolumeReplaced', 'Warmed:Pending:Proceed', 'Standby'])(
    'is not back while it is %s: nothing is read about it',
    async (lifecycleState) => {
      const trace = await admitted(inState(lifecycleState), [returned()]);
      expect(namesOf(trace)).toEqual(['groups']);
    },
  );

  it.each<[string, Partial<Registration>]>([
    ['has no mark of ours: it is an operator who drains it', { mark: undefined }],
    [
      'was marked to be terminated, and cannot be back (D-3.4)',
      { mark: { at: at(-60), cause: 'termination' } },
    ],
    [
      'is drained since 1799 s because Spot takes it back',
      { mark: { at: at(-1799), cause: 'interruption' } },
    ],
    ['was marked 59 s ago: the read may be older', { mark: { at: at(-59), cause: 'return' } }],
  ])('is left alone where it %s', async (_, overrides) => {
    const trace = await admitted(inState('InService'), [returned(overrides)]);
    expect(namesOf(trace)).toEqual(['groups', 'registrations']);
    expect(total(trace, 'Restored')).toBe(0);
  });

  it('is one too that Spot wanted back half an hour ago, and did not take', async () => {
    const trace = await admitted(inState('InService'), [
      returned({ mark: { at: at(-1800), cause: 'interruption' } }),
    ]);
    expect(trace.calls.slice(2)).toEqual([
      ['activate', clusterName, [arn]],
      ['unmark', clusterName, [arn]],
    ]);
    expect(trace.lines[0]).toMatchObject({ fields: { decision: 'restore', why: 'not-taken' } });
  });

  it('only loses the mark where it is ACTIVE already', async () => {
    const trace = await admitted(inState('InService'), [returned({ status: 'ACTIVE' })]);
    expect(trace.calls.slice(2)).toEqual([
      ['activate', clusterName, []],
      ['unmark', clusterName, [arn]],
    ]);
    expect(total(trace, 'Restored')).toBe(0);
  });

  it('keeps the mark where it could not be set to ACTIVE, to be found again', async () => {
    const activate = async () => ({ registrations: [], failures: [{ arn, reason: 'INACTIVE' }] });
    const trace = await admitted(inState('InService'), [returned()], { activate });
    expect(trace.calls.at(-1)).toEqual(['unmark', clusterName, []]);
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('stays as it is while its group is paused', async () => {
    const trace = await admitted(inState('InService', { 'ecs-steward:state': 'paused' }), [returned()]);
    expect(namesOf(trace)).toEqual(['groups']);
  });
});

describe('an instance that leaves to come back', () => {
  it.each([
    ['ReplacingRootVolume:Wait', 'return'],
    ['Warmed:Terminating:Wait', 'termination'],
    ['Terminating:Wait', 'termination'],
  ])('in %s is marked for a %s', async (lifecycleState, cause) => {
    const mark = async () => [];
    const drain = async () => ({ registrations: [], failures: [] });
    const trace = await admitted(
      inState(lifecycleState),
      [registration({ status: 'ACTIVE', mark: undefined })],
      {
        mark,
        drain,
      },
    );
    expect(trace.calls).toContainEqual(['mark', clusterName, [arn], { at: noon, cause }]);
  });

  it('is marked on both of its registrations, to be found on both again', async () => {
    const both = [
      returned({ status: 'ACTIVE' }),
      returned({ status: 'ACTIVE', containerInstanceArn: `${arn}2` }),
    ];
    const drain = async () => ({ registrations: [], failures: [] });
    const trace = await admitted(inState('ReplacingRootVolume:Wait'), both, { mark: async () => [], drain });
    expect(trace.calls).toContainEqual([
      'mark',
      clusterName,
      [arn, `${arn}2`],
      { at: noon, cause: 'return' },
    ]);
  });
});

describe('a warm pool', () => {
  const pooled = { ...group({ instances: [] }), hasWarmPool: true };
  const pool = async () => [{ instanceId, lifecycleState: 'Warmed:Pending:Wait' }];

  it('is read by admit, which drains there only what an event or the sweep named', async () => {
    for (const instanceIds of [[instanceId], ['i-0123456789abcdef0']]) {
      const { deps, trace } = depsOf({
        groups: async () => [pooled],
        clusterTags: async () => ({}),
        heartbeat: async () => 'no-action',
        pool,
        registrations: async () => [registration({ status: 'ACTIVE' })],
        mark: async () => [],
        drain: async () => ({ registrations: [], failures: [] }),
      });
      await admit(deps, freshLaneMemory(), [{ ...asked, instanceIds }]);
      expect(namesOf(trace).includes('drain')).toBe(instanceIds[0] === instanceId);
    }
  });

  it.each([
    ['recorded', 1],
    ['no-action', 0],
  ] as const)(
    'has what our hook holds when a heartbeat is %s: %d asked to be admitted',
    async (result, count) => {
      const heartbeat = async () => result;
      const { deps, trace } = depsOf(
        answers([pooled], [registration({ status: 'ACTIVE' })], [], { pool, heartbeat }),
      );
      await sweep(deps, knowing(pooled), tick());
      expect(namesOf(trace).filter((name) => name === 'askToAdmit')).toHaveLength(count);
    },
  );

  it('that cannot be read leaves the group as it is', async () => {
    const fails = async () => {
      throw new Error('Throttling');
    };
    const whole = { ...group(), hasWarmPool: true };
    const { deps, trace } = depsOf(answers([whole], [registration()], [], { pool: fails }));
    await sweep(deps, knowing(whole), tick());
    expect(trace.calls.at(-1)).toEqual(['complete', groupName, instanceId]);
    expect(total(trace, 'Failures')).toBe(1);
  });
});

describe('what came back', () => {
  const found = (marked: boolean) => ({ marked: async () => (marked ? [returned()] : []) });
  const asks = (trace: { calls: [string, ...unknown[]][] }) =>
    trace.calls.filter(([name]) => name === 'askToAdmit');

  it('is looked for once this environment has seen it leave, and again until its mark is gone', async () => {
    let [state, isMarked] = ['ReplacingRootVolume:Proceed', true];
    const { deps, trace } = depsOf(
      answers([], [], [], {
        enrolledGroups: async () => [inState(state)],
        marked: async () => (isMarked ? [returned()] : []),
      }),
    );
    const memory = knowing(group());
    const seconds = [60, 120, 180, 240].map((second) => second + 3600);
    for (const [i, second] of seconds.entries()) {
      if (i === 1) state = 'InService';
      if (i === 3) isMarked = false;
      await sweep(deps, memory, tick(at(second)));
    }
    expect(asks(trace)).toEqual([
      ['askToAdmit', groupName, [instanceId], noon],
      ['askToAdmit', groupName, [instanceId], noon],
    ]);
    expect(memory.away).toEqual(new Set());
  });

  it('is looked for after a gap, though nobody saw it leave', async () => {
    const { deps, trace } = depsOf(answers([inState('InService')], [], [], found(true)));
    await sweep(deps, { ...knowing(group()), renewedAt: undefined }, tick());
    expect(asks(trace)).toHaveLength(1);
  });

  it('is looked for every quarter of an hour', async () => {
    const { deps, trace } = depsOf(answers([inState('InService')], [], [], found(false)));
    const memory = knowing(group());
    for (let minute = 0; minute < 30; minute++) await sweep(deps, memory, tick(at(minute * 60)));
    const looks = trace.calls.filter(([name, , ...causes]) => name === 'marked' && causes.length > 0);
    expect(looks).toHaveLength(2);
  });

  it('is not looked for while its group is paused', async () => {
    const paused = inState('InService', { 'ecs-steward:state': 'paused' });
    const { deps, trace } = depsOf(answers([paused], [], [], found(true)));
    await sweep(deps, { ...knowing(paused), renewedAt: undefined }, tick());
    expect(namesOf(trace)).not.toContain('marked');
  });
});
