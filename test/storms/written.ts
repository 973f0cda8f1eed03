import type { Account } from '../../simulator/account.ts';

/** The groups that a call writes to: by name, or through a container instance or a task of theirs. */
export function groupsWritten(
  account: Account,
  service: string,
  input: Readonly<Record<string, unknown>>,
): Set<string> {
  const names = new Set<string>();
  if (service === 'autoscaling' && typeof input.AutoScalingGroupName === 'string')
    names.add(input.AutoScalingGroupName);
  if (service !== 'ecs') return names;
  const attributes = (input.attributes ?? []) as { targetId?: string }[];
  const arns = [
    ...((input.containerInstances ?? []) as string[]),
    ...attributes.flatMap(({ targetId }) => targetId ?? []),
  ];
  const instanceIds = arns.map((arn) => recordOf(account, arn)?.ec2InstanceId);
  if (typeof input.task === 'string') {
    const task = account.ecs.taskRecords().find(({ taskArn }) => taskArn === input.task);
    instanceIds.push(task?.ec2InstanceId);
  }
  for (const id of instanceIds) {
    const name = id === undefined ? undefined : account.autoscaling.groupNameOf(id);
    if (name !== undefined) names.add(name);
  }
  return names;
}

const recordOf = (account: Account, arn: string) =>
  account.ecs.containerInstanceRecords().find((one) => one.containerInstanceArn === arn);
