/** Prefix of every tag of a group that concerns us. */
const prefix = 'ecs-steward:';

/** The tag that enrols an Auto Scaling group; its value names the group's ECS cluster. */
export const enrolmentTag = `${prefix}cluster`;

/** The tag that says who keeps the hook of our name. */
export const hookTag = `${prefix}hook`;

/** The tag that says what happens at the drain deadline. */
export const onDeadlineTag = `${prefix}on-deadline`;

/** The tag that lets the waiting instances of a group go when the steward is uninstalled. */
export const uninstallTag = `${prefix}uninstall`;

/** The tag of a group that lets On-Demand Instances stand in for Spot. */
export const fallbackTag = `${prefix}on-demand-fallback`;

/** The tag of a service, and of its cluster, by which it is redeployed with another strategy. */
export const rebalanceTag = `${prefix}rebalance`;

/** What happens to service tasks that still live when the drain deadline has passed. */
export type OnDeadline = 'stop-tasks' | 'continue' | 'retain';

/** `paused`: nothing new is done, what is held stays held. `leaving`: nothing new begins, and our hook goes in the end. */
export type GroupState = 'active' | 'paused' | 'leaving';

/** How many instances may drain at once: so many, or so many percent of those in service and leaving. */
export type DrainLimit =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'percent'; readonly percent: number };

/** What the tags of a group say about its departures. */
export interface Policy {
  /** From the start of the drain, for service tasks. */
  readonly drainDeadlineSeconds: number;
  readonly onDeadline: OnDeadline;
  /** When standalone tasks are stopped, from the start of the drain; undefined: not before the hook ends. */
  readonly standaloneStopSeconds: number | undefined;
  /** How many of the group may drain at once; undefined: any number. */
  readonly maxDraining: DrainLimit | undefined;
  readonly state: GroupState;
  /** Who keeps the hook of our name: the steward, or somebody's template. */
  readonly hook: 'own' | 'external';
  /** Nothing is held or drained; what would be is logged. */
  readonly isDryRun: boolean;
  /** Instances that Spot takes back are drained. */
  readonly interrupt: boolean;
  /** Instances that EC2 recommends to replace are drained where their tasks fit elsewhere. */
  readonly rebalanceRecommendation: boolean;
  /** How long the targets of load-balanced services take to leave, at most: no API that we may ask says so (D-13.8). */
  readonly deregistrationDelaySeconds: number;
}

/** A tag with a value that means nothing to us; the default holds instead. */
export interface TagFault {
  readonly tag: string;
  readonly value: string;
  readonly expected: string;
}

/** What the tags of a group say. Without a cluster name the group is not served, and `faults` says why. */
export interface Enrolment {
  readonly clusterName: string | undefined;
  readonly policy: Policy;
  readonly faults: readonly TagFault[];
}

/** Read by another function; here only to be known. */
const fallbackName = 'on-demand-fallback';

/** Of a group, and of a cluster: the tighter one wins. */
const limitName = 'max-draining';

type Switch = 'on' | 'off';
type Reading<T> = { readonly value: T } | { readonly expected: string };

const durationForm = /^(\d{1,6})(s|m|h)$/;
const secondsPer = { s: 1, m: 60, h: 3600 } as const;
/** A minute is one sweep. 47 hours leave an hour of the 48 that a hook can hold (D-3.7). */
const deadlineBoundsSeconds = { least: 60, most: 47 * 3600 };

