import { describe, expect, it } from 'vitest';
import { balanced, fleet, inSet, providers, refusal, shares, stopped, strategy } from '../fleet.ts';
import { inVpc, type Scene, targetGroupArn } from '../scene.ts';

const arn = 'arn:aws:ecs:eu-west-1:111122223333:';

/** A service `web` of ten tasks with the EXTERNAL controller, on four instances unless another scene is given. */
function external(scene = fleet(4), desiredCount = 10) {
  const deploymentController = { type: 'EXTERNAL' };
  scene.call('CreateService', { serviceName: 'web', deploymentController, desiredCount });
  scene.heard();
  return scene;
}
const create = (scene: Scene, more: Record<string, unknown> = {}) =>
  scene.call('CreateTaskSet', { service: 'web', taskDefinition: 'web', ...more }).taskSet;
const scale = (value: number) => ({ scale: { value, unit: 'PERCENT' } });
const seen = (scene: Scene, more: Record<string, unknown> = {}) =>
  scene.call('DescribeTaskSets', { service: 'web', ...more }).taskSets;
const service = (scene: Scene) => scene.call('DescribeServices', { services: ['web'] }).services[0];
const steady = (scene: Scene) =>
  scene.heard('ECS Service Action').filter(({ detail }) => detail.eventName === 'TASKSET_STEADY_STATE');

describe('a service with the EXTERNAL deployment controller', () => {
  it('needs only a name, and has no tasks of its own (D-9.49)', () => {
    const scene = fleet(1);
    const { service: made } = scene.call('CreateService', {
      serviceName: 'web',
      deploymentController: { type: 'EXTERNAL' },
    });
    expect(made).toMatchObject({
      desiredCount: 0,
      deployments: [],
      taskSets: [],
      deploymentController: { type: 'EXTERNAL' },
    });
    scene.call('UpdateService', { service: 'web', desiredCount: 3 });
    scene.pass(60);
    expect(scene.live()).toEqual([]);
  });

  it.each([
    ['taskDefinition', 'web'],
    ['loadBalancers', [{ targetGroupArn, containerName: 'app', containerPort: 80 }]],
    ['launchType', 'EC2'],
    ['networkConfiguration', inVpc.networkConfiguration],
    ['platformVersion', '1.4.0'],
    ...Object.entries(strategy('FARGATE:1')),
  ])('leaves %s to its task sets (D-9.49)', (name, value) => {
    const input = { serviceName: 'web', deploymentController: { type: 'EXTERNAL' }, [name]: value };
    expect(refusal(() => fleet(1).call('CreateService', input))).toBe(
      `InvalidParameterException: ${name}: with the EXTERNAL deployment controller it belongs to a task set.`,
    );
  });
});

