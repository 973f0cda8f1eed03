import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { copyOfProject, root } from '../files.ts';

/** Listens on loopback and notes who comes: nobody should. */
async function trap(): Promise<{ readonly url: string; readonly visits: () => number }> {
  let visits = 0;
  const server = createServer((socket) => {
    visits++;
    socket.destroy();
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, visits: () => visits };
}

/** A machine on which everything that the AWS SDK reads leads to `url`, or to a profile of somebody's. */
function hostileMachine(url: string): Record<string, string> {
  const home = mkdtempSync(join(tmpdir(), 'ecs-steward-hostile-'));
  onTestFinished(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, '.aws'));
  const profile = `region = us-east-1\nendpoint_url = ${url}\naws_access_key_id = AKIAREAL\naws_secret_access_key = real\n`;
  for (const file of ['config', 'credentials']) {
    writeFileSync(
      join(home, '.aws', file),
      `[default]\n${profile}[profile production]\n${profile}[production]\n${profile}`,
    );
  }
  writeFileSync(join(home, '.serverlessrc'), '{}');
  const services = ['S3', 'STS', 'CLOUDFORMATION', 'LAMBDA', 'ECS', 'AUTO_SCALING', 'SQS', 'EVENTBRIDGE'];
  const proxies = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'proxy'];
  return {
    PATH: process.env.PATH ?? '',
    HOME: home,
    ...Object.fromEntries(services.map((service) => [`AWS_ENDPOINT_URL_${service}`, url])),
    ...Object.fromEntries(proxies.map((name) => [name, url])),
    AWS_ENDPOINT_URL: url,
    AWS_PROFILE: 'production',
    AWS_DEFAULT_PROFILE: 'production',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIAREAL',
    AWS_SECRET_ACCESS_KEY: 'real',
    AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
    AWS_EC2_METADATA_SERVICE_ENDPOINT: url,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: url,
  };
}

/** Runs a command in a copy of the project; resolves with its exit code and what it printed. */
function run(command: string, args: readonly string[], env: Record<string, string>) {
  const cwd = copyOfProject();
  onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
  return new Promise<{ readonly code: number; readonly text: string }>((done) => {
    execFile(command, args, { cwd, env, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      done({
        code: typeof error?.code === 'number' ? error.code : error ? -1 : 0,
        text: `${stdout}${stderr}`,
      });
    });
  });
}

const demo = ['--import', 'tsx', 'demo/main.ts', '--seed', '3'];

/** Whether this machine lets a test have a network of its own (Linux, with the rights, and `ip`). */
function hasOwnNetwork(): boolean {
  try {
    execFileSync('unshare', ['--map-root-user', '--net', 'sh', '-c', 'ip link set lo up'], {
      stdio: 'ignore',
    });
    return existsSync('/proc/net/snmp');
  } catch {
    return false;
  }
}

describe('the demo on a machine that is set up for AWS', { timeout: 240_000 }, () => {
  it('goes nowhere that the machine points to', async () => {
    const { url, visits } = await trap();
    const { code, text } = await run(process.execPath, demo, hostileMachine(url));
    expect(text).toContain('3 of 3 departures ended');
    expect(code).toBe(0);
    expect(visits()).toBe(0);
  });

  // The kernel counts packets that find no route, so that an attempt is seen and not only a success.
  it.skipIf(!hasOwnNetwork())('sends nothing beyond loopback, where there is nothing beyond it', async () => {
    const { code, text } = await run(
      join(root, '.ci/offline'),
      [process.execPath, ...demo],
      hostileMachine('http://192.0.2.1:8080'),
    );
    expect(text).toContain('3 of 3 departures ended');
    expect(code).toBe(0);
  });
});
