import * as v from 'valibot';
import { Unwanted } from './errors.ts';
import type { LookReason, LookRequest } from './fleet.ts';
import { terminateHook } from './hook.ts';
import { markName } from './mark.ts';
import { areHeld } from './resources.ts';
import { admitType, interruptionType, lookType, ownSource } from './source.ts';

/** Our hook holds an instance that Auto Scaling terminates, returns to its warm pool, or gives a new root volume. */
export interface TerminateAction {
  readonly kind: 'terminate-action';
  readonly at: Date;
  readonly autoScalingGroupName: string;
  readonly instanceIds: readonly string[];
}

/** The sweep asks `admit` to look at a group. */
export interface Admit {
  readonly kind: 'admit';
  readonly at: Date;
  readonly autoScalingGroupName: string;
  readonly instanceIds: readonly string[];
}

/** We have let Auto Scaling go on with an instance: who waits for a budget may be next. */
export interface Departed {
  readonly kind: 'departed';
  readonly at: Date;
  readonly autoScalingGroupName: string;
  readonly instanceId: string;
}

/** A container instance changed. `holdsResources`: some CPU or memory of it is still taken by tasks. `isMarked`: by us. */
export interface ContainerInstanceChange {
  readonly kind: 'container-instance';
  readonly at: Date;
  readonly clusterName: string;
  readonly containerInstanceArn: string;
  readonly instanceId: string;
  readonly status: string;
  readonly version: number;
  readonly holdsResources: boolean;
  readonly isMarked: boolean;
}

/** A task on a container instance is STOPPED. */
export interface TaskStopped {
  readonly kind: 'task-stopped';
  readonly at: Date;
  readonly clusterName: string;
  readonly containerInstanceArn: string;
  readonly taskArn: string;
  readonly version: number;
}

/** We asked ourselves to look at an instance again; `at` is when. */
export interface Look extends LookRequest {
  readonly kind: 'look';
  readonly at: Date;
}

/** Spot takes an instance back; `at` is when it said so. `isLook`: we asked ourselves to look again. */
export interface Interruption {
  readonly kind: 'interruption';
  readonly at: Date;
  readonly instanceId: string;
  readonly action: 'terminate' | 'stop' | 'hibernate';
  readonly isLook: boolean;
}

/** EC2 has stopped or terminated an instance, whoever asked for it. */
export interface InstanceEnd {
  readonly kind: 'instance-end';
  readonly at: Date;
  readonly instanceId: string;
  readonly state: 'stopped' | 'terminated';
}

/** EC2 recommends to replace an instance, which Spot may soon take back (D-1.30). */
export interface Recommendation {
  readonly kind: 'rebalance-recommendation';
  readonly at: Date;
  readonly instanceId: string;
}

/** What the lane decides about by group. */
export type GroupEvent = TerminateAction | Admit | Departed;

/** What the lane decides about. */
export type LaneEvent = GroupEvent | Recommendation;

/** Every event that the steward accepts. */
export type StewardEvent =
  | LaneEvent
  | ContainerInstanceChange
  | TaskStopped
  | Look
  | Interruption
  | InstanceEnd;

const text = v.pipe(v.string(), v.nonEmpty());
const time = v.pipe(
  v.string(),
  v.check((value) => !Number.isNaN(Date.parse(value)), 'expected an ISO 8601 time'),
  v.transform((value) => new Date(value)),
);
/** The resource's counter in `detail`, a number. The envelope has a version too, always the text "0" (D-1.2). */
const version = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** Events name clusters by ARN, groups by name; the last part is the name. */
const clusterArn = v.pipe(
  v.string(),
  v.regex(/^arn:[^:]+:ecs:[^:]+:[^:]+:cluster\/[^/]+$/, 'expected the ARN of a cluster'),
  v.transform((arn) => arn.slice(arn.lastIndexOf('/') + 1)),
);
const resources = v.optional(
  v.array(v.object({ name: v.string(), integerValue: v.optional(v.number()) })),
  [],
);

const envelope = v.object({
  source: text,
  'detail-type': text,
  time,
  // Our own messages name none.
  account: v.optional(v.string()),
  detail: v.looseObject({}),
});

const terminateDetail = v.object({
  AutoScalingGroupName: text,
  EC2InstanceId: text,
  LifecycleHookName: text,
  LifecycleTransition: text,
});
const containerInstanceDetail = v.object({
  clusterArn,
  containerInstanceArn: text,
  ec2InstanceId: text,
  status: text,
  version,
  registeredResources: resources,
  remainingResources: resources,
  attributes: v.optional(v.array(v.object({ name: v.string() })), []),
});
const taskDetail = v.object({
  clusterArn,
  containerInstanceArn: text,
  taskArn: text,
  lastStatus: text,
  version,
});
const admitDetail = v.object({ autoScalingGroupName: text, instanceIds: v.array(text) });
const departedDetail = v.object({ autoScalingGroupName: text, instanceId: text });
const lookReasons: readonly LookReason[] = ['empty', 'drained', 'not-registered', 'not-usable'];
const lookDetail = v.object({
  autoScalingGroupName: text,
  clusterName: text,
  instanceId: text,
  because: v.picklist(lookReasons),
});

