import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTemplate, TemplateError } from '../../../../simulator/cloud/template/template.ts';

const place = { region: 'eu-west-1', accountId: '111122223333', stackName: 'steward' };

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

describe('what is refused', () => {
  it('is reported all at once, each with its place', () => {
    const faults = faultsOf({
      Resources: {
        Table: { Type: 'AWS::DynamoDB::Table', Properties: {} },
        Lane: queue({ FifoQueue: 'yes', Delay: 5, VisibilityTimeout: '1m' }),
        Rule: {
          Type: 'AWS::Events::Rule',
          Properties: { Targets: [{ Id: 'lane', SqsParameters: { GroupId: 'x' } }] },
        },
        Fn: {
          Type: 'AWS::Lambda::Function',
          Properties: { Code: 'x', Handler: 'a', Runtime: 'b', Role: ['r'] },
        },
        Kept: queue({}, { CreationPolicy: {} }),
        Waits: queue({}, { DependsOn: ['Nobody'] }),
      },
      Hooks: {},
      Outputs: { Odd: { Value: ['a'] } },
    });
    expect(faults).toEqual([
      expect.stringMatching(/^\$\.Hooks: expected one of AWSTemplateFormatVersion, .*got Hooks$/),
      expect.stringMatching(/^Table\.Type: expected one of AWS::SQS::Queue, .* got AWS::DynamoDB::Table$/),
      'Lane.Properties.FifoQueue: expected a boolean, got yes',
      expect.stringMatching(
        /^Lane\.Properties\.Delay: expected one of .*DelaySeconds.*, got an unknown property$/,
      ),
      'Lane.Properties.VisibilityTimeout: expected an integer, got 1m',
      'Rule.Properties.Targets[0].Arn: expected a value (the property is required), got undefined',
      'Rule.Properties.Targets[0].SqsParameters.MessageGroupId: expected a value (the property is required), got undefined',
      'Rule.Properties.Targets[0].SqsParameters.GroupId: expected one of MessageGroupId, got an unknown property',
      'Fn.Properties.Code: expected an object, got x',
      'Fn.Properties.Role: expected a string, got ["r"]',
      expect.stringContaining('Kept.CreationPolicy: expected one of Type, Properties'),
      'Waits.DependsOn: expected a resource, parameter or pseudo parameter, got Nobody',
      'Outputs.Odd.Value: expected a string, got ["a"]',
    ]);
  });

  it('includes policies and event patterns that AWS would not take', () => {
    const faults = faultsOf({
      Resources: {
        Rule: { Type: 'AWS::Events::Rule', Properties: { EventPattern: { source: 'aws.ecs' } } },
        Role: {
          Type: 'AWS::IAM::Role',
          Properties: { AssumeRolePolicyDocument: { Statement: [{ Effect: 'Maybe' }] } },
        },
      },
    });
    expect(faults).toEqual([
      expect.stringMatching(
        /^Rule\.Properties\.EventPattern: expected a valid event pattern, got .*\$\.source/,
      ),
      expect.stringMatching(
        /^Role\.Properties\.AssumeRolePolicyDocument: expected a valid trust policy, got Statement\[0\]\.Effect/,
      ),
    ]);
  });

  it('says once what is wrong inside of a policy', () => {
    const statement = { Effect: 'Allow', Principal: '*', Action: 'sqs:*', Resource: { Ref: 'Nobody' } };
    const policy = (document: unknown) => ({
      Type: 'AWS::SQS::QueuePolicy',
      Properties: { Queues: ['q'], PolicyDocument: document },
    });
    expect(faultsOf({ Resources: { P: policy({ Statement: [statement] }) } })).toHaveLength(1);
    const { Principal: _, ...unowned } = { ...statement, Resource: '*' };
    expect(faultsOf({ Resources: { P: policy({ Statement: [unowned] }) } })).toEqual([
      expect.stringMatching(/expected a valid resource policy, got Statement\[0\]\.Principal/),
    ]);
  });

  it('includes numbers that are none, but not numbers written as text', () => {
    const alarm = (Threshold: unknown) => ({
      Resources: { A: { Type: 'AWS::CloudWatch::Alarm', Properties: { Threshold } } },
    });
    expect(faultsOf(alarm('many'))).toEqual(['A.Properties.Threshold: expected a number, got many']);
    const { resources } = loadTemplate(alarm('0.5'), place);
    expect(resources.get('A')?.properties.Threshold).toBe(0.5);
  });

  it('includes circles, by Ref or by DependsOn', () => {
    const faults = faultsOf({
      Resources: {
        A: queue({ QueueName: { 'Fn::GetAtt': 'B.QueueName' } }),
        B: queue({}, { DependsOn: 'C' }),
        C: queue({ QueueName: { Ref: 'A' } }),
      },
    });
    expect(faults).toEqual(['A: expected no circular dependency, got A -> B -> C -> A']);
  });

  it('includes two resources of one name', () => {
    const named = queue({ QueueName: 'q' });
    expect(faultsOf({ Resources: { A: named, B: named } })).toEqual([
      expect.stringMatching(/^B: expected a name of its own \(A has it already\)/),
    ]);
  });

  it.each([[undefined], [null], ['{}'], [{}], [{ Resources: [] }]])(
    'includes what is no template: %j',
    (template) => {
      expect(faultsOf(template).length).toBeGreaterThan(0);
    },
  );

  it('never is anything else than a TemplateError', () => {
    const key = fc.constantFrom(
      'Ref',
      'Fn::Sub',
      'Fn::If',
      'Fn::GetAtt',
      'Fn::Join',
      'Fn::Select',
      'Type',
      'Properties',
    );
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('A', 'A.Arn', `\${A}`, 'AWS::SQS::Queue', 1, null),
        fc.array(tie('node'), { maxLength: 3 }),
        fc.dictionary(key, tie('node'), { maxKeys: 2 }),
      ),
    })).node;
    fc.assert(
      fc.property(tree, tree, (properties, output) => {
        faultsOf({
          Resources: { A: queue({ QueueName: properties }), B: properties },
          Outputs: { O: { Value: output } },
        });
      }),
    );
  });
});
