import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideUninstall, refusalOf } from '../../lib/uninstall.ts';
import { group } from './fixtures.ts';

const hooked = (name: string, states: readonly string[], tags: Record<string, string> = {}) =>
  group({
    autoScalingGroupName: name,
    tags,
    instances: states.map((lifecycleState, i) => ({ instanceId: `i-${name}${i}`, lifecycleState })),
  });
const forced = { 'ecs-steward:uninstall': 'force' };
const waiting = ['InService', 'Terminating:Wait'];

describe('hooks', () => {
  it('are deleted where there are none, and where nothing waits', () => {
    expect(decideUninstall([])).toEqual({ kind: 'delete-hooks', letGo: [] });
    expect(decideUninstall([hooked('a', []), hooked('b', ['InService'])])).toEqual({
      kind: 'delete-hooks',
      letGo: [],
    });
  });

  it.each([
    ['Terminating:Wait', 'refuse'],
    // In a moment it waits.
    ['Terminating', 'refuse'],
    // These come back, but wait on our hook too (D-1.23, D-1.25).
    ['Warmed:Terminating', 'refuse'],
    ['Warmed:Terminating:Wait', 'refuse'],
    ['Warmed:Pending', 'refuse'],
    ['Warmed:Pending:Wait', 'refuse'],
    ['ReplacingRootVolume', 'refuse'],
    ['ReplacingRootVolume:Wait', 'refuse'],
    ['Terminating:Proceed', 'delete-hooks'],
    ['Terminating:Retained', 'delete-hooks'],
    ['Warmed:Terminating:Proceed', 'delete-hooks'],
    ['Terminated', 'delete-hooks'],
    ['Pending', 'delete-hooks'],
    ['Pending:Wait', 'delete-hooks'],
    ['Warmed:Stopped', 'delete-hooks'],
    ['InService', 'delete-hooks'],
    ['Standby', 'delete-hooks'],
    ['', 'delete-hooks'],
  ])('of a group with an instance in "%s": %s (D-3.2)', (state, kind) => {
    expect(decideUninstall([hooked('a', ['InService', state])]).kind).toBe(kind);
  });

  it('are kept for the instances that wait, enrolled or not', () => {
    const enrolled = { 'ecs-steward:cluster': 'demo' };
    expect(decideUninstall([hooked('a', waiting, enrolled), hooked('b', waiting)])).toEqual({
      kind: 'refuse',
      holdings: [
        { autoScalingGroupName: 'a', instanceIds: ['i-a1'], retainedIds: [], malformedTag: undefined },
        { autoScalingGroupName: 'b', instanceIds: ['i-b1'], retainedIds: [], malformedTag: undefined },
      ],
    });
  });

  it('are kept for instances that the steward retains, which nobody else would end (D-3.14)', () => {
    const kept = hooked('a', ['Terminating:Retained', 'Terminating:Wait'], {
      'ecs-steward:on-deadline': 'retain',
    });
    const decision = decideUninstall([kept]);
    expect(decision).toMatchObject({ kind: 'refuse', holdings: [{ retainedIds: ['i-a0'] }] });
    const text = decision.kind === 'refuse' ? refusalOf(decision.holdings) : '';
    expect(text).toMatch(
      /^1 instance waits on the lifecycle hook \S+ 1 instance is retained until drained\. /,
    );
    expect(text).toMatch(/tasks on them; retained ones stay\. Waiting: i-a1, i-a0 in a$/);
  });

  it('are deleted from a group that is forced, and what is let go is told', () => {
    expect(decideUninstall([hooked('a', waiting, forced), hooked('b', ['InService'])])).toEqual({
      kind: 'delete-hooks',
      letGo: [{ autoScalingGroupName: 'a', instanceIds: ['i-a1'], retainedIds: [], malformedTag: undefined }],
    });
  });

  it('are kept everywhere while one group is not forced; only that one is named', () => {
    const decision = decideUninstall([hooked('a', waiting, forced), hooked('b', waiting)]);
    expect(decision).toMatchObject({ kind: 'refuse', holdings: [{ autoScalingGroupName: 'b' }] });
  });

  it.each(['Force', 'true', ''])('are kept where the tag reads "%s", which means nothing', (value) => {
    const decision = decideUninstall([hooked('a', waiting, { 'ecs-steward:uninstall': value })]);
    expect(decision).toMatchObject({ kind: 'refuse', holdings: [{ malformedTag: value }] });
  });
});

describe('a refusal', () => {
  const textFor = (groups: ReturnType<typeof hooked>[]) => {
    const decision = decideUninstall(groups);
    return decision.kind === 'refuse' ? refusalOf(decision.holdings) : expect.fail('not refused');
  };

  it('says how many wait, what to do, and where', () => {
    expect(textFor([hooked('web', ['Terminating:Wait', 'Terminating:Wait']), hooked('batch', waiting)])).toBe(
      '3 instances wait on the lifecycle hook ecs-steward-terminate. The steward goes on until this stack is deleted. ' +
        'Remove the stack again when they have left, or first tag a group ecs-steward:uninstall = force to end its ' +
        'instances at once, with the tasks on them. Waiting: i-web0, i-web1 in web; i-batch1 in batch',
    );
  });

  it('speaks of one instance as of one', () => {
    expect(textFor([hooked('web', waiting)])).toMatch(/^1 instance waits on .* when it has left,/);
  });

  it('names a tag that it does not understand', () => {
    const typo = hooked('web', waiting, { 'ecs-steward:uninstall': 'Force' });
    expect(textFor([typo])).toMatch(/i-web1 in web, whose tag ecs-steward:uninstall is "Force"$/);
  });

  it('names three instances of a group and five groups, and counts the others', () => {
    const many = Array.from({ length: 7 }, (_, i) => hooked(`g${i}`, Array(5).fill('Terminating:Wait')));
    const text = textFor(many);
    expect(text).toMatch(/^35 instances wait/);
    expect(text).toContain('Waiting: i-g00, i-g01, i-g02, 2 more in g0; ');
    expect(text).toMatch(/2 more in g4; 2 more groups$/);
    expect(text).not.toContain('g5');
  });

  it('says first what to do: whatever the groups are called, it stands in the first 400 characters', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 255 }), { minLength: 1 }), (names) => {
        const text = textFor(names.map((name) => hooked(name, waiting))).slice(0, 400);
        expect(text).toContain('ecs-steward:uninstall = force');
        expect(text).toContain('Remove the stack again');
      }),
    );
  });
});
