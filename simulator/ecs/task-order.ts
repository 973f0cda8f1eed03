import type { ContainerInstanceRecord, TaskDefinition, TaskRecord } from './records.ts';

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
