import type { Handler } from '../../../simulator/cloud/lambda/lambda.ts';
import { install } from '../../../simulator/cloud/provision/install.ts';
import { Blueprint } from '../../../simulator/cloud/template/blueprint.ts';
import { accountId, cloud, region } from './fixture.ts';

export type Properties = Record<string, unknown>;
export type Resources = Record<string, { Type: string; Properties: Properties }>;

export const sendPolicy = (rule: string, queue: string) => ({
  Effect: 'Allow',
  Principal: { Service: 'events.amazonaws.com' },
  Action: 'sqs:SendMessage',
  Resource: { 'Fn::GetAtt': [queue, 'Arn'] },
  Condition: { ArnEquals: { 'aws:SourceArn': { 'Fn::GetAtt': [rule, 'Arn'] } } },
});

/** A lane: a rule into a FIFO queue that a function reads; and a function that a schedule invokes. */
export const stack = (): Resources => ({
  Lane: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      QueueName: 'lane.fifo',
      FifoQueue: true,
      ContentBasedDeduplication: true,
      VisibilityTimeout: 60,
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['LaneDead', 'Arn'] }, maxReceiveCount: 2 },
    },
  },
  LaneDead: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'lane-dead.fifo', FifoQueue: true } },
  RuleDead: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'rule-dead', SqsManagedSseEnabled: true } },
  Policy: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Lane' }, { Ref: 'RuleDead' }],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [sendPolicy('Terminate', 'Lane'), sendPolicy('Terminate', 'RuleDead')],
      },
    },
  },
  Role: {
    Type: 'AWS::IAM::Role',
    Properties: {
      RoleName: 'worker',
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
        ],
      },
      Policies: [
        {
          PolicyName: 'inline',
          PolicyDocument: {
            Version: '2012-10-17',
            Statement: [
              {
                Effect: 'Allow',
                Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
                Resource: { 'Fn::GetAtt': ['Lane', 'Arn'] },
              },
              { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: { 'Fn::GetAtt': ['RuleDead', 'Arn'] } },
            ],
          },
        },
      ],
    },
  },
  Admit: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName: 'admit',
      Handler: 'dist/admit/index.handler',
      Runtime: 'nodejs24.x',
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Code: { S3Bucket: 'b', S3Key: 'k' },
      Timeout: 60,
      MemorySize: 256,
      Environment: { Variables: { LANE_URL: { Ref: 'Lane' } } },
    },
  },
  Sweep: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName: 'sweep',
      Handler: 'dist/sweep/index.handler',
      Runtime: 'nodejs24.x',
      Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Code: { S3Bucket: 'b', S3Key: 'k' },
    },
  },
  SweepConfig: {
    Type: 'AWS::Lambda::EventInvokeConfig',
    Properties: {
      FunctionName: { Ref: 'Sweep' },
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
      DestinationConfig: { OnFailure: { Destination: { 'Fn::GetAtt': ['RuleDead', 'Arn'] } } },
    },
  },
  SweepPermission: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      FunctionName: { 'Fn::GetAtt': ['Sweep', 'Arn'] },
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: { 'Fn::GetAtt': ['Minute', 'Arn'] },
    },
  },
  Terminate: {
    Type: 'AWS::Events::Rule',
    Properties: {
      Name: 'terminate',
      EventPattern: { source: ['aws.autoscaling'] },
      Targets: [
        {
          Id: 'lane',
          Arn: { 'Fn::GetAtt': ['Lane', 'Arn'] },
          SqsParameters: { MessageGroupId: 'lane' },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['RuleDead', 'Arn'] } },
          RetryPolicy: { MaximumRetryAttempts: 20, MaximumEventAgeInSeconds: 3600 },
        },
      ],
    },
  },
  Minute: {
    Type: 'AWS::Events::Rule',
    Properties: {
      Name: 'minute',
      ScheduleExpression: 'rate(1 minute)',
      State: 'ENABLED',
      Targets: [{ Id: 'sweep', Arn: { 'Fn::GetAtt': ['Sweep', 'Arn'] } }],
    },
  },
  Mapping: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: { 'Fn::GetAtt': ['Lane', 'Arn'] },
      FunctionName: { 'Fn::GetAtt': ['Admit', 'Arn'] },
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    },
  },
  Group: {
    Type: 'AWS::Logs::LogGroup',
    Properties: { LogGroupName: '/aws/lambda/admit', RetentionInDays: 30 },
  },
});

/** Deploys the stack after `change`; the handlers note their events by function and then do as they are told. */
export function deployed(
  change: (resources: Resources) => void = () => undefined,
  then: Handler = async () => undefined,
) {
  const here = cloud();
  const resources = stack();
  change(resources);
  const place = { region, accountId, stackName: 'steward' };
  const blueprint = new Blueprint({ Resources: resources }, place, {}, new Map());
  const events: { handler: string; event: unknown; environment: object }[] = [];
  const runtime =
    (handler: string) =>
    ({ environment }: { environment: object }) => {
      const run: Handler = async (event, context) => {
        events.push({ handler, event, environment });
        return then(event, context);
      };
      return run;
    };
  install(blueprint, { ...here, runtime }, (resource) => resource);
  return { ...here, events, pass: (seconds: number) => here.world.advance(seconds) };
}

export const change = (logicalId: string, properties: Properties) => (resources: Resources) => {
  Object.assign(resources[logicalId]?.Properties ?? {}, properties);
};

export const terminating = {
  source: 'aws.autoscaling',
  detailType: 'EC2 Instance-terminate Lifecycle Action',
  resources: [],
  detail: { EC2InstanceId: 'i-1' },
};
