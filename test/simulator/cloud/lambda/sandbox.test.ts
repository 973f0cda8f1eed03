import { describe, expect, it } from 'vitest';
import type { Handler } from '../../../../simulator/cloud/lambda/lambda.ts';
import { cloud, definition, functionArn, handles, queueRole, runs } from '../fixture.ts';
import { deployed, request } from './lambda-fixture.ts';

describe('an invocation', () => {
  it('gives the handler its event and context and answers with what it returns', async () => {
    const seen: Record<string, unknown>[] = [];
    const handler: Handler = async (event, context) => {
      seen.push({ event, context, remaining: (context.getRemainingTimeInMillis as () => number)() });
      return { done: true };
    };
    const { invoke, pass, ended, lambda } = deployed(handles(handler));
    invoke({ a: 1 });
    await pass(1);
    expect(ended).toEqual([{ outcome: 'success', payload: '{"done":true}' }]);
    expect(seen).toMatchObject([
      {
        event: { a: 1 },
        remaining: 9995,
        context: {
          functionName: 'work',
          invokedFunctionArn: functionArn('work'),
          memoryLimitInMB: '128',
          awsRequestId: lambda.invocations[0]?.requestId,
        },
      },
    ]);
  });

  it('starts an environment once, keeps its memory, and bills its start', async () => {
    let starts = 0;
    const runtime = runs(() => {
      starts++;
      let runs = 0;
      return async () => ++runs;
    });
    const { invoke, pass, ended, lambda } = deployed(runtime);
    invoke();
    await pass(1);
    invoke();
    await pass(1);
    expect(starts).toBe(1);
    expect(ended.map((end) => end.outcome === 'success' && end.payload)).toEqual(['1', '2']);
    expect(lambda.invocations.map(({ cold, billedMs }) => ({ cold, billedMs }))).toEqual([
      { cold: true, billedMs: 255 },
      { cold: false, billedMs: 5 },
    ]);
  });

  it.each([
    { idleSeconds: 599, starts: 1 },
    { idleSeconds: 601, starts: 2 },
  ])(
    'finds its environment $starts time(s) started after $idleSeconds s of idleness',
    async ({ idleSeconds, starts }) => {
      let started = 0;
      const { invoke, pass } = deployed(
        runs(() => {
          started++;
          return async () => null;
        }),
      );
      invoke();
      await pass(idleSeconds);
      invoke();
      await pass(1);
      expect(started).toBe(starts);
    },
  );

  it('is not ended by the timeout of an earlier one', async () => {
    const { invoke, pass, lambda } = deployed(
      runs(
        ({ sleep }) =>
          async () =>
            sleep(1000),
      ),
    );
    invoke();
    await pass(9.5);
    invoke();
    await pass(2);
    invoke();
    await pass(2);
    expect(lambda.invocations.map(({ cold, outcome }) => ({ cold, outcome }))).toEqual([
      { cold: true, outcome: 'success' },
      { cold: false, outcome: 'success' },
      { cold: false, outcome: 'success' },
    ]);
  });

  it('gets an environment of its own while another one runs, with its own client for views', async () => {
    const { invoke, pass, calls } = deployed(
      runs(
        ({ requestHandler }) =>
          async () =>
            requestHandler.handle(request),
      ),
    );
    invoke();
    invoke();
    await pass(1);
    invoke();
    await pass(1);
    expect(new Set(calls.map(({ client }) => client))).toEqual(new Set(['work/1', 'work/2']));
    expect(calls.length).toBe(3);
    expect(calls[0]).toMatchObject({
      principalArn: queueRole.arn,
      functionName: 'work',
      requestId: expect.any(String),
    });
  });

  it('takes its calls, sleeps and computing in virtual time and bills them', async () => {
    const { invoke, pass, lambda } = deployed(
      runs(({ requestHandler, sleep }) => async () => {
        await requestHandler.handle(request);
        await sleep(1500);
        await requestHandler.handle(request);
      }),
    );
    invoke();
    await pass(5);
    expect(lambda.invocations[0]?.billedMs).toBe(250 + 5 + 31 + 1500 + 31);
  });

  it('sends calls begun together one after the other, in their order, and waits for them together', async () => {
    const { invoke, pass, calls, lambda } = deployed(
      runs(({ requestHandler }) => async () => {
        await Promise.all([1, 2, 3].map(() => requestHandler.handle(request)));
      }),
    );
    invoke();
    await pass(1);
    const [first = { at: 0 }, ...others] = calls;
    expect(others.map(({ at }) => at - first.at)).toEqual([1, 2]);
    expect(lambda.invocations[0]?.billedMs).toBe(250 + 5 + 3 + 30);
  });

  it('puts to a presigned URL in the time of a call, and hears what became of it', async () => {
    const statuses: number[] = [];
    const { invoke, pass, lambda } = deployed(
      runs(({ put }) => async () => {
        statuses.push(await put('https://bucket.example/key', 'text'));
      }),
    );
    invoke();
    await pass(1);
    const taken: string[][] = [];
    lambda.put = (...what) => {
      taken.push(what);
      return 200;
    };
    invoke();
    await pass(1);
    expect(statuses).toEqual([404, 200]);
    expect(taken).toEqual([['https://bucket.example/key', 'text']]);
    expect(lambda.invocations.map(({ billedMs }) => billedMs)).toEqual([250 + 5 + 31, 5 + 31]);
  });

  it('tells the virtual time and draws chance that repeats itself', async () => {
    const drawn = async (seed: number) => {
      const here = cloud(seed);
      const seen: unknown[] = [];
      here.lambda.createFunction(
        definition(),
        runs(({ now, random }) => async () => {
          seen.push(now().toISOString(), random(), random());
        }),
      );
      here.lambda.invoke('work', '{}', 'test', () => undefined);
      await here.world.advance(1);
      return seen;
    };
    const [time, one, two] = await drawn(1);
    expect(time).toBe('2026-05-04T12:00:00.255Z');
    expect(one).not.toBe(two);
    expect(one).toBeGreaterThanOrEqual(0);
    expect(one).toBeLessThan(1);
    expect(await drawn(1)).toEqual([time, one, two]);
    expect(await drawn(2)).not.toEqual([time, one, two]);
  });

  it('leaves its lines in the log of the world, under its request', async () => {
    const { invoke, pass, records, lambda } = deployed(
      runs(
        ({ write }) =>
          async () =>
            write('hello'),
      ),
    );
    invoke();
    await pass(1);
    expect(records('log')).toMatchObject([
      { functionName: 'work', requestId: lambda.invocations[0]?.requestId, line: 'hello' },
    ]);
    expect(records('invocation')).toMatchObject([
      { functionName: 'work', trigger: 'test', outcome: 'success' },
    ]);
  });
});

