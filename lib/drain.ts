import { drainFailed, drainStarted } from './announce.ts';
import type { Registration } from './departure.ts';
import { contain, type Deps } from './deps.ts';
import { type EnrolledGroup, reportFailures } from './group.ts';
import { chunks, groupBy } from './grouping.ts';
import type { DepartureCause } from './mark.ts';

/** What of one instance is to be set to DRAINING. `isSole`: it has one registration and no other. */
export interface ToDrain {
  readonly drained: readonly string[];
  readonly isSole: boolean;
}

/** As many as one call may name (D-2.14, D-13.14). */
const instancesAtOnce = 10;

/**
 * Marks, then drains, ten by ten, so that the mark says when this instance's drain began. Gives what is DRAINING now; what
 * could not be marked or drained is logged and counted.
 */
export async function startDraining(
  deps: Deps,
  enrolled: EnrolledGroup,
  cause: DepartureCause,
  instances: readonly ToDrain[],
): Promise<readonly Registration[]> {
  const arns = instances.flatMap(({ drained }) => drained);
  // The mark also says that the instance is registered once (lib/mark.ts): who finds it need not look for another.
  const sole = new Set(instances.filter(({ isSole }) => isSole).flatMap(({ drained }) => drained));
  const draining: Registration[] = [];
  for (const ten of chunks(arns, instancesAtOnce))
    draining.push(...(await drainTen(deps, enrolled, cause, ten, sole)));
  return draining;
}

/** A drain without our mark is an operator's. Not being able to mark never stops a drain that Auto Scaling or Spot ordered. */
async function drainTen(
  deps: Deps,
  { group, clusterName }: EnrolledGroup,
  cause: DepartureCause,
  ten: readonly string[],
  sole: ReadonlySet<string>,
): Promise<readonly Registration[]> {
  const { fleet, count, now } = deps;
  // Without it nobody could tell, when the instance is back, that the drain is ours to undo.
  const own = cause === 'return' ? ten : ten.filter((arn) => sole.has(arn));
  const mark = { at: now(), cause };
  const marking = () => fleet.mark(clusterName, own, mark);
  const unmarked = await contain(deps, 'mark', { clusterName }, marking);
  reportFailures(deps, 'could not mark', unmarked ?? []);
  const marked = unmarked ? own.filter((arn) => unmarked.every((failure) => failure.arn !== arn)) : [];
  // Nobody would undo it without a mark.
  const drained = cause === 'rebalance-recommendation' ? marked : ten;
  const { registrations, failures } = await fleet.drain(clusterName, drained);
  reportFailures(deps, 'could not set to DRAINING', failures);
  const { autoScalingGroupName } = group;
  for (const { arn, reason } of failures)
    deps.announce(
      drainFailed({ clusterName, autoScalingGroupName }, [arn], 'set to DRAINING', reason, now()),
    );
  count('StartedDraining', registrations.length);
  for (const [instanceId, own] of groupBy(registrations, ({ ec2InstanceId }) => ec2InstanceId))
    deps.announce(drainStarted({ clusterName, autoScalingGroupName, instanceId }, own, mark));
  return registrations;
}
