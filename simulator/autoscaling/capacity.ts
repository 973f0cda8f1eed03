import type { Agenda } from '../agenda.ts';
import { isSuspended, secondsOf } from './ground.ts';
import type { Lifecycle } from './lifecycle.ts';
import { isAside, isLeaving, isReady, isWarm } from './passage.ts';
import { marketsOf, policyOf } from './purchase.ts';
import { stayingOf } from './replacement.ts';
import { Replacements } from './replacements.ts';
import type { LaunchOrder } from './shortage.ts';
import type { Group, Instance, State } from './state.ts';
import { leaversOf } from './termination.ts';
import { crowdsOf, emptiestFirst } from './zones.ts';

/** Keeps each group and its warm pool at their size: launches what is missing, chooses what leaves. */
export class Capacity {
  private readonly state: State;
  private readonly lifecycle: Lifecycle;
  private readonly replacements: Replacements;

  constructor(options: { state: State; lifecycle: Lifecycle; agenda: Agenda<(now: number) => void> }) {
    this.state = options.state;
    this.lifecycle = options.lifecycle;
    this.replacements = new Replacements({
      ...options,
      membersOf: (groupName) => this.members(groupName),
      bring: (...launch) => this.bring(...launch),
      onDue: (now, groupName) => this.balance(now, groupName),
    });
  }

  /** Launches or terminates what the difference asks for; `request` is the sentence on what changed it. */
  balance(now: number, groupName: string, request = ''): void {
    const group = this.state.findGroup(groupName);
    if (!group || group.isDeleting) return;
    this.replacements.finish(now, group);
    this.balanceGroup(now, group, request);
    if (this.replacements.begin(now, group)) this.balanceGroup(now, group, '');
    this.balancePool(now, group);
  }

  /** Replaces an instance that was found unhealthy: it leaves while another one is launched (D-3.22). */
  replaceUnhealthy(now: number, instance: Instance): void {
    const at = `At ${secondsOf(now)} an instance was`;
    const cause = `${at} taken out of service in response to a user health-check.`;
    this.lifecycle.terminate(now, instance, { cause });
    const group = this.state.group(instance.groupName);
    if (isWarm(instance)) this.balancePool(now, group);
    else if (this.filling(group.name).length < this.goal(group) && !isSuspended(group, 'Launch'))
      this.obtain(
        now,
        group,
        `${at} launched in response to an unhealthy instance needing to be replaced.`,
        1,
      );
  }

  /** Does what was left undone while processes of the group were suspended (D-3.34). */
  review(now: number, groupName: string): void {
    for (const instance of this.state.instancesOf(groupName)) {
      if (instance.state !== 'InService' && !isReady(instance)) continue;
      if (instance.isDown) this.lifecycle.dead(now, instance);
      else if (!instance.isHealthy) this.replaceIfActive(now, instance);
    }
    this.balance(now, groupName);
  }

  /** Replaces an unhealthy instance unless the processes for that are suspended (D-3.34). */
  replaceIfActive(now: number, instance: Instance): void {
    const group = this.state.group(instance.groupName);
    if (isSuspended(group, 'ReplaceUnhealthy') || isSuspended(group, 'Terminate')) return;
    this.replaceUnhealthy(now, instance);
  }

  /** How many instances the warm pool is to have: beside its minimum, what the group may still grow by (D-3.28). */
  poolSize({ settings, warmPool }: Group): number {
    if (!warmPool || warmPool.Status === 'PendingDelete') return 0;
    const prepared = warmPool.MaxGroupPreparedCapacity ?? settings.MaxSize;
    return Math.max(warmPool.MinSize ?? 0, prepared - settings.DesiredCapacity, 0);
  }

  /** EC2 recommends to replace a Spot instance (D-3.20). */
  recommended(now: number, instance: Instance): void {
    this.state.setInstance(now, { ...instance, isAtRisk: true });
    this.balance(now, instance.groupName);
  }

  /** Spot takes an instance back: where capacity is rebalanced, nobody waits for the end of it (D-3.20). */
  interrupted(now: number, instance: Instance): void {
    const group = this.state.group(instance.groupName);
    const waits = group.settings.CapacityRebalance !== true || isSuspended(group, 'Terminate');
    if (waits || isWarm(instance) || isAside(instance)) return;
    const cause = `At ${secondsOf(now)} an instance was taken out of service in response to an EC2 Spot Instance interruption notice.`;
    this.lifecycle.terminate(now, instance, { cause });
    this.balance(now, group.name);
  }

