import type { Agenda } from '../agenda.ts';
import { isSuspended } from './ground.ts';
import type { Lifecycle } from './lifecycle.ts';
import { turnsOf } from './lifetime.ts';
import {
  causesOf,
  isGrowing,
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
import { mayWant, wanted } from './wanted.ts';

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
        this.lifecycle.terminate(now, old, { cause: causesOf(now, replaces.motive, old).leave });
      }
    }
  }

  /** Begins to replace what is to be replaced; true when instances left whose places are free. */
  begin(now: number, group: Group): boolean {
    if (!mayWant(group, this.state.tallyOf(group.name)) || !this.isActive(group)) return false;
    const hasLeft = motives.filter((motive) => this.beginFor(now, group, motive)).length > 0;
    const { members } = this.view(now, group);
    const next = turnsOf(group, members).find(({ at }) => at > now);
    if (next) this.wakeAt(group.name, next.at, true);
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
        this.lifecycle.terminate(now, replacement.old, {
          cause: causesOf(now, motive, replacement.old).leave,
        });
        hasLeft = true;
      }
    }
    return hasLeft;
  }

  private launch(now: number, group: Group, { old, motive, zones, market }: Replacement): void {
    const cause = causesOf(now, motive, old).launch;
    const replaces = { instanceId: old.instanceId, motive };
    this.bring(now, group, { zones, market, cause, passage: 'launch', replaces });
  }

  private view(now: number, group: Group): ReplacementView {
    return { now, group, members: this.membersOf(group.name) };
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
