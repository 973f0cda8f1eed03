import { newContainers } from './containers.ts';
import type { ContainerInstanceRecord, TaskDefinition, TaskRecord } from './records.ts';
import type { State } from './state.ts';

/** What a new task is. */
export interface TaskOrder {
  readonly definition: TaskDefinition;
  readonly reservation: TaskRecord['reservation'];
  readonly launchType: TaskRecord['launchType'];
  readonly capacityProviderName?: string | undefined;
  readonly platformVersion?: string | undefined;
  readonly group: string;
  readonly startedBy?: string | undefined;
  readonly serviceArn?: string | undefined;
  readonly overrides?: Readonly<Record<string, unknown>>;
  readonly tags?: TaskRecord['tags'];
  readonly targetGroupArns?: readonly string[];
  readonly enableExecuteCommand?: boolean;
  /** Who creates it, or created its service: their opt-in decides the form of its ARN (D-9.56, D-13.45). */
  readonly createdBy: string;
}

/** Where a task goes: a container instance, or a zone of Fargate. */
export type Site = Pick<ContainerInstanceRecord, 'clusterArn' | 'availabilityZone'> &
  Partial<Pick<ContainerInstanceRecord, 'containerInstanceArn' | 'ec2InstanceId'>>;

/** A task that nobody has told anybody of yet. */
export function newTask(
  state: State,
  now: number,
  site: Site,
  { createdBy, ...order }: TaskOrder,
): TaskRecord {
  const { ids, arns, settings } = state;
  const taskArn = arns.newTask(site.clusterArn, ids, settings.isOn(createdBy, 'taskLongArnFormat'));
  return {
    overrides: { containerOverrides: [], inferenceAcceleratorOverrides: [] },
    tags: [],
    targetGroupArns: [],
    enableExecuteCommand: false,
    ...order,
    taskArn,
    clusterArn: site.clusterArn,
    containerInstanceArn: site.containerInstanceArn,
    ec2InstanceId: site.ec2InstanceId,
    availabilityZone: site.availabilityZone,
    desiredStatus: 'RUNNING',
    lastStatus: order.definition.networkMode === 'awsvpc' ? 'PROVISIONING' : 'PENDING',
    version: 0,
    healthStatus: 'UNKNOWN',
    containers: newContainers(state, taskArn, site, order.definition, order.overrides ?? {}),
    createdAt: now,
    updatedAt: now,
    cutOff: false,
  };
}

/** Whether the task waits in PROVISIONING for an instance (D-4.32). */
export const isWaiting = ({ launchType, lastStatus, containerInstanceArn }: TaskRecord): boolean =>
  launchType !== 'FARGATE' && lastStatus === 'PROVISIONING' && containerInstanceArn === undefined;
