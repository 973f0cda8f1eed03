import type { Hosting, LaunchType } from './launch-types.ts';
import type { AgentUpdateStatus } from './update.ts';

/** One attribute of a container instance (D-9.7). */
export interface Attribute {
  readonly name: string;
  readonly value?: string;
}

/** A tag of a resource (D-9.63). */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** CPU units, MiB of memory, host ports; of what remains, the ports are the ones in use (D-9.4). */
export interface Resources {
  readonly cpu: number;
  readonly memoryMib: number;
  readonly ports: readonly number[];
  readonly udpPorts: readonly number[];
  /** Of a task: how many GPUs it takes (D-9.72). */
  readonly gpuCount?: number;
}

/** One item of a capacity provider strategy (D-4.33). */
export interface StrategyItem {
  readonly capacityProvider: string;
  readonly weight: number;
  readonly base: number;
}

/** A cluster; INACTIVE once it is deleted (D-4.20). */
export interface Cluster {
  readonly clusterArn: string;
  readonly clusterName: string;
  readonly status: 'ACTIVE' | 'INACTIVE';
  /** Names of the capacity providers that are associated (D-4.39); undefined: there never were any. */
  readonly capacityProviders?: readonly string[];
  readonly defaultCapacityProviderStrategy?: readonly StrategyItem[];
  /** Undefined until PutClusterCapacityProviders was called (D-4.19). */
  readonly attachmentsStatus?: 'UPDATE_IN_PROGRESS' | 'UPDATE_COMPLETE';
  readonly settings: readonly { readonly name: string; readonly value: string }[];
  readonly tags: readonly Tag[];
  /** As it was given: for ECS Exec and managed storage, which are not simulated. */
  readonly configuration?: Readonly<Record<string, unknown>> | undefined;
  /** The Service Connect namespace of services that name none, an ARN. */
  readonly namespaceArn?: string | undefined;
}

/** What an agent says of itself; an agent of old or of somebody's own may say nothing (D-8.6). */
export interface VersionInfo {
  readonly agentVersion?: string;
  readonly agentHash?: string;
  readonly dockerVersion?: string;
}

/** GPUs by their ids, and what a registration defines itself, from which no task takes (D-9.5). */
export interface OtherResource {
  readonly name: string;
  readonly type: 'INTEGER' | 'DOUBLE' | 'LONG' | 'STRINGSET';
  readonly value: number | readonly string[];
}

/** A network interface of a container instance (D-9.8). */
export interface Attachment {
  readonly id: string;
  readonly status: string;
  readonly details: readonly { readonly name: string; readonly value: string }[];
}

/** What happens to an instance that AWS leaves to chance. */
export interface Fate {
  /** Why the trunk interface cannot be made (D-2.2). */
  readonly trunkFailure?: string;
  /** How long the agent downloads its update (D-8.8). */
  readonly downloadSeconds?: number;
  /** The stage in which an update of the agent fails (D-8.5). */
  readonly updateFailsIn?: 'STAGING' | 'UPDATING';
}

