import { Fault } from '../machine.ts';

/** Refuses what Systems Manager's API does not take. */
export const validationException = (message: string) => new Fault('ValidationException', message);

/** Refuses a value in the words of AWS's common validator. */
export function constraint(path: string, value: unknown, rule: string): Fault {
  const shown = Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
  return validationException(
    `1 validation error detected: Value '${shown}' at '${path}' failed to satisfy constraint: Member must ${rule}`,
  );
}

/** Throws unless the length of a text or list is within the range, both ends included; undefined passes. */
export function checkLength(
  path: string,
  value: string | readonly unknown[] | undefined,
  least: number,
  most: number,
): void {
  if (value === undefined) return;
  if (value.length < least) throw constraint(path, value, `have length greater than or equal to ${least}`);
  if (value.length > most) throw constraint(path, value, `have length less than or equal to ${most}`);
}

/** Throws unless the value is one of those; undefined passes. */
export function checkEnum(path: string, value: string | undefined, values: readonly string[]): void {
  if (value !== undefined && !values.includes(value))
    throw constraint(path, value, `satisfy enum value set: [${values.join(', ')}]`);
}
