import { describe, expect, it } from 'vitest';
import { quietMs } from '../../lib/uninstall.ts';
import { type PolicyDocument, resourcePolicyAllows } from '../../simulator/cloud/iam/iam.ts';
import type { StackResource } from '../../simulator/cloud/template/template.ts';
import { deployed, deployedWith, resource, resourcesOf } from './template.ts';

const stack = deployed();
const queues = resourcesOf(stack, 'AWS::SQS::Queue');
const functions = resourcesOf(stack, 'AWS::Lambda::Function');
const rules = resourcesOf(stack, 'AWS::Events::Rule');
const mappings = resourcesOf(stack, 'AWS::Lambda::EventSourceMapping');
const alarms = resourcesOf(stack, 'AWS::CloudWatch::Alarm');

interface Target {
  readonly Arn: string;
  readonly SqsParameters?: { readonly MessageGroupId: string };
  readonly DeadLetterConfig?: { readonly Arn: string };
  readonly RetryPolicy?: {
    readonly MaximumEventAgeInSeconds?: number;
    readonly MaximumRetryAttempts?: number;
  };
}

const targetsOf = (rule: StackResource) => rule.properties.Targets as Target[];
const isFifo = (queue: StackResource) => queue.properties.FifoQueue === true;

function byArn(candidates: readonly StackResource[], arn: unknown): StackResource {
  const found = candidates.find((candidate) => candidate.arn === arn);
  if (!found) throw new Error(`The stack has nothing with the ARN ${arn}`);
  return found;
}

function policyOf(queue: StackResource): PolicyDocument {
  const policies = resourcesOf(stack, 'AWS::SQS::QueuePolicy');
  const own = policies.filter(({ properties }) => (properties.Queues as string[]).includes(queue.physicalId));
  expect(own).toHaveLength(1);
  return own[0]?.properties.PolicyDocument as PolicyDocument;
}

/** Whether EventBridge may put a message into a queue on behalf of a rule. */
const mayDeliver = (ruleArn: string, queue: StackResource) =>
  resourcePolicyAllows(policyOf(queue), {
    principalService: 'events.amazonaws.com',
    action: 'sqs:SendMessage',
    resource: queue.arn,
    context: { 'aws:SourceArn': ruleArn, 'aws:SecureTransport': 'true' },
  });

function alarmsOn(metric: string, dimension: string, value: string): StackResource[] {
  return alarms.filter(({ properties }) => {
    const dimensions = properties.Dimensions as { Name: string; Value: string }[];
    return (
      properties.MetricName === metric &&
      dimensions.some(({ Name, Value }) => Name === dimension && Value === value)
    );
  });
}

const nameOf = (queue: StackResource) => queue.arn.split(':').at(-1) ?? '';

/** One alarm on the queue, which goes off within a minute of the first value above the threshold. */
function expectQueueAlarm(queue: StackResource, metric: string, threshold: number): void {
  const found = alarmsOn(metric, 'QueueName', nameOf(queue));
  expect(found).toHaveLength(1);
  expect(found[0]?.properties).toMatchObject({
    Namespace: 'AWS/SQS',
    Statistic: 'Maximum',
    Period: 60,
    EvaluationPeriods: 1,
    Threshold: threshold,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
  });
}

const expectDeadLettersAlarm = (deadLetters: StackResource) =>
  expectQueueAlarm(deadLetters, 'ApproximateNumberOfMessagesVisible', 0);

const patternRules = rules.filter(({ properties }) => properties.EventPattern !== undefined);
const queueTargets = patternRules.flatMap((rule) => targetsOf(rule).map((target) => ({ rule, target })));

describe.each(queueTargets)('the path from $rule.logicalId', ({ rule, target }) => {
  it('may deliver into its queue, which takes from no rule of others', () => {
    const queue = byArn(queues, target.Arn);
    expect(mayDeliver(rule.arn, queue)).toBe(true);
    expect(mayDeliver('arn:aws:events:us-east-1:111122223333:rule/other', queue)).toBe(false);
    expect(mayDeliver(rule.arn.replace('111122223333', '444455556666'), queue)).toBe(false);
  });

  it('keeps what cannot be delivered in a standard queue (D-5.20) with an alarm on it', () => {
    const deadLetters = byArn(queues, target.DeadLetterConfig?.Arn);
    expect(isFifo(deadLetters)).toBe(false);
    expect(mayDeliver(rule.arn, deadLetters)).toBe(true);
    expectDeadLettersAlarm(deadLetters);
  });

  it('names a message group exactly when the queue is FIFO (D-13.4)', () => {
    expect(target.SqsParameters !== undefined).toBe(isFifo(byArn(queues, target.Arn)));
  });
});

