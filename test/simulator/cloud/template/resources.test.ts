import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import { describe, expect, it } from 'vitest';
import { resourceTypes } from '../../../../simulator/cloud/template/resources.ts';
import type { ObjectShape, Shape } from '../../../../simulator/cloud/template/shapes.ts';

const published = loadAwsServiceSpecSync();

type Published = ReturnType<typeof published.all<'resource'>>[number];
type PublishedType = Published['properties'][string]['type'];

/** The kinds of value that CloudFormation publishes for what this table calls a kind of value. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  string: ['string'],
  integer: ['integer'],
  number: ['number', 'integer'],
  boolean: ['boolean'],
};

/** Each place where a shape claims what CloudFormation does not publish. */
function differences(shape: Shape, type: PublishedType, where: string): string[] {
  if (type.type === 'union') {
    const each = type.types.map((one) => differences(shape, one, where));
    return each.find((found) => found.length === 0) ?? each[0] ?? [];
  }
  if (type.type === 'json' || (typeof shape === 'string' && !kinds[shape])) return [];
  if (typeof shape === 'string')
    return kinds[shape]?.includes(type.type) ? [] : [`${where}: ${shape}, published as ${type.type}`];
  if (Array.isArray(shape))
    return type.type === 'array'
      ? differences(shape[0] as Shape, type.element, `${where}[]`)
      : [`${where}: a list`];
  if (type.type === 'map')
    return differences((shape as ObjectShape)['*'] as Shape, type.element, `${where}.*`);
  if (type.type === 'tag') return [];
  if (type.type !== 'ref') return [`${where}: an object, published as ${type.type}`];
  const definition = published.get('typeDefinition', type.reference.$ref);
  return objectDifferences(shape as ObjectShape, definition.properties, where);
}

function objectDifferences(shape: ObjectShape, properties: Published['properties'], where: string): string[] {
  const names = Object.keys(shape).map((name) => name.replace('!', ''));
  const missing = Object.entries(properties)
    .filter(([name, { required }]) => required && !(`${name}!` in shape))
    .map(([name]) => `${where}.${name}: required, and not marked so`);
  const unknown = names.filter((name) => !properties[name]).map((name) => `${where}.${name}: not published`);
  const inner = Object.entries(shape).flatMap(([name, one]) => {
    const property = properties[name.replace('!', '')];
    return property ? differences(one, property.type, `${where}.${name}`) : [];
  });
  return [...missing, ...unknown, ...inner];
}

describe.each(Object.entries(resourceTypes))('%s', (name, type) => {
  const [spec] = published.lookup('resource', 'cloudFormationType', 'equals', name);

  it('has no property, and no type of a property, that CloudFormation does not publish', () => {
    expect(objectDifferences(type.properties, spec?.properties ?? {}, name)).toEqual([]);
  });

  it('has no attribute that CloudFormation does not publish', () => {
    const known = Object.keys(spec?.attributes ?? {});
    expect(Object.keys(type.attributes).filter((attribute) => !known.includes(attribute))).toEqual([]);
  });

  it('has the ARN that the service documents', () => {
    const template = spec?.arnTemplate;
    if (type.arn === undefined || template === undefined) return;
    const sample = type.arn.replaceAll(/\{(\w+)\}/g, (_, word: string) =>
      word === 'path' || word === 'slashed' ? '/x' : 'x',
    );
    const pattern = template.replaceAll(/\$\{\w+\}/g, 'x');
    expect(sample.replaceAll('/xx', '/x')).toBe(pattern);
  });

  it('takes its name from a property that it has', () => {
    if (type.nameProperty === undefined) return;
    expect(Object.keys(type.properties).map((key) => key.replace('!', ''))).toContain(type.nameProperty);
  });
});

it('finds a property that CloudFormation does not publish', () => {
  const [spec] = published.lookup('resource', 'cloudFormationType', 'equals', 'AWS::Events::Rule');
  const shape: ObjectShape = {
    Nmae: 'string',
    State: 'integer',
    Targets: [{ 'Arn!': 'string', Who: 'string' }],
  };
  expect(objectDifferences(shape, spec?.properties ?? {}, 'Rule')).toEqual([
    'Rule.Nmae: not published',
    'Rule.State: integer, published as string',
    'Rule.Targets[].Id: required, and not marked so',
    'Rule.Targets[].Who: not published',
  ]);
});
