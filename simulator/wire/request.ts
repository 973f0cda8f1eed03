import { Fault } from '../machine.ts';
/** An HTTP request as it was on the wire; the path is still percent-encoded, the values of the query are not. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string | readonly string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A header, whatever the case of its name. */
export function headerOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return headers[name] ?? Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
}

/** A value of the query; undefined: it is not there. */
export function queryValue({ query }: Pick<HttpRequest, 'query'>, name: string): string | undefined {
  const value = Object.hasOwn(query, name) ? query[name] : undefined;
  if (value === undefined) return undefined;
  return value === null ? '' : ([value].flat()[0] ?? '');
}

/** Who signed a request, for which service; undefined: nobody. */
export function credentialOf(
  request: Pick<HttpRequest, 'headers' | 'query'>,
): { readonly accessKeyId: string; readonly service: string } | undefined {
  const inHeader = /\bCredential=([^,\s]+)/.exec(headerOf(request.headers, 'authorization') ?? '')?.[1];
  const scope = inHeader ?? queryValue(request, 'X-Amz-Credential');
  const [accessKeyId, , , service] = scope?.split('/') ?? [];
  return accessKeyId && service ? { accessKeyId, service } : undefined;
}

/** The query as a form, one value a name. */
export function queryForm(request: Pick<HttpRequest, 'query'>): URLSearchParams {
  const form = new URLSearchParams();
  for (const name of Object.keys(request.query)) form.append(name, queryValue(request, name) ?? '');
  return form;
}

const utf8 = new TextEncoder();

/** The body of a request as bytes. Throws where it is neither text nor bytes. */
export function bytesOf(body: unknown): Uint8Array {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === 'string') return utf8.encode(body);
  if (body instanceof Uint8Array) return body;
  throw new Error(`A request body that is neither text nor bytes: ${typeof body}`);
}

/** AWS's answer to a request without credentials: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html */
export function unsigned({ headers }: HttpRequest): Fault {
  const isJson = Object.keys(headers).some((name) => name.toLowerCase() === 'x-amz-target');
  const code = isJson ? 'MissingAuthenticationTokenException' : 'MissingAuthenticationToken';
  return new Fault(code, 'Request is missing Authentication Token', isJson ? 400 : 403);
}
