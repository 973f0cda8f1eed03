import { describe, expect, it } from 'vitest';
import { Scene, statuses, targetGroupArn } from './scene.ts';

const checked = { healthCheck: { command: ['CMD', 'true'] } };

/** Two instances and a service of two tasks, steady. */
function open(
  container: Record<string, unknown> = {},
  service: Record<string, unknown> = {},
  seconds?: number,
) {
  const scene = new Scene();
  scene.instance('i-1');
  scene.instance('i-2');
  scene.definition('web', {}, container);
  scene.service('web', service, seconds);
  scene.heard();
  return scene;
}

const firstTask = (scene: Scene) => scene.live()[0]?.taskArn ?? '';
const stopOf = (scene: Scene, taskArn: string) =>
  scene.ecs.taskRecords().find((task) => task.taskArn === taskArn)?.stop;

describe('an essential container that exits', () => {
  it('ends the task, tells of task and instance, and the service replaces it (D-1.10c)', () => {
    const scene = open();
    const taskArn = firstTask(scene);
    scene.exit(taskArn, 3);
    scene.pass(1);
    const events = scene.heard();
    const [ended] = events.filter(({ detail }) => detail.taskArn === taskArn);
    expect(ended && statuses(ended.detail)).toBe('STOPPED/STOPPED');
    expect(ended?.detail).toMatchObject({
      stopCode: 'EssentialContainerExited',
      containers: [{ name: 'app', exitCode: 3 }],
    });
    expect(events.filter(({ detailType }) => /Container Instance/.test(detailType)).length).toBeGreaterThan(
      0,
    );
    scene.pass(60);
    expect(scene.live()).toHaveLength(2);
    expect(scene.live().every(({ lastStatus }) => lastStatus === 'RUNNING')).toBe(true);
  });

  it('takes the other containers of the task with it, which get their time to stop', () => {
    const scene = new Scene();
    scene.instance('i-1');
    const sidecar = { name: 'sidecar', image: 's:1', cpu: 10, memory: 32, essential: false };
    const app = {
      name: 'app',
      image: 'a:1',
      cpu: 10,
      memory: 32,
      dockerLabels: { 'simulator.stop-seconds': '7' },
    };
    scene.call('RegisterTaskDefinition', { family: 'pair', containerDefinitions: [sidecar, app] });
    const [task] = scene.call('RunTask', { taskDefinition: 'pair' }).tasks;
    scene.pass(30);
    scene.exit(task?.taskArn ?? '', 137);
    scene.pass(6);
    expect(scene.live()).toHaveLength(1);
    scene.pass(2);
    expect(scene.live()).toHaveLength(0);
    expect(scene.ecs.taskRecords()[0]?.containers.map(({ name, exitCode }) => [name, exitCode])).toEqual([
      ['sidecar', 0],
      ['app', 137],
    ]);
  });

  it('is not heard of before the agent is connected again (D-2.44)', () => {
    const scene = open();
    const [task] = scene.live();
    scene.connection(task?.ec2InstanceId ?? '', false);
    scene.exit(task?.taskArn ?? '', 1);
    scene.pass(60);
    expect(scene.live()).toHaveLength(2);
    scene.connection(task?.ec2InstanceId ?? '', true);
    expect(stopOf(scene, task?.taskArn ?? '')?.stopCode).toBe('EssentialContainerExited');
  });

  it('needs a task whose containers run', () => {
    const scene = open({}, {}, 2);
    const taskArn = firstTask(scene);
    expect(() => scene.exit(taskArn, 0)).toThrow(
      `taskArn: "${taskArn}": expected a task with running containers, it is PENDING`,
    );
    expect(() => scene.exit('none', 0)).toThrow('taskArn: "none": expected the ARN of a task that ECS knows');
  });
});

describe('a task that fails its health check', () => {
  it('stays until its replacement is healthy, where the maximum leaves room (D-14.3)', () => {
    const scene = open(checked, { desiredCount: 1 }, 120);
    const taskArn = firstTask(scene);
    scene.failCheck(taskArn);
    expect(scene.heard()).toEqual([]);
    const described = scene.call('DescribeTasks', { tasks: [taskArn] }).tasks;
    expect(described).toMatchObject([{ healthStatus: 'UNHEALTHY', lastStatus: 'RUNNING' }]);
    scene.pass(20);
    expect(scene.live()).toHaveLength(2);
    expect(stopOf(scene, taskArn)).toBeUndefined();
    scene.pass(60);
    expect(scene.live()).toHaveLength(1);
    expect(stopOf(scene, taskArn)).toEqual({
      stopCode: 'ServiceSchedulerInitiated',
      stoppedReason: 'Task failed container health checks',
    });
  });

  it('goes before its replacement starts where the maximum leaves no room, one at a time (D-14.3)', () => {
    const scene = open(checked, { desiredCount: 2, ...new Scene().percents(100, 100) }, 120);
    const before = scene.live().map(({ taskArn }) => taskArn);
    for (const taskArn of before) scene.failCheck(taskArn);
    const stopped = () => before.filter((taskArn) => stopOf(scene, taskArn));
    scene.pass(2);
    expect(stopped()).toHaveLength(1);
    scene.pass(30);
    expect(stopped()).toHaveLength(1);
    scene.pass(60);
    expect(stopped()).toHaveLength(2);
    scene.pass(60);
    expect(scene.live()).toHaveLength(2);
  });

  it('is replaced when the check is that of its target group, too (D-14.3)', () => {
    const scene = new Scene();
    scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 5, healthySeconds: 10 });
    scene.instance('i-1');
    scene.definition();
    const loadBalancers = [{ targetGroupArn, containerName: 'app', containerPort: 80 }];
    scene.service('web', { loadBalancers, desiredCount: 1 });
    const taskArn = firstTask(scene);
    scene.failCheck(taskArn);
    scene.pass(60);
    expect(stopOf(scene, taskArn)?.stoppedReason).toBe(
      `Task failed ELB health checks in (target-group ${targetGroupArn})`,
    );
    expect(scene.live()).toHaveLength(1);
  });

  it('is replaced as a daemon, too', () => {
    const scene = new Scene();
    scene.instance('i-1');
    scene.definition('web', {}, checked);
    scene.service('agent', { schedulingStrategy: 'DAEMON', desiredCount: undefined }, 120);
    const taskArn = firstTask(scene);
    scene.failCheck(taskArn);
    scene.pass(60);
    expect(stopOf(scene, taskArn)?.stoppedReason).toBe('Task failed container health checks');
    expect(scene.live()).toHaveLength(1);
    expect(firstTask(scene)).not.toBe(taskArn);
  });

  it('only shows as unhealthy when no service owns it', () => {
    const scene = new Scene();
    scene.instance('i-1');
    scene.definition('job', {}, checked);
    const [task] = scene.call('RunTask', { taskDefinition: 'job' }).tasks;
    scene.pass(60);
    scene.failCheck(task?.taskArn ?? '');
    scene.pass(600);
    expect(scene.live()).toMatchObject([{ healthStatus: 'UNHEALTHY', lastStatus: 'RUNNING' }]);
  });

  it('needs a check', () => {
    const scene = open();
    expect(() => scene.failCheck(firstTask(scene))).toThrow(
      'expected a task with a container health check or a target group',
    );
  });
});

