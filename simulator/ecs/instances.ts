import { Fault } from '../machine.ts';
import { type Agents, isReachable, newestOf } from './agents.ts';
import { attributesOf, isExternalId } from './attributes.ts';
import { openCluster } from './clusters.ts';
import { invalid } from './input.ts';
import { newInstance } from './new-instance.ts';
import type { Attribute, ContainerInstanceRecord, Fate, OtherResource, Tag, VersionInfo } from './records.ts';
import type { Scheduler } from './scheduler.ts';
import type { State } from './state.ts';
import type { Tasks } from './tasks.ts';
import { trunkMs, withTrunk } from './trunk.ts';

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
  /** Host ports that the agent reserves; usually SSH, Docker and its own (D-9.4). */
  readonly ports?: readonly number[];
  readonly udpPorts?: readonly number[];
  readonly otherResources?: readonly OtherResource[];
  /** The role of the instance, whose account settings count (D-9.56); usually the root user. */
  readonly principalArn?: string;
  /** The agent of the image, with which an instance begins; usually the newest. */
  readonly image?: VersionInfo;
  /** What the agent says that it is; usually the image's at first, and afterwards what it was. */
  readonly versionInfo?: VersionInfo;
  /** What the instance can do; usually what an instance of Amazon Linux can. */
  readonly attributes?: readonly Attribute[];
  readonly tags?: readonly Tag[];
  readonly fate?: Fate;
}

