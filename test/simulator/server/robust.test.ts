import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { CreateClusterCommand, ECSClient, ListClustersCommand } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { usualBodyLimits } from '../../../simulator/body.ts';
import { Scene } from './scene.ts';

const scenes: Scene[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const scene of scenes.splice(0)) await scene.server.stop();
});

async function open(options: Parameters<typeof Scene.open>[0] = {}): Promise<Scene> {
  const scene = await Scene.open(options);
  scenes.push(scene);
  return scene;
}

const authorization =
  'AWS4-HMAC-SHA256 Credential=AKID/20260504/eu-west-1/ecs/aws4_request, SignedHeaders=host';
const json = (operation: string, prefix = 'AmazonEC2ContainerServiceV20141113') => ({
  authorization,
  'content-type': 'application/x-amz-json-1.1',
  'x-amz-target': `${prefix}.${operation}`,
});
const form = { authorization, 'content-type': 'application/x-www-form-urlencoded' };

/** A bare connection, what came over it, and when it ended. */
function dial(scene: Scene, text: string) {
  const socket = connect(Number(new URL(scene.url).port), '127.0.0.1');
  sockets.push(socket);
  let received = '';
  const ended = new Promise<string>((done) => socket.on('close', () => done(received)));
  const saw = (pattern: RegExp) =>
    new Promise<string>((done) => {
      const look = () => pattern.test(received) && done(received);
      socket.on('data', look);
      look();
    });
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    received += chunk;
  });
  socket.write(text);
  return { socket, ended, saw };
}

const head = (lines: Record<string, string | number>) =>
  `POST / HTTP/1.1\r\nhost: localhost\r\n${Object.entries({ ...json('ListClusters'), ...lines })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`;

const listed = /HTTP\/1\.1 200 OK[\s\S]*"clusterArns":\[\]/;

describe('what no service understands', () => {
  it.each([
    ['JSON that is none', json('ListClusters'), '{"maxResults": ', 'SerializationException'],
    ['JSON that is no object', json('ListClusters'), '[]', 'SerializationException'],
    ['bytes that are no text', json('CreateCluster'), '\u0000\ufffd\ufffd', 'SerializationException'],
    ['an operation nobody knows', json('MakeCoffee'), '{}', 'UnknownOperationException'],
    ['a service nobody knows', json('ListClusters', 'Kettle_2014'), '{}', 'UnknownOperationException'],
    ['a target without operation', { ...json(''), 'x-amz-target': 'x' }, '{}', 'UnknownOperationException'],
    ['a call that lacks a member', json('DescribeTasks'), '{}', 'InvalidParameterException'],
  ])('is answered in JSON as AWS does: %s', async (_, headers, body, code) => {
    const { status, text, headers: answered } = await (await open()).ask('/', body, 'POST', headers);
    expect(status).toBe(400);
    expect(answered['content-type']).toBe('application/x-amz-json-1.1');
    expect(answered['x-amzn-requestid']).toMatch(/^[0-9a-f-]{36}$/);
    const { __type, message } = JSON.parse(text);
    expect(__type).toBe(code);
    expect(message.length).toBeGreaterThan(5);
  });

  it.each([
    ['a form without an action', 'Version=2011-01-01', 'InvalidAction'],
    ['a form without a version', 'Action=DescribeAutoScalingGroups', 'InvalidAction'],
    ['an action nobody knows', 'Action=MakeCoffee&Version=2011-01-01', 'InvalidAction'],
    ['broken escapes', 'Action=%E0%A4%A&Version=2011-01-01', 'InvalidAction'],
    ['XML', '<?xml version="1.0"?><Action>', 'InvalidAction'],
    ['nothing', '', 'InvalidAction'],
    [
      'a number that is none',
      'Action=SetDesiredCapacity&Version=2011-01-01&AutoScalingGroupName=a&DesiredCapacity=many',
      'MalformedInput',
    ],
  ])('is answered in XML as AWS does: %s', async (_, body, code) => {
    const { status, text, headers } = await (await open()).ask('/', body, 'POST', form);
    expect(status).toBe(400);
    expect(headers['content-type']).toBe('text/xml');
    expect(text).toMatch(/^<ErrorResponse[\s\S]*<Error><Type>Sender<\/Type><Code>(\w+)<\/Code><Message>[^<]/);
    expect(/<Code>(\w+)</.exec(text)?.[1]).toBe(code);
  });

  it('is refused where nothing says who asks', async () => {
    const scene = await open();
    const { authorization: _, ...unsigned } = json('ListClusters');
    const inJson = await scene.ask('/', '{}', 'POST', unsigned);
    expect({ status: inJson.status, ...JSON.parse(inJson.text) }).toEqual({
      status: 400,
      __type: 'MissingAuthenticationTokenException',
      message: 'Request is missing Authentication Token',
    });
    const type = { 'content-type': form['content-type'] };
    const action = 'Action=DescribeAutoScalingGroups&Version=2011-01-01';
    const inXml = await scene.ask('/', action, 'POST', type);
    expect(inXml.status).toBe(403);
    expect(inXml.text).toContain('<Code>MissingAuthenticationToken</Code>');
    expect(scene.account.endpoint.calls).toEqual([]);
  });

  it('is no HTTP at all and is answered as such', async () => {
    const scene = await open();
    const { ended } = dial(scene, 'MAKE COFFEE\r\n\r\n');
    expect(await ended).toMatch(
      /^HTTP\/1\.1 400 Bad Request\r\nconnection: close[\s\S]*<Code>BadRequest<\/Code>/,
    );
    expect(scene.reported).toEqual([]);
  });
});

