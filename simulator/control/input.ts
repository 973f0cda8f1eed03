/** Control input that is refused; the message says the field, its value and what was expected. */
export class BadInput extends Error {}

/** The refusal of one field. */
export function badField(field: string, value: unknown, expected: string): BadInput {
  const shown = value === undefined ? 'nothing' : JSON.stringify(value);
  return new BadInput(`${field}: ${shown}: expected ${expected}`);
}

/** A JSON object and the fields that it may have. */
export class Fields {
  private readonly values: Readonly<Record<string, unknown>>;

  /** Throws BadInput for text that is no JSON object, and for a field that is not among `known`. */
  constructor(text: string, known: readonly string[]) {
    this.values = objectIn(text);
    const unknown = Object.keys(this.values).find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw badField(
        unknown,
        this.values[unknown],
        known.length > 0 ? `only ${known.join(', ')}` : 'no fields',
      );
  }

  has(field: string): boolean {
    return this.values[field] !== undefined;
  }

  value(field: string): unknown {
    return this.values[field];
  }

  /** A number from `min` to `max`; throws BadInput. */
  number(field: string, min: number, max: number, usual?: number): number {
    return numberOf(field, this.given(field, usual), min, max);
  }

  /** A whole number from `min` up; throws BadInput. */
  integer(field: string, min: number, usual?: number): number {
    const value = this.given(field, usual);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value;
    throw badField(field, value, `a whole number from ${min} up`);
  }

  /** What is given, null included; `usual` where nothing is. */
  private given(field: string, usual: unknown): unknown {
    return this.has(field) ? this.values[field] : usual;
  }

  text(field: string, expected: string): string {
    const value = this.values[field];
    if (typeof value === 'string' && value !== '') return value;
    throw badField(field, value, expected);
  }

  boolean(field: string): boolean {
    const value = this.values[field];
    if (typeof value === 'boolean') return value;
    throw badField(field, value, 'true or false');
  }

  oneOf<T extends string>(field: string, choices: readonly T[]): T {
    const value = this.values[field];
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return chosen;
    throw badField(field, value, choices.join(', '));
  }
}

/** A number within bounds; throws BadInput. */
export function numberOf(field: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw badField(field, value, `a number from ${min} to ${max}`);
}

function objectIn(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text.trim() === '' ? '{}' : text);
  } catch {
    throw badField('body', text.slice(0, 100), 'a JSON object');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw badField('body', value, 'a JSON object');
}
