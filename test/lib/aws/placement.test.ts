import { describe, expect, it } from 'vitest';
import { fleetOver } from './network.ts';

const blueprintOf = (taskDefinition: unknown) =>
  fleetOver({ DescribeTaskDefinition: () => ({ taskDefinition }) }).fleet.blueprint('arn:web:1');

describe('what the tasks of a task definition ask of an instance', () => {
  it('is the sum over its containers, with what they reserve of memory before what they may have', async () => {
    const containerDefinitions = [
      {
        cpu: 256,
        memory: 1024,
        memoryReservation: 512,
        portMappings: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 90 }],
        resourceRequirements: [{ type: 'GPU', value: '2' }],
      },
      { cpu: 10, memory: 64 },
    ];
    const requiresAttributes = [{ name: 'com.amazonaws.ecs.capability.docker-remote-api.1.21' }];
    const runtimePlatform = { cpuArchitecture: 'ARM64', operatingSystemFamily: 'LINUX' };
    expect(await blueprintOf({ containerDefinitions, requiresAttributes, runtimePlatform })).toEqual({
      cpu: 266,
      memoryMib: 576,
      gpus: 2,
      ports: [8080],
      attributes: [
        { name: 'com.amazonaws.ecs.capability.docker-remote-api.1.21', value: undefined },
        { name: 'ecs.cpu-architecture', value: 'arm64' },
        { name: 'ecs.os-type', value: 'linux' },
      ],
      unknown: undefined,
    });
  });

  it('is the size of the task where it has one, whatever its containers say', async () => {
    const containerDefinitions = [{ cpu: 100, memory: 100 }];
    expect(await blueprintOf({ cpu: '512', memory: '2048', containerDefinitions })).toMatchObject({
      cpu: 512,
      memoryMib: 2048,
    });
  });

  it('are the ports of its containers on the network of the host', async () => {
    const containerDefinitions = [{ portMappings: [{ containerPort: 80 }] }];
    expect(await blueprintOf({ networkMode: 'host', containerDefinitions })).toMatchObject({ ports: [80] });
    expect(await blueprintOf({ networkMode: 'bridge', containerDefinitions })).toMatchObject({ ports: [] });
  });

  it.each<[what: string, definition: unknown, unknown: string]>([
    ['a network interface', { networkMode: 'awsvpc' }, 'interfaces'],
    ['a constraint', { placementConstraints: [{ type: 'memberOf', expression: 'x' }] }, 'constraints'],
    ['an accelerator', { inferenceAccelerators: [{ deviceName: 'd', deviceType: 't' }] }, 'accelerators'],
    [
      'an accelerator of a container',
      { containerDefinitions: [{ resourceRequirements: [{ type: 'InferenceAccelerator', value: 'd' }] }] },
      'accelerators',
    ],
    ['a volume of its own', { volumes: [{ name: 'data', configuredAtLaunch: true }] }, 'volumes'],
    [
      'a release of Windows',
      { runtimePlatform: { operatingSystemFamily: 'WINDOWS_SERVER_2022_CORE' } },
      'Windows',
    ],
  ])('is not all known where it is %s', async (_, definition, unknown) => {
    expect(await blueprintOf(definition)).toMatchObject({ unknown: expect.stringContaining(unknown) });
  });

  it('is read once: a revision never changes', async () => {
    const { fleet, calls } = fleetOver({ DescribeTaskDefinition: () => ({ taskDefinition: {} }) });
    await fleet.blueprint('arn:web:1');
    await fleet.blueprint('arn:web:1');
    expect(calls).toHaveLength(1);
  });
});
