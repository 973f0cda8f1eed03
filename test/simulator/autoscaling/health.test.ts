import { describe, expect, it } from 'vitest';
import { Scene, terminateEvent } from './scene.ts';

const demo = { AutoScalingGroupName: 'demo' };

/** Instances in service for more than ten minutes, unless told otherwise. */
function group(input: Record<string, unknown> = {}, hook?: Record<string, unknown>, seconds = 600) {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 2, AvailabilityZones: ['us-east-1a'], ...input }, hook);
  scene.advance(seconds);
  const [first = '', second = ''] = scene.in('InService');
  return { scene, first, second };
}

const health = (scene: Scene, id: string) =>
  scene.describe().Instances?.find(({ InstanceId }) => InstanceId === id)?.HealthStatus;
const process = (scene: Scene, operation: 'SuspendProcesses' | 'ResumeProcesses', name: string) =>
  scene.call(operation, { ...demo, ScalingProcesses: [name] });

describe('an instance whose EC2 status checks fail', () => {
  it('is left to AWS for some minutes, then found unhealthy and replaced (D-13.62, D-3.22)', () => {
    const { scene, first } = group();
    scene.check(first, false);
    scene.advance(179);
    expect([scene.states()[first], health(scene, first)]).toEqual(['InService', 'Healthy']);
    scene.advance(1);
    expect([scene.states()[first], health(scene, first)]).toEqual(['Terminating', 'Unhealthy']);
    expect(scene.activity(first).Cause).toMatch(
      /^At \S+Z an instance was taken out of service in response to an EC2 instance status checks failure\.$/,
    );
    const [launch = ''] = scene.in('Pending');
    expect(scene.activity(launch, 'Launching').Cause).toMatch(
      /an instance was launched in response to an unhealthy instance needing to be replaced\.$/,
    );
  });

  it('goes through the termination hook, while its replacement is launched (D-3.22)', () => {
    const { scene, first } = group({}, {});
    scene.check(first, false);
    scene.advance(200);
    expect(scene.states()[first]).toBe('Terminating:Wait');
    expect(scene.events(terminateEvent)[0]?.detail).toMatchObject({ EC2InstanceId: first });
    expect(scene.in('InService')).toHaveLength(2);
  });

  it('stays when the checks pass again in time, and begins anew when they fail anew (D-13.62)', () => {
    const { scene, first } = group();
    scene.check(first, false);
    scene.advance(170);
    scene.check(first, true);
    scene.advance(600);
    expect(health(scene, first)).toBe('Healthy');
    scene.check(first, false);
    scene.advance(179);
    expect(health(scene, first)).toBe('Healthy');
    scene.advance(1);
    expect(scene.states()[first]).toBe('Terminating');
  });

  it('never gets well by itself once it is found unhealthy (D-13.62)', () => {
    const { scene, first } = group();
    process(scene, 'SuspendProcesses', 'ReplaceUnhealthy');
    scene.check(first, false);
    scene.advance(180);
    scene.check(first, true);
    scene.advance(600);
    expect([scene.states()[first], health(scene, first)]).toEqual(['InService', 'Unhealthy']);
  });

  it.each([
    ['without a hook', []],
    ['after a launch hook', [{ LifecycleHookName: 'in', HeartbeatTimeout: 400, DefaultResult: 'CONTINUE' }]],
  ])('is kept for the grace period, which begins in service, %s (D-3.17)', (_, hooks) => {
    const LifecycleTransition = 'autoscaling:EC2_INSTANCE_LAUNCHING';
    const scene = new Scene();
    scene.group({
      DesiredCapacity: 1,
      HealthCheckGracePeriod: 300,
      LifecycleHookSpecificationList: hooks.map((hook) => ({ ...hook, LifecycleTransition })),
    });
    const [id = ''] = Object.keys(scene.states());
    scene.check(id, false);
    while (scene.states()[id] !== 'InService') scene.advance(1);
    const inServiceAt = scene.activity(id, 'Launching').EndTime?.getTime() ?? 0;
    scene.advance((inServiceAt - scene.now) / 1000 + 299);
    expect(scene.states()[id]).toBe('InService');
    scene.advance(1);
    expect(scene.states()[id]).toBe('Terminating');
  });

  it('is no longer kept by its grace when it is stopped (D-3.22)', () => {
    const { scene, first } = group({ HealthCheckGracePeriod: 3600 });
    scene.stop(first);
    expect(scene.states()[first]).toBe('Terminating');
  });

  it('is looked at when it comes into service, and when it is back from standby', () => {
    const { scene, first } = group();
    const members = { ...demo, InstanceIds: [first] };
    scene.call('EnterStandby', { ...members, ShouldDecrementDesiredCapacity: true });
    scene.advance(1);
    scene.check(first, false);
    scene.advance(600);
    expect([scene.states()[first], health(scene, first)]).toEqual(['Standby', 'Healthy']);
    scene.call('ExitStandby', members);
    scene.advance(1);
    expect(scene.states()[first]).toBe('Terminating');
  });

  it('is not seen while HealthCheck is suspended, and is when it goes on (D-3.34)', () => {
    const { scene, first } = group();
    process(scene, 'SuspendProcesses', 'HealthCheck');
    scene.check(first, false);
    scene.advance(600);
    expect(health(scene, first)).toBe('Healthy');
    process(scene, 'ResumeProcesses', 'HealthCheck');
    expect(scene.states()[first]).toBe('Terminating');
  });

  it('is replaced in the warm pool too, where it runs', () => {
    const { scene } = group({ MaxSize: 3 });
    scene.call('PutWarmPool', { ...demo, PoolState: 'Running' });
    scene.advance(60);
    const pooled = () =>
      scene
        .call<{ Instances: { InstanceId: string }[] }>('DescribeWarmPool', demo)
        .Instances.map(({ InstanceId }) => InstanceId);
    const [id = ''] = pooled();
    scene.check(id, false);
    scene.advance(300);
    expect(pooled()).toEqual([expect.not.stringMatching(id)]);
  });
});

