import { describe, expect, it } from 'vitest';
import { uninstall } from '../../functions/uninstall.ts';
import type { Fleet, Group } from '../../lib/fleet.ts';
import { terminateHook } from '../../lib/hook.ts';
import { type Estate, quietMs } from '../../lib/uninstall.ts';
import { depsOf, group, groupName, instanceId, namesOf, total } from '../lib/fixtures.ts';

const idle = group({ instances: [{ instanceId, lifecycleState: 'InService' }] });
const leaving = group();
const named = (autoScalingGroupName: string, overrides: Partial<Group> = {}) =>
  group({ autoScalingGroupName, instances: [], ...overrides });

/** An account with these groups, of which those named have our hook until it is deleted. */
function accountOf(groups: readonly Group[], hooked: readonly string[], overrides: Partial<Estate> = {}) {
  const hooks = new Set(hooked);
  const answers: Estate = {
    allGroups: async () => groups,
    groups: async (names) =>
      groups.filter(({ autoScalingGroupName }) => names.includes(autoScalingGroupName)),
    pool: async () => [],
    hook: async (name) => (hooks.has(name) ? terminateHook : undefined),
    deleteHook: async (name) => (hooks.delete(name) ? 'deleted' : 'not-there'),
    disableSweep: async () => {},
    enableSweep: async () => {},
    ...overrides,
  };
  // The trace of the fixtures notes the calls of any object; here it plays the estate.
  const { deps, trace } = depsOf(answers as Partial<Fleet>);
  const estate = deps.fleet as unknown as Estate;
  const run = (remainingMs = 300_000) => uninstall({ ...deps, estate }, 'Delete', () => remainingMs);
  return { run, trace, hooks, deps: { ...deps, estate } };
}
const reasonOf = (answer: Awaited<ReturnType<typeof uninstall>>) =>
  answer.kind === 'failed' ? answer.reason : undefined;

describe.each(['Create', 'Update'] as const)('%s', (request) => {
  it('is done at once and touches nothing', async () => {
    const { deps, trace } = accountOf([leaving], [groupName]);
    expect(await uninstall(deps, request, () => 300_000)).toEqual({ kind: 'done' });
    expect(trace).toMatchObject({ calls: [], slept: [] });
  });
});

