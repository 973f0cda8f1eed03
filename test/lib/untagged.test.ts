import { describe, expect, it } from 'vitest';
import type { Fleet } from '../../lib/fleet.ts';
import { isHookCheckDue, terminateHook } from '../../lib/hook.ts';
import { lookAtUntagged, noteServed, type ServedGroups } from '../../lib/untagged.ts';
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
  type Trace,
  total,
} from './fixtures.ts';

const untagged = group({ tags: {} });

/** Somebody takes the tag of a group that this environment has served away; it is looked at so many times, a minute apart. */
async function looked(answers: Partial<Fleet>, times = 1, before = group()): Promise<[Trace, ServedGroups]> {
  const { deps, trace } = depsOf({
    groups: async () => [untagged],
    hook: async () => terminateHook,
    registrations: async () => [registration()],
    clearWaiting: async () => [],
    ...answers,
  });
  const served: ServedGroups = new Map();
  noteServed(served, [before]);
  for (let minute = 0; minute < times; minute++) await lookAtUntagged(deps, served, [], at(minute * 60));
  return [trace, served];
}

describe('a group whose tag was taken away', () => {
  it('is told the account once, and its hook is reported as often as a hook is looked at', async () => {
    const minutes = Array.from({ length: 31 }, (_, minute) => minute);
    const beats = minutes
      .slice(1)
      .filter((minute) => isHookCheckDue(untagged.autoScalingGroupARN, at(minute * 60)));
    const [trace] = await looked({}, 31);
    expect(beats).toHaveLength(2);
    expect(total(trace, 'Unenrolled')).toBe(1);
    expect(trace.announced.filter(({ detailType }) => detailType === 'Group Unenrolled')).toMatchObject([
      { at: noon, detail: { autoScalingGroupName: groupName, clusterName, why: 'tag-removed' } },
    ]);
    expect(total(trace, 'HooksLeftBehind')).toBe(1 + beats.length);
    expect(total(trace, 'Misconfigured')).toBe(1 + beats.length);
  });

  it('has the attribute of what waits for the budget taken away, and nothing else written', async () => {
    const [trace] = await looked({ registrations: async () => [registration({ isWaiting: true })] });
    expect(namesOf(trace)).toEqual(['groups', 'registrations', 'clearWaiting', 'hook']);
    expect(trace.calls.slice(1, 3)).toEqual([
      ['registrations', clusterName, [instanceId]],
      ['clearWaiting', clusterName, [arn]],
    ]);
  });

  it('is nothing more to look at where its hook is gone', async () => {
    const [trace, served] = await looked({ hook: async () => undefined }, 20);
    expect(total(trace, 'Unenrolled')).toBe(1);
    expect(total(trace, 'HooksLeftBehind')).toBe(0);
    expect(served.size).toBe(0);
  });

  it('is looked at again where it could not be read', async () => {
    let isRead = false;
    const groups = async () => {
      isRead = !isRead;
      if (isRead) throw new Error('Throttling');
      return [untagged];
    };
    const [trace] = await looked({ groups }, 2);
    expect([total(trace, 'Failures'), total(trace, 'Unenrolled')]).toEqual([1, 1]);
  });

  it('had said before that it leaves: that is not told again', async () => {
    const tags = { 'ecs-steward:cluster': clusterName, 'ecs-steward:state': 'leaving' };
    const [trace] = await looked({}, 1, group({ tags }));
    expect(total(trace, 'Unenrolled')).toBe(0);
    expect(namesOf(trace)).toEqual(['groups', 'hook']);
  });
});

it.each([
  ['is gone', []],
  ['has its tag again', [group()]],
])('a group that %s is not reported', async (_, groups) => {
  const [trace, served] = await looked({ groups: async () => groups });
  expect(namesOf(trace)).toEqual(['groups']);
  expect(trace.announced).toEqual([]);
  expect(served.size).toBe(0);
});
