import {
  CreateChangeSetCommand,
  type CreateChangeSetCommandInput,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStackResourceCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  ListChangeSetsCommand,
  ListExportsCommand,
  ListImportsCommand,
  ListStackResourcesCommand,
  ListStacksCommand,
  ValidateTemplateCommand,
} from '@aws-sdk/client-cloudformation';
import { describe, expect, it } from 'vitest';
import { program, queue, role, scene, template } from './scene.ts';

describe('a change set', () => {
  const changing = (here: ReturnType<typeof scene>) => {
    const { account, cloudformation } = here;
    const name = { StackName: 'one', ChangeSetName: 'next' };
    return {
      name,
      propose: async (TemplateBody: string, input: Partial<CreateChangeSetCommandInput> = {}) => {
        await cloudformation.send(new CreateChangeSetCommand({ ...name, TemplateBody, ...input }));
        await account.advance(1);
        return cloudformation.send(new DescribeChangeSetCommand(name));
      },
      execute: () => cloudformation.send(new ExecuteChangeSetCommand(name)),
    };
  };

  it('creates a stack that is only under review until it is carried out', async () => {
    const here = scene();
    const { propose, execute } = changing(here);
    const { Status, ExecutionStatus, Changes } = await propose(template({ A: queue() }), {
      ChangeSetType: 'CREATE',
    });
    expect([Status, ExecutionStatus]).toEqual(['CREATE_COMPLETE', 'AVAILABLE']);
    expect(Changes?.map(({ ResourceChange: change }) => [change?.Action, change?.LogicalResourceId])).toEqual(
      [['Add', 'A']],
    );
    expect((await here.describe())?.StackStatus).toBe('REVIEW_IN_PROGRESS');
    expect(here.account.sqs.all()).toEqual([]);
    await execute();
    expect(await here.settle()).toBe('CREATE_COMPLETE');
    await expect(execute()).rejects.toMatchObject({ name: 'InvalidChangeSetStatusException' });
  });

  it('says what would be added, changed, replaced and removed', async () => {
    const here = scene();
    await here.create(
      template({ Gone: queue(), Same: queue(), Other: queue({ DelaySeconds: 1 }), New: queue() }),
    );
    await here.settle();
    const { Changes } = await changing(here).propose(
      template({
        Same: queue(),
        Other: queue({ DelaySeconds: 2 }),
        New: queue({ FifoQueue: true }),
        After: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: { Ref: 'New' } } },
      }),
    );
    expect(
      Changes?.map(({ ResourceChange: change }) => [
        change?.Action,
        change?.LogicalResourceId,
        change?.Replacement,
        change?.Details?.map(({ Target }) => Target?.Name),
      ]),
    ).toEqual([
      ['Modify', 'Other', 'False', ['DelaySeconds']],
      ['Modify', 'New', 'True', ['FifoQueue']],
      ['Add', 'After', undefined, []],
      ['Remove', 'Gone', undefined, []],
    ]);
  });

  it('without changes fails in the words of AWS, and goes away', async () => {
    const here = scene();
    await here.create(template({ A: queue() }));
    await here.settle();
    const { propose, execute, name } = changing(here);
    expect(await propose(template({ A: queue() }))).toMatchObject({
      Status: 'FAILED',
      ExecutionStatus: 'UNAVAILABLE',
      StatusReason:
        "The submitted information didn't contain changes. Submit different information to create a change set.",
    });
    await expect(execute()).rejects.toMatchObject({ name: 'InvalidChangeSetStatusException' });
    const { cloudformation } = here;
    await cloudformation.send(new DeleteChangeSetCommand(name));
    await cloudformation.send(new DeleteChangeSetCommand(name));
    await expect(cloudformation.send(new DescribeChangeSetCommand(name))).rejects.toMatchObject({
      name: 'ChangeSetNotFoundException',
    });
    const { Summaries } = await cloudformation.send(new ListChangeSetsCommand({ StackName: 'one' }));
    expect(Summaries).toEqual([]);
  });

  it.each([
    ['an output', template({ A: queue() }, { Outputs: { O: { Value: 'x' } } }), {}],
    ['a tag', template({ A: queue() }), { Tags: [{ Key: 'stage', Value: 'prod' }] }],
  ])('changes something with no more than %s', async (_, body, input) => {
    const here = scene();
    await here.create(template({ A: queue() }));
    await here.settle();
    const { propose, execute } = changing(here);
    expect((await propose(body, input)).Status).toBe('CREATE_COMPLETE');
    await execute();
    expect(await here.settle()).toBe('UPDATE_COMPLETE');
  });

  it('for a stack that is there is no creation, and for one that is not no update', async () => {
    const here = scene();
    const { propose } = changing(here);
    await expect(propose(template({ A: queue() }))).rejects.toThrow('Stack [one] does not exist');
    await here.create(template({ A: queue() }));
    await here.settle();
    await expect(propose(template({ A: queue() }), { ChangeSetType: 'CREATE' })).rejects.toThrow(
      'Stack [one] already exists and cannot be created again with the changeSet [next].',
    );
  });
});

