import type { Agenda } from '../agenda.ts';
import type { Outcome } from '../machine.ts';
import type { Capacity } from './capacity.ts';
import { refreshEvent } from './events.ts';
import { isSuspended, secondsOf, stepMs } from './ground.ts';
import type { Lifecycle } from './lifecycle.ts';
import { isLeaving, isRetained, isWarm } from './passage.ts';
import {
  leftToReplace,
  nextStep,
  type Refresh,
  type RefreshStep,
  type RefreshView,
  reachedBy,
  standingOf,
  unready,
} from './refresh.ts';
import { whyIrreversible } from './refresh-preferences.ts';
import type { Group, Instance, State } from './state.ts';

/** Drives the instance refreshes: it looks at each one whenever something of its group changed, and when time comes. */
export class Refreshes {
  private readonly state: State;
  private readonly lifecycle: Lifecycle;
  private readonly capacity: Capacity;
  private readonly agenda: Agenda<(now: number) => void>;
  private readonly say: (outcome: Outcome) => void;
  /** By the names of the groups that are refreshed now. */
  private readonly stopTimers = new Map<string, () => void>();
  private isStepping = false;

  constructor(options: {
    state: State;
    lifecycle: Lifecycle;
    capacity: Capacity;
    agenda: Agenda<(now: number) => void>;
    say: (outcome: Outcome) => void;
  }) {
    this.state = options.state;
    this.lifecycle = options.lifecycle;
    this.capacity = options.capacity;
    this.agenda = options.agenda;
    this.say = options.say;
  }

  /** Enters a new refresh; it starts by itself a moment later. */
  start(now: number, refresh: Refresh): void {
    const refreshes = this.state.refreshes.get(refresh.groupName) ?? [];
    this.state.refreshes.set(now, refresh.groupName, [...refreshes, refresh]);
    this.wakeAt(refresh.groupName, now + stepMs);
  }

  /** Ends a refresh or a rollback, at once or when nothing of it is under way any more (D-3.26). */
  cancel(now: number, refresh: Refresh, waits: boolean): void {
    this.change(now, { ...refresh, status: 'Cancelling', pausedUntil: undefined });
    if (waits) this.look(now, refresh.groupName);
    else this.end(now, refresh.groupName, 'Cancelled', 'Cancelled');
  }

  /** Puts the group back to what it was before (D-3.26). */
  rollBack(now: number, refresh: Refresh, reason: string): void {
    const group = this.state.group(refresh.groupName);
    const { members, pooled } = this.view(group);
    const all = [...members, ...pooled].map(({ instanceId }) => instanceId);
    const isReplaced = (id: string) => !refresh.originals.has(id) || refresh.done.has(id);
    const rollback: Refresh = {
      ...refresh,
      status: 'RollbackInProgress',
      target: group.launchTemplate,
      imageId: group.settings.MixedInstancesPolicy?.LaunchTemplate?.Overrides?.[0]?.ImageId,
      originals: new Set(all.filter(isReplaced)),
      done: new Set(),
      aheadCount: 0,
      pausedUntil: undefined,
      progressAt: now,
      rollback: { ...reachedBy(refresh, members, now), reason, startedAt: now },
    };
    this.change(now, { ...rollback, totalCount: leftToReplace(rollback, members).length });
    this.tell(group, refresh, 'Rollback Started');
    this.look(now, group.name);
  }

  /** A suspended refresh is paused; its hour begins anew when it goes on (D-3.34). */
  resume(now: number, groupName: string): void {
    const refresh = this.state.activeRefresh(groupName);
    if (refresh) this.change(now, { ...refresh, progressAt: now });
    this.look(now, groupName);
  }

  /** Looks at all of them: protection, standby and sizes may be what they wait for. */
  lookAtAll(now: number): void {
    for (const groupName of [...this.stopTimers.keys()]) this.look(now, groupName);
  }

  /** Looks at the group's refresh and does whatever can be done now. */
  look(now: number, groupName: string): void {
    // Each step changes the group, of which this hears again.
    if (this.isStepping) return;
    this.isStepping = true;
    try {
      while (this.step(now, groupName));
    } finally {
      this.isStepping = false;
    }
  }

  /** One step; true when there may be another one at once. */
  private step(now: number, groupName: string): boolean {
    const group = this.state.findGroup(groupName);
    const refresh = this.state.activeRefresh(groupName);
    if (!group || !refresh || group.isDeleting) {
      this.stopTimers.get(groupName)?.();
      this.stopTimers.delete(groupName);
      return false;
    }
    if (isSuspended(group, 'InstanceRefresh')) return false;
    const view = this.view(group);
    if (refresh.status === 'Pending') return this.begin(now, group, refresh);
    if (refresh.status === 'Cancelling') return this.endCancelled(now, group, refresh, view);
    const standing = standingOf(refresh, view, now);
    const noted =
      standing === refresh.standing ? refresh : this.change(now, { ...refresh, standing, progressAt: now });
    return this.carryOut(now, group, noted, nextStep(noted, view, now));
  }

  private carryOut(now: number, group: Group, refresh: Refresh, step: RefreshStep): boolean {
    switch (step.kind) {
      case 'wait':
        if (step.wakeAt !== undefined) this.wakeAt(group.name, step.wakeAt);
        return false;
      case 'launch-ahead':
        this.change(now, { ...refresh, aheadCount: refresh.aheadCount + step.count });
        this.capacity.balance(now, group.name);
        return true;
      case 'replace':
        this.change(now, { ...refresh, aheadCount: refresh.aheadCount - step.aheadCount });
        for (const instance of step.instances) this.replace(now, group, refresh, instance);
        this.capacity.balance(now, group.name);
        return true;
      case 'refresh-pool':
        for (const instance of step.instances) this.takeOut(now, instance);
        this.capacity.balance(now, group.name);
        return true;
      case 'checkpoint':
        this.pauseAtCheckpoint(now, group, refresh, step.percent);
        return true;
      case 'bake': {
        const pausedUntil = now + (refresh.preferences.BakeTime ?? 0) * 1000;
        this.change(now, { ...refresh, status: 'Baking', pausedUntil });
        return true;
      }
      case 'finish':
        this.finish(now, group, refresh);
        return false;
      case 'fail':
        return this.fail(now, group, refresh, step.reason);
    }
  }

