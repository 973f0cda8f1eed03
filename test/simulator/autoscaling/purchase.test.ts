import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

const unsuccessful = 'EC2 Instance Launch Unsuccessful';
const zoneA = 'us-east-1a';

const policy = (base: number, percent: number, types: readonly string[] = []) => ({
  LaunchTemplate: undefined,
  MixedInstancesPolicy: {
    LaunchTemplate: {
      LaunchTemplateSpecification: { LaunchTemplateName: 'ecs' },
      Overrides: types.map((InstanceType) => ({ InstanceType })),
    },
    InstancesDistribution: { OnDemandBaseCapacity: base, OnDemandPercentageAboveBaseCapacity: percent },
  },
});

/** What EC2 was told of each instance it was to launch. */
const launches = (scene: Scene) =>
  scene.outcomes.flatMap(({ outcome }) => (outcome.kind === 'launch-instance' ? outcome : []));

const marketsIn = (scene: Scene) => launches(scene).map(({ isSpot }) => (isSpot ? 'spot' : 'on-demand'));

describe('purchase options', () => {
  it.each([
    [10, 0, 0, 0],
    [10, 4, 0, 4],
    [10, 4, 50, 7],
    [10, 4, 25, 6],
    [3, 5, 0, 3],
    [10, 0, 100, 10],
  ])(
    'of %i instances with base %i and %i percent above it buy %i On-Demand (D-13.9)',
    (size, base, percent, on) => {
      const scene = new Scene();
      scene.group({ DesiredCapacity: size, ...policy(base, percent) });
      expect(marketsIn(scene)).toEqual([...Array(on).fill('on-demand'), ...Array(size - on).fill('spot')]);
    },
  );

  it('hold after growing and shrinking in any way: the base is On-Demand before anything is Spot (D-13.9)', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }), (sizes) => {
        const scene = new Scene();
        scene.group({ DesiredCapacity: 1, ...policy(2, 50) });
        for (const size of [...sizes, 8]) {
          scene.desired(size);
          scene.advance(60);
        }
        const spot = new Set(launches(scene).flatMap((one) => (one.isSpot ? one.instanceId : [])));
        expect(scene.in('InService').filter((id) => spot.has(id))).toHaveLength(3);
      }),
      { numRuns: 20 },
    );
  });

  it('launch the first override, which EC2 and the descriptions tell', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 1, ...policy(0, 0, ['c5.large', 'm5.large']) });
    expect(launches(scene)[0]).toMatchObject({ instanceType: 'c5.large', isSpot: true });
    expect(scene.describe().Instances?.[0]).toMatchObject({ InstanceType: 'c5.large' });
  });
});

describe('purchase options that change', () => {
  const distribution = (OnDemandBaseCapacity: number, OnDemandPercentageAboveBaseCapacity: number) => {
    const { MixedInstancesPolicy } = policy(OnDemandBaseCapacity, OnDemandPercentageAboveBaseCapacity);
    return { MixedInstancesPolicy };
  };
  /** How many of those in service are On-Demand, and how many Spot. */
  const bought = (scene: Scene) => {
    const spot = new Set(launches(scene).flatMap((one) => (one.isSpot ? one.instanceId : [])));
    const all = scene.in('InService');
    return [all.filter((id) => !spot.has(id)).length, all.filter((id) => spot.has(id)).length];
  };
  const after = (before: [number, number], now: [number, number], scene = new Scene()) => {
    scene.group({ DesiredCapacity: 4, MaxSize: 4, ...policy(...before) });
    scene.update(distribution(...now));
    return scene;
  };

  it.each<[string, [number, number], [number, number], [number, number]]>([
    ['a raised base', [0, 0], [3, 0], [3, 1]],
    ['a raised percentage', [0, 0], [0, 50], [2, 2]],
    ['a lowered base', [4, 0], [1, 0], [1, 3]],
    ['a lowered percentage', [0, 100], [0, 0], [0, 4]],
  ])('replace instances one by one, launching first: %s (D-13.9, D-13.61)', (_, before, now, wanted) => {
    const scene = after(before, now);
    const first = scene.in('InService').length;
    const seen = new Set<number>();
    for (let passed = 0; passed < 300; passed++) {
      seen.add(scene.in('InService').length + scene.in('Pending').length);
      scene.advance(1);
    }
    expect(first).toBe(4);
    expect([...seen].toSorted()).toEqual([4, 5]);
    expect(bought(scene)).toEqual(wanted);
    const count = scene.ordered('launch-instance').length;
    scene.advance(3600);
    expect(scene.ordered('launch-instance')).toHaveLength(count);
  });

  it('say that there is one more for a while, and then one less', () => {
    const scene = after([0, 0], [1, 0]);
    const next = scene.ordered('launch-instance').at(-1) ?? '';
    scene.advance(20);
    expect(scene.activity(next, 'Launching').Cause).toMatch(
      /^At \S+Z an instance was started in response to a difference between desired and actual capacity, increasing the capacity from 4 to 5\.$/,
    );
    expect(scene.activities()[0]?.Cause).toMatch(
      /shrinking the capacity from 5 to 4\. {2}At \S+Z instance i-/,
    );
  });

  it('replace a tenth of a large group at once, whatever room there is', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 30, MaxSize: 99, ...policy(0, 0) });
    scene.update(distribution(30, 0));
    expect(scene.in('Pending')).toHaveLength(3);
  });

  it('replace nothing when it is the base alone that changes, where the switch says so (D-13.9)', () => {
    const scene = after([0, 0], [3, 0], new Scene({ switches: { baseReplaces: false } }));
    scene.advance(600);
    expect(bought(scene)).toEqual([0, 4]);
    scene.call('SetDesiredCapacity', { AutoScalingGroupName: 'demo', DesiredCapacity: 2 });
    scene.advance(60);
    scene.desired(4);
    scene.advance(60);
    expect(bought(scene)).toEqual([2, 2]);
    scene.update(distribution(3, 100));
    scene.advance(600);
    expect(bought(scene)).toEqual([4, 0]);
  });

  it('wait for Spot capacity without losing an instance, and go on when there is some', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 4, ...policy(4, 0) });
    scene.autoscaling.setCapacity('demo', false, { market: 'spot' });
    scene.update(distribution(2, 0));
    scene.advance(1200);
    expect(bought(scene)).toEqual([4, 0]);
    expect(scene.ordered('terminate-instance')).toEqual([]);
    scene.autoscaling.setCapacity('demo', true, { market: 'spot' });
    scene.advance(1200);
    expect(bought(scene)).toEqual([2, 2]);
  });

  it('are met by no instance of another market out of the warm pool', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 2, ...policy(2, 0) });
    scene.call('PutWarmPool', { AutoScalingGroupName: 'demo', MinSize: 1, MaxGroupPreparedCapacity: 2 });
    scene.advance(60);
    scene.update(distribution(0, 0));
    scene.advance(600);
    expect(bought(scene)).toEqual([0, 2]);
  });

  it('replace nothing when instances only were attached or terminated by hand', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 4, ...policy(2, 0) });
    const [InstanceId = ''] = scene.in('InService');
    scene.call('TerminateInstanceInAutoScalingGroup', { InstanceId, ShouldDecrementDesiredCapacity: true });
    scene.advance(600);
    expect(bought(scene)).toEqual([1, 2]);
  });
});

