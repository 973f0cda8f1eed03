import { createHash } from 'node:crypto';
import type { Ids } from '../../chance.ts';
import { Fault } from '../../machine.ts';
import type { PolicyDocument } from '../iam/iam.ts';

/** An object, or the mark that it was deleted, as one version of its key. */
export interface Version {
  readonly key: string;
  /** `null` where the bucket keeps no versions. */
  readonly versionId: string;
  readonly modifiedAt: number;
  /** Undefined: a delete marker. */
  readonly object: StoredObject | undefined;
}

/** What is stored under a key. */
export interface StoredObject extends Draft {
  /** In quotes. */
  readonly etag: string;
}

/** What is put under a key. */
export interface Draft {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Other headers that come back with the object, by member name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A bucket. */
export interface Bucket {
  readonly name: string;
  readonly createdAt: number;
  versioning: 'Enabled' | 'Suspended' | undefined;
  policy: PolicyDocument | undefined;
  /** The versions of each key, newest first. */
  readonly keys: Map<string, Version[]>;
}

const unversioned = 'null';

/** The buckets of the account, for the services that read and write objects inside AWS. */
export class Buckets {
  private readonly buckets = new Map<string, Bucket>();
  private readonly ids: Ids;

  constructor(options: { ids: Ids }) {
    this.ids = options.ids;
  }

  /** Creates an empty bucket. Throws Fault: `InvalidBucketName`, `BucketAlreadyOwnedByYou`. */
  createBucket(now: number, name: string): Bucket {
    if (!/^(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name))
      throw new Fault('InvalidBucketName', `The specified bucket is not valid: ${name}`);
    if (this.buckets.has(name))
      throw new Fault(
        'BucketAlreadyOwnedByYou',
        'Your previous request to create the named bucket succeeded and you already own it.',
        409,
      );
    const bucket = { name, createdAt: now, versioning: undefined, policy: undefined, keys: new Map() };
    this.buckets.set(name, bucket);
    return bucket;
  }

  /** Deletes an empty bucket. Throws Fault: `NoSuchBucket`, `BucketNotEmpty`. */
  deleteBucket(name: string): void {
    if (this.bucket(name).keys.size > 0)
      throw new Fault('BucketNotEmpty', 'The bucket you tried to delete is not empty', 409);
    this.buckets.delete(name);
  }

  /** Whether there is a bucket of this name. */
  has(name: string): boolean {
    return this.buckets.has(name);
  }

  /** Every bucket, by name. */
  all(): readonly Bucket[] {
    return [...this.buckets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The bucket; throws Fault `NoSuchBucket`. */
  bucket(name: string): Bucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw new Fault('NoSuchBucket', 'The specified bucket does not exist', 404);
    return bucket;
  }

  /** Stores an object; its ETag is the MD5 of its body, or the one given. Throws Fault. */
  put(now: number, bucketName: string, key: string, draft: Draft, etag = md5(draft.body)): Version {
    if (key === '' || Buffer.byteLength(key) > 1024)
      throw new Fault('KeyTooLongError', 'Your key is too long; expected 1 to 1024 bytes');
    const object = { ...draft, etag: `"${etag}"` };
    return this.write(this.bucket(bucketName), { key, modifiedAt: now, object });
  }

  /** What is under a key, now or in a version. Throws Fault: `NoSuchBucket`, `NoSuchKey`, `NoSuchVersion`. */
  get(bucketName: string, key: string, versionId?: string): Version & { object: StoredObject } {
    const versions = this.bucket(bucketName).keys.get(key) ?? [];
    const found =
      versionId === undefined ? versions[0] : versions.find((version) => version.versionId === versionId);
    if (!found && versionId !== undefined)
      throw new Fault('NoSuchVersion', 'The specified version does not exist.', 404);
    if (!found?.object) throw new Fault('NoSuchKey', 'The specified key does not exist.', 404);
    return { ...found, object: found.object };
  }

  /**
   * Deletes a key, or one version of it for good; where versions are kept, the key gets a delete marker. What is not
   * there is deleted in silence. Answers the version that went or the marker that came. Throws Fault: `NoSuchBucket`.
   */
  delete(now: number, bucketName: string, key: string, versionId?: string): Version | undefined {
    const bucket = this.bucket(bucketName);
    if (versionId === undefined && bucket.versioning !== undefined)
      return this.write(bucket, { key, modifiedAt: now, object: undefined });
    return drop(bucket, key, versionId ?? unversioned);
  }

  private write(bucket: Bucket, version: Omit<Version, 'versionId'>): Version {
    const versionId = bucket.versioning === 'Enabled' ? this.ids.hex(32) : unversioned;
    if (versionId === unversioned) drop(bucket, version.key, unversioned);
    const written = { ...version, versionId };
    bucket.keys.set(version.key, [written, ...(bucket.keys.get(version.key) ?? [])]);
    return written;
  }
}

function drop(bucket: Bucket, key: string, versionId: string): Version | undefined {
  const versions = bucket.keys.get(key) ?? [];
  const rest = versions.filter((version) => version.versionId !== versionId);
  if (rest.length === 0) bucket.keys.delete(key);
  else bucket.keys.set(key, rest);
  return versions.find((version) => version.versionId === versionId);
}

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex');
