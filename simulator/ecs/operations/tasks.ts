import { Fault } from '../../machine.ts';
import { clusterOf } from '../arn.ts';
import { reservationOf } from '../definition.ts';
import {
  type Input,
  ids,
  invalid,
  oneOf,
  page,
  refuse,
  requiredText,
  structure,
  text,
  texts,
  whole,
} from '../input.ts';
import { place, placementConstraints, placementStrategy, type Requirement } from '../placement.ts';
import type { TaskRecord } from '../records.ts';
import { taskShape } from '../shapes.ts';
import type { State } from '../state.ts';
import { tagsOf } from './clusters.ts';
import { definitionOf } from './definitions.ts';
import type { Operations, Request } from './operation.ts';

/** D-5.14. */
const describesMax = 100;
const runsMax = 10;

/** The operations on tasks. */
export const taskOperations: Operations = {
  RunTask: {
    answer(request) {
      const { input, state } = request;
      refuse('RunTask', input, ['capacityProviderStrategy', 'platformVersion', 'volumeConfigurations']);
      oneOf(input, 'launchType', ['EC2']);
      const { clusterArn } = state.cluster(clusterOf(input));
      if (oneOf(input, 'propagateTags', ['TASK_DEFINITION', 'SERVICE', 'NONE']) === 'SERVICE')
        throw invalid('propagateTags: SERVICE is not possible for RunTask.');
      const token = text(input, 'clientToken', /^[!-~]{1,64}$/);
      return state.once(token === undefined ? undefined : `${clusterArn} ${token}`, input, () =>
        run(request, clusterArn),
      );
    },
  },
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
      const all = state.tasks
        .values(viewAt)
        .filter((task) => task.clusterArn === clusterArn && isAsked(task));
      const { entries, ...token } = page(
        input,
        all.map(({ taskArn }) => taskArn),
        100,
      );
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
      const wantsTags = texts(input, 'include').includes('TAGS');
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

/** The default shows tasks whose desired status is RUNNING; PENDING never finds anything (D-2.31). */
function taskFilter({ input, state }: Request, clusterArn: string): (task: TaskRecord) => boolean {
  const desiredStatus = oneOf(input, 'desiredStatus', ['RUNNING', 'PENDING', 'STOPPED']) ?? 'RUNNING';
  const instance = text(input, 'containerInstance');
  const family = text(input, 'family');
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
    (launchType === undefined || launchType === 'EC2');
}

/** Places up to ten standalone tasks; what finds no place is a failure, not an error (D-9.27, D-9.59). */
function run(request: Request, clusterArn: string): Record<string, unknown> {
  const { now, input, state, tasks } = request;
  const definition = definitionOf(state, requiredText(input, 'taskDefinition'));
  const count = whole(input, 'count', 1, runsMax) ?? 1;
  if (!state.instancesOf(clusterArn).some(({ status }) => status === 'ACTIVE'))
    throw invalid('No Container Instances were found in your cluster.');
  const overrides = structure(input.overrides, 'overrides');
  const reservation = reservationOf(definition, overrides);
  const strategy = placementStrategy(input);
  const constraints = placementConstraints(input);
  const order = {
    definition,
    reservation,
    group: text(input, 'group') ?? `family:${definition.family}`,
    startedBy: text(input, 'startedBy', /^[A-Za-z0-9\-_/]{0,128}$/),
    tags: tagsOf(input),
    ...overridesOf(input),
  };
  const placed: TaskRecord[] = [];
  const failures = new Map<string, { arn: string; reason: string }>();
  // Without a strategy, tasks of RunTask go to any instance that has room.
  const pick = (among: number) => Number.parseInt(state.ids.hex(8), 16) % among;
  for (let number = 0; number < count; number++) {
    const requirement = {
      definition,
      reservation,
      constraints,
      siblings: siblingsOf(state, clusterArn, order.group),
    };
    const placement = place(state.instancesOf(clusterArn), requirement, strategy, pick);
    if (placement.kind === 'placed') placed.push(tasks.place(now, placement.instance, order));
    else
      for (const { instance, reason } of placement.misfits)
        failures.set(instance.containerInstanceArn, { arn: instance.containerInstanceArn, reason });
  }
  return { tasks: placed.map(taskShape), failures: [...failures.values()] };
}

/** Tasks of the same group count for spreading and distinctInstance. */
function siblingsOf(state: State, clusterArn: string, group: string): Requirement['siblings'] {
  const siblings = new Map<string, number>();
  for (const { containerInstanceArn } of state.instancesOf(clusterArn)) {
    const own = state.tasksOn(containerInstanceArn).filter((task) => task.group === group);
    siblings.set(containerInstanceArn, own.filter(({ desiredStatus }) => desiredStatus === 'RUNNING').length);
  }
  return siblings;
}

function overridesOf({ overrides }: Input) {
  return overrides === undefined ? {} : { overrides: structure(overrides, 'overrides') };
}
