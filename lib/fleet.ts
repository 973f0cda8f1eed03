import type { Announcement } from './announce.ts';
import type { Registration } from './departure.ts';
import type { Interruption } from './events.ts';
import type { Hook } from './hook.ts';
import type { DepartureCause, Mark } from './mark.ts';
import type { Blueprint, Site } from './placement.ts';
import type { Service } from './service.ts';
import type { Task } from './task.ts';
import type { Definition } from './workload.ts';

/** An Auto Scaling group with its instances. */
export interface Group {
  readonly autoScalingGroupName: string;
  readonly autoScalingGroupARN: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Without those of its warm pool (D-3.28), unless lib/pool.ts has added them. */
  readonly instances: readonly GroupInstance[];
  readonly hasWarmPool: boolean;
  /** Whether it retains an instance whose termination hook is abandoned, instead of ending it (D-3.14). */
  readonly retainsAbandoned: boolean;
  /** Auto Scaling itself replaces what EC2 recommends to replace (D-3.20). */
  readonly rebalancesCapacity: boolean;
}

/** An instance of a group, or of its warm pool. */
export interface GroupInstance {
  readonly instanceId: string;
  readonly lifecycleState: string;
  /** Whether Auto Scaling found it unhealthy; absent: it did not. */
  readonly isUnhealthy?: boolean;
}

/** Where Auto Scaling has an instance. */
export interface InstanceState {
  readonly instanceId: string;
  readonly autoScalingGroupName: string;
  readonly lifecycleState: string;
}

/** A container instance that a call did not do its work for (D-2.15b). */
export interface Failure {
  readonly arn: string;
  readonly reason: string;
}

/** What setting the state of container instances did. */
export interface StateChange {
  readonly registrations: readonly Registration[];
  readonly failures: readonly Failure[];
}

/** Why an instance is to be looked at again. */
export type LookReason = 'empty' | 'drained' | 'not-registered' | 'not-usable';

/** An instance to be looked at again. */
export interface LookRequest {
  readonly autoScalingGroupName: string;
  readonly clusterName: string;
  readonly instanceId: string;
  readonly because: LookReason;
}

/**
 * What the steward needs to know and do in AWS. Every write may be made twice. Errors of AWS come through as the SDK
 * throws them, after its retries, but for what is named here.
 */
export interface Fleet {
  /** Every group that carries the enrolment tag. */
  enrolledGroups(): Promise<readonly Group[]>;
  /** The groups of these names; those that do not exist are left out. */
  groups(autoScalingGroupNames: readonly string[]): Promise<readonly Group[]>;
  /** Every group whose enrolment tag names this cluster. */
  groupsOf(clusterName: string): Promise<readonly Group[]>;
  /** The instances of the group's warm pool. */
  pool(autoScalingGroupName: string): Promise<readonly GroupInstance[]>;
  /** Where Auto Scaling has these instances; unknown ones are left out (D-5.16). */
  instanceStates(instanceIds: readonly string[]): Promise<readonly InstanceState[]>;
  /** When the way out of each instance of the group that waits in a hook was begun, by instance id (D-13.11). */
  terminationStarts(autoScalingGroupName: string): Promise<ReadonlyMap<string, Date>>;
  /** The group's hook of our name. */
  hook(autoScalingGroupName: string): Promise<Hook | undefined>;
  /** Puts our hook on the group. */
  putHook(autoScalingGroupName: string): Promise<void>;
  /** Deletes our hook, and what it holds goes on (D-13.3); `not-there`: it is gone, or its group. */
  deleteHook(autoScalingGroupName: string): Promise<'deleted' | 'not-there'>;
  /** Renews our hook; `no-action`: it does not hold the instance any more. */
  heartbeat(autoScalingGroupName: string, instanceId: string): Promise<'recorded' | 'no-action'>;
  /** Completes our hook with CONTINUE; `already-completed`: it does not hold the instance any more (D-3.10). */
  complete(autoScalingGroupName: string, instanceId: string): Promise<'completed' | 'already-completed'>;

  /** Completes our hook with ABANDON, which a group that retains what is abandoned answers by keeping the instance (D-3.14). */
  abandon(autoScalingGroupName: string, instanceId: string): Promise<'completed' | 'already-completed'>;
  /** Ends a retained instance, which no hook holds again; `not-there`: it has gone. */
  terminate(instanceId: string): Promise<'terminating' | 'not-there'>;

