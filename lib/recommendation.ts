import { justRecommended, type LaneMemory, survey } from './admission.ts';
import { admittedOf, slotsOf } from './budget.ts';
import { after } from './deadline.ts';
import { isOccupied, isUsable, type Registration, reasonToLetGo } from './departure.ts';
import { contain, type Deps } from './deps.ts';
import { startDraining } from './drain.ts';
import type { Recommendation } from './events.ts';
import type { Group, InstanceState } from './fleet.ts';
import { type EnrolledGroup, enrolledGroup } from './group.ts';
import { groupBy } from './grouping.ts';
import { readLimit } from './limit.ts';
import { inParallel } from './parallel.ts';
import { type Blueprint, type Obstacle, obstacleTo, type Site, type Tenant } from './placement.ts';
import { isRunning, isServiceTask, isStopped, serviceNameOf } from './task.ts';
import { readTasks } from './tasks.ts';

/** Why an instance that EC2 recommends to replace is left as it is. */
export type LeftAsItIs =
  | Obstacle['why']
  | 'too-late'
  | 'in-no-group'
  | 'not-enrolled'
  | 'off'
  | 'paused'
  | 'leaving'
  | 'dry-run'
  | 'rebalances-itself'
  | 'not-in-service'
  | 'not-usable'
  | 'registered-twice'
  | 'draining-already'
  | 'agent-disconnected'
  | 'another-drains'
  | 'many-drain'
  | 'over-budget'
  | 'too-many-instances'
  | 'not-marked';

/** An instance that EC2 recommends to replace, as Auto Scaling has it. */
interface Subject {
  readonly event: Recommendation;
  readonly state: InstanceState | undefined;
  readonly group: Group | undefined;
}

/** A subject of a group that wants it drained. */
interface Candidate {
  readonly instanceId: string;
  readonly enrolled: EnrolledGroup;
}

/**
 * An older recommendation (seconds) is not acted on. Far less than the time after which a drain is undone (lib/comeback.ts), so
 * that a straggler does not begin it anew.
 */
export const lateSeconds = 600;
/** With more instances draining than this nobody says what will be left when they have drained. */
const drainingMax = 10;
const definitionsAtOnce = 5;

/**
 * Drains instances that EC2 recommends to replace where their group wants that, nothing else will move their tasks, and the
 * tasks fit elsewhere on what the cluster has now; one at a time in a cluster. Whatever speaks against it is said, and that is
 * all: the notice of Spot, should it come, is served anyway (docs/decisions/0018).
 */
export async function drainRecommended(
  deps: Deps,
  memory: LaneMemory,
  events: readonly Recommendation[],
): Promise<void> {
  if (events.length === 0) return;
  for (const subject of await subjectsOf(deps, events)) {
    const { instanceId } = subject.event;
    const serving = () => serve(deps, memory, subject);
    await contain(deps, 'serve a rebalance recommendation', { instanceId }, serving);
  }
}

/** Doubles once, by the newest. */
async function subjectsOf({ fleet }: Deps, events: readonly Recommendation[]): Promise<Subject[]> {
  const newest = [...groupBy(events, ({ instanceId }) => instanceId).values()].map((own) =>
    own.reduce((a, b) => (a.at >= b.at ? a : b)),
  );
  const states = await fleet.instanceStates(newest.map(({ instanceId }) => instanceId));
  const names = [...new Set(states.map(({ autoScalingGroupName }) => autoScalingGroupName))];
  const groups = names.length > 0 ? await fleet.groups(names) : [];
  return newest.map((event) => {
    const state = states.find(({ instanceId }) => instanceId === event.instanceId);
    const name = state?.autoScalingGroupName;
    return { event, state, group: groups.find((group) => group.autoScalingGroupName === name) };
  });
}

async function serve(deps: Deps, memory: LaneMemory, subject: Subject): Promise<void> {
  const { instanceId, at } = subject.event;
  const { log, count, now } = deps;
  const enrolled = subject.group && enrolledGroup(subject.group);
  const leave = (why: LeftAsItIs, fields: Readonly<Record<string, unknown>> = {}) => {
    log.info('leaves a rebalance recommendation alone', { instanceId, at, why, ...fields });
    // Most are about instances that nobody has asked us to move.
    if (enrolled?.policy.rebalanceRecommendation) count('RecommendationsLeft');
  };
  const unwanted = whyUnwanted(subject, enrolled, now());
  if (unwanted !== undefined || !enrolled) return leave(unwanted ?? 'not-enrolled');
  const candidate: Candidate = { instanceId, enrolled };
  const { clusterName, group } = enrolled;
  const own = await deps.fleet.registrations(clusterName, [instanceId]);
  const unfit = whyUnfit(own, enrolled);
  if (unfit !== undefined) return leave(unfit);
  const draining = (await deps.fleet.draining(clusterName)).filter(isOccupied);
  const busy = whyBusy(memory, candidate, draining, now());
  if (busy !== undefined) return leave(busy);
  const members = await deps.fleet.groupsOf(clusterName);
  if (!(await hasSlot(deps, memory, candidate, members))) return leave('over-budget');
  const sites = await sitesBut(deps, candidate, members);
  if (!sites) return leave('too-many-instances');
  const obstacle = await obstacleFor(deps, clusterName, own, draining, sites);
  if (obstacle) return leave(obstacle.why, { ...obstacle });
  const { autoScalingGroupName } = group;
  log.info('decided', {
    clusterName,
    autoScalingGroupName,
    instanceId,
    decision: 'start-draining',
    why: 'rebalance-recommendation',
  });
  memory.recommended.set(clusterName, { at: now(), instanceId });
  const drained = own.map(({ containerInstanceArn }) => containerInstanceArn);
  const begun = await startDraining(deps, enrolled, 'rebalance-recommendation', [{ drained, isSole: true }]);
  if (begun.length === 0) return leave('not-marked');
  count('Recommendations');
}

