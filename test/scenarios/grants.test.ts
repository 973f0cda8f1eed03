import { describe, expect, it } from 'vitest';
import { stewardHook, tagGroup } from '../../demo/cluster.ts';
import { compileWith } from '../stack/package.ts';
import { groupName, Scene } from './scene.ts';

describe('the roles of the packaged stack', () => {
  it('allow every call of a departure', async () => {
    const scene = await Scene.open();
    const instanceId = scene.terminate();
    await scene.account.advance(180);
    expect(scene.denied).toEqual([]);
    expect(scene.departure(instanceId).endedBy).toBe('complete');
  });

  it('of a deployment for another cluster deny everything about this one: AccessDenied, and nothing drains', async () => {
    const template: unknown = JSON.parse(compileWith('--param=clusters=another'));
    const scene = await Scene.open({ template, unenrolled: true });
    tagGroup(scene.account, groupName, { 'ecs-steward:cluster': 'shop' });
    // The sweep may not put the hook either, so somebody else does.
    await scene.account.advance(62);
    expect(scene.denied).toContain('sweep PutLifecycleHook');
    scene.putHook(stewardHook, 1800);
    const instanceId = scene.terminate();
    await scene.account.advance(180);
    expect(scene.denied).toContain('admit DescribeClusters');
    expect(scene.denied).toContain('sweep DescribeContainerInstances');
    expect(scene.writes.filter(({ outcome }) => outcome === 'ok')).toEqual([]);
    expect(scene.account.ecs.containerInstanceRecords().map(({ status }) => status)).not.toContain(
      'DRAINING',
    );
    expect(scene.departure(instanceId)).toMatchObject({ completedAt: undefined, tasksKilled: 0 });
  });
});
