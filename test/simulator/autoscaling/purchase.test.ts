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
