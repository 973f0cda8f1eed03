import { describe, expect, it } from 'vitest';
import { UnknownCluster } from '../../../lib/errors.ts';
import { arn, at, clusterName, instanceId, noon, taskArn } from '../fixtures.ts';
import { fleetOver, Refusal } from './network.ts';

const arns = (count: number) => Array.from({ length: count }, (_, i) => `${arn}-${i}`);
const instance = (overrides: Record<string, unknown> = {}) => ({
  containerInstanceArn: arn,
  ec2InstanceId: instanceId,
  status: 'DRAINING',
  version: 12,
  agentConnected: true,
  runningTasksCount: 2,
  pendingTasksCount: 1,
  attributes: [],
  registeredResources: [{ name: 'MEMORY', type: 'INTEGER', integerValue: 8000 }],
  remainingResources: [{ name: 'MEMORY', type: 'INTEGER', integerValue: 7488 }],
  ...overrides,
});
const registered = {
  containerInstanceArn: arn,
  ec2InstanceId: instanceId,
  status: 'DRAINING',
  version: 12,
  agentConnected: true,
  taskCount: 3,
  holdsResources: true,
  mark: undefined,
  isWaiting: false,
};

describe('registrations', () => {
  it('are found by EC2 instance id and described', async () => {
    const { fleet, calls } = fleetOver({
      ListContainerInstances: () => ({ containerInstanceArns: [arn] }),
      DescribeContainerInstances: () => ({ containerInstances: [instance()], failures: [] }),
    });
    expect(await fleet.registrations(clusterName, [instanceId, 'i-2'])).toEqual([registered]);
    expect(calls[0]?.input).toMatchObject({
      cluster: clusterName,
      filter: `ec2InstanceId in ['${instanceId}', 'i-2']`,
    });
    expect(calls[1]?.input).toMatchObject({ cluster: clusterName, containerInstances: [arn] });
  });

  it('are listed 80 instances at a time, to the last page, and described 100 at a time (D-5.14)', async () => {
    const { fleet, calls } = fleetOver({
      ListContainerInstances: ({ nextToken }) =>
        nextToken
          ? { containerInstanceArns: arns(30) }
          : { containerInstanceArns: arns(40), nextToken: 'more' },
      DescribeContainerInstances: () => ({ containerInstances: [] }),
    });
    await fleet.registrations(
      clusterName,
      Array.from({ length: 100 }, (_, i) => `i-${i}`),
    );
    expect(calls.map(({ operation }) => operation)).toEqual([
      ...Array(4).fill('ListContainerInstances'),
      ...Array(2).fill('DescribeContainerInstances'),
    ]);
    const filters = calls.flatMap(({ input }) => (input.filter ? [String(input.filter)] : []));
    expect(Math.max(...filters.map(({ length }) => length))).toBeLessThan(2000);
  });

  it('are not described where there are none', async () => {
    const { fleet, calls } = fleetOver({ ListContainerInstances: () => ({ containerInstanceArns: [] }) });
    expect(await fleet.registrations(clusterName, [instanceId])).toEqual([]);
    expect(calls).toHaveLength(1);
  });

  it('cannot be found in a cluster that does not exist', async () => {
    const { fleet } = fleetOver({
      ListContainerInstances: () => new Refusal('ClusterNotFoundException', 'Cluster not found.'),
    });
    await expect(fleet.registrations(clusterName, [instanceId])).rejects.toThrow(UnknownCluster);
  });

  it('hold nothing where all that is registered remains (D-9.4)', async () => {
    const resources = [{ name: 'MEMORY', type: 'INTEGER', integerValue: 8000 }];
    const empty = instance({ registeredResources: resources, remainingResources: resources });
    const { fleet } = fleetOver({ DescribeContainerInstances: () => ({ containerInstances: [empty] }) });
    expect(await fleet.describe(clusterName, [arn])).toMatchObject([{ holdsResources: false }]);
  });

  it('are looked for in every cluster, to the last page of each: a filtered page may be empty (D-5.15)', async () => {
    const [first, second] = ['first', 'second'].map(
      (name) => `arn:aws:ecs:eu-west-1:111122223333:cluster/${name}`,
    );
    const { fleet, calls } = fleetOver({
      ListClusters: () => ({ clusterArns: [first, second] }),
      ListContainerInstances: ({ cluster, nextToken }) => {
        if (cluster === first) return { containerInstanceArns: [] };
        return nextToken
          ? { containerInstanceArns: [arn] }
          : { containerInstanceArns: [], nextToken: 'more' };
      },
    });
    expect(await fleet.clustersOf(instanceId)).toEqual(['second']);
    expect(calls.at(-1)?.input).toMatchObject({ cluster: second, nextToken: 'more' });
  });

  it('carry our mark', async () => {
    const marked = (value: string) => instance({ attributes: [{ name: 'ecs-steward.departure', value }] });
    const { fleet } = fleetOver({
      DescribeContainerInstances: () => ({
        containerInstances: [marked(`${noon.toISOString()}/termination`), marked('scribble')],
      }),
    });
    const found = await fleet.describe(clusterName, [arn]);
    expect(found.map(({ mark }) => mark)).toEqual([{ at: noon, cause: 'termination' }, undefined]);
  });

  it('that carry our mark are found by it, to the last page, and are those that wait', async () => {
    const waiting = instance({ attributes: [{ name: 'ecs-steward.waiting', value: noon.toISOString() }] });
    const { fleet, calls } = fleetOver({
      ListContainerInstances: ({ nextToken }) =>
        nextToken ? { containerInstanceArns: [arn] } : { containerInstanceArns: [], nextToken: 'more' },
      DescribeContainerInstances: () => ({ containerInstances: [waiting] }),
    });
    expect(await fleet.marked(clusterName)).toEqual([{ ...registered, isWaiting: true }]);
    expect(calls[0]?.input).toEqual({
      cluster: clusterName,
      filter: 'attribute:ecs-steward.departure exists',
    });
    expect(calls).toHaveLength(3);
  });

  it('that carry our mark for one of several causes are found by all of them', async () => {
    const { fleet, calls } = fleetOver({
      ListContainerInstances: () => ({ containerInstanceArns: [] }),
    });
    expect(await fleet.marked(clusterName, 'return', 'rebalance-recommendation')).toEqual([]);
    expect(calls[0]?.input).toMatchObject({
      filter:
        'attribute:ecs-steward.departure =~ .*/return or attribute:ecs-steward.departure =~ .*/rebalance-recommendation',
    });
  });

  it('that are DRAINING are found whoever drains them', async () => {
    const { fleet, calls } = fleetOver({
      ListContainerInstances: () => ({ containerInstanceArns: [arn] }),
      DescribeContainerInstances: () => ({ containerInstances: [instance()] }),
    });
    expect(await fleet.draining(clusterName)).toEqual([registered]);
    expect(calls[0]?.input).toEqual({ cluster: clusterName, status: 'DRAINING' });
  });
});

