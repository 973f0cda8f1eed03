import { describe, expect, it } from 'vitest';
import { admit } from '../../functions/admit.ts';
import { freshLaneMemory, type LaneMemory } from '../../lib/admission.ts';
import type { Registration } from '../../lib/departure.ts';
import type { Fleet, Group } from '../../lib/fleet.ts';
import { at, clusterName, depsOf, group, namesOf, noon, registration, total } from '../lib/fixtures.ts';

const limitTag = 'ecs-steward:max-draining';
const arnOf = (instanceId: string) => `arn:${instanceId}`;
const idsTo = (count: number, first = 1) =>
  Array.from({ length: count }, (_, i) => `i-${String(first + i).padStart(4, '0')}`);

/** A group from which these instances leave. */
const leavingFrom = (name: string, instanceIds: readonly string[], tags: Record<string, string> = {}) =>
  group({
    autoScalingGroupName: name,
    instances: instanceIds.map((instanceId) => ({ instanceId, lifecycleState: 'Terminating:Wait' })),
    tags: { 'ecs-steward:cluster': clusterName, ...tags },
  });

const active = (instanceId: string, overrides: Partial<Registration> = {}) =>
  registration({
    containerInstanceArn: arnOf(instanceId),
    ec2InstanceId: instanceId,
    status: 'ACTIVE',
    taskCount: 2,
    mark: undefined,
    ...overrides,
  });
const drainedByUs = { status: 'DRAINING', mark: { at: at(-60), cause: 'termination' } } as const;

/** A cluster in which every leaving instance is registered and ACTIVE, unless told. */
function clusterOf(
  groups: readonly Group[],
  {
    tags = {},
    own = {},
    ...overrides
  }: { tags?: Record<string, string>; own?: Record<string, Partial<Registration>> } & Partial<Fleet> = {},
): Partial<Fleet> {
  const ids = groups.flatMap(({ instances }) => instances.map(({ instanceId }) => instanceId));
  const all = ids.map((id) => active(id, own[id]));
  return {
    groups: async (names) => groups.filter((one) => names.includes(one.autoScalingGroupName)),
    groupsOf: async () => groups,
    clusterTags: async () => tags,
    registrations: async (_, asked) => all.filter((one) => asked.includes(one.ec2InstanceId)),
    marked: async () => all.filter(({ mark }) => mark),
    // The later an id, the earlier its termination began.
    terminationStarts: async () => new Map(ids.map((id, i) => [id, at(-i)])),
    mark: async () => [],
    setWaiting: async () => [],
    clearWaiting: async () => [],
    drain: async (_, arns) => ({
      registrations: all.filter((one) => arns.includes(one.containerInstanceArn)),
      failures: [],
    }),
    complete: async () => 'completed',
    ...overrides,
  };
}

const terminated = (autoScalingGroupName: string, ...instanceIds: string[]) =>
  ({ kind: 'terminate-action', at: at(-1), autoScalingGroupName, instanceIds }) as const;
const asked = (autoScalingGroupName: string, ...instanceIds: string[]) =>
  ({ ...terminated(autoScalingGroupName, ...instanceIds), kind: 'admit' }) as const;

/** What was done: who was set to DRAINING, in calls, and every call. */
async function admitted(
  answers: Partial<Fleet>,
  events: Parameters<typeof admit>[2],
  memory: LaneMemory = freshLaneMemory(),
) {
  const { deps, trace } = depsOf(answers);
  await admit(deps, memory, events);
  const drained = trace.calls.filter(([name]) => name === 'drain').flatMap(([, , arns]) => arns as string[]);
  return { drained: drained.map((arn) => arn.slice('arn:'.length)), trace };
}

