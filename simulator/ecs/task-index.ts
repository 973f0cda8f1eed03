import { Grouped } from './grouped.ts';
import type { TaskRecord } from './records.ts';

/** Which tasks belong to what, so that nobody walks over all of them for those of one instance or service. */
export class TaskIndex {
  private readonly byInstance = new Grouped();
  private readonly byService = new Grouped();
  private readonly byGroup = new Grouped();
  private readonly byHost = new Grouped();
  private readonly knownByInstance = new Grouped();
  private readonly knownByService = new Grouped();

  /** Notes a task as it is now. */
  enter(task: TaskRecord): void {
    const { taskArn, containerInstanceArn, serviceArn } = task;
    const change = task.lastStatus === 'STOPPED' ? 'delete' : 'add';
    this.byInstance[change](containerInstanceArn, taskArn);
    this.byService[change](serviceArn, taskArn);
    this.byGroup[change](groupKey(task), taskArn);
    this.knownByInstance.add(containerInstanceArn, taskArn);
    this.knownByService.add(serviceArn, taskArn);
    this.noteContainers(task);
  }

  /** Notes whether containers of a task may run; what ECS has given up runs on without it (D-9.16, D-9.20). */
  noteContainers(task: TaskRecord): void {
    const isOrphan = task.orphanedAt !== undefined && task.executionStoppedAt === undefined;
    const mayRun = task.lastStatus !== 'STOPPED' || isOrphan;
    this.byHost[mayRun ? 'add' : 'delete'](task.ec2InstanceId, task.taskArn);
  }

  /** No read can find the task any more. */
  forget({ taskArn, containerInstanceArn, serviceArn }: TaskRecord): void {
    this.knownByInstance.delete(containerInstanceArn, taskArn);
    this.knownByService.delete(serviceArn, taskArn);
  }

  /** Those on a container instance that are not STOPPED. */
  on(containerInstanceArn: string): Iterable<string> {
    return this.byInstance.of(containerInstanceArn);
  }

  /** Those of a service that are not STOPPED. */
  of(serviceArn: string): Iterable<string> {
    return this.byService.of(serviceArn);
  }

  /** Those of a task group of a cluster that are not STOPPED. */
  inGroup(group: Pick<TaskRecord, 'clusterArn' | 'group'>): Iterable<string> {
    return this.byGroup.of(groupKey(group));
  }

  /** Those whose containers may run on an EC2 instance, whatever ECS knows of them. */
  onHost(ec2InstanceId: string): Iterable<string> {
    return this.byHost.of(ec2InstanceId);
  }

  /** Those that a read may find on a container instance, or of a service. */
  known(of: { readonly containerInstanceArn: string } | { readonly serviceArn: string }): Iterable<string> {
    return 'serviceArn' in of
      ? this.knownByService.of(of.serviceArn)
      : this.knownByInstance.of(of.containerInstanceArn);
  }
}

const groupKey = ({ clusterArn, group }: Pick<TaskRecord, 'clusterArn' | 'group'>) =>
  `${clusterArn} ${group}`;