/** When EC2 stops, ECS sees the agent go within a few minutes (D-2.6); so long is our choice. */
const agentLossMs = 60_000;

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
   * another cluster stays there as a duplicate without agent (D-2.8). Where the cluster is full, nothing is registered
   * (D-14.60). Throws ClusterNotFoundException.
   */
  register(now: number, registration: Registration): void {
    const { clusterArn } = this.clusterFor(now, registration);
    const registrations = this.state.registrationsOf(registration.ec2InstanceId);
    const own = registrations.filter((other) => other.clusterArn === clusterArn && isThere(other));
    const before = newestOf(own);
    // An agent that is refused does not try again.
    if (before || !this.isFull(clusterArn)) this.enrol(now, registration, before);
  }

  /**
   * Registers an instance anew, or again as what it was before (D-9.11). Other registrations of the same EC2 instance
   * stay as duplicates without agent (D-2.8). Gives the ARN.
   */
  enrol(now: number, registration: Registration, before?: ContainerInstanceRecord): string {
    const { clusterArn } = this.clusterFor(now, registration);
    this.checkElsewhere(clusterArn, registration);
    for (const other of this.state.registrationsOf(registration.ec2InstanceId))
      if (other.containerInstanceArn !== before?.containerInstanceArn) this.setConnected(now, other, false);
    if (before) {
      this.refresh(now, registration, before);
      return before.containerInstanceArn;
    }
    if (this.isFull(clusterArn))
      throw new Fault(
        'ClientException',
        'The maximum number of container instances per cluster has been exceeded.',
      );
    const instance = newInstance(this.state, now, clusterArn, registration);
    const { containerInstanceArn } = instance;
    this.change(now, instance, { event: true });
    if (instance.status === 'REGISTERING')
      this.state.after(now, trunkMs, (then) => this.trunkDone(then, containerInstanceArn));
    return containerInstanceArn;
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
      const isSeen = isReachable(instance);
      const ended = { ...instance, ec2TerminatedAt: now, ...(isSeen && connection(now, instance, false)) };
      this.state.putInstance(now, ended, { event: isSeen });
      if (!isSeen) continue;
      this.tasks.hostEnded(now, arn, 'terminated');
      this.leave(now, arn);
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
    this.leave(now, containerInstanceArn);
  }

  /** The trunk interface changes; an instance whose interface is there is ACTIVE (D-2.2, D-9.12). */
  attachment(now: number, containerInstanceArn: string, status: string): void {
    const instance = this.state.instance(containerInstanceArn);
    const attachments = instance.attachments.map((each) => ({ ...each, status }));
    const isReady = instance.status === 'REGISTERING' && status === 'ATTACHED';
    const agentAttributes = withTrunk(instance.agentAttributes, attachments);
    const after = isReady ? ('ACTIVE' as const) : instance.status;
    const changed = { ...instance, attachments, agentAttributes, status: after };
    if (isReady) this.change(now, changed, { event: true });
    else this.state.putInstance(now, changed, { event: false });
  }

  /** Writes the connection of an agent, with an event where it changes. */
  setConnected(now: number, instance: ContainerInstanceRecord, connected: boolean): void {
    if (instance.agentConnected === connected || !isThere(instance)) return;
    if (connected && instance.ec2TerminatedAt !== undefined) return;
    this.state.putInstance(now, { ...instance, ...connection(now, instance, connected) }, { event: true });
    if (!connected) return;
    this.agents.catchUp(now, instance.containerInstanceArn);
    this.scheduler.capacityChanged(now, instance.clusterArn);
  }

  /** A cluster takes no more container instances (D-14.60). */
  private isFull(clusterArn: string): boolean {
    return this.state.instanceCountOf(clusterArn) >= this.state.quotas.instancesPerCluster;
  }

  /** An external machine is in one cluster at a time (D-14.50). */
  private checkElsewhere(clusterArn: string, { ec2InstanceId }: Registration): void {
    if (!isExternalId(ec2InstanceId)) return;
    const other = this.state.registrationsOf(ec2InstanceId).find((each) => each.clusterArn !== clusterArn);
    if (other) throw invalid(`The external instance ${ec2InstanceId} is registered in another cluster.`);
  }

  /** The default cluster comes into being with its first instance (D-9.21). */
  private clusterFor(now: number, registration: Registration) {
    const { clusterName, principalArn = this.state.settings.rootArn } = registration;
    if (clusterName === 'default') openCluster(this.state, now, clusterName, principalArn);
    return this.state.cluster(clusterName);
  }

  /** An instance that registers again keeps its identity and its custom attributes; a new agent has an event (D-1.10h). */
  private refresh(now: number, registration: Registration, before: ContainerInstanceRecord): void {
    const { versionInfo = before.versionInfo } = registration;
    const isUpgraded = versionInfo.agentVersion !== before.versionInfo.agentVersion;
    const agentAttributes = withTrunk(attributesOf(registration), before.attachments);
    const refreshed = { ...before, versionInfo, agentAttributes, isCutOff: false };
    const event = isUpgraded && before.agentConnected;
    this.state.putInstance(now, refreshed, { event });
    this.reconnect(now, this.state.instance(before.containerInstanceArn));
  }

  /** The agent of a known instance is there again; what ended while nobody could hear of it is told now (D-2.6). */
  private reconnect(now: number, before: ContainerInstanceRecord): void {
    const { containerInstanceArn: arn, ec2StoppedAt } = before;
    if (ec2StoppedAt !== undefined) {
      this.setConnected(now, before, false);
      const booted = { ec2StoppedAt: undefined, runtime: { status: 'OK', since: now } } as const;
      this.state.putInstance(now, { ...this.state.instance(arn), ...booted }, { event: false });
    }
    this.setConnected(now, this.state.instance(arn), true);
    for (const { taskArn, cutOff } of this.state.tasksOn(arn)) if (cutOff) this.tasks.reportEnd(now, taskArn);
  }

  private trunkDone(now: number, containerInstanceArn: string): void {
    const instance = this.state.instances.get(containerInstanceArn);
    if (instance?.status !== 'REGISTERING') return;
    const { trunkFailure } = instance.fate;
    if (trunkFailure === undefined) {
      this.attachment(now, containerInstanceArn, 'ATTACHED');
      return;
    }
    const failed = { ...instance, ...connection(now, instance, false), statusReason: trunkFailure };
    const attachments = instance.attachments.map((each) => ({ ...each, status: 'FAILED' }));
    this.change(now, { ...failed, attachments, status: 'REGISTRATION_FAILED' }, { event: true });
  }

  /** INACTIVE at once, or DEREGISTERING until the trunk interface is removed (D-2.3, D-2.5). */
  private leave(now: number, containerInstanceArn: string): void {
    const hasTrunk = this.state.instance(containerInstanceArn).attachments.length > 0;
    this.become(now, containerInstanceArn, hasTrunk ? 'DEREGISTERING' : 'INACTIVE', { event: true });
    if (!hasTrunk) return;
    this.attachment(now, containerInstanceArn, 'DETACHING');
    this.state.after(now, trunkMs, (then) => {
      this.attachment(then, containerInstanceArn, 'DELETED');
      this.become(then, containerInstanceArn, 'INACTIVE', { event: true });
    });
  }

  private become(
    now: number,
    containerInstanceArn: string,
    status: 'ACTIVE' | 'DRAINING' | 'DEREGISTERING' | 'INACTIVE',
    options: { event: boolean },
  ): void {
    const instance = this.state.instance(containerInstanceArn);
    const isGone = status === 'INACTIVE' || status === 'DEREGISTERING';
    const changed: ContainerInstanceRecord = {
      ...instance,
      status,
      ...(isGone && connection(now, instance, false)),
      drainingAt: status === 'DRAINING' ? now : status === 'ACTIVE' ? undefined : instance.drainingAt,
      inactiveAt: status === 'INACTIVE' ? now : undefined,
    };
    this.change(now, changed, options);
  }

  private change(now: number, instance: ContainerInstanceRecord, options: { event: boolean }): void {
    this.state.putInstance(now, instance, options);
    this.scheduler.instanceChanged(now, instance);
  }
}

/** Whether ECS still counts on an instance. */
export const isThere = ({ status }: ContainerInstanceRecord): boolean =>
  status !== 'INACTIVE' && status !== 'DEREGISTERING';

const connection = (now: number, before: ContainerInstanceRecord, agentConnected: boolean) => ({
  agentConnected,
  connectionAt: agentConnected === before.agentConnected ? before.connectionAt : now,
});
