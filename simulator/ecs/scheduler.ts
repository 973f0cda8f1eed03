import { type Candidate, daemonPass, replicaPass, type StopWhy } from './passes.ts';
import { meetsConstraints, misfit, place, type Requirement } from './placement.ts';
import type {
  ContainerInstanceRecord,
  PlacementStrategy,
  Service,
  StopCause,
  TaskRecord,
} from './records.ts';
import { Rollout, repeatMs } from './rollout.ts';
import type { State, Watcher } from './state.ts';
import { isPending, type Tasks } from './tasks.ts';

/** From a change to the scheduler's look at it; what changes in between is looked at together. */
const passDelayMs = 1_000;

/** Where nothing else is asked for: the zone, then the instance, with the fewest tasks of the service (D-2.42). */
const usualStrategy: readonly PlacementStrategy[] = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
];

/** The service scheduler: starts and stops tasks until every service has what it wants (D-2.16 to D-2.29, D-9.37). */
export class Scheduler implements Watcher {
  readonly rollout: Rollout;
  private readonly state: State;
  private readonly tasks: Tasks;
  private readonly due = new Set<string>();
  /** Services with tasks that found no place. */
  private readonly waiting = new Set<string>();

  constructor(state: State, tasks: Tasks) {
    this.state = state;
    this.tasks = tasks;
    this.rollout = new Rollout(state);
  }

  /** Has a look at a service soon. */
  touch(now: number, serviceArn: string): void {
    if (this.due.size === 0) this.state.after(now, passDelayMs, (then) => this.pass(then));
    this.due.add(serviceArn);
  }

  taskChanged(now: number, task: TaskRecord): void {
    const { serviceArn, containerInstanceArn, healthyAt } = task;
    if (serviceArn === undefined) return;
    this.touch(now, serviceArn);
    if (task.desiredStatus === 'RUNNING' && healthyAt !== undefined && healthyAt > now)
      this.state.after(now, healthyAt - now, (then) => this.touch(then, serviceArn));
    // The daemons of a draining instance wait for its last replica task (D-2.29).
    if (task.lastStatus !== 'STOPPED' || this.state.instance(containerInstanceArn).status !== 'DRAINING')
      return;
    for (const other of this.state.tasksOn(containerInstanceArn))
      if (other.serviceArn !== undefined) this.touch(now, other.serviceArn);
  }

  capacityChanged(now: number, clusterArn: string): void {
    for (const { serviceArn } of this.state.servicesOf(clusterArn))
      if (this.waiting.has(serviceArn)) this.touch(now, serviceArn);
  }

  /** A container instance came, went, or changed between ACTIVE and DRAINING. */
  instanceChanged(now: number, { clusterArn, containerInstanceArn }: ContainerInstanceRecord): void {
    this.capacityChanged(now, clusterArn);
    for (const { serviceArn, schedulingStrategy } of this.state.servicesOf(clusterArn))
      if (schedulingStrategy === 'DAEMON') this.touch(now, serviceArn);
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
    const desiredCount = service.status === 'ACTIVE' ? this.eligible(service).length : 0;
    if (desiredCount === service.desiredCount) return service;
    const counted = { ...service, desiredCount };
    this.state.putService(now, counted);
    return counted;
  }

  private look(now: number, service: Service): void {
    if (service.status === 'INACTIVE') return;
    const isDaemon = service.schedulingStrategy === 'DAEMON';
    const started = isDaemon ? this.lookAtDaemons(now, service) : this.lookAtReplicas(now, service);
    this.rollout.tasks(now, service, 'started', started);
    const { serviceArn } = service;
    this.rollout.settle(now, serviceArn, this.candidates(now, service));
    if (service.status === 'DRAINING') this.retire(now, serviceArn);
  }

  private lookAtReplicas(now: number, service: Service): string[] {
    const { stop, startCount } = replicaPass(service, this.candidates(now, service));
    this.stopAll(now, service, stop);
    const strategy = service.placementStrategy.length > 0 ? service.placementStrategy : usualStrategy;
    const started: string[] = [];
    const pick = (count: number) => this.pick(strategy, count);
    while (started.length < startCount) {
      const requirement = this.requirement(service);
      const placement = place(this.state.instancesOf(service.clusterArn), requirement, strategy, pick);
      if (placement.kind === 'refused') {
        this.refused(now, service, placement.misfits);
        return started;
      }
      started.push(this.start(now, service, placement.instance));
    }
    this.resolved(service);
    return started;
  }

