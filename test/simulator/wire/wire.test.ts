import { createHash } from 'node:crypto';
import {
  ClusterNotFoundException,
  DescribeContainerInstancesCommand,
  ListTasksCommand,
  PutClusterCapacityProvidersCommand,
  RunTaskCommand,
  ServerException,
} from '@aws-sdk/client-ecs';
import { DeleteMessageCommand, QueueDoesNotExist, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import type { ServiceName } from '../../../simulator/machine.ts';
import { decode, encodeReply } from '../../../simulator/wire/wire.ts';
import { clients, failing, jsonRequest, requestId } from './clients.ts';

const QueueUrl = 'https://sqs.eu-west-1.amazonaws.com/111122223333/q';

const text = (body: Uint8Array) => Buffer.from(body).toString('utf8');

describe('JSON requests', () => {
  it('are read by their target header (D-6.1)', async () => {
    const { ecs, sent, calls } = clients(() => ({ taskArns: [] }));
    await ecs.send(new ListTasksCommand({ cluster: 'demo', maxResults: 10, desiredStatus: 'STOPPED' }));
    expect(sent[0]?.headers['x-amz-target']).toBe('AmazonEC2ContainerServiceV20141113.ListTasks');
    expect(calls).toEqual([
      {
        service: 'ecs',
        operation: 'ListTasks',
        input: { cluster: 'demo', maxResults: 10, desiredStatus: 'STOPPED' },
      },
    ]);
  });

  it('keep an empty list, which means something else than no list (D-6.2)', async () => {
    const { ecs, calls } = clients(() => ({}));
    await ecs.send(
      new PutClusterCapacityProvidersCommand({
        cluster: 'demo',
        capacityProviders: ['a'],
        defaultCapacityProviderStrategy: [],
      }),
    );
    expect(calls[0]?.input).toEqual({
      cluster: 'demo',
      capacityProviders: ['a'],
      defaultCapacityProviderStrategy: [],
    });
  });

  it('carry the client token that the SDK adds by itself (D-6.2)', async () => {
    const { ecs, calls } = clients(() => ({}));
    await ecs.send(new RunTaskCommand({ taskDefinition: 'web' }));
    expect(calls[0]?.input.clientToken).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('find their service by the target alone, whatever the case of the header', () => {
    const services = ['AWSEvents.PutEvents', 'AmazonSQS.SendMessage'].map(
      (target) => decode(jsonRequest(target, '{}')).service,
    );
    expect(services).toEqual(['events', 'sqs']);
  });

  it('turn timestamps into dates', () => {
    const body = JSON.stringify({
      Entries: [{ Source: 'x', DetailType: 'y', Detail: '{}', Time: 1733500000.5 }],
    });
    const { input } = decode(jsonRequest('AWSEvents.PutEvents', body));
    expect(input).toEqual({
      Entries: [{ Source: 'x', DetailType: 'y', Detail: '{}', Time: new Date(1733500000500) }],
    });
  });

  it.each([
    ['no JSON', '{"cluster":'],
    ['no object', '[1]'],
  ])('are refused when the body is %s', (_, body) => {
    const read = () => decode(jsonRequest('AmazonEC2ContainerServiceV20141113.ListTasks', body));
    expect(read).toThrow(expect.objectContaining({ code: 'SerializationException' }));
  });

  it('are refused when no service has the target', () => {
    const read = () => decode(jsonRequest('DynamoDB_20120810.GetItem', '{}'));
    expect(read).toThrow(expect.objectContaining({ code: 'UnknownOperationException' }));
  });
});

describe('JSON replies', () => {
  it('give times as epoch seconds with a fraction and versions as numbers (D-6.3)', async () => {
    const registeredAt = new Date('2024-12-06T15:46:40.123Z');
    const reply = { containerInstances: [{ containerInstanceArn: 'arn', version: 7, registeredAt }] };
    expect(text(encodeReply('ecs', 'DescribeContainerInstances', reply, requestId).body)).toContain(
      '"registeredAt":1733500000.123',
    );
    const { ecs } = clients(() => reply);
    const answer = await ecs.send(new DescribeContainerInstancesCommand({ containerInstances: ['arn'] }));
    expect(answer.containerInstances).toEqual(reply.containerInstances);
  });

  it('lose a member that is null, as AWS does with what was never asked for (D-6.4)', async () => {
    const { ecs } = clients(() => ({
      containerInstances: [{ containerInstanceArn: 'arn', agentUpdateStatus: null }],
    }));
    const answer = await ecs.send(new DescribeContainerInstancesCommand({ containerInstances: ['arn'] }));
    expect(answer.containerInstances).toEqual([{ containerInstanceArn: 'arn' }]);
  });

  it('carry the request id in a header (D-6.5)', async () => {
    const { ecs } = clients(() => ({ taskArns: ['a', 'b'], nextToken: 'more' }));
    const answer = await ecs.send(new ListTasksCommand({}));
    expect(answer.$metadata).toMatchObject({ requestId, httpStatusCode: 200 });
    expect(answer.taskArns).toEqual(['a', 'b']);
  });

  it('say JSON 1.1 for ECS and 1.0 for SQS', () => {
    const typeOf = (service: ServiceName, operation: string) =>
      encodeReply(service, operation, {}, requestId).headers['content-type'];
    expect(typeOf('ecs', 'ListTasks')).toBe('application/x-amz-json-1.1');
    expect(typeOf('sqs', 'DeleteMessage')).toBe('application/x-amz-json-1.0');
  });

  it('reach an SQS client, which checks the digest of the body', async () => {
    const MD5OfMessageBody = createHash('md5').update('grüße').digest('hex');
    const { sqs, calls } = clients(() => ({ MessageId: 'm', MD5OfMessageBody }));
    const answer = await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'grüße' }));
    expect(answer.MessageId).toBe('m');
    expect(calls[0]?.input).toEqual({ QueueUrl, MessageBody: 'grüße' });
  });

  it('of operations without output are read as nothing', async () => {
    const { sqs } = clients(() => ({}));
    const answer = await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'r' }));
    expect(Object.keys(answer)).toEqual(['$metadata']);
  });
});

