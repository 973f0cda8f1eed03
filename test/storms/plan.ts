import { enrolmentTag, type ServiceWish } from '../../demo/cluster.ts';
import { type Chance, chance } from '../../simulator/chance.ts';
import type { Faults } from '../../simulator/control/faults.ts';

/** How large a storm is. */
export type Size = 'small' | 'normal';

/** A group of container instances as it is when the storm begins. */
export interface PlannedGroup {
  readonly name: string;
  readonly instances: number;
  /** Its tags; without the enrolment tag it is none of ours. */
  readonly tags: Readonly<Record<string, string>>;
  /** The terminate hook of another team, which is completed so many seconds after it began; undefined: there is none. */
  readonly otherHookSeconds: number | undefined;
  readonly isSpot: boolean;
  /** Its capacity provider; undefined: it has none. */
  readonly provider: { readonly isDraining: boolean; readonly isScaling: boolean } | undefined;
  /** Its warm pool, which takes instances back; undefined: it has none. */
  readonly pool: 'Stopped' | 'Running' | undefined;
}

/** Something that happens to the account. `nth` picks among what is there, whatever that is by then. */
export type Act =
  | { readonly act: 'scale'; readonly group: string; readonly instances: number }
  | { readonly act: 'terminate'; readonly group: string; readonly nth: number; readonly isReplaced: boolean }
  | { readonly act: 'refresh'; readonly group: string }
  | { readonly act: 'interrupt'; readonly group: string; readonly nth: number }
  | { readonly act: 'kill-instance'; readonly group: string; readonly nth: number }
  | { readonly act: 'lose-agent'; readonly group: string; readonly nth: number; readonly seconds: number }
  | { readonly act: 'forget-agent'; readonly group: string; readonly nth: number }
  | { readonly act: 'drain' | 'activate' | 'deregister'; readonly group: string; readonly nth: number }
  | { readonly act: 'crash-task'; readonly nth: number }
  | { readonly act: 'deploy'; readonly service: string }
  | { readonly act: 'resize'; readonly service: string; readonly desiredCount: number }
  | { readonly act: 'run'; readonly exitAfterSeconds: number }
  | { readonly act: 'shortage'; readonly group: string; readonly seconds: number }
  | { readonly act: 'tag'; readonly group: string; readonly key: string; readonly value: string | undefined }
  | { readonly act: 'unhook'; readonly group: string }
  | { readonly act: 'rules-off' | 'calls-off' | 'code-off'; readonly seconds: number }
  | { readonly act: 'upgrade' | 'uninstall' };

/** An act and when it comes, in seconds from the begin of the storm. */
export type Timed = Act & { readonly atSeconds: number };

/** A storm before it begins: a world and what will happen in it. The same plan gives the same storm, byte for byte. */
export interface Plan {
  readonly seed: number;
  readonly seconds: number;
  /** How many instances of the cluster may drain at once, as its tag says; undefined: it has none. */
  readonly maxDraining: string | undefined;
  readonly groups: readonly PlannedGroup[];
  readonly services: readonly ServiceWish[];
  readonly faults: Faults;
  readonly history: readonly Timed[];
}

/** The cluster of every storm. */
export const clusterName = 'storm';

const sizes = {
  small: { instances: 10, minutes: 20, acts: [6, 16] },
  normal: { instances: 20, minutes: 60, acts: [20, 50] },
} as const;

/** The storm of a seed; `minutes` instead of those of the size. */
export function planOf(seed: number, size: Size, minutes: number = sizes[size].minutes): Plan {
  const luck = chance(seed, 'storm');
  const { instances, acts } = sizes[size];
  const groups = groupsOf(luck, instances);
  const services = servicesOf(luck, instances);
  const count = luck.between(acts[0], acts[1]);
  const history = Array.from({ length: count }, () => ({
    atSeconds: luck.between(0, minutes * 60 - 1),
    ...actOf(luck, groups, services),
  }));
  return {
    seed,
    seconds: minutes * 60,
    maxDraining: luck.happens(0.3) ? one(luck, ['1', '2', '4', '25 percent', 'none']) : undefined,
    groups,
    services,
    faults: faultsOf(luck),
    history: history.sort((a, b) => a.atSeconds - b.atSeconds),
  };
}

