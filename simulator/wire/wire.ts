import { JsonCodec2, JsonShapeDeserializer2 } from '@aws-sdk/core/protocols';
import type { NormalizedSchema } from '@smithy/core/schema';
import { Fault, type ServiceName } from '../machine.ts';
import { checkInput, checkReply, unknownOperation } from './check.ts';
import { errorModel, operationModel, protocols, serviceNames } from './models.ts';
import { readQuery } from './query.ts';
import { faultXml, replyXml } from './xml.ts';

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

/** Times in JSON are epoch seconds with a fraction (D-6.3; schema code 7 of the SDK). */
const jsonSettings = { timestampFormat: { useTrait: true, default: 7 }, jsonName: false } as const;
const json = new JsonCodec2(jsonSettings);
const jsonReader = new JsonShapeDeserializer2(jsonSettings);

/**
 * Reads a request: which service, which operation, with what input. Input that does not fit the operation, and
 * operations nobody knows, pass: `checkInput` refuses them. Throws Fault when it is not a request of any service.
 */
export function decode(request: {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}): DecodedCall {
  const target = headerOf(request.headers, 'x-amz-target');
  return target === undefined ? decodeQuery(request.body) : decodeJson(target, request.body);
}

function headerOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

function decodeJson(target: string, body: string): DecodedCall {
  const [prefix, operation = ''] = target.split('.');
  const service = serviceNames.find((name) => {
    const protocol = protocols[name];
    return protocol.kind === 'json' && protocol.target === prefix;
  });
  if (!service) throw new Fault('UnknownOperationException', `No service answers to the target ${target}`);
  const model = operationModel(service, operation);
  return { service, operation, input: model ? readJson(model.input, body) : {} };
}

function readJson(schema: NormalizedSchema, body: string): Record<string, unknown> {
  try {
    const value = JSON.parse(body === '' ? '{}' : body);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new Error(`Expected an object, got ${body.slice(0, 100)}`);
    return jsonReader.readObject(schema, value);
  } catch (cause) {
    throw new Fault('SerializationException', cause instanceof Error ? cause.message : String(cause));
  }
}

function decodeQuery(body: string): DecodedCall {
  const form = new URLSearchParams(body);
  const operation = form.get('Action') ?? '';
  const version = form.get('Version');
  const service = serviceNames.find((name) => {
    const protocol = protocols[name];
    return protocol.kind === 'query' && protocol.version === version;
  });
  if (!service)
    throw new Fault(
      'InvalidAction',
      `Could not find operation ${operation} for version ${version ?? 'NO_VERSION'}`,
    );
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
    const text = replyXml(protocol.xmlNamespace, operation, model.output, reply, requestId);
    return { status: 200, headers: xmlHeaders(requestId), body: bytes.encode(text) };
  }
  const writer = json.createSerializer();
  if (!model.output.isUnitSchema()) writer.write(model.output, reply);
  const body = model.output.isUnitSchema() ? bytes.encode('{}') : plain(writer.flush());
  return { status: 200, headers: jsonHeaders(protocol.version, requestId), body };
}

/** The SDK's writer gives a subclass that plays a string and warns when taken for one. */
const plain = (view: Uint8Array) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

/** Writes an error as AWS does; a code that the model declares gets the model's status (D-6.16), others the Fault's. */
export function encodeFault(service: ServiceName, fault: Fault, requestId: string): Encoded {
  const protocol = protocols[service];
  const declared = errorModel(service, fault.code);
  const status = declared?.status ?? fault.status;
  const code = declared?.queryCode ?? fault.code;
  const sender = status < 500 ? 'Sender' : 'Receiver';
  if (protocol.kind === 'query') {
    const { message } = fault;
    const text = faultXml(protocol.xmlNamespace, { type: sender, code, message }, requestId);
    return { status, headers: xmlHeaders(requestId), body: bytes.encode(text) };
  }
  const headers = jsonHeaders(protocol.version, requestId);
  const name = declared?.name ?? fault.code;
  // SQS spoke the query protocol before: its errors keep their old codes in a header beside the new name.
  if (service === 'sqs') headers['x-amzn-query-error'] = `${code};${sender}`;
  const type = service === 'sqs' ? `${protocol.namespace}#${name}` : name;
  return { status, headers, body: bytes.encode(JSON.stringify({ __type: type, message: fault.message })) };
}

/** The SDK takes the request id from the header, in both protocols (D-6.5, D-6.17). */
const jsonHeaders = (version: string, requestId: string): Record<string, string> => ({
  'content-type': `application/x-amz-json-${version}`,
  'x-amzn-requestid': requestId,
});

const xmlHeaders = (requestId: string): Record<string, string> => ({
  'content-type': 'text/xml',
  'x-amzn-requestid': requestId,
});