describe('uninstalling', () => {
  it('looks, stops the sweep, waits until none is under way, looks again, deletes, and looks whether it is gone', async () => {
    const { run, trace } = accountOf([idle], [groupName]);
    expect(await run()).toEqual({ kind: 'done' });
    expect(namesOf(trace)).toEqual([
      ...['allGroups', 'hook'],
      'disableSweep',
      ...['allGroups', 'hook', 'groups', 'deleteHook'],
      ...['allGroups', 'hook'],
    ]);
    expect(trace.slept).toEqual([quietMs, 0, 5000]);
    expect(total(trace, 'HooksDeleted')).toBe(1);
  });

  it('stops the sweep also where no group has the hook: one may have been enrolled just now', async () => {
    const { run, trace } = accountOf([idle], []);
    expect(await run()).toEqual({ kind: 'done' });
    expect(namesOf(trace)).toContain('disableSweep');
    expect(trace.slept).toContain(quietMs);
  });

  it('refuses at the first look while an instance waits, and leaves hooks and sweep as they are', async () => {
    const { run, trace } = accountOf([leaving], [groupName]);
    expect(reasonOf(await run())).toContain(`${instanceId} in ${groupName}`);
    expect(namesOf(trace)).toEqual(['allGroups', 'hook', 'enableSweep']);
    expect(total(trace, 'Failures')).toBe(0);
  });

  it('does not care about instances of groups that do not have our hook', async () => {
    const { run, trace } = accountOf([leaving, named('other')], ['other']);
    expect(await run()).toEqual({ kind: 'done' });
    expect(trace.calls).not.toContainEqual(['deleteHook', groupName]);
  });

  it('lets the instances of a forced group go, and says which', async () => {
    const forced = group({ tags: { 'ecs-steward:uninstall': 'force' } });
    const { run, trace } = accountOf([forced], [groupName]);
    expect(await run()).toEqual({ kind: 'done' });
    expect(trace.lines).toContainEqual({
      level: 'info',
      message: 'decided',
      fields: {
        autoScalingGroupName: groupName,
        decision: 'delete-hook',
        why: 'uninstall',
        letGo: [instanceId],
      },
    });
  });

  it('refuses at the second look when a departure has begun meanwhile, with every hook in place, and the sweep goes on', async () => {
    let looks = 0;
    const allGroups = async () => [named('a'), looks++ === 0 ? idle : leaving];
    const { run, trace } = accountOf([named('a'), leaving], ['a', groupName], { allGroups });
    expect(reasonOf(await run())).toContain('1 instance waits');
    expect(namesOf(trace)).not.toContain('deleteHook');
    expect(namesOf(trace).at(-1)).toBe('enableSweep');
  });

  it('reads each group once more just before its hook is deleted', async () => {
    const groups = async () => [leaving];
    const { run, trace, hooks } = accountOf([idle], [groupName], { groups });
    expect(reasonOf(await run())).toContain('1 instance waits');
    expect([...hooks]).toEqual([groupName]);
    expect(namesOf(trace).at(-1)).toBe('enableSweep');
  });

  it('begins no further group when a departure shows up in one', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `g${i}`);
    const all = names.map((name) => named(name));
    const groups = async ([name]: readonly string[]) => [
      name === 'g3' ? { ...leaving, autoScalingGroupName: 'g3' } : named(name ?? ''),
    ];
    const { run, hooks } = accountOf(all, names, { groups });
    expect(reasonOf(await run())).toContain('in g3');
    expect(hooks.size).toBeGreaterThanOrEqual(14);
  });

  it('takes a group or hook that is gone meanwhile for done', async () => {
    const groups = async () => [];
    const gone = accountOf([idle], [groupName], { groups });
    expect(await gone.run()).toEqual({ kind: 'done' });
    const twin = accountOf([idle, named('b')], [groupName, 'b'], {
      deleteHook: async (name) => {
        const deleted = twin.hooks.delete(name);
        return deleted && name === 'b' ? 'deleted' : 'not-there';
      },
    });
    expect(await twin.run()).toEqual({ kind: 'done' });
    expect(total(twin.trace, 'HooksDeleted')).toBe(1);
  });

  it('deletes again what is there again, or shown by an old read', async () => {
    let deletions = 0;
    const deleteHook = async (name: string) => {
      if (++deletions === 3) revived.hooks.delete(name);
      return 'deleted' as const;
    };
    const revived = accountOf([idle], [groupName], { deleteHook });
    expect(await revived.run()).toEqual({ kind: 'done' });
    expect(revived.trace.slept).toEqual([quietMs, 0, 5000, 10_000, 20_000]);
  });

  it('gives up on a hook that is there again and again, and names the group', async () => {
    const { run, trace } = accountOf([idle], [groupName], { deleteHook: async () => 'deleted' });
    expect(reasonOf(await run())).toBe(
      `The lifecycle hook ecs-steward-terminate is there again whenever it is deleted: ${groupName}.`,
    );
    expect(total(trace, 'HooksDeleted')).toBe(4);
    expect(namesOf(trace).at(-1)).toBe('enableSweep');
  });
});

describe('a fault', () => {
  const fail = async () => {
    throw new Error('AccessDenied');
  };

  it.each(['allGroups', 'groups', 'hook', 'deleteHook', 'disableSweep'] as const)(
    'in %s is the reason of a refusal, after which the sweep goes on',
    async (name) => {
      const { run, trace } = accountOf([idle], [groupName], { [name]: fail });
      expect(await run()).toEqual({ kind: 'failed', reason: 'Error: AccessDenied.' });
      expect(namesOf(trace).at(-1)).toBe('enableSweep');
      expect(total(trace, 'Failures')).toBe(1);
    },
  );

  it('in switching the sweep on again is told beside the reason', async () => {
    const { run, trace } = accountOf([leaving], [groupName], { enableSweep: fail });
    expect(reasonOf(await run())).toMatch(
      /^1 instance waits .* Switch the rule of the sweep on, or lifecycle actions time out: Error: AccessDenied\.$/,
    );
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('of time ends it while there is still time to say so', async () => {
    const { run, trace } = accountOf([idle], [groupName]);
    expect(reasonOf(await run(59_000))).toBe('Error: Out of time: not every group was looked at.');
    expect(namesOf(trace)).toEqual(['allGroups', 'enableSweep']);
  });
});
