import { isRecord } from '../events/matcher.ts';
import { resourceTypeOf } from './custom.ts';
import { holds, noValue, resolve, type Scope, unresolved } from './intrinsics.ts';
import { type Identity, identify, type Place, pseudoParameter } from './names.ts';
import { readParameters } from './parameters.ts';
import { resourceTypes } from './resources.ts';
import { holdsUnresolved, shaped } from './shapes.ts';
import type { StackResource } from './template.ts';

const sections = ['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Mappings'];
sections.push('Conditions', 'Resources', 'Outputs');
const resourceKeys = ['Type', 'Properties', 'DependsOn', 'Condition', 'Metadata'];
resourceKeys.push('DeletionPolicy', 'UpdateReplacePolicy');
const outputKeys = ['Value', 'Description', 'Export', 'Condition'];

/** What becomes of a resource that leaves the stack, or is replaced. */
const policyKeys = ['DeletionPolicy', 'UpdateReplacePolicy'] as const;
const policyValues = ['Delete', 'Retain', 'RetainExceptOnCreate'];

type Section = Readonly<Record<string, unknown>>;
type Created = StackResource & Pick<Identity, 'isLater'>;

/** What a template is worked out with. */
export interface LoaderOptions {
  /** The values that were given; undefined: the values without a Default are not looked at. */
  readonly parameters: Readonly<Record<string, string>> | undefined;
  /** What a resource that is there already is called; undefined for one that the template itself has to name. */
  readonly known?: (logicalId: string) => Identity | undefined;
  /** What other stacks export, by name; absent: an import is not looked up. */
  readonly exports?: ReadonlyMap<string, string>;
}

/** An output of a stack. */
export interface Output {
  readonly name: string;
  readonly value: string;
  readonly description: string | undefined;
  /** The name under which other stacks import it. */
  readonly exportName: string | undefined;
}

/** Works a template out: resources in the order in which they need each other, and outputs; notes every fault. */
export class Loader implements Scope {
  readonly faults: string[] = [];
  /** What each resource refers to or waits for, by logical id. */
  readonly needs = new Map<string, Set<string>>();
  /** The exports of other stacks that the template asks for. */
  readonly imports = new Set<string>();
  private readonly options: LoaderOptions;
  private readonly place: Place;
  private readonly template: Section;
  private readonly parameters: ReadonlyMap<string, unknown>;
  private readonly created = new Map<string, Created | typeof unresolved>();
  private readonly conditions = new Map<string, boolean>();
  private readonly underWay: string[] = [];

  constructor(template: unknown, place: Place, options: LoaderOptions) {
    this.options = options;
    this.place = place;
    this.template = isRecord(template) ? template : {};
    if (!isRecord(template)) this.fault('$', 'a template (a JSON object)', template);
    this.refuseOthers(this.template, sections, '$');
    if (Object.keys(this.section('Resources')).length === 0)
      this.fault('Resources', 'at least one resource', this.template.Resources);
    this.parameters = readParameters(this.section('Parameters'), options.parameters, (...what) =>
      this.fault(...what),
    );
  }

  /** The logical ids of the resources that exist: what a resource needs stands before it. */
  get order(): readonly string[] {
    return [...this.created].filter(([, created]) => created !== unresolved).map(([logicalId]) => logicalId);
  }

  /** Every resource that exists, by logical id, in the order of the template. */
  resources(): ReadonlyMap<string, StackResource> {
    const found = new Map<string, StackResource>();
    for (const logicalId of Object.keys(this.section('Resources'))) {
      const created = this.exists(logicalId) ? this.resource(logicalId, logicalId) : unresolved;
      if (created === unresolved) continue;
      const { isLater: _, ...resource } = created;
      found.set(logicalId, resource);
    }
    // With other faults about, a name may be made up that would not be.
    if (this.faults.length === 0) this.refuseNamesakes(found);
    return found;
  }

