import { candidatesOf, graceEndOf } from './candidates.ts';
import { causeOf } from './causes.ts';
import { Failures } from './failures.ts';
import { type Candidate, daemonPass, type Limits, type Pass, replicaPass, type StopWhy } from './passes.ts';
import { placeableInstances, requirementOf } from './placeable.ts';
import { meetsConstraints, misfit } from './placement.ts';
import type { Placer, Refusal } from './placer.ts';
import { type Pool, poolsOf, primaryOf } from './pools.ts';
import { Rebalancing } from './rebalancing.ts';
import type { ContainerInstanceRecord, TaskRecord } from './records.ts';
import { Rollout, repeatMs } from './rollout.ts';
import { providerRanks, scaleInRanks } from './scale-in.ts';
import { batchOf, orderOf } from './service-orders.ts';
import type { Launch, Service } from './service-records.ts';
import { StartFaults } from './start-faults.ts';
import type { State } from './state.ts';
import { Targets } from './targets.ts';
import type { Tasks } from './tasks.ts';
import type { Watcher } from './watcher.ts';

/** From a change to the scheduler's look at it; what changes in between is looked at together. */
const passDelayMs = 1_000;

/** As many as it takes. */
const unlimitedPercent = 1_000_000;

/** The service scheduler: starts and stops tasks until every service has what it wants (D-2.16 to D-2.29, D-9.37). */
export class Scheduler implements Watcher {
  readonly rollout: Rollout;
  private readonly state: State;
  private readonly tasks: Tasks;
  private readonly placer: Placer;
  private readonly failures: Failures;
  private readonly targets: Targets;
  private readonly rebalancing: Rebalancing;
  private readonly startFaults: StartFaults;
  private readonly due = new Set<string>();
  /** Services with tasks that found no place. */
  private readonly waiting = new Set<string>();

  constructor(state: State, tasks: Tasks, placer: Placer) {
    this.state = state;
    this.tasks = tasks;
    this.placer = placer;
    this.rollout = new Rollout(state);
    this.failures = new Failures(state, this.rollout);
    this.targets = new Targets(state, this.rollout);
    this.rebalancing = new Rebalancing(state, tasks, placer, this.rollout);
    this.startFaults = new StartFaults(state, this.rollout);
  }

  /** Whether limits of ECS hold back the starts of services. */
  get isThrottled(): boolean {
    return this.startFaults.isThrottled;
  }

  /** Limits of ECS hold back what services start, or no longer do (D-1.17k). */
  throttle(now: number, isThrottled: boolean): void {
    this.startFaults.throttle(isThrottled, (serviceArn) => this.touch(now, serviceArn));
  }

  private mayStart(now: number, service: Service, launch: Launch): boolean {
    const touch = (then: number) => this.touch(then, service.serviceArn);
    return this.startFaults.mayStart(now, service, launch, touch);
  }

  /** Has a look at a service soon. */
  touch(now: number, serviceArn: string): void {
    if (this.due.size === 0) this.state.after(now, passDelayMs, (then) => this.pass(then));
    this.due.add(serviceArn);
  }

  private wake(now: number, milliseconds: number, serviceArn: string): void {
    this.state.after(now, milliseconds, (then) => this.touch(then, serviceArn));
  }

  taskChanged(now: number, task: TaskRecord): void {
    const { serviceArn, containerInstanceArn, healthyAt } = task;
    if (serviceArn === undefined) return;
    this.touch(now, serviceArn);
    if (task.lastStatus === 'RUNNING') this.failures.running(task);
    const startsAt = task.lastStatus === 'STOPPED' ? this.failures.stopped(now, task) : undefined;
    if (startsAt !== undefined) this.wake(now, startsAt - now, serviceArn);
    if (task.desiredStatus === 'RUNNING' && healthyAt !== undefined && healthyAt > now)
      this.wake(now, healthyAt - now, serviceArn);
    const graceEndsAt = graceEndOf(this.state.services.get(serviceArn), task);
    if (task.failedCheck === 'target' && graceEndsAt > now) this.wake(now, graceEndsAt - now, serviceArn);
    // The daemons of a draining instance wait for its last replica task (D-2.29).
    if (task.lastStatus !== 'STOPPED' || containerInstanceArn === undefined) return;
    if (this.state.instance(containerInstanceArn).status !== 'DRAINING') return;
    for (const other of this.state.tasksOn(containerInstanceArn))
      if (other.serviceArn !== undefined) this.touch(now, other.serviceArn);
  }

  capacityChanged(now: number, clusterArn: string): void {
    this.placer.retry(now);
    for (const { serviceArn } of this.state.servicesOf(clusterArn))
      if (this.waiting.has(serviceArn) || this.rebalancing.isBlocked(serviceArn)) this.touch(now, serviceArn);
  }

