import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  decideStrategy,
  isSameStrategy,
  type Offer,
  type Strategy,
  type StrategyItem,
} from '../../lib/strategy.ts';
import { Account } from '../../simulator/account.ts';

const item = (capacityProvider: string, weight: number, base = 0): StrategyItem => ({
  capacityProvider,
  weight,
  base,
});

const offer = (sharePercents: Record<string, number>, wish: Partial<Offer> = {}): Offer => ({
  usable: new Map([
    ['FARGATE', 'fargate'],
    ['FARGATE_SPOT', 'fargate'],
    ...['a', 'b', 'c', 'd'].map((name) => [name, 'group'] as const),
  ]),
  sharePercents: new Map(Object.entries(sharePercents)),
  fallbacks: [],
  ...wish,
});

const found = (home: Strategy, given: Offer) => {
  const decision = decideStrategy(home, given);
  return decision.kind === 'hold' ? decision.why : decision.strategy;
};

describe('decideStrategy', () => {
  const both = [item('a', 3, 2), item('b', 1)];

  it.each<[string, Strategy, Offer, Strategy | string]>([
    ['is home to the letter while nothing is lacking', both, offer({}), both],
    [
      'is home where what lacks capacity is not used',
      [item('a', 0), item('b', 1)],
      offer({ a: 0 }),
      [item('a', 0), item('b', 1)],
    ],
    ['moves weight and base to the other one of home', both, offer({ a: 0 }), [item('b', 1, 2)]],
    ['leaves the base where it is on one that lacks nothing', both, offer({ b: 0 }), [item('a', 1, 2)]],
    [
      'takes the first of several fallbacks',
      both,
      offer({ a: 0 }, { fallbacks: ['d', 'c'] }),
      [item('b', 1), item('d', 3, 2)],
    ],
    [
      'passes over a fallback that lacks capacity too',
      both,
      offer({ a: 0, d: 0 }, { fallbacks: ['d', 'c'] }),
      [item('b', 1), item('c', 3, 2)],
    ],
    [
      'passes over a fallback of the other kind',
      both,
      offer({ a: 0 }, { fallbacks: ['FARGATE', 'c'] }),
      [item('b', 1), item('c', 3, 2)],
    ],
    [
      'passes over a fallback that the cluster does not have',
      both,
      offer({ a: 0 }, { fallbacks: ['x', 'c'] }),
      [item('b', 1), item('c', 3, 2)],
    ],
    [
      'takes Fargate for Fargate Spot where nobody is named',
      [item('FARGATE_SPOT', 1)],
      offer({ FARGATE_SPOT: 0 }),
      [item('FARGATE', 1)],
    ],
    [
      'takes nobody for a group where nobody is named',
      [item('a', 1)],
      offer({ a: 0 }),
      'no-healthy-provider',
    ],
    ['holds where everybody lacks capacity', both, offer({ a: 0, b: 0 }), 'no-healthy-provider'],
    [
      'holds where one that lacks nothing may not be used any more',
      [item('a', 1), item('x', 1)],
      offer({ a: 0 }, { fallbacks: ['c'] }),
      'provider-not-usable',
    ],
    [
      'gives a quarter back, the base last',
      [item('FARGATE_SPOT', 1, 2)],
      offer({ FARGATE_SPOT: 25 }),
      [item('FARGATE_SPOT', 1), item('FARGATE', 3, 2)],
    ],
    [
      'moves what two lack to one',
      [item('a', 1, 1), item('b', 2), item('c', 1)],
      offer({ a: 0, b: 0 }),
      [item('c', 1, 1)],
    ],
    [
      'stays within the largest weight',
      [item('a', 1000), item('b', 999)],
      offer({ a: 25 }),
      [item('a', 143), item('b', 1000)],
    ],
  ])('%s', (_, home, given, expected) => {
    expect(found(home, given)).toEqual(expected);
  });

  it('holds where there would be more providers than a strategy may have (D-4.36)', () => {
    const names = Array.from({ length: 20 }, (_, i) => `p${i}`);
    const usable = new Map([...names, 'c'].map((name) => [name, 'group'] as const));
    const home = names.map((name) => item(name, 1));
    expect(found(home, offer({ p0: 25 }, { usable, fallbacks: ['c'] }))).toBe('too-many-providers');
    expect(found(home, offer({ p0: 0 }, { usable, fallbacks: ['c'] }))).toHaveLength(20);
  });
});

