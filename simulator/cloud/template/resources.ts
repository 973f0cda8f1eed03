import type { ObjectShape, Shape } from './shapes.ts';

/**
 * A type of resource: the properties it takes here, and how it is named. In `arn`, `ref` and `attributes` a word in
 * braces stands for: partition, region, accountId, urlSuffix, queueUrls (what the URL of every queue begins with), name
 * (the physical name), generated (a name that CloudFormation makes up), uuid, functionName (of the function that the resource belongs to), path (of a role), slashed (the name, with a
 * slash before it), arn, ref, or a property of the resource.
 */
export interface ResourceType {
  readonly properties: ObjectShape;
  /** The property that gives the physical name; without it CloudFormation makes one up. */
  readonly nameProperty?: string;
  /** The longest name that the service takes. */
  readonly nameLengthMax?: number;
  /** Absent for a resource that has no ARN. */
  readonly arn?: string;
  /** What `Ref` answers: the physical id. */
  readonly ref: string;
  /** What `Fn::GetAtt` answers. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Whether `ref` and `attributes` are known only once the resource is there. */
  readonly isLater?: boolean;
}

/** Properties of one shape; their names stand between spaces. */
const of = (shape: Shape, names: string): ObjectShape =>
  Object.fromEntries(names.split(' ').map((name) => [name, shape]));

const tags: Shape = [{ 'Key!': 'string', 'Value!': 'string' }];

const metric: ObjectShape = {
  Dimensions: [{ 'Name!': 'string', 'Value!': 'string' }],
  MetricName: 'string',
  Namespace: 'string',
};

const metricQuery: ObjectShape = {
  'Id!': 'string',
  Expression: 'string',
  Label: 'string',
  MetricStat: { 'Metric!': metric, 'Period!': 'integer', 'Stat!': 'string', Unit: 'string' },
  Period: 'integer',
  ReturnData: 'boolean',
};

const ruleTarget: ObjectShape = {
  'Arn!': 'string',
  'Id!': 'string',
  DeadLetterConfig: { Arn: 'string' },
  Input: 'string',
  InputPath: 'string',
  InputTransformer: { InputPathsMap: { '*': 'string' }, 'InputTemplate!': 'string' },
  RetryPolicy: { MaximumEventAgeInSeconds: 'integer', MaximumRetryAttempts: 'integer' },
  SqsParameters: { 'MessageGroupId!': 'string' },
};

/**
 * Every resource type, and every property of it, that a stack may use here. What is not in this table is an error, so
 * that nothing in a stack is passed over in silence.
 *
 * https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
 */
