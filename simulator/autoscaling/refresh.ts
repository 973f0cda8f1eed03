import type {
  DesiredConfiguration,
  InstanceRefreshStatus,
  RefreshStrategy,
} from '@aws-sdk/client-auto-scaling';
import { isLeaving, isReady } from './passage.ts';
import type { RefreshPreferences } from './refresh-preferences.ts';
import type { Instance, LaunchTemplate } from './state.ts';

/** One instance refresh. Times are milliseconds. */
export interface Refresh {
  readonly id: string;
  readonly groupName: string;
  readonly status: InstanceRefreshStatus;
  readonly statusReason?: string;
  readonly strategy: RefreshStrategy;
  readonly preferences: RefreshPreferences;
  readonly desiredConfiguration?: DesiredConfiguration | undefined;
  /** What instances are launched from while it goes on. */
  readonly target: LaunchTemplate;
  /** The image of new root volumes, for the strategy ReplaceRootVolume. */
  readonly imageId?: string | undefined;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  /** The instances that are to be replaced, of the group and of its warm pool, as they were at the beginning. */
  readonly originals: ReadonlySet<string>;
  /** Those of them whose root volume is replaced. */
  readonly done: ReadonlySet<string>;
  /** How many instances of the group were to be replaced. */
  readonly totalCount: number;
  /** Launched ahead of the instances that they replace. */
  readonly aheadCount: number;
  /** How many checkpoints are passed. */
  readonly checkpointCount: number;
  /** At a checkpoint, or baking, until then. */
  readonly pausedUntil?: number | undefined;
  /** Where it stood when it last came on, and when that was. */
  readonly standing: string;
  readonly progressAt: number;
  /** How far it was when it was rolled back. */
  readonly rollback?: Reached & { readonly reason: string; readonly startedAt: number };
  /** How far it was when it ended. */
  readonly reached?: Reached;
}

/** How far a refresh has come. */
export interface Reached {
  readonly percent: number;
  readonly toUpdateCount: number;
}

/** What an instance refresh sees of its group. */
export interface RefreshView {
  readonly desired: number;
  /** Every instance of the group itself, those of the warm pool apart. */
  readonly members: readonly Instance[];
  readonly pooled: readonly Instance[];
}

/** What an instance refresh does next. */
export type RefreshStep =
  | { readonly kind: 'wait'; readonly wakeAt?: number }
  | { readonly kind: 'launch-ahead'; readonly count: number }
  | { readonly kind: 'replace'; readonly instances: readonly Instance[]; readonly aheadCount: number }
  | { readonly kind: 'refresh-pool'; readonly instances: readonly Instance[] }
  | { readonly kind: 'checkpoint'; readonly percent: number }
  | { readonly kind: 'bake' }
  | { readonly kind: 'finish' }
  | { readonly kind: 'fail'; readonly reason: string };

/** Without progress for so long, it fails (D-3.25; milliseconds). */
const stallMs = 3_600_000;

const finished: readonly InstanceRefreshStatus[] = [
  'Successful',
  'Failed',
  'Cancelled',
  'RollbackFailed',
  'RollbackSuccessful',
];

/** It has not come to its end. */
export const isActive = ({ status }: Refresh) => !finished.includes(status);

/** The instances that are left to replace, protected ones and those in standby as the preferences say (D-3.25). */
export function leftToReplace(refresh: Refresh, members: readonly Instance[]): Instance[] {
  const { ScaleInProtectedInstances, StandbyInstances } = refresh.preferences;
  return members.filter(
    (instance) =>
      refresh.originals.has(instance.instanceId) &&
      !refresh.done.has(instance.instanceId) &&
      !isLeaving(instance) &&
      !instance.state.startsWith('ReplacingRootVolume') &&
      !(instance.isProtected && ScaleInProtectedInstances === 'Ignore') &&
      !(isStandby(instance) && StandbyInstances === 'Ignore'),
  );
}

