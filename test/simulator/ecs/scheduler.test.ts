import { describe, expect, it } from 'vitest';
import { balanced, fleet, messagesOf, running, stopped } from './fleet.ts';
import { targetGroupArn } from './scene.ts';

describe('draining a replica service', () => {
  it('starts replacements first and stops drained tasks 40 s after those run (D-2.16, D-2.18, D-2.21)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 2 });
    scene.heard();
    scene.drain('i-1');
    scene.pass(120);
    const [stop, ...others] = stopped(scene);
    expect(others).toEqual([]);
    // A pass after 1 s, 3 s to start, 40 s to be healthy, a pass 1 s later.
    expect(stop).toMatchObject({
      at: 60 + 1 + 3 + 40 + 1,
      detail: {
        stopCode: 'ServiceSchedulerInitiated',
        stoppedReason: 'Task stopped during instance draining',
      },
    });
    expect([running(scene, 'i-1'), running(scene, 'i-2')]).toEqual([0, 2]);
  });

  it('stops half of the tasks at once at 50 % (D-2.19)', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 4, ...scene.percents(50, 200) });
    scene.instance('i-2');
    scene.heard();
    scene.drain('i-1');
    scene.pass(2);
    expect(stopped(scene)).toHaveLength(2);
    expect(running(scene, 'i-2')).toBe(4);
    scene.pass(60);
    expect(stopped(scene)).toHaveLength(2);
  });

  it('starts a replacement only when a drained task is STOPPED, at a maximum of 100 % (D-2.22, D-2.27)', () => {
    const scene = fleet(1);
    scene.definition('web', { 'stop-seconds': 20 });
    scene.service('web', { desiredCount: 2, ...scene.percents(50, 100) });
    scene.instance('i-2');
    scene.drain('i-1');
    scene.pass(20);
    expect([running(scene, 'i-1'), running(scene, 'i-2')]).toEqual([1, 0]);
    scene.pass(4);
    expect(running(scene, 'i-2')).toBe(1);
  });

  it('never ends with minimum and maximum at 100 % (D-2.24)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 2, ...scene.percents(100, 100) });
    scene.drain('i-1');
    scene.pass(7200);
    expect([running(scene, 'i-1'), running(scene, 'i-2')]).toEqual([1, 1]);
  });

  it('ends after UpdateService has changed the percentages (D-2.18)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 2, ...scene.percents(100, 100) });
    scene.drain('i-1');
    scene.pass(600);
    scene.call('UpdateService', { service: 'web', ...scene.percents(50, 100) });
    scene.pass(60);
    expect([running(scene, 'i-1'), running(scene, 'i-2')]).toEqual([0, 2]);
  });

  it('stops PENDING tasks at once (D-2.17)', () => {
    const scene = fleet(1);
    scene.definition('web', { 'start-seconds': 600 });
    scene.service('web', { desiredCount: 2 }, 10);
    scene.drain('i-1');
    scene.pass(2);
    expect(scene.live()).toEqual([]);
  });

  it('leaves standalone tasks alone, running and PENDING, and the instance DRAINING (D-2.28, D-2.46)', () => {
    const scene = fleet(1);
    scene.definition('job', { 'start-seconds': 5000 });
    scene.call('RunTask', { taskDefinition: 'job' });
    scene.call('RunTask', { taskDefinition: 'web' });
    scene.pass(10);
    scene.drain('i-1');
    scene.pass(3600);
    expect(scene.live().map(({ lastStatus }) => lastStatus)).toEqual(['PENDING', 'RUNNING']);
    expect(scene.describe('i-1').status).toBe('DRAINING');
  });

  it('waits where there is no room, says so once, and goes on when there is (D-2.43, D-1.19)', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 8 });
    scene.instance('i-2', { cpu: 512, memoryMib: 512 });
    scene.drain('i-1');
    scene.pass(3600);
    expect([running(scene, 'i-1'), running(scene, 'i-2')]).toEqual([7, 1]);
    const refusals = () => messagesOf(scene).filter((message) => message.includes('was unable to place'));
    expect(refusals()).toEqual([
      `(service web) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance ${scene.idOf('i-2')}) has insufficient memory available.`,
    ]);
    scene.pass(6 * 3600);
    expect(refusals()).toHaveLength(2);
    scene.instance('i-3');
    scene.pass(120);
    expect(running(scene, 'i-1')).toBe(0);
  });

  it('goes on when a task elsewhere has stopped and left room', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 1 });
    scene.instance('i-2', { memoryMib: 512 });
    const { tasks } = scene.call('RunTask', {
      taskDefinition: 'web',
      placementConstraints: [{ type: 'memberOf', expression: 'ec2InstanceId == i-2' }],
    });
    scene.drain('i-1');
    scene.pass(60);
    expect(running(scene, 'i-1')).toBe(1);
    scene.call('StopTask', { task: tasks[0]?.taskArn });
    scene.pass(120);
    expect(running(scene, 'i-1')).toBe(0);
  });

  it('places nothing on a draining instance, and again once it is ACTIVE (D-2.4, D-2.32, D-2.33)', () => {
    const scene = fleet(1);
    scene.drain('i-1');
    scene.service('web', { desiredCount: 1 });
    expect(scene.live()).toEqual([]);
    scene.drain('i-1', 'ACTIVE');
    scene.pass(5);
    expect(running(scene, 'i-1')).toBe(1);
  });

  it('stays DRAINING when nothing runs on it any more (D-2.32)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 2 });
    scene.drain('i-1');
    scene.pass(24 * 3600);
    expect(scene.describe('i-1').status).toBe('DRAINING');
  });

  it('waits for the target to be healthy, with a load balancer (D-2.20, D-2.21, D-11.13)', () => {
    const scene = fleet(2);
    scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 30, healthySeconds: 90 });
    scene.service('web', { desiredCount: 1, ...balanced }, 200);
    const [task] = scene.live();
    scene.heard();
    scene.drain(task?.ec2InstanceId ?? '');
    scene.pass(200);
    // A pass after 1 s, 3 s to start, 1 s ACTIVATING, 90 s to be healthy, a pass 1 s later.
    expect(stopped(scene)[0]?.at).toBe(200 + 1 + 3 + 1 + 90 + 1);
  });

  it.each([
    ['alone', {}, 12],
    ['and the target, with a load balancer too', balanced, 91],
  ])('waits for the container health check %s (D-2.21)', (_, more, seconds) => {
    const scene = fleet(2);
    scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 0, healthySeconds: 90 });
    scene.definition('web', { 'health-seconds': 12 }, { healthCheck: { command: ['true'] } });
    scene.service('web', { desiredCount: 1, ...more }, 200);
    const [task] = scene.live();
    expect(task?.healthStatus).toBe('HEALTHY');
    scene.heard();
    scene.drain(task?.ec2InstanceId ?? '');
    scene.pass(200);
    expect(stopped(scene)[0]?.at).toBe(200 + 1 + 3 + seconds + 1);
  });

  it('decides stops on a disconnected instance, which the agent carries out later (D-2.44)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 2 });
    scene.connection('i-1', false);
    scene.drain('i-1');
    scene.pass(600);
    expect(scene.describe('i-1').runningTasksCount).toBe(0);
    expect(scene.tasksOn('i-1')).toMatchObject([{ desiredStatus: 'STOPPED', lastStatus: 'RUNNING' }]);
    scene.connection('i-1', true);
    scene.pass(5);
    expect(scene.tasksOn('i-1')).toEqual([]);
  });
});

