import { type Misfit, place, type Requirement } from './placement.ts';
import { type FargateProvider, fargateProviders } from './providers.ts';
import type { ContainerInstanceRecord, PlacementStrategy, StrategyItem, TaskRecord } from './records.ts';
import type { Infrastructure } from './service-records.ts';
import type { State } from './state.ts';
import { nextProvider } from './strategy.ts';
import type { TaskOrder } from './task-order.ts';
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
  /** Chooses among equals. */
  readonly pick: (count: number) => number;
}

/** Why tasks found no place: on every instance asked, or without one. */
export interface Refusal {
  /** The provider whose share it was; undefined: the launch type. */
  readonly capacityProvider?: string | undefined;
  readonly reason?: Misfit | 'RESOURCE:FARGATE' | 'EMPTY CAPACITY PROVIDER' | undefined;
  readonly misfits: readonly { readonly instance: ContainerInstanceRecord; readonly reason: Misfit }[];
}

/** What LATEST means for Fargate (D-9.64). */
const latestPlatform = '1.4.0';
/** Fargate spreads tasks over as many zones as there are subnets, up to these. */
const zoneLetters = ['a', 'b', 'c'];

/** Finds places for tasks: on the instances of a cluster or of a provider's group, or on Fargate (D-4.38, D-4.44). */
export class Placer {
  private readonly state: State;
  private readonly tasks: Tasks;
  private readonly unavailable = new Set<FargateProvider>();

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
    const { capacityProviderStrategy: items } = batch.infrastructure;
    const counts = countBy(batch.sharers, ({ capacityProviderName }) => capacityProviderName ?? '');
    const placed: TaskRecord[] = [];
    const refusals = new Map<string, Refusal>();
    for (let number = 0; number < batch.count; number++) {
      const provider = items.length > 0 ? nextProvider(items, counts) : '';
      counts.set(provider, (counts.get(provider) ?? 0) + 1);
      if (refusals.has(provider)) continue;
      const outcome = this.startOne(now, batch, provider, [...batch.siblings, ...placed]);
      if ('taskArn' in outcome) placed.push(outcome);
      else refusals.set(provider, outcome);
    }
    return { placed, refusals: [...refusals.values()] };
  }

  private startOne(
    now: number,
    batch: Batch,
    provider: StrategyItem['capacityProvider'],
    siblings: readonly TaskRecord[],
  ): TaskRecord | Refusal {
    const capacityProviderName = provider || undefined;
    const { launchType } = batch.infrastructure;
    if (launchType === 'FARGATE') return this.startOnFargate(now, batch, capacityProviderName, siblings);
    const { definition, reservation } = batch.order;
    const requirement = {
      definition,
      reservation,
      constraints: batch.constraints,
      siblings: countBy(siblings, ({ containerInstanceArn }) => containerInstanceArn ?? ''),
    };
    const instances = this.state
      .instancesOf(batch.clusterArn)
      .filter((instance) => !capacityProviderName || instance.capacityProviderName === capacityProviderName);
    const placement = place(instances, requirement, batch.strategy, batch.pick);
    if (placement.kind === 'placed')
      return this.tasks.place(now, placement.instance, { ...batch.order, launchType, capacityProviderName });
    const { misfits } = placement;
    const isEmpty = capacityProviderName !== undefined && misfits.length === 0;
    const reason = isEmpty ? 'EMPTY CAPACITY PROVIDER' : closest(misfits)?.reason;
    return { capacityProvider: capacityProviderName, misfits, reason };
  }

  private startOnFargate(
    now: number,
    { clusterArn, order, infrastructure }: Batch,
    capacityProviderName: string | undefined,
    siblings: readonly TaskRecord[],
  ): TaskRecord | Refusal {
    const provider = fargateProviders.find((name) => name === capacityProviderName) ?? 'FARGATE';
    if (this.unavailable.has(provider))
      return { capacityProvider: provider, misfits: [], reason: 'RESOURCE:FARGATE' };
    const zones = zoneLetters
      .slice(0, Math.max(1, subnetCount(infrastructure.networkConfiguration)))
      .map((letter) => `${this.state.arns.region}${letter}`);
    const counts = countBy(siblings, ({ availabilityZone }) => availabilityZone);
    const { platformVersion: asked = 'LATEST' } = infrastructure;
    const platformVersion = asked === 'LATEST' ? latestPlatform : asked;
    const load = (zone: string) => counts.get(zone) ?? 0;
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

function subnetCount(networkConfiguration: unknown): number {
  const { awsvpcConfiguration } = (networkConfiguration ?? {}) as {
    awsvpcConfiguration?: { subnets?: readonly unknown[] };
  };
  return awsvpcConfiguration?.subnets?.length ?? 0;
}
