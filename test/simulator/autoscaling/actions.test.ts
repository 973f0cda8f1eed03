import { describe, expect, it } from 'vitest';
import { complete, drainHook, heartbeat, one, terminateEvent, waiting } from './scene.ts';

describe('a lifecycle action', () => {
  it.each([
    ['by its token', (_: string, token: string) => ({ LifecycleActionToken: token })],
    ['by the instance id', (id: string) => ({ InstanceId: id })],
  ])('is completed %s, once (D-3.9, D-3.10, D-10.9)', (_, reference) => {
    const { scene, instanceId, token, waitsSince } = waiting();
    scene.advance(60);
    complete(scene, reference(instanceId, token));
    const [record] = scene.autoscaling.lifecycleActions();
    expect(record).toEqual({
      instanceId,
      autoScalingGroupName: 'demo',
      lifecycleHookName: drainHook,
      lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      lifecycleActionToken: token,
      startedAt: waitsSince,
      globalDeadlineAt: waitsSince + 30_000_000,
      heartbeats: 0,
      endedAt: waitsSince + 60_000,
      endedBy: 'complete',
      result: 'CONTINUE',
      completedByPrincipalArn: 'arn:aws:iam::111122223333:role/tester',
    });
    const named =
      'LifecycleActionToken' in reference(instanceId, token) ? `token ${token}` : `instance ID ${instanceId}`;
    for (const call of [complete, heartbeat]) {
      expect(() => call(scene, reference(instanceId, token))).toThrow(
        expect.objectContaining({
          code: 'ValidationError',
          status: 400,
          message: `No active Lifecycle Action found with ${named}`,
        }),
      );
    }
  });

  it('is not found under another hook, another group, or another instance (D-10.9)', () => {
    const { scene, instanceId, token } = waiting();
    scene.group({ AutoScalingGroupName: 'other', DesiredCapacity: 0 });
    const none = 'No active Lifecycle Action found';
    expect(() => complete(scene, { InstanceId: instanceId, LifecycleHookName: 'x' })).toThrow(none);
    expect(() => complete(scene, { InstanceId: 'i-0000' })).toThrow(none);
    const elsewhere = { AutoScalingGroupName: 'other', LifecycleActionToken: token };
    expect(() => complete(scene, elsewhere)).toThrow(`${none} with token ${token}`);
    expect(scene.in('Terminating:Wait')).toEqual([instanceId]);
  });

  it('is found under the ARN of the group too', () => {
    const { scene, instanceId } = waiting();
    complete(scene, { AutoScalingGroupName: scene.describe().AutoScalingGroupARN, InstanceId: instanceId });
    expect(scene.in('Terminating:Proceed')).toEqual([instanceId]);
  });

  it.each([
    ['no reference at all', {}, 'LifecycleActionToken or InstanceId'],
    ['a token that is too short', { LifecycleActionToken: 'abc' }, 'length greater than or equal to 36'],
    ['a token that is too long', { LifecycleActionToken: 'a'.repeat(37) }, 'length less than or equal to 36'],
    ['an instance id that is too long', { InstanceId: `i-${'0'.repeat(18)}` }, 'less than or equal to 19'],
    ['an unknown result', { InstanceId: 'i-1', LifecycleActionResult: 'OK' }, '[CONTINUE, ABANDON]'],
  ])('refuses %s (D-3.9)', (_, input, message) => {
    const { scene } = waiting();
    expect(() => complete(scene, input)).toThrow(expect.objectContaining({ code: 'ValidationError' }));
    expect(() => complete(scene, input)).toThrow(message);
  });

  it.each(['CONTINUE', 'ABANDON'])(
    'that times out ends with the default result %s and the instance terminates (D-3.13)',
    (DefaultResult) => {
      const { scene, instanceId, waitsSince } = waiting({ DefaultResult });
      scene.advance(299.999);
      expect(scene.in('Terminating:Wait')).toEqual([instanceId]);
      scene.advance(0.001);
      expect(scene.in('Terminating:Proceed')).toEqual([instanceId]);
      expect(scene.autoscaling.lifecycleActions()[0]).toMatchObject({
        endedBy: 'timeout',
        result: DefaultResult,
        endedAt: waitsSince + 300_000,
      });
    },
  );

  it('cannot be completed at the very moment at which it times out, even if nobody advanced the time', () => {
    const { scene, instanceId } = waiting();
    scene.now += 300_000;
    expect(() => complete(scene, { InstanceId: instanceId })).toThrow('No active Lifecycle Action found');
    scene.advance(0);
    expect(scene.ordered('terminate-instance')).toEqual([instanceId]);
  });

  it('starts its timeout anew at a heartbeat (D-3.8)', () => {
    const { scene, instanceId } = waiting({ HeartbeatTimeout: 3600 });
    scene.advance(1800);
    heartbeat(scene, { InstanceId: instanceId });
    scene.advance(3599.999);
    expect(scene.in('Terminating:Wait')).toEqual([instanceId]);
    scene.advance(0.001);
    expect(scene.in('Terminating:Wait')).toEqual([]);
    expect(scene.autoscaling.lifecycleActions()[0]).toMatchObject({ heartbeats: 1, endedBy: 'timeout' });
  });

  it.each([
    [30, 3000],
    [300, 30_000],
    [1727, 172_700],
    [1728, 172_800],
    [7200, 172_800],
  ])(
    'with a heartbeat of %i s ends after %i s, however many heartbeats come (D-3.7)',
    (HeartbeatTimeout, globalSeconds) => {
      const { scene, instanceId, token } = waiting({ HeartbeatTimeout });
      expect(scene.hooks()[0]).toMatchObject({ HeartbeatTimeout, GlobalTimeout: globalSeconds });
      const stepSeconds = HeartbeatTimeout - 1;
      let passed = 0;
      for (; passed + stepSeconds < globalSeconds; passed += stepSeconds) {
        scene.advance(stepSeconds);
        heartbeat(scene, { LifecycleActionToken: token });
      }
      scene.advance(globalSeconds - passed - 0.001);
      expect(scene.in('Terminating:Wait')).toEqual([instanceId]);
      scene.advance(0.001);
      expect(scene.in('Terminating:Wait')).toEqual([]);
      expect(scene.autoscaling.lifecycleActions()[0]?.endedBy).toBe('timeout');
    },
  );

  it('keeps the timeouts it began with when its hook is changed', () => {
    const { scene, instanceId } = waiting();
    scene.hook({ HeartbeatTimeout: 30 });
    scene.advance(299);
    expect(scene.in('Terminating:Wait')).toEqual([instanceId]);
  });

  it('ends with its hook: CONTINUE for a terminating instance (D-13.3)', () => {
    const { scene, instanceId } = waiting();
    scene.call('DeleteLifecycleHook', { AutoScalingGroupName: 'demo', LifecycleHookName: drainHook });
    expect(scene.hooks()).toEqual([]);
    expect(scene.in('Terminating:Proceed')).toEqual([instanceId]);
    expect(scene.autoscaling.lifecycleActions()[0]).toMatchObject({
      endedBy: 'hook-deleted',
      result: 'CONTINUE',
    });
  });

  it('does not end with a hook of the same name in another group', () => {
    const { scene, instanceId } = waiting();
    scene.group({ AutoScalingGroupName: 'other', DesiredCapacity: 0 });
    scene.hook({ AutoScalingGroupName: 'other' });
    scene.call('DeleteLifecycleHook', { AutoScalingGroupName: 'other', LifecycleHookName: drainHook });
    expect(scene.in('Terminating:Wait')).toEqual([instanceId]);
  });

  it('ends with its hook: ABANDON for a launching instance (D-13.3)', () => {
    const { scene } = one({ LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING' });
    const [instanceId = ''] = scene.in('Pending:Wait');
    scene.call('DeleteLifecycleHook', { AutoScalingGroupName: 'demo', LifecycleHookName: drainHook });
    expect(scene.states()[instanceId]).toBe('Terminating');
    expect(scene.autoscaling.lifecycleActions()[0]).toMatchObject({
      endedBy: 'hook-deleted',
      result: 'ABANDON',
    });
  });

  it('outlives its EC2 instance, which a Spot interruption takes away (D-3.19)', () => {
    const { scene, instanceId } = waiting();
    scene.kill(instanceId);
    expect(scene.in('Terminating:Wait')).toEqual([instanceId]);
    complete(scene, { InstanceId: instanceId });
    expect(scene.states()).toEqual({});
    expect(scene.ordered('terminate-instance')).toEqual([]);
    expect(scene.activity(instanceId).StatusCode).toBe('Successful');
  });
});

describe('two hooks of one transition', () => {
  function both(second: Record<string, unknown> = {}) {
    const { scene, instanceId } = one();
    scene.hook({ LifecycleHookName: 'other', HeartbeatTimeout: 600, ...second });
    scene.desired(0);
    scene.advance(1);
    return { scene, instanceId };
  }

  it('hold an instance side by side, each with its own token and event (D-1.22, D-3.15, D-10.10)', () => {
    const { scene, instanceId } = both();
    const details = scene.events(terminateEvent).map(({ detail }) => detail);
    expect(details.map((detail) => detail.LifecycleHookName)).toEqual([drainHook, 'other']);
    expect(new Set(details.map((detail) => detail.LifecycleActionToken)).size).toBe(2);
    expect(details.every((detail) => detail.EC2InstanceId === instanceId)).toBe(true);
  });

  it('let go only when both are done with CONTINUE (D-3.12, D-3.15)', () => {
    const { scene, instanceId } = both();
    complete(scene, { InstanceId: instanceId });
    expect(scene.in('Terminating:Wait')).toEqual([instanceId]);
    complete(scene, { InstanceId: instanceId, LifecycleHookName: 'other' });
    expect(scene.in('Terminating:Proceed')).toEqual([instanceId]);
  });

  it('are both over with one ABANDON (D-3.12)', () => {
    const { scene, instanceId } = both();
    complete(scene, { InstanceId: instanceId, LifecycleActionResult: 'ABANDON' });
    expect(scene.in('Terminating:Proceed')).toEqual([instanceId]);
    const [abandoned, skipped] = scene.autoscaling.lifecycleActions();
    expect(abandoned).toMatchObject({ endedBy: 'complete', result: 'ABANDON' });
    expect(skipped).toMatchObject({ endedBy: 'abandoned-elsewhere', endedAt: scene.now });
    expect(skipped).not.toHaveProperty('result');
    expect(() => complete(scene, { InstanceId: instanceId, LifecycleHookName: 'other' })).toThrow(
      'No active Lifecycle Action found',
    );
    expect(scene.ordered('terminate-instance')).toEqual([instanceId]);
  });

  it('are both over when one times out with ABANDON as its default (D-4.25)', () => {
    const { scene, instanceId } = both({ HeartbeatTimeout: 30, DefaultResult: 'ABANDON' });
    scene.advance(30);
    expect(scene.in('Terminating:Proceed')).toEqual([instanceId]);
    expect(scene.autoscaling.lifecycleActions().map(({ endedBy }) => endedBy)).toEqual([
      'abandoned-elsewhere',
      'timeout',
    ]);
  });

  it('end one by one when each times out with CONTINUE', () => {
    const { scene, instanceId } = both();
    scene.advance(599);
    expect(scene.in('Terminating:Wait')).toEqual([instanceId]);
    scene.advance(1);
    expect(scene.in('Terminating:Proceed')).toEqual([instanceId]);
  });

  it('are told apart when one of them is deleted', () => {
    const { scene, instanceId } = both();
    scene.call('DeleteLifecycleHook', { AutoScalingGroupName: 'demo', LifecycleHookName: 'other' });
    expect(scene.in('Terminating:Wait')).toEqual([instanceId]);
    expect(scene.autoscaling.lifecycleActions()[0]).not.toHaveProperty('endedAt');
    expect(scene.autoscaling.lifecycleActions()[1]?.endedBy).toBe('hook-deleted');
  });
});
