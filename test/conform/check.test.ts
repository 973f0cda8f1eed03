import { describe, expect, it } from 'vitest';
import { Account } from '../../simulator/account.ts';
import { type Answered, answered } from '../../simulator/answered.ts';
import { Fault, type ServiceName } from '../../simulator/machine.ts';
import { serviceNames } from '../../simulator/wire/models.ts';
import { textOf, writtenFiles } from '../files.ts';
import { problemsIn } from './check.ts';
import { limits } from './limits.ts';
import { callsSeen, takeProblems } from './record.ts';
import { Sdk } from './sdk.ts';

const id = '0123456789abcdef0123456789abcdef';
const containerInstanceArn = `arn:aws:ecs:eu-west-1:111122223333:container-instance/demo/${id}`;
const instance = (more: object = {}) => ({ containerInstanceArn, status: 'ACTIVE', version: 2, ...more });

/** An answer to DescribeContainerInstances of one instance. */
const described = (containerInstances: readonly object[], more: Partial<Answered> = {}): Answered => ({
  service: 'ecs',
  operation: 'DescribeContainerInstances',
  input: { containerInstances: ['a'] },
  reply: { containerInstances, failures: [] },
  ...more,
});

const ofEcs = (operation: string, input: object, reply: object): Answered =>
  ({ service: 'ecs', operation, input, reply }) as Answered;

const ofAutoScaling = (operation: string, input: object, reply: object): Answered =>
  ({ service: 'autoscaling', operation, input, reply }) as Answered;

describe('an answer', () => {
  it('that fits is not complained of', () => {
    expect(problemsIn(described([instance({ registeredAt: new Date(0), tags: [{ key: 'a' }] })]))).toEqual(
      [],
    );
    expect(problemsIn(described([], { reply: { failures: [{ arn: 'a', reason: 'MISSING' }] } }))).toEqual([]);
  });

  it.each([
    ['a member that there is not', [instance({ colour: 'red' })], '.colour: expected no such member'],
    ['a wrong type', [instance({ version: '2' })], '.version: expected a number, got "2"'],
    ['a number that is none', [instance({ runningTasksCount: Number.NaN })], 'expected a number, got null'],
    ['a time as a number', [instance({ registeredAt: 17 })], '.registeredAt: expected a time, got 17'],
    ['a time that is none', [instance({ registeredAt: new Date('x') })], 'expected a time, got null'],
    ['a value in the place of a list', [instance({ tags: 'a=b' })], '.tags: expected a list'],
    ['text in the place of a structure', ['i-1'], '[0]: expected ContainerInstance, got "i-1"'],
    ['a word of no enum', [instance({ agentUpdateStatus: 'DONE' })], 'expected one of AgentUpdateStatus'],
    [
      'a status that AWS does not document (D-2.1)',
      [instance({ status: 'GONE' })],
      'expected one of REGISTERING',
    ],
    [
      'an ARN of no known form',
      [instance({ containerInstanceArn: 'i-1' })],
      'expected text like ^arn:aws:ecs',
    ],
    [
      'more tags than there can be',
      [instance({ tags: Array(51).fill({ key: 'a' }) })],
      '0 to 50 items (D-9.63)',
    ],
    [
      'an attribute without its name',
      [instance({ attributes: [{ value: 'b' }] })],
      'attributes[0].name: expected',
    ],
    ['a count below zero', [instance({ pendingTasksCount: -1 })], '.pendingTasksCount: expected 0 to'],
    [
      'more than was asked for',
      [instance(), instance()].map((one, at) => ({ ...one, version: at + 2 })),
      'once',
    ],
  ])('with %s is complained of', (_, instances, problem) => {
    const found = problemsIn(described(instances as object[]));
    expect(found.join('\n')).toContain(problem);
    expect(found[0]).toMatch(/^ecs DescribeContainerInstances: answer/);
  });

  it.each<[string, Answered, string]>([
    [
      'a longer page than was asked for',
      ofEcs('ListTasks', { maxResults: 1 }, { taskArns: ['a', 'b'] }),
      'answer.taskArns: expected at most 1 entries, got 2',
    ],
    [
      'a longer page than is usual',
      ofEcs('ListServices', {}, { serviceArns: Array(11).fill('a') }),
      'expected at most 10 entries, got 11',
    ],
    [
      'what is required left out',
      ofAutoScaling('DescribeScalingActivities', {}, { Activities: [{ ActivityId: 'a' }] }),
      'answer.Activities[0].AutoScalingGroupName: expected what is required, got nothing',
    ],
    [
      'a lifecycle state that there is not (D-3.1)',
      ofAutoScaling('DescribeAutoScalingInstances', {}, { AutoScalingInstances: [{ LifecycleState: 'Up' }] }),
      '.LifecycleState: expected text like',
    ],
    [
      'a global timeout above two days',
      ofAutoScaling(
        'DescribeLifecycleHooks',
        { AutoScalingGroupName: 'g' },
        { LifecycleHooks: [{ GlobalTimeout: 172_801 }] },
      ),
      '.GlobalTimeout: expected 3000 to 172800 (D-3.7), got 172801',
    ],
  ])('with %s is complained of', (_, call, problem) => {
    expect(problemsIn(call).join('\n')).toContain(problem);
  });
});

