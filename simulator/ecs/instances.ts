import { type Agents, isReachable } from './agents.ts';
import { invalid } from './input.ts';
import type { Attribute, ContainerInstanceRecord, Resources } from './records.ts';
import type { Scheduler } from './scheduler.ts';
import type { State } from './state.ts';
import type { Tasks } from './tasks.ts';

/** What an agent says of its instance when it registers. */
export interface Registration {
  readonly clusterName: string;
  readonly ec2InstanceId: string;
  readonly instanceType: string;
  readonly availabilityZone: string;
  /** CPU units, 1,024 are one vCPU. */
  readonly cpu: number;
  readonly memoryMib: number;
  /** The Auto Scaling group that launched it. */
  readonly autoScalingGroupName?: string | undefined;
}

/** The ports that the agent reserves: SSH, Docker and its own (D-9.4). */
const reservedPorts = [22, 2375, 2376, 51_678, 51_679];
/** When EC2 stops, ECS sees the agent go within a few minutes (D-2.6); so long is our choice. */
const agentLossMs = 60_000;
/** The first event, of the registration, has version 2 (D-1.9). */
const versionBeforeRegistration = 1;

/** The life of container instances: registration, agent connection, DRAINING, the end (D-10.1). */
export class Instances {
  private readonly state: State;
  private readonly agents: Agents;
  private readonly tasks: Tasks;
  private readonly scheduler: Scheduler;

  constructor(state: State, agents: Agents, tasks: Tasks, scheduler: Scheduler) {
    this.state = state;
    this.agents = agents;
    this.tasks = tasks;
    this.scheduler = scheduler;
  }

  /**
   * The agent registers its instance. One that is registered in that cluster keeps its identity (D-9.11); one of
   * another cluster stays there as a duplicate without agent (D-2.8). Throws ClusterNotFoundException.
   */
  register(now: number, registration: Registration): void {
    const { clusterName } = registration;
    // The default cluster comes into being with its first instance (D-9.21).
    if (clusterName === 'default') this.state.openCluster(now, clusterName);
    const { clusterArn } = this.state.cluster(clusterName);
    const before = this.state.registrationsOf(registration.ec2InstanceId);
    for (const other of before) if (other.clusterArn !== clusterArn) this.setConnected(now, other, false);
    const own = before.find((other) => other.clusterArn === clusterArn);
    if (own) this.reconnect(now, own);
    else this.change(now, this.registered(now, clusterArn, registration), { event: true });
  }

  /** The agent connects or disconnects (D-1.10g); on connecting it catches up (D-2.44). */
  connect(now: number, ec2InstanceId: string, connected: boolean): void {
    const [newest] = this.state
      .registrationsOf(ec2InstanceId)
      .sort((a, b) => b.registeredAt - a.registeredAt);
    if (newest) this.setConnected(now, newest, connected);
  }

  /**
   * The EC2 instance is being terminated: its containers are cut off now. ECS deregisters it when the agent was
   * connected, with an event for the connection, each task and the instance (D-1.6, D-2.5); otherwise it notices
   * nothing and keeps a ghost (D-2.7).
   */
  terminate(now: number, ec2InstanceId: string): void {
    this.tasks.cutOff(now, ec2InstanceId);
    for (const instance of this.state.registrationsOf(ec2InstanceId)) {
      const { containerInstanceArn: arn } = instance;
      const agentConnected = isReachable(instance);
      const ended = { ...instance, ec2TerminatedAt: now, agentConnected: false };
      this.state.putInstance(now, ended, { event: agentConnected });
      if (!agentConnected) continue;
      this.tasks.hostEnded(now, arn, 'terminated');
      this.become(now, arn, 'INACTIVE', { event: true });
    }
  }

  /**
   * The EC2 instance is being stopped: its containers end now. The registration keeps its status, and its agent shows as
   * connected for a while (D-2.6); what ECS knew to run there is STOPPED (D-1.10e, D-14.2).
   */
  stop(now: number, ec2InstanceId: string): void {
    this.tasks.cutOff(now, ec2InstanceId);
    for (const instance of this.state.registrationsOf(ec2InstanceId)) {
      const { containerInstanceArn: arn, agentConnected } = instance;
      this.state.putInstance(now, { ...instance, ec2StoppedAt: now }, { event: false });
      if (!agentConnected) continue;
      this.tasks.hostEnded(now, arn, 'stopped');
      this.state.after(now, agentLossMs, (then) => {
        const current = this.state.instances.get(arn);
        if (current?.ec2StoppedAt === now) this.setConnected(then, current, false);
      });
    }
  }

