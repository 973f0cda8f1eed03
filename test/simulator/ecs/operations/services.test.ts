import { describe, expect, it } from 'vitest';
import { Scene, targetGroupArn } from '../scene.ts';

function scene() {
  const one = new Scene();
  one.instance('i-1');
  one.definition('web');
  one.definition('own', {}, {}, { networkMode: 'awsvpc' });
  return one;
}
const networkConfiguration = { awsvpcConfiguration: { subnets: ['subnet-1'] } };

describe('CreateService', () => {
  it.each([
    [[{ containerPort: 8080 }], {}],
    [[], {}],
    [[{ containerPort: 8080, hostPort: 80 }], { networkMode: 'host' }],
  ])(
    'refuses a load balancer before a port that no container maps: %j %j (D-14.59)',
    (portMappings, more) => {
      const one = scene();
      one.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 0, healthySeconds: 1 });
      one.definition('web', {}, { portMappings }, more);
      const loadBalancers = [{ targetGroupArn, containerName: 'app', containerPort: 80 }];
      expect(() => one.service('web', { loadBalancers })).toThrow(
        'The container app did not have a container port 80 defined.',
      );
      one.definition('web', {}, { portMappings: [...portMappings, { containerPort: 80 }] });
      one.service('web', { loadBalancers });
    },
  );

  it.each([
    ['REPLICA', 100, 200],
    ['DAEMON', 0, 100],
  ])('gives a %s service the percentages %i and %i (D-2.25)', (schedulingStrategy, low, high) => {
    const one = scene();
    const desiredCount = schedulingStrategy === 'REPLICA' ? 1 : undefined;
    const input = { serviceName: 'web', taskDefinition: 'web', schedulingStrategy, desiredCount };
    expect(one.call('CreateService', input).service).toMatchObject({
      status: 'ACTIVE',
      deploymentConfiguration: { minimumHealthyPercent: low, maximumPercent: high },
      deployments: [{ status: 'PRIMARY', rolloutState: 'IN_PROGRESS' }],
      taskDefinition: 'arn:aws:ecs:eu-west-1:111122223333:task-definition/web:1',
    });
    expect(one.heard('ECS Deployment State Change')).toMatchObject([
      { detail: { eventName: 'SERVICE_DEPLOYMENT_IN_PROGRESS' } },
    ]);
  });

  it.each([
    [{ desiredCount: undefined }, 'desiredCount cannot be blank'],
    [{ schedulingStrategy: 'DAEMON' }, 'desiredCount: a DAEMON service takes none'],
    [
      { deploymentConfiguration: { minimumHealthyPercent: 101 } },
      'minimumHealthyPercent: expected a whole number',
    ],
    [
      { deploymentConfiguration: { minimumHealthyPercent: 80, maximumPercent: 50 } },
      'maximumPercent: expected',
    ],
    [
      {
        schedulingStrategy: 'DAEMON',
        desiredCount: undefined,
        deploymentConfiguration: { maximumPercent: 200 },
      },
      'maximumPercent: a DAEMON service must have 100, got 200.',
    ],
    [
      { deploymentConfiguration: { deploymentCircuitBreaker: { enable: true } } },
      'deploymentCircuitBreaker: expected enable and rollback',
    ],
    [
      { deploymentController: { type: 'EXTERNAL' } },
      'taskDefinition: with the EXTERNAL deployment controller',
    ],
    [{ loadBalancers: [{ targetGroupArn, containerName: 'app' }] }, 'does not exist'],
    [{ healthCheckGracePeriodSeconds: 1 }, 'Health check grace period is only valid'],
    [{ taskDefinition: 'own' }, 'Network Configuration must be provided'],
    [{ networkConfiguration }, 'Network Configuration is not valid'],
    [
      {
        taskDefinition: 'own',
        networkConfiguration: { awsvpcConfiguration: { subnets: ['subnet-1'], assignPublicIp: 'ENABLED' } },
      },
      'Assign public IP is not supported for this launch type.',
    ],
    [{ serviceName: 'not a name' }, 'serviceName: expected text like'],
    [{ cluster: 'other' }, 'Cluster not found.'],
  ])('refuses %j', (more, message) => {
    expect(() => scene().service('web', more)).toThrow(message);
  });

  it('refuses a second service of that name (D-9.36)', () => {
    const one = scene();
    one.service('web');
    expect(() => one.service('web')).toThrow('Creation of service was not idempotent.');
  });
});

