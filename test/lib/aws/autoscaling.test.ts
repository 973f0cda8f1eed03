import { describe, expect, it } from 'vitest';
import { at, groupName, instanceId, noon } from '../fixtures.ts';
import { type Answer, estateOver, fleetOver, Refusal } from './network.ts';

const member = (inside: string) => `<member>${inside}</member>`;
const groupXml = (name: string) =>
  member(
    `<AutoScalingGroupName>${name}</AutoScalingGroupName><AutoScalingGroupARN>arn:${name}</AutoScalingGroupARN>
    <Tags>${member('<Key>ecs-steward:cluster</Key><Value>demo</Value>')}</Tags>
    <Instances>${member(`<InstanceId>${instanceId}</InstanceId><LifecycleState>Terminating:Wait</LifecycleState>`)}</Instances>`,
  );
const groupOf = (name: string) => ({
  autoScalingGroupName: name,
  autoScalingGroupARN: `arn:${name}`,
  tags: { 'ecs-steward:cluster': 'demo' },
  instances: [{ instanceId, lifecycleState: 'Terminating:Wait' }],
  hasWarmPool: false,
  retainsAbandoned: false,
  rebalancesCapacity: false,
});

describe('groups', () => {
  it('finds the enrolled ones by the tag, page by page', async () => {
    const { fleet, calls } = fleetOver({
      DescribeAutoScalingGroups: ({ NextToken }) =>
        NextToken
          ? `<AutoScalingGroups>${groupXml('b')}</AutoScalingGroups>`
          : `<AutoScalingGroups>${groupXml('a')}</AutoScalingGroups><NextToken>more</NextToken>`,
    });
    expect(await fleet.enrolledGroups()).toEqual([groupOf('a'), groupOf('b')]);
    expect(calls).toHaveLength(2);
    expect(calls[0]?.input).toMatchObject({
      'Filters.member.1.Name': 'tag-key',
      'Filters.member.1.Values.member.1': 'ecs-steward:cluster',
      MaxRecords: '100',
    });
  });

  it('are found by the cluster that their tag names', async () => {
    const { fleet, calls } = fleetOver({
      DescribeAutoScalingGroups: () => `<AutoScalingGroups>${groupXml('a')}</AutoScalingGroups>`,
    });
    expect(await fleet.groupsOf('demo')).toEqual([groupOf('a')]);
    expect(calls[0]?.input).toMatchObject({
      'Filters.member.1.Name': 'tag:ecs-steward:cluster',
      'Filters.member.1.Values.member.1': 'demo',
    });
  });

  it('are asked for by name, 50 at a time (D-5.16)', async () => {
    const { fleet, calls } = fleetOver({ DescribeAutoScalingGroups: () => '<AutoScalingGroups/>' });
    await fleet.groups(Array.from({ length: 51 }, (_, i) => `g${i}`));
    expect(calls.map(({ input }) => input['AutoScalingGroupNames.member.50'])).toEqual(['g49', undefined]);
    expect(calls[1]?.input['AutoScalingGroupNames.member.1']).toBe('g50');
  });

  it('are not asked for by no name, which would mean all of them (D-6.12)', async () => {
    const { fleet, calls } = fleetOver({});
    expect(await fleet.groups([])).toEqual([]);
    expect(calls).toEqual([]);
  });

  it('are read to the 100th page and no further', async () => {
    const { fleet, calls } = fleetOver({
      DescribeAutoScalingGroups: () => '<AutoScalingGroups/><NextToken>always</NextToken>',
    });
    await expect(fleet.enrolledGroups()).rejects.toThrow('more than 100 pages');
    expect(calls).toHaveLength(100);
  });
});

it('asks where instances are, 50 at a time (D-5.16)', async () => {
  const { fleet, calls } = fleetOver({
    DescribeAutoScalingInstances: ({ 'InstanceIds.member.1': id }) =>
      `<AutoScalingInstances>${member(`<InstanceId>${id}</InstanceId><AutoScalingGroupName>g</AutoScalingGroupName>
      <LifecycleState>InService</LifecycleState>`)}</AutoScalingInstances>`,
  });
  const states = await fleet.instanceStates(Array.from({ length: 60 }, (_, i) => `i-${i}`));
  expect(states).toEqual([
    { instanceId: 'i-0', autoScalingGroupName: 'g', lifecycleState: 'InService' },
    { instanceId: 'i-50', autoScalingGroupName: 'g', lifecycleState: 'InService' },
  ]);
  expect(calls).toHaveLength(2);
});

