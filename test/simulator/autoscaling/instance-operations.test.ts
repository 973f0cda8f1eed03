import type { AutoScalingInstanceDetails } from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import { Scene, terminateEvent } from './scene.ts';

describe('TerminateInstanceInAutoScalingGroup', () => {
  const terminate = (scene: Scene, InstanceId: string, ShouldDecrementDesiredCapacity: boolean) =>
    scene.call<{ Activity: Record<string, unknown> }>('TerminateInstanceInAutoScalingGroup', {
      InstanceId,
      ShouldDecrementDesiredCapacity,
    }).Activity;

  it('takes one InstanceId, and refuses a list', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 }, {});
    const [InstanceId = ''] = scene.in('InService');
    const input = { InstanceId, InstanceIds: [InstanceId], ShouldDecrementDesiredCapacity: false };
    expect(() => scene.call('TerminateInstanceInAutoScalingGroup', input)).toThrow(
      'InstanceIds: expected none',
    );
    expect(scene.in('InService')).toEqual([InstanceId]);
  });

  it('without decrement launches a replacement (D-3.31)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2 }, {});
    const [instanceId = ''] = scene.in('InService');
    expect(terminate(scene, instanceId, false)).toMatchObject({
      Description: `Terminating EC2 instance: ${instanceId}`,
      Cause: `At 2026-05-04T12:00:15Z instance ${instanceId} was taken out of service in response to a user request.`,
      StatusCode: 'InProgress',
    });
    expect(scene.describe().DesiredCapacity).toBe(2);
    expect(scene.in('Pending')).toHaveLength(1);
    scene.advance(15);
    expect(scene.states()).toMatchObject({ [instanceId]: 'Terminating:Wait' });
  });

  it('with decrement launches none (D-3.31)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2 });
    const [instanceId = ''] = scene.in('InService');
    expect(terminate(scene, instanceId, true).Cause).toContain(', shrinking the capacity from 2 to 1.');
    expect(scene.describe().DesiredCapacity).toBe(1);
    scene.advance(60);
    expect(scene.ordered('launch-instance')).toHaveLength(2);
  });

  it('refuses to go below the minimum (D-3.31)', () => {
    const scene = new Scene();
    scene.group({ MinSize: 2, DesiredCapacity: 2 });
    const [instanceId = ''] = scene.in('InService');
    expect(() => terminate(scene, instanceId, true)).toThrow(
      expect.objectContaining({
        code: 'ValidationError',
        message: expect.stringContaining('Currently, desiredSize equals minSize (2).'),
      }),
    );
    expect(scene.in('InService')).toHaveLength(2);
  });

  it('is not stopped by scale-in protection (D-3.23, D-10.11)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1, NewInstancesProtectedFromScaleIn: true });
    const [instanceId = ''] = scene.in('InService');
    terminate(scene, instanceId, false);
    expect(scene.in('Terminating')).toEqual([instanceId]);
  });

  it('of an instance that is leaving already changes nothing', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2 }, {});
    const [instanceId = ''] = scene.in('InService');
    const first = terminate(scene, instanceId, true);
    scene.advance(2);
    expect(terminate(scene, instanceId, true)).toMatchObject({ ActivityId: first.ActivityId });
    expect(scene.describe().DesiredCapacity).toBe(1);
    expect(scene.events(terminateEvent)).toHaveLength(1);
  });

  it('of an instance that is being launched gives the launch up', () => {
    const scene = new Scene({ boots: false });
    scene.group({ DesiredCapacity: 1 });
    const [instanceId = ''] = scene.in('Pending');
    terminate(scene, instanceId, true);
    expect(scene.activity(instanceId, 'Launching').StatusCode).toBe('Cancelled');
    scene.advance(31);
    expect(scene.states()).toEqual({});
  });

  it('ends the launch action of an instance that a launch hook holds', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0 }, { LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
    scene.desired(1);
    scene.advance(10);
    terminate(scene, scene.in('Pending:Wait')[0] ?? '', true);
    expect(scene.autoscaling.lifecycleActions()).toEqual([
      expect.objectContaining({ endedBy: 'terminated-instead' }),
    ]);
  });

  it('refuses an instance of no group', () => {
    const scene = new Scene();
    expect(() => terminate(scene, 'i-0', false)).toThrow('No managed instance found for instance ID: i-0');
  });
});

describe('DescribeAutoScalingInstances', () => {
  const instances = (scene: Scene, input: Record<string, unknown>) =>
    scene.call<{ AutoScalingInstances: AutoScalingInstanceDetails[]; NextToken?: string }>(
      'DescribeAutoScalingInstances',
      input,
    );

  it('tells the group, and health in capitals (D-6.19)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    expect(instances(scene, {}).AutoScalingInstances).toMatchObject([
      { AutoScalingGroupName: 'demo', HealthStatus: 'HEALTHY', LifecycleState: 'InService' },
    ]);
    expect(scene.describe().Instances?.[0]?.HealthStatus).toBe('Healthy');
  });

  it('passes over ids it does not know and gives pages of at most 50 (D-5.16)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 60 });
    const [id] = scene.in('InService');
    expect(instances(scene, { InstanceIds: [id, 'i-unknown'] }).AutoScalingInstances).toHaveLength(1);
    const { AutoScalingInstances, NextToken } = instances(scene, {});
    expect(AutoScalingInstances).toHaveLength(50);
    expect(instances(scene, { NextToken }).AutoScalingInstances).toHaveLength(10);
    expect(() => instances(scene, { MaxRecords: 51 })).toThrow('less than or equal to 50');
    expect(() => instances(scene, { InstanceIds: Array(51).fill('i-1') })).toThrow(
      'less than or equal to 50',
    );
  });
});

describe('SetInstanceProtection', () => {
  it.each([
    ['an instance of no group', ['i-0'], 'The instance i-0 is not part of Auto Scaling group demo.'],
    ['more than 50 (D-5.16)', Array(51).fill('i-0'), 'less than or equal to 50'],
  ])('refuses %s', (_, InstanceIds, message) => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    const protect = { AutoScalingGroupName: 'demo', InstanceIds, ProtectedFromScaleIn: true };
    expect(() => scene.call('SetInstanceProtection', protect)).toThrow(message);
  });

  it('refuses an instance that is not in service, and then protects none of the others (D-3.24)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    scene.desired(2);
    const InstanceIds = [...scene.in('InService'), ...scene.in('Pending')];
    const protect = { AutoScalingGroupName: 'demo', InstanceIds, ProtectedFromScaleIn: true };
    expect(() => scene.call('SetInstanceProtection', protect)).toThrow('is not in InService or Standby');
    expect(scene.describe().Instances?.some((instance) => instance.ProtectedFromScaleIn)).toBe(false);
  });
});