describe('the budget of a group', () => {
  it('lets so many drain at once, the oldest termination first; the others are said to wait', async () => {
    const [first = '', second = '', third = ''] = idsTo(3);
    const a = leavingFrom('a', [first, second, third], { [limitTag]: '1' });
    const { drained, trace } = await admitted(clusterOf([a]), [terminated('a', first)]);
    expect(drained).toEqual([third]);
    expect(trace.calls.at(-1)).toEqual(['setWaiting', clusterName, [arnOf(first), arnOf(second)], noon]);
    const waits = trace.lines.filter(({ fields }) => fields.decision === 'wait');
    expect(waits.map(({ fields }) => [fields.instanceId, fields.why])).toEqual([
      [first, 'budget'],
      [second, 'budget'],
    ]);
  });

  it('needs to know no times where all fit, or nobody does', async () => {
    const [first = '', second = ''] = idsTo(2);
    const fit = leavingFrom('a', [first, second], { [limitTag]: '2' });
    const all = await admitted(clusterOf([fit]), [terminated('a', first)]);
    expect(all.drained).toEqual([first, second]);
    expect(namesOf(all.trace)).not.toContain('terminationStarts');
    const full = leavingFrom('a', [first, second], { [limitTag]: '1' });
    const one = await admitted(clusterOf([full], { own: { [first]: drainedByUs } }), [
      terminated('a', second),
    ]);
    expect(one.drained).toEqual([]);
    expect(namesOf(one.trace)).not.toContain('terminationStarts');
  });

  it('reads the times of a group once for each instance', async () => {
    const ids = idsTo(3);
    const a = leavingFrom('a', ids, { [limitTag]: '1' });
    const memory = freshLaneMemory();
    await admitted(clusterOf([a]), [terminated('a')], memory);
    memory.attempts.clear();
    const { drained, trace } = await admitted(clusterOf([a]), [terminated('a')], memory);
    expect(drained).toEqual([ids[2]]);
    expect(namesOf(trace)).not.toContain('terminationStarts');
  });

  it('goes by instance ids where the times cannot be read', async () => {
    const ids = idsTo(3);
    const terminationStarts = () => Promise.reject(new Error('Throttling'));
    const a = leavingFrom('a', ids, { [limitTag]: '1' });
    const { drained, trace } = await admitted(clusterOf([a], { terminationStarts }), [terminated('a')]);
    expect(drained).toEqual([ids[0]]);
    expect(total(trace, 'Failures')).toBe(1);
  });

  it.each<[string, Partial<Registration>]>([
    ["an operator's DRAINING", { status: 'DRAINING' }],
    ['an instance that Spot takes back', { ...drainedByUs, mark: { at: noon, cause: 'interruption' } }],
  ])('takes no slot for %s', async (_, own) => {
    const [first = '', second = ''] = idsTo(2);
    const a = leavingFrom('a', [first, second], { [limitTag]: '1' });
    const { drained } = await admitted(clusterOf([a], { own: { [first]: own } }), [terminated('a')]);
    expect(drained).toEqual([second]);
  });

  it('drains who was marked before a crash first, and nobody beside it; it keeps its cause', async () => {
    const [first = '', second = ''] = idsTo(2);
    const a = leavingFrom('a', [first, second], { [limitTag]: '1' });
    const mark = (cause: 'termination' | 'interruption') => ({ mark: { at: at(-90), cause } });
    const ours = await admitted(clusterOf([a], { own: { [first]: mark('termination') } }), [terminated('a')]);
    expect(ours.drained).toEqual([first]);
    const spot = await admitted(clusterOf([a], { own: { [first]: mark('interruption') } }), [
      terminated('a'),
    ]);
    expect(spot.drained.toSorted()).toEqual([first, second]);
    const causes = spot.trace.calls.flatMap(([name, , arns, given]) =>
      name === 'mark' ? [[arns, given]] : [],
    );
    expect(causes).toContainEqual([[arnOf(first)], { at: noon, cause: 'interruption' }]);
  });

  it('is taken from the attribute first: the mark needs its place (D-9.7)', async () => {
    const [first = ''] = idsTo(1);
    const a = leavingFrom('a', [first], { [limitTag]: '1' });
    const { trace } = await admitted(clusterOf([a], { own: { [first]: { isWaiting: true } } }), [
      terminated('a'),
    ]);
    expect(namesOf(trace).slice(-3)).toEqual(['clearWaiting', 'mark', 'drain']);
  });

  it.each(['setWaiting', 'clearWaiting'] as const)('goes on where %s fails', async (what) => {
    const [first = '', second = ''] = idsTo(2);
    const a = leavingFrom('a', [first, second], { [limitTag]: '1' });
    const refused = async () => [{ arn: arnOf(first), reason: 'AttributeLimitExceededException' }];
    const own = { [second]: { isWaiting: true } };
    for (const call of [refused, () => Promise.reject(new Error('Throttling'))]) {
      const { drained, trace } = await admitted(clusterOf([a], { own, [what]: call }), [terminated('a')]);
      expect(drained).toEqual([second]);
      expect(trace.lines.some(({ message }) => message.startsWith('could not say that it waits'))).toBe(true);
    }
  });
});

