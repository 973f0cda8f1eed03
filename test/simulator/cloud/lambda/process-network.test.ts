import { describe, expect, it } from 'vitest';
import { request } from './lambda-fixture.ts';
import { callSource, inProcess } from './process-fixture.ts';

const startMs = Date.parse('2026-05-04T12:00:00.255Z');

/** One invocation of a handler with this body, which has `call`, `http` and `https`. */
async function run(body: string, options: Parameters<typeof inProcess>[1] = {}) {
  const here = await inProcess(
    `import http from 'node:http';
     import { get, request } from 'node:https';
     ${callSource}
     const authorization = 'Credential=' + process.env.AWS_ACCESS_KEY_ID + '/';
     export const handler = async () => { ${body} };`,
    options,
  );
  here.invoke();
  await here.pass(20);
  return { ...here, result: here.results()[0] };
}

describe('a call from a process', () => {
  it('is answered in virtual time, under the role of its function', async () => {
    const { result, calls, lambda } = await run('return [await call(), Date.now()];');
    expect(result).toEqual([200, startMs + 31]);
    expect(calls).toMatchObject([{ client: 'work/1', functionName: 'work', at: startMs + 31 }]);
    expect(lambda.invocations[0]?.billedMs).toBe(250 + 5 + 31);
  });

  it('is answered with the date of the virtual time, which SDK clients set their clocks by', async () => {
    const { result } = await run(
      `const url = 'https://sqs.eu-west-1.amazonaws.com';
       const answer = await new Promise((go) => get(url, { headers: { authorization } }, go));
       return answer.resume().headers.date;`,
    );
    expect(result).toBe('Mon, 04 May 2026 12:00:00 GMT');
  });

  it('leaves after those begun before it, as in process', async () => {
    const { calls, lambda } = await run('await Promise.all([call(), call(), call()]);');
    const [first = { at: 0 }, ...others] = calls;
    expect(others.map(({ at }) => at - first.at)).toEqual([1, 2]);
    expect(lambda.invocations[0]?.billedMs).toBe(250 + 5 + 3 + 30);
  });

  it('leaves in the order in which the code made it, however it arrives', async () => {
    let arrived = 0;
    let letGo = () => {};
    const last = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    // The first two are held up until the third is there.
    const jitter = async () => {
      const mine = ++arrived;
      if (mine === 3) letGo();
      if (mine < 3) await last;
    };
    const { result } = await run(
      `const begunAt = Date.now();
       return Promise.all([1, 2, 3].map(async () => { await call(); return Date.now() - begunAt; }));`,
      { processes: { jitter } },
    );
    expect(result).toEqual([31, 32, 33]);
  });

  it('waits for one of the sockets that the client allows itself', async () => {
    const { result } = await run(
      `const agent = new https.Agent({ keepAlive: true, maxSockets: 2 });
       const begunAt = Date.now();
       return Promise.all([1, 2, 3, 4, 5].map(async () => { await call({ agent }); return Date.now() - begunAt; }));`,
    );
    expect(result).toEqual([31, 32, 62, 63, 93]);
  });

  it.each([
    ['a name in Europe', `await call()`],
    ['a name of IPv6', `await call({}, 'https://sqs.eu-west-1.api.aws/')`],
    ['a name in China', `await call({}, new URL('https://sqs.cn-north-1.amazonaws.com.cn/?a=1'))`],
    [
      'plain http',
      `await new Promise((go) => http.get({ host: 'sqs.eu-west-1.amazonaws.com', headers: { authorization } }, (answer) => go(answer.statusCode)))`,
    ],
    [
      'get',
      `await new Promise((go) => get('https://sqs.eu-west-1.amazonaws.com', { headers: { authorization } }, (answer) => go(answer.statusCode)))`,
    ],
    [
      'request',
      `await new Promise((go) => request({ hostname: 'sqs.eu-west-1.amazonaws.com', headers: { authorization, Connection: 'keep-alive' } }).on('response', (answer) => go(answer.statusCode)).end())`,
    ],
    ['headers in a row', `await call({ headers: ['authorization', authorization, 'host', 'x'] })`],
    ['headers in pairs', `await call({ headers: [['authorization', authorization], ['host', 'x']] })`],
    [
      'a wait for 100 Continue',
      `await new Promise((go) => { const one = request('https://sqs.eu-west-1.amazonaws.com', { method: 'PUT', headers: { authorization, expect: '100-continue' } }, (answer) => go(answer.statusCode)); one.flushHeaders(); one.on('continue', () => one.end('x'.repeat(100))); })`,
    ],
    [
      'a large body',
      `await new Promise((go) => request('https://sqs.eu-west-1.amazonaws.com', { method: 'PUT', headers: { authorization } }, (answer) => go(answer.statusCode)).end('x'.repeat(5_000_000)))`,
    ],
    [
      'a body after a pause',
      `await new Promise((go) => { const one = request('https://sqs.eu-west-1.amazonaws.com', { method: 'PUT', headers: { authorization } }, (answer) => go(answer.statusCode)); one.write('a'); setTimeout(() => one.end('b'), 2000); })`,
    ],
  ])('arrives whatever its form: %s', async (_, source) => {
    const { result, calls } = await run(`return ${source};`);
    expect(result).toBe(200);
    expect(calls).toHaveLength(1);
  });

  it.each([
    ['read', `for await (const part of answer) size += part.length;`, 3_000_000],
    ['left unread', '', 0],
  ])('is over before the world goes on, however large the answer: %s', async (_, read, expected) => {
    const { result } = await run(
      `const timer = setTimeout(() => undefined, 31 + 1);
       let size = 0;
       const answer = await new Promise((go) => request('https://sqs.eu-west-1.amazonaws.com', { headers: { authorization } }, go).end());
       ${read}
       return [size, Date.now()];`,
      { processes: { body: Buffer.alloc(3_000_000) } },
    );
    expect(result).toEqual([expected, startMs + 31]);
  });

  it.each([
    [
      'the timeout of a request',
      `await new Promise((go) => request('https://sqs.eu-west-1.amazonaws.com', { headers: { authorization }, timeout: 10 }).on('timeout', function () { this.destroy(); }).on('error', go).end());`,
    ],
    [
      'the timeout of a socket',
      `await new Promise((go) => request('https://sqs.eu-west-1.amazonaws.com', { headers: { authorization } }).on('socket', function (socket) { socket.setTimeout(10, () => this.destroy()); }).on('error', go).end());`,
    ],
    ['an abort', `await call({ signal: AbortSignal.timeout(10) }).catch(() => undefined);`],
  ])('can be given up in virtual time: %s', async (_, source) => {
    const { result, calls } = await run(
      `${source} const gaveUpAt = Date.now(); return [gaveUpAt, await call()];`,
    );
    expect(result).toEqual([startMs + 10, 200]);
    expect(calls).toHaveLength(2);
  });

  it('is never made when it is taken back before anything else happens', async () => {
    const { result, calls } = await run(
      `const stop = new AbortController();
       const lost = call({ signal: stop.signal }).catch(({ name }) => name);
       for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
       stop.abort();
       return [await lost, await call()];`,
    );
    expect(result).toEqual(['AbortError', 200]);
    expect(calls).toHaveLength(1);
  });

  it.each([
    ['http', `http.get('http://example.com/a', { agent: new http.Agent() })`, 'example.com:80'],
    ['https', `get('https://example.com/')`, 'example.com:443'],
    ['another port of this machine', `http.get('http://127.0.0.1:9/')`, '127.0.0.1:9'],
    ['a bare socket', `(await import('node:net')).connect(22, '10.0.0.1')`, '10.0.0.1:22'],
    ['TLS', `(await import('node:tls')).connect({ host: 'example.com', port: 443 })`, 'example.com:443'],
  ])('reaches AWS and nobody else: %s', async (_, source, where) => {
    const { result } = await run(
      `const one = ${source}; return new Promise((go) => one.on('error', ({ message }) => go(message)));`,
    );
    expect(result).toBe(
      `A function of the local AWS reaches AWS and nothing else: no connection to ${where}`,
    );
  });

  it('reaches AWS through the http modules only', async () => {
    const { result } = await run(
      `return fetch('https://sqs.eu-west-1.amazonaws.com').catch(({ cause }) => cause.message);`,
    );
    expect(result).toMatch(/^A function of the local AWS reaches AWS and nothing else: /);
  });

  it('goes on in the next invocation when its own one ended without it', async () => {
    const { invoke, pass, calls, results } = await inProcess(
      `${callSource}
       const seen = [];
       export const handler = async () => {
         if (seen.length === 0) call().then((status) => seen.push(status));
         seen.push(seen.length);
         await new Promise((go) => setTimeout(go, seen.length === 1 ? 1 : 1000));
         return seen;
       };`,
    );
    invoke();
    await pass(1);
    expect(calls).toEqual([]);
    invoke();
    await pass(5);
    expect(calls).toHaveLength(1);
    expect(results()).toEqual([[0], [0, 1, 200]]);
  });

  it('is refused at once when it is signed with other credentials, or with none', async () => {
    const { result, calls } = await run(
      `const other = { authorization: 'Credential=ASIAOTHER/' };
       return [await call({ headers: other }), await call({ headers: {} }), Date.now(), await call()];`,
    );
    expect(result).toEqual([500, 500, startMs, 200]);
    expect(calls).toHaveLength(1);
  });

  it('is of no process when its access key is unknown, and refused when it has no number', async () => {
    const { processes, result } = await run('return process.env.AWS_ACCESS_KEY_ID;');
    expect(processes.handle('ASIAUNKNOWN', request)).toBeUndefined();
    await expect(processes.handle(String(result), request)).rejects.toThrow(/x-simulator-sequence/);
  });

  it('meets the crash faults of the platform', async () => {
    const { ended, calls, lambda, invoke, pass } = await inProcess(
      `${callSource} export const handler = async () => { await call(); await call(); };`,
    );
    lambda.faults.crash = (_, number, when) => number === 2 && when === 'before';
    invoke();
    await pass(1);
    expect(ended).toMatchObject([{ outcome: 'crashed', error: { errorType: 'Runtime.ExitError' } }]);
    expect(calls).toHaveLength(1);
  });
});

describe('two processes at once', () => {
  it('take turns as the world gives them, the same way every time', async () => {
    const source = `${callSource}
      export const handler = async (event) => {
        for (let turn = 0; turn < 5; turn++) {
          console.log(event, turn, new Date().toISOString());
          await (turn % 2 ? call() : new Promise((go) => setTimeout(go, 20)));
        }
      };`;
    const story = async (jitter?: () => Promise<void>) => {
      const { invoke, pass, world } = await inProcess(source, { processes: jitter ? { jitter } : {} });
      for (const name of ['a', 'b', 'c']) invoke(name);
      await pass(5);
      return world.log;
    };
    const log = await story();
    const lines = log.filter(({ kind }) => kind === 'log');
    expect(lines).toHaveLength(15);
    expect(new Set(lines.slice(0, 3).map(({ line }) => String(line)[0])).size).toBe(3);
    for (const turnsMax of [20, 200, 2000]) {
      const shaken = await story(async () => {
        for (let left = Math.random() * turnsMax; left > 0; left--) await new Promise(setImmediate);
      });
      expect(JSON.stringify(shaken)).toBe(JSON.stringify(log));
    }
  });
});
