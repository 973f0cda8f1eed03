import { aws, connect } from '../lib/aws/connect.ts';
import { completeDeparture } from '../lib/complete.ts';
import { decideDeparture, type Registration, reasonToLetGo, secondLookSeconds } from '../lib/departure.ts';
import { contain, type Deps } from '../lib/deps.ts';
import { startDraining, type ToDrain } from '../lib/drain.ts';
import { UnknownCluster } from '../lib/errors.ts';
import type { Admit, TerminateAction } from '../lib/events.ts';
import type { Group, LookReason } from '../lib/fleet.ts';
import {
  type EnrolledGroup,
  enrolledGroup,
  isStateBehind,
  leavingInstanceIds,
  reportPaused,
  reportTagFaults,
  reportUnknownCluster,
} from '../lib/group.ts';
import { groupBy } from '../lib/grouping.ts';
import { lane } from '../lib/lambda.ts';
import { type Freshness, readUntilCurrent } from '../lib/observe.ts';
import { inParallel } from '../lib/parallel.ts';
import type { Platform } from '../lib/platform.ts';

/** A group that events named, with when they said that our hook holds which instance. */
interface Named {
  readonly autoScalingGroupName: string;
  readonly heldSince: ReadonlyMap<string, Date>;
}

/** An instance to be looked at again. */
interface LookAt {
  readonly instanceId: string;
  readonly because: LookReason;
}

/** What is to be done about one leaving instance. */
interface Verdict extends ToDrain {
  readonly looks: readonly LookAt[];
}

const nothing: Verdict = { drained: [], isSole: false, looks: [] };
const looksAtOnce = 5;

const lookAfterSeconds: Readonly<Record<LookReason, number>> = {
  empty: 10,
  'not-registered': secondLookSeconds,
  'not-usable': 0,
};

/**
 * Sets the leaving instances of the groups that `events` name to DRAINING, all of them: an event says where to look. It
 * throws only where nothing could be read at all; whatever else goes wrong is logged, and the sweep asks again.
 */
export async function admit(deps: Deps, events: readonly (TerminateAction | Admit)[]): Promise<void> {
  const { current, behind } = await readUntilCurrent(
    deps.sleep,
    namedBy(events),
    (pending) => readGroups(deps, pending),
    (named, group) => freshnessOf(named, group, deps.now()),
  );
  for (const [{ autoScalingGroupName }, group] of [...current, ...behind]) {
    await contain(deps, 'admit', { autoScalingGroupName }, () => admitGroup(deps, group));
  }
  for (const { autoScalingGroupName } of behind.keys()) {
    deps.log.warn('left to the sweep: Auto Scaling is behind its event', { autoScalingGroupName });
    deps.count('Behind');
  }
}

function namedBy(events: readonly (TerminateAction | Admit)[]): Named[] {
  const groups = groupBy(events, ({ autoScalingGroupName }) => autoScalingGroupName);
  return [...groups].map(([autoScalingGroupName, own]) => ({
    autoScalingGroupName,
    heldSince: new Map(own.flatMap(({ instanceIds, at }) => instanceIds.map((id) => [id, at] as const))),
  }));
}

async function readGroups({ fleet }: Deps, pending: readonly Named[]) {
  const groups = await fleet.groups(pending.map(({ autoScalingGroupName }) => autoScalingGroupName));
  const byName = new Map(groups.map((group) => [group.autoScalingGroupName, group]));
  return ({ autoScalingGroupName }: Named) => byName.get(autoScalingGroupName);
}

function freshnessOf({ heldSince }: Named, group: Group | undefined, now: Date): Freshness {
  if (!group || !enrolledGroup(group)) return 'current';
  const isBehind = group.instances.some(({ instanceId, lifecycleState }) => {
    const since = heldSince.get(instanceId);
    return since !== undefined && isStateBehind(lifecycleState, since, now);
  });
  return isBehind ? 'behind' : 'current';
}

