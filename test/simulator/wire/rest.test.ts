import { describe, expect, it } from 'vitest';
import type { HttpRequest } from '../../../simulator/wire/request.ts';
import { decode, encodeReply } from '../../../simulator/wire/wire.ts';
import { requestId } from './clients.ts';

const signed = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=key/20260504/eu-west-1/${service}/aws4_request, Signature=x`,
});

const request = (overrides: Partial<HttpRequest> & { service?: string } = {}): HttpRequest => {
  const { service = 's3', headers = {}, ...others } = overrides;
  return {
    ...{ method: 'GET', path: '/', query: {}, body: new Uint8Array() },
    ...others,
    headers: { ...signed(service), ...headers },
  };
};

describe('a REST request', () => {
  it.each<[string, Partial<HttpRequest>, string, Record<string, unknown>]>([
    ['a bucket in the path', { path: '/b' }, 'ListObjects', { Bucket: 'b' }],
    ['a bucket with a slash', { path: '/b/' }, 'ListObjects', { Bucket: 'b' }],
    ['no bucket', {}, 'ListBuckets', {}],
    ['a literal of the query', { path: '/b', query: { 'list-type': '2' } }, 'ListObjectsV2', { Bucket: 'b' }],
    [
      'a literal without a value',
      { path: '/b', query: { versions: '' } },
      'ListObjectVersions',
      { Bucket: 'b' },
    ],
    ['a key', { path: '/b/k/l' }, 'GetObject', { Bucket: 'b', Key: 'k/l' }],
    ['a key that is encoded', { path: '/b/%C3%BC%2Fx' }, 'GetObject', { Bucket: 'b', Key: 'ü/x' }],
    ['a key with a broken code', { path: '/b/100%' }, 'GetObject', { Bucket: 'b', Key: '100%' }],
    [
      'a bucket in the name of AWS’s host',
      { path: '/k', headers: { host: 'b.c.s3.eu-west-1.amazonaws.com' } },
      'GetObject',
      { Bucket: 'b.c', Key: 'k' },
    ],
    [
      'a bucket in the name of this machine',
      { path: '/k', headers: { host: 'b.localhost:4566' } },
      'GetObject',
      { Bucket: 'b', Key: 'k' },
    ],
    [
      'a part of an upload',
      { method: 'PUT', path: '/b/k', query: { partNumber: '2', uploadId: 'u' } },
      'UploadPart',
      { Bucket: 'b', Key: 'k', PartNumber: 2, UploadId: 'u' },
    ],
    [
      'an object to copy',
      { method: 'PUT', path: '/b/k', headers: { 'x-amz-copy-source': 'c/k' } },
      'CopyObject',
      { Bucket: 'b', Key: 'k', CopySource: 'c/k' },
    ],
  ])('with %s is found', (_, overrides, operation, input) => {
    const call = decode(request(overrides));
    expect([call.service, call.operation]).toEqual(['s3', operation]);
    expect(call.input).toMatchObject(input);
  });

  it('has members in headers, with their prefix, in the body, and in the path', () => {
    const put = decode(
      request({
        ...{ method: 'PUT', path: '/b/k', body: Buffer.from('text') },
        headers: { 'X-Amz-Meta-Hash': 'abc', 'Content-Type': 'text/plain' },
      }),
    );
    expect(put.input).toMatchObject({ Metadata: { hash: 'abc' }, ContentType: 'text/plain' });
    expect(Buffer.from(put.input.Body as Uint8Array).toString()).toBe('text');
    const xml = '<Delete><Object><Key>a</Key></Object><Quiet>true</Quiet></Delete>';
    const remove = request({ method: 'POST', path: '/b', query: { delete: '' }, body: Buffer.from(xml) });
    expect(decode(remove).input.Delete).toEqual({ Objects: [{ Key: 'a' }], Quiet: true });
    const path = '/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A1%3Afunction%3Af/code';
    const update = request({ service: 'lambda', method: 'PUT', path, body: Buffer.from('{"S3Key":"k"}') });
    expect(decode(update)).toEqual({
      ...{ service: 'lambda', operation: 'UpdateFunctionCode' },
      input: { FunctionName: 'arn:aws:lambda:eu-west-1:1:function:f', S3Key: 'k' },
    });
  });

  it.each<[string, Partial<HttpRequest> & { service?: string }, string]>([
    ['a method that nothing answers to', { method: 'PATCH', path: '/b' }, 'MethodNotAllowed'],
    ['a path that nothing answers to', { service: 'lambda', path: '/none' }, 'UnknownOperationException'],
    [
      'XML that is none',
      { method: 'POST', path: '/b', query: { delete: '' }, body: Buffer.from('<Delete') },
      'MalformedXML',
    ],
    [
      'JSON that is none',
      { service: 'lambda', method: 'PUT', path: '/2015-03-31/functions/f/code', body: Buffer.from('{') },
      'SerializationException',
    ],
  ])('with %s is refused in the name of its service', (_, overrides, code) => {
    expect(() => decode(request(overrides))).toThrow(
      expect.objectContaining({ code, service: overrides.service ?? 's3' }),
    );
  });

  it('is known by a signature in the query too', () => {
    const query = { 'X-Amz-Credential': 'key/20260504/eu-west-1/s3/aws4_request' };
    const presigned = { ...request({ path: '/b/k', query }), headers: {} };
    expect(decode(presigned)).toMatchObject({ service: 's3', operation: 'GetObject' });
  });
});

describe('a body in chunks', () => {
  const put = (body: string, headers: Record<string, string> = {}) =>
    decode(
      request({
        ...{ method: 'PUT', path: '/b/k', body: Buffer.from(body) },
        headers: { 'content-encoding': 'aws-chunked', ...headers },
      }),
    ).input;

  it('is put together, and its trailer is a header', () => {
    const chunks = '3;chunk-signature=abc\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
    const input = put(chunks, {
      ...{ 'content-encoding': 'gzip,aws-chunked', 'x-amz-decoded-content-length': '5' },
    });
    expect(Buffer.from(input.Body as Uint8Array).toString()).toBe('hello');
    expect(input).toMatchObject({ ContentEncoding: 'gzip', ChecksumCRC32: 'NhCmhg==' });
  });

  it.each([
    ['no length', 'hello'],
    ['too little', '9\r\nhello\r\n'],
    ['no end', '5\r\nhello\r\n'],
    ['another length than was said', '3\r\nhel\r\n0\r\n\r\n'],
  ])('with %s is refused', (_, body) => {
    expect(() => put(body, { 'x-amz-decoded-content-length': '5' })).toThrow(
      expect.objectContaining({ code: 'IncompleteBody' }),
    );
  });
});

describe('a checksum', () => {
  const put = (name: string, value: string) =>
    decode(request({ method: 'PUT', path: '/b/k', body: Buffer.from('hello'), headers: { [name]: value } }));

  it.each([
    ['x-amz-checksum-crc32', 'NhCmhg=='],
    ['x-amz-checksum-sha1', 'qvTGHdzF6KLavt4PO0gs2a6pQ00='],
    ['x-amz-checksum-sha256', 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ='],
    ['content-md5', 'XUFAKrxLKna5cZ2REBfFkg=='],
  ])('in %s must be that of the body', (name, value) => {
    expect(() => put(name, value)).not.toThrow();
    expect(() => put(name, `A${value.slice(1)}`)).toThrow(expect.objectContaining({ code: 'BadDigest' }));
  });
});

describe('a REST reply', () => {
  const text = (body: Uint8Array) => Buffer.from(body).toString();

  it('has members in headers and the rest as a document', () => {
    const reply = {
      ...{ Name: 'b', KeyCount: 1, IsTruncated: false },
      Contents: [{ Key: '<k>', LastModified: new Date(0), Size: 1 }],
    };
    const { status, headers, body } = encodeReply('s3', 'ListObjectsV2', reply, requestId);
    expect([status, headers['content-type'], headers['x-amz-request-id']]).toEqual([
      200,
      'application/xml',
      requestId,
    ]);
    expect(text(body)).toMatch(
      /^<\?xml version="1.0" encoding="UTF-8"\?>\n<ListBucketResult xmlns="http:\/\/s3/,
    );
    expect(text(body)).toContain(
      '<Contents><Key>&lt;k&gt;</Key><LastModified>1970-01-01T00:00:00Z</LastModified>',
    );
  });

  it('of a HEAD has no body, and one without members neither', () => {
    const head = encodeReply('s3', 'HeadObject', { ContentLength: 5, LastModified: new Date(0) }, requestId);
    expect(head.headers).toMatchObject({
      ...{ 'content-length': '5', 'last-modified': 'Thu, 01 Jan 1970 00:00:00 GMT' },
    });
    expect(head.body).toHaveLength(0);
    expect(encodeReply('s3', 'DeleteBucket', {}, requestId)).toMatchObject({ status: 204 });
  });

  it('takes its status from the member that has it', () => {
    const { status, headers, body } = encodeReply(
      ...([
        'lambda',
        'Invoke',
        { StatusCode: 202, FunctionError: 'x', Payload: Buffer.from('{}') },
        requestId,
      ] as const),
    );
    expect([status, headers['x-amz-function-error'], text(body)]).toEqual([202, 'x', '{}']);
  });
});
