import {
  DisableRuleCommand,
  EnableRuleCommand,
  type EventBridgeClient,
  ResourceNotFoundException,
} from '@aws-sdk/client-eventbridge';
import type { Estate } from '../uninstall.ts';

/** The switch of one rule of EventBridge, the schedule of the sweep. */
export function scheduleOf(
  client: EventBridgeClient,
  Name: string,
): Pick<Estate, 'disableSweep' | 'enableSweep'> {
  return {
    disableSweep: async () => {
      try {
        await client.send(new DisableRuleCommand({ Name }));
      } catch (error) {
        if (!(error instanceof ResourceNotFoundException)) throw error;
      }
    },
    enableSweep: async () => {
      await client.send(new EnableRuleCommand({ Name }));
    },
  };
}
