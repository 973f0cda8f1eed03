import { describe, expect, it } from 'vitest';
import { type Container, endingsOf, stopTimeoutSecondsOf } from '../../lib/workload.ts';
import { service } from './blockers-scene.ts';
import { clusterName, depsOf, standalone, task, taskArn } from './fixtures.ts';

const container = (
  name: string,
  stopTimeoutSeconds?: number,
  dependsOn: readonly string[] = [],
): Container => ({
  name,
  stopTimeoutSeconds,
  dependsOn,
});

describe('the time that containers take to stop', () => {
  it.each<[what: string, containers: Container[], seconds: number]>([
    ['is 30 s unless told (D-2.35)', [container('app')], 30],
    ['is what the container says', [container('app', 90)], 90],
    ['may be none', [container('app', 0)], 0],
    ['is that of the slowest: they stop at the same time', [container('app', 5), container('log', 60)], 60],
    ['adds up where one needs the other', [container('app', 40, ['log']), container('log', 20)], 60],
    [
      'adds up along the longest line',
      [container('a', 9, ['b', 'c']), container('b', 1, ['d']), container('c', 5), container('d', 7)],
      17,
    ],
    [
      'ends where containers need each other, which AWS refuses',
      [container('a', 1, ['b']), container('b', 2, ['a'])],
      3,
    ],
    ['is none without containers', [], 0],
  ])('%s', (_, containers, seconds) => {
    expect(stopTimeoutSecondsOf(containers)).toBe(seconds);
  });
});

describe('the endings of tasks', () => {
  const balanced = task({ taskArn: taskArn('1') });
  const plain = task({ taskArn: taskArn('2'), group: 'service:worker', taskDefinitionArn: 'arn:worker:1' });
  const services = async () => [service({ isLoadBalanced: true }), service({ serviceName: 'worker' })];
  const definition = async (taskDefinitionArn: string) => ({
    taskDefinitionArn,
    stopTimeoutSeconds: taskDefinitionArn === 'arn:worker:1' ? 90 : 30,
  });

  it('have the deregistration delay behind a load balancer alone, and the stopTimeout of their definition', async () => {
    const { deps, trace } = depsOf({ services, definition });
    const endings = await endingsOf(deps.fleet, clusterName, [balanced, plain, balanced], 20);
    expect(endings.map(({ task, ...times }) => [task.taskArn, times])).toEqual([
      [balanced.taskArn, { deregistrationDelaySeconds: 20, stopTimeoutSeconds: 30 }],
      [plain.taskArn, { deregistrationDelaySeconds: 0, stopTimeoutSeconds: 90 }],
      [balanced.taskArn, { deregistrationDelaySeconds: 20, stopTimeoutSeconds: 30 }],
    ]);
    expect(trace.calls.map(([name]) => name)).toEqual(['services', 'definition', 'definition']);
  });

  it('ask after no service for standalone tasks, whatever their group is called (D-9.27)', async () => {
    const { deps, trace } = depsOf({ definition });
    const [job] = await endingsOf(deps.fleet, clusterName, [standalone({ group: 'service:web' })], 300);
    expect(job?.deregistrationDelaySeconds).toBe(0);
    expect(trace.calls.map(([name]) => name)).toEqual(['definition']);
  });
});
