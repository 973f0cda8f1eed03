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

/** What a value of a template becomes, where a description can stand. */
const resolved = (value: unknown, rest: Record<string, unknown> = {}) => {
  const Resources = {
    Q: queue({ QueueName: 'lane.fifo', FifoQueue: true }),
    R: {
      Type: 'AWS::Events::Rule',
      Properties: { Description: value, ScheduleExpression: 'rate(1 minute)' },
    },
  };
  return load({ Resources, ...rest }).resources.get('R')?.properties.Description;
};

const faultsOf = (template: unknown, parameters: Record<string, string> = {}) => {
  try {
    loadTemplate(template, { ...place, parameters });
    return [];
  } catch (error) {
    if (error instanceof TemplateError) return error.faults;
    throw error;
  }
};

describe('intrinsic functions', () => {
  it.each([
    ['Ref of a resource', { Ref: 'Q' }, 'https://sqs.eu-west-1.amazonaws.com/111122223333/lane.fifo'],
    ['Ref of the Region', { Ref: 'AWS::Region' }, 'eu-west-1'],
    ['Ref of the account', { Ref: 'AWS::AccountId' }, '111122223333'],
    ['Ref of the partition', { Ref: 'AWS::Partition' }, 'aws'],
    ['Ref of the stack', { Ref: 'AWS::StackName' }, 'steward'],
    ['Ref of the suffix', { Ref: 'AWS::URLSuffix' }, 'amazonaws.com'],
    ['GetAtt as a list', { 'Fn::GetAtt': ['Q', 'Arn'] }, 'arn:aws:sqs:eu-west-1:111122223333:lane.fifo'],
    ['GetAtt as text', { 'Fn::GetAtt': 'Q.QueueName' }, 'lane.fifo'],
    [
      'Sub',
      { 'Fn::Sub': `\${AWS::Region}/\${Q.QueueName}/\${!AWS::Region}` },
      `eu-west-1/lane.fifo/\${AWS::Region}`,
    ],
    [
      'Sub of a resource',
      { 'Fn::Sub': `<\${Q}>` },
      '<https://sqs.eu-west-1.amazonaws.com/111122223333/lane.fifo>',
    ],
    [
      'Sub with variables',
      { 'Fn::Sub': [`\${a}-\${AWS::Region}`, { a: { Ref: 'AWS::AccountId' } }] },
      '111122223333-eu-west-1',
    ],
    [
      'Join',
      { 'Fn::Join': ['-', ['a', { Ref: 'AWS::Region' }, { Ref: 'AWS::NoValue' }, 1]] },
      'a-eu-west-1-1',
    ],
    [
      'Select of Split',
      { 'Fn::Select': ['5', { 'Fn::Split': [':', { 'Fn::GetAtt': ['Q', 'Arn'] }] }] },
      'lane.fifo',
    ],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'AWS::Region' }, 'small'] }, '5'],
    ['If on a condition that holds', { 'Fn::If': ['Yes', 'a', 'b'] }, 'a'],
    ['If on one that does not', { 'Fn::If': ['No', 'a', 'b'] }, 'b'],
    ['If that leaves the property out', { 'Fn::If': ['No', 'a', { Ref: 'AWS::NoValue' }] }, undefined],
  ])('%s', (_, value, answer) => {
    const rest = {
      Mappings: { Sizes: { 'eu-west-1': { small: 5 } } },
      Conditions: { Yes: { 'Fn::Equals': ['a', 'a'] }, No: { 'Fn::Not': [{ Condition: 'Yes' }] } },
    };
    expect(resolved(value, rest)).toBe(answer);
  });

  it.each([
    [
      'ImportValue of what nobody exports',
      { 'Fn::ImportValue': 'x' },
      'the name of an export of another stack',
    ],
    [
      'an unknown Ref',
      { Ref: 'Nobody' },
      'R.Properties.Description.Ref: expected a resource, parameter or pseudo parameter, got Nobody',
    ],
    [
      'an unknown attribute',
      { 'Fn::GetAtt': ['Q', 'Url'] },
      'an attribute of Q (AWS::SQS::Queue has Arn, QueueName, QueueUrl), got Url',
    ],
    ['an unknown variable of Sub', { 'Fn::Sub': `\${Nobody.Arn}` }, 'got Nobody'],
    [
      'an unknown condition',
      { 'Fn::If': ['Nobody', 1, 2] },
      'the name of a condition of the template, got Nobody',
    ],
    [
      'an unknown mapping',
      { 'Fn::FindInMap': ['Sizes', 'a', 'b'] },
      'keys of a mapping of the template, got ["Sizes","a","b"]',
    ],
    ['a function beside something else', { Ref: 'Q', other: 1 }, 'Ref to stand alone'],
    ['an index beyond the list', { 'Fn::Select': [2, ['a', 'b']] }, 'an index below 2, got 2'],
    ['NoValue inside a string', { 'Fn::Sub': `\${AWS::NoValue}` }, 'got AWS::NoValue'],
    ['Join of a list in a list', { 'Fn::Join': ['', [['a']]] }, 'Fn::Join[1][0]: expected a string'],
    ['If without an else', { 'Fn::If': ['Nobody', 1] }, '[condition, value if true, value if false]'],
    [
      'FindInMap of one key',
      { 'Fn::FindInMap': ['Sizes', 'a'] },
      '[mapping, top-level key, second-level key]',
    ],
    ['FindInMap of text', { 'Fn::FindInMap': 'Siz' }, '[mapping, top-level key, second-level key]'],
    ['Sub of three', { 'Fn::Sub': ['a', {}, 'b'] }, 'a string, or [string, variables]'],
    ['Join without a delimiter', { 'Fn::Join': [1, ['a']] }, '[delimiter, list]'],
    ['Select by name', { 'Fn::Select': ['length', ['a']] }, '[index, list]'],
    ['Select from text', { 'Fn::Select': [0, 'abc'] }, '[index, list]'],
    ['Split of a list', { 'Fn::Split': [',', ['a']] }, '[delimiter, string]'],
    ['GetAtt of nothing', { 'Fn::GetAtt': 'Q' }, '[logical id, attribute]'],
  ])('refuses %s', (_, value, why) => {
    expect(() => resolved(value)).toThrow(why);
  });

  it.each([
    ['Join', { 'Fn::Join': ['', ['a', { Ref: 'Nobody' }]] }],
    ['Join of a list', { 'Fn::Join': ['', { Ref: 'Nobody' }] }],
    ['Split', { 'Fn::Split': ['', { Ref: 'Nobody' }] }],
    ['Select', { 'Fn::Select': [0, { Ref: 'Nobody' }] }],
    ['Sub', { 'Fn::Sub': [`\${a}`, { a: { Ref: 'Nobody' } }] }],
    ['GetAtt', { 'Fn::GetAtt': ['Q', { Ref: 'Nobody' }] }],
    ['FindInMap', { 'Fn::FindInMap': ['Sizes', { Ref: 'Nobody' }, 'b'] }],
    ['an object', { a: [{ Ref: 'Nobody' }] }],
  ])('says once what is wrong inside of %s', (_, value) => {
    const Q = queue({ QueueName: 'q' });
    const faults = faultsOf({ Resources: { Q }, Outputs: { O: { Value: 'o', Export: { Name: value } } } });
    expect(faults).toEqual([expect.stringMatching(/expected a resource, .*got Nobody$/)]);
  });
});

