import { beforeAll, describe, expect, it } from 'vitest';
import { createGroup, createService, runTask, setDesiredCapacity } from '../../demo/cluster.ts';
import { Account } from '../../simulator/account.ts';

const clusterName = 'shop';
const group = { clusterName, autoScalingGroupName: 'nodes', desiredCapacity: 2 };
const job = { name: 'job', cpu: 128, memoryMib: 128, exitAfterSeconds: 5 };

/** Instances and tasks that came and went, more than an hour ago. */
async function aged(options: { entriesMax?: number }): Promise<Account> {
  const account = new Account({ seed: 1, ...options });
  account.call('ecs', 'CreateCluster', { clusterName });
  createGroup(account, group);
  await account.advance(120);
  createService(account, clusterName, { name: 'web', cpu: 128, memoryMib: 128, desiredCount: 2 });
  runTask(account, clusterName, job);
  await account.advance(60);
  account.call('autoscaling', 'PutLifecycleHook', {
    AutoScalingGroupName: group.autoScalingGroupName,
    LifecycleHookName: 'hook',
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    HeartbeatTimeout: 30,
    DefaultResult: 'CONTINUE',
  });
  account.call('ecs', 'DeleteService', { cluster: clusterName, service: 'web', force: true });
  setDesiredCapacity(account, group.autoScalingGroupName, 0);
  await account.advance(2 * 3600);
  return account;
}

const records = (account: Account) => ({
  tasks: account.ecs.taskRecords().length,
  instances: account.ecs.containerInstanceRecords().length,
  ec2: account.ec2.all().length,
  actions: account.autoscaling.lifecycleActions().length,
});

describe('an account', () => {
  let keeping: Account;
  let forgetting: Account;

  beforeAll(async () => {
    keeping = await aged({});
    forgetting = await aged({ entriesMax: 1000 });
  });

  it('keeps a record of everything for whoever checks from the side of AWS', () => {
    expect(records(keeping)).toEqual({ tasks: 3, instances: 2, ec2: 2, actions: 2 });
  });

  it('forgets what AWS would not describe any more, where it is told to', () => {
    expect(records(forgetting)).toEqual({ tasks: 0, instances: 0, ec2: 0, actions: 0 });
  });

  it('tells no more of a service an hour after its end, unless it was created again (D-9.46)', async () => {
    const services = (account: Account) =>
      account.call('ecs', 'DescribeServices', { cluster: clusterName, services: ['web'] });
    expect(services(forgetting)).toMatchObject({ services: [], failures: [{ reason: 'MISSING' }] });
    const account = new Account({ seed: 1 });
    account.call('ecs', 'CreateCluster', { clusterName });
    const wish = { name: 'web', cpu: 128, memoryMib: 128, desiredCount: 0 };
    createService(account, clusterName, wish);
    account.call('ecs', 'DeleteService', { cluster: clusterName, service: 'web' });
    await account.advance(60);
    createService(account, clusterName, wish);
    await account.advance(2 * 3600);
    expect(services(account)).toMatchObject({ services: [{ status: 'ACTIVE' }] });
  });

  it('tells of activities for six weeks (D-14.1)', async () => {
    const account = new Account({ seed: 1 });
    account.call('ecs', 'CreateCluster', { clusterName });
    createGroup(account, { ...group, desiredCapacity: 1, agentSeconds: null });
    const activities = () =>
      account.call('autoscaling', 'DescribeScalingActivities', {
        AutoScalingGroupName: group.autoScalingGroupName,
      }).Activities as object[];
    await account.advance(41 * 86_400);
    setDesiredCapacity(account, group.autoScalingGroupName, 2);
    expect(activities()).toHaveLength(2);
    await account.advance(2 * 86_400);
    setDesiredCapacity(account, group.autoScalingGroupName, 3);
    expect(activities()).toHaveLength(2);
  });
});
