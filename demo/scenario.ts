import type { Account } from '../simulator/account.ts';
import {
  activeInstances,
  createGroup,
  createService,
  enrolmentTag,
  hasHook,
  isSteady,
  runTask,
  type ServiceWish,
  setDesiredCapacity,
  tagGroup,
  type Workload,
} from './cluster.ts';

/** The names that the scenario uses. */
export const clusterName = 'demo';
export const autoScalingGroupName = 'demo-nodes';

const services: readonly ServiceWish[] = [
  { name: 'web', cpu: 256, memoryMib: 512, desiredCount: 9, stopSeconds: 3, deregistrationDelaySeconds: 30 },
  { name: 'worker', cpu: 256, memoryMib: 512, desiredCount: 6, stopSeconds: 12 },
  { name: 'log-agent', cpu: 64, memoryMib: 128, stopSeconds: 1 },
];
const report: Workload = {
  name: 'nightly-report',
  cpu: 256,
  memoryMib: 512,
  stopSeconds: 1,
  exitAfterSeconds: 12 * 60,
};

/** What the scale-in left to look at. */
export interface ScaledIn {
  readonly scaledInAt: number;
  readonly standaloneTaskArn: string;
}

/**
 * Six container instances in two zones with a web service behind a load balancer, a worker service, a daemon and one
 * standalone task; the group is enrolled and then scaled in to three. Ends when the last leaving instance is gone.
 */
export async function playScaleIn(account: Account): Promise<ScaledIn> {
  account.call('ecs', 'CreateCluster', { clusterName });
  createGroup(account, { clusterName, autoScalingGroupName, desiredCapacity: 1 });
  await account.until('the first instance registers', () => activeInstances(account, clusterName) === 1, 300);
  // The oldest instance of the fullest zone leaves first, so what runs on the first instance will have to leave.
  const standaloneTaskArn = runTask(account, clusterName, report);
  setDesiredCapacity(account, autoScalingGroupName, 6);
  await account.until('six instances register', () => activeInstances(account, clusterName) === 6, 300);
  for (const service of services) createService(account, clusterName, service);
  await account.until('all services are steady', () => isSteady(account, clusterName), 600);
  account.world.record('operator', { did: `tags the group: ${enrolmentTag} = ${clusterName}` });
  tagGroup(account, autoScalingGroupName, { [enrolmentTag]: clusterName });
  await account.until('the hook is put', () => hasHook(account, autoScalingGroupName), 120);
  account.world.record('operator', { did: 'scales the group in from 6 to 3 instances' });
  const scaledInAt = account.world.now;
  setDesiredCapacity(account, autoScalingGroupName, 3);
  await account.until('the leaving instances are gone', () => instancesLeft(account) === 3, 3 * 3600);
  return { scaledInAt, standaloneTaskArn };
}

function instancesLeft(account: Account): number {
  const reply = account.call('autoscaling', 'DescribeAutoScalingGroups', {
    AutoScalingGroupNames: [autoScalingGroupName],
  });
  const [group] = reply.AutoScalingGroups as { Instances: unknown[] }[];
  return group?.Instances.length ?? 0;
}
