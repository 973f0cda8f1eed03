import type { AutoScalingSwitches } from './autoscaling/switches.ts';
import type { CodeOf } from './cloud/lambda/package.ts';
import type { EcsSwitches, Quotas } from './ecs/ecs.ts';

/** How an account is set up. */
export interface AccountOptions {
  /** Decides everything that chance decides: path delays, boot times, faults, who goes first among equals. */
  readonly seed: number;
  readonly startAt?: Date;
  readonly region?: string;
  readonly accountId?: string;
  readonly ecsSwitches?: Partial<EcsSwitches>;
  readonly autoScalingSwitches?: Partial<AutoScalingSwitches>;
  /** What ECS lets the account have at most, where it is not AWS's default (D-14.60). */
  readonly ecsQuotas?: Partial<Quotas>;
  /** Where it answers, as in http://127.0.0.1:4566, if not where AWS does. */
  readonly endpointUrl?: string;
  /** Finds the code in the packages of functions; absent: only functions from source run. */
  readonly codeOf?: CodeOf;
  /**
   * So many entries are kept of the log, the calls and the invocations, and what AWS forgets is forgotten. Without it
   * everything there ever was can be looked at, as tests do.
   */
  readonly entriesMax?: number;
}
