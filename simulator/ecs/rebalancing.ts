import { candidatesOf } from './candidates.ts';
import { causeOf } from './causes.ts';
import { messages, serviceAction } from './events.ts';
import { type Candidate, firstToStop, maximumTasks, type StopOrder } from './passes.ts';
import { placeableInstances } from './placeable.ts';
import type { Batch, Placer } from './placer.ts';
import { primaryOf } from './pools.ts';
import { type Rollout, repeatMs } from './rollout.ts';
import { scaleInRanks } from './scale-in.ts';
import { batchOf } from './service-orders.ts';
import type { Service } from './service-records.ts';
import type { State } from './state.ts';
import { zonesOfSubnets } from './subnets.ts';
import type { Tasks } from './tasks.ts';
import { areEven, byZone, countZones, fullerThan, whyUneven, zonesBy, zonesInWords } from './zones.ts';

/** From a steady state with uneven zones to the first move (our choice; AWS names no time). */
const calmMs = 300_000;

/** A task that was started in an emptier zone, and the one in a fuller zone that goes when it is healthy. */
interface Move {
  readonly started: string;
  readonly leaving: string;
}

/** A rebalancing that has begun, and what it was begun for. */
interface Operation {
  readonly moves: readonly Move[];
  readonly deploymentId: string;
  readonly desiredCount: number;
}

/** Why a move could not be made, and when that was said. */
interface Block {
  readonly cause: string;
  readonly saidAt: number;
}

/**
 * Availability Zone rebalancing (D-2.41, D-2.41a): a service that is steady and unevenly spread gets tasks in its emptiest
 * zones first, within its maximum, and loses as many in its fullest ones when those are healthy. Whatever comes between
 * ends it; the scheduler then has a task too many and stops that as it always does.
 */
export class Rebalancing {
  private readonly state: State;
  private readonly tasks: Tasks;
  private readonly placer: Placer;
  private readonly rollout: Rollout;
  private readonly operations = new Map<string, Operation>();
  /** By service: when it has been steady and uneven for long enough. */
  private readonly dueAt = new Map<string, number>();
  private readonly blocks = new Map<string, Block>();

  constructor(state: State, tasks: Tasks, placer: Placer, rollout: Rollout) {
    this.state = state;
    this.tasks = tasks;
    this.placer = placer;
    this.rollout = rollout;
  }

  /** Whether it waits for room or for the end of a protection. */
  isBlocked(serviceArn: string): boolean {
    return this.blocks.has(serviceArn);
  }

  /** How many tasks a service has in place of others that still run. Ends a rebalancing that something came across. */
  surplus(now: number, service: Service, tasks: readonly Candidate[]): number {
    const operation = this.operations.get(service.serviceArn);
    if (!operation) return 0;
    if (isOn(service) && isUndisturbed(operation, service, tasks)) return operation.moves.length;
    this.stop(now, service);
    return 0;
  }

  /** Goes on with what has begun, or begins. `wake` has the scheduler look again later. */
  look(now: number, serviceArn: string, wake: (milliseconds: number) => void): void {
    const service = this.state.service(serviceArn);
    if (!isOn(service)) {
      this.forget(serviceArn);
      return;
    }
    const operation = this.operations.get(serviceArn);
    if (operation) this.finishMoves(now, service, operation);
    if (!service.isSteady || (this.operations.get(serviceArn)?.moves ?? []).length > 0) {
      this.dueAt.delete(serviceArn);
      return;
    }
    const tasks = candidatesOf(this.state, now, service);
    const counts = countZones(this.zonesOf(service), tasks);
    if (areEven(counts)) this.complete(now, service, counts);
    else if (operation || this.isDue(now, serviceArn, wake)) this.move(now, service, tasks, counts);
  }

  /** Forgets a service that is INACTIVE, or not to be rebalanced. */
  forget(serviceArn: string): void {
    this.operations.delete(serviceArn);
    this.dueAt.delete(serviceArn);
    this.blocks.delete(serviceArn);
  }

  private isDue(now: number, serviceArn: string, wake: (milliseconds: number) => void): boolean {
    const due = this.dueAt.get(serviceArn);
    if (due === undefined) {
      this.dueAt.set(serviceArn, now + calmMs);
      wake(calmMs);
      return false;
    }
    if (now < due) return false;
    this.dueAt.delete(serviceArn);
    return true;
  }

