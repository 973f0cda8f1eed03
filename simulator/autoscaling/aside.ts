import type { Arrivals } from './arrival.ts';
import { deregistrationDelayMs, type Ground, later, stepMs } from './ground.ts';
import type { Group, Instance } from './state.ts';

/** Steps aside of the group and back: standby, detaching, attaching. No hook holds any of them (D-3.5). */
export class Asides {
  private readonly ground: Ground;
  private readonly arrivals: Arrivals;

  constructor(ground: Ground, arrivals: Arrivals) {
    this.ground = ground;
    this.arrivals = arrivals;
  }

  /** InService to EnteringStandby to Standby, connection draining in between. Returns the activity's id. */
  enterStandby(now: number, group: Group, instance: Instance, cause: string): string {
    const { state } = this.ground;
    const entering = this.step(now, group, instance, {
      kind: 'enter-standby',
      state: 'EnteringStandby',
      cause,
    });
    later(this.ground, this.drainedAt(now, instance), entering, (at, still) => {
      state.setInstance(at, { ...still, state: 'Standby', isBalanced: false });
      this.succeed(at, still);
    });
    return entering.activityId;
  }

  /** Standby to Pending to InService. Returns the activity's id. */
  exitStandby(now: number, group: Group, instance: Instance, cause: string): string {
    const exiting = this.step(now, group, instance, { kind: 'exit-standby', state: 'Pending', cause });
    later(this.ground, now + stepMs, exiting, (at, still) => this.arrivals.enterService(at, still));
    return exiting.activityId;
  }

  /** Detaching, then out of the group for good; EC2 keeps the instance. Returns the activity's id. */
  detach(now: number, group: Group, instance: Instance, cause: string): string {
    const { state, onCapacityChange } = this.ground;
    const detaching = this.step(now, group, instance, { kind: 'detach', state: 'Detaching', cause });
    later(this.ground, this.drainedAt(now, instance), detaching, (at, still) => {
      state.removeInstance(at, still);
      this.succeed(at, still);
      onCapacityChange(at, group.name);
    });
    return detaching.activityId;
  }

  /** Puts a running EC2 instance into the group; it inherits the group's protection (D-3.24). */
  attach(
    now: number,
    group: Group,
    order: { instanceId: string; availabilityZone: string; cause: string },
  ): void {
    const { instanceId, availabilityZone, cause } = order;
    const instance: Instance = {
      instanceId,
      groupName: group.name,
      availabilityZone,
      launchTemplate: group.launchTemplate,
      market: 'on-demand',
      passage: 'launch',
      state: 'Pending',
      isHealthy: true,
      isProtected: group.settings.NewInstancesProtectedFromScaleIn,
      isBalanced: false,
      launchedAt: now,
      inServiceAt: undefined,
      activityId: '',
      isDown: false,
      isGoneFromEc2: false,
      holdsCapacity: false,
    };
    const attaching = this.step(now, group, instance, { kind: 'attach', state: 'Pending', cause });
    later(this.ground, now + stepMs, attaching, (at, still) => this.arrivals.enterService(at, still));
  }

  private step(
    now: number,
    group: Group,
    instance: Instance,
    step: {
      kind: 'attach' | 'detach' | 'enter-standby' | 'exit-standby';
      state: Instance['state'];
      cause: string;
    },
  ): Instance {
    const { activities, state } = this.ground;
    const { instanceId, availabilityZone } = instance;
    const { kind, cause } = step;
    const isArriving = step.state === 'Pending';
    const status = isArriving ? 'PreInService' : 'InProgress';
    const activityId = activities.begin(now, group, { kind, instanceId, availabilityZone, cause, status });
    activities.update(now, activityId, status, isArriving ? 30 : 50);
    return state.setInstance(now, { ...instance, state: step.state, activityId });
  }

  private succeed(now: number, { activityId }: Instance): void {
    const { activities, say } = this.ground;
    for (const event of activities.succeed(now, activityId)) say(event);
  }

  private drainedAt(now: number, { isBalanced }: Instance): number {
    return now + (isBalanced ? deregistrationDelayMs : stepMs);
  }
}
