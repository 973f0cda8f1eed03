import { enrolmentTag, stewardHook } from '../../demo/cluster.ts';
import type { Account } from '../../simulator/account.ts';
import type { LogEntry } from '../../simulator/world.ts';
import { type Call, Ledger, staleMs, type Tags } from './ledger.ts';
import { limitOf } from './promise.ts';
import { heldInstances, leaving, stateOf } from './standing.ts';
import { faultsOf, isUnwishedDrain } from './wishes.ts';
import { groupsWritten } from './written.ts';

/** What must never be, or must always come in the end. */
export type Invariant = 'S1' | 'S2' | 'S3' | 'S5' | 'S6' | 'S7' | 'S8' | 'L1' | 'L2' | 'L4' | 'L5';

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: Invariant;
  /** ISO 8601, virtual. */
  readonly time: string;
  readonly what: string;
}

/** Outages of so many seconds in one departure may cost its hook, whose timeout is 30 minutes. */
const outageSecondsMax = 900;

/**
 * Watches an account from outside and says which invariants did not hold. It knows AWS, the tags and what a user was
 * promised for them; it knows nothing of what the functions think.
 */
export class Witness {
  readonly violations: Violation[] = [];
  private readonly account: Account;
  /** The budget of the cluster, as its tag says. */
  private readonly maxDraining: string | undefined;
  private readonly ledger: Ledger;
  /** Container instances that functions have set to DRAINING, and nobody else since, with the first time. */
  private readonly drained = new Map<string, number>();
  /** Container instances that somebody else has set to DRAINING, and nobody to ACTIVE since. */
  private readonly operators = new Set<string>();
  /** Groups on which our hook was put. */
  private readonly hooked = new Set<string>();
  private readonly outages: { readonly from: number; readonly until: number }[] = [];

  constructor(account: Account, maxDraining?: string) {
    this.account = account;
    this.ledger = new Ledger(account);
    this.maxDraining = maxDraining;
    account.world.onRecord((entry) => {
      if (entry.kind === 'call') this.onCall(entry as LogEntry & Call);
    });
  }

  /** Somebody takes the steward out of service for so many seconds. */
  outage(seconds: number): void {
    const from = this.account.world.now;
    this.outages.push({ from, until: from + seconds * 1000 });
  }

  /** L4, to be asked when whoever removes the stack has done what there is to do: nothing of ours is left. */
  afterRemoval(stackStatus: string | undefined): void {
    // It is right to stay while an instance waits, on whichever hook: that is not to be seen.
    if (stackStatus !== undefined && heldInstances(this.account).length > 0) return;
    if (stackStatus !== undefined) this.violated('L4', `the stack does not go: it is ${stackStatus}`);
    for (const { AutoScalingGroupName } of this.groups()) {
      const { LifecycleHooks } = this.account.call('autoscaling', 'DescribeLifecycleHooks', {
        AutoScalingGroupName,
      });
      const hooks = LifecycleHooks as { LifecycleHookName: string }[];
      if (hooks.some(({ LifecycleHookName }) => LifecycleHookName === stewardHook))
        this.violated('L4', `our hook is still on ${AutoScalingGroupName}`);
    }
  }

  private groups() {
    const { AutoScalingGroups } = this.account.call('autoscaling', 'DescribeAutoScalingGroups', {});
    return AutoScalingGroups as { AutoScalingGroupName: string }[];
  }

  /** To be asked when everything had the time to come to its end. */
  atEnd(): void {
    for (const action of this.account.autoscaling.lifecycleActions()) {
      if (action.lifecycleHookName !== stewardHook) continue;
      const { instanceId, autoScalingGroupName, startedAt, endedAt, endedBy } = action;
      const which = `${instanceId} of ${autoScalingGroupName}`;
      if (endedAt === undefined) this.violated('L1', `the departure of ${which} does not end`);
      else if (endedBy === 'timeout' && this.isAlive(autoScalingGroupName, startedAt, endedAt))
        this.violated('L2', `our hook timed out on ${which}`);
    }
    for (const groupName of this.ledger.tags.keys()) {
      const isOurs = this.isKept(groupName) && !this.hooked.has(groupName);
      if (isOurs) this.violated('L5', `our hook was never put on ${groupName}`);
    }
    for (const [arn] of this.drained) {
      const record = this.ledger.recordOf(arn);
      if (record?.status !== 'DRAINING') continue;
      const state = stateOf(this.account, record.ec2InstanceId);
      if (state === 'InService')
        this.violated('S2', `${record.ec2InstanceId} is in service, and DRAINING by us`);
    }
  }

  /** Whether our hook belongs on the group: since long, so that it is there by now. */
  private isKept(groupName: string): boolean {
    const first = this.ledger.tags.get(groupName)?.[0];
    if (!first || this.account.autoscaling.tagsOf(groupName) === undefined) return false;
    const isOwn = ({ [enrolmentTag]: cluster, 'ecs-steward:dry-run': dryRun }: Tags) =>
      cluster !== undefined && dryRun !== 'on';
    const isOld = this.account.world.now - first.at > staleMs;
    return isOld && this.ledger.tagsSince(groupName, first.at).every(isOwn);
  }

