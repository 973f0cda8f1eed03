import { readFileSync } from 'node:fs';
import type { DescribeWarmPoolAnswer } from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import { complete, drainHook, Scene } from './scene.ts';

const demo = { AutoScalingGroupName: 'demo' };
const launching = { LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' };
const sample = (name: string): { detail: Record<string, unknown> } =>
  JSON.parse(readFileSync(new URL(`../../events/${name}.json`, import.meta.url), 'utf8'));

const put = (scene: Scene, input: Record<string, unknown> = {}) =>
  scene.call('PutWarmPool', { ...demo, ...input });
const pool = (scene: Scene, input: Record<string, unknown> = {}) =>
  scene.call<DescribeWarmPoolAnswer>('DescribeWarmPool', { ...demo, ...input });
const pooled = (scene: Scene) =>
  Object.fromEntries((pool(scene).Instances ?? []).map((one) => [one.InstanceId ?? '', one.LifecycleState]));
const remove = (scene: Scene, ForceDelete?: boolean) =>
  scene.call('DeleteWarmPool', { ...demo, ForceDelete });

/** A group of one that may grow to three, and its warm pool. */
function warm(input: Record<string, unknown> = {}, hook?: Record<string, unknown>) {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 1, MaxSize: 3, AvailabilityZones: ['us-east-1a'] });
  const [working = ''] = scene.in('InService');
  if (hook) scene.hook(hook);
  put(scene, input);
  return { scene, working };
}

describe('PutWarmPool', () => {
  it('fills the pool with what the group may still grow by, and stops the instances there (D-3.28)', () => {
    const { scene, working } = warm();
    expect(Object.values(pooled(scene))).toEqual(['Warmed:Pending', 'Warmed:Pending']);
    scene.advance(11);
    expect(Object.values(pooled(scene))).toEqual(['Warmed:Pending:Proceed', 'Warmed:Pending:Proceed']);
    expect(scene.ordered('stop-instance')).toHaveLength(2);
    scene.advance(20);
    expect(Object.values(pooled(scene))).toEqual(['Warmed:Stopped', 'Warmed:Stopped']);
    expect(scene.states()).toEqual({ [working]: 'InService' });
    expect(scene.describe()).toMatchObject({
      DesiredCapacity: 1,
      WarmPoolSize: 2,
      WarmPoolConfiguration: { PoolState: 'Stopped', MinSize: 0 },
    });
  });

  it.each([
    [{}, 2],
    [{ MaxGroupPreparedCapacity: 2 }, 1],
    [{ MaxGroupPreparedCapacity: 0 }, 0],
    [{ MaxGroupPreparedCapacity: 0, MinSize: 3 }, 3],
    [{ MaxGroupPreparedCapacity: -1 }, 2],
  ])('with %o holds %i instances', (input, count) => {
    const { scene } = warm(input);
    expect(Object.keys(pooled(scene))).toHaveLength(count);
  });

  it.each([
    ['Running', 'Warmed:Running', undefined],
    ['Hibernated', 'Warmed:Hibernated', true],
    ['Stopped', 'Warmed:Stopped', false],
  ])('lets instances rest %s', (PoolState, state, hibernates) => {
    const { scene } = warm({ PoolState, MaxGroupPreparedCapacity: 2 });
    scene.advance(60);
    expect(Object.values(pooled(scene))).toEqual([state]);
    const stops = scene.outcomes.flatMap(({ outcome }) =>
      outcome.kind === 'stop-instance' ? outcome.hibernates : [],
    );
    expect(stops).toEqual(hibernates === undefined ? [] : [hibernates]);
  });

  it('changes only what it is given, and shrinks the pool when that asks for it', () => {
    const { scene } = warm({
      MinSize: 1,
      PoolState: 'Running',
      InstanceReusePolicy: { ReuseOnScaleIn: true },
    });
    scene.advance(60);
    put(scene, { MaxGroupPreparedCapacity: 1 });
    expect(pool(scene).WarmPoolConfiguration).toEqual({
      MinSize: 1,
      PoolState: 'Running',
      MaxGroupPreparedCapacity: 1,
      InstanceReusePolicy: { ReuseOnScaleIn: true },
    });
    scene.advance(60);
    expect(Object.values(pooled(scene))).toEqual(['Warmed:Running']);
    put(scene, { MaxGroupPreparedCapacity: -1 });
    expect(pool(scene).WarmPoolConfiguration).not.toHaveProperty('MaxGroupPreparedCapacity');
  });

  it.each([
    [{ MaxGroupPreparedCapacity: -2 }, 'ValidationError', "Value '-2' at 'maxGroupPreparedCapacity'"],
    [{ MinSize: -1 }, 'ValidationError', "Value '-1' at 'minSize'"],
    [{ PoolState: 'Asleep' }, 'ValidationError', 'enum value set: [Hibernated, Running, Stopped]'],
    [{ AutoScalingGroupName: 'no' }, 'ValidationError', 'AutoScalingGroup name not found'],
    [{ AutoScalingGroupName: undefined }, 'ValidationError', "'autoScalingGroupName'"],
    [{ MinSize: 'one' }, 'MalformedInput', 'Number'],
  ])('refuses %o', (input, code, message) => {
    const scene = new Scene();
    scene.group();
    expect(() => put(scene, input)).toThrow(expect.objectContaining({ code }));
    expect(() => put(scene, input)).toThrow(message);
    expect(pool(scene).WarmPoolConfiguration).toBeUndefined();
  });
});