describe('an unhealthy instance that runs', () => {
  const policy = (MinHealthyPercentage: number, MaxHealthyPercentage: number) => ({
    MaxSize: 2,
    InstanceMaintenancePolicy: { MinHealthyPercentage, MaxHealthyPercentage },
  });
  const unhealthy = (scene: Scene, InstanceId: string) =>
    scene.call('SetInstanceHealth', { InstanceId, HealthStatus: 'Unhealthy' });

  it('leaves after its replacement has come where a maintenance policy has room (D-3.27)', () => {
    const { scene, first } = group(policy(100, 150));
    unhealthy(scene, first);
    const [launch = ''] = scene.in('Pending');
    expect([scene.states()[first], health(scene, first)]).toEqual(['InService', 'Unhealthy']);
    expect(scene.activity(launch, 'Launching').Cause).toContain('unhealthy instance needing to be replaced');
    scene.advance(10);
    expect(scene.states()).toMatchObject({ [first]: 'Terminating', [launch]: 'InService' });
    expect(scene.activity(first).Cause).toContain('in response to a user health-check.');
  });

  it('leaves at once where it has none, and where EC2 has stopped it (D-3.27, D-3.22)', () => {
    const without = group(policy(50, 100));
    unhealthy(without.scene, without.first);
    expect(without.scene.states()[without.first]).toBe('Terminating');
    const stopped = group(policy(100, 150));
    stopped.scene.stop(stopped.first);
    expect(stopped.scene.states()[stopped.first]).toBe('Terminating');
  });

  it('leaves at once while nothing is launched, and waits while nothing is replaced (D-3.34)', () => {
    const { scene, first, second } = group(policy(100, 150));
    process(scene, 'SuspendProcesses', 'ReplaceUnhealthy');
    unhealthy(scene, first);
    expect(scene.in('Pending')).toEqual([]);
    process(scene, 'ResumeProcesses', 'ReplaceUnhealthy');
    expect(scene.in('Pending')).toHaveLength(1);
    scene.advance(60);
    process(scene, 'SuspendProcesses', 'Launch');
    unhealthy(scene, second);
    expect(scene.states()[second]).toBe('Terminating');
  });
});
