/** What a member may hold beyond its type, and where that is said. Bounds are inclusive. */
export interface Limit {
  readonly source: string;
  /** How many entries a list may have. */
  readonly items?: readonly [number, number];
  /** What a number may be. */
  readonly value?: readonly [number, number];
  /** How long a text may be. */
  readonly length?: readonly [number, number];
  readonly like?: RegExp;
  readonly words?: readonly string[];
}

const limit = (source: string, rest: Omit<Limit, 'source'>): Limit => ({ source, ...rest });

const arnOf = (kind: string) =>
  limit('D-6.10', { like: new RegExp(`^arn:aws:ecs:[a-z0-9-]+:\\d{12}:${kind}/`) });

/** The long form names the cluster and has 32 hexadecimal digits, the old one an id with dashes (D-6.10, D-9.2). */
const resourceArn = (kind: string) =>
  limit('D-6.10', {
    like: new RegExp(
      `^arn:aws:ecs:[a-z0-9-]+:\\d{12}:${kind}/([\\w-]{1,255}/[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$`,
    ),
  });

const serviceName = limit('D-9.36', { like: /^[\w-]{1,255}$/ });
const providerName = limit('D-4.1', { like: /^(?!aws|ecs|fargate)[\w-]{1,255}$/i });
const strategy = limit('D-4.36', { items: [0, 20] });
const page100 = limit('D-5.15', { value: [1, 100] });
const percent = limit('D-9.51', { value: [0, 100] });
const version = limit('D-1.3', { value: [1, Number.MAX_SAFE_INTEGER] });
const count = limit('D-9.24', { value: [0, 10_000_000] });

const taskStatuses = [
  'PROVISIONING',
  'PENDING',
  'ACTIVATING',
  'RUNNING',
  'DEACTIVATING',
  'STOPPING',
  'DEPROVISIONING',
  'STOPPED',
  'DELETED',
];

/** Why something that was asked for is not there or was not done (D-9.60), or why a task has no place (D-9.61). */
const failureReasons = new RegExp(
  `^(${[
    'MISSING',
    'INACTIVE',
    'ACTIVE',
    'AGENT',
    'LOCATION',
    'ATTRIBUTE',
    'TASK_NOT_VALID',
    'DEPLOYMENT_BLOCKED',
    'RESOURCE:(CPU|MEMORY|PORTS|ENI|GPU|FARGATE)',
    'NO ACTIVE INSTANCES',
    'EMPTY CAPACITY PROVIDER',
    '(MemberOf|DistinctInstance) placement constraint unsatisfied.?',
  ].join('|')})$`,
);

