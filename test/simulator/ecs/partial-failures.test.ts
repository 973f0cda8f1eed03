import { describe, expect, it } from 'vitest';
import { answering } from '../../../simulator/answered.ts';
import { fleet } from './fleet.ts';
import { rootArn, type Scene, startAt } from './scene.ts';

/** UpdateContainerInstancesState for all instances, by a function or by somebody else. */
function drainAll(scene: Scene, functionName?: string) {
  const containerInstances = [1, 2, 3, 4].map((number) => scene.idOf(`i-${number}`));
  const now = startAt + scene.seconds * 1000;
  const caller = {
    principalArn: rootArn,
    client: 'test',
    ...(functionName !== undefined && { functionName }),
  };
  const input = { cluster: 'demo', containerInstances, status: 'DRAINING' };
  const call = { operation: 'UpdateContainerInstancesState', input, caller, viewAt: now };
  const { reply } = answering('ecs', call, () => scene.ecs.apply(now, call));
  return reply as Record<'containerInstances' | 'failures', readonly Record<string, unknown>[]>;
}

describe('a call part of which fails (D-2.15b, D-9.59)', () => {
  it('changes the rest, and nothing of what failed', () => {
    const scene = fleet(4);
    const { containerInstanceArn } = scene.record('i-2');
    scene.ecs.partialFaults.fail = ({ arn }) => (arn === containerInstanceArn ? 'MISSING' : undefined);
    const { containerInstances, failures } = drainAll(scene);
    expect(failures).toEqual([{ arn: containerInstanceArn, reason: 'MISSING' }]);
    expect(containerInstances.map(({ ec2InstanceId }) => ec2InstanceId)).toEqual(['i-1', 'i-3', 'i-4']);
    const statuses = [1, 2, 3, 4].map((number) => scene.record(`i-${number}`).status);
    expect(statuses).toEqual(['DRAINING', 'ACTIVE', 'DRAINING', 'DRAINING']);
  });

  it.each([
    ['DescribeContainerInstances', 'containerInstances'],
    ['DescribeTasks', 'tasks'],
    ['DescribeServices', 'services'],
  ] as const)('may be %s, which leaves out what failed', (operation, member) => {
    const scene = fleet(4);
    scene.service('web', { desiredCount: 2 });
    scene.service('other', { desiredCount: 0 });
    const named = {
      containerInstances: ['i-1', 'i-2'].map((id) => scene.idOf(id)),
      tasks: scene.live().map(({ taskArn }) => taskArn),
      services: ['web', 'other'],
    }[member];
    const all = scene.call(operation, { [member]: named })[member];
    expect(all).toHaveLength(2);
    let left = 1;
    scene.ecs.partialFaults.fail = (call) =>
      call.operation === operation && left-- > 0 ? 'MISSING' : undefined;
    const { [member]: some, failures } = scene.call(operation, { [member]: named });
    expect(some).toEqual(all.slice(1));
    expect(failures).toMatchObject([{ reason: 'MISSING' }]);
  });

  it('comes by chance to functions that set states, as likely as it is told, and to nobody else', () => {
    const scene = fleet(4);
    scene.ecs.partialFaults.failureProbability = 1;
    expect(drainAll(scene).failures).toEqual([]);
    const again = fleet(4);
    again.ecs.partialFaults.failureProbability = 0.5;
    const counts = Array.from({ length: 50 }, () => drainAll(again, 'sweep').failures.length);
    const sum = counts.reduce((total, count) => total + count, 0);
    expect(sum).toBeGreaterThan(70);
    expect(sum).toBeLessThan(130);
    again.ecs.partialFaults.failureProbability = 0;
    expect(drainAll(again, 'sweep').failures).toEqual([]);
  });
});
