import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { demo, group, newest, refreshes, second, start, told, versions, watch } from './refresh-scene.ts';
import { complete, type Scene } from './scene.ts';

const hour = 3600;
const detailOf = (name: string): string[] =>
  Object.keys(
    (
      JSON.parse(
        readFileSync(new URL(`../../events/asg-instance-refresh.${name}.json`, import.meta.url), 'utf8'),
      ) as { detail: object }
    ).detail,
  );

describe('a rolling instance refresh', () => {
  it('replaces every instance, then gives the group its desired configuration (D-3.25, D-1.28)', () => {
    const scene = group(4);
    const before = scene.in('InService');
    const id = start(scene, {}, { DesiredConfiguration: second });
    expect(newest(scene)).toMatchObject({
      InstanceRefreshId: id,
      Status: 'Pending',
      PercentageComplete: 0,
      InstancesToUpdate: 4,
      Strategy: 'Rolling',
      Preferences: {
        MinHealthyPercentage: 90,
        MaxHealthyPercentage: 100,
        InstanceWarmup: 0,
        SkipMatching: false,
        AutoRollback: false,
        ScaleInProtectedInstances: 'Wait',
        StandbyInstances: 'Wait',
      },
    });
    scene.advance(2);
    expect(newest(scene).Status).toBe('InProgress');
    expect(scene.describe().LaunchTemplate?.Version).toBe('1');
    scene.advance(300);
    expect(newest(scene)).toMatchObject({
      Status: 'Successful',
      PercentageComplete: 100,
      InstancesToUpdate: 0,
      EndTime: expect.any(Date),
    });
    expect(versions(scene)).toEqual(['2', '2', '2', '2']);
    expect(scene.in('InService').filter((one) => before.includes(one))).toEqual([]);
    expect(scene.describe().LaunchTemplate?.Version).toBe('2');
    expect(told(scene)).toEqual(['Started', 'Succeeded']);
    const [started] = scene.events('EC2 Auto Scaling Instance Refresh Started');
    expect(Object.keys(started?.detail ?? {})).toEqual(detailOf('started'));
    expect(started?.resources).toEqual([scene.describe().AutoScalingGroupARN]);
    expect(scene.activity(before[0] ?? '').Cause).toContain('in response to an instance refresh.');
  });

  it.each([
    [10, { MinHealthyPercentage: 90 }, { fewest: 9, mostPresent: 10 }],
    [10, { MinHealthyPercentage: 50 }, { fewest: 5, mostPresent: 10 }],
    [10, { MinHealthyPercentage: 0 }, { fewest: 0, mostPresent: 10 }],
    // All have to stay healthy and there may be no more: one at a time.
    [4, { MinHealthyPercentage: 100 }, { fewest: 3, mostPresent: 4 }],
    // The least is rounded up: 90 % of 5 are 5.
    [5, { MinHealthyPercentage: 90 }, { fewest: 4, mostPresent: 5 }],
    [10, { MinHealthyPercentage: 100, MaxHealthyPercentage: 110 }, { fewest: 10, mostPresent: 11 }],
    [10, { MinHealthyPercentage: 100, MaxHealthyPercentage: 200 }, { fewest: 10, mostPresent: 20 }],
    // The most is rounded down: 125 % of 3 are 3.
    [3, { MinHealthyPercentage: 100, MaxHealthyPercentage: 125 }, { fewest: 2, mostPresent: 3 }],
  ])('of %i instances with %o keeps them between its limits (D-3.25)', (count, preferences, limits) => {
    const scene = group(count);
    start(scene, preferences);
    expect(watch(scene, 400)).toMatchObject(limits);
    expect(newest(scene).Status).toBe('Successful');
    expect(scene.in('InService')).toHaveLength(count);
    expect(scene.ordered('launch-instance')).toHaveLength(2 * count);
  });

  it('takes the percentages of the maintenance policy, and the warm-up of the group (D-3.27)', () => {
    const scene = group(10, {
      InstanceMaintenancePolicy: { MinHealthyPercentage: 100, MaxHealthyPercentage: 120 },
      DefaultInstanceWarmup: 60,
    });
    start(scene);
    expect(newest(scene).Preferences).toMatchObject({
      MinHealthyPercentage: 100,
      MaxHealthyPercentage: 120,
      InstanceWarmup: 60,
    });
    expect(watch(scene, 600)).toMatchObject({ fewest: 10, mostPresent: 12 });
    expect(newest(scene).Status).toBe('Successful');
  });

  it('waits for the warm-up before it goes on, and counts an instance only then', () => {
    const scene = group(2);
    start(scene, { MinHealthyPercentage: 50, InstanceWarmup: 100 });
    scene.advance(1 + 10 + 99);
    expect(newest(scene)).toMatchObject({ PercentageComplete: 0, InstancesToUpdate: 2 });
    expect(scene.ordered('launch-instance')).toHaveLength(3);
    scene.advance(1);
    expect(newest(scene)).toMatchObject({ PercentageComplete: 50, InstancesToUpdate: 1 });
    expect(scene.ordered('launch-instance')).toHaveLength(4);
  });

  it('launches what a scale-out asks for from the desired configuration', () => {
    const scene = group(1);
    start(scene, { InstanceWarmup: 1000 }, { DesiredConfiguration: second });
    scene.advance(1);
    scene.desired(3);
    expect(versions(scene).filter((version) => version === '2')).toHaveLength(3);
  });

  it('passes over what matches when told to, and is done at once when all does', () => {
    const scene = group(2);
    scene.call('UpdateAutoScalingGroup', {
      ...demo,
      LaunchTemplate: { LaunchTemplateName: 'ecs', Version: '2' },
    });
    scene.desired(3);
    scene.advance(15);
    const newer = scene.describe().Instances?.find(({ LaunchTemplate }) => LaunchTemplate?.Version === '2');
    start(scene, { SkipMatching: true });
    expect(newest(scene).InstancesToUpdate).toBe(2);
    scene.advance(200);
    expect(versions(scene)).toEqual(['2', '2', '2']);
    expect(scene.states()).toHaveProperty(newer?.InstanceId ?? '');
    const launched = scene.ordered('launch-instance').length;
    start(scene, { SkipMatching: true });
    scene.advance(1);
    expect(newest(scene)).toMatchObject({ Status: 'Successful', PercentageComplete: 100 });
    expect(scene.ordered('launch-instance')).toHaveLength(launched);
  });

  it('lets the termination hook hold what it replaces (D-3.5)', () => {
    const scene = group(1);
    scene.hook();
    const [old = ''] = scene.in('InService');
    start(scene);
    scene.advance(2);
    expect(scene.states()[old]).toBe('Terminating:Wait');
    complete(scene, { InstanceId: old });
    scene.advance(30);
    expect(newest(scene).Status).toBe('Successful');
  });

  it('replaces the ready instances of the warm pool after those of the group', () => {
    const scene = group(1, { MaxSize: 2 });
    scene.call('PutWarmPool', { ...demo, PoolState: 'Running' });
    scene.advance(60);
    start(scene, {}, { DesiredConfiguration: second });
    scene.advance(120);
    expect(newest(scene)).toMatchObject({
      Status: 'Successful',
      ProgressDetails: {
        LivePoolProgress: { PercentageComplete: 100, InstancesToUpdate: 0 },
        WarmPoolProgress: { PercentageComplete: 100, InstancesToUpdate: 0 },
      },
    });
    const { Instances = [] } = scene.call<{ Instances: { LaunchTemplate: { Version: string } }[] }>(
      'DescribeWarmPool',
      demo,
    );
    expect(Instances.map(({ LaunchTemplate }) => LaunchTemplate.Version)).toEqual(['2']);
  });
});

