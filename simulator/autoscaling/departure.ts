import type { ActionEnd, Ending } from './actions.ts';
import {
  abandonment,
  deregistrationDelayMs,
  type Ground,
  later,
  type Onward,
  secondsOf,
  stepMs,
} from './ground.ts';
import { isRetained, isWarm, passages } from './passage.ts';
import type { Instance } from './state.ts';

/** Why an instance leaves and what is known of it. */
export interface Departure {
  readonly cause: string;
  readonly holdsCapacity?: boolean;
}

/** The way out: from the group or its warm pool through the termination hooks to EC2 (D-3.2, D-3.28). */
export class Departures implements Onward {
  private readonly ground: Ground;

  constructor(ground: Ground) {
    this.ground = ground;
  }

  /** Takes an instance out of service or out of the pool. */
  leave(now: number, instance: Instance, departure: Departure): void {
    const status = instance.isBalanced ? 'WaitingForELBConnectionDraining' : 'InProgress';
    const passage = isWarm(instance) ? 'warm-terminate' : 'terminate';
    const leaving = this.ground.state.setInstance(now, {
      ...instance,
      passage,
      state: passages[passage].state,
      activityId: this.begin(now, instance, departure.cause, status),
      isBalanced: false,
      holdsCapacity: departure.holdsCapacity ?? false,
    });
    later(
      this.ground,
      now + (instance.isBalanced ? deregistrationDelayMs : stepMs),
      leaving,
      this.ground.hold,
    );
  }

  /** Lets a retained instance go at last (D-3.14). */
  release(now: number, instance: Instance, cause: string): void {
    const passage = isWarm(instance) ? 'warm-terminate' : 'terminate';
    const activityId = this.begin(now, instance, cause, 'InProgress');
    this.go(now, { ...instance, passage, activityId });
  }

  /** Terminates an instance without its hooks, as a forced deletion does (D-3.5). */
  atOnce(now: number, instance: Instance, cause: string, endedBy: ActionEnd): void {
    const { activities, actions } = this.ground;
    actions.drop(now, instance.instanceId, endedBy);
    if (instance.state.endsWith('Terminating:Proceed')) return;
    if (isOnItsWay(instance)) {
      this.go(now, instance);
      return;
    }
    if (instance.state !== 'InService' && !isRetained(instance.state))
      activities.close(now, instance.activityId, 'The instance was told to terminate on its way.');
    this.release(now, instance, cause);
  }

  /** EC2 says that an instance is terminated that is leaving; others are none of this. */
  terminated(now: number, instance: Instance): void {
    if (instance.state.endsWith('Terminating:Proceed')) this.gone(now, instance);
    // The wait of a hook may outlive its instance (D-3.19).
    else this.ground.state.setInstance(now, { ...instance, isDown: true, isGoneFromEc2: true });
  }

  /** A dead instance still goes through the termination hook, and its place is filled only after that (D-3.22). */
  foundDead(now: number, instance: Instance): void {
    const { state, actions, activities, onCapacityChange } = this.ground;
    const why = 'in response to an EC2 health check indicating it has been terminated or stopped';
    const cause = `At ${secondsOf(now)} an instance was taken out of service ${why}.`;
    actions.drop(now, instance.instanceId, 'instance-gone');
    if (!['InService', 'Standby'].includes(instance.state))
      activities.close(now, instance.activityId, 'The instance was terminated on its way.');
    const hooks = state.hooksOf(instance.groupName, 'autoscaling:EC2_INSTANCE_TERMINATING');
    const holdsCapacity = hooks.length > 0 && !isWarm(instance);
    this.leave(now, { ...instance, isHealthy: false }, { cause, holdsCapacity });
    onCapacityChange(now, instance.groupName);
  }

  /** Tells EC2 to terminate the instance, or is done where EC2 has done so before. */
  go(now: number, instance: Instance): void {
    const { state, activities, say } = this.ground;
    const leaving = state.setInstance(now, {
      ...instance,
      state: `${isWarm(instance) ? 'Warmed:' : ''}Terminating:Proceed`,
    });
    activities.update(now, instance.activityId, 'InProgress', 80);
    if (instance.isGoneFromEc2) this.gone(now, leaving);
    else say({ kind: 'terminate-instance', instanceId: instance.instanceId });
  }

  /** ABANDON ends the instance too (D-3.12), unless the group retains it then (D-3.14, D-13.7). */
  abandon(now: number, instance: Instance, ending: Ending): void {
    const { state, activities, onCapacityChange } = this.ground;
    const policy = state.group(instance.groupName).settings.InstanceLifecyclePolicy;
    if (policy?.RetentionTriggers?.TerminateHookAbandon !== 'retain') {
      this.go(now, instance);
      return;
    }
    activities.close(now, instance.activityId, abandonment(ending));
    const retained = `${passages[instance.passage].state}:Retained` as const;
    state.setInstance(now, { ...instance, state: retained as Instance['state'], holdsCapacity: false });
    onCapacityChange(now, instance.groupName);
  }

  private begin(
    now: number,
    instance: Instance,
    cause: string,
    status: 'InProgress' | 'WaitingForELBConnectionDraining',
  ): string {
    const { instanceId, availabilityZone, groupName } = instance;
    const kind = isWarm(instance) ? 'warm-terminate' : 'terminate';
    const activity = { kind, instanceId, availabilityZone, cause, status } as const;
    return this.ground.activities.begin(now, this.ground.state.group(groupName), activity);
  }

  private gone(now: number, instance: Instance): void {
    const { state, activities, say, onCapacityChange } = this.ground;
    for (const event of activities.succeed(now, instance.activityId)) say(event);
    state.removeInstance(now, instance);
    onCapacityChange(now, instance.groupName);
  }
}

/** It leaves already, and its activity says so. */
const isOnItsWay = ({ state }: Instance) => /Terminating(:Wait)?$/.test(state);
