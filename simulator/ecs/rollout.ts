import { deploymentEvent, messages, serviceAction } from './events.ts';
import type { Candidate } from './passes.ts';
import type { Refusal } from './placer.ts';
import { isTaskSetSteady } from './pools.ts';
import type { TaskRecord } from './records.ts';
import type { Deployment, Launch, Service, TaskSet } from './service-records.ts';
import type { State } from './state.ts';

/** Messages for the same cause are left out, and the steady state is said again, after so long (D-1.19, D-1.17a). */
export const repeatMs = 6 * 3_600_000;
const messagesMax = 100;
/** Why a service has more tasks than it wants. */
const protectedCause = 'protected';
/** Its tasks fail to start one after the other. */
const impairedCause = 'impaired';
/** Limits hold the scheduler back. */
const throttledCause = 'throttled';
/** No task can be started as it is configured, whatever the reason. */
const misconfiguredCause = 'misconfigured';
/** What being placed does not resolve. */
const otherCauses = [protectedCause, impairedCause, throttledCause, misconfiguredCause];

/** With a controller other than ECS the task set speaks. */
const speakerOf = ({ serviceName, deploymentController }: Service, { id }: Launch) =>
  deploymentController === 'ECS' ? { serviceName } : { serviceName, taskSetId: id };

/** What a service says of itself: its deployments, its steady state, its messages, and the events about them. */
export class Rollout {
  private readonly state: State;
  /** By service and cause of what was said: when. */
  private readonly said = new Map<string, Map<string, number>>();
  private readonly repeats = new Map<string, () => void>();

  constructor(state: State) {
    this.state = state;
  }

  /** A new primary deployment; the ones before it are being replaced (D-9.41, D-9.43). */
  begin(now: number, launch: Omit<Launch, 'id' | 'createdAt' | 'updatedAt'>): Deployment {
    return {
      ...launch,
      id: this.newId(),
      status: 'PRIMARY',
      rolloutState: 'IN_PROGRESS',
      failedTasks: 0,
      createdAt: now,
      updatedAt: now,
    };
  }

  /** A new task set: the primary one at full scale, unless it is said otherwise (D-9.50). */
  beginTaskSet(
    now: number,
    serviceArn: string,
    launch: Omit<Launch, 'id' | 'createdAt' | 'updatedAt'>,
    more: Partial<TaskSet>,
  ): TaskSet {
    const id = this.newId();
    return {
      ...launch,
      id,
      taskSetArn: this.state.arns.taskSet(serviceArn, id),
      status: 'PRIMARY',
      scalePercent: 100,
      externalId: undefined,
      startedBy: undefined,
      serviceRegistries: [],
      tags: [],
      isSteady: false,
      createdAt: now,
      updatedAt: now,
      ...more,
    };
  }

  private newId(): string {
    const digits = BigInt(`0x${this.state.ids.hex(16)}`)
      .toString()
      .padStart(19, '1')
      .slice(0, 19);
    return `ecs-svc/${digits}`;
  }

  /** Says that the primary deployment of a service has begun (D-1.20). */
  announce(now: number, service: Service): void {
    const primary = service.deployments[0];
    if (primary) this.state.emit(deploymentEvent(now, service, primary));
  }

  /** Adds a message to the service's own list, which keeps the newest 100 (D-1.19). */
  note(now: number, serviceArn: string, message: string): void {
    const service = this.state.service(serviceArn);
    const entry = { id: this.state.ids.uuid(), createdAt: now, message };
    const events = [entry, ...service.events].slice(0, messagesMax);
    this.state.putService(now, { ...service, events });
  }

  /** Says which tasks the scheduler started. */
  started(now: number, service: Service, launch: Launch, taskArns: readonly string[]): void {
    if (taskArns.length === 0) return;
    this.note(now, service.serviceArn, messages.started(speakerOf(service, launch), taskArns));
  }

  /** Says which tasks the scheduler stopped; there is an event about those that were running (D-1.17e). */
  stopped(now: number, service: Service, launch: Launch, taskArns: readonly string[]): void {
    const { serviceArn } = service;
    const speaker = speakerOf(service, launch);
    const wasUp = (taskArn: string) => this.state.task(taskArn).startedAt !== undefined;
    const running = taskArns.filter(wasUp);
    const pending = taskArns.filter((taskArn) => !wasUp(taskArn));
    if (pending.length > 0) this.note(now, serviceArn, messages.stoppedPending(speaker, pending));
    if (running.length === 0) return;
    this.note(now, serviceArn, messages.stopped(speaker, running));
    this.state.emit(serviceAction(now, service, 'INFO', 'TASKS_STOPPED', { taskArns: running }));
  }

