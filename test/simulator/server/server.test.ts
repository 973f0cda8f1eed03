import { DescribeAutoScalingGroupsCommand } from '@aws-sdk/client-auto-scaling';
import { CreateClusterCommand, DescribeClustersCommand, ListClustersCommand } from '@aws-sdk/client-ecs';
import { GetQueueUrlCommand } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import { Scene } from './scene.ts';

let scene: Scene | undefined;

afterEach(async () => {
  await scene?.server.stop();
  scene = undefined;
});

const open = async (options: Parameters<typeof Scene.open>[0] = {}) => {
  scene = await Scene.open(options);
  return scene;
};

describe('Server', () => {
  it('answers real SDK clients of both protocols, with the request id that AWS would give', async () => {
    const { account, ...here } = await opened();
    const created = await here.ecs.send(new CreateClusterCommand({ clusterName: 'demo' }));
    expect(created.cluster?.clusterArn).toBe('arn:aws:ecs:eu-west-1:111122223333:cluster/demo');
    expect(created.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(account.call('ecs', 'ListClusters', {}).clusterArns).toHaveLength(1);
    const groups = await here.autoscaling.send(new DescribeAutoScalingGroupsCommand({}));
    expect(groups.AutoScalingGroups).toEqual([]);
  });

  it('answers errors as the service writes them', async () => {
    const { ecs, sqs } = await opened();
    await expect(ecs.send(new DescribeClustersCommand({ clusters: Array(101).fill('x') }))).rejects.toThrow(
      /clusters/i,
    );
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'none' }))).rejects.toMatchObject({
      name: 'QueueDoesNotExist',
    });
  });

  it('moves virtual time only when it is told to', async () => {
    const { control, ecs } = await opened();
    const { time: before } = await control('clock');
    await ecs.send(new ListClustersCommand({}));
    expect((await control('clock')).time).toBe(before);
    const { time: after } = await control('advance', { seconds: 90.5 });
    expect(Date.parse(after) - Date.parse(before)).toBe(90_500);
  });

  it('serialises what moves time, and every request sees a world at rest', async () => {
    const { control, account } = await opened();
    const { world } = account;
    const before = world.now;
    world.begin(async (activity) => {
      for (let second = 1; second < 190; second++)
        await world.wait(activity, before + second * 1000, () => undefined);
    });
    const all = Array.from({ length: 20 }, (_, index) => control('advance', { seconds: index }));
    const times = (await Promise.all(all)).map(({ time }) => Date.parse(time));
    expect(world.now - before).toBe(190_000);
    expect(times.map((time) => time - before)).toEqual(
      times.map((_, index) => (index * (index + 1) * 1000) / 2),
    );
  });

  it('lets a second pass whenever somebody asks after a stack operation, under a virtual clock alone', async () => {
    const polls = () => true;
    const { ecs, account } = await opened({ site: { polls } });
    const before = account.world.now;
    await ecs.send(new ListClustersCommand({}));
    await ecs.send(new ListClustersCommand({}));
    expect(account.world.now - before).toBe(2000);
  });

  it('begins anew with the same seed, or with another', async () => {
    const here = await opened({ seed: 7 });
    const ids = async () => (await here.ecs.send(new ListClustersCommand({}))).$metadata.requestId;
    const first = await ids();
    await here.ecs.send(new CreateClusterCommand({ clusterName: 'demo' }));
    expect(await here.control('reset', {})).toMatchObject({ seed: 7, time: '2026-05-04T12:00:00.000Z' });
    expect(await ids()).toBe(first);
    expect((await here.ecs.send(new ListClustersCommand({}))).clusterArns).toEqual([]);
    expect(await here.control('reset', { seed: 8 })).toMatchObject({ seed: 8 });
    expect(await ids()).not.toBe(first);
  });
});

describe('Server, functions', () => {
  it('hands over what an execution environment signed, while the world stands still for it', async () => {
    const seen: string[] = [];
    const body = new TextEncoder().encode('{"clusterArns":["arn:of:the:function"]}');
    const headers = { 'content-type': 'application/x-amz-json-1.1' };
    const here = await opened({
      site: {
        functionRequests: (accessKeyId, { path, method }) => {
          if (accessKeyId !== 'ASIAFUNCTION') return undefined;
          seen.push(`${method} ${path}`);
          return Promise.resolve({ statusCode: 200, headers, body });
        },
      },
    });
    let release = () => {};
    here.account.world.begin(async () => {
      await new Promise<void>((done) => {
        release = done;
      });
    });
    const waiting = here.control('advance', { seconds: 1 });
    const credentials = { accessKeyId: 'ASIAFUNCTION', secretAccessKey: 'x' };
    const answered = await here.clientWith({ credentials }).send(new ListClustersCommand({}));
    release();
    await waiting;
    expect(answered.clusterArns).toEqual(['arn:of:the:function']);
    expect(seen).toEqual(['POST /']);
  });

  it('takes the answer of a custom resource, once somebody waits for its token', async () => {
    const answers: string[] = [];
    const respond = (token: string, body: string) => {
      answers.push(`${token}: ${body}`);
      return token === 'known';
    };
    const { ask } = await opened({ site: { respond } });
    const put = (token: string) =>
      ask(`/cloudformation-custom-resource-response/${token}`, '{"Status":"SUCCESS"}', 'PUT');
    expect((await put('known')).status).toBe(200);
    expect((await put('unknown')).status).toBe(403);
    expect(answers).toEqual(['known: {"Status":"SUCCESS"}', 'unknown: {"Status":"SUCCESS"}']);
  });
});

describe('Server, real time', () => {
  it('follows real time times its speed, also while nobody asks', async () => {
    const here = await opened({ clock: { kind: 'real', speed: 1000 } });
    const { account } = here;
    const before = account.world.now;
    const due = new Promise<number>((done) => {
      account.world.at(before + 60_000, () => done(account.world.now));
    });
    await here.control('clock');
    expect((await due) - before).toBe(60_000);
    const { time } = await here.control('clock');
    expect(Date.parse(time) - before).toBeGreaterThanOrEqual(60_000);
  });

  it('shows a world at the real now to every request', async () => {
    const { control } = await opened({ clock: { kind: 'real', speed: 100_000 } });
    const times: number[] = [];
    for (let read = 0; read < 5; read++) times.push(Date.parse((await control('clock')).time));
    for (const [index, time] of times.entries()) expect(time).toBeGreaterThan(times[index - 1] ?? 0);
  });

  it('goes on from where it was moved to', async () => {
    const { control } = await opened({ clock: { kind: 'real', speed: 1 } });
    const before = Date.parse((await control('clock')).time);
    await control('advance', { seconds: 3600 });
    const after = Date.parse((await control('clock')).time);
    expect(after - before).toBeGreaterThanOrEqual(3_600_000);
    expect(after - before).toBeLessThan(3_660_000);
  });
});

async function opened(options: Parameters<typeof Scene.open>[0] = {}) {
  const here = await open(options);
  return {
    account: here.account,
    ecs: here.ecs(),
    autoscaling: here.autoscaling(),
    sqs: here.sqs(),
    control: here.control.bind(here),
    ask: here.ask.bind(here),
    clientWith: here.ecs.bind(here),
  };
}
