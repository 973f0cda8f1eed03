import type { Misfit, Requirement } from './placement.ts';
import { Places } from './places.ts';
import { type FargateProvider, fargateProviders, isSupplied } from './providers.ts';
import type { ContainerInstanceRecord, PlacementStrategy, StrategyItem, TaskRecord } from './records.ts';
import type { Infrastructure } from './service-records.ts';
import type { State } from './state.ts';
import { nextProvider } from './strategy.ts';
import { subnetsOf, zonesOfSubnets } from './subnets.ts';
import { isWaiting, type TaskOrder } from './task-order.ts';
import type { Tasks } from './tasks.ts';

/** Tasks to be placed together, and how. */
export interface Batch {
  readonly clusterArn: string;
  readonly count: number;
  readonly order: Omit<TaskOrder, 'launchType' | 'capacityProviderName' | 'platformVersion'>;
  readonly infrastructure: Infrastructure;
  readonly strategy: readonly PlacementStrategy[];
  readonly constraints: Requirement['constraints'];
  /** Tasks that are there already and count for spreading and distinctInstance. */
  readonly siblings: readonly TaskRecord[];
  /** Tasks that are there already and count for base and weight. */
  readonly sharers: readonly TaskRecord[];
  /** The only zone in which they may go, where they wait for nothing; undefined: any. */
  readonly availabilityZone?: string | undefined;
  /** Chooses among equals. */
  readonly pick: (count: number) => number;
}

/** Why tasks found no place: on every instance asked, or without one. */
export interface Refusal {
  /** The provider whose share it was; undefined: the launch type. */
  readonly capacityProvider?: string | undefined;
  readonly reason?:
    | Misfit
    | 'RESOURCE:FARGATE'
    | 'EMPTY CAPACITY PROVIDER'
    | 'NO ACTIVE INSTANCES'
    | undefined;
  /** How many tasks. */
  readonly count: number;
  readonly misfits: readonly { readonly instance: ContainerInstanceRecord; readonly reason: Misfit }[];
}

/** What LATEST means for Fargate (D-9.64). */
const latestPlatform = '1.4.0';
/** From a change of capacity to the next try (our choice). */
const retryMs = 1_000;
/** Fargate spreads tasks over as many zones as there are subnets, up to these. */
const zoneLetters = ['a', 'b', 'c'];

/** Finds places for tasks: on the instances of a cluster or of a provider's group, or on Fargate (D-4.38, D-4.44). */
export class Placer {
  private readonly state: State;
  private readonly tasks: Tasks;
  private readonly unavailable = new Set<FargateProvider>();
  /** What the tasks that wait for an instance came with, in their order. */
  private readonly waiting = new Map<string, Batch>();
  /** Who brings an instance when a task begins to wait for one of a provider (D-4.46). */
  onWait: ((now: number, capacityProvider: string) => void) | undefined;
  private isRetryDue = false;

  constructor(state: State, tasks: Tasks) {
    this.state = state;
    this.tasks = tasks;
  }

  /** Says whether Fargate has capacity: all that is asked for, or none (D-10.17). */
  setFargate(provider: FargateProvider, isAvailable: boolean): void {
    if (isAvailable) this.unavailable.delete(provider);
    else this.unavailable.add(provider);
  }

  /**
   * Starts as many of the tasks as find a place. A provider that refuses a task is not asked again, and no other one
   * takes its share (D-10.17).
   */
  start(now: number, batch: Batch): { placed: TaskRecord[]; refusals: Refusal[] } {
    const items = this.countedItems(batch.infrastructure.capacityProviderStrategy);
    const counts = countBy(batch.sharers, ({ capacityProviderName }) => capacityProviderName ?? '');
    const zones = countBy(batch.siblings, ({ availabilityZone }) => availabilityZone);
    const places = new Map<string, Places>();
    const placed: TaskRecord[] = [];
    const refusals = new Map<string, Omit<Refusal, 'count'>>();
    const refused = new Map<string, number>();
    for (let number = 0; number < batch.count; number++) {
      const provider = items.length > 0 ? nextProvider(items, counts) : '';
      counts.set(provider, (counts.get(provider) ?? 0) + 1);
      refused.set(provider, (refused.get(provider) ?? 0) + 1);
      if (refusals.has(provider)) continue;
      const outcome =
        batch.infrastructure.launchType === 'FARGATE'
          ? this.startOnFargate(now, batch, provider, zones)
          : this.startOne(now, batch, provider, places);
      if (!('taskArn' in outcome)) {
        refusals.set(provider, outcome);
        continue;
      }
      refused.delete(provider);
      placed.push(outcome);
      zones.set(outcome.availabilityZone, (zones.get(outcome.availabilityZone) ?? 0) + 1);
    }
    const counted = [...refusals].map(([name, refusal]) => ({ ...refusal, count: refused.get(name) ?? 0 }));
    return { placed, refusals: counted };
  }

