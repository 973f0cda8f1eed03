import { terminateHook } from './hook.ts';
import { isDue } from './rhythm.ts';

/**
 * A quarter of the hook's timeout (seconds): the instance survives two heartbeats that fail. 20 minutes without a sweep it
 * survives because the first sweep after a gap renews every hook (docs/decisions/0006).
 */
export const heartbeatPeriodSeconds = terminateHook.heartbeatTimeoutSeconds / 4;

/**
 * Whether the sweep of `time` renews the hook of an instance that is leaving since `startedAt`; a heartbeat restarts the
 * timeout from now (D-3.8). Where the start is not known the beats count from the epoch: they are as far apart.
 */
export function isHeartbeatDue(instanceId: string, startedAt: Date | undefined, time: Date): boolean {
  return isDue(instanceId, heartbeatPeriodSeconds, time, startedAt);
}
