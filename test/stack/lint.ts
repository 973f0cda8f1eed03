import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import type { PropertyType, Resource as ResourceSpec } from '@aws-cdk/service-spec-types';
import type { Resource, Template } from './template.ts';

type PropertySpecs = ResourceSpec['properties'];
type Json = Readonly<Record<string, unknown>>;

const specification = loadAwsServiceSpecSync();

const customResource = 'AWS::CloudFormation::CustomResource';

const pseudoParameters = new Set([
  'AWS::AccountId',
  'AWS::NoValue',
  'AWS::NotificationARNs',
  'AWS::Partition',
  'AWS::Region',
  'AWS::StackId',
  'AWS::StackName',
  'AWS::URLSuffix',
]);

/**
 * What CloudFormation would refuse in a template, as "path: problem": unknown resource types, properties, attributes,
 * conditions and references, missing properties, values of the wrong type. By AWS's own resource specification; does
 * not know allowed values, and does not look into what the specification calls JSON (policies, event patterns).
 */
export function lintTemplate(template: Template): string[] {
  return new Lint(template).problems;
}

class Lint {
  readonly problems: string[] = [];
  private readonly template: Template;

  constructor(template: Template) {
    this.template = template;
    for (const [id, resource] of Object.entries(template.Resources)) {
      const spec = this.specOf(resource.Type);
      if (spec) this.properties(this.known(resource), spec.properties, id);
      else this.report(id, `unknown resource type ${resource.Type}`);
      this.references(resource.Properties, id);
      for (const other of [resource.DependsOn ?? []].flat()) this.resourceExists(other, `${id}.DependsOn`);
      if (resource.Condition !== undefined) this.conditionExists(resource.Condition, id);
    }
    this.references(template.Outputs, 'Outputs');
  }

  private report(path: string, problem: string): void {
    this.problems.push(`${path}: ${problem}`);
  }

  private specOf(type: string): ResourceSpec | undefined {
    const known = isCustom(type) ? customResource : type;
    return specification.lookup('resource', 'cloudFormationType', 'equals', known)[0];
  }

  /** The properties of a resource that somebody can know: what else a custom resource has is between it and its function. */
  private known({ Type, Properties = {} }: Resource): Json {
    if (!isCustom(Type)) return Properties;
    const spec = this.specOf(Type)?.properties ?? {};
    return Object.fromEntries(Object.entries(Properties).filter(([name]) => Object.hasOwn(spec, name)));
  }

  private properties(value: Json, specs: PropertySpecs, path: string): void {
    for (const [name, property] of Object.entries(value)) {
      const spec = specs[name];
      if (spec) this.value(property, spec.type, `${path}.${name}`);
      else this.report(`${path}.${name}`, 'unknown property');
    }
    for (const [name, { required }] of Object.entries(specs)) {
      if (required && value[name] === undefined) this.report(`${path}.${name}`, 'missing');
    }
  }

  private value(value: unknown, type: PropertyType, path: string): void {
    if (isIntrinsic(value)) {
      const branches = value['Fn::If'];
      if (Array.isArray(branches)) for (const branch of branches.slice(1)) this.value(branch, type, path);
      return;
    }
    if (type.type === 'union') this.union(value, type.types, path);
    else if (fits(value, type)) this.inside(value, type, path);
    else this.report(path, `expected ${type.type}, got ${JSON.stringify(value)}`);
  }

  private inside(value: unknown, type: PropertyType, path: string): void {
    if (type.type === 'array')
      for (const [index, item] of (value as unknown[]).entries())
        this.value(item, type.element, `${path}[${index}]`);
    if (type.type === 'map')
      for (const [key, item] of Object.entries(value as Json))
        this.value(item, type.element, `${path}.${key}`);
    if (type.type === 'ref')
      this.properties(
        value as Json,
        specification.get('typeDefinition', type.reference.$ref).properties,
        path,
      );
  }

  /** One way to read the value must be free of problems; else the reading with the fewest is reported. */
  private union(value: unknown, types: readonly PropertyType[], path: string): void {
    const structured = types.filter(({ type }) => type === 'array' || type === 'map' || type === 'ref');
    const readings = (structured.length > 0 ? types.filter(({ type }) => type !== 'json') : types).map(
      (type) => {
        const before = this.problems.length;
        this.value(value, type, path);
        return this.problems.splice(before);
      },
    );
    readings.sort((a, b) => a.length - b.length);
    this.problems.push(...(readings[0] ?? []));
  }

  private references(value: unknown, path: string): void {
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) this.references(item, `${path}[${index}]`);
      return;
    }
    if (!isObject(value)) return;
    for (const [key, argument] of Object.entries(value)) {
      this.reference(key, argument, path);
      this.references(argument, key.startsWith('Fn::') ? path : `${path}.${key}`);
    }
  }

  private reference(key: string, argument: unknown, path: string): void {
    if (key === 'Ref') this.refExists(String(argument), path);
    if (key === 'Fn::If' && Array.isArray(argument)) this.conditionExists(String(argument[0]), path);
    if (key === 'Fn::GetAtt') {
      const [id = '', ...attribute] = Array.isArray(argument) ? argument : String(argument).split('.');
      this.attributeExists(String(id), attribute.join('.'), path);
    }
    if (key === 'Fn::Sub') {
      const [text, variables] = Array.isArray(argument) ? argument : [argument, {}];
      for (const [, name = ''] of String(text).matchAll(/\$\{([^!}]+)\}/g)) {
        if (Object.hasOwn(variables, name)) continue;
        const [id = '', ...attribute] = name.split('.');
        if (attribute.length > 0) this.attributeExists(id, attribute.join('.'), path);
        else this.refExists(name, path);
      }
    }
  }

  private refExists(name: string, path: string): void {
    const parameters = this.template.Parameters ?? {};
    if (pseudoParameters.has(name) || Object.hasOwn(parameters, name)) return;
    this.resourceExists(name, path);
  }

  private resourceExists(id: string, path: string): void {
    if (!Object.hasOwn(this.template.Resources, id)) this.report(path, `no resource ${id}`);
  }

  private conditionExists(name: string, path: string): void {
    if (!Object.hasOwn(this.template.Conditions ?? {}, name)) this.report(path, `no condition ${name}`);
  }

  private attributeExists(id: string, attribute: string, path: string): void {
    const resource = this.template.Resources[id];
    if (!resource) this.report(path, `no resource ${id}`);
    const spec = resource && this.specOf(resource.Type);
    if (spec && !isCustom(resource.Type) && !spec.attributes[attribute] && !spec.properties[attribute])
      this.report(path, `${resource.Type} has no attribute ${attribute}`);
  }
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html */
const isCustom = (type: string) => type === customResource || /^Custom::[\w@-]{1,60}$/.test(type);

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIntrinsic(value: unknown): value is Json {
  if (!isObject(value)) return false;
  const [key = '', ...others] = Object.keys(value);
  return others.length === 0 && (key === 'Ref' || key.startsWith('Fn::'));
}

/** CloudFormation takes numbers and booleans as text too. */
function fits(value: unknown, { type }: PropertyType): boolean {
  if (type === 'array') return Array.isArray(value);
  if (type === 'map' || type === 'ref') return isObject(value);
  if (type === 'string' || type === 'date-time') return typeof value !== 'object';
  if (type === 'integer') return /^-?\d+$/.test(String(value));
  if (type === 'number') return typeof value !== 'object' && !Number.isNaN(Number(value));
  if (type === 'boolean') return value === true || value === false || value === 'true' || value === 'false';
  return true;
}
