import { describe, expect, it } from 'vitest';
import { balanced, fleet } from './fleet.ts';
import { Scene, targetGroupArn } from './scene.ts';

describe('a daemon service', () => {
  const daemon = (scene: Scene) => {
    scene.definition('log');
    const input = { schedulingStrategy: 'DAEMON', taskDefinition: 'log', desiredCount: undefined };
    scene.service('log', input);
  };

  it('runs one task on every active instance, new ones too (D-9.37)', () => {
    const scene = fleet(2);
    daemon(scene);
    scene.instance('i-3');
    scene.pass(5);
    expect(scene.tasksOf('service:log').map(({ ec2InstanceId }) => ec2InstanceId)).toEqual([
      'i-1',
      'i-2',
      'i-3',
    ]);
    expect(scene.call('DescribeServices', { services: ['log'] }).services[0]).toMatchObject({
      desiredCount: 3,
    });
  });

  it('stops last on a draining instance, and places no new one there (D-2.29)', () => {
    const scene = fleet(2);
    scene.definition('web', { 'stop-seconds': 25 });
    daemon(scene);
    scene.service('web', { desiredCount: 2 });
    scene.call('RunTask', {
      taskDefinition: 'web',
      placementConstraints: [{ type: 'memberOf', expression: 'ec2InstanceId == i-1' }],
    });
    scene.drain('i-1');
    scene.pass(60);
    const groups = () => scene.tasksOn('i-1').map(({ group, desiredStatus }) => `${group} ${desiredStatus}`);
    expect(groups().sort()).toEqual(['family:web RUNNING', 'service:log RUNNING', 'service:web STOPPED']);
    scene.pass(20);
    expect(groups()).toEqual(['family:web RUNNING']);
  });

  it('waits where its task has no room', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 8 });
    daemon(scene);
    expect(scene.tasksOf('service:log')).toEqual([]);
    scene.call('UpdateService', { service: 'web', desiredCount: 7 });
    scene.pass(10);
    expect(scene.tasksOf('service:log')).toHaveLength(1);
  });

  it('comes before replica tasks where there is room for one (D-9.37)', () => {
    const scene = fleet(1);
    scene.service('web', { desiredCount: 9 });
    daemon(scene);
    scene.instance('i-2', { memoryMib: 512 });
    scene.pass(5);
    expect(scene.tasksOn('i-2')).toMatchObject([{ group: 'service:log' }]);
  });

  it('runs only where its constraints hold', () => {
    const scene = fleet(2);
    const expression = 'attribute:ecs.availability-zone == eu-west-1b';
    const placementConstraints = [{ type: 'memberOf', expression }];
    scene.service('web', { schedulingStrategy: 'DAEMON', desiredCount: undefined, placementConstraints });
    expect(scene.tasksOf('service:web').map(({ ec2InstanceId }) => ec2InstanceId)).toEqual(['i-2']);
  });

  describe('with the constraint to instances that have the attribute `logs`', () => {
    const attributed = () => {
      const scene = fleet(2);
      const attributes = [...'12'].map((number) => ({
        name: 'logs',
        targetType: 'container-instance',
        targetId: scene.idOf(`i-${number}`),
      }));
      scene.call('PutAttributes', { attributes });
      const placementConstraints = [{ type: 'memberOf', expression: 'attribute:logs exists' }];
      scene.definition('web', { 'stop-seconds': 10 });
      const deploymentConfiguration = { minimumHealthyPercent: 100, maximumPercent: 100 };
      const more = { schedulingStrategy: 'DAEMON', desiredCount: undefined };
      scene.service('web', { ...more, placementConstraints, deploymentConfiguration });
      scene.heard();
      return { scene, attributes };
    };
    const places = (scene: Scene) => scene.tasksOf('service:web').map(({ ec2InstanceId }) => ec2InstanceId);
    const violated = (scene: Scene) =>
      scene
        .heard('ECS Service Action')
        .filter(({ detail }) => detail.eventName === 'SERVICE_DAEMON_PLACEMENT_CONSTRAINT_VIOLATED');

    it('stops where the attribute is taken away, whatever the minimum, and says so once (D-1.17j)', () => {
      const { scene, attributes } = attributed();
      const [task] = scene.tasksOn('i-1');
      scene.call('DeleteAttributes', { attributes: attributes.slice(0, 1) });
      scene.pass(30);
      expect(places(scene)).toEqual(['i-2']);
      expect(violated(scene)).toMatchObject([{ detail: { eventType: 'ERROR', taskArns: [task?.taskArn] } }]);
      expect(scene.call('DescribeServices', { services: ['web'] }).services[0]?.desiredCount).toBe(1);
    });

    it('comes back with the attribute (D-9.37)', () => {
      const { scene, attributes } = attributed();
      scene.call('DeleteAttributes', { attributes });
      scene.pass(30);
      expect(places(scene)).toEqual([]);
      scene.call('PutAttributes', { attributes });
      scene.pass(30);
      expect(places(scene)).toEqual(['i-1', 'i-2']);
    });

    it('still stops last on an instance that is DRAINING: nothing is violated there (D-2.29, D-1.17j)', () => {
      const { scene, attributes } = attributed();
      scene.drain('i-1');
      scene.call('DeleteAttributes', { attributes: attributes.slice(0, 1) });
      scene.pass(30);
      expect(places(scene)).toEqual(['i-2']);
      expect(violated(scene)).toEqual([]);
    });
  });

  it('runs on no instance that is DEREGISTERING, and comes to no new one from it (D-2.3, D-9.37)', () => {
    const scene = new Scene();
    scene.call('PutAccountSettingDefault', { name: 'awsvpcTrunking', value: 'enabled' });
    for (const id of ['i-1', 'i-2']) scene.instance(id);
    scene.pass(120);
    daemon(scene);
    expect(scene.tasksOf('service:log')).toHaveLength(2);
    scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf('i-1'), force: true });
    expect(scene.describe('i-1').status).toBe('DEREGISTERING');
    scene.pass(2);
    const wanted = scene.tasksOf('service:log').filter(({ desiredStatus }) => desiredStatus === 'RUNNING');
    expect(wanted.map(({ ec2InstanceId }) => ec2InstanceId)).toEqual(['i-2']);
    scene.pass(120);
    expect(scene.tasksOf('service:log').map(({ ec2InstanceId }) => ec2InstanceId)).toEqual(['i-2']);
    expect(scene.call('DescribeServices', { services: ['log'] }).services[0]?.desiredCount).toBe(1);
  });

  it('is replaced instance by instance: the old task ends before the new one starts (D-2.25)', () => {
    const scene = fleet(2);
    daemon(scene);
    scene.definition('log');
    scene.heard();
    scene.call('UpdateService', { service: 'log', taskDefinition: 'log' });
    scene.pass(3);
    expect(scene.tasksOf('service:log').every(({ desiredStatus }) => desiredStatus === 'STOPPED')).toBe(true);
    scene.pass(60);
    expect(scene.tasksOf('service:log').map(({ definition }) => definition.revision)).toEqual([2, 2]);
  });
});

