import { describe, expect, it } from 'vitest';
import { admit } from '../../functions/admit.ts';
import { freshLaneMemory, type LaneMemory } from '../../lib/admission.ts';
import { recommendationHoldsSeconds } from '../../lib/comeback.ts';
import type { Registration } from '../../lib/departure.ts';
import type { Recommendation } from '../../lib/events.ts';
import type { Fleet, Group } from '../../lib/fleet.ts';
import type { Site } from '../../lib/placement.ts';
import { lateSeconds } from '../../lib/recommendation.ts';
import type { Task } from '../../lib/task.ts';
import { service } from '../lib/blockers-scene.ts';
import {
  arn,
  at,
  clusterName,
  depsOf,
  group,
  groupName,
  instanceId,
  namesOf,
  noon,
  registration,
  standalone,
  type Trace,
  task,
  total,
} from '../lib/fixtures.ts';

const recommendation = (overrides: Partial<Recommendation> = {}): Recommendation => ({
  kind: 'rebalance-recommendation',
  at: noon,
  instanceId,
  ...overrides,
});
const active = (overrides: Partial<Registration> = {}) =>
  registration({ status: 'ACTIVE', taskCount: 1, holdsResources: true, mark: undefined, ...overrides });
const willing = (overrides: Partial<Group> = {}, tags: Record<string, string> = {}) =>
  group({
    tags: {
      'ecs-steward:cluster': clusterName,
      'ecs-steward:rebalance-recommendation': 'on',
      ...tags,
    },
    instances: [
      { instanceId, lifecycleState: 'InService' },
      { instanceId: 'i-other', lifecycleState: 'InService' },
    ],
    ...overrides,
  });
const site = (overrides: Partial<Site> = {}): Site => ({
  containerInstanceArn: 'arn:other',
  ec2InstanceId: 'i-other',
  agentConnected: true,
  cpu: 1024,
  memoryMib: 2048,
  gpus: 0,
  usedPorts: [],
  capacityProvider: undefined,
  attributes: new Map(),
  ...overrides,
});
const steady = service({ deployment: { rolloutState: 'COMPLETED', since: at(-3600) } });
const blueprint = { cpu: 256, memoryMib: 512, gpus: 0, ports: [], attributes: [], unknown: undefined };

interface World {
  readonly groups?: readonly Group[];
  readonly own?: readonly Registration[];
  readonly draining?: readonly Registration[];
  readonly tasks?: readonly Task[];
  readonly sites?: readonly Site[] | undefined;
  readonly fleet?: Partial<Fleet>;
}

/** A cluster in which the instance of the fixtures runs one task, and another instance has room for it. */
function answers({
  groups = [willing()],
  own = [active()],
  draining = [],
  tasks = [task()],
  ...world
}: World) {
  const all = [...own, ...draining];
  const sites = 'sites' in world ? world.sites : [site(), site({ ec2InstanceId: instanceId })];
  const fleet: Partial<Fleet> = {
    instanceStates: async (ids) =>
      groups.flatMap(({ autoScalingGroupName, instances }) =>
        instances
          .filter((one) => ids.includes(one.instanceId))
          .map((one) => ({ ...one, autoScalingGroupName })),
      ),
    groups: async () => groups,
    groupsOf: async () => groups,
    clusterTags: async () => ({}),
    registrations: async (_, ids) => all.filter(({ ec2InstanceId }) => ids.includes(ec2InstanceId)),
    draining: async () => draining,
    marked: async () => draining.filter(({ mark }) => mark?.cause === 'rebalance-recommendation'),
    sites: async () => sites,
    listTasks: async (_, desiredStatus, place) =>
      tasks
        .filter((one) => one.desiredStatus === desiredStatus && one.containerInstanceArn === place)
        .map((one) => one.taskArn),
    describeTasks: async () => tasks,
    services: async () => [steady],
    blueprint: async () => blueprint,
    mark: async () => [],
    drain: async (_, arns) => ({
      registrations: own.filter((one) => arns.includes(one.containerInstanceArn)),
      failures: [],
    }),
    ...world.fleet,
  };
  return fleet;
}

async function served(world: World, events = [recommendation()], memory: LaneMemory = freshLaneMemory()) {
  const { deps, trace } = depsOf(answers(world));
  await admit(deps, memory, events);
  return trace;
}

const callsOf = (trace: Trace, name: string) => trace.calls.filter(([called]) => called === name);
const reasons = (trace: Trace) =>
  trace.lines
    .filter(({ message }) => message === 'leaves a rebalance recommendation alone')
    .map(({ fields }) => fields.why);

