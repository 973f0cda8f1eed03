import { isJustAttempted, type LaneMemory, type Scope, type Survey } from './admission.ts';
import { type Leaver, leaversOf } from './budget.ts';
import { decideDeparture, type Registration, secondLookSeconds } from './departure.ts';
import { contain, type Deps } from './deps.ts';
import { startDraining, type ToDrain } from './drain.ts';
import type { LookReason } from './fleet.ts';
import { causeIn } from './group.ts';
import { groupBy } from './grouping.ts';
import type { DepartureCause } from './mark.ts';
import { inParallel } from './parallel.ts';
import { sayWaiting, unsayWaiting } from './waiting.ts';

/** An instance to be looked at again. */
interface LookAt extends Leaver {
  readonly because: LookReason;
}

/** What is to be done about one leaving instance. */
interface Verdict extends ToDrain {
  readonly leaver: Leaver;
  readonly registrations: readonly Registration[];
  readonly looks: readonly LookAt[];
  /** Whether it waits for a budget. */
  readonly isWaiting: boolean;
}

const looksAtOnce = 5;

const lookAfterSeconds: Readonly<Record<LookReason, number>> = {
  empty: 10,
  drained: 0,
  'not-registered': secondLookSeconds,
  'not-usable': 0,
};

/** Decides about each of the leaving instances of which something is known, and carries it out: drains, looks, waiting. */
export async function drainAdmitted(
  deps: Deps,
  memory: LaneMemory,
  scope: Scope,
  seen: Survey,
  letGo: ReadonlySet<string>,
): Promise<void> {
  const verdicts = leaversOf(scope.groups)
    .filter(({ enrolled, instanceId }) => enrolled.policy.state !== 'paused' && !letGo.has(instanceId))
    .flatMap((leaver) => {
      const registrations = seen.known.get(leaver.instanceId);
      return registrations ? verdictOn(deps, memory, scope, leaver, registrations, seen) : [];
    });
  const draining = await drain(deps, memory, scope, verdicts);
  const waiting = verdicts.filter(({ isWaiting }) => isWaiting);
  await sayWaiting(
    deps,
    scope.clusterName,
    waiting.flatMap((one) => one.registrations),
  );
  const looks = [...verdicts.flatMap((one) => one.looks), ...looksAtEmpty(verdicts, draining)];
  await inParallel(looks, looksAtOnce, (look) => askToLook(deps, look));
}

function verdictOn(
  { log, count, now }: Deps,
  memory: LaneMemory,
  { named }: Scope,
  leaver: Leaver,
  registrations: readonly Registration[],
  { overBudget }: Survey,
): Verdict {
  const { enrolled, instanceId } = leaver;
  const { autoScalingGroupName } = enrolled.group;
  const departure = { clusterName: enrolled.clusterName, autoScalingGroupName, instanceId };
  const isOverBudget = overBudget.has(instanceId);
  const decision = decideDeparture({ ...departure, isOverBudget }, registrations, undefined, now());
  const nothing = { leaver, registrations, drained: [], isSole: false, looks: [], isWaiting: false };
  const wait = (why: string) => {
    log.debug('decided', { ...departure, decision: 'wait', why });
    count('Waiting');
  };
  switch (decision.kind) {
    case 'start-draining': {
      if (isJustAttempted(memory, instanceId, now())) {
        wait('draining');
        return nothing;
      }
      log.info('decided', { ...departure, decision: decision.kind, why: causeOf(leaver, registrations) });
      return { ...nothing, drained: decision.containerInstanceArns, isSole: registrations.length === 1 };
    }
    case 'release':
      return { ...nothing, looks: [{ ...leaver, because: 'not-usable' }] };
    case 'wait':
      wait(decision.why);
      if (decision.why === 'budget') return { ...nothing, isWaiting: true };
      if (decision.why === 'draining' && named.has(instanceId) && isEmpty(registrations))
        return { ...nothing, looks: [{ ...leaver, because: 'drained' }] };
      if (decision.why !== 'not-registered') return nothing;
      return { ...nothing, looks: [{ ...leaver, because: decision.why }] };
    case 'stop-tasks':
    case 'retain':
      throw new Error('A time was to be kept although none was known');
    default:
      return decision satisfies never;
  }
}

/** Sets who is admitted to DRAINING, and says before that they wait no longer: the mark needs the place (D-9.7). */
async function drain(
  deps: Deps,
  { attempts }: LaneMemory,
  scope: Scope,
  verdicts: readonly Verdict[],
): Promise<readonly Registration[]> {
  const admitted = verdicts.filter(({ drained }) => drained.length > 0);
  if (admitted.length === 0) return [];
  for (const { leaver } of admitted) {
    const { autoScalingGroupName } = leaver.enrolled.group;
    // Before the calls: one that fails may have been carried out all the same.
    attempts.set(leaver.instanceId, { at: deps.now(), autoScalingGroupName });
  }
  await unsayWaiting(
    deps,
    scope.clusterName,
    admitted.flatMap((one) => one.registrations),
  );
  const draining: Registration[] = [];
  for (const [enrolled, own] of groupBy(admitted, ({ leaver }) => leaver.enrolled))
    for (const [cause, some] of groupBy(own, (one) => causeOf(one.leaver, one.registrations)))
      draining.push(...(await startDraining(deps, enrolled, cause, some)));
  return draining;
}

/** An instance that was marked keeps its cause: who leaves involuntarily takes no slot when Auto Scaling sees it, too. */
function causeOf({ enrolled, instanceId }: Leaver, registrations: readonly Registration[]): DepartureCause {
  const { instances } = enrolled.group;
  const state = instances.find((one) => one.instanceId === instanceId)?.lifecycleState;
  return registrations.flatMap(({ mark }) => mark ?? [])[0]?.cause ?? causeIn(state);
}

/** Whoever drained it before its termination began, no task's end will tell any more that it has drained. */
const isEmpty = (registrations: readonly Registration[]) =>
  registrations.every(({ taskCount, holdsResources }) => taskCount === 0 && !holdsResources);

/** No task's end will tell that an instance without tasks has drained, and its own event may not come (D-11.1). */
function looksAtEmpty(verdicts: readonly Verdict[], draining: readonly Registration[]): LookAt[] {
  const empty = new Set(draining.filter(({ taskCount }) => taskCount === 0).map((one) => one.ec2InstanceId));
  const own = verdicts.filter(({ drained, leaver }) => drained.length > 0 && empty.has(leaver.instanceId));
  return own.map(({ leaver }) => ({ ...leaver, because: 'empty' }));
}

async function askToLook(deps: Deps, { enrolled, instanceId, because }: LookAt): Promise<void> {
  const { group, clusterName } = enrolled;
  const request = { autoScalingGroupName: group.autoScalingGroupName, clusterName, instanceId, because };
  await contain(deps, 'ask for another look', request, () =>
    deps.fleet.askToLook(request, deps.now(), lookAfterSeconds[because]),
  );
}
