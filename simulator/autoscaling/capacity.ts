import { isSuspended, secondsOf } from './ground.ts';
import type { Lifecycle } from './lifecycle.ts';
import { isAside, isLeaving, isReady, isWarm } from './passage.ts';
import type { Group, Instance, State } from './state.ts';

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
      this.obtain(now, group, `${at} launched in response to an unhealthy instance needing to be replaced.`);
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
      for (let count = actual; count < desired; count++) this.obtain(now, group, cause);
    }
    if (actual > desired && !isSuspended(group, 'Terminate')) {
      const cause = `${at} taken out of service ${difference}, shrinking the capacity from ${actual} to ${desired}.`;
      for (let count = actual; count > desired; count--) this.scaleIn(now, group, cause);
    }
  }

  /** Out of the warm pool where an instance is ready there, else from EC2. */
  private obtain(now: number, group: Group, cause: string): void {
    const ready = this.state
      .instancesOf(group.name)
      .filter(isReady)
      .filter((instance) => instance.isHealthy);
    const zone = this.emptiestZone(group);
    const chosen = ready.find(({ availabilityZone }) => availabilityZone === zone) ?? ready[0];
    if (chosen) this.lifecycle.arrivals.start(now, group, chosen, cause);
    else this.lifecycle.arrivals.launch(now, group, { availabilityZone: zone, cause, passage: 'launch' });
  }

  private balancePool(now: number, group: Group): void {
    const pooled = this.pooled(group.name);
    const size = this.poolSize(group);
    const at = `At ${secondsOf(now)} an instance was`;
    if (!isSuspended(group, 'Launch'))
      for (let count = pooled.length; count < size; count++) {
        const cause = `${at} started in response to a difference between desired and actual capacity, increasing the warm pool from ${count} to ${count + 1}.`;
        this.lifecycle.arrivals.launch(now, group, {
          availabilityZone: this.emptiestZone(group, this.pooled(group.name)),
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

  private scaleIn(now: number, group: Group, why: string): void {
    const chosen = this.choose(group);
    if (!chosen) return;
    const cause = `${why}  At ${secondsOf(now)} instance ${chosen.instanceId} was selected for termination.`;
    const isReused =
      group.warmPool?.InstanceReusePolicy?.ReuseOnScaleIn === true &&
      this.pooled(group.name).length < this.poolSize(group);
    if (isReused) this.lifecycle.returnToPool(now, group, chosen, cause);
    else this.lifecycle.terminate(now, chosen, { cause });
  }

  /**
   * The default termination policy: the Availability Zone with the most instances that has an unprotected one, there
   * the oldest (the newest with `NewestInstance`). Protected instances stay, the group then stays larger (D-3.24).
   * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
   */
  private choose(group: Group): Instance | undefined {
    const filling = this.filling(group.name);
    const crowd = crowds(filling);
    const candidates = filling.filter((instance) => instance.state === 'InService' && !instance.isProtected);
    const crowdOf = ({ availabilityZone }: Instance) => crowd.get(availabilityZone) ?? 0;
    const fullest = candidates.reduce((most, instance) => Math.max(most, crowdOf(instance)), 0);
    const inFullest = candidates
      .filter((instance) => crowdOf(instance) === fullest)
      .sort((a, b) => a.launchedAt - b.launchedAt);
    return group.settings.TerminationPolicies?.[0] === 'NewestInstance' ? inFullest.at(-1) : inFullest[0];
  }

  private emptiestZone(group: Group, among = this.filling(group.name)): string {
    const crowd = crowds(among);
    const crowdOf = (zone: string) => crowd.get(zone) ?? 0;
    const zones = group.settings.AvailabilityZones;
    return zones.reduce((best, zone) => (crowdOf(zone) < crowdOf(best) ? zone : best), zones[0] ?? '');
  }
}

/** How many of the instances are in each Availability Zone. */
function crowds(instances: readonly Instance[]): Map<string, number> {
  const crowd = new Map<string, number>();
  for (const { availabilityZone } of instances)
    crowd.set(availabilityZone, (crowd.get(availabilityZone) ?? 0) + 1);
  return crowd;
}
