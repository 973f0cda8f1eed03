import { isReachable } from './agents.ts';
import { freeGpuIds } from './gpus.ts';
import { type Input, invalid, oneOf, structures, text } from './input.ts';
import { compileQuery, type Query } from './query.ts';
import type {
  ContainerInstanceRecord,
  PlacementConstraint,
  PlacementStrategy,
  Resources,
  TaskDefinition,
} from './records.ts';
import { hasAttributes } from './required-attributes.ts';
import { hasInterfaceLeft } from './trunk.ts';

/** What a task needs of an instance. */
export interface Requirement {
  readonly definition: TaskDefinition;
  readonly reservation: Resources;
  readonly constraints: readonly PlacementConstraint[];
  /** Tasks of the same service or RunTask call, by container instance ARN: for spreading and distinctInstance. */
  readonly siblings: ReadonlyMap<string, number>;
  /** Of its subnets; undefined: any (D-9.60). */
  readonly zones?: readonly string[] | undefined;
}

/** Why an instance cannot take a task (D-9.60, D-14.57, D-14.58). */
export type Misfit =
  | 'RESOURCE:CPU'
  | 'RESOURCE:MEMORY'
  | 'RESOURCE:PORTS'
  | 'RESOURCE:ENI'
  | 'RESOURCE:GPU'
  | 'AGENT'
  | 'LOCATION'
  | 'ATTRIBUTE'
  | Unmet;

/** The kind of constraint that keeps a task from an instance, in AWS's words (D-14.58). */
type Unmet =
  | 'MemberOf placement constraint unsatisfied.'
  | 'DistinctInstance placement constraint unsatisfied.';

/** Where nothing else is asked for: the zone, then the instance, with the fewest tasks of the service (D-2.42). */
export const usualStrategy: readonly PlacementStrategy[] = [
  { type: 'spread', field: 'attribute:ecs.availability-zone' },
  { type: 'spread', field: 'instanceId' },
];

const compiled = new Map<string, Query>();

/** The constraints of a task definition, a service or a RunTask call, checked (D-9.28). */
export function placementConstraints(input: Input): PlacementConstraint[] {
  const given = structures(input, 'placementConstraints');
  if (given.length > 10) throw invalid('placementConstraints can have at most 10 items.');
  return given.map((constraint) => {
    const type = oneOf(constraint, 'type', ['distinctInstance', 'memberOf']);
    const expression = text(constraint, 'expression', /^.{0,2000}$/s);
    if (type === 'distinctInstance' && !expression) return { type };
    if (type !== 'memberOf' || !expression)
      throw invalid('placementConstraints: memberOf needs an expression, distinctInstance takes none.');
    queryOf(expression);
    return { type, expression };
  });
}

/** The strategy of a service or a RunTask call, checked (D-9.28). */
export function placementStrategy(input: Input): PlacementStrategy[] {
  const given = structures(input, 'placementStrategy');
  if (given.length > 5) throw invalid('placementStrategy can have at most 5 items.');
  return given.map((strategy) => {
    const type = oneOf(strategy, 'type', ['random', 'spread', 'binpack']);
    const field = text(strategy, 'field');
    if (type === 'random' && !field) return { type };
    if (type === 'spread' && field && /^(instanceId|host|attribute:[A-Za-z0-9\-_./\\]+)$/.test(field))
      return { type, field };
    if (type === 'binpack' && field && /^(cpu|memory)$/i.test(field))
      return { type, field: field.toLowerCase() };
    throw invalid(`placementStrategy: ${type} over ${field} is not possible.`);
  });
}

/** Whether expressions of the definition and the constraints admit the instance. */
export const meetsConstraints = (instance: ContainerInstanceRecord, requirement: Requirement): boolean =>
  unmet(instance, requirement) === undefined;

function unmet(instance: ContainerInstanceRecord, requirement: Requirement): Unmet | undefined {
  const all = [...requirement.definition.placementConstraints, ...requirement.constraints];
  const found = all.find(({ type, expression = '' }) =>
    type === 'distinctInstance'
      ? requirement.siblings.get(instance.containerInstanceArn)
      : !matches(instance, queryOf(expression)),
  );
  if (!found) return undefined;
  const kind = found.type === 'memberOf' ? 'MemberOf' : 'DistinctInstance';
  return `${kind} placement constraint unsatisfied.`;
}

/** Whether an instance is one that the query asks for. */
export function matches(instance: ContainerInstanceRecord, query: Query): boolean {
  return query({
    ...instance,
    agentVersion: instance.versionInfo.agentVersion ?? '',
    attributes: [...instance.agentAttributes, ...instance.customAttributes],
  });
}

/** Why the instance cannot take the task; undefined: it can. Only ACTIVE ones may be asked (D-2.4, D-2.10). */
export function misfit(instance: ContainerInstanceRecord, requirement: Requirement): Misfit | undefined {
  const { remainingResources: left } = instance;
  const { reservation: wanted } = requirement;
  if (!isReachable(instance)) return 'AGENT';
  if (requirement.zones?.includes(instance.availabilityZone) === false) return 'LOCATION';
  if (!hasAttributes(instance, requirement.definition.requiresAttributes)) return 'ATTRIBUTE';
  const constraint = unmet(instance, requirement);
  if (constraint) return constraint;
  if (wanted.cpu > left.cpu) return 'RESOURCE:CPU';
  if (wanted.memoryMib > left.memoryMib) return 'RESOURCE:MEMORY';
  const isTaken =
    wanted.ports.some((port) => left.ports.includes(port)) ||
    wanted.udpPorts.some((port) => left.udpPorts.includes(port));
  if (isTaken) return 'RESOURCE:PORTS';
  if ((wanted.gpuCount ?? 0) > freeGpuIds(instance).length) return 'RESOURCE:GPU';
  const isAwsvpc = requirement.definition.networkMode === 'awsvpc';
  return isAwsvpc && !hasInterfaceLeft(instance) ? 'RESOURCE:ENI' : undefined;
}

/** Instances of one group count together when a strategy spreads over `field`. */
export function spreadGroup(instance: ContainerInstanceRecord, field: string): string {
  if (field === 'instanceId' || field === 'host') return instance.containerInstanceArn;
  if (field === 'attribute:ecs.availability-zone') return instance.availabilityZone;
  const name = field.slice('attribute:'.length);
  const attributes = [...instance.agentAttributes, ...instance.customAttributes];
  return attributes.find((attribute) => attribute.name === name)?.value ?? '';
}

function queryOf(expression: string): Query {
  const query = compiled.get(expression) ?? compileQuery(expression);
  compiled.set(expression, query);
  return query;
}