  private onCall(call: Call): void {
    const isOurs = call.caller.startsWith('ecs-steward-');
    if (isOurs && call.outcome.startsWith('AccessDenied') && !this.isTagJustGone(call))
      this.violated('S5', `${call.caller} may not call ${call.operation}`);
    if (call.outcome !== 'ok') return;
    if (/^(CreateOrUpdate|Delete)Tags$/.test(call.operation)) this.ledger.note(call);
    if (call.operation === 'UpdateContainerInstancesState') this.onStatus(call, isOurs);
    if (!isOurs) return;
    for (const { invariant, what } of faultsOf(this.ledger, call)) this.violated(invariant, what);
    if (call.operation === 'PutLifecycleHook') this.hooked.add(String(call.input.AutoScalingGroupName));
  }

  /** What begins while a group is enrolled, and ends just after somebody took its tag, is denied by design. */
  private isTagJustGone({ service, input }: Call): boolean {
    const names = [...groupsWritten(this.account, service, input)];
    return names.some((name) => {
      const lately = this.ledger.tagsLately(name);
      const isGone = lately.at(-1)?.[enrolmentTag] === undefined;
      return isGone && lately.some((tags) => tags[enrolmentTag] !== undefined);
    });
  }

  private onStatus({ input, caller }: Call, isOurs: boolean): void {
    for (const arn of input.containerInstances as string[]) {
      if (isOurs && input.status === 'ACTIVE' && this.operators.has(arn))
        this.violated('S2', `${caller} sets ${arn} to ACTIVE, which somebody else drains`);
      if (input.status === 'DRAINING' && !isOurs && !this.drained.has(arn)) this.operators.add(arn);
      if (input.status === 'ACTIVE') this.operators.delete(arn);
      if (!isOurs || input.status !== 'DRAINING') {
        this.drained.delete(arn);
        continue;
      }
      const record = this.ledger.recordOf(arn);
      if (record?.status !== 'DRAINING') continue;
      if (!this.drained.has(arn)) this.drained.set(arn, this.account.world.now);
      const { ec2InstanceId } = record;
      const state = stateOf(this.account, ec2InstanceId);
      if (state === undefined || leaving.test(state)) continue;
      if (this.ledger.isInterrupted(ec2InstanceId)) {
        if (isUnwishedDrain(this.ledger, ec2InstanceId))
          this.violated(
            'S8',
            `${caller} drains ${ec2InstanceId} for a notice that its group does not want served`,
          );
        continue;
      }
      this.violated('S2', `${caller} sets ${ec2InstanceId} to DRAINING, which is ${state}`);
    }
    if (isOurs && input.status === 'DRAINING') this.checkBudgets(caller);
  }

  /** S3: the voluntary drains that we have begun, of each group and of all together. */
  private checkBudgets(caller: string): void {
    const drains = [...this.drained.keys()].flatMap((arn) => {
      const record = this.ledger.recordOf(arn);
      if (record?.status !== 'DRAINING' || this.ledger.isInterrupted(record.ec2InstanceId)) return [];
      const name = this.account.autoscaling.groupNameOf(record.ec2InstanceId);
      const isHeld = /^Terminating(:Wait)?$/.test(stateOf(this.account, record.ec2InstanceId) ?? '');
      // A group whose tag is gone is left to itself, with what drains there.
      const isOurs = name !== undefined && this.ledger.tagsLately(name).some((tags) => tags[enrolmentTag]);
      return isOurs && isHeld ? [{ name, instanceId: record.ec2InstanceId }] : [];
    });
    const countOf = (name?: string) =>
      new Set(drains.filter((one) => name === undefined || one.name === name).map((one) => one.instanceId))
        .size;
    const names = new Set(drains.map(({ name }) => name));
    for (const name of names) {
      const limits = this.ledger
        .tagsLately(name)
        .map((tags) => limitOf(tags['ecs-steward:max-draining'], this.ledger.sizeOf([name])));
      if (countOf(name) > Math.max(...limits))
        this.violated(
          'S3',
          `${caller} has ${countOf(name)} instances of ${name} drain, of ${Math.max(...limits)}`,
        );
    }
    const limit = limitOf(this.maxDraining, this.ledger.sizeOf(this.ledger.tags.keys()));
    if (countOf() > limit)
      this.violated('S3', `${caller} has ${countOf()} instances drain at once, of ${limit}`);
  }

  /** Whether the steward was there all the time, and the group its own. */
  private isAlive(groupName: string, from: number, until: number): boolean {
    const isOwn = this.ledger.tagsSince(groupName, from).every((tags) => tags[enrolmentTag] !== undefined);
    const away = this.outages.map((one) => Math.min(one.until, until) - Math.max(one.from, from));
    const awaySeconds = away.reduce((sum, ms) => sum + Math.max(0, ms), 0) / 1000;
    return isOwn && awaySeconds < outageSecondsMax;
  }

  private violated(invariant: Invariant, what: string): void {
    const time = new Date(this.account.world.now).toISOString();
    this.violations.push({ invariant, time, what });
  }
}