describe('the budget of a cluster', () => {
  const [first = '', second = '', third = '', fourth = ''] = idsTo(4);

  it('counts the drains of all its groups, and goes over all who wait, named or not', async () => {
    const groups = [leavingFrom('a', [first, second]), leavingFrom('b', [third, fourth])];
    const own = { [first]: drainedByUs };
    const { drained, trace } = await admitted(clusterOf(groups, { tags: { [limitTag]: '2' }, own }), [
      terminated('a', second),
    ]);
    expect(drained).toEqual([fourth]);
    expect(namesOf(trace).slice(0, 4)).toEqual(['groups', 'clusterTags', 'groupsOf', 'registrations']);
  });

  it('holds beside those of its groups: the tighter wins', async () => {
    const groups = [
      leavingFrom('a', [first, second], { [limitTag]: '1' }),
      leavingFrom('b', [third, fourth]),
    ];
    const events = [terminated('a', first)];
    const loose = await admitted(clusterOf(groups, { tags: { [limitTag]: '4' } }), events);
    expect(loose.drained.toSorted()).toEqual([second, third, fourth]);
    const tight = await admitted(clusterOf(groups, { tags: { [limitTag]: '1' } }), events);
    expect(tight.drained).toEqual([fourth]);
  });

  it('counts who drains in a paused group, and admits nobody of it', async () => {
    const paused = leavingFrom('a', [first, second], { 'ecs-steward:state': 'paused' });
    const groups = [paused, leavingFrom('b', [third, fourth])];
    const own = { [first]: drainedByUs };
    const { drained, trace } = await admitted(clusterOf(groups, { tags: { [limitTag]: '2' }, own }), [
      terminated('b', third),
    ]);
    expect(drained).toEqual([fourth]);
    expect(trace.calls.at(-1)).toEqual(['setWaiting', clusterName, [arnOf(third)], noon]);
  });

  it('counts who drains in a group that leaves; who comes anew is let go there without a slot', async () => {
    const leaving = leavingFrom('a', [first, second], { 'ecs-steward:state': 'leaving' });
    const groups = [leaving, leavingFrom('b', [third, fourth])];
    const own = { [first]: drainedByUs };
    const { drained, trace } = await admitted(clusterOf(groups, { tags: { [limitTag]: '2' }, own }), [
      terminated('b', third),
    ]);
    expect(drained).toEqual([fourth]);
    expect(trace.calls).toContainEqual(['complete', 'a', second]);
    expect(trace.calls).not.toContainEqual(['complete', 'a', first]);
  });

  it('is none where its tag is malformed, and that is reported with tag, value and what was expected', async () => {
    const answers = clusterOf([leavingFrom('a', [first, second])], { tags: { [limitTag]: 'few' } });
    const { drained, trace } = await admitted(answers, [terminated('a')]);
    expect(drained).toEqual([first, second]);
    expect(trace.lines[0]).toMatchObject({
      level: 'warn',
      fields: {
        clusterName,
        tag: limitTag,
        value: 'few',
        expected: expect.stringMatching(/^none, a number/),
      },
    });
    expect(total(trace, 'Misconfigured')).toBe(1);
  });

  it('that cannot be read admits nobody but who cannot wait', async () => {
    const clusterTags = () => Promise.reject(new Error('AccessDenied'));
    const old = new Map([[second, at(-48 * 3600 + 3600)]]);
    const terminationStarts = async () => old;
    const answers = clusterOf([leavingFrom('a', [first, second])], { clusterTags, terminationStarts });
    const { drained, trace } = await admitted(answers, [asked('a', second)]);
    expect(drained).toEqual([second]);
    expect(total(trace, 'Failures')).toBe(1);
  });
});

