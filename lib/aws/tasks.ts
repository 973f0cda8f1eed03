import { DescribeTasksCommand, type ECSClient, type Task as EcsTask } from '@aws-sdk/client-ecs';
import { chunks } from '../grouping.ts';
import type { Needs } from '../room.ts';
import type { Task } from '../task.ts';

/** D-5.14. */
const tasksPerDescribe = 100;
/** Host ports below it are none that Docker gives out, so the task asks for it by number (D-14.30). */
const ephemeralPortsFrom = 32_768;

/** These tasks; those that ECS has forgotten are left out. */
export async function describeTasks(
  client: ECSClient,
  cluster: string,
  taskArns: readonly string[],
): Promise<Task[]> {
  const found: Task[] = [];
  for (const tasks of chunks(taskArns, tasksPerDescribe)) {
    const answer = await client.send(new DescribeTasksCommand({ cluster, tasks }));
    found.push(...(answer.tasks ?? []).map(taskOf));
  }
  return found;
}

function taskOf(task: EcsTask): Task {
  return {
    taskArn: task.taskArn ?? '',
    containerInstanceArn: task.containerInstanceArn ?? '',
    lastStatus: task.lastStatus ?? '',
    desiredStatus: task.desiredStatus ?? '',
    startedBy: task.startedBy,
    group: task.group ?? '',
    taskDefinitionArn: task.taskDefinitionArn ?? '',
    needs: needsOf(task),
    version: task.version ?? 0,
    startedAt: task.startedAt,
    stoppingAt: task.stoppingAt,
    stoppedAt: task.stoppedAt,
  };
}

/**
 * What a task has taken, at least: the size of the task and the sum over its containers are both shown, and which of them
 * counts depends on its definition, which is not.
 */
function needsOf({ cpu, memory, containers = [] }: EcsTask): Needs {
  const sum = (values: readonly (string | undefined)[]) =>
    values.reduce((total, value) => total + Number(value ?? 0), 0);
  const ports = containers.flatMap(({ networkBindings = [] }) => networkBindings);
  return {
    cpu: least(Number(cpu ?? 0), sum(containers.map((one) => one.cpu))),
    memoryMib: least(Number(memory ?? 0), sum(containers.map((one) => one.memoryReservation ?? one.memory))),
    gpus: containers.flatMap(({ gpuIds = [] }) => gpuIds).length,
    ports: ports.flatMap(({ hostPort }) =>
      hostPort !== undefined && hostPort < ephemeralPortsFrom ? hostPort : [],
    ),
  };
}

/** The smaller of the two that says something. */
const least = (one: number, other: number) => (one > 0 && other > 0 ? Math.min(one, other) : one || other);
