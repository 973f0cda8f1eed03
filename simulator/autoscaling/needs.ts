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

/** What a request says that policies may ask about: its tags, sizes, force, and whether a version is named. */
const requestContext = ({ operation, input }: Call): Record<string, string> => ({
  ...Object.fromEntries(
    records(input.Tags).map(({ Key, Value = '' }) => [`aws:RequestTag/${Key}`, String(Value)]),
  ),
  ...conditions(operation, input),
});

function conditions(operation: string, input: Record<string, unknown>): Record<string, string> {
  const keys: Record<string, unknown> = {};
  if (operation === 'DeleteAutoScalingGroup') keys['autoscaling:ForceDelete'] = input.ForceDelete ?? false;
  if (operation === 'CreateAutoScalingGroup' || operation === 'UpdateAutoScalingGroup') {
    keys['autoscaling:MinSize'] = input.MinSize;
    keys['autoscaling:MaxSize'] = input.MaxSize;
    keys['autoscaling:LaunchConfigurationName'] = input.LaunchConfigurationName;
    keys['autoscaling:LaunchTemplateVersionSpecified'] = isVersionSpecified(input.LaunchTemplate);
  }
  const said = Object.entries(keys).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said.map(([key, value]) => [key, String(value)]));
}

/** A version by its number, and not whatever is the newest or the default one. */
function isVersionSpecified(template: unknown): boolean | undefined {
  if (typeof template !== 'object' || template === null) return undefined;
  const { Version } = template as { Version?: unknown };
  return typeof Version === 'string' && !Version.startsWith('$');
}

const records = (value: unknown): Record<string, unknown>[] => (Array.isArray(value) ? value : []);
