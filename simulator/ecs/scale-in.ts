import { type Candidate, fullest, type StopRank } from './passes.ts';
import { spreadGroup } from './placement.ts';
import type { PlacementStrategy, Resources, StrategyItem } from './records.ts';
import type { State } from './state.ts';
import { overload } from './strategy.ts';

/**
 * How the strategy of a service ranks its tasks when it scales in (D-2.42a): spread takes from the group with the most of
 * them, binpack from the instance that has the most left without the task; random ranks nothing.
 */
export function scaleInRanks(state: State, strategy: readonly PlacementStrategy[]): StopRank[] {
  return strategy.flatMap(({ type, field = '' }) => {
    if (type === 'random') return [];
    if (type === 'spread') return [fullest((task) => groupOf(state, task, field))];
    return [emptiest(state, ({ cpu, memoryMib }) => (field === 'cpu' ? cpu : memoryMib))];
  });
}

/** Tasks of the provider whose turn was last rank highest; by launch type all are equal (D-4.44). */
export function providerRanks(state: State, items: readonly StrategyItem[]): StopRank[] {
  const providerOf = ({ taskArn }: Candidate) => state.task(taskArn).capacityProviderName ?? '';
  if (items.length === 0) return [];
  const rank: StopRank = (left) => {
    const counts = new Map<string, number>();
    for (const name of left.map(providerOf)) counts.set(name, (counts.get(name) ?? 0) + 1);
    return (task) => overload(items, counts, providerOf(task));
  };
  const names = items.map(({ capacityProvider }) => capacityProvider);
  return [rank, () => (task) => names.indexOf(providerOf(task))];
}

/** On Fargate there is no instance, but a zone. */
function groupOf(state: State, task: Candidate, field: string): string {
  if (field === 'attribute:ecs.availability-zone') return task.availabilityZone;
  const instance = state.instances.get(task.containerInstanceArn);
  return instance ? spreadGroup(instance, field) : task.containerInstanceArn;
}

/** What its instance has left once the task has given back what it holds. */
const emptiest =
  (state: State, amountOf: (resources: Resources) => number): StopRank =>
  () =>
  ({ taskArn, containerInstanceArn }) => {
    const left = state.instances.get(containerInstanceArn)?.remainingResources;
    return (left ? amountOf(left) : 0) + amountOf(state.task(taskArn).reservation);
  };
