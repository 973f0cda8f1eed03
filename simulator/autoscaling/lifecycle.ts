import type { Agenda } from '../agenda.ts';
import type { Outcome } from '../machine.ts';
import { Actions, type Ending } from './actions.ts';
import type { Activities } from './activities.ts';
import { Shortages } from './shortage.ts';
import type { Group, Hook, Instance, LifecycleTransition, State } from './state.ts';

/** From Terminating to Terminating:Wait, and from Pending:Proceed to InService (milliseconds). */
const stepMs = 1000;

/** A load balancer's connection draining comes before the termination hook (D-3.3); its default delay (D-13.8). */
const deregistrationDelayMs = 300_000;

const launching: LifecycleTransition = 'autoscaling:EC2_INSTANCE_LAUNCHING';
const terminating: LifecycleTransition = 'autoscaling:EC2_INSTANCE_TERMINATING';

/** Why an instance leaves and what is known of it. */
export interface Departure {
  readonly cause: string;
  readonly holdsCapacity?: boolean;
  readonly isGoneFromEc2?: boolean;
}

/** The path of every instance through its group (D-3.2). What EC2 has to do, it says as an outcome. */
export class Lifecycle {
  readonly actions: Actions;
  readonly shortages: Shortages;
  private readonly state: State;
  private readonly activities: Activities;
  private readonly agenda: Agenda<(now: number) => void>;
  private readonly say: (outcome: Outcome) => void;
  private readonly onCapacityChange: (now: number, groupName: string) => void;

  /** `onCapacityChange` hears whenever an instance came into service, left, or never made it. */
  constructor(options: {
    state: State;
    activities: Activities;
    agenda: Agenda<(now: number) => void>;
    say: (outcome: Outcome) => void;
    onCapacityChange: (now: number, groupName: string) => void;
  }) {
    const { state, agenda, say } = options;
    this.state = state;
    this.activities = options.activities;
    this.agenda = agenda;
    this.say = say;
    this.onCapacityChange = options.onCapacityChange;
    this.shortages = new Shortages({ ...options, onRetry: options.onCapacityChange });
    this.actions = new Actions({ state, agenda, say, onSettled: (now, ending) => this.settled(now, ending) });
  }

  /** Orders an instance from EC2, which may have no capacity. */
  launch(now: number, group: Group, availabilityZone: string, cause: string): void {
    if (this.shortages.refuses(now, group, availabilityZone, cause)) return;
    const instanceId = `i-${this.state.ids.hex(17)}`;
    const activity = { kind: 'launch', instanceId, availabilityZone, cause, status: 'PreInService' } as const;
    this.state.setInstance(now, {
      instanceId,
      groupName: group.name,
      availabilityZone,
      launchTemplate: group.launchTemplate,
      state: 'Pending',
      isHealthy: true,
      isProtected: group.settings.NewInstancesProtectedFromScaleIn,
      launchedAt: now,
      inServiceAt: undefined,
      activityId: this.activities.begin(now, group, activity),
      isGoneFromEc2: false,
      holdsCapacity: false,
    });
    const launchTemplateName = group.launchTemplate.LaunchTemplateName;
    this.say({ kind: 'launch-instance', instanceId, launchTemplateName, availabilityZone });
  }

  /** EC2 says that the instance runs: the launch hooks hold it now, or it goes on. */
  running(now: number, instanceId: string): void {
    const instance = this.state.instances.get(instanceId);
    if (instance?.state !== 'Pending') return;
    this.hold(now, instance, launching);
  }

  /** Takes an instance out of service, wherever on its path it is; one that is leaving already is left alone. */
  terminate(now: number, instance: Instance, departure: Departure): void {
    if (isLeaving(instance)) return;
    if (instance.state !== 'InService') this.giveUpLaunch(now, instance);
    this.leave(now, instance, departure);
  }

  /** Lets a retained instance go at last (D-3.14). */
  release(now: number, instance: Instance, cause: string): void {
    const activityId = this.beginTermination(now, instance, cause, 'InProgress');
    this.proceed(now, { ...instance, activityId });
  }

