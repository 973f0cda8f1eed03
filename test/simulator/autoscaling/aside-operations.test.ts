import type { Activity } from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

const demo = { AutoScalingGroupName: 'demo' };
const zones = ['us-east-1a'];

/** A group of three in service, hooks on both transitions that must hold none of this (D-3.5). */
function three(input: Record<string, unknown> = {}) {
  const scene = new Scene();
  scene.group({ MinSize: 1, MaxSize: 4, DesiredCapacity: 3, AvailabilityZones: zones, ...input });
  scene.hook();
  scene.hook({ LifecycleHookName: 'launch', LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
  const [first = '', second = '', third = ''] = scene.in('InService');
  return { scene, first, second, third };
}

const activitiesOf = (scene: Scene, operation: string, input: Record<string, unknown>) =>
  scene.call<{ Activities: Activity[] }>(operation, { ...demo, ...input }).Activities;

const enter = (scene: Scene, InstanceIds: string[], ShouldDecrementDesiredCapacity = true) =>
  activitiesOf(scene, 'EnterStandby', { InstanceIds, ShouldDecrementDesiredCapacity });
const exit = (scene: Scene, InstanceIds: string[]) => activitiesOf(scene, 'ExitStandby', { InstanceIds });
const detach = (scene: Scene, InstanceIds: string[], ShouldDecrementDesiredCapacity = true) =>
  activitiesOf(scene, 'DetachInstances', { InstanceIds, ShouldDecrementDesiredCapacity });
const attach = (scene: Scene, InstanceIds: string[], more: Record<string, unknown> = {}) =>
  scene.call('AttachInstances', { ...demo, InstanceIds, ...more });

describe('EnterStandby', () => {
  it('goes over EnteringStandby to Standby without a hook, and lowers the desired capacity when told to (D-3.5)', () => {
    const { scene, first } = three();
    const [activity] = enter(scene, [first]);
    expect(activity).toMatchObject({
      Description: `Moving EC2 instance to Standby: ${first}`,
      Cause: `At 2026-05-04T12:00:15Z instance ${first} was moved to standby in response to a user request, shrinking the capacity from 3 to 2.`,
      StatusCode: 'InProgress',
      Progress: 50,
    });
    expect(scene.states()[first]).toBe('EnteringStandby');
    scene.advance(1);
    expect(scene.states()[first]).toBe('Standby');
    expect(scene.describe().DesiredCapacity).toBe(2);
    expect(scene.activities({ ActivityIds: [activity?.ActivityId] })[0]?.StatusCode).toBe('Successful');
    scene.advance(600);
    expect(scene.in('InService')).toHaveLength(2);
    expect(scene.lifecycleEvents()).toEqual([]);
    expect(scene.ordered('launch-instance')).toHaveLength(3);
  });

  it('without decrement launches a replacement, and the instance fills no place meanwhile', () => {
    const { scene, first } = three();
    const [activity] = enter(scene, [first], false);
    expect(activity?.Cause).toMatch(/was moved to standby in response to a user request\.$/);
    expect(scene.describe().DesiredCapacity).toBe(3);
    expect(scene.in('Pending')).toHaveLength(1);
  });

  it('waits for the load balancer to let go of the instance (D-3.3)', () => {
    const { scene, first } = three({ TargetGroupARNs: ['arn:aws:elasticloadbalancing:x'] });
    enter(scene, [first]);
    scene.advance(299);
    expect(scene.states()[first]).toBe('EnteringStandby');
    scene.advance(1);
    expect(scene.states()[first]).toBe('Standby');
  });

  it('keeps an instance that dies there, and its health, until it comes back', () => {
    const { scene, first } = three();
    enter(scene, [first]);
    scene.advance(1);
    scene.kill(first);
    expect(scene.describe().Instances?.find(({ InstanceId }) => InstanceId === first)).toMatchObject({
      LifecycleState: 'Standby',
      HealthStatus: 'Healthy',
    });
    exit(scene, [first]);
    scene.advance(1);
    expect(scene.states()[first]).toBe('Terminating');
    expect(scene.activity(first).Cause).toContain('EC2 health check');
  });
});

describe('ExitStandby', () => {
  it('goes over Pending to InService without a hook, and raises the desired capacity (D-3.5)', () => {
    const { scene, first } = three();
    enter(scene, [first]);
    scene.advance(1);
    const [activity] = exit(scene, [first]);
    expect(activity).toMatchObject({
      Description: `Moving EC2 instance out of Standby: ${first}`,
      Cause: `At 2026-05-04T12:00:16Z instance ${first} was moved out of standby in response to a user request, increasing the capacity from 2 to 3.`,
      StatusCode: 'PreInService',
      Progress: 30,
    });
    expect(scene.states()[first]).toBe('Pending');
    scene.advance(1);
    expect(scene.in('InService')).toHaveLength(3);
    expect(scene.describe().DesiredCapacity).toBe(3);
    expect(scene.lifecycleEvents()).toEqual([]);
  });

  it('is refused while Launch is suspended (D-3.34)', () => {
    const { scene, first } = three();
    enter(scene, [first]);
    scene.advance(1);
    scene.call('SuspendProcesses', { ...demo, ScalingProcesses: ['Launch'] });
    expect(() => exit(scene, [first])).toThrow('The Launch process of demo is suspended');
    expect(scene.states()[first]).toBe('Standby');
  });
});

describe('DetachInstances', () => {
  it('takes the instance out of the group without a hook and leaves it to EC2 (D-3.5)', () => {
    const { scene, first } = three();
    const [activity] = detach(scene, [first]);
    expect(activity).toMatchObject({
      Description: `Detaching EC2 instance: ${first}`,
      Cause: expect.stringContaining(
        'was detached in response to a user request, shrinking the capacity from 3 to 2.',
      ),
    });
    expect(scene.states()[first]).toBe('Detaching');
    scene.advance(1);
    expect(scene.states()[first]).toBeUndefined();
    expect(scene.describe().DesiredCapacity).toBe(2);
    expect(scene.ordered('terminate-instance')).toEqual([]);
    expect(scene.lifecycleEvents()).toEqual([]);
    scene.kill(first);
    expect(scene.in('InService')).toHaveLength(2);
  });

  it('without decrement launches a replacement', () => {
    const { scene, first } = three();
    detach(scene, [first], false);
    expect(scene.in('Pending')).toHaveLength(1);
  });

  it('from Standby leaves the desired capacity alone, which the instance had left before', () => {
    const { scene, first } = three();
    enter(scene, [first]);
    scene.advance(1);
    detach(scene, [first]);
    scene.advance(1);
    expect(scene.describe().DesiredCapacity).toBe(2);
    expect(scene.in('InService')).toHaveLength(2);
  });
});

describe('AttachInstances', () => {
  it('brings a running instance into service without a hook, and raises the desired capacity (D-3.5)', () => {
    const { scene, first } = three();
    detach(scene, [first]);
    scene.advance(1);
    attach(scene, [first]);
    expect(scene.states()[first]).toBe('Pending');
    expect(scene.activities()[0]).toMatchObject({
      Description: `Attaching an existing EC2 instance: ${first}`,
      Cause: expect.stringContaining('increasing the capacity from 2 to 3.'),
    });
    scene.advance(1);
    expect(scene.states()[first]).toBe('InService');
    expect(scene.describe().DesiredCapacity).toBe(3);
    expect(scene.ordered('launch-instance')).toHaveLength(3);
    expect(scene.lifecycleEvents()).toEqual([]);
  });

  it('gives the instance the protection of the group, whatever it had before (D-3.24)', () => {
    const { scene, first } = three();
    const isProtected = () =>
      scene.describe().Instances?.find(({ InstanceId }) => InstanceId === first)?.ProtectedFromScaleIn;
    scene.call('SetInstanceProtection', { ...demo, InstanceIds: [first], ProtectedFromScaleIn: true });
    detach(scene, [first]);
    scene.advance(1);
    attach(scene, [first]);
    scene.advance(1);
    expect(isProtected()).toBe(false);
    detach(scene, [first]);
    scene.advance(1);
    scene.call('UpdateAutoScalingGroup', { ...demo, NewInstancesProtectedFromScaleIn: true });
    attach(scene, [first]);
    scene.advance(1);
    expect(isProtected()).toBe(true);
  });

  it.each([
    ['an instance that nobody knows', ['i-0'], 'Invalid Instance ID(s): [i-0] specified'],
    ['no instance', [], 'expected at least one instance to attach'],
    [
      'more than 20',
      Array.from({ length: 21 }, (_, n) => `i-${n}`),
      'List exceeds the maximum number of instances to attach.',
    ],
    ['an id that is too long', ['i-12345678901234567890'], "'instanceIds.1.member'"],
  ])('refuses %s', (_, InstanceIds, message) => {
    const { scene } = three();
    expect(() => attach(scene, InstanceIds)).toThrow(expect.objectContaining({ code: 'ValidationError' }));
    expect(() => attach(scene, InstanceIds)).toThrow(message);
  });

  it('refuses an instance of a group, one that does not run, one of another zone, and one too many', () => {
    const { scene, first, second } = three();
    expect(() => attach(scene, [first])).toThrow(`The instance ${first} is already part of`);
    detach(scene, [first]);
    detach(scene, [second]);
    scene.advance(1);
    scene.call('UpdateAutoScalingGroup', { ...demo, AvailabilityZones: ['us-east-1b'] });
    expect(() => attach(scene, [first])).toThrow('The availability zone us-east-1a');
    scene.call('UpdateAutoScalingGroup', { ...demo, AvailabilityZones: zones, MaxSize: 2 });
    expect(() => attach(scene, [first, second])).toThrow(
      'AutoScalingGroup demo has min-size=1, max-size=2, and desired-size=1. To attach 2 instances, please update the AutoScalingGroup sizes appropriately.',
    );
    scene.kill(first);
    expect(() => attach(scene, [first])).toThrow("must be in 'running' state");
    expect(scene.describe().DesiredCapacity).toBe(1);
  });
});

describe('what stands aside', () => {
  it.each([
    ['EnterStandby', (scene: Scene, ids: string[]) => enter(scene, ids), 'place into standby', 'InService'],
    [
      'DetachInstances',
      (scene: Scene, ids: string[]) => detach(scene, ids),
      'detach',
      'InService or Standby',
    ],
    ['ExitStandby', (scene: Scene, ids: string[]) => exit(scene, ids), 'take out of standby', 'Standby'],
  ])('%s refuses what it cannot do, and does nothing of it', (_, call, verb, states) => {
    const { scene, first } = three();
    const leaving = scene.in('InService')[2] ?? '';
    scene.call('TerminateInstanceInAutoScalingGroup', {
      InstanceId: leaving,
      ShouldDecrementDesiredCapacity: true,
    });
    const before = scene.states();
    const twentyOne = Array.from({ length: 21 }, (_, n) => `i-${n}`);
    expect(() => call(scene, [])).toThrow(`expected at least one instance to ${verb}`);
    expect(() => call(scene, twentyOne)).toThrow(`List exceeds the maximum number of instances to ${verb}.`);
    expect(() => call(scene, ['i-0'])).toThrow('The instance i-0 is not part of Auto Scaling group demo.');
    expect(() => call(scene, [leaving])).toThrow(`The instance ${leaving} is not in ${states}.`);
    expect(() => call(scene, [first, 'i-0'])).toThrow(expect.objectContaining({ code: 'ValidationError' }));
    expect(scene.states()).toEqual(before);
  });

  it.each([
    ['EnterStandby', 'place into standby', (scene: Scene, ids: string[]) => enter(scene, ids)],
    ['DetachInstances', 'detach', (scene: Scene, ids: string[]) => detach(scene, ids)],
  ])('%s keeps the group above its minimum', (_, verb, call) => {
    const { scene, first, second, third } = three();
    expect(() => call(scene, [first, second, third])).toThrow(
      `AutoScalingGroup demo has min-size=1, max-size=4, and desired-size=3. To ${verb} 3 instances, please update`,
    );
    expect(scene.in('InService')).toHaveLength(3);
  });

  it('can be protected from scale-in in Standby, and is when it is back (D-3.24)', () => {
    const { scene, first } = three();
    enter(scene, [first]);
    scene.advance(1);
    scene.call('SetInstanceProtection', { ...demo, InstanceIds: [first], ProtectedFromScaleIn: true });
    exit(scene, [first]);
    scene.advance(1);
    scene.desired(1);
    expect(scene.in('InService')).toEqual([first]);
  });

  it('leaves Standby when it is terminated, through its hook', () => {
    const { scene, first } = three();
    enter(scene, [first]);
    scene.advance(1);
    scene.call('TerminateInstanceInAutoScalingGroup', {
      InstanceId: first,
      ShouldDecrementDesiredCapacity: false,
    });
    scene.advance(1);
    expect(scene.states()[first]).toBe('Terminating:Wait');
    expect(scene.in('InService')).toHaveLength(2);
  });

  it('is refused in a group that is being deleted', () => {
    const { scene, first } = three();
    scene.call('DeleteAutoScalingGroup', { ...demo, ForceDelete: true });
    for (const call of [enter, exit, detach, attach])
      expect(() => call(scene, [first])).toThrow('is pending delete');
  });
});
