import {
  CreateClusterCommand,
  DescribeClustersCommand,
  ECSClient,
  ListClustersCommand,
} from '@aws-sdk/client-ecs';
import { describe, expect, it } from 'vitest';
import { Account } from '../../simulator/account.ts';
import { callMs, type WireRequest } from '../../simulator/endpoint.ts';
import { Fault } from '../../simulator/machine.ts';
import type { Activity } from '../../simulator/world.ts';

const post = { method: 'POST', path: '/', query: {} };

const operator = (account: Account) => `arn:aws:iam::${account.accountId}:root`;

/** Runs real code with a real SDK client as one activity of the account's world. */
async function run(account: Account, principalArn: string, code: (client: ECSClient) => Promise<void>) {
  let failure: unknown;
  account.world.begin(async (activity: Activity) => {
    const caller = { principalArn, client: 'test/1', functionName: 'test', requestId: 'request-1' };
    const handle = (request: WireRequest) => account.endpoint.handle(activity, caller, request);
    const client = new ECSClient({
      region: account.region,
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
      maxAttempts: 1,
      requestHandler: { handle },
    });
    try {
      await code(client);
    } catch (error) {
      failure = error;
    }
  });
  await account.advance(60);
  if (failure) throw failure;
}

describe('Endpoint', () => {
  it('answers a call of a real SDK client after its virtual time, and acts halfway', async () => {
    const account = new Account({ seed: 1 });
    const startedAt = account.world.now;
    let answeredAt = 0;
    await run(account, operator(account), async (client) => {
      await client.send(new CreateClusterCommand({ clusterName: 'demo' }));
      answeredAt = account.world.now;
      const { clusterArns } = await client.send(new ListClustersCommand({}));
      expect(clusterArns).toEqual(['arn:aws:ecs:eu-west-1:111122223333:cluster/demo']);
    });
    expect(answeredAt - startedAt).toBe(callMs);
    expect(account.endpoint.calls.map(({ at, operation }) => [at - startedAt, operation])).toEqual([
      [callMs / 2, 'CreateCluster'],
      [callMs + callMs / 2, 'ListClusters'],
    ]);
  });

  it('denies what no policy allows, as AWS does, and the service does nothing', async () => {
    const account = new Account({ seed: 1 });
    const role = `arn:aws:iam::${account.accountId}:role/nobody`;
    const denied = run(account, role, async (client) => {
      await client.send(new CreateClusterCommand({ clusterName: 'demo' }));
    });
    await expect(denied).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining('not authorized to perform: ecs:CreateCluster'),
    });
    expect(account.call('ecs', 'ListClusters', {}).clusterArns).toEqual([]);
    expect(account.endpoint.calls[0]?.outcome).toBe('AccessDeniedException');
  });

  it('refuses input that lacks a required member before the service sees it', () => {
    const account = new Account({ seed: 1 });
    expect(() => account.call('ecs', 'DescribeContainerInstances', {})).toThrow(
      /ContainerInstances can not be blank/,
    );
  });

  it('answers reads from a state up to the lag ago, and never goes back in time for one client', async () => {
    const account = new Account({ seed: 3 });
    account.endpoint.faults.readLagSecondsMax = 20;
    for (let index = 0; index < 40; index++) {
      account.world.at(account.world.now + index * 1000, () =>
        account.call('ecs', 'CreateCluster', { clusterName: `cluster-${index}` }),
      );
    }
    const startedAt = account.world.now;
    const seen: { count: number; newest: number }[] = [];
    await run(account, operator(account), async (client) => {
      for (let read = 0; read < 300; read++) {
        const { clusterArns = [] } = await client.send(new ListClustersCommand({ maxResults: 100 }));
        const newest = Math.floor((account.world.now - startedAt) / 1000) + 1;
        seen.push({ count: clusterArns.length, newest: Math.min(40, newest) });
      }
    });
    for (const [index, { count }] of seen.entries())
      expect(count).toBeGreaterThanOrEqual(seen[index - 1]?.count ?? 0);
    for (const { count, newest } of seen) expect(count).toBeGreaterThanOrEqual(newest - 22);
    expect(seen.some(({ count, newest }) => count < newest - 1)).toBe(true);
  });

  it('never goes back in time for one client when the lag changes, and never further than a table remembers', async () => {
    const account = new Account({ seed: 3 });
    account.call('ecs', 'CreateCluster', { clusterName: 'first' });
    await account.advance(30);
    account.call('ecs', 'CreateCluster', { clusterName: 'second' });
    const counts: number[] = [];
    await run(account, operator(account), async (client) => {
      for (const lagSeconds of [0, 20, 20, 20, 0]) {
        account.endpoint.faults.readLagSecondsMax = lagSeconds;
        counts.push((await client.send(new ListClustersCommand({}))).clusterArns?.length ?? 0);
      }
    });
    expect(counts).toEqual([2, 2, 2, 2, 2]);
    account.endpoint.faults.viewAt = (_read, now) => now - 61_000;
    const tooOld = run(account, operator(account), async (client) => {
      await client.send(new ListClustersCommand({}));
    });
    await expect(tooOld).rejects.toThrow('expected 0 to 60 s');
  });

  it('denies a call that names nothing to whoever may do nothing', async () => {
    const account = new Account({ seed: 1 });
    const role = `arn:aws:iam::${account.accountId}:role/nobody`;
    const denied = run(account, role, async (client) => {
      await client.send(new DescribeClustersCommand({ clusters: [] }));
    });
    await expect(denied).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('lets a test refuse a call in the name of AWS', async () => {
    const account = new Account({ seed: 1 });
    account.endpoint.faults.refuse = ({ operation }) => {
      if (operation === 'DescribeClusters') throw new Fault('ThrottlingException', 'Rate exceeded');
    };
    const throttled = run(account, operator(account), async (client) => {
      await client.send(new DescribeClustersCommand({}));
    });
    await expect(throttled).rejects.toMatchObject({ name: 'ThrottlingException', message: 'Rate exceeded' });
  });

  it('never answers a function that was ended meanwhile, and keeps what the call had not done undone', async () => {
    const account = new Account({ seed: 1 });
    let answered = false;
    const activity = account.world.begin(async (own) => {
      const caller = { principalArn: operator(account), client: 'c', functionName: 'f', requestId: 'r' };
      const headers = {
        'x-amz-target': 'AmazonEC2ContainerServiceV20141113.CreateCluster',
        'content-type': 'application/x-amz-json-1.1',
      };
      await account.endpoint.handle(own, caller, { ...post, headers, body: '{"clusterName":"demo"}' });
      answered = true;
    });
    account.world.at(account.world.now + 10, () => account.world.end(activity));
    await account.advance(10);
    expect(answered).toBe(false);
    expect(account.call('ecs', 'ListClusters', {}).clusterArns).toEqual([]);
  });
});