/** A container instance, as ECS has it; the last members are the simulator's own and never on the wire. */
export interface ContainerInstanceRecord {
  readonly containerInstanceArn: string;
  readonly clusterArn: string;
  readonly ec2InstanceId: string;
  readonly availabilityZone: string;
  /** The provider of its Auto Scaling group, when there was one as it registered (D-4.12). */
  readonly capacityProviderName?: string | undefined;
  /** Whose tasks it takes. Never on the wire. */
  readonly hosting: Hosting;
  /** D-2.1. */
  readonly status:
    | 'REGISTERING'
    | 'REGISTRATION_FAILED'
    | 'ACTIVE'
    | 'DRAINING'
    | 'DEREGISTERING'
    | 'INACTIVE';
  readonly statusReason?: string | undefined;
  readonly agentConnected: boolean;
  /** Since when it is connected, or is not. */
  readonly connectionAt: number;
  /** It was disconnected until somebody connects it again. Never on the wire. */
  readonly isCutOff: boolean;
  /** How its container runtime is, and since when (D-9.9). */
  readonly runtime: { readonly status: 'OK' | 'IMPAIRED'; readonly since: number };
  readonly versionInfo: VersionInfo;
  /** Of the most recent update; undefined: none was ever asked for (D-8.4). */
  readonly agentUpdateStatus?: AgentUpdateStatus | undefined;
  /** Moves with events of this instance and never otherwise (D-1.4, D-10.1). */
  readonly version: number;
  readonly registeredResources: Resources;
  readonly remainingResources: Resources;
  readonly otherResources: readonly OtherResource[];
  /** Those of its GPUs that tasks have (D-9.72). */
  readonly heldGpuIds: readonly string[];
  /** Tasks whose desiredStatus is RUNNING (D-2.12). */
  readonly runningTasksCount: number;
  /** Tasks whose lastStatus is PENDING (D-9.6). */
  readonly pendingTasksCount: number;
  /** Tasks with a network interface of their own that are not STOPPED. Never on the wire. */
  readonly awsvpcTasksCount: number;
  /** Groups of the tasks that are not STOPPED, for `task:group` of the cluster query language. */
  readonly taskGroups: readonly string[];
  readonly agentAttributes: readonly Attribute[];
  readonly customAttributes: readonly Attribute[];
  /** The trunk interface, in accounts that opted in to it (D-2.2). */
  readonly attachments: readonly Attachment[];
  readonly tags: readonly Tag[];
  /** Times in milliseconds since the epoch. */
  readonly registeredAt: number;
  readonly updatedAt: number;
  readonly drainingAt?: number | undefined;
  readonly inactiveAt?: number | undefined;
  readonly ec2TerminatedAt?: number | undefined;
  /** Since when the EC2 instance is stopped; undefined: it is not. */
  readonly ec2StoppedAt?: number | undefined;
  readonly fate: Fate;
}

/** D-9.33, as far as tasks on EC2 go through it. */
export type TaskStatus =
  | 'PROVISIONING'
  | 'PENDING'
  | 'ACTIVATING'
  | 'RUNNING'
  | 'DEACTIVATING'
  | 'STOPPING'
  | 'DEPROVISIONING'
  | 'STOPPED';

/** Why a task stopped (D-7.9). */
export interface StopCause {
  readonly stopCode:
    | 'EssentialContainerExited'
    | 'UserInitiated'
    | 'ServiceSchedulerInitiated'
    | 'SpotInterruption'
    | 'TerminationNotice'
    | 'TaskFailedToStart';
  readonly stoppedReason: string;
}

/** One container of a task. */
export interface Container {
  readonly name: string;
  readonly containerArn: string;
  readonly runtimeId: string;
  readonly lastStatus: 'PENDING' | 'RUNNING' | 'STOPPED';
  readonly exitCode?: number | undefined;
  readonly reason?: string | undefined;
  /** Host ports, chosen at placement, shown once the task runs (D-9.69). */
  readonly networkBindings: readonly NetworkBinding[];
  /** Of its instance, chosen at placement (D-9.72). */
  readonly gpuIds: readonly string[];
}

/** A port of a container on its host. */
export interface NetworkBinding {
  readonly bindIP: string;
  readonly containerPort: number;
  readonly hostPort: number;
  readonly protocol: 'tcp' | 'udp';
}

