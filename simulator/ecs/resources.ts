import type { ContainerInstanceRecord, Resources, TaskRecord } from './records.ts';

/** What tasks leave of the registered resources; of ports, the ones in use (D-9.4). */
function remaining(registered: Resources, tasks: readonly TaskRecord[]): Resources {
  let { cpu, memoryMib } = registered;
  const ports = [...registered.ports];
  const udpPorts = [...registered.udpPorts];
  for (const { reservation } of tasks) {
    cpu -= reservation.cpu;
    memoryMib -= reservation.memoryMib;
    ports.push(...reservation.ports);
    udpPorts.push(...reservation.udpPorts);
  }
  return { cpu, memoryMib, ports, udpPorts };
}

/** An instance with what its tasks that are not STOPPED leave of it, and how many there are (D-2.12, D-9.4, D-9.72). */
export function withTasks(
  instance: ContainerInstanceRecord,
  tasks: readonly TaskRecord[],
  returnsWhenStopDecided: boolean,
): ContainerInstanceRecord {
  const meantToRun = tasks.filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
  const holding = returnsWhenStopDecided ? meantToRun : tasks;
  return {
    ...instance,
    remainingResources: remaining(instance.registeredResources, holding),
    heldGpuIds: holding.flatMap(({ containers }) => containers.flatMap(({ gpuIds }) => gpuIds)),
    runningTasksCount: meantToRun.length,
    pendingTasksCount: tasks.filter(({ lastStatus }) => lastStatus === 'PENDING').length,
    awsvpcTasksCount: tasks.filter(({ definition }) => definition.networkMode === 'awsvpc').length,
    taskGroups: [...new Set(tasks.map(({ group }) => group))],
  };
}
