import { Agenda } from '../agenda.ts';
import type { Ids } from '../chance.ts';
import { Fault, type Outcome, type ServiceEvent } from '../machine.ts';
import { memoryMs, Table } from '../table.ts';
import { Arns, type Place } from './arn.ts';
import { containerInstanceEvent, type EcsSwitches, taskEvent } from './events.ts';
import { Families } from './families.ts';
import { Grouped } from './grouped.ts';
import { type AutoScalingGroup, type CapacityProvider, fargateProviders, groupNameOf } from './providers.ts';
import { type Quotas, usualQuotas } from './quotas.ts';
import type { Cluster, ContainerInstanceRecord, TargetGroup, TaskRecord } from './records.ts';
import { withTasks } from './resources.ts';
import type { Service } from './service-records.ts';
import { Settings } from './settings.ts';
import { TaskIndex } from './task-index.ts';
import { Tokens } from './tokens.ts';
import type { Watcher } from './watcher.ts';

/** Stopped tasks, INACTIVE container instances and clusters stay describable so long (D-5.18, D-2.5, D-4.20). */
export const forgottenAfterMs = 3_600_000;

/** What ECS is told of where it is and of what is around it. */
export type StateOptions = Place & {
  readonly ids: Ids;
  readonly switches: EcsSwitches;
  /** The Auto Scaling group of that name or ARN; undefined: there is none. */
  readonly group: (nameOrArn: string) => AutoScalingGroup | undefined;
  /** Records go when AWS would not describe them any more. */
  readonly forgets?: boolean;
  readonly quotas?: Partial<Quotas> | undefined;
};

/**
 * Everything ECS knows, what is due later, and what it has to say. The only writer of rows: a row, its version, the
 * counts and resources of the container instance under a task, and the event about it change together or not at all.
 */
export class State {
  readonly arns: Arns;
  readonly ids: Ids;
  readonly switches: EcsSwitches;
  readonly quotas: Quotas;
  readonly settings: Settings;
  readonly agenda = new Agenda<(now: number) => void>();
  readonly clusters = new Table<Cluster>();
  readonly instances = new Table<ContainerInstanceRecord>();
  readonly tasks = new Table<TaskRecord>();
  readonly services = new Table<Service>();
  readonly providers = new Table<CapacityProvider>();
  readonly families = new Families();
  readonly targetGroups = new Map<string, TargetGroup>();
  /** Zones of subnets, as far as they were told. */
  readonly subnetZones = new Map<string, string>();
  /** Roles of tasks that ECS cannot assume. */
  readonly unassumableRoles = new Set<string>();
  /** Newest row of everything there ever was, in order of creation; forgotten only where the account forgets. */
  readonly taskRecords = new Map<string, TaskRecord>();
  readonly instanceRecords = new Map<string, ContainerInstanceRecord>();
  readonly tokens = new Tokens();
  readonly taskIndex = new TaskIndex();
  /** The EC2 instances that ECS launched itself, by id, with the ARN of their provider (D-4.46). */
  readonly managedInstances = new Map<string, string>();
  watcher: Watcher | undefined;
  private readonly instancesByCluster = new Grouped();
  private readonly registrations = new Grouped();
  private readonly servicesByCluster = new Grouped();
  private readonly forgets: boolean;
  private outcomes: Outcome[] = [];
  private readonly findGroup: (nameOrArn: string) => AutoScalingGroup | undefined;

  constructor(options: StateOptions) {
    this.forgets = options.forgets ?? false;
    this.arns = new Arns(options);
    this.ids = options.ids;
    this.switches = options.switches;
    this.quotas = { ...usualQuotas, ...options.quotas };
    this.settings = new Settings(options.accountId);
    this.findGroup = options.group;
    for (const name of fargateProviders) {
      const capacityProviderArn = this.arns.capacityProvider(name);
      const provider = { capacityProviderArn, name, type: name, status: 'ACTIVE', tags: [] } as const;
      this.providers.set(0, capacityProviderArn, provider);
    }
  }

  /** The Auto Scaling group of that name or ARN, as Auto Scaling knows it. */
  group(nameOrArn: string): AutoScalingGroup | undefined {
    return this.findGroup(nameOrArn);
  }

  /** The capacity provider of that name or ARN. */
  provider(nameOrArn: string, at?: number): CapacityProvider | undefined {
    return this.providers.get(this.arns.capacityProvider(nameOrArn), at);
  }