describe('a launch hook', () => {
  it('holds an instance on its way into the pool (D-3.28, D-1.23)', () => {
    const { scene } = warm({ MaxGroupPreparedCapacity: 2 }, launching);
    scene.advance(10);
    const [[instanceId = '', state] = []] = Object.entries(pooled(scene));
    expect(state).toBe('Warmed:Pending:Wait');
    const [detail] = scene.lifecycleEvents(instanceId);
    expect(detail).toMatchObject({ ...launching, Origin: 'EC2', Destination: 'WarmPool' });
    expect(Object.keys(detail ?? {})).toEqual(
      Object.keys(sample('asg-lifecycle.launch-to-warm-pool').detail).filter(
        (key) => key !== 'NotificationMetadata',
      ),
    );
    complete(scene, { InstanceId: instanceId });
    expect(pooled(scene)).toEqual({ [instanceId]: 'Warmed:Pending:Proceed' });
    scene.advance(21);
    expect(pooled(scene)).toEqual({ [instanceId]: 'Warmed:Stopped' });
  });

  it('holds it again on its way out of the pool, with another token (D-3.28, D-1.23, D-10.10)', () => {
    const { scene } = warm({ MaxGroupPreparedCapacity: 2 }, launching);
    scene.advance(10);
    const [instanceId = ''] = Object.keys(pooled(scene));
    complete(scene, { InstanceId: instanceId });
    scene.advance(21);
    scene.desired(2);
    expect(scene.states()[instanceId]).toBe('Pending');
    expect(scene.ordered('start-instance')).toEqual([instanceId]);
    scene.advance(10);
    expect(scene.states()[instanceId]).toBe('Pending:Wait');
    const [into, out] = scene.lifecycleEvents(instanceId);
    expect(out).toMatchObject({ ...launching, Origin: 'WarmPool', Destination: 'AutoScalingGroup' });
    expect(out?.LifecycleActionToken).not.toBe(into?.LifecycleActionToken);
    complete(scene, { LifecycleActionToken: out?.LifecycleActionToken });
    scene.advance(1);
    expect(scene.states()[instanceId]).toBe('InService');
  });

  it('that is abandoned on the way in ends the instance, and another one takes its place', () => {
    const { scene } = warm({ MaxGroupPreparedCapacity: 2 }, launching);
    scene.advance(10);
    const [instanceId = ''] = Object.keys(pooled(scene));
    complete(scene, { InstanceId: instanceId, LifecycleActionResult: 'ABANDON' });
    expect(Object.values(pooled(scene)).sort()).toEqual(['Warmed:Pending', 'Warmed:Terminating']);
    expect(scene.events('EC2 Instance Launch Unsuccessful')).toHaveLength(1);
    scene.advance(31);
    expect(pooled(scene)).not.toHaveProperty(instanceId);
  });
});

describe('a scale-out', () => {
  it('takes from the pool what is ready there, and says so', () => {
    const { scene } = warm();
    scene.advance(60);
    const before = Object.keys(pooled(scene));
    scene.desired(2);
    const [first = ''] = scene.in('Pending');
    expect(before).toContain(first);
    scene.advance(10);
    expect(scene.states()[first]).toBe('InService');
    expect(pooled(scene)).toEqual({ [before.find((id) => id !== first) ?? '']: 'Warmed:Stopped' });
    expect(scene.events('EC2 Instance Launch Successful').at(-1)?.detail).toMatchObject({
      EC2InstanceId: first,
      Description: `Launching a new EC2 instance from warm pool: ${first}`,
      Origin: 'WarmPool',
      Destination: 'AutoScalingGroup',
    });
    expect(scene.ordered('launch-instance')).toHaveLength(3);
  });

  it('needs no start of an instance that runs in the pool', () => {
    const { scene } = warm({ PoolState: 'Running' });
    scene.advance(60);
    scene.desired(2);
    scene.advance(1);
    expect(scene.in('InService')).toHaveLength(2);
    expect(scene.ordered('start-instance')).toEqual([]);
  });

  it('launches from EC2 where nothing in the pool is ready', () => {
    const { scene } = warm();
    scene.desired(2);
    scene.advance(10);
    expect(scene.in('InService')).toHaveLength(2);
    expect(scene.ordered('start-instance')).toEqual([]);
  });
});