/** The instances that are new and not ready yet: on their way into service, unhealthy or warming up. */
export function unready(refresh: Refresh, members: readonly Instance[], now: number): Instance[] {
  const left = new Set(leftToReplace(refresh, members));
  return members.filter(
    (instance) =>
      !left.has(instance) &&
      !isLeaving(instance) &&
      !isStandby(instance) &&
      !isWorking(refresh, instance, now),
  );
}

/** How far it is, in percent of the instances to replace; a rollback goes back to nothing. */
export function reachedBy(refresh: Refresh, members: readonly Instance[], now: number): Reached {
  const left = leftToReplace(refresh, members).length;
  const { totalCount, rollback } = refresh;
  if (rollback)
    return {
      percent: totalCount === 0 ? 0 : Math.floor((rollback.percent * left) / totalCount),
      toUpdateCount: rollback.toUpdateCount,
    };
  const toUpdateCount = Math.min(totalCount, left + unready(refresh, members, now).length);
  const percent = totalCount === 0 ? 100 : Math.floor(((totalCount - toUpdateCount) * 100) / totalCount);
  return { percent, toUpdateCount };
}

/** Where it stands; another value is progress, whatever else happens in the group. */
export function standingOf(refresh: Refresh, { members, pooled }: RefreshView, now: number): string {
  const left = new Set(leftToReplace(refresh, members));
  const working = members.filter((instance) => !left.has(instance) && isWorking(refresh, instance, now));
  const oldPooled = pooled.filter(({ instanceId }) => refresh.originals.has(instanceId));
  return [left.size, working.length, oldPooled.length, pooled.filter(isReady).length].join('/');
}

/** What to do next about a refresh that is in progress or rolls back. */
export function nextStep(refresh: Refresh, view: RefreshView, now: number): RefreshStep {
  const { members } = view;
  if (refresh.pausedUntil !== undefined && now < refresh.pausedUntil)
    return { kind: 'wait', wakeAt: refresh.pausedUntil };
  if (refresh.status === 'Baking') return { kind: 'finish' };
  const left = leftToReplace(refresh, members);
  const checkpoint = nextCheckpoint(refresh);
  const room = checkpoint === undefined ? left.length : roomBefore(refresh, checkpoint, left.length);
  const isQuiet = unready(refresh, members, now).length === 0 && refresh.aheadCount === 0;
  if (isQuiet && room <= 0 && checkpoint !== undefined) return { kind: 'checkpoint', percent: checkpoint };
  if (isQuiet && (left.length === 0 || isLastCheckpointPassed(refresh)))
    return afterGroup(refresh, view, now);
  return replacement(refresh, view, now, room) ?? waiting(refresh, view, now);
}

function afterGroup(refresh: Refresh, { pooled }: RefreshView, now: number): RefreshStep {
  const old = pooled.filter(({ instanceId }) => refresh.originals.has(instanceId));
  const resting = old.filter(({ state }) => !state.startsWith('Warmed:Terminating'));
  const ready = resting.filter(({ state }) => !state.startsWith('Warmed:Pending'));
  if (ready.length > 0) return { kind: 'refresh-pool', instances: ready };
  const isFilling = pooled.some(({ state }) => state.startsWith('Warmed:Pending'));
  if (isFilling) return waitUntil(refresh, now, undefined);
  if (refresh.rollback || !refresh.preferences.BakeTime) return { kind: 'finish' };
  return { kind: 'bake' };
}

