import { describe, expect, it } from 'vitest';
import { drainHook, Scene } from './scene.ts';

const [a, b, c] = ['us-east-1a', 'us-east-1b', 'us-east-1c'];

/** The zones of the instances in that state, in their order. */
function zonesIn(scene: Scene, state = 'InService'): string {
  const all = scene.describe().Instances ?? [];
  return all
    .flatMap((one) => (one.LifecycleState === state ? (one.AvailabilityZone?.at(-1) ?? '') : []))
    .sort()
    .join('');
}

/** Terminates the instances of a zone one after the other, and lowers the desired capacity by each. */
function empty(scene: Scene, zone: string): void {
  for (const { InstanceId, AvailabilityZone } of scene.describe().Instances ?? [])
    if (AvailabilityZone === zone)
      scene.call('TerminateInstanceInAutoScalingGroup', { InstanceId, ShouldDecrementDesiredCapacity: true });
}

/** Two instances in each of three zones, with some settings; those of the first have left for a minute. */
function uneven(input: Record<string, unknown> = {}, hook?: Record<string, unknown>): Scene {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 6, MaxSize: 6, ...input }, hook);
  empty(scene, a);
  scene.advance(60);
  return scene;
}

describe('a group whose zones have become uneven', () => {
  it('launches first where there are fewest, and terminates in a full zone when that is in service (D-3.21)', () => {
    const scene = uneven();
    expect(zonesIn(scene)).toBe('bbcc');
    expect(zonesIn(scene, 'Pending')).toBe('a');
    scene.advance(9);
    expect(zonesIn(scene)).toBe('bbcc');
    scene.advance(1);
    expect(zonesIn(scene)).toBe('abcc');
    scene.advance(120);
    expect(zonesIn(scene)).toBe('abcc');
    expect(scene.ordered('launch-instance')).toHaveLength(7);
  });

  it('is left alone as long as something is under way in it, and for a minute after that', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 6 });
    empty(scene, a);
    scene.advance(50);
    scene.desired(5);
    scene.advance(69);
    expect(scene.ordered('launch-instance')).toHaveLength(7);
    const [InstanceId] = scene.in('InService').slice(-1);
    scene.call('TerminateInstanceInAutoScalingGroup', { InstanceId, ShouldDecrementDesiredCapacity: true });
    scene.advance(59);
    expect(scene.ordered('launch-instance')).toHaveLength(7);
    scene.advance(1);
    expect(scene.ordered('launch-instance')).toHaveLength(8);
  });

  it('says why in the words of AWS (D-13.64)', () => {
    const scene = uneven();
    const next = scene.ordered('launch-instance').at(-1) ?? '';
    scene.advance(10);
    const old = scene.in('Terminating').find((id) => !scene.ordered('terminate-instance').includes(id)) ?? '';
    expect(scene.activity(next, 'Launching').Cause).toBe(
      "At 2026-05-04T12:01:15Z availability zones us-east-1a us-east-1b us-east-1c had 0 2 2 instances respectively. An instance was launched to aid in balancing the group's zones.",
    );
    expect(scene.activity(old).Cause).toBe(
      'At 2026-05-04T12:01:15Z instances were launched to balance instances in zones us-east-1a with other zones resulting in more than desired number of instances in the group.  At 2026-05-04T12:01:25Z an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from 5 to 4.  At 2026-05-04T12:01:25Z instance ' +
        `${old} was selected for termination.`,
    );
  });

  it('lets the hook hold what leaves for it, while the place is another one’s (D-3.21, D-3.5)', () => {
    const scene = uneven({}, {});
    scene.advance(20);
    const held = scene.in('Terminating:Wait');
    expect(held).toHaveLength(3);
    const moved = held.find((id) => scene.activity(id).Cause?.includes('to balance instances in zones'));
    expect(moved).toBeDefined();
    expect(scene.lifecycleEvents(moved)[0]).toMatchObject({
      LifecycleHookName: drainHook,
      Origin: 'AutoScalingGroup',
      Destination: 'EC2',
    });
    expect(zonesIn(scene)).toBe('abcc');
  });

  it.each([
    [6, 1],
    [19, 1],
    [20, 2],
    [30, 3],
  ])('exceeds a MaxSize of %i by %i at most, a tenth of it or one (D-3.21, D-13.61)', (MaxSize, more) => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: MaxSize, MaxSize, AvailabilityZones: [b, c] });
    scene.update({ AvailabilityZones: [a, b, c] });
    let largest = 0;
    for (let passed = 0; passed < 1200; passed++) {
      largest = Math.max(largest, scene.in('InService').length + scene.in('Pending').length);
      scene.advance(1);
    }
    expect(largest).toBe(MaxSize + more);
    const sizes = ['a', 'b', 'c'].map((zone) => zonesIn(scene).split(zone).length - 1);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    expect(zonesIn(scene)).toHaveLength(MaxSize);
  });

  it('moves all at once where MaxSize has room for that', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 6, MaxSize: 12, AvailabilityZones: [b, c] });
    scene.update({ AvailabilityZones: [a, b, c] });
    scene.advance(60);
    expect(zonesIn(scene, 'Pending')).toBe('aa');
    scene.advance(60);
    expect(zonesIn(scene)).toBe('aabbcc');
  });

  it('leaves a zone that is none of its own any more, whatever that makes of the balance', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2, AvailabilityZones: [a] });
    scene.update({ AvailabilityZones: [b, c] });
    scene.advance(120);
    expect(zonesIn(scene)).toBe('bc');
  });

  it('does nothing where the zones differ by one', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 5 });
    scene.advance(3600);
    expect(scene.ordered('launch-instance')).toHaveLength(5);
  });

  it('takes those that its termination policy takes first', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1, AvailabilityZones: [b], TerminationPolicies: ['NewestInstance'] });
    for (const count of [2, 3]) {
      scene.desired(count);
      scene.advance(60);
    }
    const all = scene.in('InService');
    scene.update({ AvailabilityZones: [a, b] });
    scene.advance(70);
    expect(scene.in('Terminating')).toEqual([all[2]]);
  });

  it('keeps protected instances where they are', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 3, AvailabilityZones: [b], NewInstancesProtectedFromScaleIn: true });
    scene.update({ AvailabilityZones: [a, b] });
    scene.advance(600);
    expect(zonesIn(scene)).toBe('bbb');
    const InstanceIds = scene.in('InService').slice(1, 2);
    scene.call('SetInstanceProtection', {
      AutoScalingGroupName: 'demo',
      InstanceIds,
      ProtectedFromScaleIn: false,
    });
    scene.update({});
    scene.advance(10);
    expect(scene.in('Terminating')).toEqual(InstanceIds);
  });
});