describe('checkpoints', () => {
  it('pause the refresh, say so with texts, and go on after the delay (D-1.28)', () => {
    const scene = group(4);
    start(scene, { MinHealthyPercentage: 0, CheckpointPercentages: [50, 100], CheckpointDelay: 300 });
    scene.advance(100);
    expect(newest(scene)).toMatchObject({ Status: 'InProgress', PercentageComplete: 50 });
    expect(scene.ordered('launch-instance')).toHaveLength(6);
    const [reached] = scene.events('EC2 Auto Scaling Instance Refresh Checkpoint Reached');
    expect(reached?.detail).toMatchObject({ CheckpointPercentage: '50', CheckpointDelay: '300' });
    expect(Object.keys(reached?.detail ?? {})).toEqual(detailOf('checkpoint-reached'));
    scene.advance(300);
    expect(scene.ordered('launch-instance')).toHaveLength(8);
    scene.advance(300);
    expect(newest(scene).Status).toBe('Successful');
    expect(told(scene)).toEqual(['Started', 'Checkpoint Reached', 'Checkpoint Reached', 'Succeeded']);
  });

  it('below 100 end it there, and wait an hour unless told otherwise without failing', () => {
    const scene = group(4);
    start(scene, { CheckpointPercentages: [25] });
    expect(newest(scene).Preferences?.CheckpointDelay).toBe(hour);
    scene.advance(hour);
    expect(newest(scene)).toMatchObject({ Status: 'InProgress', PercentageComplete: 25 });
    scene.advance(60);
    expect(newest(scene)).toMatchObject({ Status: 'Successful', PercentageComplete: 25 });
    expect(scene.ordered('launch-instance')).toHaveLength(5);
  });
});

