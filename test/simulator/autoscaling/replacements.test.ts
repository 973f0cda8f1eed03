import { describe, expect, it } from 'vitest';
import { drainHook, Scene, terminateEvent } from './scene.ts';

const zones = ['us-east-1a', 'us-east-1b', 'us-east-1c'];

/** A mixed instances policy: so many On-Demand, the others Spot. */
const policy = (base: number, percent = 0) => ({
  LaunchTemplate: undefined,
  MixedInstancesPolicy: {
    LaunchTemplate: { LaunchTemplateSpecification: { LaunchTemplateName: 'ecs' } },
    InstancesDistribution: { OnDemandBaseCapacity: base, OnDemandPercentageAboveBaseCapacity: percent },
  },
});

/** Spot instances in service, in a group that rebalances capacity unless told otherwise. */
function spot(input: Record<string, unknown> = {}, hook?: Record<string, unknown>) {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 2, CapacityRebalance: true, ...policy(0), ...input }, hook);
  const [first = '', second = ''] = scene.in('InService');
  return { scene, first, second };
}

const recommended = 'EC2 Instance Rebalance Recommendation';
const warned = 'EC2 Spot Instance Interruption Warning';
const newest = (scene: Scene) => scene.ordered('launch-instance').at(-1) ?? '';
const size = (scene: Scene) => Object.keys(scene.states()).length;

