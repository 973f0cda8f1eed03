import { describe, expect, it } from 'vitest';
import { admit } from '../../functions/admit.ts';
import { freshLaneMemory } from '../../lib/admission.ts';
import type { Registration } from '../../lib/departure.ts';
import { UnknownCluster } from '../../lib/errors.ts';
import type { LaneEvent } from '../../lib/events.ts';
import type { Fleet } from '../../lib/fleet.ts';
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

const event = (overrides: { at?: Date; autoScalingGroupName?: string; instanceIds?: string[] } = {}) =>
  ({
    kind: 'terminate-action',
    at: at(-1),
    autoScalingGroupName: groupName,
    instanceIds: [instanceId],
    ...overrides,
  }) as const;

const active = (overrides: Partial<Registration> = {}) =>
  registration({ status: 'ACTIVE', taskCount: 2, mark: undefined, ...overrides });

/** A fleet in which everything succeeds: the group of the fixtures, and these registrations. */
const answers = (registrations: readonly Registration[], overrides: Partial<Fleet> = {}): Partial<Fleet> => ({
  groups: async () => [group()],
  clusterTags: async () => ({}),
  registrations: async () => registrations,
  mark: async () => [],
  drain: async (_, arns) => ({
    registrations: registrations.filter((one) => arns.includes(one.containerInstanceArn)),
    failures: [],
  }),
  askToLook: async () => {},
  ...overrides,
});

