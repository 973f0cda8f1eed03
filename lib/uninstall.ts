import type { Tools } from './deps.ts';
import type { Fleet, Group } from './fleet.ts';
import { heldInstanceIds, retainedInstanceIds } from './group.ts';
import { terminateHook } from './hook.ts';
import { onDeadlineTag, readUninstall, uninstallTag } from './policy.ts';

/**
 * What the steward has in an account beside its stack: its hook on groups, and the schedule of the sweep, which would put
 * it there again. Errors of AWS come through as the SDK throws them, after its retries, but for what is named here.
 */
export interface Estate extends Pick<Fleet, 'groups' | 'pool' | 'hook' | 'deleteHook'> {
  /** Every group of the account and Region, enrolled or not. */
  allGroups(): Promise<readonly Group[]>;
  /** Switches the schedule of the sweep off. A schedule that is not there any more is off. */
  disableSweep(): Promise<void>;
  /** Switches the schedule of the sweep on. */
  enableSweep(): Promise<void>;
}

/** What uninstalling works with. */
export interface UninstallDeps extends Tools {
  readonly estate: Estate;
}

/** A group with instances that our hook holds, or may hold in a moment, or that we have retained until they have drained. */
export interface Holding {
  readonly autoScalingGroupName: string;
  readonly instanceIds: readonly string[];
  /** Those that are retained beside: nobody would end them. */
  readonly retainedIds: readonly string[];
  /** The value of the tag `ecs-steward:uninstall`, where it is one that means nothing. */
  readonly malformedTag: string | undefined;
}

/** What to do about our hooks. `letGo`: what waits in groups that are forced, and goes on when the hook is deleted. */
export type UninstallDecision =
  | { readonly kind: 'refuse'; readonly holdings: readonly Holding[] }
  | { readonly kind: 'delete-hooks'; readonly letGo: readonly Holding[] };

/** Whether our hooks may be deleted from these groups, which have them: not while an instance waits, unless it is forced. */
export function decideUninstall(hooked: readonly Group[]): UninstallDecision {
  const holding = hooked.filter(
    (group) => heldInstanceIds(group).length > 0 || ownRetainedIds(group).length > 0,
  );
  const refusing = holding.filter(({ tags }) => !readUninstall(tags).isForced);
  if (refusing.length > 0) return { kind: 'refuse', holdings: refusing.map(holdingOf) };
  return { kind: 'delete-hooks', letGo: holding.map(holdingOf) };
}

function holdingOf(group: Group): Holding {
  const { autoScalingGroupName, tags } = group;
  const malformedTag = readUninstall(tags).faults[0]?.value;
  const retainedIds = ownRetainedIds(group);
  return { autoScalingGroupName, instanceIds: heldInstanceIds(group), retainedIds, malformedTag };
}

/** Whose they are only ECS knows; in a group with this tag the steward ends them. */
function ownRetainedIds(group: Group): string[] {
  return group.tags[onDeadlineTag] === 'retain' ? retainedInstanceIds(group) : [];
}

/**
 * How long after its schedule was switched off no sweep can be under way any more: one that was due just then is dropped
 * after 60 s if it has not begun, and runs for 55 s at most; EventBridge asks for a short while until a rule is off.
 *
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DisableRule.html
 */
export const quietMs = 150_000;

/** Named in a refusal: so many groups, and so many instances of each. */
const namedMax = { groups: 5, instances: 3 };

/** What whoever removes the stack is told: what to do, and because of which instances. */
export function refusalOf(holdings: readonly Holding[]): string {
  const held = holdings.flatMap(({ instanceIds }) => instanceIds).length;
  const retained = holdings.flatMap(({ retainedIds }) => retainedIds).length;
  const isOne = held + retained === 1;
  const named = holdings.slice(0, namedMax.groups).map(describe);
  const others = holdings.length - named.length;
  const waits = held === 1 ? 'instance waits' : 'instances wait';
  const areKept = retained === 1 ? 'instance is' : 'instances are';
  return [
    ...(held > 0 ? [`${held} ${waits} on the lifecycle hook ${terminateHook.lifecycleHookName}.`] : []),
    ...(retained > 0 ? [`${retained} ${areKept} retained until drained.`] : []),
    'The steward goes on until this stack is deleted.',
    `Remove the stack again when ${isOne ? 'it has' : 'they have'} left,`,
    `or first tag a group ${uninstallTag} = force to end its instances at once, with the tasks on them${retained > 0 ? '; retained ones stay' : ''}.`,
    `Waiting: ${[...named, ...(others > 0 ? [`${others} more groups`] : [])].join('; ')}`,
  ].join(' ');
}

function describe({ autoScalingGroupName, instanceIds, retainedIds, malformedTag }: Holding): string {
  const all = [...instanceIds, ...retainedIds];
  const named = all.slice(0, namedMax.instances);
  const others = all.length - named.length;
  const ids = [...named, ...(others > 0 ? [`${others} more`] : [])].join(', ');
  const fault = malformedTag === undefined ? '' : `, whose tag ${uninstallTag} is "${malformedTag}"`;
  return `${ids} in ${autoScalingGroupName}${fault}`;
}
