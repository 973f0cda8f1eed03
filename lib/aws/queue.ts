import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Fleet } from '../fleet.ts';
import { admitType, interruptionType, lookType, ownSource } from '../source.ts';

/** Where our own messages go. */
export interface QueueUrls {
  readonly laneUrl: string;
  readonly releaseQueueUrl: string;
  readonly interruptQueueUrl: string;
}

/** The lane's one message group: one invocation of `admit` decides at a time (D-13.5). */
const messageGroupId = 'lane';

/** What the steward asks of itself, in messages that look like events. */
export function queues(
  client: SQSClient,
  urls: QueueUrls,
): Pick<Fleet, 'askToAdmit' | 'askToLook' | 'askToInterrupt'> {
  return {
    // The time makes each message another one: the lane drops equal ones for five minutes (D-13.5).
    askToAdmit: async (autoScalingGroupName, instanceIds, now) => {
      await client.send(
        new SendMessageCommand({
          QueueUrl: urls.laneUrl,
          MessageGroupId: messageGroupId,
          MessageBody: body(admitType, now, { autoScalingGroupName, instanceIds }),
        }),
      );
    },
    askToLook: async (look, now, delaySeconds) => {
      await client.send(
        new SendMessageCommand({
          QueueUrl: urls.releaseQueueUrl,
          DelaySeconds: delaySeconds,
          MessageBody: body(lookType, now, look),
        }),
      );
    },
    // The time stays that of the notice: what is to be done by when is counted from it.
    askToInterrupt: async ({ at, instanceId, action }, delaySeconds) => {
      const detail = { 'instance-id': instanceId, 'instance-action': action };
      await client.send(
        new SendMessageCommand({
          QueueUrl: urls.interruptQueueUrl,
          DelaySeconds: delaySeconds,
          MessageBody: body(interruptionType, at, detail),
        }),
      );
    },
  };
}

function body(detailType: string, time: Date, detail: unknown): string {
  return JSON.stringify({ source: ownSource, 'detail-type': detailType, time: time.toISOString(), detail });
}
