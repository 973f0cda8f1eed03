import { describe, expect, it } from 'vitest';
import {
  associate,
  fargateService,
  messagesOf,
  onFargate,
  providers,
  refusal,
  shares,
  strategy,
} from './fleet.ts';
import { groupArn, inVpc, Scene } from './scene.ts';

const placementFailures = (scene: Scene) =>
  scene
    .heard('ECS Service Action')
    .filter(({ detail }) => detail.eventName === 'SERVICE_TASK_PLACEMENT_FAILURE')
    .map(({ detail }) => detail);

describe('a service by a strategy over Auto Scaling groups', () => {
  it('spreads its tasks by base and weight over instances of the groups (D-4.34, D-4.44)', () => {
    const scene = providers({ blue: 2, green: 2 });
    scene.instance('i-none');
    scene.service('web', { ...strategy('blue:1:2', 'green:3'), desiredCount: 10 });
    expect(shares(scene)).toEqual({ blue: 4, green: 6 });
    for (const task of scene.live()) expect(task.ec2InstanceId).toContain(String(task.capacityProviderName));
    const [task] = scene.call('DescribeTasks', { tasks: [scene.live()[0]?.taskArn] }).tasks;
    expect(task).toMatchObject({ capacityProviderName: 'blue', launchType: 'EC2' });
  });

  it('takes up what one provider lacks after its instance has gone', () => {
    const scene = providers({ blue: 1, green: 1 });
    scene.service('web', { ...strategy('blue:1', 'green:1'), desiredCount: 4 });
    scene.terminate('i-blue-1');
    scene.pass(60);
    expect(shares(scene)).toEqual({ green: 2 });
    scene.instance('i-blue-2', { autoScalingGroupName: 'blue' });
    scene.pass(60);
    expect(shares(scene)).toEqual({ blue: 2, green: 2 });
  });

  it.each([
    [true, { blue: 2, green: 2 }],
    [false, { green: 4 }],
  ])('honours a base without a weight: a switch, %s (D-11.9, D-4.35)', (baseNeedsNoWeight, expected) => {
    const scene = providers({ blue: 1, green: 1 }, { baseNeedsNoWeight });
    scene.service('web', { ...strategy('blue:0:2', 'green:1'), desiredCount: 4 });
    expect(shares(scene)).toEqual(expected);
  });

  it('gives no task to another provider when one has no instances, and says so (D-10.17, D-1.18)', () => {
    const scene = providers({ blue: 1 });
    scene.heard();
    scene.service('web', { ...strategy('blue:1', 'green:1'), desiredCount: 4 });
    expect(shares(scene)).toEqual({ blue: 2 });
    expect(placementFailures(scene)).toMatchObject([
      {
        capacityProviderArns: ['arn:aws:ecs:eu-west-1:111122223333:capacity-provider/green'],
        reason: 'EMPTY CAPACITY PROVIDER',
      },
    ]);
    expect(messagesOf(scene)).toContainEqual(
      expect.stringContaining('Reason: No Container Instances were found in your capacity provider.'),
    );
  });

  it('drains like any other: replacements go where the strategy wants them (D-2.16)', () => {
    const scene = providers({ blue: 2, green: 2 });
    scene.service('web', { ...strategy('blue:1', 'green:1'), desiredCount: 4 });
    scene.drain('i-blue-1');
    scene.pass(120);
    expect(scene.tasksOn('i-blue-1')).toEqual([]);
    expect(shares(scene)).toEqual({ blue: 2, green: 2 });
  });

  it('of the daemon kind has its tasks on instances of the providers alone (D-9.37)', () => {
    const scene = providers({ blue: 2, green: 1 });
    const daemon = { schedulingStrategy: 'DAEMON', desiredCount: undefined };
    scene.service('log', { ...strategy('blue:1'), ...daemon });
    expect(shares(scene)).toEqual({ blue: 2 });
  });
});

