import { describe, expect, it } from 'vitest';
import { fleet, refusal } from '../fleet.ts';
import { type Scene, statuses } from '../scene.ts';

function one(labels: Record<string, number> = { 'start-seconds': 600 }) {
  const scene = fleet(1);
  scene.definition('web', labels);
  const task = scene.call('RunTask', { taskDefinition: 'web' }).tasks[0]?.taskArn ?? '';
  scene.pass(5);
  scene.heard();
  return { scene, task };
}
const seen = (scene: Scene, task: string) => scene.call('DescribeTasks', { tasks: [task] }).tasks[0];

describe('SubmitTaskStateChange', () => {
  it('moves a task to RUNNING and to STOPPED, with its events and those of its instance (D-1.10c, D-1.14)', () => {
    const { scene, task } = one();
    expect(scene.call('SubmitTaskStateChange', { task, status: 'RUNNING' }).acknowledgment).toBe('ACK');
    expect(seen(scene, task)).toMatchObject({ lastStatus: 'RUNNING' });
    const containers = [{ containerName: 'app', exitCode: 3, status: 'STOPPED', reason: 'crashed' }];
    scene.call('SubmitTaskStateChange', { task, status: 'STOPPED', reason: 'it crashed', containers });
    expect(seen(scene, task)).toMatchObject({
      lastStatus: 'STOPPED',
      desiredStatus: 'STOPPED',
      stopCode: 'EssentialContainerExited',
      stoppedReason: 'it crashed',
      containers: [{ exitCode: 3, reason: 'crashed' }],
    });
    const events = scene.heard();
    expect(
      events
        .filter(({ detailType }) => detailType === 'ECS Task State Change')
        .map(({ detail }) => statuses(detail)),
    ).toEqual(['RUNNING/RUNNING', 'RUNNING/RUNNING', 'STOPPED/STOPPED']);
    expect(events.at(-1)?.detailType).toBe('ECS Container Instance State Change');
    expect(scene.describe('i-1').runningTasksCount).toBe(0);
    scene.pass(1200);
    expect(scene.heard()).toEqual([]);
  });

  it('changes nothing by what it says of a stopped task, or by other statuses', () => {
    const { scene, task } = one();
    scene.call('SubmitTaskStateChange', { task, status: 'PENDING' });
    expect(seen(scene, task)).toMatchObject({ lastStatus: 'PENDING' });
    scene.call('SubmitTaskStateChange', { task, status: 'STOPPED' });
    scene.heard();
    scene.call('SubmitTaskStateChange', { task, status: 'RUNNING' });
    expect(seen(scene, task)).toMatchObject({
      lastStatus: 'STOPPED',
      stoppedReason: 'Essential container in task exited',
    });
    expect(scene.heard()).toEqual([]);
  });

  it.each([
    [{ task: undefined, status: 'RUNNING' }, 'task cannot be blank.'],
    [{ task: '0'.repeat(32), status: 'RUNNING' }, 'The referenced task was not found.'],
    [{ status: undefined }, 'status cannot be blank.'],
    [{ status: 'STOPPED', containers: [{}] }, 'containerName cannot be blank.'],
    [{ status: 'STOPPED', cluster: 'other' }, 'Cluster not found.'],
  ])('refuses %j', (more, expected) => {
    const { scene, task } = one();
    expect(refusal(() => scene.call('SubmitTaskStateChange', { task, ...more }))).toContain(expected);
  });
});

describe('SubmitContainerStateChange', () => {
  it('changes one container, with an event of the task (D-1.14)', () => {
    const { scene, task } = one({});
    const report = {
      containerName: 'app',
      status: 'STOPPED',
      exitCode: 137,
      reason: 'OutOfMemoryError',
      runtimeId: 'r',
    };
    expect(scene.call('SubmitContainerStateChange', { task, ...report }).acknowledgment).toBe('ACK');
    expect(seen(scene, task)).toMatchObject({
      lastStatus: 'RUNNING',
      containers: [{ lastStatus: 'STOPPED', exitCode: 137, reason: 'OutOfMemoryError', runtimeId: 'r' }],
    });
    expect(scene.taskEvents()).toHaveLength(1);
  });

  it.each([
    [{ containerName: 'sidecar' }, 'containerName: the task has no container "sidecar".'],
    [{ containerName: undefined }, 'containerName cannot be blank.'],
    [{ exitCode: 256 }, 'exitCode: expected a whole number from 0 to 255, got 256.'],
    [{ reason: 'x'.repeat(256) }, 'reason: expected text like'],
    [{ task: '0'.repeat(32) }, 'The referenced task was not found.'],
  ])('refuses %j (D-9.32)', (more, expected) => {
    const { scene, task } = one();
    const call = () => scene.call('SubmitContainerStateChange', { task, containerName: 'app', ...more });
    expect(refusal(call)).toContain(expected);
    expect(scene.heard()).toEqual([]);
  });
});
