import type { Ids } from '../chance.ts';
import { type Call, Fault, type Need, type Outcome, type Service, type ServiceEvent } from '../machine.ts';
import { Agents } from './agents.ts';
import { Connections } from './connections.ts';
import { type EcsSwitches, usualSwitches } from './events.ts';
import { Instances, type Registration } from './instances.ts';
import { ManagedDraining } from './managed-draining.ts';
import { ManagedInstances } from './managed-instances.ts';
import { ManagedScaling, type Reservation } from './managed-scaling.ts';
import { Mishaps } from './mishaps.ts';
import { needsOf } from './needs.ts';
import { agentOperations } from './operations/agents.ts';
import { attributeOperations } from './operations/attributes.ts';
import { clusterProviderOperations } from './operations/cluster-providers.ts';
import { clusterOperations } from './operations/clusters.ts';
import { definitionOperations } from './operations/definitions.ts';
import { instanceOperations } from './operations/instances.ts';
import type { Operation, Rooms } from './operations/operation.ts';
import { protectionOperations } from './operations/protection.ts';
import { providerOperations } from './operations/providers.ts';
import { reportOperations } from './operations/reports.ts';
import { runTaskOperations } from './operations/run-tasks.ts';
import { serviceOperations } from './operations/services.ts';
import { settingOperations } from './operations/settings.ts';
import { tagOperations } from './operations/tags.ts';
import { taskSetOperations } from './operations/task-sets.ts';
import { taskOperations } from './operations/tasks.ts';
import type { PartialFaults } from './partial-failures.ts';
import { Placer } from './placer.ts';
import type { AutoScalingGroup, FargateProvider, InstanceType } from './providers.ts';
import type { Quotas } from './quotas.ts';
import type { ContainerInstanceRecord, TargetGroup, TaskRecord } from './records.ts';
import { Scheduler } from './scheduler.ts';
import { State } from './state.ts';
import { Tasks } from './tasks.ts';
import { Updates } from './update.ts';

export type { EcsSwitches } from './events.ts';
export type { Registration } from './instances.ts';
export type { Quotas } from './quotas.ts';
export type { ContainerInstanceRecord, TargetGroup, TaskRecord } from './records.ts';

const operations: ReadonlyMap<string, Operation> = new Map(
  Object.entries({
    ...agentOperations,
    ...attributeOperations,
    ...clusterOperations,
    ...definitionOperations,
    ...instanceOperations,
    ...serviceOperations,
    ...settingOperations,
    ...tagOperations,
    ...taskOperations,
    ...runTaskOperations,
    ...taskSetOperations,
    ...clusterProviderOperations,
    ...providerOperations,
    ...protectionOperations,
    ...reportOperations,
  }),
);

/** Amazon ECS on EC2 in one account and Region: clusters, container instances, tasks, services and their scheduler. */
export class Ecs implements Service {
  readonly operationNames: readonly string[] = [...operations.keys()];
  /** What calls name and do not get, settable at run time. */
  readonly partialFaults: PartialFaults = { failureProbability: 0 };
  private readonly rooms: Rooms;

  constructor(options: {
    region: string;
    accountId: string;
    ids: Ids;
    switches?: Partial<EcsSwitches>;
    /** Records go when AWS would not describe them any more. */
    forgets?: boolean;
    /** The Auto Scaling group of that name or ARN; undefined: there is none. */
    group: (nameOrArn: string) => AutoScalingGroup | undefined;
    quotas?: Partial<Quotas> | undefined;
    /** What EC2 has for Managed Instances; usually nothing. */
    instanceTypes?: readonly InstanceType[];
  }) {
    const state = new State({ ...options, switches: { ...usualSwitches, ...options.switches } });
    const agents = new Agents(state);
    const tasks = new Tasks(state, agents);
    const placer = new Placer(state, tasks);
    const scheduler = new Scheduler(state, tasks, placer);
    state.watcher = scheduler;
    const instances = new Instances(state, agents, tasks, scheduler);
    const mishaps = new Mishaps(state, tasks);
    const connections = new Connections(state, instances);
    const updates = new Updates(state, agents, instances);
    const scaling = new ManagedScaling(state, placer);
    const draining = new ManagedDraining(state, instances);
    const rooms = { state, tasks, scheduler, placer, instances, connections, mishaps, updates };
    const managed = new ManagedInstances(state, instances, placer, options.instanceTypes ?? []);
    this.rooms = { ...rooms, scaling, draining, managed, partialFaults: this.partialFaults };
  }