const ecs: Readonly<Record<string, Limit>> = {
  'DescribeContainerInstancesRequest.containerInstances': limit('D-5.14', { items: [1, 100] }),
  'UpdateContainerInstancesStateRequest.containerInstances': limit('D-5.14', { items: [1, 10] }),
  'DescribeTasksRequest.tasks': limit('D-5.14', { items: [1, 100] }),
  'DescribeServicesRequest.services': limit('D-5.14', { items: [1, 10] }),
  'DescribeClustersRequest.clusters': limit('D-5.14', { items: [0, 100] }),
  'DescribeCapacityProvidersRequest.capacityProviders': limit('D-5.14', { items: [0, 100] }),
  'DescribeCapacityProvidersRequest.maxResults': limit('D-4.10', { value: [1, 10] }),
  'UpdateTaskProtectionRequest.tasks': limit('D-5.14', { items: [1, 10] }),
  'UpdateTaskProtectionRequest.expiresInMinutes': limit('D-2.36', { value: [1, 2880] }),
  'RunTaskRequest.count': limit('D-5.14', { value: [1, 10] }),
  'RunTaskRequest.startedBy': limit('D-9.27', { like: /^[\w-]{1,128}$/ }),
  'RunTaskRequest.placementConstraints': limit('D-9.28', { items: [0, 10] }),
  'RunTaskRequest.placementStrategy': limit('D-9.28', { items: [0, 5] }),
  'StartTaskRequest.containerInstances': limit('D-5.14', { items: [1, 10] }),
  'StopTaskRequest.reason': limit('D-9.31', { length: [0, 255] }),
  'ListContainerInstancesRequest.maxResults': page100,
  'ListTasksRequest.maxResults': page100,
  'ListServicesRequest.maxResults': page100,
  'ListAccountSettingsRequest.maxResults': limit('D-5.15', { value: [1, 10] }),
  'ListContainerInstancesRequest.status': limit('D-2.9', {
    words: ['ACTIVE', 'DRAINING', 'REGISTERING', 'DEREGISTERING', 'REGISTRATION_FAILED'],
  }),
  'UpdateContainerInstancesStateRequest.status': limit('D-2.13', { words: ['ACTIVE', 'DRAINING'] }),
  'CreateClusterRequest.clusterName': limit('D-9.21', { like: /^[\w-]{1,255}$/ }),
  'CreateClusterRequest.defaultCapacityProviderStrategy': strategy,
  'PutClusterCapacityProvidersRequest.defaultCapacityProviderStrategy': strategy,
  'CreateServiceRequest.capacityProviderStrategy': strategy,
  'UpdateServiceRequest.capacityProviderStrategy': strategy,
  'CreateTaskSetRequest.capacityProviderStrategy': strategy,
  'RunTaskRequest.capacityProviderStrategy': strategy,
  'CapacityProviderStrategyItem.weight': limit('D-4.33', { value: [0, 1000] }),
  'CapacityProviderStrategyItem.base': limit('D-4.33', { value: [0, 100_000] }),
  'CreateCapacityProviderRequest.name': providerName,
  'ManagedScaling.targetCapacity': limit('D-4.4', { value: [1, 100] }),
  'ManagedScaling.minimumScalingStepSize': limit('D-4.4', { value: [1, 10_000] }),
  'ManagedScaling.maximumScalingStepSize': limit('D-4.4', { value: [1, 10_000] }),
  'ManagedScaling.instanceWarmupPeriod': limit('D-4.4', { value: [0, 10_000] }),
  'CreateServiceRequest.serviceName': serviceName,
  'CreateServiceRequest.clientToken': limit('D-9.36', { length: [0, 36] }),
  'CreateServiceRequest.placementConstraints': limit('D-9.28', { items: [0, 10] }),
  'CreateServiceRequest.placementStrategy': limit('D-9.28', { items: [0, 5] }),
  'CreateServiceRequest.healthCheckGracePeriodSeconds': limit('D-9.40', { value: [0, 2_147_483_647] }),
  'UpdateServiceRequest.healthCheckGracePeriodSeconds': limit('D-9.40', { value: [0, 2_147_483_647] }),
  'AwsVpcConfiguration.subnets': limit('D-9.35', { items: [0, 16] }),
  'AwsVpcConfiguration.securityGroups': limit('D-9.35', { items: [0, 5] }),
  'Scale.value': percent,
  'PutAttributesRequest.attributes': limit('D-13.14', { items: [1, 10] }),
  'Attribute.name': limit('D-9.7', { like: /^[\w.\-/\\]{1,128}$/ }),
  'Attribute.value': limit('D-9.7', { like: /^(?! )[\w.\-@:/\\ ]{0,128}(?<! )$/ }),
  'Tag.key': limit('D-9.63', { like: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u }),
  'Tag.value': limit('D-9.63', { like: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u }),
  'TagResourceRequest.tags': limit('D-9.63', { items: [1, 50] }),
  'ContainerInstance.tags': limit('D-9.63', { items: [0, 50] }),
  'Cluster.tags': limit('D-9.63', { items: [0, 50] }),
  'Service.tags': limit('D-9.63', { items: [0, 50] }),
  'Task.tags': limit('D-9.63', { items: [0, 50] }),
  'ContainerInstance.containerInstanceArn': resourceArn('container-instance'),
  'ContainerInstance.status': limit('D-2.1', {
    words: ['REGISTERING', 'REGISTRATION_FAILED', 'ACTIVE', 'INACTIVE', 'DEREGISTERING', 'DRAINING'],
  }),
  'ContainerInstance.version': version,
  'ContainerInstance.ec2InstanceId': limit('D-9.1', { like: /^(i|mi)-[\w-]+$/ }),
  'ContainerInstance.runningTasksCount': count,
  'ContainerInstance.pendingTasksCount': count,
  'Resource.type': limit('D-9.5', { words: ['INTEGER', 'DOUBLE', 'LONG', 'STRINGSET'] }),
  'Task.taskArn': resourceArn('task'),
  'Task.clusterArn': arnOf('cluster'),
  'Task.containerInstanceArn': resourceArn('container-instance'),
  'Task.version': version,
  'Task.lastStatus': limit('D-9.33', { words: taskStatuses }),
  'Task.desiredStatus': limit('D-9.33', { words: ['RUNNING', 'STOPPED'] }),
  'Container.reason': limit('D-9.32', { length: [0, 255] }),
  'Service.serviceArn': arnOf('service'),
  'Service.serviceName': serviceName,
  'Service.status': limit('D-9.41', { words: ['ACTIVE', 'DRAINING', 'INACTIVE'] }),
  'Service.events': limit('D-1.19', { items: [0, 100] }),
  'Service.runningCount': count,
  'Service.pendingCount': count,
  'Deployment.status': limit('D-9.41', { words: ['PRIMARY', 'ACTIVE', 'INACTIVE'] }),
  'TaskSet.status': limit('D-9.50', { words: ['PRIMARY', 'ACTIVE', 'DRAINING'] }),
  'Cluster.clusterArn': arnOf('cluster'),
  'Cluster.status': limit('D-4.20', {
    words: ['ACTIVE', 'INACTIVE', 'PROVISIONING', 'DEPROVISIONING', 'FAILED'],
  }),
  'Cluster.attachmentsStatus': limit('D-4.19', {
    words: ['UPDATE_IN_PROGRESS', 'UPDATE_COMPLETE', 'UPDATE_FAILED'],
  }),
  'Cluster.registeredContainerInstancesCount': count,
  'Cluster.runningTasksCount': count,
  'Cluster.pendingTasksCount': count,
  'Cluster.activeServicesCount': count,
  'DescribeClustersResponse.clusters': limit('D-5.14', { items: [0, 100] }),
  'Failure.reason': limit('D-9.60', { like: failureReasons }),
};

