import { describe, expect, it } from 'vitest';
import { Scene } from '../scene.ts';

function scene() {
  const one = new Scene();
  one.instance('i-1');
  one.definition('web', { 'stop-seconds': 10 });
  return one;
}
const run = (one: Scene, more = {}) => one.call('RunTask', { taskDefinition: 'web', ...more });

describe('ListTasks', () => {
  it('shows RUNNING by default, and a task being stopped only under STOPPED (D-2.31)', () => {
    const one = scene();
    const arn = run(one).tasks[0]?.taskArn ?? '';
    one.pass(10);
    expect(one.list('i-1')).toEqual([arn]);
    one.call('StopTask', { task: arn });
    expect(one.call('DescribeTasks', { tasks: [arn] }).tasks).toMatchObject([{ lastStatus: 'RUNNING' }]);
    expect(one.list('i-1')).toEqual([]);
    expect(one.list('i-1', 'RUNNING')).toEqual([]);
    expect(one.list('i-1', 'STOPPED')).toEqual([arn]);
    one.pass(60);
    expect(one.list('i-1', 'STOPPED')).toEqual([arn]);
  });

  it('never finds anything PENDING (D-2.31)', () => {
    const one = scene();
    run(one);
    expect(one.list('i-1', 'PENDING')).toEqual([]);
    expect(one.list('i-1')).toHaveLength(1);
  });

  it('filters by instance, family, service and startedBy', () => {
    const one = scene();
    one.instance('i-2');
    one.definition('job');
    one.service('web', { desiredCount: 2 });
    run(one, { taskDefinition: 'job', startedBy: 'me' });
    const count = (input: Record<string, unknown>) => one.call('ListTasks', input).taskArns.length;
    expect(count({})).toBe(3);
    expect(count({ family: 'job' })).toBe(1);
    expect(count({ serviceName: 'web' })).toBe(2);
    expect(count({ startedBy: 'me' })).toBe(1);
    expect(count({ startedBy: one.tasksOf('service:web')[0]?.startedBy })).toBe(2);
    expect(count({ containerInstance: one.record('i-1').containerInstanceArn })).toBe(
      one.tasksOn('i-1').length,
    );
    expect(count({ launchType: 'FARGATE' })).toBe(0);
    expect(() => count({ startedBy: 'me', family: 'job' })).toThrow('startedBy: cannot be combined');
    expect(() => count({ serviceName: 'other' })).toThrow('Service not found.');
  });
});

describe('DescribeTasks', () => {
  it('answers for 1 to 100 tasks, with failures MISSING (D-5.14, D-9.60)', () => {
    const one = scene();
    const arn = run(one).tasks[0]?.taskArn ?? '';
    const { tasks, failures } = one.call('DescribeTasks', { tasks: [arn.split('/').at(-1), '0'.repeat(32)] });
    expect(tasks).toMatchObject([{ taskArn: arn, launchType: 'EC2', group: 'family:web' }]);
    expect(failures).toEqual([
      {
        arn: 'arn:aws:ecs:eu-west-1:111122223333:task/demo/00000000000000000000000000000000',
        reason: 'MISSING',
      },
    ]);
    const many = Array.from({ length: 101 }, (_, number) => `${number}`);
    expect(() => one.call('DescribeTasks', { tasks: many })).toThrow('Tasks can have at most 100 items.');
    expect(() => one.call('DescribeTasks', { tasks: [] })).toThrow('Tasks cannot be empty.');
  });

  it('gives the times of a life in their order, what asked for its end, and nothing that has not been (D-9.32)', () => {
    const one = scene();
    const arn = run(one).tasks[0]?.taskArn ?? '';
    const seen = () => one.call('DescribeTasks', { tasks: [arn] }).tasks[0] as Record<string, unknown>;
    const times = ['createdAt', 'startedAt', 'stoppingAt', 'executionStoppedAt', 'stoppedAt'];
    const given = () => times.filter((name) => seen()[name] !== undefined);
    expect(given()).toEqual(['createdAt']);
    one.pass(10);
    expect(given()).toEqual(['createdAt', 'startedAt']);
    one.call('StopTask', { task: arn, reason: 'enough' });
    expect(given()).toEqual(['createdAt', 'startedAt', 'stoppingAt']);
    one.pass(60);
    const past = times.map((name) => Number(seen()[name]));
    expect(past).toEqual(past.toSorted((a, b) => a - b));
    expect(seen()).toMatchObject({
      stopCode: 'UserInitiated',
      stoppedReason: 'enough',
      healthStatus: 'UNKNOWN',
    });
  });

  it('shows tags when asked, until the task is told to stop (D-9.31, D-9.63)', () => {
    const one = scene();
    const tags = [{ key: 'team', value: 'a' }];
    const arn = run(one, { tags }).tasks[0]?.taskArn ?? '';
    const seen = (include?: string[]) => one.call('DescribeTasks', { tasks: [arn], include }).tasks[0]?.tags;
    expect([seen(), seen(['TAGS'])]).toEqual([undefined, tags]);
    one.call('StopTask', { task: arn });
    expect(seen(['TAGS'])).toEqual([]);
  });
});

