import { after, isTimeUp } from './deadline.ts';
import { type Departure, isEmptied, isStopping, needsTasks, type Registration } from './departure.ts';
import { chunks } from './grouping.ts';
import { bothLists, type Lists, stoppedList } from './tasks.ts';

/** When the first of consecutive visits found an instance without tasks that are meant to run, by EC2 instance id. */
export type EmptySince = Map<string, Date>;

interface Visit {
  readonly departure: Departure;
  readonly registrations: readonly Registration[];
}

/** Visits whose tasks are read together, in which lists. */
export interface TaskRead<One> {
  readonly visits: readonly One[];
  readonly lists: Lists;
}

/** No list of tasks is older than this (seconds). */
const staleSeconds = 10;
/** Instances whose tasks are read in both lists in one look though no time of theirs is up; the others wait for the next. */
const bothMost = 50;
/** Of a few instances, the tasks are read together: one that cannot be read keeps these waiting, and no others. */
const togetherMost = 10;
/** Tasks that stop are given so long (seconds); then it is looked at whether they have stopped although the record does not say so. */
const settlingSeconds = 300;

/** Remembers which instances have no task that is meant to run. */
export function noteEmpty(emptySince: EmptySince, visits: readonly Visit[], now: Date): void {
  for (const { departure, registrations } of visits) {
    if (!isEmptied(registrations)) emptySince.delete(departure.instanceId);
    else if (!emptySince.has(departure.instanceId)) emptySince.set(departure.instanceId, now);
  }
}

/**
 * The cheapest reads that tell which instances have drained. The tasks of one that runs or stops some need not be read: its record
 * says so. Where nothing has been meant to run for longer than any list is old, those that were told to stop are all there
 * are. The tasks of some that were just found empty are read in both lists, and the others wait for the next look.
 */
export function taskReadsOf<One extends Visit>(
  visits: readonly One[],
  emptySince: EmptySince,
  now: Date,
): TaskRead<One>[] {
  const isEmptyFor = ({ departure }: Visit, seconds: number) => {
    const since = emptySince.get(departure.instanceId);
    return since !== undefined && now >= after(since, seconds);
  };
  const asking = visits.filter(({ departure, registrations }) => needsTasks(departure, registrations, now));
  const [late, others] = parted(asking, ({ departure }) => isTimeUp(departure, now));
  const [stopping, free] = parted(others, ({ registrations }) => isStopping(registrations));
  const [settled, justEmptied] = parted(free, (visit) => isEmptyFor(visit, staleSeconds));
  // Should a record never look free although every task is STOPPED, the drain must end all the same.
  const stuck = stopping.filter((visit) => isEmptyFor(visit, settlingSeconds));
  const both = [...late, ...[...justEmptied, ...stuck].slice(0, bothMost)];
  const size = both.length > bothLists.wholeClusterAbove ? both.length : togetherMost;
  return [
    ...(settled.length > 0 ? [{ visits: settled, lists: stoppedList }] : []),
    ...chunks(both, size).map((some) => ({ visits: some, lists: bothLists })),
  ];
}

/** Those of which it is true, and the others. */
function parted<One>(list: readonly One[], isTrue: (one: One) => boolean): [One[], One[]] {
  return [list.filter(isTrue), list.filter((one) => !isTrue(one))];
}
