import { stewardHook } from '../../demo/cluster.ts';
import { groupName, type Scene } from './scene.ts';

/** The terminate event of our hook, as EventBridge would deliver it. */
export const terminateEvent = (scene: Scene, instanceId: string, detail: Record<string, unknown> = {}) => ({
  ...envelope(scene, 'aws.autoscaling', 'EC2 Instance-terminate Lifecycle Action'),
  resources: [],
  detail: {
    LifecycleActionToken: '1e0da14e-ee88-1922-8be7-eb48be37a9d5',
    AutoScalingGroupName: groupName,
    LifecycleHookName: stewardHook,
    EC2InstanceId: instanceId,
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    Origin: 'AutoScalingGroup',
    Destination: 'EC2',
    ...detail,
  },
});

/** The outer part of an event. */
export const envelope = (scene: Scene, source: string, detailType: string) => ({
  version: '0',
  id: 'f10ffd62-0088-4e9c-3533-995c195ae54f',
  'detail-type': detailType,
  source,
  account: scene.account.accountId,
  time: new Date(scene.account.world.now).toISOString().replace(/\.\d+Z$/, 'Z'),
  region: scene.account.region,
});

/** A notice of Spot, with an ARN as there are (D-1.32). */
export const spotNotice = (scene: Scene, instanceId: string, time?: Date) => ({
  ...envelope(scene, 'aws.ec2', 'EC2 Spot Instance Interruption Warning'),
  ...(time && { time: time.toISOString() }),
  resources: [`arn:aws:ec2:eu-west-1b:instance/${instanceId}`],
  detail: { 'instance-id': instanceId, 'instance-action': 'terminate' },
});
