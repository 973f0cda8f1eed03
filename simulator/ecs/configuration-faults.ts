import { text } from './input.ts';
import type { TaskDefinition } from './records.ts';
import type { State } from './state.ts';

/** What of a task its configuration decides. */
interface Configured {
  readonly definition: TaskDefinition;
  readonly tags?: readonly unknown[];
  /** Who creates it, or created its service. */
  readonly createdBy: string;
}

/**
 * Why no task can be started with a configuration; undefined: it can. ECS cannot assume a role of the definition, or the
 * task would have tags and an ARN in the old form, in AWS's words as far as they are known (D-1.17n, D-9.56, D-14.63).
 */
export function misconfiguration(
  { unassumableRoles, settings }: State,
  { definition, tags = [], createdBy }: Configured,
): string | undefined {
  const roles = ['taskRoleArn', 'executionRoleArn'].flatMap((name) => text(definition.input, name) ?? []);
  const role = roles.find((arn) => unassumableRoles.has(arn));
  if (role !== undefined)
    return `ECS was unable to assume the role '${role}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`;
  if (tags.length > 0 && !settings.isOn(createdBy, 'taskLongArnFormat'))
    return 'The new ARN and resource ID format must be enabled to add tags to the task. Opt in to the new format and try again.';
  return undefined;
}
