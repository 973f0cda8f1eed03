import { describe, expect, it } from 'vitest';
import { fleet, messagesOf } from './fleet.ts';
import type { Scene } from './scene.ts';

describe('a deployment', () => {
  it('replaces every task under the limits and then completes (D-9.43, D-9.44, D-1.20)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 2 });
    const old = scene.live().map(({ taskArn }) => taskArn);
    scene.definition('web');
    scene.heard();
    const { service } = scene.call('UpdateService', { service: 'web', taskDefinition: 'web' });
    expect(service.deployments.map(({ status }) => status)).toEqual(['PRIMARY', 'ACTIVE']);
    scene.pass(30);
    expect(scene.live()).toHaveLength(4);
    scene.pass(60);
    expect(scene.live()).toHaveLength(2);
    expect(scene.live().some(({ taskArn }) => old.includes(taskArn))).toBe(false);
    const [described] = scene.call('DescribeServices', { services: ['web'] }).services;
    expect(described?.deployments).toMatchObject([{ status: 'PRIMARY', rolloutState: 'COMPLETED' }]);
    const deploymentId = described?.deployments[0]?.id;
    expect(scene.heard('ECS Deployment State Change').map(({ detail }) => detail)).toMatchObject([
      { eventName: 'SERVICE_DEPLOYMENT_IN_PROGRESS', deploymentId },
      { eventName: 'SERVICE_DEPLOYMENT_COMPLETED', deploymentId },
    ]);
  });

  it('is COMPLETED, and its service steady, when the last task of the one before has stopped (D-1.20)', () => {
    const scene = fleet(2);
    scene.definition('web', { 'stop-seconds': 25 });
    scene.service('web', { desiredCount: 2 });
    scene.heard();
    scene.call('UpdateService', { service: 'web', forceNewDeployment: true });
    const states = () =>
      scene
        .call('DescribeServices', { services: ['web'] })
        .services[0]?.deployments.map((each) => `${each.status} ${each.rolloutState} ${each.desiredCount}`);
    scene.pass(60);
    // The new tasks are healthy after 44 s, and the old ones are told to stop then.
    expect(states()).toEqual(['PRIMARY IN_PROGRESS 2', 'ACTIVE COMPLETED 0']);
    scene.pass(60);
    expect(states()).toEqual(['PRIMARY COMPLETED 2']);
    const events = scene.heard();
    const lastStop = events.findLast(({ detail }) => detail.lastStatus === 'STOPPED');
    for (const eventName of ['SERVICE_DEPLOYMENT_COMPLETED', 'SERVICE_STEADY_STATE'])
      expect(events.find(({ detail }) => detail.eventName === eventName)?.at).toBe((lastStop?.at ?? 0) + 1);
  });

  it('is one of several while they have tasks, the newest first, and only the last completes (D-9.41, D-1.20)', () => {
    const scene = fleet(3);
    scene.definition('slow', { 'start-seconds': 300 });
    scene.service('web', { desiredCount: 2 });
    scene.heard();
    const begin = (taskDefinition: string) =>
      scene.call('UpdateService', { service: 'web', taskDefinition }).service.deployments[0]?.id;
    const second = begin('slow');
    scene.pass(10);
    scene.definition('web');
    const third = begin('web');
    const seen = () => scene.call('DescribeServices', { services: ['web'] }).services[0]?.deployments ?? [];
    expect(seen().map(({ status, pendingCount }) => [status, pendingCount])).toEqual([
      ['PRIMARY', 0],
      ['ACTIVE', 2],
      ['ACTIVE', 0],
    ]);
    scene.pass(5);
    expect(seen().map(({ id }) => id)).not.toContain(second);
    scene.pass(120);
    expect(seen()).toMatchObject([{ id: third, status: 'PRIMARY', rolloutState: 'COMPLETED' }]);
    const completed = scene
      .heard()
      .filter(({ detail }) => detail.eventName === 'SERVICE_DEPLOYMENT_COMPLETED');
    expect(completed.map(({ detail }) => detail.deploymentId)).toEqual([third]);
  });

  it('begins with forceNewDeployment, and not when nothing is new (D-9.43)', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 1 });
    const same = scene.call('UpdateService', { service: 'web', taskDefinition: 'web' });
    expect(same.service.deployments).toHaveLength(1);
    const forced = scene.call('UpdateService', { service: 'web', forceNewDeployment: true });
    expect(forced.service.deployments).toHaveLength(2);
    expect(scene.tasksOf('service:web')[0]?.startedBy).toBe(forced.service.deployments[1]?.id);
  });

  it.each([
    [
      'a task of the old one is left',
      (scene: Scene) => scene.call('UpdateService', { service: 'web', forceNewDeployment: true }),
    ],
    ['a task is left on a draining instance', (scene: Scene) => scene.drain('i-1')],
  ])('does not complete while %s (D-1.20, D-2.24)', (_, disturb) => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 1, ...scene.percents(100, 100) }, 20);
    disturb(scene);
    scene.heard();
    scene.pass(600);
    expect(scene.live()).toHaveLength(1);
    expect(scene.heard('ECS Deployment State Change')).toEqual([]);
  });

  it('follows the desired count both ways (D-9.73)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 2 });
    scene.call('UpdateService', { service: 'web', desiredCount: 5 });
    scene.pass(60);
    expect(scene.live()).toHaveLength(5);
    scene.call('UpdateService', { service: 'web', desiredCount: 1 });
    scene.pass(10);
    expect(scene.live()).toHaveLength(1);
  });
});

describe('a steady service', () => {
  it('says so once, and again every six hours (D-1.17a, D-1.19)', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 1 }, 13 * 3600);
    const steady = scene
      .heard('ECS Service Action')
      .filter(({ detail }) => detail.eventName === 'SERVICE_STEADY_STATE');
    expect(steady.map(({ at }) => Math.floor(at / 3600))).toEqual([0, 6, 12]);
    expect(
      messagesOf(scene).filter((message) => message === '(service web) has reached a steady state.'),
    ).toHaveLength(3);
  });

  it('is not steady while a task is left on a draining instance (D-9.52)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 2, ...scene.percents(100, 100) });
    scene.drain('i-1');
    scene.heard();
    scene.pass(13 * 3600);
    expect(scene.heard('ECS Service Action')).toEqual([]);
  });

  it('says so when its tasks are healthy, not when they run (D-2.21, D-9.52)', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 1 });
    const said = scene.heard().filter(({ detail }) => /STEADY|COMPLETED/.test(String(detail.eventName)));
    expect(said.map(({ at }) => at)).toEqual([1 + 3 + 40 + 1, 1 + 3 + 40 + 1]);
  });

  it('says so again when the last drained task is STOPPED (D-9.52)', () => {
    const scene = fleet(2);
    scene.definition('web', { 'stop-seconds': 25 });
    scene.service('web', { desiredCount: 2 });
    scene.heard();
    scene.drain('i-1');
    scene.pass(200);
    const events = scene.heard();
    const stop = events.find(({ detail }) => detail.lastStatus === 'STOPPED');
    const steady = events.find(({ detail }) => detail.eventName === 'SERVICE_STEADY_STATE');
    expect(steady?.at).toBe((stop?.at ?? 0) + 1);
  });

  it('keeps its newest 100 messages (D-1.19)', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 1 });
    for (let round = 0; round < 60; round++) {
      scene.call('StopTask', { task: scene.live()[0]?.taskArn });
      scene.pass(60);
    }
    expect(messagesOf(scene)).toHaveLength(100);
  });
});
