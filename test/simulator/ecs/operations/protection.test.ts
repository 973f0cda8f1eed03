import { describe, expect, it } from 'vitest';
import { fleet, messagesOf, refusal, running } from '../fleet.ts';
import type { Scene } from '../scene.ts';

/** A steady service of so many tasks. */
function steady(desiredCount = 3, switches = {}) {
  const scene = fleet(2, switches);
  scene.service('web', { desiredCount });
  const tasks = scene.live().map(({ taskArn }) => taskArn);
  return { scene, tasks };
}
const protect = (scene: Scene, tasks: readonly string[], more: Record<string, unknown> = {}) =>
  scene.call('UpdateTaskProtection', { tasks, protectionEnabled: true, ...more });
const seen = (scene: Scene, tasks: readonly string[]) =>
  scene.call('GetTaskProtection', { tasks }).protectedTasks;
const wanted = (scene: Scene) =>
  scene
    .live()
    .filter(({ desiredStatus }) => desiredStatus === 'RUNNING')
    .map(({ taskArn }) => taskArn);
const update = (scene: Scene, more: object) => scene.call('UpdateService', { service: 'web', ...more });

describe('UpdateTaskProtection and GetTaskProtection', () => {
  it('protect for two hours, or for as long as is asked, and begin anew each time (D-2.36)', () => {
    const { scene, tasks } = steady();
    const [one = '', other = ''] = tasks;
    const at = (minutes: number) => new Date(Date.parse('2026-05-04T12:01:00Z') + minutes * 60_000);
    expect(protect(scene, [one]).protectedTasks).toEqual([
      { taskArn: one, protectionEnabled: true, expirationDate: at(120) },
    ]);
    protect(scene, [other], { expiresInMinutes: 2880 });
    expect(seen(scene, [one, other])).toMatchObject([
      { expirationDate: at(120) },
      { expirationDate: at(2880) },
    ]);
    protect(scene, [other], { expiresInMinutes: 1 });
    expect(seen(scene, [other])).toMatchObject([{ expirationDate: at(1) }]);
    scene.pass(60);
    expect(seen(scene, [other])).toEqual([{ taskArn: other, protectionEnabled: false }]);
    protect(scene, [one], { protectionEnabled: false });
    expect(seen(scene, [one])).toEqual([{ taskArn: one, protectionEnabled: false }]);
  });

  it('are for running tasks of services: the others are failures (D-9.60)', () => {
    const { scene, tasks } = steady();
    const [stopping = ''] = tasks;
    scene.call('StopTask', { task: stopping });
    scene.definition('job');
    const alone = scene.call('RunTask', { taskDefinition: 'job' }).tasks[0]?.taskArn ?? '';
    for (const reply of [
      protect(scene, [alone, stopping, '0'.repeat(32)]),
      scene.call('GetTaskProtection', { tasks: [alone, stopping, '0'.repeat(32)] }),
    ]) {
      expect(reply.protectedTasks).toEqual([]);
      expect(reply.failures.map(({ reason }) => reason)).toEqual([
        'TASK_NOT_VALID',
        'TASK_NOT_VALID',
        'MISSING',
      ]);
    }
  });

  it.each([
    [{ expiresInMinutes: 0 }, 'expiresInMinutes: expected a whole number from 1 to 2880, got 0.'],
    [{ expiresInMinutes: 2881 }, 'expiresInMinutes: expected a whole number'],
    [{ expiresInMinutes: 5, protectionEnabled: false }, 'expiresInMinutes: only possible when'],
    [{ protectionEnabled: 'yes' }, 'protectionEnabled: expected true or false, got "yes".'],
    [{ tasks: [] }, 'Tasks cannot be empty.'],
    [{ tasks: Array.from({ length: 11 }, (_, n) => `${n}`) }, 'Tasks can have at most 10 items.'],
    [{ cluster: 'other' }, 'Cluster not found.'],
  ])('refuse %j (D-2.36, D-5.14)', (more, expected) => {
    const { scene, tasks } = steady();
    expect(refusal(() => protect(scene, tasks.slice(0, 1), more))).toContain(expected);
    expect(seen(scene, tasks.slice(0, 1))).toMatchObject([{ protectionEnabled: false }]);
    expect(refusal(() => scene.call('GetTaskProtection', { tasks: Array(101).fill('a') }))).toContain(
      'Tasks can have at most 100 items.',
    );
  });
});