  get nextAt(): number | undefined {
    return this.rooms.state.agenda.nextAt;
  }

  get busyAt(): number | undefined {
    return this.rooms.state.agenda.busyAt;
  }

  advance(now: number): Outcome[] {
    const { state } = this.rooms;
    for (let due = state.agenda.take(now); due; due = state.agenda.take(now)) due.value(due.time);
    return state.takeOutcomes();
  }

  apply(now: number, call: Call): { reply: Record<string, unknown>; outcomes: Outcome[] } {
    const { operation, input, caller, viewAt } = call;
    this.checkTime(now);
    const reply = named(operation).answer({ ...this.rooms, operation, now, input, caller, viewAt });
    return { reply, outcomes: this.rooms.state.takeOutcomes() };
  }

  tableRead(operation: string): string | undefined {
    return operations.get(operation)?.reads;
  }

  needs(call: Call): Need[] {
    return needsOf(this.rooms.state, call);
  }

  /** The agent on an instance comes up and registers it: ACTIVE, with its first event (D-1.9, D-1.10f). */
  agentRegisters(now: number, registration: Registration): Outcome[] {
    return this.when(now, ({ instances }) => instances.register(now, registration));
  }

  /** The agent of an instance loses its connection, or has it again and catches up (D-1.10g, D-2.44). */
  agentConnection(now: number, ec2InstanceId: string, connected: boolean): Outcome[] {
    return this.when(now, ({ connections }) => connections.connect(now, ec2InstanceId, connected));
  }

  /** The agent of an instance reconnects after so many milliseconds, as it does in normal operation (D-1.10g). */
  agentReconnects(now: number, ec2InstanceId: string, milliseconds: number): Outcome[] {
    return this.when(now, ({ connections }) => connections.reconnect(now, ec2InstanceId, milliseconds));
  }

  /** The agent of an instance has lost its state and registers a second time (D-2.8). */
  agentForgets(now: number, registration: Registration): Outcome[] {
    return this.when(now, ({ connections }) => connections.forget(now, registration));
  }

  /** The agent of an instance, which drains it by itself, sees that Spot takes it back (D-7.2). */
  agentNoticesSpot(now: number, ec2InstanceId: string): Outcome[] {
    return this.when(now, ({ connections }) => connections.noticeSpot(now, ec2InstanceId));
  }

  /** The container runtime of an instance is impaired, or well again (D-9.9). */
  setRuntime(now: number, ec2InstanceId: string, status: 'OK' | 'IMPAIRED'): Outcome[] {
    return this.when(now, ({ connections }) => connections.setRuntime(now, ec2InstanceId, status));
  }

  /** EC2 terminates an instance: containers end now; ECS notices when the agent was connected (D-2.5, D-2.7). */
  ec2Terminated(now: number, ec2InstanceId: string): Outcome[] {
    return this.when(now, ({ instances }) => instances.terminate(now, ec2InstanceId));
  }

  /** EC2 stops an instance: containers end now, the registration stays (D-2.6). */
  ec2Stopped(now: number, ec2InstanceId: string): Outcome[] {
    return this.when(now, ({ instances }) => instances.stop(now, ec2InstanceId));
  }

  /** An essential container of a task exits by itself. Throws Fault when none can. */
  taskExits(now: number, taskArn: string, exitCode: number): Outcome[] {
    return this.when(now, ({ mishaps }) => mishaps.exit(now, taskArn, exitCode));
  }

  /** A task fails its health check from now on. Throws Fault when it has none. */
  taskFailsCheck(now: number, taskArn: string): Outcome[] {
    return this.when(now, ({ mishaps }) => mishaps.failCheck(now, taskArn));
  }

