import { drainFailed } from './announce.ts';
import type { Departure, Registration } from './departure.ts';
import { contain, type Deps, type LogFields } from './deps.ts';

/**
 * Runs a part of a departure whose failure must not stop the other parts. The error is logged, counted and told the
 * account, and undefined comes back.
 */
export async function attempt<T>(
  deps: Deps,
  doing: string,
  departure: Departure,
  registrations: readonly Registration[],
  run: () => Promise<T>,
  fields: LogFields = {},
): Promise<T | undefined> {
  const { autoScalingGroupName, instanceId } = departure;
  return contain(deps, doing, { autoScalingGroupName, instanceId, ...fields }, async () => {
    try {
      return await run();
    } catch (error) {
      const arns = registrations.map(({ containerInstanceArn }) => containerInstanceArn);
      deps.announce(drainFailed(departure, arns, doing, error, deps.now()));
      throw error;
    }
  });
}