describe('EC2 stopping the instance', () => {
  it('leaves the status as it is; tasks are STOPPED, and a while later the agent is gone (D-2.6, D-1.10e)', () => {
    const scene = open({}, { desiredCount: 2 });
    const [task] = scene.tasksOn('i-1');
    const before = scene.describe('i-1');
    scene.stop('i-1');
    expect(scene.describe('i-1')).toMatchObject({
      status: 'ACTIVE',
      agentConnected: true,
      runningTasksCount: 0,
    });
    expect(stopOf(scene, task?.taskArn ?? '')).toEqual({
      stopCode: 'TerminationNotice',
      stoppedReason: 'Host EC2 (instance i-1) stopped.',
    });
    const events = scene.heard();
    expect(events.map(({ detailType }) => detailType)).toContain('ECS Container Instance State Change');
    scene.pass(59);
    expect(scene.describe('i-1').agentConnected).toBe(true);
    scene.pass(1);
    const after = scene.describe('i-1');
    expect(after).toMatchObject({ status: 'ACTIVE', agentConnected: false });
    expect(after.version).toBe(before.version + 2);
  });

  it('takes no task there, not even while the agent still shows as connected (D-2.10)', () => {
    const scene = open({}, { desiredCount: 2 });
    scene.stop('i-1');
    scene.pass(300);
    expect(scene.tasksOn('i-1')).toEqual([]);
    expect(scene.tasksOn('i-2')).toHaveLength(2);
  });

  it('brings the same registration back when the instance starts (D-2.6, D-9.11)', () => {
    const scene = open();
    const arn = scene.record('i-1').containerInstanceArn;
    scene.stop('i-1');
    scene.pass(600);
    scene.heard();
    scene.instance('i-1');
    expect(scene.record('i-1')).toMatchObject({
      containerInstanceArn: arn,
      status: 'ACTIVE',
      agentConnected: true,
    });
    expect(scene.instanceEvents()).toHaveLength(1);
    scene.service('more', { desiredCount: 4 });
    expect(scene.tasksOn('i-1').length).toBeGreaterThan(0);
  });

  it('tells of both ends of the connection when the instance is back before the agent was missed', () => {
    const scene = open();
    scene.stop('i-1');
    scene.heard();
    scene.pass(30);
    scene.instance('i-1');
    const own = scene.instanceEvents().filter(({ detail }) => detail.ec2InstanceId === 'i-1');
    expect(own.map(({ detail }) => detail.agentConnected)).toEqual([false, true]);
    scene.pass(120);
    expect(scene.describe('i-1').agentConnected).toBe(true);
  });

  it('is heard of when the agent is back, where it was disconnected before (D-2.44)', () => {
    const scene = open({}, { desiredCount: 2 });
    const [task] = scene.tasksOn('i-1');
    scene.connection('i-1', false);
    scene.stop('i-1');
    scene.pass(600);
    expect(scene.tasksOn('i-1')).toMatchObject([{ lastStatus: 'RUNNING', cutOff: true }]);
    scene.instance('i-1');
    expect(stopOf(scene, task?.taskArn ?? '')?.stopCode).toBe('EssentialContainerExited');
  });

  it('leaves a ghost when the stopped instance is terminated (D-2.7)', () => {
    const scene = open();
    scene.stop('i-1');
    scene.pass(30);
    scene.heard();
    scene.terminate('i-1');
    scene.pass(600);
    expect(scene.describe('i-1')).toMatchObject({ status: 'ACTIVE', agentConnected: false });
    // The agent is missed as it would have been without the end.
    const own = scene.instanceEvents().filter(({ detail }) => detail.ec2InstanceId === 'i-1');
    expect(own).toMatchObject([{ detail: { status: 'ACTIVE', agentConnected: false } }]);
  });
});