describe('the door for requests over HTTP', () => {
  const at = (account: Account, request: Partial<WireRequest>, service = 'ecs') => {
    const authorization = `AWS4-HMAC-SHA256 Credential=anybody/20260504/eu-west-1/${service}/aws4_request`;
    const answers: { statusCode: number; headers: Record<string, string>; text: string }[] = [];
    account.endpoint.serve(
      { ...post, ...request, headers: { authorization, ...request.headers } },
      (answer) => answers.push({ ...answer, text: Buffer.from(answer.body).toString() }),
    );
    expect(answers).toHaveLength(1);
    return answers[0];
  };

  it('answers at once, in the name of the operator', () => {
    const account = new Account({ seed: 1 });
    const headers = { 'x-amz-target': 'AmazonEC2ContainerServiceV20141113.CreateCluster' };
    expect(at(account, { headers, body: '{"clusterName":"demo"}' })?.statusCode).toBe(200);
    expect(account.endpoint.calls[0]).toMatchObject({ operation: 'CreateCluster', functionName: undefined });
  });

  it.each<[string, Partial<WireRequest>, string, number, RegExp]>([
    [
      'an unknown operation',
      { body: 'Action=Nothing&Version=2010-05-15' },
      'cloudformation',
      400,
      /<Code>InvalidAction</,
    ],
    [
      'a service nobody knows',
      { headers: { 'x-amz-target': 'Kinesis_20131202.X' } },
      'kinesis',
      400,
      /"__type":"UnknownOperationException"/,
    ],
    [
      'bad JSON',
      { headers: { 'x-amz-target': 'AmazonSQS.SendMessage' }, body: '{' },
      'sqs',
      400,
      /SerializationException/,
    ],
    ['bad XML', { path: '/b', query: { delete: '' }, body: '<' }, 's3', 400, /<Error><Code>MalformedXML</],
    ['a bucket that is not there', { method: 'GET', path: '/b' }, 's3', 404, /<Error><Code>NoSuchBucket</],
    ['a bucket that is not there, by HEAD', { method: 'HEAD', path: '/b' }, 's3', 404, /^$/],
    ['a path nobody answers to', { method: 'GET', path: '/x' }, 'lambda', 404, /"Type":"User"/],
    ['binary rubbish', { body: new Uint8Array([0, 255, 254]) }, 'sts', 400, /<Code>InvalidAction</],
  ])('answers %s as AWS does', (_, request, service, status, text) => {
    const answer = at(new Account({ seed: 1 }), request, service);
    expect(answer?.statusCode).toBe(status);
    expect(answer?.text).toMatch(text);
  });

  it.each([
    ['x-amz-target', 400, 'MissingAuthenticationTokenException'],
    ['x-other', 403, 'MissingAuthenticationToken'],
  ])('refuses what nobody signed, with %s', (name, status, code) => {
    const account = new Account({ seed: 1 });
    const answers: { statusCode: number; body: Uint8Array }[] = [];
    account.endpoint.serve({ ...post, headers: { [name]: 'AmazonSQS.ListQueues' } }, (answer) =>
      answers.push(answer),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([status]);
    expect(Buffer.from(answers[0]?.body ?? []).toString()).toContain(code);
  });
});
