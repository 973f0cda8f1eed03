import type {
  DeleteWarmPoolType,
  DescribeWarmPoolType,
  PutWarmPoolType,
  WarmPoolConfiguration,
} from '@aws-sdk/client-auto-scaling';
import { Fault } from '../machine.ts';
import type { Capacity } from './capacity.ts';
import { secondsOf } from './ground.ts';
import { describedInGroup } from './instance-operations.ts';
import type { Lifecycle } from './lifecycle.ts';
import { type Context, type Operation, operation } from './operation.ts';
import { page } from './page.ts';
import { isWarm } from './passage.ts';
import type { State } from './state.ts';
import { validationError } from './validation.ts';

interface Room {
  readonly state: State;
  readonly lifecycle: Lifecycle;
  readonly capacity: Capacity;
}

/** PutWarmPool, DescribeWarmPool, DeleteWarmPool (D-3.28). */
export function poolOperations(room: Room): Record<string, Operation> {
  const { state } = room;
  return {
    PutWarmPool: operation((context, input: PutWarmPoolType) => {
      putPool(context, room, input);
      return {};
    }),
    DeleteWarmPool: operation((context, input: DeleteWarmPoolType) => {
      deletePool(context, room, input);
      return {};
    }),
    DescribeWarmPool: operation(({ viewAt }, input: DescribeWarmPoolType) => {
      const group = state.group(input.AutoScalingGroupName ?? '', viewAt);
      const pooled = state.instancesOf(group.name, viewAt).filter(isWarm);
      const keyOf = ({ instanceId }: { instanceId: string }) => instanceId;
      const { items, NextToken } = page(input, { usual: 50, most: 50 }, pooled, keyOf);
      return {
        ...(group.warmPool ? { WarmPoolConfiguration: group.warmPool } : {}),
        Instances: items.map(describedInGroup),
        NextToken,
      };
    }),
  };
}

/** A change of the pool keeps what it does not name; -1 takes the prepared capacity away again. */
function putPool({ now }: Context, { state, capacity }: Room, input: PutWarmPoolType): void {
  const group = state.group(input.AutoScalingGroupName ?? '');
  if (group.isDeleting) throw validationError(`AutoScalingGroup ${group.name} is pending delete.`);
  if (group.warmPool?.Status === 'PendingDelete')
    throw validationError(`The warm pool of ${group.name} is pending delete.`);
  if (state.activeRefresh(group.name))
    throw new Fault(
      'InstanceRefreshInProgress',
      `An instance refresh of ${group.name} is in progress and blocks the change of its warm pool.`,
    );
  const { MaxGroupPreparedCapacity: before, ...kept } = group.warmPool ?? {};
  const prepared = input.MaxGroupPreparedCapacity ?? before ?? -1;
  const warmPool: WarmPoolConfiguration = {
    ...kept,
    ...(prepared === -1 ? {} : { MaxGroupPreparedCapacity: prepared }),
    MinSize: input.MinSize ?? kept.MinSize ?? 0,
    PoolState: input.PoolState ?? kept.PoolState ?? 'Stopped',
    InstanceReusePolicy: {
      ReuseOnScaleIn: false,
      ...kept.InstanceReusePolicy,
      ...input.InstanceReusePolicy,
    },
  };
  state.groups.set(now, group.name, { ...group, warmPool });
  capacity.balance(now, group.name);
}

/** By force, the pool's instances go without their hooks, and the pool is gone with the last of them. */
function deletePool({ now }: Context, { state, lifecycle }: Room, input: DeleteWarmPoolType): void {
  const group = state.group(input.AutoScalingGroupName ?? '');
  // The text is what the Terraform provider looks for in it: "No warm pool found".
  if (!group.warmPool) throw validationError(`No warm pool found for AutoScalingGroup ${group.name}.`);
  const pooled = state.instancesOf(group.name).filter(isWarm);
  if (pooled.length > 0 && input.ForceDelete !== true)
    throw new Fault(
      'ResourceInUse',
      'You cannot delete a warm pool while there are instances in it. Specify ForceDelete, or lower its size to zero first.',
    );
  const { warmPool, ...withoutPool } = group;
  const isEmpty = pooled.length === 0;
  const pending = { ...group, warmPool: { ...warmPool, Status: 'PendingDelete' as const } };
  state.groups.set(now, group.name, isEmpty ? withoutPool : pending);
  const cause = `At ${secondsOf(now)} a user request deleted the warm pool.`;
  for (const instance of pooled) lifecycle.terminateAtOnce(now, instance, cause, 'pool-deleted');
}
