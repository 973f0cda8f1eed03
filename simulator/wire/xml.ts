import { XmlCodec } from '@aws-sdk/core/protocols';
import type { NormalizedSchema } from '@smithy/core/schema';

/** Times in XML are ISO 8601 (D-6.18; schema code 5 of the SDK). */
const codecOf = (xmlNamespace: string) =>
  new XmlCodec({
    timestampFormat: { useTrait: true, default: 5 },
    httpBindings: false,
    xmlNamespace,
    serviceNamespace: '',
  });

/**
 * An answer in the query protocol. Operations without output have no result element, those whose output has no
 * members an empty one (D-6.14); without the element an SDK reads nothing at all, silently (D-6.13).
 */
export function replyXml(
  xmlNamespace: string,
  operation: string,
  output: NormalizedSchema,
  reply: Record<string, unknown>,
  requestId: string,
): string {
  const result = output.isUnitSchema()
    ? ''
    : `<${operation}Result>${membersXml(xmlNamespace, output, reply)}</${operation}Result>`;
  const metadata = `<ResponseMetadata><RequestId>${escaped(requestId)}</RequestId></ResponseMetadata>`;
  return `<${operation}Response xmlns="${xmlNamespace}">${result}${metadata}</${operation}Response>`;
}

/** An error in the query protocol (D-6.15). */
export function faultXml(
  xmlNamespace: string,
  error: { readonly type: string; readonly code: string; readonly message: string },
  requestId: string,
): string {
  const { type, code, message } = error;
  const fields = `<Type>${type}</Type><Code>${escaped(code)}</Code><Message>${escaped(message)}</Message>`;
  return `<ErrorResponse xmlns="${xmlNamespace}"><Error>${fields}</Error><RequestId>${escaped(requestId)}</RequestId></ErrorResponse>`;
}

/** An error of S3: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export function s3FaultXml(
  { code, message }: { readonly code: string; readonly message: string },
  requestId: string,
): string {
  const ids = `<RequestId>${escaped(requestId)}</RequestId><HostId>${escaped(requestId)}</HostId>`;
  const fields = `<Code>${escaped(code)}</Code><Message>${escaped(message)}</Message>`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${fields}${ids}</Error>`;
}

/** The codec writes an element named after the shape; the protocol names it after the operation. */
function membersXml(xmlNamespace: string, output: NormalizedSchema, reply: Record<string, unknown>): string {
  const writer = codecOf(xmlNamespace).createSerializer();
  writer.write(output, reply);
  return String(writer.flush())
    .replace(/^<[^>]*>/, '')
    .replace(/<\/[^<>]*>$/, '');
}

const escaped = (text: string) => text.replace(/[<&>]/g, (character) => `&#${character.charCodeAt(0)};`);
