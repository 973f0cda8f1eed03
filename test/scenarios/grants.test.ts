import { beforeAll, describe, expect, it } from 'vitest';
import { stewardHook, tagGroup } from '../../demo/cluster.ts';
import { compileWith } from '../stack/package.ts';
import { grantsOf, Needs, rolesOf, unusedGrants } from './granted.ts';
import { parts } from './granted-run.ts';
import { groupName, Scene } from './scene.ts';

describe('the roles of the packaged stack, over a run of everything that it is for', () => {
  const needs = new Needs();
  const denied: string[] = [];
  let roles: ReturnType<typeof rolesOf> = [];

  beforeAll(async () => {
    for (const { what, run } of parts) {
      const account = await run((begun) => needs.watch(begun));
      const refused = account.endpoint.calls.filter(
        ({ functionName, outcome }) => functionName !== undefined && outcome.startsWith('AccessDenied'),
      );
      denied.push(...refused.map(({ functionName, operation }) => `${what}: ${functionName} ${operation}`));
      roles = rolesOf(account);
    }
  }, 300_000);

  it('grant every action that a function uses', () => {
    expect(denied).toEqual([]);
    expect(roles.flatMap(({ arn }) => needs.of(arn)).length).toBeGreaterThan(50);
  });

  it('grant nothing, action by action and resource by resource, that no function uses', () => {
    expect(grantsOf(roles).length).toBeGreaterThan(50);
    expect(unusedGrants(roles, needs)).toEqual([]);
  });
});
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