describe('capacity that is missing in part', () => {
  it('of one market is not taken from the other, and is tried again (D-7.10)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0, ...policy(2, 0) });
    scene.autoscaling.setCapacity('demo', false, { market: 'on-demand' });
    scene.desired(5);
    expect(marketsIn(scene)).toEqual(['spot', 'spot', 'spot']);
    expect(scene.events(unsuccessful)).toHaveLength(2);
    scene.autoscaling.setCapacity('demo', true, { market: 'on-demand' });
    scene.advance(60);
    expect(marketsIn(scene)).toEqual(['spot', 'spot', 'spot', 'on-demand', 'on-demand']);
  });

  it('on the Spot market has the words of AWS, while On-Demand is launched (D-7.10)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0, ...policy(2, 0) });
    scene.autoscaling.setCapacity('demo', false, { market: 'spot' });
    scene.desired(3);
    expect(marketsIn(scene)).toEqual(['on-demand', 'on-demand']);
    expect(scene.events(unsuccessful).map(({ detail }) => detail.StatusMessage)).toEqual([
      'There is no Spot capacity available that matches your request. Launching EC2 instance failed.',
    ]);
  });

  it('of one zone is found in the others, after one failed attempt that names them (D-14.4)', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0 });
    scene.autoscaling.setCapacity('demo', false, { availabilityZone: zoneA });
    scene.desired(6);
    expect(launches(scene).map(({ availabilityZone }) => availabilityZone.at(-1))).toEqual([...'bcbcbc']);
    expect(scene.events(unsuccessful).map(({ detail }) => detail.StatusMessage)).toEqual([
      expect.stringContaining(
        'requested (us-east-1a). Our system will be working on provisioning additional capacity. You can currently get m6i.large capacity by not specifying an Availability Zone in your request or choosing us-east-1b, us-east-1c. Launching',
      ),
    ]);
    scene.advance(600);
    scene.desired(7);
    expect(scene.events(unsuccessful)).toHaveLength(2);
  });

  it('of one type is found in the next override', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0, ...policy(0, 100, ['c5.large', 'm5.large']) });
    scene.autoscaling.setCapacity('demo', false, { instanceType: 'c5.large', availabilityZone: zoneA });
    scene.desired(3);
    expect(launches(scene).map(({ instanceType }) => instanceType)).toEqual([
      'm5.large',
      'c5.large',
      'c5.large',
    ]);
    expect(scene.events(unsuccessful)).toEqual([]);
  });

  it('is all there again where that is said of a whole that it is part of', () => {
    const scene = new Scene();
    scene.group({ DesiredCapacity: 0 });
    scene.autoscaling.setCapacity('demo', false, { market: 'on-demand', availabilityZone: zoneA });
    scene.autoscaling.setCapacity('demo', true, { availabilityZone: zoneA });
    scene.desired(1);
    expect(launches(scene).map(({ availabilityZone }) => availabilityZone)).toEqual([zoneA]);
  });
});

it('a group keeps an instance that was detached and attached again', () => {
  const scene = new Scene();
  scene.group({ DesiredCapacity: 2 });
  const [first = '', second = ''] = scene.in('InService');
  const detach = (id: string) => {
    const InstanceIds = [id];
    const input = { AutoScalingGroupName: 'demo', InstanceIds, ShouldDecrementDesiredCapacity: true };
    scene.call('DetachInstances', input);
    scene.advance(5);
  };
  detach(first);
  scene.call('AttachInstances', { AutoScalingGroupName: 'demo', InstanceIds: [first] });
  scene.advance(120);
  detach(second);
  expect(scene.in('InService')).toEqual([first]);
});
