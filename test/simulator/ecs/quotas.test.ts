import { describe, expect, it } from 'vitest';
import { usualQuotas } from '../../../simulator/ecs/quotas.ts';
import { balanced, refusal } from './fleet.ts';
import { Scene } from './scene.ts';

const register = (scene: Scene, instanceId: string) =>
  scene.call('RegisterContainerInstance', {
    instanceIdentityDocument: JSON.stringify({ instanceId }),
    instanceIdentityDocumentSignature: 'signed',
    totalResources: [
      { name: 'CPU', type: 'INTEGER', integerValue: 2048 },
      { name: 'MEMORY', type: 'INTEGER', integerValue: 7680 },
    ],
  });

describe('the quotas of ECS (D-14.60)', () => {
  it("are AWS's where nobody says otherwise", () => {
    expect(usualQuotas).toEqual({
      clusters: 10_000,
      instancesPerCluster: 5_000,
      servicesPerCluster: 5_000,
      tasksPerService: 5_000,
      providersPerCluster: 20,
      targetGroupsPerService: 5,
      containersPerDefinition: 10,
      provisioningTasksPerCluster: 500,
    });
  });

  it('hold for clusters: another one is refused, one that is there is given again, a deleted one makes room', () => {
    const scene = new Scene({}, { clusters: 2 });
    scene.call('CreateCluster', { clusterName: 'two' });
    const third = () => scene.call('CreateCluster', { clusterName: 'three' });
    expect(refusal(third)).toBe(
      'ClientException: The maximum number of clusters per account has been exceeded.',
    );
    scene.call('CreateCluster', { clusterName: 'two' });
    scene.call('DeleteCluster', { cluster: 'two' });
    expect(third().cluster.status).toBe('ACTIVE');
  });

  it('hold for container instances: DRAINING ones count, and whoever registers again is let in', () => {
    const scene = new Scene({}, { instancesPerCluster: 2 });
    scene.instance('i-1');
    register(scene, 'i-2');
    scene.drain('i-1');
    expect(refusal(() => register(scene, 'i-3'))).toBe(
      'ClientException: The maximum number of container instances per cluster has been exceeded.',
    );
    scene.connection('i-1', false);
    scene.instance('i-1');
    expect(scene.describe('i-1').agentConnected).toBe(true);
    scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf('i-1') });
    expect(register(scene, 'i-3').containerInstance.status).toBe('ACTIVE');
  });

  it('hold for an instance that EC2 boots: it runs, and ECS does not know it', () => {
    const scene = new Scene({}, { instancesPerCluster: 1 });
    scene.instance('i-1');
    expect(() => scene.instance('i-2')).toThrow('no such instance');
    expect(scene.call('ListContainerInstances').containerInstanceArns.length).toBe(1);
  });

  it('hold for services: a deleted one makes room once it is INACTIVE', () => {
    const scene = new Scene({}, { servicesPerCluster: 1 });
    scene.instance('i-1');
    scene.definition('web');
    scene.service('one');
    expect(refusal(() => scene.service('two'))).toBe(
      'InvalidParameterException: The maximum number of services per cluster has been exceeded.',
    );
    scene.call('DeleteService', { service: 'one', force: true });
    scene.pass(60);
    scene.service('two');
  });

  it('hold for the tasks of a service, when it is created and when it is scaled', () => {
    const scene = new Scene();
    scene.definition('web');
    const refused = 'InvalidParameterException: Desired count exceeds limit.';
    expect(refusal(() => scene.service('web', { desiredCount: 5_001 }))).toBe(refused);
    scene.service('web', { desiredCount: 0 });
    const scale = (desiredCount: number) => scene.call('UpdateService', { service: 'web', desiredCount });
    expect(refusal(() => scale(5_001))).toBe(refused);
    expect(scale(5_000).service.desiredCount).toBe(5_000);
  });

  it('hold for the target groups of a service', () => {
    const scene = new Scene();
    scene.definition('web');
    const loadBalancers = Array.from({ length: 6 }, () => balanced.loadBalancers[0]);
    expect(refusal(() => scene.service('web', { loadBalancers }))).toBe(
      'InvalidParameterException: loadBalancers can have at most 5 items.',
    );
  });

  it('hold for a task definition: ten containers, and so many bytes', () => {
    const scene = new Scene();
    const define = (containerDefinitions: readonly object[]) =>
      scene.call('RegisterTaskDefinition', { family: 'web', containerDefinitions });
    const containers = Array.from({ length: 11 }, (_, n) => ({ name: `c${n}`, image: 'c', memory: 8 }));
    expect(refusal(() => define(containers))).toBe(
      'ClientException: Container definitions can have at most 10 items.',
    );
    define(containers.slice(1));
    const [one] = containers;
    const long = () => define([{ ...one, command: ['x'.repeat(65_536)] }]);
    expect(refusal(long)).toMatch(
      /^ClientException: Actual length: '65\d{3}'\. Max allowed length is '65536' bytes\.$/,
    );
  });

  it('hold for tasks that wait for an instance (D-4.32)', () => {
    const scene = new Scene({}, { provisioningTasksPerCluster: 3 });
    scene.call('CreateCapacityProvider', {
      name: 'own',
      autoScalingGroupProvider: { autoScalingGroupArn: 'blue', managedScaling: { status: 'ENABLED' } },
    });
    scene.call('PutClusterCapacityProviders', {
      capacityProviders: ['own'],
      defaultCapacityProviderStrategy: [{ capacityProvider: 'own', weight: 1 }],
    });
    scene.definition('web');
    expect(scene.call('RunTask', { taskDefinition: 'web', count: 3 }).tasks.length).toBe(3);
    expect(refusal(() => scene.call('RunTask', { taskDefinition: 'web' }))).toContain('PROVISIONING state');
  });
});