describe('a scale-in', () => {
  const reuse = { InstanceReusePolicy: { ReuseOnScaleIn: true }, MaxGroupPreparedCapacity: 1 };

  it('with reuse returns the instance, which waits at Warmed:Pending:Wait for TERMINATING (D-3.28, D-1.23)', () => {
    const { scene, working } = warm(reuse, { NotificationMetadata: '{"cluster":"demo"}' });
    scene.desired(0);
    expect(pooled(scene)).toEqual({ [working]: 'Warmed:Pending' });
    scene.advance(1);
    expect(pooled(scene)).toEqual({ [working]: 'Warmed:Pending:Wait' });
    const [detail] = scene.lifecycleEvents(working);
    expect(detail).toMatchObject({
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      Origin: 'AutoScalingGroup',
      Destination: 'WarmPool',
    });
    expect(Object.keys(detail ?? {})).toEqual(
      Object.keys(sample('asg-lifecycle.terminate-to-warm-pool').detail),
    );
    expect(scene.states()).toEqual({});
    complete(scene, { InstanceId: working });
    scene.advance(21);
    expect(pooled(scene)).toEqual({ [working]: 'Warmed:Stopped' });
    expect(scene.ordered('terminate-instance')).toEqual([]);
    expect(scene.ordered('launch-instance')).toHaveLength(1);
  });

  it('with reuse retains an abandoned instance where the group says so, until it is terminated by name (D-3.14)', () => {
    const { scene, working } = warm(reuse, {});
    scene.call('UpdateAutoScalingGroup', {
      ...demo,
      InstanceLifecyclePolicy: { RetentionTriggers: { TerminateHookAbandon: 'retain' } },
    });
    scene.desired(0);
    scene.advance(1);
    complete(scene, { InstanceId: working, LifecycleActionResult: 'ABANDON' });
    expect(pooled(scene)[working]).toBe('Warmed:Pending:Retained');
    scene.call('TerminateInstanceInAutoScalingGroup', {
      InstanceId: working,
      ShouldDecrementDesiredCapacity: false,
    });
    expect(pooled(scene)[working]).toBe('Warmed:Terminating:Proceed');
    scene.advance(30);
    expect(pooled(scene)).not.toHaveProperty(working);
  });

  it('with reuse ends an abandoned instance without another hook', () => {
    const { scene, working } = warm(reuse, {});
    scene.desired(0);
    scene.advance(1);
    complete(scene, { InstanceId: working, LifecycleActionResult: 'ABANDON' });
    expect(pooled(scene)[working]).toBe('Warmed:Terminating:Proceed');
    expect(scene.autoscaling.lifecycleActions()).toHaveLength(1);
  });

  it('without reuse terminates the instance, and the pool grows from EC2', () => {
    const { scene, working } = warm({ MaxGroupPreparedCapacity: 1 });
    scene.desired(0);
    expect(scene.states()).toEqual({ [working]: 'Terminating' });
    expect(Object.values(pooled(scene))).toEqual(['Warmed:Pending']);
  });

  it('of the pool passes the termination hook too (D-3.28)', () => {
    const { scene } = warm({ MaxGroupPreparedCapacity: 2 }, {});
    scene.advance(60);
    const [instanceId = ''] = Object.keys(pooled(scene));
    put(scene, { MaxGroupPreparedCapacity: 0 });
    scene.advance(1);
    expect(pooled(scene)).toEqual({ [instanceId]: 'Warmed:Terminating:Wait' });
    expect(scene.lifecycleEvents(instanceId)[0]).toMatchObject({ Origin: 'WarmPool', Destination: 'EC2' });
    complete(scene, { InstanceId: instanceId });
    scene.advance(30);
    expect(pooled(scene)).toEqual({});
    expect(scene.events('EC2 Instance Terminate Successful')[0]?.detail).toMatchObject({
      Origin: 'WarmPool',
    });
  });
});

