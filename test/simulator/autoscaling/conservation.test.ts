import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGroup } from '../../../demo/cluster.ts';
import { Account } from '../../../simulator/account.ts';
import { Fault } from '../../../simulator/machine.ts';

/** One thing that happens to a group of Spot and On-Demand instances that replaces some of them by itself. */
const step = fc.record({
  kind: fc.constantFrom(
    ...(['scale', 'recommend', 'interrupt', 'kill', 'terminate', 'unhealthy', 'standby', 'back'] as const),
    ...(['short', 'whole', 'suspend', 'resume', 'protect', 'lifetime'] as const),
    ...(['zone-short', 'zones', 'purchase', 'refresh', 'cancel', 'pool', 'no-pool'] as const),
  ),
  which: fc.nat(7),
  seconds: fc.constantFrom(0, 1, 5, 11, 40, 130, 400, 50_000),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
const steps = fc.array(step, { minLength: 5, maxLength: 30 });

const demo = { AutoScalingGroupName: 'nodes' };
const most = 8;
const zones = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'];

/** A group of Spot and On-Demand instances; or of On-Demand alone, which may have a warm pool. */
async function account(seed: number, isMixed: boolean) {
  const one = new Account({ seed });
  one.call('ecs', 'CreateCluster', { clusterName: 'shop' });
  createGroup(one, { clusterName: 'shop', autoScalingGroupName: 'nodes', desiredCapacity: 0 });
  one.call('autoscaling', 'UpdateAutoScalingGroup', {
    ...demo,
    MaxSize: most,
    CapacityRebalance: true,
    AvailabilityZones: zones,
  });
  if (isMixed) purchase(one, 1, 0);
  one.call('autoscaling', 'SetDesiredCapacity', { ...demo, DesiredCapacity: 4 });
  await one.advance(60);
  return one;
}

/** Sets the purchase options of the group. */
function purchase(one: Account, OnDemandBaseCapacity: number, OnDemandPercentageAboveBaseCapacity: number) {
  const { LaunchTemplate, MixedInstancesPolicy } = groupOf(one);
  const own = { LaunchTemplateSpecification: { LaunchTemplateName: LaunchTemplate?.LaunchTemplateName } };
  one.call('autoscaling', 'UpdateAutoScalingGroup', {
    ...demo,
    MixedInstancesPolicy: {
      LaunchTemplate: MixedInstancesPolicy?.LaunchTemplate ?? own,
      InstancesDistribution: { OnDemandBaseCapacity, OnDemandPercentageAboveBaseCapacity },
    },
  });
}

interface Described {
  readonly DesiredCapacity: number;
  readonly AvailabilityZones: readonly string[];
  readonly LaunchTemplate?: { readonly LaunchTemplateName: string };
  readonly MixedInstancesPolicy?: { readonly LaunchTemplate: unknown };
  readonly Instances: readonly {
    readonly InstanceId: string;
    readonly LifecycleState: string;
    readonly AvailabilityZone: string;
  }[];
}

const groupOf = (one: Account) =>
  (one.call('autoscaling', 'DescribeAutoScalingGroups', {}).AutoScalingGroups as unknown[])[0] as Described;

/** Does one step; what AWS refuses changes nothing. */
async function take(one: Account, next: Step): Promise<void> {
  try {
    act(one, next);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
  await one.advance(next.seconds);
}

function act(one: Account, { kind, which }: Step): void {
  const { now } = one.world;
  const all = groupOf(one).Instances;
  const InstanceId = all[which % Math.max(1, all.length)]?.InstanceId ?? '';
  const call = (operation: string, input: Record<string, unknown>) =>
    one.call('autoscaling', operation, input);
  const members = { ...demo, InstanceIds: [InstanceId] };
  switch (kind) {
    case 'scale':
      call('SetDesiredCapacity', { ...demo, DesiredCapacity: which });
      return;
    case 'recommend':
      if (InstanceId) one.hear(one.ec2.recommendRebalance(InstanceId));
      return;
    case 'interrupt':
      if (InstanceId) one.hear(one.ec2.interrupt(now, InstanceId));
      return;
    case 'kill':
      if (InstanceId) one.hear(one.ec2.terminate(now, InstanceId));
      return;
    case 'terminate':
      call('TerminateInstanceInAutoScalingGroup', {
        InstanceId,
        ShouldDecrementDesiredCapacity: which % 2 === 0,
      });
      return;
    case 'unhealthy':
      call('SetInstanceHealth', { InstanceId, HealthStatus: 'Unhealthy' });
      return;
    case 'standby':
      call('EnterStandby', { ...members, ShouldDecrementDesiredCapacity: true });
      return;
    case 'back':
      call('ExitStandby', members);
      return;
    case 'protect':
      call('SetInstanceProtection', { ...members, ProtectedFromScaleIn: which % 2 === 0 });
      return;
    default:
      change(one, { kind, which });
  }
}

/** What happens to the group as a whole. */
function change(one: Account, { kind, which }: Pick<Step, 'kind' | 'which'>): void {
  const call = (operation: string, input: Record<string, unknown>) =>
    one.call('autoscaling', operation, input);
  const processes = ['Launch', 'Terminate', 'ReplaceUnhealthy', 'AZRebalance'];
  const ScalingProcesses = [processes[which % processes.length] ?? ''];
  switch (kind) {
    case 'lifetime':
      call('UpdateAutoScalingGroup', { ...demo, MaxInstanceLifetime: which % 2 === 0 ? 86_400 : 0 });
      return;
    case 'short':
    case 'whole':
      one.setCapacity('nodes', kind === 'whole', which % 2 === 0 ? { market: 'spot' } : {});
      return;
    case 'zone-short':
      one.setCapacity('nodes', false, { availabilityZone: zones[which % 3] });
      return;
    case 'zones':
      call('UpdateAutoScalingGroup', {
        ...demo,
        AvailabilityZones: zones.filter((_, zone) => zone !== which % 4),
      });
      return;
    case 'purchase':
      if (groupOf(one).MixedInstancesPolicy) purchase(one, which % 5, (which % 3) * 50);
      return;
    case 'refresh':
      call('StartInstanceRefresh', {
        ...demo,
        Preferences: { MinHealthyPercentage: 50, InstanceWarmup: 10 },
      });
      return;
    case 'cancel':
      call('CancelInstanceRefresh', demo);
      return;
    case 'pool':
      call('PutWarmPool', { ...demo, MinSize: which % 3, MaxGroupPreparedCapacity: which });
      return;
    case 'no-pool':
      call('DeleteWarmPool', { ...demo, ForceDelete: which % 2 === 0 });
      return;
    case 'suspend':
    case 'resume':
      call(kind === 'suspend' ? 'SuspendProcesses' : 'ResumeProcesses', { ...demo, ScalingProcesses });
  }
}

/** Each EC2 instance that is not ending is one of the group's, which never has more in its places than it may. */
function checkPlaces(one: Account): void {
  const { Instances } = groupOf(one);
  const listed = one.autoscaling.instancesOf('nodes').map(({ instanceId }) => instanceId);
  const machines = one.ec2.all().filter(({ state }) => state === 'pending' || state === 'running');
  expect(machines.map(({ instanceId }) => instanceId).filter((id) => !listed.includes(id))).toEqual([]);
  const inPlace = Instances.filter(({ LifecycleState }) => /^(Pending|InService)/.test(LifecycleState));
  expect(inPlace.length).toBeLessThanOrEqual(most + 1);
}

/** Nobody touches it any more: it comes to its desired capacity, all of it in service, and stays there. */
async function settleGroup(one: Account): Promise<void> {
  one.call('autoscaling', 'ResumeProcesses', demo);
  one.setCapacity('nodes', true);
  const InstanceIds = groupOf(one)
    .Instances.filter(({ LifecycleState }) => LifecycleState === 'InService')
    .map(({ InstanceId }) => InstanceId);
  if (InstanceIds.length > 0)
    one.call('autoscaling', 'SetInstanceProtection', { ...demo, InstanceIds, ProtectedFromScaleIn: false });
  one.call('autoscaling', 'UpdateAutoScalingGroup', { ...demo, MaxInstanceLifetime: 0 });
  await one.advance(14_400);
  const { DesiredCapacity, Instances, AvailabilityZones } = groupOf(one);
  const working = Instances.filter(({ LifecycleState }) => LifecycleState !== 'Standby');
  expect(working.map(({ LifecycleState }) => LifecycleState)).toEqual(
    Array(DesiredCapacity).fill('InService'),
  );
  const sizes = AvailabilityZones.map(
    (zone) => working.filter(({ AvailabilityZone }) => AvailabilityZone === zone).length,
  );
  expect(sizes.reduce((all, size) => all + size)).toBe(working.length);
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  await one.advance(3600);
  expect(groupOf(one).Instances).toEqual(Instances);
}

describe('a group that replaces instances ahead of time, whatever happens', () => {
  it('accounts for every instance, within what it may exceed MaxSize by, and comes to its size (D-3.20, D-3.21)', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(1000), fc.boolean(), steps, async (seed, isMixed, history) => {
        const one = await account(seed, isMixed);
        checkPlaces(one);
        for (const next of history) {
          await take(one, next);
          checkPlaces(one);
        }
        await settleGroup(one);
      }),
      { numRuns: 60 },
    );
  });
});
