import type {
  AutoScalingGroupNamesType,
  CreateAutoScalingGroupType,
  DeleteAutoScalingGroupType,
  SetDesiredCapacityType,
  UpdateAutoScalingGroupType,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../machine.ts';
import type { Activities } from './activities.ts';
import type { Capacity } from './capacity.ts';
import { secondsOf } from './ground.ts';
import { changedGroup, newGroup } from './group.ts';
import { describedTags, matchesTagFilters } from './group-tags.ts';
import { withHook } from './hook-operations.ts';
import { describedInGroup } from './instance-operations.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type Context, type Operation, operation } from './operation.ts';
import { page } from './page.ts';
import { isLeaving, isRetained, isWarm } from './passage.ts';
import type { Group, Hook, Instance, State } from './state.ts';
import { checkCount, validationError } from './validation.ts';

/** Groups per account and Region (D-5.16). */
export const groupsMax = 500;

/** Create-, Update-, Delete-, DescribeAutoScalingGroup(s) and SetDesiredCapacity. */
export function groupOperations(room: {
  state: State;
  activities: Activities;
  lifecycle: Lifecycle;
  capacity: Capacity;
}): Record<string, Operation> {
  const { state, activities, capacity } = room;
  return {
    CreateAutoScalingGroup: operation(({ now }, input: CreateAutoScalingGroupType) => {
      const name = input.AutoScalingGroupName ?? '';
      refuseTaken(state, name);
      if (state.groups.values().length >= groupsMax)
        throw new Fault(
          'LimitExceeded',
          `You have already reached the maximum of ${groupsMax} AutoScalingGroups`,
        );
      const group = newGroup(now, state, input);
      const hooks = (input.LifecycleHookSpecificationList ?? []).reduce<Hook[]>(
        (all, hook) => withHook(all, group, hook),
        [],
      );
      state.hooks.set(now, name, hooks);
      state.groups.set(now, name, group);
      capacity.balance(now, name, `${userRequest(now)} created an AutoScalingGroup ${change(0, group)}`);
      return {};
    }),
    UpdateAutoScalingGroup: operation(({ now }, input: UpdateAutoScalingGroupType) => {
      const group = state.group(input.AutoScalingGroupName ?? '');
      refuseDuringRefresh(state, group, input);
      const changed = changedGroup(group, state, input);
      state.groups.set(now, group.name, changed);
      const { MinSize, MaxSize, DesiredCapacity } = changed.settings;
      const bounds = `update of AutoScalingGroup constraints to min: ${MinSize}, max: ${MaxSize}, desired: ${DesiredCapacity}`;
      const request = `${userRequest(now)} ${bounds} ${change(group.settings.DesiredCapacity, changed)}`;
      capacity.balance(now, group.name, request);
      return {};
    }),
    SetDesiredCapacity: operation(({ now }, input: SetDesiredCapacityType) => {
      const group = state.group(input.AutoScalingGroupName ?? '');
      const changed = withDesired(group, input.DesiredCapacity ?? 0);
      const blocking = input.HonorCooldown === true ? activities.blocking(now, group) : undefined;
      if (blocking)
        throw new Fault(
          'ScalingActivityInProgress',
          `Scaling activity ${blocking.described.ActivityId} is in progress and blocks this action`,
        );
      state.groups.set(now, group.name, changed);
      const request = `${userRequest(now)} explicitly set group desired capacity`;
      capacity.balance(now, group.name, `${request} ${change(group.settings.DesiredCapacity, changed)}`);
      return {};
    }),
    DeleteAutoScalingGroup: operation((context, input: DeleteAutoScalingGroupType) => {
      deleteGroup(context, room, input);
      return {};
    }),
    DescribeAutoScalingGroups: operation((context, input: AutoScalingGroupNamesType) =>
      describeGroups(context, state, input),
    ),
  };
}

/** On a page, and names in a call, unless MaxRecords says otherwise (D-5.16). */
const usualGroups = 50;

function describeGroups({ viewAt }: Context, state: State, input: AutoScalingGroupNamesType) {
  const { AutoScalingGroupNames: given = [], MaxRecords = usualGroups } = input;
  checkCount('autoScalingGroupNames', given, MaxRecords);
  const names = new Set(given);
  const chosen = state.groups
    .values(viewAt)
    .filter((group) => names.size === 0 || names.has(group.name) || names.has(group.arn))
    .filter((group) => matchesTagFilters(group, input.Filters ?? []));
  const { items, NextToken } = page(input, { usual: usualGroups, most: 100 }, chosen, ({ name }) => name);
  return {
    AutoScalingGroups: items.map((group) => {
      const instances = state.instancesOf(group.name, viewAt);
      // The instances of the warm pool are told of by DescribeWarmPool alone (D-3.28).
      const members = input.IncludeInstances === false ? [] : instances.filter((one) => !isWarm(one));
      const pool = group.warmPool && {
        WarmPoolConfiguration: group.warmPool,
        WarmPoolSize: instances.filter(isWarm).length,
      };
      return {
        ...group.settings,
        ...pool,
        ...(group.isDeleting ? { Status: 'Delete in progress' } : {}),
        Tags: describedTags(group),
        Instances: members.map(describedInGroup),
      };
    }),
    NextToken,
  };
}

function refuseTaken(state: State, name: string): void {
  const taken = state.groups.get(name);
  if (!taken) return;
  const what = taken.isDeleting ? 'is pending delete' : 'already exists';
  throw new Fault(
    'AlreadyExists',
    `AutoScalingGroup by this name already exists - A group with the name ${name} ${what}`,
  );
}

/** What an instance refresh is to bring about cannot be changed meanwhile; the text is AWS's. */
function refuseDuringRefresh(state: State, group: Group, input: UpdateAutoScalingGroupType): void {
  const isRelaunched = input.LaunchTemplate !== undefined || input.MixedInstancesPolicy !== undefined;
  if (isRelaunched && state.activeRefresh(group.name)?.desiredConfiguration)
    throw validationError(
      'An active instance refresh with a desired configuration exists. All configuration options derived from the desired configuration are not available for update while the instance refresh is active.',
    );
}

/** By force, instances go without their hooks (D-3.5) and the group is gone when the last of them is. */
function deleteGroup(
  { now }: Context,
  room: { state: State; lifecycle: Lifecycle },
  input: DeleteAutoScalingGroupType,
): void {
  const { state, lifecycle } = room;
  const group = state.group(input.AutoScalingGroupName ?? '');
  const isForced = input.ForceDelete === true;
  refuseProtected(group, isForced);
  const instances = state.instancesOf(group.name);
  if (!isForced) refuseFull(instances);
  if (instances.length === 0) {
    state.removeGroup(now, group.name);
    return;
  }
  const settings = { ...group.settings, MinSize: 0, MaxSize: 0, DesiredCapacity: 0 };
  state.groups.set(now, group.name, { ...group, settings, isDeleting: true });
  const cause = `${userRequest(now)} deleted the AutoScalingGroup.`;
  for (const instance of instances) lifecycle.terminateAtOnce(now, instance, cause, 'group-deleted');
}

/** Instances that stay are in the way, and those that leave until they are gone; the texts are AWS's. */
function refuseFull(instances: readonly Instance[]): void {
  if (instances.some((instance) => !isLeaving(instance) || isRetained(instance.state)))
    throw new Fault(
      'ResourceInUse',
      'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.',
    );
  if (instances.length > 0)
    throw new Fault(
      'ScalingActivityInProgress',
      'You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group.',
    );
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/resource-deletion-protection.html */
function refuseProtected({ name, settings }: Group, isForced: boolean): void {
  const protection = settings.DeletionProtection ?? 'none';
  if (protection === 'prevent-all-deletion' || (protection === 'prevent-force-deletion' && isForced))
    throw validationError(
      `AutoScalingGroup ${name} cannot be deleted${isForced ? ' by force' : ''}: its deletion protection is ${protection}.`,
    );
}

function withDesired(group: Group, desired: number): Group {
  const { MinSize, MaxSize } = group.settings;
  const limit =
    desired > MaxSize
      ? `above max value ${MaxSize}`
      : desired < MinSize
        ? `below min value ${MinSize}`
        : undefined;
  if (limit)
    throw validationError(`New SetDesiredCapacity value ${desired} is ${limit} for the AutoScalingGroup.`);
  return { ...group, settings: { ...group.settings, DesiredCapacity: desired } };
}

const userRequest = (now: number) => `At ${secondsOf(now)} a user request`;

const change = (from: number, { settings }: Group) =>
  `changing the desired capacity from ${from} to ${settings.DesiredCapacity}.  `;
