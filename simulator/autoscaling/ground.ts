import type { Agenda } from '../agenda.ts';
import type { Outcome } from '../machine.ts';
import type { Actions, Ending } from './actions.ts';
import type { Activities } from './activities.ts';
import type { Group, Instance, State } from './state.ts';

/** What the parts of the lifecycle stand on. Times are milliseconds. */
export interface Ground {
  readonly state: State;
  readonly activities: Activities;
  readonly actions: Actions;
  readonly agenda: Agenda<(now: number) => void>;
  readonly say: (outcome: Outcome) => void;
  /** Lets the hooks of an instance's passage hold it, or lets it go on where there are none. */
  readonly hold: (now: number, instance: Instance) => void;
  /** Looks at the status checks of an instance that came into service. */
  readonly watch: (now: number, instance: Instance) => void;
  /** Hears whenever an instance came into service, left, or never made it. */
  readonly onCapacityChange: (now: number, groupName: string) => void;
}

/** What becomes of an instance at the end of its passage. */
export interface Onward {
  /** No hook is there, or all of them have let go; `wasHeld` tells which. */
  go(now: number, instance: Instance, wasHeld: boolean): void;
  /** A hook ended with ABANDON. */
  abandon(now: number, instance: Instance, ending: Ending): void;
}

/** One step of a lifecycle where nothing is waited for (milliseconds). */
export const stepMs = 1000;

/** A load balancer's connection draining comes before the termination hook (D-3.3); its default delay (D-13.8). */
export const deregistrationDelayMs = 300_000;

/** Runs `next` after a while, unless the instance has changed its state or its activity by then. */
export function later(
  { state, agenda }: Ground,
  dueAt: number,
  instance: Instance,
  next: (now: number, instance: Instance) => void,
): void {
  agenda.add(dueAt, (now) => {
    const still = state.instances.get(instance.instanceId);
    if (still?.state === instance.state && still.activityId === instance.activityId) next(now, still);
  });
}

/** A process of the group is suspended (D-3.34). */
export const isSuspended = ({ settings }: Group, process: ProcessName): boolean =>
  settings.SuspendedProcesses?.some(({ ProcessName }) => ProcessName === process) ?? false;

/** The processes that can be suspended. */
export const processNames = [
  'Launch',
  'Terminate',
  'AddToLoadBalancer',
  'AlarmNotification',
  'AZRebalance',
  'HealthCheck',
  'InstanceRefresh',
  'ReplaceUnhealthy',
  'ScheduledActions',
] as const;

export type ProcessName = (typeof processNames)[number];

/** A time as the texts of activities have it. */
export const secondsOf = (now: number) => `${new Date(now).toISOString().slice(0, 19)}Z`;

/** AWS's words in activities whose hook ended with ABANDON. */
export function abandonment({ token, endedBy }: Ending): string {
  const why = endedBy === 'timeout' ? 'Heartbeat Timeout' : 'Lifecycle Action Completed with ABANDON Result';
  return `Instance failed to complete user's Lifecycle Action: Lifecycle Action with token ${token} was abandoned: ${why}`;
}
