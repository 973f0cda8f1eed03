import type { Account } from '../simulator/account.ts';
import type { instanceTypes } from '../simulator/ec2/instance.ts';

/** The tag that enrols a group, and the hook that the steward puts on an enrolled group. */
export const enrolmentTag = 'ecs-steward:cluster';
export const stewardHook = 'ecs-steward-terminate';

/** A service or a task to run; how its container behaves is said by the simulator's docker labels. */
export interface Workload {
  readonly name: string;
  readonly cpu: number;
  readonly memoryMib: number;
  /** From the start order to running. */
  readonly startSeconds?: number;
  /** From SIGTERM to exit. */
  readonly stopSeconds?: number;
  /** The container's stopTimeout. */
  readonly stopTimeoutSeconds?: number;
  /** Ends by itself so long after it runs. */
  readonly exitAfterSeconds?: number;
}

/** A service on top of a workload. */
export interface ServiceWish extends Workload {
  /** Tasks of a replica service; undefined: a daemon. */
  readonly desiredCount?: number;
  readonly minimumHealthyPercent?: number;
  readonly maximumPercent?: number;
  /** Behind a load balancer with this deregistration delay. */
  readonly deregistrationDelaySeconds?: number;
}

/** A group of container instances. */
export interface GroupWish {
  readonly clusterName: string;
  readonly autoScalingGroupName: string;
  readonly desiredCapacity: number;
  readonly instanceType?: keyof typeof instanceTypes;
  /** From the launch to the registration; null: the agent never comes up. */
  readonly agentSeconds?: number | null;
}

const label = (name: string, seconds: number | undefined) =>
  seconds === undefined ? {} : { [`simulator.${name}`]: String(seconds) };

/** Registers the task definition of a workload; `portMappings` are those of its container. */
export function registerWorkload(
  account: Account,
  workload: Workload,
  portMappings: readonly { readonly containerPort: number }[] = [],
): void {
  const { name, cpu, memoryMib, startSeconds, stopSeconds, stopTimeoutSeconds, exitAfterSeconds } = workload;
  const container = {
    name: 'app',
    image: `registry.example/${name}:1`,
    cpu,
    memory: memoryMib,
    essential: true,
    ...(portMappings.length === 0 ? {} : { portMappings }),
    ...(stopTimeoutSeconds === undefined ? {} : { stopTimeout: stopTimeoutSeconds }),
    dockerLabels: {
      ...label('start-seconds', startSeconds),
      ...label('stop-seconds', stopSeconds),
      ...label('exit-after-seconds', exitAfterSeconds),
    },
  };
  account.call('ecs', 'RegisterTaskDefinition', { family: name, containerDefinitions: [container] });
}

/** Creates a group of container instances whose agents register with the cluster. */
export function createGroup(account: Account, wish: GroupWish): void {
  const {
    clusterName,
    autoScalingGroupName,
    desiredCapacity,
    instanceType = 'm6i.large',
    agentSeconds = 25,
  } = wish;
  account.ec2.putLaunchTemplate({
    launchTemplateName: autoScalingGroupName,
    instanceType,
    clusterName,
    ...(agentSeconds === null ? {} : { agentSeconds }),
  });
  account.call('autoscaling', 'CreateAutoScalingGroup', {
    AutoScalingGroupName: autoScalingGroupName,
    LaunchTemplate: { LaunchTemplateName: autoScalingGroupName, Version: '$Latest' },
    MinSize: 0,
    MaxSize: 1000,
    DesiredCapacity: desiredCapacity,
    AvailabilityZones: ['a', 'b'].map((zone) => `${account.region}${zone}`),
  });
}

