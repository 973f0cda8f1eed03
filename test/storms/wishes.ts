import { enrolmentTag, stewardHook } from '../../demo/cluster.ts';
import type { Call, Ledger, Tags } from './ledger.ts';
import { deadlineSecondsOf, standaloneSecondsOf } from './promise.ts';
import { groupsWritten } from './written.ts';

/** What is wrong with a call of ours, and which invariant says so. */
export interface Fault {
  readonly invariant: 'S1' | 'S6' | 'S7' | 'S8';
  readonly what: string;
}

/** Tasks told to stop at the deadline have so long. */
const graceSeconds = 600;
const isRead = (operation: string) => /^(Describe|List|Get)/.test(operation);

/** What a call of ours does that the tags of the groups it writes to do not allow. */
export function faultsOf(ledger: Ledger, call: Call): Fault[] {
  if (isRead(call.operation)) return [];
  return [...foreign(ledger, call), ...unwished(ledger, call), ...tooEarly(ledger, call)];
}

/** S6: what is written to belongs to a group that is enrolled, or was a moment ago, and to our hook. */
function foreign(ledger: Ledger, { caller, operation, input, service }: Call): Fault[] {
  if (caller.endsWith('-uninstall')) return [];
  const { LifecycleHookName: hook = stewardHook } = input;
  const isOthers = service === 'autoscaling' && hook !== stewardHook;
  const strange = [...groupsWritten(ledger.account, service, input)].filter(
    (name) => !ledger.tagsLately(name).some((tags) => tags[enrolmentTag] !== undefined),
  );
  return [
    ...(isOthers ? [`${caller} calls ${operation} about the hook ${hook}`] : []),
    ...strange.map((name) => `${caller} calls ${operation} about ${name}, which is not enrolled`),
  ].map((what) => ({ invariant: 'S6', what }));
}

/** S8: where the tags say to do nothing, nothing is done; what waits is kept alive, and in a dry run let go. */
function unwished(ledger: Ledger, { caller, operation, input, service }: Call): Fault[] {
  if (operation === 'RecordLifecycleActionHeartbeat' || caller.endsWith('-uninstall')) return [];
  return [...groupsWritten(ledger.account, service, input)].flatMap((name): Fault[] => {
    const isPaused = isAll(ledger.tagsLately(name), 'ecs-steward:state', 'paused');
    const isDryRun = isAll(ledger.tagsLately(name), 'ecs-steward:dry-run', 'on');
    if (isPaused && operation !== 'PutLifecycleHook')
      return [{ invariant: 'S8', what: `${caller} calls ${operation} about ${name}, which is paused` }];
    if (isDryRun && operation !== 'CompleteLifecycleAction')
      return [{ invariant: 'S8', what: `${caller} calls ${operation} about ${name}, which is in a dry run` }];
    return [];
  });
}

/** S8 again: a notice of Spot is left alone where the tags say so. */
export function isUnwishedDrain(ledger: Ledger, instanceId: string): boolean {
  const groupName = ledger.account.autoscaling.groupNameOf(instanceId) ?? '';
  return isAll(ledger.tagsLately(groupName), 'ecs-steward:interrupt', 'off');
}

const isAll = (lately: readonly Tags[], tag: string, value: string) =>
  lately.length > 0 && lately.every((tags) => tags[tag] === value);

function tooEarly(ledger: Ledger, call: Call): Fault[] {
  if (call.operation === 'CompleteLifecycleAction') return released(ledger, call);
  if (call.operation === 'DeleteLifecycleHook') return unhooked(ledger, call);
  return call.operation === 'StopTask' ? stopped(ledger, call) : [];
}

/** S1: with tasks that are not STOPPED only what the group's tags allow, and an instance that is ending anyway. */
function released(ledger: Ledger, { caller, input }: Call): Fault[] {
  const { InstanceId: instanceId, AutoScalingGroupName: groupName } = input as Record<string, string>;
  if (instanceId === undefined || groupName === undefined) return [];
  const ec2 = ledger.account.ec2.find(instanceId);
  const tasks = ledger.tasksLeft(instanceId);
  if (ec2?.state !== 'running' || ec2.interruption || tasks.length === 0) return [];
  const tags = ledger.tagsLately(groupName);
  const isLetGo = tags.some(
    (one) => one['ecs-steward:dry-run'] === 'on' || one['ecs-steward:state'] === 'leaving',
  );
  const areAllOfServices = tasks.every(({ serviceArn }) => serviceArn !== undefined);
  if (isLetGo || (areAllOfServices && isLate(ledger, instanceId, tags))) return [];
  const left = tasks.map(({ taskArn, lastStatus }) => `${taskArn.split('/').at(-1)} is ${lastStatus}`);
  return [{ invariant: 'S1', what: `${caller} releases ${instanceId} while ${left.join(', ')}` }];
}

/**
 * Whether what may be left of services at the deadline may be cut off: with `continue` from the deadline on, else only when
 * the tasks, told to stop, have had ten minutes.
 */
function isLate(ledger: Ledger, instanceId: string, tags: readonly Tags[]): boolean {
  const dueSeconds = tags.map((one) => deadlineOf(one) + (isContinue(one) ? 0 : graceSeconds));
  return ledger.hasPassed(instanceId, Math.min(...dueSeconds));
}

const deadlineOf = (tags: Tags) => deadlineSecondsOf(tags['ecs-steward:drain-deadline']);
const isContinue = (tags: Tags) => tags['ecs-steward:on-deadline'] === 'continue';

/** S1 again: our hook is not deleted while it holds an instance that drains since long, with tasks that are not STOPPED. */
function unhooked(ledger: Ledger, { caller, input }: Call): Fault[] {
  if (caller.endsWith('-uninstall')) return [];
  const { now } = ledger.account.world;
  return ledger.account.autoscaling
    .lifecycleActions()
    .filter(({ endedBy, endedAt = 0 }) => endedBy === 'hook-deleted' && now - endedAt < 1000)
    .filter(({ autoScalingGroupName }) => autoScalingGroupName === input.AutoScalingGroupName)
    .filter(({ instanceId }) => ledger.hasPassed(instanceId, 95) && ledger.tasksLeft(instanceId).length > 0)
    .map(({ instanceId }) => ({
      invariant: 'S1',
      what: `${caller} deletes the hook that holds ${instanceId}, with tasks on it`,
    }));
}

/** S7: a task is stopped by us when its time has come, as the tags say, or when Spot ends its instance. */
function stopped(ledger: Ledger, { caller, input }: Call): Fault[] {
  const { account } = ledger;
  const task = account.ecs.taskRecords().find(({ taskArn }) => taskArn === input.task);
  const instanceId = task?.ec2InstanceId;
  if (!task || instanceId === undefined || ledger.isInterrupted(instanceId)) return [];
  const tags = ledger.tagsLately(account.autoscaling.groupNameOf(instanceId) ?? '');
  const secondsOf = (one: Tags) => {
    if (task.serviceArn === undefined) return standaloneSecondsOf(one['ecs-steward:standalone-tasks']);
    return isContinue(one) ? Number.POSITIVE_INFINITY : deadlineOf(one);
  };
  if (tags.some((one) => ledger.hasPassed(instanceId, secondsOf(one)))) return [];
  return [{ invariant: 'S7', what: `${caller} stops ${input.task} on ${instanceId} before its time` }];
}
