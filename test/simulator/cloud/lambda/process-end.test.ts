import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cloud, definition } from '../fixture.ts';
import { inProcess, processesOf } from './process-fixture.ts';
import { zipOf } from './zip-fixture.ts';

const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const ended = (pid: number) =>
  expect.poll(() => isRunning(pid), { timeout: 10_000, interval: 5 }).toBe(false);

const handlerOf = (body: string) => `export const handler = async (event) => { ${body} };`;

describe('a process whose code does not start', () => {
  it.each([
    [
      'a file that is not there',
      { handler: 'dist/none/index.handler' },
      'Runtime.ImportModuleError',
      /Cannot find module 'dist\/none\/index'/,
    ],
    [
      'an export that is not there',
      { handler: 'dist/work/index.other' },
      'Runtime.HandlerNotFound',
      /^dist\/work\/index\.other is undefined or not exported$/,
    ],
    [
      'a handler name without an export',
      { handler: 'dist/work/index' },
      'Runtime.MalformedHandlerName',
      /^Bad handler$/,
    ],
    [
      'an export that is no function',
      { source: 'export const handler = 5;' },
      'Runtime.HandlerNotFound',
      /is not a function$/,
    ],
    [
      'a handler that wants a callback',
      { source: 'export const handler = (event, context, callback) => callback();' },
      'Runtime.CallbackHandlerDeprecated',
      /callback/,
    ],
    [
      'a syntax error',
      { source: 'export const handler = async () => {;' },
      'Runtime.UserCodeSyntaxError',
      /^SyntaxError: /,
    ],
    [
      'a module that is not in the package',
      { source: `import 'left-pad';` },
      'Error',
      /Cannot find package 'left-pad'/,
    ],
    ['an exception', { source: `throw new RangeError('no');` }, 'RangeError', /^no$/],
    [
      'an exit',
      { source: 'process.exit(3);' },
      'Runtime.ExitError',
      /^RequestId: \S+ Error: Runtime exited with error: exit status 3$/,
    ],
    [
      'a promise that never settles',
      { source: 'await new Promise(() => {});' },
      'Runtime.NodeJsExit',
      /never comes/,
    ],
  ])(
    'ends its invocation: %s',
    async (_, {
      source = handlerOf(''),
      ...wish
    }: { source?: string; handler?: string }, errorType, errorMessage) => {
      const { invoke, pass, ended: ends, lambda } = await inProcess(source, wish);
      invoke();
      await pass(1);
      invoke();
      await pass(1);
      const error = { errorType, errorMessage: expect.stringMatching(errorMessage) };
      expect(ends).toEqual([
        { outcome: 'crashed', error },
        { outcome: 'crashed', error },
      ]);
      expect(lambda.invocations.map(({ cold }) => cold)).toEqual([true, true]);
    },
  );

  it('ends its invocation: a package that is no archive', async () => {
    const { world, lambda } = cloud();
    const processes = await processesOf(world);
    lambda.createFunction(definition(), processes.runtime(Buffer.from('no zip')));
    lambda.invoke('work', '{}', 'test', () => undefined);
    await world.advance(1);
    expect(lambda.invocations).toMatchObject([
      {
        outcome: 'crashed',
        error: { errorMessage: expect.stringContaining('The code cannot be unpacked: ') },
      },
    ]);
  });

  it.each([
    ['dist/work/index.js', 'module.exports.handler = async () => "found";', {}],
    ['dist/work/index.cjs', 'module.exports.handler = async () => "found";', {}],
    [
      'dist/work/index.js',
      'export const handler = async () => "found";',
      { 'package.json': '{"type":"module"}' },
    ],
    [
      'dist/work/index.mjs',
      'export const handler = async () => "found";',
      { 'package.json': '{"type":"commonjs"}' },
    ],
    ['dist/work/index.mjs', 'export default { handler: async () => "found" };', {}],
  ])('is found where Lambda finds it: %s, %s', async (path, source, others) => {
    const { world, lambda } = cloud();
    const processes = await processesOf(world);
    const archive = zipOf({ [path]: source, ...others });
    lambda.createFunction(definition(), processes.runtime(archive));
    const payloads: unknown[] = [];
    lambda.invoke('work', '{}', 'test', (end) =>
      payloads.push(end.outcome === 'success' ? end.payload : end),
    );
    await world.advance(1);
    expect(payloads).toEqual(['"found"']);
  });
});

