import type { Placer } from './placer.ts';
import {
  type AutoScalingGroup,
  type CapacityProvider,
  type GroupProvider,
  groupNameOf,
} from './providers.ts';
import type { ContainerInstanceRecord, Resources } from './records.ts';
import type { State } from './state.ts';

/** One data point of CapacityProviderReservation in AWS/ECS/ManagedScaling (D-4.29). */
export interface Reservation {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Percent. */
  readonly value: number;
}

/** The metric and the alarms are looked at so often (D-4.29). */
const minuteMs = 60_000;
/** Scale-in begins when the metric has been below its target for so many data points (D-4.31). */
const lowPointsMin = 15;
/** From nothing, so many instances are launched at least (D-4.28). */
const fromZeroMin = 2;
/** Data points that are kept; the oldest go. */
const pointsMax = 60;
/** What a group carries while ECS may scale it (D-4.15). */
const managedTag = 'AmazonECSManaged';

/** What a look at a provider sees: its group, and how many instances its tasks need (D-4.28). */
interface View {
  readonly provider: CapacityProvider;
  readonly behind: GroupProvider;
  readonly group: AutoScalingGroup;
  /** EC2 ids of its instances without a task other than of daemons (D-4.29). */
  readonly empty: readonly string[];
  /** EC2 ids of those with one. */
  readonly busy: readonly string[];
  /** N: instances of the group that count. */
  readonly running: number;
  /** M: instances that the tasks need. */
  readonly needed: number;
}

/** Managed scaling and managed termination protection of the providers of Auto Scaling groups (D-4.5, D-4.28 to D-4.31). */
export class ManagedScaling {
  private readonly state: State;
  private readonly placer: Placer;
  private readonly points = new Map<string, Reservation[]>();
  private readonly lowCounts = new Map<string, number>();

  constructor(state: State, placer: Placer) {
    this.state = state;
    this.placer = placer;
  }

  /** The data points of a provider's metric, the newest last. */
  reservations(capacityProviderArn: string): readonly Reservation[] {
    return this.points.get(capacityProviderArn) ?? [];
  }

  /** Looks after a provider from now on, each minute until it is gone. */
  begin(now: number, capacityProviderArn: string): void {
    this.state.routinely(now, minuteMs, (then) => {
      const provider = this.state.providers.get(capacityProviderArn);
      if (provider?.status !== 'ACTIVE') {
        this.points.delete(capacityProviderArn);
        this.lowCounts.delete(capacityProviderArn);
        return;
      }
      this.begin(then, capacityProviderArn);
      this.look(then, provider);
    });
  }

  /** A group that ECS is to scale says so by a tag (D-4.15). */
  tag({ autoScalingGroupArn, managedScaling }: GroupProvider): void {
    if (managedScaling.status !== 'ENABLED') return;
    const resource = { ResourceId: groupNameOf(autoScalingGroupArn), ResourceType: 'auto-scaling-group' };
    this.state.ask('CreateOrUpdateTags', {
      Tags: [{ ...resource, Key: managedTag, Value: '', PropagateAtLaunch: true }],
    });
  }

  private look(now: number, provider: CapacityProvider): void {
    const view = this.view(now, provider);
    if (!view) {
      this.lowCounts.delete(provider.capacityProviderArn);
      return;
    }
    const value = reservation(view);
    this.note(provider, { at: now, value });
    const { targetCapacity } = view.behind.managedScaling;
    const before = this.lowCounts.get(provider.capacityProviderArn) ?? 0;
    // A need to scale out ends a scale-in (D-4.31).
    const lowCount = value < targetCapacity ? before + 1 : 0;
    this.lowCounts.set(provider.capacityProviderArn, lowCount);
    this.protect(view);
    if (value > targetCapacity) this.scaleOut(view);
    else if (lowCount >= lowPointsMin) this.scaleIn(view);
  }

  /** Undefined: nothing is to be managed: it is off, has no cluster, no group, or the group has lost its tag (D-4.15). */
  private view(now: number, provider: CapacityProvider): View | undefined {
    const { group: behind, name } = provider;
    const group = behind && this.state.group(behind.autoScalingGroupArn);
    if (!group || behind.managedScaling.status !== 'ENABLED' || !group.tagKeys.includes(managedTag)) return;
    const cluster = this.state.clusters
      .values()
      .find(({ status, capacityProviders = [] }) => status === 'ACTIVE' && capacityProviders.includes(name));
    if (!cluster) return;
    const registered = this.state.instancesOf(cluster.clusterArn);
    const byId = new Map(registered.map((each) => [each.ec2InstanceId, each]));
    const warmMs = behind.managedScaling.instanceWarmupPeriod * 1000;
    // Until it is registered, a new instance does not count before it is warm (D-4.30).
    const counted = group.inService.filter(
      ({ instanceId, launchedAt }) => byId.has(instanceId) || launchedAt + warmMs <= now,
    );
    const there = counted.flatMap(({ instanceId }) => byId.get(instanceId) ?? []);
    const ids = (isBusy: boolean) =>
      there.filter((each) => this.isBusy(each) === isBusy).map(({ ec2InstanceId }) => ec2InstanceId);
    const empty = ids(false);
    const waiting = this.placer.waitingTasks(cluster.clusterArn, name);
    const missing = instancesFor(
      waiting.map(({ reservation }) => reservation),
      sizeOf(group, registered, name),
    );
    const running = counted.length;
    const needed = missing > 0 ? running + missing : running - empty.length;
    return { provider, behind, group, empty, busy: ids(true), running, needed };
  }

