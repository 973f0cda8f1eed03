import type { Ending } from './actions.ts';
import type { Departures } from './departure.ts';
import {
  abandonment,
  deregistrationDelayMs,
  type Ground,
  later,
  type Onward,
  secondsOf,
  stepMs,
} from './ground.ts';
import type { Group, Instance } from './state.ts';

/** The way into the warm pool: from EC2 when it is filled, from the group when it takes instances back (D-3.28). */
export class PoolEntries implements Onward {
  private readonly ground: Ground;
  private readonly departures: Departures;

  constructor(ground: Ground, departures: Departures) {
    this.ground = ground;
    this.departures = departures;
  }

  /** Returns an instance to the pool instead of terminating it: it waits in the hooks of TERMINATING (D-3.28). */
  return(now: number, group: Group, instance: Instance, cause: string): void {
    const { state, activities, hold } = this.ground;
    const { instanceId, availabilityZone, isBalanced } = instance;
    const status = isBalanced ? 'WaitingForELBConnectionDraining' : 'InProgress';
    const activity = { kind: 'return', instanceId, availabilityZone, cause, status } as const;
    const returning = state.setInstance(now, {
      ...instance,
      passage: 'return',
      state: 'Warmed:Pending',
      activityId: activities.begin(now, group, activity),
      isBalanced: false,
      inServiceAt: undefined,
    });
    later(this.ground, now + (isBalanced ? deregistrationDelayMs : stepMs), returning, hold);
  }

  /** To rest in the state that the pool asks for. */
  go(now: number, instance: Instance): void {
    const { state, activities } = this.ground;
    const proceeding = state.setInstance(now, { ...instance, state: 'Warmed:Pending:Proceed' });
    activities.update(now, instance.activityId, 'InProgress', 80);
    later(this.ground, now + stepMs, proceeding, (at, still) => this.rest(at, still));
  }

  /** An abandoned entry ends the instance; one that came back from the group may be retained (D-3.14). */
  abandon(now: number, instance: Instance, ending: Ending): void {
    const { activities, say, onCapacityChange } = this.ground;
    if (instance.passage === 'return') {
      this.departures.abandon(now, instance, ending);
      return;
    }
    for (const event of activities.fail(now, instance.activityId, 'Cancelled', abandonment(ending)))
      say(event);
    const cause = `At ${secondsOf(now)} an instance was taken out of the warm pool in response to a launch failure.`;
    this.departures.leave(now, instance, { cause });
    onCapacityChange(now, instance.groupName);
  }

  /** EC2 says that an instance is stopped. */
  stopped(now: number, instance: Instance): void {
    if (instance.state !== 'Warmed:Pending:Proceed') return;
    const isHibernated = this.poolStateOf(instance) === 'Hibernated';
    this.settle(now, instance, isHibernated ? 'Warmed:Hibernated' : 'Warmed:Stopped');
  }

  private rest(now: number, instance: Instance): void {
    const poolState = this.poolStateOf(instance);
    if (poolState === 'Running') this.settle(now, instance, 'Warmed:Running');
    else
      this.ground.say({
        kind: 'stop-instance',
        instanceId: instance.instanceId,
        hibernates: poolState === 'Hibernated',
      });
  }

  private settle(now: number, instance: Instance, at: Instance['state']): void {
    const { state, activities, say, onCapacityChange } = this.ground;
    state.setInstance(now, { ...instance, state: at });
    for (const event of activities.succeed(now, instance.activityId)) say(event);
    onCapacityChange(now, instance.groupName);
  }

  private poolStateOf({ groupName }: Instance): string {
    return this.ground.state.group(groupName).warmPool?.PoolState ?? 'Stopped';
  }
}
