import { bindingsFor } from './definition.ts';
import { freeGpuIds, gpuIdsFor } from './gpus.ts';
import type { Input } from './input.ts';
import type { Container, TaskDefinition, TaskRecord } from './records.ts';
import type { State } from './state.ts';
import type { Site } from './task-order.ts';

/** The containers of a new task, with host ports and GPUs that no other task on its instance has (D-9.69, D-9.72). */
export function newContainers(
  state: State,
  taskArn: string,
  { clusterArn, containerInstanceArn }: Site,
  definition: TaskDefinition,
  overrides: Input,
): Container[] {
  const { ids, arns } = state;
  const neighbours = containerInstanceArn === undefined ? [] : state.tasksOn(containerInstanceArn);
  const used = neighbours
    .flatMap(({ containers }) => containers.flatMap(({ networkBindings }) => networkBindings))
    .map(({ hostPort }) => hostPort);
  const bindings = bindingsFor(definition, used);
  const instance = containerInstanceArn === undefined ? undefined : state.instance(containerInstanceArn);
  const gpus = gpuIdsFor(definition, overrides, instance ? freeGpuIds(instance) : []);
  return [...definition.behaviour.exitCodes.keys()].map((name) => ({
    name,
    containerArn: arns.container(clusterArn, taskArn, ids),
    runtimeId: ids.hex(64),
    lastStatus: 'PENDING',
    networkBindings: bindings.get(name) ?? [],
    gpuIds: gpus.get(name) ?? [],
  }));
}

/** The containers of a task that waited, with host ports and GPUs of the instance that it has now. */
export function withPorts(
  state: State,
  { taskArn, definition, containers, overrides }: TaskRecord,
  site: Site,
): Container[] {
  const fresh = newContainers(state, taskArn, site, definition, overrides);
  return containers.map((container) => {
    const { networkBindings = [], gpuIds = [] } = fresh.find(({ name }) => name === container.name) ?? {};
    return { ...container, networkBindings, gpuIds };
  });
}

/** The containers with the codes that they exited with. */
export const withExitCodes = (
  containers: readonly Container[],
  codes: ReadonlyMap<string, number>,
): Container[] => containers.map((container) => ({ ...container, exitCode: codes.get(container.name) ?? 0 }));

/** What an agent reports of one container. */
export interface ContainerReport {
  readonly name: string;
  readonly status: string | undefined;
  readonly exitCode: number | undefined;
  readonly runtimeId: string | undefined;
  readonly reason: string | undefined;
}

/** The containers with what was reported of one of them. */
export function withReport(containers: readonly Container[], report: ContainerReport): Container[] {
  const lastStatus = (['PENDING', 'RUNNING', 'STOPPED'] as const).find((each) => each === report.status);
  return containers.map((container) =>
    container.name === report.name
      ? {
          ...container,
          lastStatus: lastStatus ?? container.lastStatus,
          exitCode: report.exitCode ?? container.exitCode,
          runtimeId: report.runtimeId ?? container.runtimeId,
          reason: report.reason ?? container.reason,
        }
      : container,
  );
}