describe('who cannot wait any longer', () => {
  it('is admitted although no slot is free, when the sweep asks', async () => {
    const [first = '', second = '', third = ''] = idsTo(3);
    const a = leavingFrom('a', [first, second, third], { [limitTag]: '1' });
    const starts = new Map([
      [second, at(-48 * 3600 + 3600)],
      [third, at(-48 * 3600 + 3601)],
    ]);
    const own = { [first]: drainedByUs };
    const answers = clusterOf([a], { own, terminationStarts: async () => starts });
    expect((await admitted(answers, [asked('a', second)])).drained).toEqual([second]);
  });
});

describe('reads that are behind our own drains', () => {
  const ids = idsTo(3);
  const a = leavingFrom('a', ids, { [limitTag]: '1' });

  it('admit nobody a second time in the same environment, and drain nobody twice within half a minute', async () => {
    const memory = freshLaneMemory();
    const { deps, trace } = depsOf(clusterOf([a]));
    await admit(deps, memory, [terminated('a')]);
    await admit(deps, memory, [terminated('a')]);
    expect(trace.calls.filter(([name]) => name === 'drain')).toEqual([
      ['drain', clusterName, [arnOf('i-0003')]],
    ]);
    await deps.sleep(30_000);
    await admit(deps, memory, [
      { ...terminated('a'), kind: 'admit', at: deps.now(), instanceIds: ['i-0003'] },
    ]);
    expect(trace.calls.filter(([name]) => name === 'drain')).toHaveLength(2);
    expect(trace.calls.at(-2)).toEqual(['drain', clusterName, [arnOf('i-0003')]]);
  });

  it('admit the same one again in another environment', async () => {
    expect((await admitted(clusterOf([a]), [terminated('a')])).drained).toEqual(['i-0003']);
    expect((await admitted(clusterOf([a]), [terminated('a')])).drained).toEqual(['i-0003']);
  });

  it('of the group do not free a slot either', async () => {
    const memory = freshLaneMemory();
    await admitted(clusterOf([a]), [terminated('a')], memory);
    const behind = group({
      ...a,
      instances: a.instances.map((one) =>
        one.instanceId === 'i-0003' ? { ...one, lifecycleState: 'InService' } : one,
      ),
    });
    expect((await admitted(clusterOf([behind]), [terminated('a')], memory)).drained).toEqual([]);
    const gone = group({ ...a, instances: a.instances.filter(({ instanceId }) => instanceId !== 'i-0003') });
    expect((await admitted(clusterOf([gone]), [terminated('a')], memory)).drained).toEqual(['i-0002']);
  });

  it('a drain that cannot be marked takes a slot as long as it lasts', async () => {
    const memory = freshLaneMemory();
    const mark = async () => [{ arn: 'arn:i-0003', reason: 'AttributeLimitExceededException' }];
    await admitted(clusterOf([a], { mark }), [terminated('a')], memory);
    const own = { 'i-0003': { status: 'DRAINING' } };
    expect((await admitted(clusterOf([a], { own }), [terminated('a')], memory)).drained).toEqual([]);
  });
});

