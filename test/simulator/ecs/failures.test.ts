import { describe, expect, it } from 'vitest';
import { failureThreshold, noBreaker } from '../../../simulator/ecs/breaker.ts';
import { restartDelayMs } from '../../../simulator/ecs/failures.ts';
import { balanced, fleet, inSet, messagesOf, refusal, running } from './fleet.ts';
import { type Scene, targetGroupArn } from './scene.ts';

/** A deployment configuration with the circuit breaker on. */
const breaking = (rollback: boolean, more: Record<string, unknown> = {}) => ({
  deploymentConfiguration: {
    minimumHealthyPercent: 100,
    maximumPercent: 200,
    deploymentCircuitBreaker: { enable: true, rollback, ...more },
  },
});

/** A definition whose image cannot be pulled. */
const broken = (scene: Scene, seconds = 5) =>
  scene.definition('web', { 'start-fails-after-seconds': seconds });

const deploymentsOf = (scene: Scene, service = 'web') =>
  scene.call('DescribeServices', { services: [service] }).services[0]?.deployments ?? [];

const stateChanges = (scene: Scene) =>
  scene.heard('ECS Deployment State Change').map(({ detail, resources }) => ({ ...detail, resources }));

/** When tasks of the service were placed. */
const startsOf = (scene: Scene) =>
  [...new Set(scene.ecs.taskRecords().map(({ createdAt }) => createdAt))].map(
    (at, index, all) => (at - (all[index - 1] ?? at)) / 1000,
  );

describe('the threshold of the circuit breaker (D-2.38)', () => {
  it.each([
    ['BOUNDED_PERCENT', 50, 1, 3],
    ['BOUNDED_PERCENT', 50, 6, 3],
    ['BOUNDED_PERCENT', 50, 7, 4],
    ['BOUNDED_PERCENT', 50, 25, 13],
    ['BOUNDED_PERCENT', 50, 400, 200],
    ['BOUNDED_PERCENT', 50, 800, 200],
    ['UNBOUNDED_PERCENT', 50, 800, 400],
    ['UNBOUNDED_PERCENT', 50, 1, 1],
    ['COUNT', 5, 800, 5],
  ] as const)('%s %i of %i tasks is %i', (type, value, desiredCount, threshold) => {
    expect(failureThreshold({ ...noBreaker, threshold: { type, value } }, desiredCount)).toBe(threshold);
  });
});

