import {
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
  DescribeScalingActivitiesCommand,
  LimitExceededFault,
  ResourceContentionFault,
  ScalingActivityInProgressFault,
  SetDesiredCapacityCommand,
  SetInstanceProtectionCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from '@aws-sdk/client-auto-scaling';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../simulator/machine.ts';
import { decode, encodeFault, encodeReply } from '../../../simulator/wire/wire.ts';
import { clients, failing, form, requestId } from './clients.ts';

const text = (body: Uint8Array) => Buffer.from(body).toString('utf8');

describe('query requests', () => {
  it('are read from a form (D-6.11)', async () => {
    const { autoscaling, sent, calls } = clients(() => ({}));
    await autoscaling.send(
      new SetDesiredCapacityCommand({ AutoScalingGroupName: 'a b+c&d=é', DesiredCapacity: 3 }),
    );
    expect(sent[0]?.body).toMatch(/^Action=SetDesiredCapacity&Version=2011-01-01&/);
    expect(calls[0]).toEqual({
      service: 'autoscaling',
      operation: 'SetDesiredCapacity',
      input: { AutoScalingGroupName: 'a b+c&d=é', DesiredCapacity: 3 },
    });
  });

  it('carry lists, lists of structures and lists within them (D-6.12)', async () => {
    const { autoscaling, calls } = clients(() => ({ AutoScalingGroups: [] }));
    const input = {
      AutoScalingGroupNames: ['x', 'y'],
      Filters: [
        { Name: 'tag:ecs-steward:cluster', Values: ['one', 'two'] },
        { Name: 'tag-key', Values: ['k'] },
      ],
      IncludeInstances: false,
      MaxRecords: 7,
    };
    await autoscaling.send(new DescribeAutoScalingGroupsCommand(input));
    expect(calls[0]?.input).toEqual(input);
  });

  it('keep the order of more than nine items', () => {
    const items = Array.from({ length: 12 }, (_, index) => `i-${index + 1}`);
    const body = items
      .map((id, index) => `InstanceIds.member.${index + 1}=${id}`)
      .reverse()
      .join('&');
    const { input } = decode(form(`Action=DescribeAutoScalingInstances&Version=2011-01-01&${body}`));
    expect(input.InstanceIds).toEqual(items);
  });

  it('mean all with an empty list, which the SDK sends as a name without value (D-6.12)', async () => {
    const { autoscaling, sent, calls } = clients(() => ({ AutoScalingGroups: [] }));
    await autoscaling.send(new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [] }));
    expect(sent[0]?.body).toMatch(/&AutoScalingGroupNames=(&|$)/);
    expect(calls[0]?.input).toEqual({});
  });

  it.each([true, false])('carry the boolean %s (D-6.12)', async (value) => {
    const { autoscaling, calls } = clients(() => ({}));
    const input = { AutoScalingGroupName: 'a', InstanceIds: ['i-1'], ProtectedFromScaleIn: value };
    await autoscaling.send(new SetInstanceProtectionCommand(input));
    expect(calls[0]?.input).toEqual(input);
  });

  it('keep an empty text apart from none', () => {
    const { input } = decode(
      form('Action=PutLifecycleHook&Version=2011-01-01&NotificationTargetARN=&LifecycleHookName=h'),
    );
    expect(input).toEqual({ LifecycleHookName: 'h', NotificationTargetARN: '' });
  });

  it.each([
    ['Action=DescribeInstances&Version=2016-11-15', 'for version 2016-11-15'],
    ['', 'for version NO_VERSION'],
  ])('of no service are refused: "%s"', (body, message) => {
    expect(() => decode(form(body))).toThrow(expect.objectContaining({ code: 'InvalidAction' }));
    expect(() => decode(form(body))).toThrow(message);
  });
});

