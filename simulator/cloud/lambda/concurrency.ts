import { Fault } from '../../machine.ts';
import { invalid } from './function.ts';

/** Concurrent executions of an account, and how much of it reservations must leave to the others. */
export const accountConcurrency = 1000;
const unreservedMin = 100;

/** What one function takes of the account's concurrency. */
export interface Share {
  readonly functionName: string;
  /** Undefined: it shares what is left with the others. */
  readonly reservedConcurrency?: number | undefined;
  readonly running: number;
}

const reservedOf = (shares: readonly Share[]) =>
  shares.reduce((sum, { reservedConcurrency = 0 }) => sum + reservedConcurrency, 0);

/** Refuses a reservation that leaves too little to the others. Throws Fault as PutFunctionConcurrency does. */
export function checkReservation(
  functionName: string,
  reservedConcurrency: number | undefined,
  others: readonly Share[],
): void {
  const reserved = reservedConcurrency ?? 0;
  if (reservedOf(others) + reserved > accountConcurrency - unreservedMin)
    throw invalid(
      `ReservedConcurrentExecutions ${reserved} for ${functionName} decreases account's UnreservedConcurrentExecution below its minimum value of [${unreservedMin}].`,
    );
}

/** A reservation is the function's limit and is taken from what the others share: what it may use, and what is used. */
export function concurrencyOf(share: Share, all: readonly Share[]): { limit: number; used: number } {
  if (share.reservedConcurrency !== undefined)
    return { limit: share.reservedConcurrency, used: share.running };
  const unreserved = all.filter(({ reservedConcurrency }) => reservedConcurrency === undefined);
  return {
    limit: accountConcurrency - reservedOf(all),
    used: unreserved.reduce((sum, { running }) => sum + running, 0),
  };
}

/** The error for an invocation beyond the limit. */
export const throttled = (functionName: string, { limit, used }: { limit: number; used: number }) =>
  new Fault(
    'TooManyRequestsException',
    `Rate Exceeded. ${functionName} has ${used} of ${limit} concurrent executions.`,
    429,
  );
