import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Account } from '../../simulator/account.ts';
import type { Handler, Platform } from '../../simulator/cloud/lambda/lambda.ts';
import type { Action, Strategy, Tools } from './strategy.ts';

/** The lifecycle hook that polling strategies wait on, and the function that they are. */
export const pollingHook = 'polling-terminate';
const functionName = 'polling-drainer';
const handlerName = 'index.handler';

/** Installs a polling strategy in the account: a rule, its function, and a queue between them where it uses one. */
export function installPolling(account: Account, strategy: Strategy, cluster: string): void {
  account.install(templateOf(strategy, cluster), (handler) => {
    if (handler !== handlerName) throw new Error(`There is no code for handler "${handler}"`);
    return (platform) => handlerOf(strategy, platform);
  });
}

function handlerOf(strategy: Strategy, platform: Platform): Handler {
  const tools = toolsOn(platform);
  const visit = (body: string) =>
    strategy.visit(tools, (JSON.parse(body) as { detail: Action }).detail, body);
  return async (event) => {
    if (!strategy.isQueued) return visit(JSON.stringify(event));
    for (const { body } of (event as { Records: { body: string }[] }).Records) await visit(body);
    return {};
  };
}

function toolsOn(platform: Platform): Tools {
  const { environment, requestHandler } = platform;
  const config = {
    region: String(environment.AWS_REGION),
    credentials: {
      accessKeyId: String(environment.AWS_ACCESS_KEY_ID),
      secretAccessKey: String(environment.AWS_SECRET_ACCESS_KEY),
    },
    // The real clock has no part in this: a refused call fails its invocation.
    maxAttempts: 1,
    requestHandler,
  };
  const sqs = new SQSClient(config);
  const again = async (MessageBody: string, DelaySeconds: number) => {
    await sqs.send(new SendMessageCommand({ QueueUrl: environment.QUEUE_URL, MessageBody, DelaySeconds }));
  };
  const clients = { ecs: new ECSClient(config), autoscaling: new AutoScalingClient(config), sqs };
  return { platform, ...clients, cluster: String(environment.CLUSTER), again };
}

const allow = (Action: readonly string[], Resource: unknown = '*') => ({ Effect: 'Allow', Action, Resource });
const arnOf = (logicalId: string) => ({ 'Fn::GetAtt': [logicalId, 'Arn'] });

function templateOf({ timeoutSeconds, isQueued }: Strategy, cluster: string): unknown {
  const target = isQueued ? 'Queue' : 'Function';
  return {
    Resources: {
      Role: role(isQueued),
      Function: {
        Type: 'AWS::Lambda::Function',
        Properties: {
          FunctionName: functionName,
          Handler: handlerName,
          Runtime: 'nodejs24.x',
          Code: { S3Bucket: 'none', S3Key: 'none' },
          Role: arnOf('Role'),
          MemorySize: 256,
          Timeout: timeoutSeconds,
          Environment: {
            Variables: { CLUSTER: cluster, ...(isQueued ? { QUEUE_URL: { Ref: 'Queue' } } : {}) },
          },
        },
      },
      Rule: {
        Type: 'AWS::Events::Rule',
        Properties: {
          EventPattern: {
            source: ['aws.autoscaling'],
            'detail-type': ['EC2 Instance-terminate Lifecycle Action'],
            detail: { LifecycleHookName: [pollingHook] },
          },
          Targets: [{ Id: 'drainer', Arn: arnOf(target) }],
        },
      },
      ...(isQueued ? queue : permission),
    },
  };
}

const role = (isQueued: boolean) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    },
    Policies: [
      {
        PolicyName: 'drainer',
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            allow(['ecs:*', 'autoscaling:*', 'logs:*']),
            ...(isQueued ? [allow(['sqs:*'], arnOf('Queue'))] : []),
          ],
        },
      },
    ],
  },
});

const permission = {
  Permission: {
    Type: 'AWS::Lambda::Permission',
    Properties: {
      FunctionName: arnOf('Function'),
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: arnOf('Rule'),
    },
  },
};

const queue = {
  Queue: { Type: 'AWS::SQS::Queue', Properties: { VisibilityTimeout: 120 } },
  QueuePolicy: {
    Type: 'AWS::SQS::QueuePolicy',
    Properties: {
      Queues: [{ Ref: 'Queue' }],
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'events.amazonaws.com' },
            Action: 'sqs:SendMessage',
            Resource: arnOf('Queue'),
            Condition: { ArnEquals: { 'aws:SourceArn': arnOf('Rule') } },
          },
        ],
      },
    },
  },
  Mapping: {
    Type: 'AWS::Lambda::EventSourceMapping',
    DependsOn: ['Role'],
    Properties: { BatchSize: 1, EventSourceArn: arnOf('Queue'), FunctionName: arnOf('Function') },
  },
};
