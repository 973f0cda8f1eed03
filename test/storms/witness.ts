import { enrolmentTag, stewardHook } from '../../demo/cluster.ts';
import type { Account } from '../../simulator/account.ts';
import type { LogEntry } from '../../simulator/world.ts';

import { deadlineSecondsOf, limitOf } from './promise.ts';
import { heldInstances, leaving, stateOf } from './standing.ts';
import { groupsWritten } from './written.ts';

/** What must never be, or must always come in the end. */
export type Invariant = 'S1' | 'S2' | 'S3' | 'S5' | 'S6' | 'L1' | 'L2' | 'L4';

/** An invariant that did not hold. */
export interface Violation {
  readonly invariant: Invariant;
  /** ISO 8601, virtual. */
  readonly time: string;
  readonly what: string;
}

/** A call as the log of the world has it. */
interface Call {
  readonly service: string;
  readonly operation: string;
  readonly caller: string;
  readonly outcome: string;
  readonly input: Readonly<Record<string, unknown>>;
}

interface Tagged {
  readonly at: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Work that began under other tags, with reads as old as they can be, is done within so many milliseconds. */
const staleMs = 90_000;
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
  private readonly tags = new Map<string, Tagged[]>();
  /** Container instances that functions have set to DRAINING, and nobody else since, with the first time. */
  private readonly drained = new Map<string, number>();
  private readonly outages: { readonly from: number; readonly until: number }[] = [];

  constructor(account: Account, maxDraining?: string) {
    this.account = account;
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
    for (const [arn] of this.drained) {
      const record = this.recordOf(arn);
      if (record?.status !== 'DRAINING') continue;
      const state = stateOf(this.account, record.ec2InstanceId);
      if (state === 'InService')
        this.violated('S2', `${record.ec2InstanceId} is in service, and DRAINING by us`);
    }
  }

  private onCall(call: Call): void {
    const isOurs = call.caller.startsWith('ecs-steward-');
    if (isOurs && call.outcome.startsWith('AccessDenied') && !this.isTagJustGone(call))
      this.violated('S5', `${call.caller} may not call ${call.operation}`);
    if (call.outcome !== 'ok') return;
    if (/^(CreateOrUpdate|Delete)Tags$/.test(call.operation)) this.noteTags(call);
    if (call.operation === 'UpdateContainerInstancesState') this.onStatus(call, isOurs);
    if (!isOurs) return;
    this.checkOwner(call);
    if (call.operation === 'CompleteLifecycleAction') this.checkReleased(call);
  }

  /** What begins while a group is enrolled, and ends just after somebody took its tag, is denied by design. */
  private isTagJustGone({ service, input }: Call): boolean {
    const names = [...groupsWritten(this.account, service, input)];
    return names.some((name) => {
      const lately = this.tagsLately(name);
      const isGone = lately.at(-1)?.[enrolmentTag] === undefined;
      return isGone && lately.some((tags) => tags[enrolmentTag] !== undefined);
    });
  }

  private noteTags({ input }: Call): void {
    for (const { ResourceId } of input.Tags as { ResourceId: string }[]) {
      const known = this.tags.get(ResourceId) ?? [];
      known.push({ at: this.account.world.now, tags: this.account.autoscaling.tagsOf(ResourceId) ?? {} });
      this.tags.set(ResourceId, known);
    }
  }

  /** The tags that a group had at any time from `from` on. */
  private tagsSince(groupName: string, from: number): Readonly<Record<string, string>>[] {
    const known = this.tags.get(groupName) ?? [];
    const first = Math.max(
      0,
      known.findLastIndex(({ at }) => at <= from),
    );
    return known.slice(first).map(({ tags }) => tags);
  }

  private tagsLately(groupName: string) {
    return this.tagsSince(groupName, this.account.world.now - staleMs);
  }

  private recordOf(arn: string) {
    return this.account.ecs.containerInstanceRecords().find((one) => one.containerInstanceArn === arn);
  }

  private onStatus({ input, caller }: Call, isOurs: boolean): void {
    for (const arn of input.containerInstances as string[]) {
      if (!isOurs || input.status !== 'DRAINING') {
        this.drained.delete(arn);
        continue;
      }
      const record = this.recordOf(arn);
      if (record?.status !== 'DRAINING') continue;
      if (!this.drained.has(arn)) this.drained.set(arn, this.account.world.now);
      const { ec2InstanceId } = record;
      const state = stateOf(this.account, ec2InstanceId);
      if (state === undefined || leaving.test(state) || this.isInterrupted(ec2InstanceId)) continue;
      this.violated('S2', `${caller} sets ${ec2InstanceId} to DRAINING, which is ${state}`);
    }
    if (isOurs && input.status === 'DRAINING') this.checkBudgets(caller);
  }

