import { describe, expect, it } from 'vitest';
import { Scene, tagged } from './scene.ts';

type Page = { NextToken?: string } & Record<string, unknown>;

const demo = { AutoScalingGroupName: 'demo' };

/** Operation, the largest page, its list, the id of an item, a scene full of them, and what changes between pages. */
const lists: [
  string,
  {
    most: number;
    list: string;
    id: (item: Record<string, unknown>) => unknown;
    full: () => Scene;
    change: (scene: Scene) => void;
    input?: Record<string, unknown>;
  },
][] = [
  [
    'DescribeAutoScalingGroups',
    {
      most: 100,
      list: 'AutoScalingGroups',
      id: ({ AutoScalingGroupName }) => AutoScalingGroupName,
      full: () => groups(7),
      change: (scene) => {
        scene.call('DeleteAutoScalingGroup', { AutoScalingGroupName: 'g0' });
        scene.group({ AutoScalingGroupName: 'a-first', DesiredCapacity: 0 });
      },
    },
  ],
  [
    'DescribeTags',
    {
      most: 100,
      list: 'Tags',
      id: ({ ResourceId, Key }) => `${ResourceId}/${Key}`,
      full: () => groups(7),
      change: (scene) => scene.call('DeleteTags', { Tags: [{ ResourceId: 'g0', Key: 'k' }] }),
    },
  ],
  [
    'DescribeAutoScalingInstances',
    {
      most: 50,
      list: 'AutoScalingInstances',
      id: ({ InstanceId }) => InstanceId,
      full: () => instances(7),
      change: (scene) => {
        scene.desired(9);
        scene.advance(15);
      },
    },
  ],
  [
    'DescribeScalingActivities',
    {
      most: 100,
      list: 'Activities',
      id: ({ ActivityId }) => ActivityId,
      full: () => instances(7),
      change: (scene) => scene.desired(9),
    },
  ],
  [
    'DescribeWarmPool',
    {
      most: 50,
      list: 'Instances',
      id: ({ InstanceId }) => InstanceId,
      full: () => {
        const scene = instances(0);
        scene.call('PutWarmPool', { ...demo, MaxGroupPreparedCapacity: 7 });
        scene.advance(60);
        return scene;
      },
      change: (scene) => scene.call('PutWarmPool', { ...demo, MaxGroupPreparedCapacity: 9 }),
      input: demo,
    },
  ],
];

function groups(count: number): Scene {
  return tagged(Object.fromEntries(Array.from({ length: count }, (_, n) => [`g${n}`, { k: 'v' }])));
}

function instances(count: number): Scene {
  const scene = new Scene();
  scene.group({ DesiredCapacity: count });
  return scene;
}

describe.each(lists)('the pages of %s', (operation, { most, list, id, full, change, input }) => {
  const read = (scene: Scene, more: Record<string, unknown>) =>
    scene.call<Page>(operation, { ...input, ...more });
  const idsOf = (page: Page) => (page[list] as Record<string, unknown>[]).map(id);

  it('are complete and hold nothing twice while the list changes (D-5.16)', () => {
    const scene = full();
    const before = idsOf(read(scene, {}));
    expect(before).toHaveLength(7);
    const given: unknown[] = [];
    let NextToken: string | undefined;
    do {
      const page = read(scene, { MaxRecords: 2, NextToken });
      given.push(...idsOf(page));
      if (NextToken === undefined) change(scene);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(new Set(given).size).toBe(given.length);
    const after = idsOf(read(scene, {}));
    expect(before.filter((one) => after.includes(one) && !given.includes(one))).toEqual([]);
  });

  it.each([
    [{ MaxRecords: 0 }, 'ValidationError', 'greater than or equal to 1'],
    [{ MaxRecords: most + 1 }, 'ValidationError', `less than or equal to ${most}`],
    [{ NextToken: 'nonsense' }, 'InvalidNextToken', "The token 'nonsense' is invalid."],
    [{ MaxRecords: 'two' }, 'MalformedInput', 'Number'],
  ])('refuse %j', (more, code, message) => {
    const scene = full();
    expect(() => read(scene, more)).toThrow(expect.objectContaining({ code }));
    expect(() => read(scene, more)).toThrow(message);
    expect(read(scene, { MaxRecords: most }).NextToken).toBeUndefined();
  });
});

describe('DescribeAutoScalingInstances', () => {
  it('finds each of 10,000 instances once, in 200 pages', () => {
    const scene = new Scene();
    for (let n = 0; n < 20; n++)
      scene.call('CreateAutoScalingGroup', {
        AutoScalingGroupName: `g${n}`,
        MinSize: 500,
        MaxSize: 500,
        AvailabilityZones: ['us-east-1a', 'us-east-1b'],
        LaunchTemplate: { LaunchTemplateName: 'ecs' },
      });
    const given = new Set<string>();
    let NextToken: string | undefined;
    let pages = 0;
    do {
      const page = scene.call<{ AutoScalingInstances: { InstanceId: string }[]; NextToken?: string }>(
        'DescribeAutoScalingInstances',
        { NextToken },
      );
      for (const { InstanceId } of page.AutoScalingInstances) given.add(InstanceId);
      NextToken = page.NextToken;
      pages++;
    } while (NextToken !== undefined);
    expect(given.size).toBe(10_000);
    expect(pages).toBe(200);
  });
});
