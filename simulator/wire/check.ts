import type { NormalizedSchema } from '@smithy/core/schema';
import { Fault, type ServiceName } from '../machine.ts';
import { operationModel, protocols, requiredCount } from './models.ts';

/** One way in which a value does not fit its schema; `path` is written as AWS does: `tags.1.member.resourceId`. */
export interface Problem {
  readonly kind: 'missing' | 'wrong-type' | 'unknown-member';
  readonly path: string;
  readonly expected: string;
  readonly value: unknown;
}

/** Throws the Fault AWS would answer when the operation is unknown, a required member missing or of a wrong type. */
export function checkInput(service: ServiceName, operation: string, input: Record<string, unknown>): void {
  const model = operationModel(service, operation);
  if (!model) throw unknownOperation(service, operation);
  const problems = problemsOf(model.input, input);
  const unknown = problems.find((problem) => problem.kind === 'unknown-member');
  // Never comes over the wire (the decoder reads known members only): a mistake in code that calls in process.
  if (unknown) throw new Error(`${service} ${operation} has no parameter ${unknown.path}`);
  const wrong = problems.find((problem) => problem.kind === 'wrong-type');
  if (wrong) throw wrongType(service, wrong);
  const missing = problems.map((problem) => problem.path);
  if (missing.length > 0) throw missingMembers(service, missing);
}

/** Throws when a reply does not fit the service's model: what a client could not read, or would silently lose. */
export function checkReply(service: ServiceName, operation: string, reply: Record<string, unknown>): void {
  const model = operationModel(service, operation);
  if (!model) throw unknownOperation(service, operation);
  const [problem] = problemsOf(model.output, reply);
  if (!problem) return;
  const { kind, path, expected, value } = problem;
  throw new Error(
    `Reply of ${service} ${operation}: ${kind} ${path}, expected ${expected}, got ${shown(value)}`,
  );
}

/** AWS's answer to an operation it does not have. */
export function unknownOperation(service: ServiceName, operation: string): Fault {
  const protocol = protocols[service];
  if (protocol.kind !== 'query')
    return new Fault('UnknownOperationException', `Unknown operation ${operation}`);
  return new Fault('InvalidAction', `Could not find operation ${operation} for version ${protocol.version}`);
}

/** AWS's answer to whoever may not do what they ask for, under the name that the service has for it. */
export function accessDenied(service: ServiceName, message: string): Fault {
  const { kind } = protocols[service];
  const isJson = kind.endsWith('json') && service !== 'sqs';
  return new Fault(
    isJson ? 'AccessDeniedException' : 'AccessDenied',
    message,
    kind === 'json' && isJson ? 400 : 403,
  );
}

/**
 * What each service says of required members that are not there. ECS names the first one ("Clusters can not be
 * blank.", https://github.com/blox/blox/issues/170), SQS too; the others list all of them in the words of their
 * common validator (https://github.com/localstack/localstack/issues/5108).
 */
function missingMembers(service: ServiceName, paths: readonly string[]): Fault {
  const first = paths[0] ?? '';
  const title = `${first.charAt(0).toUpperCase()}${first.slice(1)}`;
  if (service === 'ecs') return new Fault('InvalidParameterException', `${title} can not be blank.`);
  if (service === 'sqs')
    return new Fault('MissingParameter', `The request must contain the parameter ${title}.`);
  const list = paths.map(
    (path) => `Value null at '${path}' failed to satisfy constraint: Member must not be null`,
  );
  const heading = `${list.length} validation error${list.length > 1 ? 's' : ''} detected`;
  const isJson = ['events', 'lambda', 'ssm'].includes(service);
  const code = isJson ? 'ValidationException' : 'ValidationError';
  return new Fault(code, `${heading}: ${list.join('; ')}`);
}