describe('CreateTaskSet', () => {
  it('starts the share of the desired count, rounded up, and is ACTIVE (D-9.50, D-9.51)', () => {
    const scene = external(fleet(4), 4);
    const made = create(scene, { ...scale(30), externalId: 'release-1' });
    expect(made).toMatchObject({
      taskSetArn: `${arn}task-set/demo/web/${made.id}`,
      serviceArn: `${arn}service/demo/web`,
      status: 'ACTIVE',
      externalId: 'release-1',
      // 30 % of 4 are 1.2.
      computedDesiredCount: 2,
      runningCount: 0,
      stabilityStatus: 'STABILIZING',
      launchType: 'EC2',
      taskDefinition: `${arn}task-definition/web:1`,
      scale: { value: 30, unit: 'PERCENT' },
    });
    expect(made.id).toMatch(/^ecs-svc\/\d{19}$/);
    expect(made.startedBy).toBeUndefined();
    scene.pass(60);
    expect(inSet(scene, made.id)).toBe(2);
    expect(seen(scene)).toMatchObject([
      { runningCount: 2, pendingCount: 0, stabilityStatus: 'STEADY_STATE' },
    ]);
    expect(steady(scene)).toMatchObject([{ detail: { taskSetArns: [made.taskSetArn] } }]);
  });

  it('is at full scale unless it is said otherwise, and keeps its number beside other task sets', () => {
    const scene = external(fleet(4), 4);
    const [one, other] = [create(scene), create(scene, scale(50))];
    scene.pass(60);
    expect([inSet(scene, one.id), inSet(scene, other.id)]).toEqual([4, 2]);
    scene.call('UpdateService', { service: 'web', desiredCount: 6 });
    scene.pass(60);
    expect([inSet(scene, one.id), inSet(scene, other.id)]).toEqual([6, 3]);
  });

  it('takes a strategy, and Fargate (D-4.38)', () => {
    const scene = external(providers(), 4);
    create(scene, { taskDefinition: 'fargate', ...inVpc, ...strategy('FARGATE:1', 'FARGATE_SPOT:1') });
    scene.pass(60);
    expect(shares(scene)).toEqual({ FARGATE: 2, FARGATE_SPOT: 2 });
    const [taskSet] = seen(scene);
    expect(taskSet).toMatchObject(strategy('FARGATE:1', 'FARGATE_SPOT:1'));
    expect(taskSet).not.toHaveProperty('launchType');
  });

  it('answers the same token with the same task set, and refuses it for another one', () => {
    const scene = external();
    const made = create(scene, { clientToken: 'token' });
    expect(create(scene, { clientToken: 'token' }).id).toBe(made.id);
    expect(seen(scene)).toHaveLength(1);
    expect(refusal(() => create(scene, { clientToken: 'token', ...scale(1) }))).toContain('not idempotent');
  });

  it.each([
    [{ taskDefinition: 'other' }, 'ClientException: Unable to describe task definition.'],
    [scale(101), 'InvalidParameterException: scale: expected a value from 0 to 100, got 101.'],
    [scale(-1), 'InvalidParameterException: scale'],
    [{ scale: { value: 5, unit: 'TASKS' } }, 'InvalidParameterException: unit should be one of [PERCENT]'],
    [{ launchType: 'FARGATE' }, 'InvalidParameterException: Task definition does not support'],
    [strategy('blue:1'), 'InvalidParameterException: The specified capacity provider was not found.'],
    [{ clientToken: 'with blank' }, 'InvalidParameterException: clientToken: expected text like'],
    [{ service: 'other' }, 'ServiceNotFoundException: Service not found.'],
    [{ cluster: 'other' }, 'ClusterNotFoundException: Cluster not found.'],
    [balanced, 'InvalidParameterException: The target group with targetGroupArn'],
  ])('refuses %j (D-9.51)', (more, expected) => {
    expect(refusal(() => create(external(), more))).toContain(expected);
  });

  it('refuses a sixth one, and a service with another controller', () => {
    const scene = external();
    for (let number = 0; number < 5; number++) create(scene, scale(0));
    expect(refusal(() => create(scene))).toBe(
      'InvalidParameterException: 5 deployments exist on the service. Unable to create new TaskSet since this exceeds the maximum limit.',
    );
    scene.service('own', {}, 0);
    const operations = ['CreateTaskSet', 'UpdateTaskSet', 'DeleteTaskSet', 'DescribeTaskSets'];
    for (const operation of operations)
      expect(
        refusal(() => scene.call(operation, { service: 'own', taskSet: 'x', taskDefinition: 'web' })),
      ).toContain(
        'InvalidParameterException: Amazon ECS only supports task set management on services configured to use external deployment controllers.',
      );
  });
});

describe('UpdateTaskSet', () => {
  it('scales: what is too many stops, what is missing starts (D-9.53)', () => {
    const scene = external();
    const { id } = create(scene, scale(20));
    scene.pass(60);
    scene.heard();
    const update = (value: number) =>
      scene.call('UpdateTaskSet', { service: 'web', taskSet: id, ...scale(value) }).taskSet;
    expect(update(50)).toMatchObject({ computedDesiredCount: 5, stabilityStatus: 'STABILIZING' });
    scene.pass(60);
    expect(inSet(scene, id)).toBe(5);
    expect(steady(scene)).toHaveLength(1);
    update(0);
    scene.pass(60);
    expect(inSet(scene, id)).toBe(0);
    expect(seen(scene)).toMatchObject([{ stabilityStatus: 'STEADY_STATE', computedDesiredCount: 0 }]);
  });

  it('knows its task set by id and by ARN', () => {
    const scene = external();
    const { id, taskSetArn } = create(scene, scale(0));
    for (const taskSet of [id, taskSetArn])
      expect(scene.call('UpdateTaskSet', { service: 'web', taskSet, ...scale(1) }).taskSet.id).toBe(id);
    const update = (taskSet: string) => () =>
      scene.call('UpdateTaskSet', { service: 'web', taskSet, ...scale(1) });
    expect(refusal(update('ecs-svc/1111111111111111111'))).toContain('TaskSetNotFoundException');
    expect(refusal(update(`${arn}task/demo/1`))).toBe(
      'InvalidParameterException: Task Set Identifier is invalid',
    );
    expect(refusal(() => scene.call('UpdateTaskSet', { service: 'web', taskSet: id, scale: {} }))).toContain(
      'scale: expected a value from 0 to 100, got nothing.',
    );
  });
});