/** A task, as ECS has it, with what really happened to its containers. Times in milliseconds since the epoch. */
export interface TaskRecord {
  readonly taskArn: string;
  readonly clusterArn: string;
  /** Undefined: it runs on Fargate, or waits for an instance (D-4.32). */
  readonly containerInstanceArn?: string | undefined;
  readonly ec2InstanceId?: string | undefined;
  /** Empty while it waits for an instance. */
  readonly availabilityZone: string;
  readonly launchType: LaunchType;
  /** The provider whose share it is; undefined: it was started by launch type. */
  readonly capacityProviderName?: string | undefined;
  readonly platformVersion?: string | undefined;
  readonly definition: TaskDefinition;
  readonly reservation: Resources;
  /** `service:<name>`, `family:<family>` or what RunTask gave. */
  readonly group: string;
  /** The id of the deployment or task set for a service's tasks (D-9.27). */
  readonly startedBy?: string | undefined;
  /** The service that owns it; undefined: standalone. */
  readonly serviceArn?: string | undefined;
  readonly overrides: Readonly<Record<string, unknown>>;
  readonly tags: readonly Tag[];
  readonly desiredStatus: 'RUNNING' | 'STOPPED';
  readonly lastStatus: TaskStatus;
  readonly version: number;
  readonly healthStatus: 'HEALTHY' | 'UNHEALTHY' | 'UNKNOWN';
  /** The health check that it failed; undefined: none. Never on the wire. */
  readonly failedCheck?: 'container' | 'target' | undefined;
  readonly containers: readonly Container[];
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly pullStartedAt?: number | undefined;
  readonly pullStoppedAt?: number | undefined;
  readonly startedAt?: number | undefined;
  /** From when the scheduler counts it as healthy (D-2.21); undefined: not known yet. */
  readonly healthyAt?: number | undefined;
  /** When desiredStatus became STOPPED; `stoppingAt` on the wire. */
  readonly desiredStoppedAt?: number | undefined;
  /** When the containers got SIGTERM. */
  readonly sigtermAt?: number | undefined;
  /** When the last container ended on the host, whether ECS knew it then or later. */
  readonly executionStoppedAt?: number | undefined;
  readonly stoppedAt?: number | undefined;
  readonly stop?: StopCause | undefined;
  /** Until when scale-in and deployments leave it alone (D-2.36); undefined: they need not. */
  readonly protectedUntil?: number | undefined;
  /** Where its containers are targets. */
  readonly targetGroupArns: readonly string[];
  readonly enableExecuteCommand: boolean;
  /** The simulator's own record: the EC2 instance ended under it before it was STOPPED. Never on the wire. */
  readonly cutOff: boolean;
  /** When a forced deregistration left its containers running without ECS (D-9.16, D-9.20). Never on the wire. */
  readonly orphanedAt?: number | undefined;
}

/** What the containers of a task do by themselves (milliseconds), from the docker labels of the definition. */
export interface Behaviour {
  /** From the start order to running containers. */
  readonly startMs: number;
  /** From the start order to its image not being there; undefined: it is. */
  readonly startFailsMs?: number | undefined;
  /** From SIGTERM to the end of the last container, SIGKILL at stopTimeout included (D-2.35). */
  readonly stopMs: number;
  /** 137 when SIGKILL ends a container, 0 when it ends in time; by container name. */
  readonly exitCodes: ReadonlyMap<string, number>;
  /** How long after RUNNING an essential container ends by itself; undefined: never. */
  readonly exit?: { readonly containerName: string; readonly afterMs: number } | undefined;
  /** How long after RUNNING the container health checks pass; undefined: there is none. */
  readonly healthMs?: number | undefined;
}

/** A revision of a task definition; `input` is what was registered. */
export interface TaskDefinition {
  readonly taskDefinitionArn: string;
  readonly family: string;
  readonly revision: number;
  readonly input: Readonly<Record<string, unknown>>;
  /** INACTIVE ones start nothing new; DELETE_IN_PROGRESS ones go with the last task and service that use them. */
  readonly status: 'ACTIVE' | 'INACTIVE' | 'DELETE_IN_PROGRESS';
  /** Times in milliseconds since the epoch. */
  readonly registeredAt: number;
  readonly deregisteredAt?: number | undefined;
  readonly deleteRequestedAt?: number | undefined;
  readonly registeredBy: string;
  readonly compatibilities: readonly LaunchType[];
  readonly networkMode: string;
  readonly reservation: Resources;
  readonly behaviour: Behaviour;
  readonly placementConstraints: readonly PlacementConstraint[];
  /** Of an instance: by name what its agent can do, with a value what platform it is (D-14.57). */
  readonly requiresAttributes: readonly Attribute[];
}

/** `distinctInstance` takes no expression, `memberOf` one of the cluster query language (D-9.28). */
export interface PlacementConstraint {
  readonly type: 'distinctInstance' | 'memberOf';
  readonly expression?: string;
}

/** D-9.28. */
export interface PlacementStrategy {
  readonly type: 'random' | 'spread' | 'binpack';
  readonly field?: string;
}

/** A target group of a load balancer, as far as ECS waits for it. */
export interface TargetGroup {
  readonly targetGroupArn: string;
  /** From deregistering a target to its being unused (D-13.8). */
  readonly deregistrationDelaySeconds: number;
  /** From RUNNING to a passing health check of the target (D-2.21). */
  readonly healthySeconds: number;
}
