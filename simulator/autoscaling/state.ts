import type {
  AutoScalingGroup,
  Activity as DescribedActivity,
  LaunchTemplateSpecification,
  LifecycleState,
  WarmPoolConfiguration,
} from '@aws-sdk/client-auto-scaling';
import type { Ids } from '../chance.ts';
import { Fault } from '../machine.ts';
import { type ReadonlyTable, Table } from '../table.ts';
import type { ActivityKind } from './activities.ts';
import { Members } from './members.ts';
import type { PassageName } from './passage.ts';
import type { Market } from './purchase.ts';
import { isActive, type Refresh } from './refresh.ts';
import type { OfferedType } from './requirements.ts';
import { type AutoScalingSwitches, usualSwitches } from './switches.ts';
import type { Tally } from './tally.ts';

/** The two transitions that a lifecycle hook may hold. */
export type LifecycleTransition =
  | 'autoscaling:EC2_INSTANCE_LAUNCHING'
  | 'autoscaling:EC2_INSTANCE_TERMINATING';

/** What a lifecycle action ends with. */
export type LifecycleActionResult = 'CONTINUE' | 'ABANDON';

/** One tag of a group. */
export interface Tag {
  readonly Key: string;
  readonly Value: string;
  readonly PropagateAtLaunch: boolean;
}

/** A group's settings under AWS's names, as DescribeAutoScalingGroups tells them. */
export type GroupSettings = Readonly<Omit<AutoScalingGroup, 'Instances' | 'Tags' | 'Status'>> & {
  readonly AutoScalingGroupARN: string;
  readonly AutoScalingGroupName: string;
  readonly AvailabilityZones: readonly string[];
  readonly DefaultCooldown: number;
  readonly DesiredCapacity: number;
  readonly HealthCheckGracePeriod: number;
  readonly MaxSize: number;
  readonly MinSize: number;
  readonly NewInstancesProtectedFromScaleIn: boolean;
};

/** The launch template that instances are made from. */
export type LaunchTemplate = LaunchTemplateSpecification & { readonly LaunchTemplateName: string };

/** One Auto Scaling group. */
export interface Group {
  readonly name: string;
  readonly arn: string;
  readonly settings: GroupSettings;
  readonly tags: readonly Tag[];
  readonly launchTemplate: LaunchTemplate;
  /** The subnet that instances get in each Availability Zone. */
  readonly subnets: Readonly<Record<string, string>>;
  /** Deleted by force, with instances that are not gone yet. */
  readonly isDeleting: boolean;
  /** The pool of instances kept ready beside the group (D-3.28). */
  readonly warmPool?: WarmPoolConfiguration | undefined;
  /** Its purchase options have changed, and not all of its instances follow them yet (D-13.9). */
  readonly isRepurchasing?: boolean | undefined;
}

/** Why an instance in service that works is replaced by another one. */
export type Motive = 'health' | 'risk' | 'lifetime' | 'zones' | 'purchase';

/** One EC2 instance of a group or of its warm pool; gone from here once it is Terminated or Detached. */
export interface Instance {
  readonly instanceId: string;
  readonly groupName: string;
  readonly availabilityZone: string;
  readonly launchTemplate: LaunchTemplateSpecification;
  readonly market: Market;
  /** Undefined where EC2 was not asked. */
  readonly instanceType?: string | undefined;
  readonly state: LifecycleState;
  /** The way that it is on, or that it came last. */
  readonly passage: PassageName;
  /** The image that a replacement of its root volume left there. */
  readonly imageId?: string | undefined;
  readonly isHealthy: boolean;
  readonly isProtected: boolean;
  /** The group's load balancer sends it requests. */
  readonly isBalanced: boolean;
  readonly launchedAt: number;
  /** When it last came InService; undefined before and in the warm pool. */
  readonly inServiceAt: number | undefined;
  /** The activity that launches it, later the one that terminates it. */
  readonly activityId: string;
  /** EC2 has stopped or terminated it, or is about to. */
  readonly isDown: boolean;
  /** The EC2 instance does not exist any more. */
  readonly isGoneFromEc2: boolean;
  /** Leaving, yet no replacement is launched before it is gone (D-3.22, last clause). */
  readonly holdsCapacity: boolean;
  /** The instance that leaves when this one works; undefined where it takes a free place. */
  readonly replaces?: { readonly instanceId: string; readonly motive: Motive } | undefined;
  /** Since when a status check of EC2 fails. */
  readonly impairedAt?: number | undefined;
  /** EC2 recommends to replace it (D-1.30). */
  readonly isAtRisk?: boolean | undefined;
}

