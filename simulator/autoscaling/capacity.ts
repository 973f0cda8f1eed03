import type { Agenda } from '../agenda.ts';
import { isSuspended, secondsOf } from './ground.ts';
import { failedCheckOf } from './health.ts';
import type { Lifecycle } from './lifecycle.ts';
import { isAside, isReady, isWarm } from './passage.ts';
import { marketsOf, policyOf } from './purchase.ts';
import { stayingOf } from './replacement.ts';
import { Replacements } from './replacements.ts';
import type { LaunchOrder } from './shortage.ts';
import type { Group, Instance, State } from './state.ts';
import { isPooled, takesPlace } from './tally.ts';
import { leaversOf } from './termination.ts';
import { crowdsOf, emptiestFirst, isBalancedOnly, launchZones } from './zones.ts';

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

  /**
   * Replaces an instance that was found unhealthy: it leaves while another one is launched (D-3.22), or after that where a
   * maintenance policy has room for more (D-3.27).
   */
  private replaceUnhealthy(now: number, group: Group, instance: Instance): void {
    if (instance.state === 'InService' && this.replacements.comesFirst(group)) {
      this.balance(now, group.name);
      return;
    }
    const at = `At ${secondsOf(now)} an instance was`;
    const cause = `${at} taken out of service in response to ${failedCheckOf(instance)}.`;
    this.lifecycle.terminate(now, instance, { cause });
    if (isWarm(instance)) this.balancePool(now, group);
    else if (this.counts(group.name).filling < this.goal(group) && !isSuspended(group, 'Launch'))
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
      else this.lifecycle.health.watch(now, instance);
    }
    this.balance(now, groupName);
  }

  /** Replaces an unhealthy instance unless the processes for that are suspended (D-3.34). */
  replaceIfActive(now: number, instance: Instance): void {
    const group = this.state.group(instance.groupName);
    if (isSuspended(group, 'ReplaceUnhealthy') || isSuspended(group, 'Terminate')) return;
    this.replaceUnhealthy(now, group, instance);
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

  /** What is counted of those. */
  private counts(groupName: string): {
    readonly filling: number;
    readonly onDemand: number;
    readonly crowd: Map<string, number>;
  } {
    const tally = this.state.tallyOf(groupName);
    if (tally.replacing === 0)
      return { filling: tally.places, onDemand: tally.onDemand, crowd: tally.crowd() };
    const filling = this.filling(groupName);
    const onDemand = filling.filter(({ market }) => market === 'on-demand').length;
    return { filling: filling.length, onDemand, crowd: crowdsOf(filling) };
  }

  /** The instances in the group's places: whatever is not leaving, and the dead that a hook still holds. */
  private members(groupName: string): Instance[] {
    return this.state.instancesOf(groupName).filter(takesPlace);
  }

  /** What the group is to have now: an instance refresh may launch some ahead of those they replace. */
  private goal(group: Group): number {
    return group.settings.DesiredCapacity + (this.state.activeRefresh(group.name)?.aheadCount ?? 0);
  }

  private balanceGroup(now: number, group: Group, request: string): void {
    const actual = this.counts(group.name).filling;
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
    const { onDemand, crowd } = this.counts(group.name);
    const policy = policyOf(this.state, group);
    for (const market of marketsOf(policy, { onDemand, count, goal: this.goal(group) })) {
      const order = { zones: launchZones(group, crowd), market, cause, passage: 'launch' } as const;
      const failed = isBalancedOnly(group) ? order.zones[0] : undefined;
      const zone = this.bring(now, group, order) ?? failed;
      if (zone !== undefined) crowd.set(zone, (crowd.get(zone) ?? 0) + 1);
    }
  }

  /**
   * One instance, out of the warm pool where one is ready there, else from EC2; its zone, or undefined: no capacity. What comes
   * for the sake of a zone or a market must be of it.
   */
  private bring(now: number, group: Group, order: LaunchOrder): string | undefined {
    const { arrivals } = this.lifecycle;
    const ready = this.pooled(group.name).filter((instance) => isReady(instance) && instance.isHealthy);
    const { zones, market, replaces } = order;
    const fit = replaces ? ready.filter((one) => one.market === market) : ready;
    const there = fit.find(({ availabilityZone }) => availabilityZone === zones[0]);
    const chosen = there ?? (replaces?.motive === 'zones' ? undefined : fit[0]);
    if (!chosen) return arrivals.launch(now, group, order);
    arrivals.start(now, group, chosen, order);
    return chosen.availabilityZone;
  }

  private balancePool(now: number, group: Group): void {
    const tally = this.state.tallyOf(group.name);
    const { pooled } = tally;
    const crowd = tally.poolCrowd();
    const size = this.poolSize(group);
    const at = `At ${secondsOf(now)} an instance was`;
    if (!isSuspended(group, 'Launch'))
      for (let count = pooled; count < size; count++) {
        const cause = `${at} started in response to a difference between desired and actual capacity, increasing the warm pool from ${count} to ${count + 1}.`;
        const order = {
          zones: emptiestFirst(group, crowd),
          market: 'on-demand',
          cause,
          passage: 'warm',
        } as const;
        const zone = this.lifecycle.arrivals.launch(now, group, order);
        if (zone !== undefined) crowd.set(zone, (crowd.get(zone) ?? 0) + 1);
      }
    if (pooled <= size || isSuspended(group, 'Terminate')) return;
    const cause = `${at} taken out of the warm pool in response to a difference between desired and actual capacity.`;
    for (const instance of this.pooled(group.name)
      .filter(isReady)
      .slice(0, pooled - size))
      this.lifecycle.terminate(now, instance, { cause });
  }

  private pooled(groupName: string): Instance[] {
    if (this.state.tallyOf(groupName).pooled === 0) return [];
    return this.state.instancesOf(groupName).filter(isPooled);
  }

  private scaleIn(now: number, group: Group, chosen: Instance, why: string): void {
    const cause = `${why}  At ${secondsOf(now)} instance ${chosen.instanceId} was selected for termination.`;
    const isReused =
      group.warmPool?.InstanceReusePolicy?.ReuseOnScaleIn === true &&
      this.state.tallyOf(group.name).pooled < this.poolSize(group);
    if (isReused) this.lifecycle.returnToPool(now, group, chosen, cause);
    else this.lifecycle.terminate(now, chosen, { cause });
  }
}
