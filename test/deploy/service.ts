import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { copyOfProject, root } from '../files.ts';

/** What a command printed, and how it ended. */
export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** The service in a folder of its own, and a local AWS on a port of its own to deploy it to. */
export interface Service {
  readonly url: string;
  /** Runs the framework's command, as `sls('deploy')`. */
  sls(...args: string[]): Promise<Ended>;
  /** Changes a file of the service. Throws where the text is not there. */
  edit(file: string, text: string, replacement: string): void;
  /** What the local AWS alone can do. */
  control<T>(path: string, body?: object): Promise<T>;
}

/** Starts both; they are gone when the test is over. Nothing of whoever runs the test reaches the framework. */
export async function service(): Promise<Service> {
  const folder = copyOfProject();
  const home = mkdtempSync(join(tmpdir(), 'ecs-steward-home-'));
  const server = spawn(
    process.execPath,
    ['--import', 'tsx', 'simulator/main.ts', '--port', '0', '--clock', 'virtual'],
    { cwd: root },
  );
  onTestFinished(async () => {
    const gone = new Promise((done) => server.once('close', done));
    server.kill('SIGTERM');
    await gone;
    for (const made of [folder, home]) rmSync(made, { recursive: true, force: true });
  });
  const url = await readyAt(server);
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'operator',
    AWS_SECRET_ACCESS_KEY: 'operator',
    AWS_ENDPOINT_URL: url,
    AWS_EC2_METADATA_DISABLED: 'true',
    SLS_AWS_MONITORING_FREQUENCY: '50',
  };
  return {
    url,
    sls: (...args) => {
      const command = join(root, 'node_modules/osls/bin/serverless.js');
      return ended(spawn(process.execPath, [command, ...args], { cwd: folder, env }));
    },
    edit: (file, text, replacement) => {
      const before = readFileSync(join(folder, file), 'utf8');
      if (!before.includes(text)) throw new Error(`${file} does not hold ${text}`);
      writeFileSync(join(folder, file), before.replace(text, replacement));
    },
    control: async <T>(path: string, body?: object) => {
      const request = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
      const answer = await fetch(`${url}/_simulator/${path}`, request);
      if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as T;
    },
  };
}

function readyAt(server: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    server.stderr?.on('data', (chunk) => {
      said += chunk;
    });
    server.stdout?.on('data', (chunk) => {
      said += chunk;
      const url = /^ready (\S+)$/m.exec(said)?.[1];
      if (url) resolve(url);
    });
    server.once('close', (code) => reject(new Error(`The local AWS ended with ${code}: ${said}`)));
  });
}

function ended(command: ChildProcess): Promise<Ended> {
  let output = '';
  for (const stream of [command.stdout, command.stderr])
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  return new Promise((resolve) => command.once('close', (code) => resolve({ code, output })));
}

/** How the operator's SDK clients reach it. */
export const clientOf = ({ url }: Service) => ({
  endpoint: url,
  region: 'eu-west-1',
  credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
});
