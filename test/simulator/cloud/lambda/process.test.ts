import { describe, expect, it } from 'vitest';
import { callSource, inProcess } from './process-fixture.ts';

/** What a handler with this body returns when it is invoked once. */
async function returned(body: string, options: Parameters<typeof inProcess>[1] = {}): Promise<unknown> {
  const { invoke, pass, results } = await inProcess(
    `import timers from 'node:timers/promises';
     ${callSource}
     export const handler = async (event, context) => { ${body} };`,
    { timeoutSeconds: 900, ...options },
  );
  invoke({ a: 1 });
  await pass(1000);
  return results()[0];
}

const startMs = Date.parse('2026-05-04T12:00:00.255Z');

describe('a function in a process of its own', () => {
  it('gets its event and its context', async () => {
    const seen = await returned('return { event, context, left: context.getRemainingTimeInMillis() };');
    expect(seen).toMatchObject({
      event: { a: 1 },
      context: { functionName: 'work', memoryLimitInMB: '128', awsRequestId: expect.any(String) },
      left: 899_995,
    });
  });

  it('keeps its memory, and is billed as in process', async () => {
    const { invoke, pass, results, lambda } = await inProcess(
      'let runs = 0; export const handler = async () => ++runs;',
    );
    invoke();
    await pass(1);
    invoke();
    await pass(1);
    expect(results()).toEqual([1, 2]);
    expect(lambda.invocations.map(({ cold, billedMs }) => ({ cold, billedMs }))).toEqual([
      { cold: true, billedMs: 255 },
      { cold: false, billedMs: 5 },
    ]);
  });

  it('has the environment of Lambda and nothing of this machine', async () => {
    const environment = { NODE_OPTIONS: '--enable-source-maps', LANE_URL: 'https://sqs/lane' };
    const seen = await returned('return { ...process.env };', { environment });
    expect(seen).toEqual({
      ...environment,
      _HANDLER: 'dist/work/index.handler',
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'eu-west-1',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_NAME: 'work',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/work',
      AWS_LAMBDA_LOG_STREAM_NAME: expect.stringMatching(/^2026\/05\/04\/\[\$LATEST\][0-9a-f]{32}$/),
      AWS_LAMBDA_LOG_FORMAT: 'Text',
      AWS_ACCESS_KEY_ID: expect.stringMatching(/^ASIA[0-9A-F]{16}$/),
      AWS_SECRET_ACCESS_KEY: 'simulated',
      AWS_SESSION_TOKEN: 'simulated',
      LAMBDA_TASK_ROOT: expect.stringContaining('ecs-steward-lambda-'),
      LAMBDA_RUNTIME_DIR: '/var/runtime',
      TZ: ':UTC',
    });
  });

  it('stands in its own folder, with nobody at home', async () => {
    const body = `const { homedir } = await import('node:os');
      return [process.cwd() === process.env.LAMBDA_TASK_ROOT, homedir()];`;
    expect(await returned(body)).toEqual([true, '/home/sbx_user1051']);
  });

  it('writes its lines in order, under its request, before it ends', async () => {
    const { invoke, pass, records, lambda } = await inProcess(
      `import fs from 'node:fs';
       console.log('imported');
       export const handler = async () => {
         console.log('one'); process.stdout.write('tw'); process.stdout.write('o\\nthree\\n');
         console.error('four'); fs.writeSync(1, 'five\\n'); process.stdout.write('six');
       };`,
    );
    invoke();
    await pass(1);
    const { requestId } = lambda.invocations[0] ?? {};
    expect(records('log')).toEqual(
      ['imported', 'one', 'two', 'three', 'four', 'five', 'six'].map((line) => ({
        time: line === 'imported' ? '2026-05-04T12:00:00.250Z' : '2026-05-04T12:00:00.255Z',
        kind: 'log',
        functionName: 'work',
        requestId,
        line,
      })),
    );
  });

  it('shows Lambda’s paths in what it writes, not those of this machine', async () => {
    const { invoke, pass, records, ended } = await inProcess(
      `export const handler = async () => { console.log(import.meta.url); throw new Error(import.meta.url); };`,
    );
    invoke();
    await pass(1);
    expect(records('log')).toMatchObject([{ line: 'file:///var/task/dist/work/index.mjs' }]);
    expect(ended).toMatchObject([{ error: { errorMessage: 'file:///var/task/dist/work/index.mjs' } }]);
  });
});

