import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { complete, drainHook, launchEvent, one, Scene, startAt, terminateEvent, waiting } from './scene.ts';

const sample = (name: string): { resources: string[]; detail: Record<string, unknown> } =>
  JSON.parse(readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8'));

describe('a launch', () => {
  it('goes from Pending straight to InService without a hook (D-3.17)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    const [order] = scene.outcomes;
    expect(order?.outcome).toMatchObject({
      kind: 'launch-instance',
      launchTemplateName: 'ecs',
      availabilityZone: 'us-east-1a',
    });
    expect(Object.values(scene.states())).toEqual(['InService']);
  });

  it('waits at Pending until EC2 says that the instance runs', () => {
    const scene = new Scene({ boots: false });
    scene.group({ DesiredCapacity: 1 });
    expect(Object.values(scene.states())).toEqual(['Pending']);
    expect(scene.activities()[0]).toMatchObject({ StatusCode: 'PreInService' });
    scene.autoscaling.instanceRunning(scene.now, scene.in('Pending')[0] ?? '');
    expect(Object.values(scene.states())).toEqual(['InService']);
  });

  it('passes Pending:Wait and Pending:Proceed with a hook, and is in service only then (D-3.2, D-1.22)', () => {
    const hook = { LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' };
    const { scene } = one(hook);
    const [instanceId = ''] = scene.in('Pending:Wait');
    expect(scene.events(launchEvent)[0]?.detail).toMatchObject({
      EC2InstanceId: instanceId,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
      Origin: 'EC2',
      Destination: 'AutoScalingGroup',
    });
    expect(scene.events('EC2 Instance Launch Successful')).toEqual([]);
    complete(scene, { InstanceId: instanceId });
    expect(scene.states()).toEqual({ [instanceId]: 'Pending:Proceed' });
    scene.advance(1);
    expect(scene.states()).toEqual({ [instanceId]: 'InService' });
    expect(scene.events('EC2 Instance Launch Successful')).toHaveLength(1);
  });

  it('that is abandoned is terminated and replaced (D-3.12)', () => {
    const { scene } = one({ LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
    const [instanceId = ''] = scene.in('Pending:Wait');
    complete(scene, { InstanceId: instanceId, LifecycleActionResult: 'ABANDON' });
    expect(scene.states()[instanceId]).toBe('Terminating');
    expect(scene.in('Pending')).toHaveLength(1);
    expect(scene.events('EC2 Instance Launch Unsuccessful')[0]?.detail).toMatchObject({
      StatusCode: 'Failed',
      EC2InstanceId: instanceId,
      StatusMessage: expect.stringContaining('was abandoned: Lifecycle Action Completed with ABANDON Result'),
    });
    expect(scene.activity(instanceId, 'Launching')).toMatchObject({ StatusCode: 'Cancelled', Progress: 100 });
    scene.advance(40);
    expect(scene.states()[instanceId]).toBeUndefined();
  });

  it('that is abandoned has never been in the load balancer, so nothing there is waited for (D-3.3)', () => {
    const scene = new Scene();
    scene.group(
      { DesiredCapacity: 1, TargetGroupARNs: ['arn:aws:elasticloadbalancing:x'] },
      { LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' },
    );
    const [instanceId = ''] = scene.in('Pending:Wait');
    complete(scene, { InstanceId: instanceId, LifecycleActionResult: 'ABANDON' });
    scene.advance(1);
    expect(scene.states()[instanceId]).toBe('Terminating:Proceed');
  });

  it('that is told to terminate at Pending:Proceed never comes into service', () => {
    const { scene } = one({ LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
    const [instanceId = ''] = scene.in('Pending:Wait');
    complete(scene, { InstanceId: instanceId });
    scene.call('TerminateInstanceInAutoScalingGroup', {
      InstanceId: instanceId,
      ShouldDecrementDesiredCapacity: true,
    });
    scene.advance(5);
    expect(scene.states()).toEqual({ [instanceId]: 'Terminating:Proceed' });
    expect(scene.events('EC2 Instance Launch Successful')).toEqual([]);
  });

  it('whose instance dies is given up and tried again', () => {
    const { scene } = one({ LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
    const [instanceId = ''] = scene.in('Pending:Wait');
    scene.kill(instanceId);
    expect(scene.states()[instanceId]).toBeUndefined();
    expect(scene.in('Pending')).toHaveLength(1);
    expect(scene.autoscaling.lifecycleActions()[0]).toMatchObject({ endedBy: 'instance-gone' });
    expect(scene.activity(instanceId, 'Launching').StatusCode).toBe('Failed');
  });

  it('says Launch Successful as AWS does (D-1.27)', () => {
    const { scene, instanceId } = one();
    const [event] = scene.events('EC2 Instance Launch Successful');
    const expected = sample('asg-launch-successful');
    expect(Object.keys(event?.detail ?? {})).toEqual(Object.keys(expected.detail));
    expect(event?.resources).toEqual([
      scene.describe().AutoScalingGroupARN,
      `arn:aws:ec2:us-east-1:111122223333:instance/${instanceId}`,
    ]);
    expect(event?.detail).toMatchObject({
      StatusCode: 'InProgress',
      Description: `Launching a new EC2 instance: ${instanceId}`,
      StatusMessage: '',
      StartTime: new Date(startAt).toISOString(),
      EndTime: new Date(startAt + 10_000).toISOString(),
      Cause: expect.stringContaining('increasing the capacity from 0 to 1.'),
    });
  });
});

describe('a scale-in', () => {
  it('passes Terminating, a second later Terminating:Wait, then Proceed, and is gone when EC2 is (D-3.2)', () => {
    const { scene, instanceId } = one();
    scene.desired(0);
    expect(scene.states()).toEqual({ [instanceId]: 'Terminating' });
    expect(scene.events(terminateEvent)).toEqual([]);
    scene.advance(1);
    expect(scene.states()).toEqual({ [instanceId]: 'Terminating:Wait' });
    expect(scene.ordered('terminate-instance')).toEqual([]);
    complete(scene, { InstanceId: instanceId });
    expect(scene.states()).toEqual({ [instanceId]: 'Terminating:Proceed' });
    expect(scene.ordered('terminate-instance')).toEqual([instanceId]);
    scene.advance(30);
    expect(scene.states()).toEqual({});
  });

  it('terminates directly where no hook is', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    const [instanceId = ''] = scene.in('InService');
    scene.desired(0);
    scene.advance(1);
    expect(scene.states()).toEqual({ [instanceId]: 'Terminating:Proceed' });
    expect(scene.ordered('terminate-instance')).toEqual([instanceId]);
    expect(scene.autoscaling.lifecycleActions()).toEqual([]);
  });

  it('says the lifecycle event as AWS does (D-1.22, D-1.24)', () => {
    const { scene, instanceId, token } = waiting({ NotificationMetadata: '{"cluster":"demo"}' });
    const [event] = scene.events(terminateEvent);
    const expected = sample('asg-lifecycle.terminate');
    expect(Object.keys(event?.detail ?? {})).toEqual(Object.keys(expected.detail));
    expect(event).toEqual({
      source: 'aws.autoscaling',
      detailType: terminateEvent,
      resources: [scene.describe().AutoScalingGroupARN],
      detail: {
        LifecycleActionToken: token,
        AutoScalingGroupName: 'demo',
        LifecycleHookName: drainHook,
        EC2InstanceId: instanceId,
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        NotificationMetadata: '{"cluster":"demo"}',
        Origin: 'AutoScalingGroup',
        Destination: 'EC2',
      },
    });
    expect(token).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  it('says Terminate Successful as AWS does, when the instance is gone (D-1.27)', () => {
    const { scene, instanceId } = waiting();
    complete(scene, { InstanceId: instanceId });
    scene.advance(29);
    expect(scene.events('EC2 Instance Terminate Successful')).toEqual([]);
    scene.advance(1);
    const [event] = scene.events('EC2 Instance Terminate Successful');
    expect(Object.keys(event?.detail ?? {})).toEqual(Object.keys(sample('asg-terminate-successful').detail));
    expect(event?.detail).toMatchObject({
      StatusCode: 'InProgress',
      Description: `Terminating EC2 instance: ${instanceId}`,
      EC2InstanceId: instanceId,
      Origin: 'AutoScalingGroup',
      Destination: 'EC2',
      Cause: expect.stringContaining('shrinking the capacity from 1 to 0.'),
    });
  });

  it('keeps its activity MidLifecycleAction while it waits, Successful at the end (D-3.30, D-13.11)', () => {
    const { scene, instanceId } = waiting();
    const wanted = {
      AutoScalingGroupName: 'demo',
      Filters: [{ Name: 'Status', Values: ['MidLifecycleAction'] }],
    };
    expect(scene.activities(wanted)).toEqual([
      expect.objectContaining({
        Description: `Terminating EC2 instance: ${instanceId}`,
        StartTime: new Date(startAt + 15_000),
        Cause: `At 2026-05-04T12:00:15Z a user request explicitly set group desired capacity changing the desired capacity from 1 to 0.  At 2026-05-04T12:00:15Z an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from 1 to 0.  At 2026-05-04T12:00:15Z instance ${instanceId} was selected for termination.`,
      }),
    ]);
    complete(scene, { InstanceId: instanceId });
    expect(scene.activities(wanted)).toEqual([]);
    expect(scene.activity(instanceId)).toMatchObject({ StatusCode: 'InProgress' });
    expect(scene.activity(instanceId).EndTime).toBeUndefined();
    scene.advance(30);
    expect(scene.activity(instanceId)).toMatchObject({
      StatusCode: 'Successful',
      Progress: 100,
      EndTime: new Date(startAt + 46_000),
    });
  });

  it('waits for connection draining before the hook where a load balancer is (D-3.3, D-3.30)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1, TargetGroupARNs: ['arn:aws:elasticloadbalancing:x'] }, {});
    const [instanceId = ''] = scene.in('InService');
    scene.desired(0);
    scene.advance(299);
    expect(scene.activity(instanceId).StatusCode).toBe('WaitingForELBConnectionDraining');
    expect(scene.events(terminateEvent)).toEqual([]);
    scene.advance(1);
    expect(scene.states()).toEqual({ [instanceId]: 'Terminating:Wait' });
  });

  it('cannot be taken back (D-3.4)', () => {
    const { scene, instanceId } = waiting();
    scene.desired(1);
    scene.advance(15);
    expect(scene.states()[instanceId]).toBe('Terminating:Wait');
    expect(scene.in('InService')).toHaveLength(1);
  });
});

describe('retention (D-3.14)', () => {
  function retaining(DefaultResult: string) {
    const scene = new Scene();
    const policy = { RetentionTriggers: { TerminateHookAbandon: 'retain' as const } };
    scene.group({ DesiredCapacity: 1, InstanceLifecyclePolicy: policy }, { DefaultResult });
    const [instanceId = ''] = scene.in('InService');
    scene.desired(0);
    scene.advance(1);
    return { scene, instanceId };
  }

  it('keeps an abandoned instance until it is terminated by name', () => {
    const { scene, instanceId } = retaining('CONTINUE');
    complete(scene, { InstanceId: instanceId, LifecycleActionResult: 'ABANDON' });
    scene.advance(86_400);
    expect(scene.states()).toEqual({ [instanceId]: 'Terminating:Retained' });
    expect(scene.ordered('terminate-instance')).toEqual([]);
    scene.call('TerminateInstanceInAutoScalingGroup', {
      InstanceId: instanceId,
      ShouldDecrementDesiredCapacity: false,
    });
    scene.advance(30);
    expect(scene.states()).toEqual({});
    // It did not count toward the desired capacity, so nothing replaces it.
    expect(scene.ordered('launch-instance')).toEqual([instanceId]);
  });

  it('frees the place of a dead instance, which then is replaced (D-3.22)', () => {
    const scene = new Scene();
    const policy = { RetentionTriggers: { TerminateHookAbandon: 'retain' as const } };
    scene.group({ DesiredCapacity: 1, InstanceLifecyclePolicy: policy }, {});
    const [instanceId = ''] = scene.in('InService');
    scene.kill(instanceId);
    scene.advance(1);
    complete(scene, { InstanceId: instanceId, LifecycleActionResult: 'ABANDON' });
    expect(Object.values(scene.states())).toEqual(['Terminating:Retained', 'Pending']);
  });

  it.each([
    ['ABANDON', 'Terminating:Retained'],
    ['CONTINUE', 'Terminating:Proceed'],
  ])('on a timeout asks for the default result: %s gives %s (D-13.7)', (DefaultResult, state) => {
    const { scene, instanceId } = retaining(DefaultResult);
    scene.advance(300);
    expect(scene.states()).toEqual({ [instanceId]: state });
  });
});