/** The tags of an enrolled group, every fault in them reported at once; undefined: the group is not enrolled. */
export function readEnrolment(tags: Readonly<Record<string, string>>): Enrolment | undefined {
  if (tags[enrolmentTag] === undefined) return undefined;
  const faults: TagFault[] = [...unknownTags(tags), ...readUninstall(tags).faults];
  const read = readerOf(tags, faults);
  read<Switch>(fallbackName, onOrOff, 'off');
  return {
    clusterName: read<string | undefined>('cluster', clusterName, undefined),
    policy: Object.freeze({
      drainDeadlineSeconds: read('drain-deadline', deadlineSeconds, 50 * 60),
      onDeadline: read<OnDeadline>('on-deadline', oneOf('stop-tasks', 'continue', 'retain'), 'stop-tasks'),
      standaloneStopSeconds: read<number | undefined>('standalone-tasks', standaloneSeconds, undefined),
      maxDraining: read<DrainLimit | undefined>(limitName, drainLimit, undefined),
      state: read<GroupState>('state', oneOf('active', 'paused', 'leaving'), 'active'),
      hook: read<Policy['hook']>('hook', oneOf('own', 'external'), 'own'),
      isDryRun: read<Switch>('dry-run', onOrOff, 'off') === 'on',
      interrupt: read<Switch>('interrupt', onOrOff, 'on') === 'on',
      rebalanceRecommendation: read<Switch>('rebalance-recommendation', onOrOff, 'off') === 'on',
      deregistrationDelaySeconds: read('deregistration-delay', delaySeconds, 300),
    }),
    faults,
  };
}

/** Whether instances of a group, enrolled or not, are let go when the steward is uninstalled while they wait. */
export function readUninstall(tags: Readonly<Record<string, string>>): {
  readonly isForced: boolean;
  readonly faults: readonly TagFault[];
} {
  const faults: TagFault[] = [];
  return { isForced: readerOf(tags, faults)('uninstall', force, false), faults };
}

/** Whether On-Demand stands in for Spot in a group, by its tags. A group that leaves gets back what it had. */
export function readFallback(tags: Readonly<Record<string, string>>): {
  readonly isOn: boolean;
  readonly isPaused: boolean;
  readonly isDryRun: boolean;
} {
  const { state = 'active', isDryRun = false } = readEnrolment(tags)?.policy ?? {};
  const value = readerOf(tags, [])<Switch>(fallbackName, onOrOff, 'off');
  return { isOn: value === 'on' && state !== 'leaving', isPaused: state === 'paused', isDryRun };
}

/** What may be done about the strategies of a cluster, or of a service in it. */
export interface Rebalancing {
  readonly isOn: boolean;
  readonly isPaused: boolean;
  readonly isDryRun: boolean;
  /** Capacity providers that stand in, the first first. */
  readonly fallbacks: readonly string[];
}

/**
 * Whether a service may be redeployed with another strategy: its own tag says so, and its cluster's, without which nobody
 * looks for such services. One that pauses, or leaves, does so for the other too.
 */
export function readServiceRebalancing(
  clusterTags: Readonly<Record<string, string>>,
  tags: Readonly<Record<string, string>>,
): Rebalancing {
  const isOn = [clusterTags, tags].every((own) => own[rebalanceTag] === 'redeploy');
  return rebalancingOf([tags, clusterTags], isOn);
}

/** Whether the default strategy of a cluster may be changed, by the cluster's tags. */
export function readDefaultRebalancing(tags: Readonly<Record<string, string>>): Rebalancing {
  return rebalancingOf([tags], tags[defaultStrategyTag] === 'shift');
}

/** The tag of a cluster by which its default strategy is shifted. */
export const defaultStrategyTag = `${prefix}default-strategy`;

function rebalancingOf(places: readonly Readonly<Record<string, string>>[], isOn: boolean): Rebalancing {
  const states = places.map((tags) => tags[`${prefix}state`]);
  const [fallback = ''] = places.flatMap((tags) => tags[`${prefix}fallback`] ?? []);
  return {
    isOn: isOn && !states.includes('leaving'),
    isPaused: states.includes('paused'),
    isDryRun: places.some((tags) => tags[`${prefix}dry-run`] === 'on'),
    fallbacks: fallback.split(/[ ,]+/).filter((name) => name !== ''),
  };
}

/** How many instances of an ECS cluster may drain at once, by the cluster's own tag; undefined: any number. */
export function readClusterLimit(tags: Readonly<Record<string, string>>): {
  readonly limit: DrainLimit | undefined;
  readonly faults: readonly TagFault[];
} {
  const faults: TagFault[] = [];
  return { limit: readerOf(tags, faults)<DrainLimit | undefined>(limitName, drainLimit, undefined), faults };
}

