import type { Account } from './account.ts';
import type { WireRequest, WireResponse } from './endpoint.ts';
import { Fault } from './machine.ts';
import { decode, encodeFault, encodeReply } from './wire/wire.ts';

/** An HTTP request with everything that says where it goes. `path` and `query` are as they came, still encoded. */
export interface DoorRequest extends WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly body: Uint8Array;
}

const bytes = new TextEncoder();
const text = new TextDecoder();

/** The access key that signed a request, in its Authorization or its query; undefined: it is not signed. */
export function accessKeyIn({ headers, query }: DoorRequest): string | undefined {
  const given = headers.authorization ?? '';
  const inQuery = new URLSearchParams(query).get('X-Amz-Credential');
  return /\bCredential=([^/,\s]+)\//.exec(given)?.[1] ?? inQuery?.split('/')[0];
}

/** Answers a request of the account's operator at once, errors as AWS writes them. Throws what is a fault of ours. */
export function answerOperator(account: Account, request: DoorRequest, requestId: string): WireResponse {
  let call: ReturnType<typeof decode> | undefined;
  try {
    if (accessKeyIn(request) === undefined) throw unsigned(request);
    call = decode({ headers: request.headers, body: text.decode(request.body) });
    const { service, operation, input } = call;
    const { status, headers, body } = encodeReply(
      service,
      operation,
      account.call(service, operation, input),
      requestId,
    );
    return { statusCode: status, headers, body };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    if (!call) return refusal(request, error, requestId);
    const { status, headers, body } = encodeFault(call.service, error, requestId);
    return { statusCode: status, headers, body };
  }
}

/** An error about a request that reached no service, in the protocol that the request speaks. */
export function refusal(request: DoorRequest, fault: Fault, requestId: string): WireResponse {
  const { code, message, status: statusCode } = fault;
  const target = request.headers['x-amz-target'];
  const type = request.headers['content-type'] ?? '';
  const named = { 'x-amzn-requestid': requestId };
  if (target !== undefined || type.includes('json')) {
    const version = /json-1\.\d/.exec(type)?.[0] ?? 'json-1.1';
    const headers = { ...named, 'content-type': `application/x-amz-${version}`, 'x-amzn-errortype': code };
    return { statusCode, headers, body: bytes.encode(JSON.stringify({ __type: code, message })) };
  }
  const sender = statusCode < 500 ? 'Sender' : 'Receiver';
  const error = `<Error><Type>${sender}</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error>`;
  const xml = `<ErrorResponse>${error}<RequestId>${requestId}</RequestId></ErrorResponse>`;
  return { statusCode, headers: { ...named, 'content-type': 'text/xml' }, body: bytes.encode(xml) };
}

/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html */
function unsigned({ headers }: DoorRequest): Fault {
  const isJson = headers['x-amz-target'] !== undefined;
  const code = isJson ? 'MissingAuthenticationTokenException' : 'MissingAuthenticationToken';
  return new Fault(code, 'Request is missing Authentication Token', isJson ? 400 : 403);
}

const escaped = (value: string) => value.replace(/[<&>]/g, (character) => `&#${character.charCodeAt(0)};`);
