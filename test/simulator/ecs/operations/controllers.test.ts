import { describe, expect, it } from 'vitest';
import {
  balanced,
  fargateService,
  fleet,
  inSet,
  providers,
  refusal,
  shares,
  stopped,
  strategy,
} from '../fleet.ts';
import { inVpc, type Scene, targetGroupArn } from '../scene.ts';

const described = (scene: Scene, include?: string[]) =>
  scene.call('DescribeServices', { services: ['web'], include }).services[0];
const update = (scene: Scene, more: Record<string, unknown>) =>
  scene.call('UpdateService', { service: 'web', ...more }).service;
const ids = (scene: Scene) => described(scene)?.deployments.map(({ id }) => id) ?? [];

describe('CreateService', () => {
  it('answers the same token with the same service, and refuses it for another one (D-9.36)', () => {
    const scene = fleet(1);
    const input = { serviceName: 'web', taskDefinition: 'web', desiredCount: 1, clientToken: 'token' };
    const { service } = scene.call('CreateService', input);
    expect(scene.call('CreateService', input).service.serviceArn).toBe(service.serviceArn);
    expect(refusal(() => scene.call('CreateService', { ...input, desiredCount: 2 }))).toBe(
      'InvalidParameterException: Creation of service was not idempotent.',
    );
    expect(refusal(() => scene.call('CreateService', { ...input, clientToken: 'x'.repeat(37) }))).toContain(
      'clientToken: expected text like',
    );
  });

  it('shows a launch type or a strategy, for the service and its deployment (D-4.43, D-9.38)', () => {
    const scene = providers({ blue: 1 });
    scene.service('web', strategy('blue:1'));
    const shown = described(scene);
    for (const each of [shown, shown?.deployments[0]]) {
      expect(each).toMatchObject(strategy('blue:1'));
      expect(each).not.toHaveProperty('launchType');
    }
    expect(shown).not.toHaveProperty('deploymentController');
    expect(shown).not.toHaveProperty('taskSets');
    const other = fleet(1);
    other.service('web', {}, 0);
    expect(described(other)).toMatchObject({ launchType: 'EC2', deployments: [{ launchType: 'EC2' }] });
    expect(described(other)).not.toHaveProperty('capacityProviderStrategy');
  });

  it.each([
    ['NONE', false, []],
    ['SERVICE', false, ['service', 'team']],
    ['TASK_DEFINITION', false, ['definition', 'team']],
    ['NONE', true, ['aws:ecs:clusterName', 'aws:ecs:serviceName']],
  ])(
    "gives tasks the tags of %s, and ECS's own: %s (D-9.48, D-9.71)",
    (propagateTags, enableECSManagedTags, keys) => {
      const scene = fleet(1);
      const tags = (key: string) => [
        { key: 'team', value: key },
        { key, value: 'x' },
      ];
      scene.definition('web', {}, {}, { tags: tags('definition') });
      scene.service('web', { propagateTags, enableECSManagedTags, tags: tags('service'), desiredCount: 1 });
      const [task] = scene.call('DescribeTasks', {
        tasks: [scene.live()[0]?.taskArn],
        include: ['TAGS'],
      }).tasks;
      const given = (task?.tags ?? []) as { key: string }[];
      expect(given.map(({ key }) => key).sort()).toEqual(keys);
      expect(described(scene, ['TAGS'])).toMatchObject({
        propagateTags,
        enableECSManagedTags,
        tags: tags('service'),
      });
    },
  );

  it('shows what nothing acts on as it was given (D-9.39, D-9.47)', () => {
    const scene = fleet(1);
    scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 0, healthySeconds: 1 });
    const serviceRegistries = [{ registryArn: 'arn:r', containerName: 'app', containerPort: 80 }];
    scene.service('web', { ...balanced, role: 'ecsServiceRole', serviceRegistries }, 0);
    expect(described(scene)).toMatchObject({
      roleArn: 'ecsServiceRole',
      serviceRegistries,
    });
    update(scene, { desiredCount: 1 });
    expect(described(scene)).toMatchObject({ roleArn: 'ecsServiceRole', serviceRegistries });
  });

  it.each([
    [{ role: 'r' }, 'role: only with a load balancer'],
    [
      { serviceRegistries: [{ registryArn: 'arn:r', port: 80 }] },
      'bridge needs containerName and containerPort',
    ],
    [{ serviceRegistries: [{ registryArn: 'arn:r', containerName: 'app' }] }, 'only possible together'],
    [{ serviceRegistries: [{}] }, 'registryArn cannot be blank'],
    [{ deploymentController: { type: 'MINE' } }, 'type should be one of [ECS, CODE_DEPLOY, EXTERNAL]'],
    [
      { deploymentController: { type: 'CODE_DEPLOY' } },
      'loadBalancers: the CODE_DEPLOY deployment controller needs one',
    ],
    [
      { schedulingStrategy: 'DAEMON', desiredCount: undefined, deploymentController: { type: 'EXTERNAL' } },
      'schedulingStrategy: EXTERNAL needs REPLICA, got DAEMON.',
    ],
    [{ propagateTags: 'ALL' }, 'propagateTags should be one of'],
    [{ enableExecuteCommand: 'yes' }, 'enableExecuteCommand: expected true or false, got "yes".'],
    [{ placementConstraints: Array(11).fill({ type: 'distinctInstance' }) }, 'at most 10 items'],
  ])('refuses %j (D-9.28, D-9.37, D-9.39, D-9.47)', (more, expected) => {
    const message = refusal(() => fleet(1).service('web', more, 0));
    expect(message).toMatch(/^InvalidParameterException: /);
    expect(message).toContain(expected);
  });
});

