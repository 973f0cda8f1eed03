import type { Agents } from './agents.ts';
import { endedByItself, imageMissing, withEnd, withoutInstance } from './causes.ts';
import { type ContainerReport, withExitCodes, withPorts, withReport } from './containers.ts';
import { deregistrationDelaySeconds, healthyAt, targetGroupsOf } from './health.ts';
import type { StopCause, TaskRecord } from './records.ts';
import type { State } from './state.ts';
import { newTask, type Site, type TaskOrder } from './task-order.ts';

/** A network interface of its own is attached before PENDING and detached after the containers (D-9.33). */
const provisioningMs = 2_000;
const deprovisioningMs = 3_000;
/** Registering the target of a load balancer, between started containers and RUNNING. */
const activatingMs = 1_000;
/** From a decision to stop to the agent acting on it: `lastStatus` still reads RUNNING meanwhile (D-1.16). */
const orderMs = 500;

/** Whether the task has not reached RUNNING yet. */
const isStarting = (task: TaskRecord) => isPending(task) || task.lastStatus === 'ACTIVATING';

/** Whether the task is PENDING or earlier: only then it is stopped at once, and has no target to deregister (D-2.17). */
export function isPending({ lastStatus }: TaskRecord): boolean {
  return lastStatus === 'PROVISIONING' || lastStatus === 'PENDING';
}

/** The life of tasks from placement to STOPPED: each step is a row, a version and an event (D-1.14, D-9.33). */
export class Tasks {
  private readonly state: State;
  private readonly agents: Agents;

  constructor(state: State, agents: Agents) {
    this.state = state;
    this.agents = agents;
  }

  /** Places a task: takes the resources of its instance, tells the agent. */
  place(now: number, site: Site, order: TaskOrder): TaskRecord {
    return this.begin(now, newTask(this.state, now, site, order));
  }

  /** A task that waits in PROVISIONING for an instance (D-4.32). */
  wait(now: number, clusterArn: string, order: TaskOrder): TaskRecord {
    const task = newTask(this.state, now, { clusterArn, availabilityZone: '' }, order);
    this.state.putTask(now, { ...task, lastStatus: 'PROVISIONING' }, { instanceEvent: false });
    return this.state.task(task.taskArn);
  }

  /** A task that waits is given up, as its provider has no instance for it (D-9.61). */
  giveUp(now: number, taskArn: string, reason: string): void {
    const task = this.alive(taskArn);
    const stop = { stopCode: 'TaskFailedToStart', stoppedReason: `TaskFailedToStart: ${reason}` } as const;
    if (task) this.end(now, { ...task, stop: task.stop ?? stop }, { instanceEvent: false });
  }

  /** A task that waited has an instance now, and goes on as one that is placed. */
  settle(now: number, task: TaskRecord, site: Site): TaskRecord {
    const isAwsvpc = task.definition.networkMode === 'awsvpc';
    const { containerInstanceArn, ec2InstanceId, availabilityZone } = site;
    const containers = withPorts(this.state, task, site);
    const lastStatus = isAwsvpc ? 'PROVISIONING' : 'PENDING';
    const there = { containerInstanceArn, ec2InstanceId, availabilityZone, containers, lastStatus } as const;
    return this.begin(now, { ...task, ...there });
  }

  private begin(now: number, task: TaskRecord): TaskRecord {
    const { taskArn } = task;
    this.state.putTask(now, task, { instanceEvent: true });
    if (task.lastStatus === 'PENDING') this.order(now, task);
    else this.state.after(now, provisioningMs, (then) => this.provisioned(then, taskArn));
    return this.state.task(taskArn);
  }

