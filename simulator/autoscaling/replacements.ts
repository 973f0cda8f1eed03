import type { Agenda } from '../agenda.ts';
import { launchCause, leaveCause } from './causes.ts';
import { isSuspended } from './ground.ts';
import type { Lifecycle } from './lifecycle.ts';
import { turnsOf } from './lifetime.ts';
import { markets, policyOf } from './purchase.ts';
import {
  isGrowing,
  isQuiet,
  mostOf,
  type Replacement,
  type ReplacementView,
  readyAt,
  roomAhead,
  roomBehind,
  stayingOf,
} from './replacement.ts';
import type { LaunchOrder } from './shortage.ts';
import type { Group, Instance, Motive, State } from './state.ts';
import { mayWant, surplusOnDemand, wanted } from './wanted.ts';
import { unevenMs } from './zones.ts';

const motives = Object.keys(wanted) as Motive[];

/**
 * Replaces instances in service that work and yet have to go: another one is launched first, and the old one is terminated
 * when that one is in service (D-3.20). It is looked at whenever something of the group changed, and when time comes.
 */
export class Replacements {
  private readonly state: State;
  private readonly lifecycle: Lifecycle;
  private readonly agenda: Agenda<(now: number) => void>;
  private readonly membersOf: (groupName: string) => readonly Instance[];
  private readonly bring: (now: number, group: Group, order: LaunchOrder) => string | undefined;
  private readonly onDue: (now: number, groupName: string) => void;
  private readonly stopTimers = new Map<string, () => void>();
  private readonly unevenSince = new Map<string, number>();

  /** `bring` launches one instance, `onDue` brings the group to its size, and looks here in the end. */
  constructor(options: {
    state: State;
    lifecycle: Lifecycle;
    agenda: Agenda<(now: number) => void>;
    membersOf: (groupName: string) => readonly Instance[];
    bring: (now: number, group: Group, order: LaunchOrder) => string | undefined;
    onDue: (now: number, groupName: string) => void;
  }) {
    this.state = options.state;
    this.lifecycle = options.lifecycle;
    this.agenda = options.agenda;
    this.membersOf = options.membersOf;
    this.bring = options.bring;
    this.onDue = options.onDue;
  }

  /** Where a new instance works, the one that it replaces leaves. */
  finish(now: number, group: Group): void {
    this.stopTimers.get(group.name)?.();
    this.stopTimers.delete(group.name);
    if (this.state.tallyOf(group.name).replacing === 0) return;
    for (const instance of this.membersOf(group.name)) {
      const { replaces } = instance;
      if (!replaces) continue;
      const view = this.view(now, group);
      const old = view.members.find(({ instanceId }) => instanceId === replaces.instanceId);
      const at = readyAt(group, instance);
      if (!old) this.unlink(now, instance);
      else if (now < at) this.wakeAt(group.name, at);
      else if (!isGrowing(view) && !isSuspended(group, 'Terminate')) {
        this.unlink(now, instance);
        this.lifecycle.terminate(now, old, { cause: leaveCause(view, replaces.motive, old, instance) });
      }
    }
  }

  /** Begins to replace what is to be replaced; true when instances left whose places are free. */
  begin(now: number, group: Group): boolean {
    this.noteUneven(now, group);
    if (!mayWant(group, this.state.tallyOf(group.name)) || !this.isActive(group)) return false;
    const hasLeft = motives.filter((motive) => this.beginFor(now, group, motive)).length > 0;
    this.noteBought(now, group);
    const next = this.nextAt(now, group);
    if (next !== undefined) this.wakeAt(group.name, next, true);
    return hasLeft;
  }

  /** A maintenance policy has room for others before an unhealthy instance leaves (D-3.27). */
  comesFirst(group: Group): boolean {
    return this.isActive(group) && mostOf(group) > group.settings.DesiredCapacity;
  }

