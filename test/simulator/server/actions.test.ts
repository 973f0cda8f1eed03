import { CreateAutoScalingGroupCommand } from '@aws-sdk/client-auto-scaling';
import { DescribeTasksCommand, ListClustersCommand } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { createGroup, createService, runTask } from '../../../demo/cluster.ts';
import { Account } from '../../../simulator/account.ts';
import { Scene } from './scene.ts';

let scene: Scene | undefined;

afterEach(async () => {
  await scene?.server.stop();
  scene = undefined;
});

const clusterName = 'shop';
const wish = { clusterName, autoScalingGroupName: 'nodes', desiredCapacity: 2 };

/** Two container instances with a service of two tasks, steady, behind a server. */
async function open(options: Parameters<typeof Scene.open>[0] = {}) {
  const account = new Account({ seed: 1 });
  account.call('ecs', 'CreateCluster', { clusterName });
  createGroup(account, wish);
  await account.advance(120);
  createService(account, clusterName, { name: 'web', cpu: 128, memoryMib: 128, desiredCount: 2 });
  await account.advance(120);
  scene = await Scene.open({ site: { account }, ...options });
  const [first] = account.ec2.all();
  return { here: scene, account, instanceId: first?.instanceId ?? '' };
}

const refused = async (here: Scene, path: string, body: object) => {
  const { status, text } = await here.ask(`/_simulator/${path}`, body);
  return { status, ...JSON.parse(text) };
};

const details = (account: Account, detailType: string) =>
  account.world.log
    .filter(({ kind }) => kind === 'event')
    .map(({ event }) => event as { 'detail-type': string; detail: Record<string, unknown> })
    .filter((event) => event['detail-type'] === detailType)
    .map(({ detail }) => detail);

const states = (account: Account, instanceId: string) =>
  details(account, 'EC2 Instance State-change Notification')
    .filter((detail) => detail['instance-id'] === instanceId)
    .map(({ state }) => state);

const registration = (account: Account, instanceId: string) =>
  account.ecs.containerInstanceRecords().find(({ ec2InstanceId }) => ec2InstanceId === instanceId);

const inService = (account: Account) => {
  const { AutoScalingGroups } = account.call('autoscaling', 'DescribeAutoScalingGroups', {});
  const [group] = AutoScalingGroups as { Instances: { InstanceId: string; LifecycleState: string }[] }[];
  return (group?.Instances ?? []).flatMap((one) =>
    one.LifecycleState === 'InService' ? one.InstanceId : [],
  );
};

const putHook = (account: Account) =>
  account.call('autoscaling', 'PutLifecycleHook', {
    AutoScalingGroupName: 'nodes',
    LifecycleHookName: 'hook',
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    HeartbeatTimeout: 3600,
  });

