import { isRecord } from '../events/matcher.ts';
import { unresolved } from './intrinsics.ts';

/** Reports that something else was expected at a place. */
type Report = (where: string, expected: string, got: unknown) => unknown;

const known = ['Type', 'Default', 'Description', 'NoEcho', 'AllowedValues', 'AllowedPattern'];
known.push('ConstraintDescription');

/**
 * The values of a template's parameters: what was given, else the default. Reports a parameter without a value, one
 * that the template does not have, a type or a constraint that is not known here, and a value outside its constraint.
 * Where no values are given at all, one without a default is `unresolved`.
 */
export function readParameters(
  definitions: Readonly<Record<string, unknown>>,
  given: Readonly<Record<string, string>> | undefined,
  report: Report,
): ReadonlyMap<string, unknown> {
  for (const [name, value] of Object.entries(given ?? {}))
    if (!Object.hasOwn(definitions, name)) report(`Parameters.${name}`, 'a parameter of the template', value);
  const values = new Map<string, unknown>();
  for (const [name, definition] of Object.entries(definitions)) {
    const isOpen = !given && isRecord(definition) && definition.Default === undefined;
    const value = isOpen
      ? unresolved
      : valueOfParameter(definition, given?.[name], `Parameters.${name}`, report);
    values.set(name, value);
  }
  return values;
}

function valueOfParameter(definition: unknown, given: string | undefined, where: string, report: Report) {
  if (!isRecord(definition)) return report(where, 'an object', definition);
  for (const key of Object.keys(definition))
    if (!known.includes(key)) report(`${where}.${key}`, `one of ${known.join(', ')}`, key);
  const value = given ?? definition.Default;
  if (typeof value !== 'string' && typeof value !== 'number')
    return report(where, 'a value, or a Default', value);
  const text = `${value}`;
  const { AllowedValues: allowed, AllowedPattern: pattern } = definition;
  if (Array.isArray(allowed) && !allowed.some((one) => `${one}` === text))
    report(where, `one of ${JSON.stringify(allowed)}`, text);
  if (pattern !== undefined && !(typeof pattern === 'string' && new RegExp(`^(?:${pattern})$`).test(text)))
    report(where, `a value that matches ${JSON.stringify(pattern)}`, text);
  return typed(text, definition.Type, where, report);
}

function typed(text: string, type: unknown, where: string, report: Report): unknown {
  switch (type) {
    case 'String':
      return text;
    case 'Number':
      return Number.isFinite(Number(text)) ? text : report(where, 'a number', text);
    case 'CommaDelimitedList':
      return text.split(',').map((part) => part.trim());
    default:
      return report(`${where}.Type`, 'String, Number or CommaDelimitedList', type);
  }
}