  /**
   * Decides that a task stops: counts fall now, its containers end later (D-2.12, D-1.16); where `isUrgent`, they get
   * SIGTERM without a wait for a load balancer (D-7.7).
   */
  stop(now: number, taskArn: string, stop: StopCause, isUrgent = false): void {
    const task = this.state.task(taskArn);
    if (task.desiredStatus === 'STOPPED') return;
    const decided = { ...task, desiredStatus: 'STOPPED' as const, desiredStoppedAt: now, stop };
    this.state.putTask(now, decided, { instanceEvent: true });
    this.state.after(now, orderMs, (then) =>
      isUrgent ? this.sigterm(then, taskArn) : this.leaveLoadBalancer(then, taskArn),
    );
  }

  /**
   * The EC2 instance under the tasks ended while its agent was connected: each is STOPPED at once (D-1.14, D-14.2). Those
   * of a stopped one have an instance event each (D-1.10e).
   */
  hostEnded(now: number, containerInstanceArn: string, how: 'stopped' | 'terminated'): void {
    for (const task of this.state.tasksOn(containerInstanceArn)) {
      const stoppedReason = `Host EC2 (instance ${task.ec2InstanceId}) ${how}.`;
      const stop = task.stop ?? { stopCode: 'TerminationNotice', stoppedReason };
      this.end(now, { ...task, stop }, { instanceEvent: how === 'stopped' });
    }
  }

  /** Records that an EC2 instance ended under its containers, whether ECS notices or not. */
  cutOff(now: number, ec2InstanceId: string): void {
    for (const taskArn of [...this.state.taskIndex.onHost(ec2InstanceId)]) {
      const task = this.state.taskRecords.get(taskArn);
      if (!task) continue;
      this.state.noteTask(now, { ...task, cutOff: true, executionStoppedAt: task.executionStoppedAt ?? now });
    }
  }

  /** Forced deregistration: STOPPED in ECS's records, the containers run on (D-9.16, D-9.20), or not (D-11.3). */
  orphan(now: number, containerInstanceArn: string): void {
    const { forcedDeregistrationEndsContainers: ends } = this.state.switches;
    for (const task of this.state.tasksOn(containerInstanceArn))
      this.end(now, withoutInstance(now, task, ends), { instanceEvent: false });
  }

  /** An agent says that a task runs, or that it stopped; what else it may say changes nothing (D-1.14). */
  reported(now: number, taskArn: string, status: string, stoppedReason?: string): void {
    const task = this.alive(taskArn);
    if (!task) return;
    if (status === 'RUNNING') this.reportUp(now, taskArn);
    if (status !== 'STOPPED') return;
    const why = { stopCode: 'EssentialContainerExited' as const, stoppedReason: stoppedReason ?? '' };
    const stop = task.stop ?? (stoppedReason === undefined ? undefined : why);
    this.state.noteTask(now, { ...task, stop, executionStoppedAt: task.executionStoppedAt ?? now });
    this.reportEnd(now, taskArn);
  }

  /** An agent says what became of one container: an event of the task, and no more (D-1.14). */
  containerReported(now: number, taskArn: string, report: ContainerReport): void {
    this.step(now, taskArn, (task) => ({ ...task, containers: withReport(task.containers, report) }));
  }

  /** Moves a task on, unless it is STOPPED meanwhile. */
  private step(now: number, taskArn: string, change: (task: TaskRecord) => TaskRecord | undefined): void {
    const task = this.alive(taskArn);
    const next = task && change(task);
    if (next) this.state.putTask(now, next, { instanceEvent: false });
  }

  private alive(taskArn: string): TaskRecord | undefined {
    const task = this.state.tasks.get(taskArn);
    return task?.lastStatus === 'STOPPED' ? undefined : task;
  }

  private provisioned(now: number, taskArn: string): void {
    this.step(now, taskArn, (task) => ({ ...task, lastStatus: 'PENDING' }));
    const task = this.alive(taskArn);
    if (task) this.order(now, task);
  }

