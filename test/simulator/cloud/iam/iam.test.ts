import { describe, expect, it } from 'vitest';
import {
  isAllowed,
  type PolicyDocument,
  type PolicyStatement,
  resourcePolicyAllows,
} from '../../../../simulator/cloud/iam/iam.ts';

const group = 'arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:1234:autoScalingGroupName/web';
const queue = 'arn:aws:sqs:eu-west-1:111122223333:lane.fifo';
const role = 'arn:aws:iam::111122223333:role/admit';

const policy = (...statements: PolicyStatement[]): PolicyDocument => ({
  Version: '2012-10-17',
  Statement: statements,
});
const allow = (rest: Partial<PolicyStatement> = {}): PolicyStatement => ({
  Effect: 'Allow',
  Action: 'sqs:SendMessage',
  Resource: queue,
  ...rest,
});
const need = (action: string, resource = queue, context: Record<string, string> = {}) => ({
  action,
  resource,
  context,
});

describe('the policies of an identity', () => {
  it('allow nothing by themselves', () => {
    expect(isAllowed([], need('sqs:SendMessage'))).toBe(false);
    expect(isAllowed([policy()], need('sqs:SendMessage'))).toBe(false);
  });

  it('allow what one of them allows, unless another one denies it', () => {
    const one = policy(allow());
    const denies = policy(allow({ Effect: 'Deny', Action: '*', Resource: '*' }));
    expect(isAllowed([policy(), { Statement: allow() }], need('sqs:SendMessage'))).toBe(true);
    expect(isAllowed([one, denies], need('sqs:SendMessage'))).toBe(false);
    expect(isAllowed([denies, one], need('sqs:SendMessage'))).toBe(false);
  });

  it.each([
    ['sqs:SendMessage', 'sqs:SendMessage', true],
    ['SQS:sendmessage', 'sqs:SendMessage', true],
    ['sqs:Send*', 'sqs:SendMessage', true],
    ['sqs:*', 'sqs:SendMessage', true],
    ['*', 'sqs:SendMessage', true],
    ['sqs:SendMessag?', 'sqs:SendMessage', true],
    ['sqs:Send?', 'sqs:SendMessage', false],
    ['sqs:SendMessage', 'sqs:SendMessageBatch', false],
    ['sqs.SendMessage', 'sqs:SendMessage', false],
  ])('Action %s on %s: %s', (Action, action, answer) => {
    expect(isAllowed([policy(allow({ Action }))], need(action))).toBe(answer);
    const { Action: _, ...rest } = allow();
    expect(isAllowed([policy({ ...rest, NotAction: [Action, 'x:y'] })], need(action))).toBe(!answer);
  });

  it.each([
    ['*', group, true],
    ['*', '*', true],
    [group, group, true],
    [group, '*', false],
    ['arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/web', group, true],
    ['arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/w?b', group, true],
    ['arn:aws:autoscaling:*:*:autoScalingGroup:*:autoScalingGroupName/x*', group, false],
    ['arn:aws:autoscaling:*', group, true],
    ['arn:aws:*/web', group, false],
    ['arn:aws:sqs:eu?west-1:111122223333:lane.fifo', queue, true],
    ['arn:aws:sqs:eu-west-1?111122223333:lane.fifo', queue, false],
    [queue, 'arn:aws:sqs:eu-west-1:111122223333:laneXfifo', false],
    ['arn:aws:ecs:*:*:container-instance/prod/*', 'arn:aws:ecs:eu-west-1:1:container-instance/prod/i', true],
    // D-13.12: an ARN of the old, short form does not match the long one.
    ['arn:aws:ecs:*:*:container-instance/prod/*', 'arn:aws:ecs:eu-west-1:1:container-instance/i', false],
  ])('Resource %s on %s: %s', (Resource, resource, answer) => {
    expect(isAllowed([policy(allow({ Resource }))], need('sqs:SendMessage', resource))).toBe(answer);
    const { Resource: _, ...rest } = allow();
    const several = policy(allow({ Resource: [Resource, 'arn:aws:x:::y'] }));
    expect(isAllowed([several], need('sqs:SendMessage', resource))).toBe(answer);
    const negated = policy({ ...rest, NotResource: [Resource, 'arn:aws:x:::y'] });
    expect(isAllowed([negated], need('sqs:SendMessage', resource))).toBe(!answer);
  });

  it('look at the conditions of a statement, keys without regard to case', () => {
    const tagged = policy(
      allow({ Condition: { StringEquals: { 'autoscaling:ResourceTag/ecs-steward:cluster': 'prod' } } }),
    );
    const on = (context: Record<string, string>) =>
      isAllowed([tagged], need('sqs:SendMessage', queue, context));
    expect(on({ 'autoscaling:ResourceTag/ecs-steward:cluster': 'prod' })).toBe(true);
    expect(on({ 'AutoScaling:resourcetag/ecs-steward:cluster': 'prod' })).toBe(true);
    expect(on({ 'autoscaling:ResourceTag/ecs-steward:cluster': 'test' })).toBe(false);
    expect(on({})).toBe(false);
  });

  it('fail on an unknown operator also where another statement has decided', () => {
    const odd = allow({ Action: 'x:y', Condition: { Strange: { a: 'b' } } });
    expect(() => isAllowed([policy(allow(), odd)], need('sqs:SendMessage'))).toThrow(
      'Statement[1].Condition.Strange',
    );
  });
});