describe('an instance', () => {
  it('belongs to the provider of its group, unless it registered before that was made (D-4.12)', () => {
    const scene = new Scene();
    scene.instance('i-early', { autoScalingGroupName: 'blue' });
    scene.call('CreateCapacityProvider', {
      name: 'blue',
      autoScalingGroupProvider: { autoScalingGroupArn: groupArn('blue') },
    });
    scene.instance('i-late', { autoScalingGroupName: 'blue' });
    scene.instance('i-other', { autoScalingGroupName: 'green' });
    const names = ['i-early', 'i-late', 'i-other'].map((id) => scene.describe(id).capacityProviderName);
    expect(names).toEqual([undefined, 'blue', undefined]);
  });
});

describe('Fargate', () => {
  it('runs tasks without instances, through all their states, over the zones of its subnets (D-9.33)', () => {
    const scene = providers();
    const networkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-1', 'subnet-2'] } };
    fargateService(scene, { launchType: 'FARGATE', desiredCount: 4, networkConfiguration }, 0);
    scene.pass(2);
    expect(scene.live().map(({ lastStatus }) => lastStatus)).toEqual(Array(4).fill('PROVISIONING'));
    scene.pass(60);
    const tasks = scene.call('DescribeTasks', { tasks: scene.live().map(({ taskArn }) => taskArn) }).tasks;
    expect(tasks.map(({ availabilityZone }) => availabilityZone).sort()).toEqual([
      'eu-west-1a',
      'eu-west-1a',
      'eu-west-1b',
      'eu-west-1b',
    ]);
    for (const task of tasks) {
      expect(task).toMatchObject({ launchType: 'FARGATE', lastStatus: 'RUNNING', platformVersion: '1.4.0' });
      expect(task.containerInstanceArn).toBeUndefined();
      expect(task.capacityProviderName).toBeUndefined();
    }
    scene.call('UpdateService', { service: 'web', desiredCount: 1 });
    scene.pass(60);
    expect(scene.live()).toHaveLength(1);
  });

  it('splits by weight between FARGATE and FARGATE_SPOT (D-4.34)', () => {
    const scene = providers();
    fargateService(scene, { ...strategy('FARGATE:1:1', 'FARGATE_SPOT:4'), desiredCount: 6 });
    expect(shares(scene)).toEqual({ FARGATE: 2, FARGATE_SPOT: 4 });
  });

  it('without Spot capacity starts no Spot task and none in its place, until there is some (D-10.17, D-1.18)', () => {
    const scene = providers();
    scene.setFargate('FARGATE_SPOT', false);
    scene.heard();
    fargateService(scene, { ...strategy('FARGATE:1', 'FARGATE_SPOT:1'), desiredCount: 4 });
    expect(shares(scene)).toEqual({ FARGATE: 2 });
    expect(placementFailures(scene)).toMatchObject([
      {
        capacityProviderArns: ['arn:aws:ecs:eu-west-1:111122223333:capacity-provider/FARGATE_SPOT'],
        reason: 'RESOURCE:FARGATE',
      },
    ]);
    expect(messagesOf(scene)).toContainEqual(
      expect.stringContaining('Capacity is unavailable at this time.'),
    );
    scene.setFargate('FARGATE_SPOT', true);
    scene.pass(60);
    expect(shares(scene)).toEqual({ FARGATE: 2, FARGATE_SPOT: 2 });
  });

  it('says the same refusal once in six hours (D-1.19)', () => {
    const scene = providers();
    scene.setFargate('FARGATE', false);
    scene.heard();
    fargateService(scene, { launchType: 'FARGATE' });
    scene.pass(5 * 3600);
    expect(placementFailures(scene)).toHaveLength(1);
    scene.pass(2 * 3600);
    expect(placementFailures(scene)).toHaveLength(1);
  });

  it('counts as no container instance when a cluster drains', () => {
    const scene = providers({ blue: 1 });
    fargateService(scene, { launchType: 'FARGATE' });
    scene.drain('i-blue-1');
    scene.pass(60);
    expect(scene.live()).toHaveLength(2);
    expect(scene.live().every(({ desiredStatus }) => desiredStatus === 'RUNNING')).toBe(true);
  });

  it.each([
    [
      { launchType: 'FARGATE', taskDefinition: 'web', networkConfiguration: undefined },
      'does not support launch_type FARGATE.',
    ],
    [{ launchType: 'FARGATE', networkConfiguration: undefined }, 'Network Configuration must be provided'],
    [
      { launchType: 'FARGATE', platformVersion: '9' },
      'PlatformUnknownException: platformVersion: there is no "9".',
    ],
    [
      { launchType: 'EC2', platformVersion: '1.4.0' },
      'The platform version must be null when specifying an EC2 launch type.',
    ],
    [
      { launchType: 'FARGATE', placementConstraints: [{ type: 'distinctInstance' }] },
      'placementConstraints: not supported with FARGATE.',
    ],
    [
      { launchType: 'FARGATE', placementStrategy: [{ type: 'random' }] },
      'placementStrategy: not supported with FARGATE.',
    ],
    [
      { launchType: 'FARGATE', schedulingStrategy: 'DAEMON', desiredCount: undefined },
      'DAEMON is not possible on FARGATE.',
    ],
    [
      { launchType: 'EXTERNAL' },
      'InvalidParameterException: Task definition does not support launch_type EXTERNAL.',
    ],
    [
      { launchType: 'FARGATE', ...strategy('FARGATE:1') },
      'Specifying both a launch type and capacity provider strategy is not supported.',
    ],
    [
      strategy('FARGATE', 'FARGATE_SPOT'),
      'There are no capacity providers with a weight value greater than zero',
    ],
    [strategy('red:1'), 'The specified capacity provider was not found.'],
    [strategy('FARGATE:1', 'blue:1'), 'cannot contain a mix of capacity providers'],
    [strategy('FARGATE:1:1', 'FARGATE_SPOT:1:1'), 'only one capacity provider can have a base'],
    [{ networkConfiguration: { awsvpcConfiguration: { subnets: [] } } }, 'subnets can not be empty.'],
    [
      { networkConfiguration: { awsvpcConfiguration: { subnets: Array(17).fill('s') } } },
      'subnets can have at most 16 items.',
    ],
    [
      {
        networkConfiguration: { awsvpcConfiguration: { subnets: ['s'], securityGroups: Array(6).fill('g') } },
      },
      'securityGroups can have at most 5 items.',
    ],
    [
      { networkConfiguration: { awsvpcConfiguration: { subnets: ['s'], assignPublicIp: 'YES' } } },
      'assignPublicIp should be one of',
    ],
  ])(
    'a service is refused with %j (D-4.35, D-4.37, D-4.38, D-9.28, D-9.34, D-9.35, D-9.64)',
    (more, expected) => {
      const scene = providers();
      expect(refusal(() => fargateService(scene, more, 0))).toContain(expected);
      expect(scene.call('ListServices').serviceArns).toEqual([]);
    },
  );

  it('refuses a provider that the cluster does not have (D-4.39)', () => {
    const scene = providers();
    associate(scene, ['FARGATE']);
    scene.pass(10);
    expect(refusal(() => fargateService(scene, strategy('FARGATE_SPOT:1'), 0))).toContain(
      'InvalidParameterException: The specified capacity provider strategy cannot contain a capacity provider that is not associated with the cluster.',
    );
  });

  it('is the default where the cluster says so, and EC2 where it says nothing (D-4.38, D-9.64)', () => {
    const scene = providers();
    associate(scene, ['FARGATE'], strategy('FARGATE:1').capacityProviderStrategy);
    const [task] = scene.call('RunTask', { taskDefinition: 'fargate', ...inVpc }).tasks;
    expect(task).toMatchObject({ launchType: 'FARGATE', capacityProviderName: 'FARGATE' });
    const other = new Scene();
    other.definition('fargate', {}, {}, onFargate);
    expect(refusal(() => other.call('RunTask', { taskDefinition: 'fargate', ...inVpc }))).toContain(
      'No Container Instances were found in your cluster.',
    );
  });
});
