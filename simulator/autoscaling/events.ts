import type { Outcome } from '../machine.ts';
import { type Passage, passages } from './passage.ts';
import type { Activity, Group, Hook, Instance } from './state.ts';

const source = 'aws.autoscaling';

const detailTypes = {
  'autoscaling:EC2_INSTANCE_LAUNCHING': 'EC2 Instance-launch Lifecycle Action',
  'autoscaling:EC2_INSTANCE_TERMINATING': 'EC2 Instance-terminate Lifecycle Action',
} as const;

/**
 * The event of one hook that begins to hold one instance on its passage; its resource is the group alone (D-1.22,
 * D-1.23, D-1.24, D-1.25).
 */
export function lifecycleEvent(group: Group, hook: Hook, instance: Instance, token: string): Outcome {
  const passage: Passage = passages[instance.passage];
  const { Origin, Destination, Action } = passage;
  const metadata = hook.NotificationMetadata;
  return {
    kind: 'event',
    event: {
      source,
      detailType: detailTypes[hook.LifecycleTransition],
      resources: [group.arn],
      detail: {
        LifecycleActionToken: token,
        AutoScalingGroupName: group.name,
        LifecycleHookName: hook.LifecycleHookName,
        EC2InstanceId: instance.instanceId,
        LifecycleTransition: hook.LifecycleTransition,
        ...(metadata === undefined ? {} : { NotificationMetadata: metadata }),
        Origin,
        Destination,
        ...(Action === undefined ? {} : { Action }),
      },
    },
  };
}

/** The event of an instance refresh; times and percentages in it are texts (D-1.28). */
export function refreshEvent(
  group: Group,
  refreshId: string,
  what: string,
  more: Record<string, string> = {},
): Outcome {
  return {
    kind: 'event',
    event: {
      source,
      detailType: `EC2 Auto Scaling Instance Refresh ${what}`,
      resources: [group.arn],
      detail: { InstanceRefreshId: refreshId, AutoScalingGroupName: group.name, ...more },
    },
  };
}

/** The event of an activity's end; its resources are the group and the instance (D-1.27). */
export function instanceEvent(
  now: number,
  detailType: string,
  activity: Activity,
  ending: {
    readonly StatusCode: string;
    readonly StatusMessage: string;
    readonly Origin?: string;
    readonly Destination?: string;
  },
): Outcome {
  const { described, instanceId, availabilityZone, subnetId } = activity;
  const groupArn = described.AutoScalingGroupARN ?? '';
  const { StatusCode, StatusMessage, ...path } = ending;
  return {
    kind: 'event',
    event: {
      source,
      detailType,
      resources: instanceId === '' ? [groupArn] : [groupArn, instanceArn(groupArn, instanceId)],
      detail: {
        StatusCode,
        Description: described.Description,
        AutoScalingGroupName: described.AutoScalingGroupName,
        ActivityId: described.ActivityId,
        Details: { 'Availability Zone': availabilityZone, 'Subnet ID': subnetId },
        RequestId: described.ActivityId,
        StatusMessage,
        EndTime: new Date(now).toISOString(),
        EC2InstanceId: instanceId,
        StartTime: described.StartTime.toISOString(),
        Cause: described.Cause,
        ...path,
      },
    },
  };
}

/** The instance lives in the group's account and Region. */
function instanceArn(groupArn: string, instanceId: string): string {
  const [, partition, , region, accountId] = groupArn.split(':');
  return `arn:${partition}:ec2:${region}:${accountId}:instance/${instanceId}`;
}