describe('deleting a service', () => {
  it('drains it, hides it from the list, and ends INACTIVE (D-9.46)', () => {
    const scene = fleet(1);
    scene.definition('web', { 'stop-seconds': 10 });
    const arn = scene.service('web', { desiredCount: 2 });
    const status = () => scene.call('DescribeServices', { services: [arn] }).services[0]?.status;
    expect(() => scene.call('DeleteService', { service: 'web' })).toThrow('scaled above 0');
    scene.call('DeleteService', { service: 'web', force: true });
    expect(status()).toBe('DRAINING');
    expect(scene.call('ListServices').serviceArns).toEqual([]);
    expect(() => scene.service('web')).toThrow('still Draining');
    scene.pass(20);
    expect(status()).toBe('INACTIVE');
    expect(scene.live()).toEqual([]);
    scene.service('web', { desiredCount: 1 });
    expect(status()).toBe('ACTIVE');
  });

  it('stays DRAINING while a task has not got SIGTERM (D-9.46)', () => {
    const scene = fleet(1);
    scene.ecs.putTargetGroup({ targetGroupArn, deregistrationDelaySeconds: 60, healthySeconds: 1 });
    scene.service('web', { desiredCount: 1, ...balanced });
    scene.call('DeleteService', { service: 'web', force: true });
    const status = () => scene.call('DescribeServices', { services: ['web'] }).services[0]?.status;
    scene.pass(50);
    expect(status()).toBe('DRAINING');
    scene.pass(15);
    expect(status()).toBe('INACTIVE');
  });

  it('stops the tasks of a daemon everywhere, without force (D-9.46)', () => {
    const scene = fleet(2);
    scene.service('web', { schedulingStrategy: 'DAEMON', desiredCount: undefined });
    scene.call('DeleteService', { service: 'web' });
    scene.pass(20);
    expect(scene.live()).toEqual([]);
  });
});
