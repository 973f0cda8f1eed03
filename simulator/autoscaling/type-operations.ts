import { processNames } from './ground.ts';
import { groupsMax } from './group-operations.ts';
import { terminationPolicies } from './group-settings.ts';
import { transitions } from './hook-operations.ts';
import { type Operation, operation } from './operation.ts';
import type { State } from './state.ts';

/** What Auto Scaling says of itself: its types, and the limits of the account. None of these has input. */
export function typeOperations({ state }: { state: State }): Record<string, Operation> {
  return {
    DescribeLifecycleHookTypes: operation(() => ({ LifecycleHookTypes: transitions })),
    DescribeTerminationPolicyTypes: operation(() => ({ TerminationPolicyTypes: terminationPolicies })),
    DescribeScalingProcessTypes: operation(() => ({
      Processes: processNames.map((ProcessName) => ({ ProcessName })),
    })),
    // There are no launch configurations here; a new account cannot make any either.
    DescribeAccountLimits: operation(({ viewAt }) => ({
      MaxNumberOfAutoScalingGroups: groupsMax,
      MaxNumberOfLaunchConfigurations: 200,
      NumberOfAutoScalingGroups: state.groups.values(viewAt).length,
      NumberOfLaunchConfigurations: 0,
    })),
  };
}