function one<T>(luck: Chance, all: readonly T[]): T {
  return all[luck.between(0, all.length - 1)] as T;
}

function groupsOf(luck: Chance, instances: number): PlannedGroup[] {
  const count = luck.between(1, 3);
  const sizes = Array.from({ length: count }, (_, i) => Math.floor((instances + i) / count));
  return sizes.map((size, i) => ({
    name: `nodes-${i}`,
    instances: size,
    tags: i > 0 && luck.happens(0.2) ? {} : { [enrolmentTag]: clusterName, ...policyOf(luck) },
    otherHookSeconds: luck.happens(0.2) ? luck.between(10, 400) : undefined,
    isSpot: luck.happens(0.3),
    provider: luck.happens(0.3) ? { isDraining: luck.happens(0.5), isScaling: luck.happens(0.3) } : undefined,
    pool: luck.happens(0.15) ? one(luck, ['Stopped', 'Running'] as const) : undefined,
  }));
}

const budgets = ['1', '2', '3', '25%', '50%', 'none'];
const policies: Readonly<Record<string, readonly string[]>> = {
  'ecs-steward:on-deadline': ['stop-tasks', 'continue'],
  'ecs-steward:standalone-tasks': ['wait', 'stop', 'stop-after:3m'],
  'ecs-steward:dry-run': ['off', 'off', 'off', 'off', 'on'],
  'ecs-steward:max-draining': budgets,
  'ecs-steward:interrupt': ['on', 'off'],
};

function policyOf(luck: Chance): Record<string, string> {
  const chosen = Object.entries(policies).filter(() => luck.happens(0.4));
  const tags = chosen.map(([tag, values]) => [tag, one(luck, values)]);
  return {
    'ecs-steward:drain-deadline': one(luck, ['90s', '4m', '10m', 'soon']),
    ...Object.fromEntries(tags),
  };
}

/** minimumHealthyPercent and maximumPercent. */
const percents = [
  [100, 200],
  [50, 100],
  [50, 200],
  [0, 100],
  [100, 125],
  [100, 100],
] as const;

function servicesOf(luck: Chance, instances: number): ServiceWish[] {
  const count = luck.between(1, 3);
  const replicas = Array.from({ length: count }, (_, i): ServiceWish => {
    const [minimumHealthyPercent, maximumPercent] = one(luck, percents);
    const stopTimeoutSeconds = luck.happens(0.3) ? luck.between(2, 120) : undefined;
    return {
      name: `web-${i}`,
      cpu: one(luck, [128, 256, 512]),
      memoryMib: one(luck, [256, 512, 1024]),
      desiredCount: luck.between(1, Math.ceil((2 * instances) / count)),
      startSeconds: luck.between(1, 20),
      stopSeconds: luck.between(0, 60),
      minimumHealthyPercent,
      maximumPercent,
      ...(stopTimeoutSeconds === undefined ? {} : { stopTimeoutSeconds }),
      ...(luck.happens(0.3) ? { deregistrationDelaySeconds: luck.between(5, 90) } : {}),
    };
  });
  const daemon = { name: 'agent', cpu: 32, memoryMib: 64, stopSeconds: luck.between(0, 20) };
  return luck.happens(0.3) ? [...replicas, daemon] : replicas;
}