describe('POST ec2', () => {
  it('takes an instance back for Spot two minutes after the warning, whatever its hooks say (D-3.19, D-0.3)', async () => {
    const { here, account, instanceId } = await open();
    putHook(account);
    await here.control('ec2', { instanceId, action: 'spot-interruption' });
    expect(details(account, 'EC2 Spot Instance Interruption Warning')).toEqual([
      { 'instance-id': instanceId, 'instance-action': 'terminate' },
    ]);
    account.call('autoscaling', 'TerminateInstanceInAutoScalingGroup', {
      InstanceId: instanceId,
      ShouldDecrementDesiredCapacity: false,
    });
    await here.control('advance', { seconds: 119 });
    expect(account.ec2.instance(instanceId).state).toBe('running');
    await here.control('advance', { seconds: 1 });
    expect(account.ec2.instance(instanceId).state).toBe('shutting-down');
    await here.control('advance', { seconds: 60 });
    expect(states(account, instanceId).slice(-2)).toEqual(['shutting-down', 'terminated']);
    // The wait of the hook outlives its instance; its replacement is there.
    expect(account.autoscaling.lifecycleActions()).toMatchObject([{ instanceId }]);
    expect(account.autoscaling.lifecycleActions()[0]?.endedAt).toBeUndefined();
    expect(inService(account)).toHaveLength(2);
  });

  it('replaces an instance that Spot took, through Auto Scaling (D-3.22)', async () => {
    const { here, account, instanceId } = await open();
    await here.control('ec2', { instanceId, action: 'spot-interruption' });
    await here.control('advance', { seconds: 300 });
    expect(inService(account)).toHaveLength(2);
    expect(inService(account)).not.toContain(instanceId);
    expect(registration(account, instanceId)?.status).toBe('INACTIVE');
  });

  it('recommends a rebalance (D-1.30)', async () => {
    const { here, account, instanceId } = await open();
    await here.control('ec2', { instanceId, action: 'rebalance-recommendation' });
    expect(details(account, 'EC2 Instance Rebalance Recommendation')).toEqual([
      { 'instance-id': instanceId },
    ]);
    await here.control('settle', {});
    expect(account.ec2.instance(instanceId).state).toBe('running');
  });

  it('stops and starts an instance, whose registration stays the same (D-1.31, D-2.6, D-9.11)', async () => {
    const { here, account, instanceId } = await open();
    putHook(account);
    const arn = registration(account, instanceId)?.containerInstanceArn;
    expect(await here.control('ec2', { instanceId, action: 'stop' })).toMatchObject({ state: 'stopping' });
    await here.control('advance', { seconds: 90 });
    expect(registration(account, instanceId)).toMatchObject({ status: 'ACTIVE', agentConnected: false });
    expect(await here.control('ec2', { instanceId, action: 'start' })).toMatchObject({ state: 'pending' });
    await here.control('advance', { seconds: 60 });
    expect(registration(account, instanceId)).toMatchObject({
      containerInstanceArn: arn,
      status: 'ACTIVE',
      agentConnected: true,
    });
    expect(states(account, instanceId)).toEqual([
      'pending',
      'running',
      'stopping',
      'stopped',
      'pending',
      'running',
    ]);
  });

  it('stops an instance in service, which Auto Scaling finds unhealthy and replaces (D-3.22)', async () => {
    const { here, account, instanceId } = await open();
    await here.control('ec2', { instanceId, action: 'stop' });
    await here.control('advance', { seconds: 300 });
    expect(inService(account)).toHaveLength(2);
    expect(account.ec2.instance(instanceId).state).toBe('terminated');
    // Stopped when it was terminated: ECS does not notice (D-2.7).
    expect(registration(account, instanceId)?.status).toBe('ACTIVE');
  });

  it('terminates a running instance, which ECS deregisters and Auto Scaling replaces (D-2.7, D-3.22)', async () => {
    const { here, account, instanceId } = await open();
    await here.control('ec2', { instanceId, action: 'terminate' });
    expect(registration(account, instanceId)?.status).toBe('INACTIVE');
    await here.control('advance', { seconds: 300 });
    expect(inService(account)).toHaveLength(2);
  });

  it('leaves a ghost of an instance whose agent is disconnected (D-1.10g, D-2.7)', async () => {
    const { here, account, instanceId } = await open();
    await here.control('ec2', { instanceId, action: 'agent-disconnect' });
    expect(registration(account, instanceId)?.agentConnected).toBe(false);
    await here.control('ec2', { instanceId, action: 'agent-connect' });
    expect(registration(account, instanceId)?.agentConnected).toBe(true);
    await here.control('ec2', { instanceId, action: 'agent-disconnect' });
    await here.control('ec2', { instanceId, action: 'terminate' });
    await here.control('advance', { seconds: 300 });
    expect(registration(account, instanceId)).toMatchObject({ status: 'ACTIVE', agentConnected: false });
  });

  it('refuses what makes no sense', async () => {
    const { here, instanceId } = await open();
    const action = 'stop';
    expect(await refused(here, 'ec2', { instanceId, action: 'reboot' })).toMatchObject({
      status: 400,
      error: expect.stringMatching(/^action: "reboot": expected spot-interruption, .*, agent-connect, .*$/),
    });
    expect(await refused(here, 'ec2', { action })).toMatchObject({
      error: 'instanceId: nothing: expected the id of an EC2 instance',
    });
    expect(await refused(here, 'ec2', { instanceId: 'i-0', action })).toMatchObject({
      error: 'instanceId: "i-0": expected the id of an EC2 instance that there is',
    });
    expect(await refused(here, 'ec2', { instanceId, action: 'start' })).toMatchObject({
      error: `instanceId: "${instanceId}": expected a stopped instance, it is running`,
    });
    await here.control('ec2', { instanceId, action: 'terminate' });
    expect(await refused(here, 'ec2', { instanceId, action: 'spot-interruption' })).toMatchObject({
      error: `instanceId: "${instanceId}": expected an instance that has not ended, it is shutting-down`,
    });
  });
});

