import { Fault } from '../../machine.ts';
import { clusterOf } from '../arn.ts';
import { type Input, invalid, oneOf, requiredText, someOf, structure, text, texts } from '../input.ts';
import { computedDesiredCount, isTaskSetSteady, settingsOf } from '../pools.ts';
import type { TaskRecord } from '../records.ts';
import type { Service, TaskSet } from '../service-records.ts';
import { taskSetShape } from '../service-shapes.ts';
import type { State } from '../state.ts';
import { tagsOf } from '../tags.ts';
import { definitionOf } from './definitions.ts';
import { checkPlacement, infrastructureOf } from './infrastructure.ts';
import { checkExternal, loadBalancersOf, registriesOf } from './new-service.ts';
import type { Operations, Request } from './operation.ts';
import { activeService, serviceOf } from './services.ts';

/** As others saw it refused: https://github.com/aws-samples/ecs-bg-external-controller/issues/6 */
const taskSetsMax = 5;
const idPattern = /^ecs-svc\/\d{19}$/;

/** The operations on the task sets of services with the EXTERNAL deployment controller (D-9.49 to D-9.53). */
export const taskSetOperations: Operations = {
  CreateTaskSet: {
    answer(request) {
      const { input, state } = request;
      const service = external(activeService(request));
      const token = text(input, 'clientToken', /^[!-~]{1,36}$/);
      return state.tokens.once(
        token === undefined ? undefined : `${service.serviceArn} task set ${token}`,
        input,
        () => create(request, service),
        invalid('Creation of task set was not idempotent.'),
      );
    },
  },
  UpdateTaskSet: {
    answer(request) {
      const { now, input } = request;
      const service = external(activeService(request));
      const taskSet = taskSetOf(request, service, requiredText(input, 'taskSet'));
      if (taskSet.status === 'DRAINING') throw invalid('taskSet: it is DRAINING and cannot be scaled.');
      const scaled = { ...taskSet, scalePercent: scaleOf(input), updatedAt: now, isSteady: false };
      return answered(request, put(request, service, scaled), scaled);
    },
  },
  DescribeTaskSets: {
    reads: 'services',
    answer(request) {
      const { input, state, viewAt } = request;
      const { serviceArn } = external(serviceOf(request));
      const service = state.services.get(serviceArn, viewAt);
      const given = texts(input, 'taskSets').map((id) => identified(state, serviceArn, id));
      const all = service?.taskSets ?? [];
      const arns = given.length > 0 ? [...new Set(given)] : all.map(({ taskSetArn }) => taskSetArn);
      const found = arns.flatMap((arn) => all.find(({ taskSetArn }) => taskSetArn === arn) ?? []);
      const missing = arns.filter((arn) => !all.some(({ taskSetArn }) => taskSetArn === arn));
      const wantsTags = someOf(input, 'include', ['TAGS']).includes('TAGS');
      const tasks = state.tasks.values(viewAt).filter((task) => task.serviceArn === serviceArn);
      return {
        taskSets: found.map((taskSet) => ({
          ...(service && taskSetSeen(state, service, taskSet, tasks, viewAt)),
          ...(wantsTags && { tags: taskSet.tags }),
        })),
        failures: missing.map((arn) => ({ arn, reason: 'MISSING' })),
      };
    },
  },
  DeleteTaskSet: {
    answer(request) {
      const { now, input } = request;
      const service = external(activeService(request));
      const taskSet = taskSetOf(request, service, requiredText(input, 'taskSet'));
      const isForced = input.force === true;
      if (taskSet.status === 'PRIMARY' && !isForced)
        throw invalid('The primary task set cannot be deleted without force.');
      if (computedDesiredCount(service, taskSet) > 0 && !isForced)
        throw invalid('The task set cannot be deleted while it is scaled above 0.');
      const draining: TaskSet = { ...taskSet, status: 'DRAINING', updatedAt: now, isSteady: false };
      return answered(request, put(request, service, draining), draining);
    },
  },
  UpdateServicePrimaryTaskSet: {
    answer(request) {
      const { now, input } = request;
      const service = external(activeService(request));
      const chosen = taskSetOf(request, service, requiredText(input, 'primaryTaskSet'));
      if (chosen.status === 'DRAINING') throw invalid('primaryTaskSet: it is DRAINING.');
      const primary: TaskSet = { ...chosen, status: 'PRIMARY', updatedAt: now };
      const taskSets = service.taskSets.map((each) =>
        each.status === 'PRIMARY' ? { ...each, status: 'ACTIVE' as const, updatedAt: now } : each,
      );
      const next = { ...service, ...settingsOf(primary), taskSets };
      return answered(request, put(request, next, primary), primary);
    },
  },
};

