import { type Misfit, misfit, type Requirement, spreadGroup } from './placement.ts';
import type { ContainerInstanceRecord, PlacementStrategy } from './records.ts';

/** Where a task goes, or why it goes nowhere. */
export type Placement =
  | { readonly kind: 'placed'; readonly instance: ContainerInstanceRecord }
  | {
      readonly kind: 'refused';
      readonly misfits: readonly { readonly instance: ContainerInstanceRecord; readonly reason: Misfit }[];
    };

/** What a step of the strategy looks at: less is better. Instances that a step spreads over as one have one in common. */
interface Score {
  value: number;
}

/** An instance, why it cannot take a task, and its scores, one for each step of the strategy. */
interface Seat {
  instance: ContainerInstanceRecord;
  reason: Misfit | undefined;
  readonly scores: readonly Score[];
}

/** Where tasks of one kind can go. Each instance is judged once, and again when it has taken one of them. */
export class Places {
  private readonly requirement: Requirement;
  private readonly strategy: readonly PlacementStrategy[];
  private readonly pick: (count: number) => number;
  private readonly siblings: Map<string, number>;
  /** By the ARN of the instance, in the order of the instances. */
  private readonly seats: ReadonlyMap<string, Seat>;

  /** `pick` chooses among equals: 0 to below the number given. */
  constructor(
    instances: readonly ContainerInstanceRecord[],
    requirement: Requirement,
    strategy: readonly PlacementStrategy[],
    pick: (count: number) => number,
  ) {
    this.siblings = new Map(requirement.siblings);
    this.requirement = { ...requirement, siblings: this.siblings };
    this.strategy = strategy;
    this.pick = pick;
    const scores = strategy.map((step) => scorer(step, instances, this.siblings));
    const seat = (instance: ContainerInstanceRecord): Seat => ({
      instance,
      reason: misfit(instance, this.requirement),
      scores: scores.map((scoreOf) => scoreOf(instance)),
    });
    const active = instances.filter(({ status }) => status === 'ACTIVE');
    this.seats = new Map(active.map((instance) => [instance.containerInstanceArn, seat(instance)]));
  }

  /** Chooses an instance for one task. Each step of the strategy keeps the best of what the one before left. */
  next(): Placement {
    let best: Seat[] = [];
    for (const seat of this.seats.values()) {
      if (seat.reason !== undefined) continue;
      const difference = best[0] === undefined ? -1 : compare(seat, best[0]);
      if (difference < 0) best = [seat];
      else if (difference === 0) best.push(seat);
    }
    if (best.length === 0)
      return {
        kind: 'refused',
        misfits: [...this.seats.values()].flatMap(({ instance, reason }) =>
          reason ? [{ instance, reason }] : [],
        ),
      };
    const chosen = best[best.length === 1 ? 0 : this.pick(best.length)];
    if (!chosen) throw new Error(`pick chose none of ${best.length} instances`);
    return { kind: 'placed', instance: chosen.instance };
  }

  /** An instance has taken a task; `instance` is what it is with it. */
  taken(instance: ContainerInstanceRecord): void {
    const { containerInstanceArn: arn } = instance;
    const seat = this.seats.get(arn);
    if (!seat) return;
    this.siblings.set(arn, (this.siblings.get(arn) ?? 0) + 1);
    seat.instance = instance;
    seat.reason = misfit(instance, this.requirement);
    for (const [index, score] of seat.scores.entries()) {
      const { type, field } = this.strategy[index] as PlacementStrategy;
      if (type === 'spread') score.value += 1;
      if (type === 'binpack') score.value = left(instance, field);
    }
  }
}

function compare(one: Seat, other: Seat): number {
  for (let step = 0; step < one.scores.length; step++) {
    const difference = (one.scores[step] as Score).value - (other.scores[step] as Score).value;
    if (difference !== 0) return difference;
  }
  return 0;
}

const left = ({ remainingResources }: ContainerInstanceRecord, field?: string) =>
  field === 'cpu' ? remainingResources.cpu : remainingResources.memoryMib;

/** Gives the score of each instance by one step. A spread counts siblings on every instance, whatever its status. */
function scorer(
  { type, field = '' }: PlacementStrategy,
  instances: readonly ContainerInstanceRecord[],
  siblings: ReadonlyMap<string, number>,
): (instance: ContainerInstanceRecord) => Score {
  if (type === 'random') return () => ({ value: 0 });
  if (type === 'binpack') return (instance) => ({ value: left(instance, field) });
  const groups = new Map<string, Score>();
  const groupOf = (instance: ContainerInstanceRecord) => {
    const name = spreadGroup(instance, field);
    const group = groups.get(name) ?? { value: 0 };
    groups.set(name, group);
    return group;
  };
  for (const instance of instances)
    groupOf(instance).value += siblings.get(instance.containerInstanceArn) ?? 0;
  return groupOf;
}
