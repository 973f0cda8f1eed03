import { aws, connect } from '../lib/aws/connect.ts';
import { after } from '../lib/deadline.ts';
import { isUsable, type Registration, reasonToLetGo } from '../lib/departure.ts';
import { contain, type Deps } from '../lib/deps.ts';
import { startDraining } from '../lib/drain.ts';
import { UnknownCluster } from '../lib/errors.ts';
import type { Interruption } from '../lib/events.ts';
import type { Group } from '../lib/fleet.ts';
import { type EnrolledGroup, enrolledGroup, reportUnknownCluster } from '../lib/group.ts';
import { groupBy } from '../lib/grouping.ts';
import {
  decideLastCalls,
  doubtSeconds,
  isInterruption,
  isTooSlow,
  type LeftAlone,
  leadSeconds,
  whyLeftAlone,
} from '../lib/interrupt.ts';
import { queue } from '../lib/lambda.ts';
import { inParallel } from '../lib/parallel.ts';
import type { Platform } from '../lib/platform.ts';
import type { Message } from '../lib/sighting.ts';
import { isStopped } from '../lib/task.ts';
import { readTasks } from '../lib/tasks.ts';
import { type Ending, endingsOf } from '../lib/workload.ts';

/** An instance that Spot takes back, by the earliest of the messages that say so. */
interface Subject {
  readonly notice: Interruption;
  readonly messageIds: readonly string[];
}

/** A subject with those of its registrations that can run tasks. */
interface Doomed extends Subject {
  readonly registrations: readonly Registration[];
}

const groupsAtOnce = 5;
const instancesAtOnce = 5;
const stopsAtOnce = 5;
const stopReason = 'ecs-steward: Spot takes the container instance back';

/**
 * Drains at once what Spot takes back, whatever else drains, and stops each task that would otherwise be cut off two minutes
 * after the notice. A look again is the same once more. Returns the ids of the messages that must come back.
 */
export async function interrupt(
  deps: Deps,
  messages: readonly Message<Interruption>[],
): Promise<readonly string[]> {
  const subjects = subjectsIn(messages);
  const groups = await readGroups(deps, subjects);
  const comeBack: Subject[] = [];
  const byGroup = groupBy(subjects, ({ notice }) => groups.get(notice.instanceId));
  await inParallel([...byGroup], groupsAtOnce, async ([group, own]) => {
    const served = own.filter((subject) => {
      const why = whyLeftAlone(subject.notice, group, deps.now());
      if (why !== undefined) leaveAlone(deps, subject, why);
      return why === undefined;
    });
    const enrolled = group && enrolledGroup(group);
    if (!enrolled || served.length === 0) return;
    const { autoScalingGroupName } = group;
    const doing = () => interruptIn(deps, enrolled, served);
    comeBack.push(
      ...((await contain(deps, 'serve interruptions', { autoScalingGroupName }, doing)) ?? served),
    );
  });
  return comeBack.flatMap(({ messageIds }) => messageIds);
}

/** Of doubles the earliest stands for the others, a notice for what we asked of ourselves. */
function subjectsIn(messages: readonly Message<Interruption>[]): Subject[] {
  const byInstance = groupBy(messages, ({ event }) => event.instanceId);
  return [...byInstance.values()].map((own) => {
    const events = own.map(({ event }) => event);
    const [first] = events.toSorted((a, b) => a.at.getTime() - b.at.getTime());
    const isLook = events.every((event) => event.isLook);
    return { notice: { ...(first ?? own[0].event), isLook }, messageIds: own.map((one) => one.messageId) };
  });
}

/** The group of each instance, by its id; one that is in none is left out. */
async function readGroups(
  { fleet }: Deps,
  subjects: readonly Subject[],
): Promise<ReadonlyMap<string, Group>> {
  const states = await fleet.instanceStates(subjects.map(({ notice }) => notice.instanceId));
  if (states.length === 0) return new Map();
  const groups = await fleet.groups([...new Set(states.map((state) => state.autoScalingGroupName))]);
  const byName = new Map(groups.map((group) => [group.autoScalingGroupName, group]));
  return new Map(
    states.flatMap(({ instanceId, autoScalingGroupName }) => {
      const group = byName.get(autoScalingGroupName);
      return group ? [[instanceId, group] as const] : [];
    }),
  );
}

/** Returns what must come back. */
async function interruptIn(
  deps: Deps,
  enrolled: EnrolledGroup,
  subjects: readonly Subject[],
): Promise<readonly Subject[]> {
  const doomed = await doomedOf(deps, enrolled, subjects);
  await drain(deps, enrolled, doomed);
  const failed: Subject[] = [];
  await inParallel(doomed, instancesAtOnce, async (one) => {
    const { instanceId } = one.notice;
    const doing = () => stopInTime(deps, enrolled, one);
    if (!(await contain(deps, 'stop tasks in time', { instanceId }, doing))) failed.push(one);
  });
  return failed;
}

async function doomedOf(
  deps: Deps,
  enrolled: EnrolledGroup,
  subjects: readonly Subject[],
): Promise<readonly Doomed[]> {
  const all = await registrationsOf(deps, enrolled, subjects);
  return subjects.flatMap((subject) => {
    const own = all.filter(({ ec2InstanceId }) => ec2InstanceId === subject.notice.instanceId);
    const registrations = own.filter(isUsable);
    const why = registrations.length === 0 ? 'not-usable' : reasonToLetGo(enrolled.policy, registrations);
    if (why === undefined) return [{ ...subject, registrations }];
    leaveAlone(deps, subject, why);
    return [];
  });
}