  /** The agent gets the start order and pulls images; running containers are on the host from then, reported or not. */
  private order(now: number, { taskArn, containerInstanceArn, definition }: TaskRecord): void {
    this.agents.pass(now, containerInstanceArn, (then) => {
      const task = this.alive(taskArn);
      if (!task || task.desiredStatus === 'STOPPED') return;
      this.state.noteTask(then, { ...task, pullStartedAt: then });
      const { startMs, startFailsMs } = definition.behaviour;
      if (startFailsMs === undefined) this.state.after(then, startMs, (up) => this.containersUp(up, taskArn));
      else this.state.after(then, startFailsMs, (failed) => this.failsToStart(failed, taskArn));
    });
  }

  /** The image cannot be pulled: the agent reports STOPPED for a task that never ran (D-2.39). */
  private failsToStart(now: number, taskArn: string): void {
    const task = this.alive(taskArn);
    if (!task || task.executionStoppedAt !== undefined) return;
    const stop = task.stop ?? imageMissing;
    this.state.noteTask(now, { ...task, stop, executionStoppedAt: now });
    this.agents.pass(now, task.containerInstanceArn, (then) => this.reportEnd(then, taskArn));
  }

  private containersUp(now: number, taskArn: string): void {
    const task = this.alive(taskArn);
    if (!task || task.executionStoppedAt !== undefined) return;
    this.state.noteTask(now, { ...task, pullStoppedAt: now });
    const { exit, healthMs } = task.definition.behaviour;
    if (exit) this.state.after(now, exit.afterMs, (then) => this.exits(then, taskArn, exit.containerName, 0));
    if (healthMs !== undefined) this.state.after(now, healthMs, (then) => this.passesCheck(then, taskArn));
    this.agents.pass(now, task.containerInstanceArn, (then) => this.reportUp(then, taskArn));
  }

  private reportUp(now: number, taskArn: string): void {
    const task = this.alive(taskArn);
    if (!task || !isStarting(task)) return;
    const containers = task.containers.map((container) => ({ ...container, lastStatus: 'RUNNING' as const }));
    if (targetGroupsOf(this.state, task).length === 0) {
      this.runs(now, { ...task, containers });
      return;
    }
    this.step(now, taskArn, () => ({ ...task, containers, lastStatus: 'ACTIVATING' }));
    this.state.after(now, activatingMs, (then) => {
      const current = this.alive(taskArn);
      if (current?.lastStatus === 'ACTIVATING') this.runs(then, current);
    });
  }

  private runs(now: number, task: TaskRecord): void {
    const running: TaskRecord = { ...task, lastStatus: 'RUNNING', startedAt: now };
    const counted = { ...running, healthyAt: healthyAt(this.state, now, running) };
    this.state.putTask(now, counted, { instanceEvent: false });
  }

  private passesCheck(now: number, taskArn: string): void {
    const running = this.alive(taskArn);
    if (!running) return;
    this.agents.pass(now, running.containerInstanceArn, (then) => {
      const task = this.alive(taskArn);
      if (!task || task.failedCheck !== undefined) return;
      // A change of health has no event of its own (D-1.13).
      const healthy: TaskRecord = { ...task, healthStatus: 'HEALTHY' };
      const isRunning = task.lastStatus === 'RUNNING';
      const noted = isRunning ? { ...healthy, healthyAt: healthyAt(this.state, then, healthy) } : healthy;
      this.state.noteTask(then, noted);
      this.state.watcher?.taskChanged(then, noted);
    });
  }

  /** The target leaves its load balancer before SIGTERM; ECS does that itself, no agent needed (D-2.34, D-13.8). */
  private leaveLoadBalancer(now: number, taskArn: string): void {
    const task = this.alive(taskArn);
    if (!task || task.lastStatus === 'DEPROVISIONING') return;
    const delaySeconds = isPending(task) ? 0 : deregistrationDelaySeconds(this.state, task);
    if (delaySeconds > 0) this.step(now, taskArn, () => ({ ...task, lastStatus: 'DEACTIVATING' }));
    this.state.after(now, delaySeconds * 1000, (then) => {
      this.agents.pass(then, task.containerInstanceArn, (delivered) => this.sigterm(delivered, taskArn));
    });
  }