it('reads when terminations began from the activities that wait in hooks (D-13.11)', async () => {
  const activity = (description: string, start: Date) =>
    member(`<Description>${description}</Description><StartTime>${start.toISOString()}</StartTime>`);
  const { fleet, calls } = fleetOver({
    DescribeScalingActivities: () =>
      `<Activities>${activity(`Terminating EC2 instance: ${instanceId}`, noon)}${activity(
        'Terminating EC2 instance: i-0b - Waiting for ELB connection draining.',
        at(5),
      )}${activity('Launching a new EC2 instance: i-0c', at(9))}</Activities>`,
  });
  expect([...(await fleet.terminationStarts(groupName))]).toEqual([
    [instanceId, noon],
    ['i-0b', at(5)],
  ]);
  expect(calls[0]?.input).toMatchObject({
    AutoScalingGroupName: groupName,
    'Filters.member.1.Name': 'Status',
    'Filters.member.1.Values.member.1': 'MidLifecycleAction',
  });
});

it.each([
  ['complete', 'CONTINUE'],
  ['abandon', 'ABANDON'],
] as const)('can %s our lifecycle action, with %s', async (name, result) => {
  const { fleet, calls } = fleetOver({ CompleteLifecycleAction: () => '' });
  expect(await fleet[name](groupName, instanceId)).toBe('completed');
  expect(calls[0]?.input).toMatchObject({
    AutoScalingGroupName: groupName,
    InstanceId: instanceId,
    LifecycleHookName: 'ecs-steward-terminate',
    LifecycleActionResult: result,
  });
});

it('knows whether a group retains what is abandoned (D-3.14)', async () => {
  const { fleet } = fleetOver({
    DescribeAutoScalingGroups: () =>
      `<AutoScalingGroups>${['retain', 'terminate']
        .map((action) =>
          member(`<AutoScalingGroupName>${action}</AutoScalingGroupName><InstanceLifecyclePolicy><RetentionTriggers>
          <TerminateHookAbandon>${action}</TerminateHookAbandon></RetentionTriggers></InstanceLifecyclePolicy>`),
        )
        .join('')}</AutoScalingGroups>`,
  });
  const groups = await fleet.groups(['retain', 'terminate']);
  expect(groups.map(({ retainsAbandoned }) => retainsAbandoned)).toEqual([true, false]);
});

describe('a retained instance', () => {
  it('is ended by name, and the desired capacity stays (D-3.14)', async () => {
    const { fleet, calls } = fleetOver({ TerminateInstanceInAutoScalingGroup: () => '<Activity/>' });
    expect(await fleet.terminate(instanceId)).toBe('terminating');
    expect(calls[0]?.input).toMatchObject({
      InstanceId: instanceId,
      ShouldDecrementDesiredCapacity: 'false',
    });
  });
});

describe('our hook', () => {
  it('is read by name', async () => {
    const { fleet, calls } = fleetOver({
      DescribeLifecycleHooks: () =>
        `<LifecycleHooks>${member(`<LifecycleHookName>ecs-steward-terminate</LifecycleHookName>
        <LifecycleTransition>autoscaling:EC2_INSTANCE_TERMINATING</LifecycleTransition>
        <HeartbeatTimeout>30</HeartbeatTimeout><DefaultResult>ABANDON</DefaultResult>`)}</LifecycleHooks>`,
    });
    expect(await fleet.hook(groupName)).toEqual({
      lifecycleHookName: 'ecs-steward-terminate',
      lifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      heartbeatTimeoutSeconds: 30,
      defaultResult: 'ABANDON',
    });
    expect(calls[0]?.input['LifecycleHookNames.member.1']).toBe('ecs-steward-terminate');
  });

  it('may be missing', async () => {
    const { fleet } = fleetOver({ DescribeLifecycleHooks: () => '<LifecycleHooks/>' });
    expect(await fleet.hook(groupName)).toBeUndefined();
  });

  it('is put with all its values', async () => {
    const { fleet, calls } = fleetOver({ PutLifecycleHook: () => '' });
    await fleet.putHook(groupName);
    expect(calls[0]?.input).toMatchObject({
      AutoScalingGroupName: groupName,
      LifecycleHookName: 'ecs-steward-terminate',
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
      HeartbeatTimeout: '1800',
      DefaultResult: 'CONTINUE',
    });
  });
});