/** One lifecycle hook, under AWS's names. */
export interface Hook {
  readonly LifecycleHookName: string;
  readonly AutoScalingGroupName: string;
  readonly LifecycleTransition: LifecycleTransition;
  /** Seconds, 30 to 7200 (D-3.6). */
  readonly HeartbeatTimeout: number;
  /** Seconds (D-3.7). */
  readonly GlobalTimeout: number;
  readonly DefaultResult: LifecycleActionResult;
  readonly NotificationMetadata?: string | undefined;
  readonly NotificationTargetARN?: string | undefined;
  readonly RoleARN?: string | undefined;
}

/** One scaling activity; `order` is its rank among all activities. */
export interface Activity {
  readonly described: Readonly<DescribedActivity> & {
    readonly ActivityId: string;
    readonly AutoScalingGroupName: string;
    readonly StartTime: Date;
  };
  readonly kind: ActivityKind;
  readonly instanceId: string;
  readonly availabilityZone: string;
  readonly subnetId: string;
  readonly order: number;
}

/** Activities and instance refreshes of the last six weeks are told of (D-14.1; milliseconds). */
export const historyMs = 42 * 86_400_000;

/** A read lags by at most as much (milliseconds); `Table` remembers as far back. */
const memoryMs = 60_000;

/** How the service is set up. */
export interface StateOptions {
  readonly region: string;
  readonly accountId: string;
  readonly ids: Ids;
  readonly forgets?: boolean;
  /** Whether EC2 knows a launch template of that name; without it, it knows every one. */
  readonly hasLaunchTemplate?: (name: string) => boolean;
  /** The type that a launch template has; without it, nobody knows. */
  readonly instanceTypeOf?: (launchTemplateName: string) => string | undefined;
  /** The types of which EC2 has instances; without it, it has every one, and nobody knows what they offer. */
  readonly offeredTypes?: readonly OfferedType[];
  readonly switches?: Partial<AutoScalingSwitches>;
}

/** What the service knows: rows that are replaced, never changed, so that reads can be answered from the recent past. */
export class State {
  readonly region: string;
  readonly accountId: string;
  readonly ids: Ids;
  /** What ended lifecycle actions were is forgotten. */
  readonly forgets: boolean;
  readonly hasLaunchTemplate: (name: string) => boolean;
  readonly instanceTypeOf: (launchTemplateName: string) => string | undefined;
  readonly offeredTypes: readonly OfferedType[] | undefined;
  readonly groups = new Table<Group>(memoryMs);
  /** The hooks of each group, by the group's name. */
  readonly hooks = new Table<readonly Hook[]>(memoryMs);
  private readonly members = new Members(memoryMs);
  readonly instances: ReadonlyTable<Instance> = this.members.rows;
  readonly activities = new Table<Activity>(memoryMs);
  /** The instance refreshes of each group, oldest first, by the group's name. */
  readonly refreshes = new Table<readonly Refresh[]>(memoryMs);
  readonly switches: AutoScalingSwitches;
  private readonly templateIds = new Map<string, string>();
  private readonly activityIds = new Map<string, string[]>();

  constructor(options: StateOptions) {
    this.hasLaunchTemplate = options.hasLaunchTemplate ?? (() => true);
    this.instanceTypeOf = options.instanceTypeOf ?? (() => undefined);
    this.offeredTypes = options.offeredTypes;
    this.forgets = options.forgets ?? false;
    this.switches = { ...usualSwitches, ...options.switches };
    this.region = options.region;
    this.accountId = options.accountId;
    this.ids = options.ids;
  }

  /** The id of a launch template, always the same for its name. */
  launchTemplateId(name: string): string {
    const id = this.templateIds.get(name) ?? `lt-${this.ids.hex(17)}`;
    this.templateIds.set(name, id);
    return id;
  }