async function registrationsOf(deps: Deps, enrolled: EnrolledGroup, subjects: readonly Subject[]) {
  const instanceIds = subjects.map(({ notice }) => notice.instanceId);
  try {
    return await deps.fleet.registrations(enrolled.clusterName, instanceIds);
  } catch (error) {
    if (!(error instanceof UnknownCluster)) throw error;
    reportUnknownCluster(deps, enrolled);
    return [];
  }
}

/** What drains already, for whatever reason, goes on; one that may come back as far as its mark says does not any more. */
async function drain(deps: Deps, enrolled: EnrolledGroup, doomed: readonly Doomed[]): Promise<void> {
  const { log, fleet, count, now } = deps;
  const { clusterName, group } = enrolled;
  const starting = doomed.map(({ notice, registrations }) => {
    const active = registrations.filter(({ status }) => status === 'ACTIVE');
    const { instanceId } = notice;
    const departure = { clusterName, autoScalingGroupName: group.autoScalingGroupName, instanceId };
    if (!notice.isLook) count('Interruptions');
    if (active.length > 0)
      log.info('decided', { ...departure, decision: 'start-draining', why: 'interruption' });
    const drained = active.map(({ containerInstanceArn }) => containerInstanceArn);
    return { drained, isSole: registrations.length === 1 };
  });
  await startDraining(deps, enrolled, 'interruption', starting);
  const recommended = doomed
    .flatMap(({ registrations }) => registrations)
    .filter(({ mark }) => mark?.cause === 'rebalance-recommendation')
    .map(({ containerInstanceArn }) => containerInstanceArn);
  if (recommended.length === 0) return;
  await contain(deps, 'mark', { clusterName }, () =>
    fleet.mark(clusterName, recommended, { at: now(), cause: 'interruption' }),
  );
}

/** Stops the tasks whose last call it is, and asks for a look at the next one's. */
async function stopInTime(deps: Deps, enrolled: EnrolledGroup, { notice, registrations }: Doomed) {
  const { fleet, now } = deps;
  const { clusterName, policy } = enrolled;
  const arns = registrations.map(({ containerInstanceArn }) => containerInstanceArn);
  const tasks = await readTasks(fleet, clusterName, arns);
  const onIt = tasks.filter((task) => arns.includes(task.containerInstanceArn) && !isStopped(task));
  const endings = await endingsOf(fleet, clusterName, onIt, policy.deregistrationDelaySeconds);
  if (!notice.isLook) reportTooSlow(deps, enrolled, notice, endings);
  const { stop, nextAt } = decideLastCalls(notice, endings, now());
  const areStopped = await stopTasks(deps, enrolled, notice, stop);
  const isInDoubt = !areStopped || !notice.isLook;
  const lookAt = isInDoubt ? earlier(nextAt, after(now(), doubtSeconds)) : nextAt;
  if (lookAt) await fleet.askToInterrupt(notice, secondsUntil(lookAt, now()));
  return true;
}

const earlier = (a: Date | undefined, b: Date) => (a && a < b ? a : b);
const secondsUntil = (time: Date, now: Date) =>
  Math.max(0, Math.ceil((time.getTime() - now.getTime()) / 1000));

/** Whether all of them were told to stop. */
async function stopTasks(
  deps: Deps,
  { clusterName, group }: EnrolledGroup,
  { instanceId }: Interruption,
  stop: readonly Ending[],
): Promise<boolean> {
  if (stop.length === 0) return true;
  const { autoScalingGroupName } = group;
  const taskArns = stop.map(({ task }) => task.taskArn);
  const departure = { clusterName, autoScalingGroupName, instanceId };
  deps.log.info('decided', { ...departure, decision: 'stop-tasks', why: 'interruption', taskArns });
  let areStopped = true;
  await inParallel(taskArns, stopsAtOnce, async (taskArn) => {
    const isDone = await contain(deps, 'stop a task', { instanceId, taskArn }, async () => {
      await deps.fleet.stopTask(clusterName, taskArn, stopReason);
      deps.count('TasksStopped');
      return true;
    });
    areStopped &&= isDone === true;
  });
  return areStopped;
}

/** Names what cannot end in time whatever is done: its delays are to be shortened, or it does not belong on Spot. */
function reportTooSlow(
  { log, count }: Deps,
  { clusterName, group }: EnrolledGroup,
  { instanceId }: Interruption,
  endings: readonly Ending[],
): void {
  const { autoScalingGroupName } = group;
  const slow = groupBy(endings.filter(isTooSlow), ({ task }) => task.group);
  for (const [taskGroup, [{ stopTimeoutSeconds, deregistrationDelaySeconds }]] of slow) {
    log.warn('tasks take longer to stop than Spot gives them', {
      clusterName,
      autoScalingGroupName,
      instanceId,
      taskGroup,
      stopTimeoutSeconds,
      deregistrationDelaySeconds,
      expected: `at most ${leadSeconds} s in all`,
    });
    count('InterruptedTooSlow');
  }
}

function leaveAlone({ log }: Deps, { notice }: Subject, why: LeftAlone): void {
  const { instanceId, action, at } = notice;
  log.info('leaves an interruption alone', { instanceId, action, at, why });
}

/** `interrupt` for one execution environment. */
export const on = (platform: Platform) => queue(platform, connect, isInterruption, interrupt);

/** The handler that Lambda calls. */
export const handler = on(aws);
