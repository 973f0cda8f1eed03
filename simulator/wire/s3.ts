import { type HttpRequest, headerOf } from './request.ts';

/** Hosts whose first label is a bucket: AWS's own, and `<bucket>.localhost` for an endpoint on this machine. */
const bucketHost = /^(.+?)\.(?:s3[.-](?:[\w-]+\.)*amazonaws\.com(?:\.cn)?|localhost)(?::\d+)?$/;

/**
 * The bucket that a request is about, and the request with nothing but the key in its path, as the SDK's schemas have
 * it. The bucket stands in the path, or in the name of the host; undefined: there is none.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
 */
export function bucketOf(request: HttpRequest): { bucket: string | undefined; request: HttpRequest } {
  const inHost = bucketHost.exec(headerOf(request.headers, 'host') ?? '')?.[1];
  if (inHost !== undefined) return { bucket: inHost, request };
  const [, first = '', path = '/'] = /^\/([^/]*)(\/.*)?$/s.exec(request.path) ?? [];
  return { bucket: first === '' ? undefined : first, request: { ...request, path } };
}
