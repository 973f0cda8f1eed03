import { Fault } from '../../machine.ts';
import { clusterOf } from '../arn.ts';
import { misconfiguration } from '../configuration-faults.ts';
import { reservationOf } from '../definition.ts';
import {
  flag,
  type Input,
  ids,
  invalid,
  oneOf,
  refuse,
  requiredText,
  structure,
  text,
  whole,
} from '../input.ts';
import { misfit, placementConstraints, placementStrategy } from '../placement.ts';
import type { Refusal } from '../placer.ts';
import type { Cluster, ContainerInstanceRecord, TaskDefinition, TaskRecord } from '../records.ts';
import { taskShape } from '../shapes.ts';
import type { State } from '../state.ts';
import { zonesOfSubnets } from '../subnets.ts';
import { tagsOf, taskTags } from '../tags.ts';
import { definitionOf } from './definitions.ts';
import { checkCompatible, checkPlacement, infrastructureOf, networkOf } from './infrastructure.ts';
import type { Operations, Request } from './operation.ts';

/** D-5.14. */
const runsMax = 10;
/** From a task that finds no instance of its provider to its end (our choice). */
const givenUpMs = 1_000;
/** Of the overrides as JSON (D-9.27). */
const overridesCharactersMax = 8_192;

/** One thing that did not become a task. */
interface Failure {
  readonly arn: string;
  readonly reason: string;
  readonly detail?: string;
}

/** RunTask, which finds places for tasks, and StartTask, which is told them. */
export const runTaskOperations: Operations = {
  RunTask: {
    answer(request) {
      const { input, state } = request;
      refuse('RunTask', input, ['volumeConfigurations']);
      const cluster = state.cluster(clusterOf(input));
      const token = text(input, 'clientToken', /^[!-~]{1,64}$/);
      return state.tokens.once(
        token === undefined ? undefined : `${cluster.clusterArn} ${token}`,
        input,
        () => run(request, cluster),
        new Fault('ConflictException', 'The clientToken was used with other parameters before.'),
      );
    },
  },
  StartTask: {
    answer(request) {
      const { input, state } = request;
      refuse('StartTask', input, ['volumeConfigurations']);
      const { clusterArn } = state.cluster(clusterOf(input));
      const asked = ids(input, 'containerInstances', runsMax, 'containerInstances');
      const arns = [...new Set(asked.map((id) => state.arns.containerInstance(clusterArn, id)))];
      const order = orderOf(request, clusterArn, /^[A-Za-z0-9\-_/]{0,36}$/);
      checkConfiguration(state, order);
      for (const arn of arns) checkCompatible(order.definition, state.instances.get(arn)?.hosting ?? 'EC2');
      const zones = zonesOfSubnets(state, networkOf(input, order.definition.networkMode, 'EC2'));
      const outcomes = arns.map((arn) => start(request, clusterArn, arn, { order, zones }));
      return {
        tasks: outcomes.flatMap((outcome) => ('taskArn' in outcome ? [taskShape(outcome)] : [])),
        failures: outcomes.flatMap((outcome) => ('taskArn' in outcome ? [] : [outcome])),
      };
    },
  },
};

/** Places up to ten standalone tasks; what finds no place is a failure, not an error (D-9.27, D-9.59). */
function run(request: Request, cluster: Cluster): Record<string, unknown> {
  const { now, input, state, placer, tasks } = request;
  const { clusterArn } = cluster;
  const order = orderOf(request, clusterArn, /^[A-Za-z0-9\-_/]{0,128}$/);
  const infrastructure = infrastructureOf(state, cluster, input, order.definition);
  const strategy = placementStrategy(input);
  const constraints = placementConstraints(input);
  checkPlacement(infrastructure, order.definition, constraints, strategy);
  checkConfiguration(state, order);
  const count = whole(input, 'count', 1, runsMax) ?? 1;
  const isByLaunchType = infrastructure.capacityProviderStrategy.length === 0;
  const { launchType } = infrastructure;
  const hasInstances = state
    .instancesOf(clusterArn)
    .some(({ status, hosting }) => status === 'ACTIVE' && hosting === launchType);
  if (launchType !== 'FARGATE' && isByLaunchType && !hasInstances)
    throw invalid('No Container Instances were found in your cluster.');
  if (placer.isFull(clusterArn, infrastructure.capacityProviderStrategy))
    throw new Fault(
      'ClientException',
      'The cluster has as many tasks in the PROVISIONING state as its quota allows.',
    );
  const { placed, refusals } = placer.start(now, {
    clusterArn,
    count,
    order,
    infrastructure,
    strategy,
    constraints,
    // Tasks of the same group count for spreading and distinctInstance; base and weight hold for this call alone.
    siblings: state
      .instancesOf(clusterArn)
      .flatMap(({ containerInstanceArn }) => state.tasksOn(containerInstanceArn))
      .filter((task) => task.group === order.group && task.desiredStatus === 'RUNNING'),
    sharers: [],
    // Without a strategy, tasks of RunTask go to any instance that has room.
    pick: (among) => Number.parseInt(state.ids.hex(8), 16) % among,
  });
  // By provider, what finds no instance of a group fails as a task (D-9.61).
  const isLater = ({ capacityProvider }: Refusal) =>
    capacityProvider !== undefined && launchType !== 'FARGATE';
  const failing = refusals.filter(isLater).flatMap(({ capacityProvider, reason = '', count: refused }) =>
    Array.from({ length: refused }, () => {
      const task = tasks.wait(now, clusterArn, {
        ...order,
        launchType,
        capacityProviderName: capacityProvider,
      });
      state.after(now, givenUpMs, (then) => tasks.giveUp(then, task.taskArn, reason));
      return task;
    }),
  );
  return {
    tasks: [...placed, ...failing].map(taskShape),
    failures: refusals.filter((each) => !isLater(each)).flatMap((each) => failuresOf(state, each)),
  };
}

