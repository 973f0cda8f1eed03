import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Blueprint,
  type Demand,
  obstacleTo,
  type Site,
  type Tenant,
  takes,
  withoutPlace,
} from '../../lib/placement.ts';
import { service } from './blockers-scene.ts';
import { at, noon, standalone, task, taskArn } from './fixtures.ts';

const demand = (overrides: Partial<Demand> = {}): Demand => ({
  taskArn: taskArn('web'),
  cpu: 256,
  memoryMib: 512,
  gpus: 0,
  ports: [],
  attributes: [],
  capacityProvider: undefined,
  ...overrides,
});
const site = (overrides: Partial<Site> = {}): Site => ({
  containerInstanceArn: 'other',
  ec2InstanceId: 'i-other',
  agentConnected: true,
  cpu: 1024,
  memoryMib: 2048,
  gpus: 0,
  usedPorts: [22],
  capacityProvider: undefined,
  attributes: new Map(),
  ...overrides,
});
const blueprint = (overrides: Partial<Blueprint> = {}): Blueprint => ({
  cpu: 256,
  memoryMib: 512,
  gpus: 0,
  ports: [],
  attributes: [],
  unknown: undefined,
  ...overrides,
});
const steady = { deployment: { rolloutState: 'COMPLETED', since: at(-3600) } };
const tenant = (overrides: Partial<Tenant> = {}): Tenant => ({
  task: task(),
  service: service(steady),
  blueprint: blueprint(),
  ...overrides,
});

describe('a place for a task', () => {
  it.each<[what: string, demand: Demand, site: Site, fits: boolean]>([
    ['is one that has exactly what it needs', demand({ cpu: 1024, memoryMib: 2048 }), site(), true],
    ['has enough CPU', demand({ cpu: 1025 }), site(), false],
    ['has enough memory', demand({ memoryMib: 2049 }), site(), false],
    ['has enough GPUs', demand({ gpus: 1 }), site(), false],
    ['has its ports free', demand({ ports: [22] }), site(), false],
    ['has the other ports taken, if any', demand({ ports: [80] }), site(), true],
    [
      'has an attribute that it asks for',
      demand({ attributes: [{ name: 'efs', value: undefined }] }),
      site({ attributes: new Map([['efs', undefined]]) }),
      true,
    ],
    [
      'has every attribute that it asks for',
      demand({ attributes: ['efs', 'ebs'].map((name) => ({ name, value: undefined })) }),
      site({ attributes: new Map([['efs', undefined]]) }),
      false,
    ],
    [
      'has it with the value that it asks for',
      demand({ attributes: [{ name: 'ecs.cpu-architecture', value: 'arm64' }] }),
      site({ attributes: new Map([['ecs.cpu-architecture', 'x86_64']]) }),
      false,
    ],
    [
      'is of its capacity provider',
      demand({ capacityProvider: 'spot' }),
      site({ capacityProvider: 'spot' }),
      true,
    ],
    ['is of no other capacity provider', demand({ capacityProvider: 'spot' }), site(), false],
    [
      'may be of any capacity provider for a task without one',
      demand(),
      site({ capacityProvider: 'spot' }),
      true,
    ],
  ])('%s', (_, wanted, place, fits) => {
    expect(takes(place, wanted)).toBe(fits);
  });
});

describe('places for several tasks', () => {
  it('are found for the largest first: a small one would take the only place that a large one has', () => {
    const small = demand({ taskArn: 'a', cpu: 512 });
    const large = demand({ taskArn: 'b', cpu: 1024 });
    expect(withoutPlace([small, large], [site(), site({ cpu: 512 })])).toBeUndefined();
  });

  it('are taken once: what one task takes the next one does not find', () => {
    const two = [demand({ taskArn: 'a', ports: [80] }), demand({ taskArn: 'b', ports: [80] })];
    expect(withoutPlace(two, [site()])).toBe(two[1]);
    expect(withoutPlace(two, [site(), site()])).toBeUndefined();
  });

  it('are none on an instance whose agent is not connected', () => {
    expect(withoutPlace([demand()], [site({ agentConnected: false })])).toEqual(demand());
  });

  it('are needed by nobody where there is no task', () => {
    expect(withoutPlace([], [])).toBeUndefined();
  });

  /** Whether any assignment at all exists, tried one after the other. */
  const existsAssignment = ([first, ...rest]: readonly Demand[], sites: readonly Site[]): boolean => {
    if (!first) return true;
    return sites.some((place, index) => {
      if (!place.agentConnected || !takes(place, first)) return false;
      const after = {
        ...place,
        cpu: place.cpu - first.cpu,
        memoryMib: place.memoryMib - first.memoryMib,
        gpus: place.gpus - first.gpus,
        usedPorts: [...place.usedPorts, ...first.ports],
      };
      return existsAssignment(rest, sites.with(index, after));
    });
  };
  const few = (max: number) => fc.integer({ min: 0, max });
  const provider = fc.constantFrom(undefined, undefined, undefined, 'spot');
  const names = fc.constantFrom([], [], [], ['efs'], ['efs', 'ebs']);
  const ports = fc.constantFrom([], [], [1], [2], [1, 2]);
  const demands = fc.array(
    fc
      .record({ cpu: few(3), memoryMib: few(3), gpus: fc.constantFrom(0, 0, 0, 1), ports, names, provider })
      .map(({ names: own, provider: capacityProvider, ...rest }) =>
        demand({ ...rest, capacityProvider, attributes: own.map((name) => ({ name, value: undefined })) }),
      ),
    { minLength: 1, maxLength: 4, size: 'max' },
  );
  const sites = fc.array(
    fc
      .record({
        cpu: fc.integer({ min: 2, max: 6 }),
        memoryMib: fc.integer({ min: 2, max: 6 }),
        gpus: few(2),
        usedPorts: ports,
        agentConnected: fc.constantFrom(true, true, true, false),
        names,
        capacityProvider: provider,
      })
      .map(({ names: own, ...rest }) =>
        site({ ...rest, attributes: new Map(own.map((name) => [name, undefined])) }),
      ),
    { minLength: 1, maxLength: 4, size: 'max' },
  );

  it('are never said to be there when no assignment exists', () => {
    let found = 0;
    fc.assert(
      fc.property(demands, sites, (wanted, free) => {
        if (withoutPlace(wanted, free)) return;
        if (wanted.length > 1) found++;
        expect(existsAssignment(wanted, free)).toBe(true);
      }),
      { numRuns: 2000 },
    );
    expect(found).toBeGreaterThan(100);
  });

  it('are found wherever there is one for a single task, and where all fit on a single instance', () => {
    fc.assert(
      fc.property(demands, sites, (wanted, free) => {
        const [first] = wanted;
        if (first) expect(!withoutPlace([first], free)).toBe(existsAssignment([first], free));
        for (const place of free)
          if (existsAssignment(wanted, [place])) expect(withoutPlace(wanted, [place])).toBeUndefined();
      }),
    );
  });
});

