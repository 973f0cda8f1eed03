import { terminateHook } from './hook.ts';
import { isDue } from './rhythm.ts';

/** A third of the hook's timeout (seconds): two heartbeats may fail before the instance is lost. */
export const heartbeatPeriodSeconds = terminateHook.heartbeatTimeoutSeconds / 3;

/**
 * Whether the sweep of `time` renews the hook of an instance that is leaving since `startedAt`; a heartbeat restarts the
 * timeout from now (D-3.8). Where the start is not known the beats count from the epoch: they are as far apart.
 */
export function isHeartbeatDue(instanceId: string, startedAt: Date | undefined, time: Date): boolean {
  return isDue(instanceId, heartbeatPeriodSeconds, time, startedAt);
}