  /** The name of a launch template whose id has been told before; undefined for others. */
  launchTemplateName(id: string): string | undefined {
    return [...this.templateIds].find(([, known]) => known === id)?.[0];
  }

  /** The group of that name or ARN, as of `at`; undefined when there is none. */
  findGroup(nameOrArn: string, at?: number): Group | undefined {
    const group = this.groups.get(nameOfGroup(nameOrArn), at);
    return group && (nameOrArn === group.name || nameOrArn === group.arn) ? group : undefined;
  }

  /** The group of that name or ARN; throws the ValidationError of AWS when there is none. */
  group(nameOrArn: string, at?: number): Group {
    const group = this.findGroup(nameOrArn, at);
    if (group) return group;
    throw new Fault(
      'ValidationError',
      `AutoScalingGroup name not found - AutoScalingGroup ${nameOrArn} not found`,
    );
  }

  /** The group's hooks, all or those of one transition. */
  hooksOf(groupName: string, transition?: LifecycleTransition, at?: number): readonly Hook[] {
    const hooks = this.hooks.get(groupName, at) ?? [];
    return transition ? hooks.filter((hook) => hook.LifecycleTransition === transition) : hooks;
  }

  /** The group's instances in the order in which they were launched. */
  instancesOf(groupName: string, at?: number): Instance[] {
    return this.members.of(groupName, at);
  }

  /** What is counted of the group's instances. */
  tallyOf(groupName: string): Readonly<Tally> {
    return this.members.tallyOf(groupName);
  }

  /** The instance refresh of the group that has not ended. */
  activeRefresh(groupName: string): Refresh | undefined {
    return this.refreshes.get(groupName)?.findLast(isActive);
  }

  /** What new instances of the group are made from: while it is refreshed, of the desired configuration (D-3.25). */
  launchTemplateOf(group: Group): LaunchTemplate {
    return this.activeRefresh(group.name)?.target ?? group.launchTemplate;
  }

  /** Enters a new instance or replaces its row. */
  setInstance(now: number, instance: Instance): Instance {
    return this.members.set(now, instance);
  }

  /** Removes an instance; reads that lag still find it. */
  removeInstance(now: number, instance: Instance): void {
    this.members.remove(now, instance);
  }

  /** The activities of a group in the last six weeks, oldest first. */
  activitiesOf(groupName: string, at?: number): Activity[] {
    return (this.activityIds.get(groupName) ?? []).flatMap((id) => this.activities.get(id, at) ?? []);
  }

  /** Enters a new activity or replaces its row. */
  setActivity(now: number, activity: Activity): Activity {
    const { ActivityId, AutoScalingGroupName } = activity.described;
    const ids = this.activityIds.get(AutoScalingGroupName) ?? [];
    if (!this.activities.get(ActivityId)) {
      this.forgetActivities(now);
      ids.push(ActivityId);
      this.activityIds.set(AutoScalingGroupName, ids);
    }
    this.activities.set(now, ActivityId, activity);
    return activity;
  }

  private forgetActivities(now: number): void {
    const isTold = (id: string) => {
      const { EndTime, StartTime } = this.activities.get(id)?.described ?? {};
      return StartTime !== undefined && (EndTime === undefined || StartTime.getTime() > now - historyMs);
    };
    for (const [groupName, ids] of this.activityIds) {
      const forgotten = ids.findIndex(isTold) < 0 ? ids.splice(0) : ids.splice(0, ids.findIndex(isTold));
      for (const id of forgotten) this.activities.delete(now, id);
      if (ids.length === 0) this.activityIds.delete(groupName);
    }
  }

  /** Removes a group and its hooks. */
  removeGroup(now: number, groupName: string): void {
    this.groups.delete(now, groupName);
    this.hooks.delete(now, groupName);
    this.refreshes.delete(now, groupName);
  }
}

/** The group's name, given its name or its ARN (D-6.20). */
export const nameOfGroup = (nameOrArn: string) => nameOrArn.replace(/^arn:.*:autoScalingGroupName\//, '');
