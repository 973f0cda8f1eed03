import { Fault } from '../../machine.ts';
import type { StackResource } from '../template/template.ts';
import { rule } from './events.ts';
import { policy, role } from './iam.ts';
import { inert } from './inert.ts';
import { invokeConfig, lambdaFunction, mapping, permission } from './lambda.ts';
import type { Provision } from './provision.ts';
import { bucket, bucketPolicy } from './s3.ts';
import { queue, queuePolicy } from './sqs.ts';
import { parameter } from './ssm.ts';

/**
 * A type of resource: who provides it, the properties that something here acts on (absent: on none), those that change
 * nothing here, and those whose change asks for another resource. Property names stand between spaces.
 */
interface Known {
  readonly provision: Provision;
  readonly acted?: string;
  readonly inert?: string;
  readonly replacing: string;
}

/** Types that nothing happens through here: names, logs, alarms and what is kept beside the functions. */
const named = (replacing: string) => ({ provision: inert, replacing });

const knownTypes: Readonly<Record<string, Known>> = {
  'AWS::SQS::Queue': {
    provision: queue,
    acted:
      'QueueName FifoQueue ContentBasedDeduplication DeduplicationScope FifoThroughputLimit DelaySeconds VisibilityTimeout ' +
      'MessageRetentionPeriod MaximumMessageSize ReceiveMessageWaitTimeSeconds KmsMasterKeyId SqsManagedSseEnabled ' +
      'RedrivePolicy RedriveAllowPolicy',
    inert: 'KmsDataKeyReusePeriodSeconds Tags',
    replacing: 'QueueName FifoQueue',
  },
  'AWS::SQS::QueuePolicy': {
    provision: queuePolicy,
    acted: 'PolicyDocument Queues',
    replacing: '',
  },
  'AWS::Events::Rule': {
    provision: rule,
    acted: 'Name Description EventPattern ScheduleExpression State Targets',
    inert: 'Tags',
    replacing: 'Name',
  },
  'AWS::Lambda::Function': {
    provision: lambdaFunction,
    acted:
      'FunctionName Handler Role Runtime Timeout MemorySize ReservedConcurrentExecutions DeadLetterConfig Environment ' +
      'LoggingConfig Code Description',
    inert: 'KmsKeyArn RecursiveLoop Architectures EphemeralStorage Layers Tags TracingConfig',
    replacing: 'FunctionName',
  },
  'AWS::Lambda::Permission': {
    provision: permission,
    acted: 'Action FunctionName Principal SourceAccount SourceArn',
    replacing: 'Action FunctionName Principal SourceAccount SourceArn',
  },
  'AWS::Lambda::EventSourceMapping': {
    provision: mapping,
    acted:
      'EventSourceArn FunctionName BatchSize MaximumBatchingWindowInSeconds Enabled FilterCriteria FunctionResponseTypes ScalingConfig',
    inert: 'Tags',
    replacing: 'EventSourceArn',
  },
  'AWS::Lambda::EventInvokeConfig': {
    provision: invokeConfig,
    acted: 'FunctionName Qualifier MaximumEventAgeInSeconds MaximumRetryAttempts DestinationConfig',
    replacing: 'FunctionName Qualifier',
  },
  'AWS::IAM::Role': {
    provision: role,
    acted: 'RoleName AssumeRolePolicyDocument ManagedPolicyArns Policies',
    inert: 'Description Path MaxSessionDuration Tags',
    replacing: 'RoleName Path',
  },
  'AWS::IAM::Policy': {
    provision: policy,
    acted: 'PolicyDocument PolicyName Roles',
    replacing: '',
  },
  'AWS::S3::Bucket': {
    provision: bucket,
    acted: 'BucketName VersioningConfiguration',
    inert: 'BucketEncryption LifecycleConfiguration OwnershipControls PublicAccessBlockConfiguration Tags',
    replacing: 'BucketName',
  },
  'AWS::S3::BucketPolicy': {
    provision: bucketPolicy,
    acted: 'Bucket PolicyDocument',
    replacing: 'Bucket',
  },
  'AWS::SSM::Parameter': {
    provision: parameter,
    acted: 'AllowedPattern DataType Description Name Tags Tier Type Value',
    replacing: 'Name',
  },
  'AWS::Lambda::Version': named('CodeSha256 Description FunctionName'),
  'AWS::Lambda::Alias': named('FunctionName Name'),
  'AWS::Logs::LogGroup': named('LogGroupName'),
  'AWS::CloudWatch::Alarm': named('AlarmName'),
  'AWS::CloudWatch::Dashboard': named('DashboardName'),
  'AWS::SNS::Topic': named('TopicName'),
};

/**
 * Who provides resources of this type. Throws Fault naming the logical id, and the property that would be passed over
 * in silence.
 */
export function provisionOf({ logicalId, type, properties }: StackResource): Provision {
  const known = Object.hasOwn(knownTypes, type) ? knownTypes[type] : undefined;
  if (!known)
    throw new Fault('ValidationError', `${logicalId}: the simulator does not know how to create ${type}.`);
  if (known.acted === undefined) return known.provision;
  const names = `${known.acted} ${known.inert ?? ''}`.split(' ');
  const unknown = Object.keys(properties).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Fault(
      'ValidationError',
      `${logicalId}.${unknown}: the simulator does not act on this property of ${type}.`,
    );
  return known.provision;
}

/** The properties of a type whose change CloudFormation answers with another resource in the place of the first. */
export function replacingProperties(type: string): readonly string[] {
  return (knownTypes[type]?.replacing ?? '').split(' ').filter(Boolean);
}
