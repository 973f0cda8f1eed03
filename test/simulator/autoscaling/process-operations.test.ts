import { describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

const demo = { AutoScalingGroupName: 'demo' };
const suspend = (scene: Scene, ...ScalingProcesses: string[]) =>
  scene.call('SuspendProcesses', { ...demo, ScalingProcesses });
const resume = (scene: Scene, ...ScalingProcesses: string[]) =>
  scene.call('ResumeProcesses', { ...demo, ScalingProcesses });
const unhealthy = (scene: Scene, InstanceId: string) =>
  scene.call('SetInstanceHealth', { InstanceId, HealthStatus: 'Unhealthy' });
const health = (scene: Scene) => scene.describe().Instances?.map(({ HealthStatus }) => HealthStatus);

function two(input: Record<string, unknown> = {}) {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 2, AvailabilityZones: ['us-east-1a'], ...input });
  const [first = '', second = ''] = scene.in('InService');
  return { scene, first, second };
}

describe('SuspendProcesses', () => {
  it('is described with when it happened; without names it suspends all', () => {
    const { scene } = two();
    suspend(scene, 'Launch');
    scene.advance(10);
    suspend(scene, 'Launch', 'Terminate');
    expect(scene.describe().SuspendedProcesses).toEqual([
      { ProcessName: 'Launch', SuspensionReason: 'User suspended at 2026-05-04T12:00:15Z' },
      { ProcessName: 'Terminate', SuspensionReason: 'User suspended at 2026-05-04T12:00:25Z' },
    ]);
    scene.call('SuspendProcesses', demo);
    expect(scene.describe().SuspendedProcesses).toHaveLength(9);
    resume(scene, 'Launch');
    expect(scene.describe().SuspendedProcesses).toHaveLength(8);
    scene.call('ResumeProcesses', demo);
    expect(scene.describe().SuspendedProcesses).toEqual([]);
  });

  it.each([
    [
      'an unknown process',
      { ScalingProcesses: ['launch'] },
      'ValidationError',
      'enum value set: [Launch, Terminate',
    ],
    ['an unknown group', { AutoScalingGroupName: 'no' }, 'ValidationError', 'name not found'],
    ['no group', { AutoScalingGroupName: undefined }, 'ValidationError', "null at 'autoScalingGroupName'"],
    ['a process that is a number', { ScalingProcesses: [1] }, 'MalformedInput', 'String'],
  ])('refuses %s', (_, input, code, message) => {
    const { scene } = two();
    for (const operation of ['SuspendProcesses', 'ResumeProcesses']) {
      expect(() => scene.call(operation, { ...demo, ...input })).toThrow(expect.objectContaining({ code }));
      expect(() => scene.call(operation, { ...demo, ...input })).toThrow(message);
    }
  });

  it('is refused in a group that is being deleted', () => {
    const { scene } = two();
    scene.call('DeleteAutoScalingGroup', { ...demo, ForceDelete: true });
    expect(() => suspend(scene)).toThrow(expect.objectContaining({ code: 'ResourceInUse' }));
  });
});

describe('a suspended process (D-3.34)', () => {
  it('Launch launches nothing; what is missing is launched on resuming', () => {
    const { scene, first } = two();
    suspend(scene, 'Launch');
    scene.desired(3);
    unhealthy(scene, first);
    scene.advance(60);
    expect(scene.states()).not.toHaveProperty(first);
    expect(scene.ordered('launch-instance')).toHaveLength(2);
    resume(scene, 'Launch');
    expect(scene.in('Pending')).toHaveLength(2);
  });

  it('Launch keeps instances from being attached, also when all are suspended', () => {
    const { scene, first } = two();
    scene.call('DetachInstances', {
      ...demo,
      InstanceIds: [first],
      ShouldDecrementDesiredCapacity: true,
    });
    scene.advance(1);
    suspend(scene);
    const attach = () => scene.call('AttachInstances', { ...demo, InstanceIds: [first] });
    expect(attach).toThrow('The Launch process of demo is suspended: resume it to attach instances.');
  });

  it('Terminate chooses nothing and replaces nothing; both are made up for on resuming', () => {
    const { scene, first } = two();
    suspend(scene, 'Terminate');
    unhealthy(scene, first);
    scene.desired(1);
    scene.advance(60);
    expect(scene.in('InService')).toHaveLength(2);
    resume(scene, 'Terminate');
    expect(scene.in('Terminating')).toEqual([first]);
    expect(scene.ordered('launch-instance')).toHaveLength(2);
  });

  it('ReplaceUnhealthy replaces nothing, but the health is marked', () => {
    const { scene, first } = two();
    suspend(scene, 'ReplaceUnhealthy');
    unhealthy(scene, first);
    scene.advance(60);
    expect(health(scene)).toEqual(['Unhealthy', 'Healthy']);
    expect(scene.in('InService')).toHaveLength(2);
    resume(scene, 'ReplaceUnhealthy');
    expect(scene.in('Terminating')).toEqual([first]);
    expect(scene.in('Pending')).toHaveLength(1);
  });

  it('ReplaceUnhealthy keeps the dead too, which are marked by the health check', () => {
    const { scene, first } = two();
    suspend(scene, 'ReplaceUnhealthy');
    scene.kill(first);
    expect(health(scene)).toEqual(['Unhealthy', 'Healthy']);
    resume(scene, 'ReplaceUnhealthy');
    scene.advance(1);
    expect(scene.states()).not.toHaveProperty(first);
  });

  it('HealthCheck does not see that an instance died, yet health set by hand counts', () => {
    const { scene, first, second } = two();
    suspend(scene, 'HealthCheck');
    scene.kill(first);
    scene.advance(60);
    expect(health(scene)).toEqual(['Healthy', 'Healthy']);
    unhealthy(scene, second);
    expect(scene.in('Terminating')).toEqual([second]);
    resume(scene, 'HealthCheck');
    expect(scene.states()[first]).toBe('Terminating');
    expect(scene.activity(first).Cause).toContain('in response to an EC2 health check');
  });

  it('AddToLoadBalancer lets instances into service that no load balancer has to let go of later', () => {
    const { scene, first } = two({ TargetGroupARNs: ['arn:aws:elasticloadbalancing:x'] });
    suspend(scene, 'AddToLoadBalancer');
    scene.desired(3);
    scene.advance(15);
    const third = scene.in('InService')[2] ?? '';
    for (const InstanceId of [first, third])
      scene.call('TerminateInstanceInAutoScalingGroup', {
        InstanceId,
        ShouldDecrementDesiredCapacity: true,
      });
    scene.advance(1);
    expect(scene.states()[first]).toBe('Terminating');
    expect(scene.states()[third]).toBe('Terminating:Proceed');
  });
});
