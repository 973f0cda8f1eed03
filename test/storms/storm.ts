import {
  activeInstances,
  createGroup,
  createService,
  enrolmentTag,
  isSteady,
  stewardHook,
  tagGroup,
} from '../../demo/cluster.ts';
import { packagedTemplate } from '../../demo/install.ts';
import { Account } from '../../simulator/account.ts';
import type { Runtime } from '../../simulator/cloud/lambda/lambda.ts';
import { setFaults } from '../../simulator/control/faults.ts';
import type { LogEntry } from '../../simulator/world.ts';
import { perform, setRules, stackStatus } from './acts.ts';
import { clusterName, type Plan, type PlannedGroup } from './plan.ts';
import { heldInstances } from './standing.ts';
import { type Violation, Witness } from './witness.ts';

/** How often each thing happened. */
export type Counts = Readonly<Record<string, number>>;

/** What came of a storm. */
export interface Outcome {
  readonly violations: readonly Violation[];
  readonly faults: Counts;
  readonly decisions: Counts;
  readonly departures: number;
}

/** From the last act on everything has so long (seconds) to come to its end: with a budget of 1, hours. */
const calmSecondsMax = 24 * 3600;
const calm = {
  ...{ loseBestEffort: 0, duplicate: 0, lateProbability: 0, readLagSecondsMax: 0, refusalProbability: 0 },
  ...{ crashProbability: 0, redeliverProbability: 0, reorderProbability: 0, agentReconnectsPerHour: 0 },
  ...{ agentLossProbability: 0, meddlesPerHour: 0, throttle: false },
};

/** Plays a plan with the packaged stack in an account of its own, and says what did not hold. */
export async function play(plan: Plan, runtime: Runtime): Promise<Outcome> {
  const account = new Account({ seed: plan.seed });
  const tally = new Tally(account);
  account.install(packagedTemplate(), runtime);
  const witness = new Witness(account, plan.maxDraining);
  await build(account, plan);
  setFaults(account, plan.faults);
  const { now } = account.world;
  for (const timed of plan.history) {
    account.world.at(now + timed.atSeconds * 1000, () => {
      tally.act(timed.act);
      if ('seconds' in timed && timed.act.endsWith('-off')) witness.outage(timed.seconds);
      perform(account, timed);
    });
  }
  await account.advance(plan.seconds);
  await calmDown(account, plan);
  if (plan.history.some(({ act }) => act === 'uninstall')) witness.afterRemoval(await removed(account));
  witness.atEnd();
  const departures = account.autoscaling.lifecycleActions().filter(isOurs).length;
  return { violations: witness.violations, faults: tally.faults, decisions: tally.decisions, departures };
}

const isOurs = ({ lifecycleHookName }: { readonly lifecycleHookName: string }) =>
  lifecycleHookName === stewardHook;

async function build(account: Account, plan: Plan): Promise<void> {
  const { maxDraining } = plan;
  const tags = maxDraining === undefined ? [] : [{ key: 'ecs-steward:max-draining', value: maxDraining }];
  account.call('ecs', 'CreateCluster', { clusterName, tags });
  for (const { name, instances } of plan.groups)
    createGroup(account, { clusterName, autoScalingGroupName: name, desiredCapacity: instances });
  const wanted = plan.groups.reduce((sum, { instances }) => sum + instances, 0);
  await account.until('the instances', () => activeInstances(account, clusterName) === wanted, 300);
  for (const service of plan.services) createService(account, clusterName, service);
  // With no room for all, they never are.
  for (let second = 0; second < 120 && !isSteady(account, clusterName); second += 5) await account.advance(5);
  equip(account, plan.groups);
  for (const { name, tags } of plan.groups) if (tags[enrolmentTag]) tagGroup(account, name, tags);
  for (const { name, otherHookSeconds } of plan.groups)
    if (otherHookSeconds !== undefined) putOtherHook(account, name, otherHookSeconds);
  await account.advance(70);
}

function putOtherHook(account: Account, AutoScalingGroupName: string, HeartbeatTimeout: number): void {
  account.call('autoscaling', 'PutLifecycleHook', {
    AutoScalingGroupName,
    LifecycleHookName: 'another-team',
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    DefaultResult: 'CONTINUE',
    HeartbeatTimeout: Math.max(30, HeartbeatTimeout),
  });
}