describe('the policy of a resource', () => {
  const rule = 'arn:aws:events:eu-west-1:111122223333:rule/terminate';
  const fromRule = policy(
    allow({
      Principal: { Service: 'events.amazonaws.com' },
      Condition: { ArnEquals: { 'aws:SourceArn': rule } },
    }),
    allow({
      Effect: 'Deny',
      Principal: '*',
      Action: 'sqs:*',
      Condition: { Bool: { 'aws:SecureTransport': false } },
    }),
  );
  const request = {
    principalService: 'events.amazonaws.com',
    action: 'sqs:SendMessage',
    resource: queue,
    context: { 'aws:SourceArn': rule, 'aws:SecureTransport': 'true' } as Record<string, string>,
  };

  it.each([
    ['the rule', {}, true],
    ['another rule', { context: { 'aws:SourceArn': `${rule}2` } }, false],
    ['another service', { principalService: 'sns.amazonaws.com' }, false],
    ['another queue', { resource: `${queue}2` }, false],
    ['another action', { action: 'sqs:ReceiveMessage' }, false],
    ['plain HTTP', { context: { 'aws:SourceArn': rule, 'aws:SecureTransport': 'false' } }, false],
  ])('answers %s', (_, change, answer) => {
    expect(resourcePolicyAllows(fromRule, { ...request, ...change })).toBe(answer);
  });

  it.each<[NonNullable<PolicyStatement['Principal']>, boolean]>([
    ['*', true],
    [{ AWS: '*' }, true],
    [{ AWS: role }, true],
    [{ AWS: ['arn:aws:iam::444455556666:root', '111122223333'] }, true],
    [{ AWS: role, Service: 'events.amazonaws.com' }, true],
    [{ AWS: 'arn:aws:iam::111122223333:root' }, true],
    [{ AWS: 'arn:aws:iam::444455556666:root' }, false],
    [{ AWS: `${role}2` }, false],
    [{ Service: 'events.amazonaws.com' }, false],
  ])('lets the principal %j in: %s', (Principal, answer) => {
    const { principalService: _, ...rest } = request;
    const document = policy(allow({ Principal }));
    expect(resourcePolicyAllows(document, { ...rest, principalArn: role })).toBe(answer);
  });
});

describe('the principal of an account', () => {
  it('is not a service', () => {
    const document = policy(allow({ Principal: { AWS: '111122223333' } }));
    const request = { principalService: 'sns.amazonaws.com', ...need('sqs:SendMessage') };
    expect(resourcePolicyAllows(document, request)).toBe(false);
  });
});