  /** Terminates an instance without its hooks, as the forced deletion of a group does (D-3.5). */
  terminateAtOnce(now: number, instance: Instance, cause: string): void {
    this.actions.drop(now, instance.instanceId, 'group-deleted');
    if (instance.state === 'Terminating:Proceed') return;
    if (!isLeaving(instance) && instance.state !== 'InService') this.giveUpLaunch(now, instance);
    if (isLeaving(instance) && instance.state !== 'Terminating:Retained') this.proceed(now, instance);
    else this.release(now, instance, cause);
  }

  /** EC2 says that the instance is terminated, whoever asked for it. */
  terminated(now: number, instanceId: string): void {
    const instance = this.state.instances.get(instanceId);
    if (!instance) return;
    if (instance.state === 'Terminating:Proceed') this.gone(now, instance);
    // The wait of a hook may outlive its instance (D-3.19).
    else if (isLeaving(instance)) this.state.setInstance(now, { ...instance, isGoneFromEc2: true });
    else if (instance.state === 'InService') this.foundDead(now, instance, { isGoneFromEc2: true });
    else this.launchFailed(now, instance);
  }

  /** EC2 says that the instance stops: in service no state but running is healthy (D-3.22). */
  stopping(now: number, instanceId: string): void {
    const instance = this.state.instances.get(instanceId);
    if (instance?.state === 'InService') this.foundDead(now, instance, { isGoneFromEc2: false });
  }

  /** A dead instance still goes through the termination hook, and its place is filled only after that (D-3.22). */
  private foundDead(now: number, instance: Instance, { isGoneFromEc2 }: { isGoneFromEc2: boolean }): void {
    const why = 'in response to an EC2 health check indicating it has been terminated or stopped';
    const cause = `At ${secondsOf(now)} an instance was taken out of service ${why}.`;
    const holdsCapacity = this.state.hooksOf(instance.groupName, terminating).length > 0;
    this.leave(now, { ...instance, isHealthy: false }, { cause, holdsCapacity, isGoneFromEc2 });
    this.onCapacityChange(now, instance.groupName);
  }

  private leave(now: number, instance: Instance, departure: Departure): void {
    const group = this.state.group(instance.groupName);
    const isBalanced = hasLoadBalancer(group) && instance.inServiceAt !== undefined;
    const status = isBalanced ? 'WaitingForELBConnectionDraining' : 'InProgress';
    this.state.setInstance(now, {
      ...instance,
      state: 'Terminating',
      activityId: this.beginTermination(now, instance, departure.cause, status),
      isHealthy: instance.isHealthy && departure.isGoneFromEc2 !== true,
      holdsCapacity: departure.holdsCapacity ?? false,
      isGoneFromEc2: departure.isGoneFromEc2 ?? false,
    });
    this.agenda.add(now + (isBalanced ? deregistrationDelayMs : stepMs), (at) => {
      const still = this.state.instances.get(instance.instanceId);
      if (still?.state === 'Terminating') this.hold(at, still, terminating);
    });
  }

  private beginTermination(
    now: number,
    { instanceId, availabilityZone, groupName }: Instance,
    cause: string,
    status: 'InProgress' | 'WaitingForELBConnectionDraining',
  ): string {
    const activity = { kind: 'terminate', instanceId, availabilityZone, cause, status } as const;
    return this.activities.begin(now, this.state.group(groupName), activity);
  }

  private hold(now: number, instance: Instance, transition: LifecycleTransition): void {
    const hooks: readonly Hook[] = this.state.hooksOf(instance.groupName, transition);
    if (hooks.length === 0) {
      if (transition === launching) this.enterService(now, instance);
      else this.proceed(now, instance);
      return;
    }
    const state = transition === launching ? 'Pending:Wait' : 'Terminating:Wait';
    this.activities.update(now, instance.activityId, 'MidLifecycleAction', 60);
    this.actions.begin(now, this.state.setInstance(now, { ...instance, state }), hooks);
  }

  /** All hooks have let go of an instance, or one of them with ABANDON (D-3.12). */
  private settled(now: number, ending: Ending): void {
    const instance = this.state.instances.get(ending.instanceId);
    if (!instance) return;
    if (instance.state === 'Terminating:Wait') this.letGo(now, instance, ending);
    else if (ending.result === 'CONTINUE') this.proceedToService(now, instance);
    else this.abandonLaunch(now, instance, ending);
  }

