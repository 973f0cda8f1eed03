import type { ServiceEvent } from '../machine.ts';
import type { Instances } from './instances.ts';
import { type GroupProvider, groupNameOf } from './providers.ts';
import type { State } from './state.ts';

/** The hook that ECS puts on a group (D-4.22). */
export const drainingHookName = 'ecs-managed-draining-termination-hook';

/** D-4.22. */
const hookSeconds = 3600;
/** An instance stays DRAINING until its tasks have stopped, or so long (D-4.22). */
const drainingMaxMs = 48 * 3_600_000;
/** Between two looks at what still runs, and between two heartbeats (our choice). */
const lookMs = 10_000;
const heartbeatMs = 1_800_000;

/** An instance that the hook holds. */
interface Held {
  readonly groupName: string;
  readonly instanceId: string;
  readonly token: string;
  readonly since: number;
  readonly heartbeatAt: number;
}

/** Managed draining: ECS drains what leaves the group of a capacity provider, whatever makes it leave (D-4.21, D-4.24). */
export class ManagedDraining {
  private readonly state: State;
  private readonly instances: Instances;

  constructor(state: State, instances: Instances) {
    this.state = state;
    this.instances = instances;
  }

  /** Puts the hook on the group, or takes it off where draining is turned off. A deleted provider leaves it (D-4.23). */
  set({ autoScalingGroupArn, managedDraining }: GroupProvider, before?: GroupProvider): void {
    if (managedDraining === before?.managedDraining) return;
    const AutoScalingGroupName = groupNameOf(autoScalingGroupArn);
    const hook = { AutoScalingGroupName, LifecycleHookName: drainingHookName };
    if (managedDraining === 'ENABLED')
      this.state.ask('PutLifecycleHook', {
        ...hook,
        LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
        HeartbeatTimeout: hookSeconds,
        DefaultResult: 'CONTINUE',
      });
    else if (before) this.state.ask('DeleteLifecycleHook', hook);
  }

  /** What the managed rule brings: the hook holds an instance, or Spot takes one back (D-4.22, D-4.24). */
  hears(now: number, { detailType, detail }: ServiceEvent): void {
    if (detailType === 'EC2 Spot Instance Interruption Warning')
      this.drain(now, String(detail['instance-id']));
    if (detailType !== 'EC2 Instance-terminate Lifecycle Action') return;
    if (detail.LifecycleHookName !== drainingHookName) return;
    const groupName = String(detail.AutoScalingGroupName);
    const instanceId = String(detail.EC2InstanceId);
    if (!this.isManaged(groupName)) return;
    for (const { containerInstanceArn, status } of this.state.registrationsOf(instanceId))
      if (status === 'ACTIVE') this.instances.setState(now, containerInstanceArn, 'DRAINING');
    const token = String(detail.LifecycleActionToken);
    this.look(now, { groupName, instanceId, token, since: now, heartbeatAt: now });
  }

  private drain(now: number, instanceId: string): void {
    for (const { containerInstanceArn, status, capacityProviderName } of this.state.registrationsOf(
      instanceId,
    )) {
      const provider = this.state.provider(capacityProviderName ?? '');
      const isDrained = provider?.group?.managedDraining === 'ENABLED' || provider?.managed !== undefined;
      if (provider?.status !== 'ACTIVE' || !isDrained) continue;
      if (status === 'ACTIVE') this.instances.setState(now, containerInstanceArn, 'DRAINING');
    }
  }

  private isManaged(groupName: string): boolean {
    return this.state.providerOfGroup(groupName)?.group?.managedDraining === 'ENABLED';
  }

  /** Nobody answers for an instance any more whose provider is gone: it hangs until the hook gives up (D-4.23). */
  private look(now: number, held: Held): void {
    const { groupName, instanceId, token, since, heartbeatAt } = held;
    if (!this.isManaged(groupName)) return;
    const registrations = this.state.registrationsOf(instanceId);
    const hasTasks = registrations.some(
      ({ containerInstanceArn }) => this.state.tasksOn(containerInstanceArn).length > 0,
    );
    const action = {
      AutoScalingGroupName: groupName,
      LifecycleHookName: drainingHookName,
      LifecycleActionToken: token,
      InstanceId: instanceId,
    };
    if (!hasTasks || now >= since + drainingMaxMs) {
      this.state.ask('CompleteLifecycleAction', { ...action, LifecycleActionResult: 'CONTINUE' });
      return;
    }
    const isDue = now >= heartbeatAt + heartbeatMs;
    if (isDue) this.state.ask('RecordLifecycleActionHeartbeat', action);
    this.state.after(now, lookMs, (then) =>
      this.look(then, { ...held, heartbeatAt: isDue ? now : heartbeatAt }),
    );
  }
}
