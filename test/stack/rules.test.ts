import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../simulator/cloud/events/pattern.ts';
import { deployed, deployedWith, resource, resourcesOf } from './template.ts';

type Event = Record<string, unknown> & { readonly detail: Record<string, unknown> };

const folder = new URL('../events/', import.meta.url);
const samples = new Map(
  readdirSync(folder).map((file) => [
    file.replace(/\.json$/, ''),
    JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Event,
  ]),
);

function sample(name: string): Event {
  const event = samples.get(name);
  if (!event) throw new Error(`test/events holds no ${name}.json`);
  return event;
}

/** A sample with other details; undefined takes one away. */
function variant(
  name: string,
  detail: Record<string, unknown>,
  envelope: Record<string, unknown> = {},
): Event {
  const event = sample(name);
  const entries = Object.entries({ ...event.detail, ...detail }).filter(([, value]) => value !== undefined);
  return { ...event, ...envelope, detail: Object.fromEntries(entries) };
}

const stack = deployed();
const ruleIds = [
  'TerminateRule',
  'DepartedRule',
  'ContainerInstanceRule',
  'TaskRule',
  'SpotRule',
  'InstanceEndRule',
  'RecommendationRule',
  'PlacementRule',
  'LaunchRule',
] as const;
const patternOf = (id: string, of = stack) => resource(of, id).properties.EventPattern;

/** The rules of the stack that an event matches. */
function matching(event: Event, of = stack): string[] {
  return ruleIds.filter((id) => compilePattern(patternOf(id, of))(event));
}

/** The samples that a rule takes as they are; no rule takes any other. */
const taken: Readonly<Record<string, readonly string[]>> = {
  'ec2-instance-state-change.stopped': ['InstanceEndRule'],
  'ec2-instance-state-change.terminated': ['InstanceEndRule'],
  'ec2-rebalance-recommendation': ['RecommendationRule'],
  'asg-launch-unsuccessful.spot-capacity': ['LaunchRule'],
  'ecs-service-action.CAPACITY_PROVIDER_STEADY_STATE': ['PlacementRule'],
  'ecs-service-action.SERVICE_TASK_PLACEMENT_FAILURE.fargate-spot': ['PlacementRule'],
  'ec2-spot-interruption-warning': ['SpotRule'],
  'ecs-container-instance-state-change.draining-empty': ['ContainerInstanceRule'],
  'ecs-container-instance-state-change.inactive': ['ContainerInstanceRule'],
  'ecs-container-instance-state-change.registration-failed': ['ContainerInstanceRule'],
  'ecs-task-state-change.stopped-scheduler': ['TaskRule'],
};

describe('the event rules', () => {
  it('are nine patterns, and the schedules of the sweep and of rebalance', () => {
    const rules = resourcesOf(stack, 'AWS::Events::Rule');
    const patterns = rules.filter(({ properties }) => properties.EventPattern !== undefined);
    expect(patterns.map(({ logicalId }) => logicalId).sort()).toEqual([...ruleIds].sort());
    expect(rules.flatMap(({ properties }) => properties.ScheduleExpression ?? [])).toEqual([
      'rate(1 minute)',
      'rate(1 minute)',
    ]);
  });

  it.each([...samples.keys()])('take %s where it belongs, and nowhere else', (name) => {
    expect(matching(sample(name))).toEqual(taken[name] ?? []);
  });

  it.each(Object.keys(taken))('have a sample %s to be tried on', (name) => {
    expect(samples.has(name)).toBe(true);
  });

  it.each(ruleIds)(
    'keep %s within the 2048 characters of a pattern, for the longest cluster name (D-5.22)',
    (id) => {
      const spare = 255 - '*'.length;
      expect(JSON.stringify(patternOf(id)).length + spare).toBeLessThanOrEqual(2048);
    },
  );
});

const terminate = 'asg-lifecycle.terminate';
const ours = { LifecycleHookName: 'ecs-steward-terminate' };

