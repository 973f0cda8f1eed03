import { describe, expect, it } from 'vitest';
import { answering } from '../../../simulator/answered.ts';
import { code } from './fault.ts';
import { rootArn, Scene, startAt, statuses } from './scene.ts';

const told = (scene: Scene) =>
  scene.instanceEvents().map(({ detail }) => [detail.version, detail.status, detail.agentConnected]);

/** Two instances, and a task of RunTask on the first one that runs since 3 s. */
function busy(switches = {}) {
  const scene = new Scene(switches);
  scene.instance('i-1');
  scene.definition('job');
  const task = scene.call('RunTask', { taskDefinition: 'job' }).tasks[0]?.taskArn ?? '';
  scene.pass(10);
  scene.instance('i-2');
  scene.heard();
  return { scene, task };
}

describe('registration', () => {
  it('makes an ACTIVE instance with version 2 and an event (D-1.9, D-1.10f)', () => {
    const scene = new Scene();
    scene.instance('i-1');
    expect(told(scene)).toEqual([[2, 'ACTIVE', true]]);
    expect(scene.describe('i-1')).toMatchObject({ version: 2, status: 'ACTIVE', runningTasksCount: 0 });
  });

  it('keeps the identity of an instance that is registered already (D-9.11)', () => {
    const scene = new Scene();
    const id = scene.instance('i-1');
    scene.connection('i-1', false);
    expect(scene.instance('i-1')).toBe(id);
    expect(scene.describe('i-1')).toMatchObject({ agentConnected: true, version: 4 });
  });

  it('leaves a duplicate without agent in the cluster it registered with before (D-2.8)', () => {
    const scene = new Scene();
    scene.call('CreateCluster', { clusterName: 'other' });
    const id = scene.instance('i-1');
    scene.instance('i-1', { clusterName: 'other' });
    const [first] = scene.call('DescribeContainerInstances', { containerInstances: [id] }).containerInstances;
    expect(first).toMatchObject({ status: 'ACTIVE', agentConnected: false });
  });

  it('brings the default cluster into being, and no other one (D-9.21)', () => {
    const scene = new Scene();
    scene.instance('i-1', { clusterName: 'default' });
    expect(scene.call('ListClusters').clusterArns).toHaveLength(2);
    expect(() => scene.instance('i-2', { clusterName: 'missing' })).toThrow('Cluster not found.');
  });
});

describe('the version of an instance', () => {
  it('moves with an event for each change of the agent connection (D-1.10g)', () => {
    const { scene } = busy();
    scene.connection('i-2', false);
    scene.connection('i-2', false);
    scene.connection('i-2', true);
    expect(told(scene)).toEqual([
      [3, 'ACTIVE', false],
      [4, 'ACTIVE', true],
    ]);
  });

  it('moves when a task is placed and when its stop is decided (D-1.10a)', () => {
    const { scene, task } = busy();
    scene.call('StopTask', { task });
    const [event, ...others] = scene.instanceEvents();
    expect(others).toEqual([]);
    expect(event?.detail).toMatchObject({ version: 4, runningTasksCount: 0 });
  });

  it('stays when a task whose stop was decided has stopped, as no documented cause names it (D-1.10)', () => {
    const { scene, task } = busy();
    scene.call('StopTask', { task });
    scene.heard();
    scene.pass(30);
    expect(scene.live()).toEqual([]);
    expect(scene.instanceEvents()).toEqual([]);
    expect(scene.describe('i-1')).toMatchObject({ version: 4 });
  });

  it('moves then when the switch says so', () => {
    const { scene, task } = busy({ instanceEventWhenTaskStopped: true });
    scene.call('StopTask', { task });
    scene.pass(30);
    const cpuLeft = scene
      .instanceEvents()
      .map(({ detail }) => (detail.remainingResources as { integerValue: number }[])[0]?.integerValue);
    expect(cpuLeft).toEqual([1792, 2048]);
  });

  it('moves when a task ends that nobody had decided to stop (D-1.10c)', () => {
    const scene = new Scene();
    scene.instance('i-1');
    scene.definition('job', { 'exit-after-seconds': 5 });
    scene.call('RunTask', { taskDefinition: 'job' });
    scene.heard();
    scene.pass(60);
    expect(scene.instanceEvents()).toMatchObject([{ at: 8, detail: { version: 4, runningTasksCount: 0 } }]);
  });

  it('stays when attributes change (D-1.13)', () => {
    const { scene } = busy();
    const attributes = [
      { name: 'mark', value: 'x', targetType: 'container-instance', targetId: scene.idOf('i-2') },
    ];
    scene.call('PutAttributes', { attributes });
    scene.call('DeleteAttributes', { attributes: attributes.map(({ value: _, ...rest }) => rest) });
    scene.pass(5);
    expect(scene.instanceEvents()).toEqual([]);
    expect(scene.describe('i-2').version).toBe(2);
  });

  it('moves with a change to DRAINING or ACTIVE, unless the switch says otherwise (D-1.12, D-11.1)', () => {
    const { scene } = busy();
    scene.drain('i-2');
    scene.drain('i-2', 'ACTIVE');
    expect(told(scene)).toEqual([
      [3, 'DRAINING', true],
      [4, 'ACTIVE', true],
    ]);
    const silent = busy({ eventOnStateChange: false }).scene;
    silent.drain('i-2');
    expect(silent.instanceEvents()).toEqual([]);
    expect(silent.describe('i-2')).toMatchObject({ status: 'DRAINING', version: 2 });
  });
});