/** Instances are taken out while enough stay healthy; where there may be more than desired, others are launched ahead. */
function replacement(
  refresh: Refresh,
  view: RefreshView,
  now: number,
  room: number,
): RefreshStep | undefined {
  const { desired, members } = view;
  const { MinHealthyPercentage, MaxHealthyPercentage } = refresh.preferences;
  const least = Math.ceil((desired * MinHealthyPercentage) / 100);
  const most = Math.max(desired, Math.floor((desired * MaxHealthyPercentage) / 100));
  const candidates = leftToReplace(refresh, members).filter((instance) => mayReplace(refresh, instance));
  const standby = candidates.filter(isStandby).slice(0, room);
  if (standby.length > 0) return { kind: 'replace', instances: standby, aheadCount: 0 };
  const { aheadCount } = refresh;
  const ahead = Math.min(candidates.length, room, most - desired) - aheadCount;
  if (ahead > 0 && refresh.strategy === 'Rolling') return { kind: 'launch-ahead', count: ahead };
  const healthy = members.filter((instance) => isWorking(refresh, instance, now)).length;
  const spare = healthy - least;
  // One at a time where all have to stay healthy and there may be no more of them.
  const isAlone = aheadCount === 0 && unready(refresh, members, now).length === 0;
  const count = Math.min(spare < 1 && isAlone ? 1 : spare, candidates.length, room);
  if (count < 1) return undefined;
  return {
    kind: 'replace',
    instances: candidates.slice(0, count),
    aheadCount: Math.min(count, aheadCount),
  };
}

function waiting(refresh: Refresh, { members }: RefreshView, now: number): RefreshStep {
  const warmAt = members.flatMap(({ inServiceAt }) => {
    const at = (inServiceAt ?? 0) + refresh.preferences.InstanceWarmup * 1000;
    return inServiceAt !== undefined && at > now ? at : [];
  });
  const why = whyStuck(refresh, members);
  return waitUntil(refresh, now, warmAt.length > 0 ? Math.min(...warmAt) : undefined, why);
}

function waitUntil(refresh: Refresh, now: number, wakeAt: number | undefined, why = ''): RefreshStep {
  const failsAt = refresh.progressAt + stallMs;
  if (now >= failsAt)
    return { kind: 'fail', reason: `The instance refresh made no progress for one hour.${why}` };
  return { kind: 'wait', wakeAt: Math.min(wakeAt ?? failsAt, failsAt) };
}

function whyStuck(refresh: Refresh, members: readonly Instance[]): string {
  const left = leftToReplace(refresh, members);
  const named = (instances: readonly Instance[]) => instances.map(({ instanceId }) => instanceId).join(', ');
  const standby = left.filter(isStandby);
  if (standby.length > 0) return ` These instances are in Standby: ${named(standby)}.`;
  const held = left.filter(({ isProtected }) => isProtected);
  return held.length > 0 ? ` These instances are protected from scale in: ${named(held)}.` : '';
}

const isStandby = ({ state }: Instance) => state === 'Standby' || state === 'EnteringStandby';

function mayReplace({ preferences }: Refresh, instance: Instance): boolean {
  if (instance.state === 'Standby') return preferences.StandbyInstances === 'Terminate';
  if (instance.state !== 'InService') return false;
  return !instance.isProtected || preferences.ScaleInProtectedInstances === 'Refresh';
}

/** In service, healthy, and warmed up where it came after the refresh began. */
function isWorking(refresh: Refresh, instance: Instance, now: number): boolean {
  const { state, isHealthy, inServiceAt, instanceId } = instance;
  if (state !== 'InService' || !isHealthy) return false;
  const isOld = refresh.originals.has(instanceId) && !refresh.done.has(instanceId);
  return isOld || now >= (inServiceAt ?? 0) + refresh.preferences.InstanceWarmup * 1000;
}

const nextCheckpoint = ({ preferences, checkpointCount, rollback }: Refresh): number | undefined =>
  rollback ? undefined : preferences.CheckpointPercentages?.[checkpointCount];

/** The last checkpoint is the end, below 100 too: then the other instances are not replaced. */
const isLastCheckpointPassed = ({ preferences, checkpointCount, rollback }: Refresh): boolean => {
  const count = preferences.CheckpointPercentages?.length ?? 0;
  return !rollback && count > 0 && checkpointCount >= count;
};

function roomBefore({ totalCount }: Refresh, percent: number, leftCount: number): number {
  const allowed = Math.ceil((totalCount * percent) / 100);
  return Math.min(leftCount, allowed - (totalCount - leftCount));
}