describe('a protected task', () => {
  it('is not chosen when the service scales in (D-2.36)', () => {
    const { scene, tasks } = steady(4);
    const kept = tasks.slice(0, 2);
    protect(scene, kept);
    update(scene, { desiredCount: 2 });
    scene.pass(60);
    expect(wanted(scene).sort()).toEqual([...kept].sort());
  });

  it('keeps the service above its desired count, which it says, until the protection ends (D-2.37)', () => {
    const { scene, tasks } = steady(3);
    protect(scene, tasks.slice(0, 2), { expiresInMinutes: 10 });
    update(scene, { desiredCount: 1 });
    scene.pass(60);
    expect(wanted(scene).sort()).toEqual(tasks.slice(0, 2).sort());
    const message =
      '(service web) was unable to scale in to desired count because number of protected tasks is more than the desired count of tasks.';
    expect(messagesOf(scene).filter((each) => each === message)).toHaveLength(1);
    scene.pass(10 * 60);
    expect(wanted(scene)).toHaveLength(1);
  });

  it('outlives a deployment, which completes when the protection ends (D-2.36)', () => {
    const { scene, tasks } = steady(2);
    const [kept = ''] = tasks;
    protect(scene, [kept], { expiresInMinutes: 10 });
    update(scene, { forceNewDeployment: true });
    scene.pass(300);
    expect(wanted(scene)).toContain(kept);
    expect(wanted(scene)).toHaveLength(3);
    const deployments = () => scene.call('DescribeServices', { services: ['web'] }).services[0]?.deployments;
    expect(deployments()).toHaveLength(2);
    scene.pass(600);
    expect(wanted(scene)).not.toContain(kept);
    expect(deployments()).toMatchObject([{ rolloutState: 'COMPLETED' }]);
  });

  it('blocks the protection of others while it alone keeps a deployment from its end (D-2.37)', () => {
    const { scene, tasks } = steady(2);
    const [kept = ''] = tasks;
    protect(scene, [kept]);
    update(scene, { forceNewDeployment: true });
    const fresh = () => wanted(scene).find((arn) => !tasks.includes(arn)) ?? '';
    scene.pass(10);
    expect(protect(scene, [fresh()], { expiresInMinutes: 1 }).failures).toEqual([]);
    scene.pass(300);
    expect(protect(scene, [fresh()])).toMatchObject({
      protectedTasks: [],
      failures: [{ arn: fresh(), reason: 'DEPLOYMENT_BLOCKED' }],
    });
    expect(protect(scene, [kept], { protectionEnabled: false }).failures).toEqual([]);
  });

  it('goes with a task that StopTask names, and with a service that is deleted', () => {
    const { scene, tasks } = steady(2);
    protect(scene, tasks);
    scene.call('StopTask', { task: tasks[0] });
    scene.pass(60);
    expect(wanted(scene)).not.toContain(tasks[0]);
    scene.call('DeleteService', { service: 'web', force: true });
    scene.pass(60);
    expect(scene.live()).toEqual([]);
  });

  it.each([
    [false, 0],
    [true, 1],
  ])(
    'while its instance drains: with the switch %s, %i stay (D-2.36, D-11.2)',
    (protectionHoldsDraining, left) => {
      const { scene } = steady(4, { protectionHoldsDraining });
      const [held] = scene.tasksOn('i-1');
      protect(scene, [held?.taskArn ?? ''], { expiresInMinutes: 30 });
      scene.drain('i-1');
      scene.pass(600);
      expect(running(scene, 'i-1')).toBe(left);
      scene.pass(30 * 60);
      expect(running(scene, 'i-1')).toBe(0);
    },
  );

  it.each([
    ['is stopped all the same', false, 2],
    ['stays, replaced, until its protection ends: a switch', true, 3],
  ])('of a task that fails its health check: it %s (D-2.36, D-14.3)', (_, holds, count) => {
    const scene = fleet(2, { protectionHoldsUnhealthy: holds });
    scene.definition('web', {}, { healthCheck: { command: ['CMD', 'true'] } });
    scene.service('web', {}, 120);
    const [ill = ''] = wanted(scene);
    protect(scene, [ill], { expiresInMinutes: 30 });
    scene.failCheck(ill);
    scene.pass(300);
    expect(wanted(scene).includes(ill)).toBe(holds);
    expect(wanted(scene)).toHaveLength(count);
    scene.pass(30 * 60);
    expect(wanted(scene)).not.toContain(ill);
    expect(wanted(scene)).toHaveLength(2);
    expect(scene.ecs.taskRecords()[0]?.stop?.stoppedReason).toBe('Task failed container health checks');
  });

  it.each([
    [false, 0],
    [true, 1],
  ])('of an unhealthy daemon: with the switch %s, %i stays (D-2.36)', (protectionHoldsUnhealthy, left) => {
    const scene = fleet(1, { protectionHoldsUnhealthy });
    scene.definition('log', {}, { healthCheck: { command: ['CMD', 'true'] } });
    const daemon = { schedulingStrategy: 'DAEMON', taskDefinition: 'log', desiredCount: undefined };
    scene.service('log', daemon, 120);
    const [ill = ''] = wanted(scene);
    protect(scene, [ill]);
    scene.failCheck(ill);
    scene.pass(60);
    expect(wanted(scene).filter((arn) => arn === ill)).toHaveLength(left);
  });

  it('of the daemon kind is left by a deployment, too (D-2.36)', () => {
    const scene = fleet(2);
    scene.service('log', { schedulingStrategy: 'DAEMON', desiredCount: undefined });
    const [kept = ''] = wanted(scene);
    protect(scene, [kept]);
    scene.call('UpdateService', { service: 'log', forceNewDeployment: true });
    scene.pass(300);
    expect(wanted(scene)).toContain(kept);
    expect(wanted(scene)).toHaveLength(2);
  });
});