  /** The counterparts of what is healthy go. */
  private finishMoves(now: number, service: Service, operation: Operation): void {
    const { serviceArn } = service;
    const tasks = new Map(candidatesOf(this.state, now, service).map((task) => [task.taskArn, task]));
    const isDone = ({ started }: Move) => tasks.get(started)?.isHealthy === true;
    const done = operation.moves.filter(isDone);
    if (done.length === 0) return;
    this.operations.set(serviceArn, { ...operation, moves: operation.moves.filter((each) => !isDone(each)) });
    const leaving = done.flatMap((each) => tasks.get(each.leaving) ?? []);
    for (const { taskArn } of leaving)
      this.tasks.stop(now, taskArn, causeOf(service, 'rebalancing', this.state.task(taskArn)));
    for (const [zone, taskArns] of byZone(leaving))
      this.rollout.note(now, serviceArn, messages.movedFrom(service, zone, taskArns));
    const taskArns = leaving.map(({ taskArn }) => taskArn);
    this.state.emit(serviceAction(now, service, 'INFO', 'TASKS_STOPPED', { taskArns }));
  }

  private complete(now: number, service: Service, counts: ReadonlyMap<string, number>): void {
    const { serviceArn } = service;
    const wasMoving = this.operations.has(serviceArn);
    this.forget(serviceArn);
    if (!wasMoving) return;
    this.rollout.note(now, serviceArn, messages.even(service, zonesInWords(counts)));
    this.state.emit(serviceAction(now, service, 'INFO', 'SERVICE_REBALANCING_COMPLETED'));
  }

  private begin(now: number, service: Service, counts: ReadonlyMap<string, number>): void {
    const { serviceArn, desiredCount } = service;
    if (this.operations.has(serviceArn)) return;
    this.operations.set(serviceArn, { moves: [], deploymentId: primaryOf(service).id, desiredCount });
    this.rollout.note(now, serviceArn, messages.uneven(service, zonesInWords(counts)));
    this.state.emit(serviceAction(now, service, 'INFO', 'SERVICE_REBALANCING_STARTED'));
  }

  private stop(now: number, service: Service): void {
    this.operations.delete(service.serviceArn);
    this.rollout.note(now, service.serviceArn, messages.stoppedRebalancing(service));
    this.state.emit(serviceAction(now, service, 'INFO', 'SERVICE_REBALANCING_STOPPED'));
  }

  /** Starts as many tasks in emptier zones as there are to move and the maximum has room for (D-2.41). */
  private move(now: number, service: Service, tasks: readonly Candidate[], seen: Map<string, number>): void {
    const { serviceArn } = service;
    const counts = new Map(seen);
    const room = maximumTasks(service) - tasks.length;
    const moves: Move[] = [];
    const started: Candidate[] = [];
    let block: { cause: string; say: () => void } | undefined;
    while (moves.length < room && !areEven(counts)) {
      const taken = new Set(moves.map(({ leaving }) => leaving));
      const left = tasks.filter(({ taskArn }) => !taken.has(taskArn));
      const next = this.nextMove(now, service, left, counts);
      if ('say' in next) {
        block = next;
        break;
      }
      this.begin(now, service, seen);
      const { leaving, batch } = next;
      const [task] = this.placer.start(now, { ...batch, count: 1 }).placed;
      if (!task) throw new Error(`${serviceArn}: there was room in ${batch.availabilityZone}`);
      moves.push({ started: task.taskArn, leaving: leaving.taskArn });
      started.push({ ...leaving, taskArn: task.taskArn, availabilityZone: task.availabilityZone });
      counts.set(task.availabilityZone, (counts.get(task.availabilityZone) ?? 0) + 1);
      counts.set(leaving.availabilityZone, (counts.get(leaving.availabilityZone) ?? 0) - 1);
    }
    if (moves.length === 0) {
      if (block) this.blocked(now, service, seen, block);
      return;
    }
    this.blocks.delete(serviceArn);
    const { id: deploymentId } = primaryOf(service);
    this.operations.set(serviceArn, { moves, deploymentId, desiredCount: service.desiredCount });
    for (const [zone, taskArns] of byZone(started))
      this.rollout.note(now, serviceArn, messages.movedTo(service, zone, taskArns));
    const taskArns = moves.map((each) => each.started);
    this.state.emit(serviceAction(now, service, 'INFO', 'TASKS_STARTED', { taskArns }));
  }