describe('a recommendation to replace an instance (D-1.30)', () => {
  it('marks and drains it where its tasks fit elsewhere', async () => {
    const trace = await served({});
    const mark = { at: noon, cause: 'rebalance-recommendation' };
    expect(callsOf(trace, 'mark')).toEqual([['mark', clusterName, [arn], mark]]);
    expect(callsOf(trace, 'drain')).toEqual([['drain', clusterName, [arn]]]);
    expect(reasons(trace)).toEqual([]);
    expect(total(trace, 'Recommendations')).toBe(1);
    expect(trace.announced.map((event) => event.detailType)).toEqual(['Drain Started']);
    expect(trace.lines).toContainEqual({
      level: 'info',
      message: 'decided',
      fields: {
        clusterName,
        autoScalingGroupName: groupName,
        instanceId,
        decision: 'start-draining',
        why: 'rebalance-recommendation',
      },
    });
  });

  it('that comes twice is served once', async () => {
    const trace = await served({}, [recommendation(), recommendation({ at: at(-5) })]);
    expect(callsOf(trace, 'drain')).toHaveLength(1);
  });

  it('is read before anything of it is done, and written once', async () => {
    expect(namesOf(await served({}))).toEqual([
      'instanceStates',
      'groups',
      'registrations',
      'draining',
      'groupsOf',
      'clusterTags',
      'sites',
      'listTasks',
      'listTasks',
      'describeTasks',
      'services',
      'blueprint',
      'mark',
      'drain',
    ]);
  });

  it('drains an instance without tasks: nothing has to find a place', async () => {
    const trace = await served({ own: [active({ taskCount: 0 })], tasks: [], sites: [] });
    expect(callsOf(trace, 'drain')).toHaveLength(1);
  });

  it('does not count for a place what leaves itself', async () => {
    const leaving = { instanceId: 'i-other', lifecycleState: 'Terminating:Wait' };
    const groups = [willing({ instances: [{ instanceId, lifecycleState: 'InService' }, leaving] })];
    expect(reasons(await served({ groups }))).toEqual(['no-room']);
  });

  it('that fails does not stop the next one', async () => {
    const two = willing({
      instances: [
        { instanceId, lifecycleState: 'InService' },
        { instanceId: 'i-2', lifecycleState: 'InService' },
      ],
    });
    const registrations = async (_: string, ids: readonly string[]) => {
      if (ids.includes('i-2')) throw new Error('throttled');
      return [active()];
    };
    const events = [recommendation({ instanceId: 'i-2' }), recommendation()];
    const trace = await served({ groups: [two], fleet: { registrations } }, events);
    expect(callsOf(trace, 'drain')).toHaveLength(1);
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('is over long before the drain would be undone, so that a straggler does not begin it anew', () => {
    expect(2 * lateSeconds).toBeLessThan(recommendationHoldsSeconds);
  });
});

describe('an instance is left as it is, and why is said,', () => {
  const tagged = (tags: Record<string, string>) => ({ groups: [willing({}, tags)] });
  const marked = { at: at(-90), cause: 'rebalance-recommendation' } as const;
  const another = (overrides: Partial<Registration> = {}) =>
    registration({ containerInstanceArn: 'arn:2', ec2InstanceId: 'i-2', taskCount: 1, ...overrides });
  const full = (steps: number) =>
    Array.from({ length: steps }, (_, i) => another({ containerInstanceArn: `arn:${i}` }));
  const leaving = { instanceId: 'i-2', lifecycleState: 'Terminating:Wait' };
  const crowded = willing(
    { instances: [{ instanceId, lifecycleState: 'InService' }, leaving] },
    { 'ecs-steward:max-draining': '1' },
  );

  it.each<[what: string, world: World, why: string]>([
    ['in no group', { groups: [] }, 'in-no-group'],
    ['in a group that is not enrolled', { groups: [willing({ tags: {} })] }, 'not-enrolled'],
    ['in a group that does not ask for it', tagged({ 'ecs-steward:rebalance-recommendation': 'off' }), 'off'],
    ['in a group without the tag', { groups: [group({ instances: willing().instances })] }, 'off'],
    ['in a paused group', tagged({ 'ecs-steward:state': 'paused' }), 'paused'],
    ['in a group that leaves', tagged({ 'ecs-steward:state': 'leaving' }), 'leaving'],
    ['in a dry run', tagged({ 'ecs-steward:dry-run': 'on' }), 'dry-run'],
    [
      'in a group that rebalances its capacity itself (D-3.20)',
      { groups: [willing({ rebalancesCapacity: true })] },
      'rebalances-itself',
    ],
    [
      'that is not in service',
      { groups: [willing({ instances: [{ instanceId, lifecycleState: 'Terminating:Wait' }] })] },
      'not-in-service',
    ],
    ['that is registered nowhere', { own: [] }, 'not-usable'],
    ['that cannot be used', { own: [active({ status: 'REGISTERING' })] }, 'not-usable'],
    [
      'that is registered twice (D-2.8)',
      { own: [active(), active({ containerInstanceArn: 'arn:b' })] },
      'registered-twice',
    ],
    ['that drains already', { own: [active({ status: 'DRAINING' })] }, 'draining-already'],
    ['whose agent is not connected', { own: [active({ agentConnected: false })] }, 'agent-disconnected'],
    [
      'while another one drains for the same reason',
      { draining: [another({ mark: marked })] },
      'another-drains',
    ],
    ['while many drain', { draining: full(11) }, 'many-drain'],
    [
      'while all slots of its budget are taken',
      { groups: [crowded], draining: [another({ taskCount: 0, holdsResources: true })] },
      'over-budget',
    ],
    [
      'while somebody waits for the last slot',
      { groups: [crowded], own: [active(), another({ status: 'ACTIVE', mark: undefined })] },
      'over-budget',
    ],
    ['in a cluster of too many instances', { sites: undefined }, 'too-many-instances'],
    ['with a standalone task', { tasks: [standalone()] }, 'standalone-tasks'],
    [
      'whose tasks fit nowhere else',
      { sites: [site({ cpu: 255 }), site({ ec2InstanceId: instanceId })] },
      'no-room',
    ],
    [
      'whose tasks find room only beside those that drain',
      {
        sites: [site({ cpu: 256 })],
        draining: [another()],
        tasks: [task(), task({ taskArn: 'other', containerInstanceArn: 'arn:2' })],
      },
      'no-room',
    ],
    [
      'that could not be marked, so that nobody would undo the drain',
      { fleet: { mark: async () => [{ arn, reason: 'TargetNotFoundException' }] } },
      'not-marked',
    ],
    [
      'where the call that marks fails',
      { fleet: { mark: async () => Promise.reject(new Error('throttled')) } },
      'not-marked',
    ],
  ])('%s', async (_, world, why) => {
    const trace = await served(world);
    expect(reasons(trace)).toEqual([why]);
    expect(callsOf(trace, 'drain').flatMap(([, , arns]) => arns)).toEqual([]);
    expect(total(trace, 'Recommendations')).toBe(0);
  });

  it('ten minutes after the recommendation', async () => {
    expect(reasons(await served({}, [recommendation({ at: at(-600) })]))).toEqual(['too-late']);
    expect(reasons(await served({}, [recommendation({ at: at(-599) })]))).toEqual([]);
  });

  it('while another one was set to DRAINING so shortly before that no read shows it', async () => {
    const instances = [instanceId, 'i-2', 'i-other'].map((id) => ({
      instanceId: id,
      lifecycleState: 'InService',
    }));
    const both = [active(), active({ ec2InstanceId: 'i-2', containerInstanceArn: 'arn:2' })];
    const events = [recommendation(), recommendation({ instanceId: 'i-2' })];
    const trace = await served({ groups: [willing({ instances })], own: both }, events);
    expect(callsOf(trace, 'drain')).toEqual([['drain', clusterName, [arn]]]);
    expect(reasons(trace)).toEqual(['another-drains']);
  });

  it('and is counted where the group asked for it', async () => {
    expect(total(await served({ sites: [] }), 'RecommendationsLeft')).toBe(1);
    expect(total(await served({ groups: [group()] }), 'RecommendationsLeft')).toBe(0);
  });
});

describe('the slot of a budget', () => {
  const leaving = { instanceId: 'i-other', lifecycleState: 'Terminating:Wait' };
  const limited = willing(
    { instances: [{ instanceId, lifecycleState: 'InService' }, leaving] },
    { 'ecs-steward:max-draining': '1' },
  );
  const waiting = active({ ec2InstanceId: 'i-other', containerInstanceArn: 'arn:other' });
  const mark = { at: at(-300), cause: 'rebalance-recommendation' } as const;
  const terminates = {
    kind: 'terminate-action',
    at: at(-400),
    autoScalingGroupName: groupName,
    instanceIds: ['i-other'],
  } as const;

  /** `admit` asked about an instance that leaves, while another one drains for a recommendation. */
  async function admitted(recommended: Registration) {
    const setWaiting = async () => [];
    const fleet = { setWaiting, terminationStarts: async () => new Map(), askToLook: async () => {} };
    const { deps, trace } = depsOf(
      answers({ groups: [limited], own: [waiting], draining: [recommended], fleet }),
    );
    await admit(deps, freshLaneMemory(), [terminates]);
    return callsOf(trace, 'drain').length;
  }

  it('is taken by an instance that drains for a recommendation, while tasks are on it', async () => {
    expect(await admitted(registration({ taskCount: 1, mark }))).toBe(0);
    expect(await admitted(registration({ taskCount: 0, holdsResources: true, mark }))).toBe(0);
  });

  it('is free again when it is empty', async () => {
    expect(await admitted(registration({ taskCount: 0, mark }))).toBe(1);
  });

  it('is taken at once: by one that no read shows yet, too', async () => {
    const memory = freshLaneMemory();
    memory.recommended.set(clusterName, { at: at(-5), instanceId });
    const fleet = { setWaiting: async () => [], terminationStarts: async () => new Map() };
    const { deps, trace } = depsOf(answers({ groups: [limited], own: [waiting], fleet }));
    await admit(deps, memory, [terminates]);
    expect(namesOf(trace)).not.toContain('drain');
  });
});