function create(request: Request, service: Service): Record<string, unknown> {
  const { now, input, state, scheduler } = request;
  if (service.taskSets.length >= taskSetsMax)
    throw invalid(
      `${taskSetsMax} deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.`,
    );
  const definition = definitionOf(state, requiredText(input, 'taskDefinition'));
  const infrastructure = infrastructureOf(state, state.cluster(clusterOf(input)), input, definition);
  checkPlacement(infrastructure, definition, service.placementConstraints, service.placementStrategy);
  checkExternal(infrastructure, input);
  const launch = { ...infrastructure, definition, loadBalancers: loadBalancersOf(state, input, definition) };
  const taskSet = scheduler.rollout.beginTaskSet(now, service.serviceArn, launch, {
    status: 'ACTIVE',
    scalePercent: input.scale === undefined ? 100 : scaleOf(input),
    externalId: text(input, 'externalId'),
    serviceRegistries: registriesOf(input, definition.networkMode),
    tags: tagsOf(input),
  });
  return answered(request, put(request, service, taskSet), taskSet);
}

/** Writes a task set, new or changed, and has the scheduler look. */
function put({ now, state, scheduler }: Request, service: Service, taskSet: TaskSet): Service {
  const isKnown = service.taskSets.some(({ id }) => id === taskSet.id);
  const taskSets = isKnown
    ? service.taskSets.map((each) => (each.id === taskSet.id ? taskSet : each))
    : [...service.taskSets, taskSet];
  const changed = { ...service, taskSets };
  state.putService(now, changed);
  scheduler.touch(now, service.serviceArn);
  return changed;
}

function answered({ now, state }: Request, service: Service, taskSet: TaskSet): Record<string, unknown> {
  return { taskSet: taskSetSeen(state, service, taskSet, state.tasksOf(service.serviceArn), now) };
}

/** A task set as the API gives it at a time; `tasks` are those of its service, others of them are left out. */
export function taskSetSeen(
  state: State,
  service: Service,
  taskSet: TaskSet,
  tasks: readonly TaskRecord[],
  at: number,
): Record<string, unknown> {
  const own = tasks.filter((task) => task.startedBy === taskSet.id && task.lastStatus !== 'STOPPED');
  const isDraining = (task: TaskRecord) => state.isDraining(task, at);
  const isSteady = isTaskSetSteady(service, taskSet, own, { at, isDraining });
  return taskSetShape(service, taskSet, { at, tasks: own, isSteady });
}

function external(service: Service): Service {
  if (service.deploymentController === 'EXTERNAL') return service;
  throw invalid(
    'Amazon ECS only supports task set management on services configured to use external deployment controllers.',
  );
}

/** The ARN that an id or an ARN means. Throws on what is neither. */
function identified(state: State, serviceArn: string, idOrArn: string): string {
  const taskSetArn = state.arns.taskSet(serviceArn, idOrArn);
  const isArn = idOrArn === taskSetArn;
  if (isArn || idPattern.test(idOrArn)) return taskSetArn;
  throw invalid('Task Set Identifier is invalid');
}

function taskSetOf({ state }: Request, { serviceArn, taskSets }: Service, idOrArn: string): TaskSet {
  const arn = identified(state, serviceArn, idOrArn);
  const found = taskSets.find(({ taskSetArn }) => taskSetArn === arn);
  if (!found) throw new Fault('TaskSetNotFoundException', 'The specified task set was not found.');
  return found;
}

/** A number from 0 to 100, in percent (D-9.51). */
function scaleOf(input: Input): number {
  const scale = structure(input.scale, 'scale');
  oneOf(scale, 'unit', ['PERCENT']);
  const { value } = scale;
  if (typeof value !== 'number' || !(value >= 0 && value <= 100))
    throw invalid(`scale: expected a value from 0 to 100, got ${JSON.stringify(value) ?? 'nothing'}.`);
  return value;
}
