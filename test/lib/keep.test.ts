import { describe, expect, it } from 'vitest';
import type { Group } from '../../lib/fleet.ts';
import { enrolledGroup } from '../../lib/group.ts';
import { type Hook, terminateHook } from '../../lib/hook.ts';
import { hookWishOf, keepHook } from '../../lib/keep.ts';
import { readEnrolment } from '../../lib/policy.ts';
import { clusterName, depsOf, group, instanceId, namesOf, total } from './fixtures.ts';

const tagsOf = (tags: Record<string, string>) => ({
  'ecs-steward:cluster': clusterName,
  ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`ecs-steward:${name}`, value])),
});
const groupOf = (tags: Record<string, string>, lifecycleState = 'InService') =>
  group({ tags: tagsOf(tags), instances: [{ instanceId, lifecycleState }] });
const keep = async (read: Group, fresh: readonly Group[] = [read], hook = terminateHook) => {
  const { deps, trace } = depsOf({
    hook: async () => hook,
    groups: async () => fresh,
    deleteHook: async () => 'deleted',
  });
  const enrolled = enrolledGroup(read);
  if (!enrolled) throw new Error('The group is not enrolled');
  return { isDone: await keepHook(deps, enrolled), trace };
};

it.each([
  [{}, 'keep'],
  [{ state: 'paused' }, 'keep'],
  [{ state: 'leaving' }, 'delete'],
  [{ state: 'leaving', 'dry-run': 'on' }, 'delete'],
  [{ 'dry-run': 'on' }, 'leave-alone'],
  [{ hook: 'external' }, 'compare'],
  [{ hook: 'external', state: 'paused' }, 'compare'],
  [{ hook: 'external', state: 'leaving' }, 'leave-alone'],
  [{ hook: 'external', 'dry-run': 'on' }, 'leave-alone'],
])('under %o the hook is for the steward to %s', (tags, wish) => {
  const policy = readEnrolment(tagsOf(tags))?.policy;
  expect(policy && hookWishOf(policy)).toBe(wish);
});

describe('the hook of a group that leaves', () => {
  it('is deleted when nothing is held, and that is said', async () => {
    const { isDone, trace } = await keep(groupOf({ state: 'leaving' }));
    expect(isDone).toBe(true);
    expect(namesOf(trace)).toEqual(['hook', 'groups', 'deleteHook']);
    expect(total(trace, 'Unenrolled')).toBe(1);
    expect(trace.lines.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^Unenrolled/));
  });

  it.each([
    'Terminating',
    'Terminating:Wait',
    'Warmed:Terminating:Wait',
    'Warmed:Pending:Wait',
    'ReplacingRootVolume:Wait',
    'Terminating:Retained',
  ])('stays while an instance is %s (D-13.3)', async (lifecycleState) => {
    const { isDone, trace } = await keep(groupOf({ state: 'leaving' }, lifecycleState));
    expect(isDone).toBe(false);
    expect(namesOf(trace)).toEqual([]);
  });

  it.each([
    ['an instance leaves now', [groupOf({ state: 'leaving' }, 'Terminating:Wait')]],
    ['the tag has changed', [groupOf({})]],
    ['the group is gone', []],
  ])('stays when %s, although the sweep read otherwise', async (_what, fresh) => {
    const { isDone, trace } = await keep(groupOf({ state: 'leaving' }), fresh);
    expect(isDone).toBe(false);
    expect(namesOf(trace)).not.toContain('deleteHook');
    expect(total(trace, 'Unenrolled')).toBe(0);
  });
});

describe("the hook of somebody else's template", () => {
  it('is left to them when the group leaves, and that is said, whether it is there still or not', async () => {
    for (const hook of [terminateHook, undefined]) {
      const leaving = groupOf({ hook: 'external', state: 'leaving' });
      const { deps, trace } = depsOf({ hook: async () => hook });
      const enrolled = enrolledGroup(leaving);
      expect(enrolled && (await keepHook(deps, enrolled))).toBe(true);
      expect(namesOf(trace)).toEqual(['hook']);
      expect(total(trace, 'Unenrolled')).toBe(1);
      expect(trace.lines).toMatchObject([
        { level: 'info', message: expect.stringMatching(/^Unenrolled/), fields: { why: 'hook-external' } },
      ]);
      expect(trace.announced).toMatchObject([
        { detailType: 'Group Unenrolled', subject: expect.any(String), detail: { why: 'hook-external' } },
      ]);
    }
  });

  it.each(['Terminating', 'Terminating:Wait', 'Terminating:Retained'])(
    'is not left while an instance is %s',
    async (lifecycleState) => {
      const { isDone, trace } = await keep(groupOf({ hook: 'external', state: 'leaving' }, lifecycleState));
      expect(isDone).toBe(false);
      expect(total(trace, 'Unenrolled')).toBe(0);
    },
  );

  it('is reported where it differs, with what was expected, and not written', async () => {
    const differing = { ...terminateHook, defaultResult: 'ABANDON' };
    const external = groupOf({ hook: 'external' });
    const { isDone, trace } = await keep(external, [external], differing);
    expect(isDone).toBe(true);
    expect(namesOf(trace)).toEqual(['hook']);
    expect(total(trace, 'Misconfigured')).toBe(1);
    expect(trace.lines[0]).toMatchObject({
      level: 'warn',
      fields: {
        value: 'another defaultResult',
        expected: JSON.stringify(terminateHook),
      },
    });
  });
});

describe('managed draining beside our hook (D-4.22)', () => {
  const beside = { ...terminateHook, isBesideManagedDraining: true };
  const told = async (tags: Record<string, string>, hooks: readonly (Hook | undefined)[], limit?: string) => {
    const found = [...hooks];
    const { deps, trace } = depsOf({
      hook: async () => found.shift(),
      putHook: async () => {},
      clusterTags: async (): Promise<Record<string, string>> =>
        limit === undefined ? {} : { 'ecs-steward:max-draining': limit },
    });
    const enrolled = enrolledGroup(groupOf(tags));
    if (enrolled) await keepHook(deps, enrolled);
    const hints = trace.lines.filter(({ message }) => message.startsWith('a budget does not hold'));
    return { hints: hints.map(({ fields }) => fields.budgetOf), names: namesOf(trace) };
  };

  it.each<[string, Record<string, string>, (Hook | undefined)[], string | undefined, string[]]>([
    ['a budget of the group', { 'max-draining': '1' }, [beside], undefined, ['group']],
    ['one at the enrolment', { 'max-draining': '1' }, [undefined, beside], undefined, ['group']],
    ['a budget of the cluster', {}, [beside], '25 percent', ['cluster']],
    [
      'one beside the hook of a template',
      { 'max-draining': '1', hook: 'external' },
      [beside],
      undefined,
      ['group'],
    ],
    ['no budget', {}, [beside], undefined, []],
    ['a budget without managed draining', { 'max-draining': '1' }, [terminateHook], undefined, []],
  ])('is said of %s', async (_, tags, hooks, limit, expected) => {
    expect((await told(tags, hooks, limit)).hints).toEqual(expected);
  });

  it('costs no further call where there is none', async () => {
    expect((await told({}, [terminateHook])).names).toEqual(['hook']);
  });
});