  /** The outputs whose Condition holds, as far as they are known. */
  outputs(): Output[] {
    const outputs: Output[] = [];
    for (const [name, output] of Object.entries(this.section('Outputs'))) {
      const where = `Outputs.${name}`;
      const definition = isRecord(output) ? output : {};
      this.refuseOthers(definition, outputKeys, where);
      if (definition.Condition !== undefined && !this.condition(definition.Condition, where)) continue;
      const value = resolve(definition.Value, `${where}.Value`, this);
      const exported = resolve(definition.Export, `${where}.Export`, this);
      if (value === unresolved) continue;
      if (typeof value !== 'string' && typeof value !== 'number') {
        this.fault(`${where}.Value`, 'a string', typeof value === 'symbol' ? 'AWS::NoValue' : value);
        continue;
      }
      const description = typeof definition.Description === 'string' ? definition.Description : undefined;
      outputs.push({ name, value: String(value), description, exportName: this.exportName(exported, where) });
    }
    return outputs;
  }

  /** One resource, worked out by itself: what it needs must be known. */
  one(logicalId: string): Record<string, unknown> | undefined {
    const definition = this.section('Resources')[logicalId];
    const created = this.during(logicalId, () => this.create(logicalId));
    return isRecord(definition) && created !== unresolved ? created.properties : undefined;
  }

  private exportName(exported: unknown, where: string): string | undefined {
    if (isRecord(exported) && typeof exported.Name === 'string') return exported.Name;
    if (exported !== undefined && !holdsUnresolved(exported))
      this.fault(`${where}.Export`, 'an object with the string Name', exported);
    return undefined;
  }

  ref(name: string, where: string): unknown {
    if (name === 'AWS::NoValue') return noValue;
    const pseudo = pseudoParameter(name, this.place);
    if (pseudo !== undefined) return pseudo;
    if (this.parameters.has(name)) return this.parameters.get(name);
    const created = this.resource(name, where);
    return created === unresolved || created.isLater ? unresolved : created.physicalId;
  }

  attribute(logicalId: string, attribute: string, where: string): unknown {
    const created = this.resource(logicalId, where);
    if (created === unresolved || created.isLater) return unresolved;
    if (Object.hasOwn(created.attributes, attribute)) return created.attributes[attribute];
    const offered = Object.keys(created.attributes).join(', ') || 'none';
    return this.fault(where, `an attribute of ${logicalId} (${created.type} has ${offered})`, attribute);
  }

  condition(name: unknown, where: string): boolean {
    const conditions = this.section('Conditions');
    if (typeof name !== 'string' || !Object.hasOwn(conditions, name)) {
      this.fault(where, 'the name of a condition of the template', name);
      return false;
    }
    const known = this.conditions.get(name);
    if (known !== undefined) return known;
    if (this.underWay.includes(`condition ${name}`)) {
      this.fault(where, 'no circular condition', name);
      return false;
    }
    const result = this.during(`condition ${name}`, () =>
      holds(conditions[name], `Conditions.${name}`, this),
    );
    this.conditions.set(name, result);
    return result;
  }

  mapped(keys: readonly unknown[], where: string): unknown {
    let node: unknown = this.section('Mappings');
    for (const key of keys) {
      if (!isRecord(node) || typeof key !== 'string' || !Object.hasOwn(node, key))
        return this.fault(where, 'keys of a mapping of the template', keys);
      node = node[key];
    }
    return node;
  }

  imported(name: string, where: string): unknown {
    const { exports } = this.options;
    this.imports.add(name);
    if (!exports) return unresolved;
    return exports.get(name) ?? this.fault(where, 'the name of an export of another stack', name);
  }

  fault(where: string, expected: string, got: unknown): typeof unresolved {
    const shown = typeof got === 'string' ? got : (JSON.stringify(got) ?? String(got));
    const fault = `${where}: expected ${expected}, got ${shown.slice(0, 300)}`;
    if (!this.faults.includes(fault)) this.faults.push(fault);
    return unresolved;
  }

  private section(name: string): Section {
    const value = this.template[name] ?? {};
    if (isRecord(value)) return value;
    this.fault(name, 'an object', value);
    return {};
  }

