import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileQuery, type Subject } from '../../../simulator/ecs/query.ts';

const subject = (more: Partial<Subject> = {}): Subject => ({
  agentConnected: true,
  agentVersion: '1.14.5',
  ec2InstanceId: 'i-abcd1234',
  registeredAt: Date.parse('2018-02-13T10:00:00Z'),
  runningTasksCount: 1,
  taskGroups: ['service:production', 'database'],
  attributes: [
    { name: 'ecs.instance-type', value: 'g2.2xlarge' },
    { name: 'ecs.availability-zone', value: 'us-east-1a' },
    { name: 'ecs.capability.task-eni' },
    { name: 'stack', value: 'blue green' },
  ],
  ...more,
});

describe('compileQuery', () => {
  it.each([
    ['attribute:ecs.instance-type == g2.2xlarge', true],
    ['attribute:ecs.instance-type equals t2.small', false],
    ['attribute:ecs.instance-type not_equals t2.small', true],
    ['attribute:ecs.availability-zone in [us-east-1a, us-east-1b]', true],
    ['attribute:ecs.availability-zone !in [us-east-1a,us-east-1b]', false],
    ['attribute:ecs.availability-zone not_in [us-east-1c]', true],
    ['attribute:ecs.instance-type =~ g2.* and attribute:ecs.availability-zone != us-east-1d', true],
    ['attribute:ecs.instance-type =~ g2', false],
    ['attribute:ecs.instance-type matches (g2|t2).[0-9]xlarge', true],
    ['attribute:ecs.instance-type !~ t2.*', true],
    ['(attribute:ecs.instance-type =~ t2.(small|large)) or ec2InstanceId == i-abcd1234', true],
    ['task:group == service:production', true],
    ['not(task:group == database)', false],
    ['!(task:group == cache)', true],
    ['runningTasksCount == 1', true],
    ['runningTasksCount > 9', false],
    ['runningTasksCount <= 1', true],
    ['agentVersion < 1.14.10', true],
    ['agentVersion >= 1.15', false],
    ['registeredAt < 2018-02-13', false],
    ['registeredAt >= 2018-02-13', true],
    ['registeredAt greater_than 2018-02-13T09:59:59', true],
    ['registeredAt > 2018-02-13T10:00:00+00:00', false],
    ["ec2InstanceId in ['i-abcd1234', 'i-wxyx7890']", true],
    ['ec2InstanceId in ["i-wxyx7890"]', false],
    ['agentConnected == true', true],
    ['agentConnected != true', false],
    ['attribute:ecs.capability.task-eni exists', true],
    ['attribute:nothing exists', false],
    ['attribute:nothing !exists', true],
    ['attribute:nothing not_exists', true],
    ['attribute:nothing != anything', true],
    ["attribute:stack == 'blue green'", true],
    ['attribute:nothing exists || agentConnected == true && runningTasksCount == 1', true],
    ['(attribute:nothing exists || agentConnected == true) && runningTasksCount == 2', false],
  ])('%s is %s', (expression, expected) => {
    expect(compileQuery(expression)(subject())).toBe(expected);
  });

  it.each([
    ['', 'expected a subject at position 0, got the end'],
    ['zone == a', 'at position 0, got zone == a'],
    ['agentConnected > true', 'expected one of == != in !in =~ !~ at position 15'],
    ['agentConnected exists', 'expected one of'],
    ['attribute:x === 1', 'expected one of == != in'],
    ['agentVersion =~ 1.*', 'expected one of == != > >= < <='],
    ['runningTasksCount == many', 'expected a value of the kind of the subject'],
    ['registeredAt < yesterday', 'expected a value of the kind of the subject'],
    ['ec2InstanceId in i-1', 'expected [ at position 17'],
    ['ec2InstanceId in [i-1', 'expected , or ]'],
    ['ec2InstanceId ==', 'expected a value at position 16, got the end'],
    ['ec2InstanceId == i-1 i-2', 'expected the end at position 21, got i-2'],
    ['(ec2InstanceId == i-1', 'expected )'],
    ['attribute:x =~ "["', 'expected a regular expression'],
  ])('refuses %j and says where', (expression, message) => {
    expect(() => compileQuery(expression)).toThrow(message);
  });

  it('holds for exactly the listed instances, however many there are', () => {
    const id = fc.nat(40).map((number) => `i-${number}`);
    fc.assert(
      fc.property(fc.array(id, { minLength: 1 }), id, (listed, ec2InstanceId) => {
        const query = compileQuery(`ec2InstanceId in [${listed.join(', ')}]`);
        expect(query(subject({ ec2InstanceId }))).toBe(listed.includes(ec2InstanceId));
      }),
    );
  });
});
