/** A task of a service as the scheduler looks at it; tasks that are STOPPED are not among them. */
export interface Candidate {
  readonly taskArn: string;
  readonly containerInstanceArn: string;
  readonly availabilityZone: string;
  /** desiredStatus is RUNNING. */
  readonly isWanted: boolean;
  /** PENDING or earlier: goes at once where it is not wanted (D-2.17). */
  readonly isPending: boolean;
  /** Counts towards minimumHealthyPercent (D-2.20, D-2.21). */
  readonly isHealthy: boolean;
  /** Belongs to the primary deployment. */
  readonly isPrimary: boolean;
  /** Is on a DRAINING container instance. */
  readonly isDraining: boolean;
  /** Its instance no longer meets the constraints of its daemon (D-1.17j). */
  readonly isMisplaced?: boolean;
  /** Failed its health check. */
  readonly isUnhealthy?: boolean;
  /** Neither scale-in nor a deployment may choose it (D-2.36). */
  readonly isProtected?: boolean;
  /** Draining must leave it, too: not documented (D-2.36, D-11.2). */
  readonly isHeldWhileDraining?: boolean;
  /** It must stay although it is unhealthy: not documented either (D-2.36). */
  readonly isHeldWhileUnhealthy?: boolean;
}

/** Why the scheduler stops a task. */
export type StopWhy = 'draining' | 'deployment' | 'scaling' | 'misplaced' | 'unhealthy' | 'rebalancing';

/** What one pass of the scheduler does about one service. */
export interface Pass {
  readonly stop: readonly { readonly taskArn: string; readonly why: StopWhy }[];
  /** How many to start, where something fits. */
  readonly startCount: number;
  /** How many more there are than wanted, of which none may be stopped for being protected (D-2.37). */
  readonly heldCount: number;
}

/** How many tasks a service may have and must keep: rounded up below, down above (D-2.23). */
export interface Limits {
  readonly desiredCount: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  /** Tasks that run in place of others which still run, too: zones are being rebalanced (D-2.41). */
  readonly surplusCount?: number;
}

/** Ranks tasks by what the service still wants: the one that ranks highest stops first. */
export type StopRank = (left: readonly Candidate[]) => (task: Candidate) => number;

/** Which tasks go first when a service scales in. */
export interface StopOrder {
  /** One rank decides among those that the ranks before it leave equal. */
  readonly ranks: readonly StopRank[];
  /** Chooses among what every rank leaves equal: 0 to below the number given. */
  readonly pick: (count: number) => number;
}

/** A task of the group that has the most tasks of the service ranks highest. */
export const fullest =
  (groupOf: (task: Candidate) => string): StopRank =>
  (left) => {
    const counts = new Map<string, number>();
    for (const group of left.map(groupOf)) counts.set(group, (counts.get(group) ?? 0) + 1);
    return (task) => counts.get(groupOf(task)) ?? 0;
  };

/** Without a strategy: the zone with the most tasks of the service, then the instance (D-2.42). */
const usualOrder: StopOrder = {
  ranks: [
    fullest(({ availabilityZone }) => availabilityZone),
    fullest(({ containerInstanceArn }) => containerInstanceArn),
  ],
  pick: () => 0,
};

/** The fewest healthy tasks that a pass leaves (D-2.23). */
export function minimumHealthy({ desiredCount, minimumHealthyPercent }: Limits): number {
  return Math.ceil((desiredCount * minimumHealthyPercent) / 100);
}

/** The most tasks that are not STOPPED which a pass leads to (D-2.23, D-2.27). */
export function maximumTasks({ desiredCount, maximumPercent }: Limits): number {
  return Math.floor((desiredCount * maximumPercent) / 100);
}

/**
 * A REPLICA service. Tasks that are not up yet go at once where they are not wanted (D-2.17); what runs goes only
 * while enough healthy ones stay (D-2.18, D-2.19); starts stay below the maximum, which
 * counts what is stopping as well (D-2.22, D-2.27). What failed its health check is replaced first and stopped then
 * (D-14.3). Scale-in follows the order of the service's strategy (D-2.42a).
 */
export function replicaPass(
  limits: Limits,
  tasks: readonly Candidate[],
  scaleIn: StopOrder = usualOrder,
): Pass {
  const stops = new Stops(tasks, minimumHealthy(limits));
  const wantedCount = limits.desiredCount + (limits.surplusCount ?? 0);
  for (const task of tasks) {
    if (!task.isWanted || !task.isPending) continue;
    if (task.isDraining && !task.isHeldWhileDraining) stops.add(task, 'draining');
    else if (!task.isDraining && !task.isPrimary && !task.isProtected) stops.add(task, 'deployment');
  }
  const isKept = (task: Candidate) => task.isPrimary && !task.isDraining;
  const kept = tasks.filter((task) => task.isWanted && isKept(task));
  const sound = kept.filter(({ isUnhealthy }) => !isUnhealthy);
  const excess = sound.length - wantedCount;
  const free = sound.filter(({ isProtected }) => !isProtected);
  stops.most(free, excess, 'scaling', { evenUnhealthy: true, order: scaleIn });
  const replaced = tasks.filter((task) => task.isWanted && !isKept(task) && !stops.has(task));
  const draining = replaced.filter(
    ({ isDraining, isHeldWhileDraining }) => isDraining && !isHeldWhileDraining,
  );
  stops.most(draining, draining.length, 'draining', { evenUnhealthy: false });
  const outdated = replaced.filter(({ isDraining, isProtected }) => !isDraining && !isProtected);
  stops.most(outdated, outdated.length, 'deployment', { evenUnhealthy: false });
  const missing = Math.max(0, wantedCount - sound.length);
  const room = maximumTasks(limits) - tasks.length;
  const unhealthy = kept.filter(isReplaceable);
  const replacedCount = sound.filter(({ isHealthy }) => isHealthy).length + unhealthy.length - wantedCount;
  const isStuck = missing > 0 && room <= 0 && !isMoving(tasks);
  for (const task of unhealthy.slice(0, isStuck ? Math.max(1, replacedCount) : Math.max(0, replacedCount)))
    stops.add(task, 'unhealthy');
  return {
    stop: stops.decided,
    startCount: Math.max(0, Math.min(missing, room)),
    heldCount: Math.max(0, excess - free.length),
  };
}