/** Each fault is there or not; one storm in ten has none. */
function faultsOf(luck: Chance): Faults {
  if (luck.happens(0.1)) return {};
  const by = (probability: number, low: number, high: number, divisor = 1) =>
    luck.happens(probability) ? luck.between(low, high) / divisor : 0;
  return {
    loseBestEffort: by(0.5, 5, 100, 100),
    duplicate: by(0.5, 5, 50, 100),
    lateProbability: by(0.5, 5, 50, 100),
    lateSecondsMax: luck.between(5, 180),
    readLagSecondsMax: by(0.6, 1, 12),
    refusalProbability: by(0.4, 1, 10, 100),
    crashProbability: by(0.4, 5, 30, 1000),
    redeliverProbability: by(0.4, 5, 40, 100),
    reorderProbability: by(0.4, 5, 50, 100),
    agentReconnectsPerHour: by(0.5, 1, 8),
    agentAwaySecondsMax: luck.between(2, 30),
    agentLossProbability: by(0.2, 1, 5, 100),
    meddlesPerHour: by(0.2, 2, 10),
    throttle: luck.happens(0.5),
    othersShare: by(0.5, 50, 98, 100),
  };
}

type Draw = (luck: Chance, group: PlannedGroup, services: readonly ServiceWish[]) => Act;

/** Most are over in minutes, some take an hour (seconds). */
const away = (luck: Chance) => (luck.happens(0.9) ? luck.between(10, 300) : luck.between(300, 3600));
const byHand = (act: 'drain' | 'activate' | 'deregister'): Draw => {
  return (luck, { name }) => ({ act, group: name, nth: luck.between(0, 99) });
};
const outage = (act: 'rules-off' | 'calls-off' | 'code-off'): Draw => {
  return (luck) => ({ act, seconds: away(luck) });
};

/** How likely each act is, among the others. */
const draws: readonly (readonly [number, Draw])[] = [
  [
    8,
    (luck, { name, instances }) => ({ act: 'scale', group: name, instances: luck.between(0, instances + 3) }),
  ],
  [
    8,
    (luck, { name }) => ({
      act: 'terminate',
      group: name,
      nth: luck.between(0, 99),
      isReplaced: luck.happens(0.5),
    }),
  ],
  [2, (_, { name }) => ({ act: 'refresh', group: name })],
  [3, (luck, { name }) => ({ act: 'interrupt', group: name, nth: luck.between(0, 99) })],
  [2, (luck, { name }) => ({ act: 'kill-instance', group: name, nth: luck.between(0, 99) })],
  [
    3,
    (luck, { name }) => ({ act: 'lose-agent', group: name, nth: luck.between(0, 99), seconds: away(luck) }),
  ],
  [1, (luck, { name }) => ({ act: 'forget-agent', group: name, nth: luck.between(0, 99) })],
  [2, byHand('drain')],
  [1, byHand('activate')],
  [1, byHand('deregister')],
  [4, (luck) => ({ act: 'crash-task', nth: luck.between(0, 999) })],
  [2, (luck, _, services) => ({ act: 'deploy', service: one(luck, services).name })],
  [
    3,
    (luck, _, services) => ({
      act: 'resize',
      service: one(luck, services).name,
      desiredCount: luck.between(0, 12),
    }),
  ],
  [4, (luck) => ({ act: 'run', exitAfterSeconds: luck.between(20, 900) })],
  [1, (luck, { name }) => ({ act: 'shortage', group: name, seconds: 3 * away(luck) })],
  [1, (luck, { name }) => ({ act: 'tag', group: name, key: 'ecs-steward:state', value: one(luck, states) })],
  [1, (_, { name }) => ({ act: 'tag', group: name, key: enrolmentTag, value: undefined })],
  [1, (_, { name }) => ({ act: 'unhook', group: name })],
  [1, outage('rules-off')],
  [1, outage('calls-off')],
  [1, outage('code-off')],
  [1, () => ({ act: 'upgrade' })],
  [0.5, () => ({ act: 'uninstall' })],
];
const states = ['active', 'paused', 'leaving', 'asleep'];
const weights = draws.reduce((sum, [weight]) => sum + weight, 0);

function actOf(luck: Chance, groups: readonly PlannedGroup[], services: readonly ServiceWish[]): Act {
  let left = luck.between(1, 1000 * weights) / 1000;
  const found = draws.find(([weight]) => {
    left -= weight;
    return left <= 0;
  });
  const [, draw] = found as (typeof draws)[number];
  return draw(luck, one(luck, groups), services);
}