describe('what fails inside the simulator', () => {
  it.each([
    ['JSON', json('ListClusters'), '{}', '"__type":"InternalFailure"'],
    ['XML', form, 'Action=DescribeAutoScalingGroups&Version=2011-01-01', '<Code>InternalFailure</Code>'],
  ])('is a 500 in AWS’s shape and a line for whoever runs it: %s', async (_, headers, body, shown) => {
    const scene = await open();
    scene.account.endpoint.faults.refuse = () => {
      throw new Error('the kettle is empty');
    };
    const { status, text } = await scene.ask('/', body, 'POST', headers);
    expect(status).toBe(500);
    expect(text).toContain(shown);
    expect(text).not.toContain('kettle');
    expect(scene.reported).toHaveLength(1);
    expect(scene.reported[0]).toMatch(/^POST \/: Error: the kettle is empty\n {4}at /);
    scene.account.endpoint.faults.refuse = undefined;
    expect((await scene.ask('/', '{}', 'POST', json('ListClusters'))).status).toBe(200);
  });

  it('is reported when nobody waits for it, and virtual time goes on', async () => {
    const scene = await open({ clock: { kind: 'real', speed: 1000 } });
    const { world, endpoint } = scene.account;
    const later = new Promise<void>((done) => {
      // Within a call, so that the call itself has ended before.
      endpoint.faults.refuse = () => {
        world.at(world.now + 1000, () => {
          throw new Error('the kettle is empty');
        });
        world.at(world.now + 2000, done);
      };
    });
    expect((await scene.ask('/', '{}', 'POST', json('ListClusters'))).status).toBe(200);
    await later;
    expect(scene.reported.join()).toContain('the kettle is empty');
  });
});

describe('large bodies', () => {
  const large = 'x'.repeat(usualBodyLimits.each + 1);

  it('are refused with 413 in AWS’s shape, and the connection stays of use', async () => {
    const scene = await open();
    const { status, text } = await scene.ask('/', large, 'POST', json('ListClusters'));
    expect(status).toBe(413);
    expect(JSON.parse(text).__type).toBe('RequestEntityTooLarge');
    const { saw, socket } = dial(scene, `${head({ 'content-length': large.length })}${large}`);
    await saw(/413 Payload Too Large/);
    socket.write(`${head({ 'content-length': 2 })}{}`);
    await saw(listed);
  });

  it('may be larger where an object is put', async () => {
    const { status } = await (await open()).ask('/bucket/code.zip', large, 'PUT', { authorization });
    expect(status).not.toBe(413);
  });

  it('are refused when they announce no length, too', async () => {
    const scene = await open({ bodies: { each: 1000, object: 1000, together: 5000 } });
    const { ended, socket } = dial(scene, head({ 'transfer-encoding': 'chunked', connection: 'close' }));
    for (let chunk = 0; chunk < 20; chunk++) socket.write(`64\r\n${'x'.repeat(100)}\r\n`);
    socket.write('0\r\n\r\n');
    expect(await ended).toMatch(/413 Payload Too Large[\s\S]*RequestEntityTooLarge/);
  });

  it('are too much together with others, until those are answered', async () => {
    const scene = await open({ bodies: { each: 1000, object: 1000, together: 1500 } });
    const waiting = dial(scene, `${head({ 'content-length': 902 })}${' '.repeat(900)}`);
    const ask = () => scene.ask('/', `${' '.repeat(900)}{}`, 'POST', json('ListClusters'));
    let answer = await ask();
    // The first connection may not have been read yet.
    while (answer.status === 200) answer = await ask();
    expect({ status: answer.status, ...JSON.parse(answer.text) }).toMatchObject({
      status: 503,
      __type: 'ServiceUnavailable',
    });
    waiting.socket.write('{}');
    await waiting.saw(listed);
    expect((await ask()).status).toBe(200);
  });

  it('are asked for where the client waits, and refused before they are sent (Expect: 100-continue)', async () => {
    const scene = await open();
    const small = dial(scene, head({ 'content-length': 2, expect: '100-continue' }));
    await small.saw(/^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    small.socket.write('{}');
    await small.saw(listed);
    const refused = dial(scene, head({ 'content-length': large.length, expect: '100-continue' }));
    expect(await refused.ended).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n[\s\S]*RequestEntityTooLarge/);
  });
});