describe('the terminate rule', () => {
  it.each<[what: string, event: Event, rules: string[]]>([
    ['takes an instance that waits on our hook', variant(terminate, ours), ['TerminateRule']],
    [
      'takes one that returns to a warm pool (D-1.23)',
      variant('asg-lifecycle.terminate-to-warm-pool', ours),
      ['TerminateRule'],
    ],
    ["leaves the hooks of others alone, ECS's own among them (D-4.22)", sample(terminate), []],
    [
      'leaves a hook alone whose name only begins like ours',
      variant(terminate, { LifecycleHookName: 'ecs-steward-terminate-2' }),
      [],
    ],
    ['leaves a launch on a hook of that name alone', variant('asg-lifecycle.launch', ours), []],
    ['leaves the events of other accounts alone', variant(terminate, ours, { account: '444455556666' }), []],
    ['leaves alone what others put on the bus', variant(terminate, ours, { source: 'my.autoscaling' }), []],
  ])('%s', (_what, event, rules) => {
    expect(matching(event)).toEqual(rules);
  });
});

describe('the departed rule', () => {
  const told = (detailType: string, envelope: Record<string, unknown> = {}) => ({
    source: 'ecs-steward',
    account: '111122223333',
    'detail-type': detailType,
    detail: {},
    ...envelope,
  });

  it.each<[what: string, event: Event, rules: string[]]>([
    ['takes an instance that has drained', told('Instance Drained'), ['DepartedRule']],
    ['takes one that was let go for another reason', told('Instance Released'), ['DepartedRule']],
    ['leaves alone what else the steward tells', told('Drain Started'), []],
    ['leaves the events of other accounts alone', told('Instance Drained', { account: '444455556666' }), []],
    ['leaves alone what others tell in these words', told('Instance Drained', { source: 'mine' }), []],
  ])('%s', (_what, event, rules) => {
    expect(matching(event)).toEqual(rules);
  });

  it('leads to the lane, as two others do, and each of the three may put messages there', () => {
    const lane = resource(stack, 'Lane').arn;
    const targetsOf = (id: string) => resource(stack, id).properties.Targets;
    expect(targetsOf('DepartedRule')).toEqual(targetsOf('TerminateRule'));
    expect(targetsOf('DepartedRule')).toMatchObject([
      { Arn: lane, SqsParameters: { MessageGroupId: 'lane' } },
    ]);
    const [policy] = policiesTo(lane);
    expect(policy).toMatchObject({
      ArnEquals: {
        'aws:SourceArn': ['TerminateRule', 'DepartedRule', 'RecommendationRule'].map(
          (id) => resource(stack, id).arn,
        ),
      },
    });
  });
});

/** The conditions under which EventBridge may put messages into a queue. */
function policiesTo(queueArn: unknown): unknown[] {
  interface Statement {
    readonly Effect: string;
    readonly Resource: unknown;
    readonly Condition: unknown;
  }
  return resourcesOf(stack, 'AWS::SQS::QueuePolicy')
    .flatMap(({ properties }) => (properties.PolicyDocument as { Statement: readonly Statement[] }).Statement)
    .filter(({ Effect, Resource }) => Effect === 'Allow' && Resource === queueArn)
    .map(({ Condition }) => Condition);
}

const draining = 'ecs-container-instance-state-change.draining';
const empty = { runningTasksCount: 0, pendingTasksCount: 0 };

describe('the container instance rule', () => {
  it.each<[what: string, event: Event, rules: string[]]>([
    ['takes DRAINING with both counts 0', variant(draining, empty), ['ContainerInstanceRule']],
    ['leaves DRAINING with running tasks alone', variant(draining, { ...empty, runningTasksCount: 1 }), []],
    ['leaves DRAINING with pending tasks alone', variant(draining, { ...empty, pendingTasksCount: 1 }), []],
    [
      'takes DRAINING without counts: absent is not zero, the API is asked (D-1.11)',
      variant(draining, { runningTasksCount: undefined, pendingTasksCount: undefined }),
      ['ContainerInstanceRule'],
    ],
    [
      'takes DRAINING with only the running count, 0 (D-1.11)',
      variant(draining, { ...empty, pendingTasksCount: undefined }),
      ['ContainerInstanceRule'],
    ],
    [
      'takes DRAINING with only the pending count, 0 (D-1.11)',
      variant(draining, { ...empty, runningTasksCount: undefined }),
      ['ContainerInstanceRule'],
    ],
    ['leaves ACTIVE with no task alone', variant(draining, { ...empty, status: 'ACTIVE' }), []],
    ['leaves REGISTERING alone (D-2.13)', variant(draining, { ...empty, status: 'REGISTERING' }), []],
    [
      'takes DEREGISTERING, whatever still runs',
      variant(draining, { status: 'DEREGISTERING' }),
      ['ContainerInstanceRule'],
    ],
    [
      'takes INACTIVE, whatever still ran',
      variant(draining, { status: 'INACTIVE' }),
      ['ContainerInstanceRule'],
    ],
    ['leaves the events of other accounts alone', variant(draining, empty, { account: '444455556666' }), []],
  ])('%s', (_what, event, rules) => {
    expect(matching(event)).toEqual(rules);
  });
});