  private begin(now: number, group: Group, refresh: Refresh): boolean {
    if (now < refresh.createdAt + stepMs) return false;
    this.change(now, { ...refresh, status: 'InProgress', startedAt: now, progressAt: now });
    this.tell(group, refresh, 'Started');
    return true;
  }

  private replace(now: number, group: Group, refresh: Refresh, instance: Instance): void {
    const { imageId, target: launchTemplate } = refresh;
    if (refresh.strategy === 'Rolling' || imageId === undefined || instance.state !== 'InService') {
      this.takeOut(now, instance);
      return;
    }
    const cause = `At ${secondsOf(now)} the root volume of an instance was replaced in response to an instance refresh.`;
    const current = this.state.activeRefresh(group.name) ?? refresh;
    this.change(now, { ...current, done: new Set(current.done).add(instance.instanceId) });
    this.lifecycle.replaceVolume(now, group, instance, { volume: { imageId, launchTemplate }, cause });
  }

  private takeOut(now: number, instance: Instance): void {
    const cause = `At ${secondsOf(now)} an instance was taken out of service in response to an instance refresh.`;
    this.lifecycle.terminate(now, instance, { cause });
  }

  private pauseAtCheckpoint(now: number, group: Group, refresh: Refresh, percent: number): void {
    const { CheckpointDelay = 0 } = refresh.preferences;
    const pausedUntil = now + CheckpointDelay * 1000;
    this.change(now, {
      ...refresh,
      checkpointCount: refresh.checkpointCount + 1,
      pausedUntil,
      progressAt: pausedUntil,
    });
    const more = { CheckpointPercentage: String(percent), CheckpointDelay: String(CheckpointDelay) };
    this.say(refreshEvent(group, refresh.id, 'Checkpoint Reached', more));
  }

  private endCancelled(now: number, group: Group, refresh: Refresh, view: RefreshView): boolean {
    const isUnderWay =
      unready(refresh, view.members, now).some(({ state }) => state !== 'InService') ||
      view.members.some((instance) => isLeaving(instance) && !isRetained(instance.state));
    if (!isUnderWay) this.end(now, group.name, 'Cancelled', 'Cancelled');
    return false;
  }

  /** What was desired is what the group has from now on (D-3.25). */
  private finish(now: number, group: Group, refresh: Refresh): void {
    if (refresh.rollback) {
      this.end(now, group.name, 'RollbackSuccessful', 'Rollback Succeeded');
      return;
    }
    const desired = refresh.desiredConfiguration;
    if (desired) {
      const { LaunchTemplate, MixedInstancesPolicy, ...settings } = group.settings;
      const launched = desired.MixedInstancesPolicy
        ? { MixedInstancesPolicy: desired.MixedInstancesPolicy }
        : { LaunchTemplate: refresh.target };
      this.state.groups.set(now, group.name, {
        ...group,
        launchTemplate: refresh.target,
        settings: { ...settings, ...launched },
      });
    }
    this.end(now, group.name, 'Successful', 'Succeeded');
  }

  /** True when it rolls back instead, which goes on at once. */
  private fail(now: number, group: Group, refresh: Refresh, reason: string): boolean {
    const rollsBack =
      !refresh.rollback &&
      refresh.preferences.AutoRollback === true &&
      whyIrreversible(group, refresh.desiredConfiguration) === undefined;
    if (rollsBack) this.rollBack(now, refresh, reason);
    else if (refresh.rollback) this.end(now, group.name, 'RollbackFailed', 'Rollback Failed', reason);
    else this.end(now, group.name, 'Failed', 'Failed', reason);
    return rollsBack;
  }

  private end(
    now: number,
    groupName: string,
    status: Refresh['status'],
    told: string,
    statusReason?: string,
  ): void {
    const refresh = this.state.activeRefresh(groupName);
    const group = this.state.group(groupName);
    if (!refresh) return;
    this.stopTimers.get(groupName)?.();
    this.stopTimers.delete(groupName);
    const reason = statusReason === undefined ? {} : { statusReason };
    const reached = reachedBy(refresh, this.view(group).members, now);
    this.change(now, { ...refresh, ...reason, status, endedAt: now, aheadCount: 0, reached });
    this.tell(group, refresh, told);
    this.capacity.balance(now, groupName);
  }

  private tell(group: Group, refresh: Refresh, what: string): void {
    this.say(refreshEvent(group, refresh.id, what));
  }

  private change(now: number, refresh: Refresh): Refresh {
    const all = this.state.refreshes.get(refresh.groupName) ?? [];
    const changed = all.map((other) => (other.id === refresh.id ? refresh : other));
    this.state.refreshes.set(now, refresh.groupName, changed);
    return refresh;
  }

  private wakeAt(groupName: string, dueAt: number): void {
    this.stopTimers.get(groupName)?.();
    this.stopTimers.set(
      groupName,
      this.agenda.add(dueAt, (now) => this.look(now, groupName)),
    );
  }

  private view(group: Group): RefreshView {
    const instances = this.state.instancesOf(group.name);
    return {
      desired: group.settings.DesiredCapacity,
      members: instances.filter((instance) => !isWarm(instance)),
      pooled: instances.filter(isWarm),
    };
  }
}