describe('a request is refused at once', () => {
  it.each<[string, string, Record<string, unknown>, string]>([
    [
      'a type that nothing here provides',
      template({ T: { Type: 'AWS::DynamoDB::Table' } }),
      {},
      'T.Type: expected one of',
    ],
    [
      'a reference to nothing',
      template({ A: queue({ QueueName: { Ref: 'Nobody' } }) }),
      {},
      'Template format error: A.Properties.QueueName.Ref: expected a resource, parameter or pseudo parameter, got Nobody',
    ],
    ['YAML', 'Resources:\n  A: {}', {}, 'The simulator does not read YAML'],
    [
      'no template',
      '',
      { TemplateBody: undefined },
      'Either Template URL or Template Body must be specified.',
    ],
    ['a name that is none', template({ A: queue() }), { StackName: 'a_b' }, "Value 'a_b' at 'stackName'"],
    [
      'roles without leave',
      template({ Role: role }),
      { Capabilities: [] },
      'Requires capabilities : [CAPABILITY_IAM]',
    ],
    [
      'roles with names without leave',
      template({ Role: { ...role, Properties: { ...role.Properties, RoleName: 'r' } } }),
      {},
      'Requires capabilities : [CAPABILITY_NAMED_IAM]',
    ],
    [
      'a parameter without a value',
      template({ A: queue() }, { Parameters: { P: { Type: 'String' } } }),
      {},
      'Parameters.P: expected a value',
    ],
    [
      'a template that is not there',
      '',
      { TemplateBody: undefined, TemplateURL: 'https://s3.amazonaws.com/packages/none' },
      'S3 error: The specified key does not exist.',
    ],
    [
      'another role',
      template({ A: queue() }),
      { RoleARN: 'arn:aws:iam::111122223333:role/deploy' },
      'RoleARN: expected none',
    ],
    ['a stack policy', template({ A: queue() }), { StackPolicyBody: '{}' }, 'StackPolicyBody: expected none'],
    [
      'an alarm to roll back for',
      template({ A: queue() }),
      { RollbackConfiguration: { RollbackTriggers: [{ Arn: 'a', Type: 'AWS::CloudWatch::Alarm' }] } },
      'RollbackConfiguration: expected none',
    ],
  ])('with %s', async (_, body, input, why) => {
    const here = scene();
    await expect(here.create(body, input)).rejects.toThrow(why);
    const { StackSummaries } = await here.cloudformation.send(new ListStacksCommand({}));
    expect(StackSummaries).toEqual([]);
  });

  it('for a second stack of a name, an update without changes, of another type, or of what is under way', async () => {
    const here = scene();
    const body = template({ A: queue() });
    await here.create(body);
    await expect(here.create(body)).rejects.toMatchObject({ name: 'AlreadyExistsException' });
    await expect(here.update(template({ A: queue(), B: queue() }))).rejects.toThrow(
      /is in CREATE_IN_PROGRESS state and can not be updated\.$/,
    );
    await here.settle();
    await expect(here.update(body)).rejects.toThrow('No updates are to be performed.');
    await expect(here.update(template({ A: { Type: 'AWS::SNS::Topic' } }))).rejects.toThrow(
      'The new template modifies resource type of the following resources: [A]',
    );
  });
});

