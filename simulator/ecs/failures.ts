import { failureThreshold, olderBoundedMin } from './breaker.ts';
import { endedByItself } from './causes.ts';
import { deploymentEvent, messages } from './events.ts';
import { poolsOf, settingsOf } from './pools.ts';
import type { TaskRecord } from './records.ts';
import type { Rollout } from './rollout.ts';
import type { Deployment, Launch, Service } from './service-records.ts';
import type { State } from './state.ts';

const breakerWords = 'ECS deployment circuit breaker';

/** Starts that fail one after the other before the scheduler takes its time (our choice; AWS names no number). */
const impairedAfter = 3;
/** The first delay, doubled with every further failure (our choice), and the longest one (D-2.39). */
const firstDelayMs = 60_000;
const longestDelayMs = 27 * 60_000;

/** Starts of one deployment or task set that failed one after the other. */
interface Trouble {
  readonly rounds: number;
  /** When the last one failed: what had been started before it by then is of the same round. */
  readonly failedAt: number;
  /** No start before this. */
  readonly startsAt: number;
}

/**
 * Tasks of services that fail: the restart throttle of those that never run (D-2.39), and the deployment circuit breaker
 * (D-2.38, D-1.21).
 */
export class Failures {
  private readonly state: State;
  private readonly rollout: Rollout;
  /** By service and launch. */
  private readonly troubles = new Map<string, Map<string, Trouble>>();

  constructor(state: State, rollout: Rollout) {
    this.state = state;
    this.rollout = rollout;
  }

  /** From when the scheduler may start tasks from a deployment or task set; never from a FAILED one (D-1.21). */
  startsAt(serviceArn: string, launch: Launch): number {
    if ('rolloutState' in launch && launch.rolloutState === 'FAILED') return Number.POSITIVE_INFINITY;
    return this.troubles.get(serviceArn)?.get(launch.id)?.startsAt ?? 0;
  }

  /** A task is RUNNING: the service can start tasks. */
  running({ serviceArn = '', startedBy = '' }: TaskRecord): void {
    if (this.troubles.get(serviceArn)?.delete(startedBy)) this.rollout.recovered(serviceArn);
  }

  /** Counts a task that has STOPPED, when it failed. Gives when the next start may be, if that has to wait. */
  stopped(now: number, task: TaskRecord): number | undefined {
    const { serviceArn = '', startedBy = '' } = task;
    const service = this.state.services.get(serviceArn);
    if (service?.status !== 'ACTIVE') return undefined;
    if (isFailure(task)) this.count(now, service, startedBy);
    return endedByItself(task) && task.startedAt === undefined
      ? this.throttle(now, service, task)
      : undefined;
  }

  /** A task that became healthy after the last failure sets the number of failed tasks back (D-2.38). */
  reset(now: number, serviceArn: string): void {
    const service = this.state.service(serviceArn);
    const [primary, ...older] = service.deployments;
    if (primary?.failedAt === undefined || !service.breaker.resetOnHealthyTask) return;
    const { id, failedAt, rolloutState } = primary;
    if (rolloutState === 'FAILED') return;
    const becameHealthy = this.state
      .tasksOf(serviceArn)
      .some(({ startedBy, healthyAt = 0 }) => startedBy === id && healthyAt > failedAt && healthyAt <= now);
    if (!becameHealthy) return;
    const deployments = [{ ...primary, failedTasks: 0, failedAt: undefined }, ...older];
    this.state.putService(now, { ...service, deployments });
  }

  /** Forgets a service that is INACTIVE. */
  forget(serviceArn: string): void {
    this.troubles.delete(serviceArn);
  }