const stopped = 'ecs-task-state-change.stopped-scheduler';

describe('the task rule', () => {
  it.each<[what: string, event: Event, rules: string[]]>([
    ['takes a task whose lastStatus is STOPPED', sample(stopped), ['TaskRule']],
    [
      'leaves a task alone that is only meant to stop (D-1.16)',
      variant(stopped, { lastStatus: 'STOPPING' }),
      [],
    ],
    ['leaves Fargate tasks alone', variant(stopped, { launchType: 'FARGATE' }), []],
    ['leaves tasks on external instances alone', variant(stopped, { launchType: 'EXTERNAL' }), []],
    ['leaves the events of other accounts alone', variant(stopped, {}, { account: '444455556666' }), []],
  ])('%s', (_what, event, rules) => {
    expect(matching(event)).toEqual(rules);
  });
});

describe('the rule of Spot', () => {
  const notice = 'ec2-spot-interruption-warning';

  it.each<[what: string, event: Event, rules: string[]]>([
    ['takes a notice, whatever is to happen', variant(notice, { 'instance-action': 'stop' }), ['SpotRule']],
    ['leaves the events of other accounts alone', variant(notice, {}, { account: '444455556666' }), []],
    ['leaves alone what others put on the bus', variant(notice, {}, { source: 'my.ec2' }), []],
  ])('%s', (_what, event, rules) => {
    expect(matching(event)).toEqual(rules);
  });
});

describe('the rule of instances that EC2 has ended', () => {
  const ended = 'ec2-instance-state-change.terminated';

  it.each<[what: string, event: Event, rules: string[]]>([
    ['takes a stopped one (D-1.31)', variant(ended, { state: 'stopped' }), ['InstanceEndRule']],
    ['leaves one alone that is only about to end (D-1.31)', variant(ended, { state: 'shutting-down' }), []],
    ['leaves the events of other accounts alone', variant(ended, {}, { account: '444455556666' }), []],
    ['leaves alone what others put on the bus', variant(ended, {}, { source: 'my.ec2' }), []],
  ])('%s', (_what, event, rules) => {
    expect(matching(event)).toEqual(rules);
  });
});

describe('the rule of recommendations', () => {
  const recommendation = 'ec2-rebalance-recommendation';

  it.each<[what: string, event: Event]>([
    ['the events of other accounts', variant(recommendation, {}, { account: '444455556666' })],
    ['what others put on the bus', variant(recommendation, {}, { source: 'my.ec2' })],
  ])('leaves %s alone', (_what, event) => {
    expect(matching(event)).toEqual([]);
  });
});

describe('the parameter clusters', () => {
  const narrowed = deployedWith('--param=clusters=prod-*');
  const inCluster = (name: string, cluster: string) =>
    variant(name, { clusterArn: `arn:aws:ecs:us-east-1:111122223333:cluster/${cluster}` });

  it.each([
    ['prod-web', true],
    ['prod-', true],
    ['staging-prod-web', false],
    ['production', false],
  ])('prod-* lets the events of cluster %s through: %s', (cluster, through) => {
    const found = [
      ...matching(inCluster(stopped, cluster), narrowed),
      ...matching(inCluster('ecs-container-instance-state-change.draining-empty', cluster), narrowed),
    ];
    expect(found).toEqual(through ? ['TaskRule', 'ContainerInstanceRule'] : []);
  });
});