  private isBusy({ containerInstanceArn }: ContainerInstanceRecord): boolean {
    return this.state
      .tasksOn(containerInstanceArn)
      .some(
        ({ serviceArn }) =>
          serviceArn === undefined || this.state.services.get(serviceArn)?.schedulingStrategy !== 'DAEMON',
      );
  }

  private note({ capacityProviderArn }: CapacityProvider, point: Reservation): void {
    this.points.set(
      capacityProviderArn,
      [...this.reservations(capacityProviderArn), point].slice(-pointsMax),
    );
  }

  /** Up to what the target asks for, between the smallest and the largest step (D-4.4, D-4.30). */
  private scaleOut({ behind, group, running, needed }: View): void {
    const { minimumScalingStepSize, maximumScalingStepSize } = behind.managedScaling;
    const atLeast = running === 0 ? Math.max(fromZeroMin, minimumScalingStepSize) : minimumScalingStepSize;
    const step = Math.max(sizeFor(behind, needed) - running, atLeast);
    const size = Math.min(running + Math.min(step, maximumScalingStepSize), group.maxSize);
    if (size > group.desiredCapacity) this.setDesiredCapacity(behind, size);
  }

  /** Only empty instances go, at most half of the group at a time (D-4.31). */
  private scaleIn({ behind, group, running, needed, empty }: View): void {
    const surplus = running - Math.max(sizeFor(behind, needed), group.minSize);
    const { minimumStepHoldsScaleIn } = this.state.switches;
    const least = minimumStepHoldsScaleIn ? behind.managedScaling.minimumScalingStepSize : 1;
    const count = Math.min(surplus, empty.length, Math.max(1, Math.floor(running / 2)));
    if (count < least) return;
    const size = group.desiredCapacity - count;
    if (count <= 0 || size < group.minSize) return;
    if (behind.managedTerminationProtection === 'ENABLED')
      this.setProtection(behind, empty.slice(0, count), false);
    this.setDesiredCapacity(behind, size);
  }

  /** Instances with tasks other than of daemons are protected, where the group protects new ones (D-4.5, D-4.7). */
  private protect({ behind, group, busy }: View): void {
    if (behind.managedTerminationProtection !== 'ENABLED' || !group.isProtectedFromScaleIn) return;
    const bare = group.inService
      .filter(({ isProtected }) => !isProtected)
      .map(({ instanceId }) => instanceId);
    this.setProtection(
      behind,
      bare.filter((id) => busy.includes(id)),
      true,
    );
  }

  private setProtection(
    { autoScalingGroupArn }: GroupProvider,
    InstanceIds: readonly string[],
    ProtectedFromScaleIn: boolean,
  ): void {
    if (InstanceIds.length === 0) return;
    const AutoScalingGroupName = groupNameOf(autoScalingGroupArn);
    this.state.ask('SetInstanceProtection', { AutoScalingGroupName, InstanceIds, ProtectedFromScaleIn });
  }

  private setDesiredCapacity({ autoScalingGroupArn }: GroupProvider, DesiredCapacity: number): void {
    const AutoScalingGroupName = groupNameOf(autoScalingGroupArn);
    this.state.ask('SetDesiredCapacity', { AutoScalingGroupName, DesiredCapacity });
  }
}

/** CapacityProviderReservation: M / N * 100; 100 with nothing at all, 200 with tasks and no instance (D-4.28). */
export function reservation({ running, needed }: Pick<View, 'running' | 'needed'>): number {
  if (running === 0) return needed > 0 ? 200 : 100;
  return (needed / running) * 100;
}

/** How many instances of one size tasks need, each into the first that has room; one larger than the size needs none (D-4.30). */
export function instancesFor(
  tasks: readonly Pick<Resources, 'cpu' | 'memoryMib'>[],
  size: Pick<Resources, 'cpu' | 'memoryMib'> | undefined,
): number {
  if (!size) return 0;
  const left: { cpu: number; memoryMib: number }[] = [];
  for (const { cpu, memoryMib } of tasks) {
    if (cpu > size.cpu || memoryMib > size.memoryMib) continue;
    let bin = left.find((each) => cpu <= each.cpu && memoryMib <= each.memoryMib);
    if (!bin) {
      bin = { cpu: size.cpu, memoryMib: size.memoryMib };
      left.push(bin);
    }
    bin.cpu -= cpu;
    bin.memoryMib -= memoryMib;
  }
  return left.length;
}

/** With how many instances the metric would be at its target. */
const sizeFor = ({ managedScaling }: GroupProvider, needed: number) =>
  Math.ceil((needed * 100) / managedScaling.targetCapacity);

/** What an instance has room for: as the launch template says, else as the provider's instances registered. */
function sizeOf(group: AutoScalingGroup, registered: readonly ContainerInstanceRecord[], name: string) {
  const known = registered.find(({ capacityProviderName }) => capacityProviderName === name);
  return group.instanceSize ?? known?.registeredResources;
}