  /** The capacity provider that a group backs; a group backs at most one (D-4.14). */
  providerOfGroup(groupNameOrArn: string): CapacityProvider | undefined {
    const name = groupNameOf(groupNameOrArn);
    const isOf = ({ group, status }: CapacityProvider) =>
      status === 'ACTIVE' && group && groupNameOf(group.autoScalingGroupArn) === name;
    return this.providers.values().find(isOf);
  }

  /** Says something to the account. */
  emit(event: ServiceEvent): void {
    this.outcomes.push({ kind: 'event', event });
  }

  /** Orders something of EC2, whose instance it is to be or is. */
  order(outcome: Outcome): void {
    this.outcomes.push(outcome);
  }

  /** Asks Auto Scaling for something, as ECS's service-linked role; nobody waits for the answer. */
  ask(operation: string, input: Readonly<Record<string, unknown>>): void {
    this.outcomes.push({ kind: 'ask-autoscaling', operation, input });
  }

  /** What was said since the last time somebody asked. */
  takeOutcomes(): Outcome[] {
    const { outcomes } = this;
    this.outcomes = [];
    return outcomes;
  }

  /** Does something later; the returned function takes it back. */
  after(now: number, milliseconds: number, act: (now: number) => void): () => void {
    return this.agenda.add(now + milliseconds, act);
  }

  /** Does later what repeats for ever or only tidies up; the returned function takes it back. */
  routinely(now: number, milliseconds: number, act: (now: number) => void): () => void {
    return this.agenda.addRoutine(now + milliseconds, act);
  }

  /** The cluster of that name or ARN, which is not INACTIVE. Throws ClusterNotFoundException (D-6.7). */
  cluster(nameOrArn: string, at?: number): Cluster {
    const cluster = this.clusters.get(this.arns.cluster(nameOrArn), at);
    if (cluster?.status === 'ACTIVE') return cluster;
    throw new Fault('ClusterNotFoundException', 'Cluster not found.');
  }

  instance(containerInstanceArn: string): ContainerInstanceRecord {
    return known(this.instances.get(containerInstanceArn), containerInstanceArn);
  }

  /** The container instance of a cluster that an id or ARN names; a short ARN does not say the cluster (D-9.2). */
  instanceIn(clusterArn: string, idOrArn: string, at?: number): ContainerInstanceRecord | undefined {
    const instance = this.instances.get(this.arns.containerInstance(clusterArn, idOrArn), at);
    return instance?.clusterArn === clusterArn ? instance : undefined;
  }

  /** The task of a cluster that an id or ARN names. */
  taskIn(clusterArn: string, idOrArn: string, at?: number): TaskRecord | undefined {
    const task = this.tasks.get(this.arns.task(clusterArn, idOrArn), at);
    return task?.clusterArn === clusterArn ? task : undefined;
  }

  task(taskArn: string): TaskRecord {
    return known(this.tasks.get(taskArn), taskArn);
  }

  /** Whether the task is on a DRAINING container instance. */
  isDraining({ containerInstanceArn }: TaskRecord, at?: number): boolean {
    const instance = containerInstanceArn && this.instances.get(containerInstanceArn, at);
    return instance ? instance.status === 'DRAINING' : false;
  }

  service(serviceArn: string): Service {
    return known(this.services.get(serviceArn), serviceArn);
  }

  /** How many container instances of a cluster are not INACTIVE. */
  readonly instanceCountOf = (clusterArn: string) => this.instancesByCluster.countOf(clusterArn);

  /** Container instances of a cluster that are not INACTIVE. */
  instancesOf(clusterArn: string): ContainerInstanceRecord[] {
    return [...this.instancesByCluster.of(clusterArn)].map((arn) => this.instance(arn));
  }

  /** Tasks on a container instance that are not STOPPED. */
  tasksOn(containerInstanceArn: string): TaskRecord[] {
    return [...this.taskIndex.on(containerInstanceArn)].map((arn) => this.task(arn));
  }

  /** Tasks of a service that are not STOPPED. */
  tasksOf(serviceArn: string): TaskRecord[] {
    return [...this.taskIndex.of(serviceArn)].map((arn) => this.task(arn));
  }

  /** Tasks of a service that are not STOPPED, as they were at that time. */
  tasksSeenOf(serviceArn: string, at: number): TaskRecord[] {
    return [...this.taskIndex.known({ serviceArn })]
      .flatMap((arn) => this.tasks.get(arn, at) ?? [])
      .filter(({ lastStatus }) => lastStatus !== 'STOPPED');
  }

  /** Services of a cluster that are not INACTIVE. */
  servicesOf(clusterArn: string): Service[] {
    return [...this.servicesByCluster.of(clusterArn)].map((arn) => this.service(arn));
  }

