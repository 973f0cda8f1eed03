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
  private readonly prefix: string;

  /** `prefix` stands before the names in errors. Throws BadInput for a field that is not among `known`. */
  constructor(values: Readonly<Record<string, unknown>>, known: readonly string[], prefix = '') {
    this.values = values;
    this.prefix = prefix;
    const unknown = Object.keys(values).find((name) => !known.includes(name));
    if (unknown !== undefined)
      throw this.refused(unknown, known.length > 0 ? `only ${known.join(', ')}` : 'no fields');
  }

  /** The fields of a request's body. Throws BadInput for text that is no JSON object. */
  static of(text: string, known: readonly string[]): Fields {
    return new Fields(objectIn(text), known);
  }

  has(field: string): boolean {
    return this.values[field] !== undefined;
  }

  value(field: string): unknown {
    return this.values[field];
  }

  /** A number from `min` to `max`; throws BadInput. */
  number(field: string, min: number, max: number, usual?: number): number {
    const value = this.given(field, usual);
    if (typeof value === 'number' && value >= min && value <= max) return value;
    throw this.refused(field, `a number from ${min} to ${max}`);
  }

  /** A whole number from `min` to `max`; throws BadInput. */
  integer(field: string, min: number, usual?: number, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.given(field, usual);
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return value;
    const upTo = max === Number.MAX_SAFE_INTEGER ? 'up' : `to ${max}`;
    throw this.refused(field, `a whole number from ${min} ${upTo}`);
  }

  /** A text that is not empty; throws BadInput. */
  text(field: string, expected: string): string {
    const value = this.values[field];
    if (typeof value === 'string' && value !== '') return value;
    throw this.refused(field, expected);
  }

  boolean(field: string): boolean {
    const value = this.values[field];
    if (typeof value === 'boolean') return value;
    throw this.refused(field, 'true or false');
  }

  /** One of the choices; throws BadInput. */
  oneOf<T extends string>(field: string, choices: readonly T[]): T {
    const value = this.values[field];
    const chosen = choices.find((choice) => choice === value);
    if (chosen !== undefined) return chosen;
    throw this.refused(field, choices.join(', '));
  }

  /** A list of texts; throws BadInput. */
  texts(field: string): string[] {
    const value = this.values[field];
    const isText = (item: unknown) => typeof item === 'string';
    if (Array.isArray(value) && value.every(isText)) return [...value];
    throw this.refused(field, 'a list of texts');
  }

  /** A list of objects, each with its own fields; throws BadInput. */
  objects(field: string, known: readonly string[]): Fields[] {
    const value = this.values[field];
    if (!Array.isArray(value)) throw this.refused(field, 'a list of objects');
    return value.map((item: unknown, index) => {
      const name = `${this.prefix}${field}[${index}]`;
      if (isObject(item)) return new Fields(item, known, `${name}.`);
      throw badField(name, item, 'an object');
    });
  }

  private refused(field: string, expected: string): BadInput {
    return badField(`${this.prefix}${field}`, this.values[field], expected);
  }

  /** What is given, null included; `usual` where nothing is. */
  private given(field: string, usual: unknown): unknown {
    return this.has(field) ? this.values[field] : usual;
  }
}

function objectIn(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text.trim() === '' ? '{}' : text);
  } catch {
    throw badField('body', text.slice(0, 100), 'a JSON object');
  }
  if (isObject(value)) return value;
  throw badField('body', value, 'a JSON object');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
