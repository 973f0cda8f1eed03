import { describe, expect, it } from 'vitest';
import { sweep } from '../../functions/sweep.ts';
import type { Registration } from '../../lib/departure.ts';
import type { Fleet, Group } from '../../lib/fleet.ts';
import { at, clusterName, depsOf, group, namesOf, noon, registration, total } from '../lib/fixtures.ts';
import { answers, knowing, tick } from './sweep-scene.ts';

const limited = (value: string) => ({ 'ecs-steward:max-draining': value });
const [first, second, third] = ['i-1', 'i-2', 'i-3'] as const;

const leavingFrom = (name: string, instanceIds: readonly string[], tags: Record<string, string> = {}) =>
  group({
    autoScalingGroupName: name,
    autoScalingGroupARN: `arn:autoScalingGroupName/${name}`,
    instances: instanceIds.map((instanceId) => ({ instanceId, lifecycleState: 'Terminating:Wait' })),
    tags: { 'ecs-steward:cluster': clusterName, ...tags },
  });
const active = (ec2InstanceId: string, overrides: Partial<Registration> = {}) =>
  registration({
    ec2InstanceId,
    containerInstanceArn: `arn:${ec2InstanceId}`,
    status: 'ACTIVE',
    taskCount: 1,
    mark: undefined,
    ...overrides,
  });
const draining = (id: string) =>
  active(id, { status: 'DRAINING', mark: { at: at(-60), cause: 'termination' } });

async function swept(
  groups: readonly Group[],
  registrations: readonly Registration[],
  overrides: Partial<Fleet> = {},
) {
  const given = answers(groups, [], [], {
    registrations: async (_, ids) => registrations.filter((one) => ids.includes(one.ec2InstanceId)),
    terminationStarts: async () => new Map([first, second, third].map((id, i) => [id, at(-100 - i)])),
    setWaiting: async () => [],
    ...overrides,
  });
  const { deps, trace } = depsOf(given);
  await sweep(deps, knowing(...groups), tick());
  return {
    trace,
    asked: trace.calls.filter(([name]) => name === 'askToAdmit').map(([, name, ids]) => [name, ids]),
  };
}

describe('the sweep', () => {
  it('does not wake the lane for who waits while no slot is free, and says that it waits', async () => {
    const groups = [leavingFrom('a', [first, second], limited('1'))];
    const { asked, trace } = await swept(groups, [draining(first), active(second)]);
    expect(asked).toEqual([]);
    expect(trace.calls).toContainEqual(['setWaiting', clusterName, ['arn:i-2'], noon]);
    const waits = trace.lines.filter(({ fields }) => fields.why === 'budget');
    expect(waits.map(({ fields }) => fields.instanceId)).toEqual([second]);
    expect(total(trace, 'Waiting')).toBe(2);
  });

  it('says it once: who carries the attribute is left alone', async () => {
    const groups = [leavingFrom('a', [first, second], limited('1'))];
    const { trace } = await swept(groups, [draining(first), active(second, { isWaiting: true })]);
    expect(namesOf(trace)).not.toContain('setWaiting');
  });

  it('asks for those alone for whom a slot is free, the oldest first', async () => {
    const groups = [leavingFrom('a', [first, second, third], limited('2'))];
    const { asked } = await swept(groups, [draining(first), active(second), active(third)]);
    expect(asked).toEqual([['a', [third]]]);
  });

  it('asks for who was marked and does not drain: it has its slot', async () => {
    const groups = [leavingFrom('a', [first, second], limited('1'))];
    const marked = active(first, { mark: { at: at(-60), cause: 'termination' } });
    expect((await swept(groups, [marked, active(second)])).asked).toEqual([['a', [first]]]);
  });

  it('asks for who cannot wait any longer', async () => {
    const groups = [leavingFrom('a', [first, second], limited('1'))];
    const terminationStarts = async () => new Map([[second, at(-48 * 3600 + 3600)]]);
    const { asked } = await swept(groups, [draining(first), active(second)], { terminationStarts });
    expect(asked).toEqual([['a', [second]]]);
  });

  it.each([
    ['that drains', 'active'],
    ['that drains and is paused', 'paused'],
    ['that drains and leaves', 'leaving'],
  ])('counts a group of the same cluster %s', async (_, state) => {
    const groups = [
      leavingFrom('a', [first], { 'ecs-steward:state': state }),
      leavingFrom('b', [second]),
      leavingFrom('c', []),
    ];
    const registrations = [draining(first), active(second)];
    const of = (limit: string) => swept(groups, registrations, { clusterTags: async () => limited(limit) });
    expect((await of('1')).asked).toEqual([]);
    expect((await of('2')).asked).toEqual([['b', [second]]]);
  });

  it('takes a percentage of all groups of the cluster, also of those that nobody leaves', async () => {
    const serving = group({
      ...leavingFrom('c', []),
      instances: [{ instanceId: 'i-9', lifecycleState: 'InService' }],
    });
    const groups = [leavingFrom('a', [first, second], {}), serving];
    const clusterTags = async () => limited('34%');
    const { asked } = await swept(groups, [draining(first), active(second)], { clusterTags });
    expect(asked).toEqual([['a', [second]]]);
  });

  it('still asks to let go who is not drained before it goes', async () => {
    const groups = [leavingFrom('a', [first, second], { ...limited('1'), 'ecs-steward:state': 'leaving' })];
    const { asked } = await swept(groups, [draining(first), active(second)]);
    expect(asked).toEqual([['a', [second]]]);
  });

  it('reads no tags of a cluster in which nobody would begin to drain', async () => {
    const { trace } = await swept([leavingFrom('a', [first], limited('1'))], [draining(first)]);
    expect(namesOf(trace)).not.toContain('clusterTags');
  });
});