/** Providers of the simulator's cluster: as many as one strategy may have, and one more. */
const groups = Array.from({ length: 20 }, (_, i) => `group-${i}`);
const items = (names: readonly string[]) =>
  fc
    .uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 18 })
    .chain((chosen) =>
      fc
        .record({
          weights: fc.tuple(...chosen.map(() => fc.oneof(fc.nat(4), fc.nat(1000)))),
          base: fc.oneof(fc.constant(0), fc.constantFrom(1, 7, 100_000)),
          at: fc.nat(chosen.length - 1),
        })
        .map(({ weights, base, at }) =>
          chosen.map((name, i) => item(name, weights[i] ?? 0, i === at ? base : 0)),
        ),
    )
    .filter((strategy) => strategy.some(({ weight }) => weight > 0));
const fargate = ['FARGATE', 'FARGATE_SPOT'];
const cases = fc.record({
  home: fc.oneof(items(groups.slice(0, 18)), items(fargate)),
  shares: fc.array(fc.constantFrom(0, 25, 100, 100), { minLength: 22, maxLength: 22 }),
  fallbacks: fc.array(fc.constantFrom(...groups, ...fargate, 'nobody'), { maxLength: 4 }),
});

describe('every strategy that is decided', () => {
  const account = new Account({ seed: 1 });
  const names = [...groups.slice(0, 18), ...fargate];

  beforeAll(() => {
    account.ec2.putLaunchTemplate({
      launchTemplateName: 'nodes',
      instanceType: 'm6i.large',
      clusterName: 'shop',
    });
    for (const name of groups.slice(0, 18)) {
      account.call('autoscaling', 'CreateAutoScalingGroup', {
        AutoScalingGroupName: name,
        LaunchTemplate: { LaunchTemplateName: 'nodes' },
        MinSize: 0,
        MaxSize: 0,
        AvailabilityZones: ['eu-west-1a'],
      });
      account.call('ecs', 'CreateCapacityProvider', {
        name,
        autoScalingGroupProvider: { autoScalingGroupArn: name },
      });
    }
    account.call('ecs', 'CreateCluster', {
      clusterName: 'shop',
      capacityProviders: names,
      defaultCapacityProviderStrategy: [],
    });
    const container = { name: 'app', image: 'app:1', memory: 128, cpu: 128 };
    account.call('ecs', 'RegisterTaskDefinition', { family: 'web', containerDefinitions: [container] });
    account.call('ecs', 'RegisterTaskDefinition', {
      ...{
        family: 'fargate',
        containerDefinitions: [{ name: 'app', image: 'app:1' }],
        cpu: '256',
        memory: '512',
      },
      ...{ networkMode: 'awsvpc', requiresCompatibilities: ['FARGATE'] },
    });
  });

  it('is one that ECS takes, is home while nothing is lacking, and names nobody who lacks everything', () => {
    fc.assert(
      fc.property(cases, ({ home, shares, fallbacks }) => {
        const usable = new Map(
          names.map((name) => [name, fargate.includes(name) ? 'fargate' : 'group'] as const),
        );
        const sharePercents = new Map(names.map((name, i) => [name, shares[i] ?? 100]));
        const decision = decideStrategy(home, { usable, sharePercents, fallbacks });
        if (decision.kind === 'hold') return;
        const { strategy } = decision;
        const isFargate = fargate.includes(home[0]?.capacityProvider ?? '');
        account.call('ecs', 'RunTask', {
          cluster: 'shop',
          taskDefinition: isFargate ? 'fargate' : 'web',
          capacityProviderStrategy: strategy,
          ...(isFargate ? { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } } } : {}),
        });
        const isLacking = ({ capacityProvider, weight, base }: StrategyItem) =>
          (weight > 0 || base > 0) && (sharePercents.get(capacityProvider) ?? 100) < 100;
        if (!home.some(isLacking)) expect(strategy).toBe(home);
        for (const { capacityProvider, weight, base } of strategy)
          if (weight > 0 || base > 0) expect(sharePercents.get(capacityProvider)).not.toBe(0);
        const baseOf = (all: Strategy) => all.reduce((sum, one) => sum + one.base, 0);
        expect(baseOf(strategy)).toBe(baseOf(home));
      }),
      { numRuns: 300 },
    );
  });
});

describe('isSameStrategy', () => {
  it('does not go by the order, and goes by everything else', () => {
    const home = [item('a', 1, 2), item('b', 3)];
    expect(isSameStrategy(home, home.toReversed())).toBe(true);
    for (const other of [
      [item('a', 1, 2)],
      [item('a', 1, 1), item('b', 3)],
      [item('a', 1, 2), item('b', 4)],
      [],
    ])
      expect(isSameStrategy(home, other)).toBe(false);
  });
});