const actions: readonly Interruption['action'][] = ['terminate', 'stop', 'hibernate'];
/** The ARN in `resources` of Spot's events may be no ARN of an instance (D-1.32). */
const interruptionDetail = v.object({ 'instance-id': text, 'instance-action': v.picklist(actions) });
const recommendationDetail = v.object({ 'instance-id': text });

const endStates: readonly InstanceEnd['state'][] = ['stopped', 'terminated'];
const instanceEndDetail = v.object({ 'instance-id': text, state: v.picklist(endStates) });

const readers: Readonly<Record<string, (detail: unknown, at: Date) => StewardEvent>> = {
  'aws.autoscaling/EC2 Instance-terminate Lifecycle Action': terminateAction,
  'aws.ecs/ECS Container Instance State Change': containerInstanceChange,
  'aws.ecs/ECS Task State Change': taskStopped,
  'aws.ec2/EC2 Spot Instance Interruption Warning': (detail, at) => interruption(detail, at, false),
  'aws.ec2/EC2 Instance State-change Notification': instanceEnd,
  'aws.ec2/EC2 Instance Rebalance Recommendation': recommendation,
  [`${ownSource}/${interruptionType}`]: (detail, at) => interruption(detail, at, true),
  [`${ownSource}/${admitType}`]: (detail, at) => ({ kind: 'admit', at, ...parse(admitDetail, detail) }),
  [`${ownSource}/Instance Drained`]: departed,
  [`${ownSource}/Instance Released`]: departed,
  [`${ownSource}/${lookType}`]: (detail, at) => ({ kind: 'look', at, ...parse(lookDetail, detail) }),
};

/**
 * Reads the body of a queue message. Throws Unwanted, saying why, for whatever is not an event that we accept; of another
 * account than ours, where ours is known, we accept none: rules take none, and nothing here could be done about it.
 */
export function readEvent(body: string, accountId?: string): StewardEvent {
  const { source, 'detail-type': detailType, time: at, account, detail } = parse(envelope, parseJson(body));
  if (account !== undefined && accountId !== undefined && account !== accountId)
    throw new Unwanted(`an event of the account ${account}`);
  const name = `${source}/${detailType}`;
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (!reader) throw new Unwanted(`no event of ours: source "${source}", detail-type "${detailType}"`);
  return reader(detail, at);
}

function terminateAction(detail: unknown, at: Date): TerminateAction {
  const found = parse(terminateDetail, detail);
  const { LifecycleHookName, LifecycleTransition } = found;
  if (LifecycleHookName !== terminateHook.lifecycleHookName)
    throw new Unwanted(`the hook "${LifecycleHookName}" of somebody else`);
  if (LifecycleTransition !== terminateHook.lifecycleTransition)
    throw new Unwanted(`LifecycleTransition "${LifecycleTransition}" of our hook`);
  return {
    kind: 'terminate-action',
    at,
    autoScalingGroupName: found.AutoScalingGroupName,
    instanceIds: [found.EC2InstanceId],
  };
}

function departed(detail: unknown, at: Date): Departed {
  return { kind: 'departed', at, ...parse(departedDetail, detail) };
}

function containerInstanceChange(detail: unknown, at: Date): ContainerInstanceChange {
  const found = parse(containerInstanceDetail, detail);
  const { containerInstanceArn, ec2InstanceId: instanceId, status, clusterArn: clusterName } = found;
  const holdsResources = areHeld(found.registeredResources, found.remainingResources);
  const { version } = found;
  return {
    kind: 'container-instance',
    at,
    clusterName,
    containerInstanceArn,
    instanceId,
    status,
    version,
    holdsResources,
    isMarked: found.attributes.some(({ name }) => name === markName),
  };
}

function taskStopped(detail: unknown, at: Date): TaskStopped {
  const { lastStatus, clusterArn: clusterName, ...found } = parse(taskDetail, detail);
  if (lastStatus !== 'STOPPED') throw new Unwanted(`a task whose lastStatus is ${lastStatus}`);
  return { kind: 'task-stopped', at, clusterName, ...found };
}

function interruption(detail: unknown, at: Date, isLook: boolean): Interruption {
  const found = parse(interruptionDetail, detail);
  const { 'instance-id': instanceId, 'instance-action': action } = found;
  return { kind: 'interruption', at, instanceId, action, isLook };
}

function instanceEnd(detail: unknown, at: Date): InstanceEnd {
  const { 'instance-id': instanceId, state } = parse(instanceEndDetail, detail);
  return { kind: 'instance-end', at, instanceId, state };
}

function recommendation(detail: unknown, at: Date): Recommendation {
  const { 'instance-id': instanceId } = parse(recommendationDetail, detail);
  return { kind: 'rebalance-recommendation', at, instanceId };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    throw new Unwanted('not JSON', { cause: error });
  }
}

/** What a value is by its schema. Throws Unwanted, naming each member that is not as expected. */
export function parse<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'event'}: ${issue.message}`);
  throw new Unwanted(faults.join('; '));
}
