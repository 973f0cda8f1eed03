import { describe, expect, it } from 'vitest';
import type { Registration } from '../../lib/departure.ts';
import type { Fleet } from '../../lib/fleet.ts';
import { lookForGhosts, type Suspects } from '../../lib/ghost.ts';
import { enrolledGroup } from '../../lib/group.ts';
import { isDue } from '../../lib/rhythm.ts';
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
} from './fixtures.ts';

const ghost = (overrides: Partial<Registration> = {}) =>
  registration({ agentConnected: false, taskCount: 2, ...overrides });
/** A minute in which the cluster is looked through, and one in which it is not. */
const minutes = Array.from({ length: 20 }, (_, minute) => at(minute * 60));
const beat = minutes.find((time) => isDue(clusterName, 900, time)) ?? noon;
const between = minutes.find((time) => !isDue(clusterName, 900, time)) ?? noon;
const firstSeen = (seconds: number): Suspects => new Map([[arn, { clusterName, since: at(-seconds) }]]);

/** Looks at noon, by a sweep of that time, at these marked registrations, of instances that Auto Scaling does not know. */
async function looked(
  marked: readonly Registration[],
  {
    suspects = new Map(),
    time = beat,
    tags = {},
    overrides = {},
  }: {
    suspects?: Suspects;
    time?: Date;
    tags?: Record<string, string>;
    overrides?: Partial<Fleet>;
  } = {},
) {
  const { deps, trace } = depsOf({
    marked: async () => marked,
    instanceStates: async () => [],
    deregister: async () => {},
    ...overrides,
  });
  const own = [group(), group({ tags: { 'ecs-steward:cluster': clusterName, ...tags } })];
  const enrolled = own.flatMap((one) => enrolledGroup(one) ?? []);
  await lookForGhosts(deps, enrolled, suspects, time, () => true);
  return { trace, suspects };
}

describe('a registration whose instance has ended', () => {
  it('is only noted at the first look, and deregistered at the second, five minutes later', async () => {
    const first = await looked([ghost()]);
    expect(namesOf(first.trace)).toEqual(['marked', 'instanceStates']);
    expect(first.suspects).toEqual(new Map([[arn, { clusterName, since: noon }]]));
    const early = await looked([ghost()], { suspects: firstSeen(299) });
    expect(namesOf(early.trace)).not.toContain('deregister');
    const second = await looked([ghost()], { suspects: firstSeen(300), time: between });
    expect(second.trace.calls).toEqual([
      ['marked', clusterName],
      ['instanceStates', [instanceId]],
      ['deregister', clusterName, arn],
    ]);
    expect(total(second.trace, 'GhostsDeregistered')).toBe(1);
    expect(second.trace.lines).toMatchObject([
      { level: 'warn', fields: { decision: 'deregister', why: 'ghost', instanceId, taskCount: 2 } },
    ]);
  });

  it('is one too where Spot took its instance back', async () => {
    const mark = { at: noon, cause: 'interruption' } as const;
    const { trace } = await looked([ghost({ mark })], { suspects: firstSeen(300) });
    expect(namesOf(trace)).toContain('deregister');
  });

  it.each<[string, Registration]>([
    ['has an agent', ghost({ agentConnected: true })],
    ['is on its way out already', ghost({ status: 'DEREGISTERING' })],
    ['was to come back', ghost({ mark: { at: noon, cause: 'return' } })],
    ['may have been spared', ghost({ mark: { at: noon, cause: 'rebalance-recommendation' } })],
    ['has a mark that means nothing', ghost({ mark: undefined })],
  ])('is none where it %s; what was suspected is forgotten', async (_, one) => {
    const { trace, suspects } = await looked([one], { suspects: firstSeen(900) });
    expect(namesOf(trace)).not.toContain('deregister');
    expect(suspects.size).toBe(0);
  });

  it('is none where Auto Scaling knows its instance, in whatever state', async () => {
    const state = { instanceId, autoScalingGroupName: groupName, lifecycleState: 'Terminating:Wait' };
    const overrides = { instanceStates: async () => [state] };
    const { trace, suspects } = await looked([ghost()], { suspects: firstSeen(900), overrides });
    expect(namesOf(trace)).not.toContain('deregister');
    expect(suspects.size).toBe(0);
  });

  it('stays a suspect where it cannot be deregistered, and the others of the cluster are', async () => {
    const other = { ...ghost(), containerInstanceArn: `${arn}2` };
    const suspects = new Map([...firstSeen(300), [`${arn}2`, { clusterName, since: at(-300) }] as const]);
    const deregister = async (_: string, one: string) => {
      if (one === arn) throw new Error('Throttling');
    };
    const { trace } = await looked([ghost(), other], { suspects, overrides: { deregister } });
    expect([total(trace, 'Failures'), total(trace, 'GhostsDeregistered')]).toEqual([1, 1]);
    expect(suspects.has(arn)).toBe(true);
  });
});

describe('a cluster', () => {
  it.each([
    ['is looked through every quarter of an hour', beat, {}, new Map(), ['marked', 'instanceStates']],
    ['is not between that', between, {}, new Map(), []],
    ['is not where a group of it is paused', beat, { 'ecs-steward:state': 'paused' }, firstSeen(900), []],
    [
      'is not where a group of it is there for a dry run',
      beat,
      { 'ecs-steward:dry-run': 'on' },
      firstSeen(900),
      [],
    ],
  ])('%s', async (_, time, tags, suspects, names) => {
    const { trace } = await looked([ghost({ agentConnected: true })], { time, tags, suspects });
    expect(namesOf(trace)).toEqual(names);
  });

  it('that cannot be read does not stop the sweep', async () => {
    const marked = () => Promise.reject(new Error('ServerException'));
    const { trace } = await looked([], { overrides: { marked } });
    expect(total(trace, 'Failures')).toBe(1);
  });
});
