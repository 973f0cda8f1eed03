import { describe, expect, it } from 'vitest';
import { drainHook, Scene, startAt, terminateEvent } from './scene.ts';

const zonesOf = (scene: Scene) => scene.describe().Instances?.map((instance) => instance.AvailabilityZone);

describe('capacity', () => {
  it('is spread over the zones, the emptiest first', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 5 });
    expect(zonesOf(scene)).toEqual(['us-east-1a', 'us-east-1b', 'us-east-1c', 'us-east-1a', 'us-east-1b']);
  });

  it('is taken from the fullest zone, and there the oldest', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 4 });
    const [a1, b1, c1, a2] = scene.in('InService');
    scene.desired(3);
    expect(scene.in('Terminating')).toEqual([a1]);
    scene.desired(1);
    expect(scene.in('Terminating')).toEqual([a1, b1, c1]);
    expect(scene.in('InService')).toEqual([a2]);
  });

  it('is taken from the newest where the termination policy says so', () => {
    const scene = new Scene();
    scene.group({
      DesiredCapacity: 1,
      AvailabilityZones: ['us-east-1a'],
      TerminationPolicies: ['NewestInstance'],
    });
    scene.desired(2);
    scene.advance(15);
    const [, newest] = scene.in('InService');
    scene.desired(1);
    expect(scene.in('Terminating')).toEqual([newest]);
  });

  it('is never taken from a protected instance; the group stays larger until protection goes (D-3.24)', () => {
    const scene = new Scene();
    scene.group({
      DesiredCapacity: 2,
      AvailabilityZones: ['us-east-1a'],
      NewInstancesProtectedFromScaleIn: true,
    });
    const [first, second] = scene.in('InService');
    scene.desired(1);
    scene.advance(60);
    expect(scene.describe()).toMatchObject({ DesiredCapacity: 1 });
    expect(scene.in('InService')).toEqual([first, second]);
    scene.call('SetInstanceProtection', {
      AutoScalingGroupName: 'demo',
      InstanceIds: [second],
      ProtectedFromScaleIn: false,
    });
    expect(scene.in('Terminating')).toEqual([second]);
  });

  it('passes over a fuller zone in which all are protected', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 4 });
    const [a1, b1, , a2] = scene.in('InService');
    scene.call('SetInstanceProtection', {
      AutoScalingGroupName: 'demo',
      InstanceIds: [a1, a2],
      ProtectedFromScaleIn: true,
    });
    scene.desired(3);
    expect(scene.in('Terminating')).toEqual([b1]);
  });

  it('is taken from an instance that was still Pending once it is in service', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0 });
    scene.desired(2);
    scene.desired(1);
    expect(scene.in('Pending')).toHaveLength(2);
    scene.advance(10);
    expect(scene.in('InService')).toHaveLength(1);
  });

  it('tells the size of the step in the cause of every launch', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    scene.desired(3);
    expect(
      scene
        .activities()
        .slice(0, 2)
        .map(({ Cause }) => Cause),
    ).toEqual(
      Array(2).fill(
        'At 2026-05-04T12:00:15Z a user request explicitly set group desired capacity changing the desired capacity from 1 to 3.  At 2026-05-04T12:00:15Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 1 to 3.',
      ),
    );
  });
});

describe('an unhealthy instance', () => {
  const unhealthy = (scene: Scene, InstanceId: string, input: Record<string, unknown> = {}) =>
    scene.call('SetInstanceHealth', { InstanceId, HealthStatus: 'Unhealthy', ...input });

  it('is terminated through its hook while a replacement launches, protected or not (D-3.22, D-3.23)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1, NewInstancesProtectedFromScaleIn: true }, {});
    const [instanceId = ''] = scene.in('InService');
    unhealthy(scene, instanceId);
    expect(scene.in('Pending')).toHaveLength(1);
    expect(scene.describe().Instances?.[0]).toMatchObject({
      InstanceId: instanceId,
      HealthStatus: 'Unhealthy',
      LifecycleState: 'Terminating',
    });
    scene.advance(1);
    expect(scene.states()[instanceId]).toBe('Terminating:Wait');
    expect(scene.activity(instanceId).Cause).toContain('in response to a user health-check.');
    expect(scene.activities()[0]?.Cause).toContain('an unhealthy instance needing to be replaced.');
  });

  it.each([
    [59, {}, 1],
    [61, {}, 2],
    [59, { ShouldRespectGracePeriod: false }, 2],
  ])('after %i s of a grace period of 60 s, with %o: %i instances', (seconds, input, count) => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1, HealthCheckGracePeriod: 60 });
    const [instanceId = ''] = scene.in('InService');
    // In service since the tenth second.
    scene.advance(seconds - 5);
    unhealthy(scene, instanceId, input);
    expect(Object.keys(scene.states())).toHaveLength(count);
  });

  it('is not replaced while the group is larger than it has to be', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2, NewInstancesProtectedFromScaleIn: true });
    scene.desired(1);
    unhealthy(scene, scene.in('InService')[0] ?? '');
    expect(scene.in('Pending')).toEqual([]);
  });

  it('stays when it is found healthy', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    const [instanceId = ''] = scene.in('InService');
    unhealthy(scene, instanceId, { HealthStatus: 'Healthy' });
    expect(scene.in('InService')).toEqual([instanceId]);
    expect(() => unhealthy(scene, instanceId, { HealthStatus: 'Ill' })).toThrow('[Healthy, Unhealthy]');
  });
});

describe('an instance terminated behind the back of its group', () => {
  it('is replaced at once where no hook is (D-3.22)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    const [instanceId = ''] = scene.in('InService');
    scene.kill(instanceId);
    expect(scene.in('Pending')).toHaveLength(1);
    scene.advance(1);
    expect(scene.states()[instanceId]).toBeUndefined();
    expect(scene.ordered('terminate-instance')).toEqual([]);
    expect(scene.activity(instanceId).Cause).toBe(
      'At 2026-05-04T12:00:15Z an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.',
    );
  });

  it('goes through the hook and holds its place until that is done (D-3.22, D-2.45)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 }, {});
    const [instanceId = ''] = scene.in('InService');
    scene.kill(instanceId);
    scene.advance(60);
    expect(scene.states()).toEqual({ [instanceId]: 'Terminating:Wait' });
    expect(scene.events(terminateEvent)).toHaveLength(1);
    scene.call('CompleteLifecycleAction', {
      AutoScalingGroupName: 'demo',
      LifecycleHookName: drainHook,
      InstanceId: instanceId,
      LifecycleActionResult: 'CONTINUE',
    });
    expect(Object.values(scene.states())).toEqual(['Pending']);
  });

  it('is no news to a group that does not have it', () => {
    const scene = new Scene();
    expect(scene.autoscaling.instanceTerminated(startAt, 'i-0')).toEqual([]);
    expect(scene.autoscaling.instanceRunning(startAt, 'i-0')).toEqual([]);
  });
});
