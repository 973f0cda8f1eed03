import { isRecord } from '../events/matcher.ts';
import { holds, noValue, resolve, type Scope, unresolved } from './intrinsics.ts';
import { type Identity, identify, type Place, pseudoParameter } from './names.ts';
import { readParameters } from './parameters.ts';
import { resourceTypes } from './resources.ts';
import { shaped } from './shapes.ts';

/** A resource of a stack, as it is created: intrinsics resolved, AWS::NoValue left out, scalars in their own types. */
export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Record<string, unknown>;
  /** What `Ref` answers: a queue's URL, a function's or a rule's name, ... */
  readonly physicalId: string;
  /** Empty for a resource that has no ARN. */
  readonly arn: string;
}

/** A template with everything in it worked out. Resources whose Condition is false are not in it. */
export interface Stack {
  readonly region: string;
  readonly accountId: string;
  readonly stackName: string;
  /** By logical id, in the order of the template. */
  readonly resources: ReadonlyMap<string, StackResource>;
  readonly outputs: Record<string, string>;
}

/** A template that cannot be loaded. The message lists every fault: where, what was expected, what stands there. */
export class TemplateError extends Error {
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(`The template cannot be loaded:\n${faults.map((fault) => `- ${fault}`).join('\n')}`);
    this.faults = faults;
    this.name = 'TemplateError';
  }
}

/**
 * Loads a compiled CloudFormation template. Throws TemplateError for anything it does not know: a resource type, a
 * property, an intrinsic function, a reference, a policy or an event pattern that AWS would not take, a cycle.
 */
export function loadTemplate(
  template: unknown,
  options: Place & { readonly parameters?: Readonly<Record<string, string>> },
): Stack {
  const { region, accountId, stackName, parameters = {} } = options;
  const loader = new Loader(template, { region, accountId, stackName }, parameters);
  const resources = loader.resources();
  const outputs = loader.outputs();
  if (loader.faults.length > 0) throw new TemplateError(loader.faults);
  return { region, accountId, stackName, resources, outputs };
}

const sections = ['AWSTemplateFormatVersion', 'Description', 'Metadata', 'Parameters', 'Mappings'];
sections.push('Conditions', 'Resources', 'Outputs');
const resourceKeys = ['Type', 'Properties', 'DependsOn', 'Condition', 'Metadata'];
resourceKeys.push('DeletionPolicy', 'UpdateReplacePolicy');
const outputKeys = ['Value', 'Description', 'Export', 'Condition'];

type Section = Readonly<Record<string, unknown>>;
type Created = StackResource & Pick<Identity, 'attributes'>;

class Loader implements Scope {
  readonly faults: string[] = [];
  private readonly place: Place;
  private readonly template: Section;
  private readonly parameters: ReadonlyMap<string, unknown>;
  private readonly created = new Map<string, Created | typeof unresolved>();
  private readonly conditions = new Map<string, boolean>();
  private readonly underWay: string[] = [];

  constructor(template: unknown, place: Place, parameters: Readonly<Record<string, string>>) {
    this.place = place;
    this.template = isRecord(template) ? template : {};
    if (!isRecord(template)) this.fault('$', 'a template (a JSON object)', template);
    this.refuseOthers(this.template, sections, '$');
    if (Object.keys(this.section('Resources')).length === 0)
      this.fault('Resources', 'at least one resource', this.template.Resources);
    this.parameters = readParameters(this.section('Parameters'), parameters, (...what) =>
      this.fault(...what),
    );
  }

  /** Every resource that exists, by logical id, in the order of the template. */
  resources(): ReadonlyMap<string, StackResource> {
    const found = new Map<string, StackResource>();
    for (const logicalId of Object.keys(this.section('Resources'))) {
      const created = this.exists(logicalId) ? this.resource(logicalId, logicalId) : unresolved;
      if (created === unresolved) continue;
      const { attributes: _, ...resource } = created;
      found.set(logicalId, resource);
    }
    // With other faults about, a name may be made up that would not be.
    if (this.faults.length === 0) this.refuseNamesakes(found);
    return found;
  }

  /** The outputs whose Condition holds. */
  outputs(): Record<string, string> {
    const values: Record<string, string> = {};
    for (const [name, output] of Object.entries(this.section('Outputs'))) {
      const where = `Outputs.${name}`;
      const definition = isRecord(output) ? output : {};
      this.refuseOthers(definition, outputKeys, where);
      if (definition.Condition !== undefined && !this.condition(definition.Condition, where)) continue;
      const value = resolve(definition.Value, `${where}.Value`, this);
      resolve(definition.Export, `${where}.Export`, this);
      if (value === unresolved) continue;
      if (typeof value === 'string' || typeof value === 'number') values[name] = String(value);
      else this.fault(`${where}.Value`, 'a string', value);
    }
    return values;
  }

  ref(name: string, where: string): unknown {
    if (name === 'AWS::NoValue') return noValue;
    const pseudo = pseudoParameter(name, this.place);
    if (pseudo !== undefined) return pseudo;
    if (this.parameters.has(name)) return this.parameters.get(name);
    const created = this.resource(name, where);
    return created === unresolved ? unresolved : created.physicalId;
  }

  attribute(logicalId: string, attribute: string, where: string): unknown {
    const created = this.resource(logicalId, where);
    if (created === unresolved) return unresolved;
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
    const known = this.created.get(logicalId);
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

  /** What a condition leaves out need not be waited for. */
  private dependOn(other: unknown, where: string): void {
    if (typeof other !== 'string') this.fault(where, 'a logical id', other);
    else if (this.exists(other)) this.resource(other, where);
  }

  private create(logicalId: string): Created | typeof unresolved {
    const definition = this.section('Resources')[logicalId];
    if (!isRecord(definition)) return this.fault(logicalId, 'an object', definition);
    this.refuseOthers(definition, resourceKeys, logicalId);
    const name = definition.Type;
    const type =
      typeof name === 'string' && Object.hasOwn(resourceTypes, name) ? resourceTypes[name] : undefined;
    if (!type || typeof name !== 'string')
      return this.fault(`${logicalId}.Type`, `one of ${Object.keys(resourceTypes).join(', ')}`, name);
    for (const other of [definition.DependsOn ?? []].flat()) this.dependOn(other, `${logicalId}.DependsOn`);
    const where = `${logicalId}.Properties`;
    const resolved = resolve(definition.Properties ?? {}, where, this);
    const properties = shaped(resolved, type.properties, where, (...what) => this.fault(...what));
    if (!isRecord(properties)) return unresolved;
    const identity = identify(this.place, logicalId, type, properties);
    return { logicalId, type: name, properties, ...identity };
  }
}
