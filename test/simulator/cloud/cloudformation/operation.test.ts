import {
  DeleteStackCommand,
  DescribeStackResourcesCommand,
  UpdateTerminationProtectionCommand,
} from '@aws-sdk/client-cloudformation';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, QueueDoesNotExist, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { called } from '../operator.ts';
import { program, queue, role, scene, template } from './scene.ts';

/** `Work` reads `Lane`, whose dead letters go to `Dead`. */
const lane = (code = 'v1') =>
  ({
    Dead: queue(),
    Lane: queue({ RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': 'Dead.Arn' }, maxReceiveCount: 3 } }),
    Role: role,
    Work: program(code),
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: { EventSourceArn: { 'Fn::GetAtt': 'Lane.Arn' }, FunctionName: { Ref: 'Work' } },
    },
  }) as const;

const isDone = (line: string) => /: \w+_COMPLETE$/.test(line);

describe('a stack that is created', () => {
  it('takes a second a resource, each after those that it needs, those that need nothing at once', async () => {
    const { account, create, settle, news } = scene();
    await create(template(lane(), { Outputs: { Url: { Value: { Ref: 'Lane' } } } }));
    expect(await settle(0.9)).toBe('CREATE_IN_PROGRESS');
    expect(await news()).toEqual([
      'one: CREATE_IN_PROGRESS (User Initiated)',
      'Dead: CREATE_IN_PROGRESS',
      'Role: CREATE_IN_PROGRESS',
    ]);
    expect(account.sqs.all()).toEqual([]);
    await settle(0.1);
    expect((await news()).filter(isDone).sort()).toEqual(['Dead: CREATE_COMPLETE', 'Role: CREATE_COMPLETE']);
    expect(await settle(2)).toBe('CREATE_COMPLETE');
    expect((await news()).filter(isDone)).toEqual([
      expect.stringMatching(/^(Lane|Work)/),
      expect.stringMatching(/^(Lane|Work)/),
      'Mapping: CREATE_COMPLETE',
      'one: CREATE_COMPLETE',
    ]);
  });

  it('rolls back whatever was there when one resource fails, and says which and why', async () => {
    const { account, create, settle, news } = scene();
    await create(template({ ...lane('missing'), Own: queue({ QueueName: 'own' }, { DependsOn: 'Lane' }) }));
    expect(await settle()).toBe('ROLLBACK_COMPLETE');
    const lines = await news();
    expect(lines).toContain(
      'Work: CREATE_FAILED (Resource handler returned message: "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The specified key does not exist. (InvalidParameterValueException)" (HandlerErrorCode: InvalidRequest))',
    );
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^one: ROLLBACK_IN_PROGRESS \(The following resource\(s\) failed to create: \[(Lane, )?Work\]\. Rollback requested by user\.\)$/,
      ),
    );
    expect(lines.filter((line) => line.endsWith('DELETE_COMPLETE')).sort()).toEqual(
      ['Dead', 'Lane', 'Role', 'Work'].map((logicalId) => `${logicalId}: DELETE_COMPLETE`),
    );
    expect(account.sqs.all()).toEqual([]);
  });

  it('breaks off what is under way when another resource fails', async () => {
    const { create, settle, news, account } = scene();
    account.sqs.createQueue(account.world.now, 'taken');
    await create(template({ Taken: queue({ QueueName: 'taken' }), Other: queue() }));
    expect(await settle()).toBe('ROLLBACK_COMPLETE');
    const lines = await news();
    const failures = lines.filter((line) => line.includes('CREATE_FAILED'));
    expect(failures[0]).toContain(
      "Taken: CREATE_FAILED (Resource handler returned message: \"Resource of type 'AWS::SQS::Queue' with identifier 'https://sqs.eu-west-1.amazonaws.com/111122223333/taken' already exists.\" (HandlerErrorCode: AlreadyExists))",
    );
    expect(account.sqs.all().map(({ settings }) => settings.name)).toEqual(['taken']);
  });

  it.each([
    [{ DisableRollback: true }, 'CREATE_FAILED', 1],
    [{ OnFailure: 'DO_NOTHING' as const }, 'CREATE_FAILED', 1],
    [{ OnFailure: 'ROLLBACK' as const }, 'ROLLBACK_COMPLETE', 0],
  ])('ends with %j as %s', async (input, status, queues) => {
    const { account, create, settle } = scene();
    const bad = { ...queue({ QueueName: 'not a name' }), DependsOn: 'Good' };
    await create(template({ Good: queue(), Bad: bad }), input);
    expect(await settle()).toBe(status);
    expect(account.sqs.all()).toHaveLength(queues);
  });
});

