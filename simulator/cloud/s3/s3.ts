import type { Ids } from '../../chance.ts';
import { type Call, Fault, type Need, type Outcome, type Service } from '../../machine.ts';
import { resourcePolicyAllows } from '../iam/iam.ts';
import { Buckets, type Draft, type Version } from './buckets.ts';
import { type ListInput, listObjects, listObjectsV2, listObjectVersions } from './listing.ts';
import { type PartName, Uploads } from './uploads.ts';

/** What an operation of S3 may be given, as the SDK's schemas name it. */
type Input = Readonly<Record<string, unknown>> &
  ListInput & {
    readonly Bucket: string;
    readonly Key: string;
    readonly VersionId?: string;
    readonly UploadId: string;
    readonly PartNumber: number;
    readonly Body?: Uint8Array;
    readonly Metadata?: Readonly<Record<string, string>>;
  };

type Operation = (now: number, input: Input) => Record<string, unknown>;

/** The permission of each operation, where it is not called like it. */
const actions: Readonly<Record<string, string>> = {
  ListBuckets: 'ListAllMyBuckets',
  HeadBucket: 'ListBucket',
  ListObjects: 'ListBucket',
  ListObjectsV2: 'ListBucket',
  ListObjectVersions: 'ListBucketVersions',
  HeadObject: 'GetObject',
  DeleteObjects: 'DeleteObject',
  CreateMultipartUpload: 'PutObject',
  UploadPart: 'PutObject',
  CompleteMultipartUpload: 'PutObject',
};

/** Headers that come back with the object as they came. */
const kept = ['CacheControl', 'ContentDisposition', 'ContentEncoding', 'ContentLanguage'];
const checksums = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'].map((name) => `Checksum${name}`);

/** Members that change nothing here: S3 encrypts by itself, and every object is private. */
const inert = [
  'ACL',
  'BucketKeyEnabled',
  'ChecksumAlgorithm',
  'ChecksumMode',
  'ChecksumType',
  'ContentLength',
];
inert.push(
  'ContentMD5',
  'EncodingType',
  'ExpectedBucketOwner',
  'FetchOwner',
  'MpuObjectSize',
  'ServerSideEncryption',
);
inert.push(
  'StorageClass',
  'OptionalObjectAttributes',
  'RequestPayer',
  'CreateBucketConfiguration',
  'ObjectOwnership',
);
inert.push('BucketRegion', 'MaxBuckets');

const known = [
  'Bucket',
  'Key',
  'VersionId',
  'UploadId',
  'PartNumber',
  'Body',
  'Metadata',
  'ContentType',
  'Delete',
];
known.push(
  'MultipartUpload',
  'Prefix',
  'Delimiter',
  'MaxKeys',
  'StartAfter',
  'ContinuationToken',
  'Marker',
  'KeyMarker',
);
known.push('VersionIdMarker', ...kept, ...checksums, ...inert);

/** S3: the buckets of the account, and the API to them. */
export class S3 extends Buckets implements Service {
  /** Nothing happens by itself. */
  readonly nextAt = undefined;
  private readonly uploads: Uploads;
  private readonly region: string;
  private readonly accountId: string;

  constructor(options: { region: string; accountId: string; ids: Ids }) {
    super(options);
    this.region = options.region;
    this.accountId = options.accountId;
    this.uploads = new Uploads(options.ids);
  }

  advance(): Outcome[] {
    return [];
  }

  get operationNames(): readonly string[] {
    return Object.keys(this.operations);
  }

  apply(now: number, call: Call): { reply: Record<string, unknown>; outcomes: Outcome[] } {
    const run = this.operations[call.operation];
    const input = call.input as Input;
    if (!run) throw notImplemented(call.operation);
    const unknown = Object.keys(input).find((name) => !known.includes(name));
    if (unknown !== undefined) throw notImplemented(`${unknown} of ${call.operation}`);
    this.checkPolicy(call);
    return { reply: run(now, input), outcomes: [] };
  }

  /** S3 is strongly consistent: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel */
  tableRead(): undefined {
    return undefined;
  }

  needs({ operation, input }: Call): Need[] {
    const { Bucket, Key } = input;
    const resource =
      Bucket === undefined ? '*' : `arn:aws:s3:::${Bucket}${Key === undefined ? '' : `/${Key}`}`;
    const context = { 'aws:SecureTransport': 'true' };
    return [{ action: `s3:${actions[operation] ?? operation}`, resource, context }];
  }

