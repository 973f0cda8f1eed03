import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { type Announcement, misconfigured } from '../../lib/announce.ts';
import type { Deps } from '../../lib/deps.ts';
import { UnknownCluster } from '../../lib/errors.ts';
import type { Fleet } from '../../lib/fleet.ts';
import { lane, queue, resource, schedule } from '../../lib/lambda.ts';
import type { Platform } from '../../lib/platform.ts';
import { isHint } from '../../lib/sighting.ts';
import type { Estate } from '../../lib/uninstall.ts';
import { at, groupName, instanceId, noon } from './fixtures.ts';

const context = {
  functionName: 'ecs-steward-prod-admit',
  awsRequestId: 'request-1',
  getRemainingTimeInMillis: () => 42_000,
} as Context;

const own = (detailType: string, detail: unknown) =>
  JSON.stringify({ source: 'ecs-steward', 'detail-type': detailType, time: noon.toISOString(), detail });
const admitBody = own('Admit', { autoScalingGroupName: groupName, instanceIds: [instanceId] });
const lookBody = own('Look', {
  autoScalingGroupName: groupName,
  clusterName: 'demo',
  instanceId,
  because: 'empty',
});
const batch = (...bodies: string[]) => ({
  Records: bodies.map((body, i) => ({ messageId: `m${i}`, body, eventSource: 'aws:sqs' })),
});

function platformOf(environment: Record<string, string> = {}) {
  const lines: string[] = [];
  const answers: Record<string, unknown>[] = [];
  const platform: Platform = {
    environment: { LOG_LEVEL: 'DEBUG', POWERTOOLS_SERVICE_NAME: 'ecs-steward', ...environment },
    now: () => noon,
    sleep: async () => {},
    random: () => 0.5,
    put: async (url, body) => {
      answers.push({ url, ...JSON.parse(body) });
      return 200;
    },
    write: (line) => void lines.push(line),
  };
  const read = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return {
    platform,
    lines,
    answers,
    logs: () => read().filter((line) => !line._aws),
    metrics: () => read().filter((line) => line._aws),
  };
}
const connect = () => ({}) as Fleet;
const fail = async () => {
  throw new Error('out of order', { cause: new Error('a reason') });
};

describe('every door', () => {
  it('connects on the first call, not before, and once', async () => {
    const { platform } = platformOf();
    let connected = 0;
    const handler = lane(
      platform,
      () => ({ n: connected++ }) as unknown as Fleet,
      () => 0,
      async () => {},
    );
    expect(connected).toBe(0);
    await handler(batch(admitBody), context);
    await handler(batch(admitBody), context);
    expect(connected).toBe(1);
  });

  it('sets no timer of its own: it never asks how much time is left', async () => {
    const { platform } = platformOf();
    const timeless = { ...context, getRemainingTimeInMillis: () => expect.fail('asked for the time left') };
    await expect(
      queue(platform, connect, isHint, async () => [])(batch(lookBody), timeless),
    ).resolves.toEqual({
      batchItemFailures: [],
    });
  });

  it('drops what is unwanted, logs it and counts it', async () => {
    const { platform, logs, metrics } = platformOf();
    const seen: unknown[] = [];
    const handler = lane(
      platform,
      connect,
      () => 0,
      async (_deps, _memory, events) => void seen.push(...events),
    );
    await handler(batch('scribble', lookBody, admitBody), context);
    expect(seen).toMatchObject([{ kind: 'admit' }]);
    expect(logs()).toMatchObject([
      { level: 'WARN', message: 'unwanted', messageId: 'm0', why: 'not JSON' },
      { level: 'WARN', message: 'unwanted', messageId: 'm1', why: 'a message of another queue: look' },
    ]);
    expect(metrics()).toMatchObject([{ Unwanted: [1, 1] }]);
  });

  it('writes log lines with the time of the platform, service, function and request', async () => {
    const { platform, lines } = platformOf();
    await lane(
      platform,
      connect,
      () => 0,
      async ({ log }) => log.info('decided', { instanceId, why: 'drained' }),
    )(batch(admitBody), context);
    expect(lines).toEqual([
      JSON.stringify({
        timestamp: noon.toISOString(),
        level: 'INFO',
        message: 'decided',
        service: 'ecs-steward',
        function_name: 'ecs-steward-prod-admit',
        function_request_id: 'request-1',
        instanceId,
        why: 'drained',
      }),
    ]);
  });

  it('writes metrics in embedded metric format, with the time of the platform, once per invocation', async () => {
    const { platform, metrics } = platformOf();
    const run = async ({ count }: Deps) => {
      count('Released');
      count('Released', 2);
      count('DrainSeconds', 90);
    };
    const handler = lane(platform, connect, () => 0, run);
    await handler(batch(admitBody), context);
    await handler(batch(admitBody), context);
    expect(metrics()).toHaveLength(2);
    expect(metrics()[1]).toEqual({
      _aws: {
        Timestamp: noon.getTime(),
        CloudWatchMetrics: [
          {
            Namespace: 'ecs-steward',
            Dimensions: [['service']],
            Metrics: [
              { Name: 'Released', Unit: 'Count' },
              { Name: 'DrainSeconds', Unit: 'Seconds' },
            ],
          },
        ],
      },
      service: 'ecs-steward',
      Released: [1, 2],
      DrainSeconds: 90,
    });
  });

  it('writes no metrics where nothing was counted', async () => {
    const { platform, lines } = platformOf();
    await lane(
      platform,
      connect,
      () => 0,
      async () => {},
    )(batch(admitBody), context);
    expect(lines).toEqual([]);
  });

  it.each([
    ['WARN', ['warn', 'error']],
    ['info', ['info', 'warn', 'error']],
    ['nonsense', ['info', 'warn', 'error']],
  ])('writes what LOG_LEVEL %s lets through', async (level, expected) => {
    const { platform, logs } = platformOf({ LOG_LEVEL: level });
    const run = async ({ log }: Deps) => {
      for (const name of ['debug', 'info', 'warn', 'error'] as const) log[name](name, {});
    };
    await lane(platform, connect, () => 0, run)(batch(admitBody), context);
    expect(logs().map(({ message }) => message)).toEqual(expected);
  });

  it('logs errors with their cause', async () => {
    const { platform, logs } = platformOf();
    const run = async ({ log }: Deps) =>
      log.error('could not', {
        error: new UnknownCluster('no cluster "x"', { cause: new Error('not found') }),
      });
    await lane(platform, connect, () => 0, run)(batch(admitBody), context);
    expect(logs()[0]?.error).toMatchObject({
      name: 'UnknownCluster',
      message: 'no cluster "x"',
      cause: { name: 'Error', message: 'not found' },
    });
  });
});

