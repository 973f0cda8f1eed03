import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

const unsuccessful = 'EC2 Instance Launch Unsuccessful';

/** Two instances in service, no capacity for more. */
function short() {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 2 });
  scene.autoscaling.setCapacity('demo', false);
  return scene;
}

describe('a group without capacity', () => {
  it('fails its launches, with the activity and the event that AWS has for it (D-7.10, D-14.4)', () => {
    const scene = short();
    scene.desired(3);
    expect(scene.in('Pending')).toEqual([]);
    expect(scene.ordered('launch-instance')).toHaveLength(2);
    const [activity] = scene.activities();
    expect(activity).toMatchObject({ StatusCode: 'Failed', Progress: 100 });
    expect(activity?.StatusMessage).toMatch(
      /InsufficientInstanceCapacity - We currently do not have sufficient m6i\.large capacity in the Availability Zone you requested \(us-east-1\w\)\..* Launching EC2 instance failed\.$/,
    );
    expect(activity?.Description).toBe(
      `Launching a new EC2 instance.  Status Reason: ${activity?.StatusMessage}`,
    );
    const sample = JSON.parse(readFileSync('test/events/asg-launch-unsuccessful.spot-capacity.json', 'utf8'));
    const [event] = scene.events(unsuccessful);
    expect(Object.keys(event?.detail ?? {}).sort()).toEqual(Object.keys(sample.detail).sort());
    expect(event?.detail).toMatchObject({
      StatusCode: 'Failed',
      EC2InstanceId: '',
      StatusMessage: activity?.StatusMessage,
      ActivityId: activity?.ActivityId,
    });
  });

  it('tries again, ever more rarely, until there is capacity', () => {
    const scene = short();
    scene.desired(3);
    const failuresAfter = (seconds: number) => {
      scene.advance(seconds);
      return scene.events(unsuccessful).length;
    };
    expect([0, 59, 1, 119, 1, 240, 480, 599, 1, 600].map(failuresAfter)).toEqual([
      1, 1, 2, 2, 3, 4, 5, 5, 6, 7,
    ]);
    scene.autoscaling.setCapacity('demo', true);
    scene.advance(620);
    expect(failuresAfter(0)).toBe(7);
    expect(scene.in('InService')).toHaveLength(3);
  });

  it('fails once for each instance that it lacks, and has one next attempt', () => {
    const scene = short();
    scene.desired(5);
    expect(scene.events(unsuccessful)).toHaveLength(3);
    scene.advance(60);
    expect(scene.events(unsuccessful)).toHaveLength(6);
  });

  it('still replaces nothing when an instance is found unhealthy, and keeps what it has', () => {
    const scene = short();
    const [instanceId = ''] = scene.in('InService');
    scene.call('SetInstanceHealth', { InstanceId: instanceId, HealthStatus: 'Unhealthy' });
    scene.advance(40);
    expect(scene.in('InService')).toHaveLength(1);
    expect(scene.events(unsuccessful).length).toBeGreaterThan(0);
  });

  it('goes on trying when other capacity is lacking than before', () => {
    const scene = short();
    scene.desired(3);
    scene.autoscaling.setCapacity('demo', false, { availabilityZone: 'us-east-1a' });
    scene.advance(60);
    expect(scene.events(unsuccessful)).toHaveLength(2);
    scene.autoscaling.setCapacity('demo', true);
    scene.advance(620);
    expect(scene.in('InService')).toHaveLength(3);
  });

  it('is a group that exists', () => {
    expect(() => new Scene().autoscaling.setCapacity('none', false)).toThrow(
      'AutoScalingGroup name not found',
    );
  });
});

describe('an instance that EC2 stops', () => {
  it('is found unhealthy in service and replaced (D-3.22)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2 });
    const [instanceId = ''] = scene.in('InService');
    scene.stop(instanceId);
    expect(scene.describe().Instances?.find(({ InstanceId }) => InstanceId === instanceId)).toMatchObject({
      LifecycleState: 'Terminating',
      HealthStatus: 'Unhealthy',
    });
    scene.advance(5);
    expect(scene.ordered('terminate-instance')).toEqual([instanceId]);
    scene.advance(60);
    expect(scene.in('InService')).toHaveLength(2);
    expect(scene.activity(instanceId).Cause).toContain(
      'EC2 health check indicating it has been terminated or stopped',
    );
  });

  it('waits in the termination hook, its place kept, and is terminated in EC2 after it (D-3.22, D-2.45)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 }, {});
    const [instanceId = ''] = scene.in('InService');
    scene.stop(instanceId);
    scene.advance(200);
    expect(scene.states()).toEqual({ [instanceId]: 'Terminating:Wait' });
    expect(scene.ordered('terminate-instance')).toEqual([]);
    scene.advance(150);
    expect(scene.ordered('terminate-instance')).toEqual([instanceId]);
    scene.advance(60);
    expect(scene.in('InService')).toHaveLength(1);
  });

  it('is none of the group when it is not in service', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 }, {});
    const [instanceId = ''] = scene.in('InService');
    scene.desired(0);
    scene.advance(5);
    scene.stop(instanceId);
    expect(scene.states()).toEqual({ [instanceId]: 'Terminating:Wait' });
    expect(scene.activities()).toHaveLength(2);
  });
});