describe('BakeTime', () => {
  it('keeps the refresh Baking once all are replaced', () => {
    const scene = group(1);
    start(scene, { BakeTime: 600 });
    scene.advance(100);
    expect(newest(scene).Status).toBe('Baking');
    scene.advance(600);
    expect(newest(scene).Status).toBe('Successful');
  });
});

describe.each([
  ['ScaleInProtectedInstances', 'Refresh', protect, 'protected from scale in'],
  ['StandbyInstances', 'Terminate', standBy, 'in Standby'],
])('%s', (preference, taking, setAside, why) => {
  it(`${taking} replaces them too (D-3.23, D-3.25)`, () => {
    const { scene, aside } = setAside();
    start(scene, { [preference]: taking });
    scene.advance(200);
    expect(newest(scene).Status).toBe('Successful');
    expect(scene.states()).not.toHaveProperty(aside);
  });

  it('Ignore passes over them', () => {
    const { scene, aside, others } = setAside();
    start(scene, { [preference]: 'Ignore' });
    scene.advance(200);
    expect(newest(scene)).toMatchObject({ Status: 'Successful', PercentageComplete: 100 });
    expect(scene.states()).toHaveProperty(aside);
    for (const other of others) expect(scene.states()).not.toHaveProperty(other);
  });

  it('Wait, the default, fails after an hour without progress and names them (D-3.25)', () => {
    const { scene, aside } = setAside();
    start(scene);
    scene.advance(hour - 60);
    expect(newest(scene).Status).toBe('InProgress');
    scene.advance(200);
    expect(newest(scene)).toMatchObject({
      Status: 'Failed',
      StatusReason: expect.stringContaining(`These instances are ${why}: ${aside}.`),
    });
    expect(told(scene)).toEqual(['Started', 'Failed']);
  });

  it('Wait goes on when somebody frees them in time', () => {
    const { scene, aside, free } = setAside();
    start(scene);
    scene.advance(hour - 60);
    free();
    scene.advance(120);
    expect(newest(scene).Status).toBe('Successful');
    expect(scene.states()).not.toHaveProperty(aside);
  });
});

function protect() {
  const scene = group(3);
  const [aside = '', ...others] = scene.in('InService');
  const set = (ProtectedFromScaleIn: boolean) =>
    scene.call('SetInstanceProtection', { ...demo, InstanceIds: [aside], ProtectedFromScaleIn });
  set(true);
  return { scene, aside, others, free: () => set(false) };
}

function standBy() {
  const scene = group(3);
  const [aside = '', ...others] = scene.in('InService');
  const InstanceIds = [aside];
  scene.call('EnterStandby', { ...demo, InstanceIds, ShouldDecrementDesiredCapacity: true });
  scene.advance(1);
  return { scene, aside, others, free: () => scene.call('ExitStandby', { ...demo, InstanceIds }) };
}

describe('a refresh that cannot go on', () => {
  it('fails after an hour without progress, as when a launch hook is never completed', () => {
    const scene = group(1);
    scene.hook({ LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING', HeartbeatTimeout: 7200 });
    start(scene);
    scene.advance(hour + 60);
    expect(newest(scene)).toMatchObject({ Status: 'Failed', EndTime: expect.any(Date) });
  });

  it('pauses while InstanceRefresh is suspended, and has its hour again afterwards (D-3.34)', () => {
    const scene = group(2);
    start(scene);
    scene.advance(1);
    scene.call('SuspendProcesses', { ...demo, ScalingProcesses: ['InstanceRefresh'] });
    scene.advance(3 * hour);
    expect(newest(scene).Status).toBe('InProgress');
    expect(scene.ordered('launch-instance')).toHaveLength(3);
    scene.call('ResumeProcesses', { ...demo, ScalingProcesses: ['InstanceRefresh'] });
    scene.advance(60);
    expect(newest(scene).Status).toBe('Successful');
  });

  it('is forgotten with its group', () => {
    const scene = group(1);
    start(scene);
    scene.advance(1);
    scene.call('DeleteAutoScalingGroup', { ...demo, ForceDelete: true });
    scene.advance(hour * 2);
    expect(told(scene)).toEqual(['Started']);
    expect(() => refreshes(scene)).toThrow('not found');
  });
});

/** Whatever percentages are given, the group never has fewer in service than the least, but for one at a time. */
describe('the limits of a refresh', () => {
  it.each([0, 10, 34, 50, 67, 90, 100])('hold for groups of 1 to 7 with %i percent healthy', (percent) => {
    for (let count = 1; count <= 7; count++) {
      const scene: Scene = group(count);
      start(scene, { MinHealthyPercentage: percent });
      const least = Math.ceil((count * percent) / 100);
      const { fewest, mostPresent } = watch(scene, 200);
      expect(fewest).toBe(Math.min(least, count - 1));
      expect(mostPresent).toBe(count);
      expect(newest(scene).Status).toBe('Successful');
    }
  });
});
