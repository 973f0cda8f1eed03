import type { Agenda } from '../agenda.ts';
import type { Outcome } from '../machine.ts';
import { type ActionEnd, Actions, type Ending } from './actions.ts';
import type { Activities } from './activities.ts';
import { Arrivals } from './arrival.ts';
import { Asides } from './aside.ts';
import { type Departure, Departures } from './departure.ts';
import { type Ground, isSuspended, type Onward } from './ground.ts';
import { HealthChecks } from './health.ts';
import { isAside, isLeaving, isReady, isRetained, isWarm, type PassageName, passages } from './passage.ts';
import { PoolEntries } from './pool.ts';
import { Shortages } from './shortage.ts';
import type { Group, Instance, State } from './state.ts';
import { type NewVolume, Volumes } from './volume.ts';

/** The path of every instance through its group (D-3.2). What EC2 has to do, it says as an outcome. */
export class Lifecycle {
  readonly actions: Actions;
  readonly arrivals: Arrivals;
  readonly asides: Asides;
  readonly shortages: Shortages;
  readonly health: HealthChecks;
  private readonly ground: Ground;
  private readonly departures: Departures;
  private readonly pool: PoolEntries;
  private readonly volumes: Volumes;
  private readonly onward: Readonly<Record<PassageName, Onward>>;

  /**
   * `onCapacityChange` hears whenever an instance came into service, left, or never made it, `onUnhealthy` of instances
   * whose status checks fail.
   */
  constructor(options: {
    state: State;
    activities: Activities;
    agenda: Agenda<(now: number) => void>;
    say: (outcome: Outcome) => void;
    onCapacityChange: (now: number, groupName: string) => void;
    onUnhealthy: (now: number, instance: Instance) => void;
  }) {
    const { state, agenda, say } = options;
    this.actions = new Actions({ state, agenda, say, onSettled: (now, ending) => this.settled(now, ending) });
    this.health = new HealthChecks(options);
    const watch = (now: number, instance: Instance) => this.health.watch(now, instance);
    const ground = { ...options, actions: this.actions, hold: this.hold.bind(this), watch };
    this.ground = ground;
    this.departures = new Departures(ground);
    this.shortages = new Shortages({ ...options, onRetry: options.onCapacityChange });
    this.arrivals = new Arrivals(ground, this.departures, this.shortages);
    this.asides = new Asides(ground, this.arrivals);
    this.pool = new PoolEntries(ground, this.departures);
    this.volumes = new Volumes(ground);
    this.onward = {
      launch: this.arrivals,
      'warm-start': this.arrivals,
      'volume-in': this.arrivals,
      warm: this.pool,
      return: this.pool,
      terminate: this.departures,
      'warm-terminate': this.departures,
      'volume-out': this.volumes,
    };
  }

  /** EC2 says that the instance runs: the launch hooks hold it now, or it goes on. */
  running(now: number, instanceId: string): void {
    const instance = this.ground.state.instances.get(instanceId);
    if (!instance) return;
    const up = this.ground.state.setInstance(now, { ...instance, isDown: false, impairedAt: undefined });
    if (up.state !== passages[up.passage].state) return;
    if (['launch', 'warm', 'warm-start'].includes(up.passage)) this.hold(now, up);
  }

  /** EC2 says that the instance is stopped. */
  stopped(now: number, instanceId: string): void {
    const instance = this.ground.state.instances.get(instanceId);
    if (instance) this.pool.stopped(now, instance);
  }

  /** Takes an instance out of service, wherever on its path it is; one that is leaving already is left alone. */
  terminate(now: number, instance: Instance, departure: Departure): void {
    if (isLeaving(instance)) return;
    if (!isSettled(instance)) this.arrivals.giveUp(now, instance);
    this.departures.leave(now, instance, departure);
  }

  /** Takes an instance out of service and into the warm pool. */
  returnToPool(now: number, group: Group, instance: Instance, cause: string): void {
    this.pool.return(now, group, instance, cause);
  }

  /** Replaces the root volume of an instance in service. */
  replaceVolume(
    now: number,
    group: Group,
    instance: Instance,
    order: { volume: NewVolume; cause: string },
  ): void {
    this.volumes.replace(now, group, instance, order);
  }

  /** Lets a retained instance go at last (D-3.14). */
  release(now: number, instance: Instance, cause: string): void {
    this.departures.release(now, instance, cause);
  }

  /** Terminates an instance without its hooks, as a forced deletion does (D-3.5). */
  terminateAtOnce(now: number, instance: Instance, cause: string, endedBy: ActionEnd): void {
    this.departures.atOnce(now, instance, cause, endedBy);
  }

  /** EC2 says that the instance stops: in service no state but running is healthy (D-3.22). */
  stopping(now: number, instanceId: string): void {
    const { state } = this.ground;
    const instance = state.instances.get(instanceId);
    if (!instance || isWarm(instance)) return;
    const down = state.setInstance(now, { ...instance, isDown: true });
    if (instance.state === 'InService') this.dead(now, down);
  }

  /** EC2 says that the instance is terminated, whoever asked for it. */
  terminated(now: number, instanceId: string): void {
    const { state } = this.ground;
    const instance = state.instances.get(instanceId);
    if (!instance) return;
    const gone = { ...instance, isDown: true, isGoneFromEc2: true };
    if (isLeaving(instance)) this.departures.terminated(now, instance);
    // Nobody looks after the health of what stands aside.
    else if (isAside(instance)) state.setInstance(now, gone);
    else if (isUnderWay(instance)) this.arrivals.failed(now, instance);
    else this.dead(now, state.setInstance(now, gone));
  }

  /** Replaces an instance that is down, unless processes are suspended that would see it or do it (D-3.34). */
  dead(now: number, instance: Instance): void {
    const { state } = this.ground;
    const group = state.group(instance.groupName);
    if (isSuspended(group, 'HealthCheck')) return;
    const dead = state.setInstance(now, { ...instance, isHealthy: false });
    const stays = isSuspended(group, 'ReplaceUnhealthy') || isSuspended(group, 'Terminate');
    if (!stays) this.departures.foundDead(now, dead);
  }

  private hold(now: number, instance: Instance): void {
    const { state, activities } = this.ground;
    const passage = passages[instance.passage];
    const hooks = state.hooksOf(instance.groupName, passage.transition);
    if (hooks.length === 0) {
      this.onward[instance.passage].go(now, instance, false);
      return;
    }
    activities.update(now, instance.activityId, 'MidLifecycleAction', 60);
    this.actions.begin(now, state.setInstance(now, { ...instance, state: `${passage.state}:Wait` }), hooks);
  }

  /** All hooks have let go of an instance, or one of them with ABANDON (D-3.12). */
  private settled(now: number, ending: Ending): void {
    const instance = this.ground.state.instances.get(ending.instanceId);
    if (!instance) return;
    const onward = this.onward[instance.passage];
    if (ending.result === 'CONTINUE') onward.go(now, instance, true);
    else onward.abandon(now, instance, ending);
  }
}

/** It has a place, in service, in standby or in the pool, and no activity is under way. */
const isSettled = (instance: Instance) =>
  instance.state === 'InService' || instance.state === 'Standby' || isReady(instance);

/** It comes from EC2 or from the pool and has not arrived. */
const isUnderWay = (instance: Instance) =>
  instance.state.startsWith('Pending') ||
  (isWarm(instance) && !isReady(instance) && !isRetained(instance.state));