describe('a request that was answered', () => {
  it.each<[string, Answered, string]>([
    [
      'too many ids',
      described([], { input: { containerInstances: Array(101).fill('a') } }),
      '1 to 100 items (D-5.14)',
    ],
    [
      'what is required left out',
      described([], { input: {} }),
      'request.containerInstances: expected what is',
    ],
    [
      'a word of no enum',
      ofEcs(
        'UpdateContainerInstancesState',
        { containerInstances: ['a'], status: 'DRAINED' },
        { failures: [] },
      ),
      'request.status: expected one of ContainerInstanceStatus',
    ],
    [
      'a status of the enum that may not be asked for',
      ofEcs('UpdateContainerInstancesState', { containerInstances: ['a'], status: 'REGISTERING' }, {}),
      'one of ACTIVE, DRAINING (D-2.13)',
    ],
    [
      'a word of no enum in a list',
      described([], { input: { containerInstances: ['a'], include: ['COLOURS'] } }),
      'request.include[0]: expected one of ContainerInstanceField',
    ],
    [
      'a heartbeat that is too short',
      ofAutoScaling(
        'PutLifecycleHook',
        { LifecycleHookName: 'h', AutoScalingGroupName: 'g', HeartbeatTimeout: 29 },
        {},
      ),
      '30 to 7200 (D-3.6), got 29',
    ],
    [
      'a key of no enum in a map',
      {
        service: 'sqs',
        operation: 'SetQueueAttributes',
        input: { QueueUrl: 'q', Attributes: { Colour: 'red' } },
        reply: {},
      },
      'expected keys of QueueAttributeName, got "Colour"',
    ],
  ])('with %s is complained of', (_, call, problem) => {
    expect(problemsIn(call).join('\n')).toContain(problem);
  });

  it('may be as wrong as it likes when it is refused', () => {
    const { reply: _, ...asked } = described([], { input: {} });
    const fault = new Fault('InvalidParameterException', 'ContainerInstances can not be blank.');
    expect(problemsIn({ ...asked, fault })).toEqual([]);
  });
});

describe('an error', () => {
  const refused = (service: ServiceName, operation: string, code: string, message = 'why') =>
    problemsIn({ service, operation, input: {}, fault: new Fault(code, message) });

  it.each([
    ['ecs', 'DescribeTasks', 'ClusterNotFoundException'],
    ['ecs', 'UpdateContainerAgent', 'NoUpdateAvailableException'],
    ['ecs', 'DescribeTasks', 'ThrottlingException'],
    ['ecs', 'MakeCoffee', 'UnknownOperationException'],
    ['autoscaling', 'DeleteAutoScalingGroup', 'ResourceInUse'],
    ['autoscaling', 'DeleteAutoScalingGroup', 'ValidationError'],
  ] as const)('of %s %s may be %s', (service, operation, code) => {
    expect(refused(service, operation, code)).toEqual([]);
  });

  it.each([
    ['ecs', 'DescribeTasks', 'ServiceNotFoundException'],
    ['ecs', 'ListAccountSettings', 'ClusterNotFoundException'],
    ['ecs', 'MakeCoffee', 'ClientException'],
    ['autoscaling', 'PutLifecycleHook', 'ResourceInUse'],
  ] as const)('that %s %s does not declare is complained of: %s', (service, operation, code) => {
    expect(refused(service, operation, code)).toHaveLength(1);
  });

  it('without a message is complained of', () => {
    expect(refused('ecs', 'DescribeTasks', 'ClientException', '')).toHaveLength(1);
  });
});

describe('limits', () => {
  it.each(Object.keys(limits))('of %s are about members that there are', (service) => {
    const sdk = Sdk.of(service);
    const strange = Object.keys(limits[service] ?? {}).filter((key) => {
      const [structure = '', member = ''] = key.split('.');
      return !sdk.declaredMembers(structure)?.includes(member);
    });
    expect(strange).toEqual([]);
  });
});

describe('the recorder', () => {
  const account = new Account({ seed: 1 });

  it.each(serviceNames)('hears what %s refuses', (service) => {
    const before = callsSeen();
    expect(() => account.call(service, 'MakeCoffee', {})).toThrow('MakeCoffee');
    expect(callsSeen()).toBe(before + 1);
  });

  it('hears what is answered', () => {
    const before = callsSeen();
    account.call('ecs', 'ListClusters', {});
    expect(callsSeen()).toBe(before + 1);
  });

  it('keeps what does not fit until the test ends, which turns red then', () => {
    answered.publish(described([instance({ version: 'two' })]));
    expect(takeProblems()).toEqual([
      'ecs DescribeContainerInstances: answer.containerInstances[0].version: expected a number, got "two"',
    ]);
    expect(takeProblems()).toEqual([]);
  });
});

describe('tests', () => {
  it('ask services where the recorder hears it', () => {
    // So many calls, and so exactly timed, that none may be looked at.
    const timed = ['test/simulator/ecs/paging.test.ts'];
    const asking = writtenFiles('test').filter(
      (path) => /\.apply\(/.test(textOf(path)) && path.endsWith('.ts'),
    );
    const deaf = asking.filter((path) => !/answering\('/.test(textOf(path)));
    expect(deaf.filter((path) => !path.startsWith('test/prove/'))).toEqual(timed);
  });
});
