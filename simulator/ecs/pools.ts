import type { Limits } from './passes.ts';
import type { TaskRecord } from './records.ts';
import type { Deployment, Infrastructure, Launch, Service, TaskSet } from './service-records.ts';

/** Tasks that are kept at a number of their own: those of a service, or of one of its task sets. */
export interface Pool extends Limits {
  /** What new tasks are started from. */
  readonly launch: Launch;
}

/** What is kept at a number: the service with its own controller, else each task set (D-9.49). */
export function poolsOf(service: Service): Pool[] {
  const { minimumHealthyPercent, maximumPercent } = service;
  if (service.deploymentController === 'ECS') return [{ ...service, launch: primaryOf(service) }];
  return service.taskSets.map((taskSet) => ({
    launch: taskSet,
    desiredCount: computedDesiredCount(service, taskSet),
    minimumHealthyPercent,
    maximumPercent,
  }));
}

/** The share of the service's desired count that a task set is to have, rounded up (D-9.51). */
export function computedDesiredCount(
  { desiredCount }: Pick<Service, 'desiredCount'>,
  { scalePercent, status }: Pick<TaskSet, 'scalePercent' | 'status'>,
): number {
  // The product comes first: 7 * 0.07 would leave 0.49000000000000005.
  return status === 'DRAINING' ? 0 : Math.ceil((desiredCount * scalePercent) / 100);
}

/**
 * Whether a task set is steady: as many tasks run as it is to have, all of them healthy, none waits to start and none is
 * on a DRAINING instance (D-9.52).
 */
export function isTaskSetSteady(
  service: Pick<Service, 'desiredCount'>,
  taskSet: TaskSet,
  tasks: readonly TaskRecord[],
  seen: { readonly at: number; readonly isDraining: (task: TaskRecord) => boolean },
): boolean {
  const running = tasks.filter(({ lastStatus }) => lastStatus === 'RUNNING');
  return (
    running.length === computedDesiredCount(service, taskSet) &&
    running.every(({ healthyAt }) => healthyAt !== undefined && healthyAt <= seen.at) &&
    tasks.every((task) => task.lastStatus !== 'PENDING' && !seen.isDraining(task))
  );
}

/** What a service takes over from the deployment or task set that is primary from now on (D-9.53). */
export function settingsOf({
  launchType,
  capacityProviderStrategy,
  platformVersion,
  networkConfiguration,
  loadBalancers,
}: Launch): Infrastructure & Pick<Launch, 'loadBalancers'> {
  return { launchType, capacityProviderStrategy, platformVersion, networkConfiguration, loadBalancers };
}

/** The deployment that new tasks belong to. */
export function primaryOf(service: Service): Deployment {
  const [primary] = service.deployments;
  if (!primary) throw new Error(`${service.serviceArn} has no deployment`);
  return primary;
}
