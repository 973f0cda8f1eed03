import { describe, expect, it } from 'vitest';
import { createGroup, hasHook, tagGroup } from '../../demo/cluster.ts';
import { packagedTemplate } from '../../demo/install.ts';
import type { DepartureReport } from '../../demo/report.ts';
import type { Template } from '../stack/template.ts';
import { Deployment } from './deployment.ts';
import { clusterName, groupName, type Scene, service } from './scene.ts';

const slow = service({ stopSeconds: 30 });
/** Its tasks can neither stop nor start elsewhere, so that an instance is held for 50 minutes (D-2.24). */
const stuck = service({ desiredCount: 3, minimumHealthyPercent: 100, maximumPercent: 100 });

/** How it stands with a stack that refused to go: all but one of its resources are there. */
const refused = ['ServerlessDeploymentBucketPolicy'];

const over = (scene: Scene) => scene.departures.filter(({ completedAt }) => completedAt !== undefined);
const ec2State = (scene: Scene, instanceId: string) =>
  scene.account.ec2.all().find((instance) => instance.instanceId === instanceId)?.state;

/** Nothing of the stack is left in the account. */
function expectGone({ account }: Scene): void {
  expect(account.lambda.all()).toEqual([]);
  expect(account.sqs.all()).toEqual([]);
  expect(account.call('events', 'ListRules', {}).Rules).toEqual([]);
}

/** The reason that CloudFormation gives for what failed last. */
const reasonOf = ({ events }: Deployment) =>
  events.findLast(
    ({ ResourceStatus, LogicalResourceId }) =>
      ResourceStatus === 'DELETE_FAILED' && LogicalResourceId === 'Uninstall',
  )?.ResourceStatusReason;

describe('deleting the stack while nothing waits', () => {
  it('leaves no hook of ours on any group, whatever its tags, and nothing of the stack', async () => {
    const { scene, deployment } = await Deployment.open({ services: [slow] });
    const { account } = scene;
    createGroup(account, { clusterName, autoScalingGroupName: 'left', desiredCapacity: 0 });
    tagGroup(account, 'left', { 'ecs-steward:cluster': clusterName });
    await account.until('the hook', () => hasHook(account, 'left'), 120);
    account.call('autoscaling', 'DeleteTags', {
      Tags: [{ ResourceId: 'left', ResourceType: 'auto-scaling-group', Key: 'ecs-steward:cluster' }],
    });
    expect(await deployment.remove()).toBe('DELETE_COMPLETE');
    expect([groupName, 'left'].filter((name) => hasHook(account, name))).toEqual([]);
    expect(deployment.deleted[1]).toBe('Uninstall');
    expectGone(scene);
    expect(scene.denied).toEqual([]);
  });

  it('lets instances go at once from then on', async () => {
    const { scene, deployment } = await Deployment.open({ services: [slow] });
    await deployment.remove();
    const instanceId = scene.terminate();
    await scene.account.advance(90);
    expect(ec2State(scene, instanceId)).toBe('terminated');
    expect(scene.departures).toEqual([]);
  });
});

describe('deleting the stack while an instance waits', () => {
  it.each<[string, (departure: DepartureReport) => number]>([
    ['before anybody has heard of it', () => 0],
    ['while its tasks stop', () => 20],
    [
      'when its last task has just stopped',
      ({ terminateAt, lastStoppedAt = 0 }) => (lastStoppedAt - terminateAt) / 1000,
    ],
  ])('fails %s and changes nothing for it; deleted again, the stack goes', async (_, secondsOf) => {
    const wish = { services: [slow], seed: 4 };
    const undisturbed = await Deployment.open(wish);
    const without = await undisturbed.scene.ended(undisturbed.scene.terminate());
    const { scene, deployment } = await Deployment.open(wish);
    const instanceId = scene.terminate();
    await scene.account.advance(secondsOf(without));
    expect(over(scene)).toEqual([]);
    expect(await deployment.remove()).toBe('DELETE_FAILED');
    expect(deployment.deleted).toEqual(refused);
    const text = `1 instance waits on the lifecycle hook .* Waiting: ${instanceId} in ${groupName}`;
    expect(reasonOf(deployment)).toMatch(new RegExp(text));
    expect(await scene.ended(instanceId)).toEqual(without);
    await scene.account.advance(120);
    expect(hasHook(scene.account, groupName)).toBe(true);
    expect(await deployment.remove()).toBe('DELETE_COMPLETE');
    expect(hasHook(scene.account, groupName)).toBe(false);
    expectGone(scene);
  });

  it('fails as often as it is tried', async () => {
    const { scene, deployment } = await Deployment.open({ services: [stuck] });
    const instanceId = scene.terminate();
    await scene.account.advance(15);
    for (let i = 0; i < 3; i++) {
      expect(await deployment.remove()).toBe('DELETE_FAILED');
      await scene.account.advance(600);
    }
    expect(deployment.deleted).toEqual(refused);
    expect(await scene.ended(instanceId)).toMatchObject({ isEarly: false, endedBy: 'complete' });
  });

  it('succeeds where the group is forced, and lets the instance go', async () => {
    const { scene, deployment } = await Deployment.open({ services: [stuck] });
    const instanceId = scene.terminate();
    await scene.account.advance(15);
    expect(await deployment.remove()).toBe('DELETE_FAILED');
    expect(reasonOf(deployment)).toContain('ecs-steward:uninstall = force');
    tagGroup(scene.account, groupName, { 'ecs-steward:uninstall': 'force' });
    expect(await deployment.remove()).toBe('DELETE_COMPLETE');
    expect(scene.departure(instanceId).endedBy).toBe('hook-deleted');
    await scene.account.advance(90);
    expect(ec2State(scene, instanceId)).toBe('terminated');
    expectGone(scene);
  });

  it('fails where the instance is told to go only after the stack was told to', async () => {
    const { scene, deployment } = await Deployment.open({ services: [slow] });
    deployment.beginRemoval();
    await scene.account.advance(100);
    const instanceId = scene.terminate();
    expect(await deployment.settled()).toBe('DELETE_FAILED');
    expect(deployment.deleted).toEqual(refused);
    expect(await scene.ended(instanceId)).toMatchObject({
      isEarly: false,
      tasksKilled: 0,
      endedBy: 'complete',
    });
  });
});

describe('a second stack, which fails on the name of the lane', () => {
  it('takes no hook of the first one away when it is rolled back and deleted', async () => {
    const { scene } = await Deployment.open({ services: [slow] });
    const second = new Deployment(scene.account, 'ecs-steward-dev');
    const text = JSON.stringify(packagedTemplate()).replaceAll('ecs-steward-prod', 'ecs-steward-dev');
    const template = JSON.parse(text) as Template;
    await second.createBucket(template);
    await second.beginUpdate(template);
    expect(await second.settled()).toBe('UPDATE_ROLLBACK_COMPLETE');
    const failed = second.events.filter(({ ResourceStatus }) => ResourceStatus === 'CREATE_FAILED');
    expect(failed.map(({ LogicalResourceId }) => LogicalResourceId)).toContain('Lane');
    expect(await second.remove()).toBe('DELETE_COMPLETE');
    expect(hasHook(scene.account, groupName)).toBe(true);
    expect(await scene.leave()).toMatchObject({ isEarly: false, tasksKilled: 0, endedBy: 'complete' });
  });
});
