import { describe, expect, it } from 'vitest';
import { reservationOf } from '../../../simulator/ecs/definition.ts';
import { inVpc, Scene } from './scene.ts';

const register = (input: Record<string, unknown>) => {
  const scene = new Scene();
  scene.instance('i-1', { cpu: 10_000, memoryMib: 100_000 });
  scene.call('RegisterTaskDefinition', { family: 'web', ...input });
  scene.call('RunTask', { taskDefinition: 'web', ...(input.networkMode === 'awsvpc' && inVpc) });
  const [task] = scene.ecs.taskRecords();
  if (!task) throw new Error('no task');
  return task.definition;
};
const app = (more: Record<string, unknown> = {}) => ({ name: 'app', image: 'a', memory: 512, ...more });
const labels = (more: Record<string, string>) => ({
  dockerLabels: Object.fromEntries(Object.entries(more).map(([name, value]) => [`simulator.${name}`, value])),
});

describe('the words of a task definition', () => {
  const container = (more: Record<string, unknown>) => ({ containerDefinitions: [app(more)] });

  it.each([
    [{ pidMode: 'COLOUR' }, 'pidMode should be one of [host, task], got "COLOUR".'],
    [{ ipcMode: 'COLOUR' }, 'ipcMode should be one of [host, none, task]'],
    [{ volumes: [{ dockerVolumeConfiguration: { scope: 'all' } }] }, 'scope should be one of [shared, task]'],
    [{ runtimePlatform: { cpuArchitecture: 'MIPS' } }, 'cpuArchitecture should be one of [ARM64, X86_64]'],
    [container({ versionConsistency: 'yes' }), 'versionConsistency should be one of [disabled, enabled]'],
    [container({ logConfiguration: { logDriver: 'paper' } }), 'logDriver should be one of [awsfirelens,'],
    [container({ dependsOn: [{ containerName: 'a', condition: 'UP' }] }), 'condition should be one of'],
    [container({ ulimits: [{ name: 'files', softLimit: 1, hardLimit: 1 }] }), 'name should be one of [core,'],
    [container({ resourceRequirements: [{ type: 'TPU', value: '1' }] }), 'type should be one of [GPU,'],
  ])('are refused when AWS has no such word: %j', (more, expected) => {
    const input = { family: 'web', containerDefinitions: [app()], ...more };
    const call = () => new Scene().call('RegisterTaskDefinition', input);
    expect(call).toThrow(expect.objectContaining({ code: 'InvalidParameterException' }));
    expect(call).toThrow(expected);
  });

  it('are taken when it has, and are free in maps', () => {
    const logConfiguration = { logDriver: 'awslogs', options: { scope: 'COLOUR' } };
    const more = { pidMode: 'task', ...container({ logConfiguration, dockerLabels: { iam: 'any' } }) };
    expect(register(more).input).toMatchObject(more);
  });
});

describe('the reservation of a task (D-9.34, D-9.68)', () => {
  it.each([
    [
      'the sum of its containers',
      { containerDefinitions: [app({ cpu: 100 }), app({ name: 'b', cpu: 28 })] },
      128,
      1024,
    ],
    [
      'the soft limit where there is one',
      { containerDefinitions: [app({ memoryReservation: 128 })] },
      0,
      128,
    ],
    ['the sizes of the task', { cpu: '256', memory: '600', containerDefinitions: [app()] }, 256, 600],
    ['sizes with units', { cpu: '1 vCPU', memory: '2GB', containerDefinitions: [app()] }, 1024, 2048],
    [
      'half units',
      { cpu: '.5 vCPU'.replace('.5', '0.5'), memory: '0.5 GB', containerDefinitions: [app()] },
      512,
      512,
    ],
  ])('is %s', (_, input, cpu, memoryMib) => {
    expect(register(input).reservation).toMatchObject({ cpu, memoryMib });
  });

  it.each([
    ['bridge', [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }], [8080]],
    ['host', [{ containerPort: 80 }], [80]],
    ['awsvpc', [{ containerPort: 80, hostPort: 80 }], []],
  ])('holds the host ports of %s mode (D-9.4)', (networkMode, portMappings, ports) => {
    expect(
      register({ networkMode, containerDefinitions: [app({ portMappings })] }).reservation.ports,
    ).toEqual(ports);
  });

  it('follows the overrides of RunTask', () => {
    const definition = register({ containerDefinitions: [app({ cpu: 100 })] });
    const containerOverrides = [{ name: 'app', cpu: 300, memory: 64 }, {}];
    expect(reservationOf(definition, { containerOverrides })).toMatchObject({ cpu: 300, memoryMib: 64 });
    expect(reservationOf(definition, { cpu: '512' })).toMatchObject({ cpu: 512, memoryMib: 512 });
    expect(() => reservationOf(definition, { containerOverrides: [{ cpu: 1 }] })).toThrow(
      'name cannot be blank',
    );
  });
});

