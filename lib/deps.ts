import type { Announcement } from './announce.ts';
import { isThrottling } from './errors.ts';
import type { Fleet } from './fleet.ts';

/** Everything that is counted; each is a CloudWatch metric of the namespace `ecs-steward`. */
export type Metric =
  | 'Leaving'
  | 'StartedDraining'
  | 'Restored'
  | 'GhostsDeregistered'
  | 'Released'
  | 'ReleasedDrained'
  | 'ReleasedInstanceGone'
  | 'ReleasedNotRegistered'
  | 'ReleasedNotUsable'
  | 'ReleasedAtDeadline'
  | 'ReleasedAtHookEnd'
  | 'ReleasedLeaving'
  | 'ReleasedDryRun'
  | 'Retained'
  | 'RetainedAtDeadline'
  | 'DrainSeconds'
  | 'TasksStopped'
  | 'Interruptions'
  | 'InterruptedTooSlow'
  | 'Recommendations'
  | 'RecommendationsLeft'
  | 'Heartbeats'
  | 'HooksPut'
  | 'HooksDeleted'
  | 'HooksLeftBehind'
  | 'Unenrolled'
  | 'Paused'
  | 'Stuck'
  | 'HookEndNear'
  | 'Waiting'
  | 'WaitingMinMax'
  | 'WaitingNoRoom'
  | 'WaitingNotPlaced'
  | 'WaitingStartImpaired'
  | 'WaitingDeployment'
  | 'WaitingDeploymentFailed'
  | 'WaitingReplacing'
  | 'WaitingProtected'
  | 'WaitingDaemonLast'
  | 'WaitingStandalone'
  | 'WaitingStopping'
  | 'WaitingAgentDisconnected'
  | 'WaitingBudget'
  | 'WaitingUnknown'
  | 'Behind'
  | 'LeftToSweep'
  | 'Unwanted'
  | 'Misconfigured'
  | 'Shifts'
  | 'HeldBack'
  | 'Yielded'
  | 'LedgerFaults'
  | 'ProvidersOpened'
  | 'ProvidersProbed'
  | 'ProvidersClosed'
  | 'ProvidersOpen'
  | 'Failures'
  | 'Throttled'
  | 'SweepSeconds'
  | 'SweepCutShort';

/** Fields of a log line. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes log lines; what is below the configured level is dropped. */
export interface Log {
  debug(message: string, fields: LogFields): void;
  info(message: string, fields: LogFields): void;
  warn(message: string, fields: LogFields): void;
  error(message: string, fields: LogFields): void;
}

/** What every function works with. */
export interface Tools {
  readonly now: () => Date;
  readonly sleep: (milliseconds: number) => Promise<void>;
  readonly log: Log;
  /** Adds to a metric, 1 unless told. */
  readonly count: (metric: Metric, value?: number) => void;
}

/** What a behaviour works with. */
export interface Deps extends Tools {
  readonly fleet: Fleet;
  /** Tells the account what happened, at once and beside everything else: nobody waits for it, and nothing fails by it. */
  readonly announce: (event: Announcement) => void;
}

/**
 * Runs a part whose failure must not stop the other parts: the error is logged and counted and undefined comes back.
 * `doing` says what was tried.
 */
export async function contain<T>(
  { log, count }: Tools,
  doing: string,
  fields: LogFields,
  run: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    log.error(`could not ${doing}`, { ...fields, error });
    count('Failures');
    if (isThrottling(error)) count('Throttled');
    return undefined;
  }
}
