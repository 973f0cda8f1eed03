import { describe, expect, it } from 'vitest';
import { fargateService, onFargate, providers, refusal, shares, strategy } from './fleet.ts';
import { inVpc, type Scene, statuses } from './scene.ts';

const spot = strategy('FARGATE_SPOT:1');

/** A service with so many tasks on Fargate Spot, each of which takes so long to stop; gives the ARN of one. */
function onSpot(stopSeconds: number, switches = {}, more = {}): { scene: Scene; taskArn: string } {
  const scene = providers({}, switches);
  scene.definition('slow', { 'stop-seconds': stopSeconds }, { stopTimeout: 120 }, onFargate);
  fargateService(scene, { ...spot, taskDefinition: 'slow', desiredCount: 2, ...more });
  const [task] = scene.live();
  if (!task) throw new Error('no task runs');
  scene.heard();
  return { scene, taskArn: task.taskArn };
}

const record = (scene: Scene, arn: string) => scene.ecs.taskRecords().find(({ taskArn }) => taskArn === arn);

describe('an interruption of Fargate Spot', () => {
  it.each([
    [true, 'SpotInterruption'],
    [false, 'TerminationNotice'],
  ])(
    'warns with an event of a running task, by the switch (%s) as %s (D-7.8, D-11.8)',
    (spotInterruptionCode, stopCode) => {
      const { scene, taskArn } = onSpot(20, { spotInterruptionCode });
      scene.interrupt(taskArn);
      const [warning] = scene.taskEvents();
      expect(warning && statuses(warning.detail)).toBe('STOPPED/RUNNING');
      expect(warning?.detail).toMatchObject({
        taskArn,
        stopCode,
        stoppedReason: 'Your Spot Task was interrupted.',
        capacityProviderName: 'FARGATE_SPOT',
      });
    },
  );

  it('comes with SIGTERM, and the task is gone when its containers end (D-7.7)', () => {
    const { scene, taskArn } = onSpot(20);
    const at = scene.seconds;
    scene.interrupt(taskArn);
    scene.pass(1);
    expect(record(scene, taskArn)?.lastStatus).toBe('STOPPING');
    scene.pass(30);
    const gone = record(scene, taskArn);
    expect(gone?.lastStatus).toBe('STOPPED');
    expect(((gone?.executionStoppedAt ?? 0) - (gone?.sigtermAt ?? 0)) / 1000).toBe(20);
    expect(scene.seconds - at).toBe(31);
  });

  it('kills after two minutes what has not ended (D-7.7)', () => {
    const { scene, taskArn } = onSpot(200);
    scene.interrupt(taskArn);
    const at = scene.seconds;
    scene.pass(119);
    expect(record(scene, taskArn)?.executionStoppedAt).toBeUndefined();
    scene.pass(30);
    const gone = record(scene, taskArn);
    expect(gone?.containers.map(({ exitCode }) => exitCode)).toEqual([137]);
    expect(
      ((gone?.executionStoppedAt ?? 0) - Date.parse('2026-05-04T12:00:00Z')) / 1000 - at,
    ).toBeLessThanOrEqual(120);
  });

  it('has the service start another on Spot, and on nothing else while there is none (D-7.7, D-10.17)', () => {
    const { scene, taskArn } = onSpot(20, {}, strategy('FARGATE:1', 'FARGATE_SPOT:1'));
    const [interrupted] = scene
      .live()
      .filter(({ capacityProviderName }) => capacityProviderName === 'FARGATE_SPOT');
    expect(taskArn).toBeDefined();
    scene.setFargate('FARGATE_SPOT', false);
    scene.interrupt(interrupted?.taskArn ?? '');
    scene.pass(600);
    expect(shares(scene)).toEqual({ FARGATE: 1 });
    scene.setFargate('FARGATE_SPOT', true);
    scene.pass(60);
    expect(shares(scene)).toEqual({ FARGATE: 1, FARGATE_SPOT: 1 });
  });

  it('is possible for running tasks of Fargate Spot alone', () => {
    const { scene, taskArn } = onSpot(20);
    const [onDemand] = scene.call('RunTask', {
      taskDefinition: 'fargate',
      launchType: 'FARGATE',
      ...inVpc,
    }).tasks;
    for (const arn of [onDemand?.taskArn ?? '', 'none'])
      expect(refusal(() => scene.interrupt(arn))).toContain('expected the ARN of a task on FARGATE_SPOT');
    scene.interrupt(taskArn);
    expect(refusal(() => scene.interrupt(taskArn))).toContain('expected the ARN of a task on FARGATE_SPOT');
  });
});

describe('a service by strategy that is steady', () => {
  it('says so of its capacity providers, one by launch type does not (D-1.17c)', () => {
    const scene = providers();
    scene.heard();
    fargateService(scene, { ...spot });
    scene.service('plain', { taskDefinition: 'fargate', launchType: 'FARGATE', ...inVpc });
    const said = scene
      .heard('ECS Service Action')
      .filter(({ detail }) => detail.eventName === 'CAPACITY_PROVIDER_STEADY_STATE');
    expect(
      said.map(({ detail, resources }) => [resources[0]?.split('/').at(-1), detail.capacityProviderArns]),
    ).toEqual([['web', ['arn:aws:ecs:eu-west-1:111122223333:capacity-provider/FARGATE_SPOT']]]);
  });
});
