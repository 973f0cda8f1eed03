import { Fault } from '../machine.ts';
import type { StackResource } from './template/template.ts';

/** Properties of one type: those that `deploy` or `iam` acts on, and those that change nothing here. */
interface Known {
  readonly acted: string;
  readonly inert: string;
}

/** Property names stand between spaces. */
const knownTypes: Readonly<Record<string, Known>> = {
  'AWS::SQS::Queue': {
    acted:
      'QueueName FifoQueue ContentBasedDeduplication DeduplicationScope FifoThroughputLimit DelaySeconds VisibilityTimeout ' +
      'MessageRetentionPeriod MaximumMessageSize ReceiveMessageWaitTimeSeconds KmsMasterKeyId SqsManagedSseEnabled ' +
      'RedrivePolicy RedriveAllowPolicy',
    inert: 'KmsDataKeyReusePeriodSeconds Tags',
  },
  'AWS::SQS::QueuePolicy': { acted: 'PolicyDocument Queues', inert: '' },
  'AWS::Events::Rule': {
    acted: 'Name Description EventPattern ScheduleExpression State Targets',
    inert: 'Tags',
  },
  'AWS::Lambda::Function': {
    acted:
      'FunctionName Handler Role Runtime Timeout MemorySize ReservedConcurrentExecutions DeadLetterConfig Environment LoggingConfig',
    inert:
      'Description KmsKeyArn RecursiveLoop Architectures Code EphemeralStorage Layers Tags TracingConfig',
  },
  'AWS::Lambda::Permission': { acted: 'Action FunctionName Principal SourceAccount SourceArn', inert: '' },
  'AWS::Lambda::EventSourceMapping': {
    acted:
      'EventSourceArn FunctionName BatchSize MaximumBatchingWindowInSeconds Enabled FilterCriteria FunctionResponseTypes ScalingConfig',
    inert: 'Tags',
  },
  'AWS::Lambda::EventInvokeConfig': {
    acted: 'FunctionName Qualifier MaximumEventAgeInSeconds MaximumRetryAttempts DestinationConfig',
    inert: '',
  },
  'AWS::IAM::Role': {
    acted: 'RoleName AssumeRolePolicyDocument ManagedPolicyArns Policies',
    inert: 'Description Path MaxSessionDuration Tags',
  },
  'AWS::IAM::Policy': { acted: 'PolicyDocument PolicyName Roles', inert: '' },
};

/** Types that nothing happens through here: names, logs, alarms and what is kept beside the functions. */
const inertTypes: ReadonlySet<string> = new Set([
  'AWS::Lambda::Version',
  'AWS::Lambda::Alias',
  'AWS::Logs::LogGroup',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::S3::Bucket',
  'AWS::S3::BucketPolicy',
  'AWS::SSM::Parameter',
  'AWS::SNS::Topic',
]);

/** Refuses a resource of which a part would be passed over in silence. Throws Fault naming logical id and property. */
export function checkKnown({ logicalId, type, properties }: StackResource): void {
  if (inertTypes.has(type)) return;
  const known = knownTypes[type];
  if (!known)
    throw new Fault('ValidationError', `${logicalId}: the simulator does not know how to create ${type}.`);
  const names = `${known.acted} ${known.inert}`.split(' ');
  const unknown = Object.keys(properties).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Fault(
      'ValidationError',
      `${logicalId}.${unknown}: the simulator does not act on this property of ${type}.`,
    );
}
