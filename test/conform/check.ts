import type { NormalizedSchema } from '@smithy/core/schema';
import type { Answered } from '../../simulator/answered.ts';
import { across } from './across.ts';
import { isCommon } from './errors.ts';
import { type Limit, limits } from './limits.ts';
import { type EnumUse, Sdk } from './sdk.ts';

/** Looks at a value that stands at `path`; adds what is wrong with it to `found`. */
type Check = (value: unknown, path: string, found: string[]) => void;

/** What is wrong with a value, and what was expected. */
const says = (path: string, expected: string, value: unknown) =>
  `${path}: expected ${expected}, got ${JSON.stringify(value)?.slice(0, 80) ?? 'nothing'}`;

/**
 * What does not fit in a call and its answer: members, types, what is required, times, enums, limits, and the errors that
 * an operation declares. A request that was refused may be as wrong as it likes.
 */
export function problemsIn(call: Answered): string[] {
  const { service, operation, input, reply, fault } = call;
  const found: string[] = [];
  if (fault) {
    const declared = knownOperation(service, operation) ? Sdk.of(service).errorsOf(operation) : [];
    if (!isCommon(service, fault.code) && !declared.includes(fault.code))
      found.push(says('error', `one that ${operation} declares or that every operation has`, fault.code));
    if (fault.message === '') found.push('error: expected a message, got none');
  } else {
    const shape = shapesOf(service).operation(operation);
    shape.input(input, 'request', found);
    shape.output(reply, 'answer', found);
    found.push(...across(call));
  }
  return found.map((problem) => `${service} ${operation}: ${problem}`);
}

const knownOperation = (service: string, operation: string) => Sdk.of(service).operations.includes(operation);

const shapes = new Map<string, Shapes>();

function shapesOf(service: string): Shapes {
  const found = shapes.get(service) ?? new Shapes(service);
  shapes.set(service, found);
  return found;
}

/** The checks of one service, made once for each structure. */
class Shapes {
  private readonly sdk: Sdk;
  private readonly limits: Readonly<Record<string, Limit>>;
  private readonly operations = new Map<string, { input: Check; output: Check }>();
  private readonly structures = new Map<string, Check>();

  constructor(service: string) {
    this.sdk = Sdk.of(service);
    this.limits = limits[service] ?? {};
  }

  operation(name: string): { input: Check; output: Check } {
    const found = this.operations.get(name);
    if (found) return found;
    const { input, output } = this.sdk.operation(name);
    const made = { input: this.value(input), output: this.value(output) };
    this.operations.set(name, made);
    return made;
  }

  private value(schema: NormalizedSchema, use?: EnumUse): Check {
    if (schema.isUnitSchema() || schema.isDocumentSchema()) return () => {};
    if (schema.isStructSchema()) return this.structure(schema);
    if (schema.isListSchema()) return listCheck(this.value(schema.getValueSchema(), use));
    if (schema.isMapSchema()) return mapCheck(this.value(schema.getValueSchema(), use), use);
    const simple = simpleTypes.find(({ describes }) => describes(schema));
    const words = use && use.of !== 'key' ? new Set(use.words) : undefined;
    return (value, path, found) => {
      if (simple && !simple.holds(value)) found.push(says(path, simple.name, value));
      else if (words && !words.has(String(value)))
        found.push(says(path, `one of ${use?.enumName} (${use?.words.join(', ')})`, value));
    };
  }

  /** The check is made at its first use: structures hold structures of their own kind. */
  private structure(schema: NormalizedSchema): Check {
    return (value, path, found) => {
      const { name } = this.sdk.structure(schema);
      const check = this.structures.get(name) ?? this.newStructure(schema);
      this.structures.set(name, check);
      check(value, path, found);
    };
  }

  private newStructure(schema: NormalizedSchema): Check {
    const structure = this.sdk.structure(schema);
    const members = structure.members.map(({ name, schema: member, isRequired }) => ({
      name,
      isRequired,
      check: this.value(member, this.sdk.enumOf(structure.name, name)),
      limit: this.limits[`${structure.name}.${name}`],
    }));
    const names = new Set(members.map(({ name }) => name));
    return (value, path, found) => {
      if (!isRecord(value)) {
        found.push(says(path, structure.name, value));
        return;
      }
      for (const { name, isRequired, check, limit } of members) {
        const held = value[name];
        if (held === undefined || held === null) {
          if (isRequired) found.push(says(`${path}.${name}`, 'what is required', held));
          continue;
        }
        check(held, `${path}.${name}`, found);
        if (limit) found.push(...beyond(limit, held).map((why) => says(`${path}.${name}`, why, held)));
      }
      for (const name of Object.keys(value))
        if (!names.has(name) && value[name] !== undefined)
          found.push(says(`${path}.${name}`, `no such member of ${structure.name}`, value[name]));
    };
  }
}

function listCheck(item: Check): Check {
  return (value, path, found) => {
    if (!Array.isArray(value)) found.push(says(path, 'a list', value));
    else for (let at = 0; at < value.length; at++) item(value[at], `${path}[${at}]`, found);
  };
}

function mapCheck(item: Check, use: EnumUse | undefined): Check {
  const keys = use?.of === 'key' ? new Set(use.words) : undefined;
  return (value, path, found) => {
    if (!isRecord(value)) {
      found.push(says(path, 'a map', value));
      return;
    }
    for (const [key, held] of Object.entries(value)) {
      if (keys && !keys.has(key)) found.push(says(path, `keys of ${use?.enumName}`, key));
      item(held, `${path}.${key}`, found);
    }
  };
}

/** What a limit says against a value; those for text hold for every item of a list. */
function beyond(limit: Limit, value: unknown): string[] {
  const { items, value: range, length, like, words, source } = limit;
  const why: string[] = [];
  if (items && Array.isArray(value) && !within(items, value.length))
    why.push(`${items.join(' to ')} items (${source}), not ${value.length}`);
  for (const one of Array.isArray(value) ? value : [value]) {
    if (range && typeof one === 'number' && !within(range, one))
      why.push(`${range.join(' to ')} (${source})`);
    if (typeof one !== 'string') continue;
    if (length && !within(length, one.length)) why.push(`${length.join(' to ')} characters (${source})`);
    if (like && !like.test(one)) why.push(`text like ${like.source} (${source})`);
    if (words && !words.includes(one)) why.push(`one of ${words.join(', ')} (${source})`);
  }
  return why;
}

const within = ([low, high]: readonly [number, number], value: number) => value >= low && value <= high;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

const simpleTypes: readonly {
  name: string;
  describes: (schema: NormalizedSchema) => boolean;
  holds: (value: unknown) => boolean;
}[] = [
  { name: 'text', describes: (s) => s.isStringSchema(), holds: (v) => typeof v === 'string' },
  { name: 'true or false', describes: (s) => s.isBooleanSchema(), holds: (v) => typeof v === 'boolean' },
  { name: 'a number', describes: (s) => s.isNumericSchema(), holds: (v) => Number.isFinite(v) },
  {
    name: 'a time',
    describes: (s) => s.isTimestampSchema(),
    holds: (v) => v instanceof Date && !Number.isNaN(v.getTime()),
  },
  { name: 'bytes', describes: (s) => s.isBlobSchema(), holds: (v) => v instanceof Uint8Array },
];
