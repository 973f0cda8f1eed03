import type { Agenda } from '../agenda.ts';
import type { Outcome } from '../machine.ts';
import type { Activities } from './activities.ts';
import type { LaunchChoice, Market } from './purchase.ts';
import type { Group, Instance } from './state.ts';

/** From a failed launch to the next attempt, twice as long each time (our choice; AWS says only that it tries again). */
const retryMs = { first: 60_000, max: 600_000 };

/** A part of EC2's capacity; what is not said is any. */
export interface CapacityPart {
  readonly market?: Market | undefined;
  readonly availabilityZone?: string | undefined;
  readonly instanceType?: string | undefined;
}

/** What a group waits for. */
interface Shortage {
  /** The last one that covers a launch decides. */
  readonly words: readonly { readonly part: CapacityPart; readonly available: boolean }[];
  /** Zones that have failed lately are passed over while another one has capacity, by market and zone. */
  readonly restsUntil: Map<string, number>;
  retries: number;
}

/** A launch that is wanted; the zones in the order in which they are tried. */
export interface LaunchOrder {
  readonly zones: readonly string[];
  readonly market: Market;
  readonly cause: string;
  readonly passage: 'launch' | 'warm';
  /** The instance that is to leave when the new one works. */
  readonly replaces?: Instance['replaces'];
}

/** Groups for whose instances EC2 lacks capacity: launches go to other zones and types, or fail and are tried again. */
export class Shortages {
  private readonly activities: Activities;
  private readonly agenda: Agenda<(now: number) => void>;
  private readonly say: (outcome: Outcome) => void;
  private readonly onRetry: (now: number, groupName: string) => void;
  private readonly byGroup = new Map<string, Shortage>();
  /** Groups that will try again by themselves, whatever is said of their capacity until then. */
  private readonly retrying = new Set<string>();

  constructor(options: {
    activities: Activities;
    agenda: Agenda<(now: number) => void>;
    say: (outcome: Outcome) => void;
    onRetry: (now: number, groupName: string) => void;
  }) {
    this.activities = options.activities;
    this.agenda = options.agenda;
    this.say = options.say;
    this.onRetry = options.onRetry;
  }

  /** From now on there is that part of the capacity, which the next attempt finds, or there is not. */
  set(groupName: string, available: boolean, part: CapacityPart): void {
    const old = this.byGroup.get(groupName);
    const kept = (old?.words ?? []).filter((word) => !covers(part, word.part));
    const words = [...kept, { part, available }];
    if (words.every((word) => word.available)) this.byGroup.delete(groupName);
    else this.byGroup.set(groupName, { words, restsUntil: new Map(), retries: 0 });
  }

  /** When a zone in which launches have failed is tried again for its own sake; undefined: whenever somebody wants to. */
  restsUntil(groupName: string, market: Market, availabilityZone: string): number | undefined {
    return this.byGroup.get(groupName)?.restsUntil.get(`${market}/${availabilityZone}`);
  }

  /**
   * Where and from what an instance is launched. What fails on the way has its activity and event (D-7.10, D-14.4);
   * undefined: there is no capacity at all, and a next attempt comes.
   */
  place(
    now: number,
    group: Group,
    order: LaunchOrder,
    choices: readonly LaunchChoice[],
  ): { choice: LaunchChoice; availabilityZone: string } | undefined {
    const shortage = this.byGroup.get(group.name);
    const choiceIn = (availabilityZone: string) =>
      choices.find(({ instanceType }) => has(shortage, { ...order, availabilityZone, instanceType }));
    const found = order.zones.find((zone) => choiceIn(zone) !== undefined);
    const first = order.zones[0] ?? '';
    if (found === undefined) {
      this.fail(now, group, first, messageOf(order, choices, first, []), order);
      // What is to make zones even has no other zone, and the group has instances enough meanwhile.
      if (order.replaces?.motive === 'zones')
        shortage?.restsUntil.set(`${order.market}/${first}`, now + retryMs.max);
      else if (shortage) this.retryLater(now, group.name, shortage);
      return undefined;
    }
    const others = order.zones.filter((zone) => choiceIn(zone) !== undefined);
    for (const zone of order.zones.slice(0, order.zones.indexOf(found))) {
      const key = `${order.market}/${zone}`;
      if (!shortage || now < (shortage.restsUntil.get(key) ?? now)) continue;
      shortage.restsUntil.set(key, now + retryMs.max);
      this.fail(now, group, zone, messageOf(order, choices, zone, others), order);
    }
    return { choice: choiceIn(found) as LaunchChoice, availabilityZone: found };
  }

  private fail(now: number, group: Group, zone: string, message: string, order: LaunchOrder): void {
    const { cause, passage: kind } = order;
    const activity = { kind, instanceId: '', availabilityZone: zone, cause, status: 'InProgress' } as const;
    const id = this.activities.begin(now, group, activity);
    for (const event of this.activities.fail(now, id, 'Failed', message)) this.say(event);
  }

  private retryLater(now: number, groupName: string, shortage: Shortage): void {
    if (this.retrying.has(groupName)) return;
    this.retrying.add(groupName);
    const waitMs = Math.min(retryMs.first * 2 ** shortage.retries++, retryMs.max);
    this.agenda.add(now + waitMs, (then) => {
      this.retrying.delete(groupName);
      this.onRetry(then, groupName);
    });
  }
}

/** Every launch that `part` is about, `whole` is about. */
export const covers = (whole: CapacityPart, part: CapacityPart): boolean =>
  (['market', 'availabilityZone', 'instanceType'] as const).every(
    (field) => whole[field] === undefined || whole[field] === part[field],
  );

const has = (shortage: Shortage | undefined, pool: CapacityPart): boolean =>
  shortage?.words.findLast(({ part }) => covers(part, pool))?.available ?? true;

/** The words of AWS and EC2; where another zone has capacity, EC2 names it. */
function messageOf(
  { market }: LaunchOrder,
  [choice]: readonly LaunchChoice[],
  zone: string,
  others: readonly string[],
): string {
  if (market === 'spot')
    return 'There is no Spot capacity available that matches your request. Launching EC2 instance failed.';
  const type = choice?.instanceType ?? 'instance';
  const advice =
    others.length > 0
      ? ` You can currently get ${type} capacity by not specifying an Availability Zone in your request or choosing ${others.join(', ')}.`
      : '';
  return `Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${zone}). Our system will be working on provisioning additional capacity.${advice} Launching EC2 instance failed.`;
}