describe('a service with the CODE_DEPLOY deployment controller', () => {
  function blueGreen() {
    const scene = fleet(2);
    scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 0, healthySeconds: 1 });
    scene.service('web', { ...balanced, deploymentController: { type: 'CODE_DEPLOY' } });
    return scene;
  }

  it('replaces the tasks of a draining instance in their own task set, under its percentages (D-2.26, D-9.52)', () => {
    const scene = blueGreen();
    const id = String(scene.live()[0]?.startedBy);
    scene.drain('i-1');
    scene.pass(3);
    expect(described(scene)).toMatchObject({
      taskSets: [{ stabilityStatus: 'STABILIZING', status: 'PRIMARY' }],
    });
    expect(scene.tasksOn('i-1').map(({ desiredStatus }) => desiredStatus)).toEqual(['RUNNING']);
    scene.pass(60);
    expect(scene.tasksOn('i-1')).toEqual([]);
    expect(scene.tasksOn('i-2').map(({ startedBy }) => startedBy)).toEqual([id, id]);
    expect(described(scene)).toMatchObject({
      taskSets: [{ stabilityStatus: 'STEADY_STATE', runningCount: 2 }],
    });
  });

  it('has a first task set of all its tasks, and no deployments (D-9.38, D-9.50)', () => {
    const scene = blueGreen();
    expect(described(scene)).toMatchObject({
      deploymentController: { type: 'CODE_DEPLOY' },
      deployments: [],
      taskSets: [{ status: 'PRIMARY', startedBy: 'CODE_DEPLOY', computedDesiredCount: 2, runningCount: 2 }],
    });
    update(scene, { desiredCount: 4, healthCheckGracePeriodSeconds: 30 });
    scene.pass(60);
    expect(described(scene)).toMatchObject({ runningCount: 4, healthCheckGracePeriodSeconds: 30 });
  });

  it.each([
    [
      { taskDefinition: 'web' },
      'Unable to update task definition on services with a CODE_DEPLOY deployment controller.',
    ],
    [
      { forceNewDeployment: true },
      'Cannot force a new deployment on services with a CODE_DEPLOY deployment controller.',
    ],
    [strategy('FARGATE:1'), 'Unable to update capacity provider strategy'],
    [{ loadBalancers: [] }, 'Unable to update load balancers'],
    [
      { deploymentConfiguration: { minimumHealthyPercent: 50 } },
      'with CODE_DEPLOY the percentages are 100 and 200',
    ],
  ])('is not changed by UpdateService with %j (D-2.26, D-9.42)', (more, expected) => {
    const message = refusal(() => update(blueGreen(), more));
    expect(message).toMatch(/^InvalidParameterException: /);
    expect(message).toContain(expected);
  });
});