describe('what keeps a group from making its zones even', () => {
  it.each(['AZRebalance', 'Launch'])('is the process %s while it is suspended (D-3.34)', (process) => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 6 });
    scene.suspend(process);
    empty(scene, a);
    scene.advance(3600);
    expect(zonesIn(scene)).toBe('bbcc');
    scene.resume(process);
    scene.advance(120);
    expect(zonesIn(scene)).toBe('abcc');
  });

  it('is Terminate, which leaves the group larger until it is resumed (D-3.34)', () => {
    const scene = uneven({ MaxSize: 4, DesiredCapacity: 4, AvailabilityZones: [b, c] });
    scene.suspend('Terminate');
    scene.update({ AvailabilityZones: [a, b, c] });
    scene.advance(600);
    expect(zonesIn(scene)).toBe('abbcc');
    scene.resume('Terminate');
    scene.advance(60);
    expect(zonesIn(scene)).toHaveLength(4);
  });

  it('is an instance refresh, until it is over', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 4, AvailabilityZones: [b] });
    scene.call('StartInstanceRefresh', {
      AutoScalingGroupName: 'demo',
      Preferences: { InstanceWarmup: 3600 },
    });
    scene.update({ AvailabilityZones: [a, b] });
    scene.advance(30);
    const inB = zonesIn(scene).split('b').length - 1;
    expect(inB).toBeGreaterThan(2);
    scene.call('CancelInstanceRefresh', { AutoScalingGroupName: 'demo' });
    scene.advance(60);
    scene.update({});
    scene.advance(120);
    expect(zonesIn(scene)).toBe('aabb');
  });

  it('is a maintenance policy without room above, then the old one goes first (D-3.27)', () => {
    const scene = new Scene();
    const InstanceMaintenancePolicy = { MinHealthyPercentage: 50, MaxHealthyPercentage: 100 };
    scene.group({ DesiredCapacity: 4, AvailabilityZones: [b], InstanceMaintenancePolicy });
    scene.update({ AvailabilityZones: [a, b] });
    scene.advance(60);
    expect(zonesIn(scene, 'Terminating')).toBe('bb');
    expect(zonesIn(scene, 'Pending')).toBe('aa');
    scene.advance(60);
    expect(zonesIn(scene)).toBe('aabb');
  });
});

describe('a group that is balanced-only', () => {
  const AvailabilityZoneDistribution = { CapacityDistributionStrategy: 'balanced-only' as const };

  it('launches nowhere else what a zone has no capacity for, and tries again there', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0, AvailabilityZoneDistribution });
    scene.autoscaling.setCapacity('demo', false, { availabilityZone: a });
    scene.desired(6);
    scene.advance(600);
    expect(zonesIn(scene)).toBe('bbcc');
    scene.autoscaling.setCapacity('demo', true);
    scene.advance(600);
    expect(zonesIn(scene)).toBe('aabbcc');
  });
});

describe('a zone without capacity', () => {
  /** Four instances in two of three zones, as the first zone has no capacity. */
  function short(): Scene {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0 });
    scene.autoscaling.setCapacity('demo', false, { availabilityZone: a });
    scene.desired(4);
    scene.advance(120);
    return scene;
  }
  const failed = (scene: Scene) => scene.activities().filter(({ StatusCode }) => StatusCode === 'Failed');

  it('is tried every ten minutes, once, and nothing leaves for it (D-3.21)', () => {
    const scene = short();
    expect([zonesIn(scene), failed(scene).length]).toEqual(['bbcc', 1]);
    scene.advance(600);
    expect([zonesIn(scene), failed(scene).length]).toEqual(['bbcc', 2]);
    scene.advance(1200);
    expect([zonesIn(scene), failed(scene).length]).toEqual(['bbcc', 4]);
    expect(failed(scene)[0]?.Cause).toMatch(
      /An instance was launched to aid in balancing the group's zones\.$/,
    );
  });

  it('gets its part when the capacity has come back (D-3.21)', () => {
    const scene = short();
    scene.autoscaling.setCapacity('demo', true);
    scene.advance(620);
    expect(zonesIn(scene)).toBe('abcc');
    expect(failed(scene)).toHaveLength(1);
  });

  it('is none for instances of a warm pool in another zone', () => {
    const scene = short();
    scene.suspend('AZRebalance');
    scene.call('PutWarmPool', { AutoScalingGroupName: 'demo', MinSize: 2, MaxGroupPreparedCapacity: 4 });
    scene.advance(120);
    scene.resume('AZRebalance');
    scene.advance(1200);
    expect(zonesIn(scene)).toBe('bbcc');
  });
});
