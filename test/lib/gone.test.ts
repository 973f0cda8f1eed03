import { describe, expect, it } from 'vitest';
import type { Registration } from '../../lib/departure.ts';
import type { InstanceEnd } from '../../lib/events.ts';
import type { Fleet, GroupInstance } from '../../lib/fleet.ts';
import { isGoneSince, noteUnreachable, releaseGone, type Unreachable } from '../../lib/gone.ts';
import {
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
} from './fixtures.ts';

const end = (overrides: Partial<InstanceEnd> = {}): InstanceEnd => ({
  kind: 'instance-end',
  at: at(-10),
  instanceId,
  state: 'terminated',
  ...overrides,
});
const messages = (...events: InstanceEnd[]) => events.map((event, i) => ({ messageId: `m${i}`, event }));
const inState = (lifecycleState: string) => ({
  instanceStates: async () => [{ instanceId, autoScalingGroupName: groupName, lifecycleState }],
});
/** The instance of the fixtures waits for our hook; its agent is away, with a task that shows as RUNNING. */
const frozen = registration({ agentConnected: false, taskCount: 1, holdsResources: true });
const answers = (overrides: Partial<Fleet> = {}): Partial<Fleet> => ({
  ...inState('Terminating:Wait'),
  groups: async () => [group()],
  registrations: async () => [frozen],
  complete: async () => 'completed',
  ...overrides,
});
const tagged = (tags: Record<string, string>) => ({
  groups: async () => [group({ tags: { 'ecs-steward:cluster': clusterName, ...tags } })],
});

describe('EC2 says that it has ended an instance', () => {
  it('that our hook holds: it is released, and no task is looked at', async () => {
    const { deps, trace } = depsOf(answers());
    expect(await releaseGone(deps, messages(end(), end()), new Map())).toEqual([]);
    expect(trace.calls).toEqual([
      ['instanceStates', [instanceId]],
      ['groups', [groupName]],
      ['registrations', clusterName, [instanceId]],
      ['complete', groupName, instanceId],
    ]);
    expect(total(trace, 'ReleasedInstanceGone')).toBe(1);
    expect(trace.announced).toMatchObject([
      { detailType: 'Instance Released', detail: { why: 'instance-gone' } },
    ]);
  });

  it.each<[string, Partial<Fleet>, string[]]>([
    ['is of no group', { instanceStates: async () => [] }, ['instanceStates']],
    ['was let go before', inState('Terminating:Proceed'), ['instanceStates']],
    [
      'is of a group that is not enrolled',
      { groups: async () => [group({ tags: {} })] },
      ['instanceStates', 'groups'],
    ],
  ])('is nothing where it %s', async (_, overrides, names) => {
    const { deps, trace } = depsOf(answers(overrides));
    expect(await releaseGone(deps, messages(end()), new Map())).toEqual([]);
    expect(namesOf(trace)).toEqual(names);
  });

  it('costs no call where this environment has let it go', async () => {
    const { deps, trace } = depsOf(answers());
    expect(await releaseGone(deps, messages(end()), new Map([[instanceId, at(-60)]]))).toEqual([]);
    expect(namesOf(trace)).toEqual([]);
  });

  it('is looked at where it let it go ten minutes ago: it may have come back since', async () => {
    const { deps, trace } = depsOf(answers());
    await releaseGone(deps, messages(end()), new Map([[instanceId, at(-600)]]));
    expect(namesOf(trace)).toContain('complete');
  });

  it('releases nothing of a paused group', async () => {
    const { deps, trace } = depsOf(answers(tagged({ 'ecs-steward:state': 'paused' })));
    expect(await releaseGone(deps, messages(end()), new Map())).toEqual([]);
    expect(namesOf(trace)).not.toContain('complete');
    expect(trace.lines.map(({ fields }) => fields.why)).toContain('paused');
  });

  it.each([
    ['InService', at(-10), ['m0']],
    ['Terminating', at(-299), ['m0']],
    ['InService', at(-300), []],
  ])(
    'comes back while Auto Scaling has it %s and five minutes have not passed (%o)',
    async (state, time, ids) => {
      const { deps, trace } = depsOf(answers(inState(state)));
      expect(await releaseGone(deps, messages(end({ at: time })), new Map())).toEqual(ids);
      expect(namesOf(trace)).not.toContain('complete');
      expect(total(trace, 'Behind')).toBe(ids.length);
    },
  );

  it('comes back where AWS fails', async () => {
    const complete = () => Promise.reject(new Error('Throttling'));
    const { deps } = depsOf(answers({ complete }));
    expect(await releaseGone(deps, messages(end(), end()), new Map())).toEqual(['m0', 'm1']);
    const { deps: others } = depsOf(answers({ instanceStates: complete }));
    expect(await releaseGone(others, messages(end()), new Map())).toEqual(['m0']);
  });
});