  /** Fargate Spot takes a task back. Throws Fault for any other task (D-7.7). */
  taskInterrupted(now: number, taskArn: string): Outcome[] {
    return this.when(now, ({ mishaps }) => mishaps.interrupt(now, taskArn));
  }

  /** Fargate has capacity for whatever is asked of a provider, or has none from now on; what runs goes on (D-10.17). */
  setFargate(now: number, provider: FargateProvider, isAvailable: boolean): Outcome[] {
    return this.when(now, ({ placer, scheduler, state }) => {
      placer.setFargate(provider, isAvailable);
      if (isAvailable)
        for (const { clusterArn } of state.clusters.values()) scheduler.capacityChanged(now, clusterArn);
    });
  }

  /** What holds back the starts of services: limits of ECS, and roles that it cannot assume (D-1.17k, D-1.17n). */
  get startFaults(): { readonly schedulerThrottled: boolean; readonly unassumableRoles: readonly string[] } {
    const { scheduler, state } = this.rooms;
    return { schedulerThrottled: scheduler.isThrottled, unassumableRoles: [...state.unassumableRoles] };
  }

  /** Sets what of them is given; what is not any more, services try again. */
  setStartFaults(now: number, faults: Partial<Ecs['startFaults']>): Outcome[] {
    return this.when(now, ({ scheduler, state }) => {
      const { schedulerThrottled, unassumableRoles } = faults;
      if (schedulerThrottled !== undefined) scheduler.throttle(now, schedulerThrottled);
      if (unassumableRoles === undefined) return;
      state.unassumableRoles.clear();
      for (const roleArn of unassumableRoles) state.unassumableRoles.add(roleArn);
      for (const { serviceArn, status } of state.services.values())
        if (status !== 'INACTIVE') scheduler.touch(now, serviceArn);
    });
  }

  /** What EventBridge brings to ECS by rules of its own: managed draining (D-4.22). */
  hears(now: number, event: ServiceEvent): Outcome[] {
    if (event.source !== 'aws.autoscaling' && event.source !== 'aws.ec2') return [];
    return this.when(now, ({ draining }) => draining.hears(now, event));
  }

  /** The data points of CapacityProviderReservation of a provider, the newest last (D-4.29). */
  reservations(capacityProvider: string): readonly Reservation[] {
    const { state, scaling } = this.rooms;
    return scaling.reservations(state.arns.capacityProvider(capacityProvider));
  }

  /** Creates or replaces a target group, which services may name as a load balancer. */
  putTargetGroup(group: TargetGroup): void {
    this.rooms.state.targetGroups.set(group.targetGroupArn, group);
  }

  /** Tells the zone of a subnet; one that nobody told of is in every zone (D-9.60). */
  putSubnet({ subnetId, availabilityZone }: { subnetId: string; availabilityZone: string }): void {
    this.rooms.state.subnetZones.set(subnetId, availabilityZone);
  }

  /** Every task there ever was, as it is now, in order of creation. */
  taskRecords(): readonly TaskRecord[] {
    return [...this.rooms.state.taskRecords.values()];
  }

  /** Every container instance there ever was, as it is now, in order of registration. */
  containerInstanceRecords(): readonly ContainerInstanceRecord[] {
    return [...this.rooms.state.instanceRecords.values()];
  }

  private when(now: number, act: (rooms: Rooms) => void): Outcome[] {
    this.checkTime(now);
    act(this.rooms);
    return this.rooms.state.takeOutcomes();
  }

  /** Nothing may happen before what was due earlier. */
  private checkTime(now: number): void {
    const { nextAt } = this;
    if (nextAt !== undefined && nextAt < now)
      throw new Error(`advance to ${now} first: something is due at ${nextAt}`);
  }
}

function named(operation: string) {
  const found = operations.get(operation);
  if (found) return found;
  throw new Fault('UnknownOperationException', `The simulated ECS does not know ${operation}.`);
}