describe('POST launch-template and target-group', () => {
  it('make what the EC2 and load balancing APIs would make', async () => {
    const { here, account } = await open();
    const template = { launchTemplateName: 'big', instanceType: 'm6i.xlarge', clusterName, agentSeconds: 5 };
    const group = new CreateAutoScalingGroupCommand({
      AutoScalingGroupName: 'big',
      LaunchTemplate: { LaunchTemplateName: 'big' },
      MinSize: 1,
      MaxSize: 1,
      AvailabilityZones: ['eu-west-1a'],
    });
    await expect(here.autoscaling().send(group)).rejects.toMatchObject({
      name: 'ValidationError',
      message: expect.stringContaining('with template name big, does not exist'),
    });
    expect(await here.control('launch-template', template)).toEqual(template);
    await here.autoscaling().send(group);
    await here.control('settle', {});
    expect(account.ecs.containerInstanceRecords().at(-1)?.registeredResources.cpu).toBe(4096);
    expect(await here.control('target-group', { targetGroupArn: 'arn:tg' })).toEqual({
      targetGroupArn: 'arn:tg',
      deregistrationDelaySeconds: 300,
      healthySeconds: 15,
    });
    expect(await refused(here, 'launch-template', { ...template, instanceType: 'm1.tiny' })).toMatchObject({
      error: 'instanceType: "m1.tiny": expected t3.medium, c5.large, m5.large, m6i.large, m6i.xlarge',
    });
  });
});

describe('POST task', () => {
  it('lets a container exit, and the service replaces the task (D-1.10c)', async () => {
    const { here, account } = await open();
    const [task] = account.ecs.taskRecords();
    const taskArn = task?.taskArn ?? '';
    await here.control('task', { taskArn, action: 'exit', exitCode: 139 });
    await here.control('settle', {});
    const described = await here
      .ecs()
      .send(new DescribeTasksCommand({ cluster: clusterName, tasks: [taskArn] }));
    expect(described.tasks).toMatchObject([
      { lastStatus: 'STOPPED', stopCode: 'EssentialContainerExited', containers: [{ exitCode: 139 }] },
    ]);
    const running = account.ecs.taskRecords().filter(({ lastStatus }) => lastStatus === 'RUNNING');
    expect(running).toHaveLength(2);
  });

  it('refuses to let a container exit that does not run yet', async () => {
    const { here, account } = await open();
    const taskArn = runTask(account, clusterName, { name: 'job', cpu: 64, memoryMib: 64 });
    await here.control('advance', { seconds: 2 });
    expect(await refused(here, 'task', { taskArn, action: 'exit' })).toMatchObject({
      error: `taskArn: "${taskArn}": expected a task with running containers, it is PENDING`,
    });
  });

  it('refuses a task that has no check to fail, and one that there is not', async () => {
    const { here, account } = await open();
    const taskArn = account.ecs.taskRecords()[0]?.taskArn ?? '';
    expect(await refused(here, 'task', { taskArn, action: 'unhealthy' })).toMatchObject({
      status: 400,
      error: `taskArn: "${taskArn}": expected a task with a container health check or a target group`,
    });
    expect(await refused(here, 'task', { taskArn: 'none', action: 'exit' })).toMatchObject({ status: 400 });
    expect(await refused(here, 'task', { taskArn, action: 'restart' })).toMatchObject({
      error: 'action: "restart": expected exit, unhealthy, spot-interruption',
    });
  });
});