/** Creates a replica or daemon service. */
export function createService(account: Account, clusterName: string, wish: ServiceWish): void {
  const { name, desiredCount, minimumHealthyPercent, maximumPercent, deregistrationDelaySeconds } = wish;
  registerWorkload(account, wish, deregistrationDelaySeconds === undefined ? [] : [{ containerPort: 80 }]);
  const targetGroupArn = `arn:aws:elasticloadbalancing:${account.region}:${account.accountId}:targetgroup/${name}/0123456789abcdef`;
  if (deregistrationDelaySeconds !== undefined) {
    account.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds, healthySeconds: 15 });
  }
  const percentages = {
    ...(minimumHealthyPercent === undefined ? {} : { minimumHealthyPercent }),
    ...(maximumPercent === undefined ? {} : { maximumPercent }),
  };
  account.call('ecs', 'CreateService', {
    cluster: clusterName,
    serviceName: name,
    taskDefinition: name,
    ...(desiredCount === undefined ? { schedulingStrategy: 'DAEMON' } : { desiredCount }),
    ...(Object.keys(percentages).length === 0 ? {} : { deploymentConfiguration: percentages }),
    ...(deregistrationDelaySeconds === undefined
      ? {}
      : { loadBalancers: [{ targetGroupArn, containerName: 'app', containerPort: 80 }] }),
  });
}

/** Runs one standalone task wherever it fits; gives its ARN. */
export function runTask(account: Account, clusterName: string, workload: Workload): string {
  registerWorkload(account, workload);
  const reply = account.call('ecs', 'RunTask', { cluster: clusterName, taskDefinition: workload.name });
  const [task] = reply.tasks as { taskArn: string }[];
  if (!task) throw new Error(`RunTask placed nothing: ${JSON.stringify(reply.failures)}`);
  return task.taskArn;
}

/** Sets tags on a group. */
export function tagGroup(
  account: Account,
  autoScalingGroupName: string,
  tags: Readonly<Record<string, string>>,
): void {
  account.call('autoscaling', 'CreateOrUpdateTags', {
    Tags: Object.entries(tags).map(([Key, Value]) => ({
      ResourceId: autoScalingGroupName,
      ResourceType: 'auto-scaling-group',
      Key,
      Value,
      PropagateAtLaunch: false,
    })),
  });
}

/** Changes the size that a group is to have. */
export function setDesiredCapacity(
  account: Account,
  autoScalingGroupName: string,
  desiredCapacity: number,
): void {
  account.call('autoscaling', 'SetDesiredCapacity', {
    AutoScalingGroupName: autoScalingGroupName,
    DesiredCapacity: desiredCapacity,
  });
}

/** Whether every service of the cluster runs what it is to run, and nothing is on its way up or down. */
export function isSteady(account: Account, clusterName: string): boolean {
  const { serviceArns } = account.call('ecs', 'ListServices', { cluster: clusterName, maxResults: 10 });
  if ((serviceArns as string[]).length === 0) return true;
  const { services } = account.call('ecs', 'DescribeServices', {
    cluster: clusterName,
    services: serviceArns,
  });
  return (services as { desiredCount: number; runningCount: number; pendingCount: number }[]).every(
    (service) => service.runningCount === service.desiredCount && service.pendingCount === 0,
  );
}

/** How many container instances of the cluster are ACTIVE. */
export function activeInstances(account: Account, clusterName: string): number {
  let count = 0;
  let token: Record<string, unknown> = {};
  do {
    const page = { cluster: clusterName, status: 'ACTIVE', ...token };
    const { containerInstanceArns, nextToken } = account.call('ecs', 'ListContainerInstances', page);
    count += (containerInstanceArns as string[]).length;
    token = nextToken === undefined ? {} : { nextToken };
  } while (token.nextToken !== undefined);
  return count;
}

/** Whether the steward's hook is on the group. */
export function hasHook(account: Account, autoScalingGroupName: string): boolean {
  const reply = account.call('autoscaling', 'DescribeLifecycleHooks', {
    AutoScalingGroupName: autoScalingGroupName,
  });
  return (reply.LifecycleHooks as { LifecycleHookName: string }[]).some(
    ({ LifecycleHookName }) => LifecycleHookName === stewardHook,
  );
}