describe('what a behaviour announces', () => {
  const fault = (value: string) =>
    misconfigured(
      { autoScalingGroupName: groupName, problem: 'a tag is not understood', tag: 'x', value, expected: 'y' },
      noon,
    );

  it('does not end before what was announced is sent', async () => {
    const sent: unknown[] = [];
    const announce = async (events: readonly Announcement[]) => {
      await new Promise(setImmediate);
      sent.push(...events);
    };
    const handler = lane(
      platformOf().platform,
      () => ({ announce }) as unknown as Fleet,
      () => undefined,
      async (deps) => {
        deps.announce(fault('on'));
        throw new Error('out of order');
      },
    );
    await handler(batch(admitBody), context);
    expect(sent).toEqual([fault('on')]);
  });

  it('is a state that lasts, told once by one execution environment', async () => {
    const values: unknown[] = [];
    const announce = async (events: readonly Announcement[]) => {
      values.push(...events.map(({ detail }) => detail.value));
    };
    const told = ['on', 'on', 'off'];
    const handler = lane(
      platformOf().platform,
      () => ({ announce }) as unknown as Fleet,
      () => undefined,
      async (deps) => {
        deps.announce(fault(told[0] ?? ''));
        told.shift();
      },
    );
    for (let i = 0; i < 3; i++) await handler(batch(admitBody), context);
    expect(values).toEqual(['on', 'off']);
  });
});

describe('the lane', () => {
  it.each([
    ['its behaviour fails', connect, fail, batch(admitBody)],
    [
      'it cannot connect',
      () => {
        throw new Error('out of order');
      },
      async () => {},
      batch(admitBody),
    ],
    ['it is called with something else', connect, async () => {}, { hello: 'out of order' }],
  ])('succeeds even where %s, and tells (D-13.5)', async (_, connecting, run, event) => {
    const { platform, logs, metrics } = platformOf();
    await expect(lane(platform, connecting, () => 0, run)(event, context)).resolves.toEqual({});
    expect(logs()).toMatchObject([{ level: 'ERROR', message: 'the invocation failed' }]);
    expect(metrics()).toMatchObject([{ Failures: 1 }]);
  });
});

describe('an invocation that AWS throttles', () => {
  it('counts as failed and as throttled (D-5.17)', async () => {
    const { platform, metrics } = platformOf();
    const throttled = async () => {
      throw Object.assign(new Error('Rate exceeded'), { name: 'Throttling' });
    };
    await lane(platform, connect, () => 0, throttled)(batch(admitBody), context);
    expect(metrics()).toMatchObject([{ Failures: 1, Throttled: 1 }]);
  });
});