describe('POST capacity', () => {
  it('fails launches as long as there is none (D-7.10)', async () => {
    const { here, account } = await open();
    await here.control('capacity', { autoScalingGroupName: 'nodes', available: false });
    account.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'nodes', DesiredCapacity: 3 });
    await here.control('advance', { seconds: 30 });
    const failures = details(account, 'EC2 Instance Launch Unsuccessful');
    expect(failures).toHaveLength(1);
    expect(failures[0]?.StatusMessage).toContain('do not have sufficient m6i.large capacity');
    await here.control('capacity', { autoScalingGroupName: 'nodes', available: true });
    await here.control('advance', { seconds: 60 });
    expect(inService(account)).toHaveLength(3);
  });

  it('is about one market, zone or type where that is said', async () => {
    const { here, account } = await open();
    const zone = { autoScalingGroupName: 'nodes', market: 'spot', available: false };
    expect(await here.control('capacity', zone)).toEqual(zone);
    account.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'nodes', DesiredCapacity: 3 });
    await here.control('advance', { seconds: 60 });
    expect(inService(account)).toHaveLength(3);
  });

  it('is asked for by the capacity provider in front of the group, too', async () => {
    const { here, account } = await open();
    const { AutoScalingGroups } = account.call('autoscaling', 'DescribeAutoScalingGroups', {});
    const [group] = AutoScalingGroups as { AutoScalingGroupARN: string }[];
    account.call('ecs', 'CreateCapacityProvider', {
      name: 'nodes-provider',
      autoScalingGroupProvider: { autoScalingGroupArn: group?.AutoScalingGroupARN },
    });
    const asked = { capacityProvider: 'nodes-provider', available: false };
    expect(await here.control('capacity', asked)).toEqual({ ...asked, autoScalingGroupName: 'nodes' });
    account.call('autoscaling', 'SetDesiredCapacity', { AutoScalingGroupName: 'nodes', DesiredCapacity: 3 });
    await here.control('advance', { seconds: 30 });
    expect(details(account, 'EC2 Instance Launch Unsuccessful')).toHaveLength(1);
  });

  it('is that of Fargate for its providers (D-10.17)', async () => {
    const { here, account } = await open();
    account.call('ecs', 'PutClusterCapacityProviders', {
      cluster: clusterName,
      capacityProviders: ['FARGATE_SPOT'],
      defaultCapacityProviderStrategy: [],
    });
    await here.control('settle', {});
    account.call('ecs', 'RegisterTaskDefinition', {
      family: 'spot',
      networkMode: 'awsvpc',
      requiresCompatibilities: ['FARGATE'],
      cpu: '256',
      memory: '512',
      containerDefinitions: [{ name: 'app', image: 'app:1' }],
    });
    await here.control('capacity', { capacityProvider: 'FARGATE_SPOT', available: false });
    account.call('ecs', 'CreateService', {
      cluster: clusterName,
      serviceName: 'spot',
      taskDefinition: 'spot',
      desiredCount: 1,
      capacityProviderStrategy: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
      networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'] } },
    });
    await here.control('advance', { seconds: 30 });
    expect(details(account, 'ECS Service Action').at(-1)).toMatchObject({
      eventName: 'SERVICE_TASK_PLACEMENT_FAILURE',
      reason: 'RESOURCE:FARGATE',
    });
  });

  it('refuses groups and providers that there are not', async () => {
    const { here } = await open();
    expect(await refused(here, 'capacity', { autoScalingGroupName: 'none', available: false })).toMatchObject(
      {
        error: 'autoScalingGroupName: "none": expected an Auto Scaling group that there is',
      },
    );
    expect(await refused(here, 'capacity', { capacityProvider: 'spot', available: false })).toMatchObject({
      error: 'capacityProvider: "spot": expected a capacity provider that there is',
    });
    const both = { capacityProvider: 'spot', autoScalingGroupName: 'nodes', available: false };
    expect(await refused(here, 'capacity', both)).toMatchObject({
      error: 'capacityProvider: "spot": expected either this or autoScalingGroupName',
    });
    expect(await refused(here, 'capacity', { autoScalingGroupName: 'nodes' })).toMatchObject({
      error: 'available: nothing: expected true or false',
    });
  });
});

