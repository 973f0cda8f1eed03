import type { Agenda } from '../agenda.ts';
import type { Outcome } from '../machine.ts';
import { lifecycleEvent } from './events.ts';
import type { Hook, Instance, LifecycleActionResult, LifecycleTransition, State } from './state.ts';
import { validationError } from './validation.ts';

/** What ended a lifecycle action. */
export type ActionEnd =
  /** CompleteLifecycleAction. */
  | 'complete'
  /** The heartbeat or the global timeout passed; the result is the hook's default. */
  | 'timeout'
  /** Another hook's action of the same transition ended with ABANDON (D-3.12). */
  | 'abandoned-elsewhere'
  /** DeleteLifecycleHook (D-13.3). */
  | 'hook-deleted'
  /** The EC2 instance went away while it was being launched. */
  | 'instance-gone'
  /** The instance was told to terminate while it was being launched. */
  | 'terminated-instead'
  /** DeleteAutoScalingGroup with ForceDelete. */
  | 'group-deleted'
  /** DeleteWarmPool with ForceDelete. */
  | 'pool-deleted';

/** One lifecycle action as it really went, for those who check from the AWS side. Times are milliseconds. */
export interface LifecycleActionRecord {
  readonly instanceId: string;
  readonly autoScalingGroupName: string;
  readonly lifecycleHookName: string;
  readonly lifecycleTransition: LifecycleTransition;
  readonly lifecycleActionToken: string;
  readonly startedAt: number;
  /** When it can be held no longer, however many heartbeats come (D-3.7). */
  readonly globalDeadlineAt: number;
  readonly heartbeats: number;
  readonly endedAt?: number;
  readonly endedBy?: ActionEnd;
  /** What it ended with; absent where no result was given (`abandoned-elsewhere` and the like). */
  readonly result?: LifecycleActionResult;
  readonly completedByPrincipalArn?: string;
}

/** How a call names a lifecycle action. */
export interface ActionReference {
  readonly AutoScalingGroupName: string | undefined;
  readonly LifecycleHookName: string | undefined;
  readonly LifecycleActionToken?: string | undefined;
  readonly InstanceId?: string | undefined;
}

/** An action that holds an instance now. The hook is as it was when the action began. */
interface ActiveAction {
  readonly hook: Hook;
  readonly token: string;
  readonly instanceId: string;
  stopTimer: () => void;
}

/** How an action ended, for whoever moves the instance on. */
export interface Ending {
  readonly instanceId: string;
  readonly token: string;
  readonly result: LifecycleActionResult;
  readonly endedBy: ActionEnd;
}

/** The lifecycle actions: one for each hook and instance, all of an instance side by side (D-3.15, D-10.10). */
export class Actions {
  /** Every action there ever was, by its token, in the order of their beginning; the ended ones go where the account forgets. */
  readonly records = new Map<string, LifecycleActionRecord>();
  private readonly active = new Map<string, ActiveAction[]>();
  private readonly state: State;
  private readonly agenda: Agenda<(now: number) => void>;
  private readonly say: (outcome: Outcome) => void;
  private readonly onSettled: (now: number, ending: Ending) => void;

  /** `onSettled` hears when the last action of an instance has ended, or one with ABANDON. */
  constructor(options: {
    state: State;
    agenda: Agenda<(now: number) => void>;
    say: (outcome: Outcome) => void;
    onSettled: (now: number, ending: Ending) => void;
  }) {
    this.state = options.state;
    this.agenda = options.agenda;
    this.say = options.say;
    this.onSettled = options.onSettled;
  }

  /** Lets every hook hold the instance, and says so: one token and one event for each (D-1.22). */
  begin(now: number, instance: Instance, hooks: readonly Hook[]): void {
    const group = this.state.group(instance.groupName);
    for (const hook of hooks) {
      const token = this.state.ids.uuid();
      const { instanceId } = instance;
      this.records.set(token, {
        instanceId,
        autoScalingGroupName: group.name,
        lifecycleHookName: hook.LifecycleHookName,
        lifecycleTransition: hook.LifecycleTransition,
        lifecycleActionToken: token,
        startedAt: now,
        globalDeadlineAt: now + hook.GlobalTimeout * 1000,
        heartbeats: 0,
      });
      const action = { hook, token, instanceId, stopTimer: () => {} };
      this.active.set(instanceId, [...this.activeOf(instanceId), action]);
      this.setTimer(now, action);
      this.say(lifecycleEvent(group, hook, instance, token));
    }
  }