describe('a leaving instance', () => {
  it('is marked, then set to DRAINING, with what it decided said before', async () => {
    const { deps, trace } = depsOf(answers([active()]));
    await admit(deps, freshLaneMemory(), [event()]);
    expect(trace.calls).toEqual([
      ['groups', [groupName]],
      ['clusterTags', clusterName],
      ['registrations', clusterName, [instanceId]],
      ['mark', clusterName, [arn], { at: noon, cause: 'termination' }],
      ['drain', clusterName, [arn]],
    ]);
    expect(trace.lines).toEqual([
      {
        level: 'info',
        message: 'decided',
        fields: {
          clusterName,
          autoScalingGroupName: groupName,
          instanceId,
          decision: 'start-draining',
          why: 'termination',
        },
      },
    ]);
    expect(total(trace, 'StartedDraining')).toBe(1);
  });

  it('is not read again for the next batch where this environment has drained it, unless somebody asks later', async () => {
    const memory = freshLaneMemory();
    const { deps, trace } = depsOf(answers([active()]));
    const reads = async (one: LaneEvent) => {
      trace.calls.length = 0;
      await admit(deps, memory, [one]);
      return namesOf(trace);
    };
    expect(await reads(event())).toContain('registrations');
    expect(await reads(event({ instanceIds: ['i-other'] }))).toEqual(['groups', 'clusterTags']);
    expect(await reads(event())).toEqual(['groups', 'clusterTags']);
    expect(await reads({ ...event({ at: at(1) }), kind: 'admit' })).toContain('registrations');
  });

  it('is found though no event named it', async () => {
    const other = active({ ec2InstanceId: 'i-2', containerInstanceArn: 'arn:2' });
    const both = group({
      instances: ['i-2', instanceId].map((id) => ({ instanceId: id, lifecycleState: 'Terminating:Wait' })),
    });
    const { deps, trace } = depsOf(answers([active(), other], { groups: async () => [both] }));
    await admit(deps, freshLaneMemory(), [event()]);
    expect(trace.calls.at(-1)).toEqual(['drain', clusterName, ['arn:2', arn]]);
  });

  it('that is DRAINING already costs three calls', async () => {
    const { deps, trace } = depsOf(answers([registration({ taskCount: 1 })]));
    await admit(deps, freshLaneMemory(), [event(), event()]);
    expect(namesOf(trace)).toEqual(['groups', 'clusterTags', 'registrations']);
  });

  it('is drained although it cannot be marked', async () => {
    const mark = async () => [{ arn, reason: 'no' }];
    const { deps, trace } = depsOf(answers([active()], { mark }));
    await admit(deps, freshLaneMemory(), [event()]);
    expect(namesOf(trace)).toContain('drain');
    expect(trace.lines.at(-1)).toMatchObject({ level: 'error', message: 'could not mark' });
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('that is registered twice is drained twice and not marked: the mark would say that it is sole (D-2.8)', async () => {
    const twice = [active(), active({ containerInstanceArn: 'arn:2', agentConnected: false })];
    const { deps, trace } = depsOf(answers(twice));
    await admit(deps, freshLaneMemory(), [event()]);
    expect(trace.calls.slice(3)).toEqual([
      ['mark', clusterName, [], expect.anything()],
      ['drain', clusterName, [arn, 'arn:2']],
    ]);
  });

  it('that could not be drained is told, and the sweep asks again', async () => {
    const drain = async () => ({ registrations: [], failures: [{ arn, reason: 'MISSING' }] });
    const { deps, trace } = depsOf(answers([active()], { drain }));
    await admit(deps, freshLaneMemory(), [event()]);
    expect(trace.lines.at(-1)).toMatchObject({ level: 'error', fields: { arn, reason: 'MISSING' } });
    expect(total(trace, 'StartedDraining')).toBe(0);
  });
});

describe('an instance to be looked at again', () => {
  const request = { autoScalingGroupName: groupName, clusterName, instanceId };

  it.each([
    ['has no task: no task’s end will tell', [active({ taskCount: 0 })], 'empty', 10],
    ['is registered nowhere', [], 'not-registered', 15],
    ['is not usable', [registration({ status: 'DEREGISTERING' })], 'not-usable', 0],
    ['is DRAINING without tasks already, by an operator', [registration({ mark: undefined })], 'drained', 0],
  ])('%s', async (_, registrations, because, delaySeconds) => {
    const { deps, trace } = depsOf(answers(registrations));
    await admit(deps, freshLaneMemory(), [event()]);
    expect(trace.calls.at(-1)).toEqual(['askToLook', { ...request, because }, noon, delaySeconds]);
    expect(namesOf(trace).filter((name) => name === 'askToLook')).toHaveLength(1);
  });

  it.each<[string, Partial<Registration>, string]>([
    ['whose tasks are being stopped: their end will tell', { holdsResources: true }, instanceId],
    ['with tasks', { taskCount: 1 }, instanceId],
    ['that no event names: it was looked at before', {}, 'i-2'],
  ])('is none that is DRAINING %s', async (_, overrides, named) => {
    const { deps, trace } = depsOf(answers([registration(overrides)]));
    await admit(deps, freshLaneMemory(), [event({ instanceIds: [named] })]);
    expect(namesOf(trace)).not.toContain('askToLook');
  });
});

describe('a group', () => {
  it('that is not enrolled is only read', async () => {
    const { deps, trace } = depsOf({ groups: async () => [group({ tags: {} })] });
    await admit(deps, freshLaneMemory(), [event()]);
    expect(trace.lines).toMatchObject([{ level: 'info', message: 'not enrolled' }]);
    expect(trace.slept).toEqual([]);
  });

  it('that does not exist any more is nothing to do', async () => {
    const { deps, trace } = depsOf({ groups: async () => [] });
    await admit(deps, freshLaneMemory(), [event()]);
    expect(trace.lines).toMatchObject([{ level: 'info', message: 'no such group' }]);
    expect(trace.calls.map(([name]) => name)).toEqual(['groups']);
  });

  it('is drained with the default where a tag is wrong, and the fault is named', async () => {
    const tags = { 'ecs-steward:cluster': clusterName, 'ecs-steward:drain-deadline': 'soon' };
    const { deps, trace } = depsOf(answers([active()], { groups: async () => [group({ tags })] }));
    await admit(deps, freshLaneMemory(), [event()]);
    expect(trace.lines[0]).toMatchObject({
      level: 'warn',
      fields: {
        tag: 'ecs-steward:drain-deadline',
        value: 'soon',
        expected: expect.stringMatching(/^a duration/),
      },
    });
    expect(total(trace, 'Misconfigured')).toBe(1);
    expect(namesOf(trace)).toContain('drain');
  });

  it('whose cluster does not exist is left waiting, and the tag is named', async () => {
    const registrations = async () => {
      throw new UnknownCluster('none');
    };
    const { deps, trace } = depsOf(answers([], { registrations }));
    await admit(deps, freshLaneMemory(), [event()]);
    expect(trace.lines).toMatchObject([
      { level: 'warn', fields: { tag: 'ecs-steward:cluster', value: clusterName } },
    ]);
    expect(namesOf(trace)).not.toContain('askToLook');
  });

  it('that fails does not stop the others of the batch', async () => {
    const groups = async () => [group({ autoScalingGroupName: 'bad' }), group()];
    let calls = 0;
    const registrations = async () => {
      if (calls++ === 0) throw new Error('Throttling');
      return [active()];
    };
    const { deps, trace } = depsOf(answers([active()], { groups, registrations }));
    await admit(deps, freshLaneMemory(), [event({ autoScalingGroupName: 'bad' }), event()]);
    expect(trace.lines[0]).toMatchObject({ level: 'error', fields: { autoScalingGroupName: 'bad' } });
    expect(namesOf(trace)).toContain('drain');
  });
});

describe('Auto Scaling behind its own event', () => {
  const inState = (lifecycleState: string) => group({ instances: [{ instanceId, lifecycleState }] });
  const reads = (...states: string[]) => {
    const left = [...states];
    return async () => [inState(left.length > 1 ? (left.shift() ?? '') : (left[0] ?? ''))];
  };

  it.each(['InService', 'Terminating'])(
    'is read again while an instance named by an event is %s',
    async (state) => {
      const { deps, trace } = depsOf(
        answers([active()], { groups: reads(state, state, 'Terminating:Wait') }),
      );
      await admit(deps, freshLaneMemory(), [event()]);
      expect(trace.slept).toEqual([200, 400]);
      expect(namesOf(trace)).toContain('drain');
    },
  );

  it('is left to the sweep after four further reads, and that is counted', async () => {
    const { deps, trace } = depsOf({ groups: reads('InService') });
    await admit(deps, freshLaneMemory(), [event()]);
    expect(trace.slept).toEqual([200, 400, 800, 1600]);
    expect(total(trace, 'Behind')).toBe(1);
  });

  it('does not keep the others of the group waiting for ever', async () => {
    const instances = [
      { instanceId: 'i-2', lifecycleState: 'InService' },
      { instanceId, lifecycleState: 'Terminating:Wait' },
    ];
    const { deps, trace } = depsOf(answers([active()], { groups: async () => [group({ instances })] }));
    await admit(deps, freshLaneMemory(), [event({ instanceIds: ['i-2'] })]);
    expect(trace.calls.at(-1)).toEqual(['drain', clusterName, [arn]]);
  });

  it.each([
    ['five minutes old', [event({ at: at(-300) })], 'InService'],
    ['about an instance that is further on', [event()], 'Terminating:Proceed'],
    ['about an instance that has gone', [event({ instanceIds: ['i-gone'] })], 'InService'],
  ])('is not assumed of an event that is %s', async (_, events, state) => {
    const { deps, trace } = depsOf({ groups: reads(state) });
    await admit(deps, freshLaneMemory(), events);
    expect(trace.slept).toEqual([]);
  });
});
