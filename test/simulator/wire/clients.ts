import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { ECSClient } from '@aws-sdk/client-ecs';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SQSClient } from '@aws-sdk/client-sqs';
import { SSMClient } from '@aws-sdk/client-ssm';
import { ConfiguredRetryStrategy } from '@smithy/core/retry';
import { Fault } from '../../../simulator/machine.ts';
import type { HttpRequest } from '../../../simulator/wire/request.ts';
import {
  checkInput,
  type DecodedCall,
  decode,
  encodeFault,
  encodeReply,
} from '../../../simulator/wire/wire.ts';

/** What a client sent, as it was on the wire. */
export interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const requestId = '11111111-2222-4333-8444-555555555555';

/** Real SDK clients whose network is `answer`: it returns a reply or throws a Fault. */
export function clients(answer: (call: DecodedCall) => Record<string, unknown>) {
  const sent: Sent[] = [];
  const calls: DecodedCall[] = [];
  const handle = async (request: Omit<HttpRequest, 'body'> & { body?: unknown }) => {
    const given = request.body as string | Uint8Array | undefined;
    const sentBody = Buffer.from(typeof given === 'string' ? given : Uint8Array.from(given ?? []));
    sent.push({ headers: request.headers, body: sentBody.toString() });
    const call = decode({ ...request, body: sentBody });
    calls.push(call);
    const { status, headers, body } = reply(call, answer);
    return { response: { statusCode: status, headers, body } };
  };
  const options = {
    region: 'eu-west-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: { handle },
    retryStrategy: new ConfiguredRetryStrategy(3, 0),
  };
  return {
    sent,
    calls,
    ecs: new ECSClient(options),
    autoscaling: new AutoScalingClient(options),
    sqs: new SQSClient(options),
    ssm: new SSMClient(options),
    events: new EventBridgeClient(options),
  };
}

function reply(call: DecodedCall, answer: (call: DecodedCall) => Record<string, unknown>) {
  const { service, operation, input } = call;
  try {
    checkInput(service, operation, input);
    return encodeReply(service, operation, answer(call), requestId);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return encodeFault(service, error, requestId);
  }
}

/** Clients whose every call fails with one error. */
export const failing = (code: string, message: string, status?: number) =>
  clients(() => {
    throw new Fault(code, message, status);
  });

const post = { method: 'POST', path: '/', query: {} };

/** A request of the query protocol as it is on the wire. */
export const form = (fields: string): HttpRequest => ({
  ...post,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body: Buffer.from(fields),
});

/** A request of a JSON protocol as it is on the wire. */
export const jsonRequest = (target: string, body: string): HttpRequest => ({
  ...post,
  headers: { 'X-Amz-Target': target },
  body: Buffer.from(body),
});
