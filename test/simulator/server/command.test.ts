import { connect, createServer } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { endAll, start, startByNpm } from './command-scene.ts';

afterEach(endAll);

/** Listens on a free port of 127.0.0.1 until it is closed. */
async function taken() {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  return { server, port: typeof address === 'object' ? String(address?.port) : '' };
}

describe('npm run aws', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'says on stdout that it is ready, and ends with 0 on %s',
    async (signal) => {
      const { child, said, ended, ready } = start('--port', '0');
      const url = await ready;
      // A connection that stays open does not hold it back.
      const answered = await fetch(`${url}/_simulator/clock`);
      expect(answered.headers.get('connection')).toBe('keep-alive');
      expect(await answered.json()).toMatchObject({ clock: 'real', speed: 1, seed: 1 });
      child.kill(signal);
      expect(await ended).toBe(0);
      expect(said.stdout).toBe(`ready ${url}\n`);
      expect(said.stderr).toBe(`${signal}: stopping\n`);
    },
  );

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'passes %s on where npm runs it, and leaves nothing behind',
    async (signal) => {
      const { child, ended, ready } = startByNpm('--port', '0');
      const url = await ready;
      child.kill(signal);
      expect(await ended).toBe(0);
      await expect(fetch(url)).rejects.toThrow();
    },
  );

  it('listens on 127.0.0.1 alone, with the clock and the seed that it is told', async () => {
    const { ready } = start('--port=0', '--clock', 'virtual', '--seed', '7');
    const url = await ready;
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const clock = await (await fetch(`${url}/_simulator/clock`)).json();
    expect(clock).toEqual({ time: '2026-05-04T12:00:00.000Z', clock: 'virtual', seed: 7 });
  });

  it('says that the port is taken, and exits with 1', async () => {
    const { server, port } = await taken();
    const { said, ended } = start('--port', port);
    expect(await ended).toBe(1);
    server.close();
    expect(said.stdout).toBe('');
    expect(said.stderr).toContain(`Port ${port} of 127.0.0.1 is taken`);
  });

  it('outlives whatever is thrown at it, without a word', async () => {
    const { child, said, ended, ready } = start('--port', '0', '--speed', '100');
    const url = await ready;
    const port = Number(new URL(url).port);
    const signed = 'authorization: AWS4-HMAC-SHA256 Credential=a/b/c/ecs/aws4_request';
    const target = 'x-amz-target: AmazonEC2ContainerServiceV20141113.ListClusters';
    const seeds = [
      'GET / HTTP/1.1\r\nhost: x\r\n\r\n',
      'OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n',
      'CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n',
      'GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
      'POST /_simulator/advance HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n{"sec',
      'PUT /cloudformation-custom-resource-response/x HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n{',
      `POST /?a=%E0%A4%A HTTP/1.1\r\nhost: x\r\n${signed}\r\n${target}\r\ncontent-length: 2\r\n\r\n{}`,
      `POST / HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(70_000)}\r\n\r\n`,
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        fc.nat(400),
        fc.uint8Array({ maxLength: 60 }),
        fc.boolean(),
        async (seed, at, noise, reset) => {
          const socket = connect(port, '127.0.0.1');
          const closed = new Promise((done) => socket.on('close', done));
          socket.on('error', () => {});
          socket.write(Buffer.concat([Buffer.from(seed.slice(0, at)), noise, Buffer.from(seed.slice(at))]));
          if (reset) socket.resetAndDestroy();
          else socket.end();
          socket.resume();
          await closed;
        },
      ),
      { numRuns: 300 },
    );
    expect((await fetch(`${url}/_simulator/clock`)).status).toBe(200);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(said.stderr).toBe('SIGTERM: stopping\n');
  });

  it('explains itself', async () => {
    const { said, ended } = start('--help');
    expect(await ended).toBe(0);
    expect(said.stdout).toContain('Usage: npm run aws');
  });

  it.each([
    [['--port', '-1'], '--port: expected a whole number from 0 to 65535, got "-1"'],
    [['--port', '70000'], '--port: expected a whole number from 0 to 65535, got "70000"'],
    [['--clock', 'fast'], '--clock: expected real or virtual, got "fast"'],
    [['--speed', '0'], '--speed: expected a number from 0.001 to 100000, got "0"'],
    [['--clock', 'virtual', '--speed', '2'], '--speed: expected no speed with --clock virtual, got "2"'],
    [['--seed', 'seven'], '--seed: expected a whole number from 0 to'],
    [['--colour'], '--colour'],
    [['start'], 'start'],
  ])('refuses %j with a clear error and exit code 2', async (args, message) => {
    const { said, ended } = start(...args);
    expect(await ended).toBe(2);
    expect(said.stdout).toBe('');
    expect(said.stderr).toContain(message);
    expect(said.stderr).toContain('Usage: npm run aws');
  });
});