describe('an instance that has left', () => {
  const departed = (autoScalingGroupName: string, instanceId: string) =>
    ({ kind: 'departed', at: at(-1), autoScalingGroupName, instanceId }) as const;
  const waiting = leavingFrom('a', ['i-0001'], { [limitTag]: '1' });

  it('has the next one admitted, of another group too where the cluster has a budget', async () => {
    expect((await admitted(clusterOf([waiting]), [departed('a', 'i-0009')])).drained).toEqual(['i-0001']);
    const groups = [leavingFrom('a', []), leavingFrom('b', ['i-0001'])];
    const { drained } = await admitted(clusterOf(groups, { tags: { [limitTag]: '1' } }), [
      departed('a', 'i-0009'),
    ]);
    expect(drained).toEqual(['i-0001']);
  });

  it('has nobody admitted where there is no budget: the sweep does what a lost event left', async () => {
    const memory = freshLaneMemory();
    const answers = clusterOf([leavingFrom('a', ['i-0001'])]);
    const { drained, trace } = await admitted(answers, [departed('a', 'i-0009')], memory);
    expect(drained).toEqual([]);
    expect(namesOf(trace)).toEqual(['groups', 'clusterTags']);
    expect(namesOf((await admitted(answers, [departed('a', 'i-0008')], memory)).trace)).toEqual([]);
  });

  it('costs no call where this environment knows that nobody waits, until somebody does', async () => {
    const memory = freshLaneMemory();
    const answers = clusterOf([waiting]);
    await admitted(answers, [terminated('a', 'i-0001')], memory);
    expect(namesOf((await admitted(answers, [departed('a', 'i-0009')], memory)).trace)).toEqual([]);
    const two = clusterOf([leavingFrom('a', ['i-0001', 'i-0002'], { [limitTag]: '1' })]);
    await admitted(two, [terminated('a', 'i-0002')], memory);
    expect(namesOf((await admitted(two, [departed('a', 'i-0009')], memory)).trace)).toContain(
      'registrations',
    );
  });

  it('and that Auto Scaling shows as held still is read again, and holds its slot as long as it is shown', async () => {
    const own = { 'i-0002': drainedByUs };
    const both = leavingFrom('a', ['i-0001', 'i-0002'], { [limitTag]: '1' });
    const states = [both, both, waiting];
    const groups = async () => [states.length > 1 ? states.shift() : states[0]].flatMap((one) => one ?? []);
    const soon = await admitted(clusterOf([both], { own, groups }), [departed('a', 'i-0002')]);
    expect(soon.trace.slept).toEqual([200, 400]);
    expect(soon.drained).toEqual(['i-0001']);
    const held = await admitted(clusterOf([both], { own }), [departed('a', 'i-0002')]);
    expect(held.trace.slept).toEqual([200, 400, 800, 1600]);
    expect(held.drained).toEqual([]);
    expect(total(held.trace, 'Behind')).toBe(1);
  });

  it('of a group that is paused frees its slot of the cluster', async () => {
    const groups = [
      leavingFrom('a', ['i-0002'], { 'ecs-steward:state': 'paused' }),
      leavingFrom('b', ['i-0001']),
    ];
    const { drained, trace } = await admitted(clusterOf(groups, { tags: { [limitTag]: '1' } }), [
      departed('a', 'i-0009'),
    ]);
    expect(drained).toEqual(['i-0001']);
    expect(total(trace, 'Paused')).toBe(0);
  });
});

describe('of more than 80 leaving instances', () => {
  const ids = idsTo(250);
  const a = leavingFrom('a', ids, { [limitTag]: '3' });
  const events = [terminated('a', 'i-0001')];

  it('those who hold a slot are found by our mark, then as many are read as may be next', async () => {
    const own = { 'i-0250': drainedByUs };
    const { drained, trace } = await admitted(clusterOf([a], { own }), events);
    expect(drained).toEqual(['i-0248', 'i-0249']);
    const reads = trace.calls.filter(([name]) => name === 'registrations').map(([, , asked]) => asked);
    expect(reads).toEqual([['i-0001'], expect.arrayContaining(['i-0249', 'i-0248'])]);
    expect(reads[1]).toHaveLength(80);
  });

  it('it is enough to know who holds the slots, where none is free', async () => {
    const own = { 'i-0250': drainedByUs, 'i-0100': drainedByUs, 'i-0002': drainedByUs };
    const { drained, trace } = await admitted(clusterOf([a], { own }), events);
    expect(drained).toEqual([]);
    expect(namesOf(trace)).toEqual(['groups', 'clusterTags', 'marked', 'registrations', 'setWaiting']);
  });

  it('more are read where the first ones need no slot', async () => {
    const operators = idsTo(120, 131).map((id) => [id, { status: 'DRAINING' }] as const);
    const { drained } = await admitted(clusterOf([a], { own: Object.fromEntries(operators) }), events);
    expect(drained).toEqual(['i-0128', 'i-0129', 'i-0130']);
  });

  it('those that are not drained before they go are all let go', async () => {
    const leaving = group({ ...a, tags: { ...a.tags, 'ecs-steward:state': 'leaving' } });
    const { trace } = await admitted(clusterOf([leaving]), events);
    expect(namesOf(trace).filter((name) => name === 'complete')).toHaveLength(250);
  });
});
