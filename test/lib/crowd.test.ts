import { describe, expect, it } from 'vitest';
import { followCrowd } from '../../lib/crowd.ts';
import type { Registration } from '../../lib/departure.ts';
import type { Fleet } from '../../lib/fleet.ts';
import type { Round } from '../../lib/visit.ts';
import { at, clusterName, departure, depsOf, group, registration } from './fixtures.ts';

const ids = (count: number) => Array.from({ length: count }, (_, i) => `i-${i}`);
const arnOf = (instanceId: string) => `arn:${instanceId}`;
const policy = { state: 'active' } as never;
const record = (instanceId: string, overrides: Partial<Registration> = {}) =>
  registration({
    ec2InstanceId: instanceId,
    containerInstanceArn: arnOf(instanceId),
    holdsResources: true,
    ...overrides,
  });
const visit = (instanceId: string) => ({
  enrolled: { group: group(), clusterName, policy },
  departure: departure({ instanceId }),
  registrations: [record(instanceId)],
});
const leaving = (list: readonly string[], tags: Record<string, string> = {}) => ({
  ...group({ instances: list.map((instanceId) => ({ instanceId, lifecycleState: 'Terminating:Wait' })) }),
  tags: { 'ecs-steward:cluster': clusterName, ...tags },
});
const round = (): Round => ({
  doubts: { unregistered: new Map(), unreachable: new Map() },
  emptySince: new Map(ids(100).map((id) => [id, at(-60)])),
  hasTime: () => true,
});

/** Follows so many, of which the given record is read, with time for so many looks. */
async function follow(count: number, looks: number, overrides: Partial<Fleet> = {}) {
  const answers: Partial<Fleet> = {
    groups: async () => [leaving(ids(count))],
    describe: async (_, arns) => arns.map((arn) => record(arn.slice('arn:'.length))),
    listAllTasks: async () => [],
    listTasks: async () => [],
    complete: async () => 'completed',
    ...overrides,
  };
  const { deps, trace } = depsOf(answers);
  let left = looks;
  await followCrowd(deps, ids(count).map(visit), round(), () => left-- > 0);
  return {
    slept: trace.slept,
    released: trace.calls.filter(([name]) => name === 'complete').map((call) => call[2]),
    described: trace.calls.filter(([name]) => name === 'describe').map((call) => call[2]),
    calls: trace.calls.map(([name]) => name),
  };
}
const free: Partial<Fleet> = {
  describe: async (_, arns) => arns.map((arn) => record(arn.slice('arn:'.length), { holdsResources: false })),
};

describe('many instances about to end', () => {
  it('are looked at every ten seconds as long as there is time', async () => {
    expect((await follow(21, 3)).slept).toEqual([10_000, 10_000, 10_000]);
  });

  it('are not where they are no more than twenty: events are enough then', async () => {
    expect((await follow(20, 3)).slept).toEqual([]);
  });

  it('are released together, by one list and one look at each group', async () => {
    const { calls, released, slept } = await follow(60, 3, free);
    expect(released.toSorted()).toEqual(ids(60).toSorted());
    expect(calls.filter((name) => name !== 'complete')).toEqual(['groups', 'describe', 'listAllTasks']);
    expect(slept).toEqual([10_000]);
  });

  it('are not looked at any more where Auto Scaling does not hold them', async () => {
    const groups = async () => [leaving(ids(3))];
    expect((await follow(60, 3, { ...free, groups })).described).toEqual([ids(3).map(arnOf)]);
  });

  it.each([
    ['whose group is paused meanwhile', leaving(ids(60), { 'ecs-steward:state': 'paused' })],
    ['whose group is not enrolled any more', { ...leaving(ids(60)), tags: {} }],
  ])('are left alone: those %s', async (_, now) => {
    expect((await follow(60, 3, { ...free, groups: async () => [now] })).released).toEqual([]);
  });

  it('wait for the next sweep where they cannot be read', async () => {
    const describe = async () => {
      throw new Error('AccessDeniedException');
    };
    expect(await follow(60, 3, { describe })).toMatchObject({ slept: [10_000], released: [] });
  });
});