describe('connections', () => {
  it('are kept and used again', async () => {
    const scene = await open();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const client = new ECSClient({ ...scene.client(), requestHandler: { httpAgent: agent } });
    const freed: unknown[] = [];
    agent.on('free', (socket) => freed.push(socket));
    for (let call = 0; call < 5; call++) await client.send(new ListClustersCommand({}));
    expect(freed).toHaveLength(5);
    expect(new Set(freed).size).toBe(1);
    agent.destroy();
  });

  it('that send nothing, half a head or half a body are closed in time', async () => {
    const scene = await open({ requestMsMax: 300 });
    const silent = dial(scene, '');
    const halfHead = dial(scene, 'POST / HTTP/1.1\r\nhost: local');
    const halfBody = dial(scene, `${head({ 'content-length': 100 })}{`);
    expect(await halfHead.ended).toMatch(
      /^HTTP\/1\.1 408 Request Timeout[\s\S]*<Code>RequestTimeout<\/Code>/,
    );
    expect(await halfBody.ended).toMatch(/^HTTP\/1\.1 408 Request Timeout/);
    await silent.ended;
    expect(scene.reported).toEqual([]);
  });

  it('that are cut in the middle of a request do it no harm, and the request never happens', async () => {
    const scene = await open();
    const body = '{"clusterName":"never"}';
    for (let cut = 0; cut < 20; cut++) {
      const whole = `${head({ ...json('CreateCluster'), 'content-length': body.length })}${body}`;
      const { socket, ended } = dial(scene, whole.slice(0, whole.length - 1 - cut * 17));
      socket.end();
      await ended;
    }
    expect((await scene.ecs().send(new ListClustersCommand({}))).clusterArns).toEqual([]);
    expect(scene.reported).toEqual([]);
  });

  it('of a client that is gone before the answer do it no harm', async () => {
    const scene = await open();
    const { world } = scene.account;
    let release = () => {};
    world.begin(
      () =>
        new Promise((done) => {
          release = done;
        }),
    );
    const waiting = scene.control('advance', { seconds: 1 });
    const { socket, ended } = dial(scene, `${head({ 'content-length': 2 })}{}`);
    socket.resetAndDestroy();
    await ended;
    release();
    await waiting;
    expect((await scene.ecs().send(new ListClustersCommand({}))).clusterArns).toEqual([]);
    expect(scene.reported).toEqual([]);
  });

  it('of 200 clients at once are all answered', async () => {
    const scene = await open();
    const clients = Array.from({ length: 200 }, () => scene.ecs());
    const created = await Promise.all(
      clients.map((client, index) => client.send(new CreateClusterCommand({ clusterName: `c-${index}` }))),
    );
    expect(new Set(created.map(({ cluster }) => cluster?.clusterArn)).size).toBe(200);
    expect(new Set(created.map(({ $metadata }) => $metadata.requestId)).size).toBe(200);
    expect(scene.account.call('ecs', 'ListClusters', { maxResults: 100 }).clusterArns).toHaveLength(100);
    for (const client of clients) client.destroy();
  });
});