describe('what containers do', () => {
  it('starts after 3 s and ends 2 s after SIGTERM, unless labels say otherwise', () => {
    expect(register({ containerDefinitions: [app()] }).behaviour).toMatchObject({
      startMs: 3000,
      stopMs: 2000,
    });
    const labelled = app(labels({ 'start-seconds': '8', 'stop-seconds': '0.5' }));
    expect(register({ containerDefinitions: [labelled] }).behaviour).toMatchObject({
      startMs: 8000,
      stopMs: 500,
    });
  });

  it('takes the slowest container, each cut short at its own stopTimeout (D-2.35)', () => {
    const slow = app({ ...labels({ 'stop-seconds': '100' }), stopTimeout: 20 });
    const slower = app({ name: 'b', ...labels({ 'stop-seconds': '25', 'start-seconds': '9' }) });
    const { behaviour } = register({ containerDefinitions: [slow, slower] });
    expect(behaviour).toMatchObject({ startMs: 9000, stopMs: 25_000 });
    expect([...behaviour.exitCodes]).toEqual([
      ['app', 137],
      ['b', 0],
    ]);
  });

  it('passes its health check after the interval, unless the label says otherwise', () => {
    const healthCheck = { command: ['true'], interval: 10 };
    const healthMs = (more: Record<string, unknown>) =>
      register({ containerDefinitions: [app(more)] }).behaviour.healthMs;
    expect(healthMs({})).toBeUndefined();
    expect(healthMs({ healthCheck })).toBe(10_000);
    expect(healthMs({ healthCheck: { command: ['true'] } })).toBe(30_000);
    expect(healthMs({ healthCheck, ...labels({ 'health-seconds': '4' }) })).toBe(4000);
  });
});

describe('registration of a definition', () => {
  it.each([
    [{ containerDefinitions: [] }, 'Container definitions cannot be empty.'],
    [{ containerDefinitions: [{ name: 'app', memory: 1 }] }, 'image cannot be blank.'],
    [
      { containerDefinitions: [{ name: 'app', image: 'a' }] },
      "At least one of 'memory' or 'memoryReservation'",
    ],
    [{ containerDefinitions: [app(), app()] }, 'must be unique'],
    [
      { containerDefinitions: [app({ memory: 0 })] },
      "container 'app'. 'memory': expected at least 6, got 0.",
    ],
    [
      { containerDefinitions: [app({ memory: 100, memoryReservation: 100 })] },
      "'memory': expected more than 'memoryReservation', which is 100, got 100.",
    ],
    [
      { memory: '300', containerDefinitions: [app()] },
      "Invalid 'memory' setting for task: expected at least what its containers reserve, 512, got 300.",
    ],
    [{ containerDefinitions: [app({ essential: false })] }, 'essential'],
    [{ containerDefinitions: [app()], cpu: 'much' }, "Invalid 'cpu' setting for task: much."],
    [{ containerDefinitions: [app()], networkMode: 'default' }, 'networkMode should be one of'],
    [
      { containerDefinitions: [app(labels({ 'stop-seconds': 'soon' }))] },
      'simulator.stop-seconds: expected seconds',
    ],
  ])('refuses %j', (input, message) => {
    expect(() => register(input)).toThrow(message);
  });

  it('counts revisions of a family and finds them by family, revision and ARN', () => {
    const scene = new Scene();
    const [first, second] = [scene.definition('web'), scene.definition('web')];
    const described = (taskDefinition: string) =>
      scene.call('DescribeTaskDefinition', { taskDefinition }).taskDefinition.taskDefinitionArn;
    expect(second).toBe('arn:aws:ecs:eu-west-1:111122223333:task-definition/web:2');
    expect(described('web')).toBe(second);
    expect(described('web:1')).toBe(first);
    expect(described(first)).toBe(first);
    expect(() => described('web:3')).toThrow('Unable to describe task definition.');
  });
});