describe('an invocation in a process', () => {
  it.each([
    ['throws', `throw new TypeError('no');`, 'TypeError', /^no$/],
    ['throws what is no error', `throw 'no';`, 'string', /^no$/],
    ['returns what is no JSON', 'return 1n;', 'Runtime.MarshalError', /^Unable to stringify response body: /],
  ])('ends as an error when the handler %s, and keeps its process', async (_, body, errorType, message) => {
    const { invoke, pass, ended: ends, lambda } = await inProcess(handlerOf(body));
    invoke();
    await pass(1);
    invoke();
    await pass(1);
    const error = { errorType, errorMessage: expect.stringMatching(message) };
    expect(ends).toEqual([
      { outcome: 'error', error },
      { outcome: 'error', error },
    ]);
    expect(lambda.invocations.map(({ cold }) => cold)).toEqual([true, false]);
  });

  it.each([
    [
      'exits',
      'process.exit(1);',
      'Runtime.ExitError',
      /^RequestId: \S+ Error: Runtime exited with error: exit status 1$/,
    ],
    [
      'exits without an error',
      'process.exit(0);',
      'Runtime.ExitError',
      /Error: Runtime exited without providing a reason$/,
    ],
    [
      'is killed',
      `process.kill(process.pid, 'SIGKILL'); await new Promise(setImmediate);`,
      'Runtime.ExitError',
      /Error: Runtime exited with error: signal: killed$/,
    ],
    [
      'throws outside its promise',
      `setImmediate(() => { throw new RangeError('out'); }); await new Promise((go) => setTimeout(go, 5));`,
      'RangeError',
      /^out$/,
    ],
    [
      'leaves a rejection unhandled',
      `Promise.reject(new Error('lost')); await new Promise((go) => setTimeout(go, 5));`,
      'Runtime.UnhandledPromiseRejection',
      /^Error: lost$/,
    ],
    [
      'leaves a rejection unhandled and returns',
      `Promise.reject(new Error('lost'));`,
      'Runtime.UnhandledPromiseRejection',
      /^Error: lost$/,
    ],
    ['waits for what never comes', 'await new Promise(() => {});', 'Runtime.NodeJsExit', /never comes/],
  ])('crashes when the code %s, and the next one starts anew', async (_, body, errorType, message) => {
    const {
      invoke,
      pass,
      ended: ends,
      lambda,
    } = await inProcess(handlerOf(`console.log('begun'); if (event.bad) { ${body} } return 'fine';`));
    invoke({ bad: true });
    await pass(1);
    invoke();
    await pass(1);
    expect(ends).toEqual([
      { outcome: 'crashed', error: { errorType, errorMessage: expect.stringMatching(message) } },
      { outcome: 'success', payload: '"fine"' },
    ]);
    expect(lambda.invocations.map(({ cold }) => cold)).toEqual([true, true]);
  });

  it('keeps the lines that were written before the crash, and says what it died of', async () => {
    const { invoke, pass, records } = await inProcess(
      handlerOf(
        `console.log('begun'); setImmediate(() => { throw new RangeError('out'); }); await new Promise(() => {});`,
      ),
    );
    invoke();
    await pass(1);
    const lines = records('log').map(({ line }) => String(line));
    expect(lines.slice(0, 2)).toEqual(['begun', 'RangeError: out']);
    expect(lines[2]).toContain('at Immediate');
    expect(lines.join()).not.toContain('ecs-steward-lambda-');
  });

  it('crashes when something kills its process from outside', async () => {
    const here = await inProcess(
      handlerOf('console.log(process.pid); await new Promise((go) => setTimeout(go, 5000));'),
    );
    here.invoke();
    await here.pass(2);
    process.kill(Number(here.records('log')[0]?.line), 'SIGKILL');
    await expect.poll(() => here.lambda.running(), { timeout: 10_000, interval: 5 }).toBe(0);
    expect(here.ended).toMatchObject([
      { outcome: 'crashed', error: { errorMessage: expect.stringMatching(/signal: killed$/) } },
    ]);
  });

  it('starts anew when its process was killed while it was idle', async () => {
    const { invoke, pass, results, lambda } = await inProcess(handlerOf('return process.pid;'));
    invoke();
    await pass(1);
    process.kill(results()[0], 'SIGKILL');
    await ended(results()[0]);
    invoke();
    await pass(1);
    expect(lambda.invocations.map(({ cold, outcome }) => ({ cold, outcome }))).toEqual([
      { cold: true, outcome: 'success' },
      { cold: true, outcome: 'success' },
    ]);
  });

  it('times out in virtual time, and its process ends', async () => {
    const {
      invoke,
      pass,
      ended: ends,
      records,
    } = await inProcess(
      handlerOf(`console.log(process.pid); await new Promise((go) => setTimeout(go, 60_000));`),
    );
    invoke();
    await pass(60);
    expect(ends).toMatchObject([{ outcome: 'timeout', error: { errorType: 'Sandbox.Timedout' } }]);
    await ended(Number(records('log')[0]?.line));
  });

  it('times out when its process computes without end: it is ended after so long without a sign', async () => {
    const armed: { milliseconds: number; run: () => void }[] = [];
    const after = (milliseconds: number, run: () => void) => {
      armed.push({ milliseconds, run });
      // Told to start, told to run, has written a line: from there on it is silent.
      if (armed.length === 3) setImmediate(run);
      return () => undefined;
    };
    const {
      invoke,
      pass,
      ended: ends,
      lambda,
      records,
    } = await inProcess(handlerOf(`if (event.hang) { console.log(process.pid); for (;;); }`), {
      processes: { after, silenceMsMax: 7000 },
    });
    invoke({ hang: true });
    await pass(20);
    expect(armed[2]?.milliseconds).toBe(7000);
    expect(ends).toMatchObject([{ outcome: 'timeout' }]);
    expect(records('log').map(({ line }) => line)).toEqual([
      'The process gave no sign for 7 s of real time and was ended',
      expect.stringMatching(/^\d+$/),
    ]);
    await ended(Number(records('log')[1]?.line));
    invoke();
    await pass(1);
    expect(lambda.invocations.map(({ outcome }) => outcome)).toEqual(['timeout', 'success']);
  });

  it('goes on, in the next invocation, with what the last one left running', async () => {
    const { invoke, pass, records } = await inProcess(
      handlerOf(`
        if (event.waits) return new Promise((go) => setTimeout(go, 5000));
        if (!event.sets) return console.log('in between');
        setTimeout(() => console.log('late', new Date().toISOString()), 100);
        setTimeout(() => console.log('later', new Date().toISOString()), 122_000);`),
    );
    invoke({ sets: true });
    await pass(60);
    expect(records('log')).toEqual([]);
    invoke();
    await pass(60);
    invoke({ waits: true });
    await pass(60);
    expect(records('log').map(({ line }) => line)).toEqual([
      'late 2026-05-04T12:01:00.005Z',
      'in between',
      'later 2026-05-04T12:02:02.255Z',
    ]);
  });
});

describe('the processes of a world', () => {
  it('end with it and leave no files behind', async () => {
    const { invoke, pass, results, processes } = await inProcess(
      handlerOf('return [process.pid, process.env.LAMBDA_TASK_ROOT];'),
    );
    invoke();
    invoke();
    await pass(1);
    const found = results() as [number, string][];
    expect(new Set(found.map(([pid]) => pid)).size).toBe(2);
    expect(new Set(found.map(([, folder]) => folder)).size).toBe(1);
    for (const [pid, folder] of found) {
      expect(isRunning(pid)).toBe(true);
      expect(existsSync(folder)).toBe(true);
    }
    await processes.stop();
    for (const [pid, folder] of found) {
      expect(isRunning(pid)).toBe(false);
      expect(existsSync(folder)).toBe(false);
    }
  });
});