  /** The agent stops the containers; a task whose containers are not up yet just ends (D-2.17). */
  private sigterm(now: number, taskArn: string): void {
    const task = this.alive(taskArn);
    if (!task || task.executionStoppedAt !== undefined) return;
    const hasContainers = task.pullStoppedAt !== undefined;
    if (!hasContainers) {
      this.state.noteTask(now, { ...task, sigtermAt: now, executionStoppedAt: now });
      this.reportEnd(now, taskArn);
      return;
    }
    this.step(now, taskArn, () => ({ ...task, lastStatus: 'STOPPING', sigtermAt: now }));
    const { stopMs, exitCodes } = task.definition.behaviour;
    this.state.after(now, stopMs, (then) => this.containersEnd(then, taskArn, exitCodes));
  }

  /** An essential container ends by itself; the agent stops the others, then reports the task (D-1.10c). */
  exits(now: number, taskArn: string, containerName: string, exitCode: number): void {
    const task = this.alive(taskArn) ?? this.orphanOf(taskArn);
    if (!task || task.sigtermAt !== undefined || task.executionStoppedAt !== undefined) return;
    const { stopMs, exitCodes } = task.definition.behaviour;
    const codes = new Map([...exitCodes, [containerName, exitCode]]);
    const othersMs = task.containers.length > 1 ? stopMs : 0;
    this.state.noteTask(now, { ...task, sigtermAt: othersMs > 0 ? now : undefined });
    this.state.after(now, othersMs, (then) => this.containersEnd(then, taskArn, codes));
  }

  /** What containers of a task are left are killed now. */
  kill(now: number, taskArn: string): void {
    const names = this.alive(taskArn)?.containers.map(({ name }) => name) ?? [];
    this.containersEnd(now, taskArn, new Map(names.map((name) => [name, 137])));
  }

  private orphanOf(taskArn: string): TaskRecord | undefined {
    const task = this.state.tasks.get(taskArn);
    return task?.orphanedAt === undefined ? undefined : task;
  }

  private containersEnd(now: number, taskArn: string, exitCodes: ReadonlyMap<string, number>): void {
    const known = this.alive(taskArn);
    const task = known ?? this.orphanOf(taskArn);
    if (!task || task.executionStoppedAt !== undefined) return;
    // Of what runs on without ECS, ECS never hears how it ended (D-9.16).
    const containers = known ? withExitCodes(task.containers, exitCodes) : task.containers;
    this.state.noteTask(now, { ...task, containers, executionStoppedAt: now });
    this.agents.pass(now, task.containerInstanceArn, (then) => this.reportEnd(then, taskArn));
  }

  /** The agent submits STOPPED; an awsvpc task still gives its network interface back (D-9.33). */
  reportEnd(now: number, taskArn: string): void {
    const task = this.alive(taskArn);
    if (!task) return;
    if (task.definition.networkMode !== 'awsvpc' || task.lastStatus === 'PROVISIONING') {
      this.finish(now, task);
      return;
    }
    this.step(now, taskArn, () => ({ ...withEnd(now, task), lastStatus: 'DEPROVISIONING' }));
    this.state.after(now, deprovisioningMs, (then) => {
      const current = this.alive(taskArn);
      if (current) this.finish(then, current);
    });
  }

  /** Only a task that ECS had not decided to stop has an instance event when it ends (D-1.10c). */
  private finish(now: number, task: TaskRecord): void {
    const isOwnEnd = task.stop === undefined || endedByItself(task);
    this.end(now, task, { instanceEvent: isOwnEnd || this.state.switches.instanceEventWhenTaskStopped });
  }

  private end(now: number, task: TaskRecord, options: { instanceEvent: boolean }): void {
    this.state.putTask(now, { ...withEnd(now, task), lastStatus: 'STOPPED', stoppedAt: now }, options);
  }
}
