import { describe, expect, it } from 'vitest';
import { freshMemory, sweep } from '../../functions/sweep.ts';
import {
  arn,
  at,
  depsOf,
  group,
  groupName,
  instanceId,
  namesOf,
  noon,
  registration,
  stopped,
  stopping,
  total,
} from '../lib/fixtures.ts';
import { answers, knowing, marked, tick } from './sweep-scene.ts';

describe('a fault', () => {
  const other = group({
    autoScalingGroupName: 'other-asg',
    autoScalingGroupARN: 'arn:other',
    tags: { 'ecs-steward:cluster': 'other' },
    instances: [{ instanceId: 'i-2', lifecycleState: 'Terminating:Wait' }],
  });

  it('in one cluster does not stop the others', async () => {
    const registrations = async (name: string) => {
      if (name === 'other') throw new Error('ServerException');
      return [registration()];
    };
    const { deps, trace } = depsOf(answers([other, group()], [], [stopped()], { registrations }));
    await sweep(deps, knowing(other, group()), tick());
    expect(trace.calls).toContainEqual(['complete', groupName, instanceId]);
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('with one instance does not stop the others', async () => {
    const ids = [instanceId, 'i-2'];
    const both = group({
      instances: ids.map((id) => ({ instanceId: id, lifecycleState: 'Terminating:Wait' })),
    });
    const registrations = ids.map((id) =>
      registration({ ec2InstanceId: id, containerInstanceArn: `${arn}/${id}` }),
    );
    const complete = async (_: string, id: string) => {
      if (id === instanceId) throw new Error('ResourceContention');
      return 'completed' as const;
    };
    const { deps, trace } = depsOf(answers([both], registrations, [], { complete }));
    await sweep(deps, knowing(both), tick());
    expect([total(trace, 'Released'), total(trace, 'Failures')]).toEqual([1, 1]);
  });

  it.each([
    ['read, is what their definition says', 1500, 3000 + 1559, 'wait'],
    ['read and over, ends the wait', 1500, 3000 + 1561, 'release'],
    ['not to be read, is the usual', undefined, 3000 + 601, 'release'],
  ])('where the time that tasks take to stop is %s', async (_what, seconds, drainedSeconds, decision) => {
    const definition = async (taskDefinitionArn: string) => {
      if (seconds === undefined) throw new Error('AccessDeniedException');
      return { taskDefinitionArn, stopTimeoutSeconds: seconds };
    };
    const late = stopping({ stoppingAt: at(3000 - drainedSeconds) });
    const { deps, trace } = depsOf(answers([group()], [marked(-drainedSeconds)], [late], { definition }));
    await sweep(deps, knowing(group()), tick());
    expect(namesOf(trace).includes('complete') ? 'release' : 'wait').toBe(decision);
    expect(total(trace, 'Failures')).toBe(seconds === undefined ? 1 : 0);
  });

  it('in reading the tasks leaves those instances waiting, and no more than ten', async () => {
    const ids = Array.from({ length: 11 }, (_, i) => `i-${i}`);
    const eleven = group({
      instances: ids.map((id) => ({ instanceId: id, lifecycleState: 'Terminating:Wait' })),
    });
    const registrations = ids.map((id) =>
      registration({ ec2InstanceId: id, containerInstanceArn: `${arn}/${id}` }),
    );
    const listTasks = async (_: string, __: string, containerInstanceArn = '') => {
      if (containerInstanceArn.endsWith('i-3')) throw new Error('AccessDeniedException');
      return [];
    };
    const { deps, trace } = depsOf(answers([eleven], registrations, [], { listTasks }));
    await sweep(deps, knowing(eleven), tick());
    expect(trace.calls.filter(([name]) => name === 'complete')).toEqual([['complete', groupName, 'i-10']]);
    expect(total(trace, 'Failures')).toBe(1);
  });

  it('in reading the groups fails the sweep, so that it is seen', async () => {
    const enrolledGroups = async () => {
      throw new Error('Throttling');
    };
    const { deps } = depsOf({ enrolledGroups });
    await expect(sweep(deps, freshMemory(), tick())).rejects.toThrow('Throttling');
  });
});

describe('time', () => {
  it('that runs out ends the sweep, and that is counted', async () => {
    const { deps, trace } = depsOf(answers([group()], [registration()], [stopped()]));
    await sweep(deps, freshMemory(), tick(noon, 15_000));
    expect(namesOf(trace)).toEqual(['enrolledGroups']);
    expect(total(trace, 'SweepCutShort')).toBe(1);
  });

  it('is given first to another group each minute', async () => {
    const groups = ['a', 'b', 'c'].map((name) =>
      group({ autoScalingGroupName: name, autoScalingGroupARN: `arn:${name}`, instances: [] }),
    );
    const { deps, trace } = depsOf(answers(groups));
    for (let minute = 0; minute < 3; minute++) await sweep(deps, freshMemory(), tick(at(minute * 60)));
    const first = trace.calls.flatMap(([name], i) =>
      name === 'enrolledGroups' ? [trace.calls[i + 1]?.[1]] : [],
    );
    expect(first.toSorted()).toEqual(['a', 'b', 'c']);
  });

  it('taken is told', async () => {
    const { deps, trace } = depsOf(answers([]));
    await sweep(deps, freshMemory(), tick());
    expect(trace.counts.get('SweepSeconds')).toEqual([0]);
    expect(trace.counts.get('Leaving')).toEqual([0]);
  });
});