describe('UpdateService', () => {
  it('begins a deployment for another definition, network, platform or load balancer, and by force (D-9.43)', () => {
    const scene = providers();
    fargateService(scene, { launchType: 'FARGATE' });
    scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 0, healthySeconds: 1 });
    scene.definition('fargate', {}, {}, { networkMode: 'awsvpc', cpu: '256', memory: '512' });
    const changes = [
      { taskDefinition: 'fargate' },
      { networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-9'] } } },
      { platformVersion: '1.3.0' },
      balanced,
      { serviceRegistries: [{ registryArn: 'arn:r', port: 80 }] },
      { forceNewDeployment: true },
    ];
    for (const change of changes) {
      const [before] = ids(scene);
      update(scene, change);
      expect(ids(scene)).toEqual([expect.not.stringMatching(before ?? ''), before]);
      scene.pass(120);
      expect(ids(scene)).toHaveLength(1);
    }
    const [task] = scene.live();
    expect(task).toMatchObject({ platformVersion: '1.3.0', targetGroupArns: [targetGroupArn] });
    expect(described(scene)).toMatchObject({ serviceRegistries: [{ registryArn: 'arn:r' }] });
  });

  it('begins none for the desired count, placement, percentages, grace period or tags (D-9.43, D-9.73)', () => {
    const scene = fleet(2);
    scene.service('web');
    const before = ids(scene);
    const placementStrategy = [{ type: 'binpack', field: 'cpu' }];
    const placementConstraints = [{ type: 'distinctInstance' }];
    const flags = { enableECSManagedTags: true, enableExecuteCommand: true };
    const settings = { propagateTags: 'SERVICE', availabilityZoneRebalancing: 'DISABLED', ...flags };
    update(scene, {
      desiredCount: 1,
      placementStrategy,
      placementConstraints,
      ...scene.percents(50, 100),
      ...settings,
    });
    scene.pass(60);
    expect(ids(scene)).toEqual(before);
    expect(described(scene)).toMatchObject({ placementStrategy, placementConstraints, ...settings });
    update(scene, { placementConstraints: [] });
    expect(described(scene)).toMatchObject({ placementStrategy, placementConstraints: [] });
  });

  it('refuses another strategy without forceNewDeployment, and moves everything with it (D-13.1, D-10.14)', () => {
    const scene = providers({ blue: 2, green: 2 });
    scene.service('web', { ...strategy('blue:1'), desiredCount: 4 });
    const before = ids(scene);
    expect(refusal(() => update(scene, strategy('green:1')))).toBe(
      'InvalidParameterException: When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.',
    );
    update(scene, strategy('blue:1'));
    expect(ids(scene)).toEqual(before);
    update(scene, { ...strategy('green:1'), forceNewDeployment: true });
    scene.pass(180);
    expect(shares(scene)).toEqual({ green: 4 });
    expect(described(scene)).toMatchObject(strategy('green:1'));
  });

  it('without the need of force leaves what runs, and only new tasks follow: a switch (D-4.41, D-10.14)', () => {
    const scene = providers({ blue: 2, green: 2 }, { strategyNeedsForce: false });
    scene.service('web', { ...strategy('blue:1'), desiredCount: 2 });
    const [before] = ids(scene);
    update(scene, { ...strategy('green:1'), desiredCount: 4 });
    scene.pass(60);
    expect(ids(scene)).toEqual([before]);
    expect(shares(scene)).toEqual({ blue: 2, green: 2 });
    expect(stopped(scene)).toEqual([]);
  });

  it('goes from a launch type to a strategy, from groups to Fargate, and back by an empty list (D-4.40)', () => {
    const scene = providers({ blue: 2 });
    scene.service('web', { taskDefinition: 'fargate', ...inVpc, launchType: 'EC2' });
    const move = (capacityProviderStrategy: unknown[]) => {
      update(scene, { capacityProviderStrategy, forceNewDeployment: true });
      scene.pass(180);
      return shares(scene);
    };
    const items = (text: string) => strategy(text).capacityProviderStrategy;
    expect(shares(scene)).toEqual({ undefined: 2 });
    expect(move(items('blue:1'))).toEqual({ blue: 2 });
    expect(move(items('FARGATE_SPOT:1'))).toEqual({ FARGATE_SPOT: 2 });
    expect(move([])).toEqual({ undefined: 2 });
    expect(described(scene)).toMatchObject({ launchType: 'FARGATE' });
    expect(described(scene)).not.toHaveProperty('capacityProviderStrategy');
  });

  it('refuses the empty list where a switch asks for the rule of before 2025 (D-9.45)', () => {
    const scene = providers({ blue: 1 }, { strategyCanBeRemoved: false });
    scene.service('web', strategy('blue:1'));
    const none = { capacityProviderStrategy: [], forceNewDeployment: true };
    expect(refusal(() => update(scene, none))).toContain('cannot go back to none');
    update(scene, { ...strategy('green:1'), forceNewDeployment: true });
  });

  it('moves a service off Spot that has no capacity, by base and weight', () => {
    const scene = providers();
    fargateService(scene, { ...strategy('FARGATE_SPOT:1'), desiredCount: 3 });
    scene.setFargate('FARGATE_SPOT', false);
    update(scene, { ...strategy('FARGATE:1', 'FARGATE_SPOT:0'), forceNewDeployment: true });
    scene.pass(180);
    expect(shares(scene)).toEqual({ FARGATE: 3 });
    expect(inSet(scene, ids(scene)[0] ?? '')).toBe(3);
  });

  it.each([
    [{ deploymentController: { type: 'ECS' } }, 'deploymentController'],
    [{ desiredCount: -1 }, 'desiredCount: expected a whole number'],
    [{ ...strategy('blue'), forceNewDeployment: true }, 'weight value greater than zero'],
    [
      { ...strategy('FARGATE:1'), forceNewDeployment: true },
      'Task definition does not support launch_type FARGATE.',
    ],
    [{ taskDefinition: 'other' }, 'Unable to describe task definition.'],
    [{ platformVersion: '1.4.0' }, 'The platform version must be null'],
    [{ propagateTags: 'ALL' }, 'propagateTags should be one of'],
  ])('refuses %j', (more, expected) => {
    const scene = providers({ blue: 1 });
    scene.service('web');
    const before = described(scene);
    expect(refusal(() => update(scene, more))).toContain(expected);
    expect(described(scene)).toEqual(before);
  });
});

