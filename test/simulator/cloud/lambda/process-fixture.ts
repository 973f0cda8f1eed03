import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { FunctionDefinition } from '../../../../simulator/cloud/lambda/function.ts';
import { Processes, type ProcessesOptions } from '../../../../simulator/cloud/lambda/process.ts';
import type { Ended } from '../../../../simulator/cloud/lambda/sandbox.ts';
import type { World } from '../../../../simulator/world.ts';
import { cloud, definition } from '../fixture.ts';
import { zipOf } from './zip-fixture.ts';

/**
 * An HTTP server before the processes of a world; `jitter` delays every request and every answer in real time, `body` is what
 * every answer says.
 */
export async function processesOf(
  world: World,
  options: Partial<ProcessesOptions> & { jitter?: () => Promise<void>; body?: Uint8Array } = {},
): Promise<Processes> {
  const { jitter = async () => undefined, body: said, ...others } = options;
  const server = createServer(async (request, response) => {
    const headers = request.headers as Record<string, string>;
    const [, key = ''] = /Credential=([^/]+)/.exec(headers.authorization ?? '') ?? [];
    const body = await bodyOf(request);
    await jitter();
    try {
      const answer = await processes.handle(key, { method: 'POST', path: '/', query: {}, headers, body });
      await jitter();
      response.sendDate = false;
      response.writeHead(answer?.statusCode ?? 403, answer?.headers ?? {}).end(said ?? answer?.body ?? '');
    } catch (error) {
      response.writeHead(500).end(String(error));
    }
  });
  const endpointUrl = `http://127.0.0.1:${await portOf(server)}`;
  const processes = new Processes({ world, endpointUrl, ...others });
  onTestFinished(async () => {
    await processes.stop();
    server.closeAllConnections();
    server.close();
  });
  return processes;
}

function portOf(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  return Buffer.concat(chunks);
}

/** One function named `work`, whose code is `source` (an ES module), in processes; `invoke` starts it. */
export async function inProcess(
  source: string,
  options: Partial<FunctionDefinition> & {
    files?: Readonly<Record<string, string>>;
    processes?: Parameters<typeof processesOf>[1];
    seed?: number;
  } = {},
) {
  const { files = {}, processes: wish, seed, ...overrides } = options;
  const here = cloud(seed);
  const processes = await processesOf(here.world, wish);
  const archive = zipOf({ 'dist/work/index.mjs': source, ...files });
  here.lambda.createFunction(definition(overrides), processes.runtime(archive));
  const ended: Ended[] = [];
  const invoke = (payload: unknown = {}) =>
    here.lambda.invoke('work', JSON.stringify(payload), 'test', (end) => ended.push(end));
  const pass = (seconds: number) => here.world.advance(seconds);
  const results = () => ended.map((end) => (end.outcome === 'success' ? JSON.parse(end.payload) : end));
  return { ...here, processes, ended, results, invoke, pass };
}

/** Code that calls the API once: `await call()` gives the status. */
export const callSource = `
import https from 'node:https';
export const call = (extra = {}, url = 'https://sqs.eu-west-1.amazonaws.com/') => new Promise((resolve, reject) => {
  const authorization = 'AWS4-HMAC-SHA256 Credential=' + process.env.AWS_ACCESS_KEY_ID + '/20260504';
  const request = https.request(url, { method: 'POST', headers: { authorization }, ...extra }, (response) => {
    response.resume().on('end', () => resolve(response.statusCode));
  });
  request.on('error', reject).end('{}');
});
`;
