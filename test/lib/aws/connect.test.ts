import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { aws, connect, connectEstate } from '../../../lib/aws/connect.ts';
import type { Platform } from '../../../lib/platform.ts';

const environment = {
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_SESSION_TOKEN: 'test',
  LANE_URL: 'https://lane',
  RELEASE_QUEUE_URL: 'https://release',
  INTERRUPT_QUEUE_URL: 'https://interrupt',
};
const platform = (changes: Record<string, string | undefined>): Platform => ({
  ...aws,
  environment: { ...environment, ...changes },
});

describe('connect', () => {
  it('makes a fleet without calling anybody', () => {
    expect(Object.keys(connect(platform({})))).toHaveLength(39);
  });

  it.each(Object.keys(environment))('names the variable that is missing: %s', (name) => {
    expect(() => connect(platform({ [name]: undefined }))).toThrow(
      `The environment variable ${name} is undefined; it must be set`,
    );
    expect(() => connect(platform({ [name]: '' }))).toThrow(`${name} is ""`);
  });
});

describe('connectEstate', () => {
  it('needs no queue, and makes what uninstalling needs without calling anybody', () => {
    const changes = {
      LANE_URL: undefined,
      RELEASE_QUEUE_URL: undefined,
      INTERRUPT_QUEUE_URL: undefined,
      SWEEP_RULE: 'rule',
    };
    expect(Object.keys(connectEstate(platform(changes))).sort()).toEqual([
      'allGroups',
      'deleteHook',
      'disableSweep',
      'enableSweep',
      'groups',
      'hook',
      'pool',
    ]);
  });

  it('names the variable that is missing', () => {
    expect(() => connectEstate(platform({}))).toThrow(
      'The environment variable SWEEP_RULE is undefined; it must be set',
    );
  });
});

describe('a put', () => {
  /** Puts to a server of this machine; what came, and what came back. */
  async function putTo(statusCode: number) {
    const requests: { request: IncomingMessage; body: string }[] = [];
    const server = createServer((request, response) => {
      void text(request).then((body) => {
        requests.push({ request, body });
        response.writeHead(statusCode).end('<Error/>');
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    try {
      const { port } = server.address() as AddressInfo;
      const status = await aws.put(`http://127.0.0.1:${port}/answer?Signature=a%2Bb`, '{"Reason":"ä"}');
      const [only] = requests;
      if (!only || requests.length > 1) throw new Error(`${requests.length} requests came`);
      return { status, ...only };
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  it('sends the text with its length, without a content type, which the presigned URL was not signed for', async () => {
    const { status, request, body } = await putTo(200);
    expect(status).toBe(200);
    expect([request.method, request.url, body]).toEqual(['PUT', '/answer?Signature=a%2Bb', '{"Reason":"ä"}']);
    expect(request.headers).toMatchObject({ 'content-type': '', 'content-length': '15' });
    expect(request.headers).not.toHaveProperty('transfer-encoding');
  });

  it('gives the status where the text is not taken', async () => {
    expect((await putTo(403)).status).toBe(403);
  });

  it('rejects where nobody answers', async () => {
    await expect(aws.put('http://127.0.0.1:1/', '')).rejects.toThrow('ECONNREFUSED');
  });
});