describe('counts and resources', () => {
  it('follow the desired status, resources the end of the task (D-2.12, D-9.4)', () => {
    const { scene, task } = busy();
    const seen = () => {
      const { runningTasksCount, pendingTasksCount, remainingResources } = scene.describe('i-1');
      const [cpu, memory] = remainingResources as { integerValue: number }[];
      return [runningTasksCount, pendingTasksCount, cpu?.integerValue, memory?.integerValue];
    };
    expect(seen()).toEqual([1, 0, 1792, 7168]);
    scene.call('StopTask', { task });
    expect(seen()).toEqual([0, 0, 1792, 7168]);
    scene.pass(10);
    expect(seen()).toEqual([0, 0, 2048, 7680]);
  });

  it('count PENDING tasks by their last status (D-9.6)', () => {
    const scene = new Scene();
    scene.instance('i-1');
    scene.definition('job', { 'start-seconds': 10 });
    scene.call('RunTask', { taskDefinition: 'job' });
    expect(scene.describe('i-1')).toMatchObject({ runningTasksCount: 1, pendingTasksCount: 1 });
    scene.pass(11);
    expect(scene.describe('i-1')).toMatchObject({ runningTasksCount: 1, pendingTasksCount: 0 });
  });

  it('list the ports in use, the reserved ones among them (D-9.4)', () => {
    const scene = new Scene();
    scene.instance('i-1');
    scene.definition('web', {}, { portMappings: [{ containerPort: 80, hostPort: 8080 }] });
    scene.call('RunTask', { taskDefinition: 'web' });
    const ports = (scene.describe('i-1').remainingResources as { stringSetValue?: string[] }[])[2];
    expect(ports?.stringSetValue).toEqual(['22', '2375', '2376', '51678', '51679', '8080']);
  });
});

describe('EC2 terminating the instance', () => {
  it('tells of the connection, of each task and of the instance, which is INACTIVE at once (D-1.6, D-2.5)', () => {
    const { scene } = busy();
    scene.terminate('i-1');
    const events = scene.heard();
    expect(events.map(({ detailType }) => detailType.split(' ')[1])).toEqual([
      'Container',
      'Task',
      'Container',
    ]);
    expect(events.map(({ detail }) => detail.status ?? statuses(detail))).toEqual([
      'ACTIVE',
      'STOPPED/STOPPED',
      'INACTIVE',
    ]);
    expect(scene.call('ListContainerInstances').containerInstanceArns).toHaveLength(1);
    expect(scene.describe('i-1')).toMatchObject({ status: 'INACTIVE', agentConnected: false });
  });

  it('cuts off what is not STOPPED, on no reply but in the records', () => {
    const { scene, task } = busy();
    scene.call('StopTask', { task });
    scene.pass(1);
    scene.terminate('i-1');
    expect(scene.ecs.taskRecords()[0]).toMatchObject({ cutOff: true, lastStatus: 'STOPPED' });
    expect(scene.call('DescribeTasks', { tasks: [task] }).tasks[0]).not.toHaveProperty('cutOff');
    const idle = busy();
    idle.scene.call('StopTask', { task: idle.task });
    idle.scene.pass(10);
    idle.scene.terminate('i-1');
    expect(idle.scene.ecs.taskRecords()[0]?.cutOff).toBe(false);
  });

  it('leaves a ghost when the agent was disconnected (D-2.7, D-9.15)', () => {
    const { scene } = busy();
    scene.connection('i-1', false);
    scene.heard();
    scene.terminate('i-1');
    scene.pass(3600);
    scene.connection('i-1', true);
    expect(scene.heard()).toEqual([]);
    expect(scene.describe('i-1')).toMatchObject({ status: 'ACTIVE', agentConnected: false });
    expect(scene.live()).toMatchObject([
      { lastStatus: 'RUNNING', cutOff: true, executionStoppedAt: startAt + 10_000 },
    ]);
  });

  it('keeps an INACTIVE instance describable for one hour (D-2.5)', () => {
    const { scene } = busy();
    const containerInstances = [scene.idOf('i-2')];
    scene.terminate('i-2');
    scene.pass(3599);
    expect(scene.call('DescribeContainerInstances', { containerInstances }).failures).toEqual([]);
    scene.pass(1);
    expect(scene.call('DescribeContainerInstances', { containerInstances }).failures).toMatchObject([
      { reason: 'MISSING' },
    ]);
    expect(scene.record('i-2')).toMatchObject({ status: 'INACTIVE', inactiveAt: startAt + 10_000 });
  });
});