describe('faults', () => {
  const off = {
    loseBestEffort: 0,
    duplicate: 0,
    lateProbability: 0,
    lateSecondsMax: 0,
    readLagSecondsMax: 0,
    othersShare: 0,
    refusalProbability: 0,
    crashProbability: 0,
    redeliverProbability: 0,
    reorderProbability: 0,
    ...{ agentReconnectsPerHour: 0, agentAwaySecondsMax: 0, agentLossProbability: 0 },
    ...{ meddlesPerHour: 0, impairmentsPerHour: 0 },
    throttle: false,
    ...{ schedulerThrottled: false, unassumableRoles: [], failureProbability: 0, fail: [] },
    unavailableTargets: [],
    refuse: [],
    crash: [],
  };

  it('are all off at first, are set one by one, and switched off by null', async () => {
    const { here, account } = await open();
    expect(await here.control('faults')).toEqual(off);
    await here.control('faults', { loseBestEffort: 1, readLagSecondsMax: 5 });
    const started = { schedulerThrottled: true, unassumableRoles: ['arn:r'] };
    const more = { duplicate: 0.5, unavailableTargets: ['arn:x'], ...started };
    const both = await here.control('faults', more);
    expect(both).toEqual({ ...off, loseBestEffort: 1, readLagSecondsMax: 5, ...more });
    expect(account.bus.faults.unavailable?.('arn:x')).toBe(true);
    expect(account.bus.faults.unavailable?.('arn:y')).toBe(false);
    expect(account.ecs.startFaults).toEqual(started);
    const nulls = {
      loseBestEffort: null,
      readLagSecondsMax: null,
      duplicate: null,
      unavailableTargets: null,
      ...{ schedulerThrottled: null, unassumableRoles: null },
    };
    expect(await here.control('faults', nulls)).toEqual(off);
  });

  it('lose best-effort events when told to', async () => {
    const { here, account, instanceId } = await open();
    await here.control('faults', { loseBestEffort: 1 });
    await here.control('ec2', { instanceId, action: 'spot-interruption' });
    expect(account.world.log.filter(({ kind }) => kind === 'event-lost')).toHaveLength(1);
  });

  it('refuse an operation with a code, so many times', async () => {
    const { here } = await open();
    const refuse = [{ service: 'ecs', operation: 'ListClusters', code: 'ThrottlingException', times: 2 }];
    await here.control('faults', { refuse });
    const list = () => here.ecs().send(new ListClustersCommand({}));
    await expect(list()).rejects.toMatchObject({ name: 'ThrottlingException', message: 'Rate exceeded' });
    await expect(list()).rejects.toMatchObject({ name: 'ThrottlingException' });
    expect((await list()).clusterArns).toHaveLength(1);
    expect(await here.control('faults')).toMatchObject({ refuse: [{ times: 0 }] });
  });

  it('kill an execution environment before or after its n-th call', async () => {
    const { here, account } = await open();
    await here.control('faults', { crash: [{ functionName: 'release', call: 2, when: 'after', times: 1 }] });
    const crash = account.lambda.faults.crash;
    const invocation = { functionName: 'release', requestId: 'r', trigger: 't', startedAt: 0, cold: true };
    expect(crash?.(invocation, 1, 'after')).toBe(false);
    expect(crash?.(invocation, 2, 'before')).toBe(false);
    expect(crash?.({ ...invocation, functionName: 'sweep' }, 2, 'after')).toBe(false);
    expect(crash?.(invocation, 2, 'after')).toBe(true);
    expect(crash?.(invocation, 2, 'after')).toBe(false);
  });

  it('change nothing when one of them is wrong', async () => {
    const { here } = await open();
    const cases = [
      [{ duplicate: 1, lose: 1 }, 'lose: 1: expected only loseBestEffort, duplicate, '],
      [{ duplicate: 1.5 }, 'duplicate: 1.5: expected a number from 0 to 1'],
      [{ duplicate: 1, readLagSecondsMax: 61 }, 'readLagSecondsMax: 61: expected a number from 0 to 60'],
      [{ unavailableTargets: 'arn' }, 'unavailableTargets: "arn": expected a list of texts'],
      [
        { refuse: [{ operation: 'X' }] },
        'refuse[0].code: nothing: expected an error code like ThrottlingException',
      ],
      [
        { refuse: [{ code: 'X', status: 200 }] },
        'refuse[0].status: 200: expected a whole number from 400 to 599',
      ],
      [
        { refuse: [{ code: 'X', opration: 'Y' }] },
        'refuse[0].opration: "Y": expected only service, operation, ',
      ],
      [{ crash: [{ call: 0, when: 'after' }] }, 'crash[0].call: 0: expected a whole number from 1 up'],
      [{ crash: ['all'] }, 'crash[0]: "all": expected an object'],
    ] as const;
    for (const [body, error] of cases)
      expect(await refused(here, 'faults', body)).toMatchObject({
        status: 400,
        error: expect.stringContaining(error),
      });
    expect(await here.control('faults')).toEqual(off);
  });
});
