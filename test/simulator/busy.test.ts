import { describe, expect, it } from 'vitest';
import { Account } from '../../simulator/account.ts';
import { Busy, type BusyFaults } from '../../simulator/busy.ts';
import { chance } from '../../simulator/chance.ts';
import { Fault, type ServiceName } from '../../simulator/machine.ts';

const busy = (faults: Partial<BusyFaults>) =>
  new Busy(chance(1, 'refusals'), { isThrottled: false, othersShare: 0, refusalProbability: 0, ...faults });

/** How the calls are answered, all at one time. */
function outcomes(of: Busy, now: number, service: ServiceName, operation: string, count: number): string[] {
  return Array.from({ length: count }, () => {
    try {
      of.take(now, service, operation, true);
      return 'ok';
    } catch (error) {
      return error instanceof Fault ? `${error.status} ${error.code}` : String(error);
    }
  });
}

const passed = (all: readonly string[]) => all.filter((outcome) => outcome === 'ok').length;

describe('calls over the wire', () => {
  it.each([
    ['D-5.1', 'PutClusterCapacityProviders', 20, 1],
    ['D-5.2', 'DescribeClusters', 50, 20],
    ['D-5.3', 'RegisterTaskDefinition', 20, 1],
    ['D-5.3', 'ListTaskDefinitionFamilies', 50, 20],
    ['D-5.3', 'DeleteTaskDefinitions', 5, 1],
    ['D-5.4', 'UpdateCapacityProvider', 10, 1],
    ['D-5.4', 'DescribeCapacityProviders', 50, 20],
    ['D-5.5', 'TagResource', 20, 10],
    ['D-5.5', 'ListTagsForResource', 50, 20],
    ['D-5.6', 'PutAccountSettingDefault', 10, 1],
    ['D-5.6', 'ListAccountSettings', 50, 20],
    ['D-5.7', 'UpdateContainerInstancesState', 100, 40],
    ['D-5.8', 'DescribeTasks', 100, 20],
    ['D-5.9', 'RegisterContainerInstance', 200, 120],
    ['D-5.10', 'UpdateService', 50, 5],
    ['D-5.11', 'DescribeServices', 100, 20],
    ['D-5.13', 'UpdateTaskProtection', 200, 80],
  ])(
    '%s: %s has a bucket of %i, refilled by %i a second, and no more than full',
    (_, operation, burst, refill) => {
      const api = busy({ isThrottled: true });
      const first = outcomes(api, 0, 'ecs', operation, burst + 3);
      expect(first.slice(burst)).toEqual(Array.from({ length: 3 }, () => '400 ThrottlingException'));
      expect(passed(first)).toBe(burst);
      expect(passed(outcomes(api, 1000, 'ecs', operation, burst))).toBe(refill);
      expect(passed(outcomes(api, 3_600_000, 'ecs', operation, burst + 1))).toBe(burst);
    },
  );

  it.each([
    ['D-5.7', 'ecs', 'StopTask', 'PutAttributes'],
    ['D-5.8', 'ecs', 'ListTasks', 'DescribeContainerInstances'],
    ['D-5.17', 'autoscaling', 'DescribeAutoScalingGroups', 'CompleteLifecycleAction'],
  ] as const)('%s: those of %s share a bucket: %s and %s', (_, service, one, other) => {
    const api = busy({ isThrottled: true });
    expect(passed(outcomes(api, 0, service, one, 500))).toBe(100);
    expect(passed(outcomes(api, 0, service, other, 1))).toBe(0);
  });

  it.each([
    { othersShare: 0.9, first: 10, second: 2 },
    { othersShare: 0.75, first: 25, second: 5 },
    { othersShare: 0.5, first: 50, second: 10 },
    { othersShare: 1, first: 1, second: 0 },
  ])(
    'share their buckets with others: $othersShare of them leaves $first calls',
    ({ othersShare, first, second }) => {
      const api = busy({ isThrottled: true, othersShare });
      expect(passed(outcomes(api, 0, 'ecs', 'DescribeTasks', 200))).toBe(first);
      expect(passed(outcomes(api, 1000, 'ecs', 'DescribeTasks', 200))).toBe(second);
    },
  );

  it('has no bucket for what AWS does not say one of, and none at all unless they are wanted', () => {
    expect(passed(outcomes(busy({ isThrottled: true }), 0, 'sqs', 'SendMessage', 1000))).toBe(1000);
    expect(passed(outcomes(busy({}), 0, 'ecs', 'DescribeTasks', 1000))).toBe(1000);
  });

  it('are refused now and then where that is wanted, and only those of functions', () => {
    const api = busy({ refusalProbability: 0.5 });
    const all = outcomes(api, 0, 'ecs', 'DescribeTasks', 1000);
    expect(new Set(all)).toEqual(new Set(['ok', '503 ServiceUnavailable']));
    expect(passed(all)).toBeGreaterThan(400);
    expect(passed(all)).toBeLessThan(600);
    for (let call = 0; call < 100; call++) api.take(0, 'ecs', 'DescribeTasks', false);
  });

  it('alone are throttled: what a test asks for by itself is answered', () => {
    const account = new Account({ seed: 1 });
    account.endpoint.faults.isThrottled = true;
    for (let call = 0; call < 300; call++) account.call('ecs', 'ListClusters', {});
  });
});
