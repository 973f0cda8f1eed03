import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import { describe, expect, it } from 'vitest';
import { provisionOf, replacingProperties } from '../../../../simulator/cloud/provision/known.ts';
import { resourceTypes } from '../../../../simulator/cloud/template/resources.ts';

const specification = loadAwsServiceSpecSync();

const namesOf = (type: string) =>
  Object.keys(resourceTypes[type]?.properties ?? {}).map((name) => name.replace('!', ''));

const resource = (type: string, names: readonly string[]) => ({
  logicalId: 'X',
  type,
  properties: Object.fromEntries(names.map((name) => [name, 'x'])),
  physicalId: 'x',
  arn: 'x',
  attributes: {},
});

describe('a resource is refused, by logical id', () => {
  it('when nothing here acts on its type or on one of its properties', () => {
    expect(() => provisionOf(resource('AWS::SQS::Queue', ['Colour']))).toThrow(
      'X.Colour: the simulator does not act on this property of AWS::SQS::Queue',
    );
    expect(() => provisionOf(resource('AWS::Kinesis::Stream', []))).toThrow(
      'X: the simulator does not know how to create AWS::Kinesis::Stream',
    );
  });
});

describe.each(Object.keys(resourceTypes))('%s', (type) => {
  it('has a place for every property that the template loader takes', () => {
    expect(() => provisionOf(resource(type, namesOf(type)))).not.toThrow();
  });

  it("is replaced for the properties of AWS's specification, and for no other", () => {
    const [spec] = specification.lookup('resource', 'cloudFormationType', 'equals', type);
    const replacing = namesOf(type).filter((name) => spec?.properties[name]?.causesReplacement === 'yes');
    expect([...replacingProperties(type)].sort()).toEqual(replacing.sort());
  });
});
