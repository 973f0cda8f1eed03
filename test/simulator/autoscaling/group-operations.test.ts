import { describe, expect, it } from 'vitest';
import { Scene, terminateEvent } from './scene.ts';

describe('SetDesiredCapacity', () => {
  it.each([
    [5, 'New SetDesiredCapacity value 5 is above max value 4 for the AutoScalingGroup.'],
    [1, 'New SetDesiredCapacity value 1 is below min value 2 for the AutoScalingGroup.'],
  ])('refuses %i outside 2 to 4', (count, message) => {
    const scene = new Scene();
    scene.group({ MinSize: 2, MaxSize: 4, DesiredCapacity: 3 });
    expect(() => scene.desired(count)).toThrow(expect.objectContaining({ code: 'ValidationError', message }));
    expect(scene.describe().DesiredCapacity).toBe(3);
  });

  it('honours the cooldown only when asked to', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1, DefaultCooldown: 60 });
    const set = { AutoScalingGroupName: 'demo', DesiredCapacity: 2, HonorCooldown: true };
    scene.advance(54);
    expect(() => scene.call('SetDesiredCapacity', set)).toThrow(
      expect.objectContaining({ code: 'ScalingActivityInProgress' }),
    );
    scene.advance(1);
    scene.call('SetDesiredCapacity', set);
    scene.desired(3);
    expect(scene.describe().DesiredCapacity).toBe(3);
  });
});

describe('UpdateAutoScalingGroup (D-3.32)', () => {
  const update = (scene: Scene, input: Record<string, unknown>) =>
    scene.call('UpdateAutoScalingGroup', { AutoScalingGroupName: 'demo', ...input });

  it.each([
    [{ MinSize: 5 }, 5],
    [{ MaxSize: 2 }, 2],
    [{ MinSize: 1, MaxSize: 10 }, 3],
    [{ DesiredCapacity: 4 }, 4],
  ])('with %o moves the desired capacity from 3 to %i', (input, desired) => {
    const scene = new Scene();
    scene.group();
    update(scene, input);
    scene.advance(40);
    expect(scene.describe().DesiredCapacity).toBe(desired);
    expect(scene.in('InService')).toHaveLength(desired);
  });

  it.each([
    [
      { DesiredCapacity: 101 },
      'Desired capacity:101 must be between the specified min size:0 and max size:100',
    ],
    [{ MinSize: 200 }, 'Max bound, 100, must be greater than or equal to min bound, 200'],
    [{ MinSize: -1 }, "Value '-1' at 'minSize'"],
    [{ AutoScalingGroupName: 'no' }, 'AutoScalingGroup name not found'],
  ])('refuses %o', (input, message) => {
    const scene = new Scene();
    scene.group();
    expect(() => update(scene, input)).toThrow(expect.objectContaining({ code: 'ValidationError' }));
    expect(() => update(scene, input)).toThrow(message);
  });

  it('launches from the new template and into the new zones', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    update(scene, { LaunchTemplate: { LaunchTemplateName: 'new' }, AvailabilityZones: ['us-east-1f'] });
    scene.desired(2);
    expect(
      scene.outcomes.map(({ outcome }) => outcome).findLast(({ kind }) => kind === 'launch-instance'),
    ).toMatchObject({
      launchTemplateName: 'new',
      availabilityZone: 'us-east-1f',
    });
    expect(scene.describe().LaunchTemplate).toMatchObject({ LaunchTemplateName: 'new' });
  });
});

