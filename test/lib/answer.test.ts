import { describe, expect, it } from 'vitest';
import { answerBody, sendAnswer } from '../../lib/answer.ts';

const address = {
  responseUrl: 'https://cloudformation-custom-resource-response.s3.amazonaws.com/answer?Signature=secret',
  stackId: 'arn:aws:cloudformation:eu-west-1:111122223333:stack/ecs-steward-prod/5f0e',
  requestId: 'request-1',
  logicalResourceId: 'Uninstall',
  physicalResourceId: 'ecs-steward',
};
const done = { kind: 'done' } as const;
const failed = (reason: string) => ({ kind: 'failed', reason }) as const;
const read = (text: string) => JSON.parse(text) as Record<string, string>;

describe('an answer', () => {
  it('says SUCCESS and repeats what identifies request and resource', () => {
    expect(read(answerBody(address, done))).toEqual({
      Status: 'SUCCESS',
      PhysicalResourceId: 'ecs-steward',
      StackId: address.stackId,
      RequestId: 'request-1',
      LogicalResourceId: 'Uninstall',
    });
  });

  it('says FAILED and why', () => {
    expect(read(answerBody(address, failed('an instance waits')))).toMatchObject({
      Status: 'FAILED',
      Reason: 'an instance waits',
    });
  });

  it.each(['"', '\\', '\n', 'a', 'ü', '🚧'])(
    'never has more than the 4096 bytes that CloudFormation takes: not with a reason of thousands of %j',
    (character) => {
      const longest = {
        ...address,
        stackId: 's'.repeat(300),
        logicalResourceId: 'L'.repeat(255),
        physicalResourceId: 'p'.repeat(1024),
      };
      const body = answerBody(longest, failed(character.repeat(5000)));
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4096);
      expect(read(body).Reason).toHaveLength(1000);
    },
  );
});

describe('sending an answer', () => {
  /** A platform whose puts end as given, one after the other. */
  const platformOf = (...ends: (number | Error)[]) => {
    const puts: [string, string][] = [];
    const slept: number[] = [];
    const warnings: string[] = [];
    const quiet = () => {};
    return {
      puts,
      slept,
      warnings,
      log: {
        debug: quiet,
        info: quiet,
        error: quiet,
        warn: (message: string, fields: object) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
      },
      platform: {
        put: async (url: string, body: string) => {
          puts.push([url, body]);
          const end = ends[puts.length - 1] ?? 200;
          if (end instanceof Error) throw end;
          return end;
        },
        sleep: async (milliseconds: number) => void slept.push(milliseconds),
      },
    };
  };

  it('puts it to the URL of the request, once', async () => {
    const { platform, log, puts } = platformOf(200);
    await sendAnswer(platform, log, address, done);
    expect(puts).toEqual([[address.responseUrl, answerBody(address, done)]]);
  });

  it('tries again, ever later, where nobody answers or the answer is not taken', async () => {
    const { platform, log, puts, slept } = platformOf(new Error('connect ECONNREFUSED'), 503, 403);
    await sendAnswer(platform, log, address, done);
    expect(puts).toHaveLength(4);
    expect(slept).toEqual([0, 1000, 2000, 4000]);
  });

  it('gives up after five attempts, with the last reason', async () => {
    const { platform, log, puts } = platformOf(500, 500, 500, 500, 403);
    await expect(sendAnswer(platform, log, address, done)).rejects.toThrow(
      'CloudFormation did not take the answer: HTTP status 403',
    );
    expect(puts).toHaveLength(5);
  });

  it('never writes the URL, whose signature is a secret, into the log', async () => {
    const { platform, log, warnings } = platformOf(500, new Error('fetch failed'));
    await sendAnswer(platform, log, address, done);
    expect(warnings).toHaveLength(2);
    expect(warnings.join()).not.toContain('secret');
  });
});