  /** A container instance came, went, or changed between ACTIVE and DRAINING. */
  instanceChanged(now: number, { clusterArn, containerInstanceArn }: ContainerInstanceRecord): void {
    this.capacityChanged(now, clusterArn);
    for (const service of this.state.servicesOf(clusterArn)) {
      const isDaemon = service.schedulingStrategy === 'DAEMON';
      const isSpread = service.availabilityZoneRebalancing === 'ENABLED';
      if (isDaemon || isSpread) this.touch(now, service.serviceArn);
    }
    for (const { serviceArn } of this.state.tasksOn(containerInstanceArn))
      if (serviceArn !== undefined) this.touch(now, serviceArn);
  }

  private pass(now: number): void {
    const services = [...this.due].flatMap((serviceArn) => this.state.services.get(serviceArn) ?? []);
    this.due.clear();
    const daemonsFirst = (service: Service) => (service.schedulingStrategy === 'DAEMON' ? 0 : 1);
    services.sort((a, b) => daemonsFirst(a) - daemonsFirst(b));
    for (const { serviceArn } of services) this.look(now, this.withDesiredCount(now, serviceArn));
  }

  /** A daemon wants one task on each eligible instance (D-9.37). */
  private withDesiredCount(now: number, serviceArn: string): Service {
    const service = this.state.service(serviceArn);
    if (service.schedulingStrategy === 'REPLICA') return service;
    const desiredCount = service.status === 'ACTIVE' ? placeableInstances(this.state, service).length : 0;
    if (desiredCount === service.desiredCount) return service;
    const counted = { ...service, desiredCount };
    this.state.putService(now, counted);
    return counted;
  }

  private look(now: number, service: Service): void {
    if (service.status === 'INACTIVE') return;
    if (service.schedulingStrategy === 'DAEMON') this.lookAtDaemons(now, service);
    else this.lookAtReplicas(now, service);
    const { serviceArn } = service;
    this.targets.look(now, serviceArn);
    this.failures.reset(now, serviceArn);
    if (service.deploymentController === 'ECS') {
      this.rollout.settle(now, serviceArn, candidatesOf(this.state, now, service));
      if (!this.isThrottled)
        this.rebalancing.look(now, serviceArn, (milliseconds) => this.wake(now, milliseconds, serviceArn));
    } else this.rollout.settleTaskSets(now, serviceArn);
    if (service.status === 'DRAINING') this.retire(now, serviceArn);
  }

  /** Each deployment controller's pools of tasks, one after the other (D-9.49 to D-9.51). */
  private lookAtReplicas(now: number, service: Service): void {
    const refusals = poolsOf(service).flatMap((pool) => this.fill(now, service, pool));
    if (refusals.length > 0) this.refused(now, service, refusals);
    else this.resolved(service);
  }

  private fill(now: number, service: Service, pool: Pool): Refusal[] {
    const { launch } = pool;
    const candidates = candidatesOf(this.state, now, service, pool);
    const { strategy, pick } = batchOf(this.state, service, launch);
    const byProvider = providerRanks(this.state, launch.capacityProviderStrategy);
    const ranks = [...byProvider, ...scaleInRanks(this.state, strategy)];
    const surplusCount = this.rebalancing.surplus(now, service, candidates);
    const limits = { ...limitsOf(service, pool, candidates), surplusCount };
    const { stop, startCount, heldCount } = replicaPass(limits, candidates, { ranks, pick });
    this.stopAll(now, service, launch, this.allowed(service, launch, stop));
    this.rollout.held(now, service, heldCount);
    const isTime = startCount > 0 && this.failures.startsAt(service.serviceArn, launch) <= now;
    const count = isTime && this.mayStart(now, service, launch) ? startCount : 0;
    const { placed, refusals } = this.placer.start(now, { ...batchOf(this.state, service, launch), count });
    const taskArns = placed.map(({ taskArn }) => taskArn);
    this.rollout.started(now, service, launch, taskArns);
    return refusals;
  }

  /** A deployment that has FAILED replaces nothing (D-1.21). */
  private allowed(service: Service, launch: Launch, stops: Pass['stop']): Pass['stop'] {
    const isOver = this.failures.startsAt(service.serviceArn, launch) === Number.POSITIVE_INFINITY;
    return isOver ? stops.filter(({ why }) => why !== 'deployment') : stops;
  }