describe('ListServices', () => {
  it('hides a service that is being deleted, which is described until then and after (D-9.41, D-9.46)', () => {
    const scene = fleet(1);
    scene.definition('web', { 'stop-seconds': 20 });
    scene.service('web');
    const list = () => scene.call('ListServices').serviceArns;
    expect(list()).toHaveLength(1);
    scene.call('DeleteService', { service: 'web', force: true });
    expect(list()).toEqual([]);
    expect(described(scene)).toMatchObject({ status: 'DRAINING', runningCount: 2 });
    scene.pass(60);
    expect(list()).toEqual([]);
    expect(described(scene)).toMatchObject({ status: 'INACTIVE' });
  });

  it('filters by launch type, which a service by strategy has not, and by who manages it (D-4.43)', () => {
    const scene = providers({ blue: 1 });
    scene.service('ec2', { desiredCount: 0 }, 0);
    scene.service('blue', { desiredCount: 0, ...strategy('blue:1') }, 0);
    const more = { taskDefinition: 'fargate', ...inVpc, launchType: 'FARGATE', desiredCount: 0 };
    scene.service('fargate', more, 0);
    const names = (input: Record<string, unknown>) =>
      scene.call('ListServices', input).serviceArns.map((arn) => arn.split('/').at(-1));
    expect(names({ launchType: 'EC2' })).toEqual(['ec2']);
    expect(names({ launchType: 'FARGATE' })).toEqual(['fargate']);
    expect(names({ resourceManagementType: 'CUSTOMER' })).toEqual(['blue', 'ec2', 'fargate']);
    expect(names({ resourceManagementType: 'ECS' })).toEqual([]);
    expect(refusal(() => names({ launchType: 'SPOT' }))).toContain('launchType should be one of');
    expect(refusal(() => names({ maxResults: 101 }))).toContain(
      'maxResults: expected a whole number from 1 to 100',
    );
  });
});
