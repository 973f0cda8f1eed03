import type { Outcome } from '../machine.ts';
import type { Activity, Group, Hook } from './state.ts';

const source = 'aws.autoscaling';

const lifecycleDetail = {
  'autoscaling:EC2_INSTANCE_LAUNCHING': {
    detailType: 'EC2 Instance-launch Lifecycle Action',
    Origin: 'EC2',
    Destination: 'AutoScalingGroup',
  },
  'autoscaling:EC2_INSTANCE_TERMINATING': {
    detailType: 'EC2 Instance-terminate Lifecycle Action',
    Origin: 'AutoScalingGroup',
    Destination: 'EC2',
  },
} as const;

/** The event of one hook that begins to hold one instance; its resource is the group alone (D-1.22, D-1.24). */
export function lifecycleEvent(group: Group, hook: Hook, instanceId: string, token: string): Outcome {
  const { detailType, Origin, Destination } = lifecycleDetail[hook.LifecycleTransition];
  const metadata = hook.NotificationMetadata;
  return {
    kind: 'event',
    event: {
      source,
      detailType,
      resources: [group.arn],
      detail: {
        LifecycleActionToken: token,
        AutoScalingGroupName: group.name,
        LifecycleHookName: hook.LifecycleHookName,
        EC2InstanceId: instanceId,
        LifecycleTransition: hook.LifecycleTransition,
        ...(metadata === undefined ? {} : { NotificationMetadata: metadata }),
        Origin,
        Destination,
      },
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