describe('a deployment with the circuit breaker', () => {
  it('has a threshold of ten at least where a switch says so (D-11.12)', () => {
    const scene = fleet(2, { breakerMinimumIsTen: true });
    scene.service('web', { desiredCount: 2, ...breaking(false) });
    broken(scene);
    scene.call('UpdateService', { service: 'web', taskDefinition: 'web' });
    scene.pass(20);
    expect(deploymentsOf(scene)[0]).toMatchObject({ rolloutState: 'IN_PROGRESS', failedTasks: 6 });
    scene.pass(600);
    expect(deploymentsOf(scene)[0]).toMatchObject({ rolloutState: 'FAILED', failedTasks: 10 });
  });

  it('is FAILED at the threshold, says so, and launches no new task (D-1.20, D-1.21, D-2.38)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 2, ...breaking(false) });
    broken(scene);
    scene.heard();
    const { service } = scene.call('UpdateService', { service: 'web', taskDefinition: 'web' });
    const [failing, old] = service.deployments.map(({ id }) => id);
    scene.pass(600);
    expect(deploymentsOf(scene)).toMatchObject([
      {
        id: failing,
        status: 'PRIMARY',
        rolloutState: 'FAILED',
        failedTasks: 3,
        runningCount: 0,
        pendingCount: 0,
        rolloutStateReason: 'ECS deployment circuit breaker: tasks failed to start.',
      },
      { id: old, status: 'ACTIVE', rolloutState: 'COMPLETED', desiredCount: 2, runningCount: 2 },
    ]);
    const [begun, failed, ...others] = stateChanges(scene);
    expect(others).toEqual([]);
    expect(begun).toMatchObject({ eventName: 'SERVICE_DEPLOYMENT_IN_PROGRESS', deploymentId: failing });
    expect(failed).toMatchObject({
      eventType: 'ERROR',
      eventName: 'SERVICE_DEPLOYMENT_FAILED',
      deploymentId: failing,
      reason: 'ECS deployment circuit breaker: task failed to start.',
      resources: ['arn:aws:ecs:eu-west-1:111122223333:service/demo/web'],
    });
    expect(failed).not.toHaveProperty('clusterArn');
    expect(messagesOf(scene)).toContain(
      `(service web) (deployment ${failing}) deployment failed: tasks failed to start.`,
    );
    const count = scene.ecs.taskRecords().length;
    scene.pass(7200);
    expect(scene.ecs.taskRecords()).toHaveLength(count);
  });

  it('rolls back to the newest COMPLETED one, which is IN_PROGRESS until it is steady (D-1.20, D-2.38)', () => {
    const scene = fleet(2);
    const good = scene.definition('web');
    scene.service('web', { desiredCount: 2, ...breaking(true) });
    broken(scene);
    scene.heard();
    const { service } = scene.call('UpdateService', { service: 'web', taskDefinition: 'web' });
    const [failing = '', old = ''] = service.deployments.map(({ id }) => id);
    scene.pass(600);
    expect(deploymentsOf(scene)).toMatchObject([
      { id: old, status: 'PRIMARY', rolloutState: 'COMPLETED', taskDefinition: good, failedTasks: 0 },
    ]);
    expect(inSet(scene, old)).toBe(2);
    expect(inSet(scene, failing)).toBe(0);
    expect(stateChanges(scene)).toMatchObject([
      { deploymentId: failing, eventName: 'SERVICE_DEPLOYMENT_IN_PROGRESS' },
      { deploymentId: failing, eventName: 'SERVICE_DEPLOYMENT_FAILED' },
      {
        deploymentId: old,
        eventName: 'SERVICE_DEPLOYMENT_IN_PROGRESS',
        reason: `ECS deployment circuit breaker: rolling back to deploymentId ${old}.`,
      },
      { deploymentId: old, eventName: 'SERVICE_DEPLOYMENT_COMPLETED', eventType: 'INFO' },
    ]);
    expect(messagesOf(scene)).toContain(`(service web) rolling back to deployment ${old}.`);
  });

  it('rolls back to one whose tasks are all gone (D-2.38)', () => {
    const scene = fleet(2);
    const { deploymentConfiguration } = breaking(true);
    const loose = { deploymentConfiguration: { ...deploymentConfiguration, minimumHealthyPercent: 0 } };
    scene.service('web', { desiredCount: 2, ...loose });
    broken(scene, 30);
    scene.call('UpdateService', { service: 'web', taskDefinition: 'web' });
    scene.pass(20);
    expect(deploymentsOf(scene)).toMatchObject([{ rolloutState: 'IN_PROGRESS' }]);
    scene.pass(600);
    expect(deploymentsOf(scene)).toMatchObject([{ rolloutState: 'COMPLETED', runningCount: 2 }]);
  });

  it('stalls where nothing has ever completed, until it is updated (D-2.38, D-1.21)', () => {
    const scene = fleet(2);
    broken(scene);
    scene.service('web', { desiredCount: 1, ...breaking(true) }, 3600);
    expect(scene.ecs.taskRecords()).toHaveLength(3);
    expect(deploymentsOf(scene)).toMatchObject([{ rolloutState: 'FAILED', failedTasks: 3 }]);
    scene.definition('web');
    scene.call('UpdateService', { service: 'web', taskDefinition: 'web' });
    scene.pass(60);
    expect(deploymentsOf(scene)).toMatchObject([{ rolloutState: 'COMPLETED', failedTasks: 0 }]);
  });

  it.each([
    ['without it', {}, 'IN_PROGRESS'],
    [
      'with a higher count',
      breaking(false, { thresholdConfiguration: { type: 'COUNT', value: 9 } }),
      'IN_PROGRESS',
    ],
    ['with a count of 2', breaking(false, { thresholdConfiguration: { type: 'COUNT', value: 2 } }), 'FAILED'],
  ])('counts failed tasks against what it was given: %s (D-2.38)', (_, more, rolloutState) => {
    const scene = fleet(2);
    broken(scene);
    scene.service('web', { desiredCount: 1, ...more }, 120);
    expect(deploymentsOf(scene)).toMatchObject([{ rolloutState }]);
    expect(Number(deploymentsOf(scene)[0]?.failedTasks)).toBeGreaterThan(1);
  });

  it.each([
    [true, 'COMPLETED', 0],
    [false, 'FAILED', 3],
  ])(
    'with resetOnHealthyTask %s and crashes between healthy tasks ends %s (D-2.38)',
    (reset, state, failed) => {
      const scene = fleet(2);
      scene.service('web', { desiredCount: 3, ...breaking(false, { resetOnHealthyTask: reset }) }, 20);
      const crash = (index: number) => scene.exit(scene.live().at(index)?.taskArn ?? '', 1);
      crash(-1);
      // The other two become healthy at 44 s.
      scene.pass(30);
      crash(-1);
      scene.pass(10);
      // What was healthy counts for nothing, but keeps the deployment from being complete when the next one is healthy.
      crash(0);
      scene.pass(38);
      crash(-1);
      scene.pass(300);
      expect(deploymentsOf(scene)).toMatchObject([{ rolloutState: state, failedTasks: failed }]);
    },
  );

  it('counts tasks that fail their health checks (D-2.38)', () => {
    const scene = fleet(2);
    scene.definition('web', { 'health-seconds': 100 }, { healthCheck: { command: ['true'] } });
    const { deploymentConfiguration } = breaking(false);
    const loose = { deploymentConfiguration: { ...deploymentConfiguration, minimumHealthyPercent: 0 } };
    const tight = { deploymentConfiguration: { ...loose.deploymentConfiguration, maximumPercent: 100 } };
    scene.service('web', { desiredCount: 1, ...tight }, 10);
    for (let round = 0; round < 3; round++) {
      scene.failCheck(scene.live()[0]?.taskArn ?? '');
      scene.pass(15);
    }
    expect(deploymentsOf(scene)).toMatchObject([{ rolloutState: 'FAILED', failedTasks: 3 }]);
  });

  it('leaves a service alone that has no deployment in progress (D-2.38)', () => {
    const scene = fleet(2);
    scene.service('web', { desiredCount: 1, ...breaking(true) });
    for (let round = 0; round < 5; round++) {
      scene.exit(scene.live()[0]?.taskArn ?? '', 1);
      scene.pass(10);
    }
    expect(deploymentsOf(scene)).toMatchObject([{ rolloutState: 'COMPLETED', failedTasks: 0 }]);
  });

  it('is shown as it was given, off by default, and for the ECS controller alone (D-2.38)', () => {
    const scene = fleet(1);
    scene.service('web');
    const shown = () =>
      scene.call('DescribeServices', { services: ['web'] }).services[0]?.deploymentConfiguration;
    expect(shown()).toMatchObject({ deploymentCircuitBreaker: { enable: false, rollback: false } });
    scene.call('UpdateService', { service: 'web', ...breaking(true, { resetOnHealthyTask: false }) });
    scene.call('UpdateService', { service: 'web', ...scene.percents(50, 200) });
    expect(shown()).toMatchObject({
      minimumHealthyPercent: 50,
      deploymentCircuitBreaker: {
        enable: true,
        rollback: true,
        resetOnHealthyTask: false,
        thresholdConfiguration: { type: 'BOUNDED_PERCENT', value: 50 },
      },
    });
    const other = { serviceName: 'other', deploymentController: { type: 'EXTERNAL' }, ...breaking(true) };
    expect(refusal(() => scene.call('CreateService', other))).toContain(
      'deploymentCircuitBreaker: with EXTERNAL',
    );
  });
});

