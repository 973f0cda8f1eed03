import { describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

const terminating = { LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING' };

const put = (scene: Scene, input: Record<string, unknown>) =>
  scene.call('PutLifecycleHook', { AutoScalingGroupName: 'demo', LifecycleHookName: 'h', ...input });

describe('PutLifecycleHook', () => {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 0 });

  it('gives a new hook the defaults of AWS (D-3.6, D-3.7)', () => {
    put(scene, terminating);
    expect(scene.hooks()).toEqual([
      {
        LifecycleHookName: 'h',
        AutoScalingGroupName: 'demo',
        ...terminating,
        HeartbeatTimeout: 3600,
        GlobalTimeout: 172_800,
        DefaultResult: 'ABANDON',
      },
    ]);
  });

  it('changes only what it is given', () => {
    put(scene, { ...terminating, NotificationMetadata: 'x', DefaultResult: 'CONTINUE' });
    put(scene, { HeartbeatTimeout: 60 });
    expect(scene.hooks()).toMatchObject([
      { HeartbeatTimeout: 60, GlobalTimeout: 6000, DefaultResult: 'CONTINUE', NotificationMetadata: 'x' },
    ]);
  });

  it.each([
    [{ HeartbeatTimeout: 29 }, "Value '29' at 'heartbeatTimeout'"],
    [{ HeartbeatTimeout: 7201 }, 'value less than or equal to 7200'],
    [{ DefaultResult: 'STOP' }, '[CONTINUE, ABANDON]'],
    [{ LifecycleTransition: 'autoscaling:EC2_INSTANCE_EATEN' }, "'lifecycleTransition'"],
    [{ LifecycleHookName: 'a b' }, 'regular expression pattern'],
    [{ LifecycleHookName: 'a'.repeat(256) }, 'length less than or equal to 255'],
    [{ NotificationMetadata: 'x'.repeat(4001) }, 'length less than or equal to 4000'],
    [{ NotificationMetadata: 'é' }, "'notificationMetadata'"],
    [{ AutoScalingGroupName: 'no' }, 'AutoScalingGroup name not found'],
    [{ LifecycleHookName: 'new', LifecycleTransition: undefined }, "'lifecycleTransition'"],
  ])('refuses %o (D-3.6)', (input, message) => {
    const before = scene.hooks();
    expect(() => put(scene, { ...terminating, ...input })).toThrow(
      expect.objectContaining({ code: 'ValidationError' }),
    );
    expect(() => put(scene, { ...terminating, ...input })).toThrow(message);
    expect(scene.hooks()).toEqual(before);
  });

  it.each([30, 7200])('takes a heartbeat timeout of %i s (D-3.6)', (HeartbeatTimeout) => {
    put(scene, { HeartbeatTimeout });
    expect(scene.hooks()[0]?.HeartbeatTimeout).toBe(HeartbeatTimeout);
  });

  it('refuses the 51st hook of a group (D-3.6)', () => {
    for (let n = 1; n < 50; n++) put(scene, { ...terminating, LifecycleHookName: `h${n}` });
    expect(() => put(scene, { ...terminating, LifecycleHookName: 'more' })).toThrow(
      expect.objectContaining({ code: 'LimitExceeded' }),
    );
    put(scene, { LifecycleHookName: 'h1', HeartbeatTimeout: 99 });
    expect(scene.hooks()).toHaveLength(50);
    const chosen = scene.call('DescribeLifecycleHooks', {
      AutoScalingGroupName: 'demo',
      LifecycleHookNames: ['h1', 'no'],
    });
    expect(chosen.LifecycleHooks).toMatchObject([{ LifecycleHookName: 'h1', HeartbeatTimeout: 99 }]);
  });

  it('leaves hooks that are not there to nobody: deleting one is refused', () => {
    const remove = () =>
      scene.call('DeleteLifecycleHook', { AutoScalingGroupName: 'demo', LifecycleHookName: 'no' });
    expect(remove).toThrow(expect.objectContaining({ code: 'ValidationError' }));
  });
});