describe('a stack that is updated', () => {
  const created = async (resources: Parameters<typeof template>[0], programs = {}) => {
    const here = scene(programs);
    await here.create(template(resources));
    expect(await here.settle()).toBe('CREATE_COMPLETE');
    await here.news();
    return here;
  };

  it('touches nothing but what changed, and keeps what is in a queue', async () => {
    const { account, sqs, update, settle, news, physicalIdOf } = await created({ A: queue(), B: queue() });
    const QueueUrl = await physicalIdOf('A');
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
    await update(template({ A: queue({ VisibilityTimeout: 90 }), B: queue() }));
    expect(await settle()).toBe('UPDATE_COMPLETE');
    expect(await news()).toEqual([
      'one: UPDATE_IN_PROGRESS (User Initiated)',
      'A: UPDATE_IN_PROGRESS',
      'A: UPDATE_COMPLETE',
      'one: UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'one: UPDATE_COMPLETE',
    ]);
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
    );
    expect(Attributes).toMatchObject({ VisibilityTimeout: '90', ApproximateNumberOfMessages: '1' });
    expect(account.sqs.all()).toHaveLength(2);
  });

  it('puts another resource in the place of one, then those that refer to it go over, then the first one goes', async () => {
    const resources = (fifo: Record<string, unknown>) => ({
      A: queue(fifo),
      P: {
        Type: 'AWS::SSM::Parameter',
        Properties: { Name: '/a', Type: 'String', Value: { Ref: 'A' } },
      },
    });
    const { account, update, settle, news, physicalIdOf } = await created(resources({}));
    const before = await physicalIdOf('A');
    await update(template(resources({ FifoQueue: true })));
    expect(await settle()).toBe('UPDATE_COMPLETE');
    expect(await news()).toEqual([
      'one: UPDATE_IN_PROGRESS (User Initiated)',
      'A: UPDATE_IN_PROGRESS (Requested update requires the creation of a new physical resource; hence creating one.)',
      'A: UPDATE_IN_PROGRESS (Resource creation Initiated)',
      'A: UPDATE_COMPLETE',
      'P: UPDATE_IN_PROGRESS',
      'P: UPDATE_COMPLETE',
      'one: UPDATE_COMPLETE_CLEANUP_IN_PROGRESS',
      'A: DELETE_IN_PROGRESS',
      'A: DELETE_COMPLETE',
      'one: UPDATE_COMPLETE',
    ]);
    const after = await physicalIdOf('A');
    expect(after).toMatch(/\.fifo$/);
    expect(after).not.toBe(before);
    expect(account.sqs.all().map(({ url }) => url)).toEqual([after]);
  });

  it('writes a parameter that everybody can read, and takes it away', async () => {
    const parameter = (Value: string) => ({
      P: { Type: 'AWS::SSM::Parameter', Properties: { Name: '/p', Type: 'String', Value, Tags: { a: 'b' } } },
    });
    const { account, update, settle } = await created(parameter('one'));
    const read = () => account.call('ssm', 'GetParameter', { Name: '/p' }).Parameter;
    expect(read()).toMatchObject({ Value: 'one', Version: 1 });
    await update(template(parameter('two')));
    await settle();
    expect(read()).toMatchObject({ Value: 'two', Version: 2 });
    await update(template({ Q: queue() }));
    await settle();
    expect(read).toThrow(expect.objectContaining({ code: 'ParameterNotFound' }));
  });

  it('refuses to replace what has a name of its own', async () => {
    const { update, settle, news } = await created({ A: queue({ QueueName: 'a', DelaySeconds: 1 }) });
    const permission = (Action: string) => ({
      Type: 'AWS::IAM::Role',
      Properties: { ...role.Properties, RoleName: 'r', Path: Action },
    });
    await update(template({ R: permission('/x/') }), { Capabilities: ['CAPABILITY_NAMED_IAM'] });
    expect(await settle()).toBe('UPDATE_COMPLETE');
    await news();
    await update(template({ R: permission('/y/') }), { Capabilities: ['CAPABILITY_NAMED_IAM'] });
    expect(await settle()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await news()).toContain(
      'R: UPDATE_FAILED (CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename r and update the stack again.)',
    );
  });

  it('adds and removes, what was needed by others last', async () => {
    const { update, settle, news } = await created(lane());
    await update(template({ New: queue() }));
    expect(await settle()).toBe('UPDATE_COMPLETE');
    const lines = await news();
    const gone = lines.filter((line) => line.endsWith('DELETE_COMPLETE')).map((line) => line.split(':')[0]);
    expect(gone[0]).toBe('Mapping');
    expect(gone.indexOf('Lane')).toBeLessThan(gone.indexOf('Dead'));
    expect(gone.indexOf('Work')).toBeLessThan(gone.indexOf('Role'));
    expect(lines).toContain('New: CREATE_COMPLETE');
  });

  it('runs other code in new environments, and lets what runs in the old ones end', async () => {
    const programs = {
      old:
        ({ sleep }: { sleep: (ms: number) => Promise<void> }) =>
        async () => {
          await sleep(8000);
          return 'old';
        },
    };
    const resources = (code: string) => ({
      Role: role,
      Work: program(code, { FunctionName: 'work', Timeout: 20 }),
    });
    const { account, lambda, update, settle } = await created(resources('old'), programs);
    const answers: string[] = [];
    const invoke = () =>
      lambda
        .send(new InvokeCommand({ FunctionName: 'work' }))
        .then(({ Payload }) => answers.push(Buffer.from(Payload ?? []).toString()));
    const first = invoke();
    await called(account, 'Invoke', 1);
    await account.advance(1);
    await update(template(resources('v2')));
    await settle(3);
    const second = invoke();
    await called(account, 'Invoke', 2);
    await account.advance(1);
    await second;
    expect(answers).toEqual(['"v2"']);
    await account.advance(10);
    await first;
    expect(answers).toEqual(['"v2"', '"old"']);
    expect(account.lambda.invocations.map(({ cold, outcome }) => [cold, outcome])).toEqual([
      [true, 'success'],
      [true, 'success'],
    ]);
  });

  it('is as it was before when one resource fails: changed back, replaced back, and what was added is gone', async () => {
    const before = { A: queue({ DelaySeconds: 1 }), B: queue(), Role: role, Work: program('v1') };
    const { account, sqs, update, settle, news, physicalIdOf, describe } = await created(before);
    const urls = [await physicalIdOf('A'), await physicalIdOf('B')];
    await update(
      template({
        A: queue({ DelaySeconds: 2 }),
        B: queue({ FifoQueue: true }),
        New: queue(),
        Role: role,
        Work: { ...program('missing'), DependsOn: ['A', 'B', 'New'] },
      }),
    );
    expect(await settle()).toBe('UPDATE_ROLLBACK_COMPLETE');
    const lines = await news();
    expect(lines).toContain(
      'one: UPDATE_ROLLBACK_IN_PROGRESS (The following resource(s) failed to update: [Work]. )',
    );
    expect(lines).toContain('one: UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
    expect([await physicalIdOf('A'), await physicalIdOf('B')]).toEqual(urls);
    expect(
      account.sqs
        .all()
        .map(({ url }) => url)
        .sort(),
    ).toEqual([...urls].sort());
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: urls[0] ?? '', AttributeNames: ['DelaySeconds'] }),
    );
    expect(Attributes).toEqual({ DelaySeconds: '1' });
    await update(template({ ...before, A: queue({ DelaySeconds: 3 }), B: queue({ FifoQueue: true }) }));
    expect(await settle()).toBe('UPDATE_COMPLETE');
    expect((await describe())?.StackStatusReason).toBeUndefined();
  });

  it('stays as far as it came when rollback is disabled', async () => {
    const { account, update, settle } = await created({ A: queue() });
    const bad = { ...queue({ QueueName: 'not a name' }), DependsOn: 'B' };
    await update(template({ A: queue(), B: queue(), C: bad }), { DisableRollback: true });
    expect(await settle()).toBe('UPDATE_FAILED');
    expect(account.sqs.all()).toHaveLength(2);
    await update(template({ A: queue(), B: queue() }));
    expect(await settle()).toBe('UPDATE_COMPLETE');
  });
});