describe('an invocation that goes wrong', () => {
  it.each<{ what: string; handler: Handler; error: object }>([
    {
      what: 'throws',
      handler: async () => Promise.reject(new TypeError('no')),
      error: { errorType: 'TypeError', errorMessage: 'no' },
    },
    {
      what: 'returns what is no JSON',
      handler: async () => 1n,
      error: { errorType: 'Runtime.MarshalError' },
    },
  ])('ends as an error when the handler $what, and keeps its environment', async ({ handler, error }) => {
    const { invoke, pass, ended, lambda } = deployed(handles(handler));
    invoke();
    await pass(1);
    invoke();
    await pass(1);
    expect(ended).toMatchObject([
      { outcome: 'error', error },
      { outcome: 'error', error },
    ]);
    expect(lambda.invocations.map(({ cold }) => cold)).toEqual([true, false]);
  });

  it('starts again from nothing when the code does not start', async () => {
    const { invoke, pass, ended, lambda } = deployed(
      runs(() => {
        throw new Error('no such module');
      }),
    );
    invoke();
    await pass(1);
    invoke();
    await pass(1);
    expect(ended).toMatchObject([{ error: { errorMessage: 'no such module' } }, {}]);
    expect(lambda.invocations.map(({ cold }) => cold)).toEqual([true, true]);
  });

  it('times out, dies with its environment, and nothing of it runs on', async () => {
    const after: string[] = [];
    const { invoke, pass, ended, lambda, calls } = deployed(
      runs(({ sleep, requestHandler, write }) => async () => {
        await sleep(9_985);
        await requestHandler.handle(request);
        after.push('went on');
        write('went on');
      }),
    );
    invoke();
    await pass(60);
    expect(ended).toMatchObject([
      {
        outcome: 'timeout',
        error: { errorMessage: expect.stringContaining('Task timed out after 10.00 seconds') },
      },
    ]);
    expect(lambda.invocations[0]?.billedMs).toBe(10_250);
    expect([...after, ...calls]).toEqual([]);
    invoke();
    await pass(60);
    expect(lambda.invocations[1]?.cold).toBe(true);
  });

  it.each([
    { when: 'before', callNumber: 1, made: 0 },
    { when: 'after', callNumber: 1, made: 1 },
    { when: 'before', callNumber: 2, made: 1 },
  ] as const)('crashes $when call $callNumber with $made made', async ({ when, callNumber, made }) => {
    const { invoke, pass, ended, lambda, calls } = deployed(
      runs(({ requestHandler }) => async () => {
        await requestHandler.handle(request);
        await requestHandler.handle(request);
      }),
    );
    lambda.faults.crash = (invocation, number, at) => invocation.cold && number === callNumber && at === when;
    invoke();
    await pass(60);
    expect(calls.length).toBe(made);
    expect(ended).toMatchObject([{ outcome: 'crashed', error: { errorType: 'Runtime.ExitError' } }]);
    lambda.faults.crash = undefined;
    invoke();
    await pass(1);
    expect(lambda.invocations.map(({ cold, outcome }) => ({ cold, outcome }))).toEqual([
      { cold: true, outcome: 'crashed' },
      { cold: true, outcome: 'success' },
    ]);
  });

  it('does not carry on, in a later invocation, what an earlier one left running', async () => {
    const seen: string[] = [];
    const { invoke, pass } = deployed(
      runs(({ sleep }) => async (event) => {
        if (event === 'first') void sleep(100).then(() => seen.push('left over'));
        else await sleep(1000);
      }),
    );
    invoke('first');
    await pass(1);
    invoke('second');
    await pass(5);
    expect(seen).toEqual([]);
  });
});
