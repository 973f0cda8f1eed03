import { isRecord } from '../events/matcher.ts';

/** Stands for a property that is to be left out. */
export const noValue = Symbol('AWS::NoValue');

/**
 * Stands for a value that is not known: it could not be worked out, and the fault is already reported; or it is known
 * only once a resource is there. Either way nothing more is said of it.
 */
export const unresolved = Symbol('unresolved');

/** What the functions of a template can ask for. Every answer may be `unresolved`; faults are reported on the way. */
export interface Scope {
  /** What `Ref` answers for a parameter, a pseudo parameter or a resource. */
  ref(name: string, where: string): unknown;
  /** What `Fn::GetAtt` answers. */
  attribute(logicalId: string, attribute: string, where: string): unknown;
  /** Whether a condition of the template holds. */
  condition(name: unknown, where: string): boolean;
  /** A value of a mapping. */
  mapped(keys: readonly unknown[], where: string): unknown;
  /** What another stack exports under a name. */
  imported(name: string, where: string): unknown;
  /** Reports a fault at a place of the template. */
  fault(where: string, expected: string, got: unknown): typeof unresolved;
}

type Intrinsic = (argument: unknown, where: string, scope: Scope) => unknown;

const intrinsics: Readonly<Record<string, Intrinsic>> = {
  Ref: (argument, where, scope) =>
    typeof argument === 'string' ? scope.ref(argument, where) : scope.fault(where, 'a name', argument),
  'Fn::GetAtt': getAtt,
  'Fn::Sub': sub,
  'Fn::Join': join,
  'Fn::Split': split,
  'Fn::Select': select,
  'Fn::If': (argument, where, scope) => {
    if (!Array.isArray(argument) || argument.length !== 3)
      return scope.fault(where, '[condition, value if true, value if false]', argument);
    const branch = scope.condition(argument[0], `${where}[0]`) ? 1 : 2;
    return resolve(argument[branch], `${where}[${branch}]`, scope);
  },
  'Fn::FindInMap': (argument, where, scope) => {
    if (!Array.isArray(argument) || argument.length !== 3)
      return scope.fault(where, '[mapping, top-level key, second-level key]', argument);
    const keys = argument.map((key, index) => resolve(key, `${where}[${index}]`, scope));
    return keys.includes(unresolved) ? unresolved : scope.mapped(keys, where);
  },
  'Fn::ImportValue': (argument, where, scope) => {
    const name = resolve(argument, where, scope);
    if (name === unresolved) return unresolved;
    return typeof name === 'string'
      ? scope.imported(name, where)
      : scope.fault(where, 'the name of an export', argument);
  },
};

/**
 * Works out every intrinsic function in a value of a template; what resolves to AWS::NoValue is left out.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
 */
export function resolve(value: unknown, where: string, scope: Scope): unknown {
  if (Array.isArray(value))
    return value
      .map((element, index) => resolve(element, `${where}[${index}]`, scope))
      .filter((element) => element !== noValue);
  if (!isRecord(value)) return value;
  const keys = Object.keys(value);
  const name = keys.find((key) => key === 'Ref' || key.startsWith('Fn::'));
  if (name === undefined)
    return Object.fromEntries(
      keys
        .map((key) => [key, resolve(value[key], `${where}.${key}`, scope)] as const)
        .filter(([, element]) => element !== noValue),
    );
  if (keys.length > 1) return scope.fault(where, `${name} to stand alone`, keys.join(', '));
  const intrinsic = Object.hasOwn(intrinsics, name) ? intrinsics[name] : undefined;
  if (!intrinsic) return scope.fault(where, `one of ${Object.keys(intrinsics).join(', ')}`, name);
  return intrinsic(value[name], `${where}.${name}`, scope);
}

function getAtt(argument: unknown, where: string, scope: Scope): unknown {
  const parts: unknown[] =
    typeof argument === 'string' ? argument.split(/\.(.*)/s, 2) : Array.isArray(argument) ? argument : [];
  const attribute = parts.length === 2 ? resolve(parts[1], `${where}[1]`, scope) : undefined;
  if (attribute === unresolved) return unresolved;
  if (typeof parts[0] !== 'string' || typeof attribute !== 'string')
    return scope.fault(where, '[logical id, attribute] or "logical id.attribute"', argument);
  return scope.attribute(parts[0], attribute, where);
}

