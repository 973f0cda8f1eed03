import { describe, expect, it } from 'vitest';
import { Scene } from '../scene.ts';

describe('clusters', () => {
  it('are created once, `default` without a name, and listed (D-9.21)', () => {
    const scene = new Scene();
    expect(scene.call('CreateCluster').cluster).toMatchObject({ clusterName: 'default', status: 'ACTIVE' });
    expect(scene.call('CreateCluster').cluster).toMatchObject({ clusterName: 'default' });
    expect(scene.call('ListClusters').clusterArns).toEqual([
      'arn:aws:ecs:eu-west-1:111122223333:cluster/default',
      'arn:aws:ecs:eu-west-1:111122223333:cluster/demo',
    ]);
    expect(() => scene.call('CreateCluster', { clusterName: 'a b' })).toThrow(
      'clusterName: expected text like',
    );
  });

  it('count ACTIVE and DRAINING instances as registered (D-2.11, D-9.24)', () => {
    const scene = new Scene();
    for (const id of ['i-1', 'i-2', 'i-3']) scene.instance(id);
    scene.definition('web');
    scene.service('web', { desiredCount: 2 });
    scene.drain('i-1');
    scene.terminate('i-3');
    const input = { clusters: ['demo', 'other'], include: ['STATISTICS'] };
    const { clusters, failures } = scene.call('DescribeClusters', input);
    expect(clusters).toMatchObject([
      {
        registeredContainerInstancesCount: 2,
        runningTasksCount: 2,
        pendingTasksCount: 0,
        activeServicesCount: 1,
      },
    ]);
    expect(clusters[0]?.statistics).toContainEqual({ name: 'runningEC2TasksCount', value: '2' });
    expect(failures).toEqual([
      { arn: 'arn:aws:ecs:eu-west-1:111122223333:cluster/other', reason: 'MISSING' },
    ]);
  });

  it('show settings, statistics and tags only when asked (D-9.25)', () => {
    const scene = new Scene();
    const tags = [{ key: 'a', value: 'b' }];
    scene.call('CreateCluster', { clusterName: 'tagged', tags });
    const seen = (include?: string[]) =>
      scene.call('DescribeClusters', { clusters: ['tagged'], include }).clusters[0];
    expect(seen()).toMatchObject({ tags: [], settings: [], statistics: [] });
    expect(seen(['TAGS', 'SETTINGS'])).toMatchObject({ tags, settings: [{ name: 'containerInsights' }] });
  });
});
