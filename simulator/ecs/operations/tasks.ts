import { Fault } from '../../machine.ts';
import { clusterOf } from '../arn.ts';
import { ids, invalid, oneOf, refuse, requiredText, someOf, text } from '../input.ts';
import { launchTypes } from '../launch-types.ts';
import { pageOf } from '../paging.ts';
import { partialFailures } from '../partial-failures.ts';
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
      const taskArn = state.taskIn(clusterArn, requiredText(input, 'task'))?.taskArn;
      if (taskArn === undefined) throw invalid('The referenced task was not found.');
      const stoppedReason = text(input, 'reason', /^.{0,255}$/s) ?? 'Task stopped by user';
      tasks.stop(now, taskArn, { stopCode: 'UserInitiated', stoppedReason });
      return { task: taskShape(state.task(taskArn)) };
    },
  },
  ListTasks: {
    reads: 'tasks',
    answer(request) {
      const { input, state } = request;
      const { clusterArn } = state.cluster(clusterOf(input));
      const filter = taskFilter(request, clusterArn);
      const arnsAfter = (after: string) => tasksAfter(request, after, filter);
      const { entries, ...token } = pageOf(request, arnsAfter, { usualSize: 100 });
      return { taskArns: entries, ...token };
    },
  },
  DescribeTasks: {
    reads: 'tasks',
    answer(request) {
      const { input, state, viewAt } = request;
      const { clusterArn } = state.cluster(clusterOf(input));
      const asked = ids(input, 'tasks', describesMax, 'Tasks').map((id) => state.arns.task(clusterArn, id));
      const named = [...new Set(asked)];
      const failed = partialFailures(request, named);
      const unique = named.filter((each) => !failed.some(({ arn }) => arn === each));
      const found = unique.flatMap((arn) => state.taskIn(clusterArn, arn, viewAt) ?? []);
      const missing = unique.filter((arn) => state.taskIn(clusterArn, arn, viewAt) === undefined);
      const wantsTags = someOf(input, 'include', ['TAGS']).includes('TAGS');
      return {
        // The tags of a task go when it is told to stop (D-9.31).
        tasks: found.map((task) => ({
          ...taskShape(task),
          ...(wantsTags && { tags: task.desiredStatus === 'STOPPED' ? [] : task.tags }),
        })),
        failures: [...failed, ...missing.map((arn) => ({ arn, reason: 'MISSING' }))],
      };
    },
  },
};

/** Which tasks a list has, and where they are all to be found, if not among all there are. */
interface TaskFilter {
  readonly isAsked: (task: TaskRecord) => boolean;
  readonly among?: Iterable<string> | undefined;
}

function* tasksAfter(
  { state, viewAt }: Request,
  after: string,
  { isAsked, among }: TaskFilter,
): Generator<string> {
  const arns = among && [...among].filter((arn) => arn > after).sort();
  for (const arn of arns ?? state.tasks.keysAfter(after)) {
    const task = state.tasks.get(arn, viewAt);
    if (task && isAsked(task)) yield arn;
  }
}

/** The default shows tasks whose desired status is RUNNING; PENDING never finds anything (D-2.31). */
function taskFilter({ input, state }: Request, clusterArn: string): TaskFilter {
  const desiredStatus = oneOf(input, 'desiredStatus', ['RUNNING', 'PENDING', 'STOPPED']) ?? 'RUNNING';
  const instance = text(input, 'containerInstance');
  const family = text(input, 'family');
  refuse('ListTasks', input, ['daemonName']);
  const startedBy = text(input, 'startedBy');
  const serviceName = text(input, 'serviceName');
  const launchType = oneOf(input, 'launchType', launchTypes);
  const others = [instance, family, serviceName, launchType].filter((filter) => filter !== undefined);
  if (startedBy !== undefined && others.length > 0)
    throw invalid('startedBy: cannot be combined with other filters.');
  const serviceArn = serviceName && state.arns.service(clusterArn, serviceName);
  if (serviceArn && !state.services.get(serviceArn))
    throw new Fault('ServiceNotFoundException', 'Service not found.');
  const instanceArn = instance && state.arns.containerInstance(clusterArn, instance);
  const isAsked = (task: TaskRecord) =>
    task.clusterArn === clusterArn &&
    task.desiredStatus === desiredStatus &&
    (!instanceArn || task.containerInstanceArn === instanceArn) &&
    (!family || task.definition.family === family) &&
    (startedBy === undefined || task.startedBy === startedBy) &&
    (!serviceArn || task.serviceArn === serviceArn) &&
    (launchType === undefined || task.launchType === launchType);
  if (instanceArn) return { isAsked, among: state.taskIndex.known({ containerInstanceArn: instanceArn }) };
  return { isAsked, among: serviceArn ? state.taskIndex.known({ serviceArn }) : undefined };
}
