import { describe, expect, it } from 'vitest';
import { textOf, writtenFiles } from '../files.ts';
import { compiledTemplate, deployed, deployedWith, resource, resourcesOf } from './template.ts';

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title: string;
    readonly region?: string;
    readonly alarms?: readonly string[];
    readonly metrics?: readonly (readonly (string | object)[])[];
    readonly query?: string;
  };
}

const stack = deployed();
const { DashboardBody, DashboardName } = resource(stack, 'Dashboard').properties;
const body = JSON.parse(String(DashboardBody)) as { widgets: Widget[] };
const names = (type: string) =>
  resourcesOf(stack, type).map(({ physicalId }) => physicalId.split('/').at(-1));

/** A metric as a widget means it, once `.` and `...` are filled in from the one before. */
interface Shown {
  readonly namespace: string;
  readonly name: string;
  readonly dimension: string;
  readonly value: string;
}

function shownIn({ properties: { metrics = [] } }: Widget): Shown[] {
  let before: readonly string[] = [];
  return metrics.map((entry) => {
    const words = entry.filter((word) => typeof word === 'string');
    const own = words[0] === '...' ? [...before.slice(0, 5 - words.length), ...words.slice(1)] : words;
    before = own.map((word, at) => (word === '.' ? (before[at] ?? '') : word));
    const [namespace = '', name = '', dimension = '', value = ''] = before;
    return { namespace, name, dimension, value };
  });
}

const shown = body.widgets.flatMap(shownIn);

/** Every metric that the steward counts, by its type. */
const [, union = ''] = /export type Metric =([^;]+);/.exec(textOf('lib/deps.ts')) ?? [];
const counted = [...union.matchAll(/'(\w+)'/g)].map(([, name = '']) => name);
const code = writtenFiles()
  .filter((path) => /^(lib|functions)\//.test(path) && path !== 'lib/deps.ts')
  .map(textOf)
  .join('\n');

describe('the dashboard', () => {
  it('has a name of its own in each Region, as the dashboards of an account share one namespace', () => {
    expect(DashboardName).toBe('ecs-steward-us-east-1');
  });

  it('shows every metric that the steward counts, and none that it does not', () => {
    const ours = shown.filter(({ namespace }) => namespace === 'ecs-steward');
    expect([...new Set(ours.map(({ name }) => name))].sort()).toEqual([...counted].sort());
    for (const { dimension, value } of ours) expect([dimension, value]).toEqual(['service', 'ecs-steward']);
  });

  it.each(counted)('shows nothing that nobody counts: %s', (name) => {
    expect(code).toMatch(new RegExp(`(count\\(|addMetric\\(|: )'${name}'`));
  });

  it('shows queues and functions of the stack, by metrics that AWS has', () => {
    const known: Readonly<Record<string, readonly [string, readonly (string | undefined)[], string[]]>> = {
      'AWS/SQS': [
        'QueueName',
        names('AWS::SQS::Queue'),
        ['ApproximateAgeOfOldestMessage', 'ApproximateNumberOfMessagesVisible'],
      ],
      'AWS/Lambda': ['FunctionName', names('AWS::Lambda::Function'), ['Errors', 'Invocations']],
    };
    const others = shown.filter(({ namespace }) => namespace !== 'ecs-steward');
    expect(others.length).toBeGreaterThan(0);
    for (const { namespace, name, dimension, value } of others) {
      const [expected, values, metrics] = known[namespace] ?? [];
      expect(dimension).toBe(expected);
      expect(values).toContain(value);
      expect(metrics).toContain(name);
    }
    const queues = new Set(others.filter((one) => one.dimension === 'QueueName').map(({ value }) => value));
    expect([...queues].sort()).toEqual(names('AWS::SQS::Queue').sort());
  });

  it('shows every alarm of the stack', () => {
    const alarms = body.widgets.flatMap(({ properties }) => properties.alarms ?? []);
    const there = resourcesOf(stack, 'AWS::CloudWatch::Alarm').map(({ arn }) => arn);
    expect([...alarms].sort()).toEqual(there.sort());
  });

  it('shows what the functions of a stage have decided, of whatever stage', () => {
    const widgets = (of = stack) =>
      JSON.parse(String(resource(of, 'Dashboard').properties.DashboardBody)).widgets as Widget[];
    const groupsIn = (all: readonly Widget[]) =>
      all.flatMap(({ properties: { query = '' } }) =>
        [...query.matchAll(/SOURCE '([^']+)'/g)].map(([, name]) => name),
      );
    const dev = deployedWith('--stage=dev');
    expect(groupsIn(widgets())).toContain('/aws/lambda/ecs-steward-prod-sweep');
    expect(groupsIn(widgets(dev))).toContain('/aws/lambda/ecs-steward-dev-sweep');
    for (const name of groupsIn(widgets()))
      expect(names('AWS::Lambda::Function')).toContain(name?.split('/').at(-1));
  });

  it('lies on the grid of 24 columns, and nothing on something else', () => {
    const taken = new Set<string>();
    for (const { x, y, width, height } of body.widgets) {
      expect(x + width).toBeLessThanOrEqual(24);
      for (let column = x; column < x + width; column++)
        for (let row = y; row < y + height; row++) {
          expect(taken.has(`${column}/${row}`)).toBe(false);
          taken.add(`${column}/${row}`);
        }
    }
  });

  it('is of the Region of the stack', () => {
    const charts = body.widgets.filter(({ type }) => type !== 'alarm');
    expect(charts.map(({ properties }) => properties.region)).toEqual(charts.map(() => 'us-east-1'));
  });
});

describe('every alarm', () => {
  const alarms = resourcesOf(stack, 'AWS::CloudWatch::Alarm');

  it.each(alarms)('$logicalId watches a metric that something writes', ({ properties }) => {
    const { Namespace, MetricName } = properties;
    const ofAws = [
      'ApproximateAgeOfOldestMessage',
      'ApproximateNumberOfMessagesVisible',
      'Errors',
      'Invocations',
    ];
    expect(Namespace === 'ecs-steward' ? counted : ofAws).toContain(MetricName);
  });

  it('has a description that says where to look', () => {
    for (const { properties } of alarms)
      expect(String(properties.AlarmDescription)).toMatch(/^[A-Za-z].{40,}[^.]$/);
    expect(Object.keys(compiledTemplate().Resources).filter((id) => id.endsWith('Alarm'))).toHaveLength(
      alarms.length,
    );
  });
});
