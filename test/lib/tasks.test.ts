import { describe, expect, it } from 'vitest';
import { readTasks } from '../../lib/tasks.ts';
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

  it('lists the whole cluster where more than 50 instances are asked about', async () => {
    const { deps, trace } = depsOf({ listTasks: async () => [] });
    await readTasks(
      deps.fleet,
      clusterName,
      Array.from({ length: 50 }, (_, i) => `${arn}${i}`),
    );
    expect(trace.calls).toHaveLength(100);
    await readTasks(
      deps.fleet,
      clusterName,
      Array.from({ length: 51 }, (_, i) => `${arn}${i}`),
    );
    expect(trace.calls.slice(100)).toEqual([
      ['listTasks', clusterName, 'RUNNING', undefined],
      ['listTasks', clusterName, 'STOPPED', undefined],
    ]);
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