describe('capacity rebalancing', () => {
  it('launches first, and terminates the instance at risk when the new one is in service (D-3.20)', () => {
    const { scene, first } = spot();
    scene.signal(recommended, first);
    const next = newest(scene);
    expect(scene.states()).toMatchObject({ [first]: 'InService', [next]: 'Pending' });
    scene.advance(9);
    expect(scene.states()[first]).toBe('InService');
    scene.advance(1);
    expect(scene.states()).toMatchObject({ [first]: 'Terminating', [next]: 'InService' });
    scene.advance(60);
    expect(scene.in('InService')).toHaveLength(2);
    expect(size(scene)).toBe(2);
    expect(scene.activity(next, 'Launching').Cause).toMatch(
      /^At \S+Z an instance was launched in response to an EC2 instance rebalance recommendation\.$/,
    );
    expect(scene.activity(first).Cause).toMatch(
      /^At \S+Z an instance was taken out of service in response to an EC2 instance rebalance recommendation\.$/,
    );
  });

  it('lets launch hooks and the warm-up of the new one pass, and the termination hook hold the old one (D-3.20)', () => {
    const { scene, first } = spot({ DefaultInstanceWarmup: 30 }, {});
    scene.hook({ LifecycleHookName: 'in', LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
    scene.signal(recommended, first);
    const next = newest(scene);
    scene.advance(200);
    expect(scene.states()).toMatchObject({ [first]: 'InService', [next]: 'Pending:Wait' });
    scene.call('CompleteLifecycleAction', {
      AutoScalingGroupName: 'demo',
      LifecycleHookName: 'in',
      InstanceId: next,
      LifecycleActionResult: 'CONTINUE',
    });
    scene.advance(30);
    expect(scene.states()).toMatchObject({ [first]: 'InService', [next]: 'InService' });
    scene.advance(2);
    expect(scene.states()[first]).toBe('Terminating:Wait');
    expect(scene.events(terminateEvent).at(-1)?.detail).toMatchObject({
      EC2InstanceId: first,
      LifecycleHookName: drainHook,
    });
  });

  it('exceeds MaxSize by a tenth of the desired capacity or by one, and replaces the others later (D-3.20, D-13.61)', () => {
    for (const [desired, most] of [
      [2, 3],
      [20, 22],
    ] as const) {
      const { scene } = spot({ DesiredCapacity: desired, MaxSize: desired });
      const old = scene.in('InService');
      for (const id of old) scene.signal(recommended, id);
      expect(size(scene)).toBe(most);
      let largest = 0;
      for (let passed = 0; passed < 60 * desired; passed++) {
        scene.advance(1);
        largest = Math.max(largest, scene.in('InService').length + scene.in('Pending').length);
      }
      expect(largest).toBe(most);
      expect(scene.in('InService')).toHaveLength(desired);
      expect(old.filter((id) => id in scene.states())).toEqual([]);
    }
  });

  it('tries again while there is no Spot capacity, and Spot takes the instance all the same (D-3.20)', () => {
    const { scene, first } = spot();
    scene.autoscaling.setCapacity('demo', false, { market: 'spot' });
    scene.signal(recommended, first);
    expect(scene.activities()[0]).toMatchObject({
      StatusCode: 'Failed',
      StatusMessage: expect.stringContaining('There is no Spot capacity available'),
    });
    scene.advance(60);
    expect(scene.activities().filter(({ StatusCode }) => StatusCode === 'Failed')).toHaveLength(2);
    expect(scene.states()[first]).toBe('InService');
    scene.kill(first);
    scene.autoscaling.setCapacity('demo', true, { market: 'spot' });
    scene.advance(700);
    expect(scene.in('InService')).toHaveLength(2);
    expect(size(scene)).toBe(2);
  });

  it('launches anew when the new instance is lost or found unhealthy before it is in service (D-3.20)', () => {
    const { scene, first } = spot();
    scene.signal(recommended, first);
    const lost = newest(scene);
    scene.advance(5);
    scene.kill(lost);
    const next = newest(scene);
    expect(next).not.toBe(lost);
    expect(scene.states()).toMatchObject({ [first]: 'InService', [next]: 'Pending' });
    scene.advance(12);
    expect(scene.states()[first]).toMatch(/^Terminating/);
    expect(scene.ordered('launch-instance')).toHaveLength(4);
  });

  it('terminates at the notice and launches at once, whether a recommendation came before or not (D-3.20)', () => {
    const { scene, first, second } = spot({}, {});
    scene.signal(warned, first);
    expect(scene.states()[first]).toBe('Terminating');
    expect(scene.in('Pending')).toHaveLength(1);
    scene.advance(1);
    expect(scene.states()[first]).toBe('Terminating:Wait');
    expect(scene.activity(first).Cause).toMatch(/in response to an EC2 Spot Instance interruption notice\.$/);
    scene.signal(recommended, second);
    expect(scene.in('Pending')).toHaveLength(2);
    scene.signal(warned, second);
    expect(scene.states()[second]).toBe('Terminating');
    expect(scene.in('Pending')).toHaveLength(2);
    scene.advance(20);
    expect(scene.in('InService')).toHaveLength(2);
  });

  it('scales out first where the group is to grow meanwhile (D-3.20)', () => {
    const { scene, first } = spot();
    scene.signal(recommended, first);
    scene.advance(5);
    scene.desired(3);
    scene.advance(5);
    expect(scene.states()[first]).toBe('InService');
    scene.advance(5);
    expect(scene.states()[first]).toBe('Terminating');
    expect(scene.in('InService')).toHaveLength(3);
  });

  it('shrinks meanwhile without launching again, and leaves the instance at risk to its end', () => {
    const { scene, first } = spot();
    scene.signal(recommended, first);
    scene.desired(1);
    scene.advance(60);
    expect(scene.ordered('launch-instance')).toHaveLength(3);
    expect(scene.states()).toEqual({ [newest(scene)]: 'InService' });
  });

  it('obeys a maintenance policy: more at once above its maximum, or the old one first (D-3.27)', () => {
    const policyOf = (MinHealthyPercentage: number, MaxHealthyPercentage: number) => ({
      DesiredCapacity: 4,
      MaxSize: 4,
      InstanceMaintenancePolicy: { MinHealthyPercentage, MaxHealthyPercentage },
    });
    const { scene: ahead } = spot(policyOf(100, 150));
    for (const id of ahead.in('InService')) ahead.signal(recommended, id);
    expect([ahead.in('InService').length, ahead.in('Pending').length]).toEqual([4, 2]);
    const { scene: behind } = spot(policyOf(50, 100));
    for (const id of behind.in('InService')) behind.signal(recommended, id);
    expect([behind.in('InService').length, behind.in('Pending').length]).toEqual([2, 2]);
  });

  it('does nothing where it is off, for On-Demand instances, and while Launch is suspended', () => {
    const off = spot({ CapacityRebalance: false });
    off.scene.signal(recommended, off.first);
    off.scene.signal(warned, off.first);
    expect(off.scene.states()).toEqual({ [off.first]: 'InService', [off.second]: 'InService' });
    const bought = spot(policy(2));
    bought.scene.signal(recommended, bought.first);
    bought.scene.signal(warned, bought.first);
    expect(bought.scene.in('InService')).toEqual([bought.first, bought.second]);
    const held = spot();
    held.scene.call('SuspendProcesses', { AutoScalingGroupName: 'demo', ScalingProcesses: ['Launch'] });
    held.scene.signal(recommended, held.first);
    expect(size(held.scene)).toBe(2);
    held.scene.call('ResumeProcesses', { AutoScalingGroupName: 'demo', ScalingProcesses: ['Launch'] });
    expect(held.scene.in('Pending')).toHaveLength(1);
  });

  it('keeps the old instance while Terminate is suspended, and begins when it is switched on', () => {
    const { scene, first } = spot({ CapacityRebalance: false });
    scene.signal(recommended, first);
    scene.call('SuspendProcesses', { AutoScalingGroupName: 'demo', ScalingProcesses: ['Terminate'] });
    scene.call('UpdateAutoScalingGroup', { AutoScalingGroupName: 'demo', CapacityRebalance: true });
    scene.advance(60);
    expect(scene.in('InService')).toHaveLength(3);
    scene.call('ResumeProcesses', { AutoScalingGroupName: 'demo', ScalingProcesses: ['Terminate'] });
    expect(scene.states()[first]).toBe('Terminating');
    scene.advance(60);
    expect(scene.in('InService')).toHaveLength(2);
  });

  it('keeps its zones', () => {
    const { scene, first } = spot({ DesiredCapacity: 3 });
    scene.signal(recommended, first);
    scene.advance(60);
    const used = scene.describe().Instances?.map(({ AvailabilityZone }) => AvailabilityZone);
    expect(used?.toSorted()).toEqual(zones);
  });
});