/** Reads one tag after the other; what it cannot read goes to `faults`. */
function readerOf(tags: Readonly<Record<string, string>>, faults: TagFault[]) {
  return <T>(name: string, reading: (value: string) => Reading<T>, usual: T): T => {
    const tag = `${prefix}${name}`;
    const value = tags[tag];
    if (value === undefined) return usual;
    const result = reading(value);
    if ('value' in result) return result.value;
    faults.push({ tag, value, expected: result.expected });
    return usual;
  };
}

const known = [
  'cluster',
  'drain-deadline',
  'on-deadline',
  'standalone-tasks',
  limitName,
  'state',
  'hook',
  'dry-run',
  'interrupt',
  'rebalance-recommendation',
  'deregistration-delay',
  'uninstall',
  fallbackName,
];

function unknownTags(tags: Readonly<Record<string, string>>): TagFault[] {
  const isUnknown = (tag: string) => tag.startsWith(prefix) && !known.includes(tag.slice(prefix.length));
  const expected = `no tag of this name; there are ${known.map((name) => prefix + name).join(', ')}`;
  return Object.entries(tags)
    .filter(([tag]) => isUnknown(tag))
    .map(([tag, value]) => ({ tag, value, expected }));
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html */
function clusterName(value: string): Reading<string> {
  if (/^[a-zA-Z0-9_-]{1,255}$/.test(value)) return { value };
  return { expected: 'the name of an ECS cluster: up to 255 letters, digits, hyphens and underscores' };
}

function standaloneSeconds(text: string): Reading<number | undefined> {
  if (text === 'wait') return { value: undefined };
  if (text === 'stop') return { value: 0 };
  const after = text.startsWith('stop-after:')
    ? deadlineSeconds(text.slice('stop-after:'.length))
    : undefined;
  if (after && 'value' in after) return after;
  return { expected: 'wait, stop, or stop-after: and a duration from 60s to 47h, as in stop-after:2h' };
}

function deadlineSeconds(text: string): Reading<number> {
  const [, count, unit] = durationForm.exec(text) ?? [];
  const value = Number(count) * secondsPer[unit as keyof typeof secondsPer];
  const { least, most } = deadlineBoundsSeconds;
  if (value >= least && value <= most) return { value };
  return { expected: 'a duration from 60s to 47h, as in 90s, 50m or 1h' };
}

/** ECS takes no `%` in the tags of a cluster: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Tag.html */
function drainLimit(text: string): Reading<DrainLimit | undefined> {
  if (text === 'none') return { value: undefined };
  const [, number, sign] = /^([1-9]\d{0,4})(|%| percent)$/.exec(text) ?? [];
  if (number !== undefined && sign === '') return { value: { kind: 'count', count: Number(number) } };
  if (number !== undefined && Number(number) <= 100)
    return { value: { kind: 'percent', percent: Number(number) } };
  return {
    expected:
      'none, a number of instances from 1 to 99999, or a percentage from 1% to 100%, as in 25% or 25 percent',
  };
}

/** What Elastic Load Balancing takes: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html */
function delaySeconds(text: string): Reading<number> {
  const [, count, unit] = durationForm.exec(text) ?? [];
  const value = Number(count) * secondsPer[unit as keyof typeof secondsPer];
  if (value >= 0 && value <= 3600) return { value };
  return { expected: 'a duration from 0s to 1h, as in 0s, 20s or 5m' };
}

/** One of these words, spelt just so. */
function oneOf<T extends string>(...words: readonly T[]) {
  return (text: string): Reading<T> => {
    const value = words.find((word) => word === text);
    if (value !== undefined) return { value };
    return { expected: `${words.slice(0, -1).join(', ')} or ${words.at(-1)}` };
  };
}

const onOrOff = oneOf<Switch>('on', 'off');

function force(text: string): Reading<boolean> {
  return text === 'force' ? { value: true } : { expected: 'force, or no such tag' };
}
