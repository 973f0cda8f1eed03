import type { Instances } from './instances.ts';
import type { Placer } from './placer.ts';
import type { CapacityProvider, InstanceType, ManagedProvider } from './providers.ts';
import type { ContainerInstanceRecord } from './records.ts';
import { forgottenAfterMs, type State } from './state.ts';

/** From the creation of a provider to its being ACTIVE; others saw 15 to 20 seconds (D-14.52). */
const provisioningMs = 15_000;
/** From a task that waits to the launch of an instance for it (our choice). */
const launchMs = 1_000;
/** So long an instance may take to register (our choice). */
const bootMaxMs = 600_000;
/** Between two looks at what is idle, old, or waited for (our choice). */
const lookMs = 60_000;
/** How long an instance may be idle where nobody said: AWS calls it a heuristic (D-14.55; our choice). */
const usualIdleSeconds = 300;
const dayMs = 86_400_000;
/** An instance is drained at this age, and ends at the latest so long after that, whatever runs (D-4.46, D-14.55). */
const ageMaxMs = 14 * dayMs;
const drainingMaxMs = 7 * dayMs;
const millicores = 1024;

/** An instance that was launched and has not registered. */
interface Booting {
  readonly capacityProviderArn: string;
  readonly type: InstanceType;
  readonly availabilityZone: string;
}

/** The room that tasks leave of an instance that is not there yet. */
interface Bin {
  cpu: number;
  memoryMib: number;
}

/**
 * The instances of providers of Managed Instances, which no Auto Scaling group has: ECS launches them for tasks that
 * wait, ends them when they are idle, and replaces them by draining when they are old (D-4.46, D-14.55).
 */
export class ManagedInstances {
  private readonly state: State;
  private readonly instances: Instances;
  private readonly placer: Placer;
  private readonly types: readonly InstanceType[];
  /** By EC2 instance id. */
  private readonly booting = new Map<string, Booting>();
  /** Since when an instance is idle, by its ARN. */
  private readonly idleSince = new Map<string, number>();
  private readonly due = new Set<string>();

  /** `types`: what EC2 has; the cheapest, which is the smallest, is taken that a task fits on. */
  constructor(state: State, instances: Instances, placer: Placer, types: readonly InstanceType[]) {
    this.state = state;
    this.instances = instances;
    this.placer = placer;
    this.types = types.toSorted((a, b) => a.cpu - b.cpu || a.memoryMib - b.memoryMib);
    placer.onWait = (now, name) => this.wanted(now, name);
  }

  /** A new provider: PROVISIONING for a while, then ACTIVE and one of its cluster's (D-14.52). */
  begin(now: number, provider: CapacityProvider, managed: ManagedProvider): void {
    const { capacityProviderArn: arn, name } = provider;
    this.state.after(now, provisioningMs, (then) => {
      const current = this.state.providers.get(arn);
      const cluster = this.state.clusters.get(managed.clusterArn);
      if (current?.status !== 'PROVISIONING' || !cluster) return;
      this.put(then, { ...current, status: 'ACTIVE', updateStatus: 'CREATE_COMPLETE' });
      const capacityProviders = [...(cluster.capacityProviders ?? []), name];
      this.state.clusters.set(then, cluster.clusterArn, { ...cluster, capacityProviders });
      this.lookAfter(then, arn);
    });
  }

  /** A provider that is to be deleted: its instances drain and end, then it is INACTIVE (D-14.55). */
  end(now: number, provider: CapacityProvider): void {
    this.put(now, { ...provider, status: 'DEPROVISIONING', updateStatus: 'DELETE_IN_PROGRESS' });
    for (const { containerInstanceArn, status } of this.instancesOf(provider))
      if (status === 'ACTIVE') this.instances.setState(now, containerInstanceArn, 'DRAINING');
    this.state.after(now, launchMs, (then) => this.look(then, provider.capacityProviderArn));
  }

  /** Ends an EC2 instance: somebody has deregistered it, or ECS needs it no more (D-4.46, D-14.55). */
  terminate({ ec2InstanceId, containerInstanceArn }: ContainerInstanceRecord): void {
    this.idleSince.delete(containerInstanceArn);
    this.state.order({ kind: 'terminate-instance', instanceId: ec2InstanceId });
  }

  private wanted(now: number, name: string): void {
    const provider = this.state.provider(name);
    if (!provider?.managed || this.due.has(provider.capacityProviderArn)) return;
    const { capacityProviderArn: arn } = provider;
    this.due.add(arn);
    this.state.after(now, launchMs, (then) => {
      this.due.delete(arn);
      this.launchMissing(then, arn);
    });
  }

  private lookAfter(now: number, arn: string): void {
    this.state.routinely(now, lookMs, (then) => {
      const status = this.state.providers.get(arn)?.status;
      if (status !== 'ACTIVE' && status !== 'DEPROVISIONING') return;
      this.lookAfter(then, arn);
      this.look(then, arn);
    });
  }

  private look(now: number, arn: string): void {
    const provider = this.state.providers.get(arn);
    if (!provider?.managed) return;
    for (const instance of this.instancesOf(provider)) this.review(now, provider, provider.managed, instance);
    if (provider.status === 'ACTIVE') this.launchMissing(now, arn);
    else if (this.instancesOf(provider).length === 0) this.remove(now, provider, provider.managed);
  }

