import { Fault } from '../../machine.ts';
import { clusterOf } from '../arn.ts';
import { ids, invalid, oneOf, pageOfKeys, refuse, requiredText, someOf, text } from '../input.ts';
import type { TaskRecord } from '../records.ts';
import { taskShape } from '../shapes.ts';
import type { Operations, Request } from './operation.ts';

/** D-5.14. */
const describesMax = 100;

/** The operations on tasks that are there. */
export const taskOperations: Operations = {
  StopTask: {
    answer(request) {
      const { now, input, state, tasks } = request;
      const { clusterArn } = state.cluster(clusterOf(input));
      const taskArn = state.arns.task(clusterArn, requiredText(input, 'task'));
      if (!state.tasks.get(taskArn)) throw invalid('The referenced task was not found.');
      const stoppedReason = text(input, 'reason', /^.{0,255}$/s) ?? 'Task stopped by user';
      tasks.stop(now, taskArn, { stopCode: 'UserInitiated', stoppedReason });
      return { task: taskShape(state.task(taskArn)) };
    },
  },
  ListTasks: {
    reads: 'tasks',
    answer(request) {
      const { input, state, viewAt } = request;
      const { clusterArn } = state.cluster(clusterOf(input));
      const isAsked = taskFilter(request, clusterArn);
      const prefix = state.arns.task(clusterArn, '');
      const isListed = (key: string) => {
        const task = state.tasks.get(key, viewAt);
        return task !== undefined && isAsked(task);
      };
      const keysAfter = (after: string) =>
        withPrefix(prefix, state.tasks.keysAfter(after > prefix ? after : prefix));
      const { entries, ...token } = pageOfKeys(input, keysAfter, isListed, 100);
      return { taskArns: entries, ...token };
    },
  },
  DescribeTasks: {
    reads: 'tasks',
    answer({ input, state, viewAt }) {
      const { clusterArn } = state.cluster(clusterOf(input));
      const asked = ids(input, 'tasks', describesMax, 'tasks').map((id) => state.arns.task(clusterArn, id));
      const unique = [...new Set(asked)];
      const found = unique.flatMap((arn) => state.tasks.get(arn, viewAt) ?? []);
      const missing = unique.filter((arn) => state.tasks.get(arn, viewAt) === undefined);
      const wantsTags = someOf(input, 'include', ['TAGS']).includes('TAGS');
      return {
        // The tags of a task go when it is told to stop (D-9.31).
        tasks: found.map((task) => ({
          ...taskShape(task),
          ...(wantsTags && { tags: task.desiredStatus === 'STOPPED' ? [] : task.tags }),
        })),
        failures: missing.map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  },
};

/** The ARNs of one cluster stand together. */
function* withPrefix(prefix: string, keys: Iterable<string>): Generator<string> {
  for (const key of keys) {
    if (!key.startsWith(prefix)) return;
    yield key;
  }
}

/** The default shows tasks whose desired status is RUNNING; PENDING never finds anything (D-2.31). */
function taskFilter({ input, state }: Request, clusterArn: string): (task: TaskRecord) => boolean {
  const desiredStatus = oneOf(input, 'desiredStatus', ['RUNNING', 'PENDING', 'STOPPED']) ?? 'RUNNING';
  const instance = text(input, 'containerInstance');
  const family = text(input, 'family');
  refuse('ListTasks', input, ['daemonName']);
  const startedBy = text(input, 'startedBy');
  const serviceName = text(input, 'serviceName');
  const launchType = oneOf(input, 'launchType', ['EC2', 'FARGATE', 'EXTERNAL', 'MANAGED_INSTANCES']);
  const others = [instance, family, serviceName, launchType].filter((filter) => filter !== undefined);
  if (startedBy !== undefined && others.length > 0)
    throw invalid('startedBy: cannot be combined with other filters.');
  const serviceArn = serviceName && state.arns.service(clusterArn, serviceName);
  if (serviceArn && !state.services.get(serviceArn))
    throw new Fault('ServiceNotFoundException', 'Service not found.');
  const instanceArn = instance && state.arns.containerInstance(clusterArn, instance);
  return (task) =>
    task.desiredStatus === desiredStatus &&
    (!instanceArn || task.containerInstanceArn === instanceArn) &&
    (!family || task.definition.family === family) &&
    (startedBy === undefined || task.startedBy === startedBy) &&
    (!serviceArn || task.serviceArn === serviceArn) &&
    (launchType === undefined || task.launchType === launchType);
}