  /** Whether a base counts without a weight is open (D-11.9). */
  private countedItems(items: readonly StrategyItem[]): readonly StrategyItem[] {
    if (this.state.switches.baseNeedsNoWeight) return items;
    return items.map((item) => (item.weight > 0 ? item : { ...item, base: 0 }));
  }

  /** Whether one more of the tasks would find a place at once. */
  hasRoom(batch: Omit<Batch, 'count'>): boolean {
    const { infrastructure, siblings } = batch;
    const [item] = infrastructure.capacityProviderStrategy;
    const provider = fargateProviders.find((name) => name === item?.capacityProvider) ?? 'FARGATE';
    if (infrastructure.launchType === 'FARGATE') return !this.unavailable.has(provider);
    return this.placesOf(batch, item?.capacityProvider, siblings).next().kind === 'placed';
  }

  /** The zones of Fargate that tasks with these subnets are spread over: theirs, or as many as there are subnets. */
  fargateZones({ networkConfiguration }: Pick<Infrastructure, 'networkConfiguration'>): string[] {
    const count = Math.max(1, subnetsOf(networkConfiguration).length);
    const usual = zoneLetters.slice(0, count).map((letter) => `${this.state.arns.region}${letter}`);
    return [...(zonesOfSubnets(this.state, networkConfiguration) ?? usual)];
  }

  /** Whether the tasks of a strategy wait for an instance, and no more of the cluster may (D-4.32). */
  isFull(clusterArn: string, items: readonly StrategyItem[]): boolean {
    const mayWait = items.some(({ capacityProvider }) => isSupplied(this.state.provider(capacityProvider)));
    return mayWait && this.hasNoMore(clusterArn);
  }

  /** The tasks of a cluster that wait for an instance, the oldest first; of one provider where it is named. */
  waitingTasks(clusterArn: string, capacityProvider?: string): TaskRecord[] {
    return [...this.waiting.keys()]
      .flatMap((taskArn) => this.state.tasks.get(taskArn) ?? [])
      .filter((task) => task.clusterArn === clusterArn && isWaiting(task) && task.desiredStatus === 'RUNNING')
      .filter((task) => (capacityProvider ?? task.capacityProviderName) === task.capacityProviderName);
  }

  /** There may be room that was not there before: soon, tasks that wait try again, the oldest first. */
  retry(now: number): void {
    if (this.isRetryDue || this.waiting.size === 0) return;
    this.isRetryDue = true;
    this.state.after(now, retryMs, (then) => {
      this.isRetryDue = false;
      for (const [taskArn, batch] of this.waiting) this.tryAgain(then, taskArn, batch);
    });
  }

  private tryAgain(now: number, taskArn: string, batch: Batch): void {
    const task = this.state.tasks.get(taskArn);
    if (!task || !isWaiting(task) || task.desiredStatus === 'STOPPED') {
      this.waiting.delete(taskArn);
      return;
    }
    const siblings = [...this.state.taskIndex.inGroup(task)]
      .map((arn) => this.state.task(arn))
      .filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
    const placement = this.placesOf(batch, task.capacityProviderName, siblings).next();
    if (placement.kind !== 'placed') return;
    this.waiting.delete(taskArn);
    this.tasks.settle(now, task, placement.instance);
  }

  private hasNoMore(clusterArn: string): boolean {
    return this.waitingTasks(clusterArn).length >= this.state.quotas.provisioningTasksPerCluster;
  }

  private mayWait(clusterArn: string, capacityProvider: string): boolean {
    return isSupplied(this.state.provider(capacityProvider)) && !this.hasNoMore(clusterArn);
  }

