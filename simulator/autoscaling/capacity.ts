import { isSuspended, secondsOf } from './ground.ts';
import type { Lifecycle } from './lifecycle.ts';
import { isAside, isLeaving, isReady, isWarm } from './passage.ts';
import { marketsOf, policyOf } from './purchase.ts';
import type { Group, Instance, State } from './state.ts';
import { leaversOf } from './termination.ts';

/** Keeps each group and its warm pool at their size: launches what is missing, chooses what leaves. */
export class Capacity {
  private readonly state: State;
  private readonly lifecycle: Lifecycle;

  constructor(options: { state: State; lifecycle: Lifecycle }) {
    this.state = options.state;
    this.lifecycle = options.lifecycle;
  }

  /** Launches or terminates what the difference asks for; `request` is the sentence on what changed it. */
  balance(now: number, groupName: string, request = ''): void {
    const group = this.state.findGroup(groupName);
    if (!group || group.isDeleting) return;
    this.balanceGroup(now, group, request);
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

  /** The instances that fill the desired capacity: whatever is not leaving, and the dead that a hook still holds. */
  filling(groupName: string): Instance[] {
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
    const crowd = crowds(filling);
    const policy = policyOf(this.state, group);
    const ready = new Set(
      this.state.instancesOf(group.name).filter((instance) => isReady(instance) && instance.isHealthy),
    );
    for (const market of marketsOf(policy, filling, { count, goal: this.goal(group) })) {
      const zones = emptiestFirst(group, crowd);
      const [any] = ready;
      const chosen = [...ready].find(({ availabilityZone }) => availabilityZone === zones[0]) ?? any;
      if (chosen) {
        this.lifecycle.arrivals.start(now, group, chosen, cause);
        ready.delete(chosen);
      }
      const order = { zones, market, cause, passage: 'launch' } as const;
      const zone = chosen?.availabilityZone ?? this.lifecycle.arrivals.launch(now, group, order);
      if (zone !== undefined) crowd.set(zone, (crowd.get(zone) ?? 0) + 1);
    }
  }

  private balancePool(now: number, group: Group): void {
    const pooled = this.pooled(group.name);
    const size = this.poolSize(group);
    const at = `At ${secondsOf(now)} an instance was`;
    if (!isSuspended(group, 'Launch'))
      for (let count = pooled.length; count < size; count++) {
        const cause = `${at} started in response to a difference between desired and actual capacity, increasing the warm pool from ${count} to ${count + 1}.`;
        this.lifecycle.arrivals.launch(now, group, {
          zones: emptiestFirst(group, crowds(this.pooled(group.name))),
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

/** How many of the instances are in each Availability Zone. */
function crowds(instances: readonly Instance[]): Map<string, number> {
  const crowd = new Map<string, number>();
  for (const { availabilityZone } of instances)
    crowd.set(availabilityZone, (crowd.get(availabilityZone) ?? 0) + 1);
  return crowd;
}

/** The zones of the group, the one with the fewest instances first. */
const emptiestFirst = (group: Group, crowd: ReadonlyMap<string, number>): string[] =>
  group.settings.AvailabilityZones.toSorted((a, b) => (crowd.get(a) ?? 0) - (crowd.get(b) ?? 0));
