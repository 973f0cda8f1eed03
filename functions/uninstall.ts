import type { Answer } from '../lib/answer.ts';
import { aws, connectEstate } from '../lib/aws/connect.ts';
import type { Group } from '../lib/fleet.ts';
import { terminateHook } from '../lib/hook.ts';
import { resource } from '../lib/lambda.ts';
import { inParallel } from '../lib/parallel.ts';
import type { Platform } from '../lib/platform.ts';
import { withPool } from '../lib/pool.ts';
import type { ResourceRequest } from '../lib/request.ts';
import { decideUninstall, quietMs, refusalOf, type UninstallDeps } from '../lib/uninstall.ts';

/** Groups looked at, or relieved of their hook, at the same time. */
const groupsAtOnce = 5;
/** Before each look that is to find no hook any more (milliseconds): reads may be some seconds old. */
const looksAfterMs = [0, 5000, 10_000, 20_000];
/** With less time left than this (milliseconds) it gives up, and still has time to say so. */
const reserveMs = 60_000;

/** Throws where there is no time left to begin anything. */
type CheckTime = () => void;

/**
 * Deletes our hook from every group before CloudFormation deletes the stack, or refuses while an instance waits on one.
 * Unless it succeeds the sweep goes on, which puts back what was deleted.
 */
export async function uninstall(
  deps: UninstallDeps,
  request: ResourceRequest,
  remainingMs: () => number,
): Promise<Answer> {
  if (request !== 'Delete') return { kind: 'done' };
  const checkTime = () => {
    if (remainingMs() < reserveMs) throw new Error('Out of time: not every group was looked at');
  };
  const reason = await whyHooksStay(deps, checkTime);
  if (reason === undefined) return { kind: 'done' };
  deps.log.warn('is not uninstalled', { reason });
  return { kind: 'failed', reason: `${reason}${await resumeSweeps(deps)}` };
}

async function whyHooksStay(deps: UninstallDeps, checkTime: CheckTime): Promise<string | undefined> {
  try {
    return await takeHooks(deps, checkTime);
  } catch (error) {
    deps.log.error('could not delete the lifecycle hooks', { error });
    deps.count('Failures');
    return `${error}.`;
  }
}

/** Why there are hooks still; undefined: there are none. */
async function takeHooks(deps: UninstallDeps, checkTime: CheckTime): Promise<string | undefined> {
  const { estate, sleep } = deps;
  const refusal = refusalTo(await hookedGroups(deps, checkTime));
  if (refusal !== undefined) return refusal;
  await estate.disableSweep();
  await sleep(quietMs);
  let hooked: readonly Group[] = [];
  for (const pauseMs of looksAfterMs) {
    await sleep(pauseMs);
    hooked = await hookedGroups(deps, checkTime);
    if (hooked.length === 0) return undefined;
    const refusal = refusalTo(hooked) ?? (await deleteHooks(deps, hooked, checkTime));
    if (refusal !== undefined) return refusal;
  }
  const names = hooked.map(({ autoScalingGroupName }) => autoScalingGroupName).join(', ');
  return `The lifecycle hook ${terminateHook.lifecycleHookName} is there again whenever it is deleted: ${names}.`;
}

/** Every group that has our hook, whatever its tags say: a tag that was taken away leaves the hook. */
async function hookedGroups({ estate }: UninstallDeps, checkTime: CheckTime): Promise<readonly Group[]> {
  const hooked: Group[] = [];
  await inParallel(await estate.allGroups(), groupsAtOnce, async (group) => {
    checkTime();
    if (await estate.hook(group.autoScalingGroupName)) hooked.push(await withPool(estate, group));
  });
  return hooked;
}

function refusalTo(hooked: readonly Group[]): string | undefined {
  const decision = decideUninstall(hooked);
  return decision.kind === 'refuse' ? refusalOf(decision.holdings) : undefined;
}

/** Why it stopped before all hooks were deleted; undefined: it did not. */
async function deleteHooks(
  deps: UninstallDeps,
  hooked: readonly Group[],
  checkTime: CheckTime,
): Promise<string | undefined> {
  const refusals: string[] = [];
  await inParallel(hooked, groupsAtOnce, async ({ autoScalingGroupName }) => {
    if (refusals.length > 0) return;
    checkTime();
    refusals.push(...(await deleteHook(deps, autoScalingGroupName)));
  });
  return refusals[0];
}

/** Reads the group once more just before: a departure may have begun since the look. */
async function deleteHook(
  { estate, log, count }: UninstallDeps,
  autoScalingGroupName: string,
): Promise<string[]> {
  const groups = await estate.groups([autoScalingGroupName]);
  const decision = decideUninstall(await Promise.all(groups.map((group) => withPool(estate, group))));
  if (decision.kind === 'refuse') return [refusalOf(decision.holdings)];
  if ((await estate.deleteHook(autoScalingGroupName)) === 'not-there') return [];
  const letGo = decision.letGo.flatMap(({ instanceIds }) => instanceIds);
  log.info('decided', { autoScalingGroupName, decision: 'delete-hook', why: 'uninstall', letGo });
  count('HooksDeleted');
  return [];
}

/** Also where this run did not stop them: one before it may have died in between. Gives what to add to the reason. */
async function resumeSweeps({ estate, log, count }: UninstallDeps): Promise<string> {
  try {
    await estate.enableSweep();
    return '';
  } catch (error) {
    log.error('could not switch the sweep on again', { error });
    count('Failures');
    return ` Switch the rule of the sweep on, or lifecycle actions time out: ${error}.`;
  }
}

/** `uninstall` for one execution environment. */
export const on = (platform: Platform) => resource(platform, connectEstate, uninstall);

/** The handler that Lambda calls. */
export const handler = on(aws);