  /** The registrations of an EC2 instance that are not INACTIVE; the connected one first, then the newest (D-2.8). */
  registrationsOf(ec2InstanceId: string): ContainerInstanceRecord[] {
    const live = [...this.registrations.of(ec2InstanceId)].map((arn) => this.instance(arn)).reverse();
    return live.sort((a, b) => Number(b.agentConnected) - Number(a.agentConnected));
  }

  /** Writes a container instance; `event`: with an event, which moves its version (D-1.4, D-10.1). */
  putInstance(now: number, row: ContainerInstanceRecord, { event }: { event: boolean }): void {
    const version = event ? row.version + 1 : row.version;
    const instance: ContainerInstanceRecord = { ...row, version, updatedAt: event ? now : row.updatedAt };
    const before = this.instances.get(instance.containerInstanceArn);
    this.instances.set(now, instance.containerInstanceArn, instance);
    this.instanceRecords.set(instance.containerInstanceArn, instance);
    if (before?.status !== instance.status) this.indexInstance(now, instance);
    if (event) this.emit(containerInstanceEvent(instance, this.switches));
  }

  /** Writes a task with its event; the resources and counts of its instance follow (D-9.4, D-2.12). */
  putTask(now: number, row: TaskRecord, { instanceEvent }: { instanceEvent: boolean }): void {
    const task: TaskRecord = { ...row, version: row.version + 1, updatedAt: now };
    this.write(now, task);
    if (task.lastStatus === 'STOPPED') this.forgetLater(now, task);
    this.emit(taskEvent(task));
    if (task.containerInstanceArn !== undefined) this.count(now, task.containerInstanceArn, instanceEvent);
    this.watcher?.taskChanged(now, task);
    if (task.lastStatus === 'STOPPED') this.watcher?.capacityChanged(now, task.clusterArn);
  }

  /** Writes what has no event: health, and what only the simulator records. */
  noteTask(now: number, task: TaskRecord): void {
    if (this.tasks.get(task.taskArn)) this.write(now, task);
    else {
      this.taskRecords.set(task.taskArn, task);
      this.taskIndex.noteContainers(task);
    }
  }

  /** Writes a service. */
  putService(now: number, service: Service): void {
    this.services.set(now, service.serviceArn, service);
    if (service.status !== 'INACTIVE') {
      this.servicesByCluster.add(service.clusterArn, service.serviceArn);
      return;
    }
    this.servicesByCluster.delete(service.clusterArn, service.serviceArn);
    // A service of the same name may have taken its ARN meanwhile (D-9.46).
    this.routinely(now, forgottenAfterMs, (then) => {
      if (this.services.get(service.serviceArn) === service) this.services.delete(then, service.serviceArn);
    });
  }

  private write(now: number, task: TaskRecord): void {
    this.tasks.set(now, task.taskArn, task);
    this.taskRecords.set(task.taskArn, task);
    this.taskIndex.enter(task);
  }

  private forgetLater(now: number, task: TaskRecord): void {
    this.routinely(now, forgottenAfterMs, (then) => {
      this.tasks.delete(then, task.taskArn);
      if (this.forgets) this.taskRecords.delete(task.taskArn);
      // Reads that lag find it for a while.
      this.routinely(then, memoryMs, () => this.taskIndex.forget(task));
    });
  }

  private indexInstance(now: number, instance: ContainerInstanceRecord): void {
    const { clusterArn, ec2InstanceId, containerInstanceArn: arn } = instance;
    if (instance.status !== 'INACTIVE') {
      this.instancesByCluster.add(clusterArn, arn);
      this.registrations.add(ec2InstanceId, arn);
      return;
    }
    this.instancesByCluster.delete(clusterArn, arn);
    this.registrations.delete(ec2InstanceId, arn);
    this.managedInstances.delete(ec2InstanceId);
    this.routinely(now, forgottenAfterMs, (then) => {
      this.instances.delete(then, arn);
      if (this.forgets) this.instanceRecords.delete(arn);
    });
  }

  private count(now: number, containerInstanceArn: string, event: boolean): void {
    const [instance, tasks] = [this.instance(containerInstanceArn), this.tasksOn(containerInstanceArn)];
    this.putInstance(now, withTasks(instance, tasks, this.switches.resourcesReturnWhenStopDecided), {
      event,
    });
  }
}

function known<T>(row: T | undefined, arn: string): T {
  if (row !== undefined) return row;
  throw new Error(`ECS has no row for ${arn}`);
}
