import { Agenda } from '../agenda.ts';
import { type Call, Fault, type Need, type Outcome, type Service, type ServiceEvent } from '../machine.ts';
import type { LifecycleActionRecord } from './actions.ts';
import { Activities } from './activities.ts';
import { activityOperations } from './activity-operations.ts';
import { asideOperations, type Ec2Instance } from './aside-operations.ts';
import { Capacity } from './capacity.ts';
import { groupOperations } from './group-operations.ts';
import { hookOperations } from './hook-operations.ts';
import { instanceOperations } from './instance-operations.ts';
import { Lifecycle } from './lifecycle.ts';
import { checkLimits } from './limits.ts';
import { needsOf } from './needs.ts';
import type { Operation } from './operation.ts';
import { poolOperations } from './pool-operations.ts';
import { processOperations } from './process-operations.ts';
import { refreshOperations } from './refresh-operations.ts';
import { Refreshes } from './refreshes.ts';
import { type CapacityPart, covers } from './shortage.ts';
import { type Instance, State, type StateOptions } from './state.ts';
import { tagOperations } from './tag-operations.ts';
import { typeOperations } from './type-operations.ts';

const tables: Readonly<Record<string, string>> = {
  DescribeAutoScalingGroups: 'groups',
  DescribeAutoScalingInstances: 'groups',
  DescribeTags: 'groups',
  DescribeLifecycleHooks: 'hooks',
  DescribeScalingActivities: 'activities',
  DescribeWarmPool: 'groups',
  DescribeInstanceRefreshes: 'groups',
  DescribeAccountLimits: 'groups',
};

const spotSignals: Readonly<Record<string, 'recommended' | 'interrupted'>> = {
  'EC2 Instance Rebalance Recommendation': 'recommended',
  'EC2 Spot Instance Interruption Warning': 'interrupted',
};

const families = [
  groupOperations,
  instanceOperations,
  hookOperations,
  activityOperations,
  tagOperations,
  asideOperations,
  processOperations,
  poolOperations,
  refreshOperations,
  typeOperations,
];

/** EC2 Auto Scaling as a state machine: groups, their instances' path, lifecycle hooks, activities, tags. */
export class AutoScaling implements Service {
  private readonly state: State;
  private readonly agenda = new Agenda<(now: number) => void>();
  private readonly lifecycle: Lifecycle;
  private readonly capacity: Capacity;
  private readonly refreshes: Refreshes;
  private readonly operations: ReadonlyMap<string, Operation>;
  private said: Outcome[] = [];

  /** `ec2Instance` tells what EC2 knows of an instance that is to be attached. */
  constructor(options: StateOptions & { ec2Instance?: (instanceId: string) => Ec2Instance | undefined }) {
    const state = new State(options);
    const { agenda } = this;
    const activities = new Activities(state);
    const say = (outcome: Outcome) => this.said.push(outcome);
    const lifecycle = new Lifecycle({
      state,
      activities,
      agenda,
      say,
      onCapacityChange: (now, groupName) => this.settle(now, groupName, capacity),
      onUnhealthy: (now, instance) => capacity.replaceIfActive(now, instance),
    });
    const capacity = new Capacity({ state, lifecycle, agenda });
    const refreshes = new Refreshes({ state, lifecycle, capacity, agenda, say });
    const { actions } = lifecycle;
    const { ec2Instance = () => undefined } = options;
    const room = { state, activities, lifecycle, capacity, refreshes, actions, ec2Instance };
    this.state = state;
    this.lifecycle = lifecycle;
    this.capacity = capacity;
    this.refreshes = refreshes;
    this.operations = new Map(families.flatMap((operations) => Object.entries(operations(room))));
  }

  get operationNames(): readonly string[] {
    return [...this.operations.keys()];
  }

  get nextAt(): number | undefined {
    // What is left unsaid by a call that failed is due at once.
    return this.said.length > 0 ? Number.MIN_SAFE_INTEGER : this.agenda.nextAt;
  }

  get busyAt(): number | undefined {
    return this.said.length > 0 ? Number.MIN_SAFE_INTEGER : this.agenda.busyAt;
  }

  advance(now: number): Outcome[] {
    for (let due = this.agenda.take(now); due; due = this.agenda.take(now)) due.value(due.time);
    return this.take();
  }

  apply(now: number, call: Call): { reply: Record<string, unknown>; outcomes: Outcome[] } {
    const run = this.operations.get(call.operation);
    if (!run) throw new Fault('InvalidAction', `The simulator does not know autoscaling:${call.operation}.`);
    const before = this.advance(now);
    const context = { now, viewAt: call.viewAt, principalArn: call.caller.principalArn };
    try {
      checkLimits(call.operation, call.input);
      const reply = run(context, call.input);
      this.refreshes.lookAtAll(now);
      return { reply, outcomes: [...before, ...this.take()] };
    } catch (error) {
      // What became due before the call happened all the same.
      this.said = [...before, ...this.said];
      throw error;
    }
  }

  /** EC2 says that an instance of a group runs. */
  instanceRunning(now: number, instanceId: string): Outcome[] {
    const before = this.advance(now);
    this.lifecycle.running(now, instanceId);
    return [...before, ...this.take()];
  }