export const resourceTypes: Readonly<Record<string, ResourceType>> = {
  'AWS::SQS::Queue': {
    properties: {
      ...of('string', 'DeduplicationScope FifoThroughputLimit KmsMasterKeyId QueueName'),
      ...of(
        'integer',
        'DelaySeconds KmsDataKeyReusePeriodSeconds MaximumMessageSize MessageRetentionPeriod ReceiveMessageWaitTimeSeconds VisibilityTimeout',
      ),
      ContentBasedDeduplication: 'boolean',
      FifoQueue: 'boolean',
      RedriveAllowPolicy: { redrivePermission: 'string', sourceQueueArns: ['string'] },
      RedrivePolicy: { 'deadLetterTargetArn!': 'string', 'maxReceiveCount!': 'integer' },
      SqsManagedSseEnabled: 'boolean',
      Tags: tags,
    },
    nameProperty: 'QueueName',
    nameLengthMax: 80,
    arn: 'arn:{partition}:sqs:{region}:{accountId}:{name}',
    ref: '{queueUrls}/{accountId}/{name}',
    attributes: { Arn: '{arn}', QueueName: '{name}', QueueUrl: '{ref}' },
  },
  'AWS::SQS::QueuePolicy': {
    properties: { 'PolicyDocument!': 'resource-policy', 'Queues!': ['string'] },
    ref: '{generated}',
    attributes: { Id: '{ref}' },
  },
  'AWS::Events::Rule': {
    properties: {
      ...of('string', 'Description Name ScheduleExpression State'),
      EventPattern: 'event-pattern',
      Tags: tags,
      Targets: [ruleTarget],
    },
    nameProperty: 'Name',
    nameLengthMax: 64,
    arn: 'arn:{partition}:events:{region}:{accountId}:rule/{name}',
    ref: '{name}',
    attributes: { Arn: '{arn}', RuleName: '{name}' },
  },
  'AWS::Lambda::Function': {
    properties: {
      ...of('string', 'Description FunctionName Handler! KmsKeyArn RecursiveLoop Role! Runtime!'),
      ...of('integer', 'MemorySize ReservedConcurrentExecutions Timeout'),
      Architectures: ['string'],
      'Code!': { S3Bucket: 'string', S3Key: 'string', S3ObjectVersion: 'string', ZipFile: 'string' },
      DeadLetterConfig: { TargetArn: 'string' },
      Environment: { Variables: { '*': 'string' } },
      EphemeralStorage: { 'Size!': 'integer' },
      Layers: ['string'],
      LoggingConfig: of('string', 'ApplicationLogLevel LogFormat LogGroup SystemLogLevel'),
      Tags: tags,
      TracingConfig: { Mode: 'string' },
    },
    nameProperty: 'FunctionName',
    nameLengthMax: 64,
    arn: 'arn:{partition}:lambda:{region}:{accountId}:function:{name}',
    ref: '{name}',
    attributes: { Arn: '{arn}' },
  },
  'AWS::Lambda::Permission': {
    properties: {
      ...of('string', 'Action! FunctionName! Principal! SourceAccount SourceArn'),
    },
    ref: '{generated}',
    attributes: { Id: '{ref}' },
  },
  'AWS::Lambda::EventSourceMapping': {
    properties: {
      ...of('string', 'EventSourceArn! FunctionName!'),
      ...of('integer', 'BatchSize MaximumBatchingWindowInSeconds'),
      Enabled: 'boolean',
      FilterCriteria: { Filters: [{ Pattern: 'string' }] },
      FunctionResponseTypes: ['string'],
      ScalingConfig: { MaximumConcurrency: 'integer' },
      Tags: tags,
    },
    arn: 'arn:{partition}:lambda:{region}:{accountId}:event-source-mapping:{uuid}',
    ref: '{uuid}',
    attributes: { Id: '{ref}', EventSourceMappingArn: '{arn}' },
  },
  'AWS::Lambda::EventInvokeConfig': {
    properties: {
      ...of('string', 'FunctionName! Qualifier!'),
      ...of('integer', 'MaximumEventAgeInSeconds MaximumRetryAttempts'),
      DestinationConfig: {
        OnFailure: { 'Destination!': 'string' },
        OnSuccess: { 'Destination!': 'string' },
      },
    },
    ref: '{generated}',
    attributes: {},
  },
  'AWS::Lambda::Version': {
    properties: { CodeSha256: 'string', Description: 'string', 'FunctionName!': 'string' },
    arn: 'arn:{partition}:lambda:{region}:{accountId}:function:{functionName}:1',
    ref: '{arn}',
    attributes: { FunctionArn: '{arn}', Version: '1' },
  },
  'AWS::Lambda::Alias': {
    properties: {
      ...of('string', 'Description FunctionName! FunctionVersion! Name!'),
    },
    nameProperty: 'Name',
    nameLengthMax: 128,
    arn: 'arn:{partition}:lambda:{region}:{accountId}:function:{functionName}:{name}',
    ref: '{arn}',
    attributes: { AliasArn: '{arn}' },
  },
  'AWS::IAM::Role': {
    properties: {
      ...of('string', 'Description Path RoleName'),
      ...of('integer', 'MaxSessionDuration'),
      'AssumeRolePolicyDocument!': 'trust-policy',
      ManagedPolicyArns: ['string'],
      Policies: [{ 'PolicyDocument!': 'identity-policy', 'PolicyName!': 'string' }],
      Tags: tags,
    },
    nameProperty: 'RoleName',
    nameLengthMax: 64,
    arn: 'arn:{partition}:iam::{accountId}:role{path}{name}',
    ref: '{name}',
    attributes: { Arn: '{arn}' },
  },
  'AWS::IAM::Policy': {
    properties: { 'PolicyDocument!': 'identity-policy', 'PolicyName!': 'string', 'Roles!': ['string'] },
    ref: '{generated}',
    attributes: { Id: '{ref}' },
  },
  'AWS::Logs::LogGroup': {
    properties: {
      ...of('string', 'KmsKeyId LogGroupClass LogGroupName'),
      ...of('integer', 'RetentionInDays'),
      Tags: tags,
    },
    nameProperty: 'LogGroupName',
    nameLengthMax: 512,
    arn: 'arn:{partition}:logs:{region}:{accountId}:log-group:{name}',
    ref: '{name}',
    attributes: { Arn: '{arn}:*' },
  },
  'AWS::CloudWatch::Alarm': {
    properties: {
      ...of(
        'string',
        'AlarmDescription AlarmName ComparisonOperator EvaluateLowSampleCountPercentile ExtendedStatistic Statistic TreatMissingData Unit',
      ),
      ...of('integer', 'DatapointsToAlarm EvaluationPeriods Period'),
      ...metric,
      ActionsEnabled: 'boolean',
      AlarmActions: ['string'],
      InsufficientDataActions: ['string'],
      Metrics: [metricQuery],
      OKActions: ['string'],
      Tags: tags,
      Threshold: 'number',
    },
    nameProperty: 'AlarmName',
    nameLengthMax: 255,
    arn: 'arn:{partition}:cloudwatch:{region}:{accountId}:alarm:{name}',
    ref: '{name}',
    attributes: { Arn: '{arn}' },
  },
  'AWS::CloudWatch::Dashboard': {
    properties: { 'DashboardBody!': 'string', DashboardName: 'string' },
    nameProperty: 'DashboardName',
    nameLengthMax: 255,
    arn: 'arn:{partition}:cloudwatch::{accountId}:dashboard/{name}',
    ref: '{name}',
    attributes: {},
  },
  'AWS::S3::Bucket': {
    properties: {
      ...of('string', 'BucketName'),
      BucketEncryption: 'json',
      LifecycleConfiguration: 'json',
      OwnershipControls: 'json',
      PublicAccessBlockConfiguration: of(
        'boolean',
        'BlockPublicAcls BlockPublicPolicy IgnorePublicAcls RestrictPublicBuckets',
      ),
      Tags: tags,
      VersioningConfiguration: { 'Status!': 'string' },
    },
    nameProperty: 'BucketName',
    nameLengthMax: 63,
    arn: 'arn:{partition}:s3:::{name}',
    ref: '{name}',
    attributes: { Arn: '{arn}', DomainName: '{name}.s3.{urlSuffix}' },
  },
  'AWS::S3::BucketPolicy': {
    properties: { 'Bucket!': 'string', 'PolicyDocument!': 'resource-policy' },
    nameProperty: 'Bucket',
    ref: '{name}',
    attributes: {},
  },
  'AWS::SSM::Parameter': {
    properties: {
      ...of('string', 'AllowedPattern DataType Description Name Tier Type! Value!'),
      Tags: { '*': 'string' },
    },
    nameProperty: 'Name',
    nameLengthMax: 1011,
    arn: 'arn:{partition}:ssm:{region}:{accountId}:parameter{slashed}',
    ref: '{name}',
    attributes: { Arn: '{arn}', Type: '{Type}', Value: '{Value}' },
  },
  'AWS::SNS::Topic': {
    properties: {
      ...of('string', 'DisplayName KmsMasterKeyId TopicName'),
      Subscription: [{ 'Endpoint!': 'string', 'Protocol!': 'string' }],
      Tags: tags,
    },
    nameProperty: 'TopicName',
    nameLengthMax: 256,
    arn: 'arn:{partition}:sns:{region}:{accountId}:{name}',
    ref: '{arn}',
    attributes: { TopicArn: '{arn}', TopicName: '{name}' },
  },
};