  private placesOf(
    {
      clusterArn,
      order,
      infrastructure,
      constraints,
      strategy,
      pick,
      availabilityZone,
    }: Omit<Batch, 'count'>,
    capacityProviderName: string | undefined,
    siblings: readonly TaskRecord[],
  ): Places {
    const { definition, reservation } = order;
    const zones = zonesOfSubnets(this.state, infrastructure.networkConfiguration);
    const counts = countBy(siblings, ({ containerInstanceArn }) => containerInstanceArn ?? '');
    const instances = this.state
      .instancesOf(clusterArn)
      .filter((each) =>
        capacityProviderName
          ? each.capacityProviderName === capacityProviderName
          : each.hosting === infrastructure.launchType,
      )
      .filter((each) => !availabilityZone || each.availabilityZone === availabilityZone);
    const requirement = { definition, reservation, constraints, siblings: counts, zones };
    return new Places(instances, requirement, strategy, pick);
  }

  /** `places`: what was found for tasks of the batch so far, by provider. */
  private startOne(
    now: number,
    batch: Batch,
    provider: StrategyItem['capacityProvider'],
    places: Map<string, Places>,
  ): TaskRecord | Omit<Refusal, 'count'> {
    const capacityProviderName = provider || undefined;
    const { launchType } = batch.infrastructure;
    const order = { ...batch.order, launchType, capacityProviderName };
    const own = places.get(provider) ?? this.placesOf(batch, capacityProviderName, batch.siblings);
    places.set(provider, own);
    const placement = own.next();
    if (placement.kind === 'placed') {
      const task = this.tasks.place(now, placement.instance, order);
      own.taken(this.state.instance(placement.instance.containerInstanceArn));
      return task;
    }
    const isForNow = batch.availabilityZone !== undefined;
    if (capacityProviderName && !isForNow && this.mayWait(batch.clusterArn, capacityProviderName)) {
      const task = this.tasks.wait(now, batch.clusterArn, order);
      this.waiting.set(task.taskArn, batch);
      this.onWait?.(now, capacityProviderName);
      return task;
    }
    const { misfits } = placement;
    const isEmpty = capacityProviderName !== undefined && misfits.length === 0;
    const reason = isEmpty ? this.whyEmpty(batch.clusterArn, provider) : closest(misfits)?.reason;
    return { capacityProvider: capacityProviderName, misfits, reason };
  }

  /** A provider may have no instances in the cluster, or none that is ACTIVE (D-9.61). */
  private whyEmpty(clusterArn: string, provider: string) {
    const own = this.state
      .instancesOf(clusterArn)
      .some(({ capacityProviderName }) => capacityProviderName === provider);
    return own ? 'NO ACTIVE INSTANCES' : 'EMPTY CAPACITY PROVIDER';
  }

  private startOnFargate(
    now: number,
    { clusterArn, order, infrastructure, availabilityZone: only }: Batch,
    named: string,
    crowd: ReadonlyMap<string, number>,
  ): TaskRecord | Omit<Refusal, 'count'> {
    const capacityProviderName = named || undefined;
    const provider = fargateProviders.find((name) => name === capacityProviderName) ?? 'FARGATE';
    if (this.unavailable.has(provider))
      return { capacityProvider: provider, misfits: [], reason: 'RESOURCE:FARGATE' };
    const zones = only === undefined ? this.fargateZones(infrastructure) : [only];
    const { platformVersion: asked = 'LATEST' } = infrastructure;
    const platformVersion = asked === 'LATEST' ? latestPlatform : asked;
    const load = (zone: string) => crowd.get(zone) ?? 0;
    const availabilityZone = zones.reduce((best, zone) => (load(zone) < load(best) ? zone : best));
    return this.tasks.place(
      now,
      { clusterArn, availabilityZone },
      { ...order, launchType: 'FARGATE', capacityProviderName, platformVersion },
    );
  }
}

/** Of the instances that refused, the one with the most CPU left. */
export function closest(misfits: Refusal['misfits']): Refusal['misfits'][number] | undefined {
  const cpuLeft = ({ instance }: Refusal['misfits'][number]) => instance.remainingResources.cpu;
  return [...misfits].sort((a, b) => cpuLeft(b) - cpuLeft(a))[0];
}

function countBy(tasks: readonly TaskRecord[], keyOf: (task: TaskRecord) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const task of tasks) counts.set(keyOf(task), (counts.get(keyOf(task)) ?? 0) + 1);
  return counts;
}
