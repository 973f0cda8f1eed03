import { describe, expect, it } from 'vitest';
import { release } from '../../functions/release.ts';
import { Throttled } from '../../lib/errors.ts';
import { depsOf, instanceId, namesOf, registration, stopped, total } from '../lib/fixtures.ts';
import { answers, change, look, messages, stop } from './release-scene.ts';

const throttled = async () => {
  throw new Throttled('Rate exceeded');
};

describe('where AWS asks to slow down', () => {
  it.each(['describe', 'instanceStates', 'groups', 'listTasks', 'describeTasks', 'complete'] as const)(
    'the instance is left to the sweep, and nothing is asked again: %s',
    async (name) => {
      const { deps, trace } = depsOf(answers([stopped()], { [name]: throttled }));
      expect(await release(deps, messages(stop()))).toEqual([]);
      expect(total(trace, 'LeftToSweep')).toBe(1);
      expect(total(trace, 'Failures')).toBe(0);
      expect(trace.announced).toEqual([]);
    },
  );

  it('one instance is left, and the others of its batch are released', async () => {
    const other = registration({ containerInstanceArn: 'arn:other', ec2InstanceId: 'i-other' });
    const held = { autoScalingGroupName: 'demo-asg', lifecycleState: 'Terminating:Wait' };
    const { deps, trace } = depsOf(
      answers([], {
        describe: async () => [registration(), other],
        instanceStates: async () => [
          { ...held, instanceId },
          { ...held, instanceId: 'i-other' },
        ],
        complete: async (_, id) => (id === instanceId ? throttled() : 'completed'),
      }),
    );
    const own = [change(), change({ containerInstanceArn: 'arn:other', instanceId: 'i-other' })];
    expect(await release(deps, messages(...own))).toEqual([]);
    expect(total(trace, 'ReleasedDrained')).toBe(1);
    expect(total(trace, 'LeftToSweep')).toBe(1);
  });
});

describe('a message that lay in the queue for longer than 20 s', () => {
  const late = { waitedMs: 20_001 };

  it('is left to the sweep, which asks about all instances together', async () => {
    const { deps, trace } = depsOf({});
    const own = messages(stop(), change()).map((one) => ({ ...one, ...late }));
    expect(await release(deps, own)).toEqual([]);
    expect(trace.calls).toEqual([]);
    expect(total(trace, 'LeftToSweep')).toBe(1);
  });

  it('is looked at where it is a request of our own, which has a delay', async () => {
    const { deps, trace } = depsOf(answers([]));
    await release(
      deps,
      messages(look()).map((one) => ({ ...one, ...late })),
    );
    expect(namesOf(trace)).toContain('complete');
  });

  it('does not keep the others of its batch from being looked at', async () => {
    const { deps, trace } = depsOf(answers([stopped()]));
    const [first, second] = messages(change({ containerInstanceArn: 'arn:other' }), stop());
    if (!first || !second) throw new Error('two messages');
    await release(deps, [{ ...first, ...late }, second]);
    expect(total(trace, 'ReleasedDrained')).toBe(1);
  });
});
