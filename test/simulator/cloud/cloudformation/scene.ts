import {
  CreateStackCommand,
  type CreateStackCommandInput,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
  type UpdateStackCommandInput,
} from '@aws-sdk/client-cloudformation';
import type { AccountOptions } from '../../../../simulator/account.ts';
import { operated, type Programs } from '../operator.ts';

type Resource = Record<string, unknown> & { Type: string; Properties?: Record<string, unknown> };

/** A template of these resources as text. */
export const template = (Resources: Record<string, Resource>, rest: Record<string, unknown> = {}) =>
  JSON.stringify({ Resources, ...rest });

export const queue = (
  Properties: Record<string, unknown> = {},
  rest: Record<string, unknown> = {},
): Resource => ({
  Type: 'AWS::SQS::Queue',
  Properties,
  ...rest,
});

/** A role that Lambda assumes and that may do everything to queues. */
export const role: Resource = {
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Statement: {
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      },
    },
    Policies: [
      {
        PolicyName: 'queues',
        PolicyDocument: { Statement: { Effect: 'Allow', Action: 'sqs:*', Resource: '*' } },
      },
    ],
  },
};

/** A function whose package is the text `code`, in the bucket of the scene. */
export const program = (code: string, properties: Record<string, unknown> = {}): Resource => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
    Code: { S3Bucket: 'packages', S3Key: code },
    ...properties,
  },
});

/** An operator with a stack `one` and a bucket `packages` in which every program lies under its own name. */
export function scene(programs: Programs = {}, options: Partial<AccountOptions> = {}) {
  const here = operated(programs, options);
  const { account, cloudformation, eventsOf } = here;
  account.s3.createBucket(account.world.now, 'packages');
  for (const name of ['v1', 'v2', ...Object.keys(programs)])
    account.s3.put(account.world.now, 'packages', name, {
      body: Buffer.from(name),
      contentType: 'application/zip',
      metadata: {},
      headers: {},
    });
  const common = { StackName: 'one', Capabilities: ['CAPABILITY_IAM' as const] };
  const describe = async (StackName = 'one') =>
    (await cloudformation.send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];
  /** What happened since the last look, the stack itself apart: `logical id: status` and the reason, if any. */
  const seen = new Set<string | undefined>();
  const news = async (StackName = 'one') => {
    const events = (await eventsOf(StackName)).filter(({ EventId }) => !seen.has(EventId));
    for (const { EventId } of events) seen.add(EventId);
    return events.map(
      ({ LogicalResourceId, ResourceStatus, ResourceStatusReason: why }) =>
        `${LogicalResourceId}: ${ResourceStatus}${why ? ` (${why})` : ''}`,
    );
  };
  return {
    ...here,
    describe,
    news,
    create: (TemplateBody: string, input: Partial<CreateStackCommandInput> = {}) =>
      cloudformation.send(new CreateStackCommand({ ...common, TemplateBody, ...input })),
    update: (TemplateBody: string, input: Partial<UpdateStackCommandInput> = {}) =>
      cloudformation.send(new UpdateStackCommand({ ...common, TemplateBody, ...input })),
    /** Lets the operation under way end, and answers how the stack stands then. */
    settle: async (seconds = 60) => {
      await account.advance(seconds);
      return (await describe())?.StackStatus;
    },
    physicalIdOf: async (LogicalResourceId: string) => {
      const { StackResources = [] } = await cloudformation.send(
        new DescribeStackResourcesCommand({ StackName: 'one', LogicalResourceId }),
      );
      return StackResources[0]?.PhysicalResourceId ?? '';
    },
  };
}
