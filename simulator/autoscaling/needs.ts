import type { Call, Need } from '../machine.ts';
import { type Group, nameOfGroup, type State } from './state.ts';

/**
 * What a call must be allowed: Describe* on `*`, everything else on the group's ARN, with its tags as condition keys
 * under both names (D-13.12). A group that does not exist is named by the ARN it would have, its id open.
 */
export function needsOf(state: State, call: Call): Need[] {
  const action = `autoscaling:${call.operation}`;
  if (call.operation.startsWith('Describe')) return [{ action, resource: '*', context: {} }];
  return groupsNamed(state, call).map((name) => {
    const group = state.findGroup(name);
    if (group)
      return { action, resource: group.arn, context: { ...tagContext(group), ...requestContext(call) } };
    return { action, resource: arnWouldBe(state, name), context: requestContext(call) };
  });
}

function groupsNamed(state: State, { input }: Call): string[] {
  const { AutoScalingGroupName, InstanceId, Tags } = input;
  if (typeof AutoScalingGroupName === 'string') return [AutoScalingGroupName];
  if (typeof InstanceId === 'string') return [state.instances.get(InstanceId)?.groupName ?? '*'];
  return [...new Set(records(Tags).map(({ ResourceId }) => String(ResourceId)))];
}

const arnWouldBe = ({ region, accountId }: State, name: string) =>
  name.startsWith('arn:')
    ? name
    : `arn:aws:autoscaling:${region}:${accountId}:autoScalingGroup:*:autoScalingGroupName/${nameOfGroup(name)}`;

const tagContext = (group: Group): Record<string, string> =>
  Object.fromEntries(
    group.tags.flatMap(({ Key, Value }) => [
      [`autoscaling:ResourceTag/${Key}`, Value],
      [`aws:ResourceTag/${Key}`, Value],
    ]),
  );

/** The tags of a request, for policies that say which tags may be written. */
const requestContext = ({ input }: Call): Record<string, string> =>
  Object.fromEntries(
    records(input.Tags).map(({ Key, Value = '' }) => [`aws:RequestTag/${Key}`, String(Value)]),
  );

const records = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value : []);
