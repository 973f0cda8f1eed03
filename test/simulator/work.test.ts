import { describe, expect, it } from 'vitest';
import { createGroup, createService, setDesiredCapacity } from '../../demo/cluster.ts';
import { Account } from '../../simulator/account.ts';
import { rowsRead } from './rows.ts';

const clusterName = 'shop';
const name = 'nodes';

/** A group of so many instances, all of them registered. */
async function accountWith(instances: number, more: Record<string, unknown> = {}): Promise<Account> {
  const account = new Account({ seed: 1 });
  account.call('ecs', 'CreateCluster', { clusterName });
  createGroup(account, { clusterName, autoScalingGroupName: name, desiredCapacity: 0 });
  for (const [operation, input] of Object.entries(more))
    account.call('autoscaling', operation, { AutoScalingGroupName: name, ...(input as object) });
  setDesiredCapacity(account, name, instances);
  await account.advance(120);
  return account;
}

/** A service of so many tasks, all of them running. */
async function run(account: Account, serviceName: string, desiredCount: number): Promise<void> {
  createService(account, clusterName, { name: serviceName, cpu: 64, memoryMib: 64, desiredCount });
  await account.advance(60);
}

const hook = {
  LifecycleHookName: 'hold',
  LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
  HeartbeatTimeout: 30,
  DefaultResult: 'CONTINUE',
};

/** The rows that `act` reads in a small world and in one that is ten times as large. */
async function compared(
  build: (instances: number) => Promise<Account>,
  act: (account: Account) => unknown,
): Promise<{ small: number; large: number }> {
  const small = await build(20);
  const smallRows = await rowsRead(() => act(small));
  const large = await build(200);
  return { small: smallRows, large: await rowsRead(() => act(large)) };
}

describe('the work of a cluster ten times as large is about the same', () => {
  const launchTen = async (account: Account) => {
    const before = account.ecs.containerInstanceRecords().length;
    setDesiredCapacity(account, name, before + 10);
    await account.advance(120);
    expect(account.ecs.containerInstanceRecords()).toHaveLength(before + 10);
  };

  it.each([
    ['instances are launched and register', {}],
    ['instances are launched through a hook', { PutLifecycleHook: hook }],
  ])('where %s', async (_, more) => {
    const { small, large } = await compared((instances) => accountWith(instances, more), launchTen);
    expect(small).toBeGreaterThan(100);
    expect(large).toBeLessThan(1.2 * small);
  });

  const crowded = async (instances: number) => {
    const account = await accountWith(instances);
    await run(account, 'other', 5 * instances);
    await run(account, 'own', 4);
    return account;
  };
  const containerInstance = (account: Account) =>
    account.ecs.taskRecords().find(({ group }) => group === 'service:own')?.containerInstanceArn;

  it.each([
    ['a service is described', 'DescribeServices', () => ({ services: ['own'] })],
    ['the tasks of a service are listed', 'ListTasks', () => ({ serviceName: 'own' })],
    [
      'the tasks of an instance are listed',
      'ListTasks',
      (account: Account) => ({ containerInstance: containerInstance(account) }),
    ],
  ])('where %s', async (_, operation, inputOf) => {
    const { small, large } = await compared(crowded, (account) =>
      account.call('ecs', operation, { cluster: clusterName, ...inputOf(account) }),
    );
    expect(small).toBeGreaterThan(0);
    expect(large).toBeLessThanOrEqual(small + 5);
  });

  it('where tasks are placed, but for one look at each instance', async () => {
    const place = (account: Account) => run(account, 'own', 40);
    const { small, large } = await compared((instances) => accountWith(instances), place);
    expect(large - small).toBeLessThan(3 * 180);
  });
});