describe('placing a replica service', () => {
  it('spreads over zones, then over instances (D-2.42)', () => {
    const scene = fleet(4);
    scene.instance('i-5', { availabilityZone: 'eu-west-1a' });
    scene.service('web', { desiredCount: 4 });
    const counts = ['i-1', 'i-2', 'i-3', 'i-4', 'i-5'].map((id) => running(scene, id));
    expect(counts).toEqual([1, 1, 1, 1, 0]);
  });

  it('waits for an agent to connect (D-2.10, D-10.7)', () => {
    const scene = fleet(1);
    scene.connection('i-1', false);
    scene.service('web', { desiredCount: 1 });
    expect(scene.live()).toEqual([]);
    expect(messagesOf(scene)[0]).toContain('encountered error "AGENT"');
    scene.connection('i-1', true);
    scene.pass(2);
    expect(scene.live()).toHaveLength(1);
  });

  it('says in an event why a task found no place (D-1.17m, D-1.18)', () => {
    const scene = fleet(1);
    scene.definition('web', {}, { cpu: 4096 });
    scene.service('web', { desiredCount: 1 });
    const failures = scene.heard('ECS Service Action');
    expect(failures).toMatchObject([
      {
        detail: {
          eventType: 'ERROR',
          eventName: 'SERVICE_TASK_PLACEMENT_FAILURE',
          reason: 'RESOURCE:CPU',
          containerInstanceArns: [scene.record('i-1').containerInstanceArn],
        },
      },
    ]);
  });

  it('replaces a task that stopped', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 2 });
    scene.call('StopTask', { task: scene.live()[0]?.taskArn });
    scene.pass(5);
    expect(running(scene, 'i-1')).toBe(2);
  });

  it('keeps two tasks with one host port apart', () => {
    const scene = fleet(1);
    scene.definition('web', {}, { portMappings: [{ containerPort: 80, hostPort: 80 }] });
    scene.service('web', { desiredCount: 2 });
    expect(running(scene, 'i-1')).toBe(1);
    expect(messagesOf(scene).join()).toContain('is already using a port required by your task.');
    scene.instance('i-2');
    scene.pass(5);
    expect(running(scene, 'i-2')).toBe(1);
  });
});