describe('a stack that is deleted', () => {
  const created = async (resources: Parameters<typeof template>[0]) => {
    const here = scene();
    await here.create(template(resources));
    await here.settle();
    await here.news();
    const remove = (input = {}) =>
      here.cloudformation.send(new DeleteStackCommand({ StackName: 'one', ...input }));
    const id = (await here.describe())?.StackId ?? '';
    return { ...here, remove, id };
  };

  it('takes everything with it: queues refuse calls, functions are gone, mappings poll no more', async () => {
    const { account, sqs, remove, id, physicalIdOf, describe, news } = await created(lane());
    const QueueUrl = await physicalIdOf('Lane');
    await remove();
    await account.advance(60);
    await expect(describe()).rejects.toThrow('Stack with id one does not exist');
    expect((await describe(id))?.StackStatus).toBe('DELETE_COMPLETE');
    expect((await news(id)).at(-1)).toBe('one: DELETE_COMPLETE');
    await expect(sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }))).rejects.toThrow(
      QueueDoesNotExist,
    );
    expect(account.lambda.all()).toEqual([]);
    await remove();
  });

  it('fails with a bucket that is not empty, and goes on with the rest of it when it is deleted again', async () => {
    const { account, cloudformation, remove, id, settle, describe, news, physicalIdOf } = await created({
      Bucket: { Type: 'AWS::S3::Bucket' },
      Queue: queue(),
    });
    const bucket = await physicalIdOf('Bucket');
    const draft = { body: Buffer.from('x'), contentType: 'text/plain', metadata: {}, headers: {} };
    account.s3.put(account.world.now, bucket, 'key', draft);
    await remove();
    expect(await settle()).toBe('DELETE_FAILED');
    expect((await describe())?.StackStatusReason).toBe(
      'The following resource(s) failed to delete: [Bucket]. ',
    );
    expect(await news()).toContain(
      'Bucket: DELETE_FAILED (Resource handler returned message: "The bucket you tried to delete is not empty (BucketNotEmpty)" (HandlerErrorCode: InvalidRequest))',
    );
    const { StackResources = [] } = await cloudformation.send(
      new DescribeStackResourcesCommand({ StackName: id }),
    );
    expect(StackResources.map(({ ResourceStatus }) => ResourceStatus)).toEqual([
      'DELETE_FAILED',
      'DELETE_COMPLETE',
    ]);
    account.s3.delete(account.world.now, bucket, 'key');
    await remove();
    await account.advance(10);
    expect((await news(id)).filter((line) => line.startsWith('Queue'))).toEqual([]);
    expect((await describe(id))?.StackStatus).toBe('DELETE_COMPLETE');
  });

  it('leaves behind what is to be retained', async () => {
    const { account, remove, news, id } = await created({
      A: queue({}, { DeletionPolicy: 'Retain' }),
      B: queue(),
    });
    await remove();
    await account.advance(10);
    expect(await news(id)).toContain('A: DELETE_SKIPPED');
    expect(account.sqs.all()).toHaveLength(1);
  });

  it('is not deleted while it is protected', async () => {
    const here = scene();
    await here.create(template({ A: queue() }), { EnableTerminationProtection: true });
    await here.settle();
    const removal = here.cloudformation.send(new DeleteStackCommand({ StackName: 'one' }));
    await expect(removal).rejects.toThrow(
      'Stack [one] cannot be deleted while TerminationProtection is enabled',
    );
    const free = { StackName: 'one', EnableTerminationProtection: false };
    await here.cloudformation.send(new UpdateTerminationProtectionCommand(free));
    await here.cloudformation.send(new DeleteStackCommand({ StackName: 'one' }));
    await here.account.advance(10);
    await expect(here.describe()).rejects.toThrow('does not exist');
  });

  it('is broken off while it is still created', async () => {
    const here = scene();
    await here.create(template({ A: queue(), B: queue({}, { DependsOn: 'A' }) }));
    await here.account.advance(1.5);
    const id = (await here.describe())?.StackId ?? '';
    await here.cloudformation.send(new DeleteStackCommand({ StackName: 'one' }));
    await here.account.advance(30);
    expect((await here.describe(id))?.StackStatus).toBe('DELETE_COMPLETE');
    expect(here.account.sqs.all()).toEqual([]);
  });
});