/** As far as Auto Scaling and the tags tell; undefined: the group wants it drained. */
export function whyUnwanted(
  { event, state, group }: Subject,
  enrolled: EnrolledGroup | undefined,
  now: Date,
): LeftAsItIs | undefined {
  if (now >= after(event.at, lateSeconds)) return 'too-late';
  if (!state || !group) return 'in-no-group';
  if (!enrolled) return 'not-enrolled';
  const { policy } = enrolled;
  if (!policy.rebalanceRecommendation) return 'off';
  if (policy.state !== 'active') return policy.state;
  if (group.rebalancesCapacity) return 'rebalances-itself';
  return state.lifecycleState === 'InService' ? undefined : 'not-in-service';
}

/** As far as its registrations tell. With two of them neither could be marked, and nobody would undo the drain. */
export function whyUnfit(
  registrations: readonly Registration[],
  { policy }: EnrolledGroup,
): LeftAsItIs | undefined {
  const usable = registrations.filter(isUsable);
  if (usable.length > 1) return 'registered-twice';
  const [own] = usable;
  if (own?.status === 'DRAINING') return 'draining-already';
  if (own?.status !== 'ACTIVE' || registrations.length > 1) return 'not-usable';
  if (!own.agentConnected) return 'agent-disconnected';
  return reasonToLetGo(policy, registrations);
}

/** As far as other drains tell: another recommendation's whose tasks have not ended, or too many altogether. */
function whyBusy(
  memory: LaneMemory,
  { instanceId, enrolled }: Candidate,
  draining: readonly Registration[],
  now: Date,
): LeftAsItIs | undefined {
  const last = justRecommended(memory, enrolled.clusterName, now);
  const isUnseen = last !== undefined && last !== instanceId;
  const isSeen = draining.some(({ mark }) => mark?.cause === 'rebalance-recommendation');
  if (isUnseen || isSeen) return 'another-drains';
  return draining.length > drainingMax ? 'many-drain' : undefined;
}

/** Whether a slot of the budgets is left when all those have theirs that leave. */
async function hasSlot(
  deps: Deps,
  memory: LaneMemory,
  { instanceId, enrolled }: Candidate,
  members: readonly Group[],
): Promise<boolean> {
  const { clusterName, group } = enrolled;
  const limit = await readLimit(deps, clusterName);
  const groups = limit ? members.flatMap((member) => enrolledGroup(member) ?? []) : [enrolled];
  const slots = slotsOf(limit, groups);
  if (!slots) return true;
  const { taken } = await survey(deps, memory, {
    clusterName,
    groups,
    slots,
    named: new Map(),
    isAsked: false,
  });
  const { autoScalingGroupName } = group;
  const claim = { autoScalingGroupName, instanceId, startedAt: undefined, isHurried: false };
  return admittedOf(slots, taken, [claim]).length > 0;
}

/** The other ACTIVE instances, without those that Auto Scaling takes out of service; undefined: too many to look at. */
async function sitesBut(
  { fleet }: Deps,
  { instanceId, enrolled }: Candidate,
  members: readonly Group[],
): Promise<readonly Site[] | undefined> {
  const leaving = members.flatMap(({ instances }) =>
    instances.filter(({ lifecycleState }) => lifecycleState !== 'InService').map((one) => one.instanceId),
  );
  const without = new Set([instanceId, ...leaving]);
  const sites = await fleet.sites(enrolled.clusterName);
  return sites?.filter(({ ec2InstanceId }) => !without.has(ec2InstanceId));
}

/** Reads the tasks of the instance, and of those that drain, whose tasks need a place as well. */
async function obstacleFor(
  deps: Deps,
  clusterName: string,
  own: readonly Registration[],
  draining: readonly Registration[],
  sites: readonly Site[],
): Promise<Obstacle | undefined> {
  const { fleet } = deps;
  const arns = [...own, ...draining].map(({ containerInstanceArn }) => containerInstanceArn);
  const read = await readTasks(fleet, clusterName, arns);
  const tasks = read.filter((task) => isRunning(task) && !isStopped(task));
  const serviceTasks = tasks.filter(isServiceTask);
  const names = [...new Set(serviceTasks.flatMap((task) => serviceNameOf(task) ?? []))];
  const services = names.length > 0 ? await fleet.services(clusterName, names) : [];
  const byName = new Map(services.map((service) => [service.serviceName, service]));
  const blueprints = new Map<string, Blueprint>();
  const definitions = [...new Set(serviceTasks.map(({ taskDefinitionArn }) => taskDefinitionArn))];
  await inParallel(definitions, definitionsAtOnce, async (arn) => {
    blueprints.set(arn, await fleet.blueprint(arn));
  });
  const tenantsOf = (registrations: readonly Registration[]): Tenant[] => {
    const on = new Set(registrations.map(({ containerInstanceArn }) => containerInstanceArn));
    return tasks
      .filter(({ containerInstanceArn }) => on.has(containerInstanceArn))
      .map((task) => ({
        task,
        service: byName.get(serviceNameOf(task) ?? ''),
        blueprint: blueprints.get(task.taskDefinitionArn),
      }));
  };
  return obstacleTo(tenantsOf(own), tenantsOf(draining), sites);
}
