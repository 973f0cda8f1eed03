import { BlockList, isIP } from 'node:net';
import type { Fault } from '../../machine.ts';

/** Says whether one leaf of an event (string, number, boolean or null) fits. */
type Matcher = (leaf: unknown) => boolean;

/** Makes the error for a place in the pattern, what was expected there and what stands there. */
type Invalid = (where: string, expected: string, got: unknown) => Fault;

/** Whether a value is an object with fields: not null, not an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An operator of a content filter: its argument, where it stands, the error to throw. */
type Operator = (argument: unknown, where: string, invalid: Invalid) => Matcher | 'absent';

/** The documented limit of numeric matching: between -5.0e9 and +5.0e9 inclusive. */
const numericMax = 5e9;

const comparisons: ReadonlyMap<unknown, (leaf: number, bound: number) => boolean> = new Map([
  ['=', (leaf: number, bound: number) => leaf === bound],
  ['<', (leaf: number, bound: number) => leaf < bound],
  ['<=', (leaf: number, bound: number) => leaf <= bound],
  ['>', (leaf: number, bound: number) => leaf > bound],
  ['>=', (leaf: number, bound: number) => leaf >= bound],
]);

const operators: Readonly<Record<string, Operator>> = {
  prefix: affix((leaf, text) => leaf.startsWith(text)),
  suffix: affix((leaf, text) => leaf.endsWith(text)),
  'equals-ignore-case': (argument, where, invalid) => {
    const text = stringOf(argument, where, invalid).toLowerCase();
    return onStrings((leaf) => leaf.toLowerCase() === text);
  },
  wildcard: (argument, where, invalid) => wildcard(stringOf(argument, where, invalid), where, invalid),
  'anything-but': (argument, where, invalid) => anythingBut(argument, where, invalid),
  numeric: (argument, where, invalid) => numeric(argument, where, invalid),
  exists: (argument, where, invalid) => {
    if (typeof argument !== 'boolean') throw invalid(where, 'true or false', argument);
    return argument ? () => true : 'absent';
  },
  cidr: (argument, where, invalid) => cidr(stringOf(argument, where, invalid), where, invalid),
};

/** Names that no field may have inside `$or`: the operators, and the words AWS keeps for operators to come. */
export const reservedNames: ReadonlySet<string> = new Set([
  ...Object.keys(operators),
  '=',
  '<',
  '<=',
  '>',
  '>=',
  'exactly',
  'regex',
  'not-wildcard',
  'not-equals-ignore-case',
  'date-after',
  'date-on-or-after',
  'date-before',
  'date-on-or-before',
  'in-date-range',
  'ip-address-in-range',
  'ip-address-not-in-range',
]);

/** The matcher for one entry of a pattern's array; `absent` stands for `exists: false`. Throws what `invalid` makes. */
export function leafMatcher(entry: unknown, where: string, invalid: Invalid): Matcher | 'absent' {
  if (typeof entry === 'string') return exactString(entry);
  if (typeof entry === 'number' || typeof entry === 'boolean' || entry === null)
    return (leaf) => leaf === entry;
  if (!isRecord(entry)) throw invalid(where, 'a string, number, true, false, null or an operator', entry);
  const { name, argument } = onlyKey(entry, where, invalid);
  const operator = Object.hasOwn(operators, name) ? operators[name] : undefined;
  if (!operator)
    throw invalid(`${where}.${name}`, `an operator (${Object.keys(operators).join(', ')})`, name);
  return operator(argument, `${where}.${name}`, invalid);
}

function onlyKey(entry: Record<string, unknown>, where: string, invalid: Invalid) {
  const [name, ...others] = Object.keys(entry);
  if (name === undefined || others.length > 0) throw invalid(where, 'an object with one operator', entry);
  return { name, argument: entry[name] };
}

function stringOf(argument: unknown, where: string, invalid: Invalid): string {
  if (typeof argument !== 'string') throw invalid(where, 'a string', argument);
  return argument;
}

function onStrings(accepts: (leaf: string) => boolean): Matcher {
  return (leaf) => typeof leaf === 'string' && accepts(leaf);
}

/** Two spellings of one IP address are equal for AWS's matcher. */
function exactString(text: string): Matcher {
  const family = isIP(text);
  if (family === 0) return (leaf) => leaf === text;
  const address = new BlockList();
  address.addAddress(text, family === 4 ? 'ipv4' : 'ipv6');
  return onStrings((leaf) => contains(address, leaf, family));
}

function contains(list: BlockList, leaf: string, family: number): boolean {
  return isIP(leaf) === family && list.check(leaf, family === 4 ? 'ipv4' : 'ipv6');
}

function affix(fits: (leaf: string, text: string) => boolean): Operator {
  return (argument, where, invalid) => {
    if (!isRecord(argument)) {
      const text = stringOf(argument, where, invalid);
      return onStrings((leaf) => fits(leaf, text));
    }
    const { name, argument: inner } = onlyKey(argument, where, invalid);
    if (name !== 'equals-ignore-case') throw invalid(`${where}.${name}`, 'equals-ignore-case', name);
    const text = stringOf(inner, `${where}.${name}`, invalid).toLowerCase();
    return onStrings((leaf) => fits(leaf.toLowerCase(), text));
  };
}