  private lookAtDaemons(now: number, service: Service): string[] {
    if (service.status !== 'ACTIVE') {
      const all = this.candidates(now, service).filter(({ isWanted }) => isWanted);
      const why = 'scaling' as const;
      const stops = all.map(({ taskArn }) => ({ taskArn, why }));
      this.stopAll(now, service, stops);
      return [];
    }
    const hasReplicas = (arn: string) => this.hasReplicaTasks(arn);
    this.stopAll(now, service, daemonPass(service, this.candidates(now, service), hasReplicas));
    const requirement = this.requirement(service);
    const places = new Set(
      this.state.tasksOf(service.serviceArn).map(({ containerInstanceArn }) => containerInstanceArn),
    );
    const lacking = this.eligible(service).filter((each) => !places.has(each.containerInstanceArn));
    const judged = lacking.map((instance) => ({ instance, reason: misfit(instance, requirement) }));
    const misfits = judged.flatMap(({ instance, reason }) => (reason ? [{ instance, reason }] : []));
    if (misfits.length > 0) this.refused(now, service, misfits);
    else this.resolved(service);
    return judged.flatMap(({ instance, reason }) => (reason ? [] : [this.start(now, service, instance)]));
  }

  private start(now: number, service: Service, instance: ContainerInstanceRecord): string {
    const primary = primaryOf(service);
    const { definition } = primary;
    const task = this.tasks.place(now, instance, {
      definition,
      reservation: definition.reservation,
      group: `service:${service.serviceName}`,
      startedBy: primary.id,
      serviceArn: service.serviceArn,
    });
    return task.taskArn;
  }

  private stopAll(now: number, service: Service, stops: readonly { taskArn: string; why: StopWhy }[]): void {
    for (const { taskArn, why } of stops)
      this.tasks.stop(now, taskArn, causeOf(service, why, this.state.task(taskArn)));
    this.rollout.tasks(
      now,
      service,
      'stopped',
      stops.map(({ taskArn }) => taskArn),
    );
  }

  private refused(now: number, service: Service, misfits: Parameters<Rollout['refused']>[2]): void {
    this.waiting.add(service.serviceArn);
    if (!this.rollout.refused(now, service, misfits)) return;
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
    this.state.putService(now, { ...this.state.service(serviceArn), status: 'INACTIVE', deployments: [] });
    this.waiting.delete(serviceArn);
    this.rollout.forget(serviceArn);
  }

  private candidates(now: number, service: Service): Candidate[] {
    const primary = service.deployments[0]?.id;
    return this.state.tasksOf(service.serviceArn).map((task) => ({
      taskArn: task.taskArn,
      containerInstanceArn: task.containerInstanceArn,
      availabilityZone: task.availabilityZone,
      isWanted: task.desiredStatus === 'RUNNING',
      isPending: isPending(task),
      isHealthy: task.healthyAt !== undefined && task.healthyAt <= now,
      isPrimary: task.startedBy === primary,
      isDraining: this.state.instance(task.containerInstanceArn).status === 'DRAINING',
      isUnhealthy: task.failedCheck !== undefined,
    }));
  }

  private requirement(service: Service): Requirement {
    const siblings = new Map<string, number>();
    for (const { containerInstanceArn, desiredStatus } of this.state.tasksOf(service.serviceArn))
      if (desiredStatus === 'RUNNING')
        siblings.set(containerInstanceArn, (siblings.get(containerInstanceArn) ?? 0) + 1);
    const { definition } = primaryOf(service);
    const { reservation } = definition;
    return { definition, reservation, constraints: service.placementConstraints, siblings };
  }

  /** Active instances that a daemon's constraints admit, whatever room they have (D-9.37). */
  private eligible(service: Service): ContainerInstanceRecord[] {
    const requirement = { ...this.requirement(service), siblings: new Map<string, number>() };
    return this.state
      .instancesOf(service.clusterArn)
      .filter((instance) => instance.status === 'ACTIVE' && meetsConstraints(instance, requirement));
  }

  private hasReplicaTasks(containerInstanceArn: string): boolean {
    return this.state
      .tasksOn(containerInstanceArn)
      .some(
        ({ serviceArn }) =>
          serviceArn !== undefined && this.state.services.get(serviceArn)?.schedulingStrategy === 'REPLICA',
      );
  }

  /** Among equals the one registered first, unless the strategy asks for chance. */
  private pick(strategy: readonly PlacementStrategy[], count: number): number {
    const isRandom = strategy.some(({ type }) => type === 'random');
    return isRandom ? Number.parseInt(this.state.ids.hex(8), 16) % count : 0;
  }
}

function primaryOf(service: Service) {
  const [primary] = service.deployments;
  if (!primary) throw new Error(`${service.serviceArn} has no deployment`);
  return primary;
}

/** D-2.16, D-7.9, D-14.3. */
function causeOf(service: Service, why: StopWhy, { failedCheck }: TaskRecord): StopCause {
  const { id } = primaryOf(service);
  const reasons: Readonly<Record<StopWhy, string>> = {
    draining: 'Task stopped during instance draining',
    deployment: `Scaling activity initiated by (deployment ${id})`,
    scaling: `Scaling activity initiated by (deployment ${id})`,
    unhealthy:
      failedCheck === 'target'
        ? `Task failed ELB health checks in (target-group ${service.loadBalancers[0]?.targetGroupArn})`
        : 'Task failed container health checks',
  };
  return { stopCode: 'ServiceSchedulerInitiated', stoppedReason: reasons[why] };
}