describe('a lifecycle action', () => {
  const over: Answer = () =>
    new Refusal('ValidationError', `No active Lifecycle Action found with instance ID ${instanceId}`);

  it('is completed with CONTINUE, by instance id', async () => {
    const { fleet, calls } = fleetOver({ CompleteLifecycleAction: () => '' });
    expect(await fleet.complete(groupName, instanceId)).toBe('completed');
    expect(calls[0]?.input).toMatchObject({
      AutoScalingGroupName: groupName,
      LifecycleHookName: 'ecs-steward-terminate',
      InstanceId: instanceId,
      LifecycleActionResult: 'CONTINUE',
    });
  });

  it('that is over is no error (D-3.10)', async () => {
    const { fleet } = fleetOver({ CompleteLifecycleAction: over, RecordLifecycleActionHeartbeat: over });
    expect(await fleet.complete(groupName, instanceId)).toBe('already-completed');
    expect(await fleet.heartbeat(groupName, instanceId)).toBe('no-action');
  });

  it('is renewed by instance id', async () => {
    const { fleet, calls } = fleetOver({ RecordLifecycleActionHeartbeat: () => '' });
    expect(await fleet.heartbeat(groupName, instanceId)).toBe('recorded');
    expect(calls[0]?.input).toMatchObject({
      LifecycleHookName: 'ecs-steward-terminate',
      InstanceId: instanceId,
    });
  });

  it.each([
    ['another ValidationError', new Refusal('ValidationError', 'LifecycleHook not found')],
    ['another error with this text', new Refusal('AccessDenied', 'No active Lifecycle Action found', 403)],
  ])('lets %s through', async (_, refusal) => {
    const { fleet } = fleetOver({ CompleteLifecycleAction: () => refusal });
    await expect(fleet.complete(groupName, instanceId)).rejects.toThrow(refusal.message);
  });
});

describe('uninstalling', () => {
  it('finds every group, page by page, whatever its tags', async () => {
    const { estate, calls } = estateOver({
      DescribeAutoScalingGroups: ({ NextToken }) =>
        NextToken
          ? `<AutoScalingGroups>${groupXml('b')}</AutoScalingGroups>`
          : `<AutoScalingGroups>${groupXml('a')}</AutoScalingGroups><NextToken>more</NextToken>`,
    });
    expect(await estate.allGroups()).toEqual([groupOf('a'), groupOf('b')]);
    expect(calls).toHaveLength(2);
    for (const { input } of calls) expect(Object.keys(input).join()).not.toContain('Filters');
  });

  it('deletes the hook of our name', async () => {
    const { estate, calls } = estateOver({ DeleteLifecycleHook: () => '' });
    expect(await estate.deleteHook(groupName)).toBe('deleted');
    expect(calls).toMatchObject([
      { input: { AutoScalingGroupName: groupName, LifecycleHookName: 'ecs-steward-terminate' } },
    ]);
  });

  it.each([
    'No Lifecycle Hook found with name ecs-steward-terminate',
    'Lifecycle hook not found - no hook named ecs-steward-terminate',
    'AutoScalingGroup name not found - null',
  ])('finds nothing to delete and no hook where AWS says "%s"', async (message) => {
    const refusal = new Refusal('ValidationError', message);
    const { estate } = estateOver({
      DeleteLifecycleHook: () => refusal,
      DescribeLifecycleHooks: () => refusal,
    });
    expect(await estate.deleteHook(groupName)).toBe('not-there');
    expect(await estate.hook(groupName)).toBeUndefined();
  });

  it.each([
    ['ValidationError', "1 validation error detected: Value '' at 'lifecycleHookName'"],
    ['AccessDenied', 'No Lifecycle Hook found, says somebody who may not tell'],
  ])('fails where AWS refuses for another reason: %s', async (code, message) => {
    const refusal = new Refusal(code, message);
    const { estate } = estateOver({
      DeleteLifecycleHook: () => refusal,
      DescribeLifecycleHooks: () => refusal,
    });
    await expect(estate.deleteHook(groupName)).rejects.toThrow(message);
    await expect(estate.hook(groupName)).rejects.toThrow(message);
  });
});
