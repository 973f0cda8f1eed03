import { describe, expect, it } from 'vitest';
import { Scene, statuses } from './scene.ts';

const versionInfo = { agentVersion: '1.104.0', agentHash: 'old', dockerVersion: 'DockerVersion: 24.0.5' };

/** An instance `i-1` with a service of one task and a task of RunTask. */
function scene() {
  const one = new Scene();
  one.instance('i-1', { versionInfo });
  one.definition('web');
  one.service('web', { desiredCount: 1 });
  one.definition('job', {}, { cpu: 10, memory: 32 });
  one.call('RunTask', { taskDefinition: 'job' });
  one.pass(60);
  one.heard();
  return one;
}

type Act = (one: Scene) => void;

const taskOf = (one: Scene, family: string) =>
  one.live().find(({ definition }) => definition.family === family)?.taskArn ?? '';
const stopTask: Act = (one) => one.call('StopTask', { task: taskOf(one, 'job') });
const force: Act = (one) =>
  one.call('DeregisterContainerInstance', { containerInstance: one.idOf('i-1'), force: true });
const startTask: Act = (one) =>
  one.call('StartTask', { taskDefinition: 'job', containerInstances: [one.idOf('i-1')] });
const scale = (desiredCount: number): Act => {
  return (one) => {
    one.call('UpdateService', { service: 'web', desiredCount });
    one.pass(1);
  };
};

describe('a container instance event', () => {
  it.each<[string, Act, number, object]>([
    ['StartTask (D-1.10a)', startTask, 1, { runningTasksCount: 3, pendingTasksCount: 1 }],
    ['StopTask (D-1.10a)', stopTask, 1, { runningTasksCount: 1 }],
    ['the scheduler that starts a task (D-1.10b)', scale(2), 1, { pendingTasksCount: 1 }],
    ['the scheduler that stops a task (D-1.10b)', scale(0), 1, { runningTasksCount: 1 }],
    [
      'a task that ends by itself (D-1.10c)',
      (one) => one.exit(taskOf(one, 'job'), 1),
      1,
      { runningTasksCount: 1 },
    ],
    ['DeregisterContainerInstance (D-1.10d)', force, 1, { status: 'INACTIVE', agentConnected: false }],
    [
      'EC2 that stops the instance, for each task (D-1.10e)',
      (one) => one.stop('i-1'),
      2,
      { status: 'ACTIVE', runningTasksCount: 0 },
    ],
    [
      'an agent that loses its connection (D-1.10g)',
      (one) => one.connection('i-1', false),
      1,
      { agentConnected: false },
    ],
    [
      'an agent that registers with another version (D-1.10h)',
      (one) => one.instance('i-1', { versionInfo: { agentVersion: '1.105.0' } }),
      1,
      { versionInfo: { agentVersion: '1.105.0' } },
    ],
    [
      'EC2 that terminates the instance, for connection and status (D-1.6)',
      (one) => one.terminate('i-1'),
      2,
      { status: 'INACTIVE', agentConnected: false },
    ],
  ])('comes of %s, and moves the version', (_, act, count, shown) => {
    const one = scene();
    const before = one.describe('i-1').version;
    act(one);
    one.pass(0);
    const told = one.instanceEvents().filter(({ detail }) => detail.ec2InstanceId === 'i-1');
    expect(told.map(({ detail }) => detail.version)).toEqual(
      Array.from({ length: count }, (_, at) => before + 1 + at),
    );
    expect(told.at(-1)?.detail).toMatchObject(shown);
    expect(one.describe('i-1').version).toBe(before + count);
  });

  it.each<[string, Act]>([
    [
      'attributes',
      (one) =>
        one.call('PutAttributes', {
          attributes: [
            { name: 'rack', value: '1', targetType: 'container-instance', targetId: one.idOf('i-1') },
          ],
        }),
    ],
    [
      'tags',
      (one) =>
        one.call('TagResource', {
          resourceArn: one.record('i-1').containerInstanceArn,
          tags: [{ key: 'a', value: 'b' }],
        }),
    ],
    [
      'the stages of an update',
      (one) => {
        one.call('UpdateContainerAgent', { containerInstance: one.idOf('i-1') });
        one.pass(20);
      },
    ],
  ])('does not come of %s, and the version stays (D-1.13, D-1.4)', (_, act) => {
    const one = scene();
    const before = one.describe('i-1').version;
    act(one);
    expect(one.instanceEvents()).toEqual([]);
    expect(one.describe('i-1').version).toBe(before);
  });
});

describe('a task event (D-1.14)', () => {
  const ofJob = (one: Scene, taskArn: string) =>
    one.taskEvents().filter(({ detail }) => detail.taskArn === taskArn);

  it.each<[string, Act, string, object]>([
    [
      'StopTask',
      stopTask,
      'STOPPED/RUNNING',
      { stopCode: 'UserInitiated', stoppedReason: 'Task stopped by user' },
    ],
    [
      'StopTask with a reason',
      (one) => one.call('StopTask', { task: taskOf(one, 'job'), reason: 'enough' }),
      'STOPPED/RUNNING',
      { stopCode: 'UserInitiated', stoppedReason: 'enough' },
    ],
    [
      'an essential container that exits',
      (one) => one.exit(taskOf(one, 'job'), 3),
      'STOPPED/STOPPED',
      { stopCode: 'EssentialContainerExited', stoppedReason: 'Essential container in task exited' },
    ],
    [
      'a forced deregistration',
      force,
      'STOPPED/STOPPED',
      { stopCode: 'UserInitiated', stoppedReason: 'Container instance deregistered.' },
    ],
    [
      'EC2 that stops the instance',
      (one) => one.stop('i-1'),
      'STOPPED/STOPPED',
      { stopCode: 'TerminationNotice', stoppedReason: 'Host EC2 (instance i-1) stopped.' },
    ],
    [
      'EC2 that terminates the instance',
      (one) => one.terminate('i-1'),
      'STOPPED/STOPPED',
      { stopCode: 'TerminationNotice', stoppedReason: 'Host EC2 (instance i-1) terminated.' },
    ],
  ])('comes of %s, and says why the task ends (D-7.9, D-14.2)', (_, act, shown, why) => {
    const one = scene();
    const taskArn = taskOf(one, 'job');
    act(one);
    one.pass(0);
    const [event, ...more] = ofJob(one, taskArn);
    expect(more).toEqual([]);
    expect(event && statuses(event.detail)).toBe(shown);
    expect(event?.detail).toMatchObject(why);
  });

  it.each<[string, Act, object]>([
    [
      'a task of a draining instance',
      (one) => {
        one.instance('i-2');
        one.drain('i-1');
      },
      { stopCode: 'ServiceSchedulerInitiated', stoppedReason: 'Task stopped during instance draining' },
    ],
    ['a task too many', scale(0), { stopCode: 'ServiceSchedulerInitiated' }],
  ])('comes of the scheduler that stops %s (D-7.9, D-2.16)', (_, act, why) => {
    const one = scene();
    const taskArn = taskOf(one, 'web');
    act(one);
    one.pass(120);
    const told = ofJob(one, taskArn);
    expect(told.map(({ detail }) => statuses(detail))).toEqual([
      'STOPPED/RUNNING',
      'STOPPED/STOPPING',
      'STOPPED/STOPPED',
    ]);
    expect(told.at(-1)?.detail).toMatchObject(why);
  });
});