  private lookAtDaemons(now: number, service: Service): void {
    const launch = primaryOf(service);
    if (service.status !== 'ACTIVE') {
      const all = candidatesOf(this.state, now, service).filter(({ isWanted }) => isWanted);
      const why = 'scaling' as const;
      const stops = all.map(({ taskArn }) => ({ taskArn, why }));
      this.stopAll(now, service, launch, stops);
      return;
    }
    const hasReplicas = (arn: string) => this.hasReplicaTasks(arn);
    const stops = daemonPass(service, this.daemons(now, service), hasReplicas);
    this.stopAll(now, service, launch, this.allowed(service, launch, stops));
    const misplaced = stops.filter(({ why }) => why === 'misplaced');
    this.rollout.misplaced(
      now,
      service,
      misplaced.map(({ taskArn }) => taskArn),
    );
    if (this.failures.startsAt(service.serviceArn, launch) > now) return;
    const requirement = requirementOf(this.state, service);
    const places = new Set(
      this.state.tasksOf(service.serviceArn).map(({ containerInstanceArn }) => containerInstanceArn),
    );
    const lacking = placeableInstances(this.state, service).filter(
      (each) => !places.has(each.containerInstanceArn),
    );
    const judged = lacking.map((instance) => ({ instance, reason: misfit(instance, requirement) }));
    const misfits = judged.flatMap(({ instance, reason }) => (reason ? [{ instance, reason }] : []));
    const [first] = misfits;
    if (first) this.refused(now, service, [{ misfits, reason: first.reason, count: misfits.length }]);
    else this.resolved(service);
    const fitting = judged.filter(({ reason }) => reason === undefined);
    if (fitting.length === 0 || !this.mayStart(now, service, launch)) return;
    const taskArns = fitting.map(({ instance }) => this.start(now, service, instance));
    this.rollout.started(now, service, launch, taskArns);
  }

  /** The tasks of a daemon, and whether its constraints still admit the instance that they are on (D-1.17j). */
  private daemons(now: number, service: Service): Candidate[] {
    const requirement = { ...requirementOf(this.state, service), siblings: new Map<string, number>() };
    return candidatesOf(this.state, now, service).map((task) => {
      const instance = this.state.instance(task.containerInstanceArn);
      return { ...task, isMisplaced: !task.isDraining && !meetsConstraints(instance, requirement) };
    });
  }

  private start(now: number, service: Service, instance: ContainerInstanceRecord): string {
    const launch = primaryOf(service);
    const { capacityProviderName } = instance;
    const isByProvider = launch.capacityProviderStrategy.length > 0;
    const task = this.tasks.place(now, instance, {
      ...orderOf(service, launch),
      launchType: launch.launchType,
      capacityProviderName: isByProvider ? capacityProviderName : undefined,
    });
    return task.taskArn;
  }

  private stopAll(
    now: number,
    service: Service,
    launch: Launch,
    stops: readonly { taskArn: string; why: StopWhy }[],
  ): void {
    for (const { taskArn, why } of stops) {
      const task = this.state.task(taskArn);
      if (why === 'unhealthy') this.rollout.unhealthy(now, service, launch, task);
      this.tasks.stop(now, taskArn, causeOf(service, why, task));
    }
    const taskArns = stops.map(({ taskArn }) => taskArn);
    this.rollout.stopped(now, service, launch, taskArns);
  }

  private refused(now: number, service: Service, refusals: readonly Refusal[]): void {
    this.waiting.add(service.serviceArn);
    const said = refusals.filter((refusal) => this.rollout.refused(now, service, refusal));
    if (said.length === 0) return;
    this.state.routinely(now, repeatMs, (then) => {
      if (this.waiting.has(service.serviceArn)) this.touch(then, service.serviceArn);
    });
  }

  private resolved({ serviceArn }: Service): void {
    this.waiting.delete(serviceArn);
    this.rollout.resolved(serviceArn);
  }

  /** A deleted service is INACTIVE once no task of it runs any more (D-9.46). */
  private retire(now: number, serviceArn: string): void {
    const running = this.state.tasksOf(serviceArn).some(({ sigtermAt }) => sigtermAt === undefined);
    if (running) return;
    const service = this.state.service(serviceArn);
    this.state.putService(now, { ...service, status: 'INACTIVE', deployments: [], taskSets: [] });
    this.waiting.delete(serviceArn);
    this.rollout.forget(serviceArn);
    this.failures.forget(serviceArn);
    this.targets.forget(serviceArn);
    this.rebalancing.forget(serviceArn);
    this.startFaults.forget(serviceArn);
  }

  private hasReplicaTasks(containerInstanceArn: string): boolean {
    return this.state
      .tasksOn(containerInstanceArn)
      .some(
        ({ serviceArn }) =>
          serviceArn !== undefined && this.state.services.get(serviceArn)?.schedulingStrategy === 'REPLICA',
      );
  }
}

/** With another controller the percentages count only while an instance is DRAINING (D-2.26). */
function limitsOf(service: Service, pool: Pool, candidates: readonly Candidate[]): Limits {
  const isLimited = service.deploymentController === 'ECS' || candidates.some(({ isDraining }) => isDraining);
  return isLimited ? pool : { ...pool, minimumHealthyPercent: 0, maximumPercent: unlimitedPercent };
}