  /** Says which tasks of a daemon were stopped because their instance no longer meets its constraints (D-1.17j). */
  misplaced(now: number, service: Service, taskArns: readonly string[]): void {
    if (taskArns.length === 0) return;
    const eventName = 'SERVICE_DAEMON_PLACEMENT_CONSTRAINT_VIOLATED';
    this.state.emit(serviceAction(now, service, 'ERROR', eventName, { taskArns }));
  }

  /** Says that a task failed its health check, and where (D-14.3). */
  unhealthy(now: number, service: Service, launch: Launch, { taskArn, failedCheck }: TaskRecord): void {
    const [balancer] = failedCheck === 'target' ? launch.loadBalancers : [];
    const target = balancer && { arn: balancer.targetGroupArn, port: balancer.containerPort };
    this.note(now, service.serviceArn, messages.unhealthy(service, taskArn, target));
  }

  /** Says that tasks fail to start one after the other, once until one runs or six hours have passed (D-1.17g, D-2.39). */
  impaired(now: number, service: Service): void {
    if (!this.isNew(now, service.serviceArn, impairedCause)) return;
    this.note(now, service.serviceArn, messages.impaired(service));
    this.state.emit(serviceAction(now, service, 'WARN', 'SERVICE_TASK_START_IMPAIRED'));
  }

  /** Says that limits of ECS hold back the starts of a service, once until they do not or six hours have passed (D-1.17k). */
  throttled(now: number, service: Service): void {
    if (!this.isNew(now, service.serviceArn, throttledCause)) return;
    this.note(now, service.serviceArn, messages.throttled(service));
    this.state.emit(serviceAction(now, service, 'ERROR', 'ECS_OPERATION_THROTTLED'));
  }

  /** Nothing keeps a service from starting tasks any more. */
  free(serviceArn: string): void {
    for (const cause of [throttledCause, misconfiguredCause]) this.said.get(serviceArn)?.delete(cause);
  }

  /** Says why no task can be started as it is configured, once until one can or six hours have passed (D-1.17n). */
  misconfigured(now: number, service: Service, reason: string): void {
    if (!this.isNew(now, service.serviceArn, misconfiguredCause)) return;
    this.note(now, service.serviceArn, messages.misconfigured(service, reason));
    const eventName = 'SERVICE_TASK_CONFIGURATION_FAILURE';
    this.state.emit(serviceAction(now, service, 'ERROR', eventName, { reason }));
  }

  /** Tasks start again. */
  recovered(serviceArn: string): void {
    this.said.get(serviceArn)?.delete(impairedCause);
  }

  /**
   * Says that a task found no place, once per cause until it is resolved or six hours have passed (D-2.43, D-1.19).
   * Tells whether it was said.
   */
  refused(now: number, service: Service, refusal: Refusal): boolean {
    const { capacityProvider, reason, misfits } = refusal;
    if (!this.isNew(now, service.serviceArn, `${capacityProvider} ${reason}`)) return false;
    this.note(now, service.serviceArn, messages.unplaced(service, refusal));
    const containerInstanceArns = misfits.map(({ instance }) => instance.containerInstanceArn);
    const capacityProviderArns = capacityProvider && [this.state.arns.capacityProvider(capacityProvider)];
    // Documented samples name either of the two (D-1.18).
    const where = capacityProviderArns ? { capacityProviderArns } : { containerInstanceArns };
    const more = reason && { ...where, reason };
    this.state.emit(serviceAction(now, service, 'ERROR', 'SERVICE_TASK_PLACEMENT_FAILURE', more));
    return true;
  }

  /** Says that protected tasks keep the service above its desired count (D-2.37), once while they do. */
  held(now: number, service: Service, heldCount: number): void {
    const { serviceArn } = service;
    if (heldCount === 0) this.said.get(serviceArn)?.delete(protectedCause);
    else if (this.isNew(now, serviceArn, protectedCause)) this.note(now, serviceArn, messages.held(service));
  }

  /** Whether a cause was not said within six hours, and is to be said now (D-1.19). */
  private isNew(now: number, serviceArn: string, cause: string): boolean {
    const said = this.said.get(serviceArn) ?? new Map<string, number>();
    const before = said.get(cause);
    if (before !== undefined && now - before < repeatMs) return false;
    this.said.set(serviceArn, said.set(cause, now));
    return true;
  }