  private readonly operations: Readonly<Record<string, Operation>> = {
    CreateBucket: (now, { Bucket }) => ({ Location: `/${this.createBucket(now, Bucket).name}` }),
    HeadBucket: (_now, { Bucket }) => {
      this.bucket(Bucket);
      return { BucketRegion: this.region };
    },
    ListBuckets: () => ({
      Buckets: this.all().map(({ name, createdAt }) => ({ Name: name, CreationDate: new Date(createdAt) })),
      Owner: { ID: this.accountId },
    }),
    DeleteBucket: (_now, { Bucket }) => {
      this.deleteBucket(Bucket);
      return {};
    },
    GetBucketVersioning: (_now, { Bucket }) => ({ Status: this.bucket(Bucket).versioning }),
    ListObjects: (_now, input) => listObjects(this.bucket(input.Bucket), input),
    ListObjectsV2: (_now, input) => listObjectsV2(this.bucket(input.Bucket), input),
    ListObjectVersions: (_now, input) => listObjectVersions(this.bucket(input.Bucket), input),
    PutObject: (now, input) => {
      const body = input.Body ?? new Uint8Array();
      const version = this.put(now, input.Bucket, input.Key, { ...draftOf(input), body });
      return { ...written(version), ...checksumsOf(version.object?.headers ?? {}) };
    },
    GetObject: (_now, input) => {
      const { object, ...about } = this.describeObject(input);
      return { ...about, Body: object.body };
    },
    HeadObject: (_now, input) => {
      const { object: _, ...about } = this.describeObject(input);
      return about;
    },
    DeleteObject: (now, { Bucket, Key, VersionId }) => {
      const version = this.delete(now, Bucket, Key, VersionId);
      return {
        VersionId: version && versionIdOf(version),
        DeleteMarker: version && (version.object ? undefined : true),
      };
    },
    DeleteObjects: (now, input) => this.deleteObjects(now, input),
    CreateMultipartUpload: (_now, input) => {
      const { Bucket, Key } = input;
      this.bucket(Bucket);
      return { Bucket, Key, UploadId: this.uploads.begin(Bucket, Key, draftOf(input)) };
    },
    UploadPart: (_now, { UploadId, Bucket, Key, PartNumber, Body = new Uint8Array() }) => ({
      ETag: this.uploads.put(UploadId, Bucket, Key, PartNumber, Body),
    }),
    CompleteMultipartUpload: (now, input) => {
      const { UploadId, Bucket, Key } = input;
      const { Parts = [] } = (input.MultipartUpload ?? {}) as { Parts?: readonly PartName[] };
      const { draft, etag } = this.uploads.complete(UploadId, Bucket, Key, Parts);
      const version = this.put(now, Bucket, Key, draft, etag);
      return { Bucket, Key, Location: `/${Bucket}/${Key}`, ...written(version) };
    },
    AbortMultipartUpload: (_now, { UploadId, Bucket, Key }) => {
      this.uploads.abort(UploadId, Bucket, Key);
      return {};
    },
  };

  private describeObject({ Bucket, Key, VersionId }: Input) {
    const version = this.get(Bucket, Key, VersionId);
    const { object } = version;
    return {
      object,
      AcceptRanges: 'bytes',
      LastModified: new Date(version.modifiedAt),
      ContentLength: object.body.length,
      ContentType: object.contentType,
      Metadata: object.metadata,
      ...object.headers,
      ...written(version),
    };
  }

  private deleteObjects(now: number, { Bucket, Delete }: Input): Record<string, unknown> {
    const { Objects = [], Quiet = false } = Delete as {
      Objects?: readonly { Key: string; VersionId?: string }[];
      Quiet?: boolean;
    };
    this.bucket(Bucket);
    if (Objects.length < 1 || Objects.length > 1000)
      throw new Fault('MalformedXML', `Delete.Objects: expected 1 to 1000 objects, got ${Objects.length}`);
    const Deleted = Objects.map(({ Key, VersionId }) => {
      const version = this.delete(now, Bucket, Key, VersionId);
      const marker =
        version && !version.object ? { DeleteMarker: true, DeleteMarkerVersionId: version.versionId } : {};
      return { Key, VersionId, ...marker };
    });
    return Quiet ? {} : { Deleted };
  }

  /** A principal of the account needs only not to be denied by the policy of the bucket. */
  private checkPolicy(call: Call): void {
    const { Bucket } = call.input;
    const policy = typeof Bucket === 'string' && this.has(Bucket) ? this.bucket(Bucket).policy : undefined;
    if (!policy) return;
    const everybody = { Effect: 'Allow' as const, Principal: '*' as const, Action: '*', Resource: '*' };
    const denying = [policy.Statement].flat().filter(({ Effect }) => Effect === 'Deny');
    const { principalArn } = call.caller;
    for (const need of this.needs(call)) {
      const context = { ...need.context, 'aws:PrincipalArn': principalArn };
      if (!resourcePolicyAllows({ Statement: [...denying, everybody] }, { ...need, principalArn, context }))
        throw new Fault('AccessDenied', 'Access Denied', 403);
    }
  }
}

const notImplemented = (what: string) =>
  new Fault(
    'NotImplemented',
    `A header you provided implies functionality that is not implemented: the simulator does not know ${what}.`,
    501,
  );

function draftOf(input: Input): Omit<Draft, 'body'> {
  const headers = [...kept, ...checksums].flatMap((name) => {
    const value = input[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  const { ContentType: contentType = 'binary/octet-stream', Metadata = {} } = input;
  return { contentType: String(contentType), metadata: Metadata, headers: Object.fromEntries(headers) };
}

const versionIdOf = ({ versionId }: Version) => (versionId === 'null' ? undefined : versionId);

const written = (version: Version) => ({
  ETag: version.object?.etag,
  VersionId: versionIdOf(version),
  ServerSideEncryption: 'AES256',
});

const checksumsOf = (headers: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => checksums.includes(name)));
