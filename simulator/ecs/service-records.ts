import type { Breaker } from './breaker.ts';
import type { LaunchType } from './launch-types.ts';
import type { PlacementConstraint, PlacementStrategy, StrategyItem, Tag, TaskDefinition } from './records.ts';

/** What tasks run on: a launch type, or, when there are items, a capacity provider strategy (D-4.38). */
export interface Infrastructure {
  /** With a strategy: the kind of its providers. */
  readonly launchType: LaunchType;
  readonly capacityProviderStrategy: readonly StrategyItem[];
  /** Of Fargate. */
  readonly platformVersion: string | undefined;
  readonly networkConfiguration: unknown;
}

/** A target group and the container port behind it. */
export interface LoadBalancer {
  readonly targetGroupArn: string;
  readonly containerName: string;
  readonly containerPort: number;
}

/** What the scheduler starts tasks from: a deployment or a task set. Tasks carry its id as `startedBy` (D-9.27). */
export interface Launch extends Infrastructure {
  readonly id: string;
  readonly definition: TaskDefinition;
  readonly loadBalancers: readonly LoadBalancer[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** One deployment of a service: the primary, or one that it replaces, which is shown while it has tasks (D-9.41). */
export interface Deployment extends Launch {
  readonly status: 'PRIMARY' | 'ACTIVE';
  readonly rolloutState: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED';
  /** What its state says of itself; undefined: nothing beside its name. */
  readonly rolloutReason?: string | undefined;
  /** While it was in progress: tasks that failed one after the other (D-2.38), and when the last one did. */
  readonly failedTasks: number;
  readonly failedAt?: number | undefined;
}

/** A task set of a service whose deployments somebody else controls (D-9.50). */
export interface TaskSet extends Launch {
  readonly taskSetArn: string;
  readonly status: 'PRIMARY' | 'ACTIVE' | 'DRAINING';
  /** Of the service's desired count (D-9.51). */
  readonly scalePercent: number;
  readonly externalId: string | undefined;
  /** CODE_DEPLOY where CodeDeploy's deployment controller made it. */
  readonly startedBy: string | undefined;
  readonly serviceRegistries: readonly unknown[];
  readonly tags: readonly Tag[];
  /** Its steady state was said. */
  readonly isSteady: boolean;
}

/** A message in a service's own list (D-1.19). */
export interface ServiceMessage {
  readonly id: string;
  readonly createdAt: number;
  readonly message: string;
}

/** Whose tags a new task gets beside its own (D-9.48). */
export type PropagateTags = 'TASK_DEFINITION' | 'SERVICE' | 'NONE';

/** A service. With a controller other than ECS its infrastructure is that of the primary task set (D-9.53). */
export interface Service extends Infrastructure {
  readonly serviceArn: string;
  /** The ARN that it shows where its creator had opted out of the long form (D-9.56). */
  readonly shortArn?: string | undefined;
  readonly serviceName: string;
  readonly clusterArn: string;
  readonly status: 'ACTIVE' | 'DRAINING' | 'INACTIVE';
  readonly schedulingStrategy: 'REPLICA' | 'DAEMON';
  readonly deploymentController: 'ECS' | 'CODE_DEPLOY' | 'EXTERNAL';
  readonly desiredCount: number;
  readonly minimumHealthyPercent: number;
  readonly maximumPercent: number;
  readonly breaker: Breaker;
  readonly loadBalancers: readonly LoadBalancer[];
  readonly healthCheckGracePeriodSeconds: number | undefined;
  readonly placementConstraints: readonly PlacementConstraint[];
  readonly placementStrategy: readonly PlacementStrategy[];
  readonly availabilityZoneRebalancing: 'ENABLED' | 'DISABLED';
  readonly tags: readonly Tag[];
  readonly propagateTags: PropagateTags;
  readonly enableECSManagedTags: boolean;
  readonly enableExecuteCommand: boolean;
  /** Members that are shown as they were given and that nothing here acts on. */
  readonly inert: Readonly<Record<string, unknown>>;
  readonly createdBy: string;
  readonly createdAt: number;
  /** With the ECS controller: the primary first. Otherwise none (D-9.38). */
  readonly deployments: readonly Deployment[];
  /** With the other controllers, in order of creation. */
  readonly taskSets: readonly TaskSet[];
  /** The newest first, at most 100. */
  readonly events: readonly ServiceMessage[];
  readonly isSteady: boolean;
}
