import { Fault } from '../machine.ts';

/** The members of a call. */
export type Input = Readonly<Record<string, unknown>>;

/** An InvalidParameterException, which every operation declares (D-6.6). */
export function invalid(message: string): Fault {
  return new Fault('InvalidParameterException', message);
}

const shown = (value: unknown) => JSON.stringify(value) ?? 'nothing';

/** A string member; undefined when it is not given. Throws when it does not match `pattern`. */
export function text(input: Input, name: string, pattern?: RegExp): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || (pattern && !pattern.test(value)))
    throw invalid(
      `${name}: expected ${pattern ? `text like ${pattern.source}` : 'text'}, got ${shown(value)}.`,
    );
  return value;
}

/** A string member that must be there. */
export function requiredText(input: Input, name: string, pattern?: RegExp): string {
  const value = text(input, name, pattern);
  if (value === undefined || value === '') throw invalid(`${name} cannot be blank.`);
  return value;
}

/** One of some words; undefined when it is not given. */
export function oneOf<const T extends string>(
  input: Input,
  name: string,
  words: readonly T[],
): T | undefined {
  const value = text(input, name);
  const found = words.find((word) => word === value);
  if (value !== undefined && found === undefined)
    throw invalid(`${name} should be one of [${words.join(', ')}], got ${shown(value)}.`);
  return found;
}

/** A whole number between two others; undefined when it is not given. */
export function whole(input: Input, name: string, low: number, high: number): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
    throw invalid(`${name}: expected a whole number from ${low} to ${high}, got ${shown(value)}.`);
  return value;
}

/** A list member, empty when it is not given. */
export function list(input: Input, name: string): readonly unknown[] {
  const value = input[name] ?? [];
  if (!Array.isArray(value)) throw invalid(`${name}: expected a list, got ${shown(value)}.`);
  return value;
}

/** A list of strings, empty when it is not given. */
export function texts(input: Input, name: string): readonly string[] {
  return list(input, name).map((entry) => {
    if (typeof entry !== 'string') throw invalid(`${name}: expected text, got ${shown(entry)}.`);
    return entry;
  });
}

/** A list of some words, empty when it is not given. */
export function someOf<const T extends string>(input: Input, name: string, words: readonly T[]): T[] {
  return texts(input, name).flatMap((word) => oneOf({ [name]: word }, name, words) ?? []);
}

/** True or false; undefined when it is not given. */
export function flag(input: Input, name: string): boolean | undefined {
  const value = input[name];
  if (value === undefined || value === null || typeof value === 'boolean') return value ?? undefined;
  throw invalid(`${name}: expected true or false, got ${shown(value)}.`);
}

/** A structure member, empty when it is not given. */
export function structure(value: unknown, name: string): Input {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw invalid(`${name}: expected a structure, got ${shown(value)}.`);
  return value as Input;
}

/** A list of structures, empty when it is not given. */
export function structures(input: Input, name: string): readonly Input[] {
  return list(input, name).map((entry) => structure(entry, name));
}

/** The ids of a describe call: at least one, at most `max` (D-5.14), named in messages as `what`. */
export function ids(input: Input, name: string, max: number, what?: string): readonly string[] {
  const given = texts(input, name);
  if (given.length === 0) throw invalid(`${what ?? name} cannot be empty.`);
  if (given.length > max) throw invalid(`${what ?? 'instanceIds'} can have at most ${max} items.`);
  if (given.includes('')) throw invalid(`${name} cannot hold a blank entry.`);
  return given;
}

/** Refuses members that would change what happens, where the simulated ECS does not do what they ask for. */
export function refuse(operation: string, input: Input, names: readonly string[]): void {
  for (const name of names) {
    const value = input[name];
    const isEmpty = value === undefined || value === null || (Array.isArray(value) && value.length === 0);
    if (!isEmpty)
      throw new Fault(
        'ClientException',
        `The simulated ${operation} does not know ${name}: ${shown(value)}.`,
      );
  }
}