describe('JSON errors', () => {
  it('arrive as the exception of the model (D-6.5)', async () => {
    const { ecs } = failing('ClusterNotFoundException', 'Cluster not found.');
    const error = await ecs.send(new ListTasksCommand({})).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ClusterNotFoundException);
    expect(error).toMatchObject({
      name: 'ClusterNotFoundException',
      message: 'Cluster not found.',
      $fault: 'client',
      $metadata: { httpStatusCode: 400, requestId },
    });
  });

  it('keep a name that no model declares (D-6.5)', async () => {
    const { ecs } = failing('ThrottlingException', 'Rate exceeded');
    await expect(ecs.send(new ListTasksCommand({}))).rejects.toMatchObject({
      name: 'ThrottlingException',
      message: 'Rate exceeded',
    });
  });

  it('of the server have status 500 by the model (D-6.5)', async () => {
    const { ecs } = failing('ServerException', 'Oops');
    const error = await ecs.send(new ListTasksCommand({})).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ServerException);
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 500 } });
  });

  it.each([
    ['ThrottlingException', 3],
    ['ServerException', 3],
    ['InvalidParameterException', 1],
  ])('named %s are tried %i times (D-6.8)', async (code, attempts) => {
    const { ecs, sent } = failing(code, 'x');
    await expect(ecs.send(new ListTasksCommand({}))).rejects.toThrow();
    expect(sent).toHaveLength(attempts);
    expect(new Set(sent.map(({ headers }) => headers['amz-sdk-invocation-id'])).size).toBe(1);
  });

  it.each(['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'])(
    'of SQS have a new name and an old code, thrown as %s',
    async (code) => {
      const { sqs } = failing(code, 'The specified queue does not exist.');
      const sending = sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'b' }));
      const error = await sending.catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(QueueDoesNotExist);
      expect(error).toMatchObject({
        name: 'QueueDoesNotExist',
        Code: 'AWS.SimpleQueueService.NonExistentQueue',
      });
    },
  );
});