  /** Those of the members that fill the desired capacity: an instance that is being replaced does not. */
  private filling(groupName: string): readonly Instance[] {
    return stayingOf(this.members(groupName));
  }

  /** The instances in the group's places: whatever is not leaving, and the dead that a hook still holds. */
  private members(groupName: string): Instance[] {
    return this.state
      .instancesOf(groupName)
      .filter((instance) => !isWarm(instance) && !isAside(instance))
      .filter((instance) => !isLeaving(instance) || instance.holdsCapacity);
  }

  /** What the group is to have now: an instance refresh may launch some ahead of those they replace. */
  private goal(group: Group): number {
    return group.settings.DesiredCapacity + (this.state.activeRefresh(group.name)?.aheadCount ?? 0);
  }

  private balanceGroup(now: number, group: Group, request: string): void {
    const actual = this.filling(group.name).length;
    const desired = this.goal(group);
    const difference = 'in response to a difference between desired and actual capacity';
    const at = `${request}At ${secondsOf(now)} an instance was`;
    if (actual < desired && !isSuspended(group, 'Launch')) {
      const cause = `${at} started ${difference}, increasing the capacity from ${actual} to ${desired}.`;
      this.obtain(now, group, cause, desired - actual);
    }
    if (actual > desired && !isSuspended(group, 'Terminate')) {
      const cause = `${at} taken out of service ${difference}, shrinking the capacity from ${actual} to ${desired}.`;
      const view = { now, group, policy: policyOf(this.state, group), filling: this.filling(group.name) };
      for (const one of leaversOf(view, actual - desired)) this.scaleIn(now, group, one, cause);
    }
  }

  /** So many instances, each out of the warm pool where one is ready there, else from EC2. */
  private obtain(now: number, group: Group, cause: string, count: number): void {
    const filling = this.filling(group.name);
    const crowd = crowdsOf(filling);
    const policy = policyOf(this.state, group);
    for (const market of marketsOf(policy, filling, { count, goal: this.goal(group) })) {
      const order = { zones: emptiestFirst(group, crowd), market, cause, passage: 'launch' } as const;
      const zone = this.bring(now, group, order);
      if (zone !== undefined) crowd.set(zone, (crowd.get(zone) ?? 0) + 1);
    }
  }

  /** One instance, out of the warm pool where one is ready there, else from EC2; its zone, or undefined: no capacity. */
  private bring(now: number, group: Group, order: LaunchOrder): string | undefined {
    const { arrivals } = this.lifecycle;
    if (!group.warmPool) return arrivals.launch(now, group, order);
    const ready = this.state
      .instancesOf(group.name)
      .filter((instance) => isReady(instance) && instance.isHealthy);
    const chosen = ready.find(({ availabilityZone }) => availabilityZone === order.zones[0]) ?? ready[0];
    if (!chosen) return arrivals.launch(now, group, order);
    arrivals.start(now, group, chosen, order);
    return chosen.availabilityZone;
  }

  private balancePool(now: number, group: Group): void {
    const pooled = this.pooled(group.name);
    const size = this.poolSize(group);
    const at = `At ${secondsOf(now)} an instance was`;
    if (!isSuspended(group, 'Launch'))
      for (let count = pooled.length; count < size; count++) {
        const cause = `${at} started in response to a difference between desired and actual capacity, increasing the warm pool from ${count} to ${count + 1}.`;
        this.lifecycle.arrivals.launch(now, group, {
          zones: emptiestFirst(group, crowdsOf(this.pooled(group.name))),
          market: 'on-demand',
          cause,
          passage: 'warm',
        });
      }
    if (isSuspended(group, 'Terminate')) return;
    const excess = Math.max(0, pooled.length - size);
    const cause = `${at} taken out of the warm pool in response to a difference between desired and actual capacity.`;
    for (const instance of pooled.filter(isReady).slice(0, excess))
      this.lifecycle.terminate(now, instance, { cause });
  }

  private pooled(groupName: string): Instance[] {
    return this.state.instancesOf(groupName).filter((instance) => isWarm(instance) && !isLeaving(instance));
  }

  private scaleIn(now: number, group: Group, chosen: Instance, why: string): void {
    const cause = `${why}  At ${secondsOf(now)} instance ${chosen.instanceId} was selected for termination.`;
    const isReused =
      group.warmPool?.InstanceReusePolicy?.ReuseOnScaleIn === true &&
      this.pooled(group.name).length < this.poolSize(group);
    if (isReused) this.lifecycle.returnToPool(now, group, chosen, cause);
    else this.lifecycle.terminate(now, chosen, { cause });
  }
}
