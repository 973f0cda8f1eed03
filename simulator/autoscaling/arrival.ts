import type { Ending } from './actions.ts';
import type { Departures } from './departure.ts';
import { abandonment, type Ground, isSuspended, later, type Onward, secondsOf, stepMs } from './ground.ts';
import { passages } from './passage.ts';
import { choicesOf } from './purchase.ts';
import type { LaunchOrder, Shortages } from './shortage.ts';
import type { Group, Instance } from './state.ts';

/** The way in: from EC2 or from the warm pool through the launch hooks into service (D-3.2). */
export class Arrivals implements Onward {
  private readonly ground: Ground;
  private readonly departures: Departures;
  private readonly shortages: Shortages;

  constructor(ground: Ground, departures: Departures, shortages: Shortages) {
    this.ground = ground;
    this.departures = departures;
    this.shortages = shortages;
  }

  /** Orders an instance from EC2, for the group or for its warm pool; its zone, or undefined: no capacity. */
  launch(now: number, group: Group, order: LaunchOrder): string | undefined {
    const { state, activities, say } = this.ground;
    const { market, cause, passage, replaces } = order;
    const placed = this.shortages.place(now, group, order, choicesOf(state, group));
    if (!placed) return undefined;
    const { availabilityZone } = placed;
    const { launchTemplate, instanceType, overridingType } = placed.choice;
    const instanceId = `i-${state.ids.hex(17)}`;
    const activity = { kind: passage, instanceId, availabilityZone, cause, status: 'PreInService' } as const;
    state.setInstance(now, {
      instanceId,
      groupName: group.name,
      availabilityZone,
      launchTemplate,
      market,
      instanceType,
      passage,
      state: passages[passage].state,
      isHealthy: true,
      isProtected: group.settings.NewInstancesProtectedFromScaleIn,
      isBalanced: false,
      launchedAt: now,
      inServiceAt: undefined,
      activityId: activities.begin(now, group, activity),
      isDown: false,
      isGoneFromEc2: false,
      holdsCapacity: false,
      replaces,
    });
    const { LaunchTemplateName: launchTemplateName } = launchTemplate;
    const bought = {
      ...(overridingType !== undefined && { instanceType: overridingType }),
      ...(market === 'spot' && { isSpot: true }),
    };
    say({ kind: 'launch-instance', instanceId, launchTemplateName, availabilityZone, ...bought });
    return availabilityZone;
  }

  /** Takes a ready instance out of the warm pool into the group (D-3.28). */
  start(now: number, group: Group, instance: Instance, { cause, replaces }: LaunchOrder): void {
    const { state, activities, say, hold } = this.ground;
    const { instanceId, availabilityZone } = instance;
    const activity = {
      kind: 'warm-start',
      instanceId,
      availabilityZone,
      cause,
      status: 'PreInService',
    } as const;
    const starting = state.setInstance(now, {
      ...instance,
      passage: 'warm-start',
      state: 'Pending',
      activityId: activities.begin(now, group, activity),
      replaces,
    });
    if (instance.state === 'Warmed:Running') later(this.ground, now + stepMs, starting, hold);
    else say({ kind: 'start-instance', instanceId });
  }

  /** Into service: at once where no hook was, else by way of Pending:Proceed (D-3.17). */
  go(now: number, instance: Instance, wasHeld: boolean): void {
    if (!wasHeld) {
      this.enterService(now, instance);
      return;
    }
    const proceeding = this.ground.state.setInstance(now, { ...instance, state: 'Pending:Proceed' });
    later(this.ground, now + stepMs, proceeding, (at, still) => this.enterService(at, still));
  }

  /** An abandoned launch is terminated and replaced (D-3.12); the termination hooks apply to it too (D-3.5). */
  abandon(now: number, instance: Instance, ending: Ending): void {
    const { activities, say, onCapacityChange } = this.ground;
    const message = abandonment(ending);
    for (const event of activities.fail(now, instance.activityId, 'Cancelled', message)) say(event);
    const cause = `At ${secondsOf(now)} an instance was taken out of service in response to a launch failure.`;
    this.departures.leave(now, instance, { cause });
    onCapacityChange(now, instance.groupName);
  }

  /** The instance works for the group from now on. */
  enterService(now: number, instance: Instance): void {
    const { state, activities, say, onCapacityChange } = this.ground;
    const group = state.group(instance.groupName);
    const isBalanced = hasLoadBalancer(group) && !isSuspended(group, 'AddToLoadBalancer');
    const working = state.setInstance(now, { ...instance, state: 'InService', inServiceAt: now, isBalanced });
    for (const event of activities.succeed(now, instance.activityId)) say(event);
    if (working.isDown && !isSuspended(group, 'HealthCheck')) this.departures.foundDead(now, working);
    else {
      this.ground.watch(now, working);
      onCapacityChange(now, instance.groupName);
    }
  }

  /** Drops whatever holds an instance on its way in, because it is told to leave. */
  giveUp(now: number, instance: Instance): void {
    this.ground.actions.drop(now, instance.instanceId, 'terminated-instead');
    this.ground.activities.close(
      now,
      instance.activityId,
      'The instance was told to terminate before it was in service.',
    );
  }

  /** EC2 says that the instance is gone before it was there. */
  failed(now: number, instance: Instance): void {
    const { state, activities, actions, say, onCapacityChange } = this.ground;
    actions.drop(now, instance.instanceId, 'instance-gone');
    const message = 'Instance became unhealthy while waiting for instance to be in InService state.';
    for (const event of activities.fail(now, instance.activityId, 'Failed', message)) say(event);
    state.removeInstance(now, instance);
    onCapacityChange(now, instance.groupName);
  }
}

const hasLoadBalancer = ({ settings }: Group) =>
  (settings.LoadBalancerNames?.length ?? 0) + (settings.TargetGroupARNs?.length ?? 0) > 0;
