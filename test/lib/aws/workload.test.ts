import { describe, expect, it } from 'vitest';
import { clusterName } from '../fixtures.ts';
import { fleetOver } from './network.ts';

describe('services', () => {
  it('are asked after ten a call (D-5.14); behind a load balancer are those whose task sets are, too', async () => {
    const { fleet, calls } = fleetOver({
      DescribeServices: (_, raw) => ({
        services: (raw as { services: string[] }).services.map((serviceName) => ({
          serviceName,
          loadBalancers: serviceName === 's0' ? [{ targetGroupArn: 'arn:tg' }] : [],
          taskSets: serviceName === 's1' ? [{ loadBalancers: [{ targetGroupArn: 'arn:tg' }] }] : [{}],
        })),
        failures: [{ arn: 'gone', reason: 'MISSING' }],
      }),
    });
    const names = Array.from({ length: 11 }, (_, i) => `s${i}`);
    const found = await fleet.services(clusterName, names);
    expect(
      found.filter(({ isLoadBalanced }) => isLoadBalanced).map(({ serviceName }) => serviceName),
    ).toEqual(['s0', 's1']);
    expect(calls.map(({ input }) => [input.cluster, (input.services as string[]).length])).toEqual([
      [clusterName, 10],
      [clusterName, 1],
    ]);
  });
});

describe('a task definition', () => {
  it('is read once: a revision never changes', async () => {
    const containerDefinitions = [
      { name: 'app', stopTimeout: 40, dependsOn: [{ containerName: 'log' }] },
      { name: 'log' },
    ];
    const { fleet, calls } = fleetOver({
      DescribeTaskDefinition: () => ({ taskDefinition: { containerDefinitions } }),
    });
    const definition = { taskDefinitionArn: 'arn:web:1', stopTimeoutSeconds: 70 };
    expect(await fleet.definition('arn:web:1')).toEqual(definition);
    expect(await fleet.definition('arn:web:1')).toEqual(definition);
    await fleet.definition('arn:web:2');
    expect(calls.map(({ input }) => input.taskDefinition)).toEqual(['arn:web:1', 'arn:web:2']);
  });
});
