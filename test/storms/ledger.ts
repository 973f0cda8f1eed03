import type { Account } from '../../simulator/account.ts';

/** A call as the log of the world has it. */
export interface Call {
  readonly service: string;
  readonly operation: string;
  readonly caller: string;
  readonly outcome: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** The tags of a group. */
export type Tags = Readonly<Record<string, string>>;

interface Tagged {
  readonly at: number;
  readonly tags: Tags;
}

/** The attribute that shows, as the documentation says, since when and why an instance drains. */
const markName = 'ecs-steward.departure';
/** Calls and clocks are not to be measured. */
const toleranceMs = 5_000;
/** Work that began under other tags, with reads as old as they can be, is done within so many milliseconds. */
export const staleMs = 90_000;

/** What an account shows whoever looks at it from outside, and what the tags of its groups were. */
export class Ledger {
  readonly account: Account;
  readonly tags = new Map<string, Tagged[]>();

  constructor(account: Account) {
    this.account = account;
  }

  /** Remembers what the tags of groups are after a call that changes some. */
  note({ input }: Call): void {
    for (const { ResourceId } of input.Tags as { ResourceId: string }[]) {
      const known = this.tags.get(ResourceId) ?? [];
      known.push({ at: this.account.world.now, tags: this.account.autoscaling.tagsOf(ResourceId) ?? {} });
      this.tags.set(ResourceId, known);
    }
  }

  /** The tags that a group had at any time from `from` on. */
  tagsSince(groupName: string, from: number): Tags[] {
    const known = this.tags.get(groupName) ?? [];
    const first = Math.max(
      0,
      known.findLastIndex(({ at }) => at <= from),
    );
    return known.slice(first).map(({ tags }) => tags);
  }

  /** Those that it had at any time while work that ends now was under way. */
  tagsLately(groupName: string) {
    return this.tagsSince(groupName, this.account.world.now - staleMs);
  }

  /** A container instance. */
  recordOf(arn: string) {
    return this.account.ecs.containerInstanceRecords().find((one) => one.containerInstanceArn === arn);
  }

  /** How many instances these groups have. */
  sizeOf(names: Iterable<string>): number {
    return [...names].reduce((sum, name) => sum + this.account.autoscaling.instancesOf(name).length, 0);
  }

  /** Whether Spot takes the instance back. */
  isInterrupted(instanceId: string): boolean {
    return this.account.ec2.find(instanceId)?.interruption !== undefined;
  }

  /** The tasks on an instance that are not STOPPED. */
  tasksLeft(instanceId: string) {
    const { ecs } = this.account;
    const ended = new Set(
      ecs
        .containerInstanceRecords()
        .filter(({ status }) => status === 'INACTIVE')
        .map(({ containerInstanceArn }) => containerInstanceArn),
    );
    return ecs
      .taskRecords()
      .filter(
        ({ ec2InstanceId, lastStatus, containerInstanceArn = '' }) =>
          ec2InstanceId === instanceId && lastStatus !== 'STOPPED' && !ended.has(containerInstanceArn),
      );
  }

  /** Whether so many seconds have passed since the drain of the instance began, or, where no mark says when, its end. */
  hasPassed(instanceId: string, seconds: number): boolean {
    return this.account.world.now >= this.beganAt(instanceId) + seconds * 1000 - toleranceMs;
  }

  private beganAt(instanceId: string): number {
    const { ecs, autoscaling } = this.account;
    const own = ecs
      .containerInstanceRecords()
      .filter(({ ec2InstanceId, status }) => ec2InstanceId === instanceId && status !== 'INACTIVE');
    const marks = own.flatMap(({ customAttributes }) =>
      customAttributes
        .filter(({ name }) => name === markName)
        .map(({ value = '' }) => Date.parse(value.split('/')[0] ?? '')),
    );
    const actions = autoscaling.lifecycleActions().filter((one) => one.instanceId === instanceId);
    return Math.min(...(marks.length > 0 ? marks : actions.map(({ startedAt }) => startedAt)));
  }
}
