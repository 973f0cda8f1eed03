import { deploymentEvent, messages, serviceAction } from './events.ts';
import type { Candidate } from './passes.ts';
import type { Placement } from './placement.ts';
import type { ContainerInstanceRecord, Deployment, Service, TaskDefinition } from './records.ts';
import type { State } from './state.ts';

/** Messages for the same cause are left out, and the steady state is said again, after so long (D-1.19, D-1.17a). */
export const repeatMs = 6 * 3_600_000;
const messagesMax = 100;

/** What a service says of itself: its deployments, its steady state, its messages, and the events about them. */
export class Rollout {
  private readonly state: State;
  private readonly said = new Map<string, { cause: string; at: number }>();
  private readonly repeats = new Map<string, () => void>();

  constructor(state: State) {
    this.state = state;
  }

  /** A new primary deployment; the ones before it are being replaced (D-9.41, D-9.43). */
  begin(now: number, definition: TaskDefinition): Deployment {
    const digits = BigInt(`0x${this.state.ids.hex(16)}`)
      .toString()
      .padStart(19, '1')
      .slice(0, 19);
    return {
      id: `ecs-svc/${digits}`,
      status: 'PRIMARY',
      definition,
      rolloutState: 'IN_PROGRESS',
      createdAt: now,
      updatedAt: now,
    };
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
  refused(
    now: number,
    service: Service,
    misfits: Extract<Placement, { kind: 'refused' }>['misfits'],
  ): boolean {
    const [closest] = [...misfits].sort((a, b) => closeness(a.instance) - closeness(b.instance));
    const cause = closest?.reason ?? 'none';
    const before = this.said.get(service.serviceArn);
    if (before?.cause === cause && now - before.at < repeatMs) return false;
    this.said.set(service.serviceArn, { cause, at: now });
    this.note(now, service.serviceArn, messages.unplaced(service, closest));
    const containerInstanceArns = misfits.map(({ instance }) => instance.containerInstanceArn);
    const more = closest && { containerInstanceArns, reason: closest.reason };
    this.state.emit(serviceAction(now, service, 'ERROR', 'SERVICE_TASK_PLACEMENT_FAILURE', more));
    return true;
  }

  /** Everything found a place: the next failure is a new one. */
  resolved(serviceArn: string): void {
    this.said.delete(serviceArn);
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

/** The instance with the most CPU left is the closest match. */
const closeness = ({ remainingResources }: ContainerInstanceRecord) => -remainingResources.cpu;
