import { describe, expect, it } from 'vitest';
import type { InvokeConfig } from '../../../../simulator/cloud/lambda/asynchronous.ts';
import type { FunctionDefinition } from '../../../../simulator/cloud/lambda/function.ts';
import type { Platform } from '../../../../simulator/cloud/lambda/lambda.ts';
import { cloud, definition, functionArn, handles, queueArn, runs } from '../fixture.ts';
import { deployed } from './lambda-fixture.ts';

describe('concurrency', () => {
  const slow = runs(
    ({ sleep }) =>
      async () =>
        sleep(5000),
  );

  it('throttles a function at its reservation and lets it go on when one has ended', async () => {
    const { invoke, pass, ended } = deployed(slow, { reservedConcurrency: 2 });
    invoke();
    invoke();
    expect(() => invoke()).toThrow(
      expect.objectContaining({ code: 'TooManyRequestsException', status: 429 }),
    );
    await pass(6);
    invoke();
    await pass(6);
    expect(ended.length).toBe(3);
  });

  it('leaves the others what reservations do not take of the 1,000 of the account', async () => {
    const { lambda, invoke, pass } = deployed(slow);
    lambda.createFunction(definition({ functionName: 'reserved', reservedConcurrency: 900 }), slow);
    for (let running = 0; running < 100; running++) invoke();
    expect(() => invoke()).toThrow('100 of 100');
    lambda.invoke('reserved', '{}', 'test', () => undefined);
    expect(lambda.running()).toBe(101);
    await pass(10);
    expect(lambda.running()).toBe(0);
  });
});

describe('a function', () => {
  it.each<{ overrides: Partial<FunctionDefinition>; why: string }>([
    { overrides: { timeoutSeconds: 901 }, why: 'Timeout: expected an integer from 1 to 900, got 901' },
    { overrides: { memoryMb: 64 }, why: 'MemorySize' },
    { overrides: { environment: { AWS_REGION: 'x' } }, why: 'AWS_REGION is reserved' },
    { overrides: { reservedConcurrency: 901 }, why: 'below its minimum value of [100]' },
    { overrides: { deadLetterArn: queueArn('none') }, why: 'not an SQS queue that exists' },
    { overrides: { deadLetterArn: queueArn('lane.fifo') }, why: 'expected a standard queue' },
    {
      overrides: { deadLetterArn: queueArn('failures'), role: { arn: 'role', policies: [] } },
      why: 'permissions to call SendMessage',
    },
  ])('is not created with $overrides (D-5.25)', ({ overrides, why }) => {
    const { lambda, sqs, world } = cloud();
    sqs.createQueue(world.now, 'failures');
    sqs.createQueue(world.now, 'lane.fifo', { FifoQueue: true });
    expect(() =>
      lambda.createFunction(
        definition(overrides),
        handles(async () => null),
      ),
    ).toThrow(why);
  });

  it.each<{ config: Partial<InvokeConfig>; why: string }>([
    { config: { maximumRetryAttempts: 3 }, why: 'MaximumRetryAttempts' },
    { config: { maximumEventAgeSeconds: 59 }, why: 'MaximumEventAgeInSeconds' },
    { config: { onFailureArn: queueArn('none') }, why: 'not an SQS queue that exists' },
  ])('is not configured with $config (D-5.23)', ({ config, why }) => {
    const { lambda } = deployed(handles(async () => null));
    expect(() => lambda.setInvokeConfig('work', config)).toThrow(why);
  });

  it('has the variables of the template and those of Lambda', async () => {
    const seen: Platform['environment'][] = [];
    const { invoke, pass } = deployed(
      runs(({ environment }) => {
        seen.push(environment);
        return async () => null;
      }),
      { environment: { LANE_URL: 'x' }, memoryMb: 256, logFormat: 'JSON', applicationLogLevel: 'WARN' },
    );
    invoke();
    await pass(1);
    expect(seen).toMatchObject([
      {
        LANE_URL: 'x',
        AWS_REGION: 'eu-west-1',
        AWS_LAMBDA_FUNCTION_NAME: 'work',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
        AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
        AWS_LAMBDA_LOG_FORMAT: 'JSON',
        AWS_LAMBDA_LOG_LEVEL: 'WARN',
        _HANDLER: 'dist/work/index.handler',
      },
    ]);
  });

  it('is found by name and ARN, and not in another version', () => {
    const { lambda } = deployed(handles(async () => null));
    for (const name of ['work', functionArn('work'), `${functionArn('work')}:$LATEST`])
      expect(lambda.function(name)?.functionName).toBe('work');
    for (const name of ['other', `${functionArn('work')}:7`]) expect(lambda.function(name)).toBeUndefined();
  });
});

describe('a function that changes or goes', () => {
  const slow = handles(() => new Promise(() => {}));

  it('keeps its permissions and its settings for events, and counts its reservation once', () => {
    const { lambda } = deployed(slow, { reservedConcurrency: 900 });
    lambda.setInvokeConfig('work', { maximumRetryAttempts: 1 });
    const permission = { action: 'lambda:InvokeFunction', principal: 'events.amazonaws.com' };
    lambda.addPermission('work', permission, 'mine');
    lambda.changeFunction(definition({ reservedConcurrency: 850, memoryMb: 512 }), slow);
    expect(lambda.function('work')).toMatchObject({
      memoryMb: 512,
      invokeConfig: { maximumRetryAttempts: 1 },
    });
    const invoker = { principalService: 'events.amazonaws.com', context: {} };
    expect(() => lambda.invokeAsync('work', '{}', 'rule', invoker)).not.toThrow();
    lambda.removePermission('work', 'mine');
    expect(() => lambda.invokeAsync('work', '{}', 'rule', invoker)).toThrow(/not authorized/);
    expect(() => lambda.removePermission('work', 'mine')).toThrow(/Statement mine is not found/);
    lambda.setInvokeConfig('work');
    expect(lambda.function('work')?.invokeConfig.maximumRetryAttempts).toBe(2);
  });

  it('is unknown when it is deleted, and another one of the name begins anew', () => {
    const { lambda } = deployed(slow);
    lambda.deleteFunction('work');
    for (const act of [() => lambda.deleteFunction('work'), () => lambda.retire('work')])
      expect(act).toThrow(expect.objectContaining({ code: 'ResourceNotFoundException' }));
    lambda.createFunction(definition(), slow);
    expect(lambda.all()).toHaveLength(1);
  });
});
