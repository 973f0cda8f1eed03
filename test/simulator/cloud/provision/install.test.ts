import { describe, expect, it } from 'vitest';
import { answering } from '../../../../simulator/answered.ts';
import { accountId, functionArn, queueArn, queueUrl, ruleArn } from '../fixture.ts';
import { change, deployed, type Properties, type Resources, terminating } from '../stack-fixture.ts';

describe('a deployed stack', () => {
  it('takes an event through rule, queue policy, FIFO lane and mapping to the function, without anything wired by hand', async () => {
    const { bus, world, events, pass, lambda } = deployed();
    const id = bus.publish(world.now, terminating);
    await pass(5);
    const [admitted] = events;
    expect(admitted).toMatchObject({
      handler: 'dist/admit/index.handler',
      event: { Records: [{ eventSourceARN: queueArn('lane.fifo'), attributes: { MessageGroupId: 'lane' } }] },
      environment: { LANE_URL: queueUrl('lane.fifo'), AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256' },
    });
    const { Records } = (admitted?.event ?? {}) as { Records?: { body: string }[] };
    expect(JSON.parse(Records?.[0]?.body ?? '{}')).toMatchObject({ id, detail: { EC2InstanceId: 'i-1' } });
    expect(lambda.function('admit')).toMatchObject({ timeoutSeconds: 60, memoryMb: 256 });
    expect(lambda.function('sweep')).toMatchObject({ timeoutSeconds: 3, memoryMb: 128 });
  });

  it('runs its schedule every minute, from a minute after the deployment', async () => {
    const { events, pass } = deployed();
    await pass(181.5);
    expect(events.map(({ event }) => event)).toMatchObject(
      ['12:01', '12:02', '12:03'].map((minute) => ({
        'detail-type': 'Scheduled Event',
        time: `2026-05-04T${minute}:00Z`,
        resources: [ruleArn('minute')],
      })),
    );
  });

  it('gives a failed sweep up at once and says so in the queue for failures (D-5.23)', async () => {
    const { sqs, world, pass } = deployed(undefined, async () => Promise.reject(new Error('broken')));
    await pass(62);
    expect(sqs.queue(queueArn('rule-dead'))?.counts(world.now).visible).toBe(1);
  });

  it('moves what the function cannot process to the dead-letter queue of its kind (D-13.6)', async () => {
    const { bus, sqs, world, pass } = deployed(change('Minute', { State: 'DISABLED' }), async () =>
      Promise.reject(new Error('broken')),
    );
    bus.publish(world.now, terminating);
    await pass(150);
    expect(sqs.queue(queueArn('lane-dead.fifo'))?.counts(world.now).visible).toBe(1);
  });

  it('keeps an event in the dead-letter queue of the rule when the policy of the lane does not let the rule in (D-5.20)', async () => {
    const { bus, world, events, records, pass } = deployed((resources) => {
      const { PolicyDocument } = (resources.Policy?.Properties ?? {}) as {
        PolicyDocument?: { Statement: object[] };
      };
      PolicyDocument?.Statement.shift();
    });
    bus.publish(world.now, terminating);
    await pass(5);
    expect(events).toEqual([]);
    expect(records('delivery-dead-lettered')).toMatchObject([
      { rule: 'terminate', errorCode: 'NO_PERMISSIONS' },
    ]);
  });

  it('never sweeps without the permission for the schedule', async () => {
    const { events, records, pass } = deployed((resources) => {
      delete resources.SweepPermission;
    });
    await pass(62);
    expect(events).toEqual([]);
    expect(records('delivery-lost')).toMatchObject([
      { rule: 'minute', targetArn: functionArn('sweep'), errorCode: 'NO_PERMISSIONS' },
    ]);
  });
});

describe('every property that something acts on', () => {
  it('reaches the function', () => {
    const { lambda } = deployed((resources) => {
      change('Admit', {
        ReservedConcurrentExecutions: 5,
        DeadLetterConfig: { TargetArn: queueArn('rule-dead') },
        LoggingConfig: { LogGroup: '/steward', LogFormat: 'JSON', ApplicationLogLevel: 'WARN' },
      })(resources);
    });
    expect(lambda.function('admit')).toMatchObject({
      reservedConcurrency: 5,
      deadLetterArn: queueArn('rule-dead'),
      logGroupName: '/steward',
      logFormat: 'JSON',
      applicationLogLevel: 'WARN',
    });
    expect(lambda.function('sweep')?.invokeConfig).toEqual({
      maximumRetryAttempts: 0,
      maximumEventAgeSeconds: 60,
      onFailureArn: queueArn('rule-dead'),
      onSuccessArn: undefined,
    });
  });

  it('reaches the rule and its targets', () => {
    const transformer = { InputPathsMap: { id: '$.id' }, InputTemplate: '<id>' };
    const { bus, world } = deployed((resources) => {
      const targets = (resources.Terminate?.Properties.Targets ?? []) as object[];
      targets.push(
        { Id: 'input', Arn: queueArn('rule-dead'), Input: '{}' },
        { Id: 'path', Arn: queueArn('rule-dead'), InputPath: '$.detail' },
        { Id: 'transformer', Arn: queueArn('rule-dead'), InputTransformer: transformer },
      );
      change('Terminate', { Description: 'what for' })(resources);
    });
    const caller = { principalArn: 'x', client: 'x' };
    const read = (operation: string, input: Properties) => {
      const call = { operation, input, caller, viewAt: world.now };
      return answering('events', call, () => bus.apply(world.now, call)).reply;
    };
    expect(read('DescribeRule', { Name: 'terminate' })).toMatchObject({ Description: 'what for' });
    expect(read('ListTargetsByRule', { Rule: 'terminate' })).toMatchObject({
      Targets: [
        {
          SqsParameters: { MessageGroupId: 'lane' },
          DeadLetterConfig: { Arn: queueArn('rule-dead') },
          RetryPolicy: { MaximumRetryAttempts: 20, MaximumEventAgeInSeconds: 3600 },
        },
        { Input: '{}' },
        { InputPath: '$.detail' },
        { InputTransformer: transformer },
      ],
    });
  });

  it.each([
    { properties: { BatchSize: 11 }, why: 'BatchSize' },
    { properties: { MaximumBatchingWindowInSeconds: 1 }, why: 'MaximumBatchingWindowInSeconds' },
    { properties: { ScalingConfig: { MaximumConcurrency: 1 } }, why: 'MaximumConcurrency' },
    { properties: { FilterCriteria: { Filters: [{ Pattern: 'no' }] } }, why: 'FilterCriteria' },
  ])('reaches the mapping, which refuses $why', ({ properties, why }) => {
    expect(() => deployed(change('Mapping', properties))).toThrow(why);
  });

  it('reaches the mapping, which rests when it is not enabled', () => {
    const { records } = deployed(change('Mapping', { Enabled: false }));
    expect(records('mapping-disabled')).toMatchObject([{ functionName: 'admit' }]);
  });

  it.each([
    { FunctionResponseTypes: ['ReportBatchItemFailures'], inFlight: 1 },
    { FunctionResponseTypes: [], inFlight: 0 },
  ])(
    'reaches the mapping: $FunctionResponseTypes leaves $inFlight that was named',
    async ({ FunctionResponseTypes, inFlight }) => {
      const { bus, sqs, world, pass } = deployed(
        change('Mapping', { FunctionResponseTypes }),
        async (event) => ({
          batchItemFailures: (event as { Records: { messageId: string }[] }).Records.map(({ messageId }) => ({
            itemIdentifier: messageId,
          })),
        }),
      );
      bus.publish(world.now, terminating);
      await pass(5);
      expect(sqs.queue(queueArn('lane.fifo'))?.counts(world.now).inFlight).toBe(inFlight);
    },
  );

  it.each([{ SourceArn: ruleArn('other') }, { SourceAccount: '999999999999' }])(
    'reaches the permission: %j keeps the schedule out',
    async (properties) => {
      const { events, pass } = deployed(change('SweepPermission', properties));
      await pass(62);
      expect(events).toEqual([]);
    },
  );
});

describe('a stack is refused, by logical id', () => {
  it.each<{ what: string; with: (resources: Resources) => void; why: string }>([
    {
      what: 'a standard dead-letter queue for a FIFO queue (D-13.6)',
      with: change('Lane', {
        RedrivePolicy: { deadLetterTargetArn: queueArn('rule-dead'), maxReceiveCount: 2 },
      }),
      why: 'Lane (AWS::SQS::Queue): ',
    },
    {
      what: 'a FIFO dead-letter queue for a target (D-13.6)',
      with: change('Terminate', {
        Targets: [
          {
            Id: 'lane',
            Arn: queueArn('lane.fifo'),
            SqsParameters: { MessageGroupId: 'lane' },
            DeadLetterConfig: { Arn: queueArn('lane-dead.fifo') },
          },
        ],
      }),
      why: 'Terminate (AWS::Events::Rule): Target lane: expected a standard dead-letter queue',
    },
    {
      what: 'a FIFO target without message group (D-13.4)',
      with: change('Terminate', { Targets: [{ Id: 'lane', Arn: queueArn('lane.fifo') }] }),
      why: 'MessageGroupId',
    },
    {
      what: 'a visibility timeout below the timeout of the function',
      with: change('Lane', { VisibilityTimeout: 59 }),
      why: 'Mapping (AWS::Lambda::EventSourceMapping): Queue visibility timeout: 59 seconds is less than Function timeout: 60',
    },
    {
      what: 'a role that may not read the queue',
      with: change('Role', { Policies: [] }),
      why: 'permissions to call',
    },
    {
      what: 'a role that Lambda may not assume',
      with: change('Role', {
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
          ],
        },
      }),
      why: 'Admit (AWS::Lambda::Function): The role defined for the function cannot be assumed by Lambda',
    },
    {
      what: 'a role from outside',
      with: change('Admit', { Role: `arn:aws:iam::${accountId}:role/other` }),
      why: 'Role: expected the ARN of a role of the account',
    },
    {
      what: 'a policy for a queue from outside',
      with: change('Policy', { Queues: [queueUrl('other')] }),
      why: 'Policy (AWS::SQS::QueuePolicy): Queues',
    },
    {
      what: 'another qualifier',
      with: change('SweepConfig', { Qualifier: '7' }),
      why: 'Qualifier: expected $LATEST, got 7',
    },
    {
      what: 'another response type',
      with: change('Mapping', { FunctionResponseTypes: ['Other'] }),
      why: 'expected ReportBatchItemFailures, got Other',
    },
    {
      what: 'another state of a rule',
      with: change('Minute', { State: 'PAUSED' }),
      why: 'State: expected ENABLED or DISABLED, got PAUSED',
    },
  ])('with $what', ({ with: changed, why }) => {
    expect(() => deployed(changed)).toThrow(why);
  });
});
