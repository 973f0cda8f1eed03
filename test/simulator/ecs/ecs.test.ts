import { describe, expect, it } from 'vitest';
import { Fault } from '../../../simulator/machine.ts';
import { Scene } from './scene.ts';

describe('Ecs', () => {
  it('answers an operation that it does not know with UnknownOperationException', () => {
    const scene = new Scene();
    expect(() => scene.call('DescribeEverything')).toThrow(Fault);
    expect(() => scene.call('toString')).toThrow('The simulated ECS does not know toString.');
  });

  it('answers reads from the state at the time of the view, writes from the newest (D-10.3)', () => {
    const scene = new Scene();
    const id = scene.instance('i-1');
    scene.definition('job');
    scene.pass(10);
    const { tasks } = scene.call('RunTask', { taskDefinition: 'job' });
    scene.pass(10);
    scene.call('StopTask', { task: tasks[0]?.taskArn });
    scene.drain('i-1');
    const instance = (lagSeconds: number) =>
      scene.call('DescribeContainerInstances', { containerInstances: [id] }, lagSeconds)
        .containerInstances[0];
    expect(instance(0)).toMatchObject({ status: 'DRAINING', runningTasksCount: 0, version: 5 });
    expect(instance(5)).toMatchObject({ status: 'ACTIVE', runningTasksCount: 1, version: 3 });
    expect(instance(15)).toMatchObject({ runningTasksCount: 0, version: 2 });
    const listed = (lagSeconds: number) =>
      scene.call('ListTasks', { containerInstance: id }, lagSeconds).taskArns.length;
    expect([listed(0), listed(5), listed(15)]).toEqual([0, 1, 0]);
    expect(scene.call('ListContainerInstances', { status: 'ACTIVE' }, 5).containerInstanceArns).toHaveLength(
      1,
    );
    const lagging = scene.call(
      'UpdateContainerInstancesState',
      { containerInstances: [id], status: 'ACTIVE' },
      15,
    );
    expect(lagging.containerInstances).toMatchObject([{ status: 'ACTIVE', version: 6 }]);
  });

  it.each([
    ['DescribeContainerInstances', 'container-instances'],
    ['ListContainerInstances', 'container-instances'],
    ['ListTasks', 'tasks'],
    ['DescribeTasks', 'tasks'],
    ['DescribeServices', 'services'],
    ['DescribeClusters', 'clusters'],
    ['UpdateContainerInstancesState', undefined],
    ['StopTask', undefined],
    ['Nothing', undefined],
  ])('%s reads the table %s', (operation, table) => {
    expect(new Scene().ecs.tableRead(operation)).toBe(table);
  });

  it('refuses to go on before what was due has happened', () => {
    const scene = new Scene();
    scene.instance('i-1');
    scene.definition('job');
    scene.call('RunTask', { taskDefinition: 'job' });
    const later = (scene.ecs.nextAt ?? 0) + 1;
    expect(() => scene.ecs.agentConnection(later, 'i-1', false)).toThrow('first: something is due');
  });
});
