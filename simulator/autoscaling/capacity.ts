import { isLeaving, type Lifecycle, secondsOf } from './lifecycle.ts';
import type { Group, Instance, State } from './state.ts';

/** Keeps each group at its desired capacity: launches what is missing, chooses what leaves. */
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
    const actual = this.counting(groupName).length;
    const desired = group.settings.DesiredCapacity;
    const difference = 'in response to a difference between desired and actual capacity';
    const at = `${request}At ${secondsOf(now)} an instance was`;
    for (let count = actual; count < desired; count++) {
      const cause = `${at} started ${difference}, increasing the capacity from ${actual} to ${desired}.`;
      this.lifecycle.launch(now, group, this.emptiestZone(group), cause);
    }
    const cause = `${at} taken out of service ${difference}, shrinking the capacity from ${actual} to ${desired}.`;
    for (let count = actual; count > desired; count--) this.scaleIn(now, group, cause);
  }

  /** Replaces an instance that was found unhealthy: it leaves while another one is launched (D-3.22). */
  replaceUnhealthy(now: number, instance: Instance): void {
    const at = `At ${secondsOf(now)} an instance was`;
    const cause = `${at} taken out of service in response to a user health-check.`;
    this.lifecycle.terminate(now, instance, { cause });
    const group = this.state.group(instance.groupName);
    if (this.counting(group.name).length >= group.settings.DesiredCapacity) return;
    const why = `${at} launched in response to an unhealthy instance needing to be replaced.`;
    this.lifecycle.launch(now, group, this.emptiestZone(group), why);
  }

  /** The instances that fill the desired capacity: whatever is not leaving, and the dead that a hook still holds. */
  private counting(groupName: string): Instance[] {
    return this.state
      .instancesOf(groupName)
      .filter((instance) => !isLeaving(instance) || instance.holdsCapacity);
  }

  private scaleIn(now: number, group: Group, cause: string): void {
    const chosen = this.choose(group);
    if (!chosen) return;
    const selected = `  At ${secondsOf(now)} instance ${chosen.instanceId} was selected for termination.`;
    this.lifecycle.terminate(now, chosen, { cause: `${cause}${selected}` });
  }

  /**
   * The default termination policy: the Availability Zone with the most instances that has an unprotected one, there
   * the oldest (the newest with `NewestInstance`). Protected instances stay, the group then stays larger (D-3.24).
   * https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-termination-policies.html
   */
  private choose(group: Group): Instance | undefined {
    const counting = this.counting(group.name);
    const crowd = crowds(counting);
    const candidates = counting.filter((instance) => instance.state === 'InService' && !instance.isProtected);
    const crowdOf = ({ availabilityZone }: Instance) => crowd.get(availabilityZone) ?? 0;
    const fullest = candidates.reduce((most, instance) => Math.max(most, crowdOf(instance)), 0);
    const inFullest = candidates
      .filter((instance) => crowdOf(instance) === fullest)
      .sort((a, b) => a.launchedAt - b.launchedAt);
    return group.settings.TerminationPolicies?.[0] === 'NewestInstance' ? inFullest.at(-1) : inFullest[0];
  }

  private emptiestZone(group: Group): string {
    const crowd = crowds(this.counting(group.name));
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
