import { isRecord } from '../events/matcher.ts';
import { isCustom, resourceTypeOf } from './custom.ts';
import { Loader, type Output } from './loader.ts';
import { type Identity, identify, type Place } from './names.ts';
import { type StackResource, TemplateError } from './template.ts';

/** What a resource that is there is called; undefined: it is not there. */
export type Known = (logicalId: string) => Identity | undefined;

/**
 * A template that was checked as a whole and whose resources are worked out one by one, each when its turn comes: what
 * a custom resource is called, and what it answers, is known only then.
 */
export class Blueprint {
  readonly place: Place;
  /** Every logical id that exists: what a resource needs stands before it. */
  readonly order: readonly string[];
  /** The names of the exports that it imports. */
  readonly imports: ReadonlySet<string>;
  readonly description: string | undefined;
  private readonly template: unknown;
  private readonly parameters: Readonly<Record<string, string>>;
  private readonly exports: ReadonlyMap<string, string>;
  private readonly needed: ReadonlyMap<string, ReadonlySet<string>>;

  /** Throws TemplateError as `loadTemplate` does. */
  constructor(
    template: unknown,
    place: Place,
    parameters: Readonly<Record<string, string>>,
    exports: ReadonlyMap<string, string>,
  ) {
    this.template = template;
    this.place = place;
    this.parameters = parameters;
    this.exports = exports;
    const loader = new Loader(template, place, { parameters, exports });
    loader.resources();
    loader.outputs();
    if (loader.faults.length > 0) throw new TemplateError(loader.faults);
    this.order = loader.order;
    this.imports = loader.imports;
    this.needed = loader.needs;
    const description = isRecord(template) ? template.Description : undefined;
    this.description = typeof description === 'string' ? description : undefined;
  }

  /** The logical ids that a resource refers to or waits for. */
  needs(logicalId: string): ReadonlySet<string> {
    return this.needed.get(logicalId) ?? new Set();
  }

  /** The type of a resource. */
  typeOf(logicalId: string): string {
    return String(this.definition(logicalId).Type);
  }

  /** Whether a resource stays when it leaves the stack. */
  retention(logicalId: string): 'never' | 'always' | 'except-on-create' {
    const policy = this.definition(logicalId).DeletionPolicy;
    return policy === 'Retain' ? 'always' : policy === 'RetainExceptOnCreate' ? 'except-on-create' : 'never';
  }

  /** Whether a resource stays when another one takes its place. */
  keepsReplaced(logicalId: string): boolean {
    return this.definition(logicalId).UpdateReplacePolicy === 'Retain';
  }

  /** The properties of a resource, given what it needs. Throws TemplateError. */
  properties(logicalId: string, known: Known): Record<string, unknown> {
    const loader = this.loader(known);
    const properties = loader.one(logicalId);
    if (loader.faults.length > 0 || !properties) throw new TemplateError(loader.faults);
    return properties;
  }

  /** The resource with these properties, as it is called in this generation of it. */
  resource(logicalId: string, properties: Record<string, unknown>, generation: number): StackResource {
    const type = this.typeOf(logicalId);
    const known = resourceTypeOf(type);
    if (!known) throw new Error(`${logicalId}: ${type} is no type of resource here`);
    const { isLater: _, ...identity } = identify(this.place, logicalId, known, properties, generation);
    return { logicalId, type, properties, ...identity, generation };
  }

  /** Whether a function has to be asked for the resource. */
  isCustom(logicalId: string): boolean {
    return isCustom(this.typeOf(logicalId));
  }

  /** The outputs, given what is there. Throws TemplateError. */
  outputs(known: Known): Output[] {
    const loader = this.loader(known);
    const outputs = loader.outputs();
    if (loader.faults.length > 0) throw new TemplateError(loader.faults);
    return outputs;
  }

  private loader(known: Known): Loader {
    return new Loader(this.template, this.place, {
      parameters: this.parameters,
      known,
      exports: this.exports,
    });
  }

  private definition(logicalId: string): Readonly<Record<string, unknown>> {
    const { Resources } = this.template as { Resources: Record<string, Record<string, unknown>> };
    return Resources[logicalId] ?? {};
  }
}
