import { describe, expect, it } from 'vitest';
import type { InvokeConfig } from '../../../../simulator/cloud/lambda/asynchronous.ts';
import type { FunctionDefinition } from '../../../../simulator/cloud/lambda/function.ts';
import type { Handler } from '../../../../simulator/cloud/lambda/lambda.ts';
import { accountId, functionArn, handles, queueArn } from '../fixture.ts';
import { deployed } from './lambda-fixture.ts';

describe('asynchronous invocation', () => {
  const invoker = {
    principalService: 'events.amazonaws.com',
    context: { 'aws:SourceArn': 'arn:aws:events:eu-west-1:111122223333:rule/r' },
  };
  const start = Date.parse('2026-05-04T12:00:00Z');

  function accepting(
    handler: Handler,
    overrides: Partial<FunctionDefinition> = {},
    config: Partial<InvokeConfig> = {},
  ) {
    const here = deployed(handles(handler), overrides);
    here.lambda.addPermission('work', { action: 'lambda:InvokeFunction', principal: 'events.amazonaws.com' });
    here.lambda.setInvokeConfig('work', config);
    const accept = (payload: unknown = { n: 1 }) =>
      here.lambda.invokeAsync('work', JSON.stringify(payload), 'rule:r', invoker);
    const startedAfter = () =>
      here.lambda.invocations.map(({ startedAt }) => Math.round((startedAt - start) / 1000));
    const failures = () =>
      (here.call('ReceiveMessage', {
        QueueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/failures',
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
      }).Messages ?? []) as { Body: string; MessageAttributes?: object }[];
    return { ...here, accept, startedAfter, failures };
  }

  const failing: Handler = async () => Promise.reject(new Error('broken'));

  it('tries a failing function again after one and then two minutes, under the same request id (D-5.23)', async () => {
    const { accept, pass, startedAfter, lambda, records } = accepting(failing);
    accept();
    await pass(3600);
    expect(startedAfter()).toEqual([0, 60, 180]);
    expect(new Set(lambda.invocations.map(({ requestId }) => requestId)).size).toBe(1);
    expect(records('event-given-up')).toMatchObject([{ condition: 'RetriesExhausted' }]);
  });

  it.each([
    { config: { maximumRetryAttempts: 0 }, started: [0], condition: 'RetriesExhausted', after: 1 },
    { config: { maximumRetryAttempts: 1 }, started: [0, 60], condition: 'RetriesExhausted', after: 62 },
    { config: { maximumEventAgeSeconds: 60 }, started: [0], condition: 'EventAgeExceeded', after: 61 },
  ])('gives up as $config says (D-5.23)', async ({ config, started, condition, after }) => {
    const { accept, pass, startedAfter, records } = accepting(failing, {}, config);
    accept();
    await pass(after);
    expect(records('event-given-up')).toMatchObject([{ condition }]);
    await pass(3600);
    expect(startedAfter()).toEqual(started);
  });

  it('tells the destination what it gave up and why', async () => {
    const { accept, pass, failures } = accepting(
      failing,
      {},
      { maximumRetryAttempts: 0, onFailureArn: queueArn('failures') },
    );
    accept({ n: 7 });
    await pass(1);
    expect(failures().map(({ Body }) => JSON.parse(Body))).toMatchObject([
      {
        version: '1.0',
        requestContext: {
          functionArn: `${functionArn('work')}:$LATEST`,
          condition: 'RetriesExhausted',
          approximateInvokeCount: 1,
        },
        requestPayload: { n: 7 },
        responseContext: { statusCode: 200, functionError: 'Unhandled' },
        responsePayload: { errorType: 'Error', errorMessage: 'broken' },
      },
    ]);
  });

  it('tells the destination of success only of success', async () => {
    const { accept, pass, failures } = accepting(
      async (event) => event,
      {},
      { onSuccessArn: queueArn('failures') },
    );
    accept({ n: 7 });
    await pass(1);
    expect(failures().map(({ Body }) => JSON.parse(Body))).toMatchObject([
      { requestContext: { condition: 'Success' }, responsePayload: { n: 7 } },
    ]);
  });

  it('keeps the event itself in the dead-letter queue', async () => {
    const { accept, pass, failures } = accepting(
      failing,
      { deadLetterArn: queueArn('failures') },
      { maximumRetryAttempts: 0 },
    );
    accept({ n: 7 });
    await pass(1);
    expect(failures()).toMatchObject([
      {
        Body: '{"n":7}',
        MessageAttributes: { ErrorCode: { StringValue: '200' }, ErrorMessage: { StringValue: 'broken' } },
      },
    ]);
  });

  it('waits while the function has no concurrency, and does not count that as a retry', async () => {
    const { accept, pass, invoke, lambda } = accepting(async () => 'done', { reservedConcurrency: 1 });
    invoke();
    accept();
    expect(lambda.invocations).toEqual([]);
    await pass(5);
    expect(lambda.invocations.map(({ trigger, outcome }) => ({ trigger, outcome }))).toEqual([
      { trigger: 'test', outcome: 'success' },
      { trigger: 'rule:r', outcome: 'success' },
    ]);
  });

  it('gives up at once with a reservation of nothing', () => {
    const { accept, records } = accepting(async () => 'done', { reservedConcurrency: 0 });
    accept();
    expect(records('event-given-up')).toMatchObject([{ condition: 'ZeroReservedConcurrency' }]);
  });

  it.each([
    { permission: undefined },
    { permission: { action: 'lambda:InvokeFunction', principal: 's3.amazonaws.com' } },
    { permission: { action: 'lambda:GetFunction', principal: 'events.amazonaws.com' } },
    {
      permission: {
        action: 'lambda:InvokeFunction',
        principal: 'events.amazonaws.com',
        sourceArn: 'arn:aws:events:eu-west-1:111122223333:rule/other',
      },
    },
    {
      permission: {
        action: 'lambda:InvokeFunction',
        principal: 'events.amazonaws.com',
        sourceAccount: '999999999999',
      },
    },
  ])('is refused with $permission', ({ permission }) => {
    const { lambda } = deployed(handles(async () => null));
    if (permission) lambda.addPermission('work', permission);
    expect(() => lambda.invokeAsync('work', '{}', 'rule:r', invoker)).toThrow(
      expect.objectContaining({ code: 'AccessDeniedException' }),
    );
  });

  it('is allowed by a permission for a pattern of rules', () => {
    const { lambda } = deployed(handles(async () => null));
    lambda.addPermission('work', {
      action: 'lambda:InvokeFunction',
      principal: 'events.amazonaws.com',
      sourceArn: `arn:aws:events:eu-west-1:${accountId}:rule/*`,
    });
    lambda.invokeAsync('work', '{}', 'rule:r', invoker);
    expect(lambda.running()).toBe(1);
  });
});

describe('an event of a function that is deleted', () => {
  it('goes with it, whether it waits for another attempt or runs', async () => {
    const { lambda, pass, records } = deployed(handles(async () => Promise.reject(new Error('no'))));
    lambda.accept('work', '{}', 'one');
    await pass(5);
    lambda.accept('work', '{}', 'two');
    lambda.deleteFunction('work');
    await pass(300);
    expect(records('event-given-up')).toMatchObject([
      { trigger: 'two', condition: 'FunctionDeleted' },
      { trigger: 'one', condition: 'FunctionDeleted' },
    ]);
    expect(lambda.invocations).toHaveLength(2);
  });
});