function sub(argument: unknown, where: string, scope: Scope): unknown {
  const [text, variables, ...others]: unknown[] = Array.isArray(argument) ? argument : [argument, {}];
  if (typeof text !== 'string' || !isRecord(variables) || others.length > 0)
    return scope.fault(where, 'a string, or [string, variables]', argument);
  const own = resolve(variables, `${where}[1]`, scope);
  let isWhole = true;
  const result = text.replace(/\$\{(!?)([^}]*)\}/g, (_, literal: string, name: string) => {
    if (literal) return `\${${name}}`;
    const found = variable(name.trim(), isRecord(own) ? own : {}, where, scope);
    const part = scalar(found, `${where} of ${name}`, scope);
    if (part === unresolved) isWhole = false;
    return String(part);
  });
  return isWhole ? result : unresolved;
}

function variable(name: string, own: Record<string, unknown>, where: string, scope: Scope): unknown {
  if (Object.hasOwn(own, name)) return own[name];
  const [logicalId = '', attribute] = name.split(/\.(.*)/s, 2);
  return attribute === undefined ? scope.ref(name, where) : scope.attribute(logicalId, attribute, where);
}

/** A value as text, where only one value can stand. */
function scalar(value: unknown, where: string, scope: Scope): string | typeof unresolved {
  if (value === unresolved) return unresolved;
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
  return scope.fault(where, 'a string', typeof value === 'symbol' ? 'AWS::NoValue' : value);
}

function join(argument: unknown, where: string, scope: Scope): unknown {
  const [delimiter, list, ...others]: unknown[] = Array.isArray(argument) ? argument : [];
  const elements = resolve(list, `${where}[1]`, scope);
  if (elements === unresolved) return unresolved;
  if (typeof delimiter !== 'string' || !Array.isArray(elements) || others.length > 0)
    return scope.fault(where, '[delimiter, list]', argument);
  const parts = elements.map((element, index) => scalar(element, `${where}[1][${index}]`, scope));
  return parts.includes(unresolved) ? unresolved : parts.join(delimiter);
}

function split(argument: unknown, where: string, scope: Scope): unknown {
  const [delimiter, source, ...others]: unknown[] = Array.isArray(argument) ? argument : [];
  const text = resolve(source, `${where}[1]`, scope);
  if (text === unresolved) return unresolved;
  if (typeof delimiter !== 'string' || typeof text !== 'string' || others.length > 0)
    return scope.fault(where, '[delimiter, string]', argument);
  return text.split(delimiter);
}

function select(argument: unknown, where: string, scope: Scope): unknown {
  const [position, list, ...others]: unknown[] = Array.isArray(argument) ? argument : [];
  const index = resolve(position, `${where}[0]`, scope);
  const elements = resolve(list, `${where}[1]`, scope);
  if (index === unresolved || elements === unresolved) return unresolved;
  const isIndex = (typeof index === 'string' || typeof index === 'number') && /^\d+$/.test(`${index}`);
  if (!isIndex || !Array.isArray(elements) || others.length > 0)
    return scope.fault(where, '[index, list]', argument);
  if (Number(index) >= elements.length) return scope.fault(where, `an index below ${elements.length}`, index);
  return elements[Number(index)];
}

/**
 * Whether a condition expression holds: Fn::Equals, Fn::And, Fn::Or, Fn::Not, or the name of another condition. A
 * fault counts as false.
 */
export function holds(expression: unknown, where: string, scope: Scope): boolean {
  const [name = '', ...others] = isRecord(expression) ? Object.keys(expression) : [];
  const argument = isRecord(expression) && others.length === 0 ? expression[name] : undefined;
  const here = `${where}.${name}`;
  if (name === 'Condition') return scope.condition(argument, here);
  const operands: unknown[] = Array.isArray(argument) ? argument : [];
  const wanted = { 'Fn::Equals': [2, 2], 'Fn::Not': [1, 1], 'Fn::And': [2, 10], 'Fn::Or': [2, 10] }[name];
  if (!wanted) {
    scope.fault(where, 'Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition', expression);
    return false;
  }
  const [least = 0, most = 0] = wanted;
  if (operands.length < least || operands.length > most) {
    scope.fault(here, `a list of ${least === most ? least : `${least} to ${most}`}`, argument);
    return false;
  }
  if (name === 'Fn::Equals') {
    const [left, right] = operands.map((operand, index) => resolve(operand, `${here}[${index}]`, scope));
    return left !== unresolved && JSON.stringify(left) === JSON.stringify(right);
  }
  const results = operands.map((operand, index) => holds(operand, `${here}[${index}]`, scope));
  if (name === 'Fn::Not') return !results[0];
  return name === 'Fn::And' ? !results.includes(false) : results.includes(true);
}
