import { describe, expect, it } from 'vitest';
import { FargateScene, type FargateWish, redeploy } from './fargate-scene.ts';

const spotOnly = [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }];

/** Fargate Spot is gone, and the service has moved. */
async function shifted(wish: FargateWish = {}): Promise<FargateScene> {
  const scene = await FargateScene.open(wish);
  scene.spot(false);
  await scene.minutes(6);
  expect(scene.strategy().join()).not.toContain('SPOT');
  return scene;
}

function expectHome(scene: FargateScene, home = ['FARGATE_SPOT 1 0']): void {
  expect(scene.strategy()).toEqual(home);
  expect(scene.ledger()).toMatchObject({ strategies: {} });
  expect(scene.isMarked).toBe(false);
}

describe('ecs-steward:rebalance = redeploy', () => {
  it('moves a service to Fargate while Fargate Spot is gone for three hours, and gives home back', async () => {
    const scene = await FargateScene.open();
    scene.spot(false);
    await scene.minutes(180);
    expect(scene.strategy()).toEqual(['FARGATE 1 0']);
    scene.spot(true);
    await scene.minutes(60);
    expectHome(scene);
    expect(scene.service().runningCount).toBe(4);
    expect(scene.refused).toEqual([]);
    const strategies = scene.shifts.map(({ input }) => JSON.stringify(input.capacityProviderStrategy));
    expect(
      strategies.map((text) =>
        [...text.matchAll(/"capacityProvider":"(\w+)","weight":(\d+)/g)]
          .map(([, name, weight]) => `${name} ${weight}`)
          .join(' + '),
      ),
    ).toEqual([
      'FARGATE 1',
      'FARGATE_SPOT 1 + FARGATE 3',
      'FARGATE 1',
      'FARGATE_SPOT 1 + FARGATE 3',
      'FARGATE_SPOT 1',
    ]);
    // Doing nothing would cost all four tasks for three hours.
    expect(scene.taskMinutesShort).toBeLessThanOrEqual((4 * 180) / 10);
  }, 240_000);

  it.each<[string, FargateWish]>([
    ['the service has no tag', { serviceTags: {} }],
    ['its cluster has none', { clusterTags: {} }],
    ['the tag says something else', { serviceTags: { 'ecs-steward:rebalance': 'on' } }],
  ])('touches nothing where %s', async (_, wish) => {
    const scene = await FargateScene.open(wish);
    scene.spot(false);
    await scene.minutes(15);
    expect(scene.shifts).toEqual([]);
    expect(scene.strategy()).toEqual(['FARGATE_SPOT 1 0']);
    expect(scene.service().deployments).toHaveLength(1);
  });

  it('moves the base as well as the weight, and gives both back', async () => {
    const strategy = [
      { capacityProvider: 'FARGATE_SPOT', weight: 3, base: 2 },
      { capacityProvider: 'FARGATE', weight: 1 },
    ];
    const scene = await shifted({ strategy });
    expect(scene.strategy()).toEqual(['FARGATE 1 2']);
    scene.spot(true);
    await scene.minutes(75);
    expectHome(scene, ['FARGATE_SPOT 3 2', 'FARGATE 1 0']);
  }, 120_000);

  it('does nothing, and says so, while neither has capacity', async () => {
    const scene = await FargateScene.open();
    scene.fargate('FARGATE', false);
    scene.create('fixed', { strategy: [{ capacityProvider: 'FARGATE', weight: 1 }] });
    await scene.minutes(4);
    scene.spot(false);
    await scene.minutes(10);
    expect(scene.heldBack).toContain('no-healthy-provider');
    expect(scene.strategy()).toEqual(['FARGATE_SPOT 1 0']);
    scene.fargate('FARGATE', true);
    scene.spot(true);
    await scene.minutes(240);
    expectHome(scene);
    expect(scene.strategy('fixed')).toEqual(['FARGATE 1 0']);
  }, 240_000);

  it('shifts three times in hours in which Fargate Spot comes and goes every five minutes', async () => {
    const scene = await FargateScene.open({ desiredCount: 2 });
    for (let count = 0; count < 36; count++) {
      scene.spot(false);
      await scene.minutes(5);
      scene.spot(true);
      await scene.minutes(5);
    }
    expect(scene.shifts.length).toBeGreaterThan(0);
    expect(scene.shifts.length).toBeLessThanOrEqual(4);
  }, 240_000);

  it('moves a service that is created meanwhile, and gives it back what it was created with', async () => {
    const scene = await shifted();
    scene.create('late');
    // Its deployment, which lacks capacity, is not its own business for a quarter of an hour.
    await scene.minutes(18);
    expect(scene.strategy('late')).toEqual(['FARGATE 1 0']);
    scene.spot(true);
    await scene.minutes(75);
    expectHome(scene);
    expect(scene.strategy('late')).toEqual(['FARGATE_SPOT 1 0']);
  }, 120_000);

  it('forgets a service that is deleted meanwhile', async () => {
    const scene = await shifted();
    scene.account.call('ecs', 'DeleteService', { cluster: 'shop', service: 'web', force: true });
    await scene.minutes(3);
    expect(scene.ledger()).toMatchObject({ strategies: {} });
    expect(scene.isMarked).toBe(false);
  });
});