describe('what is asked about stacks', () => {
  it('is answered from templates in S3, with parameters, outputs and resources', async () => {
    const here = scene();
    const { account, cloudformation, create, settle, describe: stack } = here;
    const body = template(
      { A: queue({ QueueName: { Ref: 'Name' } }) },
      {
        Description: 'one queue',
        Parameters: { Name: { Type: 'String', Default: 'usual' } },
        Outputs: { Url: { Value: { Ref: 'A' }, Description: 'where', Export: { Name: 'one-url' } } },
      },
    );
    account.s3.put(account.world.now, 'packages', 'dir/t.json', {
      ...{ body: Buffer.from(body), contentType: 'application/json', metadata: {}, headers: {} },
    });
    await create('', {
      TemplateBody: undefined,
      TemplateURL: 'https://s3.amazonaws.com/packages/dir/t.json',
      Parameters: [{ ParameterKey: 'Name', ParameterValue: 'mine' }],
      Tags: [{ Key: 'stage', Value: 'prod' }],
    });
    expect(await settle()).toBe('CREATE_COMPLETE');
    const url = 'https://sqs.eu-west-1.amazonaws.com/111122223333/mine';
    expect(await stack()).toMatchObject({
      Description: 'one queue',
      Parameters: [{ ParameterKey: 'Name', ParameterValue: 'mine' }],
      Tags: [{ Key: 'stage', Value: 'prod' }],
      Outputs: [{ OutputKey: 'Url', OutputValue: url, Description: 'where', ExportName: 'one-url' }],
    });
    const { TemplateBody } = await cloudformation.send(new GetTemplateCommand({ StackName: 'one' }));
    expect(TemplateBody).toBe(body);
    const { StackResourceSummaries } = await cloudformation.send(
      new ListStackResourcesCommand({ StackName: 'one' }),
    );
    expect(StackResourceSummaries).toMatchObject([
      { LogicalResourceId: 'A', PhysicalResourceId: url, ResourceStatus: 'CREATE_COMPLETE' },
    ]);
    const missing = cloudformation.send(
      new DescribeStackResourceCommand({ StackName: 'one', LogicalResourceId: 'B' }),
    );
    await expect(missing).rejects.toThrow('Resource B does not exist for stack one');
  });

  it('is given in pages of a hundred events', async () => {
    const { cloudformation, create, settle } = scene();
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`Q${index}`, queue()]));
    await create(template(many));
    await settle();
    const read = (NextToken?: string) =>
      cloudformation.send(new DescribeStackEventsCommand({ StackName: 'one', NextToken }));
    const first = await read();
    const second = await read(first.NextToken);
    expect([first.StackEvents?.length, second.StackEvents?.length, second.NextToken]).toEqual([
      100,
      52,
      undefined,
    ]);
    expect(first.StackEvents?.[0]?.ResourceStatus).toBe('CREATE_COMPLETE');
  });

  it('validates a template without the values of its parameters', async () => {
    const { cloudformation } = scene();
    const validate = (TemplateBody: string) =>
      cloudformation.send(new ValidateTemplateCommand({ TemplateBody }));
    const Parameters = { P: { Type: 'String', Description: 'what' } };
    expect(
      await validate(template({ Role: role, A: queue({ QueueName: { Ref: 'P' } }) }, { Parameters })),
    ).toMatchObject({
      Parameters: [{ ParameterKey: 'P', NoEcho: false, Description: 'what' }],
      Capabilities: ['CAPABILITY_IAM'],
    });
    await expect(validate(template({ A: queue({ Colour: 'red' }) }))).rejects.toThrow(
      /^Template format error: A\.Properties\.Colour: expected one of/,
    );
  });

  it('keeps what a stack exports as long as another one imports it', async () => {
    const { account, cloudformation, create, update, settle } = scene();
    const exporting = template(
      { A: queue() },
      { Outputs: { O: { Value: 'x', Export: { Name: 'shared' } } } },
    );
    const importing = template({ B: queue({ QueueName: { 'Fn::ImportValue': 'shared' } }) });
    await expect(create(importing)).rejects.toThrow(
      'expected the name of an export of another stack, got shared',
    );
    await create(exporting);
    await settle();
    await create(importing, { StackName: 'two' });
    await account.advance(10);
    expect(account.sqs.all().map(({ settings }) => settings.name)).toContain('x');
    const { Exports } = await cloudformation.send(new ListExportsCommand({}));
    expect(Exports).toMatchObject([{ Name: 'shared', Value: 'x' }]);
    const importers = (ExportName: string) => cloudformation.send(new ListImportsCommand({ ExportName }));
    expect((await importers('shared')).Imports).toEqual(['two']);
    await expect(importers('other')).rejects.toThrow("Export 'other' is not imported by any stack.");
    await update(template({ A: queue() }));
    expect(await settle()).toBe('UPDATE_ROLLBACK_COMPLETE');
    await cloudformation.send(new DeleteStackCommand({ StackName: 'one' }));
    expect(await settle()).toBe('DELETE_FAILED');
    await cloudformation.send(new DeleteStackCommand({ StackName: 'two' }));
    await account.advance(10);
    await cloudformation.send(new DeleteStackCommand({ StackName: 'one' }));
    await account.advance(10);
    const { StackSummaries = [] } = await cloudformation.send(new ListStacksCommand({}));
    expect(StackSummaries.map(({ StackStatus }) => StackStatus)).toEqual([
      'DELETE_COMPLETE',
      'DELETE_COMPLETE',
    ]);
  });
});

describe('several stacks of one account', () => {
  it('have names of their own for what has none, and cannot share a name', async () => {
    const { account, create, settle, news } = scene();
    await create(template({ A: queue(), Role: role, F: program('v1', { FunctionName: 'f' }) }));
    await settle();
    await create(template({ A: queue() }), { StackName: 'two' });
    await account.advance(10);
    expect(new Set(account.sqs.all().map(({ arn }) => arn)).size).toBe(2);
    await create(template({ Role: role, F: program('v1', { FunctionName: 'f' }) }), { StackName: 'three' });
    await account.advance(30);
    expect(await news('three')).toContainEqual(
      expect.stringMatching(/^F: CREATE_FAILED \(.*Function already exist: f \(ResourceConflictException\)/),
    );
  });

  it('include the one that was installed at once, which changes and goes like the others', async () => {
    const { account, update, settle, cloudformation } = scene();
    const runtime = () => () => async () => 'installed';
    account.install({ Resources: { A: queue({ QueueName: 'a' }) } }, runtime);
    const StackName = 'ecs-steward-local';
    await update(template({ A: queue({ QueueName: 'a', DelaySeconds: 5 }) }), { StackName });
    await account.advance(10);
    expect(account.sqs.all()[0]?.settings.delaySeconds).toBe(5);
    await cloudformation.send(new DeleteStackCommand({ StackName }));
    await account.advance(10);
    expect(account.sqs.all()).toEqual([]);
    await expect(settle()).rejects.toThrow('does not exist');
  });
});
