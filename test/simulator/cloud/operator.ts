import { Readable } from 'node:stream';
import { CloudFormationClient, DescribeStackEventsCommand } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SQSClient } from '@aws-sdk/client-sqs';
import { STSClient } from '@aws-sdk/client-sts';
import { Account, type AccountOptions } from '../../../simulator/account.ts';
import type { Handler, Platform } from '../../../simulator/cloud/lambda/lambda.ts';
import type { WireRequest, WireResponse } from '../../../simulator/endpoint.ts';

/** What the code in a package does: the package is a text that names it. */
export type Programs = Readonly<Record<string, (platform: Platform) => Handler>>;

/** An account whose packages are names of programs, and the operator's real SDK clients to it. */
export function operated(programs: Programs = {}, options: Partial<AccountOptions> = {}) {
  const codeOf = (zip: Uint8Array) => {
    const name = new TextDecoder().decode(zip);
    return programs[name] ?? (() => async () => name);
  };
  const account = new Account({ seed: 1, codeOf, ...options });
  const config = clientConfig(account);
  const cloudformation = new CloudFormationClient(config);
  /** The events of a stack as `logical id: status`, oldest first. */
  const eventsOf = async (StackName: string) => {
    const { StackEvents = [] } = await cloudformation.send(new DescribeStackEventsCommand({ StackName }));
    return StackEvents.reverse();
  };
  return {
    account,
    cloudformation,
    eventsOf,
    s3: new S3Client(config),
    sqs: new SQSClient(config),
    sts: new STSClient(config),
    lambda: new LambdaClient(config),
  };
}

/** How a real client reaches the account, with an access key of nobody's. */
export function clientConfig(account: Account, accessKeyId = 'test') {
  const handle = (request: WireRequest) =>
    new Promise<{ response: Omit<WireResponse, 'body'> & { body: Readable } }>((resolve) =>
      account.endpoint.serve(request, (response) =>
        resolve({ response: { ...response, body: Readable.from([response.body], { objectMode: false }) } }),
      ),
    );
  return {
    region: account.region,
    credentials: { accessKeyId, secretAccessKey: 'test' },
    maxAttempts: 1,
    requestHandler: { handle },
  };
}

/** Resolves when an operation has been called so many times: a client takes some turns before it sends. */
export async function called(account: Account, operation: string, times: number): Promise<void> {
  const count = () => account.endpoint.calls.filter((call) => call.operation === operation).length;
  for (let turn = 0; count() < times; turn++) {
    if (turn > 1000) throw new Error(`${operation} was called ${count()} times, expected ${times}`);
    await new Promise(setImmediate);
  }
}
