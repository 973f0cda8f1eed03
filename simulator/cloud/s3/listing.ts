import { Fault } from '../../machine.ts';
import type { Bucket, Version } from './buckets.ts';

/** What a list of a bucket is asked for. */
export interface ListInput {
  readonly Prefix?: string;
  readonly Delimiter?: string;
  readonly MaxKeys?: number;
  readonly EncodingType?: string;
  readonly StartAfter?: string;
  readonly ContinuationToken?: string;
  readonly Marker?: string;
  readonly KeyMarker?: string;
  readonly VersionIdMarker?: string;
}

/** S3 lists at most so many things at once. */
const pageMax = 1000;

/** Keys in the order of their UTF-8 bytes. */
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Some of a list: versions, and what stands for everything under a common prefix. */
interface Page {
  readonly versions: readonly Version[];
  readonly prefixes: readonly string[];
  /** The last key or common prefix, where there is more; undefined: there is none. */
  readonly last: string | undefined;
}

/** The answer to ListObjectsV2. Throws Fault for a token that is none. */
export function listObjectsV2(bucket: Bucket, input: ListInput): Record<string, unknown> {
  const { ContinuationToken: token, StartAfter = '' } = input;
  const after = token === undefined ? StartAfter : Buffer.from(token, 'base64').toString();
  if (token !== undefined && Buffer.from(after).toString('base64') !== token)
    throw new Fault('InvalidArgument', 'The continuation token provided is incorrect');
  const page = pageOf(objectsOf(bucket), input, after);
  return {
    ...describePage(bucket, input, page),
    Contents: page.versions.map((version) => describeObject(version, input)),
    KeyCount: page.versions.length + page.prefixes.length,
    ContinuationToken: token,
    NextContinuationToken: page.last === undefined ? undefined : Buffer.from(page.last).toString('base64'),
    StartAfter: input.StartAfter,
  };
}

/** The answer to ListObjects. */
export function listObjects(bucket: Bucket, input: ListInput): Record<string, unknown> {
  const { Marker = '', Delimiter } = input;
  const page = pageOf(objectsOf(bucket), input, Marker);
  return {
    ...describePage(bucket, input, page),
    Contents: page.versions.map((version) => describeObject(version, input)),
    Marker,
    NextMarker: Delimiter === undefined ? undefined : page.last,
  };
}

/** The answer to ListObjectVersions: a key's versions stand together, the newest first. */
export function listObjectVersions(bucket: Bucket, input: ListInput): Record<string, unknown> {
  const { KeyMarker = '', VersionIdMarker } = input;
  const all = sortedKeys(bucket).flatMap((key) => bucket.keys.get(key) ?? []);
  const at = all.findIndex(({ key, versionId }) => key === KeyMarker && versionId === VersionIdMarker);
  const page = at < 0 ? pageOf(all, input, KeyMarker) : pageOf(all.slice(at + 1), input, '');
  const last = page.last === undefined ? undefined : page.versions.at(-1);
  const about = (version: Version) => ({
    Key: encoded(version.key, input),
    VersionId: version.versionId,
    IsLatest: bucket.keys.get(version.key)?.[0] === version,
    LastModified: new Date(version.modifiedAt),
  });
  return {
    ...describePage(bucket, input, page),
    KeyMarker,
    VersionIdMarker,
    NextKeyMarker: page.last,
    NextVersionIdMarker: last?.versionId,
    Versions: page.versions
      .filter(({ object }) => object)
      .map((version) => ({ ...about(version), ...describeContent(version) })),
    DeleteMarkers: page.versions.filter(({ object }) => !object).map(about),
  };
}

const sortedKeys = (bucket: Bucket) => [...bucket.keys.keys()].sort(byBytes);

const objectsOf = (bucket: Bucket) =>
  sortedKeys(bucket).flatMap((key) =>
    (bucket.keys.get(key) ?? []).slice(0, 1).filter(({ object }) => object),
  );

function pageOf(
  all: readonly Version[],
  { Prefix = '', Delimiter, MaxKeys = pageMax }: ListInput,
  after: string,
): Page {
  const isCommon = Delimiter !== undefined && after.endsWith(Delimiter);
  const wanted = all.filter(
    ({ key }) =>
      key.startsWith(Prefix) &&
      byBytes(key, after) > 0 &&
      !(isCommon && after !== '' && key.startsWith(after)),
  );
  const versions: Version[] = [];
  const prefixes: string[] = [];
  let last: string | undefined;
  for (const version of wanted) {
    const end = Delimiter === undefined ? -1 : version.key.indexOf(Delimiter, Prefix.length);
    const common = end < 0 ? undefined : version.key.slice(0, end + (Delimiter?.length ?? 0));
    if (common !== undefined && prefixes.at(-1) === common) continue;
    if (versions.length + prefixes.length >= Math.min(MaxKeys, pageMax)) return { versions, prefixes, last };
    if (common === undefined) versions.push(version);
    else prefixes.push(common);
    last = common ?? version.key;
  }
  return { versions, prefixes, last: undefined };
}

function describePage(bucket: Bucket, input: ListInput, { prefixes, last }: Page): Record<string, unknown> {
  const { Prefix = '', Delimiter, MaxKeys = pageMax, EncodingType } = input;
  return {
    Name: bucket.name,
    Prefix: encoded(Prefix, input),
    Delimiter,
    MaxKeys,
    EncodingType,
    IsTruncated: last !== undefined,
    CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encoded(prefix, input) })),
  };
}

const describeObject = (version: Version, input: ListInput) => ({
  Key: encoded(version.key, input),
  LastModified: new Date(version.modifiedAt),
  ...describeContent(version),
});

const describeContent = ({ object }: Version) => ({
  ETag: object?.etag,
  Size: object?.body.length,
  StorageClass: 'STANDARD',
});

/** Keys may hold what XML cannot: whoever asks gets them encoded, slashes apart. */
const encoded = (key: string, { EncodingType }: ListInput) =>
  EncodingType === 'url' ? key.split('/').map(encodeURIComponent).join('/') : key;
