import {
  AutoScalingClient,
  CompleteLifecycleActionCommand,
  DescribeAutoScalingGroupsCommand,
} from '@aws-sdk/client-auto-scaling';
import {
  DescribeClustersCommand,
  DescribeServicesCommand,
  ECSClient,
  type ECSClientConfig,
} from '@aws-sdk/client-ecs';
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { createGroup } from '../../demo/cluster.ts';
import { functionsFromSource } from '../../demo/install.ts';
import { aws } from '../../lib/aws/connect.ts';
import { attemptsMax, PlatformRetryStrategy } from '../../lib/aws/retry.ts';
import { Account } from '../../simulator/account.ts';
import { Fault } from '../../simulator/machine.ts';
import { planOf } from './plan.ts';
import { play } from './storm.ts';
import { withoutWire } from './unwired.ts';

/** The same over the wire and without it. */
async function both<T>(run: () => Promise<T>): Promise<{ wired: T; unwired: T }> {
  const wired = await run();
  const end = withoutWire();
  try {
    return { wired, unwired: await run() };
  } finally {
    end();
  }
}

type Config = Pick<ECSClientConfig, 'region' | 'credentials' | 'requestHandler' | 'maxAttempts'>;

/** What a function of a fresh account gets for a call. */
async function called(send: (config: Config) => Promise<object>, account = accountOfOne()): Promise<unknown> {
  let answer: unknown;
  account.world.begin(async (activity) => {
    const caller = {
      principalArn: 'arn:aws:iam::111122223333:root',
      client: 'test',
      functionName: 'test',
      requestId: 'one',
    };
    const requestHandler = {
      handle: (request: never) => account.endpoint.handle(activity, caller, request),
      ask: (call: never) => account.endpoint.ask(activity, caller, call),
    };
    const credentials = { accessKeyId: 'AKIDTEST', secretAccessKey: 'secret' };
    const config = { region: 'eu-west-1', credentials, requestHandler, maxAttempts: 1 } as unknown as Config;
    answer = await send(config).catch((error: unknown) => error);
    account.world.end(activity);
  });
  await account.advance(2);
  return shown(answer);
}

function accountOfOne(): Account {
  const account = new Account({ seed: 3 });
  account.call('ecs', 'CreateCluster', { clusterName: 'blue', tags: [{ key: 'team', value: 'x' }] });
  createGroup(account, { clusterName: 'blue', autoScalingGroupName: 'nodes', desiredCapacity: 1 });
  return account;
}

/** What somebody who uses the SDK sees of an answer. */
function shown(answer: unknown): unknown {
  if (!(answer instanceof Error)) {
    const { $metadata: _, ...output } = answer as Record<string, unknown>;
    return output;
  }
  const { name, message, $fault } = answer as Error & { $fault?: string };
  const classes: string[] = [];
  for (let of = Object.getPrototypeOf(answer); of !== Object.prototype; of = Object.getPrototypeOf(of))
    classes.push(of.constructor.name);
  return { name, message, $fault, classes };
}

const when = new Date('2026-05-04T10:00:00.250Z');

describe('a call without the wire', () => {
  it.each<[string, (config: Config) => Promise<object>]>([
    [
      'lists, texts and numbers of ECS',
      (config) =>
        new ECSClient(config).send(
          new DescribeClustersCommand({ clusters: ['blue', 'no'], include: ['TAGS'] }),
        ),
    ],
    [
      'times, flags and empty lists of Auto Scaling',
      (config) => new AutoScalingClient(config).send(new DescribeAutoScalingGroupsCommand({})),
    ],
    [
      'what was put on the bus',
      (config) =>
        new EventBridgeClient(config).send(
          new PutEventsCommand({
            Entries: [
              { Source: 'me', DetailType: 'x', Detail: '{}', Time: when, Resources: [] },
              { Source: 'me', DetailType: 'x', Detail: '{' },
            ],
          }),
        ),
    ],
    [
      'an error that ECS declares',
      (config) =>
        new ECSClient(config).send(new DescribeServicesCommand({ cluster: 'gone', services: ['web'] })),
    ],
    [
      'an error that Auto Scaling does not declare',
      (config) =>
        new AutoScalingClient(config).send(
          new CompleteLifecycleActionCommand({
            AutoScalingGroupName: 'nodes',
            LifecycleHookName: 'none',
            LifecycleActionResult: 'CONTINUE',
            InstanceId: 'i-0123456789abcdef0',
          }),
        ),
    ],
    [
      'an error of SQS, which has two names',
      (config) => new SQSClient(config).send(new GetQueueUrlCommand({ QueueName: 'none' })),
    ],
  ])('gives %s as the SDK does', async (_, send) => {
    const { wired, unwired } = await both(() => called(send));
    expect(unwired).toEqual(wired);
  });

  it('is tried again as often, and is throttled and refused alike', async () => {
    const { wired, unwired } = await both(async () => {
      const account = accountOfOne();
      account.endpoint.faults.refuse = () => {
        throw new Fault('ThrottlingException', 'Rate exceeded', 400);
      };
      const retryStrategy = new PlatformRetryStrategy({ ...aws, random: () => 0, sleep: async () => {} });
      const error = await called(
        (config) => new ECSClient({ ...config, retryStrategy }).send(new DescribeClustersCommand({})),
        account,
      );
      const own = account.endpoint.calls.filter(({ functionName }) => functionName === 'test');
      return { error, attempts: own.map(({ outcome }) => outcome) };
    });
    expect(unwired).toEqual(wired);
    expect(wired.attempts).toEqual(Array(attemptsMax).fill('ThrottlingException'));
  });

  it('shares nothing with the account: who changes a reply changes nothing there', async () => {
    const end = withoutWire();
    const account = accountOfOne();
    const read = (config: Config) =>
      new ECSClient(config).send(new DescribeClustersCommand({ clusters: ['blue'], include: ['TAGS'] }));
    await called(async (config) => {
      const { clusters } = await read(config);
      for (const tag of clusters?.[0]?.tags ?? []) tag.value = 'changed';
      return {};
    }, account);
    expect(await called(read, account)).toMatchObject({ clusters: [{ tags: [{ value: 'x' }] }] });
    end();
  });

  it.each([2, 9])('changes nothing in a storm without faults: seed %i', async (seed) => {
    const runtime = await functionsFromSource();
    const { wired, unwired } = await both(() => play({ ...planOf(seed, 'small'), faults: {} }, runtime));
    expect(unwired).toEqual(wired);
    expect(wired.departures).toBeGreaterThan(0);
  });
});
