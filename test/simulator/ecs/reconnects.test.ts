import { describe, expect, it } from 'vitest';
import { createGroup } from '../../../demo/cluster.ts';
import { Account } from '../../../simulator/account.ts';

const clusterName = 'shop';
const hour = 3600;

/** An account with twenty container instances that are all there. */
async function fleet(seed = 1) {
  const account = new Account({ seed });
  account.call('ecs', 'CreateCluster', { clusterName });
  createGroup(account, { clusterName, autoScalingGroupName: 'nodes', desiredCapacity: 20 });
  await account.advance(300);
  return account;
}

/** Every change of a connection since an instance was registered, by instance. */
function flaps(account: Account) {
  const found = new Map<string, { at: number; version: number; agentConnected: boolean }[]>();
  for (const { kind, event } of account.world.log) {
    if (kind !== 'event') continue;
    const { time, detail } = event as { time: string; detail: Record<string, unknown> };
    const { ec2InstanceId, version, agentConnected } = detail;
    if (typeof version !== 'number' || version <= 2 || typeof agentConnected !== 'boolean') continue;
    const own = found.get(String(ec2InstanceId)) ?? [];
    found.set(String(ec2InstanceId), [...own, { at: Date.parse(time), version, agentConnected }]);
  }
  return found;
}

describe('agents that reconnect in normal operation (D-1.10g)', () => {
  it('do so several times an hour, each about as often as it should, with an event and a version for each end', async () => {
    const account = await fleet();
    account.reconnects.set({ agentReconnectsPerHour: 4, agentAwaySecondsMax: 3 });
    await account.advance(10 * hour);
    const byInstance = flaps(account);
    expect(byInstance.size).toBe(20);
    const ends = [...byInstance.values()].flat();
    // 20 agents, 4 times an hour, 10 hours, two ends.
    expect(ends.length).toBeGreaterThan(1600 * 0.8);
    expect(ends.length).toBeLessThan(1600 * 1.2);
    for (const own of byInstance.values()) {
      expect(own.map(({ version }) => version)).toEqual(own.map((_, at) => 3 + at));
      expect(own.map(({ agentConnected }) => agentConnected)).toEqual(own.map((_, at) => at % 2 === 1));
      for (const [at, { agentConnected, at: time }] of own.entries())
        if (agentConnected) expect(time - (own[at - 1]?.at ?? 0)).toBeLessThanOrEqual(3000);
    }
  });

  it('are the same under the same seed, others under another', async () => {
    const runs = [7, 7, 8].map(async (seed) => {
      const account = await fleet(seed);
      account.reconnects.set({ agentReconnectsPerHour: 6 });
      await account.advance(hour);
      return JSON.stringify(account.world.log);
    });
    const [first, second, other] = await Promise.all(runs);
    expect(first).toBe(second);
    expect(first).not.toBe(other);
  });

  it('stay connected where nobody said so, and from when it is switched off', async () => {
    const account = await fleet();
    await account.advance(5 * hour);
    expect(flaps(account).size).toBe(0);
    account.reconnects.set({ agentReconnectsPerHour: 10 });
    await account.advance(hour);
    account.reconnects.set({ agentReconnectsPerHour: 0 });
    await account.advance(10);
    const { length } = [...flaps(account).values()].flat();
    expect(length).toBeGreaterThan(0);
    await account.advance(5 * hour);
    expect([...flaps(account).values()].flat()).toHaveLength(length);
  });

  it('may be lost for good, one by one', async () => {
    const account = await fleet();
    account.reconnects.set({ agentReconnectsPerHour: 2, agentLossProbability: 1 });
    await account.advance(24 * hour);
    const connected = account.ecs.containerInstanceRecords().filter(({ agentConnected }) => agentConnected);
    expect(connected).toEqual([]);
    expect(flaps(account).size).toBe(20);
    for (const own of flaps(account).values()) expect(own).toMatchObject([{ agentConnected: false }]);
  });

  it('are routine: nobody waits for the next one', async () => {
    const account = await fleet();
    account.reconnects.set({ agentReconnectsPerHour: 4 });
    await account.advance(hour);
    expect(account.world.busyAt).toBeUndefined();
  });
});
