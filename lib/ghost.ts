import { after } from './deadline.ts';
import { isUsable, type Registration } from './departure.ts';
import { contain, type Deps } from './deps.ts';
import type { EnrolledGroup } from './group.ts';
import { groupBy } from './grouping.ts';
import { isDue } from './rhythm.ts';

/** Registrations that may be ghosts, by their ARN: since when, as far as one environment has looked. */
export type Suspects = Map<string, { readonly clusterName: string; readonly since: Date }>;

/** Two looks so far apart (seconds) must find a registration to be a ghost. */
const confirmedSeconds = 300;

/** So often (seconds) a cluster is looked through. */
const checkPeriodSeconds = 900;

/**
 * Looks for ghosts every quarter of an hour, and a second time at those it found: what ECS has still of instances that have ended.
 * `groups`: all enrolled ones. A ghost does not say any more which of them it was of, so that a cluster with one that is paused,
 * or there for a dry run, is left alone.
 */
export async function lookForGhosts(
  deps: Deps,
  groups: readonly EnrolledGroup[],
  suspects: Suspects,
  time: Date,
  hasTime: () => boolean,
): Promise<void> {
  for (const [clusterName, own] of groupBy(groups, (one) => one.clusterName)) {
    const isWanted = own.every(({ policy }) => policy.state !== 'paused' && !policy.isDryRun);
    const isAsked =
      isDue(clusterName, checkPeriodSeconds, time) || isSecondLookDue(suspects, clusterName, deps.now());
    if (!isWanted || !isAsked || !hasTime()) continue;
    await contain(deps, 'look for ghosts', { clusterName }, () => lookIn(deps, clusterName, suspects));
  }
}

function isSecondLookDue(suspects: Suspects, clusterName: string, now: Date): boolean {
  return [...suspects.values()].some((one) => one.clusterName === clusterName && isConfirmed(one.since, now));
}

/**
 * Deregisters what is marked by us as ending, has no agent, and is unknown to Auto Scaling, in two looks five minutes apart, so
 * that ECS replaces the tasks that it believes to run there (D-2.7, D-9.17). What has no mark of ours may be an operator's.
 */
async function lookIn(deps: Deps, clusterName: string, suspects: Suspects): Promise<void> {
  const { fleet, log, count, now } = deps;
  const silent = (await fleet.marked(clusterName)).filter(mayBeGhost);
  const states = await fleet.instanceStates([...new Set(silent.map(({ ec2InstanceId }) => ec2InstanceId))]);
  const known = new Set(states.map(({ instanceId }) => instanceId));
  const ghosts = silent.filter(({ ec2InstanceId }) => !known.has(ec2InstanceId));
  forgetOthers(suspects, clusterName, ghosts);
  for (const { containerInstanceArn, ec2InstanceId: instanceId, taskCount } of ghosts) {
    const since = suspects.get(containerInstanceArn)?.since ?? now();
    suspects.set(containerInstanceArn, { clusterName, since });
    const ghost = { clusterName, containerInstanceArn, instanceId, taskCount };
    if (!isConfirmed(since, now())) {
      log.info('decided', { ...ghost, decision: 'wait', why: 'maybe-ghost' });
      continue;
    }
    log.warn('decided', { ...ghost, decision: 'deregister', why: 'ghost' });
    await contain(deps, 'deregister', ghost, async () => {
      await fleet.deregister(clusterName, containerInstanceArn);
      count('GhostsDeregistered');
    });
  }
}

/** What we drained because it ends. Of what comes back, or may, this is no sign that it will not. */
const mayBeGhost = (registration: Registration) => {
  const cause = registration.mark?.cause;
  const isEnding = cause === 'termination' || cause === 'interruption';
  return isEnding && !registration.agentConnected && isUsable(registration);
};

const isConfirmed = (since: Date, now: Date) => now >= after(since, confirmedSeconds);

function forgetOthers(suspects: Suspects, clusterName: string, ghosts: readonly Registration[]): void {
  const arns = new Set(ghosts.map(({ containerInstanceArn }) => containerInstanceArn));
  for (const [arn, suspect] of suspects)
    if (suspect.clusterName === clusterName && !arns.has(arn)) suspects.delete(arn);
}
