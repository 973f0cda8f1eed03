import { afterEach, describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

let scene: Scene | undefined;

afterEach(async () => {
  await scene?.server.stop();
  scene = undefined;
});

type Row = Readonly<Record<string, unknown>>;

/** So many instances of a template behind a server, made by requests alone. */
async function open(template: object = {}, count = 2, settings: object = {}) {
  const here = await Scene.open();
  scene = here;
  const { account } = here;
  account.call('ecs', 'CreateCluster', { clusterName: 'shop' });
  await here.control('launch-template', {
    launchTemplateName: 'nodes',
    instanceType: 'm6i.large',
    clusterName: 'shop',
    agentSeconds: 25,
    ...template,
  });
  account.call('autoscaling', 'CreateAutoScalingGroup', {
    AutoScalingGroupName: 'nodes',
    LaunchTemplate: { LaunchTemplateName: 'nodes' },
    MinSize: 0,
    MaxSize: 9,
    DesiredCapacity: count,
    AvailabilityZones: ['eu-west-1a'],
    ...settings,
  });
  await here.control('advance', { seconds: 60 });
  const [instanceId = ''] = account.ec2.all().map((each) => each.instanceId);
  const ec2 = (action: string, more: object = {}) => here.control('ec2', { instanceId, action, ...more });
  const pass = (seconds: number) => here.control('advance', { seconds });
  return { here, account, instanceId, ec2, pass };
}

type Opened = Awaited<ReturnType<typeof open>>;

const registrations = ({ account, instanceId }: Opened) =>
  account.ecs.containerInstanceRecords().filter(({ ec2InstanceId }) => ec2InstanceId === instanceId);

const events = ({ account }: Opened, detailType: string) =>
  account.world.log
    .filter(({ kind }) => kind === 'event')
    .map(({ event, time }) => ({ time, ...(event as { 'detail-type': string; detail: Row }) }))
    .filter((event) => event['detail-type'] === detailType);

const secondsOf = (time: string | undefined) => Date.parse(time ?? '') / 1000;

/** Instances of the group as Auto Scaling shows them: id, state, health. */
const group = ({ account }: Opened) => {
  const { AutoScalingInstances } = account.call('autoscaling', 'DescribeAutoScalingInstances', {});
  return (AutoScalingInstances as Row[]).map((one) => [one.InstanceId, one.LifecycleState, one.HealthStatus]);
};

const refused = async ({ here }: Opened, path: string, body: object) => {
  const { status, text } = await here.ask(`/_simulator/${path}`, body);
  return { status, ...JSON.parse(text) };
};

const putHook = ({ account }: Opened) =>
  account.call('autoscaling', 'PutLifecycleHook', {
    AutoScalingGroupName: 'nodes',
    LifecycleHookName: 'hook',
    LifecycleTransition: 'autoscaling:EC2_INSTANCE_TERMINATING',
    HeartbeatTimeout: 900,
  });

describe('an instance whose status check fails', () => {
  it('is shown so, replaced after some minutes, and kept when it passes again before (D-13.62)', async () => {
    const opened = await open({}, 1);
    const { status, error } = await refused(opened, 'ec2', {
      instanceId: opened.instanceId,
      action: 'status-impaired',
      check: 'volume',
    });
    expect([status, error]).toEqual([400, expect.stringContaining('check: "volume": expected')]);
    expect(await opened.ec2('status-impaired')).toMatchObject({ impairment: 'system' });
    await opened.pass(170);
    expect(await opened.ec2('status-ok')).not.toHaveProperty('impairment');
    await opened.pass(170);
    expect(group(opened)).toEqual([[opened.instanceId, 'InService', 'HEALTHY']]);
    expect(await opened.ec2('status-impaired', { check: 'instance' })).toMatchObject({
      impairment: 'instance',
    });
    await opened.pass(181);
    expect(group(opened)).toContainEqual([
      opened.instanceId,
      expect.stringMatching('Terminating'),
      'UNHEALTHY',
    ]);
  });
});

describe('an instance that EC2 recommends to replace', () => {
  it('is replaced ahead of time in a group that rebalances capacity, over HTTP too (D-3.20)', async () => {
    const opened = await open({}, 1, {
      CapacityRebalance: true,
      LaunchTemplate: undefined,
      MixedInstancesPolicy: {
        LaunchTemplate: { LaunchTemplateSpecification: { LaunchTemplateName: 'nodes' } },
        InstancesDistribution: { OnDemandBaseCapacity: 0, OnDemandPercentageAboveBaseCapacity: 0 },
      },
    });
    await opened.ec2('rebalance-recommendation');
    await opened.pass(5);
    expect(
      group(opened)
        .map(([, state]) => state)
        .toSorted(),
    ).toEqual(['InService', 'Pending']);
    await opened.pass(60);
    expect(group(opened)).toEqual([[expect.not.stringMatching(opened.instanceId), 'InService', 'HEALTHY']]);
  });
});

describe('an instance that Spot takes back', () => {
  it('is drained by an agent that is told to, a second after the warning; by another one not (D-7.2)', async () => {
    const told = await open({ spotInstanceDraining: true });
    await told.ec2('spot-interruption');
    await told.pass(2);
    expect(registrations(told)).toMatchObject([{ status: 'DRAINING' }]);
    await told.here.server.stop();
    const usual = await open();
    await usual.ec2('spot-interruption');
    await usual.pass(119);
    expect(registrations(usual)).toMatchObject([{ status: 'ACTIVE' }]);
  });

  it('is not drained for a recommendation, which no agent acts on (D-7.3)', async () => {
    const opened = await open({ spotInstanceDraining: true });
    await opened.ec2('rebalance-recommendation');
    await opened.pass(600);
    expect(registrations(opened)).toMatchObject([{ status: 'ACTIVE' }]);
  });

  it('goes 120 s after the warning, is replaced, and its hook outlives it until that times out (D-3.19, D-3.22)', async () => {
    const opened = await open();
    const { account, instanceId } = opened;
    putHook(opened);
    await opened.ec2('spot-interruption');
    await opened.pass(130);
    const [warning] = events(opened, 'EC2 Spot Instance Interruption Warning');
    const end = events(opened, 'EC2 Instance State-change Notification').find(
      ({ detail }) => detail['instance-id'] === instanceId && detail.state === 'shutting-down',
    );
    expect(secondsOf(end?.time) - secondsOf(warning?.time)).toBe(120);
    await opened.pass(60);
    expect(account.ec2.instance(instanceId).state).toBe('terminated');
    expect(group(opened)).toContainEqual([instanceId, 'Terminating:Wait', 'UNHEALTHY']);
    await opened.pass(900);
    expect(group(opened).map(([, state]) => state)).toEqual(['InService', 'InService']);
    expect(group(opened).flat()).not.toContain(instanceId);
  });

  it('may be stopped instead: Auto Scaling finds it unhealthy and ends it (D-1.29, D-3.22)', async () => {
    const opened = await open();
    await opened.ec2('spot-interruption', { instanceAction: 'stop' });
    await opened.pass(119);
    expect(opened.account.ec2.instance(opened.instanceId).state).toBe('running');
    await opened.pass(300);
    expect(opened.account.ec2.instance(opened.instanceId).state).toBe('terminated');
    expect(group(opened).map(([, state]) => state)).toEqual(['InService', 'InService']);
  });

  it('may be stopped and started again with capacity: its agent is the same registration as before (D-2.6)', async () => {
    const policy = {
      MixedInstancesPolicy: {
        LaunchTemplate: { LaunchTemplateSpecification: { LaunchTemplateName: 'nodes' } },
        InstancesDistribution: { OnDemandPercentageAboveBaseCapacity: 0 },
      },
      LaunchTemplate: undefined,
    };
    const opened = await open({}, 2, policy);
    const { account, here, instanceId } = opened;
    const state = () => account.ec2.instance(instanceId).state;
    account.call('autoscaling', 'SuspendProcesses', {
      AutoScalingGroupName: 'nodes',
      ScalingProcesses: ['HealthCheck'],
    });
    await opened.ec2('spot-interruption', { instanceAction: 'stop' });
    await opened.pass(200);
    expect(state()).toBe('stopped');
    await expect(opened.ec2('start')).rejects.toThrow(
      'an instance that Spot has not stopped, which EC2 alone may start',
    );
    const capacity = { autoScalingGroupName: 'nodes', available: true };
    await here.control('capacity', { ...capacity, market: 'on-demand' });
    await here.control('capacity', { ...capacity, market: 'spot', availabilityZone: 'eu-west-1b' });
    expect(state()).toBe('stopped');
    await here.control('capacity', { ...capacity, market: 'spot', availabilityZone: 'eu-west-1a' });
    expect(state()).toBe('pending');
    await opened.pass(60);
    expect(registrations(opened)).toMatchObject([{ status: 'ACTIVE', agentConnected: true }]);
    expect(group(opened).map(([, held]) => held)).toEqual(['InService', 'InService']);
  });

  it('is started by hand of nobody, but told that Spot has capacity, where it is in no group', async () => {
    const opened = await open();
    const { account, instanceId } = opened;
    await expect(opened.ec2('spot-return')).rejects.toThrow('expected a stopped instance, it is running');
    account.call('autoscaling', 'DetachInstances', {
      AutoScalingGroupName: 'nodes',
      InstanceIds: [instanceId],
      ShouldDecrementDesiredCapacity: true,
    });
    await opened.pass(5);
    await opened.ec2('spot-interruption', { instanceAction: 'hibernate' });
    await opened.pass(30);
    expect(await opened.ec2('spot-return')).toMatchObject({ state: 'pending' });
    await opened.pass(60);
    await opened.ec2('stop');
    await opened.pass(30);
    await expect(opened.ec2('spot-return')).rejects.toThrow('an instance that Spot has stopped');
  });

  it('hibernates at once, before any agent could drain it (D-7.1)', async () => {
    const opened = await open({ spotInstanceDraining: true });
    await opened.ec2('spot-interruption', { instanceAction: 'hibernate' });
    expect(events(opened, 'EC2 Spot Instance Interruption Warning')).toMatchObject([
      { detail: { 'instance-action': 'hibernate' } },
    ]);
    expect(opened.account.ec2.instance(opened.instanceId).state).toBe('stopping');
    await opened.pass(15);
    expect(registrations(opened)).toMatchObject([{ status: 'ACTIVE' }]);
  });
});

describe('GET ec2', () => {
  it('lists the instances, so that they can be named', async () => {
    const { here, instanceId } = await open();
    const { instances } = await here.control<{ instances: object[] }>('ec2');
    expect(instances).toHaveLength(2);
    expect(instances[0]).toMatchObject({ instanceId, state: 'running', instanceType: 'm6i.large' });
  });
});

describe('the agent of an instance', () => {
  it('reconnects when it is told to, for so long (D-1.10g)', async () => {
    const opened = await open();
    await opened.ec2('agent-reconnect', { seconds: 20 });
    await opened.pass(19);
    expect(registrations(opened)).toMatchObject([{ agentConnected: false, version: 3 }]);
    await opened.pass(2);
    expect(registrations(opened)).toMatchObject([{ agentConnected: true, version: 4 }]);
  });

  it('registers a second time when it has lost its state (D-2.8)', async () => {
    const opened = await open();
    await opened.ec2('agent-forget');
    expect(registrations(opened)).toMatchObject([
      { status: 'ACTIVE', agentConnected: false },
      { status: 'ACTIVE', agentConnected: true },
    ]);
    await opened.ec2('terminate');
    expect(registrations(opened).map(({ status }) => status)).toEqual(['ACTIVE', 'INACTIVE']);
  });

  it('says that its container runtime is impaired, and well again (D-9.9)', async () => {
    const opened = await open();
    const health = () => {
      const { containerInstances } = opened.account.call('ecs', 'DescribeContainerInstances', {
        cluster: 'shop',
        containerInstances: registrations(opened).map(({ containerInstanceArn }) => containerInstanceArn),
        include: ['CONTAINER_INSTANCE_HEALTH'],
      });
      return (containerInstances as { healthStatus: Row }[])[0]?.healthStatus.overallStatus;
    };
    await opened.ec2('runtime-impaired');
    expect(health()).toBe('IMPAIRED');
    await opened.ec2('runtime-healthy');
    expect(health()).toBe('OK');
  });

  it('is of the version of the launch template, and its update fails where that says so (D-8.4, D-8.5)', async () => {
    const opened = await open({ agentVersion: '1.104.0', updateFailsIn: 'UPDATING', downloadSeconds: 60 });
    const [record] = registrations(opened);
    expect(record?.versionInfo.agentVersion).toBe('1.104.0');
    opened.account.call('ecs', 'UpdateContainerAgent', {
      cluster: 'shop',
      containerInstance: record?.containerInstanceArn,
    });
    await opened.pass(60);
    expect(registrations(opened)).toMatchObject([{ agentUpdateStatus: 'STAGING' }]);
    await opened.pass(60);
    expect(registrations(opened)).toMatchObject([
      { agentUpdateStatus: 'FAILED', versionInfo: { agentVersion: '1.104.0' } },
    ]);
  });

  it('reconnects by itself as often as the faults say (D-1.10g)', async () => {
    const opened = await open();
    await opened.here.control('faults', { agentReconnectsPerHour: 6, agentAwaySecondsMax: 2 });
    await opened.pass(3600);
    const [before] = registrations(opened);
    expect(before?.version).toBeGreaterThan(4);
    await opened.here.control('faults', { agentReconnectsPerHour: null });
    await opened.pass(3600);
    expect(registrations(opened)[0]?.version).toBe(before?.version);
    expect(await opened.here.control('faults')).toMatchObject({
      agentReconnectsPerHour: 0,
      agentAwaySecondsMax: 2,
    });
  });
});

describe('requests about instances that make no sense', () => {
  it.each([
    [{ action: 'stop', seconds: 3 }, 'seconds: 3: expected none with stop'],
    [
      { action: 'agent-reconnect', instanceAction: 'stop' },
      'instanceAction: "stop": expected none with agent-reconnect',
    ],
    [
      { action: 'spot-interruption', instanceAction: 'reboot' },
      'instanceAction: "reboot": expected terminate, stop, hibernate',
    ],
    [{ action: 'agent-reconnect', seconds: -1 }, 'seconds: -1: expected a number from 0 to 86400'],
  ])('are refused and change nothing: %j', async (body, error) => {
    const opened = await open();
    const { instanceId, account } = opened;
    const { length } = account.world.log;
    expect(await refused(opened, 'ec2', { instanceId, ...body })).toEqual({ status: 400, error });
    expect(account.world.log).toHaveLength(length);
    expect(account.ec2.instance(instanceId)).toMatchObject({ state: 'running' });
  });

  it('are refused for an agent that is not there', async () => {
    const opened = await open({ agentSeconds: 600 });
    const { instanceId } = opened;
    for (const action of ['agent-forget', 'runtime-impaired', 'agent-reconnect'])
      expect(await refused(opened, 'ec2', { instanceId, action })).toEqual({
        status: 400,
        error: `instanceId: "${instanceId}": expected an instance that is registered with a cluster`,
      });
    await opened.pass(700);
    await opened.ec2('agent-disconnect');
    expect(await refused(opened, 'ec2', { instanceId, action: 'agent-reconnect' })).toEqual({
      status: 400,
      error: `instanceId: "${instanceId}": expected an instance whose agent is connected`,
    });
  });

  it.each([
    [{ updateFailsIn: 'PENDING' }, 'updateFailsIn: "PENDING": expected STAGING, UPDATING'],
    [{ trunkFailure: '' }, 'trunkFailure: "": expected the reason of a failed registration'],
    [{ spotInstanceDraining: 'yes' }, 'spotInstanceDraining: "yes": expected true or false'],
    [{ agentVersion: 1 }, 'agentVersion: 1: expected a version like 1.104.0'],
  ])('are refused for a launch template with %j', async (more, error) => {
    const opened = await open();
    const template = { launchTemplateName: 'other', instanceType: 'm6i.large', clusterName: 'shop', ...more };
    expect(await refused(opened, 'launch-template', template)).toEqual({ status: 400, error });
  });
});
