import { isRecord } from '../events/matcher.ts';
import { compilePattern } from '../events/pattern.ts';
import { checkPolicy } from '../iam/iam.ts';
import { unresolved } from './intrinsics.ts';

/**
 * What a property may hold: a kind of value, a list (one shape in brackets), a map (`*` as the only key) or an object
 * by property name, where `!` after a name says that the property is required.
 */
export type Shape =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'json'
  | 'event-pattern'
  | 'identity-policy'
  | 'resource-policy'
  | 'trust-policy'
  | readonly [Shape]
  | ObjectShape;

/** The properties of an object, by name. */
export interface ObjectShape {
  readonly [name: string]: Shape;
}

/** Reports that something else was expected at a place. */
type Report = (where: string, expected: string, got: unknown) => void;

/**
 * Checks a resolved value against a shape, reports every fault, and answers the value with its scalars in their own
 * types: like CloudFormation it takes "true" for true, "5" for 5 and 5 for "5".
 */
export function shaped(value: unknown, shape: Shape, where: string, report: Report): unknown {
  if (value === unresolved) return value;
  if (typeof shape === 'string') return shapedScalar(value, shape, where, report);
  if (isList(shape)) {
    if (Array.isArray(value))
      return value.map((element, index) => shaped(element, shape[0], `${where}[${index}]`, report));
    report(where, 'a list', value);
    return value;
  }
  if (isRecord(value)) return shapedObject(value, shape, where, report);
  report(where, 'an object', value);
  return value;
}

/** `Array.isArray` does not tell a read-only list from an object. */
function isList(shape: readonly [Shape] | ObjectShape): shape is readonly [Shape] {
  return Array.isArray(shape);
}

function shapedObject(value: Record<string, unknown>, shape: ObjectShape, where: string, report: Report) {
  const known = new Map(Object.entries(shape).map(([name, inner]) => [name.replace('!', ''), inner]));
  for (const name of Object.keys(shape))
    if (name.endsWith('!') && value[name.slice(0, -1)] === undefined)
      report(`${where}.${name.slice(0, -1)}`, 'a value (the property is required)', undefined);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const innerShape = known.get(name) ?? known.get('*');
      if (innerShape) return [name, shaped(inner, innerShape, `${where}.${name}`, report)];
      report(`${where}.${name}`, `one of ${[...known.keys()].join(', ')}`, 'an unknown property');
      return [name, inner];
    }),
  );
}

function shapedScalar(value: unknown, shape: Shape & string, where: string, report: Report): unknown {
  switch (shape) {
    case 'string':
      if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
      break;
    case 'integer':
      if (/^-?\d+$/.test(textOf(value))) return Number(value);
      break;
    case 'number':
      if (/^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(textOf(value))) return Number(value);
      break;
    case 'boolean':
      if (/^(true|false)$/.test(textOf(value))) return String(value) === 'true';
      break;
    case 'json':
      return value;
    default:
      checkDocument(value, shape, where, report);
      return value;
  }
  report(where, shape === 'integer' ? 'an integer' : `a ${shape}`, value);
  return value;
}

const textOf = (value: unknown) => (typeof value === 'object' ? '' : String(value));

/** A document that holds something unresolved cannot be judged; the fault in it is already reported. */
function checkDocument(value: unknown, shape: Shape & string, where: string, report: Report): void {
  if (holdsUnresolved(value)) return;
  try {
    if (shape === 'event-pattern') compilePattern(value);
    else if (shape === 'identity-policy') checkPolicy(value, 'identity');
    else if (shape === 'resource-policy') checkPolicy(value, 'resource');
    else checkPolicy(value, 'trust');
  } catch (error) {
    report(where, `a valid ${shape.replace('-', ' ')}`, error instanceof Error ? error.message : error);
  }
}

/** Whether something in a value is not known. */
export function holdsUnresolved(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === unresolved;
  return Object.values(value).some(holdsUnresolved);
}