  /** S3: the voluntary drains that we have begun, of each group and of all together. */
  private checkBudgets(caller: string): void {
    const drains = [...this.drained.keys()].flatMap((arn) => {
      const record = this.recordOf(arn);
      if (record?.status !== 'DRAINING' || this.isInterrupted(record.ec2InstanceId)) return [];
      const name = this.account.autoscaling.groupNameOf(record.ec2InstanceId);
      const isHeld = /^Terminating(:Wait)?$/.test(stateOf(this.account, record.ec2InstanceId) ?? '');
      // A group whose tag is gone is left to itself, with what drains there.
      const isOurs = name !== undefined && this.tagsLately(name).some((tags) => tags[enrolmentTag]);
      return isOurs && isHeld ? [{ name, instanceId: record.ec2InstanceId }] : [];
    });
    const countOf = (name?: string) =>
      new Set(drains.filter((one) => name === undefined || one.name === name).map((one) => one.instanceId))
        .size;
    const names = new Set(drains.map(({ name }) => name));
    for (const name of names) {
      const limits = this.tagsLately(name).map((tags) =>
        limitOf(tags['ecs-steward:max-draining'], this.sizeOf([name])),
      );
      if (countOf(name) > Math.max(...limits))
        this.violated(
          'S3',
          `${caller} has ${countOf(name)} instances of ${name} drain, of ${Math.max(...limits)}`,
        );
    }
    const limit = limitOf(this.maxDraining, this.sizeOf(this.tags.keys()));
    if (countOf() > limit)
      this.violated('S3', `${caller} has ${countOf()} instances drain at once, of ${limit}`);
  }

  private sizeOf(names: Iterable<string>): number {
    return [...names].reduce((sum, name) => sum + this.account.autoscaling.instancesOf(name).length, 0);
  }

  private isInterrupted(instanceId: string): boolean {
    return this.account.ec2.find(instanceId)?.interruption !== undefined;
  }

  /** S6: what is written to belongs to a group that is enrolled, or was a moment ago. */
  private checkOwner({ caller, operation, input, service }: Call): void {
    if (/^(Describe|List|Get)/.test(operation) || caller.endsWith('-uninstall')) return;
    if (
      service === 'autoscaling' &&
      input.LifecycleHookName !== undefined &&
      input.LifecycleHookName !== stewardHook
    )
      this.violated('S6', `${caller} calls ${operation} about the hook ${input.LifecycleHookName}`);
    for (const groupName of groupsWritten(this.account, service, input)) {
      const isEnrolled = this.tagsLately(groupName).some((tags) => tags[enrolmentTag] !== undefined);
      if (!isEnrolled)
        this.violated('S6', `${caller} calls ${operation} about ${groupName}, which is not enrolled`);
    }
  }

  /** S1: with tasks that are not STOPPED only what the group's tags allow, and an instance that is ending anyway. */
  private checkReleased({ caller, input }: Call): void {
    const { InstanceId: instanceId, AutoScalingGroupName: groupName } = input as Record<string, string>;
    if (instanceId === undefined || groupName === undefined) return;
    const ec2 = this.account.ec2.find(instanceId);
    if (ec2?.state !== 'running' || ec2.interruption) return;
    const tasks = this.tasksLeft(instanceId);
    if (tasks.length === 0) return;
    const tags = this.tagsLately(groupName);
    const isLetGo = tags.some(
      (one) => one['ecs-steward:dry-run'] === 'on' || one['ecs-steward:state'] === 'leaving',
    );
    if (isLetGo) return;
    const areAllOfServices = tasks.every(({ serviceArn }) => serviceArn !== undefined);
    if (areAllOfServices && this.isLate(instanceId, tags)) return;
    const left = tasks.map(({ taskArn, lastStatus }) => `${taskArn.split('/').at(-1)} is ${lastStatus}`);
    this.violated('S1', `${caller} releases ${instanceId} while ${left.join(', ')}`);
  }

  private tasksLeft(instanceId: string) {
    const { ecs } = this.account;
    const ended = new Set(
      ecs
        .containerInstanceRecords()
        .filter(({ status }) => status === 'INACTIVE')
        .map(({ containerInstanceArn }) => containerInstanceArn),
    );
    return ecs
      .taskRecords()
      .filter(
        ({ ec2InstanceId, lastStatus, containerInstanceArn = '' }) =>
          ec2InstanceId === instanceId && lastStatus !== 'STOPPED' && !ended.has(containerInstanceArn),
      );
  }

  /** Whether the deadline that the tags give has passed since the drain, or the termination, began. */
  private isLate(instanceId: string, tags: readonly Readonly<Record<string, string>>[]): boolean {
    const actions = this.account.autoscaling
      .lifecycleActions()
      .filter((one) => one.instanceId === instanceId);
    const drains = [...this.drained].filter(([arn]) => this.recordOf(arn)?.ec2InstanceId === instanceId);
    const begins = [...actions.map(({ startedAt }) => startedAt), ...drains.map(([, at]) => at)];
    const deadlines = tags.map((one) => deadlineSecondsOf(one['ecs-steward:drain-deadline']));
    const deadlineAt = Math.min(...begins) + Math.min(...deadlines) * 1000;
    return this.account.world.now >= deadlineAt;
  }

  /** Whether the steward was there all the time, and the group its own. */
  private isAlive(groupName: string, from: number, until: number): boolean {
    const isOwn = this.tagsSince(groupName, from).every((tags) => tags[enrolmentTag] !== undefined);
    const away = this.outages.map((one) => Math.min(one.until, until) - Math.max(one.from, from));
    const awaySeconds = away.reduce((sum, ms) => sum + Math.max(0, ms), 0) / 1000;
    return isOwn && awaySeconds < outageSecondsMax;
  }

  private violated(invariant: Invariant, what: string): void {
    const time = new Date(this.account.world.now).toISOString();
    this.violations.push({ invariant, time, what });
  }
}