describe('the tags of a cluster', () => {
  it('are read with the cluster', async () => {
    const tags = [{ key: 'ecs-steward:max-draining', value: '25%' }];
    const { fleet, calls } = fleetOver({ DescribeClusters: () => ({ clusters: [{ tags }], failures: [] }) });
    expect(await fleet.clusterTags(clusterName)).toEqual({ 'ecs-steward:max-draining': '25%' });
    expect(calls[0]?.input).toEqual({ clusters: [clusterName], include: ['TAGS'] });
  });

  it('are none where there is no such cluster (D-9.24)', async () => {
    const failures = [{ arn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/demo', reason: 'MISSING' }];
    const { fleet } = fleetOver({ DescribeClusters: () => ({ clusters: [], failures }) });
    expect(await fleet.clusterTags(clusterName)).toEqual({});
  });
});

describe('waiting', () => {
  const put = (name: string, ten: readonly string[], value?: string) =>
    ten.map((targetId) => ({
      name,
      ...(value === undefined ? {} : { value }),
      targetType: 'container-instance',
      targetId,
    }));

  it('is an attribute, put on and taken from ten instances a call (D-13.14)', async () => {
    const { fleet, calls } = fleetOver({ PutAttributes: () => ({}), DeleteAttributes: () => ({}) });
    expect(await fleet.setWaiting(clusterName, arns(11), noon)).toEqual([]);
    expect(await fleet.clearWaiting(clusterName, arns(11))).toEqual([]);
    const time = noon.toISOString();
    expect(calls.map(({ operation, input }) => [operation, input.attributes])).toEqual([
      ['PutAttributes', put('ecs-steward.waiting', arns(10), time)],
      ['PutAttributes', put('ecs-steward.waiting', arns(11).slice(10), time)],
      ['DeleteAttributes', put('ecs-steward.waiting', arns(10))],
      ['DeleteAttributes', put('ecs-steward.waiting', arns(11).slice(10))],
    ]);
  });

  it('gives a failure for each instance of a call that is refused', async () => {
    const refusal = () => new Refusal('TargetNotFoundException', 'gone');
    const { fleet } = fleetOver({ PutAttributes: refusal, DeleteAttributes: refusal });
    const failures = [{ arn, reason: 'TargetNotFoundException: gone' }];
    expect(await fleet.setWaiting(clusterName, [arn], noon)).toEqual(failures);
    expect(await fleet.clearWaiting(clusterName, [arn])).toEqual(failures);
  });
});

describe('marking', () => {
  const mark = { at: noon, cause: 'termination' } as const;

  it('puts an attribute on ten instances a call (D-13.14)', async () => {
    const { fleet, calls } = fleetOver({ PutAttributes: () => ({ attributes: [] }) });
    expect(await fleet.mark(clusterName, arns(11), mark)).toEqual([]);
    const put = calls.map(({ input }) => input.attributes as unknown[]);
    expect(put.map(({ length }) => length)).toEqual([10, 1]);
    expect(put[1]).toEqual([
      {
        name: 'ecs-steward.departure',
        value: '2026-05-04T12:00:00.000Z/termination',
        targetType: 'container-instance',
        targetId: `${arn}-10`,
      },
    ]);
  });

  it('says what could not be marked, and goes on', async () => {
    let calls = 0;
    const { fleet } = fleetOver({
      PutAttributes: () =>
        calls++ === 0 ? new Refusal('TargetNotFoundException', 'gone') : { attributes: [] },
    });
    const failures = await fleet.mark(clusterName, arns(11), mark);
    expect(failures).toHaveLength(10);
    expect(failures[0]).toEqual({ arn: `${arn}-0`, reason: 'TargetNotFoundException: gone' });
  });
});

describe('draining', () => {
  it('sets ten instances a call (D-2.14), and reads who failed (D-2.15b)', async () => {
    const { fleet, calls } = fleetOver({
      UpdateContainerInstancesState: (_, input) => {
        const { containerInstances } = input as { containerInstances: string[] };
        return containerInstances.length === 10
          ? { containerInstances: [instance()], failures: [{ arn: `${arn}-3`, reason: 'MISSING' }] }
          : new Refusal('InvalidParameterException', 'not ACTIVE');
      },
    });
    expect(await fleet.drain(clusterName, arns(12))).toEqual({
      registrations: [registered],
      failures: [
        { arn: `${arn}-3`, reason: 'MISSING' },
        { arn: `${arn}-10`, reason: 'InvalidParameterException: not ACTIVE' },
        { arn: `${arn}-11`, reason: 'InvalidParameterException: not ACTIVE' },
      ],
    });
    expect(calls.every(({ input }) => input.status === 'DRAINING')).toBe(true);
  });
});

describe('tasks', () => {
  it('are listed by desired status, to the last page, though one is empty (D-5.15)', async () => {
    const pages: Record<string, Record<string, unknown>> = {
      '': { taskArns: ['a'], nextToken: '2' },
      2: { taskArns: [], nextToken: '3' },
      3: { taskArns: ['b'] },
    };
    const { fleet, calls } = fleetOver({ ListTasks: ({ nextToken = '' }) => pages[nextToken] ?? {} });
    expect(await fleet.listTasks(clusterName, 'STOPPED', arn)).toEqual(['a', 'b']);
    expect(calls[0]?.input).toMatchObject({
      cluster: clusterName,
      containerInstance: arn,
      desiredStatus: 'STOPPED',
    });
  });

  it('are described 100 a call (D-5.14), the forgotten ones left out', async () => {
    const { fleet, calls } = fleetOver({
      DescribeTasks: () => ({
        tasks: [
          {
            taskArn: taskArn('web'),
            containerInstanceArn: arn,
            lastStatus: 'STOPPED',
            desiredStatus: 'STOPPED',
            startedBy: 'ecs-svc/1',
            group: 'service:web',
            taskDefinitionArn: 'web:3',
            cpu: '256',
            memory: '1024',
            containers: [
              { cpu: '64', memory: '512', memoryReservation: '128', gpuIds: ['GPU-1'] },
              {
                cpu: '128',
                memory: '256',
                networkBindings: [{ hostPort: 8080 }, { hostPort: 32768 }, { containerPort: 1 }],
              },
            ],
            version: 6,
            startedAt: at(-900).getTime() / 1000,
            stoppingAt: at(-9).getTime() / 1000,
            stoppedAt: at(-1.5).getTime() / 1000,
          },
        ],
        failures: [{ arn: taskArn('gone'), reason: 'MISSING' }],
      }),
    });
    const found = await fleet.describeTasks(
      clusterName,
      Array.from({ length: 101 }, (_, i) => taskArn(`${i}`)),
    );
    expect(found[0]).toEqual({
      taskArn: taskArn('web'),
      containerInstanceArn: arn,
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      startedBy: 'ecs-svc/1',
      group: 'service:web',
      taskDefinitionArn: 'web:3',
      needs: { cpu: 192, memoryMib: 384, gpus: 1, ports: [8080] },
      version: 6,
      startedAt: at(-900),
      stoppingAt: at(-9),
      stoppedAt: at(-1.5),
    });
    expect(calls.map(({ input }) => (input.tasks as string[]).length)).toEqual([100, 1]);
  });

  it('are told to stop, and why', async () => {
    const { fleet, calls } = fleetOver({ StopTask: () => ({}) });
    await fleet.stopTask(clusterName, taskArn('web'), 'because');
    expect(calls[0]?.input).toMatchObject({ cluster: clusterName, task: taskArn('web'), reason: 'because' });
  });
});
