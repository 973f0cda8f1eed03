import { describe, expect, it } from 'vitest';
import { createGroup, tagGroup } from '../../demo/cluster.ts';
import { Account } from '../../simulator/account.ts';

/** A group of three with a tag and a hook, its instances with an attribute of somebody's. */
async function world(seed: number) {
  const account = new Account({ seed });
  account.call('ecs', 'CreateCluster', { clusterName: 'shop' });
  createGroup(account, { clusterName: 'shop', autoScalingGroupName: 'nodes', desiredCapacity: 3 });
  tagGroup(account, 'nodes', { team: 'blue' });
  account.call('autoscaling', 'PutLifecycleHook', {
    AutoScalingGroupName: 'nodes',
    LifecycleHookName: 'keep',
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
  });
  await account.advance(120);
  const attributes = account.ecs.containerInstanceRecords().map(({ containerInstanceArn }) => ({
    name: 'rack',
    value: '1',
    targetId: containerInstanceArn,
  }));
  account.call('ecs', 'PutAttributes', { cluster: 'shop', attributes });
  const deeds = () =>
    account.world.log.filter(({ kind }) => kind === 'operator').map(({ did }) => String(did));
  return { account, deeds };
}

const acts = [
  /^deletes the tag team /,
  /^deletes the hook keep /,
  /^deletes the attribute rack /,
  / to DRAINING$/,
  / to ACTIVE$/,
];

describe('meddling', () => {
  it('takes tags, hooks and attributes away, and sets instances to DRAINING and back', async () => {
    const { account, deeds } = await world(1);
    account.meddling.set({ meddlesPerHour: 60 });
    await account.advance(3600);
    for (const act of acts) expect(deeds().some((deed) => act.test(deed))).toBe(true);
    const [group] = account.call('autoscaling', 'DescribeAutoScalingGroups', {}).AutoScalingGroups as {
      Tags?: unknown[];
    }[];
    expect(group?.Tags ?? []).toEqual([]);
    const { LifecycleHooks } = account.call('autoscaling', 'DescribeLifecycleHooks', {
      AutoScalingGroupName: 'nodes',
    });
    expect(LifecycleHooks).toEqual([]);
  });

  it('leaves what the agent said of an instance alone', async () => {
    const { account } = await world(2);
    const before = account.ecs.containerInstanceRecords().map(({ agentAttributes }) => agentAttributes);
    account.meddling.set({ meddlesPerHour: 3600 });
    await account.advance(3600);
    expect(account.ecs.containerInstanceRecords().map(({ agentAttributes }) => agentAttributes)).toEqual(
      before,
    );
    expect(
      account.ecs.containerInstanceRecords().flatMap(({ customAttributes }) => customAttributes),
    ).toEqual([]);
  });

  it('happens as often as was said, is the same under the same seed, and ends when it is switched off', async () => {
    const runs = await Promise.all(
      [3, 3].map(async (seed) => {
        const { account, deeds } = await world(seed);
        expect(deeds()).toEqual([]);
        account.meddling.set({ meddlesPerHour: 30 });
        await account.advance(7200);
        const done = deeds();
        account.meddling.set({ meddlesPerHour: 0 });
        await account.advance(7200);
        expect(deeds()).toEqual(done);
        return done;
      }),
    );
    expect(runs[0]).toEqual(runs[1]);
    // Some of the 60 find nothing to take any more.
    expect(runs[0]?.length).toBeGreaterThan(15);
    expect(runs[0]?.length).toBeLessThan(90);
  });

  it('finds nothing to do in an empty account', async () => {
    const account = new Account({ seed: 4 });
    account.meddling.set({ meddlesPerHour: 3600 });
    await account.advance(600);
    expect(account.world.log.filter(({ kind }) => kind === 'operator')).toEqual([]);
  });
});