  private letGo(now: number, instance: Instance, ending: Ending): void {
    const policy = this.state.group(instance.groupName).settings.InstanceLifecyclePolicy;
    // Retention asks for ABANDON, by a call or as the default result of a timeout (D-3.14, D-13.7).
    const isRetained =
      ending.result === 'ABANDON' && policy?.RetentionTriggers?.TerminateHookAbandon === 'retain';
    if (!isRetained) {
      this.proceed(now, instance);
      return;
    }
    this.activities.close(now, instance.activityId, abandonment(ending));
    this.state.setInstance(now, { ...instance, state: 'Terminating:Retained', holdsCapacity: false });
    this.onCapacityChange(now, instance.groupName);
  }

  private proceedToService(now: number, instance: Instance): void {
    this.state.setInstance(now, { ...instance, state: 'Pending:Proceed' });
    this.agenda.add(now + stepMs, (at) => {
      const still = this.state.instances.get(instance.instanceId);
      if (still?.state === 'Pending:Proceed') this.enterService(at, still);
    });
  }

  private enterService(now: number, instance: Instance): void {
    this.state.setInstance(now, { ...instance, state: 'InService', inServiceAt: now });
    this.say(this.activities.succeed(now, instance.activityId, 'launch'));
    this.onCapacityChange(now, instance.groupName);
  }

  /** An abandoned launch is terminated and replaced (D-3.12); the termination hooks apply to it too (D-3.5). */
  private abandonLaunch(now: number, instance: Instance, ending: Ending): void {
    const message = abandonment(ending);
    this.say(this.activities.fail(now, instance.activityId, 'launch', 'Cancelled', message));
    const cause = `At ${secondsOf(now)} an instance was taken out of service in response to a launch failure.`;
    this.leave(now, instance, { cause });
    this.onCapacityChange(now, instance.groupName);
  }

  private giveUpLaunch(now: number, instance: Instance): void {
    this.actions.drop(now, instance.instanceId, 'terminated-instead');
    this.activities.close(
      now,
      instance.activityId,
      'The instance was told to terminate before it was in service.',
    );
  }

  private launchFailed(now: number, instance: Instance): void {
    this.actions.drop(now, instance.instanceId, 'instance-gone');
    const message = 'Instance became unhealthy while waiting for instance to be in InService state.';
    this.say(this.activities.fail(now, instance.activityId, 'launch', 'Failed', message));
    this.state.removeInstance(now, instance);
    this.onCapacityChange(now, instance.groupName);
  }

  private proceed(now: number, instance: Instance): void {
    const leaving = this.state.setInstance(now, { ...instance, state: 'Terminating:Proceed' });
    this.activities.update(now, instance.activityId, 'InProgress', 80);
    if (instance.isGoneFromEc2) this.gone(now, leaving);
    else this.say({ kind: 'terminate-instance', instanceId: instance.instanceId });
  }

  private gone(now: number, instance: Instance): void {
    this.say(this.activities.succeed(now, instance.activityId, 'terminate'));
    this.state.removeInstance(now, instance);
    this.onCapacityChange(now, instance.groupName);
  }
}

/** The instance is on its way out. */
export const isLeaving = (instance: Instance) => instance.state.startsWith('Terminating');

/** A time as the texts of activities have it. */
export const secondsOf = (now: number) => `${new Date(now).toISOString().slice(0, 19)}Z`;

const hasLoadBalancer = ({ settings }: Group) =>
  (settings.LoadBalancerNames?.length ?? 0) + (settings.TargetGroupARNs?.length ?? 0) > 0;

/** AWS's words in activities whose hook ended with ABANDON. */
function abandonment({ token, endedBy }: Ending): string {
  const why = endedBy === 'timeout' ? 'Heartbeat Timeout' : 'Lifecycle Action Completed with ABANDON Result';
  return `Instance failed to complete user's Lifecycle Action: Lifecycle Action with token ${token} was abandoned: ${why}`;
}
