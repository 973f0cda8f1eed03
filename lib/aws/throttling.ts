import type { MiddlewareStack } from '@smithy/types';
import { isThrottling, Throttled } from '../errors.ts';
import type { Platform } from '../platform.ts';
import { type Allowance, Pace } from './pace.ts';

/** How a function takes its share of what AWS allows the whole account. */
export interface Manners {
  /** The part of each bucket that one execution environment takes of itself. */
  readonly share: number;
  /** So long (milliseconds) a call may wait for its turn; what would wait longer fails as Throttled. */
  readonly patienceMs: number;
}

/** A call that reads, by the way AWS names them. */
const isRead = /^(List|Describe)/;
/** Buckets of AWS: what reads, and what changes something. */
interface Buckets {
  readonly read: Allowance;
  readonly write: Allowance;
}

/** D-5.7, D-5.8. */
export const ecsBuckets: Buckets = {
  read: { burst: 100, perSecond: 20 },
  write: { burst: 100, perSecond: 40 },
};
/** AWS does not tell the size (D-5.17); what it is turns out. */
export const autoScalingBuckets: Buckets = {
  read: { burst: 100, perSecond: 50 },
  write: { burst: 100, perSecond: 50 },
};

/**
 * Has the calls of a client keep to these buckets, and learn from being throttled. Every attempt waits for its turn; a call that
 * is throttled in all of them, or may not wait so long, rejects with Throttled.
 */
export function paced<Input extends object, Output extends object>(
  stack: MiddlewareStack<Input, Output>,
  platform: Platform,
  { read, write }: Buckets,
  { share, patienceMs }: Manners,
): void {
  const part = ({ burst, perSecond }: Allowance) =>
    new Pace(platform, { burst: share * burst, perSecond: share * perSecond }, patienceMs);
  const paces = { read: part(read), write: part(write) };
  stack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const pace = isRead.test(commandName) ? paces.read : paces.write;
        await pace.turn();
        try {
          return await next(args);
        } catch (error) {
          if (isThrottling(error)) pace.slowDown();
          throw error;
        }
      },
    // Within the attempts.
    { step: 'finalizeRequest', priority: 'low', name: 'pace' },
  );
  stack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        throw isThrottling(error) ? throttledBy(error) : error;
      }
    },
    { step: 'initialize', name: 'throttled' },
  );
}

function throttledBy(cause: Error): Throttled {
  return Object.assign(new Throttled(cause.message, { cause }), { name: cause.name });
}