  /** Old instances drain; what is empty, or has drained for too long, ends (D-14.55). */
  private review(
    now: number,
    { status: providerStatus }: CapacityProvider,
    { scaleInAfterSeconds = usualIdleSeconds }: ManagedProvider,
    instance: ContainerInstanceRecord,
  ): void {
    const { containerInstanceArn: arn, status, registeredAt, drainingAt } = instance;
    if (status === 'ACTIVE' && now >= registeredAt + ageMaxMs) this.instances.setState(now, arn, 'DRAINING');
    const isIdle = this.state.tasksOn(arn).length === 0;
    const isOver = drainingAt !== undefined && now >= drainingAt + drainingMaxMs;
    if (isOver || (isIdle && (status === 'DRAINING' || providerStatus === 'DEPROVISIONING'))) {
      this.terminate(instance);
      return;
    }
    if (!isIdle) this.idleSince.delete(arn);
    else if (!this.idleSince.has(arn)) this.idleSince.set(arn, now);
    const since = this.idleSince.get(arn) ?? now;
    const isKept = scaleInAfterSeconds === -1;
    if (isIdle && !isKept && now >= since + scaleInAfterSeconds * 1000) this.terminate(instance);
  }

  /** Launches as many instances as the waiting tasks need beside those that boot already. */
  private launchMissing(now: number, arn: string): void {
    const provider = this.state.providers.get(arn);
    if (provider?.status !== 'ACTIVE' || !provider.managed) return;
    for (const id of this.booting.keys())
      if (this.state.registrationsOf(id).length > 0) this.booting.delete(id);
    const { managed, name } = provider;
    const possible = this.types.filter((type) => isPossible(managed, type));
    const own = [...this.booting.values()].filter(({ capacityProviderArn }) => capacityProviderArn === arn);
    const bins: Bin[] = own.map(({ type }) => ({ ...type }));
    for (const { reservation } of this.placer.waitingTasks(managed.clusterArn, name)) {
      const fits = ({ cpu, memoryMib }: Bin) => cpu >= reservation.cpu && memoryMib >= reservation.memoryMib;
      let bin = bins.find(fits);
      const type = possible.find(fits);
      // What fits on no type waits for ever (D-4.30).
      if (!bin && !type) continue;
      if (!bin && type) {
        this.launch(now, provider, managed, type);
        bin = { ...type };
        bins.push(bin);
      }
      if (!bin) continue;
      bin.cpu -= reservation.cpu;
      bin.memoryMib -= reservation.memoryMib;
    }
  }

  private launch(
    now: number,
    { capacityProviderArn, name }: CapacityProvider,
    { clusterArn, isSpot, subnets }: ManagedProvider,
    type: InstanceType,
  ): void {
    const instanceId = `i-${this.state.ids.hex(17)}`;
    const availabilityZone = this.emptiestZone(capacityProviderArn, subnets);
    this.booting.set(instanceId, { capacityProviderArn, type, availabilityZone });
    this.state.managedInstances.set(instanceId, capacityProviderArn);
    const clusterName = clusterArn.split('/').at(-1) ?? '';
    this.state.order({
      kind: 'launch-managed-instance',
      instanceId,
      capacityProvider: name,
      clusterName,
      instanceType: type.name,
      availabilityZone,
      isSpot,
    });
    // What never registers is given up, and another one is launched instead.
    this.state.routinely(now, bootMaxMs, () => this.booting.delete(instanceId));
  }

  /** Of the zones of the subnets the one with the fewest instances; a subnet that nobody told of is in the first zone. */
  private emptiestZone(capacityProviderArn: string, subnets: readonly string[]): string {
    const { subnetZones, arns } = this.state;
    const zones = [...new Set(subnets.map((subnet) => subnetZones.get(subnet) ?? `${arns.region}a`))];
    const there = [
      ...[...this.booting.values()].filter((each) => each.capacityProviderArn === capacityProviderArn),
      ...this.state.instances
        .values()
        .filter(
          ({ ec2InstanceId }) => this.state.managedInstances.get(ec2InstanceId) === capacityProviderArn,
        ),
    ];
    const load = (zone: string) => there.filter(({ availabilityZone }) => availabilityZone === zone).length;
    return zones.reduce((best, zone) => (load(zone) < load(best) ? zone : best));
  }

  private instancesOf({ name, managed }: CapacityProvider): ContainerInstanceRecord[] {
    return this.state
      .instancesOf(managed?.clusterArn ?? '')
      .filter(({ capacityProviderName }) => capacityProviderName === name);
  }

  private remove(now: number, provider: CapacityProvider, { clusterArn }: ManagedProvider): void {
    const { capacityProviderArn: arn, name } = provider;
    this.put(now, { ...provider, status: 'INACTIVE', updateStatus: 'DELETE_COMPLETE' });
    const cluster = this.state.clusters.get(clusterArn);
    const capacityProviders = cluster?.capacityProviders?.filter((each) => each !== name) ?? [];
    if (cluster) this.state.clusters.set(now, clusterArn, { ...cluster, capacityProviders });
    this.state.routinely(now, forgottenAfterMs, (then) => {
      if (this.state.providers.get(arn)?.status === 'INACTIVE') this.state.providers.delete(then, arn);
    });
  }

  private put(now: number, provider: CapacityProvider): void {
    this.state.providers.set(now, provider.capacityProviderArn, provider);
  }
}

/** Whether a provider may launch instances of a type. */
function isPossible({ requirements }: ManagedProvider, { name, cpu, memoryMib }: InstanceType): boolean {
  if (!requirements) return true;
  const { vCpuCount, memoryMib: memory, only } = requirements;
  const vCpus = cpu / millicores;
  const isIn = ({ min, max }: { min: number; max: number }, value: number) => value >= min && value <= max;
  return isIn(vCpuCount, vCpus) && isIn(memory, memoryMib) && (only.length === 0 || only.includes(name));
}