  /** The time between attempts grows, whatever the circuit breaker does; nothing ever ends it but a start (D-2.39). */
  private throttle(now: number, service: Service, task: TaskRecord): number | undefined {
    const launches = new Set(poolsOf(service).map(({ launch }) => launch.id));
    const { startedBy = '', createdAt } = task;
    if (!launches.has(startedBy)) return undefined;
    const troubles = this.troubles.get(service.serviceArn) ?? new Map<string, Trouble>();
    for (const id of troubles.keys()) if (!launches.has(id)) troubles.delete(id);
    this.troubles.set(service.serviceArn, troubles);
    const { rounds = 0, failedAt = Number.NEGATIVE_INFINITY } = troubles.get(startedBy) ?? {};
    if (createdAt <= failedAt) return undefined;
    const delayMs = restartDelayMs(rounds + 1);
    troubles.set(startedBy, { rounds: rounds + 1, failedAt: now, startsAt: now + delayMs });
    if (delayMs === 0) return undefined;
    this.rollout.impaired(now, service);
    return now + delayMs;
  }

  private count(now: number, service: Service, deploymentId: string): void {
    const [primary, ...older] = service.deployments;
    if (primary?.id !== deploymentId || primary.rolloutState !== 'IN_PROGRESS') return;
    const failedTasks = primary.failedTasks + 1;
    const counted: Deployment = { ...primary, failedTasks, failedAt: now };
    const { breaker, desiredCount } = service;
    const boundedMin = this.state.switches.breakerMinimumIsTen ? olderBoundedMin : undefined;
    const fails = breaker.enable && failedTasks >= failureThreshold(breaker, desiredCount, boundedMin);
    this.state.putService(now, { ...service, deployments: [counted, ...older] });
    if (fails) this.fail(now, service.serviceArn);
  }

  /**
   * The circuit breaker: the primary deployment has failed. With rollback the newest COMPLETED one is primary again and
   * IN_PROGRESS, and cannot be the aim of another rollback until it is COMPLETED; without any the service stays as it is
   * (D-1.20, D-1.21, D-2.38).
   */
  private fail(now: number, serviceArn: string): void {
    const service = this.state.service(serviceArn);
    const [primary, ...older] = service.deployments;
    if (!primary) return;
    const rolloutReason = `${breakerWords}: tasks failed to start.`;
    const failed: Deployment = { ...primary, rolloutState: 'FAILED', rolloutReason, updatedAt: now };
    this.state.putService(now, { ...service, deployments: [failed, ...older] });
    this.rollout.note(now, serviceArn, messages.deploymentFailed(service, failed.id));
    this.state.emit(deploymentEvent(now, service, failed));
    const aim = older.find(({ rolloutState }) => rolloutState === 'COMPLETED');
    if (service.breaker.rollback && aim) this.rollBack(now, serviceArn, aim);
  }

  private rollBack(now: number, serviceArn: string, aim: Deployment): void {
    const service = this.state.service(serviceArn);
    const restored: Deployment = {
      ...aim,
      status: 'PRIMARY',
      rolloutState: 'IN_PROGRESS',
      rolloutReason: `${breakerWords}: rolling back to deploymentId ${aim.id}.`,
      failedTasks: 0,
      failedAt: undefined,
      updatedAt: now,
    };
    const replaced = service.deployments
      .filter(({ id }) => id !== aim.id)
      .map((deployment) => ({ ...deployment, status: 'ACTIVE' as const }));
    const deployments = [restored, ...replaced];
    this.state.putService(now, { ...service, ...settingsOf(aim), deployments, isSteady: false });
    this.rollout.note(now, serviceArn, messages.rollingBack(service, aim.id));
    this.state.emit(deploymentEvent(now, service, restored));
  }
}

/** How long the scheduler waits after so many starts that failed one after the other (milliseconds; D-2.39). */
export function restartDelayMs(rounds: number): number {
  return rounds < impairedAfter
    ? 0
    : Math.min(longestDelayMs, firstDelayMs * 2 ** Math.min(rounds - impairedAfter, 16));
}

/** What counts against a deployment: it did not start, failed a health check, or ended before it was healthy (D-2.38). */
function isFailure(task: TaskRecord): boolean {
  const { failedCheck, healthyAt = Number.POSITIVE_INFINITY, stoppedAt = 0 } = task;
  return failedCheck !== undefined || (endedByItself(task) && healthyAt > stoppedAt);
}
