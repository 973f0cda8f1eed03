import {
  type AutoScalingClient,
  type AutoScalingGroup,
  CompleteLifecycleActionCommand,
  DeleteLifecycleHookCommand,
  DescribeAutoScalingGroupsCommand,
  type DescribeAutoScalingGroupsCommandInput,
  DescribeAutoScalingInstancesCommand,
  DescribeLifecycleHooksCommand,
  DescribeScalingActivitiesCommand,
  DescribeWarmPoolCommand,
  type Instance,
  PutLifecycleHookCommand,
  RecordLifecycleActionHeartbeatCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import type { Fleet, Group, GroupInstance, InstanceState } from '../fleet.ts';
import { chunks } from '../grouping.ts';
import { managedHookName, terminateHook } from '../hook.ts';
import { enrolmentTag } from '../policy.ts';
import type { Estate } from '../uninstall.ts';
import { pages } from './paging.ts';

/** The part of the fleet that Auto Scaling answers for. */
type AutoScalingPart = Pick<
  Fleet,
  | 'enrolledGroups'
  | 'groups'
  | 'groupsOf'
  | 'pool'
  | 'instanceStates'
  | 'terminationStarts'
  | 'hook'
  | 'putHook'
  | 'deleteHook'
  | 'heartbeat'
  | 'complete'
  | 'abandon'
  | 'terminate'
>;

const LifecycleHookName = terminateHook.lifecycleHookName;
/** D-5.16. */
const namesPerCall = 50;
const instancesPerCall = 50;
const pooledPerPage = 50;
const recordsPerPage = 100;

/** What the steward knows and does through EC2 Auto Scaling. */
export function autoScaling(client: AutoScalingClient): AutoScalingPart {
  const Filters = [{ Name: 'tag-key', Values: [enrolmentTag] }];
  return {
    enrolledGroups: () => describeGroups(client, { Filters }),
    groups: (autoScalingGroupNames) => groups(client, autoScalingGroupNames),
    groupsOf: (clusterName) =>
      describeGroups(client, { Filters: [{ Name: `tag:${enrolmentTag}`, Values: [clusterName] }] }),
    pool: (autoScalingGroupName) => pool(client, autoScalingGroupName),
    instanceStates: (instanceIds) => instanceStates(client, instanceIds),
    terminationStarts: (autoScalingGroupName) => terminationStarts(client, autoScalingGroupName),
    hook: (autoScalingGroupName) => hook(client, autoScalingGroupName),
    putHook: async (AutoScalingGroupName) => {
      const { heartbeatTimeoutSeconds, lifecycleTransition, defaultResult } = terminateHook;
      await client.send(
        new PutLifecycleHookCommand({
          AutoScalingGroupName,
          LifecycleHookName,
          LifecycleTransition: lifecycleTransition,
          HeartbeatTimeout: heartbeatTimeoutSeconds,
          DefaultResult: defaultResult,
        }),
      );
    },
    deleteHook: (autoScalingGroupName) => deleteHook(client, autoScalingGroupName),
    heartbeat: async (AutoScalingGroupName, InstanceId) => {
      const command = new RecordLifecycleActionHeartbeatCommand({
        AutoScalingGroupName,
        LifecycleHookName,
        InstanceId,
      });
      return (await isActive(client.send(command))) ? 'recorded' : 'no-action';
    },
    complete: (autoScalingGroupName, instanceId) =>
      complete(client, autoScalingGroupName, instanceId, 'CONTINUE'),
    abandon: (autoScalingGroupName, instanceId) =>
      complete(client, autoScalingGroupName, instanceId, 'ABANDON'),
    // It fills no place of the desired capacity any more, which so remains as it is.
    terminate: async (InstanceId) => {
      const command = new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId,
        ShouldDecrementDesiredCapacity: false,
      });
      return (await unlessInvalid(client.send(command), /^Instance Id not found/))
        ? 'terminating'
        : 'not-there';
    },
  };
}

async function complete(
  client: AutoScalingClient,
  AutoScalingGroupName: string,
  InstanceId: string,
  LifecycleActionResult: 'CONTINUE' | 'ABANDON',
) {
  const command = new CompleteLifecycleActionCommand({
    AutoScalingGroupName,
    LifecycleHookName,
    InstanceId,
    LifecycleActionResult,
  });
  return (await isActive(client.send(command))) ? 'completed' : 'already-completed';
}

/** What uninstalling knows and does through EC2 Auto Scaling: groups may end, and hooks be deleted, at any time. */
export function hooksEverywhere(
  client: AutoScalingClient,
): Pick<Estate, 'allGroups' | 'groups' | 'pool' | 'hook' | 'deleteHook'> {
  return {
    allGroups: () => describeGroups(client, {}),
    groups: (autoScalingGroupNames) => groups(client, autoScalingGroupNames),
    pool: (autoScalingGroupName) => pool(client, autoScalingGroupName),
    hook: (autoScalingGroupName) => unlessGone(hook(client, autoScalingGroupName)),
    deleteHook: (autoScalingGroupName) => deleteHook(client, autoScalingGroupName),
  };
}

async function deleteHook(client: AutoScalingClient, AutoScalingGroupName: string) {
  const command = new DeleteLifecycleHookCommand({ AutoScalingGroupName, LifecycleHookName });
  return (await unlessGone(client.send(command))) ? 'deleted' : 'not-there';
}

async function describeGroups(client: AutoScalingClient, input: DescribeAutoScalingGroupsCommandInput) {
  const found = await pages(async (NextToken) => {
    const page = await client.send(
      new DescribeAutoScalingGroupsCommand({ ...input, MaxRecords: recordsPerPage, NextToken }),
    );
    return { items: page.AutoScalingGroups ?? [], nextToken: page.NextToken };
  });
  return found.map(groupOf);
}