/** `*` stands for any characters, also none; `\*` and `\\` for the characters themselves. */
function wildcard(text: string, where: string, invalid: Invalid): Matcher {
  const pieces = [''];
  for (let index = 0; index < text.length; index++) {
    const char = text[index] as string;
    const next = text[index + 1];
    if (char === '*') {
      if (next === '*') throw invalid(where, 'no two * in a row', text);
      pieces.push('');
      continue;
    }
    if (char === '\\' && next !== '*' && next !== '\\')
      throw invalid(where, '* or \\ after a backslash', text);
    if (char === '\\') index++;
    pieces.push((pieces.pop() ?? '') + (char === '\\' ? next : char));
  }
  return onStrings((leaf) => fitsPieces(leaf, pieces));
}

function fitsPieces(leaf: string, pieces: readonly string[]): boolean {
  const first = pieces[0] as string;
  const last = pieces.at(-1) as string;
  if (pieces.length === 1) return leaf === first;
  if (!leaf.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = leaf.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return leaf.length - last.length >= at && leaf.endsWith(last);
}

/** Accepts every leaf, of whatever type, that none of the excluded values or operators accepts. */
function anythingBut(argument: unknown, where: string, invalid: Invalid): Matcher {
  const excluded = isRecord(argument)
    ? excludedByOperator(argument, where, invalid)
    : excludedValues(argument, where, invalid);
  return (leaf) => !excluded.some((matcher) => matcher(leaf));
}

function excludedValues(argument: unknown, where: string, invalid: Invalid): Matcher[] {
  const values: unknown[] = Array.isArray(argument) ? argument : [argument];
  const kinds = new Set(values.map((value) => typeof value));
  if (kinds.size !== 1 || !(kinds.has('string') || kinds.has('number')))
    throw invalid(where, 'a string, a number, or a list of only strings or only numbers', argument);
  return values.map((value) => (leaf) => leaf === value);
}

function excludedByOperator(argument: Record<string, unknown>, where: string, invalid: Invalid): Matcher[] {
  const { name, argument: inner } = onlyKey(argument, where, invalid);
  const here = `${where}.${name}`;
  const operator = ['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(name)
    ? operators[name]
    : undefined;
  if (!operator) throw invalid(here, 'prefix, suffix, equals-ignore-case or wildcard', name);
  const texts: unknown[] = Array.isArray(inner) ? inner : [inner];
  if (texts.length === 0) throw invalid(here, 'a non-empty list', inner);
  return texts.map((text) => {
    const affixed = name === 'prefix' || name === 'suffix';
    if (typeof text !== 'string' || (affixed && text === ''))
      throw invalid(here, affixed ? 'strings that are not empty' : 'strings', inner);
    const matcher = operator(text, here, invalid);
    return (leaf) => matcher !== 'absent' && matcher(leaf);
  });
}

function numeric(argument: unknown, where: string, invalid: Invalid): Matcher {
  const terms: unknown[] = Array.isArray(argument) ? argument : [];
  const [first, bottom, second, top] = terms;
  const isRange = (first === '>' || first === '>=') && (second === '<' || second === '<=');
  const lower = comparisons.get(first);
  const upper = comparisons.get(second);
  if (!lower || terms.length !== (isRange ? 4 : 2))
    throw invalid(where, '[operator, number] or [">" or ">=", number, "<" or "<=", number]', argument);
  for (const bound of isRange ? [bottom, top] : [bottom])
    if (typeof bound !== 'number' || Math.abs(bound) > numericMax)
      throw invalid(where, `numbers between -${numericMax} and ${numericMax}`, bound);
  if (isRange && Number(bottom) >= Number(top))
    throw invalid(where, 'the bottom to be less than the top', argument);
  return (leaf) =>
    typeof leaf === 'number' &&
    Math.abs(leaf) <= numericMax &&
    lower(leaf, Number(bottom)) &&
    (!isRange || upper?.(leaf, Number(top)) === true);
}

/** From the address as written (not from the start of its block, as AWS's matcher does it) to the end of the block. */
function cidr(text: string, where: string, invalid: Invalid): Matcher {
  const [address = '', mask = '', ...others] = text.split('/');
  const family = isIP(address);
  const maskMax = family === 4 ? 31 : 127;
  if (family === 0 || others.length > 0 || !/^\d+$/.test(mask) || Number(mask) > maskMax)
    throw invalid(where, 'an address and a mask shorter than the address, as in 10.0.0.0/24', text);
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const block = new BlockList();
  block.addSubnet(address, Number(mask), kind);
  const onwards = new BlockList();
  onwards.addRange(
    address,
    family === 4 ? '255.255.255.255' : 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
    kind,
  );
  return onStrings((leaf) => contains(block, leaf, family) && contains(onwards, leaf, family));
}