  /** EC2 says that a status check of an instance fails. */
  instanceImpaired(now: number, instanceId: string): Outcome[] {
    const before = this.advance(now);
    this.lifecycle.health.impaired(now, instanceId);
    return [...before, ...this.take()];
  }

  /** EC2 says that the status checks of an instance pass again. */
  instanceRecovered(now: number, instanceId: string): Outcome[] {
    const before = this.advance(now);
    this.lifecycle.health.recovered(now, instanceId);
    return [...before, ...this.take()];
  }

  /** EC2 says that an instance of a group is stopping, whoever asked for it. */
  instanceStopping(now: number, instanceId: string): Outcome[] {
    const before = this.advance(now);
    this.lifecycle.stopping(now, instanceId);
    return [...before, ...this.take()];
  }

  /** EC2 says that an instance of a warm pool is stopped, as it was told to be. */
  instanceStopped(now: number, instanceId: string): Outcome[] {
    const before = this.advance(now);
    this.lifecycle.stopped(now, instanceId);
    return [...before, ...this.take()];
  }

  /** EC2 says that an instance of a group is terminated, whoever asked for it. */
  instanceTerminated(now: number, instanceId: string): Outcome[] {
    const before = this.advance(now);
    this.lifecycle.terminated(now, instanceId);
    return [...before, ...this.take()];
  }

  /** What EC2 says of a Spot instance that it may take back, or does (D-3.20); any other event is passed over. */
  hears(now: number, { source, detailType, detail }: ServiceEvent): Outcome[] {
    const signal = source === 'aws.ec2' ? spotSignals[detailType] : undefined;
    if (!signal) return [];
    const before = this.advance(now);
    const instance = this.state.instances.get(String(detail['instance-id']));
    if (instance?.market === 'spot') this.capacity[signal](now, instance);
    return [...before, ...this.take()];
  }

  /** The name of the launch template of a group; undefined when there is no such group. */
  launchTemplateOf(nameOrArn: string): string | undefined {
    return this.state.findGroup(nameOrArn)?.launchTemplate.LaunchTemplateName;
  }

  /**
   * EC2 has capacity for a group's instances, all or the part that is said, or has none. Gives those of its Spot instances
   * that have capacity now. Throws Fault.
   */
  setCapacity(nameOrArn: string, available: boolean, part: CapacityPart = {}): readonly Instance[] {
    const { name } = this.state.group(nameOrArn);
    this.lifecycle.shortages.set(name, available, part);
    const isMeant = (one: Instance) => available && one.market === 'spot' && covers(part, one);
    return this.state.instancesOf(name).filter(isMeant);
  }

  tableRead(operation: string): string | undefined {
    return tables[operation];
  }

  needs(call: Call): Need[] {
    return needsOf(this.state, call);
  }

  /** What ECS asks about a group that backs a capacity provider; undefined: there is none of that name or ARN. */
  group(nameOrArn: string) {
    const group = this.state.findGroup(nameOrArn.split('autoScalingGroupName/').at(-1) ?? nameOrArn);
    if (!group) return undefined;
    const { settings } = group;
    return {
      arn: group.arn,
      launchTemplateName: group.launchTemplate.LaunchTemplateName,
      isProtectedFromScaleIn: settings.NewInstancesProtectedFromScaleIn,
      minSize: settings.MinSize,
      maxSize: settings.MaxSize,
      desiredCapacity: settings.DesiredCapacity,
      tagKeys: group.tags.map(({ Key }) => Key),
      inService: this.state
        .instancesOf(group.name)
        .filter(({ state }) => state === 'InService')
        .map(({ instanceId, isProtected, launchedAt }) => ({ instanceId, isProtected, launchedAt })),
    };
  }

  /** The group that an instance belongs to. */
  groupNameOf(instanceId: string): string | undefined {
    return this.state.instances.get(instanceId)?.groupName;
  }

  /** The instances of a group as they are now, those of its warm pool too. */
  instancesOf(groupName: string): readonly Instance[] {
    return this.state.instancesOf(groupName);
  }

  /** The tags of a group as they are now; undefined: there is no such group. */
  tagsOf(groupName: string): Readonly<Record<string, string>> | undefined {
    const group = this.state.findGroup(groupName);
    return group && Object.fromEntries(group.tags.map(({ Key, Value }) => [Key, Value]));
  }

  /** Every lifecycle action there ever was, in the order of their beginning: what really happened, not what is shown. */
  lifecycleActions(): readonly LifecycleActionRecord[] {
    return [...this.lifecycle.actions.records.values()];
  }

  /** A group or pool that is being deleted is gone with its last instance; any other is brought to its size. */
  private settle(now: number, groupName: string, capacity: Capacity): void {
    const group = this.state.findGroup(groupName);
    if (!group) return;
    const { present, warm } = this.state.tallyOf(groupName);
    if (group.isDeleting && present === 0) {
      this.state.removeGroup(now, groupName);
      return;
    }
    const { warmPool, ...withoutPool } = group;
    if (warmPool?.Status === 'PendingDelete' && warm === 0)
      this.state.groups.set(now, groupName, withoutPool);
    capacity.balance(now, groupName);
    this.refreshes.look(now, groupName);
  }

  private take(): Outcome[] {
    const outcomes = this.said;
    this.said = [];
    return outcomes;
  }
}
