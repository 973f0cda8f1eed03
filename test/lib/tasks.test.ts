import { describe, expect, it } from 'vitest';
import { bothLists, readTasks, stoppedList } from '../../lib/tasks.ts';
import { arn, clusterName, depsOf, stopped, stopping, task, taskArn } from './fixtures.ts';

describe('readTasks', () => {
  it('lists RUNNING before STOPPED, so that a task that moves between the two is in one of them (D-2.31)', async () => {
    let isDecided = false;
    const { deps, trace } = depsOf({
      listTasks: async (_cluster, desiredStatus) => {
        const here = isDecided ? 'STOPPED' : 'RUNNING';
        isDecided = true;
        return here === desiredStatus ? [taskArn('web')] : [];
      },
      describeTasks: async () => [stopping()],
    });
    expect(await readTasks(deps.fleet, clusterName, [arn])).toEqual([stopping()]);
    expect(trace.calls.slice(0, 2)).toEqual([
      ['listTasks', clusterName, 'RUNNING', arn],
      ['listTasks', clusterName, 'STOPPED', arn],
    ]);
  });

  it('asks for each task once, those that events named too', async () => {
    const { deps, trace } = depsOf({
      listTasks: async (_cluster, desiredStatus) =>
        desiredStatus === 'RUNNING' ? [taskArn('web')] : [taskArn('web'), taskArn('job')],
      describeTasks: async () => [task(), stopped()],
    });
    await readTasks(deps.fleet, clusterName, [arn], [taskArn('job'), taskArn('gone')]);
    expect(trace.calls.at(-1)).toEqual([
      'describeTasks',
      clusterName,
      [taskArn('job'), taskArn('gone'), taskArn('web')],
    ]);
  });

  const many = (count: number) => Array.from({ length: count }, (_, i) => `${arn}${i}`);

  it.each([
    [bothLists, 50, ['RUNNING', 'STOPPED']],
    [stoppedList, 3, ['STOPPED']],
  ] as const)(
    'lists the whole cluster where %o are more than %i instances',
    async (lists, count, statuses) => {
      const { deps, trace } = depsOf({ listTasks: async () => [], listAllTasks: async () => [] });
      await readTasks(deps.fleet, clusterName, many(count), [], lists);
      expect(trace.calls.map(([name]) => name)).toEqual(
        Array.from({ length: count * statuses.length }, () => 'listTasks'),
      );
      trace.calls.length = 0;
      await readTasks(deps.fleet, clusterName, many(count + 1), [], lists);
      expect(trace.calls).toEqual(statuses.map((status) => ['listAllTasks', clusterName, status, count + 1]));
    },
  );

  it('asks about each instance where the list of the whole cluster is longer than that', async () => {
    const { deps, trace } = depsOf({
      listTasks: async () => [taskArn('web')],
      listAllTasks: async (_, desiredStatus) => (desiredStatus === 'RUNNING' ? [] : undefined),
      describeTasks: async () => [stopping()],
    });
    expect(await readTasks(deps.fleet, clusterName, many(51))).toEqual([stopping()]);
    expect(trace.calls.filter(([name]) => name === 'listTasks')).toHaveLength(102);
  });

  it('rejects where a task that is meant to run is listed but not known: one of the reads was too old', async () => {
    const { deps } = depsOf({
      listTasks: async (_cluster, desiredStatus) => [taskArn(desiredStatus === 'RUNNING' ? 'job' : 'web')],
      describeTasks: async () => [stopped()],
    });
    await expect(readTasks(deps.fleet, clusterName, [arn])).rejects.toThrow(
      `cannot describe: ${taskArn('job')}`,
    );
  });

  it('describes nothing where nothing is listed', async () => {
    const { deps, trace } = depsOf({ listTasks: async () => [] });
    expect(await readTasks(deps.fleet, clusterName, [arn])).toEqual([]);
    expect(trace.calls).toHaveLength(2);
  });
});