/** It failed its health check, and may go for that (D-14.3). */
const isReplaceable = ({ isUnhealthy, isHeldWhileUnhealthy }: Candidate) =>
  isUnhealthy === true && !isHeldWhileUnhealthy;

/** Something is on its way up or down: unhealthy tasks that have to make room go one at a time (D-14.3). */
const isMoving = (tasks: readonly Candidate[]) =>
  tasks.some(({ isWanted, isHealthy, isUnhealthy }) => !isWanted || (!isHealthy && !isUnhealthy));

/**
 * A DAEMON service: one task on each eligible instance. On a DRAINING instance it is the last to stop, after every
 * replica task (D-2.29); `hasReplicaTasks` tells. What its constraints no longer admit goes at once (D-1.17j). Whether an instance lacks its daemon is asked by the caller.
 */
export function daemonPass(
  limits: Limits,
  tasks: readonly Candidate[],
  hasReplicaTasks: (containerInstanceArn: string) => boolean,
): Pass['stop'] {
  const stops = new Stops(tasks, minimumHealthy(limits));
  for (const task of tasks) {
    if (!task.isWanted) continue;
    const mayDrain = task.isPending || !hasReplicaTasks(task.containerInstanceArn);
    if (task.isDraining && mayDrain && !task.isHeldWhileDraining) stops.add(task, 'draining');
    else if (task.isMisplaced) stops.add(task, 'misplaced');
    else if (!task.isDraining && !task.isPrimary && task.isPending && !task.isProtected)
      stops.add(task, 'deployment');
  }
  const outdated = tasks.filter(
    (task) => task.isWanted && !task.isPrimary && !task.isDraining && !task.isProtected && !stops.has(task),
  );
  stops.most(outdated, outdated.length, 'deployment', { evenUnhealthy: false });
  const unhealthy = tasks.find((task) => isReplaceable(task) && !task.isDraining && !stops.has(task));
  if (unhealthy && !isMoving(tasks)) stops.add(unhealthy, 'unhealthy');
  return stops.decided;
}

/** The stops of one pass, and what they leave. */
class Stops {
  readonly decided: { taskArn: string; why: StopWhy }[] = [];
  private readonly stopped = new Set<string>();
  private readonly wanted: readonly Candidate[];
  private readonly minimum: number;
  private healthy: number;

  constructor(tasks: readonly Candidate[], minimum: number) {
    this.minimum = minimum;
    this.wanted = tasks.filter(({ isWanted }) => isWanted);
    this.healthy = this.wanted.filter(({ isHealthy }) => isHealthy).length;
  }

  has({ taskArn }: Candidate): boolean {
    return this.stopped.has(taskArn);
  }

  add(task: Candidate, why: StopWhy): void {
    this.stopped.add(task.taskArn);
    this.decided.push({ taskArn: task.taskArn, why });
    if (task.isHealthy) this.healthy -= 1;
  }

  /** Stops up to `count`, one after the other in the order given, or in the usual one (D-2.42). */
  most(
    tasks: readonly Candidate[],
    count: number,
    why: StopWhy,
    { evenUnhealthy, order = usualOrder }: { evenUnhealthy: boolean; order?: StopOrder },
  ): void {
    for (let stopped = 0; stopped < count; stopped++) {
      const left = tasks.filter((task) => !this.has(task));
      const free = evenUnhealthy ? left.filter(({ isHealthy }) => !isHealthy) : [];
      const allowed = left.filter((task) => this.healthyWithout(task) >= this.minimum);
      const wanted = this.wanted.filter((each) => !this.has(each));
      const task = firstToStop(free.length > 0 ? free : allowed, wanted, order);
      if (!task) return;
      this.add(task, why);
    }
  }

  /** A task that runs but is not healthy yet counts for nothing, and goes only when enough others are healthy. */
  private healthyWithout({ isHealthy }: Candidate): number {
    return this.healthy - (isHealthy ? 1 : 0);
  }
}

/** Which of the tasks goes first, given what the service still wants; undefined: there is none. */
export function firstToStop(
  tasks: readonly Candidate[],
  wanted: readonly Candidate[],
  { ranks, pick }: StopOrder,
): Candidate | undefined {
  let best = tasks;
  for (const rank of ranks) {
    const scored = best.map(rank(wanted));
    const highest = scored.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
    best = best.filter((_, index) => scored[index] === highest);
  }
  return best[best.length < 2 ? 0 : pick(best.length)];
}
