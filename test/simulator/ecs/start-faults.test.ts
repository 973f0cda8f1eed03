import { describe, expect, it } from 'vitest';
import { fleet, messagesOf, refusal } from './fleet.ts';
import type { Scene } from './scene.ts';

const actions = (scene: Scene, eventName: string) =>
  scene.heard('ECS Service Action').filter(({ detail }) => detail.eventName === eventName);
const throttled = '(service web) operations are being throttled. Will try again later.';
const roleArn = 'arn:aws:iam::111122223333:role/worker';
const noRole = `ECS was unable to assume the role '${roleArn}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role.`;
const noTags =
  'The new ARN and resource ID format must be enabled to add tags to the task. Opt in to the new format and try again.';
const webTasks = (scene: Scene) => scene.tasksOf('service:web').length;

describe('a scheduler that limits of ECS hold back', () => {
  it('starts nothing, says so once in a message and an event, and goes on when they do not (D-1.17k, D-14.62)', () => {
    const scene = fleet(2);
    scene.hold({ schedulerThrottled: true });
    scene.service('web', {}, 3600);
    expect(webTasks(scene)).toBe(0);
    expect(messagesOf(scene)).toEqual([throttled]);
    expect(actions(scene, 'ECS_OPERATION_THROTTLED')).toMatchObject([{ detail: { eventType: 'ERROR' } }]);
    scene.pass(5 * 3600);
    scene.call('UpdateService', { service: 'web', desiredCount: 3 });
    scene.pass(3600);
    expect(messagesOf(scene)).toEqual([throttled, throttled]);
    scene.hold({ schedulerThrottled: false });
    scene.pass(60);
    expect(webTasks(scene)).toBe(3);
    expect(messagesOf(scene)[0]).toBe('(service web) has reached a steady state.');
  });

  it('holds up a drain at 100 %, and a daemon of a new instance (D-1.17k, D-2.18)', () => {
    const scene = fleet(2);
    scene.service('web');
    scene.service('log', { schedulingStrategy: 'DAEMON', desiredCount: undefined });
    scene.hold({ schedulerThrottled: true });
    scene.drain('i-1');
    scene.instance('i-3');
    scene.pass(1800);
    expect(scene.tasksOn('i-1').map(({ group }) => group)).toContain('service:web');
    expect(scene.tasksOn('i-3')).toEqual([]);
    scene.hold({ schedulerThrottled: false });
    scene.pass(120);
    expect(scene.tasksOn('i-1')).toEqual([]);
    expect(scene.tasksOn('i-3').map(({ group }) => group)).toContain('service:log');
  });

  it('stops what it has too much of all the same (D-14.62)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 4 });
    scene.hold({ schedulerThrottled: true });
    scene.call('UpdateService', { service: 'web', desiredCount: 1 });
    scene.pass(60);
    expect(webTasks(scene)).toBe(1);
    expect(messagesOf(scene)).not.toContain(throttled);
  });
});

describe('a service whose configuration lets no task start', () => {
  it.each([['taskRoleArn'], ['executionRoleArn']])(
    'says that ECS cannot assume its %s, once, and goes on when it can (D-1.17n, D-14.63)',
    (name) => {
      const scene = fleet(1);
      scene.definition('web', {}, {}, { [name]: roleArn });
      scene.hold({ unassumableRoles: [roleArn] });
      scene.service('web', {}, 3600);
      expect(webTasks(scene)).toBe(0);
      expect(messagesOf(scene)).toEqual([`(service web) failed to launch a task with (error ${noRole}).`]);
      expect(actions(scene, 'SERVICE_TASK_CONFIGURATION_FAILURE')).toMatchObject([
        { detail: { eventType: 'ERROR', reason: noRole } },
      ]);
      expect(refusal(() => scene.call('RunTask', { taskDefinition: 'web' }))).toBe(
        `ClientException: ${noRole}`,
      );
      scene.hold({ unassumableRoles: [] });
      scene.pass(60);
      expect(webTasks(scene)).toBe(2);
    },
  );

  it('says that its tasks cannot have tags where its creator has opted out of the ARNs for them (D-1.17n, D-9.56)', () => {
    const scene = fleet(1);
    scene.call('PutAccountSetting', { name: 'taskLongArnFormat', value: 'disabled' });
    scene.service('web', { propagateTags: 'SERVICE', tags: [{ key: 'a', value: 'b' }] });
    expect(webTasks(scene)).toBe(0);
    expect(messagesOf(scene)).toEqual([`(service web) failed to launch a task with (error ${noTags}).`]);
    scene.call('PutAccountSetting', { name: 'taskLongArnFormat', value: 'enabled' });
    scene.pass(70);
    expect(webTasks(scene)).toBe(2);
  });

  it('holds up the replacements of a drain, and of daemons (D-1.17n, D-2.18)', () => {
    const scene = fleet(2);
    scene.definition('log', {}, {}, { taskRoleArn: roleArn });
    scene.service('log', { taskDefinition: 'log', schedulingStrategy: 'DAEMON', desiredCount: undefined });
    scene.hold({ unassumableRoles: [roleArn] });
    scene.instance('i-3');
    scene.pass(300);
    expect(scene.tasksOn('i-3')).toEqual([]);
    expect(messagesOf(scene, 'log')[0]).toContain('failed to launch a task with (error ECS was unable');
    scene.hold({ unassumableRoles: [] });
    scene.pass(60);
    expect(scene.tasksOn('i-3')).toHaveLength(1);
  });

  it('cannot have tags itself where its ARN has the old form (D-9.56)', () => {
    const scene = fleet(1);
    scene.call('PutAccountSetting', { name: 'serviceLongArnFormat', value: 'disabled' });
    const tagged = () => scene.service('web', { tags: [{ key: 'a', value: 'b' }] });
    expect(refusal(tagged)).toBe(
      'InvalidParameterException: The new ARN and resource ID format must be enabled to add tags to the service. Opt in to the new format and try again.',
    );
  });
});