describe('the queue', () => {
  it('gives back the messages that must come back, and no other', async () => {
    const { platform } = platformOf();
    const handler = queue(platform, connect, isHint, async (_, messages) =>
      messages.slice(1).map((one) => one.messageId),
    );
    expect(await handler(batch(lookBody, lookBody, 'scribble'), context)).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm1' }],
    });
  });

  it('says how long a message lay there before it was received, unless it comes back', async () => {
    const { platform } = platformOf();
    const seen: unknown[] = [];
    const handler = queue(platform, connect, isHint, async (_, messages) => {
      seen.push(...messages.map((one) => one.waitedMs));
      return [];
    });
    const sentAt = String(at(-7).getTime());
    const records = ['1', '2'].map((ApproximateReceiveCount) => ({
      messageId: 'm',
      body: lookBody,
      attributes: { SentTimestamp: sentAt, ApproximateReceiveCount },
    }));
    await handler({ Records: [...records, ...batch(lookBody).Records] }, context);
    expect(seen).toEqual([7000, undefined, undefined]);
  });

  it('takes no message of the lane', async () => {
    const { platform, logs } = platformOf();
    await queue(platform, connect, isHint, async () => [])(batch(admitBody), context);
    expect(logs()).toMatchObject([{ why: 'a message of another queue: admit' }]);
  });

  it('fails where its behaviour fails, so that all come back, and tells', async () => {
    const { platform, logs, metrics } = platformOf();
    await expect(queue(platform, connect, isHint, fail)(batch(lookBody), context)).rejects.toThrow(
      'out of order',
    );
    expect(logs()).toMatchObject([{ level: 'ERROR', error: { cause: { message: 'a reason' } } }]);
    expect(metrics()).toMatchObject([{ Failures: 1 }]);
  });
});

describe('the schedule', () => {
  it('hands on the time of the event, the time left and the memory', async () => {
    const { platform } = platformOf();
    const seen: unknown[] = [];
    const handler = schedule(
      platform,
      connect,
      () => ({ sweeps: 0 }),
      async (_, memory, { time, remainingMs }) => void seen.push([++memory.sweeps, time, remainingMs()]),
    );
    await handler({ time: at(60).toISOString() }, context);
    await handler({}, context);
    expect(seen).toEqual([
      [1, at(60), 42_000],
      [2, noon, 42_000],
    ]);
  });

  it('fails where its behaviour fails, so that it is seen', async () => {
    const { platform, metrics } = platformOf();
    await expect(schedule(platform, connect, () => 0, fail)({}, context)).rejects.toThrow('out of order');
    expect(metrics()).toMatchObject([{ Failures: 1 }]);
  });
});

describe('the custom resource', () => {
  const url = 'https://answers.example/1';
  const request = {
    RequestType: 'Delete',
    ResponseURL: url,
    StackId: 's',
    RequestId: 'r',
    LogicalResourceId: 'L',
  };
  const connectEstate = () => ({}) as Estate;

  it('hands on what is asked and the time left, and answers what comes of it', async () => {
    const { platform, answers } = platformOf();
    const seen: unknown[] = [];
    const handler = resource(platform, connectEstate, async (_, asked, remainingMs) => {
      seen.push(asked, remainingMs());
      return { kind: 'failed', reason: 'an instance waits' };
    });
    await expect(handler(request, context)).resolves.toEqual({});
    expect(seen).toEqual(['Delete', 42_000]);
    expect(answers).toMatchObject([
      {
        url,
        Status: 'FAILED',
        Reason: 'an instance waits',
        StackId: 's',
        RequestId: 'r',
        LogicalResourceId: 'L',
      },
    ]);
  });

  it.each([
    ['its behaviour fails', connectEstate, fail, request, 'Error: out of order'],
    [
      'it cannot connect',
      () => {
        throw new Error('SWEEP_RULE is missing');
      },
      async () => ({ kind: 'done' }) as const,
      request,
      'Error: SWEEP_RULE is missing',
    ],
    [
      'it is asked something else',
      connectEstate,
      async () => ({ kind: 'done' }) as const,
      { ...request, RequestType: 'Remove' },
      expect.stringContaining('RequestType'),
    ],
  ])('answers FAILED with the reason where %s, and tells', async (_, connecting, run, event, reason) => {
    const { platform, answers, logs, metrics } = platformOf();
    await expect(resource(platform, connecting, run)(event, context)).resolves.toEqual({});
    expect(answers).toMatchObject([{ url, Status: 'FAILED', Reason: reason }]);
    expect(logs()).toMatchObject([{ level: 'ERROR', message: 'could not do what CloudFormation asks' }]);
    expect(metrics()).toMatchObject([{ Failures: 1 }]);
  });

  it('does nothing and fails where nobody waits for an answer, as when somebody runs it by hand', async () => {
    const { platform, answers } = platformOf();
    const run = () => expect.fail('ran');
    await expect(resource(platform, connectEstate, run)({}, context)).rejects.toThrow('ResponseURL');
    expect(answers).toEqual([]);
  });

  it('fails where the answer is not taken, so that Lambda runs it once more', async () => {
    const { platform } = platformOf();
    const handler = resource({ ...platform, put: async () => 403 }, connectEstate, async () => ({
      kind: 'done',
    }));
    await expect(handler(request, context)).rejects.toThrow('did not take the answer: HTTP status 403');
  });
});