  private refuseOthers(value: Section, known: readonly string[], where: string): void {
    for (const key of Object.keys(value))
      if (!known.includes(key)) this.fault(`${where}.${key}`, `one of ${known.join(', ')}`, key);
  }

  private refuseNamesakes(resources: ReadonlyMap<string, StackResource>): void {
    const owners = new Map<string, string>();
    for (const { logicalId, type, physicalId } of resources.values()) {
      const owner = owners.get(`${type} ${physicalId}`);
      if (owner) this.fault(logicalId, `a name of its own (${owner} has it already)`, physicalId);
      owners.set(`${type} ${physicalId}`, logicalId);
    }
  }

  private during<T>(what: string, run: () => T): T {
    this.underWay.push(what);
    const result = run();
    this.underWay.pop();
    return result;
  }

  private exists(logicalId: string): boolean {
    const definition = this.section('Resources')[logicalId];
    if (!isRecord(definition) || definition.Condition === undefined) return true;
    return this.condition(definition.Condition, `${logicalId}.Condition`);
  }

  /** The resource, created when it is first asked for: what a resource refers to is created before it. */
  private resource(logicalId: string, where: string): Created | typeof unresolved {
    this.note(logicalId);
    const known = this.created.get(logicalId) ?? this.there(logicalId);
    if (known !== undefined) return known;
    if (!Object.hasOwn(this.section('Resources'), logicalId))
      return this.fault(where, 'a resource, parameter or pseudo parameter', logicalId);
    if (!this.exists(logicalId))
      return this.fault(where, 'a resource that exists (its Condition is false)', logicalId);
    const start = this.underWay.indexOf(logicalId);
    if (start >= 0)
      return this.fault(
        logicalId,
        'no circular dependency',
        [...this.underWay.slice(start), logicalId].join(' -> '),
      );
    const created = this.during(logicalId, () => this.create(logicalId));
    this.created.set(logicalId, created);
    return created;
  }

  /** Whatever is worked out now needs this. */
  private note(logicalId: string): void {
    const dependant = this.underWay.findLast((what) => !what.startsWith('condition '));
    if (dependant === undefined) return;
    const needs = this.needs.get(dependant) ?? new Set();
    this.needs.set(dependant, needs.add(logicalId));
  }

  private there(logicalId: string): Created | undefined {
    const identity = this.options.known?.(logicalId);
    const definition = this.section('Resources')[logicalId];
    if (!identity || !isRecord(definition)) return undefined;
    return { logicalId, type: String(definition.Type), properties: {}, ...identity };
  }

  /** What a condition leaves out need not be waited for. */
  private dependOn(other: unknown, where: string): void {
    if (typeof other !== 'string') this.fault(where, 'a logical id', other);
    else if (this.exists(other)) this.resource(other, where);
  }

  private create(logicalId: string): Created | typeof unresolved {
    const definition = this.section('Resources')[logicalId];
    if (!isRecord(definition)) return this.fault(logicalId, 'an object', definition);
    this.refuseOthers(definition, resourceKeys, logicalId);
    for (const key of policyKeys)
      if (definition[key] !== undefined && !policyValues.includes(String(definition[key])))
        this.fault(`${logicalId}.${key}`, `one of ${policyValues.join(', ')}`, definition[key]);
    const name = definition.Type;
    const type = typeof name === 'string' ? resourceTypeOf(name) : undefined;
    if (!type || typeof name !== 'string')
      return this.fault(
        `${logicalId}.Type`,
        `one of ${Object.keys(resourceTypes).join(', ')}, Custom::*`,
        name,
      );
    for (const other of [definition.DependsOn ?? []].flat()) this.dependOn(other, `${logicalId}.DependsOn`);
    const where = `${logicalId}.Properties`;
    const resolved = resolve(definition.Properties ?? {}, where, this);
    const properties = shaped(resolved, type.properties, where, (...what) => this.fault(...what));
    if (!isRecord(properties)) return unresolved;
    const identity = identify(this.place, logicalId, type, properties);
    return { logicalId, type: name, properties, ...identity };
  }
}
