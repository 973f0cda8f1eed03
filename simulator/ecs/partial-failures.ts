import type { Caller } from '../machine.ts';
import type { Request } from './operations/operation.ts';

/** Something that a call names, as a fault is asked about it. */
export interface Named {
  readonly operation: string;
  readonly arn: string;
  readonly caller: Caller & { readonly functionName?: string };
}

/** What a call names and does not get, while the rest of the call succeeds (D-2.15b). */
export interface PartialFaults {
  /** How likely each instance that a function sets to another state is not found, 0 to 1. */
  failureProbability: number;
  /** The reason why it fails; undefined: it does not. */
  fail?: ((named: Named) => string | undefined) | undefined;
}

/** One entry of `failures`. */
export interface Failure {
  readonly arn: string;
  readonly reason: string;
}

/** Of what a call names, what fails without having been looked at, and why (D-2.15b, D-9.59). */
export function partialFailures(
  { operation, caller, state, partialFaults }: Request,
  arns: readonly string[],
): Failure[] {
  const { fail, failureProbability } = partialFaults;
  const by: Named['caller'] = caller;
  const isAtRisk = operation === 'UpdateContainerInstancesState' && by.functionName !== undefined;
  return arns.flatMap((arn) => {
    const reason = fail?.({ operation, arn, caller: by });
    if (reason !== undefined) return [{ arn, reason }];
    const draw = () => Number.parseInt(state.ids.hex(8), 16) / 2 ** 32;
    const isUnlucky = isAtRisk && failureProbability > 0 && draw() < failureProbability;
    return isUnlucky ? [{ arn, reason: 'MISSING' }] : [];
  });
}
