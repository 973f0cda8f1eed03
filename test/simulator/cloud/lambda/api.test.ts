import {
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  type InvokeCommandInput,
  LambdaClient,
  ListFunctionsCommand,
  ListVersionsByFunctionCommand,
  PublishVersionCommand,
  ResourceNotFoundException,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { program, role, scene, template } from '../cloudformation/scene.ts';
import { called, clientConfig } from '../operator.ts';

async function deployed() {
  let key = '';
  const here = scene({
    echo: () => async (event) => ({ got: event }),
    fail: () => async () => Promise.reject(new TypeError('no')),
    key:
      ({ environment }) =>
      async () => {
        key = environment.AWS_ACCESS_KEY_ID ?? '';
      },
  });
  const named = (name: string) => program(name, { FunctionName: name, Description: `the ${name}` });
  await here.create(template({ Role: role, Echo: named('echo'), Fail: named('fail'), Key: named('key') }));
  await here.settle();
  const { account, lambda } = here;
  let times = 0;
  const invoke = async (input: InvokeCommandInput) => {
    const answer = lambda.send(new InvokeCommand(input));
    answer.catch(() => undefined);
    await called(account, 'Invoke', ++times);
    await account.advance(5);
    const { Payload, ...about } = await answer;
    return { ...about, payload: Buffer.from(Payload ?? []).toString() };
  };
  return { ...here, invoke, keyOfEnvironment: () => key };
}

describe('Invoke', () => {
  it('answers what the function returned, when it has', async () => {
    const { invoke } = await deployed();
    const Payload = Buffer.from('{"a":[1]}');
    expect(await invoke({ FunctionName: 'echo', Payload })).toMatchObject({
      ...{ StatusCode: 200, ExecutedVersion: '$LATEST', payload: '{"got":{"a":[1]}}' },
    });
    expect((await invoke({ FunctionName: 'echo' })).payload).toBe('{"got":{}}');
  });

  it('answers the error of a function that failed', async () => {
    const { invoke } = await deployed();
    expect(await invoke({ FunctionName: 'fail' })).toMatchObject({
      ...{ StatusCode: 200, FunctionError: 'Unhandled' },
      payload: '{"errorType":"TypeError","errorMessage":"no","trace":[]}',
    });
  });

  it.each([
    ['Event', 202, 1],
    ['DryRun', 204, 0],
  ] as const)('of the type %s answers %d at once', async (InvocationType, StatusCode, invocations) => {
    const { account, lambda } = await deployed();
    expect(await lambda.send(new InvokeCommand({ FunctionName: 'echo', InvocationType }))).toMatchObject({
      StatusCode,
    });
    await account.advance(5);
    expect(account.lambda.invocations).toHaveLength(invocations);
  });

  it.each<[string, Partial<InvokeCommandInput>, string]>([
    ['another function', { FunctionName: 'none' }, 'ResourceNotFoundException'],
    ['another version', { Qualifier: '7' }, 'ResourceNotFoundException'],
    ['what is no JSON', { Payload: Buffer.from('{') }, 'InvalidRequestContentException'],
  ])('is refused for %s', async (_, input, name) => {
    const { lambda } = await deployed();
    await expect(lambda.send(new InvokeCommand({ FunctionName: 'echo', ...input }))).rejects.toMatchObject({
      name,
    });
  });

  it('is denied to an environment whose role does not allow it', async () => {
    const { account, invoke, keyOfEnvironment } = await deployed();
    await invoke({ FunctionName: 'key' });
    const own = new LambdaClient(clientConfig(account, keyOfEnvironment()));
    await expect(own.send(new InvokeCommand({ FunctionName: 'echo' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringMatching(/lambda:InvokeFunction on resource: arn:aws:lambda:.*:function:echo/),
    });
  });
});

describe('what is asked about functions', () => {
  it('is answered with how they are set up', async () => {
    const { lambda } = await deployed();
    const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: 'echo' }));
    expect(Configuration).toMatchObject({
      ...{ FunctionName: 'echo', Description: 'the echo', Handler: 'index.handler', Runtime: 'nodejs24.x' },
      ...{ Timeout: 3, MemorySize: 128, CodeSize: 4, State: 'Active', LastUpdateStatus: 'Successful' },
      LastModified: '2026-05-04T12:00:02.000+0000',
    });
    expect(await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'echo' }))).toMatchObject({
      CodeSha256: Configuration?.CodeSha256,
    });
    const { Functions = [] } = await lambda.send(new ListFunctionsCommand({ MaxItems: 2 }));
    const { NextMarker, Functions: rest } = await lambda.send(new ListFunctionsCommand({ Marker: '2' }));
    expect([Functions.length, rest?.length, NextMarker]).toEqual([2, 1, undefined]);
    const { Versions } = await lambda.send(new ListVersionsByFunctionCommand({ FunctionName: 'echo' }));
    expect(Versions?.map(({ Version }) => Version)).toEqual(['$LATEST']);
    await expect(lambda.send(new GetFunctionCommand({ FunctionName: 'none' }))).rejects.toThrow(
      ResourceNotFoundException,
    );
    await expect(lambda.send(new PublishVersionCommand({ FunctionName: 'echo' }))).rejects.toThrow(
      /does not know lambda:PublishVersion/,
    );
  });

  it('changes with other code, from S3 or as it comes', async () => {
    const { account, lambda, invoke } = await deployed();
    const before = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'echo' }));
    await account.advance(10);
    const S3 = { S3Bucket: 'packages', S3Key: 'v2' };
    const after = await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'echo', ...S3 }));
    expect(after.CodeSha256).not.toBe(before.CodeSha256);
    expect(after.LastModified).not.toBe(before.LastModified);
    expect((await invoke({ FunctionName: 'echo' })).payload).toBe('"v2"');
    await lambda.send(new UpdateFunctionCodeCommand({ FunctionName: 'echo', ZipFile: Buffer.from('v3') }));
    expect((await invoke({ FunctionName: 'echo' })).payload).toBe('"v3"');
  });
});