  /**
   * The registrations of these EC2 instances in the cluster, without the INACTIVE ones (D-2.9). Throws UnknownCluster
   * where there is no such cluster.
   */
  registrations(clusterName: string, instanceIds: readonly string[]): Promise<readonly Registration[]>;
  /**
   * The registrations in the cluster that carry our mark, for one of these causes if any are given, without the INACTIVE ones
   * (D-2.9). Throws UnknownCluster.
   */
  marked(clusterName: string, ...causes: readonly DepartureCause[]): Promise<readonly Registration[]>;
  /** The registrations in the cluster that are DRAINING, whoever drains them. Throws UnknownCluster. */
  draining(clusterName: string): Promise<readonly Registration[]>;
  /** The tags of a cluster; none where there is no such cluster. */
  clusterTags(clusterName: string): Promise<Readonly<Record<string, string>>>;
  /** The clusters in which the EC2 instance is registered, of all that the deployment may touch. */
  clustersOf(instanceId: string): Promise<readonly string[]>;
  /** These container instances, INACTIVE ones too for an hour (D-2.5); unknown ones are left out. Throws UnknownCluster. */
  describe(clusterName: string, containerInstanceArns: readonly string[]): Promise<readonly Registration[]>;
  /** Marks container instances; what could not be marked is returned. */
  mark(
    clusterName: string,
    containerInstanceArns: readonly string[],
    mark: Mark,
  ): Promise<readonly Failure[]>;
  /** Says of container instances that they wait for a budget, since `at`; what could not be said is returned. */
  setWaiting(
    clusterName: string,
    containerInstanceArns: readonly string[],
    at: Date,
  ): Promise<readonly Failure[]>;
  /** Takes that back. */
  clearWaiting(clusterName: string, containerInstanceArns: readonly string[]): Promise<readonly Failure[]>;
  /** Sets container instances to DRAINING. */
  drain(clusterName: string, containerInstanceArns: readonly string[]): Promise<StateChange>;
  /** Sets container instances to ACTIVE. */
  activate(clusterName: string, containerInstanceArns: readonly string[]): Promise<StateChange>;
  /** Takes our mark away from container instances; what it could not be taken from is returned. */
  unmark(clusterName: string, containerInstanceArns: readonly string[]): Promise<readonly Failure[]>;
  /** Deregisters a container instance, whatever ECS believes to run on it: such tasks are its no longer (D-9.16). */
  deregister(clusterName: string, containerInstanceArn: string): Promise<void>;
  /** ARNs of the tasks with this desired status on a container instance. */
  listTasks(
    clusterName: string,
    desiredStatus: 'RUNNING' | 'STOPPED',
    containerInstanceArn: string,
  ): Promise<readonly string[]>;
  /** The same of the whole cluster; undefined where there are more pages of 100 than `pagesMost`. */
  listAllTasks(
    clusterName: string,
    desiredStatus: 'RUNNING' | 'STOPPED',
    pagesMost: number,
  ): Promise<readonly string[] | undefined>;
  /** These tasks; those that ECS has forgotten are left out. */
  describeTasks(clusterName: string, taskArns: readonly string[]): Promise<readonly Task[]>;
  /** These services of the cluster; those that it does not know are left out. */
  services(clusterName: string, serviceNames: readonly string[]): Promise<readonly Service[]>;
  /** Which of these tasks are protected from scale-in, and until when, where that is known. */
  protections(
    clusterName: string,
    taskArns: readonly string[],
  ): Promise<ReadonlyMap<string, Date | undefined>>;
  /** The ACTIVE container instances of the cluster as places for tasks; undefined: there are too many to look at all. */
  sites(clusterName: string): Promise<readonly Site[] | undefined>;
  /** Tells a task to stop; `reason` is shown to whoever reads the task. */
  stopTask(clusterName: string, taskArn: string, reason: string): Promise<void>;

  /** A task definition. */
  definition(taskDefinitionArn: string): Promise<Definition>;
  /** What the tasks of a task definition ask of an instance. */
  blueprint(taskDefinitionArn: string): Promise<Blueprint>;

  /** Has `admit` look at the group again because of these instances. */
  askToAdmit(autoScalingGroupName: string, instanceIds: readonly string[], now: Date): Promise<void>;
  /** Has `release` look at the instance after `delaySeconds`; `now` is when this look was asked for. */
  askToLook(look: LookRequest, now: Date, delaySeconds: number): Promise<void>;
  /** Has `interrupt` look at the instance of a notice again after `delaySeconds`. */
  askToInterrupt(notice: Interruption, delaySeconds: number): Promise<void>;

  /** Puts events on the default bus, ten at most. Throws where one of them was not taken in the end. */
  announce(events: readonly Announcement[]): Promise<void>;
}
