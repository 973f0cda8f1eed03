import { CreateClusterCommand, ListClustersCommand } from '@aws-sdk/client-ecs';
import { afterEach, describe, expect, it } from 'vitest';
import { createGroup, createService } from '../../../demo/cluster.ts';
import { Account } from '../../../simulator/account.ts';
import { Scene } from './scene.ts';

let scene: Scene | undefined;

afterEach(async () => {
  await scene?.server.stop();
  scene = undefined;
});

async function open(options: Parameters<typeof Scene.open>[0] = {}): Promise<Scene> {
  scene = await Scene.open(options);
  return scene;
}

interface Page {
  readonly entries: readonly { readonly number: number; readonly time: string; readonly kind: string }[];
  readonly next: number;
  readonly more: boolean;
  readonly dropped: boolean;
}

describe('control requests', () => {
  it.each([
    ['advance', { seconds: 'ten' }, 'seconds: "ten": expected a number from 0 to 2592000'],
    ['advance', { seconds: -1 }, 'seconds: -1: expected a number from 0 to 2592000'],
    ['advance', {}, 'seconds: nothing: expected a number from 0 to 2592000'],
    ['advance', { second: 1 }, 'second: 1: expected only seconds'],
    ['advance', '[1]', 'body: [1]: expected a JSON object'],
    ['advance', 'seconds=5', 'body: "seconds=5": expected a JSON object'],
    ['settle', { secondsMax: null }, 'secondsMax: null: expected a number from 0 to 2592000'],
    ['reset', { seed: 1.5 }, 'seed: 1.5: expected a whole number from 0 up'],
  ])('are refused with 400 and what was expected: %s %j', async (path, body, error) => {
    const { status, text, headers } = await (await open()).ask(`/_simulator/${path}`, body);
    expect({ status, ...JSON.parse(text) }).toEqual({ status: 400, error });
    expect(headers['content-type']).toBe('application/json');
  });

  it('name every path there is where one is not known', async () => {
    const here = await open();
    const { status, text } = await here.ask('/_simulator/clocks');
    expect(status).toBe(404);
    expect(JSON.parse(text)).toMatchObject({
      error: 'No such path: /_simulator/clocks',
      paths: expect.arrayContaining(['GET /_simulator/clock', 'POST /_simulator/advance']),
    });
    expect((await here.ask('/_simulator/')).status).toBe(404);
    expect((await here.ask('/_simulator')).status).toBe(404);
  });

  it('name the method that a path takes', async () => {
    const { status, headers, text } = await (await open()).ask('/_simulator/advance');
    expect(status).toBe(405);
    expect(headers.allow).toBe('POST');
    expect(JSON.parse(text).error).toBe('GET /_simulator/advance: expected POST');
  });
});

