import { describe, expect, it } from 'vitest';
import { freshBreaker } from '../../lib/breaker.ts';
import type { CapacityDeps, Cluster, PlacedService } from '../../lib/capacity.ts';
import { planDefault } from '../../lib/default-strategy.ts';
import { freshLedger, type Ledger } from '../../lib/ledger.ts';
import type { Market } from '../../lib/market.ts';
import { planService } from '../../lib/redeploy.ts';

const now = new Date('2026-05-04T12:00:00Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1000);
const item = (capacityProvider: string) => ({ capacityProvider, weight: 1, base: 0 });
const redeploy = { 'ecs-steward:rebalance': 'redeploy' };

const service = (wish: Partial<PlacedService> = {}): PlacedService => ({
  serviceName: 'web',
  tags: redeploy,
  isActive: true,
  schedulingStrategy: 'REPLICA',
  deploymentController: 'ECS',
  strategy: [item('spot')],
  createdAt: ago(86_400),
  deployingSince: undefined,
  missingCount: 0,
  ...wish,
});

const cluster = (wish: Partial<Cluster> = {}): Cluster => ({
  clusterName: 'shop',
  clusterArn: 'arn',
  tags: redeploy,
  capacityProviders: ['spot', 'on-demand'],
  defaultStrategy: [],
  isBusy: false,
  ...wish,
});

const market: Market = {
  providers: [
    { name: 'spot', kind: 'group', autoScalingGroupName: 'spot-nodes', isUsable: true },
    { name: 'on-demand', kind: 'group', autoScalingGroupName: 'nodes', isUsable: true },
    { name: 'ours', kind: 'managed', autoScalingGroupName: undefined, isUsable: true },
  ],
  buyingGroups: new Set(),
};

const gone: Ledger = {
  ...freshLedger,
  breakers: { 'spot-nodes': { ...freshBreaker, state: 'open', since: ago(60) } },
};

function plan(wish: Partial<PlacedService> = {}, from: Ledger = gone, seen = market, own = cluster()) {
  const heldBack: unknown[] = [];
  const log = { debug: () => {}, info: () => {}, error: () => {} };
  const warn = (_: string, { why }: { why?: unknown }) => void heldBack.push(why);
  const deps = { now: () => now, count: () => {}, log: { ...log, warn } } as unknown as CapacityDeps;
  const tags = { ...own.tags, 'ecs-steward:fallback': 'on-demand' };
  const after = planService(deps, { ledger: from, acts: [] }, { ...own, tags }, service(wish), seen);
  return { ...after, heldBack, deps };
}

describe('a service whose capacity is gone', () => {
  it('is redeployed on the fallback that the cluster names, and its home written down', () => {
    const { ledger, acts, heldBack } = plan();
    expect(ledger.strategies.web).toEqual({
      home: [item('spot')],
      applied: [item('on-demand')],
      before: [item('spot')],
      at: now,
    });
    expect(acts).toHaveLength(1);
    expect(heldBack).toEqual([]);
  });

  it.each<[string, Partial<PlacedService>]>([
    ['daemon', { schedulingStrategy: 'DAEMON' }],
    ['controller-CODE_DEPLOY', { deploymentController: 'CODE_DEPLOY' }],
    ['controller-EXTERNAL', { deploymentController: 'EXTERNAL' }],
    ['not-active', { isActive: false }],
    ['deployment-in-progress', { deployingSince: ago(899) }],
    ['managed-instances', { strategy: [item('spot'), item('ours')] }],
  ])('is left alone where it is: %s', (why, wish) => {
    const { ledger, acts, heldBack } = plan(wish);
    expect({ acts, strategies: ledger.strategies }).toEqual({ acts: [], strategies: {} });
    expect(heldBack).toContain(why === 'managed-instances' ? 'provider-not-usable' : why);
  });

  it('is not waited for where its deployment lacks capacity for a quarter of an hour', () => {
    expect(plan({ deployingSince: ago(900) }).acts).toHaveLength(1);
  });

  it.each<[string, Partial<PlacedService>, Ledger, Market, Cluster]>([
    ['it has a launch type', { strategy: [] }, gone, market, cluster()],
    ['its tag is gone', { tags: {} }, gone, market, cluster()],
    ['the tag of the cluster is gone', {}, gone, market, cluster({ tags: {} })],
    ['it is paused', { tags: { ...redeploy, 'ecs-steward:state': 'paused' } }, gone, market, cluster()],
    [
      'its cluster is paused',
      {},
      gone,
      market,
      cluster({ tags: { ...redeploy, 'ecs-steward:state': 'paused' } }),
    ],
    ['it is a dry run', { tags: { ...redeploy, 'ecs-steward:dry-run': 'on' } }, gone, market, cluster()],
    [
      'its group buys On-Demand itself',
      {},
      gone,
      { ...market, buyingGroups: new Set(['spot-nodes']) },
      cluster(),
    ],
    ['there is capacity', {}, freshLedger, market, cluster()],
  ])('is not touched where %s', (_, wish, from, seen, own) => {
    const { acts, ledger } = plan(wish, from, seen, own);
    expect(acts).toEqual([]);
    expect(ledger).toEqual(from);
  });

  it('waits for the next look where three others are redeployed in this one', () => {
    const { deps } = plan();
    const acts = Array.from({ length: 3 }, (_, i) => ({
      about: { serviceName: `other-${i}` },
      run: async () => {},
    }));
    const own = cluster({ tags: { ...redeploy, 'ecs-steward:fallback': 'on-demand' } });
    expect(planService(deps, { ledger: gone, acts }, own, service(), market).acts).toHaveLength(3);
  });
});

describe('a service that has the shifted default strategy', () => {
  const shifted: Ledger = {
    ...gone,
    defaultStrategy: { home: [item('spot')], applied: [item('on-demand')], at: ago(300) },
  };

  it('created since then has the home of its cluster', () => {
    const { ledger } = plan({ strategy: [item('on-demand')], createdAt: ago(200) }, shifted);
    expect(ledger.strategies.web).toMatchObject({ home: [item('spot')], applied: [item('on-demand')] });
  });

  it('created before has its own', () => {
    const { ledger } = plan({ strategy: [item('on-demand')], createdAt: ago(400) }, shifted);
    expect(ledger.strategies).toEqual({});
  });
});

describe('the default strategy', () => {
  const byDefault = { 'ecs-steward:default-strategy': 'shift', 'ecs-steward:fallback': 'on-demand' };
  const own = (wish: Partial<Cluster> = {}) =>
    cluster({ tags: byDefault, defaultStrategy: [item('spot')], ...wish });
  const without: Market = { ...market, providers: market.providers.filter(({ kind }) => kind !== 'managed') };
  const decide = (wish: Partial<Cluster>, seen = without) =>
    planDefault(plan().deps, { ledger: gone, acts: [] }, own(wish), seen);

  it('is shifted where the tag of the cluster says so', () => {
    expect(decide({}).ledger.defaultStrategy).toMatchObject({
      home: [item('spot')],
      applied: [item('on-demand')],
    });
    expect(decide({ tags: {} }).acts).toEqual([]);
    expect(decide({ defaultStrategy: [] }).acts).toEqual([]);
  });

  it('waits while the cluster is busy (D-4.18), and is left alone beside providers of Managed Instances', () => {
    expect(decide({ isBusy: true }).acts).toEqual([]);
    expect(decide({}, market).acts).toEqual([]);
  });
});
