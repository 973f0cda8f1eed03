import { describe, expect, it } from 'vitest';
import { balanced, fleet, messagesOf } from './fleet.ts';
import { type Scene, targetGroupArn } from './scene.ts';

/** Messages of a service, the oldest first, with names for what has no fixed name. */
const told = (scene: Scene) =>
  messagesOf(scene)
    .toReversed()
    .map((message) => message.replaceAll(/\(task \w+\)/g, '(task)').replaceAll(/ecs-svc\/\d+/g, 'ecs-svc'));

describe('the messages of a service (D-1.19)', () => {
  it('tell of tasks, targets, the deployment and the steady state, in order (D-2.34)', () => {
    const scene = fleet(2);
    scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 20, healthySeconds: 10 });
    scene.service('web', { desiredCount: 2, ...balanced });
    scene.call('UpdateService', { service: 'web', desiredCount: 1 });
    scene.pass(60);
    expect(told(scene)).toEqual([
      '(service web) has started 2 tasks: (task) (task).',
      `(service web) registered 2 targets in (target-group ${targetGroupArn})`,
      '(service web) (deployment ecs-svc) deployment completed.',
      '(service web) has reached a steady state.',
      '(service web) has stopped 1 running tasks: (task).',
      `(service web) deregistered 1 targets in (target-group ${targetGroupArn})`,
      '(service web, taskSet ecs-svc) has begun draining connections on 1 tasks.',
      '(service web) has reached a steady state.',
    ]);
  });

  it('tell of pending tasks apart, which have no event about a stop of running tasks (D-1.17e)', () => {
    const scene = fleet(1);
    scene.definition('web', { 'start-seconds': 600 });
    scene.service('web', { desiredCount: 2 }, 10);
    scene.call('UpdateService', { service: 'web', desiredCount: 0 });
    scene.pass(10);
    expect(told(scene)[1]).toBe('(service web) stopped 2 pending tasks.');
    expect(scene.heard().filter(({ detail }) => detail.eventName === 'TASKS_STOPPED')).toEqual([]);
  });

  it('name the task set with another controller (D-9.50)', () => {
    const scene = fleet(1);
    scene.call('CreateService', {
      serviceName: 'web',
      desiredCount: 1,
      deploymentController: { type: 'EXTERNAL' },
    });
    const { taskSet } = scene.call('CreateTaskSet', { service: 'web', taskDefinition: 'web' });
    scene.pass(60);
    expect(told(scene)[0]).toBe('(service web, taskSet ecs-svc) has started 1 tasks: (task).');
    expect(messagesOf(scene).at(-1)).toContain(taskSet.id);
  });

  it('leave out why a task found no place until it is resolved, and then say it anew (D-1.19, D-1.17m)', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 9 }, 600);
    const refusals = () => messagesOf(scene).filter((message) => message.includes('unable to place')).length;
    expect(refusals()).toBe(1);
    scene.call('UpdateService', { service: 'web', desiredCount: 8 });
    scene.pass(60);
    scene.call('UpdateService', { service: 'web', desiredCount: 9 });
    scene.pass(600);
    expect(refusals()).toBe(2);
  });

  it('and events do not tell of a desired count that somebody changed (D-1.17d)', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 1 });
    scene.call('UpdateService', { service: 'web', desiredCount: 3 });
    scene.pass(60);
    expect(
      scene.heard().filter(({ detail }) => detail.eventName === 'SERVICE_DESIRED_COUNT_UPDATED'),
    ).toEqual([]);
  });
});
