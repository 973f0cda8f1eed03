import { describe, expect, it } from 'vitest';
import { at, clusterName, taskArn } from '../fixtures.ts';
import { fleetOver } from './network.ts';

const seconds = (time: Date) => time.getTime() / 1000;

describe('services', () => {
  it('are described ten a call (D-5.14), those that are not there left out', async () => {
    const { fleet, calls } = fleetOver({
      DescribeServices: () => ({ services: [], failures: [{ arn: 'x', reason: 'MISSING' }] }),
    });
    const names = Array.from({ length: 11 }, (_, i) => `s-${i}`);
    expect(await fleet.services(clusterName, names)).toEqual([]);
    expect(calls.map(({ input }) => (input.services as string[]).length)).toEqual([10, 1]);
    expect(calls[0]?.input.cluster).toBe(clusterName);
  });

  it('are taken with their percentages, counts, newest deployment and what ECS says last', async () => {
    const text =
      '(service web) was unable to place a task because no container instance met all of its requirements.';
    const { fleet } = fleetOver({
      DescribeServices: () => ({
        services: [
          {
            serviceName: 'web',
            schedulingStrategy: 'REPLICA',
            taskDefinition: 'web:2',
            desiredCount: 4,
            runningCount: 3,
            pendingCount: 1,
            placementConstraints: [{ type: 'distinctInstance' }],
            capacityProviderStrategy: [{ capacityProvider: 'spot', weight: 1 }],
            deploymentConfiguration: { minimumHealthyPercent: 50, maximumPercent: 150 },
            deployments: [
              { status: 'ACTIVE', rolloutState: 'COMPLETED', createdAt: seconds(at(-900)) },
              { status: 'PRIMARY', rolloutState: 'IN_PROGRESS', createdAt: seconds(at(-60)) },
            ],
            events: [
              { createdAt: seconds(at(-10)), message: text },
              { createdAt: seconds(at(-20)), message: '(service web) has reached a steady state.' },
            ],
          },
        ],
      }),
    });
    expect(await fleet.services(clusterName, ['web'])).toEqual([
      {
        serviceName: 'web',
        isLoadBalanced: false,
        schedulingStrategy: 'REPLICA',
        taskDefinitionArn: 'web:2',
        desiredCount: 4,
        runningCount: 3,
        pendingCount: 1,
        isConstrained: true,
        capacityProviders: ['spot'],
        minimumHealthyPercent: 50,
        maximumPercent: 150,
        deployment: { rolloutState: 'IN_PROGRESS', since: at(-60) },
        unplaced: { at: at(-10), text },
        impaired: undefined,
      },
    ]);
  });

  it.each([
    ['REPLICA', 100, 200],
    ['DAEMON', 0, 100],
  ])('have the usual percentages where ECS names none: %s (D-2.25)', async (schedulingStrategy, min, max) => {
    const { fleet } = fleetOver({
      DescribeServices: () => ({ services: [{ serviceName: 'web', schedulingStrategy }] }),
    });
    expect(await fleet.services(clusterName, ['web'])).toMatchObject([
      { schedulingStrategy, minimumHealthyPercent: min, maximumPercent: max, deployment: undefined },
    ]);
  });
});

describe('protections', () => {
  it('are those that are on, with their end, a hundred tasks a call', async () => {
    const { fleet, calls } = fleetOver({
      GetTaskProtection: () => ({
        protectedTasks: [
          { taskArn: taskArn('a'), protectionEnabled: true, expirationDate: seconds(at(600)) },
          { taskArn: taskArn('b'), protectionEnabled: false },
        ],
        failures: [{ arn: taskArn('c'), reason: 'TASK_NOT_VALID' }],
      }),
    });
    const arns = Array.from({ length: 101 }, (_, i) => taskArn(`${i}`));
    expect(await fleet.protections(clusterName, arns)).toEqual(new Map([[taskArn('a'), at(600)]]));
    expect(calls.map(({ input }) => (input.tasks as string[]).length)).toEqual([100, 1]);
  });
});

describe('sites', () => {
  const remainingResources = [
    { name: 'CPU', type: 'INTEGER', integerValue: 512 },
    { name: 'MEMORY', type: 'INTEGER', integerValue: 1024 },
    { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['22', '80'] },
    { name: 'PORTS_UDP', type: 'STRINGSET', stringSetValue: ['53'] },
    { name: 'GPU', type: 'STRINGSET', stringSetValue: ['GPU-1', 'GPU-2'] },
  ];

  it('are what the ACTIVE instances have left: of ports what is used, of GPUs what is free (D-9.4)', async () => {
    const { fleet, calls } = fleetOver({
      ListContainerInstances: () => ({ containerInstanceArns: ['other'] }),
      DescribeContainerInstances: () => ({
        containerInstances: [
          {
            containerInstanceArn: 'other',
            ec2InstanceId: 'i-other',
            agentConnected: true,
            capacityProviderName: 'spot',
            attributes: [{ name: 'ecs.os-type', value: 'linux' }, { name: 'gpu' }],
            remainingResources,
          },
        ],
      }),
    });
    expect(await fleet.sites(clusterName)).toEqual([
      {
        containerInstanceArn: 'other',
        ec2InstanceId: 'i-other',
        agentConnected: true,
        capacityProvider: 'spot',
        attributes: new Map([
          ['ecs.os-type', 'linux'],
          ['gpu', undefined],
        ]),
        cpu: 512,
        memoryMib: 1024,
        gpus: 2,
        usedPorts: [22, 80, 53],
      },
    ]);
    expect(calls[0]?.input).toMatchObject({ cluster: clusterName, status: 'ACTIVE' });
  });

  it('are none where no instance is ACTIVE', async () => {
    const { fleet } = fleetOver({ ListContainerInstances: () => ({ containerInstanceArns: [] }) });
    expect(await fleet.sites(clusterName)).toEqual([]);
  });

  it('are not known where there are more than 500 instances: nobody looks at all of them', async () => {
    const { fleet, calls } = fleetOver({
      ListContainerInstances: () => ({ containerInstanceArns: ['other'], nextToken: 'more' }),
      DescribeContainerInstances: () => ({ containerInstances: [] }),
    });
    expect(await fleet.sites(clusterName)).toBeUndefined();
    expect(calls.filter(({ operation }) => operation === 'ListContainerInstances')).toHaveLength(5);
  });
});