describe('time in a process', () => {
  it.each([
    ['new Date()', 'return new Date().getTime();', startMs],
    ['Date.now', 'return Date.now();', startMs],
    ['Date()', 'return Date();', expect.stringContaining('Mon May 04 2026 12:00:00')],
    ['a Date of a value', 'return new Date(5).getTime();', 5],
    ['a subclass of Date', 'class Day extends Date {} return new Day().getTime();', startMs],
    ['instanceof', 'return new Date() instanceof Date && new Date(5).constructor === Date;', true],
    ['performance', 'return performance.now() + performance.timeOrigin;', startMs],
    ['hrtime', 'return Number(process.hrtime.bigint()) / 1e6 + process.hrtime()[1] / 1e6;', 10],
    ['uptime', 'return process.uptime();', 0.005],
  ])('is virtual: %s', async (_, body, expected) => {
    expect(await returned(body)).toEqual(expected);
  });

  it.each([
    ['setTimeout', 'await new Promise((go) => setTimeout(go, 850_000, 1));'],
    ['timers/promises', 'await timers.setTimeout(850_000);'],
    ['scheduler.wait', 'await timers.scheduler.wait(850_000);'],
    ['promisified', `const { promisify } = await import('node:util'); await promisify(setTimeout)(850_000);`],
    ['setInterval', 'let left = 10; await new Promise((go) => setInterval(() => --left || go(), 85_000));'],
    [
      'intervals in a loop',
      'let left = 10; for await (const _ of timers.setInterval(85_000)) if (!--left) break;',
    ],
    [
      'AbortSignal.timeout',
      `const keep = setInterval(() => {}, 1e6);
       await new Promise((go) => AbortSignal.timeout(850_000).addEventListener('abort', go));`,
    ],
    [
      'refresh',
      `await new Promise((go) => { const late = setTimeout(go, 800_000); setTimeout(() => late.refresh(), 50_000); });`,
    ],
  ])('passes without real time: %s', async (_, body) => {
    expect(await returned(`${body} return Date.now();`)).toBe(startMs + 850_000);
  });

  it('fires timers in the order of their times, each with what it resolves before the next', async () => {
    const body = `const seen = [];
      const note = (what) => () => { seen.push(what); Promise.resolve().then(() => seen.push(what + '+')); };
      setTimeout(note('b'), 20); setTimeout(note('a'), 10); setTimeout(note('c'), 20);
      const never = setTimeout(note('never'), 15); setTimeout(() => clearTimeout(never), 10);
      setTimeout(note('number'), 12)[Symbol.toPrimitive](); clearTimeout(Number(setTimeout(note('no'), 1)));
      await timers.setTimeout(30);
      return seen.join(' ');`;
    expect(await returned(body)).toBe('a a+ number number+ b b+ c c+');
  });

  it('gives a timer the async context that it was set in', async () => {
    const body = `const { AsyncLocalStorage } = await import('node:async_hooks');
      const store = new AsyncLocalStorage();
      return store.run('mine', () => new Promise((go) => setTimeout(() => go(store.getStore()), 5)));`;
    expect(await returned(body)).toBe('mine');
  });

  it('is that of the answer when a call is answered', async () => {
    const body = `const before = Date.now(); await call(); return [Date.now() - before, context.getRemainingTimeInMillis()];`;
    expect(await returned(body)).toEqual([31, 900_000 - 5 - 31]);
  });

  it('does not pass while the process computes, in its threads too', async () => {
    const body = `const crypto = await import('node:crypto');
      const zlib = await import('node:zlib');
      const fs = await import('node:fs/promises');
      setTimeout(() => seen.push('timer'), 1);
      const seen = [];
      await new Promise((go) => crypto.pbkdf2('a', 'b', 20_000, 64, 'sha512', go));
      seen.push((await new Promise((go) => zlib.gzip(Buffer.alloc(500_000), (_, zipped) => go(zipped)))).length > 0);
      for (let turn = 0; turn < 20; turn++) await fs.stat('.');
      await crypto.subtle.digest('SHA-256', Buffer.alloc(1_000_000));
      for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
      seen.push(Date.now());
      await timers.setTimeout(5);
      return seen;`;
    expect(await returned(body)).toEqual([true, startMs, 'timer']);
  });
});

describe('chance in a process', () => {
  const draw = `const crypto = await import('node:crypto');
    return [Math.random(), crypto.randomUUID(), globalThis.crypto.randomUUID(), crypto.randomInt(1000), crypto.randomBytes(8).toString('hex'),
      await new Promise((go) => crypto.randomBytes(4, (_, bytes) => go(bytes.toString('hex')))),
      [...globalThis.crypto.getRandomValues(new Uint32Array(2))], [...crypto.getRandomValues(new Uint8Array(2))],
      crypto.randomFillSync(Buffer.alloc(4), 2).toString('hex')];`;

  it('is the same for the same seed, and other for another', async () => {
    const drawn = (await returned(draw, { seed: 1 })) as unknown[];
    expect(await returned(draw, { seed: 1 })).toEqual(drawn);
    const others = (await returned(draw, { seed: 2 })) as unknown[];
    for (const [index, value] of drawn.entries()) expect(others[index]).not.toEqual(value);
    expect(drawn[0]).toBeLessThan(1);
    const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
    expect(drawn.slice(1, 3)).toEqual([expect.stringMatching(uuid), expect.stringMatching(uuid)]);
    expect(drawn[8]).toMatch(/^0000[0-9a-f]{4}$/);
  });

  it('is spread over all numbers alike', async () => {
    const body =
      'return Array.from({ length: 20_000 }, Math.random).reduce((sum, one) => sum + one, 0) / 20_000;';
    expect(await returned(body)).toBeCloseTo(0.5, 1);
  });
});