describe('EC2 says that it has stopped an instance', () => {
  const connected = registration({ taskCount: 1 });

  it.each<[string, readonly Registration[], Date, boolean, string[]]>([
    ['is released where its agent is away', [frozen], at(-10), true, []],
    ['is released where neither of its agents is there (D-2.8)', [frozen, frozen], at(-10), true, []],
    ['comes back while ECS shows an agent (D-2.6)', [connected], at(-299), false, ['m0']],
    ['was started again where ECS shows an agent five minutes later', [connected], at(-300), false, []],
    ['is left to the second look where it is registered nowhere', [], at(-10), false, []],
  ])('%s', async (_, registrations, time, isReleased, ids) => {
    const { deps, trace } = depsOf(answers({ registrations: async () => registrations }));
    expect(await releaseGone(deps, messages(end({ state: 'stopped', at: time })), new Map())).toEqual(ids);
    expect(namesOf(trace).includes('complete')).toBe(isReleased);
  });

  it('and then that it has terminated it: it is gone, in whatever order they come', async () => {
    const { deps, trace } = depsOf(answers({ registrations: async () => [connected] }));
    const both = messages(end({ at: at(-60) }), end({ state: 'stopped', at: at(-10) }));
    expect(await releaseGone(deps, both, new Map())).toEqual([]);
    expect(namesOf(trace)).toContain('complete');
  });
});

describe('an instance that cannot be reached', () => {
  const unwell: GroupInstance = { instanceId, lifecycleState: 'Terminating:Wait', isUnhealthy: true };
  const noted = (
    instance: GroupInstance,
    registrations: readonly Registration[],
    before: Unreachable = new Map(),
  ) => {
    noteUnreachable(before, [group({ instances: [instance] })], registrations, noon);
    return before.get(instanceId);
  };

  it('is one that Auto Scaling finds unhealthy and whose agents are all away', () => {
    expect(noted(unwell, [frozen])).toEqual(noon);
    expect(noted(unwell, [frozen, frozen])).toEqual(noon);
  });

  it.each<[string, GroupInstance, readonly Registration[]]>([
    ['is healthy', { ...unwell, isUnhealthy: false }, [frozen]],
    ['has an agent', unwell, [registration()]],
    ['has one agent of two', unwell, [frozen, registration()]],
    ['is registered nowhere', unwell, []],
    ['is not usable any more', unwell, [registration({ status: 'DEREGISTERING', agentConnected: false })]],
    ['is in service', { ...unwell, lifecycleState: 'InService' }, [frozen]],
  ])('is none that %s, and what was noted before is forgotten', (_, instance, registrations) => {
    expect(noted(instance, registrations, new Map([[instanceId, at(-200)]]))).toBeUndefined();
  });

  it('is taken for gone when it was so five minutes ago, and ever since', () => {
    expect(noted(unwell, [frozen], new Map([[instanceId, at(-200)]]))).toEqual(at(-200));
    expect(isGoneSince(undefined, noon)).toBe(false);
    expect(isGoneSince(at(-299.999), noon)).toBe(false);
    expect(isGoneSince(at(-300), noon)).toBe(true);
  });
});
