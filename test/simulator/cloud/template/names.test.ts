import { describe, expect, it } from 'vitest';
import { loadTemplate } from '../../../../simulator/cloud/template/template.ts';

const place = { region: 'eu-west-1', accountId: '111122223333', stackName: 'steward' };
const load = (template: Record<string, unknown>, parameters: Record<string, string> = {}) =>
  loadTemplate(template, { ...place, parameters });

const queue = (properties: Record<string, unknown> = {}, rest: Record<string, unknown> = {}) => ({
  Type: 'AWS::SQS::Queue',
  Properties: properties,
  ...rest,
});
const trust = {
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
};
const role = { Type: 'AWS::IAM::Role', Properties: { AssumeRolePolicyDocument: trust } };

describe('names', () => {
  it('are made up where none is given: always the same, cut to what the service takes, .fifo kept', () => {
    const long = 'ALogicalIdThatIsMuchTooLongForTheNameOfAQueueWhichHasAtMostEightyCharactersInAll';
    const template = {
      Resources: { [long]: queue({ FifoQueue: 'true' }), Code: { Type: 'AWS::S3::Bucket' }, Role: role },
    };
    const [lane, code, made] = [...load(template).resources.values()];
    const name = lane?.arn.split(':').at(-1);
    expect(name).toMatch(/^steward-ALogicalId.*-[0-9A-F]{12}\.fifo$/);
    expect(name).toHaveLength(80);
    expect(code?.physicalId).toMatch(/^steward-code-[0-9a-f]{12}$/);
    expect(made?.physicalId).toMatch(/^steward-Role-[0-9A-F]{12}$/);
    expect(load(template)).toEqual(load(template));
    const elsewhere = loadTemplate(template, { ...place, stackName: 'other' });
    expect(elsewhere.resources.get('Role')?.physicalId).not.toBe(made?.physicalId);
  });

  it('answers Ref and GetAtt for each type as CloudFormation documents it', () => {
    const on = (Type: string, Properties: Record<string, unknown>) => ({ Type, Properties });
    const { resources, outputs } = load({
      Resources: {
        Fn: on('AWS::Lambda::Function', {
          FunctionName: 'admit',
          Handler: 'a.b',
          Runtime: 'nodejs24.x',
          Role: { 'Fn::GetAtt': 'Role.Arn' },
          Code: { ZipFile: '' },
        }),
        Version: on('AWS::Lambda::Version', { FunctionName: { Ref: 'Fn' } }),
        Alias: on('AWS::Lambda::Alias', {
          FunctionName: { 'Fn::GetAtt': ['Fn', 'Arn'] },
          FunctionVersion: { 'Fn::GetAtt': 'Version.Version' },
          Name: 'live',
        }),
        Role: on('AWS::IAM::Role', { RoleName: 'admit', Path: '/steward/', AssumeRolePolicyDocument: trust }),
        Rule: on('AWS::Events::Rule', { Name: 'sweep', ScheduleExpression: 'rate(1 minute)' }),
        Logs: on('AWS::Logs::LogGroup', { LogGroupName: '/aws/lambda/admit' }),
        Topic: on('AWS::SNS::Topic', { TopicName: 'alarms' }),
        Parameter: on('AWS::SSM::Parameter', { Name: '/steward/home', Type: 'String', Value: 'x' }),
        Alarm: on('AWS::CloudWatch::Alarm', { AlarmName: 'late' }),
        Bucket: on('AWS::S3::Bucket', { BucketName: 'steward-code' }),
      },
      Outputs: {
        LogsArn: { Value: { 'Fn::GetAtt': 'Logs.Arn' } },
        Value: { Value: { 'Fn::GetAtt': 'Parameter.Value' } },
      },
    });
    const regional = (service: string, rest: string) => `arn:aws:${service}:eu-west-1:111122223333:${rest}`;
    expect(
      Object.fromEntries([...resources].map(([id, { physicalId, arn }]) => [id, [physicalId, arn]])),
    ).toEqual({
      Fn: ['admit', regional('lambda', 'function:admit')],
      Version: [regional('lambda', 'function:admit:1'), regional('lambda', 'function:admit:1')],
      Alias: [regional('lambda', 'function:admit:live'), regional('lambda', 'function:admit:live')],
      Role: ['admit', 'arn:aws:iam::111122223333:role/steward/admit'],
      Rule: ['sweep', regional('events', 'rule/sweep')],
      Logs: ['/aws/lambda/admit', regional('logs', 'log-group:/aws/lambda/admit')],
      Topic: [regional('sns', 'alarms'), regional('sns', 'alarms')],
      Parameter: ['/steward/home', regional('ssm', 'parameter/steward/home')],
      Alarm: ['late', regional('cloudwatch', 'alarm:late')],
      Bucket: ['steward-code', 'arn:aws:s3:::steward-code'],
    });
    expect(outputs).toEqual({ LogsArn: regional('logs', 'log-group:/aws/lambda/admit:*'), Value: 'x' });
  });

  it('knows the partitions outside of the commercial one', () => {
    const template = { Resources: { Q: queue({ QueueName: 'q' }) } };
    const arnIn = (region: string) => loadTemplate(template, { ...place, region }).resources.get('Q');
    expect(arnIn('cn-north-1')).toMatchObject({
      arn: 'arn:aws-cn:sqs:cn-north-1:111122223333:q',
      physicalId: 'https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q',
    });
    expect(arnIn('us-gov-west-1')?.arn).toBe('arn:aws-us-gov:sqs:us-gov-west-1:111122223333:q');
  });
});