describe('the lane', () => {
  const lane = resource(stack, 'Lane');

  it('is FIFO with content-based deduplication, which EventBridge needs (D-13.4)', () => {
    expect(lane.properties).toMatchObject({ FifoQueue: true, ContentBasedDeduplication: true });
  });

  it('gets every event in the one group "lane", so that one invocation decides at a time (D-13.5)', () => {
    const groups = queueTargets
      .filter(({ target }) => target.Arn === lane.arn)
      .map(({ target }) => target.SqsParameters?.MessageGroupId);
    expect(groups).toEqual(['lane', 'lane', 'lane']);
  });

  it('has the same name in every stage, so that a second deployment in the Region fails', () => {
    const other = deployedWith('--stage=dev');
    expect(resource(other, 'AdmitLambdaFunction').physicalId).toBe('ecs-steward-dev-admit');
    expect(resource(other, 'Lane').arn).toBe(lane.arn);
    expect(nameOf(lane)).toBe('ecs-steward-lane.fifo');
  });

  it('stands still for at most half a minute longer than a crashed invocation may have run', () => {
    const { Timeout } = resource(stack, 'AdmitLambdaFunction').properties;
    expect(Number(lane.properties.VisibilityTimeout) - Number(Timeout)).toBeLessThanOrEqual(30);
  });

  it('raises an alarm when a message has waited five minutes', () => {
    expectQueueAlarm(lane, 'ApproximateAgeOfOldestMessage', 300);
  });
});

describe('the release queue', () => {
  it('lets one failed message come back without the others of its batch', () => {
    const mapping = resource(stack, 'ReleaseEventSourceMappingSQSReleaseQueue');
    expect(mapping.properties.FunctionResponseTypes).toEqual(['ReportBatchItemFailures']);
  });

  it('has two invocations at once, which share what AWS lets anybody ask', () => {
    const mapping = resource(stack, 'ReleaseEventSourceMappingSQSReleaseQueue');
    expect(mapping.properties.ScalingConfig).toEqual({ MaximumConcurrency: 2 });
  });

  it('raises an alarm when a message has waited a quarter of an hour', () => {
    expectQueueAlarm(resource(stack, 'ReleaseQueue'), 'ApproximateAgeOfOldestMessage', 900);
  });
});

describe.each(mappings)('the mapping $logicalId', ({ properties }) => {
  const queue = byArn(queues, properties.EventSourceArn);
  const consumer = byArn(functions, properties.FunctionName);
  const redrive = queue.properties.RedrivePolicy as { deadLetterTargetArn: string; maxReceiveCount: number };
  const deadLetters = byArn(queues, redrive.deadLetterTargetArn);

  it('hides a message for longer than its function may run', () => {
    expect(Number(queue.properties.VisibilityTimeout)).toBeGreaterThan(Number(consumer.properties.Timeout));
  });

  it('takes ten messages at once', () => {
    expect(properties.BatchSize).toBe(10);
  });

  it('gives up on a message after several tries, into a queue of the same kind (D-13.6), with an alarm on it', () => {
    expect(redrive.maxReceiveCount).toBeGreaterThanOrEqual(3);
    expect(isFifo(deadLetters)).toBe(isFifo(queue));
    expectDeadLettersAlarm(deadLetters);
  });
});

