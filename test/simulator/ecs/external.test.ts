import { describe, expect, it } from 'vitest';
import { balanced, refusal } from './fleet.ts';
import { Scene } from './scene.ts';

const machine = 'mi-0123456789abcdef0';
const agentArn = (id: string) => `arn:aws:sts::111122223333:assumed-role/ecsAnywhereRole/${id}`;
const totalResources = [
  { name: 'CPU', type: 'INTEGER', integerValue: 4096 },
  { name: 'MEMORY', type: 'INTEGER', integerValue: 8000 },
];

/** The agent of an external machine registers, with nothing but its credentials to say what it is. */
const register = (scene: Scene, more: Record<string, unknown> = {}, id = machine) =>
  scene.call('RegisterContainerInstance', { totalResources, ...more }, 0, agentArn(id)).containerInstance;

/** The cluster `demo` with an external machine and an instance of EC2. */
function mixed() {
  const scene = new Scene();
  register(scene);
  scene.instance('i-1');
  scene.definition('web');
  return scene;
}

const run = (scene: Scene, more: Record<string, unknown> = {}) =>
  scene.call('RunTask', { taskDefinition: 'web', count: 3, ...more });

describe('an external machine (ECS Anywhere)', () => {
  it('is what the credentials of its agent say, without a document of EC2 and without a zone (D-9.1, D-14.50, D-14.51)', () => {
    const scene = new Scene();
    const { ec2InstanceId, attributes, capacityProviderName, status } = register(scene);
    expect({ ec2InstanceId, capacityProviderName, status }).toEqual({
      ec2InstanceId: machine,
      status: 'ACTIVE',
      capacityProviderName: undefined,
    });
    const names = (attributes as readonly { name: string }[]).map(({ name }) => name);
    expect(names).toContain('ecs.capability.external');
    expect(names.some((name) => /zone|instance-type|ami|eni/.test(name))).toBe(false);
    expect(scene.instanceEvents()[0]?.detail).toMatchObject({ ec2InstanceId: machine, version: 2 });
  });

  it('needs such credentials: whoever else gives no document is refused (D-14.51)', () => {
    const scene = new Scene();
    const call = () => scene.call('RegisterContainerInstance', { totalResources });
    expect(refusal(call)).toContain('instanceIdentityDocumentSignature cannot be blank.');
    expect(refusal(() => register(scene, {}, 'i-0123'))).toContain('cannot be blank.');
  });

  it('has the attribute once, whether its agent names it or not (D-14.50)', () => {
    const scene = new Scene();
    const { attributes } = register(scene, { attributes: [{ name: 'ecs.capability.external' }] });
    expect(attributes).toEqual([{ name: 'ecs.capability.external' }]);
  });

  it('is in one cluster at a time (D-14.50)', () => {
    const scene = new Scene();
    register(scene);
    scene.call('CreateCluster', { clusterName: 'other' });
    const again = () => register(scene, { cluster: 'other' });
    expect(refusal(again)).toContain('is registered in another cluster');
    scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf(machine) });
    expect(again().ec2InstanceId).toBe(machine);
  });

  it('takes the tasks of launch type EXTERNAL and no others, as instances of EC2 take none of those (D-14.50)', () => {
    const scene = mixed();
    for (const [launchType, id] of [
      ['EC2', 'i-1'],
      ['EXTERNAL', machine],
    ] as const) {
      const { tasks } = run(scene, { launchType });
      expect(tasks.map((task) => task.launchType)).toEqual(Array(3).fill(launchType));
      expect(scene.tasksOn(id).length).toBe(3);
    }
    expect(scene.call('ListTasks', { launchType: 'EXTERNAL' }).taskArns.length).toBe(3);
  });

  it('is no instance for tasks of EC2: without one RunTask finds none (D-14.50)', () => {
    const scene = new Scene();
    register(scene);
    scene.definition('web');
    expect(refusal(() => run(scene))).toContain('No Container Instances were found in your cluster.');
    expect(run(scene, { launchType: 'EXTERNAL' }).tasks.length).toBe(3);
  });

  it('drains like any other, to other external machines alone (D-2.16, D-14.50)', () => {
    const scene = mixed();
    scene.service('web', { launchType: 'EXTERNAL' });
    scene.drain(machine);
    scene.pass(120);
    expect(scene.tasksOn(machine).length).toBe(2);
    const other = 'mi-0fedcba9876543210';
    register(scene, {}, other);
    scene.pass(120);
    expect(scene.tasksOn(machine)).toEqual([]);
    expect(scene.tasksOn(other).map(({ launchType }) => launchType)).toEqual(['EXTERNAL', 'EXTERNAL']);
    expect(scene.describe(machine).status).toBe('DRAINING');
  });

  it('runs the daemons of its launch type (D-9.37, D-14.50)', () => {
    const scene = mixed();
    const daemon = { schedulingStrategy: 'DAEMON', desiredCount: undefined };
    scene.service('outside', { ...daemon, launchType: 'EXTERNAL' });
    expect(scene.tasksOf('service:outside').map(({ ec2InstanceId }) => ec2InstanceId)).toEqual([machine]);
    scene.service('inside', daemon);
    expect(scene.tasksOf('service:inside').map(({ ec2InstanceId }) => ec2InstanceId)).toEqual(['i-1']);
  });

  it('is started on by name as what it is (D-9.30, D-14.50)', () => {
    const scene = mixed();
    const containerInstances = [scene.idOf(machine), scene.idOf('i-1')];
    const { tasks } = scene.call('StartTask', { taskDefinition: 'web', containerInstances });
    expect(tasks.map(({ launchType }) => launchType)).toEqual(['EXTERNAL', 'EC2']);
  });

  it('has an agent that ECS does not update (D-14.50)', () => {
    const scene = mixed();
    const update = () => scene.call('UpdateContainerAgent', { containerInstance: scene.idOf(machine) });
    expect(refusal(update)).toContain('the agents of external ones cannot be updated');
  });

  it.each([
    [balanced, 'loadBalancers: not supported with EXTERNAL.'],
    [
      { serviceRegistries: [{ registryArn: 'arn:r', containerName: 'app', containerPort: 80 }] },
      'serviceRegistries: not supported with EXTERNAL.',
    ],
    [{ taskDefinition: 'own' }, 'Task definition does not support launch_type EXTERNAL.'],
    [{ platformVersion: '1.4.0' }, 'must be null when specifying an EXTERNAL launch type.'],
    [
      { capacityProviderStrategy: [{ capacityProvider: 'FARGATE', weight: 1 }] },
      'Specifying both a launch type and capacity provider strategy is not supported.',
    ],
  ])('cannot have a service with %j (D-14.50)', (more, expected) => {
    const scene = mixed();
    scene.ecs.putTargetGroup({ ...targetGroup, targetGroupArn: arnOf(more) });
    scene.definition('web', {}, { portMappings: [{ containerPort: 80 }] });
    scene.definition('own', {}, {}, { networkMode: 'awsvpc' });
    expect(refusal(() => scene.service('web', { launchType: 'EXTERNAL', ...more }))).toContain(expected);
  });
});

const targetGroup = { deregistrationDelaySeconds: 0, healthySeconds: 5 };
const arnOf = (more: object) =>
  'loadBalancers' in more ? (balanced.loadBalancers[0]?.targetGroupArn ?? '') : 'arn:none';