describe('DeleteAutoScalingGroup', () => {
  const remove = (scene: Scene, input: Record<string, unknown> = {}) =>
    scene.call('DeleteAutoScalingGroup', { AutoScalingGroupName: 'demo', ...input });

  it('refuses while instances are there', () => {
    const scene = new Scene();
    scene.group();
    expect(() => remove(scene)).toThrow(expect.objectContaining({ code: 'ResourceInUse' }));
  });

  it('refuses while instances leave, until the last of them is gone', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    scene.desired(0);
    expect(() => remove(scene)).toThrow(expect.objectContaining({ code: 'ScalingActivityInProgress' }));
    scene.advance(31);
    remove(scene);
    expect(scene.describe()).toBeUndefined();
  });

  it('removes an empty group with its hooks', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0 }, {});
    remove(scene);
    expect(scene.describe()).toBeUndefined();
    expect(() => scene.hooks()).toThrow('AutoScalingGroup name not found');
    scene.group({ DesiredCapacity: 0 });
    expect(scene.hooks()).toEqual([]);
  });

  it('by force terminates everything without hooks and is done when EC2 is (D-3.5)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2 }, {});
    scene.desired(3);
    const [waiting = ''] = scene.in('InService');
    scene.call('TerminateInstanceInAutoScalingGroup', {
      InstanceId: waiting,
      ShouldDecrementDesiredCapacity: true,
    });
    scene.advance(2);
    remove(scene, { ForceDelete: true });
    expect(scene.describe()).toMatchObject({ Status: 'Delete in progress', DesiredCapacity: 0 });
    expect(new Set(Object.values(scene.states()))).toEqual(new Set(['Terminating:Proceed']));
    expect(scene.autoscaling.lifecycleActions()).toEqual([
      expect.objectContaining({ instanceId: waiting, endedBy: 'group-deleted' }),
    ]);
    scene.advance(30);
    expect(scene.describe()).toBeUndefined();
    expect(scene.ordered('launch-instance')).toHaveLength(3);
    const told = scene.activities({ IncludeDeletedGroups: true });
    expect(
      told.every(({ EndTime, AutoScalingGroupState }) => EndTime && AutoScalingGroupState === 'Deleted'),
    ).toBe(true);
    expect(scene.activities({})).toEqual([]);
  });

  it('by force sends no instance into its hook any more, and tells EC2 once for each', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2 });
    scene.desired(1);
    scene.advance(1);
    scene.hook();
    scene.desired(0);
    expect(Object.values(scene.states()).sort()).toEqual(['Terminating', 'Terminating:Proceed']);
    remove(scene, { ForceDelete: true });
    scene.advance(10);
    expect(scene.events(terminateEvent)).toEqual([]);
    expect(scene.ordered('terminate-instance')).toHaveLength(2);
  });

  it('by force is not undone by a change of the group', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    remove(scene, { ForceDelete: true });
    scene.call('UpdateAutoScalingGroup', { AutoScalingGroupName: 'demo', MinSize: 1, MaxSize: 1 });
    scene.advance(60);
    expect(scene.describe()).toBeUndefined();
    expect(scene.ordered('launch-instance')).toHaveLength(1);
  });

  it.each([
    ['prevent-all-deletion', false],
    ['prevent-all-deletion', true],
    ['prevent-force-deletion', true],
  ] as const)(
    'is refused by the deletion protection %s, with force %s',
    (DeletionProtection, ForceDelete) => {
      const scene = new Scene();
      scene.group({ DesiredCapacity: 1, DeletionProtection });
      expect(() => remove(scene, { ForceDelete })).toThrow(
        expect.objectContaining({ code: 'ValidationError' }),
      );
      expect(scene.in('InService')).toHaveLength(1);
      scene.call('UpdateAutoScalingGroup', { AutoScalingGroupName: 'demo', DeletionProtection: 'none' });
      remove(scene, { ForceDelete: true });
      expect(scene.describe().Status).toBe('Delete in progress');
    },
  );

  it('of an empty group is taken by prevent-force-deletion', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0, DeletionProtection: 'prevent-force-deletion' });
    remove(scene);
    expect(scene.describe()).toBeUndefined();
  });

  it('by force keeps the name until the last instance is gone', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1 });
    remove(scene, { ForceDelete: true });
    expect(() => scene.group()).toThrow('A group with the name demo is pending delete');
    scene.advance(30);
    scene.group({ DesiredCapacity: 0 });
    expect(scene.describe().Status).toBeUndefined();
  });

  it.each([
    [{ AutoScalingGroupName: 'no' }, 'ValidationError', 'AutoScalingGroup name not found'],
    [{ AutoScalingGroupName: undefined }, 'ValidationError', "null at 'autoScalingGroupName'"],
    [{ ForceDelete: 'yes' }, 'MalformedInput', 'Boolean'],
  ])('refuses %j', (input, code, message) => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0 });
    expect(() => remove(scene, input)).toThrow(expect.objectContaining({ code }));
    expect(() => remove(scene, input)).toThrow(message);
  });
});
