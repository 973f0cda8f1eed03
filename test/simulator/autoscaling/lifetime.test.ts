import { describe, expect, it } from 'vitest';
import { Scene, startAt } from './scene.ts';

const daySeconds = 86_400;
const pauseSeconds = 900;
const demo = { AutoScalingGroupName: 'demo' };

/** A group whose instances are to be in service for a day at most. */
function daily(input: Record<string, unknown> = {}, hook?: Record<string, unknown>) {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 3, MaxSize: 3, MaxInstanceLifetime: daySeconds, ...input }, hook);
  return { scene, old: scene.in('InService') };
}

/** When each instance was terminated in EC2, in seconds after it came into service. */
const ends = (scene: Scene) =>
  scene.outcomes.flatMap(({ at, outcome }) =>
    outcome.kind === 'terminate-instance' ? (at - startAt) / 1000 - 10 : [],
  );

describe('a maximum instance lifetime', () => {
  it('replaces one instance at a time, with a pause, and each before it is older (D-13.60)', () => {
    const { scene, old } = daily();
    scene.advance(daySeconds - 2 * pauseSeconds - 6);
    expect(scene.in('InService')).toEqual(old);
    scene.advance(3 * pauseSeconds);
    const [first = 0, second = 0, third = 0, ...more] = ends(scene);
    expect(more).toEqual([]);
    expect(third).toBeLessThanOrEqual(daySeconds + 1);
    expect([second - first, third - second]).toEqual([pauseSeconds, pauseSeconds]);
    expect(scene.in('InService')).toHaveLength(3);
    expect(old.filter((id) => id in scene.states())).toEqual([]);
  });

  it('terminates first, by way of the hook, and another one is launched meanwhile (D-13.60, D-13.61, D-3.5)', () => {
    const { scene, old } = daily({ DesiredCapacity: 1 }, {});
    scene.advance(daySeconds - 5);
    expect(scene.states()).toMatchObject({ [old[0] ?? '']: 'Terminating' });
    expect(scene.in('Pending')).toHaveLength(1);
    scene.advance(1);
    expect(scene.states()[old[0] ?? '']).toBe('Terminating:Wait');
    expect(scene.activity(old[0] ?? '').Cause).toContain('maximum instance lifetime');
    const [launch] = scene.in('Pending');
    expect(scene.activity(launch ?? '', 'Launching').Cause).toContain(
      'difference between desired and actual',
    );
  });

  it('launches first where a maintenance policy has room for more (D-3.27)', () => {
    const InstanceMaintenancePolicy = { MinHealthyPercentage: 100, MaxHealthyPercentage: 200 };
    const { scene, old } = daily({ DesiredCapacity: 1, MaxSize: 1, InstanceMaintenancePolicy });
    scene.advance(daySeconds - 5);
    expect(scene.states()).toMatchObject({ [old[0] ?? '']: 'InService' });
    const [launch = ''] = scene.in('Pending');
    expect(scene.activity(launch, 'Launching').Cause).toContain('maximum lifetime');
    scene.advance(60);
    expect(scene.states()).toEqual({ [launch]: 'InService' });
  });

  it('keeps as many in service as a maintenance policy asks for (D-3.27)', () => {
    const InstanceMaintenancePolicy = { MinHealthyPercentage: 100, MaxHealthyPercentage: 100 };
    const { scene } = daily({ DesiredCapacity: 30, MaxSize: 30, InstanceMaintenancePolicy });
    let least = 30;
    for (let passed = 0; passed < daySeconds + 60; passed += 60) {
      scene.advance(60);
      least = Math.min(least, scene.in('InService').length);
    }
    expect(least).toBe(29);
    expect(ends(scene)).toHaveLength(30);
  });

  it('replaces a tenth of the group at once when there is no time for one at a time (D-13.60)', () => {
    const { scene, old } = daily({ DesiredCapacity: 20, MaxSize: 20, MaxInstanceLifetime: 0 });
    scene.advance(3 * daySeconds);
    scene.call('UpdateAutoScalingGroup', { ...demo, MaxInstanceLifetime: daySeconds });
    expect(scene.in('Terminating')).toHaveLength(2);
    let least = 20;
    for (let passed = 0; passed < 300; passed++) {
      scene.advance(1);
      least = Math.min(least, scene.in('InService').length);
    }
    expect(least).toBe(18);
    expect(old.filter((id) => id in scene.states())).toEqual([]);
    expect(scene.in('InService')).toHaveLength(20);
  });

  it('leaves protected instances until they are protected no more (D-13.60)', () => {
    const { scene, old } = daily({ NewInstancesProtectedFromScaleIn: true });
    scene.advance(2 * daySeconds);
    expect(scene.in('InService')).toEqual(old);
    const InstanceIds = old.slice(0, 1);
    scene.call('SetInstanceProtection', { ...demo, InstanceIds, ProtectedFromScaleIn: false });
    expect(scene.in('Terminating')).toEqual(InstanceIds);
  });

  it('is taken away with 0, and counts for instances that are there before it is set (D-13.60)', () => {
    const { scene, old } = daily({ DesiredCapacity: 1 });
    scene.call('UpdateAutoScalingGroup', { ...demo, MaxInstanceLifetime: 0 });
    scene.advance(2 * daySeconds);
    expect(scene.in('InService')).toEqual(old);
    scene.call('UpdateAutoScalingGroup', { ...demo, MaxInstanceLifetime: 3 * daySeconds });
    expect(scene.in('InService')).toEqual(old);
    scene.advance(daySeconds + 60);
    expect(scene.in('InService')).toEqual([expect.not.stringMatching(old[0] ?? '')]);
  });

  it('waits while Terminate is suspended, and for an instance refresh', () => {
    const { scene, old } = daily({ DesiredCapacity: 1 });
    const ScalingProcesses = ['Terminate'];
    scene.call('SuspendProcesses', { ...demo, ScalingProcesses });
    scene.advance(2 * daySeconds);
    expect(scene.in('InService')).toEqual(old);
    scene.call('ResumeProcesses', { ...demo, ScalingProcesses });
    expect(scene.in('Terminating')).toEqual(old);
  });

  it('is no reason to wait for: nothing is due but routine', () => {
    const { scene } = daily();
    expect(scene.autoscaling.nextAt).toBe(startAt + (10 + daySeconds - 2 * pauseSeconds) * 1000);
    expect(scene.autoscaling.busyAt).toBeUndefined();
  });
});
