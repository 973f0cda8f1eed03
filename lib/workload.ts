import type { Fleet } from './fleet.ts';
import { inParallel } from './parallel.ts';
import type { Service } from './service.ts';
import { serviceNameOf, type Task } from './task.ts';

/** What a task definition says that matters when its tasks are to stop. */
export interface Definition {
  readonly taskDefinitionArn: string;
  /** From SIGTERM to the SIGKILL of its last container (seconds; D-2.35). */
  readonly stopTimeoutSeconds: number;
}

/** A container as its task definition has it. */
export interface Container {
  readonly name: string;
  readonly stopTimeoutSeconds: number | undefined;
  readonly dependsOn: readonly string[];
}

/** Where a container does not say; an agent may have been told another one, which no API shows (D-2.35). */
export const usualStopTimeoutSeconds = 30;
const definitionsAtOnce = 5;

/**
 * How long containers may take to stop, all of them (seconds): at the same time, but one that others depend on after those.
 *
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
 */
export function stopTimeoutSecondsOf(containers: readonly Container[]): number {
  const secondsFrom = (
    { name, stopTimeoutSeconds, dependsOn }: Container,
    before: readonly string[],
  ): number => {
    const own = stopTimeoutSeconds ?? usualStopTimeoutSeconds;
    const after = containers.filter((one) => dependsOn.includes(one.name) && !before.includes(one.name));
    return own + Math.max(0, ...after.map((one) => secondsFrom(one, [...before, name])));
  };
  return Math.max(0, ...containers.map((container) => secondsFrom(container, [])));
}

/** A task, how long it may take to leave its load balancer, and then to stop (seconds). */
export interface Ending {
  readonly task: Task;
  readonly deregistrationDelaySeconds: number;
  readonly stopTimeoutSeconds: number;
}

/** How a task ends, given how long targets of its group take to leave their load balancer (seconds). */
export type EndingOf = (task: Task, deregistrationDelaySeconds: number) => Ending;

/**
 * Reads what says how long these tasks may take to end. A service that is gone has no load balancer any more. `known`: their
 * services, where they were read before.
 */
export async function readEndings(
  fleet: Pick<Fleet, 'services' | 'definition'>,
  clusterName: string,
  tasks: readonly Task[],
  known?: readonly Service[],
): Promise<EndingOf> {
  const serviceNames = new Set(tasks.flatMap((task) => serviceNameOf(task) ?? []));
  const reading = () => (serviceNames.size > 0 ? fleet.services(clusterName, [...serviceNames]) : []);
  const services = known ?? (await reading());
  const balanced = new Set(services.flatMap((one) => (one.isLoadBalanced ? one.serviceName : [])));
  const stopTimeouts = new Map<string, number>();
  const arns = new Set(tasks.map(({ taskDefinitionArn }) => taskDefinitionArn));
  await inParallel([...arns], definitionsAtOnce, async (arn) => {
    stopTimeouts.set(arn, (await fleet.definition(arn)).stopTimeoutSeconds);
  });
  return (task, deregistrationDelaySeconds) => ({
    task,
    stopTimeoutSeconds: stopTimeouts.get(task.taskDefinitionArn) ?? usualStopTimeoutSeconds,
    deregistrationDelaySeconds: balanced.has(serviceNameOf(task) ?? '') ? deregistrationDelaySeconds : 0,
  });
}

/** How long each of these tasks, all of groups with the same deregistration delay, may take to end. */
export async function endingsOf(
  fleet: Pick<Fleet, 'services' | 'definition'>,
  clusterName: string,
  tasks: readonly Task[],
  deregistrationDelaySeconds: number,
): Promise<readonly Ending[]> {
  const endingOf = await readEndings(fleet, clusterName, tasks);
  return tasks.map((task) => endingOf(task, deregistrationDelaySeconds));
}

/** From the order to stop to STOPPED, at most (seconds); what the agent and ECS need for it comes on top. */
export const secondsToStop = ({ deregistrationDelaySeconds, stopTimeoutSeconds }: Ending): number =>
  deregistrationDelaySeconds + stopTimeoutSeconds;