/** An empty list of names would mean all groups (D-6.12); there is no chunk of an empty list. */
async function groups(client: AutoScalingClient, autoScalingGroupNames: readonly string[]): Promise<Group[]> {
  const found: Group[] = [];
  for (const AutoScalingGroupNames of chunks(autoScalingGroupNames, namesPerCall))
    found.push(...(await describeGroups(client, { AutoScalingGroupNames })));
  return found;
}

function groupOf(group: AutoScalingGroup): Group {
  const tags = (group.Tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''] as const);
  return {
    autoScalingGroupName: group.AutoScalingGroupName ?? '',
    autoScalingGroupARN: group.AutoScalingGroupARN ?? '',
    tags: Object.fromEntries(tags),
    instances: (group.Instances ?? []).map(instanceOf),
    hasWarmPool: group.WarmPoolConfiguration !== undefined,
    retainsAbandoned: group.InstanceLifecyclePolicy?.RetentionTriggers?.TerminateHookAbandon === 'retain',
    rebalancesCapacity: group.CapacityRebalance === true,
  };
}

const instanceOf = ({ InstanceId, LifecycleState, HealthStatus }: Partial<Instance>): GroupInstance => ({
  instanceId: InstanceId ?? '',
  lifecycleState: LifecycleState ?? '',
  ...(HealthStatus === 'Unhealthy' && { isUnhealthy: true }),
});

/** A group that has gone has no pool either. */
async function pool(client: AutoScalingClient, AutoScalingGroupName: string): Promise<GroupInstance[]> {
  const found = await pages(async (NextToken) => {
    const command = new DescribeWarmPoolCommand({
      AutoScalingGroupName,
      MaxRecords: pooledPerPage,
      NextToken,
    });
    const page = await unlessGone(client.send(command));
    return { items: page?.Instances ?? [], nextToken: page?.NextToken };
  });
  return found.map(instanceOf);
}

/** Machines outside EC2 have other ids (D-14.50), longer than Auto Scaling takes (D-3.9): one would fail the call for all. */
const isOfEc2 = (instanceId: string) => instanceId.startsWith('i-');

async function instanceStates(
  client: AutoScalingClient,
  instanceIds: readonly string[],
): Promise<InstanceState[]> {
  const found: InstanceState[] = [];
  for (const InstanceIds of chunks(instanceIds.filter(isOfEc2), instancesPerCall)) {
    const { AutoScalingInstances = [] } = await client.send(
      new DescribeAutoScalingInstancesCommand({ InstanceIds }),
    );
    for (const { InstanceId = '', AutoScalingGroupName = '', LifecycleState = '' } of AutoScalingInstances)
      found.push({
        instanceId: InstanceId,
        autoScalingGroupName: AutoScalingGroupName,
        lifecycleState: LifecycleState,
      });
  }
  return found;
}

/**
 * The instance stands only in the text of the activity (D-13.11). The texts for one that returns to its warm pool or gets a
 * new root volume are not documented, so the instance that a text names is taken from any that is none of a launch.
 */
const instanceNamed = /^(?!Launching).*?\b(i-[0-9a-f]+)/;

async function terminationStarts(
  client: AutoScalingClient,
  AutoScalingGroupName: string,
): Promise<Map<string, Date>> {
  const Filters = [{ Name: 'Status', Values: ['MidLifecycleAction'] }];
  const activities = await pages(async (NextToken) => {
    const page = await client.send(
      new DescribeScalingActivitiesCommand({
        AutoScalingGroupName,
        Filters,
        MaxRecords: recordsPerPage,
        NextToken,
      }),
    );
    return { items: page.Activities ?? [], nextToken: page.NextToken };
  });
  const starts = new Map<string, Date>();
  for (const { Description, StartTime } of activities) {
    const instanceId = instanceNamed.exec(Description ?? '')?.[1];
    if (instanceId !== undefined && StartTime) starts.set(instanceId, StartTime);
  }
  return starts;
}

async function hook(client: AutoScalingClient, AutoScalingGroupName: string) {
  const { LifecycleHooks } = await client.send(
    new DescribeLifecycleHooksCommand({
      AutoScalingGroupName,
      LifecycleHookNames: [LifecycleHookName, managedHookName],
    }),
  );
  const named = (name: string) => LifecycleHooks?.find((one) => one.LifecycleHookName === name);
  const found = named(LifecycleHookName);
  return (
    found && {
      lifecycleHookName: LifecycleHookName,
      lifecycleTransition: found.LifecycleTransition ?? '',
      heartbeatTimeoutSeconds: found.HeartbeatTimeout ?? 0,
      defaultResult: found.DefaultResult ?? '',
      ...(named(managedHookName) && { isBesideManagedDraining: true }),
    }
  );
}

/** False where the action is over. AWS has no error of its own for that: it is a ValidationError with this text (D-3.10). */
async function isActive(call: Promise<unknown>): Promise<boolean> {
  return (await unlessInvalid(call, /^No active Lifecycle Action found/)) !== undefined;
}

/** Undefined where there is no such group or hook, for which AWS has no error of its own either. */
function unlessGone<T>(call: Promise<T>): Promise<T | undefined> {
  return unlessInvalid(
    call,
    /^(No Lifecycle Hook found|Lifecycle hook not found|AutoScalingGroup name not found)/i,
  );
}

/** Undefined where AWS refuses the call with a ValidationError of such a text. */
async function unlessInvalid<T>(call: Promise<T>, text: RegExp): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationError' && text.test(error.message))
      return undefined;
    throw error;
  }
}