describe('journals', () => {
  const events = (here: Scene, query = '') => here.control<Page>(`events${query}`);

  it('go on from the number that the answer before named', async () => {
    const here = await open();
    const ecs = here.ecs();
    for (const clusterName of ['one', 'two', 'three'])
      await ecs.send(new CreateClusterCommand({ clusterName }));
    const first = await here.control<Page>('calls?limit=2');
    expect(first).toMatchObject({ next: 2, more: true, dropped: false });
    expect(first.entries).toMatchObject([
      { number: 1, operation: 'CreateCluster', input: { clusterName: 'one' }, outcome: 'ok' },
      { number: 2, time: '2026-05-04T12:00:00.000Z' },
    ]);
    expect(await here.control<Page>(`calls?since=${first.next}`)).toMatchObject({
      entries: [{ number: 3, input: { clusterName: 'three' } }],
      next: 3,
      more: false,
    });
    expect(await here.control<Page>('calls?since=3')).toEqual({
      entries: [],
      next: 3,
      more: false,
      dropped: false,
    });
  });

  it('begin with a time, and may be of one kind', async () => {
    const here = await open();
    here.account.world.record('first', {});
    await here.control('advance', { seconds: 60 });
    here.account.world.record('second', {});
    here.account.world.record('third', {});
    const since = await events(here, '?since=2026-05-04T12:00:30Z');
    expect(since.entries.map(({ kind }) => kind)).toEqual(['second', 'third']);
    const third = await events(here, '?kind=third');
    expect(third).toMatchObject({ entries: [{ number: 3, kind: 'third' }], next: 3 });
  });

  it('say that entries which were asked for are forgotten', async () => {
    const here = await open({ entriesMax: 10 });
    for (let index = 1; index <= 25; index++) here.account.world.record('note', { index });
    const { entries, next, dropped } = await events(here);
    expect(entries.length).toBeLessThanOrEqual(10);
    expect(entries.at(-1)).toMatchObject({ number: 25, index: 25 });
    expect({ next, dropped }).toEqual({ next: 25, dropped: true });
    expect(await events(here, '?since=24')).toMatchObject({ dropped: false });
    expect(await events(here, '?since=2026-05-04T11:00:00Z')).toMatchObject({ dropped: true });
  });

  it.each([
    ['events?since=1', 'since: "1": expected a number up to 0, the newest entry, or a time'],
    [
      'events?since=noon',
      'since: "noon": expected the number of an entry or a time like 2026-05-04T12:00:00Z',
    ],
    ['calls?limit=0', 'limit: "0": expected a whole number from 1 to 10000'],
    ['calls?kind=event', 'kind: "event": expected only since, limit in the query'],
  ])('refuse %s', async (path, error) => {
    const { status, text } = await (await open()).ask(`/_simulator/${path}`);
    expect({ status, ...JSON.parse(text) }).toEqual({ status: 400, error });
  });

  it('show the invocations that have ended', async () => {
    const here = await open();
    expect(await here.control<Page>('invocations')).toEqual({
      entries: [],
      next: 0,
      more: false,
      dropped: false,
    });
  });
});

describe('settle', () => {
  const withGroup = () => {
    const account = new Account({ seed: 1 });
    account.call('ecs', 'CreateCluster', { clusterName: 'shop' });
    createGroup(account, { clusterName: 'shop', autoScalingGroupName: 'nodes', desiredCapacity: 2 });
    createService(account, 'shop', { name: 'web', cpu: 128, memoryMib: 128, desiredCount: 2 });
    account.bus.putRule({
      name: 'tick',
      scheduleExpression: 'rate(1 minute)',
      isEnabled: true,
      description: undefined,
      eventPattern: undefined,
      targets: [],
    });
    return account;
  };

  it('lets time pass until nothing but schedules and tidying up is due', async () => {
    const account = withGroup();
    const here = await open({ site: { account } });
    const answer = await here.control<{ settled: boolean; secondsPassed: number }>('settle', {});
    expect(answer).toMatchObject({ settled: true });
    // Until the two tasks are healthy in a zone each; the rule goes on ticking, and the steady state is said again in 6 hours.
    expect(answer.secondsPassed).toBeGreaterThan(360);
    expect(answer.secondsPassed).toBeLessThan(480);
    expect(account.call('ecs', 'DescribeServices', { cluster: 'shop', services: ['web'] })).toMatchObject({
      services: [{ runningCount: 2, deployments: [{ rolloutState: 'COMPLETED' }] }],
    });
    expect(await here.control('settle', {})).toMatchObject({ settled: true, secondsPassed: 0 });
  });

  it('gives up at its limit and says so', async () => {
    const account = withGroup();
    const here = await open({ site: { account } });
    expect(await here.control('settle', { secondsMax: 30 })).toMatchObject({
      settled: false,
      secondsPassed: 30,
      time: '2026-05-04T12:00:30.000Z',
      gaveUp: expect.stringMatching(
        /^after 30 s something is still under way, due next at 2026-05-04T12:00:/,
      ),
    });
  });

  it('sees the calls of clients in between, each in the world at rest', async () => {
    const here = await open({ site: { account: withGroup() } });
    const settled = here.control('settle', {});
    const listed = await here.ecs().send(new ListClustersCommand({}));
    expect(listed.clusterArns).toHaveLength(1);
    await settled;
  });
});
