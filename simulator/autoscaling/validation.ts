import { Fault } from '../machine.ts';

/** The one error code for input that Auto Scaling refuses (D-6.16). */
export const validationError = (message: string) => new Fault('ValidationError', message);

/** Refuses a value in the words of AWS's common validator. */
export const constraint = (path: string, value: unknown, rule: string): Fault =>
  refusal([violation(path, value, rule)]);

/** What is wrong with one value, in the words of AWS's common validator. */
export function violation(path: string, value: unknown, rule: string): string {
  const shown = Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
  return `Value '${shown}' at '${path}' failed to satisfy constraint: Member must ${rule}`;
}

/** Refuses a request for all that is wrong with it. */
export const refusal = (violations: readonly string[]): Fault =>
  validationError(
    `${violations.length} validation error${violations.length > 1 ? 's' : ''} detected: ${violations.join('; ')}`,
  );

/** Throws unless the number is within the range, both ends included; undefined passes. */
export function checkRange(path: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (value < least) throw constraint(path, value, `have value greater than or equal to ${least}`);
  if (value > most) throw constraint(path, value, `have value less than or equal to ${most}`);
}

/** Throws unless the text's length is within the range, both ends included; undefined passes. */
export function checkLength(path: string, value: string | undefined, least: number, most: number): void {
  if (value === undefined) return;
  if (value.length < least) throw constraint(path, value, `have length greater than or equal to ${least}`);
  if (value.length > most) throw constraint(path, value, `have length less than or equal to ${most}`);
}

/** Throws when the list is longer than that; undefined passes. */
export function checkCount(path: string, value: readonly unknown[] | undefined, most: number): void {
  if (value && value.length > most)
    throw constraint(path, value, `have length less than or equal to ${most}`);
}

/** Throws unless the whole text matches; undefined passes. */
export function checkPattern(path: string, value: string | undefined, pattern: string): void {
  if (value !== undefined && !new RegExp(`^(?:${pattern})$`).test(value))
    throw constraint(path, value, `satisfy regular expression pattern: ${pattern}`);
}

/** Throws unless the text is one of the values; returns it. */
export function oneOf<T extends string>(path: string, value: string, values: readonly T[]): T {
  const found = values.find((candidate) => candidate === value);
  if (found === undefined) throw constraint(path, value, `satisfy enum value set: [${values.join(', ')}]`);
  return found;
}
