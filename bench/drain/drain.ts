import { enrolmentTag, hasHook, stewardHook, tagGroup } from '../../demo/cluster.ts';
import { accountWithSteward, packagedTemplate, packageService } from '../../demo/install.ts';
import { type Report, reportOf } from '../../demo/report.ts';
import { Account } from '../../simulator/account.ts';
import { installPolling, pollingHook } from './function.ts';
import { pollingStrategies } from './polling.ts';
import type { Strategy } from './strategy.ts';
import { breakEvents, buildCluster, type Case, clusterName, groupName, scaleIn } from './world.ts';

/** One run: a strategy, a case, and what came of it. */
export interface DrainRow extends Case {
  readonly strategy: string;
  readonly releasedEarly: number;
  readonly tasksKilled: number;
  readonly latenessOwnSecondsP99: number;
  readonly latenessSecondsMax: number;
  readonly invocations: number;
  readonly billedSeconds: number;
  /** ECS and Auto Scaling calls, the sweep apart. */
  readonly apiCalls: number;
  readonly apiCallsSweep: number;
  readonly throttles: number;
  /** The same calls by operation, those of the sweep too. */
  readonly operations: Readonly<Record<string, number>>;
}

const delivered = 'delivered';
/** Every strategy. */
const comparedCases: readonly Case[] = [
  { drainSeconds: 90, simultaneous: 1, instances: 10, events: delivered },
  { drainSeconds: 90, simultaneous: 20, instances: 100, events: delivered },
  { drainSeconds: 1200, simultaneous: 20, instances: 100, events: delivered },
  { drainSeconds: 10_800, simultaneous: 20, instances: 100, events: delivered },
  { drainSeconds: 90, simultaneous: 20, instances: 100, events: 'lost, late' },
  { drainSeconds: 90, simultaneous: 100, instances: 500, events: delivered },
];
/** The steward alone: what events do to it, and size. */
const ownCases: readonly Case[] = [
  { drainSeconds: 90, simultaneous: 20, instances: 100, events: 'rules off' },
  { drainSeconds: 1200, simultaneous: 20, instances: 100, events: 'lost, late' },
  { drainSeconds: 90, simultaneous: 1, instances: 1000, events: delivered },
];

/** Drains of several lengths and sizes, by the steward and by three ways of polling, in the same simulator. */
export async function drain(onProgress: (text: string) => void): Promise<DrainRow[]> {
  onProgress('sls package');
  await packageService();
  const rows: DrainRow[] = [];
  for (const one of [...comparedCases, ...ownCases]) {
    onProgress(`the steward: ${describe(one)}`);
    rows.push(rowOf('ecs-steward', one, ...(await withSteward(one))));
    if (!comparedCases.includes(one)) continue;
    for (const strategy of pollingStrategies) {
      onProgress(`${strategy.name}: ${describe(one)}`);
      rows.push(rowOf(strategy.name, one, ...(await withPolling(one, strategy))));
    }
  }
  return rows;
}

const describe = ({ drainSeconds, simultaneous, instances, events }: Case) =>
  `${simultaneous} of ${instances} instances, ${drainSeconds} s, events ${events}`;

async function withSteward(one: Case): Promise<[Account, Report]> {
  const account = await accountWithSteward({ seed: 1 });
  await buildCluster(account, one);
  // No deadline of ours shortens a drain that is measured.
  tagGroup(account, groupName, { [enrolmentTag]: clusterName, 'ecs-steward:drain-deadline': '12h' });
  await account.until('the hook is there', () => hasHook(account, groupName), 130);
  breakEvents(account, one.events, ruleNames(account));
  account.endpoint.faults.isThrottled = true;
  const since = await scaleIn(account, one, stewardHook);
  return [account, reportOf(account, since)];
}

/** The rules of the stack that are not its schedule. */
function ruleNames(account: Account): string[] {
  const { Resources } = packagedTemplate() as { Resources: Record<string, { Properties?: object }> };
  const { StackResourceSummaries } = account.call('cloudformation', 'ListStackResources', {
    StackName: 'ecs-steward-local',
  });
  const summaries = StackResourceSummaries as Record<'LogicalResourceId' | 'PhysicalResourceId', string>[];
  return summaries
    .filter(({ LogicalResourceId: id }) => 'EventPattern' in (Resources[id]?.Properties ?? {}))
    .map(({ PhysicalResourceId }) => PhysicalResourceId);
}

async function withPolling(one: Case, strategy: Strategy): Promise<[Account, Report]> {
  const account = new Account({ seed: 1 });
  installPolling(account, strategy, clusterName);
  await buildCluster(account, one);
  account.call('autoscaling', 'PutLifecycleHook', {
    AutoScalingGroupName: groupName,
    LifecycleHookName: pollingHook,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    HeartbeatTimeout: 900,
    DefaultResult: 'CONTINUE',
  });
  breakEvents(account, one.events, []);
  account.endpoint.faults.isThrottled = true;
  const since = await scaleIn(account, one, pollingHook);
  return [account, reportOf(account, since, pollingHook)];
}

function rowOf(strategy: string, one: Case, account: Account, report: Report): DrainRow {
  if (report.departuresEnded !== one.simultaneous)
    throw new Error(
      `${strategy}: ${report.departuresEnded} of ${one.simultaneous} departures ended (${describe(one)})`,
    );
  const calls = account.endpoint.calls.filter(
    ({ at, functionName, service }) =>
      at >= report.since && functionName !== undefined && (service === 'ecs' || service === 'autoscaling'),
  );
  const operations: Record<string, number> = {};
  for (const { operation } of calls) operations[operation] = (operations[operation] ?? 0) + 1;
  const own = report.instances.flatMap(({ latenessOwnSeconds }) => latenessOwnSeconds ?? []);
  return {
    strategy,
    ...one,
    releasedEarly: report.releasedEarly,
    tasksKilled: report.tasksKilled,
    latenessOwnSecondsP99: percentile(own, 0.99),
    latenessSecondsMax: report.latenessSecondsMax,
    invocations: report.invocations,
    billedSeconds: report.billedSeconds,
    apiCalls: report.apiCalls,
    apiCallsSweep: report.apiCallsSweep,
    throttles: calls.filter(({ outcome }) => outcome.startsWith('Throttling')).length,
    operations,
  };
}

/** The value that so large a part of all does not exceed; 0 where there is none. */
function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
}