  /** While nothing is launched, nothing is replaced; a refresh replaces by itself. */
  private isActive(group: Group): boolean {
    return !this.state.activeRefresh(group.name) && !isSuspended(group, 'Launch');
  }

  /** Looks again when it has been uneven for long enough; what is under way may yet make it even. */
  private noteUneven(now: number, group: Group): void {
    const isUneven = this.state.tallyOf(group.name).isUneven(group.settings.AvailabilityZones);
    if (!isUneven || !isQuiet(this.view(now, group))) this.unevenSince.delete(group.name);
    else if (!this.unevenSince.has(group.name)) this.unevenSince.set(group.name, now);
    const since = this.unevenSince.get(group.name);
    if (since !== undefined && now < since + unevenMs) this.wakeAt(group.name, since + unevenMs);
  }

  /** Instances follow the purchase options again: from now on, those that come do (D-13.9). */
  private noteBought(now: number, group: Group): void {
    const view = this.view(now, group);
    if (group.isRepurchasing && isQuiet(view) && surplusOnDemand(view) === 0)
      this.state.groups.set(now, group.name, { ...group, isRepurchasing: false });
  }

  /** When there may be something to replace without anybody's doing: a lifetime ends, or a zone may be tried again. */
  private nextAt(now: number, group: Group): number | undefined {
    const { AvailabilityZones } = group.settings;
    const turn = turnsOf(group, this.membersOf(group.name)).find(({ at }) => at > now);
    const rests = this.state.tallyOf(group.name).isUneven(AvailabilityZones)
      ? AvailabilityZones.flatMap((zone) =>
          markets.map((market) => this.lifecycle.shortages.restsUntil(group.name, market, zone)),
        )
      : [];
    const times = [turn?.at, ...rests].filter((at) => at !== undefined && at > now);
    return times.length > 0 ? Math.min(...(times as number[])) : undefined;
  }

  private beginFor(now: number, group: Group, motive: Motive): boolean {
    const view = this.view(now, group);
    // Of more instances than are desired some leave anyway.
    if (stayingOf(view.members).length > group.settings.DesiredCapacity) return false;
    let ahead = roomAhead(view, motive);
    let behind = isSuspended(group, 'Terminate') ? 0 : roomBehind(view, motive);
    let hasLeft = false;
    for (const replacement of wanted[motive](view)) {
      if (ahead-- > 0) this.launch(now, group, replacement);
      else if (behind-- > 0) {
        this.lifecycle.terminate(now, replacement.old, { cause: leaveCause(view, motive, replacement.old) });
        hasLeft = true;
      }
    }
    return hasLeft;
  }

  private launch(now: number, group: Group, { old, motive, zones, market }: Replacement): void {
    const view = this.view(now, group);
    // The one before it may have failed in the only zone that this one could go to.
    if (motive === 'zones' && !zones.some((zone) => view.isOpen(market, zone))) return;
    const cause = launchCause(view, motive, old);
    const replaces = { instanceId: old.instanceId, motive };
    this.bring(now, group, { zones, market, cause, passage: 'launch', replaces });
  }

  private view(now: number, group: Group): ReplacementView {
    return {
      now,
      group,
      members: this.membersOf(group.name),
      policy: policyOf(this.state, group),
      unevenSince: this.unevenSince.get(group.name),
      isOpen: (market, zone) => now >= (this.lifecycle.shortages.restsUntil(group.name, market, zone) ?? now),
    };
  }

  private unlink(now: number, instance: Instance): void {
    this.state.setInstance(now, { ...instance, replaces: undefined });
  }

  /** Looks at the group again; nobody waits for what is routine. */
  private wakeAt(groupName: string, dueAt: number, isRoutine = false): void {
    const stop = this.stopTimers.get(groupName);
    const look = (now: number) => this.onDue(now, groupName);
    const stopThis = isRoutine ? this.agenda.addRoutine(dueAt, look) : this.agenda.add(dueAt, look);
    this.stopTimers.set(groupName, () => {
      stop?.();
      stopThis();
    });
  }
}