const hookName = limit('D-3.6', { length: [1, 255] });
const twenty = limit('D-5.16', { items: [0, 20] });

const autoscaling: Readonly<Record<string, Limit>> = {
  'AutoScalingGroupNamesType.MaxRecords': limit('D-5.16', { value: [1, 100] }),
  'DescribeAutoScalingInstancesType.InstanceIds': limit('D-5.16', { items: [0, 50] }),
  'DescribeAutoScalingInstancesType.MaxRecords': limit('D-5.16', { value: [1, 50] }),
  'SetInstanceProtectionQuery.InstanceIds': limit('D-5.16', { items: [1, 50] }),
  'AttachInstancesQuery.InstanceIds': twenty,
  'DetachInstancesQuery.InstanceIds': twenty,
  'EnterStandbyQuery.InstanceIds': twenty,
  'ExitStandbyQuery.InstanceIds': twenty,
  'DescribeLifecycleHooksAnswer.LifecycleHooks': limit('D-5.16', { items: [0, 50] }),
  'PutLifecycleHookType.LifecycleHookName': hookName,
  'PutLifecycleHookType.HeartbeatTimeout': limit('D-3.6', { value: [30, 7200] }),
  'PutLifecycleHookType.DefaultResult': limit('D-3.6', { words: ['CONTINUE', 'ABANDON'] }),
  'PutLifecycleHookType.NotificationMetadata': limit('D-3.6', { length: [0, 4000] }),
  'LifecycleHook.LifecycleHookName': hookName,
  'LifecycleHook.HeartbeatTimeout': limit('D-3.6', { value: [30, 7200] }),
  'LifecycleHook.GlobalTimeout': limit('D-3.7', { value: [3000, 172_800] }),
  'LifecycleHook.DefaultResult': limit('D-3.6', { words: ['CONTINUE', 'ABANDON'] }),
  'CompleteLifecycleActionType.LifecycleActionResult': limit('D-3.9', { words: ['CONTINUE', 'ABANDON'] }),
  'CompleteLifecycleActionType.LifecycleActionToken': limit('D-3.9', { length: [36, 36] }),
  'CompleteLifecycleActionType.InstanceId': limit('D-3.9', { length: [1, 19] }),
  'RecordLifecycleActionHeartbeatType.LifecycleActionToken': limit('D-3.9', { length: [36, 36] }),
  'AutoScalingGroup.AutoScalingGroupARN': limit('D-6.20', {
    like: /^arn:aws:autoscaling:[a-z0-9-]+:\d{12}:autoScalingGroup:[0-9a-f-]{36}:autoScalingGroupName\/./,
  }),
  'Instance.HealthStatus': limit('D-6.19', { words: ['Healthy', 'Unhealthy'] }),
  'AutoScalingInstanceDetails.HealthStatus': limit('D-6.19', { words: ['HEALTHY', 'UNHEALTHY'] }),
  'AutoScalingInstanceDetails.LifecycleState': limit('D-3.1', {
    like: /^((Pending|Terminating|ReplacingRootVolume)(:Wait|:Proceed)?|Terminating:Retained|Quarantined|InService|Terminated|Detaching|Detached|EnteringStandby|Standby|RootVolumeReplaced|Warmed:.+)$/,
  }),
  'Activity.Progress': limit('D-3.30', { value: [0, 100] }),
  'InstanceMaintenancePolicy.MinHealthyPercentage': limit('D-3.27', { value: [-1, 100] }),
  'InstanceMaintenancePolicy.MaxHealthyPercentage': limit('D-3.27', { value: [-1, 200] }),
};

/** By service, then by structure and member, as `Scale.value`. */
export const limits: Readonly<Record<string, Readonly<Record<string, Limit>>>> = { ecs, autoscaling };
