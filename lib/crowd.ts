import { contain, type Deps } from './deps.ts';
import { type EnrolledGroup, enrolledGroup, leavingInstanceIds } from './group.ts';
import { groupBy } from './grouping.ts';
import type { Visit } from './leaving.ts';
import { inParallel } from './parallel.ts';
import { type Round, visitEnding } from './visit.ts';

/** So many instances can be about to end before `release`, which asks about each, has more to ask than ECS answers ... */
const crowdAbove = 20;
/** ... and is helped by looks at all of them together, so far apart (milliseconds). */
const pauseMs = 10_000;
const clustersAtOnce = 4;

/**
 * Looks again and again at instances that are about to end, as long as they are many and `hasTime` says that there is time for a
 * pause of so many milliseconds and a look.
 */
export async function followCrowd(
  deps: Deps,
  ending: readonly Visit[],
  round: Round,
  hasTimeFor: (milliseconds: number) => boolean,
): Promise<void> {
  let left = ending;
  while (left.length > crowdAbove && hasTimeFor(pauseMs)) {
    await deps.sleep(pauseMs);
    left = await lookAgain(deps, await stillHeld(deps, left), round);
  }
}

/** `release` and Auto Scaling go on meanwhile, and so may an operator, who can pause a group. */
async function stillHeld(deps: Deps, ending: readonly Visit[]): Promise<Visit[]> {
  const names = new Set(ending.map(({ departure }) => departure.autoScalingGroupName));
  const read = () => deps.fleet.groups([...names]);
  const groups = (await contain(deps, 'look again at groups', {}, read)) ?? [];
  const acting = groups.filter((group) => isServed(enrolledGroup(group)));
  const held = new Set(acting.flatMap(leavingInstanceIds));
  return ending.filter(({ departure }) => held.has(departure.instanceId));
}

async function lookAgain(deps: Deps, ending: readonly Visit[], round: Round): Promise<Visit[]> {
  const left: Visit[] = [];
  const clusters = [...groupBy(ending, ({ departure }) => departure.clusterName)];
  await inParallel(clusters, clustersAtOnce, async ([clusterName, own]) => {
    if (!round.hasTime()) return;
    const visit = () => visitEnding(deps, clusterName, own, round);
    left.push(...((await contain(deps, 'look again', { clusterName }, visit))?.ending ?? []));
  });
  return left;
}

const isServed = (enrolled: EnrolledGroup | undefined) =>
  enrolled !== undefined && enrolled.policy.state !== 'paused';