/** Capacity providers and warm pools. */
function equip(account: Account, groups: readonly PlannedGroup[]): void {
  const capacityProviders = groups.flatMap(({ name: group, provider }) => {
    if (!provider) return [];
    const name = `of-${group}`;
    const autoScalingGroupProvider = {
      autoScalingGroupArn: group,
      managedScaling: { status: provider.isScaling ? 'ENABLED' : 'DISABLED', targetCapacity: 90 },
      managedDraining: provider.isDraining ? 'ENABLED' : 'DISABLED',
    };
    account.call('ecs', 'CreateCapacityProvider', { name, autoScalingGroupProvider });
    return [name];
  });
  const defaultCapacityProviderStrategy = [] as const;
  if (capacityProviders.length > 0)
    account.call('ecs', 'PutClusterCapacityProviders', {
      ...{ cluster: clusterName, capacityProviders, defaultCapacityProviderStrategy },
    });
  for (const { name, pool, instances } of groups)
    if (pool)
      account.call('autoscaling', 'PutWarmPool', {
        AutoScalingGroupName: name,
        PoolState: pool,
        MinSize: 0,
        MaxGroupPreparedCapacity: instances + 1,
        InstanceReusePolicy: { ReuseOnScaleIn: true },
      });
}

/** Nothing is wrong any more: whatever was begun must come to its end. */
async function calmDown(account: Account, plan: Plan): Promise<void> {
  setFaults(account, calm);
  account.endpoint.faults.refuse = undefined;
  account.lambda.faults.crash = undefined;
  setRules(account, 'EnableRule');
  for (const { name, tags } of plan.groups) {
    account.setCapacity(name, true);
    if (tags[enrolmentTag]) tagGroup(account, name, { ...tags, 'ecs-steward:state': 'active' });
  }
  for (const { ec2InstanceId, agentConnected, status } of account.ecs.containerInstanceRecords())
    if (!agentConnected && status !== 'INACTIVE' && isRunning(account, ec2InstanceId))
      account.hear(account.ecs.agentConnection(account.world.now, ec2InstanceId, true));
  await account.advance(130);
  await untilAllLeft(account, () =>
    account.autoscaling.lifecycleActions().every((one) => !isOurs(one) || one.endedAt !== undefined),
  );
}

async function untilAllLeft(account: Account, isOver: () => boolean): Promise<void> {
  for (let second = 0; second < calmSecondsMax && !isOver(); second += 30) await account.advance(30);
}

/** Whoever began to remove the stack tries again when no instance waits, until it is gone. Gives how the stack stands then. */
async function removed(account: Account): Promise<string | undefined> {
  for (let tries = 0; tries < 9 && stackStatus(account) !== undefined; tries++) {
    await untilAllLeft(account, () => heldInstances(account).length === 0);
    perform(account, { act: 'uninstall' });
    for (let second = 0; second < 1200 && isBusy(account); second += 20) await account.advance(20);
  }
  return stackStatus(account);
}

const isBusy = (account: Account) => stackStatus(account)?.endsWith('_IN_PROGRESS') === true;

const isRunning = (account: Account, instanceId: string) => account.ec2.find(instanceId)?.state === 'running';

/** Counts what the log of a world shows of faults and decisions. */
class Tally {
  readonly faults: Record<string, number> = {};
  readonly decisions: Record<string, number> = {};

  constructor(account: Account) {
    account.world.onRecord((entry) => this.hear(entry));
  }

  act(name: string): void {
    this.add(this.faults, name);
  }

  private hear(entry: LogEntry): void {
    if (entry.kind === 'log') this.hearLine(String(entry.line));
    else if (entry.kind === 'rule-matched' && Number(entry.copies) > 1)
      this.add(this.faults, 'event doubled');
    else if (entry.kind === 'event-lost') this.add(this.faults, 'event lost');
    else if (entry.kind === 'operator') this.add(this.faults, 'meddled');
    else if (entry.kind === 'dead-lettered') this.add(this.faults, 'dead-lettered');
    else if (entry.kind === 'invocation' && entry.outcome !== 'success')
      this.add(this.faults, `invocation ${entry.outcome}`);
    else if (
      entry.kind === 'call' &&
      entry.outcome !== 'ok' &&
      String(entry.caller).startsWith('ecs-steward-')
    )
      this.add(this.faults, `call ${entry.outcome}`);
  }

  private hearLine(line: string): void {
    if (!line.includes('"decided"')) return;
    const { decision, why } = JSON.parse(line) as { decision: string; why: string };
    this.add(this.decisions, `${decision} ${why}`);
  }

  private add(counts: Record<string, number>, name: string): void {
    counts[name] = (counts[name] ?? 0) + 1;
  }
}