describe('the sweep', () => {
  const sweep = resource(stack, 'SweepLambdaFunction');
  const rule = rules.find(({ logicalId }) => logicalId === 'SweepRule');
  const [target] = rule ? targetsOf(rule) : [];

  it('gets the scheduled event itself, whose time differs each minute', () => {
    expect(target?.Arn).toBe(sweep.arn);
    for (const key of ['Input', 'InputPath', 'InputTransformer']) expect(target).not.toHaveProperty(key);
  });

  it('may be invoked by its rule', () => {
    const permissions = resourcesOf(stack, 'AWS::Lambda::Permission').map(({ properties }) => properties);
    expect(permissions).toEqual([
      expect.objectContaining({
        Principal: 'events.amazonaws.com',
        SourceArn: rule?.arn,
        FunctionName: sweep.arn,
      }),
    ]);
  });

  it('is repeated neither by EventBridge nor by Lambda, and is dropped when a minute old', () => {
    expect(target?.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
    const settings = resource(stack, 'SweepLambdaEvConf');
    expect(settings.properties).toMatchObject({ MaximumEventAgeInSeconds: 60, MaximumRetryAttempts: 0 });
  });

  it('ends before the next one begins', () => {
    expect(Number(sweep.properties.Timeout)).toBeLessThan(60);
  });

  it('raises an alarm when it fails, and one when it has not run for five minutes', () => {
    const [errors] = alarmsOn('Errors', 'FunctionName', sweep.physicalId);
    expect(errors?.properties).toMatchObject({
      Namespace: 'AWS/Lambda',
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 0,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
    });
    const [missing] = alarmsOn('Invocations', 'FunctionName', sweep.physicalId);
    expect(missing?.properties).toMatchObject({
      Namespace: 'AWS/Lambda',
      Statistic: 'Sum',
      Period: 300,
      EvaluationPeriods: 1,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    });
  });
});

describe('uninstalling', () => {
  const uninstall = resource(stack, 'UninstallLambdaFunction');
  const settingsOf = (logicalId: string) => resource(stack, logicalId).properties as Record<string, number>;

  it('knows the rule of the sweep', () => {
    const { Variables } = uninstall.properties.Environment as { Variables: Record<string, string> };
    expect(Variables.SWEEP_RULE).toBe(resource(stack, 'SweepRule').physicalId);
  });

  it('waits until a sweep that was due when the schedule was switched off has ended, and half a minute more', () => {
    const { MaximumEventAgeInSeconds = Number.NaN } = settingsOf('SweepLambdaEvConf');
    const { Timeout = Number.NaN } = settingsOf('SweepLambdaFunction');
    expect(quietMs / 1000).toBeGreaterThanOrEqual(MaximumEventAgeInSeconds + Timeout + 30);
  });

  it('has two minutes for its looks beside that wait', () => {
    expect(Number(uninstall.properties.Timeout)).toBeGreaterThanOrEqual(quietMs / 1000 + 120);
  });
});

describe.each(queues)('the queue $logicalId', (queue) => {
  it('is encrypted by SQS itself: EventBridge cannot write under the AWS managed key (D-13.6)', () => {
    expect(queue.properties.SqsManagedSseEnabled).toBe(true);
    expect(queue.properties).not.toHaveProperty('KmsMasterKeyId');
  });

  it('refuses everybody who does not use TLS', () => {
    const statements = [policyOf(queue).Statement].flat();
    expect(statements).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Principal: '*',
        Action: 'sqs:*',
        Resource: queue.arn,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
  });

  it('keeps dead letters for 14 days, and other messages for less', () => {
    const isDeadLetters = queue.logicalId.endsWith('DeadLetters');
    expect(queue.properties.MessageRetentionPeriod).toBe(isDeadLetters ? 1_209_600 : 86_400);
  });
});

describe.each(functions)('the function $physicalId', ({ logicalId, physicalId, properties }) => {
  it('runs on arm64 under Node.js 24, with its logs kept for 30 days', () => {
    expect(properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'], MemorySize: 256 });
    const groups = resourcesOf(stack, 'AWS::Logs::LogGroup').map((group) => group.properties);
    expect(groups).toContainEqual({ LogGroupName: `/aws/lambda/${physicalId}`, RetentionInDays: 30 });
  });

  it('keeps every line that it writes: metrics have no level, and a filter would take them for INFO', () => {
    expect(properties.LoggingConfig).toMatchObject({ LogFormat: 'JSON', ApplicationLogLevel: 'DEBUG' });
  });

  it('has a role that no other function has', () => {
    const others = functions.filter((other) => other.logicalId !== logicalId);
    expect(others.map((other) => other.properties.Role)).not.toContain(properties.Role);
  });

  it('knows the two queues', () => {
    const { Variables } = properties.Environment as { Variables: Record<string, string> };
    expect(Variables.LANE_URL).toBe(resource(stack, 'Lane').physicalId);
    expect(Variables.RELEASE_QUEUE_URL).toBe(resource(stack, 'ReleaseQueue').physicalId);
  });
});

describe('the stack', () => {
  it('has no public endpoint, no database and no key: it consists of these types of resources', () => {
    const types = new Set([...stack.resources.values()].map(({ type }) => type));
    expect([...types].sort()).toEqual([
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
      'AWS::Events::Rule',
      'AWS::IAM::Role',
      'AWS::Lambda::EventInvokeConfig',
      'AWS::Lambda::EventSourceMapping',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Logs::LogGroup',
      'AWS::S3::Bucket',
      'AWS::S3::BucketPolicy',
      'AWS::SQS::Queue',
      'AWS::SQS::QueuePolicy',
      'Custom::EcsStewardUninstall',
    ]);
  });

  it.each(['Failures', 'Misconfigured', 'ReleasedAtHookEnd'])(
    'hears of the metric %s that functions write',
    (metric) => {
      const [alarm] = alarmsOn(metric, 'service', 'ecs-steward');
      expect(alarm?.properties).toMatchObject({
        Namespace: 'ecs-steward',
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'notBreaching',
      });
    },
  );

  it('notifies nobody by default, and the topic of the parameter from every alarm', () => {
    for (const { properties } of alarms) expect(properties).not.toHaveProperty('AlarmActions');
    const topic = 'arn:aws:sns:us-east-1:111122223333:pager';
    const told = deployedWith(`--param=alarmTopicArn=${topic}`);
    for (const { properties } of resourcesOf(told, 'AWS::CloudWatch::Alarm')) {
      expect(properties).toMatchObject({ AlarmActions: [topic], OKActions: [topic] });
    }
  });

  it('names its queues in the outputs', () => {
    for (const queue of queues) expect(stack.outputs[`${queue.logicalId}Url`]).toBe(queue.physicalId);
  });
});
