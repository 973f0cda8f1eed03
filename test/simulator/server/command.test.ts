import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { root } from '../../files.ts';

const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});

/** The command as a process, and what it said. */
function start(...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'simulator/main.ts', ...args], { cwd: root });
  running.push(child);
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const ready = new Promise<string>((done) =>
    child.stdout.on('data', () => {
      const url = /^ready (\S+)\n/.exec(said.stdout)?.[1];
      if (url) done(url);
    }),
  );
  return { child, said, ended, ready };
}

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
