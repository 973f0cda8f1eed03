import { Fault, type ServiceName } from '../machine.ts';
import { checkInput, checkReply, unknownOperation } from './check.ts';
import { unwrapped } from './chunked.ts';
import { jsonBytes, readJson } from './json.ts';
import { errorModel, operationModel, type Protocol, protocols, serviceNames } from './models.ts';
import { readQuery } from './query.ts';
import { credentialOf, type HttpRequest, headerOf, queryForm } from './request.ts';
import { readRest, writeRest } from './rest.ts';
import { bucketOf } from './s3.ts';
import { faultXml, replyXml, s3FaultXml } from './xml.ts';

export { checkInput };

/** One API call as it came over the wire; times are Date. */
export interface DecodedCall {
  readonly service: ServiceName;
  readonly operation: string;
  readonly input: Record<string, unknown>;
}

/** What goes back over the wire. */
export interface Encoded {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

const bytes = new TextEncoder();
const text = new TextDecoder();

/**
 * Reads a request: which service, which operation, with what input. The target or the version says which service is
 * meant, and the signature where the protocol has neither. Input that does not fit the operation, and operations nobody knows, pass:
 * `checkInput` refuses them. Throws Fault when it is not a request of any service, `WireFault` when it is of one.
 */
export function decode(request: HttpRequest): DecodedCall {
  const service = serviceOf(request);
  const protocol = protocols[service];
  try {
    if (protocol.kind === 'json') return decodeJson(service, request);
    if (protocol.kind === 'query') return decodeQuery(service, request);
    if (protocol.kind === 'rest-json') return { service, ...readRest(service, protocol, request) };
    const { bucket, request: inBucket } = bucketOf(unwrapped(request));
    const outside: Record<string, string> = bucket === undefined ? {} : { Bucket: bucket };
    return { service, ...readRest(service, protocol, inBucket, outside) };
  } catch (error) {
    throw error instanceof Fault ? new WireFault(service, error) : error;
  }
}

/** What is wrong with a request of a service before it is a call. */
export class WireFault extends Fault {
  readonly service: ServiceName;