describe('conditions', () => {
  const Conditions = {
    Prod: { 'Fn::Equals': [{ Ref: 'Stage' }, 'prod'] },
    Test: { 'Fn::Not': [{ Condition: 'Prod' }] },
    Either: { 'Fn::Or': [{ Condition: 'Prod' }, { Condition: 'Test' }] },
    Both: { 'Fn::And': [{ Condition: 'Prod' }, { Condition: 'Test' }] },
  };
  const template = {
    Parameters: { Stage: { Type: 'String', Default: 'test', AllowedValues: ['test', 'prod'] } },
    Conditions,
    Resources: Object.fromEntries(
      Object.keys(Conditions).map((name) => [name, queue({}, { Condition: name })]),
    ),
    Outputs: { Prod: { Condition: 'Prod', Value: { Ref: 'Prod' } } },
  };

  it('leave out resources and outputs', () => {
    expect([...load(template).resources.keys()]).toEqual(['Test', 'Either']);
    expect(load(template).outputs).toEqual({});
    expect([...load(template, { Stage: 'prod' }).resources.keys()]).toEqual(['Prod', 'Either']);
    expect(Object.keys(load(template, { Stage: 'prod' }).outputs)).toEqual(['Prod']);
  });

  it('make a Ref to what they left out an error, but not a DependsOn', () => {
    const Resources = { Absent: queue({}, { Condition: 'Both' }), Q: queue({}, { DependsOn: 'Absent' }) };
    expect([...load({ ...template, Resources, Outputs: {} }).resources.keys()]).toEqual(['Q']);
    const referring = { ...Resources, Q: queue({ QueueName: { Ref: 'Absent' } }) };
    expect(faultsOf({ ...template, Resources: referring, Outputs: {} })).toEqual([
      'Q.Properties.QueueName.Ref: expected a resource that exists (its Condition is false), got Absent',
    ]);
  });

  it('must not refer to themselves, and take their documented number of operands', () => {
    const faults = faultsOf({
      Conditions: {
        A: { 'Fn::Not': [{ Condition: 'B' }] },
        B: { 'Fn::Not': [{ Condition: 'A' }] },
        C: { 'Fn::And': [{ Condition: 'A' }] },
        D: { 'Fn::Like': ['a', 'b'] },
        E: 'Fn::Not',
        F: { 'Fn::Not': [{ Condition: 'A' }], 'Fn::Or': [] },
      },
      Resources: Object.fromEntries(
        ['A', 'C', 'D', 'E', 'F'].map((name) => [`${name}Q`, queue({}, { Condition: name })]),
      ),
    });
    expect(faults).toEqual([
      'Conditions.B.Fn::Not[0].Condition: expected no circular condition, got A',
      'Conditions.C.Fn::And: expected a list of 2 to 10, got [{"Condition":"A"}]',
      'Conditions.D: expected Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition, got {"Fn::Like":["a","b"]}',
      'Conditions.E: expected Fn::Equals, Fn::And, Fn::Or, Fn::Not or Condition, got Fn::Not',
      'Conditions.F.Fn::Not: expected a list of 1, got undefined',
    ]);
  });
});
