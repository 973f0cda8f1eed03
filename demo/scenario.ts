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
  { name: 'log-agent', cpu: 64, memoryMib: 128, stopSeconds: 8 },
];
const report: Workload = {
  name: 'nightly-report',
  cpu: 256,
  memoryMib: 512,
  stopSeconds: 1,
  exitAfterSeconds: 12 * 60,
};

/** How many instances the scale-in takes away. */
export const leavingCount = 3;
const instanceCount = 6;

/** A hook is put by the next sweep, and a drain ends with the standalone task; after that long it is no use to wait on. */
const hookSecondsMax = 120;
const drainSecondsMax = 3600;

/** What the scale-in left to look at. */
export interface ScaledIn {
  readonly scaledInAt: number;
  readonly standaloneTaskArn: string;
}

/**
 * Six container instances in two zones with a web service behind a load balancer, a worker service, a daemon and one
 * standalone task; the group is enrolled and then scaled in to three. Ends when the last leaving instance is gone, or after
 * an hour of virtual time: that an instance did not leave, or was never held, is a result, for the report to say.
 * `onSecond` is awaited after every virtual second since the scale-in; what happens does not depend on how long it takes.
 */
export async function playScaleIn(
  account: Account,
  onSecond: () => Promise<void> = async () => {},
): Promise<ScaledIn> {
  account.call('ecs', 'CreateCluster', { clusterName });
  createGroup(account, { clusterName, autoScalingGroupName, desiredCapacity: 1 });
  await account.until('the first instance registers', () => activeInstances(account, clusterName) === 1, 300);
  // The oldest instance of the fullest zone leaves first, so what runs on the first instance will have to leave.
  const standaloneTaskArn = runTask(account, clusterName, report);
  setDesiredCapacity(account, autoScalingGroupName, instanceCount);
  const areAllThere = () => activeInstances(account, clusterName) === instanceCount;
  await account.until('all instances register', areAllThere, 300);
  for (const service of services) createService(account, clusterName, service);
  await account.until('all services are steady', () => isSteady(account, clusterName), 600);
  account.world.record('operator', { did: `tags the group: ${enrolmentTag} = ${clusterName}` });
  tagGroup(account, autoScalingGroupName, { [enrolmentTag]: clusterName });
  const isHooked = await comes(account, () => hasHook(account, autoScalingGroupName), hookSecondsMax);
  if (!isHooked)
    account.world.record('operator', { did: `sees no hook after ${hookSecondsMax} s and goes on` });
  const stayingCount = instanceCount - leavingCount;
  const did = `scales the group in from ${instanceCount} to ${stayingCount} instances`;
  account.world.record('operator', { did });
  const scaledInAt = account.world.now;
  setDesiredCapacity(account, autoScalingGroupName, stayingCount);
  await comes(account, () => instancesLeft(account) === stayingCount, drainSecondsMax, onSecond);
  return { scaledInAt, standaloneTaskArn };
}

/** Lets time pass until `done` holds, looked at every virtual second; whether it did within `secondsMax`. */
async function comes(
  account: Account,
  done: () => boolean,
  secondsMax: number,
  onSecond: () => Promise<void> = async () => {},
): Promise<boolean> {
  for (let second = 0; second < secondsMax; second++) {
    if (done()) return true;
    await account.advance(1);
    await onSecond();
  }
  return done();
}

function instancesLeft(account: Account): number {
  const reply = account.call('autoscaling', 'DescribeAutoScalingGroups', {
    AutoScalingGroupNames: [autoScalingGroupName],
  });
  const [group] = reply.AutoScalingGroups as { Instances: unknown[] }[];
  return group?.Instances.length ?? 0;
}