  /** Which task is to be replaced, and how; or what is in the way, in the emptiest zone. */
  private nextMove(
    now: number,
    service: Service,
    tasks: readonly Candidate[],
    counts: ReadonlyMap<string, number>,
  ): { leaving: Candidate; batch: Omit<Batch, 'count'> } | { cause: string; say: () => void } {
    const launch = primaryOf(service);
    const ranks = scaleInRanks(this.state, batchOf(this.state, service, launch).strategy);
    const order: StopOrder = { ranks, pick: () => 0 };
    const targets = zonesBy(counts, 1).filter((zone) => fullerThan(counts, zone).length > 0);
    let protectedCount = 0;
    for (const to of targets)
      for (const from of fullerThan(counts, to)) {
        const there = tasks.filter((task) => task.isWanted && task.availabilityZone === from);
        const free = there.filter(({ isProtected }) => !isProtected);
        const leaving = firstToStop(free, there, order);
        if (!leaving) protectedCount += there.length;
        const batch = leaving && this.batchIn(service, leaving, to);
        if (batch && this.placer.hasRoom(batch)) return { leaving, batch };
      }
    const [to = ''] = targets;
    if (protectedCount > 0) return this.protection(now, service, protectedCount);
    return {
      cause: to,
      say: () => {
        this.rollout.note(now, service.serviceArn, messages.unplacedIn(service, launch.launchType, to));
        this.state.emit(serviceAction(now, service, 'ERROR', 'SERVICE_TASK_PLACEMENT_FAILURE'));
      },
    };
  }

  private protection(now: number, service: Service, count: number) {
    const { id } = primaryOf(service);
    return {
      cause: 'protection',
      say: () => {
        this.rollout.note(now, service.serviceArn, messages.unevenByProtection(service, id, count));
        const eventName = 'TASKSET_SCALE_IN_FAILURE_BY_TASK_PROTECTION';
        this.state.emit(serviceAction(now, service, 'INFO', eventName));
      },
    };
  }

  /** Says what is in the way, once while it is, or every six hours (D-1.19). */
  private blocked(
    now: number,
    service: Service,
    counts: ReadonlyMap<string, number>,
    { cause, say }: { cause: string; say: () => void },
  ): void {
    const { serviceArn } = service;
    const before = this.blocks.get(serviceArn);
    const isKnown = before?.cause === cause && now - before.saidAt < repeatMs;
    if (!this.operations.has(serviceArn) && isKnown) return;
    this.blocks.set(serviceArn, { cause, saidAt: now });
    this.begin(now, service, counts);
    say();
    this.stop(now, service);
  }

  /** The new task is like the one it replaces: of the same provider, and in a zone that has room now (D-2.41a). */
  private batchIn(service: Service, { taskArn }: Candidate, availabilityZone: string): Omit<Batch, 'count'> {
    const batch = batchOf(this.state, service, primaryOf(service));
    const { capacityProviderName } = this.state.task(taskArn);
    const strategy = batch.infrastructure.capacityProviderStrategy;
    const own = strategy.filter(({ capacityProvider }) => capacityProvider === capacityProviderName);
    const capacityProviderStrategy = own.map((item) => ({ ...item, weight: 1, base: 0 }));
    const infrastructure =
      own.length > 0 ? { ...batch.infrastructure, capacityProviderStrategy } : batch.infrastructure;
    return { ...batch, infrastructure, sharers: [], availabilityZone };
  }

  /** Zones in which the service could have tasks: of Fargate, or of the instances that would admit one. */
  private zonesOf(service: Service): string[] {
    const launch = primaryOf(service);
    if (launch.launchType === 'FARGATE') return this.placer.fargateZones(launch);
    const zones = placeableInstances(this.state, service).map(({ availabilityZone }) => availabilityZone);
    const possible = zonesOfSubnets(this.state, launch.networkConfiguration) ?? zones;
    return [...new Set(zones)].filter((zone) => possible.includes(zone));
  }
}

/** Whether ECS is to look after the zones of a service, and can (D-2.41b). */
const isOn = (service: Service) =>
  service.availabilityZoneRebalancing === 'ENABLED' &&
  service.status === 'ACTIVE' &&
  service.deploymentController === 'ECS' &&
  whyUneven(service, service.deployments[0]?.definition) === undefined;

/** The service wants what it wanted, and has that and the tasks of the moves: nothing came, went, drains or is ill. */
function isUndisturbed(
  { moves, deploymentId, desiredCount }: Operation,
  service: Service,
  tasks: readonly Candidate[],
): boolean {
  const wanted = new Map(tasks.filter(({ isWanted }) => isWanted).map((task) => [task.taskArn, task]));
  return (
    service.desiredCount === desiredCount &&
    service.deployments[0]?.id === deploymentId &&
    wanted.size === desiredCount + moves.length &&
    [...wanted.values()].every((task) => task.isPrimary && !task.isDraining && !task.isUnhealthy) &&
    moves.every(({ started, leaving }) => wanted.has(started) && wanted.get(leaving)?.isProtected === false)
  );
}
