import { describe, expect, it } from 'vitest';
import { createGroup } from '../../../demo/cluster.ts';
import { Account } from '../../../simulator/account.ts';

async function fleet(seed = 1) {
  const account = new Account({ seed });
  account.call('ecs', 'CreateCluster', { clusterName: 'shop' });
  createGroup(account, { clusterName: 'shop', autoScalingGroupName: 'nodes', desiredCapacity: 5 });
  await account.advance(120);
  return account;
}

const impaired = (account: Account) => account.ec2.all().filter(({ impairment }) => impairment !== undefined);
const working = (account: Account) =>
  (account.call('autoscaling', 'DescribeAutoScalingInstances', {}).AutoScalingInstances as object[]).filter(
    (instance) => 'LifecycleState' in instance && instance.LifecycleState === 'InService',
  );

describe('instances whose status checks fail by chance (D-13.62)', () => {
  it('are about as many as they should be, of both checks, and each is replaced', async () => {
    const account = await fleet();
    account.impairments.set({ impairmentsPerHour: 6 });
    await account.advance(20 * 3600);
    const all = impaired(account);
    expect(all.length).toBeGreaterThan(90);
    expect(all.length).toBeLessThan(150);
    expect(new Set(all.map(({ impairment }) => impairment))).toEqual(new Set(['system', 'instance']));
    account.impairments.set({ impairmentsPerHour: 0 });
    await account.advance(900);
    expect(impaired(account).every(({ state }) => state === 'terminated')).toBe(true);
    expect(working(account)).toHaveLength(5);
    const { length } = account.ec2.all();
    await account.advance(3600);
    expect(account.ec2.all()).toHaveLength(length);
  });

  it('are the same under the same seed, others under another', async () => {
    const runs = [7, 7, 8].map(async (seed) => {
      const account = await fleet(seed);
      account.impairments.set({ impairmentsPerHour: 6 });
      await account.advance(3 * 3600);
      return JSON.stringify(account.world.log);
    });
    const [first, second, other] = await Promise.all(runs);
    expect(first).toBe(second);
    expect(first).not.toBe(other);
  });

  it('are well again after a stop and a start', async () => {
    const account = await fleet();
    const [one] = account.ec2.all();
    const instanceId = one?.instanceId ?? '';
    account.call('autoscaling', 'SuspendProcesses', { AutoScalingGroupName: 'nodes' });
    account.hear(account.ec2.impair(instanceId, 'system'));
    account.hear([{ kind: 'stop-instance', instanceId, hibernates: false }]);
    await account.advance(60);
    account.hear([{ kind: 'start-instance', instanceId }]);
    await account.advance(60);
    expect(account.ec2.instance(instanceId)).toMatchObject({ state: 'running' });
    expect(impaired(account)).toEqual([]);
    account.call('autoscaling', 'ResumeProcesses', { AutoScalingGroupName: 'nodes' });
    await account.advance(600);
    expect(account.ec2.instance(instanceId).state).toBe('running');
  });
});