describe('the restart throttle (D-2.39)', () => {
  it('waits longer with every failure, up to 27 minutes', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 99].map((rounds) => restartDelayMs(rounds) / 60_000)).toEqual([
      0, 0, 1, 2, 4, 8, 16, 27, 27, 27,
    ]);
  });

  it('delays the starts of tasks that never run, says so once, and never gives up (D-1.17g, D-1.19)', () => {
    const scene = fleet(1);
    broken(scene);
    scene.service('web', { desiredCount: 2 }, 5 * 3600);
    const gaps = startsOf(scene);
    expect(gaps.slice(0, 4)).toEqual([0, 6, 6, 66]);
    expect(gaps.at(-1)).toBe(27 * 60 + 6);
    const impaired = scene
      .heard('ECS Service Action')
      .filter(({ detail }) => detail.eventName === 'SERVICE_TASK_START_IMPAIRED');
    expect(impaired).toHaveLength(1);
    expect(impaired[0]?.detail).toMatchObject({ eventType: 'WARN' });
    expect(
      messagesOf(scene).filter(
        (message) => message === '(service web) is unable to consistently start tasks successfully.',
      ),
    ).toHaveLength(1);
    scene.pass(2 * 3600);
    expect(
      scene.heard().filter(({ detail }) => detail.eventName === 'SERVICE_TASK_START_IMPAIRED'),
    ).toHaveLength(1);
  });

  it('ends at once with another deployment', () => {
    const scene = fleet(1);
    broken(scene);
    scene.service('web', { desiredCount: 1 }, 3600);
    scene.definition('web');
    scene.call('UpdateService', { service: 'web', taskDefinition: 'web' });
    scene.pass(5);
    expect(running(scene, 'i-1')).toBe(1);
  });

  it('holds each task set for itself', () => {
    const scene = fleet(1);
    scene.call('CreateService', {
      serviceName: 'web',
      desiredCount: 1,
      deploymentController: { type: 'EXTERNAL' },
    });
    const good = scene.call('CreateTaskSet', { service: 'web', taskDefinition: 'web' }).taskSet;
    broken(scene);
    scene.call('CreateTaskSet', { service: 'web', taskDefinition: 'web' });
    scene.pass(1000);
    scene.call('StopTask', { task: scene.live().find(({ startedBy }) => startedBy === good.id)?.taskArn });
    scene.pass(5);
    expect(inSet(scene, good.id)).toBe(1);
  });

  it('is over when a task runs: a later failure is said anew', () => {
    const scene = fleet(1);
    scene.definition('web', { 'start-seconds': 30 });
    const failStarts = () => {
      for (let round = 0; round < 3; round++) {
        const taskArn = scene.live().find(({ pullStoppedAt }) => pullStoppedAt === undefined)?.taskArn;
        scene.call('SubmitTaskStateChange', { task: taskArn, status: 'STOPPED', reason: 'no disk' });
        scene.pass(3);
      }
    };
    scene.service('web', { desiredCount: 1 }, 3);
    failStarts();
    scene.pass(120);
    expect(running(scene, 'i-1')).toBe(1);
    scene.call('StopTask', { task: scene.live()[0]?.taskArn });
    scene.pass(6);
    failStarts();
    const said = scene.heard().filter(({ detail }) => detail.eventName === 'SERVICE_TASK_START_IMPAIRED');
    expect(said).toHaveLength(2);
  });

  it('is not for tasks that have run, whatever ends them', () => {
    const scene = fleet(1);
    scene.definition('web', { 'exit-after-seconds': 5 });
    scene.service('web', { desiredCount: 1 }, 600);
    expect(Math.max(...startsOf(scene))).toBeLessThan(15);
  });
});