describe('query replies', () => {
  const activity = {
    ActivityId: 'a',
    AutoScalingGroupName: 'g',
    Cause: 'At 12:00 <"an" & \'other\'> é\n',
    StartTime: new Date('2026-05-04T12:04:57.120Z'),
    EndTime: new Date('2026-05-04T12:05:00Z'),
    StatusCode: 'MidLifecycleAction' as const,
    Progress: 60,
  };

  it('bring text, numbers and times through XML unharmed, and the id in a header (D-6.13, D-6.17, D-6.18)', async () => {
    const { autoscaling } = clients(() => ({ Activities: [activity] }));
    const answer = await autoscaling.send(new DescribeScalingActivitiesCommand({}));
    expect(answer.Activities).toEqual([activity]);
    expect(answer.$metadata).toMatchObject({ requestId });
  });

  it('wrap lists in members and the output in a result (D-6.13)', () => {
    const { body, headers } = encodeReply(
      'autoscaling',
      'DescribeScalingActivities',
      { Activities: [activity] },
      requestId,
    );
    expect(headers).toEqual({ 'content-type': 'text/xml', 'x-amzn-requestid': requestId });
    expect(text(body)).toMatch(
      /^<DescribeScalingActivitiesResponse xmlns="http:\/\/autoscaling.amazonaws.com\/doc\/2011-01-01\/"><DescribeScalingActivitiesResult><Activities><member><ActivityId>a</,
    );
    expect(text(body)).toContain('<StartTime>2026-05-04T12:04:57.120Z</StartTime>');
    expect(text(body)).toContain('<EndTime>2026-05-04T12:05:00Z</EndTime>');
  });

  it('make an empty list an empty list (D-6.13)', async () => {
    const { autoscaling } = clients(() => ({ AutoScalingInstances: [] }));
    const answer = await autoscaling.send(new DescribeAutoScalingInstancesCommand({ InstanceIds: ['i-1'] }));
    expect(answer.AutoScalingInstances).toEqual([]);
    expect(answer.NextToken).toBeUndefined();
  });

  it('bring one structure through', async () => {
    const { autoscaling } = clients(() => ({ Activity: activity }));
    const answer = await autoscaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({
        InstanceId: 'i-1',
        ShouldDecrementDesiredCapacity: true,
      }),
    );
    expect(answer.Activity).toEqual(activity);
  });

  it.each([
    ['SetDesiredCapacity', 'SetDesiredCapacityResult', false],
    ['UpdateAutoScalingGroup', 'UpdateAutoScalingGroupResult', false],
    ['CompleteLifecycleAction', 'CompleteLifecycleActionResult', true],
    ['RecordLifecycleActionHeartbeat', 'RecordLifecycleActionHeartbeatResult', true],
    ['PutLifecycleHook', 'PutLifecycleHookResult', true],
  ])('of %s: is there an element %s? %s (D-6.14)', (operation, element, isThere) => {
    const { body } = encodeReply('autoscaling', operation, {}, requestId);
    expect(text(body).includes(`<${element}>`)).toBe(isThere);
    expect(text(body)).toContain(`<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`);
  });

  it('of operations with and without output are read without complaint', async () => {
    const { autoscaling } = clients(() => ({}));
    const hook = { AutoScalingGroupName: 'g', LifecycleHookName: 'h' };
    const set = new SetDesiredCapacityCommand({ AutoScalingGroupName: 'g', DesiredCapacity: 1 });
    const complete = new CompleteLifecycleActionCommand({ ...hook, LifecycleActionResult: 'CONTINUE' });
    expect(Object.keys(await autoscaling.send(set))).toEqual(['$metadata']);
    expect(Object.keys(await autoscaling.send(complete))).toEqual(['$metadata']);
  });
});

describe('query errors', () => {
  const setDesired = new SetDesiredCapacityCommand({ AutoScalingGroupName: 'g', DesiredCapacity: 1 });

  it.each([
    ['ResourceContention', 'ResourceContentionFault', ResourceContentionFault, 500],
    ['ScalingActivityInProgress', 'ScalingActivityInProgressFault', ScalingActivityInProgressFault, 400],
    ['LimitExceeded', 'LimitExceededFault', LimitExceededFault, 400],
  ])('with the code %s arrive as %s (D-6.15, D-6.16)', async (code, name, type, status) => {
    const { autoscaling } = failing(code, 'busy');
    const error = await autoscaling.send(setDesired).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ name, Code: code, $metadata: { httpStatusCode: status, requestId } });
  });

  it('that no model declares keep their code as name, and their text (D-6.10, D-6.15)', async () => {
    const { autoscaling } = failing('ValidationError', 'No active Lifecycle Action found with token <&> é');
    await expect(autoscaling.send(setDesired)).rejects.toMatchObject({
      name: 'ValidationError',
      Code: 'ValidationError',
      message: 'No active Lifecycle Action found with token <&> é',
      $metadata: { httpStatusCode: 400, requestId },
    });
  });

  it.each([
    ['Throttling', 3],
    ['ResourceContention', 3],
    ['ValidationError', 1],
  ])('with the code %s are tried %i times (D-6.21)', async (code, attempts) => {
    const { autoscaling, sent } = failing(code, 'x');
    await expect(autoscaling.send(setDesired)).rejects.toThrow();
    expect(sent).toHaveLength(attempts);
  });

  it.each([
    [400, 'Sender'],
    [503, 'Receiver'],
  ])('with status %i blame the %s', (status, type) => {
    const { body } = encodeFault('autoscaling', new Fault('Whatever', 'x', status), requestId);
    expect(text(body)).toContain(`<Type>${type}</Type>`);
  });
});