describe('the stability of a task set (D-9.52)', () => {
  it('is lost while one of its tasks is on a DRAINING instance', () => {
    const scene = external(fleet(2), 2);
    const { id } = create(scene);
    scene.pass(60);
    scene.drain('i-1');
    expect(seen(scene)).toMatchObject([{ stabilityStatus: 'STABILIZING', runningCount: 2 }]);
    scene.pass(120);
    expect(inSet(scene, id)).toBe(2);
    expect(scene.tasksOn('i-1')).toEqual([]);
    expect(seen(scene)).toMatchObject([{ stabilityStatus: 'STEADY_STATE' }]);
  });

  it('is said of each set when its drained tasks have stopped, which are replaced in their own set (D-1.17b)', () => {
    const scene = external(fleet(3), 4);
    const blue = create(scene, { scale: { unit: 'PERCENT', value: 100 } });
    const green = create(scene, { scale: { unit: 'PERCENT', value: 50 } });
    scene.pass(60);
    scene.heard();
    scene.drain('i-1');
    expect(new Set(scene.tasksOn('i-1').map(({ startedBy }) => startedBy))).toEqual(
      new Set([blue.id, green.id]),
    );
    scene.pass(200);
    expect([inSet(scene, blue.id), inSet(scene, green.id)]).toEqual([4, 2]);
    const events = scene.heard();
    const lastStop = events.findLast(({ detail }) => detail.lastStatus === 'STOPPED');
    const said = events.filter(({ detail }) => detail.eventName === 'TASKSET_STEADY_STATE');
    expect(said.flatMap(({ detail }) => detail.taskSetArns).sort()).toEqual(
      [blue.taskSetArn, green.taskSetArn].sort(),
    );
    expect(said.at(-1)?.at).toBe((lastStop?.at ?? 0) + 1);
  });

  it('waits until its tasks are healthy', () => {
    const scene = external(fleet(2), 2);
    create(scene);
    scene.pass(20);
    expect(seen(scene)).toMatchObject([{ runningCount: 2, stabilityStatus: 'STABILIZING' }]);
  });

  it('holds the percentages only while an instance drains (D-2.26)', () => {
    const scene = external(fleet(2), 2);
    const { id } = create(scene);
    scene.pass(60);
    scene.heard();
    scene.drain('i-1');
    scene.pass(10);
    expect(stopped(scene)).toEqual([]);
    scene.pass(60);
    expect(stopped(scene)).toHaveLength(1);
    expect(inSet(scene, id)).toBe(2);
  });
});

describe('UpdateServicePrimaryTaskSet', () => {
  it('makes one the PRIMARY, the one before ACTIVE, and gives the service what it has (D-9.50, D-9.53)', () => {
    const scene = external(providers({ blue: 1 }), 2);
    const one = create(scene, strategy('blue:1'));
    const other = create(scene, { taskDefinition: 'fargate', ...inVpc, launchType: 'FARGATE' });
    const choose = (primaryTaskSet: string) =>
      scene.call('UpdateServicePrimaryTaskSet', { service: 'web', primaryTaskSet }).taskSet;
    expect(choose(one.id)).toMatchObject({ id: one.id, status: 'PRIMARY' });
    expect(service(scene)).toMatchObject({
      ...strategy('blue:1'),
      taskDefinition: `${arn}task-definition/web:1`,
    });
    choose(other.taskSetArn);
    expect(seen(scene).map(({ status }) => status)).toEqual(['ACTIVE', 'PRIMARY']);
    expect(service(scene)).toMatchObject({
      launchType: 'FARGATE',
      taskDefinition: `${arn}task-definition/fargate:1`,
      networkConfiguration: inVpc.networkConfiguration,
    });
    expect(service(scene)).not.toHaveProperty('capacityProviderStrategy');
    expect(refusal(() => choose('ecs-svc/1111111111111111111'))).toContain('TaskSetNotFoundException');
  });
});

