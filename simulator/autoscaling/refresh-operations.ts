import type {
  CancelInstanceRefreshType,
  DescribeInstanceRefreshesType,
  RollbackInstanceRefreshType,
  StartInstanceRefreshType,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../machine.ts';
import { launchTemplateIn } from './launch-source.ts';
import { type Context, type Operation, operation } from './operation.ts';
import { page } from './page.ts';
import { isWarm } from './passage.ts';
import { isActive, leftToReplace, type Reached, type Refresh, reachedBy } from './refresh.ts';
import { imageOf, preferencesOf, whyIrreversible } from './refresh-preferences.ts';
import type { Refreshes } from './refreshes.ts';
import { type Group, historyMs, type Instance, type LaunchTemplate, type State } from './state.ts';
import { validationError } from './validation.ts';

/** StartInstanceRefresh, CancelInstanceRefresh, RollbackInstanceRefresh, DescribeInstanceRefreshes (D-3.25, D-3.26). */
export function refreshOperations(room: { state: State; refreshes: Refreshes }): Record<string, Operation> {
  const { state, refreshes } = room;
  return {
    StartInstanceRefresh: operation(({ now }, input: StartInstanceRefreshType) => {
      const group = state.group(input.AutoScalingGroupName ?? '');
      if (group.isDeleting)
        throw validationError(`AutoScalingGroup ${group.name} is pending delete and cannot be refreshed.`);
      const refresh = newRefresh(now, state, group, input);
      if (state.activeRefresh(group.name))
        throw new Fault(
          'InstanceRefreshInProgress',
          'An Instance Refresh is already in progress and blocks the execution of this Instance Refresh.',
        );
      refreshes.start(now, refresh);
      return { InstanceRefreshId: refresh.id };
    }),
    CancelInstanceRefresh: operation(({ now }, input: CancelInstanceRefreshType) => {
      const refresh = activeIn(state, input.AutoScalingGroupName);
      refreshes.cancel(now, refresh, input.WaitForTransitioningInstances !== false);
      return { InstanceRefreshId: refresh.id };
    }),
    RollbackInstanceRefresh: operation(({ now }, input: RollbackInstanceRefreshType) => {
      const refresh = activeIn(state, input.AutoScalingGroupName);
      const why = whyIrreversible(state.group(refresh.groupName), refresh.desiredConfiguration);
      const isOver = refresh.rollback !== undefined || refresh.status === 'Cancelling';
      if (why !== undefined || isOver)
        throw new Fault(
          'IrreversibleInstanceRefresh',
          `The Instance Refresh ${refresh.id} cannot be rolled back: ${why ?? `its status is ${refresh.status}`}.`,
        );
      refreshes.rollBack(now, refresh, 'A rollback was initiated by a user request.');
      return { InstanceRefreshId: refresh.id };
    }),
    DescribeInstanceRefreshes: operation((context, input: DescribeInstanceRefreshesType) =>
      describeRefreshes(context, state, input),
    ),
  };
}

function activeIn(state: State, groupName = ''): Refresh {
  const group = state.group(groupName);
  const refresh = state.activeRefresh(group.name);
  if (refresh) return refresh;
  throw new Fault(
    'ActiveInstanceRefreshNotFound',
    `No in progress or pending Instance Refresh found for Auto Scaling group ${group.name}`,
  );
}

function newRefresh(now: number, state: State, group: Group, input: StartInstanceRefreshType): Refresh {
  const preferences = preferencesOf(group, input.Preferences);
  const desired = input.DesiredConfiguration;
  const isReplacing = input.Strategy === 'ReplaceRootVolume';
  const imageId = isReplacing ? imageOf(group, input) : undefined;
  const target =
    desired?.LaunchTemplate || desired?.MixedInstancesPolicy
      ? launchTemplateIn(state, desired)
      : group.launchTemplate;
  const why = whyIrreversible(group, desired);
  if (preferences.AutoRollback && why !== undefined)
    throw validationError(`AutoRollback cannot be used: ${why}.`);
  const isSkipped = (instance: Instance) =>
    preferences.SkipMatching === true && matches(instance, target, imageId);
  const instances = state.instancesOf(group.name);
  const refresh: Refresh = {
    id: state.ids.uuid(),
    groupName: group.name,
    status: 'Pending',
    strategy: input.Strategy ?? 'Rolling',
    preferences,
    desiredConfiguration: desired,
    target,
    imageId,
    createdAt: now,
    originals: new Set(instances.filter((one) => !isSkipped(one)).map(({ instanceId }) => instanceId)),
    done: new Set(),
    totalCount: 0,
    aheadCount: 0,
    checkpointCount: 0,
    standing: '',
    progressAt: now,
  };
  const members = instances.filter((instance) => !isWarm(instance));
  return { ...refresh, totalCount: leftToReplace(refresh, members).length };
}

function matches({ launchTemplate, imageId }: Instance, target: LaunchTemplate, wanted: string | undefined) {
  const isSame =
    launchTemplate.LaunchTemplateName === target.LaunchTemplateName &&
    launchTemplate.Version === target.Version;
  return isSame && (wanted === undefined || imageId === wanted);
}

function describeRefreshes({ now, viewAt }: Context, state: State, input: DescribeInstanceRefreshesType) {
  const group = state.group(input.AutoScalingGroupName ?? '', viewAt);
  const ids = input.InstanceRefreshIds ?? [];
  const chosen = (state.refreshes.get(group.name, viewAt) ?? [])
    .map((refresh, order) => ({ refresh, order }))
    .filter(({ refresh }) => refresh.createdAt > now - historyMs)
    .filter(({ refresh }) => ids.length === 0 || ids.includes(refresh.id));
  const newestFirst = ({ order }: { order: number }) =>
    String(Number.MAX_SAFE_INTEGER - order).padStart(16, '0');
  const { items, NextToken } = page(input, { usual: 50, most: 100 }, chosen, newestFirst);
  const instances = state.instancesOf(group.name, viewAt);
  return {
    InstanceRefreshes: items.map(({ refresh }) => described(refresh, group, instances, viewAt)),
    NextToken,
  };
}

function described(refresh: Refresh, group: Group, instances: readonly Instance[], at: number) {
  const { startedAt, endedAt, statusReason, desiredConfiguration, rollback } = refresh;
  const members = instances.filter((instance) => !isWarm(instance));
  const reached = refresh.reached ?? reachedBy(refresh, members, at);
  const isStarted = startedAt !== undefined;
  return {
    InstanceRefreshId: refresh.id,
    AutoScalingGroupName: refresh.groupName,
    Status: refresh.status,
    ...(statusReason === undefined ? {} : { StatusReason: statusReason }),
    ...(isStarted ? { StartTime: new Date(startedAt) } : {}),
    ...(endedAt === undefined ? {} : { EndTime: new Date(endedAt) }),
    ...progress(isStarted ? reached : { percent: 0, toUpdateCount: refresh.totalCount }),
    ...(group.warmPool ? { ProgressDetails: progressDetails(refresh, instances, reached) } : {}),
    Preferences: refresh.preferences,
    ...(desiredConfiguration ? { DesiredConfiguration: desiredConfiguration } : {}),
    ...(rollback
      ? {
          RollbackDetails: {
            RollbackReason: rollback.reason,
            RollbackStartTime: new Date(rollback.startedAt),
            PercentageCompleteOnRollback: rollback.percent,
            InstancesToUpdateOnRollback: rollback.toUpdateCount,
          },
        }
      : {}),
    Strategy: refresh.strategy,
  };
}

const progress = ({ percent, toUpdateCount }: Reached) => ({
  PercentageComplete: percent,
  InstancesToUpdate: toUpdateCount,
});

/** The group is replaced first, its warm pool after it. */
function progressDetails(refresh: Refresh, instances: readonly Instance[], reached: Reached) {
  const pooled = instances.filter(isWarm);
  const old = pooled.filter(({ instanceId }) => refresh.originals.has(instanceId)).length;
  const isDone = !isActive(refresh);
  const percent =
    isDone || pooled.length === 0 ? 100 : Math.floor(((pooled.length - old) * 100) / pooled.length);
  return {
    LivePoolProgress: progress(reached),
    WarmPoolProgress: progress({ percent, toUpdateCount: isDone ? 0 : old }),
  };
}