/** Throws where no such task can be started (D-14.63). */
function checkConfiguration(state: State, order: ReturnType<typeof orderOf>): void {
  const reason = misconfiguration(state, order);
  if (reason !== undefined) throw new Fault('ClientException', reason);
}

/** What tasks of RunTask and StartTask are, checked. */
function orderOf(request: Request, clusterArn: string, startedByPattern: RegExp) {
  const { input, state } = request;
  const definition = definitionOf(state, requiredText(input, 'taskDefinition'));
  const propagateTags = oneOf(input, 'propagateTags', ['TASK_DEFINITION', 'SERVICE', 'NONE']) ?? 'NONE';
  if (propagateTags === 'SERVICE') throw invalid('propagateTags: SERVICE is only possible for a service.');
  const enableECSManagedTags = flag(input, 'enableECSManagedTags') ?? false;
  const rules = { clusterArn, propagateTags, enableECSManagedTags };
  return {
    definition,
    reservation: reservationOf(definition, structure(input.overrides, 'overrides')),
    createdBy: request.caller.principalArn,
    group: groupOf(input, definition),
    startedBy: text(input, 'startedBy', startedByPattern),
    tags: taskTags(rules, definition, tagsOf(input)),
    enableExecuteCommand: flag(input, 'enableExecuteCommand') ?? false,
    ...overridesOf(input, definition),
  };
}

/** `family:` and the family unless another one is given; `service:` belongs to services. */
function groupOf(input: Input, { family }: TaskDefinition): string {
  return text(input, 'group', /^(?!service:).{1,255}$/s) ?? `family:${family}`;
}

function overridesOf({ overrides }: Input, definition: TaskDefinition) {
  if (overrides === undefined) return {};
  const { length } = JSON.stringify(overrides);
  if (length > overridesCharactersMax)
    throw invalid(`overrides: expected at most ${overridesCharactersMax} characters of JSON, got ${length}.`);
  const given = structure(overrides, 'overrides');
  const containers = definition.behaviour.exitCodes;
  for (const { name } of (given.containerOverrides ?? []) as readonly { name?: string }[])
    if (name !== undefined && !containers.has(name))
      throw invalid(`Override for container named ${name} is not a container in the TaskDefinition.`);
  return { overrides: given };
}

/** One failure for each instance that was asked; without one, for the provider of Fargate (D-9.60, D-10.17). */
function failuresOf(state: State, { capacityProvider, reason, misfits }: Refusal): Failure[] {
  if (misfits.length > 0)
    return misfits.map(({ instance, reason: why }) => ({ arn: instance.containerInstanceArn, reason: why }));
  if (capacityProvider === undefined || reason === undefined) return [];
  return [{ arn: state.arns.capacityProvider(capacityProvider), reason }];
}

/** What is to start, and in which zones it may be. */
interface Start {
  readonly order: ReturnType<typeof orderOf>;
  readonly zones: readonly string[] | undefined;
}

/** A task on one named instance, or why there is none (D-9.30, D-9.60). */
function start(
  { now, state, tasks }: Request,
  clusterArn: string,
  containerInstanceArn: string,
  { order, zones }: Start,
): TaskRecord | Failure {
  const instance = state.instanceIn(clusterArn, containerInstanceArn);
  if (!instance) return { arn: containerInstanceArn, reason: 'MISSING' };
  const why = instance.status === 'ACTIVE' ? misfitOf(instance, { order, zones }) : 'INACTIVE';
  if (why === undefined) return tasks.place(now, instance, { ...order, launchType: instance.hosting });
  const isDraining = instance.status === 'DRAINING';
  const detail = isDraining ? { detail: 'The container instance is DRAINING.' } : {};
  return { arn: containerInstanceArn, reason: why, ...detail };
}

const misfitOf = (instance: ContainerInstanceRecord, { order: { definition, reservation }, zones }: Start) =>
  misfit(instance, { definition, reservation, constraints: [], siblings: new Map(), zones });