  /** Everything found a place: the next failure is a new one. */
  resolved(serviceArn: string): void {
    const said = this.said.get(serviceArn);
    for (const cause of said?.keys() ?? []) if (!otherCauses.includes(cause)) said?.delete(cause);
  }

  /**
   * Completes the deployment and says that the service is steady once it has as many tasks as it wants and no other: all
   * of the primary deployment, healthy, and none on a DRAINING instance (D-1.20, D-9.52).
   */
  settle(now: number, serviceArn: string, tasks: readonly Candidate[]): void {
    const { desiredCount } = this.state.service(serviceArn);
    const isSteady =
      tasks.length === desiredCount &&
      tasks.every((task) => task.isWanted && task.isPrimary && task.isHealthy && !task.isDraining);
    if (isSteady) this.complete(now, serviceArn);
    const service = this.state.service(serviceArn);
    if (isSteady === service.isSteady) return;
    this.state.putService(now, { ...service, isSteady });
    this.repeats.get(serviceArn)?.();
    if (isSteady) this.saySteady(now, serviceArn);
  }

  /**
   * Removes task sets whose last task has stopped, and says of each other one when it becomes steady (D-1.17b,
   * D-9.52); the service is steady when all of them are.
   */
  settleTaskSets(now: number, serviceArn: string): void {
    const before = this.state.service(serviceArn);
    const all = this.state.tasksOf(serviceArn);
    const tasksOf = ({ id }: TaskSet) => all.filter(({ startedBy }) => startedBy === id);
    const seen = { at: now, isDraining: (task: TaskRecord) => this.state.isDraining(task) };
    const taskSets = before.taskSets
      .filter((taskSet) => taskSet.status !== 'DRAINING' || tasksOf(taskSet).length > 0)
      .map((taskSet) => ({
        ...taskSet,
        isSteady: isTaskSetSteady(before, taskSet, tasksOf(taskSet), seen),
      }));
    const isSteady = taskSets.every((taskSet) => taskSet.isSteady);
    this.state.putService(now, { ...before, taskSets, isSteady });
    const wasSteady = new Set(before.taskSets.filter((each) => each.isSteady).map(({ id }) => id));
    const taskSetArns = taskSets
      .filter((each) => each.isSteady && each.status !== 'DRAINING' && !wasSteady.has(each.id))
      .map(({ taskSetArn }) => taskSetArn);
    if (taskSetArns.length > 0)
      this.state.emit(serviceAction(now, before, 'INFO', 'TASKSET_STEADY_STATE', { taskSetArns }));
    if (isSteady === before.isSteady) return;
    this.repeats.get(serviceArn)?.();
    if (isSteady && taskSets.length > 0) this.saySteady(now, serviceArn);
  }

  /** Forgets a service that is INACTIVE. */
  forget(serviceArn: string): void {
    this.repeats.get(serviceArn)?.();
    this.repeats.delete(serviceArn);
    this.said.delete(serviceArn);
  }

  private complete(now: number, serviceArn: string): void {
    const service = this.state.service(serviceArn);
    const [primary] = service.deployments;
    if (primary?.rolloutState !== 'IN_PROGRESS') return;
    const completed: Deployment = {
      ...primary,
      rolloutState: 'COMPLETED',
      rolloutReason: undefined,
      updatedAt: now,
    };
    this.state.putService(now, { ...service, deployments: [completed] });
    this.note(now, serviceArn, messages.deployed(service, primary.id));
    this.state.emit(deploymentEvent(now, service, completed));
  }

  private saySteady(now: number, serviceArn: string): void {
    const service = this.state.service(serviceArn);
    this.note(now, serviceArn, messages.steady(service));
    this.state.emit(serviceAction(now, service, 'INFO', 'SERVICE_STEADY_STATE'));
    const capacityProviderArns = service.capacityProviderStrategy.map(({ capacityProvider }) =>
      this.state.arns.capacityProvider(capacityProvider),
    );
    if (capacityProviderArns.length > 0)
      this.state.emit(
        serviceAction(now, service, 'INFO', 'CAPACITY_PROVIDER_STEADY_STATE', { capacityProviderArns }),
      );
    this.repeats.set(
      serviceArn,
      this.state.routinely(now, repeatMs, (then) => this.saySteady(then, serviceArn)),
    );
  }
}