describe('DeleteTaskSet', () => {
  const remove = (scene: Scene, taskSet: string, more = {}) =>
    scene.call('DeleteTaskSet', { service: 'web', taskSet, ...more }).taskSet;

  it('needs a scale of zero or force; DRAINING until its tasks have stopped, then gone (D-9.50, D-9.53)', () => {
    const scene = external(fleet(2), 2);
    scene.definition('web', { 'stop-seconds': 20 });
    const { id, taskSetArn } = create(scene);
    scene.pass(60);
    expect(refusal(() => remove(scene, id))).toBe(
      'InvalidParameterException: The task set cannot be deleted while it is scaled above 0.',
    );
    expect(remove(scene, id, { force: true })).toMatchObject({ status: 'DRAINING', computedDesiredCount: 0 });
    const update = () => scene.call('UpdateTaskSet', { service: 'web', taskSet: id, ...scale(5) });
    expect(refusal(update)).toContain('it is DRAINING and cannot be scaled');
    scene.pass(10);
    expect(seen(scene)).toMatchObject([{ status: 'DRAINING' }]);
    scene.pass(30);
    const reply = scene.call('DescribeTaskSets', { service: 'web', taskSets: [id] });
    expect(reply).toMatchObject({ taskSets: [], failures: [{ arn: taskSetArn, reason: 'MISSING' }] });
    expect(refusal(() => remove(scene, id))).toContain('TaskSetNotFoundException');
  });

  it('deletes the primary one by force only', () => {
    const scene = external(fleet(2), 2);
    const { id } = create(scene, scale(0));
    scene.call('UpdateServicePrimaryTaskSet', { service: 'web', primaryTaskSet: id });
    expect(refusal(() => remove(scene, id))).toContain(
      'The primary task set cannot be deleted without force.',
    );
    remove(scene, id, { force: true });
    scene.pass(5);
    expect(seen(scene)).toEqual([]);
  });
});

describe('DescribeTaskSets', () => {
  it('gives all of them or those asked for, tags when asked (D-9.53, D-9.63)', () => {
    const scene = external();
    const tags = [{ key: 'team', value: 'a' }];
    const [one, other] = [create(scene, { ...scale(0), tags }), create(scene, scale(0))];
    expect(seen(scene).map(({ id }) => id)).toEqual([one.id, other.id]);
    expect(seen(scene, { taskSets: [other.taskSetArn, other.id] }).map(({ id }) => id)).toEqual([other.id]);
    expect(seen(scene, { taskSets: [one.id], include: ['TAGS'] })).toMatchObject([{ tags }]);
    expect(seen(scene, { taskSets: [one.id] })[0]).not.toHaveProperty('tags');
    expect(refusal(() => seen(scene, { taskSets: ['one'] }))).toContain('Task Set Identifier is invalid');
  });

  it('shows the state of an earlier time when the read lags (D-10.3)', () => {
    const scene = external(fleet(2), 2);
    create(scene);
    scene.pass(60);
    scene.drain('i-1');
    scene.pass(5);
    const { taskSets } = scene.call('DescribeTaskSets', { service: 'web' }, 10);
    expect(taskSets).toMatchObject([{ stabilityStatus: 'STEADY_STATE' }]);
  });
});

describe('deleting the service', () => {
  it('needs force while tasks run, and ends with the last of them (D-9.46)', () => {
    const scene = external(fleet(2), 2);
    create(scene);
    scene.pass(60);
    expect(refusal(() => scene.call('DeleteService', { service: 'web' }))).toContain('scaled above 0');
    scene.call('DeleteService', { service: 'web', force: true });
    scene.pass(60);
    expect(scene.live()).toEqual([]);
    expect(service(scene)).toMatchObject({ status: 'INACTIVE' });
  });
});