describe('DeregisterContainerInstance', () => {
  it('is refused while there are tasks (D-9.19)', () => {
    const { scene } = busy();
    const containerInstance = scene.idOf('i-1');
    expect(() => scene.call('DeregisterContainerInstance', { containerInstance })).toThrow(
      'Found running tasks on the instance.',
    );
    expect(scene.heard()).toEqual([]);
  });

  it('makes an empty instance INACTIVE with an event, and no longer lists it (D-1.10d, D-9.13)', () => {
    const { scene } = busy();
    scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf('i-2') });
    expect(told(scene)).toEqual([[3, 'INACTIVE', false]]);
    expect(scene.call('ListContainerInstances').containerInstanceArns).toEqual([
      expect.stringContaining(scene.idOf('i-1')),
    ]);
    const again = () => scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf('i-2') });
    expect(again).toThrow('Container instance not found.');
  });

  it('orders nothing of EC2, where the instance runs on (D-9.14)', () => {
    const { scene } = busy();
    const call = {
      operation: 'DeregisterContainerInstance',
      input: { cluster: 'demo', containerInstance: scene.idOf('i-1'), force: true },
      caller: { principalArn: rootArn, client: 'test' },
      viewAt: startAt + 10_000,
    };
    const { outcomes } = answering('ecs', call, () => scene.ecs.apply(startAt + 10_000, call));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['event']));
  });

  it.each([
    [{ containerInstance: '' }, 'InvalidParameterException: containerInstance cannot be blank.'],
    [{ containerInstance: '0'.repeat(32) }, 'InvalidParameterException: Container instance not found.'],
    [{ cluster: 'other' }, 'ClusterNotFoundException: Cluster not found.'],
    [
      { cluster: 'a b' },
      'InvalidParameterException: Cluster must match ^[a-zA-Z0-9\\-_]{1,255}$, but was a b',
    ],
  ])('refuses %j', (more, message) => {
    const { scene } = busy();
    const input = { containerInstance: scene.idOf('i-2'), ...more };
    expect(code(() => scene.call('DeregisterContainerInstance', input))).toBe(message);
  });

  it('orphans tasks when forced: STOPPED for ECS, running on the host until EC2 ends it (D-9.16, D-9.20)', () => {
    const { scene } = busy();
    scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf('i-1'), force: true });
    expect(scene.taskEvents().map(({ detail }) => statuses(detail))).toEqual(['STOPPED/STOPPED']);
    expect(scene.ecs.taskRecords()[0]).toMatchObject({ cutOff: false, orphanedAt: startAt + 10_000 });
    expect(scene.ecs.taskRecords()[0]?.executionStoppedAt).toBeUndefined();
    scene.terminate('i-1');
    expect(scene.ecs.taskRecords()[0]?.cutOff).toBe(true);
  });

  it('ends their containers where a switch says so (D-11.3, D-9.20)', () => {
    const { scene } = busy({ forcedDeregistrationEndsContainers: true });
    scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf('i-1'), force: true });
    expect(scene.ecs.taskRecords()[0]).toMatchObject({ executionStoppedAt: startAt + 10_000 });
    expect(scene.ecs.taskRecords()[0]?.orphanedAt).toBeUndefined();
  });

  it('orphans what is left when the instance is DRAINING (D-2.47)', () => {
    const { scene } = busy();
    scene.drain('i-1');
    scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf('i-1'), force: true });
    expect(scene.ecs.taskRecords()[0]).toMatchObject({ lastStatus: 'STOPPED', orphanedAt: startAt + 10_000 });
  });

  it('lets the scheduler replace the tasks of a ghost (D-2.7, D-9.17)', () => {
    const scene = new Scene();
    scene.instance('i-1');
    scene.definition('web');
    scene.service('web', { desiredCount: 1 });
    scene.instance('i-2');
    scene.connection('i-1', false);
    scene.terminate('i-1');
    scene.pass(60);
    expect(scene.tasksOn('i-2')).toEqual([]);
    scene.call('DeregisterContainerInstance', { containerInstance: scene.idOf('i-1'), force: true });
    scene.pass(5);
    expect(scene.tasksOn('i-2')).toMatchObject([{ lastStatus: 'RUNNING' }]);
  });
});
