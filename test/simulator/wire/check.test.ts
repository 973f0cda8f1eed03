import { CreateOrUpdateTagsCommand, PutLifecycleHookCommand } from '@aws-sdk/client-auto-scaling';
import { UpdateContainerInstancesStateCommand } from '@aws-sdk/client-ecs';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import { Fault, type ServiceName } from '../../../simulator/machine.ts';
import { checkInput, decode, encodeReply } from '../../../simulator/wire/wire.ts';
import { clients, form, requestId } from './clients.ts';

const QueueUrl = 'https://sqs.eu-west-1.amazonaws.com/111122223333/q';

describe('checkInput', () => {
  const refusal = (service: ServiceName, operation: string, input: Record<string, unknown>) => {
    try {
      checkInput(service, operation, input);
    } catch (error) {
      return error;
    }
    return undefined;
  };

  it.each([
    [
      'ecs',
      'DescribeContainerInstances',
      {},
      'InvalidParameterException',
      'ContainerInstances can not be blank.',
    ],
    [
      'sqs',
      'SendMessage',
      { QueueUrl },
      'MissingParameter',
      'The request must contain the parameter MessageBody.',
    ],
    [
      'events',
      'PutEvents',
      {},
      'ValidationException',
      "1 validation error detected: Value null at 'entries' failed to satisfy constraint: Member must not be null",
    ],
    [
      'autoscaling',
      'SetDesiredCapacity',
      {},
      'ValidationError',
      "2 validation errors detected: Value null at 'autoScalingGroupName' failed to satisfy constraint: Member must not be null; Value null at 'desiredCapacity' failed to satisfy constraint: Member must not be null",
    ],
    [
      'autoscaling',
      'CreateOrUpdateTags',
      { Tags: [{ Key: 'a' }, { ResourceId: 'g' }] },
      'ValidationError',
      "1 validation error detected: Value null at 'tags.2.member.key' failed to satisfy constraint: Member must not be null",
    ],
  ] as const)('refuses %s %s without what it requires', (service, operation, input, code, message) => {
    expect(refusal(service, operation, input)).toMatchObject({ name: 'Fault', code, message });
  });

  it.each([
    ['ecs', 'ListTasks', { maxResults: 'ten' }, 'SerializationException', 'Value "ten" at \'maxResults\''],
    ['ecs', 'DescribeTasks', { tasks: 'one' }, 'SerializationException', 'a list'],
    ['ecs', 'DescribeTasks', { tasks: [1] }, 'SerializationException', "Value 1 at 'tasks.1.member'"],
    ['events', 'PutEvents', { Entries: [{ Time: 'noon' }] }, 'SerializationException', 'Timestamp'],
    ['autoscaling', 'SetDesiredCapacity', { DesiredCapacity: 'x' }, 'MalformedInput', 'Number'],
    ['autoscaling', 'SetInstanceProtection', { ProtectedFromScaleIn: 'yes' }, 'MalformedInput', 'Boolean'],
  ] as const)(
    'refuses %s %s with a member of the wrong type: %o',
    (service, operation, input, code, message) => {
      const fault = refusal(service, operation, input);
      expect(fault).toMatchObject({ name: 'Fault', code });
      expect(fault).toMatchObject({ message: expect.stringContaining(message) });
    },
  );

  it('sees over the wire what did not parse as its type', () => {
    const body = 'Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=g&DesiredCapacity=many';
    const { service, operation, input } = decode(form(body));
    expect(refusal(service, operation, input)).toMatchObject({ code: 'MalformedInput' });
  });

  it.each([
    ['ecs', 'UnknownOperationException'],
    ['autoscaling', 'InvalidAction'],
  ] as const)('refuses operations that %s does not have', (service, code) => {
    expect(refusal(service, 'MakeCoffee', {})).toMatchObject({ code });
    // A prototype's member is not an operation.
    expect(refusal(service, 'constructor', {})).toMatchObject({ code });
  });

  it('points out a misspelled parameter of a call in process instead of ignoring it', () => {
    const misspelled = () => checkInput('ecs', 'UpdateService', { service: 's', desiredcount: 1 });
    expect(misspelled).toThrow('ecs UpdateService has no parameter desiredcount');
    expect(misspelled).not.toThrow(Fault);
  });

  it('refuses over the wire what the SDK does not check by itself (D-6.2)', async () => {
    const { ecs, autoscaling, events } = clients(() => ({}));
    const input: Partial<ConstructorParameters<typeof UpdateContainerInstancesStateCommand>[0]> = {
      cluster: 'c',
    };
    const update = new UpdateContainerInstancesStateCommand(
      input as ConstructorParameters<typeof UpdateContainerInstancesStateCommand>[0],
    );
    await expect(ecs.send(update)).rejects.toMatchObject({ name: 'InvalidParameterException' });
    const tags = new CreateOrUpdateTagsCommand({ Tags: [] });
    await expect(autoscaling.send(tags)).rejects.toMatchObject({ name: 'ValidationError' });
    const put = new PutLifecycleHookCommand({ AutoScalingGroupName: 'g', LifecycleHookName: undefined });
    await expect(autoscaling.send(put)).rejects.toThrow("'lifecycleHookName'");
    await expect(events.send(new PutEventsCommand({ Entries: undefined }))).rejects.toThrow("'entries'");
  });
});

describe('encodeReply', () => {
  it.each([
    ['a member the model does not know', { taskArn: ['a'] }, 'unknown-member taskArn'],
    ['a wrong type', { taskArns: 'a' }, 'wrong-type taskArns, expected a list, got "a"'],
  ])('throws on %s: no client could read it', (_, reply, message) => {
    expect(() => encodeReply('ecs', 'ListTasks', reply, requestId)).toThrow(message);
  });

  it('throws on an output member that is required and missing (D-6.20)', () => {
    const reply = { Activities: [{ ActivityId: 'a' }] };
    expect(() => encodeReply('autoscaling', 'DescribeScalingActivities', reply, requestId)).toThrow(
      'missing activities.1.member.autoScalingGroupName',
    );
  });
});