describe('UpdateService', () => {
  it('changes what is given and keeps the rest', () => {
    const one = scene();
    one.service('web', { desiredCount: 2, ...one.percents(50, 150) });
    const { service } = one.call('UpdateService', { service: 'web', desiredCount: 3 });
    expect(service).toMatchObject({
      desiredCount: 3,
      deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 150 },
    });
    expect(service.deployments).toHaveLength(1);
  });

  it('keeps the grace period unless it gives another one (D-9.40)', () => {
    const one = scene();
    one.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 0, healthySeconds: 1 });
    const loadBalancers = [{ targetGroupArn, containerName: 'app', containerPort: 80 }];
    one.service('web', { loadBalancers, healthCheckGracePeriodSeconds: 90 });
    const grace = (more = {}) =>
      one.call('UpdateService', { service: 'web', ...more }).service.healthCheckGracePeriodSeconds;
    expect([grace(), grace({ healthCheckGracePeriodSeconds: 5 }), grace()]).toEqual([90, 5, 5]);
  });

  it('refuses a load balancer before a container that the definition has not, as CreateService does', () => {
    const one = scene();
    one.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 0, healthySeconds: 1 });
    const loadBalancers = [{ targetGroupArn, containerName: 'proxy', containerPort: 80 }];
    const message = 'The container proxy does not exist in the task definition.';
    expect(() => one.service('web', { loadBalancers })).toThrow(message);
    one.service('web');
    expect(() => one.call('UpdateService', { service: 'web', loadBalancers })).toThrow(message);
    expect(one.call('DescribeServices', { services: ['web'] }).services[0]?.deployments).toHaveLength(1);
  });

  it('is an error for a service that is not there or being deleted (D-6.6, D-6.7)', () => {
    const one = scene();
    one.service('web');
    one.call('DeleteService', { service: 'web', force: true });
    expect(() => one.call('UpdateService', { service: 'web' })).toThrow('Service was not ACTIVE.');
    expect(() => one.call('UpdateService', { service: 'other' })).toThrow('Service not found.');
  });
});

describe('DescribeServices and ListServices', () => {
  it('count the tasks of the service and of each deployment', () => {
    const one = scene();
    one.definition('web', { 'start-seconds': 30 });
    one.service('web', { desiredCount: 2 }, 5);
    const seen = () => one.call('DescribeServices', { services: ['web'] }).services[0];
    expect(seen()).toMatchObject({ desiredCount: 2, runningCount: 0, pendingCount: 2 });
    one.pass(60);
    expect(seen()).toMatchObject({ runningCount: 2, pendingCount: 0, deployments: [{ runningCount: 2 }] });
  });

  it.each<[string, string, (one: Scene, id: string) => readonly unknown[]]>([
    ['DescribeServices', 'web', (one, id) => one.call('DescribeServices', { services: [id, id] }).services],
    ['DescribeClusters', 'demo', (one, id) => one.call('DescribeClusters', { clusters: [id, id] }).clusters],
    [
      'DescribeCapacityProviders',
      'FARGATE',
      (one, id) => one.call('DescribeCapacityProviders', { capacityProviders: [id, id] }).capacityProviders,
    ],
    [
      'DescribeContainerInstances',
      'i-1',
      (one, id) =>
        one.call('DescribeContainerInstances', { containerInstances: [one.idOf(id), one.idOf(id)] })
          .containerInstances,
    ],
    [
      'DescribeTasks',
      'i-1',
      (one, id) => {
        const { taskArn = '' } = one.tasksOn(id)[0] ?? {};
        return one.call('DescribeTasks', { tasks: [taskArn, taskArn.split('/').at(-1)] }).tasks;
      },
    ],
    [
      'GetTaskProtection',
      'i-1',
      (one, id) => {
        const { taskArn = '' } = one.tasksOn(id)[0] ?? {};
        return one.call('GetTaskProtection', { tasks: [taskArn, taskArn] }).protectedTasks;
      },
    ],
  ])('like %s show what is named twice once (D-14.61)', (_, id, described) => {
    const one = scene();
    one.service('web', { desiredCount: 1 });
    expect(described(one, id)).toHaveLength(1);
  });

  it('take up to ten names, and list ten a page unless told otherwise (D-5.14, D-5.15, D-9.60)', () => {
    const one = scene();
    for (let number = 0; number < 12; number++) one.service(`web-${number}`, { desiredCount: 0 }, 0);
    const services = Array.from({ length: 11 }, (_, number) => `web-${number}`);
    expect(() => one.call('DescribeServices', { services })).toThrow(
      'service names can have at most 10 items.',
    );
    const { failures } = one.call('DescribeServices', { services: ['web-1', 'other'] });
    expect(failures).toMatchObject([{ reason: 'MISSING' }]);
    const first = one.call('ListServices');
    expect(first.serviceArns).toHaveLength(10);
    expect(one.call('ListServices', { nextToken: first.nextToken }).serviceArns).toHaveLength(2);
    expect(one.call('ListServices', { schedulingStrategy: 'DAEMON' }).serviceArns).toEqual([]);
  });
});