describe('the user wins', () => {
  it('where an operator changes the strategy while it is shifted: it stays as it is', async () => {
    const scene = await shifted();
    const own = [
      { capacityProvider: 'FARGATE', weight: 5 },
      { capacityProvider: 'FARGATE_SPOT', weight: 0 },
    ];
    scene.update(own);
    await scene.minutes(90);
    expect(scene.strategy()).toEqual(['FARGATE 5 0', 'FARGATE_SPOT 0 0']);
    expect(scene.ledger()).toMatchObject({ strategies: {} });
  }, 120_000);

  it('where a template puts home back: nothing is shifted for ten minutes, and then again', async () => {
    const scene = await shifted();
    const { length } = scene.shifts;
    scene.update(spotOnly);
    await scene.minutes(10);
    expect(scene.shifts).toHaveLength(length);
    expect(scene.logged.map(({ decision }) => decision)).toContain('yield');
    // A deployment of the template's, which finds no capacity, is waited for a quarter of an hour.
    await scene.minutes(7);
    expect(scene.strategy()).toEqual(['FARGATE 1 0']);
    expect(scene.ledger()).toMatchObject({ strategies: { web: { home: [['FARGATE_SPOT', 1, 0]] } } });
  });

  it('where the tag is taken away: home comes back', async () => {
    const scene = await shifted();
    scene.account.call('ecs', 'UntagResource', {
      resourceArn: `arn:aws:ecs:${scene.account.region}:${scene.account.accountId}:service/shop/web`,
      tagKeys: ['ecs-steward:rebalance'],
    });
    await scene.minutes(4);
    expectHome(scene);
  });
});

describe('a crash before or after any call', () => {
  it('costs nothing: each service is redeployed once a step, and comes home', async () => {
    const scene = await FargateScene.open({ seed: 3 });
    scene.account.lambda.faults.crashProbability = 0.03;
    scene.spot(false);
    await scene.minutes(15);
    expect(scene.strategy()).toEqual(['FARGATE 1 0']);
    scene.spot(true);
    await scene.minutes(75);
    scene.account.lambda.faults.crashProbability = 0;
    await scene.minutes(10);
    expectHome(scene);
  }, 120_000);
});

describe('ecs-steward:default-strategy = shift', () => {
  const byDefault: FargateWish = {
    clusterTags: { 'ecs-steward:default-strategy': 'shift', ...redeploy },
    defaultStrategy: spotOnly,
  };

  it('shifts the default strategy too, keeps every provider, and gives it back; what was created meanwhile comes home', async () => {
    const scene = await shifted(byDefault);
    expect(scene.defaultStrategy).toEqual(['FARGATE 1 0']);
    expect(scene.cluster().capacityProviders.toSorted()).toEqual(['FARGATE', 'FARGATE_SPOT']);
    scene.create('late', { strategy: [] });
    await scene.minutes(5);
    expect(scene.strategy('late')).toEqual(['FARGATE 1 0']);
    scene.spot(true);
    await scene.minutes(80);
    expect(scene.defaultStrategy).toEqual(['FARGATE_SPOT 1 0']);
    expect(scene.strategy('late')).toEqual(['FARGATE_SPOT 1 0']);
    expectHome(scene);
    expect(scene.refused).toEqual([]);
  }, 120_000);

  it('does nothing where there is none', async () => {
    const scene = await shifted({ ...byDefault, defaultStrategy: [] });
    expect(scene.shifts.map(({ operation }) => operation)).toEqual(['UpdateService']);
    expect(scene.defaultStrategy).toEqual([]);
  });
});
