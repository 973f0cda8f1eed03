import type { Account } from '../../simulator/account.ts';

/** The lifecycle states of instances that leave their group, or its pool. */
export const leaving = /^(Terminating|Warmed:|ReplacingRootVolume)/;

/** The lifecycle state of an instance; undefined: it is in no group. */
export function stateOf(account: Account, instanceId: string): string | undefined {
  const groupName = account.autoscaling.groupNameOf(instanceId);
  if (groupName === undefined) return undefined;
  const found = account.autoscaling.instancesOf(groupName);
  return found.find((one) => one.instanceId === instanceId)?.state;
}

/** The instances that wait on a hook for leaving, ours or not. */
export const heldInstances = (account: Account): readonly string[] =>
  account.ec2.all().flatMap(({ instanceId }) => {
    const state = stateOf(account, instanceId) ?? '';
    return leaving.test(state) && state.endsWith(':Wait') ? [instanceId] : [];
  });
