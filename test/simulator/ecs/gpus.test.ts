import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { messagesOf, onFargate, providers, refusal, strategy } from './fleet.ts';
import { Scene } from './scene.ts';

const gpu = (value: unknown) => ({ resourceRequirements: [{ type: 'GPU', value }] });
const devices = (...value: readonly string[]) => ({
  otherResources: [{ name: 'GPU', type: 'STRINGSET' as const, value }],
});

/** An instance with two GPUs, and the definition `train`, which takes so many. */
function scene(count = '1', switches = {}) {
  const one = new Scene(switches);
  one.instance('i-1', devices('gpu-1', 'gpu-2'));
  one.definition('train', { 'stop-seconds': 10 }, { cpu: 64, memory: 64, ...gpu(count) });
  return one;
}

const run = (one: Scene, more: Record<string, unknown> = {}) =>
  one.call('RunTask', { taskDefinition: 'train', ...more });
const left = (one: Scene) =>
  (one.describe('i-1').remainingResources as { name: string; stringSetValue?: readonly string[] }[]).find(
    ({ name }) => name === 'GPU',
  )?.stringSetValue;
const held = (task: Readonly<Record<string, unknown>> | undefined) =>
  (task?.containers as { gpuIds?: readonly string[] }[] | undefined)?.[0]?.gpuIds;

describe('GPUs of an instance', () => {
  it('are taken by tasks that ask for them, each by one, and come back when it has stopped (D-9.72)', () => {
    const one = scene();
    const [first, second] = run(one, { count: 2 }).tasks;
    expect([held(first), held(second)]).toEqual([['gpu-1'], ['gpu-2']]);
    expect(left(one)).toEqual([]);
    const [event] = one.instanceEvents().slice(-1);
    expect(event?.detail.remainingResources).toContainEqual({
      name: 'GPU',
      type: 'STRINGSET',
      stringSetValue: [],
    });
    one.pass(10);
    one.call('StopTask', { task: first?.taskArn });
    one.pass(5);
    expect(left(one)).toEqual([]);
    one.pass(10);
    expect(left(one)).toEqual(['gpu-1']);
    expect(held(run(one).tasks[0])).toEqual(['gpu-1']);
  });

  it('come back when the stop is decided, where the switch says that resources do (D-9.4)', () => {
    const one = scene('1', { resourcesReturnWhenStopDecided: true });
    const [task] = run(one).tasks;
    one.pass(10);
    one.call('StopTask', { task: task?.taskArn });
    expect(left(one)).toEqual(['gpu-1', 'gpu-2']);
  });

  it('are lacking: RESOURCE:GPU, of RunTask and StartTask (D-9.60, D-9.72)', () => {
    const one = scene('2');
    one.instance('i-2');
    const arns = ['i-1', 'i-2'].map((id) => one.record(id).containerInstanceArn);
    expect(run(one).failures).toEqual([]);
    const failures = arns.map((arn) => ({ arn, reason: 'RESOURCE:GPU' }));
    expect(run(one).failures).toEqual(failures);
    const started = one.call('StartTask', { taskDefinition: 'train', containerInstances: arns });
    expect(started).toMatchObject({ tasks: [], failures });
  });

  it('keep tasks of a service waiting, which says so (D-2.43, D-9.72)', () => {
    const one = scene();
    one.service('web', { taskDefinition: 'train', desiredCount: 3 });
    expect(one.live()).toHaveLength(2);
    expect(messagesOf(one)).toContain(
      `(service web) was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance ${one.idOf('i-1')}) has insufficient GPU resource available.`,
    );
    one.instance('i-2', devices('gpu-3'));
    one.pass(60);
    expect(one.live()).toHaveLength(3);
  });

  it('are as many as an override says (D-9.68, D-9.72)', () => {
    const one = scene();
    const overrides = { containerOverrides: [{ name: 'app', ...gpu('2') }] };
    expect(held(run(one, { overrides }).tasks[0])).toEqual(['gpu-1', 'gpu-2']);
  });

  it('go to a task that waited for its instance (D-4.32, D-9.72)', () => {
    const one = providers();
    const scaled = { name: 'blue', autoScalingGroupProvider: { managedScaling: { status: 'ENABLED' } } };
    one.call('UpdateCapacityProvider', scaled);
    one.pass(10);
    one.definition('train', {}, gpu('1'));
    const [task] = run(one, strategy('blue:1')).tasks;
    expect([task?.lastStatus, held(task)]).toEqual(['PROVISIONING', undefined]);
    one.instance('i-1', { autoScalingGroupName: 'blue', ...devices('gpu-1') });
    one.pass(30);
    expect(held(one.call('DescribeTasks', { tasks: [task?.taskArn] }).tasks[0])).toEqual(['gpu-1']);
  });

  it.each(['0', '-1', 'one', '1.5', 2])('cannot be %j, and not on Fargate (D-9.72)', (value) => {
    const one = new Scene();
    expect(refusal(() => one.definition('train', {}, gpu(value)))).toContain(
      'resourceRequirements: expected a number of GPUs, at least "1", got ',
    );
    const fargate = { ...onFargate, requiresCompatibilities: ['FARGATE'] };
    expect(refusal(() => one.definition('train', {}, gpu('1'), fargate))).toBe(
      'ClientException: GPUs are not supported with FARGATE.',
    );
  });

  it('are never of two tasks, nor lost, whatever starts and stops (D-9.72)', () => {
    const step = fc.record({ stops: fc.boolean(), which: fc.nat(3), seconds: fc.nat(15) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const one = new Scene();
        one.instance('i-1', devices('a', 'b', 'c', 'd', 'e'));
        for (const count of ['1', '2', '3', '4'])
          one.definition(`train-${count}`, { 'stop-seconds': 5 }, { cpu: 8, memory: 8, ...gpu(count) });
        for (const { stops, which, seconds } of steps) {
          const task = one.live()[which]?.taskArn;
          if (!stops) run(one, { taskDefinition: `train-${which + 1}` });
          else if (task) one.call('StopTask', { task });
          const ids = one.live().flatMap(({ containers }) => containers.flatMap(({ gpuIds }) => gpuIds));
          expect([...ids, ...(left(one) ?? [])].sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
          one.pass(seconds);
        }
      }),
      { numRuns: 100 },
    );
  });
});