  /** Ends an action on request (D-3.12). Throws ValidationError when there is no such active one (D-3.10). */
  complete(
    now: number,
    reference: ActionReference,
    result: LifecycleActionResult,
    principalArn: string,
  ): void {
    const action = this.find(reference);
    this.note(action, { completedByPrincipalArn: principalArn });
    this.end(now, action, 'complete', result);
  }

  /** Starts the heartbeat timeout anew, never past the global timeout (D-3.8). Throws as `complete` does. */
  heartbeat(now: number, reference: ActionReference): void {
    const action = this.find(reference);
    this.note(action, { heartbeats: this.record(action).heartbeats + 1 });
    this.setTimer(now, action);
  }

  /** Ends what a hook holds before it is deleted: CONTINUE when terminating, ABANDON when launching (D-13.3). */
  endOfHook(now: number, hook: Hook): void {
    const isTerminating = hook.LifecycleTransition === 'autoscaling:EC2_INSTANCE_TERMINATING';
    const held = [...this.active.values()]
      .flat()
      .filter((action) => action.hook.LifecycleHookName === hook.LifecycleHookName)
      .filter((action) => action.hook.AutoScalingGroupName === hook.AutoScalingGroupName);
    for (const action of held) this.end(now, action, 'hook-deleted', isTerminating ? 'CONTINUE' : 'ABANDON');
  }

  /** Ends everything that holds an instance, without a result and without moving it on. */
  drop(now: number, instanceId: string, endedBy: ActionEnd): void {
    for (const action of this.activeOf(instanceId)) this.close(now, action, endedBy, undefined);
  }

  private activeOf(instanceId: string): readonly ActiveAction[] {
    return this.active.get(instanceId) ?? [];
  }

  private record({ token }: ActiveAction): LifecycleActionRecord {
    return this.records.get(token) as LifecycleActionRecord;
  }

  private note(action: ActiveAction, change: Partial<LifecycleActionRecord>): void {
    this.records.set(action.token, { ...this.record(action), ...change });
  }

  private setTimer(now: number, action: ActiveAction): void {
    action.stopTimer();
    const dueAt = Math.min(now + action.hook.HeartbeatTimeout * 1000, this.record(action).globalDeadlineAt);
    action.stopTimer = this.agenda.add(dueAt, (at) =>
      this.end(at, action, 'timeout', action.hook.DefaultResult),
    );
  }

  private end(now: number, action: ActiveAction, endedBy: ActionEnd, result: LifecycleActionResult): void {
    const { instanceId, token } = action;
    this.close(now, action, endedBy, result);
    if (result === 'ABANDON') this.drop(now, instanceId, 'abandoned-elsewhere');
    if (this.activeOf(instanceId).length === 0) this.onSettled(now, { instanceId, token, result, endedBy });
  }

  private close(
    now: number,
    action: ActiveAction,
    endedBy: ActionEnd,
    result: LifecycleActionResult | undefined,
  ): void {
    action.stopTimer();
    const left = this.activeOf(action.instanceId).filter((other) => other !== action);
    if (left.length > 0) this.active.set(action.instanceId, left);
    else this.active.delete(action.instanceId);
    if (this.state.forgets) this.records.delete(action.token);
    else this.note(action, { endedAt: now, endedBy, ...(result === undefined ? {} : { result }) });
  }

  /** By token where one is given, else by instance: its active action of that hook only (D-3.9, D-10.9). */
  private find(reference: ActionReference): ActiveAction {
    const { AutoScalingGroupName = '', LifecycleHookName, LifecycleActionToken, InstanceId } = reference;
    const group = this.state.group(AutoScalingGroupName);
    if (LifecycleActionToken === undefined && InstanceId === undefined)
      throw validationError('Either LifecycleActionToken or InstanceId must be specified');
    const candidates =
      LifecycleActionToken === undefined
        ? this.activeOf(InstanceId ?? '')
        : this.activeOf(this.records.get(LifecycleActionToken)?.instanceId ?? '').filter(
            ({ token }) => token === LifecycleActionToken,
          );
    const action = candidates.find(
      ({ hook }) => hook.LifecycleHookName === LifecycleHookName && hook.AutoScalingGroupName === group.name,
    );
    if (action) return action;
    const named =
      LifecycleActionToken === undefined ? `instance ID ${InstanceId}` : `token ${LifecycleActionToken}`;
    throw validationError(`No active Lifecycle Action found with ${named}`);
  }
}
