import type {
  CompleteLifecycleActionType,
  DeleteLifecycleHookType,
  DescribeLifecycleHooksType,
  LifecycleHookSpecification,
  PutLifecycleHookType,
  RecordLifecycleActionHeartbeatType,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../machine.ts';
import type { ActionReference, Actions } from './actions.ts';
import { type Operation, operation } from './operation.ts';
import type { Group, Hook, LifecycleActionResult, LifecycleTransition, State } from './state.ts';
import {
  checkCount,
  checkLength,
  checkPattern,
  checkRange,
  constraint,
  oneOf,
  validationError,
} from './validation.ts';

/** The two transitions that a hook may hold. */
export const transitions: readonly LifecycleTransition[] = [
  'autoscaling:EC2_INSTANCE_LAUNCHING',
  'autoscaling:EC2_INSTANCE_TERMINATING',
];
const results: readonly LifecycleActionResult[] = ['CONTINUE', 'ABANDON'];
const hooksMax = 50;

/** PutLifecycleHook, DeleteLifecycleHook, DescribeLifecycleHooks, CompleteLifecycleAction, RecordLifecycleActionHeartbeat. */
export function hookOperations(room: { state: State; actions: Actions }): Record<string, Operation> {
  const { state, actions } = room;
  return {
    PutLifecycleHook: operation(({ now }, input: PutLifecycleHookType) => {
      const group = state.group(input.AutoScalingGroupName ?? '');
      state.hooks.set(now, group.name, withHook(state.hooksOf(group.name), group, input));
      return {};
    }),
    DeleteLifecycleHook: operation(({ now }, input: DeleteLifecycleHookType) => {
      const group = state.group(input.AutoScalingGroupName ?? '');
      const hook = state.hooksOf(group.name).find(isNamed(input.LifecycleHookName));
      if (!hook)
        throw validationError(
          `Lifecycle hook not found - no hook named ${input.LifecycleHookName} in ${group.name}`,
        );
      actions.endOfHook(now, hook);
      state.hooks.set(
        now,
        group.name,
        state.hooksOf(group.name).filter((other) => other !== hook),
      );
      return {};
    }),
    DescribeLifecycleHooks: operation(({ viewAt }, input: DescribeLifecycleHooksType) => {
      checkCount('lifecycleHookNames', input.LifecycleHookNames, hooksMax);
      const group = state.group(input.AutoScalingGroupName ?? '', viewAt);
      const names = input.LifecycleHookNames ?? [];
      const hooks = state.hooksOf(group.name, undefined, viewAt);
      return {
        LifecycleHooks: hooks.filter((hook) => names.length === 0 || names.includes(hook.LifecycleHookName)),
      };
    }),
    CompleteLifecycleAction: operation(({ now, principalArn }, input: CompleteLifecycleActionType) => {
      const reference = checked(input);
      const result = oneOf('lifecycleActionResult', input.LifecycleActionResult ?? '', results);
      actions.complete(now, reference, result, principalArn);
      return {};
    }),
    RecordLifecycleActionHeartbeat: operation(({ now }, input: RecordLifecycleActionHeartbeatType) => {
      actions.heartbeat(now, checked(input));
      return {};
    }),
  };
}

const isNamed = (name: string | undefined) => (hook: Hook) => hook.LifecycleHookName === name;

function checked(input: ActionReference): ActionReference {
  checkLength('lifecycleActionToken', input.LifecycleActionToken, 36, 36);
  checkLength('instanceId', input.InstanceId, 1, 19);
  return input;
}

/**
 * The group's hooks with one put among them: new with AWS's defaults, or changed in what is given (D-3.6). Throws
 * ValidationError outside the limits, LimitExceeded for the 51st hook.
 */
export function withHook(
  hooks: readonly Hook[],
  group: Pick<Group, 'name'>,
  input: LifecycleHookSpecification | PutLifecycleHookType,
): Hook[] {
  checkHook(input);
  const name = input.LifecycleHookName ?? '';
  const existing = hooks.find(isNamed(name));
  const transition = input.LifecycleTransition ?? existing?.LifecycleTransition;
  if (transition === undefined)
    throw constraint('lifecycleTransition', null, `satisfy enum value set: [${transitions.join(', ')}]`);
  if (!existing && hooks.length >= hooksMax)
    throw new Fault('LimitExceeded', `Only ${hooksMax} lifecycle hooks are allowed per AutoScalingGroup`);
  const HeartbeatTimeout = input.HeartbeatTimeout ?? existing?.HeartbeatTimeout ?? 3600;
  const hook: Hook = {
    ...existing,
    ...(input.NotificationMetadata === undefined ? {} : { NotificationMetadata: input.NotificationMetadata }),
    ...(input.NotificationTargetARN === undefined
      ? {}
      : { NotificationTargetARN: input.NotificationTargetARN }),
    ...(input.RoleARN === undefined ? {} : { RoleARN: input.RoleARN }),
    LifecycleHookName: name,
    AutoScalingGroupName: group.name,
    LifecycleTransition: oneOf('lifecycleTransition', transition, transitions),
    HeartbeatTimeout,
    GlobalTimeout: Math.min(172_800, 100 * HeartbeatTimeout),
    DefaultResult: oneOf(
      'defaultResult',
      input.DefaultResult ?? existing?.DefaultResult ?? 'ABANDON',
      results,
    ),
  };
  return existing ? hooks.map((other) => (other === existing ? hook : other)) : [...hooks, hook];
}

function checkHook(input: LifecycleHookSpecification | PutLifecycleHookType): void {
  checkLength('lifecycleHookName', input.LifecycleHookName, 1, 255);
  checkPattern('lifecycleHookName', input.LifecycleHookName, '[A-Za-z0-9\\-_\\/]+');
  checkRange('heartbeatTimeout', input.HeartbeatTimeout, 30, 7200);
  checkLength('notificationMetadata', input.NotificationMetadata, 1, 4000);
  checkPattern('notificationMetadata', input.NotificationMetadata, '[\\u0009\\u000A\\u000D\\u0020-\\u007e]+');
}
