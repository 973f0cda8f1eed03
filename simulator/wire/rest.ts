import { XmlCodec } from '@aws-sdk/core/protocols';
import type { NormalizedSchema } from '@smithy/core/schema';
import { Fault, type ServiceName } from '../machine.ts';
import { jsonBytes, readJson } from './json.ts';
import { type RestProtocol, restModel } from './models.ts';
import { type HttpRequest, headerOf } from './request.ts';
import { addressed } from './route.ts';

/** What goes back, without the headers that every answer has. */
export interface RestReply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

const utf8 = new TextEncoder();
const text = new TextDecoder();

/** Times in XML are ISO 8601, in headers RFC 7231 (schema codes 5 and 6 of the SDK). */
const codecOf = (xmlNamespace: string) =>
  new XmlCodec({
    timestampFormat: { useTrait: true, default: 5 },
    httpBindings: true,
    xmlNamespace,
    serviceNamespace: '',
  });

/**
 * Reads a request of a REST protocol: which operation, with what input. `outside`: what of the address does not stand in
 * the path. Throws Fault when there is no such operation.
 */
export function readRest(
  service: ServiceName,
  protocol: RestProtocol,
  request: HttpRequest,
  outside: Readonly<Record<string, string>> = {},
): { operation: string; input: Record<string, unknown> } {
  const found = addressed(service, request, outside);
  const model = found && restModel(service, found.operation);
  if (!found || !model) throw unaddressed(protocol, request);
  const input: Record<string, unknown> = {};
  const inBody: string[] = [];
  for (const [name, member] of model.input.structIterator()) {
    const traits = member.getMergedTraits();
    if (traits.httpLabel) put(input, name, found.labels[name]);
    else if (traits.httpQuery) put(input, name, queryMember(member, request, traits.httpQuery));
    else if (traits.httpHeader) put(input, name, headerMember(member, request, traits.httpHeader));
    else if (traits.httpPrefixHeaders) put(input, name, prefixed(request.headers, traits.httpPrefixHeaders));
    else if (traits.httpPayload) put(input, name, readPayload(member, protocol, request.body));
    else inBody.push(name);
  }
  if (inBody.length > 0) Object.assign(input, readDocument(model.input, protocol, request.body));
  return { operation: found.operation, input };
}

const put = (input: Record<string, unknown>, name: string, value: unknown) => {
  if (value !== undefined) input[name] = value;
};

function queryMember(member: NormalizedSchema, { query }: HttpRequest, name: string): unknown {
  const given = Object.hasOwn(query, name) ? query[name] : undefined;
  if (given === undefined) return undefined;
  const values = given === null ? [''] : [given].flat();
  if (member.isListSchema()) return values.map((value) => scalar(member.getValueSchema(), value));
  return scalar(member, values[0] ?? '');
}

function headerMember(member: NormalizedSchema, { headers }: HttpRequest, name: string): unknown {
  const given = headerOf(headers, name.toLowerCase());
  if (given === undefined) return undefined;
  if (!member.isListSchema()) return scalar(member, given);
  return given.split(',').map((value) => scalar(member.getValueSchema(), value.trim()));
}

function prefixed(headers: HttpRequest['headers'], prefix: string): Record<string, string> | undefined {
  const found = Object.entries(headers)
    .filter(([name]) => name.toLowerCase().startsWith(prefix))
    .map(([name, value]) => [name.toLowerCase().slice(prefix.length), value]);
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/** What does not parse as its type stays the text it is, for `checkInput` to refuse. */
function scalar(schema: NormalizedSchema, value: string): unknown {
  if (schema.isBooleanSchema()) return value === 'true' || (value === 'false' ? false : value);
  if (schema.isNumericSchema()) return /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value;
  if (schema.isTimestampSchema()) return Number.isNaN(Date.parse(value)) ? value : new Date(value);
  return value;
}

function readPayload(member: NormalizedSchema, protocol: RestProtocol, body: Uint8Array): unknown {
  if (member.isBlobSchema()) return body;
  if (member.isStringSchema()) return text.decode(body);
  return body.length === 0 ? undefined : readDocument(member, protocol, body);
}

function readDocument(
  schema: NormalizedSchema,
  protocol: RestProtocol,
  body: Uint8Array,
): Record<string, unknown> {
  if (body.length === 0) return {};
  if (protocol.kind === 'rest-json') return readJson(schema, text.decode(body));
  try {
    return codecOf(protocol.xmlNamespace).createDeserializer().read(schema, body) as Record<string, unknown>;
  } catch (cause) {
    throw Object.assign(malformedXml(), { cause });
  }
}

const malformedXml = () =>
  new Fault(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  );

/** Writes the answer to a call: members in headers, the payload as it is, whatever is left as a document. */
export function writeRest(
  service: ServiceName,
  protocol: RestProtocol,
  operation: string,
  reply: Record<string, unknown>,
): RestReply {
  const model = restModel(service, operation);
  if (!model) throw new Error(`${service} has no operation ${operation}`);
  const headers: Record<string, string> = {};
  const document: Record<string, unknown> = {};
  let [method, , status] = model.http;
  let body: Uint8Array | undefined;
  let hasDocument = false;
  for (const [name, member] of model.output.isUnitSchema() ? [] : model.output.structIterator()) {
    const traits = member.getMergedTraits();
    const value = reply[name];
    const isBound =
      traits.httpHeader || traits.httpPrefixHeaders || traits.httpResponseCode || traits.httpPayload;
    if (!isBound) hasDocument = true;
    if (value === undefined || value === null) continue;
    if (traits.httpHeader) headers[traits.httpHeader.toLowerCase()] = headerText(value);
    else if (traits.httpPrefixHeaders) Object.assign(headers, withPrefix(traits.httpPrefixHeaders, value));
    else if (traits.httpResponseCode) status = Number(value);
    else if (traits.httpPayload) body = writePayload(member, protocol, value);
    else document[name] = value;
  }
  if (body === undefined && hasDocument) body = writeDocument(model.output, protocol, document);
  if (body !== undefined && hasDocument && headers['content-type'] === undefined)
    headers['content-type'] = protocol.kind === 'rest-json' ? 'application/json' : 'application/xml';
  return { status, headers, body: method === 'HEAD' ? new Uint8Array() : (body ?? new Uint8Array()) };
}

const headerText = (value: unknown) => (value instanceof Date ? value.toUTCString() : String(value));

const withPrefix = (prefix: string, values: unknown) =>
  Object.fromEntries(
    Object.entries(values as Record<string, string>).map(([name, value]) => [`${prefix}${name}`, value]),
  );

function writePayload(member: NormalizedSchema, protocol: RestProtocol, value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return utf8.encode(value);
  return writeDocument(member, protocol, value as Record<string, unknown>);
}

function writeDocument(
  schema: NormalizedSchema,
  protocol: RestProtocol,
  value: Record<string, unknown>,
): Uint8Array {
  if (protocol.kind === 'rest-json') return jsonBytes(schema, value);
  const writer = codecOf(protocol.xmlNamespace).createSerializer();
  writer.write(schema, value);
  return utf8.encode(`<?xml version="1.0" encoding="UTF-8"?>\n${writer.flush()}`);
}

function unaddressed({ kind }: RestProtocol, { method, path }: HttpRequest): Fault {
  if (kind === 'rest-json')
    return new Fault('UnknownOperationException', `No operation answers to ${method} ${path}`, 404);
  return new Fault(
    'MethodNotAllowed',
    `The specified method is not allowed against this resource: ${method} ${path}`,
    405,
  );
}
