import { describe, expect, it } from 'vitest';
import type { RuleDefinition } from '../../../../simulator/cloud/events/rule.ts';
import type { Target } from '../../../../simulator/cloud/events/target.ts';
import type { QueueAttributes } from '../../../../simulator/cloud/sqs/attributes.ts';
import { definition, functionArn, handles, queueArn, ruleArn } from '../fixture.ts';
import { wired } from './bus-fixture.ts';

describe('a delivery that cannot succeed', () => {
  const deadLetterArn = queueArn('dead');

  it.each<{
    what: string;
    target: Partial<Target>;
    queue?: QueueAttributes;
    rule?: Partial<RuleDefinition>;
    code: string;
  }>([
    {
      what: 'is not allowed by the queue',
      target: { deadLetterArn, arn: queueArn('dead2') },
      code: 'NO_PERMISSIONS',
    },
    { what: 'goes to no queue', target: { deadLetterArn, arn: queueArn('none') }, code: 'NO_RESOURCE' },
    { what: 'goes to no function', target: { deadLetterArn, arn: functionArn('none') }, code: 'NO_RESOURCE' },
    {
      what: 'goes to a queue under the AWS-managed key (D-13.6)',
      target: { deadLetterArn },
      queue: { KmsMasterKeyId: 'alias/aws/sqs' },
      code: 'NO_PERMISSIONS',
    },
    {
      what: 'goes to a FIFO queue without content-based deduplication (D-13.4)',
      target: { deadLetterArn, messageGroupId: 'lane' },
      queue: { FifoQueue: true },
      code: 'INVALID_PARAMETER',
    },
    {
      what: 'makes no JSON',
      target: { deadLetterArn, inputTransformer: { inputPathsMap: {}, inputTemplate: '{no' } },
      code: 'INVALID_JSON',
    },
  ])('goes straight to the dead-letter queue when it $what (D-5.20)', async ({ target, queue, code }) => {
    const { publish, messages, pass, sqs, world } = wired({ target, ...(queue ? { queue } : {}) });
    sqs.createQueue(world.now, 'dead2');
    const id = publish();
    await pass(2);
    const [letter] = messages('dead');
    expect(JSON.parse(letter?.Body ?? '{}').id).toBe(id);
    expect(letter?.MessageAttributes).toMatchObject({
      RULE_ARN: { StringValue: ruleArn('mine') },
      TARGET_ARN: { StringValue: target.arn ?? expect.stringContaining(':work') },
      ERROR_CODE: { StringValue: code },
      ERROR_MESSAGE: { StringValue: expect.any(String) },
      RETRY_ATTEMPTS: { StringValue: '0' },
    });
    expect(letter?.MessageAttributes).not.toHaveProperty('EXHAUSTED_RETRY_CONDITION');
  });

  it('needs the function to let the rule in', async () => {
    const { publish, lambda, define, messages, pass } = wired();
    lambda.createFunction(
      definition(),
      handles(async () => null),
    );
    lambda.addPermission('work', {
      action: 'lambda:InvokeFunction',
      principal: 'events.amazonaws.com',
      sourceArn: ruleArn('other'),
    });
    define({ targets: [{ id: 'function', arn: functionArn('work'), deadLetterArn }] });
    publish();
    await pass(3);
    expect(lambda.invocations).toEqual([]);
    expect(messages('dead')[0]?.MessageAttributes?.ERROR_CODE).toMatchObject({
      StringValue: 'NO_PERMISSIONS',
    });
  });

  it.each([
    { what: 'there is no dead-letter queue', target: {} },
    {
      what: 'the dead-letter queue does not let the rule send',
      target: { deadLetterArn: queueArn('closed') },
    },
  ])('is lost, and said to be, when $what', async ({ target }) => {
    const { publish, records, define, sqs, world, pass } = wired();
    sqs.createQueue(world.now, 'closed');
    define({ targets: [{ id: 'queue', arn: queueArn('none'), ...target }] });
    const eventId = publish();
    await pass(2);
    expect(records('delivery-lost')).toMatchObject([{ rule: 'mine', eventId, errorCode: 'NO_RESOURCE' }]);
  });
});

describe('a target that throttles', () => {
  it('gets the event once it has stopped, whatever that takes within the limits (D-5.22)', async () => {
    const { bus, publish, messages, records, pass } = wired();
    bus.faults.unavailable = () => true;
    publish();
    await pass(3600);
    expect(messages()).toEqual([]);
    bus.faults.unavailable = undefined;
    await pass(600);
    expect(messages().length).toBe(1);
    expect(records('delivered')[0]?.retries).toBeGreaterThan(5);
  });

  it.each([
    { limits: { maximumRetryAttempts: 0 }, condition: 'MaximumRetryAttempts', retries: 0, within: 2 },
    { limits: { maximumRetryAttempts: 3 }, condition: 'MaximumRetryAttempts', retries: 3, within: 20 },
    {
      limits: { maximumEventAgeSeconds: 60 },
      condition: 'MaximumEventAgeInSeconds',
      retries: undefined,
      within: 62,
    },
    {
      limits: {},
      condition: expect.stringMatching(/Maximum(RetryAttempts|EventAgeInSeconds)/),
      retries: undefined,
      within: 86_400,
    },
  ])('makes it a dead letter after $limits (D-5.20)', async ({ limits, condition, retries, within }) => {
    const { bus, publish, messages, pass } = wired({
      target: { deadLetterArn: queueArn('dead'), ...limits },
    });
    bus.faults.unavailable = () => true;
    publish();
    await pass(within);
    const [letter] = messages('dead');
    expect(letter?.MessageAttributes).toMatchObject({
      ERROR_CODE: { StringValue: 'THROTTLING' },
      EXHAUSTED_RETRY_CONDITION: { StringValue: condition },
    });
    if (retries !== undefined)
      expect(letter?.MessageAttributes?.RETRY_ATTEMPTS?.StringValue).toBe(String(retries));
  });
});
