import { describe, expect, it } from 'vitest';
import { loadTemplate, TemplateError } from '../../../../simulator/cloud/template/template.ts';

const place = { region: 'eu-west-1', accountId: '111122223333', stackName: 'steward' };
const load = (template: Record<string, unknown>, parameters: Record<string, string> = {}) =>
  loadTemplate(template, { ...place, parameters });

const queue = (properties: Record<string, unknown> = {}, rest: Record<string, unknown> = {}) => ({
  Type: 'AWS::SQS::Queue',
  Properties: properties,
  ...rest,
});

const faultsOf = (template: unknown, parameters: Record<string, string> = {}) => {
  try {
    loadTemplate(template, { ...place, parameters });
    return [];
  } catch (error) {
    if (error instanceof TemplateError) return error.faults;
    throw error;
  }
};

describe('parameters', () => {
  const template = {
    Parameters: {
      Names: { Type: 'CommaDelimitedList', Default: 'a, b' },
      Days: { Type: 'Number', Default: 30 },
      Stage: { Type: 'String', AllowedPattern: '[a-z]+' },
    },
    Resources: {
      Logs: {
        Type: 'AWS::Logs::LogGroup',
        Properties: { LogGroupName: { Ref: 'Stage' }, RetentionInDays: { Ref: 'Days' } },
      },
      Q: queue({ QueueName: { 'Fn::Select': [1, { Ref: 'Names' }] } }),
    },
  };

  it('take what is given, else the default', () => {
    const { resources } = load(template, { Stage: 'prod' });
    expect(resources.get('Logs')?.properties).toEqual({ LogGroupName: 'prod', RetentionInDays: 30 });
    expect(resources.get('Q')?.properties).toEqual({ QueueName: 'b' });
  });

  it('report what is missing, unknown or not allowed', () => {
    expect(faultsOf(template, { Days: 'many', Other: 'x' })).toEqual([
      'Parameters.Other: expected a parameter of the template, got x',
      'Parameters.Days: expected a number, got many',
      'Parameters.Stage: expected a value, or a Default, got undefined',
    ]);
    expect(faultsOf(template, { Stage: 'Prod' })).toEqual([
      'Parameters.Stage: expected a value that matches "[a-z]+", got Prod',
    ]);
    const odd = {
      Parameters: { P: { Type: 'AWS::SSM::Parameter::Value<String>', Default: 'x', MinLength: 1 } },
    };
    expect(faultsOf({ ...template, ...odd, Resources: { Q: queue() } })).toEqual([
      expect.stringContaining('Parameters.P.MinLength: expected one of Type, Default'),
      'Parameters.P.Type: expected String, Number or CommaDelimitedList, got AWS::SSM::Parameter::Value<String>',
    ]);
  });

  it('take only values that are allowed, numbers in either form', () => {
    const of = (Type: unknown) => ({
      Parameters: { P: { Type, Default: 5, AllowedValues: [5, '6'] } },
      Resources: { Q: queue() },
    });
    expect(faultsOf(of('Number'))).toEqual([]);
    expect(faultsOf(of('Number'), { P: '5' })).toEqual([]);
    expect(faultsOf(of('Number'), { P: '6' })).toEqual([]);
    expect(faultsOf(of('Number'), { P: '7' })).toEqual(['Parameters.P: expected one of [5,"6"], got 7']);
    expect(faultsOf({ Parameters: { P: 'String' }, Resources: { Q: queue() } })).toEqual([
      'Parameters.P: expected an object, got String',
    ]);
  });
});