describe('an instance of the pool', () => {
  it('is refused by SetInstanceProtection and TerminateInstanceInAutoScalingGroup (D-3.28)', () => {
    const { scene } = warm();
    scene.advance(60);
    const [InstanceId = ''] = Object.keys(pooled(scene));
    const protect = { ...demo, InstanceIds: [InstanceId], ProtectedFromScaleIn: true };
    expect(() => scene.call('SetInstanceProtection', protect)).toThrow('is not in InService or Standby');
    const terminate = { InstanceId, ShouldDecrementDesiredCapacity: false };
    expect(() => scene.call('TerminateInstanceInAutoScalingGroup', terminate)).toThrow('is in a warm pool');
    expect(pooled(scene)[InstanceId]).toBe('Warmed:Stopped');
  });

  it('is replaced when it dies or is found unhealthy', () => {
    const { scene } = warm();
    scene.advance(60);
    const [first = '', second = ''] = Object.keys(pooled(scene));
    scene.kill(first);
    scene.call('SetInstanceHealth', { InstanceId: second, HealthStatus: 'Unhealthy' });
    scene.advance(90);
    expect(Object.values(pooled(scene))).toEqual(['Warmed:Stopped', 'Warmed:Stopped']);
    expect(Object.keys(pooled(scene))).not.toContain(first);
    expect(Object.keys(pooled(scene))).not.toContain(second);
  });

  it('is given up when it dies on its way in', () => {
    const { scene } = warm({ MaxGroupPreparedCapacity: 2 }, launching);
    scene.advance(10);
    const [instanceId = ''] = Object.keys(pooled(scene));
    scene.kill(instanceId);
    expect(pooled(scene)).not.toHaveProperty(instanceId);
    expect(Object.values(pooled(scene))).toEqual(['Warmed:Pending']);
    expect(scene.autoscaling.lifecycleActions()[0]?.endedBy).toBe('instance-gone');
  });
});

describe('DeleteWarmPool', () => {
  it('is refused without force while instances are there, and without a pool', () => {
    const { scene } = warm();
    expect(() => remove(scene)).toThrow(expect.objectContaining({ code: 'ResourceInUse' }));
    put(scene, { MaxGroupPreparedCapacity: 0 });
    scene.advance(120);
    remove(scene);
    expect(pool(scene)).toMatchObject({ Instances: [] });
    expect(pool(scene).WarmPoolConfiguration).toBeUndefined();
    expect(() => remove(scene)).toThrow('No warm pool found');
  });

  it('by force ends the instances without hooks and is pending until they are gone', () => {
    const { scene } = warm({}, { LifecycleHookName: drainHook });
    scene.advance(60);
    remove(scene, true);
    expect(pool(scene).WarmPoolConfiguration?.Status).toBe('PendingDelete');
    expect(() => put(scene)).toThrow('pending delete');
    expect(Object.values(pooled(scene))).toEqual(Array(2).fill('Warmed:Terminating:Proceed'));
    scene.advance(30);
    expect(pool(scene).WarmPoolConfiguration).toBeUndefined();
    expect(scene.lifecycleEvents()).toEqual([]);
    expect(scene.in('InService')).toHaveLength(1);
    expect(scene.ordered('launch-instance')).toHaveLength(3);
  });

  it('happens with the group, by force', () => {
    const { scene } = warm();
    scene.advance(60);
    expect(() => scene.call('DeleteAutoScalingGroup', demo)).toThrow(
      expect.objectContaining({ code: 'ResourceInUse' }),
    );
    scene.call('DeleteAutoScalingGroup', { ...demo, ForceDelete: true });
    scene.advance(30);
    expect(scene.describe()).toBeUndefined();
    expect(scene.ordered('terminate-instance')).toHaveLength(3);
  });
});

describe('DescribeWarmPool', () => {
  it('gives pages of at most 50 that stay complete while the pool changes (D-5.16)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0 });
    put(scene, { MaxGroupPreparedCapacity: 60, PoolState: 'Running' });
    scene.advance(30);
    const before = [...scene.machines.keys()];
    const first = pool(scene);
    expect(first.Instances).toHaveLength(50);
    put(scene, { MaxGroupPreparedCapacity: 70 });
    const second = pool(scene, { NextToken: first.NextToken });
    expect(second.NextToken).toBeUndefined();
    const given = [...(first.Instances ?? []), ...(second.Instances ?? [])];
    const ids = given.map(({ InstanceId }) => InstanceId ?? '');
    expect(new Set(ids).size).toBe(ids.length);
    expect(before.filter((id) => !ids.includes(id))).toEqual([]);
    expect(() => pool(scene, { MaxRecords: 51 })).toThrow('less than or equal to 50');
    expect(() => pool(scene, { NextToken: 'nonsense' })).toThrow(
      expect.objectContaining({ code: 'InvalidNextToken' }),
    );
  });
});
