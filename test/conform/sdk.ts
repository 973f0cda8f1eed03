import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NormalizedSchema } from '@smithy/core/schema';

/** A structure of the SDK's runtime schemas. */
export interface Structure {
  readonly name: string;
  readonly members: readonly {
    readonly name: string;
    readonly schema: NormalizedSchema;
    readonly isRequired: boolean;
  }[];
}

/** The values that a member of a structure may have, and where in it they stand. */
export interface EnumUse {
  readonly enumName: string;
  readonly words: readonly string[];
  readonly of: 'value' | 'item' | 'key';
}

/**
 * An enum whose words a member may have beside those of its own: the events of a stack itself bear the status of the stack
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html).
 */
const wider: Readonly<Record<string, string>> = { 'StackEvent.ResourceStatus': 'StackStatus' };

// The packages are loaded when the first call is looked at: most test files make none.
const require = createRequire(import.meta.url);

/** Where a client is not called like its service. */
const packages: Readonly<Record<string, string>> = {
  autoscaling: 'auto-scaling',
  events: 'eventbridge',
  logs: 'cloudwatch-logs',
};

/**
 * One service as its SDK client describes it: runtime schemas and exported enums, and from its type declarations what
 * the schemas leave out, namely which member has which enum and which errors an operation declares.
 */
export class Sdk {
  private static readonly opened = new Map<string, Sdk>();
  private readonly exported: Readonly<Record<string, unknown>>;
  private readonly normalized: typeof NormalizedSchema;
  private readonly types: string;
  private readonly structures = new Map<string, Structure>();
  private readonly memberTypes: ReadonlyMap<string, ReadonlyMap<string, string>>;
  private readonly declared = new Map<string, readonly string[]>();

  private constructor(service: string) {
    const name = `@aws-sdk/client-${packages[service] ?? service}`;
    this.exported = require(name);
    this.normalized = require('@smithy/core/schema').NormalizedSchema;
    this.types = join(dirname(require.resolve(`${name}/package.json`)), 'dist-types');
    this.memberTypes = readInterfaces(join(this.types, 'models'));
  }

  /** The client of a service, as `ecs`. Throws when its package is not there. */
  static of(service: string): Sdk {
    const found = Sdk.opened.get(service) ?? new Sdk(service);
    Sdk.opened.set(service, found);
    return found;
  }

  /** Every operation there is. */
  get operations(): readonly string[] {
    return Object.values(this.exported).flatMap((schema) =>
      Array.isArray(schema) && schema[0] === 9 ? [String(schema[2])] : [],
    );
  }

  /** Every enum there is. */
  get enums(): readonly string[] {
    return Object.keys(this.exported).filter((name) => this.wordsOf(name) !== undefined);
  }

  /** What goes into an operation and what comes out of it. Throws when there is none of that name. */
  operation(name: string): { readonly input: NormalizedSchema; readonly output: NormalizedSchema } {
    const schema = this.exported[`${name}$`];
    if (!Array.isArray(schema)) throw new Error(`The SDK knows no operation ${name}`);
    return { input: this.normalized.of(schema[4]), output: this.normalized.of(schema[5]) };
  }

  /** The members of a structure; those that are required stand first in the SDK's schemas. */
  structure(schema: NormalizedSchema): Structure {
    const raw = schema.getSchema() as unknown[];
    const name = String(raw[2]);
    const found = this.structures.get(name);
    if (found) return found;
    const requiredCount = typeof raw[6] === 'number' ? raw[6] : 0;
    const members = [...schema.structIterator()].map(([member, of], index) => ({
      name: member,
      schema: of,
      isRequired: index < requiredCount,
    }));
    const structure = { name, members };
    this.structures.set(name, structure);
    return structure;
  }

  /** The members that the type declarations give a structure; undefined: they have no such interface. */
  declaredMembers(structure: string): readonly string[] | undefined {
    const found = this.typesOf(structure);
    return found && [...found.keys()];
  }

  /** Which enum a member has; undefined: it has none. */
  enumOf(structure: string, member: string): EnumUse | undefined {
    const type = this.typesOf(structure)?.get(member) ?? '';
    const isMap = type.includes('Record<');
    for (const [enumName] of type.matchAll(/\w+/g)) {
      const words = this.wordsOf(enumName);
      if (!words) continue;
      const isKey = isMap && type.includes(`Record<${enumName},`);
      const more = this.wordsOf(wider[`${structure}.${member}`] ?? '') ?? [];
      return {
        enumName,
        words: [...words, ...more],
        of: isKey ? 'key' : type.includes('[]') || isMap ? 'item' : 'value',
      };
    }
    return undefined;
  }

  /** The codes, in either spelling, of the errors that an operation declares. */
  errorsOf(operation: string): readonly string[] {
    const known = this.declared.get(operation);
    if (known) return known;
    const page = readFileSync(join(this.types, 'commands', `${operation}Command.d.ts`), 'utf8');
    const codes = [...page.matchAll(/@throws \{@link (\w+)\} \(/g)].flatMap(([, name = '']) => {
      const schema = this.exported[`${name}$`];
      const traits: { awsQueryError?: readonly [string, number] } = Array.isArray(schema) ? schema[3] : {};
      return [name, ...(traits.awsQueryError ? [traits.awsQueryError[0]] : [])];
    });
    this.declared.set(operation, codes);
    return codes;
  }

  /** What JavaScript has a word for, as `Object`, the SDK declares with a dash before it. */
  private typesOf(structure: string): ReadonlyMap<string, string> | undefined {
    return this.memberTypes.get(structure) ?? this.memberTypes.get(`_${structure}`);
  }

  private wordsOf(name: string): readonly string[] | undefined {
    const value = this.exported[name];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const words = Object.values(value);
    return words.length > 0 && words.every((word) => typeof word === 'string') ? words : undefined;
  }
}

/** The type of each member of each interface, and of each union, in a folder of type declarations. */
function readInterfaces(folder: string): Map<string, Map<string, string>> {
  const text = readdirSync(folder)
    .filter((file) => file.endsWith('.d.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
  const blocks = /^export (?:interface|declare namespace) (\w+)[^{]*\{\n([\s\S]*?)^\}/gm;
  const interfaces = new Map<string, Map<string, string>>();
  for (const [, name = '', body = ''] of text.matchAll(blocks)) {
    // A union is a namespace with an interface for each member, in which the others are never, and a visitor.
    const members = [...body.matchAll(/^(?: {4}| {8})(\w+)\??: (.+);$/gm)].filter(
      ([, , type = '']) => type !== 'never' && !type.includes('=>'),
    );
    if (members.length > 0 || !interfaces.has(name))
      interfaces.set(name, new Map(members.map(([, member = '', type = '']) => [member, type])));
  }
  return interfaces;
}
