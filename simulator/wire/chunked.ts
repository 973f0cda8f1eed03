import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { Fault } from '../machine.ts';
import { type HttpRequest, headerOf } from './request.ts';

/** The checksums that are worked out here; others are kept as they are given. */
const digests: Readonly<Record<string, (body: Uint8Array) => string>> = {
  'x-amz-checksum-crc32': (body) => {
    const digest = Buffer.alloc(4);
    digest.writeUInt32BE(crc32(body));
    return digest.toString('base64');
  },
  'x-amz-checksum-sha1': (body) => createHash('sha1').update(body).digest('base64'),
  'x-amz-checksum-sha256': (body) => createHash('sha256').update(body).digest('base64'),
  'content-md5': (body) => createHash('md5').update(body).digest('base64'),
};

/**
 * The request with the body that is meant: out of the chunks of `aws-chunked`, whose trailer becomes headers. Throws
 * Fault for chunks that are none, and for a body that is not the one that its checksum was made of.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export function unwrapped(request: HttpRequest): HttpRequest {
  const encoding = headerOf(request.headers, 'content-encoding') ?? '';
  const isChunked =
    encoding.includes('aws-chunked') ||
    headerOf(request.headers, 'x-amz-content-sha256')?.startsWith('STREAMING-') === true;
  const whole = isChunked ? unchunked(request, encoding) : request;
  for (const [name, digest] of Object.entries(digests)) {
    const given = headerOf(whole.headers, name);
    if (given === undefined || given === digest(whole.body)) continue;
    if (name === 'content-md5')
      throw new Fault('BadDigest', 'The Content-MD5 you specified did not match what we received.');
    const algorithm = name.replace('x-amz-checksum-', '').toUpperCase();
    throw new Fault('BadDigest', `The ${algorithm} you specified did not match the calculated checksum.`);
  }
  return whole;
}

function unchunked(request: HttpRequest, encoding: string): HttpRequest {
  const parts: Uint8Array[] = [];
  const body = Buffer.from(request.body);
  let at = 0;
  for (;;) {
    const lineEnd = body.indexOf('\r\n', at);
    const [size] = /^[0-9a-fA-F]+(?=$|;)/.exec(body.toString('latin1', at, Math.max(at, lineEnd))) ?? [];
    if (lineEnd < 0 || size === undefined) throw incomplete();
    const begin = lineEnd + 2;
    const length = Number.parseInt(size, 16);
    if (begin + length > body.length) throw incomplete();
    at = begin + length;
    if (length === 0) break;
    parts.push(body.subarray(begin, at));
    if (body.toString('latin1', at, at + 2) !== '\r\n') throw incomplete();
    at += 2;
  }
  const trailers = body
    .toString('latin1', at)
    .split('\r\n')
    .flatMap((line) => {
      const [, name, value] = /^([\w-]+):(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name.toLowerCase(), value?.trim() ?? '']];
    });
  const meant = new Uint8Array(Buffer.concat(parts));
  const expected = headerOf(request.headers, 'x-amz-decoded-content-length');
  if (expected !== undefined && Number(expected) !== meant.length) throw incomplete();
  const rest = encoding
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== 'aws-chunked' && name !== '');
  const others = Object.entries(request.headers).filter(
    ([name]) => name.toLowerCase() !== 'content-encoding',
  );
  const headers = Object.fromEntries([
    ...others,
    ...(rest.length > 0 ? [['content-encoding', rest.join(',')]] : []),
    ...trailers,
  ]);
  return { ...request, headers, body: meant };
}

const incomplete = () =>
  new Fault(
    'IncompleteBody',
    'The request body terminated unexpectedly: expected chunks of aws-chunked and the length in x-amz-decoded-content-length.',
  );
