import type { Agenda } from '../agenda.ts';
import type { Outcome } from '../machine.ts';
import type { Activities } from './activities.ts';
import type { Group } from './state.ts';

/** From a failed launch to the next attempt, twice as long each time (our choice; AWS says only that it tries again). */
const retryMs = { first: 60_000, max: 600_000 };

/** What a group waits for. */
interface Shortage {
  readonly instanceType: string;
  retries: number;
  isRetrying: boolean;
}

/** Groups for whose instances EC2 has no capacity: each launch fails, and is tried again. */
export class Shortages {
  private readonly activities: Activities;
  private readonly agenda: Agenda<(now: number) => void>;
  private readonly say: (outcome: Outcome) => void;
  private readonly onRetry: (now: number, groupName: string) => void;
  private readonly byGroup = new Map<string, Shortage>();

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

  /** From now on there is no capacity for the group's instances of this type. */
  begin(groupName: string, instanceType: string): void {
    this.byGroup.set(groupName, { instanceType, retries: 0, isRetrying: false });
  }

  /** There is capacity again: the next attempt finds it. */
  end(groupName: string): void {
    this.byGroup.delete(groupName);
  }

  /** Lets a launch fail where there is no capacity, and tells whether it did (D-7.10, D-14.4). */
  refuses(
    now: number,
    group: Group,
    order: { availabilityZone: string; cause: string; passage: 'launch' | 'warm' },
  ): boolean {
    const shortage = this.byGroup.get(group.name);
    if (!shortage) return false;
    const { availabilityZone, cause, passage: kind } = order;
    const activity = { kind, instanceId: '', availabilityZone, cause, status: 'InProgress' } as const;
    const id = this.activities.begin(now, group, activity);
    const message = messageOf(shortage, availabilityZone);
    for (const event of this.activities.fail(now, id, 'Failed', message)) this.say(event);
    this.retryLater(now, group.name, shortage);
    return true;
  }

  private retryLater(now: number, groupName: string, shortage: Shortage): void {
    if (shortage.isRetrying) return;
    shortage.isRetrying = true;
    const waitMs = Math.min(retryMs.first * 2 ** shortage.retries++, retryMs.max);
    this.agenda.add(now + waitMs, (then) => {
      shortage.isRetrying = false;
      this.onRetry(then, groupName);
    });
  }
}

/** AWS's words. */
const messageOf = ({ instanceType }: Shortage, zone: string) =>
  `Could not launch On-Demand Instances. InsufficientInstanceCapacity - We currently do not have sufficient ${instanceType} capacity in the Availability Zone you requested (${zone}). Our system will be working on provisioning additional capacity. Launching EC2 instance failed.`;