  /** DRAINING or ACTIVE through UpdateContainerInstancesState (D-2.4, D-2.32, D-11.1). */
  setState(now: number, containerInstanceArn: string, status: 'ACTIVE' | 'DRAINING'): void {
    const { eventOnStateChange } = this.state.switches;
    if (this.state.instance(containerInstanceArn).status === status) return;
    this.become(now, containerInstanceArn, status, { event: eventOnStateChange });
  }

  /** DeregisterContainerInstance (D-1.10d, D-9.13, D-9.16, D-9.19). Throws when there are tasks and no `force`. */
  deregister(now: number, containerInstanceArn: string, force: boolean): void {
    const hasTasks = this.state.tasksOn(containerInstanceArn).length > 0;
    if (hasTasks && !force) throw invalid('Found running tasks on the instance.');
    this.tasks.orphan(now, containerInstanceArn);
    this.become(now, containerInstanceArn, 'INACTIVE', { event: true });
  }

  private registered(now: number, clusterArn: string, registration: Registration): ContainerInstanceRecord {
    const resources = resourcesOf(registration);
    return {
      containerInstanceArn: this.state.arns.containerInstance(clusterArn, this.state.ids.hex(32)),
      clusterArn,
      ec2InstanceId: registration.ec2InstanceId,
      availabilityZone: registration.availabilityZone,
      capacityProviderName: this.providerOf(registration),
      status: 'ACTIVE',
      agentConnected: true,
      version: versionBeforeRegistration,
      registeredResources: resources,
      remainingResources: resources,
      runningTasksCount: 0,
      pendingTasksCount: 0,
      taskGroups: [],
      agentAttributes: attributesOf(registration),
      customAttributes: [],
      registeredAt: now,
      updatedAt: now,
    };
  }

  /** The agent of a known instance is there again; what ended while nobody could hear of it is told now (D-2.6). */
  private reconnect(now: number, before: ContainerInstanceRecord): void {
    const { containerInstanceArn: arn, ec2StoppedAt } = before;
    if (ec2StoppedAt !== undefined) {
      this.setConnected(now, before, false);
      this.state.putInstance(now, { ...this.state.instance(arn), ec2StoppedAt: undefined }, { event: false });
    }
    this.setConnected(now, this.state.instance(arn), true);
    for (const { taskArn, cutOff } of this.state.tasksOn(arn)) if (cutOff) this.tasks.reportEnd(now, taskArn);
  }

  /** Only a provider that is there already counts: later ones do not find the instance (D-4.12). */
  private providerOf({ autoScalingGroupName }: Registration): string | undefined {
    return autoScalingGroupName && this.state.providerOfGroup(autoScalingGroupName)?.name;
  }

  private setConnected(now: number, instance: ContainerInstanceRecord, connected: boolean): void {
    if (instance.agentConnected === connected || instance.ec2TerminatedAt !== undefined) return;
    this.state.putInstance(now, { ...instance, agentConnected: connected }, { event: true });
    if (!connected) return;
    this.agents.catchUp(now, instance.containerInstanceArn);
    this.scheduler.capacityChanged(now, instance.clusterArn);
  }

  private become(
    now: number,
    containerInstanceArn: string,
    status: ContainerInstanceRecord['status'],
    options: { event: boolean },
  ): void {
    const instance = this.state.instance(containerInstanceArn);
    const isGone = status === 'INACTIVE';
    const changed: ContainerInstanceRecord = {
      ...instance,
      status,
      agentConnected: instance.agentConnected && !isGone,
      drainingAt: status === 'DRAINING' ? now : status === 'ACTIVE' ? undefined : instance.drainingAt,
      inactiveAt: isGone ? now : undefined,
    };
    this.change(now, changed, options);
  }

  private change(now: number, instance: ContainerInstanceRecord, options: { event: boolean }): void {
    this.state.putInstance(now, instance, options);
    this.scheduler.instanceChanged(now, instance);
  }
}

const resourcesOf = ({ cpu, memoryMib }: Registration): Resources => ({
  cpu,
  memoryMib,
  ports: reservedPorts,
  udpPorts: [],
});

const attributesOf = ({ availabilityZone, instanceType }: Registration): Attribute[] => [
  { name: 'ecs.capability.secrets.asm.environment-variables' },
  { name: 'ecs.capability.task-eni' },
  { name: 'ecs.availability-zone', value: availabilityZone },
  { name: 'ecs.instance-type', value: instanceType },
  { name: 'ecs.ami-id', value: 'ami-0fedcba9876543210' },
  { name: 'ecs.os-type', value: 'linux' },
  { name: 'ecs.cpu-architecture', value: 'x86_64' },
  { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.44' },
];