async function admitGroup(deps: Deps, group: Group | undefined): Promise<void> {
  if (!group) return;
  reportTagFaults(deps, group);
  const enrolled = enrolledGroup(group);
  const { autoScalingGroupName } = group;
  if (!enrolled) return deps.log.info('not enrolled', { autoScalingGroupName });
  const instanceIds = leavingInstanceIds(group);
  if (instanceIds.length === 0) return deps.log.debug('nothing leaves', { autoScalingGroupName });
  if (enrolled.policy.state === 'paused') return reportPaused(deps, enrolled);
  const registrations = await registrationsOf(deps, enrolled, instanceIds);
  const byInstance = groupBy(registrations ?? [], ({ ec2InstanceId }) => ec2InstanceId);
  const letGo = await letGoOf(deps, enrolled, instanceIds, byInstance);
  if (!registrations) return;
  const admitted = instanceIds.filter((id) => !letGo.has(id));
  const verdicts = admitted.map((id) => verdictOn(deps, enrolled, id, byInstance.get(id) ?? []));
  const draining = await startDraining(deps, enrolled, 'termination', verdicts);
  const looks = [...verdicts.flatMap(({ looks }) => looks), ...looksAtEmpty(draining)];
  await inParallel(looks, looksAtOnce, (look) => askToLook(deps, enrolled, look));
}

/** Releases at once what the group's policy does not want drained; gives those instances. */
async function letGoOf(
  deps: Deps,
  { group, clusterName, policy }: EnrolledGroup,
  instanceIds: readonly string[],
  byInstance: ReadonlyMap<string, readonly Registration[]>,
): Promise<ReadonlySet<string>> {
  const { autoScalingGroupName } = group;
  const letGo = new Set<string>();
  await inParallel(instanceIds, looksAtOnce, async (instanceId) => {
    const registrations = byInstance.get(instanceId) ?? [];
    const why = reasonToLetGo(policy, registrations);
    if (why === undefined) return;
    letGo.add(instanceId);
    const departure = { clusterName, autoScalingGroupName, instanceId };
    const { kind: would } = decideDeparture(departure, registrations, undefined, deps.now());
    const taskCount = registrations.reduce((sum, one) => sum + one.taskCount, 0);
    deps.log.info('lets go without a drain', { ...departure, why, would, taskCount });
    await contain(deps, 'let an instance go', { autoScalingGroupName, instanceId }, () =>
      completeDeparture(deps, departure, registrations, why),
    );
  });
  return letGo;
}

async function registrationsOf(deps: Deps, enrolled: EnrolledGroup, instanceIds: readonly string[]) {
  try {
    return await deps.fleet.registrations(enrolled.clusterName, instanceIds);
  } catch (error) {
    if (!(error instanceof UnknownCluster)) throw error;
    reportUnknownCluster(deps, enrolled);
    return undefined;
  }
}

function verdictOn(
  { log, count, now }: Deps,
  { group, clusterName }: EnrolledGroup,
  instanceId: string,
  registrations: readonly Registration[],
): Verdict {
  const departure = { clusterName, autoScalingGroupName: group.autoScalingGroupName, instanceId };
  const decision = decideDeparture(departure, registrations, undefined, now());
  switch (decision.kind) {
    case 'start-draining':
      log.info('decided', { ...departure, decision: decision.kind, why: 'termination' });
      return { drained: decision.containerInstanceArns, isSole: registrations.length === 1, looks: [] };
    case 'release':
      return { ...nothing, looks: [{ instanceId, because: 'not-usable' }] };
    case 'wait':
      log.debug('decided', { ...departure, decision: decision.kind, why: decision.why });
      count('Waiting');
      if (decision.why !== 'not-registered') return nothing;
      return { ...nothing, looks: [{ instanceId, because: decision.why }] };
    case 'stop-tasks':
      throw new Error('Tasks were to be stopped although none were read');
    default:
      return decision satisfies never;
  }
}

/** No task's end will tell that an instance without tasks has drained, and its own event may not come (D-11.1). */
function looksAtEmpty(draining: readonly Registration[]): LookAt[] {
  const empty = draining.filter(({ taskCount }) => taskCount === 0);
  return empty.map(({ ec2InstanceId }) => ({ instanceId: ec2InstanceId, because: 'empty' }));
}

async function askToLook(
  deps: Deps,
  { group, clusterName }: EnrolledGroup,
  { instanceId, because }: LookAt,
): Promise<void> {
  const request = { autoScalingGroupName: group.autoScalingGroupName, clusterName, instanceId, because };
  await contain(deps, 'ask for another look', request, () =>
    deps.fleet.askToLook(request, deps.now(), lookAfterSeconds[because]),
  );
}

/** `admit` for one execution environment. */
export const on = (platform: Platform) => lane(platform, connect, admit);

/** The handler that Lambda calls. */
export const handler = on(aws);
