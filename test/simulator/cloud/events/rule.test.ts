import { describe, expect, it } from 'vitest';
import type { RuleDefinition } from '../../../../simulator/cloud/events/rule.ts';
import { cloud, queueArn, ruleArn } from '../fixture.ts';
import { stopped, toEverything, wired } from './bus-fixture.ts';

describe('rules', () => {
  it('are disabled, enabled, changed and described through the API', async () => {
    const { events, publish, messages, pass } = wired();
    events('DisableRule', { Name: 'mine' });
    publish();
    await pass(2);
    expect(messages()).toEqual([]);
    expect(events('DescribeRule', { Name: 'mine' })).toMatchObject({
      Arn: ruleArn('mine'),
      State: 'DISABLED',
      EventPattern: JSON.stringify(toEverything),
    });
    events('PutRule', { Name: 'mine', EventPattern: '{"source":["aws.ec2"]}' });
    publish();
    publish({ ...stopped, source: 'aws.ec2' });
    await pass(2);
    expect(messages().length).toBe(1);
    expect(events('ListTargetsByRule', { Rule: 'mine' })).toMatchObject({
      Targets: [{ Id: 'queue', Arn: queueArn('work') }],
    });
  });

  it('are listed in pages', () => {
    const { events } = wired();
    for (const Name of ['a1', 'a2', 'a3']) events('PutRule', { Name, EventPattern: '{"source":["x"]}' });
    const names = (reply: Record<string, unknown>) =>
      (reply.Rules as { Name: string }[]).map(({ Name }) => Name);
    const first = events('ListRules', { NamePrefix: 'a', Limit: 2 });
    expect(names(first)).toEqual(['a1', 'a2']);
    const second = events('ListRules', { NamePrefix: 'a', Limit: 2, NextToken: first.NextToken });
    expect(names(second)).toEqual(['a3']);
    expect(second.NextToken).toBeUndefined();
  });

  const target = { id: 'queue', arn: queueArn('work') };
  it.each<{ rule: Partial<RuleDefinition>; why: string }>([
    { rule: { name: 'a b' }, why: 'Rule name' },
    { rule: { eventPattern: undefined }, why: 'EventPattern or ScheduleExpression' },
    { rule: { eventPattern: { source: 'aws.ecs' } }, why: 'expected an object or an array' },
    { rule: { scheduleExpression: 'rate(1 minutes)' }, why: 'ScheduleExpression' },
    { rule: { targets: Array.from({ length: 6 }, (_, n) => ({ ...target, id: `${n}` })) }, why: '5 targets' },
    { rule: { targets: [target, target] }, why: 'different target ids' },
    {
      rule: { targets: [{ ...target, arn: 'arn:aws:sns:eu-west-1:111122223333:topic' }] },
      why: 'an SQS queue or a Lambda function',
    },
    { rule: { targets: [{ ...target, arn: queueArn('lane.fifo') }] }, why: 'MessageGroupId' },
    {
      rule: { targets: [{ ...target, deadLetterArn: queueArn('none') }] },
      why: 'a dead-letter queue that exists',
    },
    {
      rule: { targets: [{ ...target, deadLetterArn: queueArn('lane.fifo') }] },
      why: 'a standard dead-letter queue',
    },
    {
      rule: { targets: [{ ...target, maximumRetryAttempts: 186 }] },
      why: 'MaximumRetryAttempts from 0 to 185, got 186',
    },
    { rule: { targets: [{ ...target, maximumEventAgeSeconds: 59 }] }, why: 'MaximumEventAgeInSeconds' },
    { rule: { targets: [{ ...target, input: 'no' }] }, why: 'JSON as Input' },
    { rule: { targets: [{ ...target, input: '{}', inputPath: '$.detail' }] }, why: 'one of Input' },
    { rule: { targets: [{ ...target, inputPath: 'detail' }] }, why: 'a path' },
  ])('are refused: $why (D-5.20, D-5.22, D-13.4, D-13.6)', ({ rule, why }) => {
    const { bus, sqs, world } = cloud();
    sqs.createQueue(world.now, 'work');
    sqs.createQueue(world.now, 'lane.fifo', { FifoQueue: true });
    expect(() =>
      bus.putRule({ name: 'mine', eventPattern: toEverything, isEnabled: true, targets: [], ...rule }),
    ).toThrow(why);
  });

  it('are unknown under another name', () => {
    expect(() => wired().events('DescribeRule', { Name: 'other' })).toThrow(
      expect.objectContaining({ code: 'ResourceNotFoundException' }),
    );
    expect(() => wired().events('DeleteRule', { Name: 'mine' })).toThrow('DeleteRule');
  });
});