describe('RunTask', () => {
  it('is an error without active instances (D-6.7)', () => {
    const one = new Scene();
    one.definition('web');
    expect(() => run(one)).toThrow('No Container Instances were found in your cluster.');
    one.instance('i-1');
    one.drain('i-1');
    expect(() => run(one)).toThrow('No Container Instances were found in your cluster.');
  });

  it('places up to ten tasks and names the instances that had no room (D-5.14, D-9.59)', () => {
    const one = scene();
    const { tasks, failures } = run(one, { count: 10 });
    expect(tasks).toHaveLength(8);
    expect(failures).toEqual([{ arn: one.record('i-1').containerInstanceArn, reason: 'RESOURCE:CPU' }]);
    expect(() => run(one, { count: 11 })).toThrow('count: expected a whole number from 1 to 10, got 11.');
  });

  it('answers the same token with the same tasks, and refuses it for something else', () => {
    const one = scene();
    const clientToken = 'token';
    const first = run(one, { clientToken });
    expect(run(one, { clientToken }).tasks).toEqual(first.tasks);
    expect(one.live()).toHaveLength(1);
    expect(() => run(one, { clientToken, count: 2 })).toThrow('clientToken');
  });

  it.each([
    [{ launchType: 'FARGATE' }, 'Task definition does not support launch_type FARGATE.'],
    [{ propagateTags: 'SERVICE' }, 'propagateTags'],
    [
      { capacityProviderStrategy: [{ capacityProvider: 'spot' }] },
      'The specified capacity provider was not found.',
    ],
    [{ taskDefinition: 'other' }, 'Unable to describe task definition.'],
    [{ startedBy: 'not this one' }, 'startedBy: expected text like'],
    [{ tags: [{ key: 'aws:mine', value: '' }] }, 'key: expected text like'],
  ])('refuses %j', (more, message) => {
    expect(() => run(scene(), more)).toThrow(message);
  });
});

describe('StopTask', () => {
  it('knows its task, takes a reason of 255 characters, and does nothing the second time', () => {
    const one = scene();
    const task = run(one).tasks[0]?.taskArn;
    one.pass(10);
    expect(() => one.call('StopTask', { task: '0'.repeat(32) })).toThrow(
      'The referenced task was not found.',
    );
    expect(() => one.call('StopTask', { task, reason: 'x'.repeat(256) })).toThrow(
      'reason: expected text like',
    );
    one.call('StopTask', { task });
    one.heard();
    const again = one.call('StopTask', { task, reason: 'other' });
    expect(again.task).toMatchObject({ stoppedReason: 'Task stopped by user' });
    expect(one.heard()).toEqual([]);
  });
});