/** A member of the wrong type never reaches the service: the protocol layer refuses it. */
function wrongType(service: ServiceName, { path, expected, value }: Problem): Fault {
  const code = protocols[service].kind.endsWith('json') ? 'SerializationException' : 'MalformedInput';
  return new Fault(code, `Value ${shown(value)} at '${path}' can not be converted to ${expected}`);
}

const shown = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value)?.slice(0, 100));

/** Every way in which `value` does not fit `schema`, in the schema's order. */
function problemsOf(schema: NormalizedSchema, value: unknown, path = ''): Problem[] {
  if (schema.isUnitSchema() || schema.isDocumentSchema()) return [];
  if (schema.isStructSchema())
    return isRecord(value) ? structProblems(schema, value, path) : [problem('an object')];
  if (schema.isListSchema())
    return Array.isArray(value) ? listProblems(schema, value, path) : [problem('a list')];
  if (schema.isMapSchema()) return isRecord(value) ? mapProblems(schema, value, path) : [problem('a map')];
  const expected = simpleTypes.find(({ describes }) => describes(schema));
  return !expected || expected.holds(value) ? [] : [problem(expected.name)];

  function problem(expectedType: string): Problem {
    return { kind: 'wrong-type', path, expected: expectedType, value };
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

const simpleTypes: readonly {
  name: string;
  describes: (schema: NormalizedSchema) => boolean;
  holds: (value: unknown) => boolean;
}[] = [
  { name: 'String', describes: (s) => s.isStringSchema(), holds: (v) => typeof v === 'string' },
  { name: 'Boolean', describes: (s) => s.isBooleanSchema(), holds: (v) => typeof v === 'boolean' },
  { name: 'Number', describes: (s) => s.isNumericSchema(), holds: (v) => typeof v === 'number' },
  {
    name: 'Timestamp',
    describes: (s) => s.isTimestampSchema(),
    holds: (v) => v instanceof Date && !Number.isNaN(v.getTime()),
  },
  { name: 'Blob', describes: (s) => s.isBlobSchema(), holds: (v) => v instanceof Uint8Array },
];

function structProblems(schema: NormalizedSchema, value: Record<string, unknown>, path: string): Problem[] {
  const found: Problem[] = [];
  const names = new Set<string>();
  const required = requiredCount(schema);
  for (const [name, member] of membersOf(schema)) {
    names.add(name);
    const at = memberPath(path, name);
    const held = value[name];
    if (held !== undefined && held !== null) found.push(...problemsOf(member, held, at));
    else if (names.size <= required)
      found.push({ kind: 'missing', path: at, expected: 'a value', value: undefined });
  }
  for (const [name, held] of Object.entries(value)) {
    if (!names.has(name) && held !== undefined)
      found.push({
        kind: 'unknown-member',
        path: path ? `${path}.${name}` : name,
        expected: 'no such member',
        value: held,
      });
  }
  return found;
}

function listProblems(schema: NormalizedSchema, value: readonly unknown[], path: string): Problem[] {
  const member = itemOf(schema);
  return value.flatMap((item, index) => problemsOf(member, item, `${path}.${index + 1}.member`));
}

function mapProblems(schema: NormalizedSchema, value: Record<string, unknown>, path: string): Problem[] {
  const member = itemOf(schema);
  return Object.entries(value).flatMap(([key, held]) => problemsOf(member, held, `${path}.${key}`));
}

/** The SDK makes the schemas of members anew each time they are asked for, which takes longer than the checks themselves. */
const members = new WeakMap<NormalizedSchema, readonly (readonly [string, NormalizedSchema])[]>();
const values = new WeakMap<NormalizedSchema, NormalizedSchema>();

function membersOf(schema: NormalizedSchema) {
  const known = members.get(schema) ?? [...schema.structIterator()];
  members.set(schema, known);
  return known;
}

function itemOf(schema: NormalizedSchema): NormalizedSchema {
  const known = values.get(schema) ?? schema.getValueSchema();
  values.set(schema, known);
  return known;
}

const memberPath = (path: string, name: string) => {
  const lower = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return path ? `${path}.${lower}` : lower;
};