describe('the tasks of an instance', () => {
  it('find a place elsewhere where ECS moves them and all that they need is there', () => {
    expect(obstacleTo([tenant()], [], [site()])).toBeUndefined();
    expect(obstacleTo([], [], [])).toBeUndefined();
  });

  it('leave daemons out: those are everywhere already', () => {
    const daemon = tenant({ service: service({ schedulingStrategy: 'DAEMON' }), blueprint: undefined });
    expect(obstacleTo([daemon], [daemon], [])).toBeUndefined();
  });

  const other = task({ taskArn: taskArn('other'), containerInstanceArn: 'draining' });
  it.each<[what: string, own: Tenant[], others: Tenant[], sites: Site[], why: string]>([
    [
      'a standalone task',
      [tenant({ task: standalone(), service: undefined })],
      [],
      [site()],
      'standalone-tasks',
    ],
    [
      'a deployment in progress',
      [tenant({ service: service({ deployment: { rolloutState: 'IN_PROGRESS', since: noon } }) })],
      [],
      [site()],
      'deployment',
    ],
    [
      'a service that starts tasks of another revision',
      [tenant({ service: service({ ...steady, taskDefinitionArn: 'web:2' }) })],
      [],
      [site()],
      'deployment',
    ],
    [
      'a service that can neither stop a task nor start another (D-2.24)',
      [tenant({ service: service({ ...steady, maximumPercent: 100 }) })],
      [],
      [site()],
      'min-max',
    ],
    [
      'a service that ECS finds no place for',
      [
        tenant({
          service: service({ ...steady, unplaced: { at: noon, text: 'was unable to place a task' } }),
        }),
      ],
      [],
      [site()],
      'not-placed',
    ],
    ['a service that is not known', [tenant({ service: undefined })], [], [site()], 'unknown'],
    ['a service that another controller runs', [tenant({ service: service() })], [], [site()], 'unknown'],
    [
      'constraints of the service',
      [tenant({ service: service({ ...steady, isConstrained: true }) })],
      [],
      [site()],
      'unknown',
    ],
    [
      'a choice of capacity providers',
      [tenant({ service: service({ ...steady, capacityProviders: ['spot', 'on-demand'] }) })],
      [],
      [site({ capacityProvider: 'spot' })],
      'unknown',
    ],
    ['a task definition that was not read', [tenant({ blueprint: undefined })], [], [site()], 'unknown'],
    [
      'something that no instance shows',
      [tenant({ blueprint: blueprint({ unknown: 'how many network interfaces are left' }) })],
      [],
      [site()],
      'unknown',
    ],
    ['no other instance', [tenant()], [], [], 'no-room'],
    ['no room on any other', [tenant({ blueprint: blueprint({ cpu: 1025 }) })], [], [site()], 'no-room'],
    [
      'the instances of another capacity provider',
      [tenant({ service: service({ ...steady, capacityProviders: ['spot'] }) })],
      [],
      [site({ capacityProvider: 'on-demand' })],
      'no-room',
    ],
    [
      'the tasks of an instance that drains, which need the same room',
      [tenant({ blueprint: blueprint({ cpu: 600 }) })],
      [tenant({ task: other, blueprint: blueprint({ cpu: 600 }) })],
      [site()],
      'no-room',
    ],
    [
      'a task of an instance that drains of which it is not known what it needs',
      [tenant()],
      [tenant({ task: other, blueprint: undefined })],
      [site()],
      'unknown',
    ],
  ])('are kept where they are by %s', (_, own, others, places, why) => {
    expect(obstacleTo(own, others, places)).toMatchObject({ why, says: expect.stringMatching(/.+/) });
  });

  it('are not kept by what keeps the tasks of an instance that drains anyway', () => {
    const stuck = [
      tenant({ task: standalone({ containerInstanceArn: 'draining' }), service: undefined }),
      tenant({ task: other, service: service({ ...steady, maximumPercent: 100 }) }),
    ];
    expect(obstacleTo([tenant()], stuck, [site()])).toBeUndefined();
  });
});
