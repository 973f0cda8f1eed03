import type { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import type { ECSClient } from '@aws-sdk/client-ecs';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Platform } from '../../simulator/cloud/lambda/lambda.ts';

/** A lifecycle action as its event names it. */
export interface Action {
  readonly AutoScalingGroupName: string;
  readonly EC2InstanceId: string;
  readonly LifecycleHookName: string;
}

/** What the function of a polling strategy works with. */
export interface Tools {
  readonly platform: Platform;
  readonly ecs: ECSClient;
  readonly autoscaling: AutoScalingClient;
  readonly sqs: SQSClient;
  readonly cluster: string;
  /** Sends the message once more, to be received after `delaySeconds`. */
  again(body: string, delaySeconds: number): Promise<void>;
}

/**
 * A way to drain an instance before it is terminated by asking again and again, as published drainers do: one function that
 * is told of the lifecycle action. `visit` gets the event of the action, or what `again` sent.
 */
export interface Strategy {
  readonly name: string;
  readonly timeoutSeconds: number;
  /** Whether the event comes by way of a queue, into which the function may send; else it invokes the function. */
  readonly isQueued: boolean;
  visit(tools: Tools, action: Action, body: string): Promise<void>;
}