  constructor(service: ServiceName, { code, message, status }: Fault) {
    super(code, message, status);
    this.service = service;
  }
}

/** The service of a REST protocol that a request was signed for: nothing else names it. */
function restServiceOf(request: HttpRequest): ServiceName | undefined {
  const named = credentialOf(request)?.service;
  return serviceNames.find((name) => name === named && protocols[name].kind.startsWith('rest'));
}

function serviceOf(request: HttpRequest): ServiceName {
  const rest = restServiceOf(request);
  if (rest) return rest;
  const target = headerOf(request.headers, 'x-amz-target');
  if (target !== undefined) return serviceOfTarget(target);
  const form = formOf(request);
  const version = form.get('Version');
  const service = serviceNames.find((name) => {
    const protocol = protocols[name];
    return protocol.kind === 'query' && protocol.version === version;
  });
  if (service) return service;
  throw new Fault(
    'InvalidAction',
    `Could not find operation ${form.get('Action') ?? ''} for version ${version ?? 'NO_VERSION'}`,
  );
}

function serviceOfTarget(target: string): ServiceName {
  const service = serviceNames.find((name) => {
    const protocol = protocols[name];
    return protocol.kind === 'json' && protocol.target === target.split('.')[0];
  });
  if (service) return service;
  throw new Fault('UnknownOperationException', `No service answers to the target ${target}`);
}

function decodeJson(service: ServiceName, request: HttpRequest): DecodedCall {
  const [, operation = ''] = headerOf(request.headers, 'x-amz-target')?.split('.') ?? [];
  const model = operationModel(service, operation);
  return { service, operation, input: model ? readJson(model.input, text.decode(request.body)) : {} };
}

/** A form stands in the body, or in the query of a GET. */
function formOf(request: HttpRequest): URLSearchParams {
  if (request.method !== 'GET') return new URLSearchParams(text.decode(request.body));
  return queryForm(request);
}

function decodeQuery(service: ServiceName, request: HttpRequest): DecodedCall {
  const form = formOf(request);
  const operation = form.get('Action') ?? '';
  const model = operationModel(service, operation);
  return { service, operation, input: model ? readQuery(model.input, form) : {} };
}

/** Writes the answer to a call. Throws when the reply does not fit the service's model. */
export function encodeReply(
  service: ServiceName,
  operation: string,
  reply: Record<string, unknown>,
  requestId: string,
): Encoded {
  checkReply(service, operation, reply);
  const protocol = protocols[service];
  const model = operationModel(service, operation);
  if (!model) throw unknownOperation(service, operation);
  if (protocol.kind === 'query') {
    const xml = replyXml(protocol.xmlNamespace, operation, model.output, reply, requestId);
    return { status: 200, headers: headersOf(protocol, requestId), body: bytes.encode(xml) };
  }
  if (protocol.kind === 'json')
    return { status: 200, headers: headersOf(protocol, requestId), body: jsonBytes(model.output, reply) };
  const { status, headers, body } = writeRest(service, protocol, operation, reply);
  return { status, headers: { ...requestIdHeaders(protocol, requestId), ...headers }, body };
}

/**
 * Writes an error as AWS does; a code that the model declares gets the model's status (D-6.16), others the Fault's.
 * `method`: of the request; the answer to a HEAD has no body.
 */
export function encodeFault(service: ServiceName, fault: Fault, requestId: string, method = 'POST'): Encoded {
  const protocol = protocols[service];
  const { status, code, name } = shownAs(service, fault);
  const sender = status < 500 ? 'Sender' : 'Receiver';
  const headers = headersOf(protocol, requestId);
  const { message } = fault;
  switch (protocol.kind) {
    case 'query': {
      const xml = faultXml(protocol.xmlNamespace, { type: sender, code, message }, requestId);
      return { status, headers, body: bytes.encode(xml) };
    }
    case 'rest-xml': {
      const body = method === 'HEAD' ? '' : s3FaultXml({ code: name, message }, requestId);
      return { status, headers, body: bytes.encode(body) };
    }
    case 'rest-json': {
      headers['x-amzn-errortype'] = name;
      const type = status < 500 ? 'User' : 'Service';
      return { status, headers, body: bytes.encode(JSON.stringify({ Type: type, Message: message })) };
    }
    case 'json': {
      // SQS spoke the query protocol before: its errors keep their old codes in a header beside the new name.
      if (service === 'sqs') headers['x-amzn-query-error'] = `${code};${sender}`;
      const type = service === 'sqs' ? `${protocol.namespace}#${name}` : name;
      return { status, headers, body: bytes.encode(JSON.stringify({ __type: type, message })) };
    }
  }
}

/** How an error is known to clients: by its name, its code in the query protocol, and its HTTP status (D-6.16). */
export function shownAs(service: ServiceName, fault: Fault) {
  const declared = errorModel(service, fault.code);
  return {
    status: declared?.status ?? fault.status,
    code: declared?.queryCode ?? fault.code,
    name: declared?.name ?? fault.code,
  };
}

/** Writes an error about a request that is of no service, in the protocol that it seems to speak. */
export function encodeRefusal(request: HttpRequest, fault: Fault, requestId: string): Encoded {
  const known = fault instanceof WireFault ? fault.service : restServiceOf(request);
  if (known) return encodeFault(known, fault, requestId, request.method);
  const { code, message, status } = fault;
  const type = headerOf(request.headers, 'content-type') ?? '';
  if (headerOf(request.headers, 'x-amz-target') !== undefined || type.includes('json')) {
    const version = /json-1\.\d/.exec(type)?.[0] ?? 'json-1.1';
    const headers = { 'content-type': `application/x-amz-${version}`, 'x-amzn-requestid': requestId };
    return { status, headers, body: bytes.encode(JSON.stringify({ __type: code, message })) };
  }
  const error = { type: status < 500 ? 'Sender' : 'Receiver', code, message };
  const headers = { 'content-type': 'text/xml', 'x-amzn-requestid': requestId };
  return { status, headers, body: bytes.encode(faultXml('', error, requestId)) };
}

/** The SDK takes the request id from the header, in every protocol (D-6.5, D-6.17). */
function requestIdHeaders(protocol: Protocol, requestId: string): Record<string, string> {
  return protocol.kind === 'rest-xml'
    ? { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId }
    : { 'x-amzn-requestid': requestId };
}

function headersOf(protocol: Protocol, requestId: string): Record<string, string> {
  const types = {
    json: `application/x-amz-json-${'version' in protocol ? protocol.version : ''}`,
    query: 'text/xml',
    'rest-xml': 'application/xml',
    'rest-json': 'application/json',
  };
  return { 'content-type': types[protocol.kind], ...requestIdHeaders(protocol, requestId) };
}