describe('a task that cannot be started', () => {
  it('goes from PENDING to STOPPED, and its instance gets the resources back with an event (D-1.10c, D-2.39)', () => {
    const scene = fleet(1);
    broken(scene, 7);
    scene.heard();
    scene.call('RunTask', { taskDefinition: 'web' });
    scene.pass(30);
    const events = scene.heard();
    const stop = events.find(({ detail }) => detail.lastStatus === 'STOPPED');
    expect(stop).toMatchObject({ at: 7, detail: { stopCode: 'TaskFailedToStart' } });
    expect(String(stop?.detail.stoppedReason)).toContain('CannotPullContainerError');
    expect(stop?.detail.startedAt).toBeUndefined();
    expect(events.filter(({ at, detail }) => at === 7 && 'remainingResources' in detail)).toHaveLength(1);
  });
});

describe('the grace period of a service (D-9.40)', () => {
  it.each([
    [0, 10],
    [300, 305],
  ])(
    'of %i s keeps a task that fails its target check until %i s',
    (healthCheckGracePeriodSeconds, until) => {
      const scene = fleet(1);
      scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 5, healthySeconds: 10 });
      scene.service(
        'web',
        { desiredCount: 1, healthCheckGracePeriodSeconds, ...balanced, ...scene.percents(0, 100) },
        8,
      );
      const [task] = scene.live();
      scene.failCheck(task?.taskArn ?? '');
      scene.heard();
      scene.pass(600);
      const stop = scene
        .heard()
        .find(({ detail }) => detail.taskArn === task?.taskArn && detail.desiredStatus === 'STOPPED');
      expect(Math.abs((stop?.at ?? 0) - until)).toBeLessThanOrEqual(2);
      expect(messagesOf(scene).join('\n')).toContain(
        `(port 80) is unhealthy in (target-group ${targetGroupArn}) due to (reason Health checks failed)`,
      );
    },
  );
});
