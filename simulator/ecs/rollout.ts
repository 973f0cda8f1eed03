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
    if (primary) this.state.emit(deploymentEvent(now, service, primary.id, 'IN_PROGRESS'));
  }

  /** Adds a message to the service's own list, which keeps the newest 100 (D-1.19). */
  note(now: number, serviceArn: string, message: string): void {
    const service = this.state.service(serviceArn);
    const entry = { id: this.state.ids.uuid(), createdAt: now, message };
    const events = [entry, ...service.events].slice(0, messagesMax);
    this.state.putService(now, { ...service, events });
  }

  /** Says which tasks the scheduler started or stopped (D-1.17e). */
  tasks(now: number, service: Service, kind: 'started' | 'stopped', taskArns: readonly string[]): void {
    if (taskArns.length === 0) return;
    this.note(now, service.serviceArn, messages[kind](service, taskArns));
    if (kind === 'stopped')
      this.state.emit(serviceAction(now, service, 'INFO', 'TASKS_STOPPED', { taskArns }));
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
    for (const cause of said?.keys() ?? []) if (cause !== protectedCause) said?.delete(cause);
  }

  /**
   * Completes the deployment and says that the service is steady once the desired number of healthy tasks of the
   * primary deployment runs and none is left on a DRAINING instance (D-1.20, D-9.52).
   */
  settle(now: number, serviceArn: string, tasks: readonly Candidate[]): void {
    const { desiredCount } = this.state.service(serviceArn);
    const wanted = tasks.filter(({ isWanted }) => isWanted);
    const isComplete =
      wanted.length === desiredCount &&
      wanted.every(({ isPrimary, isHealthy, isDraining }) => isPrimary && isHealthy && !isDraining);
    const isSteady = isComplete && tasks.every(({ isDraining }) => !isDraining);
    if (isComplete) this.complete(now, serviceArn);
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
    if (!primary || primary.rolloutState === 'COMPLETED') return;
    const completed: Deployment = { ...primary, rolloutState: 'COMPLETED', updatedAt: now };
    this.state.putService(now, { ...service, deployments: [completed] });
    this.note(now, serviceArn, messages.deployed(service, primary.id));
    this.state.emit(deploymentEvent(now, service, primary.id, 'COMPLETED'));
  }

  private saySteady(now: number, serviceArn: string): void {
    const service = this.state.service(serviceArn);
    this.note(now, serviceArn, messages.steady(service));
    this.state.emit(serviceAction(now, service, 'INFO', 'SERVICE_STEADY_STATE'));
    this.repeats.set(
      serviceArn,
      this.state.routinely(now, repeatMs, (then) => this.saySteady(then, serviceArn)),
    );
  }
}
